"""An autoencoder whose decoder is its encoder, transposed."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Codes H of the rows of X; one weight, used twice."""
    n, d, h = mc.dims("n d h")
    net = mc.Network("autoencoder")
    X = net.input("X", n, d)
    H = mc.blocks.dense(net, X, h, name="1", activation="tanh")
    R = net.let("R", H * net["W1"].T + mc.ones(n, 1) * net.param("c", 1, d))
    net.minimize(net.let("L", mc.squared_error(R, X, scale="half_mean")))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("An autoencoder with tied weights")
    page.say(
        r"""
        The weight $W_1$ stands in two steps, so its gradient is a sum: what the decoder says,
        $\left(\partial L / \partial R\right)^\top A_1$, and what the encoder says. Tying the
        weights adds the two gradients and changes nothing else.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
