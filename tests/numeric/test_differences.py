"""Numeric derivatives: exact to rounding by the complex step, with honest errors otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.numeric.differences import (
    complex_step,
    directions,
    richardson,
    second_by_complex_step,
    second_by_differences,
)
from matcalc.numeric.evaluate import Program, evaluate_nodes
from matcalc.numeric.sampling import Sampler
from matcalc.ops.table import TABLE


def f(z: Any) -> Any:
    return np.array([np.sin(z[0]) * np.exp(z[1]), z[0] ** 2 / z[1]])


def jacobian(z: Any) -> Any:
    a, b = z
    return np.array([[np.cos(a) * np.exp(b), np.sin(a) * np.exp(b)], [2 * a / b, -(a**2) / b**2]])


def test_the_complex_step_is_exact():
    """All digits but the last."""
    z = np.array([0.7, 1.3])
    np.testing.assert_allclose(complex_step(f, z, np.eye(2)).values, jacobian(z), rtol=1e-15)


def test_extrapolation_knows_its_error():
    """Eleven digits, and the estimate covers the error."""
    z = np.array([0.7, 1.3])
    found = richardson(f, z, np.eye(2))
    apart = abs(found.values - jacobian(z))
    assert np.all(apart < 1e-10)
    assert np.all(apart <= 10 * found.errors)


def test_a_kink_shows_in_the_error():
    """Differences across a kink do not agree with one another."""
    found = richardson(lambda z: abs(z - 0.003), np.zeros(1), np.eye(1))
    across = richardson(lambda z: abs(z - 0.0001), np.zeros(1), np.eye(1))
    assert found.errors < 1e-8
    assert across.errors > 1e-3


def test_an_undefined_neighbour_shows_in_the_error():
    """Near the edge of a domain the long steps leave it; the short ones still count, or nothing."""
    with np.errstate(all="ignore"):
        found = richardson(np.log, np.array([1e-5]), np.eye(1))
    assert not found.errors < 1e-3


def test_second_derivatives_agree():
    """Both ways to a mixed second derivative."""

    def g(u: Any, v: Any) -> Any:
        return np.array([np.sin(u[0] * v[0]) + u[1] ** 3 * v[0]])

    u, v = np.array([0.4, 0.9]), np.array([1.2])
    expected = [[np.cos(0.48) - 0.48 * np.sin(0.48)], [3 * 0.81]]
    for method in (second_by_complex_step, second_by_differences):
        found = method(g, u, v, np.eye(2), np.eye(1), 1e-2)
        np.testing.assert_allclose(found.values, expected, atol=1e-8)
        assert np.all(abs(found.values - expected) <= 10 * found.errors + 1e-15)


def test_many_variables_take_few_directions(rng: np.random.Generator):
    """Axes while there are few, unit vectors otherwise."""
    assert np.array_equal(directions(5, rng), np.eye(5))
    drawn = directions(1000, rng)
    assert drawn.shape[1] < 10
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=0), 1)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.analytic])
def test_analytic_code_takes_the_complex_step(name: str, rng: np.random.Generator):
    """An entrywise function that is called analytic has the same slope by both methods."""
    Z = mc.matrix("Z", 2, 3)
    others = [mc.scalar(f"u{k}") for k in range(len(TABLE[name].slopes) - 1)]
    node = mc.power(Z, *others) if name == "pow" else getattr(mc, name)(Z, *others)
    program = Program([node])
    point = Sampler(program, [Z], rng).point({}, {})

    def at(z: Any) -> Any:
        values = {**point.values, Z: z.reshape(2, 3)}
        return evaluate_nodes([node], values, {})[node].ravel()

    z = point.values[Z].ravel()
    exact, close = complex_step(at, z, np.eye(6)), richardson(at, z, np.eye(6), 1e-3)
    np.testing.assert_allclose(exact.values, close.values, rtol=1e-7, atol=1e-9)
