"""NumPy as an expert writes it by hand: what generated code is measured against.

``plain`` allocates as it goes; ``opt`` has its buffers and writes into them. Each is made for given
inputs and returns a function of nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Made = Callable[[], Any]
Inputs = dict[str, Any]


def quad_vg(v: Inputs) -> Made:
    A, x = v["A"], v["x"]

    def f() -> Any:
        Ax = A @ x
        return float(np.vdot(x, Ax)), {"x": Ax + A.T @ x}

    return f


def ridge_vg(v: Inputs) -> Made:
    X, w, y, g = v["X"], v["w"], v["y"], v["g"]

    def f() -> Any:
        r = X @ w - y
        return np.vdot(r, r) + g * np.vdot(w, w), {"w": 2 * (X.T @ r) + 2 * g * w}

    return f


def logreg_vg(v: Inputs) -> Made:
    X, w, y = v["X"], v["w"], v["y"]

    def f() -> Any:
        m = -y * (X @ w)
        loss = (np.maximum(m, 0) + np.log1p(np.exp(-np.abs(m)))).sum()
        return loss, {"w": X.T @ (-y / (1 + np.exp(-m)))}

    return f


def matfac_vg(v: Inputs) -> Made:
    """In row tiles that stay in the cache, where the residual does not and the rank is small."""
    U, V, T = v["U"], v["V"], v["T"]
    n, k = U.shape
    step = min(n, 24 if n > 500 and k < 32 else n)
    R, G = np.empty((step, n)), np.empty_like(U)

    def f() -> Any:
        value = 0.0
        for a in range(0, n, step):
            b = min(a + step, n)
            r = R[: b - a]
            np.matmul(U[a:b], V.T, out=r)
            np.subtract(r, T[a:b], out=r)
            value += np.vdot(r, r)
            np.matmul(r, V, out=G[a:b])
        np.multiply(G, 2, out=G)
        return value, {"U": G}

    return f


def softmaxreg_vg(v: Inputs) -> Made:
    X, W, Y = v["X"], v["W"], v["Y"]
    m = X.shape[0]

    def f() -> Any:
        Z = W.T @ X.T  # the class axis first: maxima and sums run over long lines
        Z -= Z.max(axis=0)
        E = np.exp(Z)
        s = E.sum(axis=0)
        loss = (np.vdot(Y.sum(axis=1), np.log(s)) - np.einsum("ij,ji->", Y, Z)) / m
        E *= Y.sum(axis=1) / s
        E -= Y.T
        return loss, {"W": X.T @ E.T / m}

    return f


def trace_vg(v: Inputs) -> Made:
    A, B, C, X = v["A"], v["B"], v["C"], v["X"]

    def f() -> Any:
        AX = A @ X
        XC = X @ C
        BXC = B @ XC
        G = AX @ B
        return np.einsum("ij,ji->", AX, BXC), {"X": (BXC @ A).T + (C @ G).T}

    return f


def gauss_vg(v: Inputs) -> Made:
    S, x = v["S"], v["x"]
    n = len(x)

    try:
        from scipy.linalg import cho_factor, cho_solve

        def f() -> Any:
            c = cho_factor(S, lower=True)
            z = cho_solve(c, x)
            I = cho_solve(c, np.eye(n))
            return 2 * np.log(np.diagonal(c[0])).sum() + np.vdot(x, z), {"S": I - z @ z.T}

    except ImportError:

        def f() -> Any:
            I = np.linalg.inv(S)
            z = I @ x
            return np.linalg.slogdet(S)[1] + np.vdot(x, z), {"S": I - z @ z.T}

    return f


def mlp_plain(v: Inputs) -> Made:
    Ws, bs = layers(v)

    def f() -> Any:
        A = [v["X"]]
        for W, b in zip(Ws, bs, strict=True):
            A.append(np.tanh(A[-1] @ W + b))
        R = A[-1] - v["Y"]
        D, out = R, {}
        for l in reversed(range(len(Ws))):
            D = D * (1 - A[l + 1] ** 2)
            out[f"W{l + 1}"], out[f"b{l + 1}"] = A[l].T @ D, D.sum(axis=0, keepdims=True)
            if l:
                D = D @ Ws[l].T
        return np.vdot(R, R) / 2, out

    return f


def mlp_opt(v: Inputs) -> Made:
    Ws, bs = layers(v)
    rows = v["X"].shape[0]
    A = [v["X"], *(np.empty((rows, W.shape[1])) for W in Ws)]
    D, E, R = (np.empty_like(A[-1]) for _ in range(3))
    out = {f"W{l + 1}": np.empty_like(W) for l, W in enumerate(Ws)}
    out |= {f"b{l + 1}": np.empty_like(b) for l, b in enumerate(bs)}

    def f() -> Any:
        for l, (W, b) in enumerate(zip(Ws, bs, strict=True)):
            Z = np.matmul(A[l], W, out=A[l + 1])
            np.add(Z, b, out=Z)
            np.tanh(Z, out=Z)
        np.subtract(A[-1], v["Y"], out=R)
        loss, d, e = np.vdot(R, R) / 2, R, D
        other = E
        for l in reversed(range(len(Ws))):
            np.square(A[l + 1], out=A[l + 1])
            np.subtract(1, A[l + 1], out=A[l + 1])
            d = np.multiply(d, A[l + 1], out=e)
            np.matmul(A[l].T, d, out=out[f"W{l + 1}"])
            np.add.reduce(d, axis=0, keepdims=True, out=out[f"b{l + 1}"])
            if l:
                d, e, other = np.matmul(d, Ws[l].T, out=other), other, e
        return loss, out

    return f


def mlp_products(v: Inputs) -> Made:
    """The 3 L - 1 products of a net alone, into their buffers: what nothing can be faster than."""
    Ws, _ = layers(v)
    A, D = v["X"].copy(), v["Y"].copy()
    Z, out = np.empty_like(D), [np.empty_like(W) for W in Ws]

    def f() -> Any:
        for W in Ws:
            np.matmul(A, W, out=Z)
        for l in reversed(range(len(Ws))):
            np.matmul(A.T, D, out=out[l])
            if l:
                np.matmul(D, Ws[l].T, out=Z)
        return 0.0

    return f


def layers(v: Inputs) -> tuple[list[Any], list[Any]]:
    count = sum(k.startswith("W") for k in v)
    return [v[f"W{l}"] for l in range(1, count + 1)], [v[f"b{l}"] for l in range(1, count + 1)]


def attention_vg(v: Inputs) -> Made:
    Q, K, V, G = v["Q"], v["K"], v["V"], v["G"]
    scale = 1 / np.sqrt(Q.shape[1])
    P = np.empty((Q.shape[0], K.shape[0]))
    D, E = np.empty_like(P), np.empty_like(P)

    def f() -> Any:
        np.matmul(Q * scale, K.T, out=P)
        np.subtract(P, P.max(axis=1, keepdims=True), out=P)
        np.exp(P, out=P)
        np.divide(P, P.sum(axis=1, keepdims=True), out=P)
        O = P @ V
        np.matmul(G, V.T, out=D)
        r = np.einsum("ij,ij->i", G, O)[:, None]  # the row sums of P dP are those of G O
        np.subtract(D, r, out=E)
        np.multiply(E, P, out=E)
        return O, {"Q": E @ K * scale, "K": E.T @ Q * scale, "V": P.T @ G}

    return f


def batchnorm_vg(v: Inputs) -> Made:
    X, g, b, eps, G = v["X"], v["g"], v["b"], v["eps"], v["G"]
    n = len(X)

    def f() -> Any:
        C = X - X.mean(axis=0)
        sd = np.sqrt(np.einsum("ij,ij->j", C, C)[None] / n + eps)
        C /= sd
        db = G.sum(axis=0, keepdims=True)
        dg = np.einsum("ij,ij->j", G, C)[None]
        dX = G - db / n
        dX -= C * (dg / n)
        dX *= g / sd
        return C * g + b, {"X": dX, "g": dg, "b": db}

    return f


def layernorm_vg(v: Inputs) -> Made:
    X, g, b, eps, G = v["X"], v["g"], v["b"], v["eps"], v["G"]
    d = X.shape[1]

    def f() -> Any:
        C = X - X.mean(axis=1, keepdims=True)
        sd = np.sqrt(np.einsum("ij,ij->i", C, C)[:, None] / d + eps)
        C /= sd
        db = G.sum(axis=0, keepdims=True)
        dg = np.einsum("ij,ij->j", G, C)[None]
        H = G * g
        dX = H - H.mean(axis=1, keepdims=True)
        dX -= C * (np.einsum("ij,ij->i", H, C)[:, None] / d)
        dX /= sd
        return C * g + b, {"X": dX, "g": dg, "b": db}

    return f


# -- Hessians ----------------------------------------------------------------------------------------


def quad_hessian(v: Inputs) -> Made:
    return lambda: v["A"] + v["A"].T


def ridge_hessian(v: Inputs) -> Made:
    X, g = v["X"], v["g"]

    def f() -> Any:
        H = X.T @ X
        H.reshape(-1)[:: len(H) + 1] += g
        H *= 2
        return H

    return f


def logreg_hessian(v: Inputs) -> Made:
    X, w, y = v["X"], v["w"], v["y"]

    def f() -> Any:
        s = 1 / (1 + np.exp(y * (X @ w)))
        Z = (np.abs(y) * np.sqrt(s * (1 - s))) * X
        return Z.T @ Z

    return f


def matfac_hessian(v: Inputs) -> Made:
    V = v["V"]
    n, k = V.shape
    place = np.arange(n)

    def f() -> Any:
        H = np.zeros((k, n, k, n))
        H[:, place, :, place] = 2 * (V.T @ V)
        return H.reshape(k * n, k * n)

    return f


def lse_hessian(v: Inputs) -> Made:
    x = v["x"]

    def f() -> Any:
        e = np.exp(x - x.max())
        p = e / e.sum()
        H = -p * p.T
        H.reshape(-1)[:: len(H) + 1] += p.ravel()
        return H

    return f


def softmaxreg_hessian(v: Inputs) -> Made:
    X, W, Y = v["X"], v["W"], v["Y"]
    (m, n), c = X.shape, W.shape[1]

    def f() -> Any:
        Z = X @ W
        P = np.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        s = Y.sum(axis=1, keepdims=True) / m
        H = np.empty((c, n, c, n))
        for a in range(c):
            for b in range(a + 1):
                weight = s * P[:, a : a + 1] * ((a == b) - P[:, b : b + 1])
                H[a, :, b, :] = (weight * X).T @ X
                H[b, :, a, :] = H[a, :, b, :]
        return H.reshape(c * n, c * n)

    return f


def relu_net_hessian(v: Inputs) -> Made:
    """The sum over samples of K_i kron x_i x_i', K_i = J_i' (diag p - p p') J_i s_i / m."""
    X, Y = v["X"], v["Y"]
    Ws = [v[f"W{l}"] for l in range(1, sum(k.startswith("W") for k in v) + 1)]
    (m, n), w = X.shape, Ws[0].shape[1]
    c = Ws[-1].shape[1]

    def f() -> Any:
        A, masks = X, []
        for W in Ws[:-1]:
            Z = A @ W
            masks.append(Z > 0)
            A = np.maximum(Z, 0)
        Z = A @ Ws[-1]
        P = np.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        J = masks[-1][:, None, :] * Ws[-1].T  # a row for each class
        for W, mask in zip(Ws[-2:0:-1], masks[-2::-1], strict=True):
            J = (J.reshape(m * c, -1) @ W.T).reshape(m, c, -1)
            J *= mask[:, None, :]
        s = Y.sum(axis=1) / m
        mean = np.matmul(P[:, None], J)[:, 0]
        K = np.matmul((J * (s[:, None] * P)[:, :, None]).transpose(0, 2, 1), J)
        K -= (s[:, None] * mean)[:, :, None] * mean[:, None]
        outer = (X[:, :, None] * X[:, None]).reshape(m, n * n)
        H = (K.reshape(m, w * w).T @ outer).reshape(w, w, n, n)
        return H.transpose(0, 2, 1, 3).reshape(w * n, w * n)

    return f


def tanh_net_jacobian(v: Inputs) -> Made:
    Ws = [v[f"W{l}"] for l in range(1, sum(k.startswith("W") for k in v) + 1)]

    def f() -> Any:
        a = np.tanh(Ws[0] @ v["x"])
        J = (1 - a * a) * Ws[0]
        for W in Ws[1:]:
            a = np.tanh(W @ a)
            J = W @ J
            J *= 1 - a * a
        return J

    return f


def pairwise_hessian(v: Inputs) -> Made:
    """The closed block form -2 (I/d - r r'/d^3), coordinates apart."""
    points = [v[k].ravel() for k in "xyz"]
    n = len(points[0])

    def f() -> Any:
        R = [p[:, None] - p[None, :] for p in points]
        d2 = sum(r * r for r in R)
        d2.reshape(-1)[:: n + 1] = 1
        d = 1 / np.sqrt(d2)
        d3 = d / d2
        d.reshape(-1)[:: n + 1] = 0
        H = np.empty((3, n, 3, n))
        for a in range(3):
            for b in range(a + 1):
                block = R[a] * R[b]
                block *= 2 * d3
                if a == b:
                    block -= 2 * d
                block.reshape(-1)[:: n + 1] = -block.sum(axis=1)
                H[a, :, b, :] = block
                if a != b:
                    H[b, :, a, :] = block
        return H.reshape(3 * n, 3 * n)

    return f
