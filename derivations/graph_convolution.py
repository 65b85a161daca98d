"""Two graph convolutions and a softmax over the nodes."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """S is the normalised adjacency matrix, Y one-hot labels of the nodes."""
    n, d, h, k = mc.dims("n d h k")
    net = mc.Network("GCN")
    A = mc.blocks.graph_conv(net, net.input("X", n, d), h, activation="relu", name="1")
    Z = mc.blocks.graph_conv(net, A, k, name="2")
    net.minimize(net.let("L", mc.cross_entropy(Z, net.input("Y", n, k), logits=True)))
    net.assume(mc.Q.rows_sum_to_one("Y"))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A graph convolutional net")
    page.say(
        r"""
        Wherever the forward pass mixes neighbours by $S$, the backward pass mixes the errors by
        $S^\top$: a node learns from the mistakes of those it speaks to.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
