"""Sums, means and cumulative sums: over all entries, along rows or down columns.

``axis`` is NumPy's: 1 runs along each row, 0 down each column; dimensions are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, as_number, is_number, make, number
from matcalc.ops.algebra import ONES, is_zero, mul, one_of, ones, zeros
from matcalc.ops.base import (
    ATOM,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    function,
    operand,
    register,
    rows_cols,
)
from matcalc.ops.entrywise import power
from matcalc.shapes import Shape


class SumAll(Op):
    r"""Sum of all entries, $\mathbf{1}^\top A\,\mathbf{1}$."""

    name = "sum"
    law = r"d\sum_{ij}A_{ij} = \sum_{ij}dA_{ij}"
    samples = ("n m", "n 1", "1 n")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return sum_all(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        rows, cols = x.shape(0)
        return x.sum(rows, lambda i: x.sum(cols, lambda j: x(0, i, j)))

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return mul(G, one_of(A[0].shape))

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return ones(1, shapes.times(*A[0].shape))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.sum_all(node)

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.sum({a[0]})"


def sum_all(A: Any) -> Node:
    """Sum of all entries; scalars come out in front."""
    node = operand(A)
    if not node.shape:
        return node
    if is_zero(node):
        return number(0)
    if node.op is ONES:
        return mul(*(BUILD["read"](d) for d in node.shape))
    scalars, rest = scalars_in_front(node)
    return mul(*scalars, sum_all(rest)) if scalars else make(SUM_ALL, (node,))


def scalars_in_front(node: Node) -> tuple[list[Node], Node]:
    """A product's scalar factors, and what is left."""
    if node.op.name != "times" or node.operands[0].shape:
        return [], node
    front = [a for a in node.operands if not a.shape]
    return front, mul(*node.operands[len(front) :])


class AxisSum(Op):
    def __init__(self, name: str, axis: int) -> None:
        self.name = name  # type: ignore[misc]
        self.axis = axis
        kind = "row" if axis else "column"
        form = r"A\,\mathbf{1}" if axis else r"\mathbf{1}^\top A"
        self.__doc__ = f"Sum of each {kind}, ${form}$."
        self.law = rf"d({form}) = {form.replace('A', '(dA)')}"  # type: ignore[misc]

    samples = ("n m",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = rows_cols(A[0])
        return (rows, shapes.ONE) if self.axis else (shapes.ONE, cols)

    def build(self, A: Operands, params: Params) -> Node:
        return axis_sum(A[0], self.axis)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        rows, cols = x.shape(0)
        if self.axis:
            return x.sum(cols, lambda k: x(0, i, k))
        return x.sum(rows, lambda k: x(0, k, j))

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        rows, cols = A[0].shape
        return mul(G, ones(1, cols)) if self.axis else mul(ones(rows, 1), G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        rows, cols = A[0].shape
        one = BUILD["eye"]
        if self.axis:
            return BUILD["kron"](ones(1, cols), one(rows))
        return BUILD["kron"](one(cols), ones(1, rows))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.axis_sum(node)

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.sum({a[0]}, axis={self.axis}, keepdims=True)"


def axis_sum(A: Any, axis: int) -> Node:
    """Row sums (axis 1) or column sums (axis 0), dimensions kept."""
    node = operand(A)
    rows, cols = rows_cols(node)
    if (cols if axis else rows) == 1:
        return node
    if (rows if axis else cols) == 1:
        return sum_all(node)
    if is_zero(node):
        return zeros(rows, 1) if axis else zeros(1, cols)
    if node.op is ONES:
        count = BUILD["read"](cols if axis else rows)
        return mul(count, ones(rows, 1) if axis else ones(1, cols))
    scalars, rest = scalars_in_front(node)
    if scalars:
        return mul(*scalars, axis_sum(rest, axis))
    return make(ROWSUM if axis else COLSUM, (node,))


@function()
def rowsum(A: Any) -> Node:
    """Sum of each row, a column."""
    return axis_sum(A, 1)


@function()
def colsum(A: Any) -> Node:
    """Sum of each column, a row."""
    return axis_sum(A, 0)


def total(A: Any, axis: int | None = None) -> Node:
    """Sum over all entries, down columns (0) or along rows (1)."""
    return sum_all(A) if axis is None else axis_sum(A, checked_axis(axis))


def mean(A: Any, axis: int | None = None) -> Node:
    """Mean over all entries, of each column (0) or of each row (1)."""
    node = operand(A)
    rows, cols = rows_cols(node)
    counts = {None: (rows, cols), 0: (rows,), 1: (cols,)}[
        axis if axis is None else checked_axis(axis)
    ]
    return mul(*(power(BUILD["read"](c), -1) for c in counts if c != 1), total(node, axis))


@function()
def rowmean(A: Any) -> Node:
    """Mean of each row, a column."""
    return mean(A, 1)


@function()
def colmean(A: Any) -> Node:
    """Mean of each column, a row."""
    return mean(A, 0)


def checked_axis(axis: Any) -> int:
    if isinstance(axis, bool) or not isinstance(axis, (int, sp.Integer)) or axis not in (0, 1):
        raise ShapeError(f"axis is 0 (down each column) or 1 (along each row), not {axis!r}")
    return int(axis)


def text_axis(node: Node) -> int:
    """The axis of the text language: along each row, but a column vector as one whole."""
    return 0 if node.shape and node.shape[1] == 1 else 1


class CumulativeSum(Op):
    r"""Cumulative sum down the columns (axis 0) or along the rows (axis 1), or from the end."""

    name = "cumsum"
    law = r"d\operatorname{cumsum}A = \operatorname{cumsum}(dA)"
    samples = ("n m",)

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return (0, False), (0, True), (1, False), (1, True)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return cumulative(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        axis, backwards = params
        place = j if axis else i
        at = (lambda k: x(0, i, k)) if axis else (lambda k: x(0, k, j))
        if backwards:
            return x.sum(x.shape(0)[axis] - place, lambda k: at(place + k))
        return x.sum(place + 1, at)

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return cumulative(G, params[0], not params[1])

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        axis, backwards = params
        rows, cols = A[0].shape
        count, other = (cols, rows) if axis else (rows, cols)
        fold = BUILD["triu" if backwards else "tril"](ones(count, count))
        eye = BUILD["eye"](other)
        return BUILD["kron"](fold, eye) if axis else BUILD["kron"](eye, fold)

    def latex(self, node: Node, w: Writer) -> Written:
        axis, backwards = node.params
        name = r"\operatorname{cumsum}" + (r"^{\leftarrow}" if backwards else "")
        return rf"{name}_{{{axis}}}\left({w(node.operands[0])}\right)", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        axis, backwards = node.params
        inside = w(node.operands[0])
        if axis == text_axis(node.operands[0]):
            return f"{'rev' * backwards}cumsum({inside})", ATOM
        return f"{'rev' * backwards}cumsum({inside}, {axis})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        axis, backwards = params
        flip = "[:, ::-1]" if axis == "1" else "[::-1]"
        if backwards in ("True", "1"):
            return f"np.cumsum({a[0]}{flip}, axis={axis}){flip}"
        return f"np.cumsum({a[0]}, axis={axis})"


def cumulative(A: Any, axis: int, backwards: bool = False) -> Node:
    node = operand(A)
    if not node.shape or node.shape[axis] == 1 or is_zero(node):
        return node
    scalars, rest = scalars_in_front(node)
    if scalars:
        return mul(*scalars, cumulative(rest, axis, backwards))
    return make(CUMSUM, (node,), (axis, bool(backwards)))


def axis_of(axis: Any, node: Node) -> int:
    if isinstance(axis, Node) and is_number(axis):
        axis = int(as_number(axis))
    return text_axis(node) if axis is None else checked_axis(axis)


@function()
def cumsum(A: Any, axis: int | None = None) -> Node:
    """Cumulative sum along each row; of a column, over its entries."""
    node = operand(A)
    return cumulative(node, axis_of(axis, node))


@function()
def revcumsum(A: Any, axis: int | None = None) -> Node:
    """Cumulative sum from the end: the adjoint of ``cumsum``."""
    node = operand(A)
    return cumulative(node, axis_of(axis, node), True)


SUM_ALL = register(SumAll())
ROWSUM = register(AxisSum("rowsum", 1))
COLSUM = register(AxisSum("colsum", 0))
CUMSUM = register(CumulativeSum())
function("sum")(sum_all)
function("mean")(mean)
BUILD.update(
    sum=sum_all,
    total=total,
    scalars_in_front=scalars_in_front,
    axis_sum=axis_sum,
)
