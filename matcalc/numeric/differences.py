"""Numeric derivatives of a function of one real vector, each with an estimate of its error.

The complex step has no cancellation and is exact to rounding, but only where all code is analytic.
Otherwise central differences at a falling series of steps are extrapolated to step zero
(Richardson), and each entry takes the place in its table where neighbours agree best (Ridders).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
Vector = Callable[[Array], Array]  # of a vector, real or complex, to a vector
Pair = Callable[[Array, Array], Array]  # of two vectors to a vector with one entry

COMPLEX_STEP = 1e-30
LEVELS = 6
EPS = float(np.finfo(float).eps)
FULL = 64  # up to so many variables every one is stepped by itself


@dataclass(frozen=True)
class Slopes:
    """Derivatives along directions: a column for each, and the estimated error of every entry."""

    values: Array
    errors: Array
    method: str


def directions(count: int, rng: np.random.Generator, full: int = FULL, few: int = 8) -> Array:
    """Columns to differentiate along: the axes, or a few random ones if there are many axes."""
    if count <= full:
        return np.eye(count)
    drawn = rng.normal(size=(count, few))
    return drawn / np.linalg.norm(drawn, axis=0)


def complex_step(f: Vector, x: Array, along: Array) -> Slopes:
    """Im f(x + i h v) / h with h = 1e-30: no difference is taken, so nothing cancels."""
    columns = [np.imag(f(x + 1j * COMPLEX_STEP * v)) / COMPLEX_STEP for v in along.T]
    values = np.stack(columns, axis=1)
    return Slopes(values, np.zeros_like(values), "complex step")


def richardson(f: Vector, x: Array, along: Array, step: float = 1e-2) -> Slopes:
    """Central differences along each direction, extrapolated."""

    def central(v: Array) -> Callable[[float], Array]:
        return lambda h: (f(x + h * v) - f(x - h * v)) / (2 * h)

    lost = EPS * float(np.max(abs(f(x))))
    columns = [_extrapolated(central(v), step, lambda h: lost / h) for v in along.T]
    values, errors = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
    return Slopes(values, errors, "extrapolated central differences")


def second_by_complex_step(
    f: Pair, x: Array, y: Array, along_x: Array, along_y: Array, step: float
) -> Slopes:
    """d2f / dx dy of a scalar f: the complex step in x, extrapolated central differences in y."""

    def gradient(at: Array) -> Array:
        return complex_step(lambda z: f(z, at), x, along_x).values[0]

    found = richardson(gradient, y, along_y, step)
    return Slopes(found.values, found.errors, "complex step in central differences")


def second_by_differences(
    f: Pair, x: Array, y: Array, along_x: Array, along_y: Array, step: float
) -> Slopes:
    """d2f / dx dy of a scalar f from four points, extrapolated."""

    def mixed(u: Array, v: Array) -> Callable[[float], Array]:
        def at(h: float) -> Array:
            near = f(x + h * u, y + h * v) + f(x - h * u, y - h * v)
            far = f(x + h * u, y - h * v) + f(x - h * u, y + h * v)
            return (near - far) / (4 * h * h)

        return at

    # A second difference loses twice as many digits: its steps are longer.
    lost = EPS * float(np.max(abs(f(x, y))))
    rows = [
        [_extrapolated(mixed(u, v), 4 * step, lambda h: lost / h**2) for v in along_y.T]
        for u in along_x.T
    ]
    values = np.array([[cell[0][0] for cell in row] for row in rows])
    errors = np.array([[cell[1][0] for cell in row] for row in rows])
    return Slopes(values, errors, "extrapolated second differences")


def _extrapolated(
    difference: Callable[[float], Array], step: float, rounding: Callable[[float], float]
) -> tuple[Array, Array]:
    """The limit for h to 0 of a difference whose error is even in h, and its estimated error."""
    best = worst = None
    for value, error in _table(difference, step, rounding):
        if best is None:
            best, worst = value, error
            continue
        closer = error < worst
        best, worst = np.where(closer, value, best), np.where(closer, error, worst)
    return best, worst


def _table(
    difference: Callable[[float], Array], step: float, rounding: Callable[[float], float]
) -> Iterator[tuple[Array, Array]]:
    previous: list[Array] = []
    for level in range(LEVELS):
        row = [np.atleast_1d(difference(step / 2**level))]
        for k, before in enumerate(previous):
            finer = row[k] + (row[k] - before) / (4 ** (k + 1) - 1)
            # Both neighbours must agree: two equal differences alone may be luck.
            error = np.maximum(abs(finer - row[k]), abs(finer - before))
            error = error + rounding(step / 2**level)
            row.append(finer)
            yield finer, np.where(np.isfinite(error), error, np.inf)
        previous = row
