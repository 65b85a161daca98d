"""Plans from a derivation, or from a list of expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcalc.codegen import backends
from matcalc.codegen.plan import Plan, Planner, Wanted
from matcalc.codegen.runtime import Compiled
from matcalc.errors import wants
from matcalc.expr import BUILD, Node, symbol_name
from matcalc.facts import Fact
from matcalc.network import Step
from matcalc.record import Record
from matcalc.reverse import boxed

WRITTEN_OUT = 60  # lines of formulas in a docstring


def plan_of_record(
    record: Record, sizes: Mapping[str, int] | None = None, flat: bool = False
) -> Plan:
    """The plan of value and gradients; ``flat`` with one operation a statement."""
    wants((Mapping, type(None)), sizes, "sizes map dimensions to whole numbers")
    problem = record.problem
    steps = {s.symbol: s.definition for s in problem.steps}
    planner = Planner(problem.facts, sizes, steps, flat)
    lines = [
        Wanted(line.name, line.symbol, _formula(line.symbol, line.value, k), line.kind != "forward")
        for k, line in enumerate(record.lines)
    ]
    gradients = [(symbol_name(w), _gradient(record, w)) for w in record.wrt]
    inputs = _declared(problem.inputs, problem.params)
    return planner.plan(lines, [("value", problem.output)], gradients, inputs, record.upstream)


def _gradient(record: Record, w: Node) -> Node:
    arrival = record.arrivals[w]
    if w.shape and not arrival.value.shape:
        return boxed(arrival.value, w)
    return arrival.symbol


def _formula(left: Node, right: Node, k: int) -> str:
    return f"{symbol_name(left)} = {BUILD['text'](right)}" if k < WRITTEN_OUT else ""


def _declared(*groups: Sequence[Node]) -> list[Node]:
    return [n for group in groups for n in group]


def plan_of_expressions(
    roots: Sequence[Node],
    labels: Sequence[str],
    *,
    steps: Sequence[Step] = (),
    inputs: Sequence[Node] = (),
    facts: Sequence[Fact] = (),
    sizes: Mapping[str, int] | None = None,
    single: bool = True,
    flat: bool = False,
) -> Plan:
    """The plan of some expressions; what they share is computed once."""
    planner = Planner(facts, sizes, {s.symbol: s.definition for s in steps}, flat)
    lines = [
        Wanted(s.name, s.symbol, _formula(s.symbol, s.definition, k)) for k, s in enumerate(steps)
    ]
    return planner.plan(lines, list(zip(labels, roots, strict=True)), (), inputs, None, single)


def source_of_record(
    record: Record,
    backend: str = "numpy",
    *,
    workspace: bool = False,
    sizes: Mapping[str, int] | None = None,
) -> str:
    """The module of a derivation."""
    return backends.source(plan_of_record(record, sizes, workspace), backend, workspace)


def function_of_record(
    record: Record,
    backend: str = "numpy",
    *,
    workspace: bool = False,
    sizes: Mapping[str, int] | None = None,
) -> Compiled:
    """The function of a derivation."""
    return backends.compiled(plan_of_record(record, sizes, workspace), backend, workspace)


__all__ = [
    "function_of_record",
    "plan_of_expressions",
    "plan_of_record",
    "source_of_record",
]
