"""A plain recurrent net unrolled over three times: weights shared over time."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """One loss at the end."""
    n, d, h, k = mc.dims("n d h k")
    net = mc.Network("recurrent")
    state = net.input("h0", n, h)
    for t in (1, 2, 3):
        state = mc.blocks.rnn(net, net.input(f"x{t}", n, d), state, time=t)
    S = mc.blocks.dense(net, state, k, name="s", bias=False)
    Y = net.input("Y", n, k)
    net.minimize(net.let("L", mc.cross_entropy(S, Y, logits=True)))
    net.assume(mc.Q.rows_sum_to_one("Y"))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A recurrent net over three times")
    page.say(
        r"""
        Backpropagation through time: the gradient of a shared weight is a sum over the times,
        and from one time to the one before it is multiplied by $R^\top$ and by $1 - h_t^2$.
        Three factors that are all below one are already small: that is the vanishing gradient.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
