"""Hessians as code: dense, as operators, as cores; products without the matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for
from matcalc.errors import DomainError, MatcalcError, NameClashError, ShapeError

n, m, k, c = mc.dims("n m k c")
X, w, y = mc.matrix("X", m, n), mc.vector("w", n), mc.vector("y", m)
U, V, T = mc.matrix("U", n, k), mc.matrix("V", n, k), mc.matrix("T", n, n)
FACTORED = mc.norm2(U * V.T - T) ** 2
LOGISTIC = mc.sum(mc.softplus(-mc.hadamard(y, X * w)))


def numbers(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "X": rng.normal(size=(7, 4)), "w": rng.normal(size=(4, 1)), "y": rng.normal(size=(7, 1)),
        "U": rng.normal(size=(5, 2)), "V": rng.normal(size=(5, 2)), "T": rng.normal(size=(5, 5)),
    }  # fmt: skip


@pytest.mark.parametrize(("f", "wrt"), [(FACTORED, U), (LOGISTIC, w)])
def test_forms_agree(f: Any, wrt: Any, rng: np.random.Generator) -> None:
    """The operator multiplies and solves like the dense matrix, which is what evaluate gives."""
    given = numbers(rng)
    dense = mc.hessian_function(f, wrt)(**given)
    H = mc.hessian(f, wrt)
    used = {s: given[s] for s in given if s in str(H)}
    assert np.allclose(dense, mc.evaluate(H, used))
    operator = mc.hessian_function(f, wrt, form="operator")(**given)
    v, M = rng.normal(size=len(dense)), rng.normal(size=(len(dense), 3))
    assert operator.shape == dense.shape
    assert np.allclose(operator.matvec(v), dense @ v)
    assert np.allclose(operator @ M, dense @ M)
    assert np.allclose(operator.dense(), dense)
    assert np.allclose(dense @ operator.solve(v), v)


def test_the_core_is_small(rng: np.random.Generator) -> None:
    """Matrix factorisation: 2 V'V, k x k, stands for the whole."""
    given = numbers(rng)
    core = mc.hessian_function(FACTORED, U, form="core")(**given)
    assert core.matrix.shape == (2, 2)
    assert np.allclose(core.dense(), mc.hessian_function(FACTORED, U)(**given))
    with pytest.raises(MatcalcError, match="no Kronecker product"):
        mc.hessian_function(LOGISTIC, w, form="core")


def test_a_multiple_of_the_identity_belongs_to_the_core(rng: np.random.Generator) -> None:
    """A regularised factorisation: V'V and the penalty, k x k."""
    given = {**numbers(rng), "lam": 0.3}
    f = FACTORED + mc.scalar("lam") * mc.norm2(U) ** 2
    core = mc.hessian_function(f, U, form="core")(**given)
    assert core.matrix.shape == (2, 2)
    assert np.allclose(core.dense(), mc.hessian_function(f, U)(**given))


def test_what_nothing_depends_on_may_be_given(rng: np.random.Generator) -> None:
    """It tells dimensions too; a name that the function never had is still refused."""
    given = {s: a for s, a in numbers(rng).items() if s in "UVT"}
    product = mc.hessian_product(FACTORED, U, direction="E")
    E = rng.normal(size=(5, 2))
    assert np.allclose(product(**given, E=E), product(V=given["V"], E=E))
    assert mc.hessian_function(FACTORED, U)(**given).shape == (10, 10)
    with pytest.raises(MatcalcError, match="no argument 'Q'"):
        product(**given, E=E, Q=1)


def test_a_singular_hessian_solves_nothing(rng: np.random.Generator) -> None:
    """Not even where rounding makes it look regular."""
    W, Y = mc.matrix("W", n, k), mc.matrix("Y", m, k)
    f = mc.cross_entropy(mc.softmax(X * W), Y)  # adding a column to W changes nothing
    labels = np.eye(2)[rng.integers(0, 2, size=7)]
    given = {"X": rng.normal(size=(7, 4)), "W": rng.normal(size=(4, 2)), "Y": labels}
    operator = mc.hessian_function(f, W, form="operator")(**given)
    with pytest.raises(DomainError, match="no inverse at this point"):
        operator.solve(rng.normal(size=8))
    with pytest.raises(ShapeError, match="right-hand side"):
        operator.solve(np.ones(3))


def test_products_without_the_matrix(rng: np.random.Generator) -> None:
    """Hessian and Gauss-Newton products of a small network, in the variable's shape."""
    given = numbers(rng)
    W = mc.matrix("W", n, k)
    Y = mc.matrix("Y", m, k)
    F = mc.tanh(X * W)
    f = mc.sum(mc.square(F - Y))
    values = {"X": given["X"], "W": rng.normal(size=(4, 2)), "Y": rng.normal(size=(7, 2))}
    D = rng.normal(size=(4, 2))
    dense = mc.evaluate(mc.hessian(f, W), values)
    got = mc.hessian_product(f, W, direction="D")(**values, D=D)
    assert np.allclose(got.ravel("F"), dense @ D.ravel("F"))
    J = mc.evaluate(mc.jacobian(F, W, layout="numerator"), {s: values[s] for s in "XW"})
    product = mc.gauss_newton_product(f, F, W, direction="D")
    got = product(**{s: values[s] for s in "XW" if s in product.arguments}, D=D)
    assert np.allclose(got.ravel("F"), 2 * J.T @ (J @ D.ravel("F")))


def test_wrong_requests_are_refused() -> None:
    """A matrix has no Hessian; a direction needs a name of its own."""
    with pytest.raises(ShapeError, match="needs a scalar"):
        mc.hessian_function(X * w, w)
    with pytest.raises(NameClashError, match="give the direction another name"):
        mc.hessian_product(FACTORED, U)
    with pytest.raises(MatcalcError, match="dense, operator or core"):
        mc.hessian_function(FACTORED, U, form="sparse")


def test_an_operator_never_forms_the_square() -> None:
    """X' D X is applied from the right end."""
    function = mc.hessian_function(LOGISTIC, w, form="operator")
    assert "X.T @ (" in function.source
    assert "t2.T @ t2" not in function.source


def test_a_weighted_gram_is_one_buffer_twice() -> None:
    """X' D X with D not negative is Z'Z, which NumPy hands to a symmetric product."""
    ops = [t for t in plan_for(mc.hessian(LOGISTIC, w)).terms() if t.op == "mm"]
    assert any(t.args[0].op == "T" and t.args[0].args[0] is t.args[1] for t in ops)


def test_pairwise_distances_have_a_block_form(rng: np.random.Generator) -> None:
    """-2 (I/d - r r'/d^3) off the diagonal, derived and planned without an n^2 x n^2 matrix."""
    one = mc.ones(n, 1)
    points = [mc.vector(s, n) for s in "xyz"]
    squares = [mc.square(p * one.T - one * p.T) for p in points]
    f = mc.sum(mc.sqrt(squares[0] + squares[1] + squares[2] + mc.eye(n)))
    expression = mc.hessian(f, points)
    plan = plan_for(expression)
    assert not any(t.op.startswith(("kron", "repeat")) for t in plan.terms())
    given = {s: rng.normal(size=(6, 1)) for s in "xyz"}
    H = mc.compile(expression)(**given)
    i, j = 1, 4
    r = np.array([given[s][i, 0] - given[s][j, 0] for s in "xyz"])
    d = np.sqrt(r @ r)
    assert np.allclose(H[i::6, j::6], -2 * (np.eye(3) / d - np.outer(r, r) / d**3))
    assert np.allclose(H, H.T)
    assert np.allclose(H @ np.tile(np.eye(6)[:, :1] * 0 + 1, (3, 1)), 0)


def test_sums_over_an_index_become_products() -> None:
    """sum_i (AB) u_i u_i' is A (B U) U'."""
    from matcalc.expr import BUILD

    A, B = mc.matrix("A", n, n), mc.matrix("B", n, n)
    i = BUILD["fresh_index"]("i")
    total = BUILD["isum"](A * B * U[:, i] * U[:, i].T, i, 0, k - 1)
    assert not any(t.op == "loop" for t in plan_for(total).terms())
