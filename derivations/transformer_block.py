"""A pre-norm transformer block with one head and a feed-forward part."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Norm, attention, add; norm, feed forward, add."""
    T, d, h = mc.dims("T d h")
    net = mc.Network("block")
    X = net.input("X", T, d)
    Y = mc.blocks.transformer(net, X, 1, h, width=d, causal=True, norm="rms", activation="relu")
    net.output(Y, upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A transformer block")
    page.say(
        r"""
        Follow the residual stream: what arrives at the output arrives unchanged at the middle,
        plus what comes back through the feed-forward part, and again at the input. Each branch
        starts with a norm, so the stream itself is never divided by anything.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
