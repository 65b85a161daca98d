"""One hidden ReLU layer before a logistic output, weighted log loss: every gradient, and entry
(1, 1)."""

import matcalc as mc
from matcalc.api.notes import Notes


def network(n: object = 1, weighted: bool = True) -> mc.Network:
    """Two layers, data in columns."""
    net = mc.Network("relu classifier")
    X, Y = net.input("X", 3, n), net.input("Y", 1, n)
    weights = (net.input("alpha"), net.input("beta")) if weighted else None
    W1 = net.param("W1", 3, 2)
    W2 = net.param("W2", 2, 1)
    f1 = net.let("f1", W1.T * X)
    a1 = net.let("a1", mc.relu(f1))
    f2 = net.let("f2", W2.T * a1, latex="f^{[2]}")
    Yhat = net.let("Yhat", mc.sigmoid(f2))
    net.minimize(
        net.let("E", mc.binary_cross_entropy(Yhat, Y, weights=weights), latex=r"\mathcal{E}")
    )
    return net


def notes() -> Notes:
    """The worked exercise."""
    D = mc.derive(network())
    plain = mc.derive(network(weighted=False))
    page = Notes("A hidden layer of rectifiers", "bracketed-layers")
    page.say(
        """The loss weighs the classes by $\\alpha$ and $\\beta$; with both at 1 it is the plain
        log loss. The
        slope of ReLU is 1 for positive inputs and 0 otherwise, at 0 as well."""
    )
    page.derivation(D)
    page.heading("Entry (1, 1) with no derivative left")
    page.say(
        "Only $f_{10}^{[1]}$ depends on $W_{11}^{[1]}$, so one path leads from it to the loss:"
    )
    page.derivation(D, "paths", of="W1", entry=(1, 1), opening=False)
    page.heading("The plain loss")
    page.say(r"Without weights the output's adjoint is $\hat{Y} - Y$, and the entry is shorter:")
    page.derivation(plain, "paths", of="W1", entry=(1, 1), opening=False)
    page.graph(D)
    return page.check(D).check(plain)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
