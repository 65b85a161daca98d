r"""Layer marks without brackets: ``\delta^l``, ``w^{l+1}``, and then ``a^1`` of the same letter.

The reader leaves a letter above a symbol open: power or index. A letter that carries ``l`` or
``L`` anywhere on the page carries layers everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.reading import tree as t

LAYER_LETTERS = frozenset({"l", "L", "ell"})


def note_layers(env: Environment, nodes: Iterable[t.Node]) -> None:
    """Remember which letters carry layers."""
    for root in nodes:
        for node in t.walk(root):
            if isinstance(node, t.Postfix) and isinstance(node.base, t.Symbol) and _is_layer(node):
                env.bare_layers.add(node.base.name)


def _is_layer(node: t.Postfix) -> bool:
    if node.kind not in ("superscript", "power") or len(node.arguments) != 1:
        return False
    names = [p.name for p in t.walk(node.arguments[0]) if isinstance(p, t.Symbol)]
    return len(names) == 1 and names[0] in LAYER_LETTERS


def normal(node: t.Node, env: Environment) -> t.Node:
    """Layers above letters as marks, colours and labels of sizes off."""
    if not env.bare_layers:
        return node

    def change(part: t.Node) -> t.Node:
        if (
            isinstance(part, t.Postfix)
            and isinstance(part.base, t.Symbol)
            and part.base.name in env.bare_layers
            and part.kind in ("superscript", "power")
            and len(part.arguments) == 1
            and (_is_layer(part) or isinstance(part.arguments[0], t.Number))
        ):
            mark = t.Mark("^", part.arguments[0])
            return replace(part.base, marks=(*part.base.marks, mark), span=part.span)
        return part

    return s.rebuilt(node, change)
