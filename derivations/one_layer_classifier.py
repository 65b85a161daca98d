"""A logistic classifier of one layer, data in columns: one datum, n data, weighted classes."""

import matcalc as mc
from matcalc.api.notes import Notes


def classifier(n: object, weighted: bool = False) -> mc.Network:
    """Y-hat = sigma(W^T X) with the mean log loss; row 0 of X is all ones."""
    net = mc.Network("classifier")
    X, Y = net.input("X", 3, n), net.input("Y", 1, n)
    weights = None
    if weighted:
        weights = (net.input("alpha"), net.input("beta"))
    W = net.param("W", 3, 1, latex="W^{[1]}")
    f = net.let("f", W.T * X, latex="f^{[1]}")
    Yhat = net.let("Yhat", mc.sigmoid(f))
    net.minimize(
        net.let("E", mc.binary_cross_entropy(Yhat, Y, weights=weights), latex=r"\mathcal{E}")
    )
    return net


def notes() -> Notes:
    """The worked exercise."""
    one = mc.derive(classifier(1))
    n = mc.dims("n")
    many = mc.derive(classifier(n))
    weighted = mc.derive(classifier(n, weighted=True))
    page = Notes("A classifier of one layer", "bracketed-layers")
    page.say(
        """The data are columns of $X$, whose row 0 is all ones, so that $W^{[1]}_{00}$ is the
        bias. Indices
        start at 0, and a gradient has the shape of its variable."""
    )
    page.heading("One datum").derivation(one, opening=False, detail="full")
    page.say("A single entry, and the whole column:")
    page.derivation(one, "index", of="W", entry=(2, 0), opening=False)
    page.derivation(one, "paths", of="W", entry=(2, 0), opening=False)
    page.heading("Any number of data").derivation(
        many, opening=False, detail={"df": "full", "*": "normal"}
    )
    page.say(
        r"""For one datum the factors are numbers and stand in any order; for more of them the
        product of
        the entries, $\odot$, takes over, and $\frac{1}{n}$ of the mean stays in front."""
    )
    page.derivation(many, "batch", opening=False)
    page.heading("The loss of a sample")
    sample = {"Y": [[0, 1]], "Yhat": [[0.2, 0.9]]}
    page.say(
        r"For $Y = [0\ 1]$ and $\hat{Y} = [0.2\ 0.9]$ only the output counts; the rest waits "
        r"for its inputs."
    )
    page.numbers(many, sample, partial=True, digits=5, lines=["Yhat", "E", "dYhat", "df"])
    page.heading("Weighted classes").derivation(
        weighted, opening=False, detail={"df": "full", "*": "normal"}
    )
    page.say("The same sample, with a weight of 10 for the rare class:")
    page.numbers(
        weighted,
        {**sample, "alpha": 10, "beta": 1},
        partial=True,
        digits=7,
        lines=["E", "dYhat", "df"],
    )
    page.say(
        r"""With 100 data of class 1 and 1000 of class 0 the two sums weigh the same for
        $\alpha \approx 10 \beta$."""
    )
    page.graph(many)
    return page.check(many).check(weighted)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
