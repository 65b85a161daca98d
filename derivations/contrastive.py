"""Two towers and InfoNCE: every row must find its partner among all rows."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """Rows of A and B that stand in one line belong together; tau is the temperature."""
    n, p, q, d = mc.dims("n p q d")
    net = mc.Network("InfoNCE")
    A, B, tau = net.input("A", n, p), net.input("B", n, q), net.input("tau")
    U = net.let("U", A * net.param("W_A", p, d))
    V = net.let("V", B * net.param("W_B", q, d))
    r = net.let("r", mc.sqrt(mc.rowsum(mc.square(U))))
    s = net.let("s", mc.sqrt(mc.rowsum(mc.square(V))))
    Uhat = net.let("Uhat", mc.divide(U, r * mc.ones(1, d)))
    Vhat = net.let("Vhat", mc.divide(V, s * mc.ones(1, d)))
    S = net.let("S", Uhat * Vhat.T / tau)
    net.minimize(net.let("L", -mc.tr(mc.log_softmax(S, 1)) / n))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("A contrastive loss (InfoNCE)")
    page.say(
        r"""
        What arrives at the similarities $S$ is softmax minus identity, over n: a classifier
        whose classes are the rows of the batch. Through the normalisation only the part across
        $U$ survives: the length of an embedding is never learnt.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
