"""The entrywise lift: activations recognised, roots and steps, columns and rows, quotients."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.expr import Node
from matcalc.rewrite.simplify import simplify
from tests.rewrite.values import assert_same_value

n, m = mc.dims("n m")
X, Y, Z = (mc.matrix(s, n, m) for s in "XYZ")
u, v = mc.vector("u", n), mc.vector("v", n)
row = mc.matrix("r", 1, m)
H, div, exp, s = mc.hadamard, mc.divide, mc.exp, mc.sigmoid
one, column = mc.ones(n, m), mc.ones(n, 1)

SHORT: list[tuple[Node, str]] = [
    (div(exp(-Z), mc.power(1 + exp(-Z), 2)), "sigmoid(Z).*(1 - sigmoid(Z))"),
    (div(one, 1 + exp(-Z)), "sigmoid(Z)"),
    (div(exp(Z), 1 + exp(Z)), "sigmoid(Z)"),
    (div(one, 1 + exp(Z)), "sigmoid(-Z)"),
    (H(X, div(exp(-H(X, Z)), 1 + exp(-H(X, Z)))), "X.*sigmoid(-X.*Z)"),
    (div(exp(Z) - exp(-Z), exp(Z) + exp(-Z)), "tanh(Z)"),
    (div(4 * one, mc.power(exp(Z) + exp(-Z), 2)), "1 - tanh(Z).^2"),
    (div(exp(2 * Z) - 1, exp(2 * Z) + 1), "tanh(Z)"),
    (1 - H(mc.tanh(-Z), mc.tanh(-Z)), "1 - tanh(Z).^2"),
    (mc.silu(Z) - H(Z, s(Z)), "zeros(n, m)"),
    (div(-Y, X) + div(1 - Y, 1 - X), "(X - Y)./X./(1 - X)"),
    (H(div(-Y, X) + div(1 - Y, 1 - X), X, 1 - X), "X - Y"),
    (div(X, mc.sqrt(X)), "sqrt(X)"),
    (H(mc.sqrt(X), mc.sqrt(X)), "X"),
    (div(one, mc.power(mc.sqrt(X), 2)), "1./X"),
    (H(mc.relu(Z), mc.step(Z)), "relu(Z)"),
    (H(mc.step(Z), mc.step(Z)), "step(Z)"),
    (H(mc.abs(Z), mc.sign(Z)), "Z"),
    (mc.square(mc.abs(Z)), "Z.^2"),
    (-Y + X, "X - Y"),
    (-one + X, "X - 1"),
    (H(u * mc.ones(1, m), X), "diag(u)*X"),
    (H(X, column * row), "X*diag(r')"),
    (H(u * mc.ones(1, m), X) + H(v * mc.ones(1, m), X), "diag(u + v)*X"),
    (div(H(u * mc.ones(1, m), X), u * mc.ones(1, m)), "X"),
]


@pytest.mark.parametrize(("node", "wanted"), SHORT, ids=[text for _, text in SHORT])
def test_an_entrywise_region_comes_out_as_books_write_it(node: Node, wanted: str) -> None:
    """The short form, and the same value."""
    found = simplify(node)
    assert mc.text(found).replace("ones(n, m)./", "1./") == wanted
    assert_same_value(node, found)


def test_an_activation_is_opened_only_if_that_helps() -> None:
    """tanh and sigmoid stay what they are where nothing cancels."""
    node = H(mc.tanh(X), s(Y)) + mc.silu(Z)
    assert simplify(node) is node


def test_names_of_outputs_make_the_slope() -> None:
    """With A = sigmoid(Z) named, the slope is A.*(1 - A)."""
    net = mc.Network("layer")
    W = net.param("W", m, m)
    A = net.let("A", s(net.input("X", n, m) * W))
    net.minimize(mc.sum(mc.square(A)))
    assert mc.text(mc.derive(net).adjoint("A")) == "2*A"
    assert mc.text(mc.gradient(net, "W")) == "2*X'*(A.^2.*(1 - A))"
