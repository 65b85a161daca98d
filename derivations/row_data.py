"""Data in rows: regression and classification, bias, four layers and the rule for layer l,
Kronecker forms."""

from collections.abc import Callable
from typing import Any

import matcalc as mc
from matcalc.api.notes import Notes


def two_layers(output: Callable[[Any], Any] | None, loss: str) -> mc.Network:
    """a1 = X, Z2 = X W1, a2 = sigma(Z2), Z3 = a2 W2, f = output(Z3)."""
    N = mc.dims("N")
    net = mc.Network("row data")
    X, t = net.input("X", N, 2), net.input("t", N, 1)
    W1, W2 = net.param("W1", 2, 3), net.param("W2", 3, 1)
    Z2 = net.let("Z2", X * W1)
    a2 = net.let("a2", mc.sigmoid(Z2))
    Z3 = net.let("Z3", a2 * W2)
    f = net.let("f", output(Z3)) if output else Z3
    if loss == "squares":
        net.minimize(net.let("L", mc.squared_error(f, t, scale="half")))
    else:
        net.minimize(net.let("L", mc.binary_cross_entropy(f, t, mean=False)))
    return net


def one_datum() -> mc.Network:
    """A single row through the network, for the Kronecker forms."""
    net = mc.Network("one datum")
    x, t = net.input("x", 1, 2, latex="x_n"), net.input("t", latex="t_n")
    W1, W2 = net.param("W1", 2, 3), net.param("W2", 3, 1)
    z2 = net.let("z2", x * W1, latex="z_n^{(2)}")
    a2 = net.let("a2", mc.sigmoid(z2), latex="a_n^{(2)}")
    z3 = net.let("z3", a2 * W2, latex="z_n^{(3)}")
    f = net.let("f", mc.sigmoid(z3), latex="f_n")
    net.minimize(net.let("L", mc.power(f - t, 2) / 2, latex="L_n"))
    return net


def four_layers() -> mc.Network:
    """Four weight matrices with biases 1_N b, any activations."""
    N = mc.dims("N")
    sizes = mc.dims("d_1 d_2 d_3 d_4 d_5")
    net = mc.Network("four layers")
    a, t = net.input("X", N, sizes[0]), net.input("t", N, sizes[4])
    for k in range(1, 5):
        W, b = net.param(f"W{k}", sizes[k - 1], sizes[k]), net.param(f"b{k}", 1, sizes[k])
        Z = net.let(f"Z{k + 1}", a * W + mc.ones(N, 1) * b)
        sigma = mc.function(f"sigma{k}")
        a = net.let(f"a{k + 1}", sigma(Z))
    net.minimize(net.let("L", mc.squared_error(a, t, scale="half")))
    return net


def notes() -> Notes:
    """The worked exercise."""
    squared = mc.derive(two_layers(mc.sigmoid, "squares"))
    regression = mc.derive(two_layers(None, "squares"))
    binary = mc.derive(two_layers(mc.sigmoid, "log"))
    page = Notes("Backpropagation for data in rows", "dot-star")
    page.say(
        r"""With the data in rows every product reads from left to right, and a gradient is the
        layer's input, transposed, times the layer's $\delta$: the product sums over the data, and no
        sum sign is left. Compare $\delta^{(3)}$ in the three cases: with the squared error the slope of
        the output stays as a factor, with the identity there is none, and under the logarithmic
        loss it cancels, so that regression and classification end in the same difference."""
    )
    page.heading("Logistic output, squared error").derivation(squared)
    page.say("From one datum to all of them:").derivation(squared, "batch", opening=False)
    page.heading("Regression: the output is the identity")
    page.derivation(regression, opening=False, lines=["dZ3", "W2", "dZ2", "W1"])
    page.say(
        r"""The quadratic form is the same loss: $\frac{1}{2} \sum_n (f_n - t_n)^2 = \frac{1}{2}
        (f - t)^T (f - t)$. With
        $\frac{1}{2N}$ in front every line would carry $\frac{1}{N}$."""
    )
    page.heading("Binary classification")
    page.derivation(binary, opening=False, detail={"dZ3": "full", "*": "normal"})
    page.heading("Four layers with biases").derivation(mc.derive(four_layers()), opening=False)
    datum = mc.derive(one_datum())
    page.heading("One datum, with Kronecker products")
    page.say("In denominator layout:").derivation(datum, "chain", of="W1", opening=False)
    page.say("In numerator layout:").derivation(
        datum, "chain", of="W1", layout="numerator", opening=False
    )
    page.heading("Counting").counts(squared)
    page.say(
        r"""A grid of 1000 values for each of 9 weights, 0.05 seconds per 1000 trials, takes
        $0.05 \cdot 1000^8 = 5 \cdot 10^{22}$ seconds; for one weight 0.05, for two 50 seconds,
        and with three
        $13.89$ hours."""
    )
    page.graph(squared)
    return page.check(squared).check(binary)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
