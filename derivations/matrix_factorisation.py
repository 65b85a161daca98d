"""Ratings factored into two thin matrices; M is 1 where a rating was seen."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """R about P Q', with a penalty on both factors."""
    n, m, k = mc.dims("n m k")
    net = mc.Network("factorisation")
    R, M, lam = net.input("R", n, m), net.input("M", n, m), net.input("lambda")
    P, Q = net.param("P", n, k), net.param("Q", m, k)
    E = net.let("E", mc.hadamard(M, P * Q.T - R))
    penalty = lam * (mc.sum(mc.square(P)) + mc.sum(mc.square(Q))) / 2
    net.minimize(net.let("L", mc.sum(mc.square(E)) / 2 + penalty))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("Matrix factorisation with missing entries")
    page.say(
        r"""
        The mask stays in front of the error, so unseen entries contribute nothing. Set the
        gradient by $P$ to zero with $Q$ fixed: each row of $P$ solves a ridge regression of its
        own, which is alternating least squares.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
