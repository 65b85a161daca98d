"""Functions written with sums over indices, as sympy makes them of entries, give matrix formulas."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

import matcalc as mc

n, m, k = sp.symbols("n m k", integer=True, positive=True)
i, j, l = sp.symbols("i j l", integer=True)
A, X = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("X", m, n)
U, V = sp.MatrixSymbol("U", m, k), sp.MatrixSymbol("V", n, k)
x, y, b = sp.MatrixSymbol("x", n, 1), sp.MatrixSymbol("y", n, 1), sp.MatrixSymbol("b", m, 1)
ROWS, COLS = (i, 0, m - 1), (j, 0, n - 1)
residual = sp.Sum(X[i, j] * x[j, 0], COLS) - b[i, 0]
missing = X[i, j] - sp.Sum(U[i, l] * V[j, l], (l, 0, k - 1))

CASES: list[tuple[Any, Any, str | None]] = [
    ((x.T * A * x)[0, 0], x, "(A + A')*x"),
    (sp.sin((x.T * A * x)[0, 0]), x, "cos(x'*A*x)*(A + A')*x"),
    (sp.sqrt((x.T * x)[0, 0]), x, "x/sqrt(x'*x)"),
    (sp.Heaviside((x.T * y)[0, 0]) * (x.T * y)[0, 0], x, "step(x'*y)*y"),
    (sp.Sum(residual**2, ROWS), x, "2*X'*(X*x - b)"),
    (sp.Sum(sp.log(1 + sp.exp(-b[i, 0] * (residual + b[i, 0]))), ROWS), x, "-X'*(b.*sigmoid(-b.*(X*x)))"),
    (sp.Sum(missing**2, ROWS, COLS), U, "-2*(X - U*V')*V"),
    (sp.Sum(missing**2, ROWS, COLS), V, "-2*(X' - V*U')*U"),
    (sp.Sum((x[i, 0] - x[j, 0]) ** 2, (i, 0, n - 1), COLS), x, "4*(n*x - sum(x)*ones(n, 1))"),
    (
        sp.Sum(A[i, j] * (x[i, 0] - x[j, 0]) ** 2, (i, 0, n - 1), COLS),
        x,
        None,
    ),
    (sp.Sum(sp.Sum(X[i, j], COLS) ** 2, ROWS), X, "2*rowsum(X)*ones(1, n)"),
    (sp.Sum(X[i, j] ** 2 * x[j, 0], ROWS, COLS), X, "2*X*diag(x)"),
    (sp.Sum(A[i, j] * A[j, i], (i, 0, n - 1), COLS), A, "2*A'"),
    (sp.Sum(A[j, j] ** 2, COLS), A, "2*diag(diag(A))"),
    (sp.log(sp.Sum(sp.exp(x[j, 0]), COLS)), x, "softmax(x)"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "wrt", "formula"), CASES)
def test_no_index_is_left_in_the_gradient(f: Any, wrt: Any, formula: str | None) -> None:
    """The gradient is the matrix formula, and differences of the sum itself agree."""
    found = mc.text(mc.gradient(f, wrt))
    assert found == (formula or found)
    assert "isum" not in found
    assert mc.check(f, wrt)


OUTSIDE = [
    sp.Sum(x[i, 0], (i, 0, n)),
    sp.Sum(x[i + 1, 0] - x[i, 0], (i, 0, n - 1)),
    sp.Sum(A[i, i - 1], (i, 0, n - 1)),
    sp.Sum(x[2 * i, 0], (i, 1, n)),
]


@pytest.mark.parametrize("f", OUTSIDE, ids=str)
def test_a_sum_that_leaves_its_matrix_is_refused(f: Any) -> None:
    """A first or last term that asks for a row nobody has: the usual slip by one."""
    with pytest.raises(mc.ShapeError, match=r"leaves its matrix: there is no (row|column)"):
        mc.read(f)


def test_sums_that_stay_inside_or_are_empty_are_read() -> None:
    """Differences of neighbours, the triangle and the convolution keep their ranges."""
    for f in (
        sp.Sum((x[i + 1, 0] - x[i, 0]) ** 2, (i, 0, n - 2)),
        sp.Sum(x[i, 0] * x[j, 0], (j, 0, i), (i, 0, n - 1)),
        sp.Sum(x[j, 0] * y[i - j, 0], (j, 0, i), (i, 0, n - 1)),
        sp.Sum(A[i, j], (j, i + 1, n - 1), (i, 0, n - 2)),
    ):
        assert mc.check(f, f.atoms(sp.MatrixSymbol).pop())
