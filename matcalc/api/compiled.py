"""The public faces of generated code: ``compile``, ``source``, and what a derivation offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matcalc.codegen import backends, curvature
from matcalc.codegen.make import plan_of_expressions
from matcalc.codegen.plan import Plan
from matcalc.codegen.runtime import Compiled
from matcalc.errors import MatcalcError, ShapeError
from matcalc.expr import Node, read, symbols
from matcalc.facts import as_facts
from matcalc.network import Network, Step, expanded
from matcalc.problem import Problem, problem_of
from matcalc.shapes import show


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
    here = [name for e in given for name in _names_in(e)] if many else []
    problems = [problem_of(e, None, assume, here) for e in given]
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


def _names_in(given: Any) -> list[str]:
    """The names a fact may speak of that is stated of several expressions together."""
    return (
        list(given.symbols)
        if isinstance(given, Network)
        else [str(s) for s in symbols(read(given))]
    )


def _steps(problems: list[Problem]) -> list[Step]:
    found: dict[str, Step] = {}
    for p in problems:
        for s in p.steps:
            other = found.setdefault(s.name, s)
            if other.symbol is not s.symbol:
                raise MatcalcError(f"two networks have a step {s.name}: compile them apart")
    return list(found.values())


def hessian_function(f: Any, wrt: Any, *, form: str = "dense", assume: Any = ()) -> Any:
    """The Hessian as code: ``dense`` arrays, an ``operator``, or the ``core`` of a Kronecker product.

    An operator has ``matvec``, ``matmat``, ``solve`` and ``dense()`` and never forms the matrix to
    multiply; a core is the small matrix ``C`` of ``C kron I``.

    >>> import matcalc as mc
    >>> X, w = mc.matrix("X", "n", "d"), mc.vector("w", "d")
    >>> H = hessian_function(mc.sum(mc.softplus(X * w)), w, form="operator")
    >>> H(X=[[1, 0], [0, 2]], w=[0, 0]).matvec([1, 1])
    array([0.25, 1.  ])
    """
    if form not in ("dense", "operator", "core"):
        raise MatcalcError(f"form is dense, operator or core, not {form!r}")
    problem, root, leaf = _opened(f, wrt, assume)
    options = {"facts": problem.facts}
    return curvature.HessianFunction(root, leaf, form, options)


def hessian_product(
    f: Any, wrt: Any, *, direction: str = "V", backend: str = "numpy", assume: Any = ()
) -> Compiled:
    """``g(..., V=...)``: the Hessian times a direction V of the variable's shape, without forming it.

    >>> import matcalc as mc
    >>> A, x = mc.matrix("A", "n", "n"), mc.vector("x", "n")
    >>> hessian_product(x.T * A * x, x)(A=[[1, 0], [2, 1]], V=[1, 0])
    array([[2.],
           [2.]])
    """
    problem, root, leaf = _opened(f, wrt, assume)
    product = curvature.hessian_product(root, leaf, direction)
    spare = curvature.symbols_of(root, leaf)
    return curvature.compiled_of(product, {"facts": problem.facts}, spare, backend)


def gauss_newton_product(
    f: Any,
    through: Any,
    wrt: Any,
    *,
    direction: str = "V",
    backend: str = "numpy",
    assume: Any = (),
) -> Compiled:
    """``g(..., V=...)``: J' (d^2 f / dF^2) J times V, where F = ``through`` is a part of f.

    >>> import matcalc as mc
    >>> X, w = mc.matrix("X", "n", "d"), mc.vector("w", "d")
    >>> z = mc.tanh(X * w)
    >>> product = gauss_newton_product(mc.sum(mc.square(z)), z, w)
    >>> product(X=[[1, 0], [0, 2]], w=[0, 0], V=[1, 1])
    array([[2.],
           [8.]])
    """
    problem, root, leaf = _opened(f, wrt, assume)
    inside = expanded(problem_of(f, through).output if isinstance(through, str) else read(through))
    product = curvature.gauss_newton_product(root, inside, leaf, direction)
    spare = curvature.symbols_of(root, leaf)
    return curvature.compiled_of(product, {"facts": problem.facts}, spare, backend)


def _opened(f: Any, wrt: Any, assume: Any) -> tuple[Problem, Node, Node]:
    """The output in declared symbols, and the variable."""
    problem = problem_of(f, None, assume, [wrt])
    root, leaf = expanded(problem.output), problem.find(wrt)
    if root.shape:
        raise ShapeError(f"a Hessian needs a scalar, but {root} is {show(root.shape)}")
    return problem, root, leaf


__all__ = [
    "compile",
    "gauss_newton_product",
    "hessian_function",
    "hessian_product",
    "plan_for",
    "source",
]
