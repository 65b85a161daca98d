"""Hand-written backward functions through loops: right ones hold, slips are named."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from tests.families import networks as nets


def through_time(x, y, h0, W, U, b, slip=""):
    """Backpropagation through time as people write it, with a slip if asked for."""
    h = [h0]
    for t in range(len(x)):
        h.append(np.tanh(W @ h[-1] + U @ x[t] + b))
    dW, dU, db, onward = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), 0 * h0
    for t in range(len(x) - 1, -1, -1):
        dz = (h[t + 1] - y[t] + onward) * (1 - h[t + 1] ** 2)
        dW += dz @ h[t + (slip == "late")].T
        dU += dz @ x[t].T
        db += dz
        onward = (W if slip == "transpose" else W.T) @ dz
    return {"dW": dW, "dU": dU * len(x) if slip == "mean" else dU, "db": db}


def layers(X, Y, W, b):
    """Backpropagation through L layers with weight decay; lists in the order they were computed."""
    A = [X]
    for weights, bias in zip(W, b, strict=True):
        A.append(np.tanh(A[-1] @ weights + bias))
    G, dW, db = (A[-1] - Y) / len(X), [], []
    for k in range(len(W) - 1, -1, -1):
        G = G * (1 - A[k + 1] ** 2)
        dW.append(A[k].T @ G + W[k])
        db.append(G.sum(0, keepdims=True))
        G = G @ W[k].T
    return dW, db


@pytest.mark.parametrize(
    ("slip", "wrong"),
    [("", set()), ("late", {"W"}), ("transpose", {"W", "U", "b"}), ("mean", {"U"})],
)
def test_backpropagation_through_time(slip, wrong):
    """Every gradient on its own: which one is off."""
    report = mc.derive(nets.recurrent()).verify_code(lambda **k: through_time(**k, slip=slip))
    assert {name for name in "WUb" if report[name].status != "holds"} == wrong
    assert bool(report) is not bool(wrong)


def test_a_factor_of_the_length_is_named():
    """What is T times too large is right for one step only."""
    report = mc.derive(nets.recurrent()).verify_code(
        lambda x, y, h0, W, U, b: through_time(x, y, h0, W, U, b, slip="mean")
    )
    assert report["U"].slip == "lost 1/T"


def test_gradients_of_a_family_are_lists():
    """In the order of the layers; the other way round is a slip with a name."""
    D = mc.derive(nets.deep())
    assert D.verify_code(lambda X, Y, W, b: tuple(g[::-1] for g in layers(X, Y, W, b)))
    assert D.verify_code(layers)["W"].slip == "reversed"
    short = D.verify_code(lambda X, Y, W, b: tuple(g[1:] for g in layers(X, Y, W, b)))
    assert short["b"].slip == "wrong length"
    shifted = D.verify_code(
        lambda X, Y, W, b: tuple([0 * g[-1], *g[::-1][:-1]] for g in layers(X, Y, W, b))
    )
    assert shifted["W"].status == "fails"


def test_the_generated_function_is_right():
    """What the engine writes itself passes."""
    D = mc.derive(nets.lstm())
    assert D.verify_code(D.function().function)
