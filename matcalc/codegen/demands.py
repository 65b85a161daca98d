"""What a program wants of its sizes: places that lie inside, exponents that are not negative.

NumPy counts a negative position from the end and cuts a slice that reaches too far, without a
word. Where a position cannot be proved to lie inside for all sizes, the program asks before it
computes. Positions under a sum are asked at both ends of its range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc.expr import Node, brief
from matcalc.shapes import show_dim


@dataclass(frozen=True)
class Demand:
    """``value`` must not be negative wherever all ``guards`` are not."""

    value: sp.Expr
    said: str
    guards: tuple[sp.Expr, ...] = ()


def demands(order: Iterable[Node]) -> tuple[Demand, ...]:
    """The demands of some nodes that do not hold for all sizes."""
    nodes = list(order)
    ranges = {n.params[0]: n.params[1:] for n in nodes if n.op.name == "isum"}
    found: dict[Demand, None] = {}
    for node in nodes:
        for value, said in _wants(node):
            for end, guards in _ends(sp.expand(value), ranges):
                if not any(never_negative(sp.expand(end - g)) for g in (sp.Integer(0), *guards)):
                    found[Demand(end, f"{brief(node)} {said}", guards)] = None
    return tuple(found)


def _wants(node: Node) -> Iterator[tuple[sp.Expr, str]]:
    name, p = node.op.name, node.params
    if name == "mpow":
        yield p[0], f"needs an exponent {show_dim(p[0])} that is not negative"
    if name not in ("entry", "slice", "place"):
        return
    inner = node.operands[0].shape or (sp.Integer(1), sp.Integer(1))
    whole = node.shape if name == "place" else inner
    counts = inner if name == "place" else (p[2:] or (sp.Integer(1), sp.Integer(1)))
    for start, count, size, what in zip(p[:2], counts, whole, ("row", "column"), strict=True):
        yield start, f"begins before the first {what}"
        yield size - start - count, f"reaches beyond the last {what}"


def _ends(
    value: sp.Expr, ranges: Mapping[Any, tuple[Any, ...]]
) -> Iterator[tuple[sp.Expr, tuple[sp.Expr, ...]]]:
    """The value where the bound indices are at the ends of their ranges."""
    index = next((s for s in sorted(value.free_symbols, key=str) if s in ranges), None)
    if index is None:
        yield value, ()
        return
    low, high = ranges[index]
    span = sp.expand(high - low)
    for end in dict.fromkeys((low, high)):
        for inner, guards in _ends(sp.expand(value.xreplace({index: end})), ranges):
            yield inner, guards if never_negative(span) else (*guards, span)


def never_negative(value: sp.Expr) -> bool:
    """Whether the value is at least 0 for all sizes from 1 on."""
    moved = sp.expand(value.xreplace({s: s + 1 for s in value.free_symbols}))
    return all(c.is_nonnegative for c in moved.as_coefficients_dict().values())
