"""Does the code know linear algebra? One expression a line, beside its best form by hand.

    python benchmarks/awareness.py [--rounds 4] [--only chain] [--json out.json]

The families: common parts, order of products, structure, distributivity, what a loop need not
repeat, and results of which only a part is asked. ``literal`` is the expression as it is written,
evaluated by NumPy, JAX (jitted) and PyTorch; ``hand`` is what an expert would write in NumPy, with
SciPy where it is installed. The bar: at most 1.3 times the hand form, and never more than 3 times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

import numpy as np
from arena import Case, Inputs, main, ratio  # noqa: F401

SIZE, THIN = 1000, 10
MATRICES, VECTORS = "ABCHPL", "xyvw"


def symbols() -> dict[str, Any]:
    import matcalc as mc

    n, k = mc.dims("n k")
    found = {s: mc.matrix(s, n, n) for s in MATRICES}
    found |= {s: mc.vector(s, n) for s in VECTORS}
    return found | {s: mc.matrix(s, n, k) for s in "UV"}


def values(rng: np.random.Generator) -> Inputs:
    n = SIZE
    found = {s: rng.normal(size=(n, n)) / np.sqrt(n) for s in MATRICES}
    found |= {s: rng.normal(size=(n, 1)) for s in VECTORS}
    found |= {s: rng.normal(size=(n, THIN)) for s in "UV"}
    found["P"] = found["A"] @ found["A"].T + np.eye(n)  # positive definite
    found["L"] = np.tril(found["B"]) + 2 * np.eye(n)  # lower triangular
    found["v"] = np.abs(found["v"]) + 1
    return found


def scipy_solves() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Solves for positive definite and for triangular matrices."""
    try:
        from scipy.linalg import cho_factor, cho_solve, solve_triangular
    except ImportError:
        return np.linalg.solve, np.linalg.solve
    return lambda P, b: cho_solve(cho_factor(P), b), lambda L, b: solve_triangular(L, b, lower=True)


def diag(xp: Any, v: Any) -> Any:
    return xp.diag(v.reshape(-1))


def inv(xp: Any, A: Any) -> Any:
    return xp.linalg.inv(A)


Row = tuple[str, str, Callable[..., Any], Callable[..., Any], Callable[..., Any]]


def rows() -> list[Row]:
    """Family, name, matcalc, literal code (of xp), hand."""
    import matcalc as mc

    spd, tri = scipy_solves()
    eye = np.eye(SIZE)

    def plus_diagonal(M: Any, v: Any) -> Any:
        M = M.copy()
        M.reshape(-1)[:: len(M) + 1] += v
        return M

    def one(xp: Any, A: Any) -> Any:
        return xp.ones((A.shape[0], 1), dtype=A.dtype)

    return [
        ("common", "(A'B)'(A'B)", lambda A, B, **_: (A.T * B).T * (A.T * B),
         lambda xp, A, B, **_: (A.T @ B).T @ (A.T @ B), lambda A, B, **_: (lambda S: S.T @ S)(A.T @ B)),
        ("common", "A'B + (B'A)'", lambda A, B, **_: A.T * B + (B.T * A).T,
         lambda xp, A, B, **_: A.T @ B + (B.T @ A).T, lambda A, B, **_: 2 * (A.T @ B)),
        ("common", "(A'B)'A'B x", lambda A, B, x, **_: (A.T * B).T * A.T * B * x,
         lambda xp, A, B, x, **_: (A.T @ B).T @ A.T @ B @ x, lambda A, B, x, **_: B.T @ (A @ (A.T @ (B @ x)))),
        ("common", "tanh(AB) + AB", lambda A, B, **_: mc.tanh(A * B) + A * B,
         lambda xp, A, B, **_: xp.tanh(A @ B) + A @ B, lambda A, B, **_: (lambda S: np.tanh(S) + S)(A @ B)),
        ("common", "AB and B'A'", lambda A, B, **_: [A * B, B.T * A.T],
         lambda xp, A, B, **_: (A @ B, B.T @ A.T), lambda A, B, **_: (lambda S: (S, S.T))(A @ B)),
        ("common", "inv(P) x and log det P", lambda P, x, **_: [mc.inv(P) * x, mc.logdet(P)],
         lambda xp, P, x, **_: (xp.linalg.inv(P) @ x, xp.linalg.slogdet(P)[1]), _spd_both),
        ("common", "log det A'A", lambda A, **_: mc.logdet(A.T * A),
         lambda xp, A, **_: xp.linalg.slogdet(A.T @ A)[1], lambda A, **_: 2 * np.linalg.slogdet(A)[1]),
        ("chain", "A^3 x", lambda A, x, **_: A**3 * x,
         lambda xp, A, x, **_: A @ A @ A @ x, lambda A, x, **_: A @ (A @ (A @ x))),
        ("chain", "H'H x", lambda H, x, **_: H.T * H * x,
         lambda xp, H, x, **_: H.T @ H @ x, lambda H, x, **_: H.T @ (H @ x)),
        ("chain", "y'H'H", lambda H, y, **_: y.T * H.T * H,
         lambda xp, H, y, **_: y.T @ (H.T @ H), lambda H, y, **_: (y.T @ H.T) @ H),
        ("chain", "ABx + ABy", lambda A, B, x, y, **_: A * B * x + A * B * y,
         lambda xp, A, B, x, y, **_: A @ B @ x + A @ B @ y, lambda A, B, x, y, **_: A @ (B @ (x + y))),
        ("chain", "x y' A", lambda A, x, y, **_: x * y.T * A,
         lambda xp, A, x, y, **_: (x @ y.T) @ A, lambda A, x, y, **_: x * (y.T @ A)),
        ("chain", "A x y' B", lambda A, B, x, y, **_: A * x * y.T * B,
         lambda xp, A, B, x, y, **_: A @ x @ y.T @ B, lambda A, B, x, y, **_: (A @ x) * (y.T @ B)),
        ("chain", "A B C x", lambda A, B, C, x, **_: A * B * C * x,
         lambda xp, A, B, C, x, **_: A @ B @ C @ x, lambda A, B, C, x, **_: A @ (B @ (C @ x))),
        ("chain", "x'A'A x", lambda A, x, **_: x.T * A.T * A * x,
         lambda xp, A, x, **_: (x.T @ (A.T @ A) @ x)[0, 0], lambda A, x, **_: (lambda z: np.vdot(z, z))(A @ x)),
        ("chain", "U U' A", lambda A, U, **_: U * U.T * A,
         lambda xp, A, U, **_: U @ U.T @ A, lambda A, U, **_: U @ (U.T @ A)),
        ("chain", "A U V'", lambda A, U, V, **_: A * U * V.T * A,
         lambda xp, A, U, V, **_: A @ (U @ V.T) @ A, lambda A, U, V, **_: (A @ U) @ (V.T @ A)),
        ("structure", "diag(v) B", lambda B, v, **_: mc.diag(v) * B,
         lambda xp, B, v, **_: diag(xp, v) @ B, lambda B, v, **_: v * B),
        ("structure", "B diag(v)", lambda B, v, **_: B * mc.diag(v),
         lambda xp, B, v, **_: B @ diag(xp, v), lambda B, v, **_: B * v.T),
        ("structure", "diag(v) A diag(w)", lambda A, v, w, **_: mc.diag(v) * A * mc.diag(w),
         lambda xp, A, v, w, **_: diag(xp, v) @ A @ diag(xp, w), lambda A, v, w, **_: v * A * w.T),
        ("structure", "A'diag(v) A", lambda A, v, **_: A.T * mc.diag(mc.square(v)) * A,
         lambda xp, A, v, **_: A.T @ diag(xp, v * v) @ A, lambda A, v, **_: (lambda Z: Z.T @ Z)(v * A)),
        ("structure", "inv(diag(v)) B", lambda B, v, **_: mc.inv(mc.diag(v)) * B,
         lambda xp, B, v, **_: inv(xp, diag(xp, v)) @ B, lambda B, v, **_: B / v),
        ("structure", "A'A", lambda A, **_: A.T * A,
         lambda xp, A, **_: A.T @ A, lambda A, **_: A.T @ A),
        ("structure", "inv(A) x", lambda A, x, **_: mc.inv(A) * x,
         lambda xp, A, x, **_: inv(xp, A) @ x, lambda A, x, **_: np.linalg.solve(A, x)),
        ("structure", "inv(P) x, P positive definite", lambda P, x, **_: mc.inv(P) * x,
         lambda xp, P, x, **_: inv(xp, P) @ x, lambda P, x, **_: spd(P, x)),
        ("structure", "inv(L) x, L lower triangular", lambda L, x, **_: mc.inv(L) * x,
         lambda xp, L, x, **_: inv(xp, L) @ x, lambda L, x, **_: tri(L, x)),
        ("structure", "log det P", lambda P, **_: mc.logdet(P),
         lambda xp, P, **_: xp.linalg.slogdet(P)[1],
         lambda P, **_: 2 * np.log(np.diagonal(np.linalg.cholesky(P))).sum()),
        ("structure", "I A I", lambda A, **_: mc.eye(A.shape[0]) * A * mc.eye(A.shape[0]) * 2,
         lambda xp, A, **_: xp.eye(SIZE, dtype=A.dtype) @ A @ xp.eye(SIZE, dtype=A.dtype) * 2, lambda A, **_: A * 2),
        ("structure", "A + 3 I", lambda A, **_: A + 3 * mc.eye(A.shape[0]),
         lambda xp, A, **_: A + 3 * xp.eye(SIZE, dtype=A.dtype), lambda A, **_: plus_diagonal(A, 3)),
        ("structure", "[A 0; 0 B][x; y]",
         lambda A, B, x, y, **_: mc.block([[A, mc.zeros(*A.shape)], [mc.zeros(*A.shape), B]]) * mc.vstack(x, y),
         lambda xp, A, B, x, y, **_: _block(xp, A, B) @ _stack(xp, x, y), lambda A, B, x, y, **_: np.vstack([A @ x, B @ y])),  # noqa: E501
        ("structure", "(A + x y') w", lambda A, x, y, w, **_: (A + x * y.T) * w,
         lambda xp, A, x, y, w, **_: (A + x @ y.T) @ w, lambda A, x, y, w, **_: A @ w + x * np.vdot(y, w)),
        ("structure", "(diag(v) + U U') x", lambda U, v, x, **_: (mc.diag(v) + U * U.T) * x,
         lambda xp, U, v, x, **_: (diag(xp, v) + U @ U.T) @ x, lambda U, v, x, **_: v * x + U @ (U.T @ x)),
        ("structure", "inv(I + U U') x", lambda U, x, **_: mc.inv(mc.eye(U.shape[0]) + U * U.T) * x,
         lambda xp, U, x, **_: inv(xp, xp.eye(SIZE, dtype=U.dtype) + U @ U.T) @ x,
         lambda U, x, **_: x - U @ np.linalg.solve(plus_diagonal(U.T @ U, 1), U.T @ x)),
        ("structure", "log det(diag(v) + U U')", lambda U, v, **_: mc.logdet(mc.diag(v) + U * U.T),
         lambda xp, U, v, **_: xp.linalg.slogdet(diag(xp, v) + U @ U.T)[1],
         lambda U, v, **_: np.log(v).sum() + np.linalg.slogdet(plus_diagonal(U.T @ (U / v), 1))[1]),
        ("structure", "(I - 1 1'/n) A",
         lambda A, **_: (mc.eye(A.shape[0]) - mc.ones(*A.shape) / A.shape[0]) * A,
         lambda xp, A, **_: (xp.eye(SIZE, dtype=A.dtype) - 1 / SIZE) @ A, lambda A, **_: A - A.mean(axis=0)),
        ("structure", "(A o x y') w", lambda A, x, y, w, **_: mc.hadamard(A, x * y.T) * w,
         lambda xp, A, x, y, w, **_: (A * (x @ y.T)) @ w, lambda A, x, y, w, **_: x * (A @ (y * w))),
        ("structure", "A 1 and 1'A 1", lambda A, **_: [A * mc.ones(A.shape[0], 1), mc.sum(A)],
         lambda xp, A, **_: (A @ one(xp, A), (one(xp, A).T @ A @ one(xp, A))[0, 0]),
         lambda A, **_: (lambda r: (r, r.sum()))(A.sum(axis=1, keepdims=True))),
        ("distributivity", "AB + AC", lambda A, B, C, **_: A * B + A * C,
         lambda xp, A, B, C, **_: A @ B + A @ C, lambda A, B, C, **_: A @ (B + C)),
        ("distributivity", "BA + CA", lambda A, B, C, **_: B * A + C * A,
         lambda xp, A, B, C, **_: B @ A + C @ A, lambda A, B, C, **_: (B + C) @ A),
        ("distributivity", "(A - H'H) x", lambda A, H, x, **_: (A - H.T * H) * x,
         lambda xp, A, H, x, **_: (A - H.T @ H) @ x, lambda A, H, x, **_: A @ x - H.T @ (H @ x)),
        ("distributivity", "(A + B C) U", lambda A, B, C, U, **_: (A + B * C) * U,
         lambda xp, A, B, C, U, **_: (A + B @ C) @ U, lambda A, B, C, U, **_: A @ U + B @ (C @ U)),
        ("distributivity", "A x + A y", lambda A, x, y, **_: A * x + A * y,
         lambda xp, A, x, y, **_: A @ x + A @ y, lambda A, x, y, **_: A @ (x + y)),
        ("code motion", "sum_i (AB) u_i u_i'", _motion,
         lambda xp, A, B, U, **_: sum((A @ B) @ (U[:, i : i + 1] @ U[:, i : i + 1].T) for i in range(THIN)),
         lambda A, B, U, **_: (A @ (B @ U)) @ U.T),
        ("code motion", "sum_i tanh(AB) u_i", _motion_entrywise,
         lambda xp, A, B, U, **_: sum(xp.tanh(A @ B) @ U[:, i : i + 1] for i in range(THIN)),
         lambda A, B, U, **_: np.tanh(A @ B) @ U.sum(axis=1, keepdims=True)),
        ("part", "tr(AB)", lambda A, B, **_: mc.tr(A * B),
         lambda xp, A, B, **_: xp.trace(A @ B), lambda A, B, **_: np.einsum("ij,ji->", A, B)),
        ("part", "tr(AA)", lambda A, **_: mc.tr(A**2),
         lambda xp, A, **_: xp.trace(A @ A), lambda A, **_: np.einsum("ij,ji->", A, A)),
        ("part", "softmax(AB)[0, :]", lambda A, B, **_: mc.softmax(A * B)[0, :],
         lambda xp, A, B, **_: (lambda E: E / E.sum(1)[:, None])(xp.exp(A @ B))[:1],
         lambda A, B, **_: (lambda e: e / e.sum())(np.exp(A[:1] @ B))),
        ("part", "tr(ABC)", lambda A, B, C, **_: mc.tr(A * B * C),
         lambda xp, A, B, C, **_: xp.trace(A @ B @ C), lambda A, B, C, **_: np.einsum("ij,ji->", A @ B, C)),
        ("part", "(AB)[2, 3]", lambda A, B, **_: (A * B)[2, 3],
         lambda xp, A, B, **_: (A @ B)[2, 3], lambda A, B, **_: np.vdot(A[2], B[:, 3])),
        ("part", "(A + B)[2, 3]", lambda A, B, **_: (A + B)[2, 3],
         lambda xp, A, B, **_: (A + B)[2, 3], lambda A, B, **_: A[2, 3] + B[2, 3]),
        ("part", "(AB)[:, 1]", lambda A, B, **_: (A * B)[:, 1],
         lambda xp, A, B, **_: (A @ B)[:, 1:2], lambda A, B, **_: A @ B[:, 1:2]),
        ("part", "diag(AB)", lambda A, B, **_: mc.diag(A * B),
         lambda xp, A, B, **_: xp.diagonal(A @ B)[:, None], lambda A, B, **_: np.einsum("ij,ji->i", A, B)[:, None]),
        ("part", "sum(AB)", lambda A, B, **_: mc.sum(A * B),
         lambda xp, A, B, **_: (A @ B).sum(), lambda A, B, **_: np.vdot(A.sum(axis=0), B.sum(axis=1))),
        ("part", "rowsum(AB)", lambda A, B, **_: mc.rowsum(A * B),
         lambda xp, A, B, **_: (A @ B).sum(1)[:, None], lambda A, B, **_: A @ B.sum(axis=1, keepdims=True)),
        ("part", "tanh(A)[0, :]", lambda A, **_: mc.tanh(A)[0, :],
         lambda xp, A, **_: xp.tanh(A)[:1], lambda A, **_: np.tanh(A[:1])),
        ("part", "inv(A)[0, 1]", lambda A, **_: mc.inv(A)[0, 1],
         lambda xp, A, **_: inv(xp, A)[0, 1], lambda A, **_: np.linalg.solve(A, eye[:, 1:2])[0, 0]),
    ]  # fmt: skip


def _spd_both(P: Any, x: Any, **_: Any) -> Any:
    try:
        from scipy.linalg import cho_factor, cho_solve
    except ImportError:
        return np.linalg.solve(P, x), 2 * np.log(np.diagonal(np.linalg.cholesky(P))).sum()
    c = cho_factor(P)
    return cho_solve(c, x), 2 * np.log(np.diagonal(c[0])).sum()


def _block(xp: Any, A: Any, B: Any) -> Any:
    zero = xp.zeros_like(A)
    return xp.concatenate([xp.concatenate([A, zero], 1), xp.concatenate([zero, B], 1)], 0)


def _stack(xp: Any, x: Any, y: Any) -> Any:
    return xp.concatenate([x, y], 0)


def _index() -> Any:
    from matcalc.expr import BUILD

    return BUILD["fresh_index"]("i"), BUILD["isum"]


def _motion(A: Any, B: Any, U: Any, **_: Any) -> Any:
    i, isum = _index()
    return isum(A * B * U[:, i] * U[:, i].T, i, 0, U.shape[1] - 1)


def _motion_entrywise(A: Any, B: Any, U: Any, **_: Any) -> Any:
    import matcalc as mc

    i, isum = _index()
    return isum(mc.tanh(A * B) * U[:, i], i, 0, U.shape[1] - 1)


def ours(build: Callable[..., Any]) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        import matcalc as mc

        named = symbols()
        facts = (mc.Q.positive_definite(named["P"]), mc.Q.lower_triangular(named["L"]))
        function = mc.compile(build(**named), assume=facts, sizes={"n": SIZE, "k": THIN})
        given = {k: x for k, x in v.items() if k in function.arguments}
        return lambda: function(**given)

    return make


def literal(build: Callable[..., Any], framework: str) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        if framework == "numpy":
            return lambda: build(np, **v)
        if framework == "jax":
            import jax
            import jax.numpy as jnp

            arrays = {k: jnp.asarray(x) for k, x in v.items()}
            run = jax.jit(lambda a: build(jnp, **a))
            return lambda: jax.block_until_ready(run(arrays))
        import torch

        tensors = {k: torch.as_tensor(x) for k, x in v.items()}
        return lambda: build(torch, **tensors)

    return make


def case(row: Row) -> Case:
    family, name, build, code, by_hand = row
    contenders = {"hand": lambda v: lambda: by_hand(**v), "ours": ours(build)}
    contenders |= {f: literal(code, f) for f in ("numpy", "jax", "torch")}
    return Case(family, name, values, contenders)


CASES = [case(row) for row in rows()]

if __name__ == "__main__":
    main(__file__, CASES, "ours", ["hand", "numpy", "jax", "torch"])
