"""Functions that need no definition, entry by entry, at complex points.

Derivatives are taken with an imaginary step of 1e-30, so every function here is written to carry a
tiny imaginary part exactly: ``f(x + ih) = f(x) + i h f'(x)``.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

Array = Any
Entrywise = Callable[[Array], Array]


def log(x: Array) -> Array:
    """The real logarithm: no value where the real part is not positive."""
    return np.log(np.where(x.real > 0, x, np.nan))


def exp(x: Array) -> Array:
    """The exponential: no value where it is too small for a computer to tell it from zero."""
    y = np.exp(x)
    return np.where((y.real == 0) & np.isfinite(x.real), np.nan, y)


def sqrt(x: Array) -> Array:
    """The real square root."""
    return np.sqrt(np.where(x.real >= 0, x, np.nan))


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _relu(x: Array) -> Array:
    return np.where(x.real > 0, x, 0)


def _step(x: Array) -> Array:
    return np.where(x.real > 0, 1.0, 0.0)


def _absolute(x: Array) -> Array:
    return np.where(x.real > 0, x, -x)


_ERF = np.vectorize(math.erf, otypes=[float])


def _erf(x: Array) -> Array:
    value = _ERF(x.real)
    if not np.iscomplexobj(x):
        return value
    return value + 1j * x.imag * 2 / math.sqrt(math.pi) * np.exp(-(x.real**2))


def _cdf(x: Array) -> Array:
    return (1 + _erf(x / math.sqrt(2))) / 2


def _density(x: Array) -> Array:
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def _leaky(x: Array) -> Array:
    return np.where(x.real > 0, x, 0.01 * x)


def _elu(x: Array) -> Array:
    return np.where(x.real > 0, x, np.exp(x) - 1)


def _zero(x: Array) -> Array:
    return np.zeros_like(x)


# name -> the function and its derivative
TABLE: dict[str, tuple[Entrywise, Entrywise]] = {
    "exp": (exp, exp),
    "log": (log, lambda x: 1 / x),
    "sqrt": (sqrt, lambda x: 0.5 / sqrt(x)),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2),
    "sinh": (np.sinh, np.cosh),
    "cosh": (np.cosh, np.sinh),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sec": (lambda x: 1 / np.cos(x), lambda x: np.sin(x) / np.cos(x) ** 2),
    "csc": (lambda x: 1 / np.sin(x), lambda x: -np.cos(x) / np.sin(x) ** 2),
    "cot": (lambda x: 1 / np.tan(x), lambda x: -1 / np.sin(x) ** 2),
    "sech": (lambda x: 1 / np.cosh(x), lambda x: -np.sinh(x) / np.cosh(x) ** 2),
    "csch": (lambda x: 1 / np.sinh(x), lambda x: -np.cosh(x) / np.sinh(x) ** 2),
    "coth": (lambda x: 1 / np.tanh(x), lambda x: -1 / np.sinh(x) ** 2),
    "arctan": (np.arctan, lambda x: 1 / (1 + x**2)),
    "arcsin": (np.arcsin, lambda x: 1 / np.sqrt(1 - x**2)),
    "arccos": (np.arccos, lambda x: -1 / np.sqrt(1 - x**2)),
    "arsinh": (np.arcsinh, lambda x: 1 / np.sqrt(1 + x**2)),
    "arcosh": (np.arccosh, lambda x: 1 / np.sqrt(x**2 - 1)),
    "artanh": (np.arctanh, lambda x: 1 / (1 - x**2)),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    "logit": (lambda x: log(x / (1 - x)), lambda x: 1 / (x * (1 - x))),
    "softplus": (lambda x: np.log(1 + np.exp(x)), sigmoid),
    "relu": (_relu, _step),
    "step": (_step, _zero),
    "abs": (_absolute, lambda x: np.sign(x.real)),
    "sign": (lambda x: np.sign(x.real), _zero),
    "erf": (_erf, lambda x: 2 / math.sqrt(math.pi) * np.exp(-(x**2))),
    "gelu": (lambda x: x * _cdf(x), lambda x: _cdf(x) + x * _density(x)),
    "silu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
    "leakyrelu": (_leaky, lambda x: np.where(x.real > 0, 1.0, 0.01)),
    "elu": (_elu, lambda x: np.where(x.real > 0, 1.0, np.exp(x))),
    "identity": (lambda x: x, np.ones_like),
}
SAME = {
    "ln": "log", "logistic": "sigmoid", "expit": "sigmoid", "swish": "silu", "sgn": "sign",
    "heaviside": "step", "arctanh": "artanh", "arcsinh": "arsinh",
    "arccosh": "arcosh", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "id": "identity",
    "linear": "identity",
}  # fmt: skip


def known(name: str) -> str | None:
    """The table's name of a function word."""
    word = name.lower().replace(" ", "").replace("-", "")
    word = SAME.get(word, word)
    return word if word in TABLE else None


def seed_of(name: str) -> int:
    """The same stand-in for the same name on every run."""
    return zlib.crc32(name.encode())


class Smooth:
    """A stand-in for an undefined function of one number: a sin(bx + c) + d sin(ex) + px + q.

    It grows no faster than a line, so that deep compositions stay finite.
    """

    def __init__(self, name: str) -> None:
        rng = np.random.default_rng([seed_of(name), 7])
        self.a, self.b, self.c = rng.uniform(0.5, 1.2, size=3)
        self.d, self.e = rng.uniform(0.2, 0.5), rng.uniform(1.2, 1.9)
        self.p, self.q = rng.uniform(0.3, 0.8), rng.uniform(-0.5, 0.5)

    def __call__(self, x: Array, order: int = 0) -> Array:
        quarter = order * np.pi / 2
        waves = self.a * self.b**order * np.sin(self.b * x + self.c + quarter)
        waves = waves + self.d * self.e**order * np.sin(self.e * x + quarter)
        return waves + (self.p * x + self.q if order == 0 else self.p if order == 1 else 0.0)


@lru_cache(maxsize=256)
def smooth(name: str) -> Smooth:
    """The stand-in of a name."""
    return Smooth(name)


class SmoothScalars:
    """Stand-ins for an undefined function of several arrays: ``rows`` numbers, smooth in all."""

    hidden = 5

    def __init__(self, name: str) -> None:
        self.seed = seed_of(name)
        self.phi = Smooth(name + "!")

    def __call__(self, arguments: list[Array], rows: int) -> Array:
        sizes = [a.shape[-2] * a.shape[-1] for a in arguments]
        rng = np.random.default_rng([self.seed, rows, *sizes])
        out = rng.normal(size=(rows, self.hidden)) / 2
        inner: Array = rng.normal(size=(self.hidden, 1)) / 2
        for array, size in zip(arguments, sizes, strict=True):
            weights = rng.normal(size=(self.hidden, size)) / math.sqrt(1 + size)
            inner = inner + weights @ flat(array)
        return out @ self.phi(inner, 0)


def flat(array: Array) -> Array:
    """The columns below each other."""
    turned = np.swapaxes(array, -1, -2)
    return turned.reshape((*array.shape[:-2], -1, 1))


def unflat(column: Array, shape: tuple[int, int]) -> Array:
    """The array whose columns stand below each other in ``column``."""
    turned = column.reshape((*column.shape[:-2], shape[1], shape[0]))
    return np.swapaxes(turned, -1, -2)


def softmax(array: Array, axis: int) -> Array:
    """Along an axis, -1 for rows and -2 for columns."""
    e = np.exp(array - np.max(array.real, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)
