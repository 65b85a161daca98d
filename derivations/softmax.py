"""Softmax and cross-entropy: the Jacobian, the gradient P - Y, numbers, and two classes."""

import math

import matcalc as mc
from matcalc.api.notes import Notes

SCORES = {"dog": -3.44, "cat": 1.16, "boat": -0.81, "airplane": 3.91}


def column() -> mc.Network:
    """One column of K scores."""
    K = mc.dims("K")
    net = mc.Network("softmax")
    z = net.param("z", K, 1)
    y = net.input("y", K, 1)
    p = net.let("p", mc.softmax(z))
    net.assume(mc.Q.cols_sum_to_one(y))
    net.minimize(net.let("E", -mc.sum(mc.hadamard(y, mc.log(p)))))
    return net


def rows() -> mc.Network:
    """n rows of K scores, one-hot rows of labels."""
    n, d, K = mc.dims("n d K")
    net = mc.Network("softmax regression")
    X, Y = net.input("X", n, d), net.input("Y", n, K)
    net.assume(mc.Q.rows_sum_to_one(Y))
    W, b = net.param("W", d, K), net.param("b", 1, K)
    Z = net.let("Z", X * W + mc.ones(n, 1) * b)
    P = net.let("P", mc.softmax(Z))
    net.minimize(net.let("L", mc.cross_entropy(P, Y)))
    return net


def notes() -> Notes:
    """The worked exercise."""
    one, many = mc.derive(column()), mc.derive(rows())
    page = Notes("Softmax and cross-entropy", "numbered-weights")
    page.say(
        r"""The Jacobian is $\operatorname{diag}(p) - p\,p^T$, full and not diagonal: raising one score
        lowers all other shares. Yet nobody has to form it. Behind a logarithm and labels
        that sum to one it collapses to $p - y$, for one column of scores as for a batch of rows,
        and it is the sum of the labels that does it."""
    )
    page.heading("The Jacobian").derivation(one, "chain", opening=False)
    page.say(
        """The shares of $y$ sum to one, whichever class is meant: only so is the gradient by the
        scores the difference of the shares."""
    )
    page.derivation(one, opening=False, detail={"dz": "full", "*": "normal"})
    page.heading("A batch of rows").derivation(many)
    page.heading("In numbers")
    total = sum(math.exp(s) for s in SCORES.values())
    page.table(
        ("class", "score", "exp", "softmax", "loss if it is the label"),
        [
            (
                name,
                f"${s:.2f}$",
                f"${math.exp(s):.4f}$",
                f"${math.exp(s) / total:.4f}$",
                f"${math.log(total) - s:.4f}$",
            )
            for name, s in SCORES.items()
        ],
    )
    page.say(
        "Scores may be negative and do not sum to one; exponentials are positive, but exceed "
        "one. Only their "
        "shares can stand under the logarithm of the loss."
    )
    page.heading("Two classes")
    z = mc.vector("z", 2)
    first = mc.softmax(z)[0, 0]
    page.say("With $K = 2$ softmax is the logistic function of the difference of the scores:")
    page.formula(
        r"\sigma_1(z)",
        r"\frac{e^{z_1}}{e^{z_1} + e^{z_2}}",
        r"\frac{1}{1 + e^{-(z_1 - z_2)}}",
        r"\sigma(z_1 - z_2)",
    )
    values = {"z": [0.3, -1.1]}
    share, logistic = mc.evaluate(first, values), mc.evaluate(mc.sigmoid(z[0, 0] - z[1, 0]), values)
    page.say(f"At $z = (0.3, -1.1)$ both are ${share:.6f}$ and ${logistic:.6f}$.")
    return page.check(one).check(many)


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
