"""A 1-2-2-1 network of numbers with 13 weights: every derivative along its paths, and partial
data."""

import matcalc as mc
from matcalc.api.notes import Notes
from matcalc.numeric.worked import worked


def network() -> mc.Network:
    """Logistic hidden units, the identity at the output, E = (y - yhat)^2."""
    net = mc.Network("scalar network")
    x, y = net.input("x"), net.input("y")
    w = {k: net.param(f"w{k}") for k in range(1, 14)}
    s1 = net.let("s1", w[1] * x + w[2])
    s2 = net.let("s2", w[3] * x + w[4])
    a1, a2 = net.let("a1", mc.sigmoid(s1)), net.let("a2", mc.sigmoid(s2))
    s3 = net.let("s3", w[5] * a1 + w[6] * a2 + w[7])
    s4 = net.let("s4", w[8] * a1 + w[9] * a2 + w[10])
    a3, a4 = net.let("a3", mc.sigmoid(s3)), net.let("a4", mc.sigmoid(s4))
    yhat = net.let("yhat", w[11] * a3 + w[12] * a4 + w[13])
    net.minimize(net.let("E", mc.power(y - yhat, 2)))
    return net


# What the table of the exercise gives: dyhat/dw11 = a3, dyhat/dw12 = a4, and dE/dw13 = -2 (y -
# yhat).
GIVEN = {"x": 0.5, "y": 0.25, "a3": 0.2392, "a4": 0.7661, "yhat": -0.0484}


def notes() -> Notes:
    """The worked exercise."""
    D = mc.derive(network())
    page = Notes("Thirteen weights", "numbered-weights")
    page.say(
        r"""Thirteen numbers and no matrix: every line is the chain rule of school. A weight's gradient is
        the number at its start times what arrives at its end. $a_1$ and $a_2$ feed both
        neurons of the next layer, so two terms arrive at each; with matrices, the product
        with the transposed weights adds them up."""
    )
    page.derivation(D)
    page.heading("Along the paths")
    page.say(
        "$w_1$ reaches the loss along two paths; following one of them only would lose a term."
    )
    page.derivation(D, "paths", opening=False)
    page.heading("With what is known")
    page.say(
        "The weights are not given. What the values at hand determine is a number, the rest "
        "stays a formula:"
    )
    page.numbers(D, GIVEN, digits=4, partial=True)
    known = {w.line.name: w.value for w in worked(D.record, GIVEN, partial=True)}
    moves = [f"${-0.1 * known[f'dw{k}']:.5f}$ to $w_{{{k}}}$" for k in (11, 12, 13)]
    page.say(f"A step of length $0.1$ adds {moves[0]}, {moves[1]} and {moves[2]}.")
    page.heading("One step for all thirteen").update_rule(D)
    page.counts(D)
    page.graph(D)
    return page.check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
