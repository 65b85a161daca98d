"""A network with families in the order in which it is computed: plain steps and loops.

Neighbouring families over the same indices share a loop as long as each uses only what the loop has
computed before. A family with an index more (heads inside of layers) is a step of the loop around it
where that loop waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, UnknownNameError
from matcalc.expr import Node, symbols
from matcalc.families.preactivations import named_inside
from matcalc.families.reach import check_places
from matcalc.members import Family, Span, family_of, members, place_of
from matcalc.network import Network, Step


@dataclass(frozen=True)
class Loop:
    """Families computed together, one index after the other."""

    spans: tuple[Span, ...]
    steps: tuple[Step, ...]  # of the general members, in order
    starts: tuple[Step, ...] = ()  # the members before the first

    @property
    def index(self) -> Span:
        return self.spans[-1]

    @property
    def families(self) -> tuple[Family, ...]:
        return tuple(family_of(s.symbol) for s in self.steps)

    @property
    def down(self) -> bool:
        """Whether it runs from the last place to the first."""
        return any(f.down for f in self.families)


@dataclass(frozen=True)
class Plain:
    """A step of its own."""

    step: Step


Stage = Loop | Plain


def stages_of(
    network: Network, output: Node, cut: bool = True
) -> tuple[list[Stage], dict[str, Family]]:
    """What ``output`` needs, in order, and the families that were made to name pre-activations."""
    needed = _needed(network, output)
    made: dict[str, Family] = {}
    stages: list[Stage] = []
    starts: dict[Family, list[Step]] = {}
    computed: set[Family] = set()
    for step in network.steps:
        if step.symbol not in needed:
            continue
        place = place_of(step.symbol)
        if place is None:
            stages.append(Plain(step))
            continue
        family = place.family
        if step.symbol is not family.general:
            starts.setdefault(family, []).append(step)
            continue
        own = tuple(starts.get(family, ()))
        here = tuple(named_inside(network, step, made)) if cut else (step,)
        awaited = {
            f for f in families_in([step]) if f in starts and f not in computed and f is not family
        }
        last = stages[-1] if stages else None
        if isinstance(last, Loop) and _joins(last, here, family, own, computed):
            stages[-1] = Loop(last.spans, (*last.steps, *here), (*last.starts, *own))
        else:
            around = [f.spans for f in awaited if f.spans == family.spans[: len(f.spans)]]
            stages.append(Loop(min([family.spans, *around], key=len), here, own))
        computed |= {family, *map(family_of, (s.symbol for s in here))}
    _check_order(stages)
    for stage in stages:
        for step in steps_of(stage):
            place = place_of(step.symbol)
            running = place is not None and step.symbol is place.family.general
            check_places(
                step.definition, step.name, family_of(step.symbol).spans if running else ()
            )
    check_places(output, "the output")
    return stages, made


def steps_of(stage: Stage) -> tuple[Step, ...]:
    """The steps of a stage in the order in which they are computed, starts first."""
    return (stage.step,) if isinstance(stage, Plain) else (*stage.starts, *stage.steps)


def families_in(steps: Iterable[Step]) -> set[Family]:
    """The families that definitions speak of."""
    return {family_of(m) for s in steps for m in members(s.definition)}


def _needed(network: Network, output: Node) -> set[Node]:
    """The steps an output rests on; of a family its start and its general member."""
    by_symbol = {s.symbol: s for s in network.steps}
    found: set[Node] = set()
    todo = list(symbols(output))
    while todo:
        node = todo.pop()
        place = place_of(node)
        targets = [node]
        if place is not None and network.roles.get(place.family.name) == "step":
            family = place.family
            if family.general not in by_symbol:
                raise UnknownNameError(
                    f"{family.name} has no step yet: net.let({family.name!r}, ..., "
                    f"over={family.indices[-1]})"
                )
            targets = [family.general]
            targets += family.starts
        for target in targets:
            step = by_symbol.get(target)
            if step is not None and target not in found:
                found.add(target)
                todo.extend(symbols(step.definition))
    return found


def _joins(
    loop: Loop,
    steps: tuple[Step, ...],
    family: Family,
    starts: tuple[Step, ...],
    computed: set[Family],
) -> bool:
    """Whether steps can be computed in the loop before them; a start that needs a member of that
    loop needs all of it. A family with an index more joins only a loop that is not finished."""
    around = family.spans[: len(loop.spans)]
    if loop.spans != around or (family.started and family.spans != loop.spans):
        return False
    if family.spans != loop.spans and families_in(loop.steps) <= computed | _given(loop):
        return False
    if starts and any(f.started and f.down != family.down for f in loop.families):
        return False
    if families_in(starts) & set(loop.families):
        return False
    down = loop.down or family.down
    own = {family_of(s.symbol) for s in steps}
    inside = {*loop.families, *own}
    return all(
        _is_past(m, loop.spans, down)
        for s in (*loop.steps, *steps)
        for m in members(s.definition)
        if family_of(m) in inside and (family_of(m) in own or s in steps)
    )


def _given(loop: Loop) -> set[Family]:
    """Families that are no step of the network: data and parameters."""
    return {f for f in families_in(loop.steps) if f.network.roles.get(f.name, "step") != "step"}


def _is_past(member: Node, spans: tuple[Span, ...], down: bool) -> bool:
    """Whether a member lies at the loop's own indices or at one that was passed before."""
    off = _offset(member, spans)
    place = place_of(member)
    assert place is not None
    outer = zip(place.at[: len(spans) - 1], spans, strict=False)
    return all(at == s.index for at, s in outer) and off.is_number and (-off if down else off) <= 0


def _offset(member: Node, spans: tuple[Span, ...]) -> Any:
    """How far a member lies from the index of the loop."""
    place = place_of(member)
    assert place is not None
    return sp.expand(place.at[len(spans) - 1] - spans[-1].index)


def _check_order(stages: list[Stage]) -> None:
    """Within a loop only what lies before is used, and no further back than starts are given."""
    _check_stages(stages)
    for loop in (s for s in stages if isinstance(s, Loop)):
        here = {family: k for k, family in enumerate(loop.families)}
        for k, step in enumerate(loop.steps):
            for m in members(step.definition):
                family = family_of(m)
                if family not in here:
                    continue
                off = _offset(m, loop.spans)
                if not _is_past(m, loop.spans, loop.down) or (off == 0 and here[family] >= k):
                    raise NoRuleError(
                        f"{step.name} uses {m}, which is not computed before it; a loop goes "
                        f"{_way(loop)} and may use what lies before{_elsewhere(m, loop)}"
                    )
                back = abs(int(off))
                if back > family.started:
                    raise NoRuleError(_without_start(step, m, family, loop, back))


def _elsewhere(member: Node, loop: Loop) -> str:
    """Why a member one step away along another index is no help."""
    place = place_of(member)
    assert place is not None
    outer = zip(place.at, loop.spans[:-1], strict=False)
    moved = [s.index.name for at, s in outer if at != s.index]
    if not moved:
        return ""
    return (
        f" along {loop.index.index}, the one index that recurs, and not along {moved[0]}: write what "
        f"recurs along both as a family for each {moved[0]}"
    )


def _way(loop: Loop) -> str:
    return f"from {loop.index.high} down" if loop.down else f"from {loop.index.low} up"


def _without_start(step: Step, member: Node, family: Family, loop: Loop, back: int) -> str:
    place = place_of(member)
    assert place is not None
    first = loop.index.high if loop.down else loop.index.low
    off = back if loop.down else -back
    n = len(loop.spans) - 1
    missing = family.at((*place.at[:n], sp.expand(first + off), *place.at[n + 1 :]))
    words = "start=..." if back == 1 else f"start=(...), {back} members, the nearest first"
    return (
        f"{step.name} uses {member}, so {missing} must be given: declare "
        f"net.recur({family.name!r}, over={loop.index.index}, {words})"
    )


def _check_stages(stages: list[Stage]) -> None:
    """A stage uses families of its own loop and of the stages before it."""
    computed: set[Family] = set()
    for stage in stages:
        steps = [stage.step] if isinstance(stage, Plain) else [*stage.starts, *stage.steps]
        if isinstance(stage, Loop):
            here = set(stage.families)
            if families_in(stage.starts) & here:
                raise NoRuleError("a start that uses a member of its own loop has no rule yet")
            computed |= here
        for step in steps:
            for m in members(step.definition):
                family = family_of(m)
                if (
                    family.network.roles.get(family.name, "step") == "step"
                    and family not in computed
                ):
                    raise NoRuleError(
                        f"{step.name} uses {m}, which a later loop computes: put both into one loop"
                    )
