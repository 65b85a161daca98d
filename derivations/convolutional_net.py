"""A convolution, max pooling and a classifier for square images."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Images of 2m + 2 by 2m + 2 pixels, c kernels of 3 x 3, pooling over 2 x 2, k classes."""
    n, m, c, k = mc.dims("n m c k")
    side = 2 * m + 2
    net = mc.Network("convolutional net")
    X = net.input("X", n, side**2)
    C = mc.blocks.conv2d(net, X, (1, side, side), c, 3, activation="relu", name="1")
    M = mc.blocks.max_pool(net, C, (c, 2 * m, 2 * m), 2, name="2")
    Z = mc.blocks.dense(net, M, k, name="3")
    net.minimize(net.let("L", mc.cross_entropy(Z, net.input("Y", n, k), logits=True)))
    net.assume(mc.Q.rows_sum_to_one("Y"))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A convolutional net")
    page.say(
        r"""
        With the patches laid out as rows the convolution is a product, and so is its gradient:
        $P_1^\top$ times what arrives at the positions. Folding the patches back,
        $\operatorname{fold}(\cdot\, W_1^\top)$, would be the transposed convolution; here it is
        not needed, as the image is not learnt. Pooling hands each gradient to the largest
        pixel.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
