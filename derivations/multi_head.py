"""Two heads of attention: a sum over heads, each with its own output matrix."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """The concatenation of the heads times one matrix, written as a sum."""
    T, d, k = mc.dims("T d k")
    net = mc.Network("two heads")
    Y = mc.blocks.multi_head(net, net.input("X", T, d), 2, width=k)
    net.output(Y, upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("Multi-head attention")
    page.say(
        r"""
        Written as a sum over heads no concatenation is needed, and the heads do not see one
        another: each has the backward pass of attention with $G W_{O,i}^\top$ from above.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
