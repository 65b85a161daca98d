"""The focal loss: the cross-entropy of hard examples counts more."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Labels Y are 0 and 1; p is the probability of what is right."""
    n, d = mc.dims("n d")
    net = mc.Network("focal")
    X, y = net.input("X", n, d), net.input("y", n, 1)
    z = net.let("z", X * net.param("w", d, 1))
    p = net.let("p", mc.sigmoid(mc.hadamard(2 * y - mc.ones(n, 1), z)))
    net.minimize(net.let("L", -mc.mean(mc.hadamard(mc.square(1 - p), mc.log(p)))))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("The focal loss")
    page.say(
        r"""
        With exponent 2 an example that is right with probability 0.9 counts a hundredth. The
        gradient has two terms: the weighted error, and what the weight itself contributes.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
