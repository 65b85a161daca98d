"""Total and direct derivatives of a member, and the recursion of one family in itself.

A state acts on the output by itself (a loss at every time) and through the next state. What arrives
at it is the sum of both, the total derivative; the direct one holds all later members fixed.
"""

from __future__ import annotations

from typing import Any

from matcalc.expr import Node, leaves, substitute, symbol_name
from matcalc.facts import Fact
from matcalc.families.derived import Derived, IndexedLine
from matcalc.families.places import Case, Part
from matcalc.families.sweep import Arrived
from matcalc.members import Family, Place, Span, family_of, place_of
from matcalc.ops.algebra import add
from matcalc.ops.binder import at_index
from matcalc.rewrite.simplify import simplify


def _case_of(derived: Derived, line: IndexedLine) -> tuple[Arrived, Case] | None:
    place = place_of(line.symbol)
    if place is None or place.family.of is None or line.kind == "forward":
        return None
    arrived = derived.arrivals.get(place.family.of)
    if arrived is None:
        return None
    for case in arrived.cases:
        if case.spans == line.spans:
            return arrived, case
    return None


def sender_places(derived: Derived, line: IndexedLine) -> dict[str, Node]:
    """Of each step by which a line arrives, the member: ``z[t + 1]`` sends to ``h[t]``."""
    found = _case_of(derived, line)
    if found is None:
        return {}
    _, case = found
    fixed = {s.index: s.low for s in case.spans if s.low == s.high}
    places: dict[str, Node] = {}
    for part in case.parts:
        value = at_index(part.value, fixed) if fixed else part.value
        for leaf in leaves(value):
            place = place_of(leaf)
            of = place.family.of if place is not None else None
            if place is None or of is None or of.name != part.through:
                continue
            if not any(i.name.startswith("_") for i in place.indices):  # not under a sum
                places[part.through] = of.at(place.at)
    return places


def is_onward(derived: Derived, family: Family, part: Part) -> bool:
    """Whether a part comes from another member of the loop, one index on."""
    loop = derived.loop_of(family)
    if loop is None or part.through not in {f.name for f in loop.families}:
        return False
    return any(
        (place := place_of(n)) is not None and place.at != family.indices
        for n in leaves(part.value)
        if (p := place_of(n)) is not None and p.family.of is not None
    )


def direct_parts(derived: Derived, line: IndexedLine) -> tuple[Node, Node, list[Node]] | None:
    """The member, its direct derivative, and the later members through which the rest comes; None
    where there is only one of the two."""
    found = _case_of(derived, line)
    if found is None or not line.running:
        return None
    arrived, case = found
    assert isinstance(arrived.of, Family)
    onward = [p for p in case.parts if is_onward(derived, arrived.of, p)]
    direct = [p for p in case.parts if not is_onward(derived, arrived.of, p)]
    if not onward or not direct:
        return None
    later = [
        place.family.of.at(_spoken(place))
        for p in onward
        for n in leaves(p.value)
        if (place := place_of(n)) is not None and place.family.of is not None
    ]
    value = add(*(p.value for p in direct))
    if not any(p.value.level for p in direct):
        value = simplify(value, facts=_facts_here(derived, value))
    return arrived.of.general, value, list(dict.fromkeys(later))


def _spoken(place: Place) -> tuple[Any, ...]:
    """Where a member stands; under a sum at the index of its family."""
    return tuple(
        own if any(i.name.startswith("_") for i in e.free_symbols) else e
        for own, e in zip(place.family.indices, place.at, strict=True)
    )


def _facts_here(derived: Derived, value: Node) -> tuple[Fact, ...]:
    """What is assumed of a family holds for each of its members."""
    places = [n for n in leaves(value) if place_of(n) is not None]
    about = [(n, f) for n in places for f in derived.facts if f.of == family_of(n).name]
    return (*derived.facts, *(Fact(f.name, symbol_name(n)) for n, f in about))


def recursion(derived: Derived, line: IndexedLine) -> tuple[Node, tuple[Span, ...]] | None:
    """``delta[l]`` in ``delta[l + 1]``: a line with the adjoint it goes by written out; None where
    the line is a recursion already, or none."""
    place = place_of(line.symbol)
    if place is None or place.family.of is None or line.kind == "forward" or not line.running:
        return None
    own = place.family
    others = {n: p for n in leaves(line.value) if (p := _adjoint_place(n)) and p.family is not own}
    if any((p := _adjoint_place(n)) and p.family is own for n in leaves(line.value)):
        return _opened(derived, line, own, others)
    for leaf, by in others.items():
        if by.at != own.indices:
            continue
        for case in _cases(derived, by.family):
            spoken = {p.family for n in leaves(case.value) if (p := _adjoint_place(n))}
            if (
                own in spoken
                and by.family not in spoken
                and any(s.low != s.high for s in case.spans)
            ):
                return substitute(line.value, {leaf: case.value}), case.spans
    return None


def _opened(
    derived: Derived, line: IndexedLine, own: Family, others: dict[Node, Place]
) -> tuple[Node, tuple[Span, ...]] | None:
    """A recursion in itself and in others, the others written out: around a block and through it."""
    swaps: dict[Node, Node] = {}
    for leaf, by in others.items():
        cases = _cases(derived, by.family)
        spoken = {p.family for c in cases for n in leaves(c.value) if (p := _adjoint_place(n))}
        if len(cases) != 1 or spoken != {own}:
            return None
        swaps[leaf] = at_index(cases[0].value, dict(zip(by.family.indices, by.at, strict=True)))
    return (substitute(line.value, swaps), line.spans) if swaps else None


def _adjoint_place(node: Node) -> Place | None:
    place = place_of(node)
    return place if place is not None and place.family.of is not None else None


def _cases(derived: Derived, adjoint: Family) -> tuple[Case, ...]:
    assert adjoint.of is not None
    arrived = derived.arrivals.get(adjoint.of)
    return arrived.cases if arrived is not None else ()
