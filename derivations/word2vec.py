"""Skip-gram word vectors with negative sampling."""

import matcalc as mc
from matcalc.api.notes import Notes


def network() -> mc.Network:
    """One-hot centres C and contexts O; N counts how often each word was drawn as a negative."""
    n, w, d = mc.dims("n w d")
    net = mc.Network("word2vec")
    C, O, N = net.input("C", n, w), net.input("O", n, w), net.input("N", n, w)
    V, U = net.param("V", w, d), net.param("U", w, d)
    H = net.let("H", C * V)
    S = net.let("S", H * U.T)
    hit = mc.sum(mc.hadamard(O, mc.logsigmoid(S)))
    miss = mc.sum(mc.hadamard(N, mc.logsigmoid(-S)))
    net.minimize(net.let("L", -hit - miss))
    return net


def notes() -> Notes:
    """What to look at, the derivation and its check."""
    D = mc.derive(network())
    page = Notes("Word vectors by negative sampling")
    page.say(
        r"""
        Each score gets $\sigma(S)$ where the word was drawn as a negative and $\sigma(S) - 1$
        where it was the context: a logistic regression per pair. The one-hot $C^\top$ in front
        of the gradient by $V$ says that only the rows of the centre words move.
        """
    )
    return page.derivation(D, detail="brief").check(D)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
