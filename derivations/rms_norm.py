"""RMS norm: the root mean square instead of a standard deviation."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """No mean is taken off, and nothing is added."""
    n, d = mc.dims("n d")
    net = mc.Network("RMS norm")
    net.output(mc.blocks.rms_norm(net, net.input("X", n, d)), upstream="G")
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network(), ["gamma", "X"])
    page = Notes("RMS norm")
    page.say(
        r"""
        One statistic, so one correction: the part of the incoming gradient along the row itself
        is taken off, everything else is scaled by $1/s$.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
