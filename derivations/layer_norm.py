"""Layer norm: every row is standardised by itself."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """The statistics are columns, so that nothing is shared between examples."""
    n, d = mc.dims("n d")
    net = mc.Network("layer norm")
    net.output(mc.blocks.layer_norm(net, net.input("X", n, d)), upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network(), ["gamma", "beta", "X"])
    page = Notes("Layer norm")
    page.say(
        r"""
        The same lines as for batch norm with rows and columns exchanged: the sums run along
        each row, and no example sees another. Gradients by $\gamma$ and $\beta$ still sum over
        the rows, because all rows share them.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
