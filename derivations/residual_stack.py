"""A stack of L residual blocks, L a symbol: the gradient has a way around every block."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Blocks ``X + relu(X*W)*V`` of one width, rows as data."""
    n, d, m, L = mc.dims("n d m L")
    net = mc.Network("residual stack")
    layer = net.index("l", 1, L)
    X, Y = net.input("X", n, d), net.input("Y", n, d)
    W = net.param("W", d, m, over=layer)
    V = net.param("V", m, d, over=layer)
    X_l = net.recur(
        "A",
        over=layer,
        start=X,
        step=lambda prev: prev + mc.relu(prev * W[layer]) * V[layer],
    )
    net.minimize(net.let("J", mc.norm2(X_l[L] - Y) ** 2 / (2 * n)))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A stack of residual blocks", "bracketed-layers")
    page.say(
        r"""
        What arrives at a block goes on to the block below it twice: unchanged, around the block, and
        through its weights. The first way has no factor that could shrink it, however deep the
        stack: compare the recursion with that of a plain deep network, where only the second way
        exists.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
