"""Gradients of expressions whose symbols are declared diagonal, symmetric, definite or triangular.

    python benchmarks/structured.py [--only triangular] [--json out.json]

Each line is a gradient, the facts declared, and what an expert would write for it in NumPy and SciPy.
The bar: at most 1.1 times the hand form; no inverse and no product of matrices where less serves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

import numpy as np
from arena import Case, Inputs, main
from awareness import scipy_solves

SIZE = 600
Hand = Callable[..., Any]


def symbols() -> dict[str, Any]:
    import matcalc as mc

    n = mc.dims("n")
    found = {s: mc.matrix(s, n, n) for s in "ABCXSLD"}
    return found | {s: mc.vector(s, n) for s in "xb"}


def values(rng: np.random.Generator) -> Inputs:
    n = SIZE
    found = {s: rng.normal(size=(n, n)) / np.sqrt(n) for s in "ABCX"}
    found |= {s: rng.normal(size=(n, 1)) for s in "xb"}
    found["S"] = found["A"] @ found["A"].T + np.eye(n)
    found["L"] = np.tril(found["B"]) + 2 * np.eye(n)
    found["D"] = np.diag(np.abs(rng.normal(size=n)) + 1)
    return found


Row = tuple[str, tuple[str, ...], Callable[..., Any], str, Hand]


def rows() -> list[Row]:
    """Name, facts, the scalar, the variable, the gradient by hand."""
    import matcalc as mc

    spd, lower = scipy_solves()
    one = np.eye(SIZE)

    def upper(L: Any, b: Any) -> Any:
        try:
            from scipy.linalg import solve_triangular
        except ImportError:
            return np.linalg.solve(L.T, b)
        return solve_triangular(L, b, lower=True, trans=1)

    def d(D: Any) -> Any:
        return np.diagonal(D)[:, None]

    def twice(a: Any) -> Any:
        return a + a.T

    return [
        ("tr(AXBXC)", (), lambda A, B, C, X, **_: mc.tr(A * X * B * X * C), "X",
         lambda A, B, C, X, **_: (lambda CA: (B @ (X @ CA)).T + (CA @ (X @ B)).T)(C @ A)),
        ("tr(DXBX), D diagonal", ("diagonal D",), lambda D, B, X, **_: mc.tr(D * X * B * X), "X",
         lambda D, B, X, **_: (lambda v: ((B @ X) * v.T).T + ((v * X) @ B).T)(d(D))),
        ("x'A'Ax", (), lambda A, x, **_: x.T * A.T * A * x, "x",
         lambda A, x, **_: 2 * (A.T @ (A @ x))),
        ("x'D'Dx, D diagonal", ("diagonal D",), lambda D, x, **_: x.T * D.T * D * x, "x",
         lambda D, x, **_: 2 * d(D) ** 2 * x),
        ("x'Sx, S symmetric", ("symmetric S",), lambda S, x, **_: x.T * S * x, "x",
         lambda S, x, **_: 2 * (S @ x)),
        ("log det S, positive definite", ("positive_definite S",), lambda S, **_: mc.logdet(S), "S",
         lambda S, **_: spd(S, one)),
        ("log det L, triangular", ("lower_triangular L",),
         lambda L, x, **_: mc.logdet(L) + x.T * L * x, "x", lambda L, x, **_: L @ x + L.T @ x),
        ("x'inv(S)x, positive definite", ("positive_definite S",),
         lambda S, x, **_: x.T * mc.inv(S) * x, "x", lambda S, x, **_: 2 * spd(S, x)),
        ("x'inv(S)x in S", ("positive_definite S",), lambda S, x, **_: x.T * mc.inv(S) * x, "S",
         lambda S, x, **_: (lambda z: -z * z.T)(spd(S, x))),
        ("b'inv(L)x, triangular", ("lower_triangular L",),
         lambda L, b, x, **_: b.T * mc.inv(L) * x, "b", lambda L, b, x, **_: lower(L, x)),
        ("b'inv(L)x in x, triangular", ("lower_triangular L",),
         lambda L, b, x, **_: b.T * mc.inv(L) * x, "x", lambda L, b, x, **_: upper(L, b)),
        ("b'inv(D)x, D diagonal", ("diagonal D",),
         lambda D, b, x, **_: b.T * mc.inv(D) * x, "x", lambda D, b, x, **_: b / d(D)),
        ("b'inv(A)x in A", (), lambda A, b, x, **_: b.T * mc.inv(A) * x, "A",
         lambda A, b, x, **_: _both(A, b, x)),
        ("tr(inv(S)B)", ("positive_definite S", "symmetric B"),
         lambda S, B, **_: mc.tr(mc.inv(S) * B), "S", lambda S, B, **_: _twice(S, B)),
        ("log det(S) + x'inv(S)x", ("positive_definite S",),
         lambda S, x, **_: mc.logdet(S) + x.T * mc.inv(S) * x, "S", lambda S, x, **_: _gauss(S, x, one)),
        ("|AX - B|^2 + |X|^2", (),
         lambda A, B, X, **_: mc.norm2(A * X - B) ** 2 + mc.norm2(X) ** 2, "X",
         lambda A, B, X, **_: 2 * (A.T @ (A @ X - B)) + 2 * X),
    ]  # fmt: skip


def _factored(S: Any) -> Callable[[Any], Any]:
    try:
        from scipy.linalg import cho_factor, cho_solve
    except ImportError:
        return lambda b: np.linalg.solve(S, b)
    c = cho_factor(S)
    return lambda b: cho_solve(c, b)


def _both(A: Any, b: Any, x: Any) -> Any:
    try:
        from scipy.linalg import lu_factor, lu_solve
    except ImportError:
        return -np.linalg.solve(A.T, b) * np.linalg.solve(A, x).T
    lu = lu_factor(A)
    return -lu_solve(lu, b, trans=1) * lu_solve(lu, x).T


def _twice(S: Any, B: Any) -> Any:
    solve = _factored(S)
    return -solve(solve(B).T)


def _gauss(S: Any, x: Any, one: Any) -> Any:
    solve = _factored(S)
    z = solve(x)
    return solve(one) - z * z.T


def ours(row: Row) -> Callable[[Inputs], Callable[[], Any]]:
    def make(v: Inputs) -> Callable[[], Any]:
        import matcalc as mc

        _, declared, build, wrt, _ = row
        facts = [getattr(mc.Q, fact)(name) for fact, name in map(str.split, declared)]
        expression = mc.gradient(build(**symbols()), wrt, assume=facts)
        function = mc.compile(expression, assume=facts, sizes={"n": SIZE})
        if "--show" in sys.argv:
            print(function.source, file=sys.stderr)
        given = {k: x for k, x in v.items() if k in function.arguments}
        return lambda: function(**given)

    return make


def valued(v: Inputs, row: Row) -> Inputs:
    """The inputs as the declared facts say they are."""
    for fact, name in map(str.split, row[1]):
        if fact == "symmetric":
            v[name] = v[name] + v[name].T
    return v


def case(row: Row) -> Case:
    contenders = {"hand": lambda v: lambda: row[4](**v), "ours": ours(row)}
    return Case(row[0], f"n={SIZE}", lambda rng: valued(values(rng), row), contenders)


CASES = [case(row) for row in rows()]

if __name__ == "__main__":
    main(__file__, CASES, "ours", ["hand"])
