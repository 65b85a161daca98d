"""Batch norm as a block of its own: what arrives from above is G."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Columns are standardised over the batch, then scaled and shifted."""
    n, d = mc.dims("n d")
    net = mc.Network("batch norm")
    net.output(mc.blocks.batch_norm(net, net.input("X", n, d)), upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network(), ["gamma", "beta", "X"])
    page = Notes("Batch norm")
    page.say(
        r"""
        The batch is one thing: every row of $X$ gets something through the mean and through the
        standard deviation of its column. With $\hat G = \partial L / \partial \hat X$ the last
        line is the short form of the books, what arrives by all three ways taken together:
        $\left(\hat G - m - \hat X \odot v\right) \oslash s$, where $m$ and $v$ hold the column
        means of $\hat G$ and of $\hat G \odot \hat X$.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
