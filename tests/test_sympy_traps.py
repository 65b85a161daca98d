"""What sympy 1.14 gets wrong, right: every derivative here is returned as 0, mis-shaped, unevaluated or
as an exception by sympy's own matrix calculus. Plain sympy goes in; the oracle judges what comes out."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

import matcalc as mc

n, m, k, p = sp.symbols("n m k p", positive=True, integer=True)
i, j = sp.symbols("i j", integer=True)
c = sp.Symbol("c")
X, W, Y = sp.MatrixSymbol("X", n, m), sp.MatrixSymbol("W", m, k), sp.MatrixSymbol("Y", n, k)
W2, Y2 = sp.MatrixSymbol("W2", k, p), sp.MatrixSymbol("Y2", n, p)
A, B = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("B", n, n)
v, y = sp.MatrixSymbol("v", n, 1), sp.MatrixSymbol("y", n, 1)
one_n, one_k = sp.OneMatrix(n, 1), sp.OneMatrix(k, 1)
b = sp.MatrixSymbol("b", 1, k)


def entrywise(f: Any, E: Any) -> Any:
    x = sp.Dummy("x")
    return ElementwiseApplyFunction(sp.Lambda(x, f(x)), E)


def tanh(E: Any) -> Any:
    return entrywise(sp.tanh, E)


R = X * W - Y
net = tanh(X * W) * W2 - Y2
had = sp.HadamardProduct

GRADIENTS = {
    "squared residual": (sp.Trace(R.T * R), W),
    "sum of tanh": (one_n.T * tanh(X * W) * one_k, W),
    "quadratic form": (v.T * A * v, v),
    "trace of inverse": (sp.Trace(A.inv()), A),
    "trace of cube": (sp.Trace(A**3), A),
    "bias row": (sp.Trace((X * W + one_n * b).T * (X * W + one_n * b)), b),
    "square of trace": (sp.Trace(A) ** 2, A),
    "product of traces": (sp.Trace(A) * sp.Trace(B * A), A),
    "sum of traces": (sp.Trace(A) + sp.Trace(A**2), A),
    "two quadratics": (sp.Trace(A.T * A) + sp.Trace(B.T * B), A),
    "ridge": (sp.Trace(R.T * R) + c * sp.Trace(W.T * W), W),
    "trace plus number": (sp.Trace(A) + c, A),
    "squared trace plus trace": (sp.Trace(A) ** 2 + sp.Trace(B), A),
    "exp of trace": (sp.exp(sp.Trace(A)), A),
    "log of trace": (sp.log(sp.Trace(A.T * A)), A),
    "log det": (sp.log(sp.Determinant(A)), A),
    "logistic": (sp.log(1 + sp.exp((v.T * y)[0, 0])), v),
    "logsumexp": (sp.log((sp.OneMatrix(1, n) * entrywise(sp.exp, v))[0, 0]), v),
    "explicit double sum": (sp.Sum(X[i, j] ** 2, (i, 0, n - 1), (j, 0, m - 1)), X),
    "hidden weight": (sp.Trace(net.T * net), W),
    "hidden weight, linear out": (sp.Trace(Y2.T * tanh(X * W) * W2), W),
    "three layers": (sp.Trace(Y2.T * tanh(tanh(X * W) * W2)), W),
    "hadamard inside a sum": (one_n.T * had(tanh(X * W), Y) * one_k, W),
    "diag and trace": (sp.Trace(sp.DiagMatrix(v) * A), v),
    "block matrix": (sp.Trace(sp.BlockMatrix([[A, B], [B, A]])), A),
    "Kronecker": (sp.Trace(sp.KroneckerProduct(A, B)), A),
    "squared inner product": ((v.T * v)[0, 0] ** 2, v),
    "piecewise relu": (
        sp.Trace(entrywise(lambda x: sp.Piecewise((x, x > 0), (0, True)), A) * B),
        A,
    ),
    "determinant": (sp.Determinant(A), A),
    "scalar in a matrix": (sp.Trace((v - c * one_n).T * (v - c * one_n)), c),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_that_sympy_gets_wrong_are_right(name: str) -> None:
    """The gradient has the variable's shape and agrees with differences of the expression."""
    f, wrt = GRADIENTS[name]
    node = mc.read(f)
    if node.shape:
        node = mc.tr(node)
    gradient = mc.gradient(node, wrt)
    assert gradient.shape == (getattr(wrt, "shape", ()) or ())
    report = mc.check(node, wrt)
    assert report, f"{name}: {gradient}\n{report}"


@pytest.mark.parametrize(
    ("f", "wrt", "expected"),
    [
        (sp.Trace(A) + sp.Trace(B), A, "eye(n)"),
        (sp.log(sp.Determinant(A)), A, "inv(A)'"),
        (sp.Trace(R.T * R) + c * sp.Trace(W.T * W), W, None),
        (sp.Trace(sp.DiagMatrix(v) * A), v, "diag(A)"),
        (sp.Trace(A) ** 2, A, "2*tr(A)*eye(n)"),
    ],
)
def test_silent_zeros_print_as_books_do(f: Any, wrt: Any, expected: str | None) -> None:
    """What sympy calls 0 is a short formula."""
    result = mc.gradient(f, wrt)
    assert str(result) != "0"
    if expected is not None:
        assert str(result) == expected


def test_symbolic_powers_are_matrix_powers() -> None:
    """d tr(A^k) is k (A')^(k-1), not an entrywise power; checked at k = 3 by the sum it came from."""
    gradient = mc.gradient(sp.Trace(sp.MatPow(A, k)), A)
    assert "isum" in str(gradient) or "^" in str(gradient)
    at_three = mc.evaluate(gradient, {"A": [[1, 2], [3, 4]]}, dims={"k": 3})
    plain = mc.evaluate(mc.gradient(sp.Trace(A**3), A), {"A": [[1, 2], [3, 4]]})
    assert abs(at_three - plain).max() < 1e-9


def test_undefined_losses_keep_their_derivative() -> None:
    """sympy returns 0 for Function('L')(W); here the partial derivative stays a symbol of W's shape."""
    L = mc.scalar_function("L")(W)
    assert mc.gradient(L, W).shape == (m, k)
    assert mc.check(L, W)


def test_an_entry_of_a_symbol_has_a_derivative() -> None:
    """d w[0, 0] / d w has a single one."""
    gradient = mc.gradient(W[0, 0], W)
    value = mc.evaluate(gradient, {}, dims={"m": 2, "k": 3})
    assert value.tolist() == [[1, 0, 0], [0, 0, 0]]


def test_an_entry_of_a_product_has_a_derivative() -> None:
    """(XW)[i, j] by W: column i of X' in column j."""
    assert mc.check((X * W)[0, 1], W)


def test_a_matrix_by_a_matrix_is_one_matrix() -> None:
    """tanh(XW) by W: one matrix on vec, in a stated layout, not an array expression."""
    Z = mc.read(tanh(X * W))
    J = mc.jacobian(Z, W, layout="numerator")
    assert J.shape == (n * k, m * k)
    assert mc.check(Z, W)


def test_differentiating_by_a_transpose_is_refused() -> None:
    """.diff(W.T) has no meaning here either, and says so."""
    with pytest.raises(mc.MatcalcError, match="with respect to a symbol"):
        mc.gradient(sp.Trace(R.T * R), W.T)


# -- shapes and identity ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        X * X,
        A + sp.MatAdd(X, X),
        had(X, A),
        X**2,
        sp.Trace(X),
        sp.Determinant(X),
        sp.MatMul(v, A),
        X * W + b,
    ],
    ids=str,
)
def test_misfit_shapes_are_refused_at_the_door(wrong: Any) -> None:
    """sympy checks no symbolic shape; reading does."""
    with pytest.raises(mc.ShapeError):
        mc.read(wrong)


def test_equal_structure_is_one_node() -> None:
    """applyfunc nodes, which sympy never finds equal to themselves, are one node here."""
    assert mc.read(tanh(X * W)) is mc.read(tanh(X * W))
    assert mc.hadamard(A, B) == mc.read(had(A, B))
    assert mc.simplify(mc.tr(mc.read(A * B)) - mc.tr(mc.read(B * A))).content == mc.read(0).content


def test_a_row_times_a_column_is_a_number() -> None:
    """v'v + 1, 1/(v'v), log(v'v), (v'v) X and v'y - y'v all work."""
    x, z, M = mc.read(v), mc.read(y), mc.read(X)
    assert (x.T * x + 1).shape == ()
    assert (1 / (x.T * x)).shape == ()
    assert mc.log(x.T * x).shape == ()
    assert ((x.T * x) * M).shape == M.shape
    assert mc.simplify(x.T * z - z.T * x) == 0
