"""A network with families in the order in which it is computed: plain steps and loops.

Neighbouring families over the same indices share a loop as long as each uses only what the loop has
computed before. A nested activation gets a name for what goes into it, as on a blackboard.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from matcalc.errors import NoRuleError, UnknownNameError
from matcalc.expr import Node, postorder, substitute, symbols
from matcalc.members import Family, Span, members, place_of
from matcalc.network import Network, Step
from matcalc.ops.algebra import PRODUCT, SUM_OP
from matcalc.ops.entrywise import ENTRYWISE

ACTIVATIONS = frozenset(ENTRYWISE) - {"pow"} | {"softmax", "log_softmax", "function", "map"}


@dataclass(frozen=True)
class Loop:
    """Families computed together, one index after the other."""

    spans: tuple[Span, ...]
    steps: tuple[Step, ...]  # of the general members, in order
    starts: tuple[Step, ...] = ()  # the members before the first

    @property
    def index(self) -> Span:
        return self.spans[-1]


@dataclass(frozen=True)
class Plain:
    """A step of its own."""

    step: Step


Stage = Loop | Plain


def family_of(node: Node) -> Family:
    place = place_of(node)
    assert place is not None, f"{node} is no member of a family"
    return place.family


def stages_of(
    network: Network, output: Node, cut: bool = True
) -> tuple[list[Stage], dict[str, Family]]:
    """What ``output`` needs, in order, and the families that were made to name pre-activations."""
    needed = _needed(network, output)
    made: dict[str, Family] = {}
    stages: list[Stage] = []
    starts: dict[Family, Step] = {}
    for step in network.steps:
        if step.symbol not in needed:
            continue
        place = place_of(step.symbol)
        if place is None:
            stages.append(Plain(step))
        elif step.symbol is not place.family.general:
            starts[place.family] = step
        else:
            own = (starts[place.family],) if place.family in starts else ()
            here = _cut(network, step, made) if cut else [step]
            last = stages[-1] if stages else None
            if isinstance(last, Loop) and _joins(last, here, place.family, own):
                stages[-1] = Loop(last.spans, (*last.steps, *here), (*last.starts, *own))
            else:
                stages.append(Loop(place.family.spans, tuple(here), own))
    _check_order(stages)
    return stages, made


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
            if family.started:
                targets.append(family.at((*family.indices[:-1], family.spans[-1].low - 1)))
        for target in targets:
            step = by_symbol.get(target)
            if step is not None and target not in found:
                found.add(target)
                todo.extend(symbols(step.definition))
    return found


def _joins(loop: Loop, steps: Iterable[Step], family: Family, starts: Iterable[Step] = ()) -> bool:
    """Whether steps can be computed in the loop before them; a start that needs a member of that
    loop needs all of it."""
    if loop.spans != family.spans:
        return False
    computed = {family_of(s.symbol) for s in loop.steps}
    if any(family_of(m) in computed for s in starts for m in members(s.definition)):
        return False
    inside = {family_of(s.symbol) for s in (*loop.steps, *steps)}
    own = {family_of(s.symbol) for s in steps}
    return all(
        _is_past(m, loop.spans)
        for s in (*loop.steps, *steps)
        for m in members(s.definition)
        if family_of(m) in inside and (family_of(m) in own or s in steps)
    )


def _is_past(member: Node, spans: tuple[Span, ...]) -> bool:
    """Whether a member lies at the loop's own indices or at the one before."""
    place = place_of(member)
    assert place is not None
    *outer, last = zip(place.at, spans, strict=True)
    off = sp.expand(last[0] - last[1].index)
    return all(at == s.index for at, s in outer) and off.is_number and off <= 0


def _check_order(stages: list[Stage]) -> None:
    """Within a loop only what lies before is used, and only one step back."""
    _check_stages(stages)
    for loop in (s for s in stages if isinstance(s, Loop)):
        here = {family_of(s.symbol): k for k, s in enumerate(loop.steps)}
        for k, step in enumerate(loop.steps):
            for m in members(step.definition):
                family, place = family_of(m), place_of(m)
                if family not in here or place is None:
                    continue
                off = sp.expand(place.at[-1] - loop.index.index)
                if not _is_past(m, loop.spans) or (off == 0 and here[family] >= k):
                    raise NoRuleError(
                        f"{step.name} uses {m}, which is not computed before it; a loop goes "
                        f"from {loop.index.low} up and may use what lies before"
                    )
                if off < -1 or (off == -1 and not family.started):
                    missing = family.at((*place.at[:-1], sp.expand(loop.index.low + off)))
                    raise NoRuleError(
                        f"{step.name} uses {m}, so {missing} must be given: declare "
                        f"net.recur({family.name!r}, over={loop.index.index}, start=...) "
                        "(one step back is supported)"
                    )


def _check_stages(stages: list[Stage]) -> None:
    """A stage uses families of its own loop and of the stages before it."""
    computed: set[Family] = set()
    for stage in stages:
        steps = [stage.step] if isinstance(stage, Plain) else [*stage.starts, *stage.steps]
        if isinstance(stage, Loop):
            here = {family_of(s.symbol) for s in stage.steps}
            if any(family_of(m) in here for s in stage.starts for m in members(s.definition)):
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


# -- names for pre-activations --------------------------------------------------------------------


def _cut(network: Network, step: Step, made: dict[str, Family]) -> list[Step]:
    """A general member's definition, with a family for what goes into each activation."""
    family = family_of(step.symbol)
    steps: list[Step] = []
    image: dict[Node, Node] = {}
    for node in postorder(step.definition, stop=lambda n: n.op.name == "isum"):
        if node.op.name not in ACTIVATIONS or len(node.operands) != 1:
            continue
        inner = node.operands[0]
        if inner in image or inner.op not in (SUM_OP, PRODUCT) or not inner.shape:
            continue
        if not set(family.indices) <= set(inner.indices):
            continue
        name = _fresh(network, made, _stem(network, family))
        new = Family(network, name, family.spans, inner.shape)
        made[name] = new
        steps.append(Step(new.general, substitute(inner, image)))
        image[inner] = new.general
    return [*steps, Step(step.symbol, substitute(step.definition, image), step.adjoint)]


def _stem(network: Network, family: Family) -> str:
    """z, or z_i where there are several gates; a capital for a capital."""
    letter = "Z" if family.name[:1].isupper() else "z"
    several = sum(
        _has_inside(s.definition) for s in network.steps if place_of(s.symbol) is not None
    )
    return letter if several < 2 else f"{letter}_{family.name}"


def _has_inside(root: Node) -> bool:
    return any(
        n.op.name in ACTIVATIONS and len(n.operands) == 1 and n.operands[0].op in (SUM_OP, PRODUCT)
        for n in postorder(root)
    )


def _fresh(network: Network, made: dict[str, Family], stem: str) -> str:
    count, name = 0, stem
    while name in network or name in network.families or name in made or name in network.spans:
        count += 1
        name = f"{stem}{count}"
    return name
