"""The verbs: gradient, jacobian, hessian, differential, derive, check, expand.

Each takes an expression (plain sympy included) or a network; symbols may be given by name. What was
asked is added to an error here, at the door.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from matcalc import second, shapes
from matcalc.api.derivation import Derivation
from matcalc.api.recurrent import FamilyDerivation
from matcalc.errors import MatcalcError, ShapeError, wants, wants_whole
from matcalc.expr import BUILD, Node, brief, number, read, substitute, symbol_name
from matcalc.facts import as_facts, is_symmetric_symbol, refuse_strangers, refuse_wrong
from matcalc.families.derived import derive_families
from matcalc.families.values import evaluate_families
from matcalc.forward import differential as _differential
from matcalc.layout import (
    Layout,
    gradient_in,
    jacobian_in,
    meaning,
    refuse_meaning,
    symmetric_columns,
)
from matcalc.layout import symmetric_gradient as meaning_of
from matcalc.network import Network, checked_symbols, expanded, facts_behind
from matcalc.ops.algebra import ONES, mul, ones, t
from matcalc.ops.blocks import block
from matcalc.problem import Problem, named, problem_of
from matcalc.record import Remark, record, upstream_symbol
from matcalc.reverse import boxed, gradient_of, sweep
from matcalc.rewrite.simplify import simplify as shortened

SHAPE_SAID = re.compile(r"\S+ : (?:scalar|.+ x .+)")


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Inside, errors are short; here they learn what was asked."""
    try:
        yield
    except MatcalcError as error:
        error.add_note(what)
        raise


def _many(wrt: Any) -> bool:
    return isinstance(wrt, (list, tuple))


def _listed(wrt: Any) -> list[Any]:
    return list(wrt) if _many(wrt) else [wrt]


def _wants_scalar(problem: Problem) -> None:
    shape = problem.output.shape
    if shape and shape != (1, 1):
        raise ShapeError(
            f"a gradient needs a scalar, but {brief(problem.output)} is {shapes.show(shape)}; for the matrix "
            "of all partial derivatives use mc.jacobian, or pass an upstream symbol to mc.derive"
        )


def gradient(
    f: Any,
    wrt: Any,
    *,
    layout: Any = Layout.DENOMINATOR,
    of: str | None = None,
    assume: Any = (),
    symmetric_gradient: str = "projected",
) -> Any:
    """The gradient of a scalar in the shape of ``wrt`` (transposed in numerator layout).

    For a network it is in the names of steps and adjoints; ``expand`` writes it in the inputs. A list
    of symbols gives a mapping. By a matrix assumed symmetric it is, by ``symmetric_gradient``, the
    gradient G by ``independent`` entries, the ``projected`` one (G + G')/2 within the symmetric
    matrices, or the ``cookbook``'s G + G' - I.*G.

    >>> import matcalc as mc
    >>> X, w, y = mc.matrix("X", "n", "d"), mc.vector("w", "d"), mc.vector("y", "n")
    >>> mc.gradient((X*w - y).T * (X*w - y) / 2, w)
    X'*(X*w - y)
    """
    chosen = Layout.of(layout)
    if isinstance(f, Network) and f.families:
        goals = wrt if _many(wrt) else [wrt]
        D = derive(
            f, goals, layout=chosen, of=of, assume=assume, symmetric_gradient=symmetric_gradient
        )
        if D.upstream is not None:
            raise ShapeError("a gradient needs a scalar; with an upstream symbol use mc.derive")
        found = {w: D.gradient(w) for w in goals}
        return found if _many(wrt) else found[wrt]
    with asking(f"while differentiating with respect to {wrt}"):
        asked = _listed(wrt)
        problem = problem_of(f, of, assume, asked)
        _wants_scalar(problem)
        goals = [problem.find(w) for w in asked]
        refuse_meaning(symmetric_gradient, goals, problem.facts)
        found, clean = _gradients(problem, goals)
        for g in goals:
            if is_symmetric_symbol(g, problem.facts):
                found[g] = meaning_of(found[g], symmetric_gradient, clean)
        results = {g: gradient_in(chosen, found[g], problem.facts) for g in goals}
    return results if _many(wrt) else results[goals[0]]


Clean = Callable[[Node], Node]


def _gradients(problem: Problem, goals: list[Node]) -> tuple[dict[Node, Node], Clean]:
    """The gradients by independent entries, and what shortens an expression in their names."""
    if not problem.steps:
        clean = partial(shortened, facts=problem.facts)
        return gradient_of(problem.output, goals, facts=problem.facts), clean
    swept = sweep(
        problem.steps, problem.output, number(1), goals, problem.names, facts=problem.facts
    )
    return {g: boxed(swept.arrivals[g].value, g) for g in goals}, swept.clean


def jacobian(
    F: Any,
    wrt: Any,
    *,
    layout: Any = Layout.DENOMINATOR,
    of: str | None = None,
    assume: Any = (),
    symmetric_gradient: str = "independent",
) -> Any:
    """The Jacobian as one matrix; matrices are read through column-stacking vec.

    Denominator layout has entry (i, j) = dF_j/dx_i; numerator layout is its transpose. By a matrix
    assumed symmetric the columns of vec are independent, unless ``symmetric_gradient`` asks for
    what ``gradient`` calls ``projected`` or ``cookbook``.

    >>> import matcalc as mc
    >>> A, x = mc.matrix("A", "m", "n"), mc.vector("x", "n")
    >>> mc.jacobian(A*x, x)
    A'
    """
    chosen = Layout.of(layout)
    with asking(f"while taking the Jacobian with respect to {wrt}"):
        asked = _listed(wrt)
        problem = problem_of(F, of, assume, asked)
        goals = [problem.find(w) for w in asked]
        refuse_meaning(symmetric_gradient, goals, problem.facts)
        results = {}
        for goal in goals:
            root, leaf = _opened(problem, goal)
            found = second.jacobian(root, leaf, problem.facts)
            if is_symmetric_symbol(goal, problem.facts):
                found = symmetric_columns(found, goal, symmetric_gradient, problem.facts)
            results[goal] = jacobian_in(chosen, found, problem.facts)
    return results if _many(wrt) else results[goals[0]]


def _opened(problem: Problem, goal: Node) -> tuple[Node, Node]:
    """The output in declared symbols alone, the goal kept as a symbol even where it is a step."""
    if problem.definition(goal) is None:
        return expanded(problem.output), goal
    keep = BUILD["plain_symbol"](goal)
    image: dict[Node, Node] = {goal: keep}
    for step in problem.steps:
        if step.symbol is not goal:
            image[step.symbol] = substitute(step.definition, image)
    return substitute(problem.output, image), keep


def _plain(step: Node) -> Node:
    from matcalc.expr import symbol

    return symbol(symbol_name(step), step.shape, step.params[2])


BUILD["plain_symbol"] = _plain


def hessian(
    f: Any,
    wrt: Any,
    wrt2: Any = None,
    *,
    of: str | None = None,
    assume: Any = (),
    symmetric_gradient: str = "independent",
) -> Any:
    """The matrix of second derivatives, d^2 f / dvec(wrt) dvec(wrt2)^T; lists give the block matrix.
    ``symmetric_gradient`` as for ``jacobian``.

    >>> import matcalc as mc
    >>> A, x = mc.matrix("A", "n", "n"), mc.vector("x", "n")
    >>> mc.hessian(x.T*A*x, x)
    A + A'
    """
    with asking(f"while taking the Hessian with respect to {wrt}"):
        given = wrt if wrt2 is None else wrt2
        problem = problem_of(f, of, assume, [*_listed(wrt), *_listed(given)])
        _wants_scalar(problem)
        rows = [problem.find(w) for w in _listed(wrt)]
        cols = [problem.find(w) for w in _listed(given)]
        facts = problem.facts
        refuse_meaning(symmetric_gradient, [*rows, *cols], facts)

        def meant(H: Node, row: Node, col: Node) -> Node:
            if is_symmetric_symbol(row, facts):
                H = t(symmetric_columns(t(H), row, symmetric_gradient, facts))
            if is_symmetric_symbol(col, facts):
                H = symmetric_columns(H, col, symmetric_gradient, facts)
            return shortened(H, facts=facts)

        root = expanded(problem.output)
        if not _many(wrt) and not _many(given):
            row_root, row = _opened(problem, rows[0])
            col = cols[0] if cols[0] is not rows[0] else row
            return meant(second.hessian(row_root, row, col, facts), row, col)
        grid = [[meant(second.hessian(root, r, c, facts), r, c) for c in cols] for r in rows]
        return shortened(block(grid), facts=facts)


def differential(F: Any, *, of: str | None = None, assume: Any = ()) -> Any:
    """dF, linear in dX, dW, ..., less what is assumed constant.

    >>> import matcalc as mc
    >>> A = mc.matrix("A", "n", "n")
    >>> mc.differential(mc.logdet(A))
    tr(inv(A)*dA)
    """
    problem = problem_of(F, of, assume)
    declared = [*problem.inputs, *problem.params]
    free = [s for s in declared if symbol_name(s) not in problem.constants]
    return shortened(_differential(expanded(problem.output), free), facts=problem.facts)


def derive(
    f: Any,
    wrt: Any = None,
    *,
    upstream: str | None = None,
    layout: Any = Layout.DENOMINATOR,
    of: str | None = None,
    assume: Any = (),
    symmetric_gradient: str = "projected",
) -> Derivation:
    """The whole backward pass, line by line.

    ``wrt`` defaults to all parameters (all inputs if there are none). An output that is no scalar
    gets an ``upstream`` symbol of its shape for what arrives from above. ``symmetric_gradient`` says what
    the gradient by a matrix assumed symmetric is, as in ``gradient``.
    """
    chosen = Layout.of(layout)
    if isinstance(f, Network) and f.families:
        with asking("while deriving the backward pass"):
            derived = derive_families(
                f,
                wrt,
                upstream=upstream,
                layout=chosen,
                of=of,
                assume=assume,
                symmetric=meaning(symmetric_gradient),
            )
            return FamilyDerivation(derived)
    with asking("while deriving the backward pass"):
        problem = named(problem_of(f, of, assume, _asked(wrt)))
        goals = _goals(problem, wrt)
        refuse_meaning(symmetric_gradient, goals, problem.facts)
        remarks = _assumed(problem)
        arriving = None
        if problem.output.shape or upstream is not None:
            arriving = upstream_symbol(problem, upstream)
            if upstream is None and problem.upstream is None:
                said = (
                    "the output {output} is {shape}, so {arriving} of that shape stands for what "
                    "arrives from above"
                )
                shape = shapes.show(problem.output.shape)
                remarks.append(Remark(said, output=problem.output, shape=shape, arriving=arriving))
        made = record(problem, goals, arriving, chosen, tuple(remarks), symmetric_gradient)
        return Derivation(made)


def _assumed(problem: Problem) -> list[str]:
    """What had to be assumed; the shapes that the formula itself tells in one sentence."""
    shaped = [a for a in problem.assumed if SHAPE_SAID.fullmatch(a)]
    others = [a for a in problem.assumed if a not in shaped]
    said = "Shapes assumed from the formula: {shapes}."
    return [Remark(said, shapes="; ".join(shaped)), *others] if shaped else others


def _goals(problem: Problem, wrt: Any) -> list[Node]:
    if wrt is None:
        if problem.constants and not problem.variables:
            raise MatcalcError(
                "everything is assumed constant: there is nothing to differentiate by"
            )
        return [problem.find(s) for s in problem.variables]
    return [problem.find(w) for w in _asked(wrt)]


def _asked(wrt: Any) -> list[Any]:
    """The variables asked for, one or many."""
    if wrt is None:
        return []
    single = isinstance(wrt, (str, Node, Mapping)) or not isinstance(wrt, Iterable)
    return [wrt] if single else list(wrt)


def expand(expr: Any) -> Any:
    """An expression in the inputs alone: every step and every adjoint written out.

    A mapping of results gives a mapping.
    """
    if isinstance(expr, Mapping):
        return {k: expand(v) for k, v in expr.items()}
    node = read(expr)
    return shortened(expanded(node), facts=facts_behind(node))


def simplify(expr: Any, *, assume: Any = ()) -> Any:
    """An expression in the form a lecturer would write. Value and shape are kept.

    A mapping of results gives a mapping; ``assume`` are facts about its symbols.

    >>> import matcalc as mc
    >>> A = mc.matrix("A", "n", "n")
    >>> simplify((A.T * mc.ones("n", 1)).T)
    colsum(A)
    """
    if isinstance(expr, Mapping):
        return {k: simplify(v, assume=assume) for k, v in expr.items()}
    node = read(expr)
    stated = [*facts_behind(node), *as_facts(assume)]
    if stated:
        here = checked_symbols([node])
        refuse_strangers(stated, here)
        refuse_wrong(stated, here)
    return shortened(node, facts=stated)


def evaluate(expr: Any, values: Mapping[Any, Any], *, dims: Mapping[Any, int] | None = None) -> Any:
    """The value of an expression or a network at NumPy arrays: a 2-D array, or a ``float``.

    Keys are names or symbols; columns may be 1-D; dimensions follow from the arrays, or from
    ``dims={"n": 5}`` where they can't. An undefined function is given as ``{"g": fn}`` with
    ``fn(x, k)`` its k-th derivative.

    >>> import matcalc as mc
    >>> X = mc.matrix("X", "n", "d")
    >>> evaluate(mc.sum(X.T * X), {"X": [[1, 2], [3, 4]]})
    58.0
    """
    from matcalc.numeric.checking import definitions_below
    from matcalc.numeric.evaluate import evaluate_together

    wants(Mapping, values, "values map names to arrays")
    if isinstance(expr, Network) and expr.families:
        return evaluate_families(derive_families(expr, []), values, dims=dims).value
    root = read(expr)
    return evaluate_together([root], values, dims=dims, steps=definitions_below([root]))[root]


def check(
    f: Any,
    wrt: Any = None,
    *,
    seed: int = 0,
    trials: int = 3,
    of: str | None = None,
    assume: Any = (),
) -> Any:
    """The closed form against differences of the forward expression; true if it holds.

    >>> import matcalc as mc
    >>> A = mc.matrix("A", "n", "n")
    >>> bool(check(mc.logdet(A), A))
    True
    """
    from matcalc.numeric.checking import check_problem

    wants_whole(seed, "the seed")
    wants_whole(trials, "the number of trials", 1)
    if isinstance(f, Network) and f.families:
        return derive(f, wrt, of=of, assume=assume).check(seed=seed, trials=trials)
    with asking(f"while checking the derivative with respect to {wrt}"):
        problem = problem_of(f, of, assume, _asked(wrt))
        return check_problem(problem, _goals(problem, wrt), seed=seed, trials=trials)


def diff(f: Node, *wrt: Any) -> Node:
    """What ``.diff`` means on our nodes."""
    out = f
    if not wrt:
        raise MatcalcError("diff needs a symbol: f.diff(x)")
    todo = list(wrt)
    while todo:
        by = todo.pop(0)
        count = int(todo.pop(0)) if todo and isinstance(todo[0], int) else 1
        for _ in range(count):
            out = _diff_once(out, by)
    return out


def _diff_once(f: Node, by: Any) -> Node:
    problem = problem_of(f)
    goal = problem.find(by)
    if not f.shape:
        return expanded(_gradients(problem, [goal])[0][goal])
    if not goal.shape:
        one = number(1)
        return BUILD["scalar_change"](expanded(f), goal, one)
    raise ShapeError(
        f"the derivative of the {shapes.show(f.shape)} matrix {brief(f)} by the "
        f"{shapes.show(goal.shape)} matrix {goal} "
        "is no matrix of one of these shapes; mc.jacobian gives it as one matrix on vec"
    )


def _scalar_change(f: Node, goal: Node, one: Node) -> Node:
    from matcalc.linear import differential as change

    return shortened(change(f, [goal], {goal: one}))


BUILD["diff"] = diff
BUILD["scalar_change"] = _scalar_change
_ = (ONES, mul, ones)
