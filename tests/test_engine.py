"""The engine by its results: gradients, Jacobians, Hessians, differentials, layouts, upstream symbols.

Expected formulas are the textbook's; values are left to the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc

n, m, d, k = mc.dims("n m d k")
A, B, C = mc.matrix("A", n, n), mc.matrix("B", n, n), mc.matrix("C", n, n)
X, W, Y = mc.matrix("X", n, d), mc.matrix("W", d, k), mc.matrix("Y", n, k)
x, y, w = mc.vector("x", n), mc.vector("y", n), mc.vector("w", d)
c = mc.scalar("c")

GRADIENTS: list[tuple[Any, Any, str]] = [
    (mc.tr(A), A, "eye(n)"),
    (mc.tr(A * B), A, "B'"),
    (mc.tr(A.T * B), A, "B"),
    (mc.tr(A.T * A), A, "2*A"),
    (x.T * A * y, A, "x*y'"),
    (x.T * A * x, x, "(A + A')*x"),
    ((X * w - y).T * (X * w - y) / 2, w, "X'*(X*w - y)"),
    (mc.logdet(A), A, "inv(A)'"),
    (mc.norm2(x - y), x, "(x - y)/norm2(x - y)"),
    (mc.norm1(X), X, "sign(X)"),
    (mc.sum(mc.tanh(X)), X, "1 - tanh(X).^2"),
    (mc.logsumexp(x), x, "softmax(x)"),
    (mc.sum(X) / n, X, "ones(n, d)/n"),
    (c**3, c, "3*c^2"),
    (mc.exp(c * x.T * y), c, "exp(c*x'*y)*x'*y"),
]


@pytest.mark.parametrize(("f", "wrt", "expected"), GRADIENTS, ids=lambda v: str(v)[:40])
def test_gradients_print_as_books_do(f: Any, wrt: Any, expected: str) -> None:
    """The short form, of the variable's shape, and right."""
    gradient = mc.gradient(f, wrt)
    assert gradient.shape == wrt.shape
    assert mc.check(f, wrt)
    assert (
        mc.parse(str(gradient), symbols_of(f)).expression
        == mc.parse(expected, symbols_of(f)).expression
        or str(gradient) == expected
    )


def symbols_of(f: Any) -> dict[str, Any]:
    """Name to shape of every symbol of an expression."""
    from matcalc.expr import symbols

    found = {s.params[0]: (s.shape or None) for s in symbols(f)}
    return {name: shape for name, shape in found.items() if name not in ("n", "d", "k", "m")}


@pytest.mark.parametrize(
    ("F", "wrt", "denominator"),
    [
        (A * x, x, "A'"),
        (mc.tanh(A * x), x, "A'*diag(1 - tanh(A*x).^2)"),
        (A * B * C, B, "kron(C, A')"),
        (x.T * A, x, "A"),
        (mc.softmax(x), x, "diag(softmax(x)) - softmax(x)*softmax(x)'"),
        (c * x, c, "x'"),
        (A.T, A, "commutation(n, n)"),
    ],
    ids=str,
)
def test_jacobians_in_denominator_layout(F: Any, wrt: Any, denominator: str) -> None:
    """Entry (i, j) is dF_j/dx_i; for columns no Kronecker product is left."""
    J = mc.jacobian(F, wrt)
    assert str(J) == denominator
    assert mc.check(F, wrt)


def test_layouts_are_transposes_of_each_other() -> None:
    """Numerator layout transposes Jacobians and gradients; mixed transposes Jacobians only."""
    F, f = mc.tanh(A * x), x.T * B * x
    values = {"A": np.arange(9.0).reshape(3, 3) / 9, "B": np.eye(3), "x": np.arange(3.0)}

    def value(expr: Any) -> Any:
        return mc.evaluate(expr, values)

    J = value(mc.jacobian(F, x))
    assert np.allclose(value(mc.jacobian(F, x, layout=mc.Layout.NUMERATOR)), J.T)
    assert np.allclose(value(mc.jacobian(F, x, layout="mixed")), J.T)
    g = value(mc.gradient(f, x))
    assert np.allclose(value(mc.gradient(f, x, layout="numerator")), g.T)
    assert np.allclose(value(mc.gradient(f, x, layout="mixed")), g)


def test_the_shape_convention_itself() -> None:
    """dz/dx = dy/dx . dz/dy for undefined maps, p x r times r x n."""
    f, g = mc.map("f", k), mc.map("g", m)
    outer, inner = f(mc.vector("y", m)), g(x)
    composed = mc.jacobian(f(g(x)), x)
    assert composed.shape == (n, k)
    assert mc.jacobian(inner, x).shape == (n, m)
    assert mc.jacobian(outer, "y").shape == (m, k)
    assert mc.check(f(g(x)), x)


@pytest.mark.parametrize(
    ("f", "wrt", "wrt2", "expected"),
    [
        (x.T * A * x, x, None, "A + A'"),
        (mc.logsumexp(x), x, None, "diag(softmax(x)) - softmax(x)*softmax(x)'"),
        ((X * w - y).T * (X * w - y) / 2, w, None, "X'*X"),
        (x.T * A * y, x, y, "A"),
        (mc.squared_error(X * W, Y, scale="half"), W, None, "kron(eye(k), X'*X)"),
    ],
    ids=str,
)
def test_hessians_are_one_matrix(f: Any, wrt: Any, wrt2: Any, expected: str) -> None:
    """Rows by wrt, columns by wrt2, matrices through vec."""
    assert str(mc.hessian(f, wrt, wrt2)) == expected


def test_a_list_of_variables_gives_the_block_hessian() -> None:
    """d^2 f by (x, y) of x'Ay."""
    H = mc.hessian(x.T * A * y, [x, y])
    value = mc.evaluate(H, {"A": [[1, 2], [3, 4]], "x": [1, 1], "y": [1, 1]})
    assert np.allclose(value, [[0, 0, 1, 2], [0, 0, 3, 4], [1, 3, 0, 0], [2, 4, 0, 0]])


def test_differentials_are_linear_in_dX() -> None:
    """d of a product, an inverse, a log-determinant."""
    assert str(mc.differential(mc.logdet(A))) == "tr(inv(A)*dA)"
    assert str(mc.differential(mc.inv(A))) == "-inv(A)*dA*inv(A)"
    both = str(mc.differential(A * B))
    assert "dA*B" in both
    assert "A*dB" in both


def test_an_upstream_symbol_stands_in_for_a_loss() -> None:
    """An output that is no scalar gets a G of its shape, and the page says so."""
    D = mc.derive(mc.softmax(X * W), W)
    assert D.upstream is not None
    assert D.upstream.shape == (n, k)
    assert any("G" in remark for remark in D.remarks)
    assert D.check()
    named = mc.derive(mc.softmax(X * W), W, upstream="dP")
    assert str(named.upstream) == "dP"


def two_layers() -> Any:
    """A network with named steps, biases and a loss."""
    net = mc.Network("two")
    data, target = net.input("X", n, d), net.input("Y", n, k)
    W1, b1 = net.param("W1", d, m), net.param("b1", 1, m)
    W2, b2 = net.param("W2", m, k), net.param("b2", 1, k)
    Z1 = net.let("Z1", data * W1 + mc.ones(n, 1) * b1)
    A1 = net.let("A1", mc.tanh(Z1))
    Z2 = net.let("Z2", A1 * W2 + mc.ones(n, 1) * b2)
    P = net.let("P", mc.sigmoid(Z2))
    net.minimize(mc.binary_cross_entropy(P, target))
    return net


@pytest.mark.parametrize("name", ["X", "W", "Z", "n", "d"])
def test_what_arrives_from_above_has_a_name_of_its_own(name: str) -> None:
    """A name with a meaning would stand for two things on one page; the default keeps out."""
    net = mc.Network("layer")
    Z = net.let("Z", net.input("X", n, d) * net.param("W", d, "G"))
    net.output(Z)
    with pytest.raises(mc.NameClashError, match=f"{name} has a meaning here already"):
        mc.derive(net, upstream=name)
    with pytest.raises(mc.NameClashError, match="a symbol needs a name"):
        mc.derive(net, upstream="d L")
    assert str(mc.derive(net).upstream) == "G_"


def test_a_network_speaks_in_its_names() -> None:
    """Gradients in steps and adjoints, as in a derivation by hand; expanded on request."""
    D = mc.derive(two_layers())
    lines = {line.name: line for line in D.lines}
    assert str(lines["dZ2"].value) == "(P - Y)/(n*k)"
    assert str(D.gradient("W2")) == "A1'*dZ2"
    assert str(D.gradient("b2")) == "colsum(dZ2)"
    assert str(D.adjoint("A1")) == "dZ2*W2'"
    assert str(D.adjoint("Z1")) == "dA1.*(1 - A1.^2)"
    assert str(D.gradient("W1")) == "X'*dZ1"
    names = {str(s) for s in D.expand("W1").free_symbols}
    assert names == {"X", "Y", "W1", "b1", "W2", "b2", "n", "k"}
    assert D.check()
    assert set(D.gradients) == {"W1", "b1", "W2", "b2"}


def test_the_gradient_of_a_step_and_of_a_list() -> None:
    """wrt may be a step, or a list of names."""
    net = two_layers()
    assert str(mc.gradient(net, "Z2")) == "(P - Y)/(n*k)"
    found = mc.gradient(net, ["W1", "b2"])
    assert len(found) == 2
    assert mc.check(net, ["W1", "Z1", "b2"])


def test_one_entry_with_its_sum() -> None:
    """dL/dW2 entry (0, 1): the sum over the data, counted from 1 on the page."""
    D = mc.derive(two_layers())
    assert str(D.entry("W2", 0, 1)) == "isum(A1(r, 1)*dZ2(r, 2), r, 1, n)"
    with pytest.raises(mc.ShapeError, match="no row"):
        mc.derive(mc.sum(mc.matrix("M", 2, 2)), "M").entry("M", 2, 0)


def test_numbers_for_every_line() -> None:
    """evaluate gives the value, all steps, adjoints and gradients."""
    D = mc.derive(two_layers())
    rng = np.random.default_rng(1)
    shapes = {"X": (5, 3), "Y": (5, 2), "W1": (3, 4), "b1": (1, 4), "W2": (4, 2), "b2": (1, 2)}
    values = {name: rng.uniform(0.1, 0.9, size=shape) for name, shape in shapes.items()}
    found = D.evaluate(values)
    P = 1 / (
        1
        + np.exp(
            -(np.tanh(values["X"] @ values["W1"] + values["b1"]) @ values["W2"] + values["b2"])
        )
    )
    assert np.allclose(found.steps["P"], P)
    assert np.allclose(found.adjoints["Z2"], (P - values["Y"]) / 10)
    assert np.allclose(found.gradients["b2"], ((P - values["Y"]) / 10).sum(axis=0, keepdims=True))


def test_a_one_by_one_parameter_keeps_its_shape() -> None:
    """A bias declared 1 x 1 has a 1 x 1 gradient, a scalar one a scalar."""
    b, s = mc.matrix("b", 1, 1), mc.scalar("s")
    assert mc.gradient(mc.sum(mc.ones(n, 1) * b + x), b).shape == (1, 1)
    assert mc.gradient(mc.sum(mc.ones(n, 1) * s + x), s).shape == ()
    assert mc.check(mc.sum(mc.tanh(mc.ones(n, 1) * b + x)), b)


def test_text_programs_are_networks() -> None:
    """parse and to_text are inverse."""
    net = two_layers()
    again = mc.parse(net.to_text())
    assert again.to_text() == net.to_text()
    assert str(mc.derive(again).gradient("W1")) == "X'*dZ1"


@pytest.mark.parametrize(
    ("claim", "status", "slip"),
    [
        ("A1'*(P - Y)/(n*k)", "holds", ""),
        ("A1'*dZ2", "holds", ""),
        ("A1'*(P - Y)/k", "fails", "lost 1/n"),
        ("A1'*(P - Y)/n", "fails", "lost 1/k"),
        ("-A1'*dZ2", "fails", "sign"),
        ("dZ2'*A1", "shape-error", "transposed"),
        ("A1*dZ2", "shape-error", "shapes do not fit"),
    ],
)
def test_one_hand_written_line_is_judged(claim: str, status: str, slip: str) -> None:
    """The thin path's end: a lost 1/n is found and named."""
    verdict = mc.derive(two_layers()).verify("W2", claim)
    assert (verdict.status, verdict.slip) == (status, slip)
    assert bool(verdict) is (status == "holds")
    if status == "fails":
        assert "dW2 = A1'" in verdict.correction
