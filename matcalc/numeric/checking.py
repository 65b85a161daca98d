"""Checks of whole results: a gradient or Jacobian of a problem, every gradient of a derivation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matcalc import second
from matcalc.expr import Node, number
from matcalc.facts import Fact
from matcalc.network import definition, expanded
from matcalc.numeric.oracle import CheckReport, Claim, check_claims
from matcalc.ops.algebra import inner
from matcalc.problem import Problem
from matcalc.record import Record
from matcalc.reverse import boxed, gradient_of, sweep

Facts = Mapping[str, set[str]]


def facts_by_name(facts: Iterable[Fact]) -> dict[str, set[str]]:
    """Facts as the sampler wants them: symbol name to what is known of it."""
    found: dict[str, set[str]] = {}
    for fact in facts:
        found.setdefault(fact.of, set()).add(fact.name)
    return found


def definitions_below(roots: Sequence[Node]) -> dict[Node, Node]:
    """Every named step and adjoint that ``roots`` speak of, with what it stands for."""
    from matcalc.expr import symbols

    found: dict[Node, Node] = {}
    todo = list(symbols(list(roots)))
    while todo:
        node = todo.pop()
        behind = definition(node)
        if behind is not None and node not in found:
            found[node] = behind
            todo.extend(symbols(behind))
    return found


def check_problem(
    problem: Problem, goals: Sequence[Node], *, seed: int, trials: int
) -> CheckReport:
    """The closed forms that the engine finds for a problem, against differences of its forward pass."""
    facts = facts_by_name(problem.facts)
    claims = []
    if not problem.output.shape or problem.output.shape == (1, 1):
        found = _gradients(problem, goals)
        claims = [Claim("gradient", problem.output, g, found[g]) for g in goals]
    else:
        root = expanded(problem.output)
        claims = [
            Claim("jacobian", root, g, second.jacobian(root, g, problem.facts)) for g in goals
        ]
    steps = definitions_below([c for claim in claims for c in (claim.f, claim.value)])
    return check_claims(claims, seed=seed, trials=trials, facts=facts, steps=steps)


def _gradients(problem: Problem, goals: Sequence[Node]) -> dict[Node, Node]:
    if not problem.steps:
        return gradient_of(problem.output, goals, facts=problem.facts)
    swept = sweep(
        problem.steps, problem.output, number(1), goals, problem.names, facts=problem.facts
    )
    return {g: boxed(swept.arrivals[g].value, g) for g in goals}


def check_record(record: Record, *, seed: int = 0, trials: int = 3) -> CheckReport:
    """Every gradient of a derivation. With an upstream symbol G the scalar <G, output> is checked."""
    problem = record.problem
    f = problem.output
    if record.upstream is not None:
        f = inner(record.upstream, f)
    claims = [
        Claim("gradient", f, w, boxed(record.independent.get(w, record.arrivals[w].value), w))
        for w in record.wrt
    ]
    steps = definitions_below([c for claim in claims for c in (claim.f, claim.value)])
    return check_claims(
        claims, seed=seed, trials=trials, facts=facts_by_name(problem.facts), steps=steps
    )
