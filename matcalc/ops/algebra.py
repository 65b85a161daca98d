"""The algebra in one place: what Python's operators mean, and the names other rooms use.

Constructors flatten, drop zero terms and unit factors, pull numeric coefficients in front, add
equal terms and undo a double transpose. They never do more: everything else is a named law in
``matcalc.rewrite``.
"""

from __future__ import annotations

from typing import Any

from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, brief, is_number, number
from matcalc.ops.addition import SUM_OP, add, coefficient, join_terms, scaled
from matcalc.ops.base import (
    named,
    operand,
)
from matcalc.ops.hadamard import HADAMARD, had, quotient
from matcalc.ops.product import PRODUCT, fraction, mul
from matcalc.ops.symbols import (
    EYE,
    NUMBER,
    ONES,
    SYMBOL,
    ZEROS,
    decimal_text,
    dim_node,
    eye,
    is_rational,
    is_zero,
    one_of,
    ones,
    zero_of,
    zeros,
)
from matcalc.ops.transpose import TRANSPOSE, t


def inner(A: Node, B: Node) -> Node:
    """<A, B> = tr(A^T B), written in the shortest way for the shapes at hand."""
    if not A.shape or not B.shape:
        return mul(A, B)
    if B.shape[1] == 1:
        return mul(t(A), B)
    if B.shape[0] == 1:
        return mul(A, t(B))
    return BUILD["sum"](had(A, B))


def neg(A: Any) -> Node:
    return mul(number(-1), A)


def sub(A: Any, B: Any) -> Node:
    return add(A, neg(B))


def _literal_beside_matrix(a: Node, b: Node) -> tuple[Node, Node]:
    """`1 - Y`: a number typed beside a matrix stands for that number in every entry."""
    if is_number(a) and b.shape:
        return mul(a, ones(*b.shape)), b
    if is_number(b) and a.shape:
        return a, mul(b, ones(*a.shape))
    return a, b


def plus(a: Any, b: Any) -> Node:
    return add(*_literal_beside_matrix(operand(a), operand(b)))


def minus(a: Any, b: Any = None) -> Node:
    if b is None:
        return neg(a)
    left, right = _literal_beside_matrix(operand(a), operand(b))
    return sub(left, right)


def over(a: Any, b: Any) -> Node:
    top, bottom = operand(a), operand(b)
    if bottom.shape:
        raise ShapeError(
            f"cannot divide {named(top)} by the matrix {named(bottom)}; write "
            f"mc.divide({brief(top)}, {brief(bottom)}) (./ in text) entry by entry, or "
            f"mc.solve({brief(bottom)}, {brief(top)}) for an inverse"
        )
    return mul(top, BUILD["pow"](bottom, -1))


BUILD.update(plus=plus, minus=minus, over=over, inner=inner)

__all__ = [
    "EYE",
    "HADAMARD",
    "NUMBER",
    "ONES",
    "PRODUCT",
    "SUM_OP",
    "SYMBOL",
    "TRANSPOSE",
    "ZEROS",
    "add",
    "coefficient",
    "decimal_text",
    "dim_node",
    "eye",
    "fraction",
    "had",
    "inner",
    "is_rational",
    "is_zero",
    "join_terms",
    "minus",
    "mul",
    "neg",
    "one_of",
    "ones",
    "over",
    "plus",
    "quotient",
    "scaled",
    "sub",
    "t",
    "zero_of",
    "zeros",
]
