"""Direct preference optimisation of a softmax policy."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """One-hot winners and losers; r is the same margin under the reference policy."""
    n, d, k = mc.dims("n d k")
    net = mc.Network("preference")
    X, w, l = net.input("X", n, d), net.input("Y_w", n, k), net.input("Y_l", n, k)
    r, beta = net.input("r", n, 1), net.input("beta")
    S = net.let("S", X * net.param("W", d, k))
    P = net.let("P", mc.log_softmax(S, 1))
    m = net.let("m", beta * (mc.rowsum(mc.hadamard(w - l, P)) - r))
    net.minimize(net.let("L", -mc.mean(mc.logsigmoid(m))))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A preference loss (DPO)")
    page.say(
        r"""
        The weight of a pair is $1 - \sigma(m)$: the loss looks at pairs it still gets wrong. In
        exact use the rows of $Y_w - Y_l$ sum to zero, and then the softmax part of the gradient
        by $S$ vanishes: winners go up, losers go down, nothing else moves.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
