"""Concrete worlds: a size for every dimension, values for everything that is not defined.

All points of one size are evaluated together, along the first axis. Values are drawn by name, so
the same page gives the same numbers on every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from matcalc.judging.elementary import seed_of
from matcalc.judging.environment import Dims, Environment
from matcalc.judging.spelling import integer
from matcalc.judging.values import Array, Unread
from matcalc.reading import tree as t

LOPSIDED = "lopsided "  # some names positive, the others near zero: b - a^T x > 0
STYLES = ("plain", "unit", "positive", "definite", *(f"{LOPSIDED}{k}" for k in range(8)))


def _turned(m: Array) -> Array:
    return np.swapaxes(m, -1, -2)


# What is said of a square matrix, made from one without structure.
STRUCTURED: dict[str, Callable[[Array], Array]] = {
    "symmetric": lambda m: m + _turned(m),
    "positive definite": lambda m: m @ _turned(m) + np.eye(m.shape[-1]),
    "diagonal": lambda m: m * np.eye(m.shape[-1]),
    "orthogonal": lambda m: np.linalg.qr(m)[0],
    "lower triangular": lambda m: np.tril(m) + 2 * np.eye(m.shape[-1]),
    "upper triangular": lambda m: np.triu(m) + 2 * np.eye(m.shape[-1]),
}


class World:
    """Sizes and points."""

    def __init__(
        self,
        env: Environment,
        sizes: Mapping[str, int],
        *,
        points: int = 8,
        seed: int = 0,
        style: str = "plain",
        integers: bool = False,
    ) -> None:
        self.env, self.sizes, self.points = env, dict(sizes), points
        self.seed, self.style, self.integers = seed, style, integers
        self.inputs: dict[str, Array] = {}
        self.fixed: dict[str, Array] = {}

    def dim(self, node: t.Node) -> int:
        """A dimension as a number."""
        value = integer(node, self.sizes)
        if value is None:
            from matcalc.reading.writer import write

            raise Unread(f"the size {write(node)} is not known")
        return value

    def shape(self, dims: Dims) -> tuple[int, int]:
        return self.dim(dims[0]), self.dim(dims[1])

    def input(self, key: str, shape: tuple[int, int], domain: str = "") -> Array:
        """The values of a name that nothing defines."""
        if key in self.fixed:
            return self.fixed[key]
        if key not in self.inputs:
            self.inputs[key] = self._drawn(key, shape, domain)
        return self.inputs[key]

    def _drawn(self, key: str, shape: tuple[int, int], domain: str) -> Array:
        rng = np.random.default_rng([self.seed, seed_of(key), *shape])
        size = (self.points, *shape)
        if domain == "binary":
            return rng.integers(0, 2, size=size).astype(float)
        if domain == "onehot":
            axis = 1 if shape[1] == 1 else 2
            pick = np.argmax(rng.uniform(size=size), axis=axis)
            return np.moveaxis(np.eye(size[axis])[pick], -1, axis)
        if domain == "simplex":
            raw = rng.uniform(0.2, 1, size=size)
            return raw / raw.sum(axis=1 if shape[1] == 1 else 2, keepdims=True)
        if domain in ("symmetric", "definite") and shape[0] == shape[1]:
            raw = self._drawn(key, shape, "")
            even = raw + np.swapaxes(raw, -1, -2)
            if domain == "definite":
                eye = np.eye(shape[0])
                return even + 8 * eye if self.integers else even / 8 + 2 * eye
            return even if self.integers else even / 2
        if domain in STRUCTURED and shape[0] == shape[1]:
            if self.integers and domain != "orthogonal":
                return STRUCTURED[domain](rng.integers(-1, 2, size=size).astype(float))
            return STRUCTURED[domain](rng.normal(size=size))
        if self.integers:
            return self._whole(rng, size, domain)
        if domain == "unit" or self.style == "unit":
            return rng.uniform(0.1, 0.9, size=size)
        if self.style.startswith(LOPSIDED) and not domain:
            return self._lopsided(rng, key, size)
        if self.style == "definite" and shape[0] == shape[1] > 1 and not domain:
            # Determinants are positive; the matrix is not symmetric.
            return 2 * np.eye(shape[0]) + 0.3 * rng.normal(size=size)
        if domain == "positive" or self.style in ("positive", "definite"):
            return rng.uniform(0.3, 1.7, size=size)
        return rng.normal(size=size)

    def _lopsided(self, rng: np.random.Generator, key: str, size: tuple[int, int, int]) -> Array:
        """Large or small, by the letter: all members of a family are alike."""
        letter = key.partition("_")[0]
        side = np.random.default_rng([seed_of(self.style), seed_of(letter)])
        large = bool(side.integers(2))
        return rng.uniform(1, 2, size=size) if large else 0.1 * rng.normal(size=size)

    def _whole(self, rng: np.random.Generator, size: tuple[int, int, int], domain: str) -> Array:
        """Small whole numbers, tenths where only numbers between 0 and 1 will do."""
        if domain == "unit" or self.style == "unit":
            return rng.integers(1, 10, size=size) / 10
        if self.style == "definite" and size[1] == size[2] > 1:
            return 3 * np.eye(size[1]) + rng.integers(-1, 2, size=size)
        values = rng.integers(-2, 4, size=size).astype(float)
        positive = domain == "positive" or self.style in ("positive", "definite")
        return np.where(values == 0, 1.0, np.abs(values)) if positive else values
