"""Two hidden layers with undefined activations g and h and an undefined loss C: the recursion."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """4 -> 2 -> 3 -> 1; the layer after W^(l) has number l + 1."""
    net = mc.Network("two hidden layers")
    x, y = net.input("x", 4, 1), net.input("y")
    W1, b1 = net.param("W1", 2, 4), net.param("b1", 2, 1)
    W2, b2 = net.param("W2", 3, 2), net.param("b2", 3, 1)
    W3, b3 = net.param("W3", 1, 3), net.param("b3", latex="b^{(3)}")
    g, h, C = mc.function("g"), mc.function("h"), mc.scalar_function("C")
    Z2 = net.let("Z2", W1 * x + b1)
    V2 = net.let("V2", g(Z2))
    Z3 = net.let("Z3", W2 * V2 + b2)
    V3 = net.let("V3", h(Z3))
    yhat = net.let("yhat", W3 * V3 + b3)
    net.minimize(net.let("loss", C(y, yhat), latex="C"))
    return net


def shared_bias() -> mc.Network:
    """The same, b^(2) being one number added to every entry."""
    net = mc.Network("one shared bias")
    x, y, b2 = net.input("x", 4, 1), net.input("y"), net.param("b2", latex="b^{(2)}")
    W1, W2, W3 = net.param("W1", 2, 4), net.param("W2", 3, 2), net.param("W3", 1, 3)
    g, h, C = mc.function("g"), mc.function("h"), mc.scalar_function("C")
    V2 = net.let("V2", g(net.let("Z2", W1 * x)))
    V3 = net.let("V3", h(net.let("Z3", W2 * V2 + b2 * mc.ones(3, 1))))
    net.minimize(net.let("loss", C(y, net.let("yhat", W3 * V3)), latex="C"))
    return net


def notes() -> Notes:
    """The worked exercise."""
    D, shared = mc.derive(network()), mc.derive(shared_bias())
    page = Notes("Two hidden layers, any activations, any loss", "neurons")
    page.say(
        r"""$g$, $h$ and $C$ are never named, and nothing needs them: the network fixes where the transposes
        stand, the functions only contribute $g'$, $h'$ and the derivative of $C$. What arrives at
        $Z^{(l)}$ is the gradient of the bias itself, and times the layer's input the gradient of
        the weights."""
    )
    page.derivation(D)
    page.heading("Entry by entry")
    page.say(
        "Each formula with its range; the derivative of the loss and what arrives at a layer "
        "stay as they are."
    )
    page.say("The error of the last hidden layer in full, the layer's values opened:")
    page.derivation(D, "index", of="Z3", opened=["V3"], opening=False)
    page.derivation(D, "index", of="Z2", opened=["V2"], opening=False)
    for name in ("W3", "b3", "Z3", "W2", "b2", "Z2", "W1", "b1"):
        page.derivation(D, "index", of=name, opening=False)
    page.heading("A bias that is one number").derivation(
        shared, "backprop", lines=["b2"], opening=False
    )
    page.say(
        "The error of a layer is computed once and used three times: for the weights, for the "
        "bias, and for "
        "the layer before."
    )
    page.counts(D)
    page.graph(D)
    return page.check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
