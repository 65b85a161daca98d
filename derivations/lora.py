"""A fixed weight with a low-rank correction that is learnt."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """W is data here: only A and B are parameters."""
    n, d, k, r = mc.dims("n d k r")
    net = mc.Network("LoRA")
    X, Y, s = net.input("X", n, d), net.input("Y", n, k), net.input("s")
    Z = mc.blocks.lora(net, X, k, r, scale=s)
    net.minimize(net.let("L", mc.cross_entropy(Z, Y, logits=True)))
    net.assume(mc.Q.rows_sum_to_one("Y"))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("Low-rank adaptation")
    page.say(
        r"""
        Neither gradient is as large as $W$: the products are taken in the order that goes
        through the rank. With $B = 0$ at the start the gradient by $A$ is zero, so the first
        step moves $B$ alone.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
