"""The entrywise operations: one class over the rows of ``table.py``; scalar operands broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from matcalc.errors import DomainError, ShapeError
from matcalc.expr import BUILD, Node, as_number, brief, is_number, leaves, make, number
from matcalc.ops.algebra import PRODUCT, decimal_text, had, is_zero, mul, one_of
from matcalc.ops.base import (
    ATOM,
    FUNCTIONS,
    POW,
    PROD,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    operand,
    register,
    same_shapes,
)
from matcalc.ops.lowering import lower, spread
from matcalc.ops.product import flattens, is_reciprocal, upside_down
from matcalc.ops.table import OPERANDS, SYMPY_FUNCTIONS, TABLE, Row, y
from matcalc.shapes import Shape


class Entrywise(Op):
    """One row of the table as an operation; scalar operands broadcast."""

    def __init__(self, name: str, row: Row) -> None:
        self.name = name  # type: ignore[misc]
        self.row = row
        self.arity = len(row.slopes)
        self.analytic = row.analytic  # type: ignore[misc]
        self.sees_constants = bool(row.slopes_beside_constant)  # type: ignore[misc]
        self.__doc__ = _docstring(name, row)
        self.law = _law(row)  # type: ignore[misc]
        # All operands alike, and each one a matrix among scalars.
        kinds = [["n m"] * self.arity, [""] * self.arity]
        kinds += [["n m" if i == k else "" for i in range(self.arity)] for k in range(self.arity)]
        self.samples = tuple(dict.fromkeys(", ".join(k) for k in kinds))  # type: ignore[misc]

    def shape_of(self, A: Operands, params: Params) -> Shape:
        if len(A) != self.arity:
            wanted = ", ".join(self.row.names)
            raise ShapeError(f"{self.name} takes {self.arity} operand(s) ({wanted}), not {len(A)}")
        return same_shapes(A, f"apply {self.name} to")

    def build(self, A: Operands, params: Params) -> Node:
        return power(*A) if self.name == "pow" else super().build(A, params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function(self.name, *(x(k, i, j) for k in range(self.arity)))

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        beside_constant = any(not leaves(a) for k, a in enumerate(A) if k != slot)
        slopes = self.row.slopes_beside_constant if beside_constant else ()
        slope = lower(
            (slopes or self.row.slopes)[slot],
            dict(zip((*OPERANDS[: self.arity], y), (*A, F), strict=True)),
            F.shape,
        )
        return had(spread(dA, F.shape), slope)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.entrywise(node)

    def text(self, node: Node, w: Writer) -> Written:
        if self.name != "pow":
            return f"{self.name}({', '.join(w(a) for a in node.operands)})", ATOM
        base, exponent = node.operands
        if is_reciprocal(node):
            return f"1{'./' if node.shape else '/'}{w(upside_down(node), PROD + 1)}", PROD
        return f"{w(base, ATOM)}{'.^' if node.shape else '^'}{w(exponent, ATOM)}", POW

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        if self.name == "pow":
            return f"{a[0]} ** {a[1]}"
        return self.row.code.format(*a)

    def margin(self, values: Sequence[Any]) -> float:
        import numpy as np

        return float(np.min(self.row.kink(*values))) if self.row.kink else float("inf")

    def in_domain(self, values: Sequence[Any]) -> bool:
        import numpy as np

        arrays = [np.asarray(v, dtype=float) for v in values]
        return bool(np.all(self.row.domain(*arrays))) if self.row.domain else True


def _docstring(name: str, row: Row) -> str:
    return f"Entrywise {'power' if name == 'pow' else name}, $y = {_formula(row.value)}$."


def _formula(formula: Any) -> str:
    """A row's formula for people: decimals as typed, a step as its two cases."""
    if formula.has(sp.Heaviside):
        formula = formula.rewrite(sp.Piecewise)
    long = [r for r in formula.atoms(sp.Rational) if r.q >= 1000]
    return sp.latex(formula.xreplace({r: sp.Float(decimal_text(r)) for r in long}))


def _law(row: Row) -> str:
    """dy from the changes of the operands x, u, v of one entry."""
    parts = []
    for slope, letter in zip(row.slopes, OPERANDS, strict=False):
        shown = _formula(slope)
        bracketed = rf"\left({shown}\right)" if slope.is_Add else shown
        if slope != 0:
            parts.append(rf"{bracketed}\,d{letter}")
    return f"dy = {' + '.join(parts) or '0'}"


def _entrywise_function(op: Entrywise) -> Callable[..., Node]:
    def fn(*operands: Any) -> Node:
        return op.build(tuple(operand(a) for a in operands), ())

    fn.__name__ = op.name
    fn.__doc__ = op.__doc__
    return fn


# A folded power of a number has at most this many bits; a larger one stays a power.
MOST_BITS = 4096


def power(base: Any, exponent: Any) -> Node:
    """Entrywise power. Folded are the exponents 0 and 1, integer powers of numbers, of products of
    scalars, and of integer powers."""
    A, e = operand(base), operand(exponent)
    same_shapes((A, e), "raise")
    if not is_number(e) or not as_number(e).is_Rational:
        return make(POWER, (A, e))
    value = as_number(e)
    if value == 0:
        return one_of(A.shape)
    if value == 1:
        return A
    if is_zero(A) and value < 0:
        raise DomainError(f"division by zero: {brief(A)}^({value})")
    if value.is_Integer:
        return _integer_power(A, e, value)
    return make(POWER, (A, e))


def _integer_power(A: Node, e: Node, k: sp.Integer) -> Node:
    if is_number(A) and as_number(A).is_Rational:
        c, decimal = A.params
        if max(abs(c.p), c.q).bit_length() * abs(int(k)) <= MOST_BITS:
            return number(c**k, bool(decimal and k > 0))
    if A.op is PRODUCT and not A.shape and flattens(A):
        return mul(*(power(a, e) for a in A.operands))
    if A.op is POWER and is_number(A.operands[1]):
        inner = as_number(A.operands[1])
        if inner.is_Integer:
            return power(A.operands[0], number(inner * k))
    return make(POWER, (A, e))


ENTRYWISE: dict[str, Entrywise] = {}
for _name, _row in TABLE.items():
    ENTRYWISE[_name] = _op = Entrywise(_name, _row)
    register(_op)
    if _name != "pow":
        FUNCTIONS[_name] = _entrywise_function(_op)
        BUILD[_name] = FUNCTIONS[_name]
POWER = ENTRYWISE["pow"]
BUILD["pow"] = power


def square(A: Any) -> Node:
    """Entrywise square."""
    return power(A, 2)


def reciprocal(A: Any) -> Node:
    """Entrywise reciprocal."""
    return power(A, -1)


def divide(A: Any, B: Any) -> Node:
    """Entrywise quotient."""
    top, bottom = operand(A), operand(B)
    same_shapes([a for a in (top, bottom) if a.shape], "divide entry by entry")
    return had(spread(top, bottom.shape), power(bottom, -1))


FUNCTIONS.update(square=square, reciprocal=reciprocal)


__all__ = ["ENTRYWISE", "POWER", "SYMPY_FUNCTIONS", "divide", "lower", "power", "spread"]
