"""The hyperparameters of a Gaussian process by its log marginal likelihood."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Distances D are given; a, b, c are the logs of signal, length and noise."""
    n = mc.dims("n")
    net = mc.Network("Gaussian process")
    D, y = net.input("D", n, n), net.input("y", n, 1)
    a, b, c = net.param("a"), net.param("b"), net.param("c")
    R = net.let("R", mc.exp(-mc.exp(-2 * b) * mc.square(D) / 2))
    C = net.let("C", mc.diag(mc.exp(2 * c) * mc.ones(n, 1)) + mc.exp(2 * a) * R * R.T)
    w = net.let("w", mc.solve(C, y))
    net.minimize(net.let("L", y.T * w / 2 + mc.logdet(C) / 2))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("Gaussian process: the marginal likelihood")
    page.say(
        r"""
        What arrives at the covariance is $\frac{1}{2}\left(C^{-1} - w w^\top\right)$ with
        $w = C^{-1} y$: fit against complexity in one formula. The covariance here is $e^{2a} R
        R^\top + e^{2c} I$, which is positive definite for any $R$.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
