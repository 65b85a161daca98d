"""The claims of the fourth document: data in rows, two to five layers, Kronecker forms."""

from __future__ import annotations

import numpy as np

import matcalc as mc
from matcalc.layout import Layout
from tests.lectures.bench import Bench, equal, printed, says, script

HERE = script("row_data")
X = np.array([[1, 0.875], [0.25, 1], [0.5, 0.45], [0.75, 0.25]])
T = np.array([[1], [0.4], [0.5], [0.6]])
GIVEN = {"X": X, "t": T}
PAGE = "row_data"

squares = Bench(HERE["two_layers"](mc.sigmoid, "squares"), dims={"N": 4}, **GIVEN)
regression = Bench(HERE["two_layers"](None, "squares"), dims={"N": 4}, **GIVEN)
binary = Bench(
    HERE["two_layers"](mc.sigmoid, "log"), dims={"N": 4}, X=X, t=np.array([[1.0], [0], [1], [0]])
)


def means(loss: str) -> Bench:
    """The same with 1/N in front of the loss."""
    N = mc.dims("N")
    net = mc.Network("mean")
    x, t = net.input("X", N, 2), net.input("t", N, 1)
    W1, W2 = net.param("W1", 2, 3), net.param("W2", 3, 1)
    a2 = net.let("a2", mc.sigmoid(net.let("Z2", x * W1)))
    f = net.let("f", mc.sigmoid(net.let("Z3", a2 * W2)))
    found = (
        mc.squared_error(f, t, scale="half_mean")
        if loss == "squares"
        else mc.binary_cross_entropy(f, t)
    )
    net.minimize(net.let("L", found))
    return Bench(net, dims={"N": 4}, X=X, t=T)


def sigma(z, k=0):
    s = 1 / (1 + np.exp(-z))
    return s if k == 0 else s * (1 - s)


datum = Bench(HERE["one_datum"](), seed=5, x=X[:1], t=1.0)
error = squares.f - T
d3 = error * sigma(squares.Z3, 1)

# -- forward
# -------------------------------------------------------------------------------------------

functions = {
    f"sigma{k}": fn
    for k, fn in enumerate(
        (
            sigma,
            lambda z, k=0: np.tanh(z) if k == 0 else 1 - np.tanh(z) ** 2,
            lambda z, k=0: np.sin(z) if k == 0 else np.cos(z),
            sigma,
        ),
        start=1,
    )
}
four = Bench(
    HERE["four_layers"](),
    dims={"N": 4, "d_1": 2, "d_2": 3, "d_3": 2, "d_4": 3, "d_5": 1},
    **GIVEN,
    **functions,
)
plain = Bench(
    HERE["four_layers"](),
    dims=four.dims,
    **GIVEN,
    **functions,
    **{f"b{k}": np.zeros((1, size)) for k, size in enumerate((3, 2, 3, 1), start=1)},
)


def forward(b: Bench) -> np.ndarray:
    a = X
    for k in range(1, 5):
        a = functions[f"sigma{k}"](a @ getattr(b, f"W{k}") + np.ones((4, 1)) @ getattr(b, f"b{k}"))
    return a


says("S3-FP4", PAGE, lambda: equal(plain.a5, forward(plain)))
says("S3-FP4b", PAGE, lambda: equal(four.a5, forward(four)))
says("S3-FPb-db", PAGE, lambda: equal(four.d("b1"), np.ones((1, 4)) @ four.d("Z2")))


def lowers() -> bool:
    moved = {**squares.given, **{n: squares.given[n] - 1e-2 * squares.d(n) for n in ("W1", "W2")}}
    return squares.D.evaluate(moved).value < squares.found.value


says("S3-update", PAGE, lowers)
says("S3-curse-2", PAGE, lambda: 0.05 * 1000**2 / 1000 == 50)
says("S3-curse-3", PAGE, lambda: printed(0.05 * 1000**3 / 1000 / 3600, 13.89, 2))


def parameters() -> int:
    from matcalc.render.numbers import parameter_count

    return int(parameter_count(squares.D.record))


says(
    "S3-curse-9",
    PAGE,
    lambda: parameters() == 9 and equal(0.05 * 1000.0 ** (parameters() - 1), 5e22),
)

# -- one datum, then all
# -----------------------------------------------------------------------------


def of_row(r: int) -> np.ndarray:
    """What one datum contributes to the gradient by W2."""
    one = Bench(HERE["one_datum"](), x=X[r : r + 1], t=float(T[r, 0]), W1=squares.W1, W2=squares.W2)
    return one.d("W2")


says("S3-sum-rule", PAGE, lambda: equal(squares.d("W2"), sum(of_row(r) for r in range(4))))
says(
    "S3-drop-sum",
    PAGE,
    lambda: equal(datum.d("W2"), (datum.f - datum.t) * datum.J("f", "z3") * datum.a2.T),
)
says(
    "S3-1-n-chain",
    PAGE,
    lambda: equal(datum.d("W2"), (datum.f - datum.t) * (datum.J("z3", "W2") * datum.J("f", "z3"))),
)
says(
    "S3-1-sigprime",
    PAGE,
    lambda: equal(datum.J("f", "z3"), sigma(datum.z3) * (1 - sigma(datum.z3))),
)
says(
    "S3-sigprime",
    PAGE,
    lambda: equal(datum.J("f", "z3"), np.exp(-datum.z3) / (1 + np.exp(-datum.z3)) ** 2),
)
says("S3-1-dzdW2", PAGE, lambda: equal(datum.J("z3", "W2"), datum.a2.T))
says(
    "S3-1-n",
    PAGE,
    lambda: equal(datum.d("W2"), (datum.f - datum.t) * sigma(datum.z3, 1) * datum.a2.T),
)
says(
    "S3-1-sum",
    PAGE,
    lambda: equal(squares.d("W2"), sum(d3[n, 0] * squares.a2[n : n + 1].T for n in range(4))),
)


def with_mean() -> bool:
    m = means("squares")
    e = (m.f - T) * sigma(m.Z3, 1)
    return equal(m.d("W2"), sum(e[n, 0] * m.a2[n : n + 1].T for n in range(4)) / 4)


says("S3-1-sum-N", PAGE, with_mean)
says("S3-1-nohad S3-1-d3", PAGE, lambda: equal(squares.d("Z3"), d3))
says("S3-1-odot", PAGE, lambda: equal(squares.d("W2"), squares.a2.T @ d3))
says("S3-1-layout", PAGE, lambda: equal(squares.J("Z3", "W2"), squares.a2.T))
says("S3-1-Z3", PAGE, lambda: equal(squares.Z3, squares.a2 @ squares.W2))
says("S3-1-W2", PAGE, lambda: equal(squares.d("W2"), squares.a2.T @ squares.d("Z3")))
says("S3-shape-W1", PAGE, lambda: squares.d("W1").shape == (2, 3))
says("S3-shape-W2", PAGE, lambda: squares.d("W2").shape == (3, 1))

# -- the first layer
# -----------------------------------------------------------------------------------

NUM, DEN = Layout.NUMERATOR, Layout.DENOMINATOR
W1, W2, eye = datum.W1, datum.W2, np.eye
delta3 = float(datum.d("z3"))


def stacked(M: np.ndarray) -> np.ndarray:
    return M.T.reshape(-1)


says(
    "S3-2-n-chain",
    PAGE,
    lambda: equal(
        stacked(datum.d("W1")),
        delta3 * (datum.J("z2", "W1") @ datum.J("a2", "z2") @ datum.J("z3", "a2"))[:, 0],
    ),
)
says("S3-2-kron1-den", PAGE, lambda: equal(datum.J("z3", "a2", DEN), np.kron(W2, eye(1))))
says("S3-2-kron1-num", PAGE, lambda: equal(datum.J("z3", "a2", NUM), np.kron(W2.T, eye(1))))
says("S3-2-kron2-num", PAGE, lambda: equal(datum.J("z2", "W1", NUM), np.kron(eye(3), datum.x)))
says("S3-2-kron2-den", PAGE, lambda: equal(datum.J("z2", "W1", DEN), np.kron(eye(3), datum.x.T)))
says("S3-2-n-mid", PAGE, lambda: equal(datum.d("z2"), delta3 * W2.T * sigma(datum.z2, 1)))
says(
    "S3-2-n-lr S3-2-n-lr-x",
    PAGE,
    lambda: equal(datum.d("W1"), datum.x.T @ ((delta3 * W2.T) * sigma(datum.z2, 1))),
)
d2 = (d3 @ squares.W2.T) * sigma(squares.Z2, 1)
says("S3-2-all-lr S3-2-all-brace", PAGE, lambda: equal(squares.d("W1"), X.T @ d2))
says("S3-2-W1", PAGE, lambda: equal(squares.d("W1"), X.T @ squares.d("Z2")))
says(
    "S3-2-d2",
    PAGE,
    lambda: equal(squares.d("Z2"), (squares.d("Z3") @ squares.W2.T) * sigma(squares.Z2, 1)),
)
says("S3-2-N3", PAGE, lambda: squares.d("Z2").shape == (4, 3))
says(
    "S3-2-n-jac-num",
    PAGE,
    lambda: equal(
        stacked(datum.d("W1")),
        (delta3 * datum.J("z3", "a2", NUM) @ datum.J("a2", "z2", NUM) @ datum.J("z2", "W1", NUM))[
            0
        ],
    ),
)
says(
    "S3-2-n-jac-den",
    PAGE,
    lambda: equal(
        stacked(datum.d("W1")),
        (datum.J("z2", "W1") @ datum.J("a2", "z2") @ datum.J("z3", "a2") * delta3)[:, 0],
    ),
)
says(
    "S3-2-n-last",
    PAGE,
    lambda: equal(
        stacked(datum.d("W1")), ((delta3 * W2.T * sigma(datum.z2, 1)) @ np.kron(eye(3), datum.x))[0]
    ),
)

# -- regression, classification, the rule for layer l
# ------------------------------------------------------

says("S3-reg-identity", PAGE, lambda: equal(regression.d("Z3"), regression.Z3 - T))
says(
    "S3-reg-identity-W1",
    PAGE,
    lambda: equal(
        regression.d("W1"),
        X.T @ (((regression.Z3 - T) @ regression.W2.T) * sigma(regression.Z2, 1)),
    ),
)
says(
    "S3-reg-L", PAGE, lambda: equal(regression.L, ((regression.Z3 - T).T @ (regression.Z3 - T) / 2))
)
says("S3-bin-d3", PAGE, lambda: equal(binary.d("Z3"), binary.f - binary.t))
says("S3-bin-W2", PAGE, lambda: equal(binary.d("W2"), binary.a2.T @ binary.d("Z3")))
says(
    "S3-bin-d2",
    PAGE,
    lambda: equal(binary.d("Z2"), (binary.d("Z3") @ binary.W2.T) * sigma(binary.Z2, 1)),
)
says("S3-bin-W1", PAGE, lambda: equal(binary.d("W1"), X.T @ binary.d("Z2")))


def binary_mean() -> bool:
    m = means("log")
    return equal(m.d("Z3"), (m.f - T) / 4)


says("S3-bin-mean", PAGE, binary_mean)
says(
    "S3-sum-Z S3-sum-Z-had",
    PAGE,
    lambda: all(
        equal(
            four.d(f"Z{k + 1}"),
            functions[f"sigma{k}"](getattr(four, f"Z{k + 1}"), 1) * four.d(f"a{k + 1}"),
        )
        for k in range(1, 5)
    ),
)
says(
    "S3-sum-a",
    PAGE,
    lambda: all(
        equal(four.d(f"a{k}"), four.d(f"Z{k + 1}") @ getattr(four, f"W{k}").T) for k in range(2, 5)
    ),
)
says(
    "S3-sum-W",
    PAGE,
    lambda: all(
        equal(four.d(f"W{k}"), getattr(four, f"a{k}" if k > 1 else "X").T @ four.d(f"Z{k + 1}"))
        for k in range(1, 5)
    ),
)
