"""A mixture of Gaussians whose weights, means and widths depend on x."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Three linear heads; y is a column, a component is a column of A, M and S."""
    n, d, k = mc.dims("n d k")
    net = mc.Network("mixture density")
    X, y = net.input("X", n, d), net.input("y", n, 1)
    A = net.let("A", X * net.param("W_a", d, k))
    M = net.let("M", X * net.param("W_m", d, k))
    S = net.let("S", X * net.param("W_s", d, k))
    E = net.let("E", mc.hadamard(y * mc.ones(1, k) - M, mc.exp(-S)))
    T = net.let("T", mc.log_softmax(A, 1) - S - mc.square(E) / 2)
    net.minimize(net.let("L", -mc.sum(mc.logsumexp(T, 1)) / n))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A mixture density network")
    page.say(
        r"""
        What arrives at $T$ is minus the softmax of the joint log-densities: the
        responsibilities. The three heads then read as in the EM algorithm: prior minus
        responsibility for the weights, responsibility times the standardised error for the
        means.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
