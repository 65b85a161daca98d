"""Norms and inner products; the outer product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, make
from matcalc.ops.algebra import inner, mul, t
from matcalc.ops.base import (
    ATOM,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    function,
    named,
    operand,
    register,
    rows_cols,
)
from matcalc.ops.entrywise import power
from matcalc.shapes import Shape


class Norm2(Op):
    r"""Euclidean or Frobenius norm $\|A\|$."""

    name = "norm2"
    law = r"d\|A\| = \langle A, dA\rangle / \|A\|"
    samples = ("n m", "n 1", "1 n")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return norm2(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        rows, cols = x.shape(0)
        square = lambda i, j: x.function("times", x(0, i, j), x(0, i, j))  # noqa: E731
        return x.function("sqrt", x.sum(rows, lambda i: x.sum(cols, lambda j: square(i, j))))

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return mul(inner(A[0], dA), power(F, -1))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.norm(node), ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.sqrt(np.sum({a[0]} ** 2))"

    def margin(self, values: Sequence[Any]) -> float:
        import numpy as np

        return float(np.sqrt(np.sum(np.asarray(values[0]) ** 2)))


@function()
def norm2(A: Any) -> Node:
    """Euclidean norm of a vector, Frobenius norm of a matrix, absolute value of a scalar."""
    node = operand(A)
    return make(NORM2, (node,)) if node.shape else BUILD["abs"](node)


@function()
def norm1(A: Any) -> Node:
    """Sum of the absolute values of all entries."""
    return BUILD["sum"](BUILD["abs"](operand(A)))


@function()
def dot(A: Any, B: Any) -> Node:
    """Inner product: the sum of the products of corresponding entries."""
    left, right = operand(A), operand(B)
    if not shapes.same_shape(left.shape, right.shape):
        raise ShapeError(
            f"dot needs two operands of one shape: {named(left)} against {named(right)}"
        )
    return inner(left, right) if left.shape else mul(left, right)


@function()
def outer(a: Any, b: Any) -> Node:
    """Outer product ``a*b'`` of two columns."""
    left, right = operand(a), operand(b)
    for node in (left, right):
        if rows_cols(node)[1] != 1:
            raise ShapeError(f"outer takes two columns, but got {named(node)}")
    return mul(left, t(right))


NORM2 = register(Norm2())
