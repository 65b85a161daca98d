"""Networks with families for the tests, and their forward passes as plain NumPy loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import matcalc as mc

Array = Any
Values = dict[str, Any]


def recurrent(loss: str = "every") -> mc.Network:
    """``h[t] = tanh(W*h[t-1] + U*x[t] + b)``, with a loss at every time, at the last, or at both."""
    d, k, T = mc.dims("d k T")
    net = mc.Network("recurrent")
    t = net.index("t", 1, T)
    x, y = net.input("x", k, 1, over=t), net.input("y", d, 1, over=t)
    h0 = net.input("h0", d, 1)
    W, U, b = net.param("W", d, d), net.param("U", d, k), net.param("b", d, 1)
    h = net.recur("h", over=t, start=h0, step=lambda prev: mc.tanh(W * prev + U * x[t] + b))
    every = net.sum_over(t, mc.norm2(h[t] - y[t]) ** 2 / 2)
    last = mc.norm2(h[T] - y[T]) ** 2 / 2
    net.minimize({"every": every, "last": last, "both": every + 3 * last}[loss])
    return net


def recurrent_loss(v: Values, loss: str = "every") -> float:
    """The same, step by step."""
    h, total = v["h0"], 0.0
    for x, y in zip(v["x"], v["y"], strict=True):
        h = np.tanh(v["W"] @ h + v["U"] @ x + v["b"])
        term = np.sum((h - y) ** 2) / 2
        total += term if loss != "last" else 0.0
    return total + {"every": 0.0, "last": term, "both": 3 * term}[loss]


def recurrent_values(T: int, rng: Any) -> Values:
    """Random values; all sizes differ."""
    d, k = 4, 3
    return {
        "x": [rng.normal(size=(k, 1)) for _ in range(T)],
        "y": [rng.normal(size=(d, 1)) for _ in range(T)],
        "h0": rng.normal(size=(d, 1)),
        "W": rng.normal(size=(d, d)),
        "U": rng.normal(size=(d, k)),
        "b": rng.normal(size=(d, 1)),
    }


def deep(act: Callable[[Any], Any] = mc.tanh) -> mc.Network:
    """L layers of widths d[0], ..., d[L] with weight decay, rows as data."""
    n, L = mc.dims("n L")
    net = mc.Network("deep")
    layer = net.index("l", 1, L)
    d = net.sizes("d")
    X, Y = net.input("X", n, d[0]), net.input("Y", n, d[L])
    W = net.param("W", d[layer - 1], d[layer], over=layer)
    b = net.param("b", 1, d[layer], over=layer)
    A = net.recur(
        "A",
        over=layer,
        start=X,
        step=lambda prev: act(prev * W[layer] + mc.ones(n, 1) * b[layer]),
    )
    decay = net.sum_over(layer, mc.norm2(W[layer]) ** 2)
    net.minimize(mc.norm2(A[L] - Y) ** 2 / (2 * n) + decay / 2)
    return net


def deep_loss(v: Values) -> float:
    """The same, layer by layer."""
    A = v["X"]
    for W, b in zip(v["W"], v["b"], strict=True):
        A = np.tanh(A @ W + b)
    decay = sum(np.sum(W**2) for W in v["W"]) / 2
    return np.sum((A - v["Y"]) ** 2) / (2 * len(A)) + decay


def deep_values(L: int, rng: Any) -> Values:
    """Random values; every layer has a width of its own."""
    n, d = 5, [3 + (3 * k) % 7 for k in range(L + 1)]
    return {
        "X": rng.normal(size=(n, d[0])),
        "Y": rng.normal(size=(n, d[L])),
        "W": [rng.normal(size=(d[k], d[k + 1])) for k in range(L)],
        "b": [rng.normal(size=(1, d[k + 1])) for k in range(L)],
    }


def lstm() -> mc.Network:
    """Coupled states c and h, a softmax at every time."""
    n, d, m, k, T = mc.dims("n d m k T")
    net = mc.Network("lstm")
    t = net.index("t", 1, T)
    x, Y = net.input("x", n, d, over=t), net.input("Y", n, k, over=t)
    c0, h0 = net.input("c0", n, m), net.input("h0", n, m)
    c, h = net.recur("c", over=t, start=c0), net.recur("h", over=t, start=h0)
    gates = {}
    for g in "ifgo":
        W, R = net.param(f"W_{g}", d, m), net.param(f"R_{g}", m, m)
        squash = mc.tanh if g == "g" else mc.sigmoid
        gates[g] = net.let(g, squash(x[t] * W + h[t - 1] * R), over=t)
    V = net.param("V", m, k)
    i, f, g, o = (gates[name][t] for name in "ifgo")
    net.let("c", mc.hadamard(f, c[t - 1]) + mc.hadamard(i, g), over=t)
    net.let("h", mc.hadamard(o, mc.tanh(c[t])), over=t)
    P = net.let("P", mc.softmax(h[t] * V), over=t)
    net.assume(mc.Q.rows_sum_to_one("Y"))
    net.minimize(net.sum_over(t, mc.cross_entropy(P[t], Y[t])))
    return net


def lstm_loss(v: Values) -> float:
    """The same, step by step."""
    c, h, total = v["c0"], v["h0"], 0.0
    for x, Y in zip(v["x"], v["Y"], strict=True):
        z = {g: x @ v[f"W_{g}"] + h @ v[f"R_{g}"] for g in "ifgo"}
        i, f, o = (1 / (1 + np.exp(-z[g])) for g in "ifo")
        c = f * c + i * np.tanh(z["g"])
        h = o * np.tanh(c)
        S = h @ v["V"]
        logP = S - np.log(np.sum(np.exp(S), axis=1, keepdims=True))
        total -= np.sum(Y * logP) / len(x)
    return total


def lstm_values(T: int, rng: Any) -> Values:
    """Random values; labels are one-hot."""
    n, d, m, k = 2, 3, 4, 5
    v: Values = {
        "x": [rng.normal(size=(n, d)) for _ in range(T)],
        "Y": [np.eye(k)[rng.integers(k, size=n)] for _ in range(T)],
        "c0": rng.normal(size=(n, m)),
        "h0": rng.normal(size=(n, m)),
        "V": rng.normal(size=(m, k)),
    }
    for g in "ifgo":
        v[f"W_{g}"], v[f"R_{g}"] = rng.normal(size=(d, m)), rng.normal(size=(m, m))
    return v


def differences(
    loss: Callable[[Values], float], v: Values, name: str, at: int | None = None
) -> Array:
    """The gradient of a looped forward pass by central differences, entry by entry."""
    value = v[name] if at is None else v[name][at]
    found = np.zeros_like(value)
    for place in np.ndindex(*value.shape):
        kept, step = value[place], 1e-5
        value[place] = kept + step
        above = loss(v)
        value[place] = kept - step
        below = loss(v)
        value[place] = kept
        found[place] = (above - below) / (2 * step)
    return found
