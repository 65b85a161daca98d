"""Numbers for the undefined functions: one entrywise g, one map f, all their derivatives known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import factorial
from typing import Any

import numpy as np

DEGREE = 4


def derivative_of_g(value: Any, order: int) -> Any:
    """The derivative of that order of g(x) = sin(x) + x^3 / 6."""
    waves = (np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x))
    power = value ** (3 - order) / factorial(3 - order) if order <= 3 else 0 * value
    return waves[order % 4](value) + power


def derivative_of_f(operands: Sequence[Any], r: int, slots: Sequence[int], scalar: bool) -> Any:
    """f_k = (a_k . v)^4 / 24 with v all operands stacked, or its derivative by those slots.

    The first derivative is r x p (a scalar function's: the shape of the operand); each further one
    is the Jacobian of the column-stacked one before.
    """
    arrays = [np.atleast_2d(np.asarray(a)) for a in operands]
    parts = [a.reshape(-1, order="F") for a in arrays]
    v = np.concatenate(parts)
    weights = np.cos(1.0 + np.arange(r * len(v))).reshape(r, len(v))
    starts = np.cumsum([0, *(len(p) for p in parts)])
    rows = [weights[:, starts[s] : starts[s + 1]] for s in slots]
    order = len(slots)
    outer = (weights @ v) ** (DEGREE - order) / factorial(DEGREE - order)
    if not slots:
        return outer.reshape(r, 1)
    if scalar and order == 1:
        return (outer[0] * rows[0][0]).reshape(arrays[slots[0]].shape, order="F")
    # Entry (k + r*l1 + r*p1*l2 + ..., last): the first index runs fastest.
    counts = [row.shape[1] for row in rows]
    out = np.empty((r, *counts), dtype=outer.dtype)
    for places in product(*map(range, counts)):
        out[(slice(None), *places)] = outer * np.prod(
            [row[:, at] for row, at in zip(rows, places, strict=True)], axis=0
        )
    return out.reshape(-1, counts[-1], order="F")


FUNCTIONS = {"g": derivative_of_g} | dict.fromkeys(("f", "f1", "C"), derivative_of_f)
