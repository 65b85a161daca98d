"""The chain rule for vectors, from undefined maps: which shape, which order, which element."""

import matcalc as mc
from matcalc.api.notes import Notes


def maps() -> mc.Network:
    """x in R^p, y = f(x) in R^r, z = g(y) in R^n."""
    p, r, n = mc.dims("p r n")
    net = mc.Network("maps")
    x = net.param("x", p, 1)
    y = net.let("y", mc.map("f", r)(x))
    net.output(net.let("z", mc.map("g", n)(y)))
    return net


def notes() -> Notes:
    """The worked exercise."""
    D = mc.derive(maps())
    page = Notes("The shape convention", "bold-columns")
    page.say(
        r"Let $x \in \mathbb{R}^p$, $y = f(x) \in \mathbb{R}^r$ and $z = g(y) \in \mathbb{R}^n$."
    )
    page.heading("Denominator layout").derivation(D, "chain", opening=False)
    page.heading("Numerator layout").derivation(D, "chain", layout="numerator", opening=False)
    page.say("One is the transpose of the other, and transposing a product turns its order round.")
    return page.check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
