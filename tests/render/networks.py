"""The networks that the tests of the printers share."""

from __future__ import annotations

import matcalc as mc


def two_layers() -> mc.Network:
    """Rows of data, two layers, a logistic output."""
    n, d, h = mc.dims("n d h")
    net = mc.Network("two layers")
    X, Y = net.input("X", n, d), net.input("Y", n, 1)
    W1, b1 = net.param("W1", d, h), net.param("b1", 1, h)
    W2 = net.param("W2", h, 1)
    Z1 = net.let("Z1", X * W1 + mc.ones(n, 1) * b1)
    A1 = net.let("A1", mc.relu(Z1))
    Z2 = net.let("Z2", A1 * W2)
    P = net.let("P", mc.sigmoid(Z2))
    net.minimize(net.let("L", mc.binary_cross_entropy(P, Y)))
    return net


def deep(layers: int) -> mc.Network:
    """Equal layers of one width."""
    n, d = mc.dims("n d")
    net = mc.Network("deep")
    a, Y = net.input("X", n, d), net.input("Y", n, d)
    for k in range(1, layers + 1):
        a = net.let(f"A{k}", mc.tanh(net.let(f"Z{k}", a * net.param(f"W{k}", d, d))))
    net.minimize(net.let("L", mc.squared_error(a, Y, scale="half")))
    return net


def long() -> mc.Network:
    """A loss and a gradient that are too long for one line."""
    n, d = mc.dims("n d")
    net = mc.Network("long")
    A, x = net.input("A", n, d), net.param("x", d, 1)
    terms = [net.input(name, n, d) for name in "BCEFGHKM"]  # no numbers: no sum over an index
    r = net.let("r", sum((B * x for B in terms), A * x))
    net.minimize(
        net.let("L", mc.sum(mc.square(r)) + sum((x.T * B.T * A * x for B in terms), x.T * x))
    )
    return net


def attention() -> mc.Network:
    """One head of attention: no loss, softmax in the middle."""
    n, d = mc.dims("n d")
    net = mc.Network("attention")
    X = net.input("X", n, d)
    Q, K, V = (net.let(c, X * net.param(f"W_{c.lower()}", d, d)) for c in "QKV")
    P = net.let("P", mc.softmax(net.let("S", Q * K.T / mc.sqrt(d))))
    net.output(net.let("O", P * V))
    return net


def folded_bias() -> mc.Network:
    """A regression through tanh with the bias as a first entry that is one."""
    net = mc.Network("folded bias")
    x, y = net.input("x", 3, 1), net.input("y")
    alpha, beta = net.param("alpha", 3, 3), net.param("beta", 1, 4)
    z = net.let("z", mc.vstack(mc.ones(1, 1), mc.tanh(net.let("a", alpha * x))))
    net.minimize(net.let("ell", mc.power(net.let("yhat", beta * z) - y, 2) / 2))
    return net
