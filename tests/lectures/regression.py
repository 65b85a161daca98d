"""The claims of the third document: the shape convention, and a tanh regression network in
numbers."""

from __future__ import annotations

import math

import numpy as np

import matcalc as mc
from matcalc.numeric.worked import worked
from tests.lectures.bench import Bench, equal, printed, says, script

HERE, MAPS, GRAPH = (
    script(n) for n in ("tanh_regression", "shape_convention", "computation_graph")
)
VALUES = HERE["VALUES"]
w = Bench(
    HERE["network"](),
    **{
        k: np.asarray(v, dtype=float) if k != "x" else np.array([[1.0], [1], [2]])
        for k, v in VALUES.items()
        if k != "y"
    },
    y=3.0,
)
hats = Bench(
    HERE["without_bias"](),
    alpha=np.asarray(VALUES["alpha"], dtype=float),
    x=np.array([[1.0], [1], [2]]),
    betahat=np.asarray(VALUES["beta"], dtype=float)[:, 1:],
    beta_0=0.0,
    y=3.0,
)
PAGE, SHAPES = "tanh_regression", "shape_convention"


# -- the shape convention
# ---------------------------------------------------------------------------


def scalar_chain() -> bool:
    """dz/dx = dz/dy dy/dx for z = sin(y), y = x^2."""
    x = mc.scalar("x")
    whole = mc.gradient(mc.sin(mc.power(x, 2)), x)
    return equal(mc.evaluate(whole, {"x": 0.7}), math.cos(0.49) * 1.4)


def chain() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dz/dx, dy/dx and dz/dy of two maps in denominator layout: p = 3, r = 4, n = 2."""
    A, B, x = mc.matrix("A", 4, 3), mc.matrix("B", 2, 4), mc.vector("x", 3)
    y = mc.vector("y", 4)
    rng = np.random.default_rng(0)
    values = {"A": rng.normal(size=(4, 3)), "B": rng.normal(size=(2, 4)), "x": rng.normal(size=3)}
    inner = np.tanh(values["A"] @ values["x"])
    whole = mc.jacobian(mc.sin(B * mc.tanh(A * x)), x)
    return (
        mc.evaluate(whole, values),
        mc.evaluate(mc.jacobian(mc.tanh(A * x), x), {"A": values["A"], "x": values["x"]}),
        mc.evaluate(mc.jacobian(mc.sin(B * y), y), {"B": values["B"], "y": inner}),
    )


def shapes_of_maps() -> bool:
    D = mc.derive(MAPS["maps"]())
    record = D.record
    p, r, n = mc.dims("p r n")
    y, z, x = (record.problem.find(name) for name in "yzx")
    J = lambda of, by: mc.jacobian(record.definitions[of], by)  # noqa: E731
    return J(y, x).shape == (p, r) and J(z, y).shape == (r, n)


says("S2-1.1", SHAPES, scalar_chain)
says(
    "S2-1.2",
    SHAPES,
    lambda: shapes_of_maps() and [m.shape for m in chain()] == [(3, 2), (3, 4), (4, 2)],
)
says("S2-1.3 S2-1.3-swapped", SHAPES, lambda: equal(chain()[0], chain()[1] @ chain()[2]))
says(
    "S2-1.4-a S2-1.4-b",
    SHAPES,
    lambda: all(
        equal(chain()[0][i, k], sum(chain()[1][i, j] * chain()[2][j, k] for j in range(4)))
        for i in range(3)
        for k in range(2)
    ),
)

# -- the network
# ---------------------------------------------------------------------------------------

slope = 1 - np.tanh([[5.0], [3.0], [2.0]]) ** 2
error = float(w.yhat) - 3
says("S2-2.3-a", PAGE, lambda: equal(w.a, w.alpha @ w.x))
says("S2-2.3-y", PAGE, lambda: equal(w.yhat, w.beta @ w.z))
says("S2-2.3-tanhdim", PAGE, lambda: equal(w.z, np.vstack([[1.0], np.tanh(w.a)])))
says("S2-3.2-beta4", PAGE, lambda: w.d("beta").shape == (1, 4))
says("S2-3.2-alpha33", PAGE, lambda: w.d("alpha").shape == (3, 3))
for k, said in enumerate(
    (0.76159, 0.96403, 0.99505, 0.99933, 0.99991, 0.99999, 1.0, 1.0, 1.0), start=1
):
    x = mc.scalar("x")
    says(
        f"S2-T1-tanh{k}",
        PAGE,
        lambda k=k, said=said, x=x: printed(mc.evaluate(mc.tanh(x), {"x": k}), said, 5),
    )
says(
    "S2-4-hint",
    PAGE,
    lambda: equal(
        mc.evaluate(mc.gradient(mc.tanh(mc.scalar("x")), "x"), {"x": 0.4}), 1 - math.tanh(0.4) ** 2
    ),
)
says(
    "S2-2.3-tanhdef",
    PAGE,
    lambda: equal(
        mc.evaluate(mc.tanh(mc.scalar("x")), {"x": 0.4}),
        (math.exp(0.4) - math.exp(-0.4)) / (math.exp(0.4) + math.exp(-0.4)),
    ),
)
says(
    "S2-4.2-beta-chain",
    PAGE,
    lambda: equal(w.d("beta").ravel(), float(w.d("yhat")) * w.J("yhat", "beta").ravel()),
)
says("S2-4.2-beta1-formula", PAGE, lambda: equal(w.d("beta")[0, 1], error * w.z[1, 0]))
says("S2-4.2-beta1", PAGE, lambda: printed(w.d("beta")[0, 1], 1.9179, 4))
says(
    "S2-4.2-alpha-chain",
    PAGE,
    lambda: all(
        equal(
            w.d("alpha")[i, j],
            float(w.d("yhat"))
            * w.J("yhat", "z")[i + 1, 0]
            * w.J("z", "a")[i, i + 1]
            * w.J("a", "alpha")[i + 3 * j, i],
        )
        for i in range(3)
        for j in range(3)
    ),
)
says(
    "S2-4.2-alpha11-formula",
    PAGE,
    lambda: equal(
        w.d("alpha")[0, 1], error * w.beta[0, 1] * (1 - np.tanh(w.a[0, 0]) ** 2) * w.x[1, 0]
    ),
)
says("S2-4.2-alpha11", PAGE, lambda: printed(w.d("alpha")[0, 1], 0.000348, 6))


def from_the_table() -> bool:
    """With the table's tanh(5) = 0.99991 put in for z the slope keeps one digit."""
    lines = worked(hats.D.record, {**hats.given, "z": [0.99991, 0.99505, 0.96403], "yhat": 4.91807})
    found = {v.line.name: v.value for v in lines}
    return printed(found["dalpha"][0, 1], 0.000345, 6) and printed(found["da"][0, 0], 0.000345, 6)


says("S2-4.2-alpha11-table", PAGE, from_the_table)
says("S2-4.3-a", PAGE, lambda: equal(w.a, [[5], [3], [2]]))
says("S2-4.3-z", PAGE, lambda: printed(w.z, [1, 0.99991, 0.99505, 0.96403], 5))
says("S2-4.3-yhat", PAGE, lambda: printed(w.yhat, 4.91807, 5))
says("S2-2-loss", PAGE, lambda: printed(w.ell, 1.8395, 4) and printed(w.ell, 1.8395036888, 10))
says("S2-4.3-dbeta-formula", PAGE, lambda: equal(w.d("beta"), error * w.z.T))
says("S2-4.3-dbeta", PAGE, lambda: printed(w.d("beta"), [1.91807, 1.91790, 1.90859, 1.84908], 5))
says("S2-4.3-dydz-i", PAGE, lambda: equal(w.J("yhat", "z")[1:, 0], w.beta[0, 1:]))
says("S2-4.3-dydz", PAGE, lambda: equal(hats.J("yhat", "z"), hats.betahat.T))
says("S2-4.3-dzda", PAGE, lambda: equal(hats.J("z", "a"), np.diag(slope[:, 0])))
says(
    "S2-4.3-da-chain",
    PAGE,
    lambda: (
        equal(hats.d("a"), hats.J("z", "a") @ hats.J("yhat", "z") * float(hats.d("yhat")))
        and equal(w.d("a"), w.J("z", "a") @ w.J("yhat", "z") * float(w.d("yhat")))
    ),
)
says(
    "S2-4.3-da-diag",
    PAGE,
    lambda: equal(hats.d("a"), np.diag(slope[:, 0]) @ hats.betahat.T * error),
)
says("S2-4.3-da-had", PAGE, lambda: equal(w.d("a"), slope * w.beta[:, 1:].T * error))
says(
    "S2-4.3-diagnum",
    PAGE,
    lambda: printed(np.diag(hats.J("z", "a")), [0.000182, 0.009866, 0.070651], 6),
)
says("S2-4.3-da-num", PAGE, lambda: printed(w.d("a"), [0.000348, 0.037848, 0.271027], 6))
says("S2-4.3-dalpha-ij", PAGE, lambda: equal(w.d("alpha"), np.outer(w.d("a"), w.x)))
says("S2-4.3-dalpha", PAGE, lambda: equal(w.d("alpha"), w.d("a") @ w.x.T))
says(
    "S2-4.3-dalpha-num",
    PAGE,
    lambda: (
        printed(
            w.d("alpha")[:2],
            [0.00034829, 0.00034829, 0.00069658, 0.03784758, 0.03784758, 0.07569515],
            8,
        )
        and printed(w.d("alpha")[2], [0.271027, 0.271027, 0.542054], 6)
    ),
)
says(
    "S2-4.3-dalpha-row3", PAGE, lambda: printed(w.d("alpha")[2], [0.271027, 0.271027, 0.542054], 6)
)


def collapses() -> bool:
    """With the identity for tanh the network is the linear map 4 + 7 x1 + 2 x2."""
    x, alpha = mc.vector("x", 3), mc.matrix("alpha", 3, 3)
    beta0, hat = mc.scalar("beta_0"), mc.matrix("betahat", 1, 3)
    network = beta0 + hat * alpha * x
    values = {"alpha": VALUES["alpha"], "betahat": [[1, 2, 2]], "beta_0": 0, "x": [1, 1, 2]}
    gradient = mc.evaluate(
        mc.gradient(network, x), {k: v for k, v in values.items() if k not in ("x", "beta_0")}
    )
    return equal(mc.evaluate(network, values), 15) and equal(gradient[:, 0], [4, 7, 2])


says("S2-2.2-linear", PAGE, collapses)

# -- the scalar graph
# --------------------------------------------------------------------------------

f = Bench(GRAPH["function"](), x=0.7, y=-1.3, z=0.9)
x, y, z = 0.7, -1.3, 0.9
says(
    "S2-3.1-dx",
    "computation_graph",
    lambda: equal(
        f.d("x"),
        y * math.cos(x * y) / z + z * math.exp(x * z) / (x * y) - math.exp(x * z) / (x**2 * y),
    ),
)
says(
    "S2-3.1-dy",
    "computation_graph",
    lambda: equal(f.d("y"), x * math.cos(x * y) / z - math.exp(x * z) / (x * y**2)),
)
says(
    "S2-3.1-dz",
    "computation_graph",
    lambda: equal(f.d("z"), -math.sin(x * y) / z**2 + math.exp(x * z) / y),
)
