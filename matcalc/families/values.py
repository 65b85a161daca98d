"""A derivation with families in numbers: families are given, and come back, as lists of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy as sp

from matcalc import shapes
from matcalc.errors import NoRuleError, ShapeError, UnknownNameError, wants
from matcalc.expr import Node, symbol, symbol_name
from matcalc.families.concrete import Concrete
from matcalc.families.derived import Derived, name_of
from matcalc.members import Family, Span, place_of
from matcalc.network import Network, expanded
from matcalc.numeric.checking import definitions_below, facts_by_name
from matcalc.numeric.evaluate import evaluate_together
from matcalc.numeric.evaluation import Evaluation
from matcalc.numeric.oracle import CheckReport, Claim, check_claims
from matcalc.numeric.sizes import array_of, dimensions_of
from matcalc.ops.algebra import inner
from matcalc.reverse import boxed
from matcalc.rewrite.simplify import simplify

INSTANCES = 3  # how many lengths a check tries
LONGEST = 20  # how long a range may get until every member exists


def evaluate_families(
    derived: Derived,
    values: Mapping[Any, Any],
    *,
    dims: Mapping[str, int] | None = None,
    partial: bool = False,
) -> Evaluation:
    """All lines at NumPy arrays; how far an index runs follows from the length of the data."""
    if partial:
        raise NoRuleError("partial values of a network with families are not computed yet")
    wants(Mapping, values, "values map names to arrays")
    wants((Mapping, type(None)), dims, "dims map dimensions to whole numbers")
    given = by_name(values)
    ends = ends_of(derived.network, given, dims or {})
    at = Concrete(derived, ends)
    point = plain_values(at, given)
    network = derived.network
    steps: dict[str, Any] = {}
    for step in derived.steps:
        place = place_of(step.symbol)
        if place is None:
            steps[step.name] = at.of(step.symbol)
        elif step.symbol is place.family.general:
            steps[place.family.name] = at.in_order(place.family, at.members_of(place.family))
    adjoints: dict[str, Any] = {}
    for of, arrived in derived.arrivals.items():
        if isinstance(of, Family):
            adjoints[name_of(of)] = at.in_order(of, at.adjoints_of(of))
        else:
            assert isinstance(arrived.symbol, Node)
            adjoints[name_of(of)] = at.of(arrived.symbol)
    output = at.of(derived.output)
    roots = list(dict.fromkeys(_flat([output, steps, adjoints])))
    rest = {k: v for k, v in (dims or {}).items() if k not in {s.name for s in network.extents}}
    sizes = {name.replace("[", "").replace("]", ""): size for name, size in rest.items()}
    found = evaluate_together(roots, point, dims=sizes, steps=definitions_below(roots))
    numbers = {name: _at(found, adjoints[name]) for name in adjoints}
    return Evaluation(
        found[output],
        MappingProxyType({name: _at(found, s) for name, s in steps.items()}),
        MappingProxyType(numbers),
        MappingProxyType({name_of(w): numbers[name_of(w)] for w in derived.wrt}),
    )


def _flat(item: Any) -> list[Node]:
    if isinstance(item, Node):
        return [item]
    return [n for part in (item.values() if isinstance(item, dict) else item) for n in _flat(part)]


def _at(found: Mapping[Node, Any], item: Any) -> Any:
    return found[item] if isinstance(item, Node) else [_at(found, n) for n in item]


def expanded_at(derived: Derived, of: Any, ends: Mapping[str, int]) -> Any:
    """What arrives, in the inputs alone, where every range has numbers for its ends."""
    at = Concrete(derived, ends)
    arrived = derived.arrived(of)
    if isinstance(arrived.of, Family):
        nodes = at.adjoints_of(arrived.of)
        return [simplify(expanded(n), facts=at.plain.facts) for n in nodes]
    assert isinstance(arrived.symbol, Node)
    return simplify(expanded(at.of(arrived.symbol)), facts=at.plain.facts)


# -- what is given --------------------------------------------------------------------------------


def by_name(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values under the names of symbols and families."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(key, Family):
            found[key.name] = value
        elif isinstance(key, Node):
            found[symbol_name(key)] = value
        else:
            found[str(key)] = value
    return found


def ends_of(network: Network, given: Mapping[str, Any], dims: Mapping[str, int]) -> dict[str, int]:
    """How far every index runs: from ``dims``, or from the lengths of what is given."""
    wanted = {s.name for s in network.extents}
    ends = {str(k): int(v) for k, v in dims.items() if str(k) in wanted}
    told = {name: f"dims gives {name} = {size}" for name, size in ends.items()}
    for name, family in network.families.items():
        if name in given and network.roles[name] != "step":
            for span, length in zip(family.spans, _lengths(given[name], family), strict=True):
                _learn(span, length, name, ends, told)
    for name in sorted(wanted):
        if name not in ends and np.ndim(given.get(name, [])) == 0:
            ends[name] = int(given[name])
    if missing := sorted(wanted - set(ends)):
        raise UnknownNameError(
            f'how far an index runs is not said: pass dims={{"{missing[0]}": ...}}'
        )
    for span in network.spans.values():
        low, high = (_known(e, ends) for e in (span.low, span.high))
        if (high - low).is_number and high < low:
            raise ShapeError(f"the index {span} is empty here: it runs from {low} to {high}")
    return ends


def _known(e: Any, ends: Mapping[str, int]) -> Any:
    """An end of a range, as far as its symbols have numbers."""
    return e.xreplace({s: sp.Integer(ends[s.name]) for s in e.free_symbols if s.name in ends})


def _lengths(value: Any, family: Family) -> list[int]:
    lengths = []
    for _ in family.spans:
        if (
            not isinstance(value, (Sequence, np.ndarray))
            or isinstance(value, str)
            or not len(value)
        ):
            raise ShapeError(
                f"{family.name} is a family: its values are a list, one for each index"
            )
        lengths.append(len(value))
        value = value[0]
    return lengths


def _learn(span: Span, length: int, name: str, ends: dict[str, int], told: dict[str, str]) -> None:
    count = sp.expand(_known(span.high - span.low + 1, ends))
    if count.is_number:
        if int(count) != length:
            because = [told[s] for s in map(str, (span.high - span.low).free_symbols) if s in told]
            raise ShapeError(
                f"{name} has {length} members, but {int(count)} are wanted"
                + (f": {shapes.listed(because)}" if because else f" over {span}")
            )
        return
    unknown = sorted(count.free_symbols, key=str)
    if len(unknown) == 1:
        roots = [r for r in sp.solve(count - length, unknown[0]) if r.is_Integer]
        if len(roots) != 1:
            raise ShapeError(f"{name} has {length} members: no {unknown[0]} fits {span}")
        ends[unknown[0].name] = int(roots[0])
        told[unknown[0].name] = f"{name} has {length} members"


def plain_values(at: Concrete, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the plain symbols: member by member, each checked against its family."""
    found: dict[str, Any] = {}
    families = at.net.families
    for name, value in given.items():
        if name in families and at.net.roles[name] != "step":
            family = families[name]
            spans = [s.at(at.ends) for s in family.spans]
            for place in at.places(family):
                found[at.name(family.at(place))] = _pick(value, place, family, spans)
        elif name in families or name in at.record.made:
            raise NoRuleError(f"{name} is computed in a loop: its values cannot be given")
        elif name in {s.name for s in at.net.extents}:
            continue
        else:
            found[name] = value
    return found


def point_of(
    derived: Derived,
    given: Mapping[str, Any],
    ends: Mapping[str, int],
    dims: Mapping[str, Any],
    functions: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, int]]:
    """What a program takes, as arrays and nested lists of arrays, and every size; all sizes agree."""
    network = derived.network
    fixed = {s: sp.Integer(ends[s.name]) for s in network.extents}

    def sized(name: str, shape: shapes.Shape) -> Node:
        return symbol(name, tuple(shapes.settled(d.xreplace(fixed)) for d in shape))

    found: dict[Node, Any] = {}
    arrays: dict[str, Any] = {}
    plain = [*network.inputs.values(), *network.params.values()]
    if derived.upstream is not None:
        plain.append(derived.upstream)
    for node in plain:
        name = symbol_name(node)
        if name not in given:
            raise UnknownNameError(f"no value for {name} ({shapes.show(node.shape)})")
        here = sized(name, node.shape)
        arrays[name] = found[here] = array_of(here, given[name])
    for name, family in network.families.items():
        if network.roles[name] == "step":
            continue
        if name not in given:
            raise UnknownNameError(f"no value for the family {name} ({shapes.show(family.shape)})")
        spans = [s.at(fixed) for s in family.spans]
        ranges = [range(int(s.low), int(s.high) + 1) for s in spans]
        alike = not any(d.free_symbols & set(family.indices) for d in family.shape)
        flat: dict[Any, Any] = {}
        first: Any = None
        for place in product(*ranges):
            value = _pick(given[name], place, family, spans)
            if first is None or not alike:
                member = family.at(tuple(map(sp.Integer, place)))
                here = sized(str(member), member.shape)
            flat[place] = array = array_of(here, value)
            if first is None or not alike:
                first = found[here] = array
            elif np.shape(array) != np.shape(first):
                raise ShapeError(
                    f"the members of {name} have one shape, {shapes.show(family.shape)}, but the "
                    f"values have shapes {np.shape(first)} and {np.shape(array)}"
                )
        arrays[name] = _nested(flat, ranges)
    told = {k: v for k, v in dims.items() if k not in functions and np.ndim(v) == 0}
    sizes = dimensions_of(list(found), found, {}, told, frozenset())
    return arrays, {**sizes, **ends}


def _nested(flat: Mapping[Any, Any], ranges: Sequence[range], first: tuple[Any, ...] = ()) -> Any:
    if not ranges:
        return flat[first]
    return [_nested(flat, ranges[1:], (*first, k)) for k in ranges[0]]


def _pick(value: Any, place: Sequence[Any], family: Family, spans: Sequence[Span]) -> Any:
    """The value of one member out of nested lists; ``spans`` have numbers for their ends."""
    for e, span in zip(place, spans, strict=True):
        count = int(span.high - span.low) + 1
        if len(value) != count:
            raise ShapeError(
                f"{family.name} has {len(value)} members, but {span.index} runs over {count}"
            )
        value = value[int(e - span.low)]
    return value


# -- the check ------------------------------------------------------------------------------------


def check_families(derived: Derived, *, seed: int = 0, trials: int = 3) -> CheckReport:
    """Every gradient, at several lengths: the lines against differences of the forward pass."""
    report: CheckReport | None = None
    undecided = CheckReport(False, float("nan"), None, "", 0, (), ("nothing was checked",))
    small = shortest_instances(derived)
    for k, (ends, at) in enumerate(small):
        f = at.of(derived.output)
        if derived.upstream is not None:
            f = inner(at.image[derived.upstream], f)
        claims = []
        for w in derived.wrt:
            if isinstance(w, Family):
                pairs = list(zip(at.members_of(w), at.adjoints_of(w), strict=True))
            else:
                pairs = [(at.of(w), at.of(derived.arrivals[w].symbol))]  # type: ignore[arg-type]
            # Its definition: the oracle weighs rounding by the numbers a closed form is made of.
            claims += [
                Claim("gradient", f, v, boxed(at.written.values.get(g, g), v)) for v, g in pairs
            ]
        steps = definitions_below([c for claim in claims for c in (claim.f, claim.value)])
        facts = facts_by_name(at.plain.facts)
        count = max(1, trials // len(small))
        found = check_claims(claims, seed=seed + k, trials=count, facts=facts, steps=steps)
        if np.isnan(found.error) and found.where is None:
            undecided = found  # no point could be had: a variance of one number, say
            continue
        found = replace(found, sizes=tuple({**ends, **_spelled(at, s)} for s in found.sizes))
        report = found if report is None else _both(report, found)
        if not report.ok:
            return report
    return report if report is not None else undecided


def _spelled(at: Concrete, sizes: Mapping[str, int]) -> dict[str, int]:
    """``d_2`` for the dimension ``d[2]``."""
    return {at.indexed.get(name, name): size for name, size in sizes.items()}


def shortest_instances(derived: Derived) -> list[tuple[dict[str, int], Concrete]]:
    """The derivation at the shortest ranges at which no index is empty and every member exists."""
    symbols = sorted(s.name for s in derived.network.extents)
    found: list[tuple[dict[str, int], Concrete]] = []
    why: Exception | None = None
    for length in range(1, LONGEST) if symbols else (0,):
        ends = {name: length + shift for shift, name in enumerate(symbols)}
        if any(_known(s.high - s.low, ends) < 0 for s in derived.network.spans.values()):
            continue
        try:
            found.append((ends, Concrete(derived, ends)))
        except ShapeError as error:
            why = error
        if len(found) == INSTANCES:
            break
    if not found:
        raise why or ShapeError("no ends were found at which every index holds something")
    return found


def _both(one: CheckReport, other: CheckReport) -> CheckReport:
    worse = other if not other.ok or other.error > one.error else one
    return CheckReport(
        one.ok and other.ok,
        worse.error,
        worse.where,
        ", ".join(dict.fromkeys(m for r in (one, other) for m in r.method.split(", ") if m)),
        one.trials + other.trials,
        (*one.sizes, *other.sizes),
        (*one.remarks, *other.remarks),
    )
