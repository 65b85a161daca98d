"""A mixture of experts: a softmax gate weighs the outputs of linear experts."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Column i of the gate P scales the rows of expert i."""
    n, d, k = mc.dims("n d k")
    net = mc.Network("experts")
    X, Y = net.input("X", n, d), net.input("Y", n, k)
    P = net.let("P", mc.softmax(X * net.param("W_g", d, 2), 1))
    F1 = net.let("F1", X * net.param("W1", d, k))
    F2 = net.let("F2", X * net.param("W2", d, k))
    out = net.let("O", mc.diag(P[:, 0]) * F1 + mc.diag(P[:, 1]) * F2)
    net.minimize(net.let("L", mc.squared_error(out, Y, scale="half_mean")))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A gate over two experts")
    page.say(
        r"""
        Each expert learns from its own rows, weighed by the gate: $\operatorname{diag}(p_i)$
        stands before the error. The gate gets, for each row, the inner product of the error
        with what the expert said, and softmax takes its mean off.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
