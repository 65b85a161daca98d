"""One step of an LSTM, with an upstream gradient for its output."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Gates i, f, o, candidate g, and the cell c."""
    n, d, h = mc.dims("n d h")
    net = mc.Network("LSTM")
    x, h0, c0 = net.input("x", n, d), net.input("h0", n, h), net.input("c0", n, h)
    net.output(mc.blocks.lstm(net, x, h0, c0, time=1)[0], upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("An LSTM cell")
    page.say(
        r"""
        The cell's own path has no matrix and no squashing: what arrives at $c_1$ reaches $c_0$
        times the forget gate, entry by entry. That is why an LSTM keeps gradients alive where a
        plain recurrent net multiplies by a matrix at every step.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
