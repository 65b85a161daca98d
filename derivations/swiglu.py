"""A gated feed-forward block with an upstream gradient."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Two projections, one squashed by silu, multiplied entry by entry."""
    n, d, h = mc.dims("n d h")
    net = mc.Network("SwiGLU")
    net.output(mc.blocks.gated(net, net.input("X", n, d), h), upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A SwiGLU feed-forward block")
    page.say(
        r"""
        A product of two paths: each gets what arrives times the value of the other. The
        derivative of $\operatorname{SiLU}(x) = x\,\sigma(x)$ is written with its own value, so
        a forward pass that kept it pays nothing.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
