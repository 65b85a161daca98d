"""What the plan computes, and what it never computes: tests on the plan, not on time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for
from matcalc.codegen.make import plan_of_record
from matcalc.codegen.plan import Plan
from tests.codegen.networks import ALL, deep

n, m, d, k = mc.dims("n m d k")
A, B, C, H = (mc.matrix(s, n, n) for s in "ABCH")
X, W, U = mc.matrix("X", n, d), mc.matrix("W", d, k), mc.matrix("U", n, k)
x, y, v = mc.vector("x", n), mc.vector("y", n), mc.vector("v", n)
one = mc.ones(n, 1)
Q = mc.Q


def ops(plan: Plan) -> list[str]:
    return [t.op for t in plan.terms()]


def cubic(plan: Plan) -> int:
    """Products, solves and inverses of n x n matrices by n x n matrices."""
    count = 0
    for t in plan.terms():
        if t.op in ("mm", "solve") and t.shape == (n, n):
            inner = t.args[0].shape[1]
            count += inner == n
    return count + ops(plan).count("inverse")


NO_PRODUCT = {
    "trace": mc.tr(A * B),
    "trace of three, one": mc.tr(A * mc.diag(v) * B),
    "sum": mc.sum(A * B),
    "entry": (A * B)[2, 3],
    "diagonal": mc.diag(A * B),
    "rows": mc.rowsum(A * B),
    "columns": mc.colsum(A * B),
    "one row": (A * B)[0, :],
    "one column": (A * B)[:, 1],
    "vector at the end": H.T * H * x,
    "vector in front": x.T * H.T * H,
    "in a sum": (A - H.T * H) * x,
    "low rank": (A + x * y.T) * v,
    "diagonal matrix": mc.diag(v) * A,
    "diagonal both sides": mc.diag(v) * A * mc.diag(x),
    "inner product": mc.sum(mc.hadamard(A, x * y.T)),
    "Kronecker": mc.kron(mc.eye(n), A) * mc.kron(x, y),
    "identity": mc.eye(n) * A * mc.eye(n),
    "quadratic": x.T * A.T * A * x,
    "block diagonal": mc.vstack(mc.hstack(A, mc.zeros(n, n)), mc.hstack(mc.zeros(n, n), B))
    * mc.vstack(x, y),
}


@pytest.mark.parametrize("name", NO_PRODUCT)
def test_no_product_where_less_serves(name: str) -> None:
    """A trace, a diagonal, an entry, a vector: none of them needs a product of two matrices."""
    assert cubic(plan_for(NO_PRODUCT[name])) == 0


NO_INVERSE = {
    "vector": mc.inv(A) * x,
    "matrix": mc.inv(A) * B,
    "from the left": B * mc.inv(A),
    "quadratic form": x.T * mc.inv(A) * y,
    "in the middle": A * mc.inv(B) * C,
    "trace": mc.tr(mc.inv(A) * B),
    "normal equations": mc.inv(X.T * X) * X.T * x,
    "ridge": mc.inv(X.T * X + mc.eye(d)) * X.T * x,
    "entry": mc.inv(A)[0, 1],
    "sum": mc.sum(mc.inv(A)),
    "row sums": mc.rowsum(mc.inv(A)),
    "column sums": mc.colsum(mc.inv(A)),
    "a row": mc.inv(A)[2, :],
    "transposed": mc.inv(A).T * mc.ones(n, 1),
}


@pytest.mark.parametrize("name", NO_INVERSE)
def test_no_inverse_where_a_solve_serves(name: str) -> None:
    """An inverse beside anything is a solve."""
    assert "inverse" not in ops(plan_for(NO_INVERSE[name]))


@pytest.mark.parametrize(
    ("given", "products"),
    [
        ([A * B + A * C], 1),
        ([A.T * B * (A.T * B)], 2),
        ([(A.T * B).T * (A.T * B)], 2),
        ([A * B, B.T * A.T], 1),
        ([mc.tanh(A * B), mc.tanh(A * B) + C], 1),
        ([mc.tr(A * B * C)], 1),
        ([mc.sum(mc.hadamard(A * B, A * B))], 1),
    ],
)
def test_products_are_counted(given: list[Any], products: int) -> None:
    """Common parts once, also up to transposes; a common factor taken out of a sum."""
    assert cubic(plan_for(given)) == products


def test_one_factorisation_serves_all() -> None:
    """Two solves and a determinant share one factorisation, of a transpose too."""
    plan = plan_for([mc.inv(A) * x, mc.inv(A.T) * y, mc.logdet(A)])
    assert ops(plan).count("factor") == 1
    assert ops(plan).count("solve") == 2


@pytest.mark.parametrize(
    ("fact", "how"),
    [
        (Q.positive_definite(A), "chol"),
        (Q.lower_triangular(A), "lower"),
        (Q.upper_triangular(A), "upper"),
        (None, "lu"),
    ],
)
def test_facts_choose_the_factorisation(fact: Any, how: str) -> None:
    """Cholesky where positive definite is known, substitution where triangular is."""
    plan = plan_for(mc.inv(A) * x, assume=() if fact is None else (fact,))
    [factor] = [t for t in plan.terms() if t.op == "factor"]
    assert factor.params == (how,)


def test_definiteness_is_seen() -> None:
    """X'X plus a positive multiple of the identity is positive definite."""
    plan = plan_for(mc.inv(X.T * X + 2 * mc.eye(d)) * X.T)
    assert [t.params for t in plan.terms() if t.op == "factor"] == [("chol",)]


def test_facts_simplify() -> None:
    """Orthogonal, diagonal and symmetric matrices need no solve and no transpose."""
    assert "solve" not in ops(plan_for(mc.inv(A) * x, assume=Q.orthogonal(A)))
    assert "solve" not in ops(plan_for(mc.inv(A) * x, assume=Q.diagonal(A)))
    assert ops(plan_for(A.T * A * A.T * x, assume=Q.orthogonal(A))).count("mm") == 1


def test_the_sizes_decide() -> None:
    """A chain is bracketed by the stated sizes."""
    E, F, G = mc.matrix("E", m, d), mc.matrix("F", d, n), mc.matrix("G", n, k)
    right = plan_for(E * F * G, sizes={"m": 100, "d": 100, "n": 100, "k": 2})
    left = plan_for(E * F * G, sizes={"m": 2, "d": 100, "n": 100, "k": 100})
    assert {t.shape for t in right.terms() if t.op == "mm"} == {(d, k), (m, k)}
    assert {t.shape for t in left.terms() if t.op == "mm"} == {(m, n), (m, k)}


def test_what_a_loop_does_not_change_stands_before_it() -> None:
    """A product inside a sum over an index is computed once."""
    from matcalc.expr import BUILD

    i = BUILD["fresh_index"]("i")
    total = BUILD["isum"](mc.tanh(A * B) * mc.diag(C[:, i]), i, 0, n - 1)
    [loop] = [s for s in plan_for(total).statements if s.body]
    assert not any(t.op == "mm" for s in loop.body for t in [s.term, *s.term.args])


def test_stable_forms_are_chosen() -> None:
    """Logarithms of sigmoids, softmaxes, sums of exponentials and determinants."""
    assert "log" not in ops(plan_for(mc.sum(mc.log(mc.sigmoid(A)))))
    assert "log_softmax" in ops(plan_for(mc.log(mc.softmax(A))))
    assert "logsumexp" in ops(plan_for(mc.log(mc.sum(mc.exp(x)))))
    assert "logdet" in ops(plan_for(mc.log(mc.det(A))))
    assert "softplus" in ops(plan_for(mc.log(1 + mc.exp(A))))
    assert "softplus" in ops(plan_for(mc.binary_cross_entropy(mc.sigmoid(A), B)))


@pytest.mark.parametrize("layers", [1, 4, 20])
def test_a_deep_net_has_as_many_products_as_a_hand_would(layers: int) -> None:
    """Forward once, backward twice, without the gradient of the input: 3L - 1."""
    plan = plan_of_record(mc.derive(deep(layers)).record)
    assert ops(plan).count("mm") == 3 * layers - 1


def test_entries_per_layer() -> None:
    """At most ten operations a layer."""
    few, many = (len(plan_of_record(mc.derive(deep(k)).record).terms()) for k in (10, 20))
    inputs = 10
    assert (many - few - inputs) / 10 <= 14


@pytest.mark.parametrize("name", ALL)
def test_plans_repeat(name: str) -> None:
    """The same network gives the same text."""
    first, second = (mc.derive(ALL[name]()).source() for _ in range(2))
    assert first == second


def test_a_workspace_reads_before_it_writes(rng: np.random.Generator) -> None:
    """A sum of what a product is made of is taken before the product lands on it."""
    x, y = mc.vector("x", n), mc.vector("y", n)
    t = mc.tanh(x)
    for expression in (
        mc.hadamard(y, t) * mc.sum(mc.hadamard(t, x)),
        mc.hadamard(t, y) / mc.sum(t),
        t * mc.sum(t) + y * mc.sum(mc.square(t)),
        mc.gradient(mc.log(y.T * mc.exp(x)), x),
    ):
        values = {"x": rng.normal(size=(5, 1)), "y": rng.random(size=(5, 1))}
        got = mc.compile(expression, workspace=True)(**values)
        assert np.allclose(got, mc.evaluate(expression, values), rtol=1e-12)
