"""Logarithms and differences where the formula as written gives 0, inf or nan: hostile numbers."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for

n, k, d = mc.dims("n k d")
x, y = mc.vector("x", n), mc.vector("y", n)
A, B, L, P = (mc.matrix(s, n, n) for s in "ABLP")
one = mc.ones(n, 1)
exp, log = mc.exp, mc.log
M = mpmath

Given = dict[str, list[float]]
LARGE: Given = {"x": [800.0, 900.0, -5.0], "y": [0.5, 0.2, 3.0]}
SMALL: Given = {"x": [-800.0, -900.0, -850.0], "y": [0.5, -0.2, 3.0]}
MASKED: Given = {"x": [900.0, -900.0, -950.0], "y": [0.0, 1.0, 1.0]}
FAR: Given = {"x": [1e-200, 1e200, 2.0], "y": [1e-200, 1e200, 3.0]}
NEAR: Given = {"x": [1e-12, -1e-17, 0.3]}
WIDE: Given = {"x": [1e16, 1e12, 1e300]}
BENT: Given = {"x": [1e8, -1e10, 3.0]}
TAIL: Given = {"x": [40.0, 300.0, -2.0]}

# name -> what people write, hostile values, and the value in 60 digits
FORMS: dict[str, tuple[Any, list[Given], Any]] = {
    "log of a weighted sum": (
        log(y.T * exp(x)), [LARGE, SMALL, MASKED],
        lambda x, y: M.log(sum(b * M.exp(a) for a, b in zip(x, y, strict=True))),
    ),
    "its slope": (
        mc.gradient(log(y.T * exp(x)), x), [LARGE, MASKED],
        lambda x, y: [
            b * M.exp(a) / sum(v * M.exp(u) for u, v in zip(x, y, strict=True))
            for a, b in zip(x, y, strict=True)
        ],
    ),
    "log of two exponentials met": (
        log(exp(x).T * exp(y)), [LARGE],
        lambda x, y: M.log(sum(M.exp(a + b) for a, b in zip(x, y, strict=True))),
    ),
    "log of a product": (
        log(mc.hadamard(x, y)), [FAR, {"x": [-1e-200, 4.0], "y": [-1e-200, 0.5]}],
        lambda x, y: [M.log(a * b) for a, b in zip(x, y, strict=True)],
    ),
    "log of a quotient": (
        log(mc.divide(x, y)), [{"x": FAR["x"], "y": [*FAR["y"][1::-1], 7.0]}],
        lambda x, y: [M.log(a / b) for a, b in zip(x, y, strict=True)],
    ),
    "log of a square": (log(mc.square(x)), [FAR, BENT], lambda x, **_: [M.log(a * a) for a in x]),
    "log of a square norm": (log(x.T * x), [FAR], lambda x, **_: M.log(sum(a * a for a in x))),
    "log of one softmax": (
        log(mc.softmax(x)[0, 0]), [LARGE], lambda x, **_: x[0] - M.log(sum(map(M.exp, x))),
    ),
    "inverse softplus": (
        log(exp(x) - one), [{"x": [1e-300, 1e-12, 800.0]}],
        lambda x: [a + M.log(-M.expm1(-a)) for a in x],
    ),
    "log of a complement": (
        log(one - exp(-x)), [{"x": [1e-300, 1e-12, 40.0]}], lambda x: [M.log(-M.expm1(-a)) for a in x],
    ),
    "log of a difference": (
        log(exp(x) - exp(y)), [{"x": [800.0, -800.0], "y": [700.0, -900.0]}],
        lambda x, y: [M.log(M.exp(a) - M.exp(b)) for a, b in zip(x, y, strict=True)],
    ),
    "artanh": (log(mc.divide(one + x, one - x)) / 2, [NEAR], lambda x: list(map(M.atanh, x))),
    "artanh by two": (log(one + x) - log(one - x), [NEAR], lambda x: [2 * M.atanh(a) for a in x]),
    "arsinh": (log(x + mc.sqrt(mc.square(x) + one)), [NEAR, BENT], lambda x: list(map(M.asinh, x))),
    "a difference of roots": (
        mc.sqrt(x + one) - mc.sqrt(x), [WIDE], lambda x: [M.sqrt(a + 1) - M.sqrt(a) for a in x],
    ),
    "a root less one": (
        mc.sqrt(one + x) - one, [NEAR], lambda x: [M.sqrt(1 + a) - 1 for a in x],
    ),
    "one less a root": (
        2 * one - 2 * mc.sqrt(one - mc.square(x)), [NEAR],
        lambda x: [2 - 2 * M.sqrt(1 - a * a) for a in x],
    ),
    "a hyperbola": (
        mc.sqrt(mc.square(x) + one) - x, [BENT], lambda x: [M.sqrt(a * a + 1) - a for a in x],
    ),
    "a complement": (one - mc.sigmoid(x), [TAIL], lambda x: [1 / (1 + M.exp(a)) for a in x]),
    "one less tanh": (one - mc.tanh(x), [TAIL], lambda x: [1 - M.tanh(a) for a in x]),
    "less a half": (mc.sigmoid(x) - one / 2, [NEAR], lambda x: [M.tanh(a / 2) / 2 for a in x]),
    "softplus less its argument": (
        mc.softplus(x) - x, [TAIL], lambda x: [M.log(1 + M.exp(-a)) for a in x],
    ),
    "the slope of a sigmoid": (
        mc.divide(exp(x), mc.square(one + exp(x))), [TAIL, {"x": [800.0, -700.0]}],
        lambda x: [M.exp(a) / (1 + M.exp(a)) ** 2 for a in x],
    ),
    "one of two": (
        mc.divide(exp(x), exp(x) + exp(y)), [{"x": [800.0, -800.0], "y": [810.0, -790.0]}],
        lambda x, y: [1 / (1 + M.exp(b - a)) for a, b in zip(x, y, strict=True)],
    ),
    "tanh by one exponential": (
        mc.divide(exp(2 * x) - one, exp(2 * x) + one), [NEAR, {"x": [800.0, -800.0]}],
        lambda x: list(map(M.tanh, x)),
    ),
    "exponentials met": (
        mc.hadamard(exp(x), exp(-y)), [{"x": [800.0, -800.0], "y": [799.0, -799.0]}],
        lambda x, y: [M.exp(a - b) for a, b in zip(x, y, strict=True)],
    ),
    "an expanded square": (
        mc.square(x) - 2 * mc.hadamard(x, y) + mc.square(y), [{"x": [1e8, 1e4], "y": [1e8 + 1, 1e4 + 1e-8]}],
        lambda x, y: [(a - b) ** 2 for a, b in zip(x, y, strict=True)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("backend", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hostile_numbers_keep_their_digits(name: str, backend: str) -> None:
    """To thirteen digits of what sixty digits give."""
    expression, points, exact = FORMS[name]
    f = mc.compile(expression, backend=backend)
    for point in points:
        given = {s: np.array(point[s]).reshape(-1, 1) for s in f.arguments}
        with mpmath.workdps(400):
            want = exact(**{s: [mpmath.mpf(a) for a in point[s]] for s in f.arguments})
        want = np.array(want, dtype=float)
        got = np.ravel(np.asarray(f(**given)))
        assert np.allclose(got, want.ravel(), rtol=1e-13, atol=1e-307), f.source


@pytest.mark.parametrize("name", ["log of a product", "log of a square", "log of a quotient"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_has_no_logarithm_has_none(name: str) -> None:
    """Of a negative product nan, of zero -inf, as the formula as written."""
    f = mc.compile(FORMS[name][0])
    given = {"x": np.array([[-2.0], [0.0], [3.0]]), "y": np.array([[3.0], [4.0], [-5.0]])}
    given = {s: given[s] for s in f.arguments}
    product = {"log of a product": -6.0, "log of a square": 4.0, "log of a quotient": -2 / 3}[name]
    got = f(**given).ravel()
    assert np.allclose(got[0], np.log(product), equal_nan=True)
    assert got[1] == -np.inf


DETERMINANTS: dict[str, tuple[Any, Any]] = {
    "its size": (log(mc.abs(mc.det(A))), lambda a, b, l, p: a),
    "a product": (log(mc.det(A) * mc.det(B)), lambda a, b, l, p: a + b),
    "of a product": (log(mc.det(A * B)), lambda a, b, l, p: a + b),
    "a quotient": (log(mc.det(A) / mc.det(B)), lambda a, b, l, p: a - b),
    "a square": (log(mc.det(A) ** 2), lambda a, b, l, p: 2 * a),
    "a root": (log(mc.sqrt(mc.det(P))), lambda a, b, l, p: p / 2),
    "one over a root": (log(1 / mc.sqrt(mc.det(P))), lambda a, b, l, p: -p / 2),
    "a multiple": (log(3 * mc.det(P)), lambda a, b, l, p: p + np.log(3)),
    "of a triangle": (log(mc.det(L)), lambda a, b, l, p: l),
    "the size of a triangle's": (log(mc.abs(mc.det(L))), lambda a, b, l, p: l),
    "of a Kronecker product": (log(mc.det(mc.kron(mc.eye(2), P))), lambda a, b, l, p: 2 * p),
}


@pytest.mark.parametrize("name", DETERMINANTS)
def test_no_determinant_overflows_under_a_logarithm(name: str, rng: np.random.Generator) -> None:
    """Determinants of 300 rows: each is far beyond 1e308."""
    expression, combined = DETERMINANTS[name]
    assert "det" not in {t.op for t in plan_for(expression).terms()}
    f = mc.compile(expression, assume=[mc.Q.lower_triangular(L)] if "triangle" in name else ())
    given = {s: 20 * rng.normal(size=(300, 300)) for s in "ABLP"}
    given["P"] = given["P"] @ given["P"].T + np.eye(300)
    given["L"] = np.tril(given["L"], -1) + np.diag(rng.uniform(10, 20, 300))
    for s in "AB":
        given[s][0] *= np.linalg.slogdet(given[s])[0]
    sizes = [np.linalg.slogdet(given[s])[1] for s in "ABLP"]
    sizes[2] = np.log(np.diagonal(given["L"])).sum()
    got = f(**{s: given[s] for s in f.arguments})
    assert np.isclose(got, combined(*sizes), rtol=1e-10)


X, W, Y, Z = mc.matrix("X", n, d), mc.matrix("W", d, k), mc.matrix("Y", n, k), mc.matrix("Z", n, k)
w, v, m, S = mc.vector("w", d), mc.vector("v", n), mc.vector("m", n), mc.matrix("S", n, n)
tr = mc.tr
# What people expand, and the residual whose square it is.
SQUARES: dict[str, tuple[Any, Any]] = {
    "least squares": (v.T * v - 2 * v.T * X * w + w.T * X.T * X * w, lambda r, R, D, s: r.T @ r),
    "the other way round": (v.T * v - 2 * w.T * X.T * v + w.T * X.T * X * w, lambda r, R, D, s: r.T @ r),
    "by norms": (mc.norm2(v) ** 2 - 2 * v.T * X * w + mc.norm2(X * w) ** 2, lambda r, R, D, s: r.T @ r),
    "a mean": ((v.T * v - 2 * v.T * X * w + w.T * X.T * X * w) / n, lambda r, R, D, s: r.T @ r / 30),
    "beside a penalty": (
        w.T * w - w.T * w + v.T * v / 2 - v.T * X * w + w.T * X.T * X * w / 2,
        lambda r, R, D, s: r.T @ r / 2,
    ),
    "by traces": (
        tr(Y.T * Y) - 2 * tr(W.T * X.T * Y) + tr(W.T * X.T * X * W), lambda r, R, D, s: np.vdot(R, R),
    ),
    "of two matrices": (
        mc.norm2(Y) ** 2 - 2 * tr(Z.T * Y) + mc.norm2(Z) ** 2, lambda r, R, D, s: np.vdot(D, D),
    ),
    "in a metric": (
        v.T * S * v - 2 * v.T * S * m + m.T * S * m, lambda r, R, D, s: np.sum(s * (r @ r.T)),
    ),
    "its slope": (X.T * X * w - X.T * v, lambda r, R, D, s: -r),
}  # fmt: skip


@pytest.mark.parametrize("name", SQUARES)
def test_expanded_squares_keep_their_digits_near_a_fit(name: str, rng: np.random.Generator) -> None:
    """A fit to 1e-9: the expanded square would have no digit right."""
    expression, exact = SQUARES[name]
    given = {s: rng.normal(size=(30 if s == "X" else 4, 4 if s == "X" else 3)) for s in "XW"}
    given["w"] = rng.normal(size=(4, 1))
    noise = {s: 1e-9 * rng.normal(size=(30, 3)) for s in "YZ"}
    given["v"] = given["X"] @ given["w"]
    given["m"] = given["v"] - noise["Y"][:, :1]
    given["v"] = given["v"] + noise["Y"][:, 1:2] * (name != "in a metric")
    given["Y"] = given["X"] @ given["W"] + noise["Y"]
    given["Z"] = given["Y"] - noise["Z"]
    given["S"] = np.eye(30) + 0.1
    r = given["v"] - (given["m"] if name == "in a metric" else given["X"] @ given["w"])
    R, D = given["Y"] - given["X"] @ given["W"], given["Y"] - given["Z"]
    want = exact(given["X"].T @ r if name == "its slope" else r, R, D, given["S"])
    f = mc.compile(expression, assume=[mc.Q.symmetric(S)] if "S" in mc.text(expression) else ())
    got = f(**{s: given[s] for s in f.arguments})
    assert np.allclose(got, want, rtol=1e-5, atol=0)
    if name != "its slope":
        assert "the expanded square would cancel" in f.source
