"""The problems of the benchmarks: as matcalc expressions, as literal code, with their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import matcalc as mc

n, m, d, h, k, c, q = mc.dims("n m d h k c q")
one = mc.ones(n, 1)
Rng = np.random.Generator


def normal(rng: Rng, **shapes: tuple[int, ...]) -> dict[str, Any]:
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


# -- the paper set: expression and variable ------------------------------------------------------------

A, B, C, Q = (mc.matrix(s, n, n) for s in "ABCX")
x = mc.vector("x", n)
X, w, y, g = mc.matrix("X", m, n), mc.vector("w", n), mc.vector("y", m), mc.scalar("g")
U, V, T = mc.matrix("U", n, k), mc.matrix("V", n, k), mc.matrix("T", n, n)
W, Y = mc.matrix("W", n, c), mc.matrix("Y", m, c)
S = mc.matrix("S", n, n)

PAPER: dict[str, tuple[Any, Any, tuple[Any, ...]]] = {
    "quad": (x.T * A * x, x, ()),
    "ridge": ((X * w - y).T * (X * w - y) + g * w.T * w, w, ()),
    "logreg": (mc.sum(mc.log(1 + mc.exp(-mc.hadamard(y, X * w)))), w, ()),
    "matfac": (mc.norm2(U * V.T - T) ** 2, U, ()),
    "softmaxreg": (mc.cross_entropy(mc.softmax(X * W), Y), W, ()),
    "traceAXBXC": (mc.tr(A * Q * B * Q * C), Q, ()),
    "gauss": (mc.logdet(S) + x.T * mc.inv(S) * x, S, (mc.Q.positive_definite(S),)),
    "lse": (mc.logsumexp(x), x, ()),
}


def inputs(name: str, rng: Rng, **size: int) -> dict[str, Any]:
    """Values for a problem of the paper set."""
    n, m, k, c = (size.get(s, 0) for s in "nmkc")
    if name == "quad":
        return normal(rng, A=(n, n), x=(n, 1))
    if name == "ridge":
        return {**normal(rng, X=(m, n), w=(n, 1), y=(m, 1)), "g": 0.5}
    if name == "logreg":
        return {**normal(rng, X=(m, n), w=(n, 1)), "y": np.sign(rng.normal(size=(m, 1)))}
    if name == "matfac":
        return normal(rng, U=(n, k), V=(n, k), T=(n, n))
    if name == "softmaxreg":
        labels = np.eye(c)[rng.integers(0, c, size=m)]
        return {**normal(rng, X=(m, n), W=(n, c)), "Y": labels}
    if name == "traceAXBXC":
        return normal(rng, A=(n, n), B=(n, n), C=(n, n), X=(n, n))
    if name == "gauss":
        R = rng.normal(size=(n, n))
        return {"S": R @ R.T + n * np.eye(n), "x": rng.normal(size=(n, 1))}
    return normal(rng, x=(n, 1))


def literal(name: str, xp: Any) -> Callable[..., Any]:
    """The forward pass as one writes it for a framework, of its variable and the other inputs."""

    def lse(z: Any, axis: int) -> Any:
        if xp.__name__ == "torch":
            return xp.logsumexp(z, axis, keepdim=True)
        if xp.__name__ == "jax.numpy":
            import jax

            return jax.nn.logsumexp(z, axis=axis, keepdims=True)
        top = z.max(axis=axis, keepdims=True)
        return top + xp.log(xp.exp(z - top).sum(axis=axis, keepdims=True))

    def logdet(S: Any) -> Any:
        return xp.linalg.slogdet(S)[1]

    table: dict[str, Callable[..., Any]] = {
        "quad": lambda x, A: (x.T @ A @ x)[0, 0],
        "ridge": lambda w, X, y, g: ((X @ w - y) ** 2).sum() + g * (w**2).sum(),
        "logreg": lambda w, X, y: xp.logaddexp(xp.zeros_like(y), -y * (X @ w)).sum(),
        "matfac": lambda U, V, T: ((U @ V.T - T) ** 2).sum(),
        "softmaxreg": lambda W, X, Y: -(Y * (X @ W - lse(X @ W, 1))).sum() / X.shape[0],
        "traceAXBXC": lambda X, A, B, C: xp.trace(A @ X @ B @ X @ C),
        "gauss": lambda S, x: logdet(S) + (x.T @ xp.linalg.solve(S, x))[0, 0],
        "lse": lambda x: lse(x, 0)[0, 0],
    }
    return table[name]


# -- networks ----------------------------------------------------------------------------------------


def mlp(layers: int) -> mc.Network:
    """tanh layers with biases and half the squared error."""
    net = mc.Network("mlp")
    A, Y = net.input("X", n, h), net.input("Y", n, h)
    for l in range(1, layers + 1):
        Z = A * net.param(f"W{l}", h, h) + one * net.param(f"b{l}", 1, h)
        A = net.let(f"A{l}", mc.tanh(net.let(f"Z{l}", Z)))
    net.minimize(mc.squared_error(A, Y, scale="half"))
    return net


def mlp_inputs(rng: Rng, batch: int, width: int, layers: int) -> dict[str, Any]:
    found = normal(rng, X=(batch, width), Y=(batch, width))
    for l in range(1, layers + 1):
        found[f"W{l}"] = rng.normal(size=(width, width)) / np.sqrt(width)
        found[f"b{l}"] = rng.normal(size=(1, width))
    return found


def mlp_literal(xp: Any) -> Callable[..., Any]:
    def f(params: dict[str, Any], X: Any, Y: Any) -> Any:
        A = X
        for l in range(1, len(params) // 2 + 1):
            A = xp.tanh(A @ params[f"W{l}"] + params[f"b{l}"])
        return ((A - Y) ** 2).sum() / 2

    return f


def attention() -> mc.Network:
    net = mc.Network("attention")
    Q, K, V = net.input("Q", n, d), net.input("K", m, d), net.input("V", m, d)
    P = net.let("P", mc.softmax(net.let("S", Q * K.T / mc.sqrt(mc.read(d)))))
    net.output(net.let("O", P * V), upstream="G")
    return net


def norm(axis: int) -> mc.Network:
    """Batch normalisation (axis 0) or layer normalisation (axis 1)."""
    net = mc.Network("norm")
    X, g, b, eps = (
        net.input("X", n, d),
        net.param("g", 1, d),
        net.param("b", 1, d),
        net.input("eps"),
    )
    side = one if axis == 0 else mc.ones(1, d)

    def spread(v: Any) -> Any:
        return side * v if axis == 0 else v * side

    ones = mc.ones(1, d) if axis == 0 else one
    mean = mc.colmean if axis == 0 else mc.rowmean
    centred = net.let("C", X - spread(mean(X)))
    sd = net.let("sd", mc.sqrt(mean(mc.square(centred)) + eps * ones))
    Xhat = net.let("Xhat", mc.divide(centred, spread(sd)))
    net.output(net.let("Y", mc.hadamard(Xhat, one * g) + one * b), upstream="G")
    return net


def norm_literal(xp: Any, axis: int) -> Callable[..., Any]:
    def f(X: Any, g: Any, b: Any, eps: float) -> Any:
        C = X - X.mean(axis, keepdims=True)
        return C / xp.sqrt((C**2).mean(axis, keepdims=True) + eps) * g + b

    return f


def attention_literal(xp: Any) -> Callable[..., Any]:
    def f(Q: Any, K: Any, V: Any) -> Any:
        S = Q @ K.T / Q.shape[1] ** 0.5
        E = xp.exp(S - (S.max(1, keepdims=True) if xp.__name__ != "torch" else S.amax(1, True)))
        return E / E.sum(1, keepdims=True) @ V

    return f


def relu_net(layers: int) -> tuple[Any, Any]:
    """The cross-entropy of a ReLU net of equal widths, and its first weights."""
    A = mc.matrix("X", n, h)
    for l in range(1, layers + 1):
        A = A * mc.matrix(f"W{l}", h, h)
        A = mc.relu(A) if l < layers else A
    return mc.cross_entropy(mc.softmax(A), mc.matrix("Y", n, h)), mc.matrix("W1", h, h)


def relu_net_inputs(rng: Rng, batch: int, width: int, layers: int) -> dict[str, Any]:
    scale = np.sqrt(2 / width)
    found = {f"W{l}": scale * rng.normal(size=(width, width)) for l in range(1, layers + 1)}
    labels = np.eye(width)[rng.integers(0, width, size=batch)]
    return {**found, "X": rng.normal(size=(batch, width)), "Y": labels}


def relu_net_literal(xp: Any) -> Callable[..., Any]:
    def f(W1: Any, X: Any, Y: Any, **rest: Any) -> Any:
        A = X
        for W in [W1, *(rest[f"W{l}"] for l in range(2, len(rest) + 2))]:
            A = (A if A is X else xp.maximum(A, xp.zeros_like(A))) @ W
        top = A.max(1, keepdims=True) if xp.__name__ != "torch" else A.amax(1, True)
        lse = top + xp.log(xp.exp(A - top).sum(1, keepdims=True))
        return -(Y * (A - lse)).sum() / X.shape[0]

    return f


def tanh_net(layers: int) -> tuple[Any, Any]:
    """The output of a tanh net for one sample, and the sample."""
    a = x = mc.vector("x", h)
    for l in range(1, layers + 1):
        a = mc.tanh(mc.matrix(f"W{l}", h, h) * a)
    return a, x


def tanh_net_inputs(rng: Rng, width: int, layers: int) -> dict[str, Any]:
    found = {
        f"W{l}": rng.normal(size=(width, width)) / np.sqrt(width) for l in range(1, layers + 1)
    }
    return {**found, "x": rng.normal(size=(width, 1))}


# -- pairwise distances ------------------------------------------------------------------------------


def pairwise() -> Any:
    """The sum of the distances of all pairs of points (x_i, y_i, z_i), by its coordinates.

    A distance of a point to itself counts as 1, so that the root has a slope; it is constant.
    """
    points = [mc.vector(s, n) for s in "xyz"]
    squares = [mc.square(p * one.T - one * p.T) for p in points]
    total = squares[0] + squares[1] + squares[2] + mc.eye(n)
    return mc.sum(mc.sqrt(total)), points
