"""A search for waste: random expressions, and what their plans compute only to look at a part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for
from matcalc.codegen.plan import Plan
from matcalc.codegen.terms import Term

n, k = mc.dims("n k")
SQUARES = [mc.matrix(s, n, n) for s in "ABC"]
P, L = mc.matrix("P", n, n), mc.matrix("L", n, n)
U, V = mc.matrix("U", n, k), mc.matrix("V", n, k)
x, y = mc.vector("x", n), mc.vector("y", n)
FACTS = (mc.Q.positive_definite(P), mc.Q.lower_triangular(L))

# What looks at a part of a matrix, or at sums of its entries.
PARTS: dict[str, Callable[[Any], Any]] = {
    "trace": mc.tr,
    "sum": mc.sum,
    "mean": mc.mean,
    "entry": lambda M: M[1, 2],
    "row": lambda M: M[1, :],
    "column": lambda M: M[:, 2],
    "block": lambda M: M[0:2, 1:3],
    "diagonal": mc.diag,
    "row sums": mc.rowsum,
    "column sums": mc.colsum,
    "times a vector": lambda M: M * x,
    "between vectors": lambda M: y.T * M * x,
}
LOOKS = frozenset({"trace", "diagonal", "slice", "total", "rowsum", "colsum"})


def factor(rng: np.random.Generator) -> Any:
    """A square factor: dense, transposed, structured or an inverse."""
    A = SQUARES[rng.integers(3)]
    made = [
        lambda: A, lambda: A, lambda: A.T, lambda: mc.inv(A), lambda: mc.inv(P), lambda: P,
        lambda: mc.inv(L), lambda: mc.diag(x), lambda: U * V.T, lambda: A**2, lambda: x * y.T,
        lambda: mc.eye(n) - mc.ones(n, 1) * mc.ones(1, n) / n, lambda: mc.eye(n) + U * U.T,
    ]  # fmt: skip
    return made[rng.integers(len(made))]()


def product(rng: np.random.Generator, most: int = 3) -> Any:
    made = factor(rng)
    for _ in range(rng.integers(1, most)):
        made = made * factor(rng)
    return made


def combined(rng: np.random.Generator) -> Any:
    """A product, a sum of two, a multiple or a transpose."""
    M = product(rng)
    ways = [lambda: M, lambda: M + product(rng), lambda: M - 2 * factor(rng), lambda: 3 * M.T]
    return ways[rng.integers(len(ways))]()


def wasted(plan: Plan) -> list[str]:
    """Products that only their trace, diagonal, sums or a part are wanted of; inverses beside."""
    users: dict[Term, list[Term]] = {}
    for t in plan.terms():
        for a in t.args:
            inner = a.args[0] if a.op == "T" else a
            if t.op != "T":
                users.setdefault(inner, []).append(t)
    results = {t for _, t in (*plan.value, *plan.gradients)}
    found = []
    for t, above in users.items():
        if t in results or t.shape != (n, n):
            continue
        looks = {u.op for u in above}
        # The trace of inv(A) B takes as much as B solved for; the diagonal of inv(A) all of inv(A).
        allowed = {"solve": {"trace"}, "inverse": {"trace", "diagonal"}}.get(t.op, set())
        if t.op in ("mm", "inverse", "mpow", "solve") and looks <= LOOKS and not looks & allowed:
            found.append(f"{t.op} only for {above[0].op}")
        if t.op == "inverse" and "mm" in looks:
            found.append("a product with an inverse")
    return found


@pytest.mark.parametrize("part", PARTS)
def test_no_product_for_a_part_and_no_inverse_beside(part: str) -> None:
    """In forty random compositions of each kind."""
    rng = np.random.default_rng(sorted(PARTS).index(part))
    for _ in range(40):
        expression = PARTS[part](combined(rng))
        plan = plan_for(expression, assume=FACTS)
        assert wasted(plan) == [], mc.text(expression)


@pytest.mark.parametrize("part", PARTS)
def test_the_parts_are_right(part: str, rng: np.random.Generator) -> None:
    """Some of the same compositions, by value."""
    made = np.random.default_rng(sorted(PARTS).index(part))
    given = {s: rng.normal(size=(5, 5)) + 3 * np.eye(5) for s in "ABC"}
    M = rng.normal(size=(5, 5))
    given |= {"P": M @ M.T + np.eye(5), "L": np.tril(M) + 3 * np.eye(5)}
    given |= {s: rng.normal(size=(5, 2 if s in "UV" else 1)) for s in "UVxy"}
    for _ in range(6):
        expression = PARTS[part](combined(made))
        f = mc.compile(expression, assume=FACTS)
        values = {s: v for s, v in ({"n": 5, "k": 2} | given).items() if s in f.arguments}
        want = np.asarray(mc.evaluate(expression, given, dims={"n": 5, "k": 2}))
        assert np.allclose(np.reshape(f(**values), want.shape), want, rtol=1e-8, atol=1e-8)


def test_the_search_finds_waste() -> None:
    """A plan that forms a product for its trace is told from one that does not."""
    A, B, _ = SQUARES
    hidden = mc.tr(mc.cumsum(A * B))  # nothing can be pushed into this
    assert wasted(plan_for(mc.tr(A * B))) == wasted(plan_for(hidden)) == []
    plan = plan_for([A * B])
    [(label, whole)] = plan.value
    looked = Term()
    looked.op, looked.args, looked.params, looked.shape = "trace", (whole,), (), ()
    assert wasted(replace(plan, value=((label, looked),))) == ["mm only for trace"]
