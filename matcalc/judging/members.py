"""A hand-written rule for the general index: does it hold wherever its members exist?

The rule and the engine's line are computed place by place at several lengths, all sizes different. A
rule such as ``dZ[l] = (dZ[l+1]*W[l+1]') .* g'(Z[l])`` says nothing at l = L, where no member follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matcalc import shapes
from matcalc.errors import DomainError, MatcalcError, ShapeError
from matcalc.expr import Node, postorder, read, symbol_name
from matcalc.families.concrete import Concrete
from matcalc.families.derived import Derived, name_of
from matcalc.families.pages import line_text
from matcalc.families.values import shortest_instances
from matcalc.judging.comparison import Points, same_values
from matcalc.judging.verdict import Verdict
from matcalc.language import undefined_in
from matcalc.language.loops import place_in, read_in_members
from matcalc.members import Family, place_of
from matcalc.numeric.checking import facts_by_name
from matcalc.ops.binder import at_index


def verify_rule(derived: Derived, of: Any, claim: Any) -> Verdict:
    """Judge a rule (text of the language, or an expression) for what arrives at ``of``."""
    said = claim if isinstance(claim, str) else str(claim)
    target, fixed = _target(derived, of)
    arrived = derived.arrived(target)
    lines = [ln for ln in derived.lines if ln.kind != "forward" and _about(ln.symbol, arrived)]
    correction = "; ".join(row for ln in lines for row in line_text(ln))
    try:
        node = _read(derived, claim)
        _same_shape(node, arrived.symbol, fixed)
    except ShapeError as error:
        return Verdict("shape-error", said, "shapes do not fit", correction, str(error))
    met: list[str] = []
    for ends, at in shortest_instances(derived):
        for places in _places(at, target, fixed):
            truth = _truth(at, arrived.symbol, places)
            hand = at.concrete(at_index(node, places) if places else node)
            if truth is None or not all(_exists(at, m) for m in postorder(hand)):
                continue
            here = ", ".join(f"{k} = {v}" for k, v in places.items())
            there = ", ".join(f"{k} = {v}" for k, v in ends.items())
            where = f"{here} ({there})" if here and there else here or there
            if not _equal(at, truth, at.of(hand)):
                explanation = f"the values differ at {where}" if where else "the values differ"
                return Verdict("fails", said, "", correction, explanation, reading=str(node))
            met.append(where)
    if not met:
        why = "no place of the range has all the members that the rule speaks of"
        return Verdict("range-error", said, "index out of range", correction, why)
    certainty = f"agrees at {shapes.listed(met)}" if met[0] else "agrees at several points"
    return Verdict("holds", said, certainty=certainty, reading=str(node))


def _target(derived: Derived, of: Any) -> tuple[Node | Family, Mapping[Any, Any] | None]:
    """The symbol or family, and the place asked for where it is one."""
    if isinstance(of, str) and "[" in of:
        family = derived.find(of)
        inside = of.partition("[")[2].rstrip("]").split(",")
        of = family[tuple(map(place_in, inside))] if isinstance(family, Family) else of
    found = derived.find(of)
    place = place_of(of) if isinstance(of, Node) else None
    if place is None or not isinstance(found, Family) or place.at == found.indices:
        return found, None
    return found, dict(zip(found.indices, place.at, strict=True))


def _about(left: Node, arrived: Any) -> bool:
    place = place_of(left)
    return left is arrived.symbol if place is None else place.family is arrived.symbol


def _read(derived: Derived, claim: Any) -> Node:
    if not isinstance(claim, str):
        return read(claim)
    network = derived.network
    names = {n: s for n, s in network.symbols.items() if n not in network.families}
    families = {**network.families, **derived.made}
    for arrived in derived.order:
        if isinstance(arrived.symbol, Family):
            families[arrived.symbol.name] = arrived.symbol
        else:
            names[symbol_name(arrived.symbol)] = arrived.symbol
    if derived.upstream is not None:
        names[symbol_name(derived.upstream)] = derived.upstream
    dims = [*network.spans, *(s.name for s in network.extents)]
    functions = undefined_in([s.definition for s in derived.steps])
    return read_in_members(claim, names, families, dims, functions)


def _same_shape(node: Node, arrived: Node | Family, fixed: Mapping[Any, Any] | None) -> None:
    wanted = arrived.shape
    if isinstance(arrived, Family) and fixed is not None:
        wanted = arrived.at(tuple(fixed[i] for i in arrived.indices)).shape
    if not shapes.same_shape(node.shape or (1, 1), wanted or (1, 1)):
        raise ShapeError(
            f"{name_of(arrived)} is {shapes.show(wanted)}, but the rule is {shapes.show(node.shape)}"
        )


def _places(
    at: Concrete, target: Node | Family, fixed: Mapping[Any, Any] | None
) -> list[Mapping[Any, Any]]:
    if not isinstance(target, Family):
        return [{}]
    if fixed is not None:
        return [{i: e.xreplace(at.ends) for i, e in fixed.items()}]
    return [dict(zip(target.indices, place, strict=True)) for place in at.places(target)]


def _truth(at: Concrete, symbol: Node | Family, places: Mapping[Any, Any]) -> Node | None:
    if not isinstance(symbol, Family):
        return at.of(symbol)
    member = symbol.at(tuple(places[i] for i in symbol.indices))
    return at.of(member) if _exists(at, member) else None


def _exists(at: Concrete, member: Node) -> bool:
    """Whether a member lies in the range of its family, its start included."""
    place = place_of(member)
    if place is None:
        return True
    reach = (span.at(at.ends) for span in place.family.reach)
    return all(span.low <= e <= span.high for e, span in zip(place.at, reach, strict=True))


def _equal(at: Concrete, truth: Node, hand: Node) -> bool:
    points = Points([truth, hand], facts_by_name(at.plain.facts), sizes=2, each=2)
    try:
        return same_values(points.values(truth), points.values(hand))
    except (DomainError, MatcalcError):
        return False
