r"""Layer marks without brackets: ``\delta^l``, ``w^{l+1}``, and then ``a^1`` of the same letter.

The reader leaves a letter above a symbol open: power or index. A letter that carries ``l``, ``L``
or a first power anywhere on the page carries layers everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.judging.primes import note_primes, without_primes
from matcalc.reading import tree as t

LARGEST = 20  # a size beyond this is left free
LAYER_LETTERS = frozenset({"l", "L", "ell"})


def note_layers(env: Environment, nodes: Iterable[t.Node]) -> None:
    """Remember which letters carry layers, and whose prime is a transpose."""
    nodes = list(nodes)
    note_primes(env, (n for n in nodes if isinstance(n, t.Relation)))
    for root in nodes:
        if isinstance(root, t.Relation) and root.signs[:1] == (r"\in",):
            env.big |= set(_big(root.sides[1]))
        for node in t.walk(root):
            if not isinstance(node, t.Postfix) or not isinstance(node.base, t.Symbol):
                continue
            # Nobody writes a first power, so that the 1 of W^1 counts a layer.
            first = node.kind == "power" and node.arguments == (t.Number("1"),)
            if _is_layer(node) or first:
                env.bare_layers.add(node.base.name)
        if isinstance(root, t.Relation) and root.signs[:1] == (r"\in",):
            left = root.sides[0]
            if isinstance(left, t.Postfix) and isinstance(left.base, t.Symbol):
                env.bare_layers.add(left.base.name)
    env.squares |= set(_squares(nodes)) - env.bare_layers
    if env.bare_layers:
        env.bare_layers.add("delta")


def _squares(nodes: Iterable[t.Node]) -> Iterator[str]:
    r"""``\sigma^2 = ...`` defines the square, unless something defines the letter by itself."""
    lefts = [
        s.peeled(n.sides[0])
        for n in nodes
        if isinstance(n, t.Relation) and n.signs[:1] in (("=",), (":=",))
    ]
    alone = {left.name for left in lefts if isinstance(left, t.Symbol)}
    for left in lefts:
        if _is_square(left) and left.base.name not in alone:  # type: ignore[attr-defined]
            yield left.base.name  # type: ignore[attr-defined]


def _is_square(node: t.Node) -> bool:
    squared = isinstance(node, t.Postfix) and node.kind == "power"
    return squared and node.arguments == (t.Number("2"),) and isinstance(node.base, t.Symbol)  # type: ignore[attr-defined]


def _big(space: t.Node) -> Iterator[str]:
    """Sizes such as 784: they are tried small, as letters are."""
    if isinstance(space, t.Postfix) and space.kind in ("power", "superscript"):
        for node in t.walk(space.arguments[0]):
            if isinstance(node, t.Number) and node.text.isdigit() and int(node.text) > LARGEST:
                yield node.text


def _is_layer(node: t.Postfix) -> bool:
    if node.kind not in ("superscript", "power") or len(node.arguments) != 1:
        return False
    names = [p.name for p in t.walk(node.arguments[0]) if isinstance(p, t.Symbol)]
    return len(names) == 1 and names[0] in LAYER_LETTERS


def normal(node: t.Node, env: Environment) -> t.Node:
    """Layers above letters as marks; sizes written below letters and trailing dots off."""

    def change(part: t.Node) -> t.Node:
        if isinstance(part, t.Number) and part.text in env.big:
            name = f"n{part.text}"
            env.dims.add(name)
            return t.Symbol(name, part.text, span=part.span)
        if (
            isinstance(part, t.Symbol)
            and len(part.subscripts) == 1
            and _is_size(part.subscripts[0])
        ):
            return replace(part, subscripts=())
        if isinstance(part, t.Product) and isinstance(part.factors[-1], t.Ellipsis):
            # "= a b ..." leaves the rest to the reader.
            factors, operators = part.factors[:-1], part.operators[:-1]
            return (
                factors[0] if len(factors) == 1 else t.Product(factors, operators, span=part.span)
            )
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
        if _is_square(part) and part.base.name in env.squares:  # type: ignore[attr-defined]
            base: t.Symbol = part.base  # type: ignore[attr-defined]
            return replace(base, marks=(*base.marks, t.Mark("^", t.Number("2"))), span=part.span)
        return part

    node = s.rebuilt(without_primes(node, env), change)
    if isinstance(node, t.Relation) and r"\leftarrow" in node.signs[1:]:
        # "a = b <- c" points at where b comes from.
        cut = node.signs.index(r"\leftarrow", 1)
        node = replace(node, signs=node.signs[:cut], sides=node.sides[: cut + 1])
    return node


def _is_size(node: t.Node) -> bool:
    return (
        isinstance(node, t.Product)
        and set(node.operators) == {r"\times"}
        and all(isinstance(f, (t.Number, t.Symbol)) for f in node.factors)
    )
