"""One step of a gated recurrent unit, with an upstream gradient."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Reset r, update u, candidate c; the reset gate acts after the product."""
    n, d, h = mc.dims("n d h")
    net = mc.Network("GRU")
    x, h0 = net.input("x", n, d), net.input("h0", n, h)
    net.output(mc.blocks.gru(net, x, h0, time=1), upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A GRU cell")
    page.say(
        r"""
        The state reaches the next one by two paths: directly, times the update gate, and
        through the three gates. The difference $h_0 - c_1$ is what decides whether the gate
        opens.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
