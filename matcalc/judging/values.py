"""What evaluation yields: arrays of shape (..., rows, columns), and the ways it can fail.

Leading axes run over points and over perturbed copies. The last two are the shape the page speaks
of; nothing is ever broadcast over them. A value remembers which liberties its reading took.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
Shape = tuple[int, int]
PLAIN: frozenset[str] = frozenset()

# Liberties of a reading. The first ones are common and harmless, the others are named as what a
# line needs to be true.
DOT_ENTRYWISE = "the dot is the entrywise product"
FORMAL = "the chain rule as a statement: one of its factors is no matrix"
KRON_ENTRYWISE = "the sign of the Kronecker product is the entrywise product"
BESIDE_ENTRYWISE = "factors side by side are multiplied entry by entry"
SLOPE_ENTRYWISE = "a derivative between equal shapes is taken entry by entry"
LIST_EITHER_WAY = "a list of numbers is a row or a column"
FIRST_ENTRYWISE = "brackets are put in that are not written"
POWER_ENTRYWISE = "a power of a matrix is taken entry by entry"
VEC_NUMERATOR = "Jacobians of vec in numerator layout"
VEC_DENOMINATOR = "Jacobians of vec in denominator layout"
DIAGONAL = "the entrywise slope written as a vector"


class Misfit(Exception):
    """Shapes that do not fit."""


class OutOfRange(Exception):
    """An index outside the range of what it indexes."""


class Unread(Exception):
    """Something that has no meaning here: an undefined name, a construct without a rule."""


class TooMuch(Exception):
    """A line that costs more than a line may."""


@dataclass(frozen=True)
class Value:
    """One possible value of a piece of a formula."""

    array: Array
    tags: frozenset[str] = PLAIN
    literal: bool = False  # a number typed on the page, which may stand beside a matrix

    @property
    def shape(self) -> Shape:
        return self.array.shape[-2], self.array.shape[-1]

    @property
    def is_scalar(self) -> bool:
        return self.shape == (1, 1)


def number(value: complex | float, *, literal: bool = True) -> Value:
    """A number."""
    return Value(np.full((1, 1), value), literal=literal)


def scalar_of(value: Value) -> Array:
    """The entry of a 1 x 1 value, with the leading axes."""
    return value.array[..., 0, 0]


def show(shape: Shape) -> str:
    """``3 x 2``, ``1 x 1`` as a number."""
    return "a number" if shape == (1, 1) else f"{shape[0]} x {shape[1]}"


def merged(*values: Value) -> frozenset[str]:
    """The liberties of several values together."""
    return frozenset().union(*(v.tags for v in values))


def close(a: Array, b: Array, tolerance: float = 1e-7) -> bool:
    """Whether two arrays of one shape agree, relative to their size."""
    if a.shape[-2:] != b.shape[-2:]:
        return False
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return False
    gap = np.max(np.abs(a - b), initial=0.0)
    scale = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0))
    return bool(gap <= tolerance * max(float(scale), 1e-6))


def distinct(values: Iterable[Value], most: int = 24) -> list[Value]:
    """Without repetitions; of equal values the one with the fewest liberties stays."""
    kept: list[Value] = []
    for value in sorted(values, key=lambda v: len(v.tags)):
        if not any(_same(value, other) for other in kept):
            kept.append(value)
        if len(kept) == most:
            break
    return kept


def _same(a: Value, b: Value) -> bool:
    if a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        return (a.array.shape == b.array.shape and bool(np.array_equal(a.array, b.array))) or close(
            a.array.real, b.array.real, 1e-12
        )
