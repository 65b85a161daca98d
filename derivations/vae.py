"""A variational autoencoder: the noise is given, so the sample is a step like any other."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Gaussian code with mean mu and log-variance s; Bernoulli pixels; one draw of noise E."""
    n, d, k = mc.dims("n d k")
    net = mc.Network("VAE")
    X, E = net.input("X", n, d), net.input("E", n, k)
    mu = net.let("mu", X * net.param("W_m", d, k))
    s = net.let("s", X * net.param("W_s", d, k))
    Z = net.let("Z", mu + mc.hadamard(mc.exp(s / 2), E))
    P = net.let("P", mc.sigmoid(Z * net.param("V", k, d)))
    fit = net.let("F", mc.binary_cross_entropy(P, X, mean=False))
    apart = net.let("K", mc.sum(mc.exp(s) + mc.square(mu) - s - mc.ones(n, k)) / 2)
    net.minimize(net.let("L", (fit + apart) / n))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A variational autoencoder")
    page.say(
        r"""
        The reparametrised sample $Z = \mu + e^{s/2} \odot E$ lets the fit reach $\mu$ unchanged
        and $s$ scaled by half of what the noise contributed. The divergence from the standard
        normal adds $\mu$ and $(e^{s} - 1)/2$: it pulls means to 0 and variances to 1.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
