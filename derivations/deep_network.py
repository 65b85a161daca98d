"""L layers with L as a symbol: the recursion of backpropagation and its boundary."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Layers of widths d[0], ..., d[L], rows as data, an activation g that stays a symbol."""
    n, L = mc.dims("n L")
    net = mc.Network("deep network")
    layer = net.index("l", 1, L)
    d = net.sizes("d")
    X, Y = net.input("X", n, d[0]), net.input("Y", n, d[L])
    W = net.param("W", d[layer - 1], d[layer], over=layer)
    b = net.param("b", 1, d[layer], over=layer)
    g = mc.function("g")
    A = net.recur(
        "A",
        over=layer,
        start=X,
        step=lambda prev: g(prev * W[layer] + mc.ones(n, 1) * b[layer]),
    )
    net.minimize(net.let("J", mc.norm2(A[L] - Y) ** 2 / (2 * n)))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A network of L layers", "dot-star")
    page.say(
        r"""
        The number of layers stays a symbol, so the backward pass is a rule and not a list. The last
        line of the backward pass is the one to remember: $\delta^{(l)}$ from $\delta^{(l+1)}$,
        through the weights of the layer above and the slope of the own one. The boundary value at
        $l = L$ is all that the loss contributes.
        """
    )
    page.derivation(D, detail="brief").check(D)
    one, many = D.bound("A").lines("dot-star")
    return page.heading("How fast it fades").say(
        rf"""
        One line of the recursion bounds the next: ${one}$, with the largest singular value of the
        weights. So over all layers ${many}$. Where these factors stay below one the gradient of a
        deep network fades, and where they stay above one it may explode.
        """
    )


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
