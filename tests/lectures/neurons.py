"""The claims of the second document: a neuron, then two hidden layers with undefined g, h and C."""

from __future__ import annotations

import numpy as np

import matcalc as mc
from tests.lectures.bench import Bench, equal, says, script

NEURON, SPELLED = script("single_neuron")["neuron"], script("single_neuron")["spelled"]
NETWORK, SHARED = script("two_hidden_layers")["network"], script("two_hidden_layers")["shared_bias"]

N = Bench(NEURON(), seed=1)
S = Bench(SPELLED(), seed=1)


def tanh(x, k=0):
    return np.tanh(x) if k == 0 else 1 - np.tanh(x) ** 2


def softplus(x, k=0):
    return np.log1p(np.exp(x)) if k == 0 else 1 / (1 + np.exp(-x))


def cost(operands, rows, slots, is_scalar):
    """C(y, yhat) = exp(yhat / 2) + (y - yhat)^4 / 4 and its derivative by yhat."""
    y, yhat = (float(np.asarray(a).reshape(())) for a in operands)
    if slots == ():
        return np.exp(yhat / 2) + (y - yhat) ** 4 / 4
    assert slots == (1,)
    return np.exp(yhat / 2) / 2 - (y - yhat) ** 3


class Generic(Bench):
    """The bench of a network whose y is data only."""

    def __init__(self, net: mc.Network, seed: int, **given) -> None:
        rng = np.random.default_rng(seed)
        wrt = [name for name in (*net.inputs, *net.params) if name != "y"]
        self.D, self.dims = mc.derive(net, wrt), {}
        values = {"y": 0.7, "g": tanh, "h": softplus, "C": cost, **given}
        for name in wrt:
            shape = [int(d) for d in {**net.inputs, **net.params}[name].shape]
            values.setdefault(
                name, rng.uniform(-1, 1, size=shape) if shape else float(rng.uniform(-1, 1))
            )
        self.given, self.found = values, self.D.evaluate(values)


w = Generic(NETWORK(), 2)
shared = Generic(SHARED(), 4)
dC = float(np.asarray(w.d("yhat")))

inputs = {"w0": 1.0, "w1": N.x1, "w2": N.x2}
e = np.exp(-(S.w0 + S.w1 * S.x1 + S.w2 * S.x2))
for name, x in {"w0": 1.0, "w1": S.x1, "w2": S.x2}.items():
    says(f"S1-1.2-{name}", "single_neuron", lambda n=name, x=x: equal(S.d(n), x * e / (1 + e) ** 2))
says(
    "S1-1.2-chain",
    "single_neuron",
    lambda: all(equal(S.d(n), S.J("f", "u") * S.J("u", n)) for n in ("w0", "w1", "w2")),
)
says("S1-1.3-dLdf", "single_neuron", lambda: equal(N.d("f"), -2 * (N.y - N.f)))
for name, x in inputs.items():
    says(
        f"S1-1.3-{name}",
        "single_neuron",
        lambda n=name, x=x: (
            equal(N.d(n), -2 * (N.y - N.f) * N.f * (1 - N.f) * x)
            and equal(N.d(n), N.d("f") * N.J("f", "u") * N.J("u", n))
        ),
    )


def lowers(name: str) -> bool:
    """A small step against the derivative lowers the loss."""
    moved = {**N.given, name: N.given[name] - 1e-3 * N.d(name)}
    return N.D.evaluate(moved).value < N.found.value


for name in inputs:
    says(f"S1-1.4-{name}", "single_neuron", lambda n=name: lowers(n))

PAGE = "two_hidden_layers"
says(
    "S1-2.2",
    PAGE,
    lambda: equal(w.yhat, w.W3 @ softplus(w.W2 @ tanh(w.W1 @ w.x + w.b1) + w.b2) + w.b3),
)
says(
    "S1-2.3-yhat",
    PAGE,
    lambda: equal(w.yhat, sum(w.W3[0, j] * w.V3[j, 0] for j in range(3)) + w.b3),
)
says("S1-2.3-dydW", PAGE, lambda: equal(w.J("yhat", "W3").ravel(), w.V3.ravel()))
says("S1-2.3-dydb", PAGE, lambda: equal(w.J("yhat", "b3"), 1))
says("S1-2.3-W3", PAGE, lambda: equal(w.d("W3")[0], dC * softplus(w.Z3)[:, 0]))
says("S1-2.3-b3", PAGE, lambda: equal(w.d("b3"), dC))
says("S1-2.4-a", PAGE, lambda: equal(w.d("Z3"), w.d("V3") * softplus(w.Z3, 1)))
says("S1-2.4", PAGE, lambda: equal(w.d("Z3"), dC * w.W3.T * softplus(w.Z3, 1)))
says("S1-2.5-W2", PAGE, lambda: equal(w.d("W2"), np.outer(w.d("Z3"), tanh(w.Z2))))
says(
    "S1-2.5-W2-plugged",
    PAGE,
    lambda: equal(w.d("W2"), dC * np.outer(w.W3[0] * softplus(w.Z3, 1)[:, 0], tanh(w.Z2))),
)
says("S1-2.5-b2", PAGE, lambda: equal(w.d("b2"), w.d("Z3")) and w.d("b2").shape == (3, 1))
says("S1-2.5-b2-scalar", PAGE, lambda: equal(shared.d("b2"), shared.d("Z3").sum()))


def bias_after() -> bool:
    """b added to the first hidden layer after its activation carries W2."""
    net = mc.Network("bias after")
    x, y, b = net.input("x", 4, 1), net.input("y"), net.param("b2")
    W1, W2, W3 = net.param("W1", 2, 4), net.param("W2", 3, 2), net.param("W3", 1, 3)
    g, h, C = mc.function("g"), mc.function("h"), mc.scalar_function("C")
    V2 = net.let("V2", g(net.let("Z2", W1 * x)) + b * mc.ones(2, 1))
    V3 = net.let("V3", h(net.let("Z3", W2 * V2)))
    net.minimize(net.let("loss", C(y, net.let("yhat", W3 * V3))))
    v = Generic(net, 5)
    return equal(v.d("b2"), (v.d("Z3") * v.W2).sum())


says("S1-2.5-b2-after", PAGE, bias_after)
says(
    "S1-2.5-Z2-a",
    PAGE,
    lambda: equal(w.d("Z2"), (w.J("Z3", "V2") @ w.d("Z3")) * tanh(w.Z2, 1)),
)
says(
    "S1-2.5-Z2",
    PAGE,
    lambda: equal(
        w.d("Z2")[:, 0],
        [
            sum(w.d("Z3")[k, 0] * w.W2[k, j] for k in range(3)) * tanh(w.Z2[j, 0], 1)
            for j in range(2)
        ],
    ),
)


def square() -> bool:
    """The same with a square W2, where a transposed index passes every shape check."""
    net = mc.Network("square")
    x, y = net.input("x", 2, 1), net.input("y")
    W1, W2, W3 = net.param("W1", 2, 2), net.param("W2", 2, 2), net.param("W3", 1, 2)
    g, h, C = mc.function("g"), mc.function("h"), mc.scalar_function("C")
    V2 = net.let("V2", g(net.let("Z2", W1 * x)))
    V3 = net.let("V3", h(net.let("Z3", W2 * V2)))
    net.minimize(net.let("loss", C(y, net.let("yhat", W3 * V3))))
    v = Generic(net, 6)
    right = (v.W2.T @ v.d("Z3")) * tanh(v.Z2, 1)
    wrong = (v.W2 @ v.d("Z3")) * tanh(v.Z2, 1)
    return equal(v.d("Z2"), right) and not equal(v.d("Z2"), wrong)


says("S1-2.5-Z2-square", PAGE, square)
says("S1-2.6-Z2", PAGE, lambda: equal(w.Z2, w.W1 @ w.x + w.b1))
says(
    "S1-2.6-dZdW",
    PAGE,
    lambda: all(
        equal(w.J("Z2", "W1")[i + 2 * j, i], w.x[j, 0]) for i in range(2) for j in range(4)
    ),
)
says("S1-2.6-dZdb", PAGE, lambda: equal(w.J("Z2", "b1"), np.eye(2)))
says("S1-2.6-W1", PAGE, lambda: equal(w.d("W1"), np.outer(w.d("Z2"), w.x)))
says("S1-2.6-b1", PAGE, lambda: equal(w.d("b1"), w.d("Z2")) and w.d("b1").shape == (2, 1))
says("S1-2-matrix-W3", PAGE, lambda: equal(w.d("W3"), dC * w.V3.T))
says("S1-2-matrix-Z3", PAGE, lambda: equal(w.d("Z3"), (dC * w.W3.T) * softplus(w.Z3, 1)))
says("S1-2-matrix-W2", PAGE, lambda: equal(w.d("W2"), w.d("Z3") @ w.V2.T))
says("S1-2-matrix-Z2", PAGE, lambda: equal(w.d("Z2"), (w.W2.T @ w.d("Z3")) * tanh(w.Z2, 1)))
says("S1-2-matrix-W1", PAGE, lambda: equal(w.d("W1"), w.d("Z2") @ w.x.T))
