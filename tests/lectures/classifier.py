"""The claims of the first document: a logistic classifier, then one hidden layer of rectifiers."""

from __future__ import annotations

import numpy as np

import matcalc as mc
from matcalc.numeric.worked import worked
from tests.lectures.bench import Bench, equal, printed, says, script

CLASSIFIER, RELU = (
    script("one_layer_classifier")["classifier"],
    script("relu_classifier")["network"],
)

ONE = Bench(CLASSIFIER(1), Y=[[1.0]])
MANY = Bench(CLASSIFIER(mc.dims("n")), dims={"n": 5}, Y=np.array([[1.0, 0, 0, 1, 1]]))
WEIGHED = Bench(
    CLASSIFIER(mc.dims("n"), weighted=True), dims={"n": 4}, Y=np.array([[1.0, 0, 0, 1]])
)
DEEP = Bench(RELU(), seed=3, Y=[[1.0]])
DEEP_PLAIN = Bench(RELU(weighted=False), seed=3, Y=[[0.0]])


def sigma(s):
    return 1 / (1 + np.exp(-s))


def slope_of_loss(y, p):
    return -y / p + (1 - y) / (1 - p)


def positive(s):
    return (np.asarray(s) > 0) * 1.0


y, p = 1.0, float(ONE.Yhat)
says(
    "S0-1a-i S0-1a-i-index S0-1a-i-bracket",
    "one_layer_classifier",
    lambda: equal(ONE.d("Yhat"), slope_of_loss(y, p)),
)
says("S0-1a-ii", "one_layer_classifier", lambda: equal(ONE.d("f"), p - y))
says(
    "S0-1a-ii-chain S0-1a-sum",
    "one_layer_classifier",
    lambda: equal(ONE.d("f"), ONE.d("Yhat") * ONE.J("Yhat", "f")),
)
says(
    "S0-1a-ii-sig S0-1a-ii-sigY",
    "one_layer_classifier",
    lambda: equal(ONE.J("Yhat", "f"), sigma(ONE.f) * (1 - sigma(ONE.f))),
)
says("S0-1a-ii-mid", "one_layer_classifier", lambda: equal(ONE.d("f"), -y * (1 - p) + (1 - y) * p))
says("S0-1a-iii", "one_layer_classifier", lambda: equal(ONE.d("W")[2, 0], ONE.d("f") * ONE.X[2, 0]))
says(
    "S0-1a-iii-f",
    "one_layer_classifier",
    lambda: equal(ONE.f, sum(ONE.W[i, 0] * ONE.X[i, 0] for i in range(3))),
)
says("S0-1a-iii-dfdW", "one_layer_classifier", lambda: equal(ONE.J("f", "W")[2, 0], ONE.X[2, 0]))
says("S0-1b", "one_layer_classifier", lambda: equal(ONE.d("W"), float(ONE.d("f")) * ONE.X))
says("S0-1b-layout", "one_layer_classifier", lambda: ONE.d("W").shape == (3, 1))
says(
    "S0-1a-sum-n",
    "one_layer_classifier",
    lambda: equal(MANY.d("f"), MANY.d("Yhat") * MANY.Yhat * (1 - MANY.Yhat)),
)
says(
    "S0-1b-n",
    "one_layer_classifier",
    lambda: (
        equal(MANY.d("W"), MANY.X @ MANY.d("f").T)
        and equal(MANY.d("W"), MANY.X @ (MANY.Yhat - MANY.Y).T / 5)
    ),
)
says(
    "S0-1c S0-1c-row S0-1c-missing-n",
    "one_layer_classifier",
    lambda: equal(MANY.d("f"), (MANY.Yhat - MANY.Y) / 5),
)


def loss_of_sample(weighted: bool, **more: float) -> float:
    """The loss at two labels and two outputs; the data are not needed."""
    D = mc.derive(CLASSIFIER(mc.dims("n"), weighted=weighted))
    lines = worked(D.record, {"Y": [[0, 1]], "Yhat": [[0.2, 0.9]], **more}, partial=True)
    return next(w.value for w in lines if w.line.name == "E")


says("S0-1-loss-num", "one_layer_classifier", lambda: printed(loss_of_sample(False), 0.16425, 5))
says(
    "S0-1d-loss",
    "one_layer_classifier",
    lambda: (
        equal(loss_of_sample(True, alpha=10, beta=1), -0.5 * (np.log(0.8) + 10 * np.log(0.9)))
        and printed(loss_of_sample(True, alpha=10, beta=1), 0.6383744, 7)
    ),
)
says(
    "S0-1d-grad",
    "one_layer_classifier",
    lambda: equal(
        WEIGHED.d("f"),
        (
            WEIGHED.beta * (1 - WEIGHED.Y) * WEIGHED.Yhat
            - WEIGHED.alpha * WEIGHED.Y * (1 - WEIGHED.Yhat)
        )
        / 4,
    ),
)

w = DEEP
Y0, P0 = 1.0, float(w.Yhat)
dE = -w.alpha * Y0 / P0 + w.beta * (1 - Y0) / (1 - P0)
entry = lambda b: b.d("W1")[1, 1]  # noqa: E731
says(
    "S0-2-chain",
    "relu_classifier",
    lambda: equal(
        entry(w),
        w.d("Yhat")
        * w.J("Yhat", "f2")
        * w.J("f2", "a1")[1, 0]
        * w.J("a1", "f1")[1, 1]
        * w.J("f1", "W1")[4, 1],
    ),
)
says("S0-2-dY", "relu_classifier", lambda: equal(w.d("Yhat"), dE))
says(
    "S0-2-dYdf2",
    "relu_classifier",
    lambda: equal(w.J("Yhat", "f2"), sigma(w.f2) * (1 - sigma(w.f2))),
)
says("S0-2-df2da", "relu_classifier", lambda: equal(w.J("f2", "a1")[1, 0], w.W2[1, 0]))
says("S0-2-dadf1", "relu_classifier", lambda: equal(w.J("a1", "f1"), np.diag(positive(w.f1[:, 0]))))
says("S0-2-df1dW", "relu_classifier", lambda: equal(w.J("f1", "W1")[4, 1], w.X[1, 0]))
says("S0-2-only", "relu_classifier", lambda: equal(w.J("f1", "W1")[4, 0], 0))
says(
    "S0-2",
    "relu_classifier",
    lambda: equal(
        entry(w),
        dE * sigma(w.f2) * (1 - sigma(w.f2)) * w.W2[1, 0] * positive(w.f1[1, 0]) * w.X[1, 0],
    ),
)
says(
    "S0-2-simplified",
    "relu_classifier",
    lambda: equal(
        entry(w),
        (w.beta * (1 - Y0) * P0 - w.alpha * Y0 * (1 - P0))
        * w.W2[1, 0]
        * positive(w.f1[1, 0])
        * w.X[1, 0],
    ),
)
says(
    "S0-2-plainloss",
    "relu_classifier",
    lambda: equal(
        entry(DEEP_PLAIN),
        (float(DEEP_PLAIN.Yhat) - 0.0)
        * DEEP_PLAIN.W2[1, 0]
        * positive(DEEP_PLAIN.f1[1, 0])
        * DEEP_PLAIN.X[1, 0],
    ),
)
says(
    "S0-2-matrix",
    "relu_classifier",
    lambda: equal(w.d("W1"), w.X @ ((w.W2 * float(w.d("f2"))) * positive(w.f1)).T),
)
says("S0-2-matrix2", "relu_classifier", lambda: equal(w.d("W2"), w.a1 * float(w.d("f2"))))


def slope(fn, at: float) -> float:
    """The derivative of an entrywise function at a number."""
    z = mc.scalar("z")
    return mc.evaluate(mc.gradient(fn(z), "z"), {"z": at})


says(
    "S0-3-sigbound",
    "fifty_layers",
    lambda: (
        slope(mc.sigmoid, 0.0) == 0.25
        and all(0 < slope(mc.sigmoid, x) < 0.25 for x in (-20.0, -1.0, 0.3, 5.0, 20.0))
        and printed(0.25**50 * 1e31, 7.89, 2)
    ),
)
says(
    "S0-3-relu0",
    "fifty_layers",
    lambda: [slope(mc.relu, x) for x in (-1.0, 0.0, 1e-9, 2.0)] == [0, 0, 1, 1],
)
