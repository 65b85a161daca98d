"""Recurrent cells and an attention layer with its projections: networks, NumPy by hand, literal forms.

Gates stand side by side in one matrix, as libraries keep them: one product for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import matcalc as mc

Rng = np.random.Generator
n, d, h = mc.dims("n d h")
one = mc.ones(n, 1)
NAMES = {"lstm": "X H C W U b", "gru": "X H W U b", "attention layer": "X Q K V O"}


def lstm() -> mc.Network:
    """Long short-term memory: gates i, f, o and the candidate g."""
    net = mc.Network("lstm")
    X, H, C = net.input("X", n, d), net.input("H", n, h), net.input("C", n, h)
    W, U, b = net.param("W", d, 4 * h), net.param("U", h, 4 * h), net.param("b", 1, 4 * h)
    Z = net.let("Z", X * W + H * U + one * b)
    i, f, o = (net.let(s, mc.sigmoid(Z[:, k * h : (k + 1) * h])) for k, s in enumerate("ifo"))
    g = net.let("g", mc.tanh(Z[:, 3 * h : 4 * h]))
    M = net.let("M", mc.hadamard(f, C) + mc.hadamard(i, g))
    net.output(net.let("Y", mc.hadamard(o, mc.tanh(M))), upstream="G")
    return net


def gru() -> mc.Network:
    """Gated recurrent unit: reset r, update z, candidate c."""
    net = mc.Network("gru")
    X, H = net.input("X", n, d), net.input("H", n, h)
    W, U, b = net.param("W", d, 3 * h), net.param("U", h, 3 * h), net.param("b", 1, 3 * h)
    A, B = net.let("A", X * W + one * b), net.let("B", H * U)
    r, z = (
        net.let(s, mc.sigmoid(A[:, k * h : (k + 1) * h] + B[:, k * h : (k + 1) * h]))
        for k, s in enumerate("rz")
    )
    c = net.let("c", mc.tanh(A[:, 2 * h : 3 * h] + mc.hadamard(r, B[:, 2 * h : 3 * h])))
    net.output(net.let("Y", c + mc.hadamard(z, H - c)), upstream="G")
    return net


def attention_layer() -> mc.Network:
    """One head of self-attention between its projections, with the way around."""
    net = mc.Network("attention layer")
    X = net.input("X", n, d)
    q, k, v = (net.let(s.lower(), X * net.param(s, d, h)) for s in "QKV")
    P = net.let("P", mc.softmax(q * k.T / mc.sqrt(mc.read(h))))
    net.output(net.let("Y", X + P * v * net.param("O", h, d)), upstream="G")
    return net


def inputs(name: str, rng: Rng, n: int, d: int, h: int) -> dict[str, Any]:
    """Weights of the size that keeps what passes through them."""
    if name == "attention layer":
        shapes = {"X": (n, d), "Q": (d, h), "K": (d, h), "V": (d, h), "O": (h, d), "G": (n, d)}
    else:
        w = {"lstm": 4, "gru": 3}[name] * h
        shapes = {"X": (n, d), "H": (n, h), "W": (d, w), "U": (h, w), "b": (1, w), "G": (n, h)}
        shapes |= {"C": (n, h)} if name == "lstm" else {}
    thin = dict.fromkeys("WUQKVO", d**-0.5)
    return {s: thin.get(s, 1.0) * rng.normal(size=shape) for s, shape in shapes.items()}


# -- by hand -----------------------------------------------------------------------------------------


def sigmoid(Z: Any) -> Any:
    return 1 / (1 + np.exp(-Z))


def lstm_vg(v: dict[str, Any]) -> Callable[[], Any]:
    X, H, C, W, U, b, G = (v[s] for s in ("X", "H", "C", "W", "U", "b", "G"))
    h = H.shape[1]
    dZ = np.empty((len(X), 4 * h))

    def f() -> Any:
        Z = X @ W
        Z += H @ U
        Z += b
        S = sigmoid(Z[:, : 3 * h])
        i, f, o, g = S[:, :h], S[:, h : 2 * h], S[:, 2 * h :], np.tanh(Z[:, 3 * h :])
        T = np.tanh(f * C + i * g)
        dM = G * o * (1 - T * T)
        np.multiply(dM, g, out=dZ[:, :h])
        np.multiply(dM, C, out=dZ[:, h : 2 * h])
        np.multiply(G, T, out=dZ[:, 2 * h : 3 * h])
        dZ[:, : 3 * h] *= S * (1 - S)
        np.multiply(dM * i, 1 - g * g, out=dZ[:, 3 * h :])
        back = {"X": dZ @ W.T, "H": dZ @ U.T, "C": dM * f, "W": X.T @ dZ, "U": H.T @ dZ}
        return o * T, {**back, "b": dZ.sum(axis=0, keepdims=True)}

    return f


def gru_vg(v: dict[str, Any]) -> Callable[[], Any]:
    X, H, W, U, b, G = (v[s] for s in ("X", "H", "W", "U", "b", "G"))
    h = H.shape[1]
    dA, dB = (np.empty((len(X), 3 * h)) for _ in range(2))

    def f() -> Any:
        A, B = X @ W, H @ U
        A += b
        S = sigmoid(A[:, : 2 * h] + B[:, : 2 * h])
        r, z = S[:, :h], S[:, h:]
        c = np.tanh(A[:, 2 * h :] + r * B[:, 2 * h :])
        gap = H - c
        np.multiply(G * (1 - z), 1 - c * c, out=dA[:, 2 * h :])
        np.multiply(dA[:, 2 * h :], r, out=dB[:, 2 * h :])
        np.multiply(dA[:, 2 * h :], B[:, 2 * h :], out=dA[:, :h])
        np.multiply(G, gap, out=dA[:, h : 2 * h])
        dA[:, : 2 * h] *= S * (1 - S)
        dB[:, : 2 * h] = dA[:, : 2 * h]
        back = {"X": dA @ W.T, "H": G * z + dB @ U.T, "W": X.T @ dA, "U": H.T @ dB}
        return c + z * gap, {**back, "b": dA.sum(axis=0, keepdims=True)}

    return f


def attention_layer_vg(v: dict[str, Any]) -> Callable[[], Any]:
    X, Q, K, V, O, G = (v[s] for s in ("X", "Q", "K", "V", "O", "G"))
    scale = Q.shape[1] ** -0.5

    def f() -> Any:
        q, k, u = X @ Q * scale, X @ K, X @ V
        P = q @ k.T
        P -= P.max(axis=1, keepdims=True)
        np.exp(P, out=P)
        P /= P.sum(axis=1, keepdims=True)
        Y = P @ u
        dY = G @ O.T
        dS = dY @ u.T
        dS -= np.einsum("ij,ij->i", dY, Y)[:, None]
        dS *= P
        dq, dk, du = dS @ k * scale, dS.T @ q, P.T @ dY
        dX = G + dq @ Q.T + dk @ K.T + du @ V.T
        back = {"X": dX, "Q": X.T @ dq, "K": X.T @ dk, "V": X.T @ du, "O": Y.T @ G}
        return X + Y @ O, back

    return f


BY_HAND = {"lstm": lstm_vg, "gru": gru_vg, "attention layer": attention_layer_vg}
NETWORKS = {"lstm": lstm, "gru": gru, "attention layer": attention_layer}


# -- for the frameworks ------------------------------------------------------------------------------


def literal(name: str, xp: Any) -> Callable[..., Any]:
    def gate(Z: Any) -> Any:
        return 1 / (1 + xp.exp(-Z))

    def lstm(X: Any, H: Any, C: Any, W: Any, U: Any, b: Any) -> Any:
        Z, h = X @ W + H @ U + b, H.shape[1]
        i, f, o = (gate(Z[:, k * h : (k + 1) * h]) for k in range(3))
        return o * xp.tanh(f * C + i * xp.tanh(Z[:, 3 * h :]))

    def gru(X: Any, H: Any, W: Any, U: Any, b: Any) -> Any:
        A, B, h = X @ W + b, H @ U, H.shape[1]
        r, z = (gate(A[:, k * h : (k + 1) * h] + B[:, k * h : (k + 1) * h]) for k in range(2))
        c = xp.tanh(A[:, 2 * h :] + r * B[:, 2 * h :])
        return c + z * (H - c)

    def attention_layer(X: Any, Q: Any, K: Any, V: Any, O: Any) -> Any:
        S = (X @ Q) @ (X @ K).T * Q.shape[1] ** -0.5
        E = xp.exp(S - (S.max(1, keepdims=True) if xp.__name__ != "torch" else S.amax(1, True)))
        return X + E / E.sum(1, keepdims=True) @ (X @ V) @ O

    return {"lstm": lstm, "gru": gru, "attention layer": attention_layer}[name]
