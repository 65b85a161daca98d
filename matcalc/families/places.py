"""What arrives at a family, place by place.

A member is used at a place such as ``t - 1``, for every t of a range. Turned round: at the place j
arrives what the user of ``t = j + 1`` sends, as long as j + 1 lies in that range. Where the ranges of
several users end at different places, the family has cases: the boundary, and the general place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import Node
from matcalc.members import Span
from matcalc.ops.algebra import add, zero_of
from matcalc.ops.binder import at_index, isum
from matcalc.shapes import Shape


@dataclass(frozen=True)
class Use:
    """One use of a symbol: what it sends back, for all values of the indices in ``spans``."""

    value: Node
    at: tuple[Any, ...]  # the member used; nothing for a plain symbol
    spans: tuple[Span, ...]
    through: str
    where: tuple[Any, ...] = ()  # there is a user only if none of these is negative


@dataclass(frozen=True)
class Part:
    """What one use contributes at the general place, where that lies in ``ranges``."""

    value: Node
    ranges: tuple[tuple[Any, Any], ...]
    through: str
    where: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Case:
    """What arrives at the places of one range of each index."""

    spans: tuple[Span, ...]
    value: Node
    parts: tuple[Part, ...] = ()

    @property
    def is_point(self) -> bool:
        return all(s.low == s.high for s in self.spans)


def summed(use: Use) -> Node:
    """What a plain symbol gets from a use: all of it, over every index that runs."""
    value = use.value
    for span in reversed(use.spans):
        value = isum(value, span.index, span.low, span.high)
    return value


def part_of(use: Use, indices: Sequence[sp.Symbol]) -> Part:
    """A use, seen from the member used."""
    swaps: dict[Any, Any] = {}
    ranges: list[tuple[Any, Any]] = []
    spans = {s.index: s for s in use.spans}
    for place, here in zip(use.at, indices, strict=True):
        moving = [v for v in spans if v in place.free_symbols]
        if not moving:
            ranges.append((place, place))
            continue
        variable, sign, off = _affine(place, moving)
        if variable in swaps:
            raise NoRuleError(
                f"a member used at two places that move together ({variable}) has no rule yet"
            )
        span = spans[variable]
        if any(v in e.free_symbols for v in spans for e in (span.low, span.high)):
            raise NoRuleError(
                "a sum whose range depends on another index of a family has no rule yet"
            )
        swaps[variable] = sp.expand(sign * (here - off))
        ends = (sp.expand(sign * span.low + off), sp.expand(sign * span.high + off))
        ranges.append(ends if sign > 0 else ends[::-1])
    value = at_index(use.value, swaps) if swaps else use.value
    for span in reversed(use.spans):
        if span.index not in swaps:
            value = isum(value, span.index, span.low, span.high)
    return Part(value, tuple(ranges), use.through, use.where)


def _affine(place: Any, moving: Sequence[Any]) -> tuple[Any, Any, Any]:
    """``place`` as sign * variable + off."""
    if len(moving) == 1:
        [variable] = moving
        sign = sp.expand(place).coeff(variable, 1)
        off = sp.expand(place - sign * variable)
        if sign in (1, -1) and variable not in off.free_symbols:
            return variable, sign, off
    raise NoRuleError(f"a member at the place {place} has no rule yet: write t, t - 1, T + 1 - t")


# -- cases ----------------------------------------------------------------------------------------


def cases_of(parts: Sequence[Part], spans: Sequence[Span], shape: Shape) -> list[Case]:
    """The ranges between which the same uses send something, from low to high places."""
    axes = [_segments(parts, k, span) for k, span in enumerate(spans)]
    found: list[Case] = []
    for cell in product(*axes):
        active = tuple(p for p in parts if _covers(p, cell, spans))
        value = add(*(p.value for p in active)) if active else zero_of(shape)
        here = tuple(Span(s.index, lo, hi) for s, (lo, hi) in zip(spans, cell, strict=True))
        last = found[-1] if found else None
        if last is not None and len(spans) == 1 and last.parts == active:
            found[-1] = Case((Span(here[0].index, last.spans[0].low, here[0].high),), value, active)
        else:
            found.append(Case(here, value, active))
    return [at_point(case) for case in found]


def at_point(case: Case) -> Case:
    """A case of one place speaks of that place."""
    fixed = {s.index: s.low for s in case.spans if s.low == s.high}
    return Case(case.spans, at_index(case.value, fixed), case.parts) if fixed else case


def at_place(parts: Sequence[Part], at: Sequence[Any], spans: Sequence[Span]) -> list[Part]:
    """The parts that reach one place; a coordinate that is the index itself means all of it."""
    cell = [(s.low, s.high) if e == s.index else (e, e) for e, s in zip(at, spans, strict=True)]
    return [p for p in parts if _covers(p, cell, spans)]


def conditions(part: Part, at: Sequence[Any], spans: Sequence[Span]) -> tuple[Any, ...]:
    """What must not be negative for a part to reach a place; what no length of the ranges can break
    is left out."""
    found = list(part.where)
    for (low, high), place, span in zip(part.ranges, at, spans, strict=True):
        for gap in (sp.expand(place - low), sp.expand(high - place)):
            slack = sp.expand(gap - (span.high - span.low))
            held = any(e.is_number and e >= 0 for e in (gap, slack))
            if not held and place != span.index:
                found.append(gap)
    return tuple(dict.fromkeys(found))


def _segments(parts: Sequence[Part], axis: int, span: Span) -> list[tuple[Any, Any]]:
    starts = [span.low]
    for part in parts:
        low, high = part.ranges[axis]
        for cut in (low, sp.expand(high + 1)):
            if order(cut, span.low, span) > 0 and order(cut, span.high, span) <= 0:
                starts.append(cut)
    unique: list[Any] = []
    for cut in starts:
        place = 0
        while place < len(unique) and order(unique[place], cut, span) < 0:
            place += 1
        if place == len(unique) or order(unique[place], cut, span) != 0:
            unique.insert(place, cut)
    ends = [sp.expand(cut - 1) for cut in unique[1:]] + [span.high]
    return list(zip(unique, ends, strict=True))


def _covers(part: Part, cell: Sequence[tuple[Any, Any]], spans: Sequence[Span]) -> bool:
    return all(
        order(low, a, span) <= 0 and order(b, high, span) <= 0
        for (low, high), (a, b), span in zip(part.ranges, cell, spans, strict=True)
    )


def order(a: Any, b: Any, span: Span) -> int:
    """-1, 0 or 1 as a lies before, at or after b; a range is long enough for its two ends not to
    meet (where it is not, numbers go by ``Part.ranges`` and not by cases)."""
    gap = sp.expand(a - b)
    if gap.is_number:
        return int(sp.sign(gap))
    sides = [_side(e, span) for e in (a, b)]
    if None in sides or sides[0] == sides[1]:
        raise NoRuleError(f"which of the places {a} and {b} comes first is not said by {span}")
    return -1 if sides[0] == "low" else 1


def _side(place: Any, span: Span) -> str | None:
    for name, end in (("low", span.low), ("high", span.high)):
        if sp.expand(place - end).is_number:
            return name
    return None
