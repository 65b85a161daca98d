"""A network with one hidden layer and a logistic output: the backward pass, checked."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Data in rows, biases as 1_n b."""
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
    return net


def notes() -> Notes:
    """The derivation, its graph and its check."""
    D = mc.derive(network())
    page = Notes("Two layers")
    page.say(
        r"""The line to look at is the one for $Z_2$: the quotient that the loss brings and the slope
        $P \odot (1 - P)$ of the output cancel to $(P - Y) / n$. From there on all is products: a
        transposed input on the left for the weights, the transposed weights on the right for the
        layer before. A bias stands in every row, so its gradient is a sum over rows."""
    )
    page.derivation(D, detail={"dZ2": "full", "*": "normal"})
    page.say("In numerator layout the same gradients lie on their side:")
    page.derivation(
        D, layout="numerator", lines=["W2", "b2", "W1", "b1"], detail="brief", opening=False
    )
    return page.graph(D).check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
