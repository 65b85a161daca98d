"""The claims of the fifth document: thirteen weights, partial data, softmax and cross-entropy."""

from __future__ import annotations

import math

import numpy as np

import matcalc as mc
from matcalc.numeric.worked import worked
from tests.lectures.bench import Bench, equal, printed, says, script

HERE, SOFT = script("scalar_network"), script("softmax")
w = Bench(HERE["network"](), seed=7)
PAGE = "scalar_network"

front = -2 * (w.y - w.yhat)
up3, up4 = w.w11 * w.a3 * (1 - w.a3), w.w12 * w.a4 * (1 - w.a4)
to1 = (up3 * w.w5 + up4 * w.w8) * w.a1 * (1 - w.a1)
to2 = (up3 * w.w6 + up4 * w.w9) * w.a2 * (1 - w.a2)
FORMULAS = {
    "w13": 1.0,
    "w11": w.a3,
    "w12": w.a4,
    "w5": up3 * w.a1,
    "w6": up3 * w.a2,
    "w7": up3,
    "w8": up4 * w.a1,
    "w9": up4 * w.a2,
    "w10": up4,
    "w1": to1 * w.x,
    "w2": to1,
    "w3": to2 * w.x,
    "w4": to2,
}
for name, factor in FORMULAS.items():
    says(f"S4-1b-{name}", PAGE, lambda n=name, f=factor: equal(w.d(n), front * f))
says(
    "S4-1b-w1-onepath",
    PAGE,
    lambda: (
        equal(w.d("w1"), front * to1 * w.x)
        and not equal(w.d("w1"), front * up3 * w.w5 * w.a1 * (1 - w.a1) * w.x)
    ),
)
says("S4-14", PAGE, lambda: equal(w.J("a3", "s3"), w.a3 * (1 - w.a3)))
says(
    "S4-13",
    PAGE,
    lambda: equal(w.J("a3", "s3") * w.J("s3", "w5"), w.a3 * (1 - w.a3) * w.a1),
)


def lowers() -> bool:
    moved = {**w.given, "w5": w.given["w5"] - 0.01 * w.d("w5")}
    return w.D.evaluate(moved).value < w.found.value


says("S4-12", PAGE, lowers)

# -- what the table determines
# -------------------------------------------------------------------------

known = {v.line.name: v.value for v in worked(w.D.record, HERE["GIVEN"], partial=True)}
slopes = {k: HERE["GIVEN"][k] * (1 - HERE["GIVEN"][k]) for k in ("a3", "a4")}


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def slope_at(activation: float) -> float:
    """The engine's slope of the logistic function where it has this value."""
    s = mc.scalar("s")
    return mc.evaluate(mc.gradient(mc.sigmoid(s), s), {"s": logit(activation)})


says("S4-T-a3", PAGE, lambda: printed(slope_at(0.2392), 0.1820, 4))
says("S4-T-a4", PAGE, lambda: printed(slope_at(0.7661), 0.1792, 4))
says(
    "S4-rec-yhat",
    PAGE,
    lambda: printed(known["dyhat"], -0.5968, 4) and printed(0.25 - 0.5968 / 2, -0.0484, 4),
)
says("S4-rec-E", PAGE, lambda: printed(known["E"], 0.0890, 4))
says(
    "S4-rec-s3",
    PAGE,
    lambda: printed(logit(0.2392), -1.1571, 4) and printed(slope_at(0.2392), slopes["a3"], 9),
)
says(
    "S4-rec-s4",
    PAGE,
    lambda: printed(logit(0.7661), 1.1864, 4) and printed(slope_at(0.7661), slopes["a4"], 9),
)
says("S4-rec-w11", PAGE, lambda: printed(known["dw11"], -0.1428, 4))
says("S4-rec-w12", PAGE, lambda: printed(known["dw12"], -0.4572, 4))
says("S4-rec-w13", PAGE, lambda: printed(known["dw13"], -0.5968, 4))
says("S4-rec-dw11", PAGE, lambda: printed(-0.1 * known["dw11"], 0.01428, 5))
says("S4-rec-dw12", PAGE, lambda: printed(-0.1 * known["dw12"], 0.04572, 5))
says("S4-rec-dw13", PAGE, lambda: printed(-0.1 * known["dw13"], 0.05968, 5))

# -- softmax
# -----------------------------------------------------------------------------------------------

scores = np.array(list(SOFT["SCORES"].values()))
z = mc.vector("z", 4)
share = mc.evaluate(mc.softmax(z), {"z": scores})[:, 0]
power = mc.evaluate(mc.exp(z), {"z": scores})[:, 0]
PRINTED = {
    "dog": (0.0321, 0.0006, 7.4209),
    "cat": (3.1899, 0.0596, 2.8209),
    "boat": (0.4449, 0.0083, 4.7909),
    "airplane": (49.8990, 0.9315, 0.0709),
}


def cross_entropy(k: int) -> float:
    """The loss if class k is right."""
    D = mc.derive(SOFT["column"]())
    return float(D.evaluate({"z": scores, "y": np.eye(4)[k]}).value)


for k, (name, (e, p, loss)) in enumerate(PRINTED.items()):
    says(f"S4-2-exp-{name}", "softmax", lambda k=k, e=e: printed(power[k], e, 4))
    says(f"S4-2-p-{name}", "softmax", lambda k=k, p=p: printed(share[k], p, 4))
    says(f"S4-2-loss-{name}", "softmax", lambda k=k, loss=loss: printed(cross_entropy(k), loss, 4))


def two_classes() -> bool:
    v = mc.vector("v", 2)
    at = {"v": [0.3, -1.1]}
    return equal(mc.evaluate(mc.softmax(v)[0, 0], at), 1 / (1 + math.exp(-(0.3 + 1.1))))


def jacobian() -> bool:
    J = mc.evaluate(mc.jacobian(mc.softmax(z), z), {"z": scores})
    return equal(
        J, np.array([[share[j] * ((j == k) - share[k]) for j in range(4)] for k in range(4)])
    )


def gradient() -> bool:
    D = mc.derive(SOFT["column"]())
    y = np.array([0.1, 0.2, 0.3, 0.4])
    return equal(D.evaluate({"z": scores, "y": y}).gradients["z"][:, 0], share - y)


says("S4-2-two", "softmax", two_classes)
says(
    "S4-2-closed",
    "softmax",
    lambda: equal(share.sum(), 1) and bool(np.all((share > 0) & (share < 1))),
)
says("S4-2-jac", "softmax", jacobian)
says("S4-2-ce-grad", "softmax", gradient)
