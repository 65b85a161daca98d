r"""Any number of layers: ``a^{(l)} = \sigma(W^{(l)} a^{(l-1)})`` for l = 1, ..., L as a loop.

The definitions are read for one general layer, with ``a^{(l-1)}`` as a name like any other; what comes
of it is written as a program of the text language, in which these names are members of families.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc import shapes
from matcalc.errors import NoRuleError
from matcalc.expr import Node
from matcalc.judging import spelling as s
from matcalc.judging.counting import ranges_of
from matcalc.judging.forward_layers import layer_letter
from matcalc.reading import tree as t

NAME = re.compile(r"[^\W\d]\w*")
MEMBER = re.compile(r"(.+?)[\^_](.+)")


@dataclass(frozen=True)
class Loop:
    """The letter that counts layers, the first and the last of them, and what has one for each."""

    letter: str
    low: str
    high: str
    names: frozenset[str]

    @property
    def start(self) -> str:
        """The place before the first layer."""
        return str(int(self.low) - 1) if self.low.isdigit() else ""

    def member(self, key: str) -> str:
        """``a[l-1]`` for the key of ``a^{(l-1)}``; empty for any other name."""
        found = MEMBER.fullmatch(key)
        if found is None or found[1] not in self.names:
            return ""
        return f"{re.sub(r'[^A-Za-z0-9_]', '', found[1])}[{found[2]}]"

    def place(self, key: str) -> str:
        """Which of its members a key stands for."""
        found = MEMBER.fullmatch(key)
        return found[2] if found is not None and found[1] in self.names else ""


def loop_of(relations: Sequence[t.Relation]) -> Loop | None:
    """The loop of a page whose last layer is a letter."""
    stepped = {x: None for r in relations if (x := layer_letter(r, relations))}
    for letter in stepped:
        for other in relations:
            for x, right in ranges_of(other):
                items = s.peeled(right)
                listed = items.items if isinstance(items, (t.Listing, t.Bracket)) else ()
                if x != letter or len(listed) < 2 or not isinstance(listed[-1], t.Symbol):
                    continue
                names = {
                    p.name
                    for r in relations
                    for side in r.sides
                    for p in t.walk(side)
                    if isinstance(p, t.Symbol) and _counts(p, letter)
                }
                ends = s.said(listed[0], {}), s.said(listed[-1], {})
                return Loop(letter, *ends, frozenset(names))
    return None


def _counts(symbol: t.Symbol, letter: str) -> bool:
    parts = (*symbol.subscripts, *(m.index for m in symbol.marks))
    return any(
        isinstance(p, t.Symbol) and s.bare(p) and p.name == letter for x in parts for p in t.walk(x)
    )


@dataclass(frozen=True)
class General:
    """The general layer: what is declared, the steps, and the key of every name."""

    declared: Sequence[tuple[str, Node, bool]]  # a name, its symbol, whether it is a parameter
    steps: Sequence[tuple[str, Node]]
    keys: Mapping[str, str]
    output: str
    functions: Sequence[str] = ()
    sums: Mapping[str, str] = field(default_factory=dict)  # sums over the loop, by their names


def program_of(loop: Loop, general: General, sizes: Mapping[str, str]) -> str:
    """The program of the text language; ``sizes`` are the keys of sizes, by their names."""
    said = {name: loop.member(key) for name, key in general.keys.items()}
    parts = {name: found for name, key in sizes.items() if (found := MEMBER.fullmatch(key))}
    numbered = {found[1] for found in parts.values() if loop.letter in found[2]}
    said.update({x: NAME.sub(lambda m: said.get(m[0]) or m[0], y) for x, y in general.sums.items()})
    said.update({x: f"{f[1]}[{f[2]}]" for x, f in parts.items() if f[1] in numbered})

    def spelled(text: Any) -> str:
        return NAME.sub(lambda m: said.get(m[0]) or m[0], str(text))

    defined = {_family(loop, general.keys.get(name, "")) for name, _ in general.steps} - {""}
    lines: dict[str, None] = {f"index {loop.letter} = {loop.low}..{loop.high}": None}
    starts: list[str] = []
    for name, node, learnt in general.declared:
        key = general.keys[name]
        family = _family(loop, key)
        if family in defined and loop.place(key) != loop.start:
            continue
        shape = " x ".join(spelled(shapes.show_dim(d)) for d in node.shape) or "scalar"
        shown = f"{family}[{loop.letter}]" if family else name
        if family in defined:
            shown = name  # where the layers begin
            starts.append(f"{said[name]} = {name}")
        elif family and loop.place(key) != loop.letter:
            continue  # declared by its general member
        lines[f"{'param ' if learnt else ''}{shown} : {shape}"] = None
    for name in general.functions:
        lines[f"{name} : function"] = None
    inside = [
        f"{spelled(name)} = {spelled(node)}"
        for name, node in general.steps
        if _family(loop, general.keys[name])
    ]
    begun = starts + [x for x in inside if f"[{loop.letter}]" not in x.split(" = ")[0]]
    general_steps = [x for x in inside if x not in begun]
    lines[
        f"for {loop.letter} = {loop.low}..{loop.high}: " + ", ".join((*general_steps, *begun))
    ] = None
    for name, node in general.steps:
        if not _family(loop, general.keys[name]):
            lines[f"{name} = {spelled(node)}"] = None
    if not begun:
        raise NoRuleError(
            "nothing says where the layers begin; define the first one, as in a^{(0)} = x"
        )
    return "\n".join((*lines, f"minimize {general.output}"))


def _family(loop: Loop, key: str) -> str:
    member = loop.member(key)
    return member.partition("[")[0]
