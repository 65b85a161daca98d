"""Places that no rule can turn round, and places that lie outside of their family at every length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node, postorder
from matcalc.members import Place, Span, place_of
from matcalc.ops.binder import ISUM, at_index, fresh_index

Ranges = Mapping[Any, tuple[Any, Any]]


def check_places(definition: Node, where: str, spans: Sequence[Span] = ()) -> None:
    """Every member of a definition stands at an index, once and not multiplied, and exists at both
    ends of the ranges around it."""
    ranges = {s.index: (s.low, s.high) for s in spans}
    for member, known in _with_ranges(definition, ranges):
        place = place_of(member)
        assert place is not None
        _turns_round(member, place, where)
        for e, reach in zip(place.at, place.family.reach, strict=True):
            for variable in (v for v in known if v in e.free_symbols):
                for end in known[variable]:
                    _inside(sp.expand(e.xreplace({variable: end})), reach, member, place, where)


def _with_ranges(node: Node, ranges: Ranges) -> Iterator[tuple[Node, Ranges]]:
    """The members, each with the indices that run around it."""
    for part in postorder(node, stop=lambda n: n.op is ISUM):
        if place_of(part) is not None:
            yield part, ranges
        elif part.op is ISUM:
            variable, low, high = part.params
            own = fresh_index(f"sum{part.level}")
            inside = at_index(part.operands[0], {variable: own})
            yield from _with_ranges(inside, {**ranges, own: (low, high)})


def _turns_round(member: Node, place: Place, where: str) -> None:
    met: list[Any] = []
    for e in place.at:
        moving = [i for i in place.indices if i in e.free_symbols]
        twice = len(moving) > 1 or any(i in met for i in moving)
        met += moving
        if twice or any(sp.expand(e).coeff(i, 1) not in (1, -1) for i in moving):
            raise NoRuleError(
                f"{where} uses {_said(member, place)}, and there is no rule for such a place: write "
                "t, t - 1 or T + 1 - t, each index once; what only every second place uses is a "
                "family of its own"
            )


def _inside(at: Any, reach: Span, member: Node, place: Place, where: str) -> None:
    for off, what in ((at - reach.low, "before the first"), (reach.high - at, "after the last")):
        gap = sp.expand(off)
        if gap.is_number and gap < 0:
            name = place.family.name
            raise ShapeError(
                f"{where} uses {_said(member, place)}, which at one end of the range is "
                f"{name}[{shapes.show_dim(at).replace(' ', '')}], {what}: {name} runs over {reach}"
            )


def _said(member: Node, place: Place) -> str:
    """A member as it is written: under a sum with the letter of its family."""
    swaps = {
        i: own
        for own, e in zip(place.family.indices, place.at, strict=True)
        for i in e.free_symbols
        if i.name.startswith("_")
    }
    return str(place.moved(swaps)) if swaps else str(member)
