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


@pytest.mark.parametrize("name", ALL)
def test_no_network_has_a_complaint(name: str) -> None:
    """Value and gradients of the typical networks."""
    assert complaints(plan_of_record(mc.derive(ALL[name]()).record)) == []
