"""The triplet loss: a pair must be closer than a third row, by a margin."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Anchor A, positive P, negative N, all through one linear map."""
    n, d, k = mc.dims("n d k")
    net = mc.Network("triplet")
    A, P, N = net.input("A", n, d), net.input("P", n, d), net.input("N", n, d)
    W, m = net.param("W", d, k), net.input("m")
    E = net.let("E", (A - P) * W)
    F = net.let("F", (A - N) * W)
    h = net.let("h", mc.rowsum(mc.square(E)) - mc.rowsum(mc.square(F)) + m * mc.ones(n, 1))
    net.minimize(net.let("L", mc.sum(mc.relu(h))))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("The triplet loss")
    page.say(
        r"""
        Only triplets that break the margin send a gradient: the indicator of $h > 0$ stands as
        a diagonal matrix between the differences. The gradient by $W$ pulls along $A - P$ and
        pushes along $A - N$.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
