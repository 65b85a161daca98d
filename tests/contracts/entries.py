"""An operation's definition in numbers: ``entry``, evaluated with loops and nothing else.

This is the oracle that every other face is held to, so it shares no code with them: sums are loops,
determinants are cofactors, functions are the table's sympy formulas at 20 digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from matcalc.expr import Node
from matcalc.ops.algebra import is_zero
from matcalc.ops.binder import at_index
from matcalc.ops.table import OPERANDS, TABLE
from tests.contracts.functions import derivative_of_f, derivative_of_g
from tests.instances import Instance, size

ARITHMETIC: dict[str, Callable[..., float]] = {
    "plus": lambda *values: float(sum(values)),
    "times": lambda *values: float(np.prod(values)),
    "over": lambda a, b: a / b,
    "sqrt": lambda a: float(np.sqrt(a)),
}


class NumericEntries:
    """What ``entry`` asks of its operands, in numbers."""

    divide = (lambda a, b: a // b, lambda a, b: a % b)

    def __init__(
        self, instance: Instance, values: Mapping[Node, Any], sizes: Mapping[str, int]
    ) -> None:
        self.instance, self.values, self.sizes = instance, values, sizes
        self.slots = range(len(instance.operands))
        self.operands = [np.asarray(values.get(A)) for A in instance.operands]

    def __call__(self, slot: int, i: Any = None, j: Any = None) -> float:
        A = self.operands[slot]
        return float(A[int(i), int(j)]) if A.ndim else float(A)

    def shape(self, slot: int) -> tuple[int, int]:
        rows, cols = self.operands[slot].shape or (1, 1)
        return rows, cols

    def is_scalar(self, slot: int) -> bool:
        return not self.instance.operands[slot].shape

    def sum(self, count: Any, term: Callable[[int], float]) -> float:
        return float(sum(term(k) for k in range(int(count))))

    def delta(self, i: Any, j: Any) -> float:
        return 1.0 if i == j else 0.0

    def choose(self, cases: Sequence[tuple[Any, Callable[[], Any]]]) -> float:
        return next(float(case()) for condition, case in cases if condition)

    def function(self, name: str, *args: Any) -> float:
        if name in ARITHMETIC:
            return ARITHMETIC[name](*args)
        if name in TABLE:
            return table_value(name, *args)
        return float(getattr(self, f"_{name}")(*args))

    def _det(self, slot: int) -> float:
        return cofactor_det(self.operands[slot])

    def _adj(self, slot: int, i: int, j: int) -> float:
        return adjugate(self.operands[slot])[i, j]

    def _inv(self, slot: int, i: int, j: int) -> float:
        return self._adj(slot, i, j) / self._det(slot)

    def _mpow(self, slot: int, i: int, j: int, k: int) -> float:
        A = self.operands[slot]
        out = np.eye(len(A))
        for _ in range(int(k)):
            out = out @ A
        return out[i, j]

    def _symbol(self, name: str, i: Any, j: Any) -> float:
        value = np.asarray(self.values[self.instance.node])
        return float(value[i, j]) if value.ndim else float(value)

    def _isum(self, slot: int, i: Any, j: Any, variable: Any, low: Any, high: Any) -> float:
        total = 0.0
        for k in range(int(low), int(high) + 1):
            term = at_index(self.instance.operands[slot], {variable: k})
            if is_zero(term):
                continue
            value = np.asarray(_plain(term, self.values, self.sizes))
            total += float(value[i, j]) if value.ndim else float(value)
        return total

    def _undefined(self, name: str, order: int, value: float) -> float:
        return float(derivative_of_g(value, order))

    def _map(
        self, i: int, j: int, name: str, r: Any, slots: Any, latex: Any, scalar: bool
    ) -> float:
        i, j = i or 0, j or 0
        return float(derivative_of_f(self.operands, int(r), slots, scalar)[i, j])


def _plain(node: Node, values: Mapping[Node, Any], sizes: Mapping[str, int]) -> Any:
    """An operand: a symbol's value, a number, or a product of numbers and one symbol."""
    if node in values:
        return values[node]
    if node.op.name == "symbol":
        return sizes[node.params[0]]
    if node.op.name == "number":
        return float(node.params[0])
    assert node.op.name == "times", node
    *numbers, last = (_plain(a, values, sizes) for a in node.operands)
    return np.prod(numbers) * last


@lru_cache(maxsize=4096)
def table_value(name: str, *args: float) -> float:
    """A row's definition at numbers, by sympy at 20 digits."""
    at = dict(zip(OPERANDS, (sp.Float(a, 30) for a in args), strict=False))
    return float(TABLE[name].value.xreplace(at).doit().evalf(20))


def cofactor_det(A: np.ndarray) -> float:
    """The determinant by expansion along the first row."""
    if len(A) == 1:
        return float(A[0, 0])
    minors = [np.delete(A[1:], j, axis=1) for j in range(len(A))]
    return float(sum((-1) ** j * A[0, j] * cofactor_det(M) for j, M in enumerate(minors)))


def adjugate(A: np.ndarray) -> np.ndarray:
    """The transposed matrix of cofactors."""
    out = np.empty_like(A)
    for i, j in product(range(len(A)), repeat=2):
        minor = np.delete(np.delete(A, i, axis=0), j, axis=1)
        out[j, i] = (-1) ** (i + j) * (cofactor_det(minor) if len(minor) else 1.0)
    return out


def defined_value(
    instance: Instance, values: Mapping[Node, Any], sizes: Mapping[str, int]
) -> np.ndarray:
    """The value of an instance from its definition, as a 2-D array."""
    x = NumericEntries(instance, values, sizes)
    params = tuple(_number(p, sizes) for p in instance.params)
    shape = instance.node.shape
    if not shape and not instance.op.shape_of(instance.operands, instance.params):
        return np.array([[float(instance.op.entry(x, None, None, params))]])
    rows, cols = (size(d, sizes) for d in shape) if shape else (1, 1)
    return np.array(
        [[float(instance.op.entry(x, i, j, params)) for j in range(cols)] for i in range(rows)]
    )


def _number(param: Any, sizes: Mapping[str, int]) -> Any:
    """A parameter with its dimensions in numbers; what is no dimension stays."""
    if isinstance(param, sp.Symbol) and param.name.startswith("_k"):
        return param
    if isinstance(param, sp.Expr) and (param.free_symbols or param.is_Integer):
        return size(param, sizes)
    return param
