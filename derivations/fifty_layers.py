"""Fifty hidden layers: one general line instead of fifty, and how fast gradients vanish."""

from collections.abc import Callable
from typing import Any

import numpy as np

import matcalc as mc
from matcalc.api.notes import Notes

DEPTH, WIDTH, DATA = 50, 16, 8


def network(activation: Callable[[Any], Any]) -> mc.Network:
    """Data in columns, fifty hidden layers of one width, a logistic output."""
    n, d = mc.dims("n d")
    net = mc.Network("fifty layers")
    a, Y = net.input("X", d, n), net.input("Y", 1, n)
    for k in range(1, DEPTH + 2):
        W = net.param(f"W{k}", d, d if k <= DEPTH else 1)
        f = net.let(f"f{k}", W.T * a)
        if k <= DEPTH:
            a = net.let(f"a{k}", activation(f))
    Yhat = net.let("Yhat", mc.sigmoid(f))
    net.minimize(net.let("E", mc.binary_cross_entropy(Yhat, Y), latex=r"\mathcal{E}"))
    return net


def magnitudes(D: mc.Derivation, scale: float) -> dict[str, float]:
    """The largest entry of each gradient at random weights of the given standard deviation."""
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {
        "X": rng.normal(size=(WIDTH, DATA)),
        "Y": rng.integers(0, 2, size=(1, DATA)),
    }
    for k in range(1, DEPTH + 2):
        values[f"W{k}"] = rng.normal(size=(WIDTH, WIDTH if k <= DEPTH else 1)) * scale
    return {name: float(np.abs(g).max()) for name, g in D.evaluate(values).gradients.items()}


def notes() -> Notes:
    """The worked exercise."""
    logistic, relu = mc.derive(network(mc.sigmoid)), mc.derive(network(mc.relu))
    page = Notes("Fifty layers", "bracketed-layers")
    page.say(
        r"""One rule stands for all layers but the first and the last: multiply by the weights, then
        entrywise by the slope. What arrives at the last activation is short, because the
        slope of the logistic function cancels against the loss; the fifty slopes before it
        cancel against nothing, and that is the whole trouble of deep logistic networks."""
    )
    page.derivation(logistic)
    page.heading("Why the first layers hardly learn")
    page.say(
        r"""Each layer back multiplies by $\sigma'(f) = a (1 - a)$, at most $\frac{1}{4}$,
        reached at $f = 0$, and
        by the weights. Fifty slopes alone are at most $0.25^{50} = 7.9 \cdot 10^{-31}$. The
        slope of ReLU is 1
        where its input is positive, so that there only the weights count; they must be
        large enough as well."""
    )
    rows = []
    for name, D, scale, said in (
        ("logistic", logistic, WIDTH**-0.5, r"$\sqrt{1/d}$"),
        ("ReLU", relu, (2 / WIDTH) ** 0.5, r"$\sqrt{2/d}$"),
        ("ReLU", relu, WIDTH**-0.5, r"$\sqrt{1/d}$"),
    ):
        found = magnitudes(D, scale)
        shown = [_power(found[f"W{k}"]) for k in (1, 10, 25, 40, 51)]
        rows.append((name, said, *shown))
    page.say(
        f"The largest entry of each gradient, {WIDTH} units a layer, {DATA} data, random "
        f"weights of the standard "
        "deviation given:"
    )
    page.table(("activation", "weights", *(f"$W^{{[{k}]}}$" for k in (1, 10, 25, 40, 51))), rows)
    return page.check(logistic, trials=1)


def _power(x: float) -> str:
    exponent = int(np.floor(np.log10(x)))
    return rf"$10^{{{exponent}}}$" if exponent < -3 else f"${x:.2g}$"


if __name__ == "__main__":
    page = notes()
    print(page.to_text())
    page.write(__file__)
