"""Scaled dot-product attention with a causal mask and an upstream gradient."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """A position sees itself and what came before."""
    T, d, v = mc.dims("T d v")
    net = mc.Network("attention")
    Q, K, V = net.input("Q", T, d), net.input("K", T, d), net.input("V", T, v)
    net.output(mc.blocks.attention(net, Q, K, V, causal=True), upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network(), ["Q", "K", "V"])
    page = Notes("Causal attention")
    page.say(
        r"""
        Five lines: the values get $P^\top G$, the weights $G V^\top$, softmax takes the mean
        off each row, and queries and keys get the result times one another. The mask never
        appears in the backward pass: $P$ is zero where it is, and $P$ stands in front.
        """
    )
    return page.derivation(D, detail="normal").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
