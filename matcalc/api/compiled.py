"""The public faces of generated code: ``compile``, ``source``, and what a derivation offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matcalc.codegen import backends
from matcalc.codegen.make import plan_of_expressions
from matcalc.codegen.plan import Plan
from matcalc.codegen.runtime import Compiled
from matcalc.errors import MatcalcError
from matcalc.expr import Node
from matcalc.facts import as_facts
from matcalc.network import Network, Step
from matcalc.problem import Problem, problem_of


def compile(
    expressions: Any,
    *,
    backend: str = "numpy",
    workspace: bool = False,
    sizes: Mapping[str, int] | None = None,
    assume: Any = (),
) -> Compiled:
    """A function of keyword arguments that computes an expression, or a list of them together.

    ``sizes`` are dimensions to plan with where the order of products depends on them. With
    ``workspace`` the results stand in buffers that the next call writes again.

    >>> import matcalc as mc
    >>> H, x = mc.matrix("H", "n", "n"), mc.vector("x", "n")
    >>> f = mc.compile(H.T * H * x)
    >>> f(H=[[1, 2], [0, 1]], x=[1, 1])
    array([[3.],
           [7.]])
    """
    plan = plan_for(expressions, sizes=sizes, assume=assume, flat=workspace)
    return backends.compiled(plan, backend, workspace)


def source(
    expressions: Any,
    *,
    backend: str = "numpy",
    workspace: bool = False,
    sizes: Mapping[str, int] | None = None,
    assume: Any = (),
) -> str:
    """The source of what ``compile`` compiles.

    >>> import matcalc as mc
    >>> A, B = mc.matrix("A", "n", "n"), mc.matrix("B", "n", "n")
    >>> print(mc.source(mc.tr(A * B)).rstrip().splitlines()[-1].strip())
    return t1
    """
    plan = plan_for(expressions, sizes=sizes, assume=assume, flat=workspace)
    return backends.source(plan, backend, workspace)


def plan_for(
    expressions: Any,
    *,
    sizes: Mapping[str, int] | None = None,
    assume: Any = (),
    flat: bool = False,
) -> Plan:
    """The plan of an expression, a network, or a list or mapping of expressions."""
    many = isinstance(expressions, (list, tuple, Mapping))
    if isinstance(expressions, Mapping):
        labels, given = [str(k) for k in expressions], list(expressions.values())
    else:
        given = list(expressions) if many else [expressions]
        labels = [f"value {k + 1}" for k in range(len(given))]
    if not given:
        raise MatcalcError("there is no expression to compile")
    problems = [problem_of(e, None, assume) for e in given]
    steps = _steps(problems)
    inputs: dict[Node, None] = {}
    for p, e in zip(problems, given, strict=True):
        if isinstance(e, Network):
            inputs.update(dict.fromkeys((*p.inputs, *p.params)))
    facts = [f for p in problems for f in p.facts]
    return plan_of_expressions(
        [p.output for p in problems],
        labels,
        steps=steps,
        inputs=list(inputs),
        facts=list(dict.fromkeys([*facts, *as_facts(assume)])),
        sizes=sizes,
        single=not many,
        flat=flat,
    )


def _steps(problems: list[Problem]) -> list[Step]:
    found: dict[str, Step] = {}
    for p in problems:
        for s in p.steps:
            other = found.setdefault(s.name, s)
            if other.symbol is not s.symbol:
                raise MatcalcError(f"two networks have a step {s.name}: compile them apart")
    return list(found.values())


__all__ = ["compile", "plan_for", "source"]
