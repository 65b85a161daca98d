"""One logistic neuron with two inputs: its derivatives, the squared error, one gradient step."""

import matcalc as mc
from matcalc.api.notes import Notes


def neuron() -> mc.Network:
    """f = 1/(1 + exp(-u)) with u = w0 + w1 x1 + w2 x2, and L = (y - f)^2."""
    net = mc.Network("neuron")
    x1, x2, y = net.input("x1"), net.input("x2"), net.input("y")
    w0, w1, w2 = net.param("w0"), net.param("w1"), net.param("w2")
    u = net.let("u", w0 + w1 * x1 + w2 * x2)
    f = net.let("f", mc.sigmoid(u))
    net.minimize(net.let("L", mc.power(y - f, 2)))
    return net


def spelled() -> mc.Network:
    """The same output written with the exponential."""
    net = mc.Network("neuron with exp")
    x1, x2 = net.input("x1"), net.input("x2")
    w0, w1, w2 = net.param("w0"), net.param("w1"), net.param("w2")
    u = net.let("u", -(w0 + w1 * x1 + w2 * x2))
    net.minimize(net.let("f", 1 / (1 + mc.exp(u))))
    return net


def notes() -> Notes:
    """The worked exercise."""
    D, out = mc.derive(neuron()), mc.derive(spelled())
    page = Notes("A single neuron", "numbered-weights")
    page.say(
        r"""Three gradients are one: what arrives at $u$, times $1$, $x_1$ or $x_2$. In the
        exponential form the minus of $u$ and the minus of the quotient cancel, where signs are
        lost most often. The factor $e^u / (1 + e^u)^2$ is $f (1 - f)$, the slope of the logistic
        function in its own value."""
    )
    page.heading("The output").derivation(out, opening=False)
    page.say("The two minus signs cancel. Every weight enters along one path:")
    page.derivation(out, "paths", opening=False)
    page.say("With $u$ written out:")
    for name in ("w0", "w1", "w2"):
        page.derivation(out, "index", of=name, evaluated=True, opening=False)
    page.heading("The squared error").derivation(D, opening=False)
    page.derivation(D, "paths", opening=False)
    page.heading("One gradient step").update_rule(D)
    page.say("In numbers, at $x = (1, 2)$, $y = 1$ and small weights:")
    values = {"x1": 1, "x2": 2, "y": 1, "w0": 0.1, "w1": -0.2, "w2": 0.3}
    page.numbers(D, values).gradient_step(D, values, 0.5)
    page.heading("The graph, an operation a node").graph(out, "operations")
    return page.check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
