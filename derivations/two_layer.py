"""A network with one hidden layer and a logistic output: the backward pass, checked."""

from pathlib import Path

import matcalc as mc


def derive() -> mc.Derivation:
    """The network, step by step, and its gradients."""
    n, d, h = mc.dims("n d h")
    net = mc.Network("two-layer")
    X, Y = net.input("X", n, d), net.input("Y", n, 1)
    W1, b1 = net.param("W1", d, h), net.param("b1", 1, h)
    W2, b2 = net.param("W2", h, 1), net.param("b2", 1, 1)
    Z1 = net.let("Z1", X * W1 + mc.ones(n, 1) * b1)
    A1 = net.let("A1", mc.sigmoid(Z1))
    Z2 = net.let("Z2", A1 * W2 + mc.ones(n, 1) * b2)
    P = net.let("P", mc.sigmoid(Z2))
    net.minimize(net.let("L", mc.binary_cross_entropy(P, Y)))
    return mc.derive(net)


if __name__ == "__main__":
    D = derive()
    print(D.to_text("backprop"))
    Path(__file__).with_suffix(".md").write_text(D.to_markdown(detail="full"), encoding="utf-8")
