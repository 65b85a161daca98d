"""A scalar function with shared parts: f = sin(xy)/z + exp(xz)/(xy), its graph and its gradient."""

import matcalc as mc
from matcalc.api.notes import Notes


def function() -> mc.Network:
    """The products xy and xz are computed once."""
    net = mc.Network("scalar graph")
    x, y, z = net.param("x"), net.param("y"), net.param("z")
    p = net.let("p", x * y)
    q = net.let("q", x * z)
    net.minimize(net.let("f", mc.sin(p) / z + mc.exp(q) / p))
    return net


def notes() -> Notes:
    """The worked exercise."""
    D = mc.derive(function())
    page = Notes("The gradient of a scalar function, along its graph", "numbered-weights")
    page.say(
        r"""The loss and the data are gone: what is left of backpropagation is bookkeeping. $x$ and $z$
        are used twice, so each has two terms, one for every way along which it reaches $f$; $y$ has
        one way and one term. What arrives at $p$ and at $q$ is computed once and serves both
        factors of the product."""
    )
    page.derivation(D)
    page.say("In the three variables alone:")
    for name in ("x", "y", "z"):
        page.formula(rf"\frac{{\partial f}}{{\partial {name}}}", mc.latex(D.expand(name)))
    page.heading("Along the paths").derivation(D, "paths", opening=False)
    page.heading("The graph, an operation a node").graph(D, "operations")
    return page.check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
