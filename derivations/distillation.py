"""A student learns from soft targets of a teacher, at a temperature."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Q are the teacher's probabilities, Y the labels, a the share of the soft loss."""
    n, d, k = mc.dims("n d k")
    net = mc.Network("student")
    X, Y, Q = net.input("X", n, d), net.input("Y", n, k), net.input("Q", n, k)
    a, tau = net.input("a"), net.input("tau")
    net.assume(mc.Q.rows_sum_to_one(Y), mc.Q.rows_sum_to_one(Q))
    S = net.let("S", X * net.param("W", d, k))
    soft = net.let("F", mc.cross_entropy(S / tau, Q, logits=True))
    hard = net.let("H", mc.cross_entropy(S, Y, logits=True))
    net.minimize(net.let("L", a * tau**2 * soft + (1 - a) * hard))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("Knowledge distillation")
    page.say(
        r"""
        Both losses give softmax minus target. The factor $\tau^2$ before the soft loss makes up
        for the $1/\tau$ of its gradient: the balance between the two does not change with the
        temperature.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
