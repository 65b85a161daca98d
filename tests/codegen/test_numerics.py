"""Where the textbook formula overflows or cancels, the code does not, and says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.codegen.make import plan_of_record
from matcalc.codegen.numerics import complaints
from tests.codegen.networks import ALL

n, m, k = mc.dims("n m k")
A, B, x = mc.matrix("A", n, n), mc.matrix("B", n, m), mc.vector("x", n)
HUGE = np.array([[800.0, -800.0], [0.0, 750.0]])

FORMS: dict[str, tuple[Any, str, Any]] = {
    "log det": (mc.log(mc.det(A)), "by a factorisation", None),
    "softmax": (mc.softmax(B), "largest entry", [[1.0, 0.0], [0.0, 1.0]]),
    "log softmax": (mc.log(mc.softmax(B)), "logsumexp", [[0.0, -1600.0], [-750.0, 0.0]]),
    "log of a sum": (mc.log(mc.sum(mc.exp(B))), "largest taken off", 800.0),
    "log sigmoid": (mc.log(mc.sigmoid(B)), "log1p", [[0.0, -800.0], [np.log(0.5), 0.0]]),
    "softplus": (mc.log(1 + mc.exp(B)), "log1p", [[800.0, 0.0], [np.log(2), 750.0]]),
    "inverse": (mc.inv(A) * x, "a solve for an inverse", None),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_stable_form_is_used_and_said(name: str) -> None:
    """At the head of the source; and the numbers are right where the textbook's are inf or nan."""
    expression, said, want = FORMS[name]
    f = mc.compile(expression)
    assert said in f.source.split("import")[0]
    assert complaints(f.plan) == []
    if want is not None:
        with np.errstate(all="raise", under="ignore"):
            assert np.allclose(f(B=HUGE), want)


def test_a_large_determinant_has_a_logarithm(rng: np.random.Generator) -> None:
    """det of 400 x 400 overflows, its logarithm is a thousand or two."""
    M = 100 * np.eye(400) + rng.normal(size=(400, 400))
    assert np.isclose(mc.compile(mc.log(mc.det(A)))(A=M), np.linalg.slogdet(M)[1])


def test_the_logistic_loss_of_a_certain_answer_is_exact() -> None:
    """-log(1 - p) at z = 40 is 40, where 1 - p is 0; and z = -40 costs e^-40."""
    Z, Y = mc.matrix("Z", n, 1), mc.matrix("Y", n, 1)
    f = mc.compile(mc.binary_cross_entropy(mc.sigmoid(Z), Y, mean=False))
    assert np.isclose(f(Z=[[40.0]], Y=[[0.0]]), 40)
    assert np.isclose(f(Z=[[-40.0]], Y=[[0.0]]), np.exp(-40), rtol=1e-10)


def test_squares_are_not_expanded_near_a_fit(rng: np.random.Generator) -> None:
    """The residual first: a fit to 1e-9 has a loss of 1e-18 n, not of rounding errors."""
    U, V, T = mc.matrix("U", n, k), mc.matrix("V", m, k), mc.matrix("T", n, m)
    u, v = rng.normal(size=(20, 2)), rng.normal(size=(30, 2))
    noise = 1e-9 * rng.normal(size=(20, 30))
    f = mc.derive(mc.norm2(U * V.T - T) ** 2, U).function()
    value, _ = f(U=u, V=v, T=u @ v.T + noise)
    assert np.isclose(value, np.sum(noise**2), rtol=1e-5)


X, Y = mc.matrix("X", n, m), mc.matrix("Y", n, m)
v, w, one = mc.vector("v", n), mc.vector("w", n), mc.ones(n, 1)
J = mc.eye(n) - one * one.T / n
# name -> what people write, and which cross product of deviations it is
SCATTERS: dict[str, tuple[Any, str, str, Any]] = {
    "scatter": (X.T * J * X, "X", "X", 1),
    "covariance": (X.T * J * X / (n - 1), "X", "X", 1 / 49),
    "centred on both sides": ((J * X).T * (J * X), "X", "X", 1),
    "cross covariance": (X.T * J * Y / n, "X", "Y", 1 / 50),
    "with a vector": (X.T * J * v, "X", "v", 1),
    "of vectors": (v.T * J * w, "v", "w", 1),
    "less the product of means": (X.T * X / n - (X.T * one / n) * (one.T * X / n), "X", "X", 1 / 50),
    "less n times that": (X.T * X - n * mc.colmean(X).T * mc.colmean(X), "X", "X", 1),
    "mean square less squared mean": (mc.mean(mc.square(v)) - mc.mean(v) ** 2, "v", "v", 1 / 50),
    "the same by sums": (v.T * v - mc.sum(v) ** 2 / n, "v", "v", 1),
    "mean product less product of means": (
        mc.dot(v, w) / n - mc.mean(v) * mc.mean(w), "v", "w", 1 / 50,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCATTERS)
def test_means_are_taken_off_before_products(name: str, rng: np.random.Generator) -> None:
    """Data around 1e8: the expanded square would have no digit right."""
    expression, a, b, times = SCATTERS[name]
    f = mc.compile(expression)
    assert "means taken off" in f.source.split("import")[0]
    given = {s: 1e8 + rng.normal(size=(50, 3 if s.isupper() else 1)) for s in "XYvw"}
    P, R = (given[s] - given[s].mean(0) for s in (a, b))
    want = times * (P.T @ R)
    got = f(**{s: given[s] for s in f.arguments})
    assert np.allclose(got, want, rtol=1e-6, atol=1e-6 * np.abs(want).max())


def test_an_expanded_square_is_completed(rng: np.random.Generator) -> None:
    """x'x - 2 x'y + y'y of near points."""
    f = mc.compile(v.T * v - 2 * v.T * w + mc.norm2(w) ** 2)
    a = 1e8 + rng.normal(size=(9, 1))
    assert f(v=a, w=a + 2.0**-10) == 9 * 2.0**-20


TINY = np.array([1e-12, -1e-9, 1e-20, 0.5]).reshape(-1, 1)
CLOSE: dict[str, tuple[Any, Any, Any]] = {
    "1 - e^z": (one - mc.exp(v), TINY, -np.expm1(TINY)),
    "a multiple of it": (3 * mc.exp(v) - 3 * one, TINY, 3 * np.expm1(TINY)),
    "cosh z - 1": (mc.cosh(v) - one, TINY, 2 * np.sinh(TINY / 2) ** 2),
    "1 - cos z": (one - mc.cos(v), TINY, 2 * np.sin(TINY / 2) ** 2),
    "sinh by exponentials": ((mc.exp(v) - mc.exp(-v)) / 2, TINY, np.sinh(TINY)),
    "tanh by exponentials": (
        mc.divide(mc.exp(v) - mc.exp(-v), mc.exp(v) + mc.exp(-v)), 800 * TINY, np.tanh(800 * TINY),
    ),
    "sigmoid by exponentials": (mc.divide(mc.exp(v), one + mc.exp(v)), [[800.0], [-800]], [[1.0], [0]]),
    "log odds": (mc.log(mc.divide(mc.sigmoid(v), one - mc.sigmoid(v))), [[-1e4], [3]], [[-1e4], [3]]),
    "log of a square": (mc.log(mc.square(mc.sigmoid(v))), [[-1e4]], [[-2e4]]),
    "log of the slope of tanh": (
        mc.log(one - mc.square(mc.tanh(v))), [[1e4]], [[2 * np.log(2) - 2e4]],
    ),
    "log of a mean of exponentials": (mc.log(mc.mean(mc.exp(v))), [[-1e4], [-1e4]], -1e4),
    "log of two exponentials": (mc.log(mc.exp(v) + mc.exp(-v)), [[-900.0], [900]], [[900.0], [900]]),
    "a large norm": (mc.norm2(v), [[3e300], [4e300]], 5e300),
    "a small norm": (mc.norm2(v), [[3e-300], [-4e-300]], 5e-300),
    "no norm": (mc.norm2(v), [[0.0], [0.0]], 0.0),
    "a direction": (v / mc.norm2(v), [[3e300], [4e300]], [[0.6], [0.8]]),
    "the slope of a norm": (mc.gradient(mc.norm2(v), v), [[3e-300], [4e-300]], [[0.6], [0.8]]),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSE)
@pytest.mark.parametrize("backend", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_small_and_large_numbers_keep_their_digits(name: str, backend: str) -> None:
    """Where the formula as written gives 0, inf or nan."""
    expression, given, want = CLOSE[name]
    got = mc.compile(expression, backend=backend)(v=np.array(given, dtype=float))
    assert np.allclose(np.asarray(got), want, rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", ALL)
def test_no_network_has_a_complaint(name: str) -> None:
    """Value and gradients of the typical networks."""
    assert complaints(plan_of_record(mc.derive(ALL[name]()).record)) == []
