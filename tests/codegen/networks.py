"""Networks that the tests of generated code share."""

from __future__ import annotations

from typing import Any

import matcalc as mc

n, d, h, k, m = mc.dims("n d h k m")


def mlp(activation: Any = mc.tanh, last: Any = mc.sigmoid) -> mc.Network:
    """Two layers with biases and the log loss."""
    net = mc.Network("mlp")
    X, Y = net.input("X", n, d), net.input("Y", n, k)
    W1, b1 = net.param("W1", d, h), net.param("b1", 1, h)
    W2, b2 = net.param("W2", h, k), net.param("b2", 1, k)
    A1 = net.let("A1", activation(net.let("Z1", X * W1 + mc.ones(n, 1) * b1)))
    P = net.let("P", last(net.let("Z2", A1 * W2 + mc.ones(n, 1) * b2)))
    net.minimize(mc.binary_cross_entropy(P, Y))
    return net


def softmax_regression() -> mc.Network:
    """One layer, softmax, cross-entropy."""
    net = mc.Network("softmax regression")
    X, Y, W = net.input("X", n, d), net.input("Y", n, k), net.param("W", d, k)
    P = net.let("P", mc.softmax(net.let("Z", X * W)))
    net.minimize(mc.cross_entropy(P, Y))
    return net


def attention() -> mc.Network:
    """Scaled dot-product attention, a block with an upstream symbol."""
    net = mc.Network("attention")
    Q, K, V = net.input("Q", n, d), net.input("K", m, d), net.input("V", m, d)
    P = net.let("P", mc.softmax(net.let("S", Q * K.T / mc.sqrt(mc.read(d)))))
    net.output(net.let("O", P * V), upstream="G")
    return net


def batch_norm() -> mc.Network:
    """Batch normalisation, a block with an upstream symbol."""
    net = mc.Network("batch norm")
    X, g, b = net.input("X", n, d), net.param("g", 1, d), net.param("b", 1, d)
    one, row = mc.ones(n, 1), mc.ones(1, d)
    mu = net.let("mu", mc.colmean(X))
    sd = net.let("sd", mc.sqrt(mc.colmean(mc.square(X - one * mu)) + net.input("eps") * row))
    Xhat = net.let("Xhat", mc.divide(X - one * mu, one * sd))
    net.output(net.let("Y", mc.hadamard(Xhat, one * g) + one * b), upstream="G")
    return net


def gaussian() -> mc.Network:
    """The log likelihood of a Gaussian in its covariance."""
    net = mc.Network("gaussian")
    x, S = net.input("x", n, 1), net.param("S", n, n)
    net.assume(mc.Q.positive_definite(S))
    net.minimize(mc.logdet(S) + x.T * mc.inv(S) * x)
    return net


def deep(layers: int) -> mc.Network:
    """Sigmoid layers."""
    net = mc.Network("deep")
    A, Y = net.input("X", n, h), net.input("Y", n, h)
    for l in range(1, layers + 1):
        A = net.let(f"A{l}", mc.sigmoid(net.let(f"Z{l}", A * net.param(f"W{l}", h, h))))
    net.minimize(mc.squared_error(A, Y, scale="half"))
    return net


ALL = {
    "mlp": mlp,
    "relu mlp": lambda: mlp(mc.relu),
    "gelu mlp": lambda: mlp(mc.gelu),
    "softmax regression": softmax_regression,
    "attention": attention,
    "batch norm": batch_norm,
    "gaussian": gaussian,
    "deep": lambda: deep(20),
}
