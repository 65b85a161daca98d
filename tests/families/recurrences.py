"""Fresh recurrences for the tests: the text, the forward pass as a plain loop, and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
Values = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A program with families, what it computes, and a point."""

    text: str
    loss: Callable[[Values], Any]
    values: Callable[[int, Any], Values]
    wrt: tuple[str, ...] = ()


def square(a: Array) -> Any:
    """The sum of squares, for complex numbers too."""
    return np.sum(a * a)


def several(rng: Any, count: int, *shape: int) -> list[Array]:
    return [0.7 * rng.normal(size=shape) for _ in range(count)]


# -- two steps back -------------------------------------------------------------------------------


def filter_loss(v: Values) -> Any:
    before, earlier, total = v["u"], v["w"], 0
    for x in v["x"]:
        y = v["a"] * before + v["b"] * earlier
        total, before, earlier = total + (x - y) ** 2, y, before
    return total


FILTER = Case(
    """
    x[t] : scalar
    u, w : scalar
    param a, b : scalar
    for t = 1..T: y[t] = a*y[t-1] + b*y[t-2], y[0] = u, y[-1] = w
    minimize isum((x[t] - y[t])^2, t, 1, T)
    """,
    filter_loss,
    lambda T, rng: {
        "x": [np.array(rng.normal()) for _ in range(T)],
        **{k: np.array(e) for k, e in {"u": 0.3, "w": -0.4, "a": 0.7, "b": 0.2}.items()},
    },
    ("a", "b", "u", "w"),
)


def two_back_loss(v: Values) -> Any:
    before, earlier, total = v["p"], np.tanh(v["Q"] @ v["p"]), 0
    for x in v["x"]:
        h = np.tanh(v["W"] @ before + v["V"] @ earlier + x)
        total, before, earlier = total + square(h), h, before
    return total + square(before)


TWO_BACK = Case(
    """
    x[t] : d x 1
    p : d x 1
    param W, V, Q : d x d
    for t = 3..T: h[t] = tanh(W*h[t-1] + V*h[t-2] + x[t]), h[2] = p, h[1] = tanh(Q*p)
    minimize isum(norm2(h[t])^2, t, 3, T) + norm2(h[T])^2
    """,
    two_back_loss,
    lambda T, rng: {
        "x": several(rng, T, 3, 1), "p": rng.normal(size=(3, 1)),
        **dict(zip("WVQ", several(rng, 3, 3, 3), strict=True)),
    },
    ("W", "V", "Q", "p", "x"),
)  # fmt: skip


def far_loss(v: Values) -> Any:
    H = [v["h0"]]
    for x in v["x"]:
        H.append(np.tanh(v["W"] @ H[-1] + x))
    return sum((square(H[t] - 2 * H[t - 2]) for t in range(2, len(H))), 0) + square(H[-1])


LOSS_TWO_APART = Case(
    """
    x[t] : d x 1
    h0 : d x 1
    param W : d x d
    for t = 1..T: h[t] = tanh(W*h[t-1] + x[t]), h[0] = h0
    minimize isum(norm2(h[t] - 2*h[t-2])^2, t, 2, T) + norm2(h[T])^2
    """,
    far_loss,
    lambda T, rng: {
        "x": several(rng, T, 3, 1), "h0": rng.normal(size=(3, 1)), "W": rng.normal(size=(3, 3)),
    },
    ("W", "h0", "x"),
)  # fmt: skip

# -- from the last to the first -------------------------------------------------------------------


def both_ways_loss(v: Values) -> Any:
    f, g, ahead, back = v["f0"], v["g0"], [], []
    for x in v["x"]:
        f = np.tanh(v["W"] @ f + x)
        ahead.append(f)
    for x in v["x"][::-1]:
        g = np.tanh(v["V"] @ g + x)
        back.append(g)
    sides = zip(ahead, back[::-1], v["y"], strict=True)
    return sum(square(v["A"] @ f + v["B"] @ g - y) / 2 for f, g, y in sides)


BOTH_WAYS = Case(
    """
    x[t] : d x 1
    y[t] : m x 1
    f0, g0 : d x 1
    param W, V : d x d
    param A, B : m x d
    for t = 1..T: f[t] = tanh(W*f[t-1] + x[t]), f[0] = f0
    for t = T..1: g[t] = tanh(V*g[t+1] + x[t]), g[T+1] = g0
    for t = 1..T: q[t] = A*f[t] + B*g[t]
    minimize isum(norm2(q[t] - y[t])^2/2, t, 1, T)
    """,
    both_ways_loss,
    lambda T, rng: {
        "x": several(rng, T, 3, 1), "y": several(rng, T, 2, 1),
        **dict(zip(("f0", "g0"), several(rng, 2, 3, 1), strict=True)),
        **dict(zip("WV", several(rng, 2, 3, 3), strict=True)),
        **dict(zip("AB", several(rng, 2, 2, 3), strict=True)),
    },
    ("W", "V", "A", "B", "f0", "g0"),
)  # fmt: skip


def two_ahead_loss(v: Values) -> Any:
    before, earlier, total = v["p"], v["q"], 0
    for x in v["x"][::-1]:
        h = np.tanh(v["W"] @ before + v["V"] @ earlier + x)
        total, before, earlier = total + square(h), h, before
    return total


TWO_AHEAD = Case(
    """
    x[t] : d x 1
    p, q : d x 1
    param W, V : d x d
    for t = T..1: h[t] = tanh(W*h[t+1] + V*h[t+2] + x[t]), h[T+1] = p, h[T+2] = q
    minimize isum(norm2(h[t])^2, t, 1, T)
    """,
    two_ahead_loss,
    lambda T, rng: {
        "x": several(rng, T, 3, 1), "p": rng.normal(size=(3, 1)), "q": rng.normal(size=(3, 1)),
        **dict(zip("WV", several(rng, 2, 3, 3), strict=True)),
    },
    ("W", "V", "p", "q", "x"),
)  # fmt: skip

# -- loops inside of loops ------------------------------------------------------------------------


def softmax(S: Array) -> Array:
    e = np.exp(S - S.real.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def heads_loss(v: Values) -> Any:
    A = v["X"]
    for K, V, W in zip(v["K"], v["V"], v["W"], strict=True):
        B = A
        for k, u in zip(K, V, strict=True):
            B = B + softmax(A @ k @ A.T) @ A @ u
        A = B + np.tanh(B @ W)
    return square(A) / 2


HEADS_IN_LAYERS = Case(
    """
    X : n x d
    param K[l,h], V[l,h] : d x d
    param W[l] : d x d
    for l = 1..L:
        for h = 1..H:
            P[l,h] = softmax(A[l-1]*K[l,h]*A[l-1]')
            O[l,h] = P[l,h]*A[l-1]*V[l,h]
        B[l] = A[l-1] + isum(O[l,h], h, 1, H)
        A[l] = B[l] + tanh(B[l]*W[l])
        A[0] = X
    minimize norm2(A[L])^2/2
    """,
    heads_loss,
    lambda L, rng: {
        "X": rng.normal(size=(4, 3)),
        "K": [[0.5 * k for k in several(rng, 2, 3, 3)] for _ in range(L)],
        "V": [[0.3 * k for k in several(rng, 2, 3, 3)] for _ in range(L)],
        "W": several(rng, L, 3, 3),
    },
)

# -- others ---------------------------------------------------------------------------------------


def attention_loss(v: Values) -> Any:
    h, whole, mixed = v["h0"], 0, 0
    for x in v["x"]:
        h = np.tanh(v["W"] @ h + x)
        e = np.exp(v["q"].T @ h)
        whole, mixed = whole + e, mixed + e * h
    return square(mixed / whole)


ATTENTION_OVER_STATES = Case(
    """
    x[t] : d x 1
    h0 : d x 1
    param W : d x d
    param q : d x 1
    for t = 1..T: h[t] = tanh(W*h[t-1] + x[t]), e[t] = exp(q'*h[t]), h[0] = h0
    Z = isum(e[t], t, 1, T)
    c = isum(e[t]*h[t], t, 1, T)/Z
    minimize norm2(c)^2
    """,
    attention_loss,
    lambda T, rng: {
        "x": several(rng, T, 3, 1), "W": rng.normal(size=(3, 3)),
        **dict(zip(("h0", "q"), several(rng, 2, 3, 1), strict=True)),
    },
)  # fmt: skip


def decoder_loss(v: Values) -> Any:
    h, total, said = v["h0"], 0, v["y"][0]
    for x in v["x"]:
        h = np.tanh(v["W"] @ h + x)
    for y in v["y"][1:]:
        h = np.tanh(v["R"] @ h + v["Q"] @ said)
        total, said = total + square(v["V"] @ h - y) / 2, y
    return total


DECODER = Case(
    """
    x[t] : d x 1
    y[j] : m x 1
    index j = 0..S
    h0 : d x 1
    param W, R : d x d
    param V : m x d
    param Q : d x m
    for t = 1..T: h[t] = tanh(W*h[t-1] + x[t]), h[0] = h0
    for s = 1..S: u[s] = tanh(R*u[s-1] + Q*y[s-1]), u[0] = h[T]
    minimize isum(norm2(V*u[s] - y[s])^2/2, s, 1, S)
    """,
    decoder_loss,
    lambda T, rng: {
        "x": several(rng, T, 3, 1), "y": several(rng, T + 2, 2, 1), "h0": rng.normal(size=(3, 1)),
        **dict(zip("WR", several(rng, 2, 3, 3), strict=True)),
        "V": rng.normal(size=(2, 3)), "Q": rng.normal(size=(3, 2)),
    },
)  # fmt: skip


def forward_algorithm_loss(v: Values) -> Any:
    a, total = v["p"], 0
    for o in v["o"]:
        b = (v["A"].T @ a) * (v["B"] @ o)
        c = np.sum(b)
        a, total = b / c, total - np.log(c)
    return total


FORWARD_ALGORITHM = Case(
    """
    o[t] : m x 1
    p : k x 1
    param A : k x k
    param B : k x m
    for t = 1..T: b[t] = (A'*a[t-1]).*(B*o[t]), c[t] = sum(b[t]), a[t] = b[t]/c[t], a[0] = p
    minimize -isum(log(c[t]), t, 1, T)
    """,
    forward_algorithm_loss,
    lambda T, rng: {
        "o": [np.eye(4)[:, [rng.integers(4)]] for _ in range(T)],
        "p": rng.uniform(0.1, 1, (3, 1)),
        "A": rng.uniform(0.1, 1, (3, 3)), "B": rng.uniform(0.1, 1, (3, 4)),
    },
)  # fmt: skip

CASES = {
    "a filter of second order": FILTER,
    "two states back, from 3 on": TWO_BACK,
    "a loss of states two apart": LOSS_TWO_APART,
    "both ways through time": BOTH_WAYS,
    "two states ahead": TWO_AHEAD,
    "heads inside of layers": HEADS_IN_LAYERS,
    "attention over the states": ATTENTION_OVER_STATES,
    "a decoder that is told the truth": DECODER,
    "the scaled forward algorithm": FORWARD_ALGORITHM,
}


def places(value: Any, before: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """Where the arrays are in nested lists."""
    if not isinstance(value, list):
        return [before]
    return [p for k, part in enumerate(value) for p in places(part, (*before, k))]


def at(value: Any, place: tuple[int, ...]) -> Any:
    for k in place:
        value = value[k]
    return value


def by_complex_step(loss: Callable[[Values], Any], v: Values, name: str, place: Any) -> Array:
    """The gradient of a looped forward pass by one array, to machine precision."""
    v = {k: _complex(a) for k, a in v.items()}
    array = at(v[name], place)
    found = np.zeros(array.shape)
    for entry in np.ndindex(*array.shape):
        array[entry] += 1e-30j
        found[entry] = np.imag(np.reshape(loss(v), -1)[0]) / 1e-30
        array[entry] -= 1e-30j
    return found


def _complex(value: Any) -> Any:
    return [_complex(v) for v in value] if isinstance(value, list) else np.array(value, complex)
