"""Backward functions as people write them: how they are called, what they return, how they err."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import matcalc as mc

PROGRAM = """X : n x d; Y : n x k
param W1 : d x h; param b1 : 1 x h; param W2 : h x k; param b2 : 1 x k
Z1 = X*W1 + ones(n,1)*b1; A1 = tanh(Z1); P = softmax(A1*W2 + ones(n,1)*b2)
assume rows_sum_to_one(Y)
L = -sum(Y.*log(P))/n; minimize L"""


@functools.cache
def derivation() -> mc.Derivation:
    return mc.derive(mc.parse(PROGRAM))


def right(X, Y, W1, b1, W2, b2, slip: str = "") -> dict[str, Any]:
    """The gradients, with one slip if asked."""
    n = len(X)
    Z1 = X @ W1 + b1
    A1 = np.tanh(Z1)
    E = np.exp(A1 @ W2 + b2)
    D2 = (E / E.sum(1, keepdims=True) - Y) / n
    slope = {"tanh of Z": 1 - Z1**2, "sigmoid": A1 * (1 - A1)}.get(slip, 1 - A1**2)
    D1 = D2 @ W2.T * slope
    dW2 = {"Z1": Z1, "one": n * A1[:1]}.get(slip, A1).T @ (D2[:1] if slip == "one" else D2)
    dW2 = dW2 + 0.01 * W2 if slip == "penalty" else 0 * W2 if slip == "zero" else dW2
    if slip == "random":
        dW2 = np.random.default_rng().normal(size=W2.shape)
    dW1 = (100 * X.T @ D1).astype(int) if slip == "whole" else X.T @ D1
    return {"dW1": dW1, "db1": D1.sum(0), "dW2": dW2, "db2": D2.sum(0)}


Grads = collections.namedtuple("Grads", "W2 b2 W1 b1")


def _named(*arrays: Any) -> Grads:
    found = right(*arrays)
    return Grads(found["dW2"], found["db2"], found["dW1"], found["db1"])


def _prefixed(**arrays: Any) -> dict[str, Any]:
    return {"dL_" + name: gradient for name, gradient in right(**arrays).items()}


DRESSES: dict[str, Callable[..., Any]] = {
    "parameters in a dictionary": lambda X, Y, params: right(X, Y, **params),
    "parameters in a tuple": lambda X, Y, params: right(X, Y, *params),
    "the dictionary, then the loss": lambda *a: (right(*a), 1.0),
    "the loss, then a tuple": lambda *a: (1.0, tuple(right(*a).values())),
    "a dictionary inside another": lambda *a: {"grads": right(*a), "loss": 1.0},
    "a named tuple in its own order": _named,
    "dL_dW": _prefixed,
    "small letters": lambda x, y, w1, b1, w2, b2: right(x, y, w1, b1, w2, b2),
    "more arguments with defaults": lambda X, Y, W1, b1, W2, b2, reg=0.0: right(X, Y, W1, b1, W2, b2),
    "a partial application": functools.partial(lambda rate, *a: right(*a), 0.1),
    "single precision": lambda *a: right(*(x.astype(np.float32) for x in a)),
    "sample by sample": lambda X, Y, W1, b1, W2, b2: {
        name: sum(right(X[i : i + 1], Y[i : i + 1], W1, b1, W2, b2)[name] for i in range(len(X))) / len(X)
        for name in ("dW1", "db1", "dW2", "db2")
    },
    "nested lists": lambda *a: {name: g.tolist() for name, g in right(*a).items()},
}  # fmt: skip


@pytest.mark.parametrize("dress", DRESSES)
def test_right_code_is_never_accused(dress: str):
    """However the arrays are handed over and the gradients handed back."""
    assert derivation().verify_code(DRESSES[dress])


@pytest.mark.parametrize(
    ("slip", "name", "words"),
    [
        ("tanh of Z", "W1", "written in the value, has Z1 in its place"),
        ("sigmoid", "W1", "the slope at A1 = tanh(Z1) is that of sigmoid"),
        ("Z1", "W2", "Z1 stands for A1 = tanh(Z1)"),
        ("one", "W2", "it is right for n = 1 only"),
        ("penalty", "W2", "dW2 has +0.01*W2 that is no part of the gradient"),
        ("zero", "W2", "dW2 is zero"),
        ("whole", "W1", "is an array of integers filled?"),
        ("random", "W2", "a second call with the same arrays gives something else"),
    ],
)
def test_a_slip_is_named(slip: str, name: str, words: str):
    """Which gradient is off, and how; the last layer is not accused for the first."""
    report = derivation().verify_code(lambda *arrays: right(*arrays, slip=slip))
    assert words in report[name].explanation
    assert report["b2"].status == "holds"
