"""A regression network with folded biases, worked in numbers: every gradient, to the printed
digits."""

import math

import matcalc as mc
from matcalc.api.notes import Notes

VALUES = {
    "alpha": [[0, 1, 2], [2, 1, 0], [0, 2, 0]],
    "beta": [[0, 1, 2, 2]],
    "x": [1, 1, 2],
    "y": 3,
}


def network() -> mc.Network:
    """a = alpha x, z = [1; tanh(a)], yhat = beta z; x_0 = z_0 = 1 carry the biases."""
    net = mc.Network("tanh regression")
    x, y = net.input("x", 3, 1), net.input("y")
    alpha, beta = net.param("alpha", 3, 3), net.param("beta", 1, 4)
    a = net.let("a", alpha * x)
    z = net.let("z", mc.vstack(mc.ones(1, 1), mc.tanh(a)))
    yhat = net.let("yhat", beta * z)
    net.minimize(net.let("ell", mc.power(yhat - y, 2) / 2))
    return net


def without_bias() -> mc.Network:
    """The part above the folded bias: yhat = beta_0 + betahat z with z = tanh(a)."""
    net = mc.Network("without the folded entry")
    x, y, beta0 = net.input("x", 3, 1), net.input("y"), net.param("beta_0")
    alpha = net.param("alpha", 3, 3)
    betahat = net.param("betahat", 1, 3)
    a = net.let("a", alpha * x)
    z = net.let("z", mc.tanh(a))
    yhat = net.let("yhat", beta0 + betahat * z)
    net.minimize(net.let("ell", mc.power(yhat - y, 2) / 2))
    return net


def notes() -> Notes:
    """The worked exercise."""
    D, hats = mc.derive(network()), mc.derive(without_bias())
    page = Notes("A tanh regression network in numbers", "bold-columns")
    page.say(
        r"""The bias is folded in: the first entry of $\mathbf{z}$ is 1 whatever the weights are, so
        nothing flows back through it, and only the entries 2 to 4 of what arrives at
        $\mathbf{z}$ go on to $\mathbf{a}$. In numbers watch $1 - \tanh^2(5)$: a small difference of
        numbers near 1, where a table with five places keeps hardly a digit."""
    )
    page.derivation(D)
    page.heading("The chain")
    page.say(
        r"""$z$ has four entries, its first is 1. With $\hat{\beta}$ for $\beta$ without its
        first entry, and
        $z$ without its first entry, the Jacobian of tanh is square:"""
    )
    page.derivation(hats, "chain", of="a", opening=False)
    page.say("The same in numerator layout:")
    page.derivation(hats, "chain", of="a", layout="numerator", opening=False)
    page.heading("In numbers")
    page.say("Exact, and as it comes out when a table of tanh with five places is used:")
    page.numbers(D, VALUES, digits=8, rounded=5)
    page.say(
        "The table of tanh, rounded to five places throughout (from 7 on it is 1.00000, not "
        "0.99999): " + ", ".join(rf"$\tanh({k}) = {math.tanh(k):.5f}$" for k in range(1, 10)) + "."
    )
    page.say(
        r"""The slope $1 - \tanh^2(5) = 0.00018158$ loses all but one digit in the table's
        $1 - 0.99991^2 = 0.00018$: the entry $0.00034829$ of the gradient becomes $0.000345$."""
    )
    page.heading("Where the loss goes").gradient_step(D, VALUES, 0.1)
    page.counts(D)
    page.graph(D)
    return page.check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
