"""What an expert would write, by the count of what grows with the cube of a size, and its value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for
from matcalc.codegen.plan import Plan
from matcalc.codegen.terms import Term, cols

n, k, d = mc.dims("n k d")
A, B, C, H, P, L, R, O, D, S = (mc.matrix(s, n, n) for s in "ABCHPLRODS")
U, V, X, K = mc.matrix("U", n, k), mc.matrix("V", n, k), mc.matrix("X", n, d), mc.matrix("K", k, k)
x, y, v, z = (mc.vector(s, n) for s in "xyvz")
one, eye, zero = mc.ones(n, 1), mc.eye(n), mc.zeros(n, n)
Q = mc.Q
FACTS = (
    Q.positive_definite(P), Q.symmetric(S), Q.lower_triangular(L), Q.upper_triangular(R),
    Q.orthogonal(O), Q.diagonal(D),
)  # fmt: skip
centre = eye - one * one.T / n
inv, tr, had = mc.inv, mc.tr, mc.hadamard

# name -> expressions, products (or solves for as many columns) of n x n matrices, factorisations
CASES: dict[str, tuple[Any, int, int]] = {
    "a power of a product with itself": (A * A.T * x + A * A.T * A * A.T * x, 0, 0),
    "a product and its transpose": (A * B * C + C.T * B.T * A.T, 2, 0),
    "a solve and its transpose": ([inv(A) * B, B.T * inv(A.T)], 1, 1),
    "solves of a sum": (inv(A) * x + inv(A) * y, 0, 1),
    "a square norm in disguise": (x.T * A * H.T * H * A.T * x, 0, 0),
    "a power times a vector": (A**3 * x, 0, 0),
    "a power of a thin product": ((U * V.T) ** 3, 0, 0),
    "a power of an outer product": ((x * y.T) ** 5, 0, 0),
    "sum of a power": (mc.sum(A**3), 0, 0),
    "trace of a square": (tr(A**2), 0, 0),
    "trace of a fourth power": (tr(A**4), 1, 0),
    "entry of a square": ((A**2)[0, 1], 0, 0),
    "two orders of one trace": (tr(A * B) + tr(B * A), 0, 0),
    "scaled by an outer product": (had(x * y.T, A) * z, 0, 0),
    "row sums scaled by an outer product": (mc.rowsum(had(A, x * y.T)), 0, 0),
    "diagonal of a scaled matrix": (mc.diag(mc.diag(x) * A), 0, 0),
    "square norm of a thin product": (mc.norm2(U * V.T) ** 2, 0, 0),
    "centred": (centre * A, 0, 0),
    "centred twice": (centre * A * centre, 0, 0),
    "Householder": ((eye - 2 * v * v.T) * A * (eye - 2 * v * v.T), 0, 0),
    "a row of a softmax": (mc.softmax(A * B)[0, :], 0, 0),
    "a column of a softmax of columns": (mc.softmax(A * B, axis=0)[:, 0], 0, 0),
    "a log-sum-exp of one row": (mc.logsumexp(A * B)[0, 0], 0, 0),
    "an entry of a triangle": (mc.tril(A * B)[0, 0], 0, 0),
    "an entry above a triangle": (mc.tril(A * B)[0, 1], 0, 0),
    "Woodbury": (inv(eye + U * U.T) * x, 0, 0),
    "Woodbury, diagonal": (inv(mc.diag(v) + U * K * U.T) * x, 0, 0),
    "Woodbury, declared diagonal": (inv(D + U * U.T) * x, 0, 0),
    "Woodbury, one column": (inv(eye + x * y.T) * z, 0, 0),
    "Sylvester": (mc.logdet(eye + U * U.T), 0, 0),
    "Sylvester, one column": (mc.det(eye + x * y.T), 0, 0),
    "both at once": ([mc.logdet(mc.diag(v) + U * U.T), inv(mc.diag(v) + U * U.T) * x], 0, 0),
    "gradient of a determinant": (mc.gradient(mc.logdet(eye + U * U.T), U), 0, 0),
    "trace of a low-rank inverse": (tr(inv(eye + U * U.T)), 0, 0),
    "block diagonal solve": (inv(mc.block([[A, zero], [zero, B]])) * mc.vstack(x, y), 0, 2),
    "block diagonal determinant": (mc.logdet(mc.block([[A, zero], [zero, P]])), 0, 2),
    "Kronecker solve": (inv(mc.kron(A, B)) * mc.vec(C), 2, 2),
    "Kronecker of triangles": (inv(mc.kron(L, R)) * mc.vec(C), 2, 0),
    "Kronecker determinant": (mc.logdet(mc.kron(P, A.T * A)), 0, 2),
    "Kronecker with a diagonal": (mc.kron(mc.diag(x), B) * mc.vec(C), 1, 0),
    "determinant of triangles": (mc.logdet(L * R), 0, 0),
    "determinant of a similar matrix": (mc.logdet(O * P * O.T), 0, 1),
    "determinant of a Gram matrix": (mc.logdet(A.T * A), 0, 1),
    "determinant of a multiple": (mc.logdet(2 * P), 0, 1),
    "determinant of an inverse": (mc.logdet(inv(P)), 0, 1),
    "determinant beside a solve": (mc.det(A) * (inv(A) * x), 0, 1),
    "determinant beside a definite solve": (mc.det(P) * (inv(P) * x), 0, 1),
    "solves by two triangles": (inv(L * L.T) * x, 0, 0),
    "an orthogonal factor": (inv(O * A) * x, 0, 1),
    "nested inverses": (inv(A * inv(B)) * x, 0, 1),
    "a sum of diagonals": (inv(D + 2 * eye) * x + inv(mc.diag(v) + D) * y, 0, 0),
    "a rotated trace": (tr(O * A * O.T), 0, 0),
    "a trace of a similar matrix": (tr(inv(A) * B * A), 0, 0),
    "a rotated norm": (mc.norm2(O * A), 0, 0),
    "diagonals and a thin product": (inv(D + eye + U * U.T) * x, 0, 0),
    "a solve and one updated": ([inv(A + x * y.T) * z, inv(A) * z], 0, 1),
    "determinants of an update": (mc.logdet(P + x * x.T) - mc.logdet(P), 0, 1),
    "a Kronecker product of thin ones": (
        mc.logdet(mc.eye(n * k) + mc.kron(x, K) * mc.kron(x, K).T), 0, 0,
    ),
    "a stack of identities": (mc.vstack(2 * eye, 3 * eye).T * mc.vstack(2 * eye, 3 * eye) * A, 0, 0),
    "quadratic forms of one matrix": ([x.T * inv(P) * x, x.T * inv(P) * y, mc.logdet(P)], 0, 1),
}  # fmt: skip


def is_big(t: Term) -> bool:
    return t.shape == (n, n)


def products(plan: Plan) -> int:
    count = 0
    for t in plan.terms():
        if t.op in ("mm", "solve"):
            count += is_big(t) and (t.op == "solve" or cols(t.args[0]) == n)
        count += t.op in ("inverse", "mpow") and is_big(t)
    return count


def factorisations(plan: Plan) -> int:
    return sum(
        t.op == "factor" and is_big(t) and t.params[0] not in ("lower", "upper")
        for t in plan.terms()
    )


@pytest.mark.parametrize("name", CASES)
def test_what_is_cubic_is_counted(name: str) -> None:
    """Products and factorisations as an expert would have them, and no matrix of zeros."""
    expression, most, factors = CASES[name]
    plan = plan_for(expression, assume=FACTS)
    assert (products(plan), factorisations(plan)) == (most, factors)
    dense = {t.op for t in plan.terms() if t.shape and is_big(t)}
    assert not dense & {"diag_matrix", "eye_matrix", "full", "inverse"}


def given(names: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Arrays of six rows that keep the declared facts."""
    size = {"U": (6, 2), "V": (6, 2), "X": (6, 3), "K": (2, 2)}
    made = {s: rng.normal(size=size.get(s, (6, 6) if s.isupper() else (6, 1))) for s in names}
    kept = {
        "P": lambda M: M @ M.T + np.eye(6), "S": lambda M: M + M.T,
        "L": lambda M: np.tril(M) + 3 * np.eye(6), "R": lambda M: np.triu(M) + 3 * np.eye(6),
        "O": lambda M: np.linalg.qr(M)[0], "D": lambda M: np.diag(np.diagonal(M) ** 2 + 1),
        "A": lambda M: M @ M.T / 6 + np.eye(6), "B": lambda M: M @ M.T / 6 + np.eye(6),
        "v": lambda M: np.abs(M) + 0.5, "K": lambda M: M @ M.T,
    }  # fmt: skip
    return {s: kept[s](M) if s in kept else M for s, M in made.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_values_are_those_of_the_expression(name: str, rng: np.random.Generator) -> None:
    """With and without a workspace."""
    expression, _, _ = CASES[name]
    roots = expression if isinstance(expression, list) else [expression]
    for workspace in (False, True):
        f = mc.compile(roots, assume=FACTS, workspace=workspace)
        values = given([s for s in f.arguments if s not in ("n", "k", "d")], rng)
        dims = {"n": 6} if "n" in f.arguments else {}
        for got, root in zip(f(**values, **dims), roots, strict=True):
            want = mc.evaluate(root, values, dims={"n": 6, "k": 2, "d": 3})
            assert np.allclose(np.reshape(got, np.shape(want)), want, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (mc.exp(x) / mc.sum(mc.exp(x)), "softmax"),
        (mc.exp(x.T) / mc.sum(mc.exp(x.T)), "softmax"),
        (mc.exp(A) / mc.sum(mc.exp(A)), "logsumexp"),
        (mc.log(mc.exp(x) / mc.sum(mc.exp(x))), "log_softmax"),
        (mc.log(one + x), "log1p"),
        (mc.log(one - mc.sigmoid(x)), "logsigmoid"),
        (mc.log(mc.exp(x) + mc.exp(y)), "logaddexp"),
        (mc.log(2 * one + 3 * mc.exp(y)), "logaddexp"),
        (mc.log(mc.cosh(x)), "log1p"),
    ],
)
def test_what_overflows_or_cancels_has_its_stable_form(
    expression: Any, wanted: str, rng: np.random.Generator
) -> None:
    """It is in the plan, agrees where the textbook form works, and is finite where that is not."""
    assert wanted in {t.op for t in plan_for(expression).terms()}
    f = mc.compile(expression)
    size = {"x": (6, 1), "y": (6, 1), "A": (6, 6)}
    values = {s: rng.uniform(0, 1, size=size[s]) for s in f.arguments}
    assert np.allclose(f(**values), mc.evaluate(expression, values), rtol=1e-12)
    assert np.all(np.isfinite(f(**{s: 800 * a for s, a in values.items()})))


def test_a_zero_that_woodbury_would_divide_by_is_an_error(rng: np.random.Generator) -> None:
    """The inverse may exist, but not by this way; the answer is never nan in silence."""
    f = mc.compile(inv(mc.diag(v) + U * U.T) * x)
    values = given("Uvx", rng)
    values["v"][2] = 0
    with pytest.raises(mc.DomainError, match="division by zero"):
        f(**values)


def test_transposes_are_computed_once() -> None:
    """What a chain is read twice for, once turned, has a name of its own."""
    source = mc.source(x.T * A * H.T * H * A.T * x)
    assert source.count("@ H.T") == 1


def test_a_stack_of_multiples_of_the_identity_keeps_it(rng: np.random.Generator) -> None:
    """[X; a I]'[X; a I] is X'X + a^2 I, and not a^2 added to every entry."""
    a, S = mc.scalar("a"), mc.vstack(X, mc.scalar("a") * mc.eye(d))
    f, values = mc.compile(S.T * S), rng.normal(size=(6, 3))
    assert np.allclose(f(X=values, a=2.0), values.T @ values + 4 * np.eye(3))
    assert mc.text(a * mc.eye(d) * (a * mc.eye(d))) != "a^2"
    assert np.allclose(mc.compile(a * mc.eye(d) * (a * mc.eye(d)))(a=3.0, d=2), 9 * np.eye(2))


def test_a_symmetric_part_before_a_vector_is_not_formed() -> None:
    """(A + A') x takes two products with A, also under a number."""
    f = plan_for(x.T * (A + A.T) * x / (x.T * x))
    plan = plan_for(3 * (A + A.T) * x - y)
    for found in (f, plan):
        assert not any(t.op == "add" and is_big(t) for t in found.terms())
