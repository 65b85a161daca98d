"""A hand-written backward pass through loops: which gradient is off, and how.

The function is called at several lengths with lists of arrays, all dimensions different; what it
returns for a family is a list too, and is judged member by member.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError
from matcalc.expr import Node
from matcalc.families.concrete import Concrete
from matcalc.families.derived import Derived, name_of
from matcalc.families.values import shortest_instances
from matcalc.judging.code import CodeReport, as_array, called, judged
from matcalc.judging.comparison import Points
from matcalc.judging.verdict import Verdict
from matcalc.members import Family
from matcalc.numeric.checking import facts_by_name

POINTS = 2  # at each length


def verify_loop_code(derived: Derived, function: Callable[..., Any], seed: int = 0) -> CodeReport:
    """Judge every gradient that ``function`` returns, at the shortest lengths."""
    if not callable(function):
        raise MatcalcError(f"a backward function is wanted, not {function!r}")
    wanted = [name_of(w) for w in derived.wrt]
    right: dict[str, list[Any]] = {name: [] for name in wanted}
    mine: dict[str, list[Any]] = {name: [] for name in wanted}
    sizes: list[Mapping[str, int]] = []
    for ends, at in shortest_instances(derived):
        truths = {name_of(w): _truth(at, derived, w) for w in derived.wrt}
        leaves = [n for n in at.image.values() if n in at.plain.symbols.values()]
        roots = [*(n for nodes in truths.values() for n in nodes), *leaves]
        points = Points(roots, facts_by_name(at.plain.facts), sizes=POINTS, each=1, seed=seed)
        known = {name: [points.values(n) for n in nodes] for name, nodes in truths.items()}
        for k, (values, dims, _) in enumerate(points.found):
            given = {**_given(at, derived, values), **_asked(function, ends)}
            said = called(function, given, wanted)
            sizes.append({**dims, **ends})
            for name in wanted:
                right[name].append([entry[k] for entry in known[name]])
                mine[name].append(said.get(name))
    common = set.intersection(*map(set, sizes))
    sizes = [{k: d[k] for k in common} for d in sizes]
    certainty = f"agrees at {len(sizes)} points, {len(sizes) // POINTS} lengths"
    return CodeReport(
        {
            name_of(w): _verdict(w, right[name_of(w)], mine[name_of(w)], sizes, certainty)
            for w in derived.wrt
        }
    )


def _asked(function: Callable[..., Any], ends: Mapping[str, int]) -> dict[str, int]:
    """How far the indices run, where the function takes that by name."""
    try:
        named = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {name: end for name, end in ends.items() if name in named}


def _truth(at: Concrete, derived: Derived, w: Node | Family) -> list[Node]:
    if isinstance(w, Family):
        return at.adjoints_of(w)
    return [at.of(derived.arrivals[w].symbol)]  # type: ignore[arg-type]


def _given(at: Concrete, derived: Derived, values: Mapping[Node, Any]) -> dict[str, Any]:
    """The inputs by name, families as lists."""
    network = derived.network
    plain = {**network.inputs, **network.params}
    given = {name: as_array(values[at.of(node)]) for name, node in plain.items()}
    for name, family in network.families.items():
        if network.roles[name] != "step":
            members = [as_array(values[n]) for n in at.members_of(family)]
            given[name] = at.in_order(family, members)
    if derived.upstream is not None:
        given[name_of(derived.upstream)] = as_array(values[at.of(derived.upstream)])
    return given


def _verdict(
    w: Node | Family,
    right: list[Any],
    mine: list[Any],
    sizes: list[Mapping[str, int]],
    certainty: str,
) -> Verdict:
    name = name_of(w)
    if all(m is None for m in mine):
        return Verdict("blank", f"d{name}", explanation="not returned")
    if not isinstance(w, Family):
        return judged(name, [r[0] for r in right], mine, sizes, certainty)
    flat = [_flat(m) for m in mine]
    for r, m in zip(right, flat, strict=True):
        if len(r) != len(m):
            words = f"d{name} has {len(m)} members, want {len(r)}"
            return Verdict("shape-error", f"d{name}", "wrong length", explanation=words)
    found = _of_members(name, right, flat, sizes, certainty)
    if found.status == "holds":
        return found
    for slip, words, move in _orders(name, w):
        moved = [move(m) for m in flat]
        if (
            any(len(m) > 1 for m in flat)
            and _of_members(name, right, moved, sizes, certainty).status == "holds"
        ):
            return Verdict("fails", f"d{name}", slip, explanation=words, certainty=certainty)
    return found


def _of_members(
    name: str,
    right: list[Any],
    mine: list[Any],
    sizes: list[Mapping[str, int]],
    certainty: str,
) -> Verdict:
    """All members of all points as so many points; what was moved out of the list is not judged."""
    rows = [
        (r, m, d)
        for rs, ms, d in zip(right, mine, sizes, strict=True)
        for r, m in zip(rs, ms, strict=True)
        if m is not None
    ]
    if not rows:
        return Verdict("blank", f"d{name}")
    rs, ms, ds = (list(part) for part in zip(*rows, strict=True))
    return judged(name, rs, ms, ds, certainty)


def _orders(name: str, family: Family) -> list[tuple[str, str, Callable[[list[Any]], list[Any]]]]:
    index = family.indices[-1]
    return [
        ("reversed", f"d{name} runs over {index} the other way round", lambda m: m[::-1]),
        ("index off by one", f"d{name} is one {index} late", lambda m: [*m[1:], None]),
        ("index off by one", f"d{name} is one {index} early", lambda m: [None, *m[:-1]]),
    ]


def _flat(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, np.ndarray) and value.ndim == 3:
        return list(value)
    if isinstance(value, list):
        return [n for v in value for n in (_flat(v) if isinstance(v, list) else [v])]
    return [value]
