"""Random smooth functions, with all their derivatives, to stand in for undefined ones.

They are analytic and take complex numbers. A map of several operands is ``A phi(B1 vec(x1) + B2
vec(x2) + ... + b)``; its derivative tensors come out as matrices in the convention of
``matcalc.ops.undefined``: each further derivative is the Jacobian of the vec of the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from matcalc.expr import Node

Array = Any
_HIDDEN = 5


class SmoothEntrywise:
    """g(x) = a sin(bx + c) + d exp(ex) + p0 + p1 x + p2 x^2 + p3 x^3, entry by entry."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.wave = rng.uniform(0.5, 1.5, size=3)
        self.growth = rng.uniform(0.2, 0.7, size=2)
        self.polynomial = np.polynomial.Polynomial(rng.uniform(-0.5, 0.5, size=4))

    def __call__(self, x: Array, order: int) -> Array:
        (a, b, c), (d, e) = self.wave, self.growth
        sine = a * b**order * np.sin(b * x + c + order * np.pi / 2)
        smooth = self.polynomial.deriv(order) if order else self.polynomial
        return sine + d * e**order * np.exp(e * x) + smooth(x)


class SmoothMap:
    """A phi(B1 vec(x1) + B2 vec(x2) + ... + b); its weights are drawn when the sizes are seen."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.phi = SmoothEntrywise(rng)
        self.weights: dict[Any, tuple[Array, list[Array], Array]] = {}

    def _drawn(self, rows: int, sizes: tuple[int, ...]) -> tuple[Array, list[Array], Array]:
        if (rows, sizes) not in self.weights:
            A = self.rng.normal(size=(rows, _HIDDEN)) / 2
            B = [self.rng.normal(size=(_HIDDEN, p)) / np.sqrt(1 + p) for p in sizes]
            self.weights[rows, sizes] = A, B, self.rng.normal(size=(_HIDDEN, 1)) / 2
        return self.weights[rows, sizes]

    def __call__(
        self, operands: Sequence[Array], rows: int, slots: tuple[int, ...], is_scalar: bool
    ) -> Array:
        columns = [np.reshape(np.transpose(np.atleast_2d(v)), (-1, 1)) for v in operands]
        A, B, b = self._drawn(rows, tuple(len(c) for c in columns))
        z = sum((M @ c for M, c in zip(B, columns, strict=True)), b)
        # One axis for the value, one for each slot; column-major order is what vec means.
        tensor = A * self.phi(z, len(slots)).T
        letters = "abcdefgh"[: len(slots)]
        inputs = ",".join(["im", *(f"m{c}" for c in letters)])
        tensor = np.einsum(f"{inputs}->i{letters}", tensor, *(B[s] for s in slots))
        if not slots:
            return tensor.reshape(-1, 1)
        if is_scalar and len(slots) == 1:
            shape = np.atleast_2d(operands[slots[0]]).shape
            return tensor.reshape(shape, order="F")
        return tensor.reshape((-1, tensor.shape[-1]), order="F")


def stand_ins(
    nodes: Iterable[Node], rng: np.random.Generator
) -> Mapping[str, Callable[..., Array]]:
    """A random smooth function for every undefined one below the nodes, drawn by name."""
    kinds = {n.params[0]: n.op.name for n in nodes if n.op.name in ("function", "map")}
    return {
        name: SmoothEntrywise(rng) if kinds[name] == "function" else SmoothMap(rng)
        for name in sorted(kinds)
    }
