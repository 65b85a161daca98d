"""Sums and means, cumulative sums, softmax and its relatives, along rows or columns.

``axis`` is NumPy's: 1 runs along each row, 0 down each column; dimensions are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, make, number
from matcalc.ops.algebra import HADAMARD, ONES, SUM_OP, add, had, is_zero, mul, neg, one_of, ones, t, zeros
from matcalc.ops.base import ATOM, Entries, Op, Writer, Written, function, operand, register, rows_cols
from matcalc.ops.entrywise import power
from matcalc.shapes import Shape


class SumAll(Op):
    r"""Sum of all entries, $\mathbf{1}^\top A\,\mathbf{1}$."""

    name = "sum"
    law = r"d\sum_{ij}A_{ij} = \sum_{ij}dA_{ij}"
    samples = ("n m", "n 1")

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        return ()

    def build(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return sum_all(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        rows, cols = x.shape(0)
        return x.sum(rows, lambda i: x.sum(cols, lambda j: x(0, i, j)))

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return mul(G, one_of(A[0].shape))

    def vec_matrix(self, slot: int, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
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

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        rows, cols = rows_cols(A[0])
        return (rows, shapes.ONE) if self.axis else (shapes.ONE, cols)

    def build(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return axis_sum(A[0], self.axis)

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        rows, cols = x.shape(0)
        if self.axis:
            return x.sum(cols, lambda k: x(0, i, k))
        return x.sum(rows, lambda k: x(0, k, j))

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        rows, cols = A[0].shape
        return mul(G, ones(1, cols)) if self.axis else mul(ones(rows, 1), G)

    def vec_matrix(self, slot: int, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
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
    counts = {None: (rows, cols), 0: (rows,), 1: (cols,)}[axis if axis is None else checked_axis(axis)]
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
    if axis not in (0, 1) or isinstance(axis, bool):
        raise ShapeError(f"axis is 0 (down each column) or 1 (along each row), not {axis!r}")
    return int(axis)


def text_axis(node: Node) -> int:
    """The axis of the text language: along each row, but a column vector as one whole."""
    return 0 if node.shape and node.shape[1] == 1 else 1


class CumulativeSum(Op):
    r"""Cumulative sum down the columns (axis 0) or along the rows (axis 1), or from the end."""

    name = "cumsum"
    law = r"d\operatorname{cumsum}A = \operatorname{cumsum}(dA)"
    samples = ("n m", "n 1")

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        return A[0].shape

    def build(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return cumulative(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        axis, backwards = params
        place = j if axis else i
        at = (lambda k: x(0, i, k)) if axis else (lambda k: x(0, k, j))
        if backwards:
            return x.sum(x.shape(0)[axis] - place, lambda k: at(place + k))
        return x.sum(place + 1, at)

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        return cumulative(G, params[0], not params[1])

    def vec_matrix(self, slot: int, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
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
    if isinstance(axis, Node):
        axis = int(axis)
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


# -- softmax ------------------------------------------------------------------------------------------


def _spread_along(v: Node, A: Node, axis: int) -> Node:
    """Row or column statistics put back beside every entry of A."""
    rows, cols = A.shape
    return mul(v, ones(1, cols)) if axis else mul(ones(rows, 1), v)


class SoftmaxFamily(Op):
    analytic = True
    samples = ("n m", "n 1")
    masked_samples = ("n m, n m 01",)

    def shape_of(self, A: tuple[Node, ...], params: tuple[Any, ...]) -> Shape:
        if not A[0].shape:
            raise ShapeError(f"{self.name} takes a vector or a matrix, not the scalar {A[0]}")
        if len(A) > 1 and not shapes.same_shape(A[0].shape, A[1].shape):
            raise ShapeError(
                f"the mask of {self.name} has shape {shapes.show(A[1].shape)}, "
                f"but its operand is {shapes.show(A[0].shape)}"
            )
        return self.result_shape(A[0], params[0])

    def result_shape(self, A: Node, axis: int) -> Shape:
        return A.shape

    def linear_in(self, slot: int) -> bool:
        return False

    def text(self, node: Node, w: Writer) -> Written:
        inside = [w(a) for a in node.operands]
        if node.params[0] != text_axis(node.operands[0]) or len(inside) > 1:
            inside.insert(1, str(node.params[0]))
        return f"{self.name}({', '.join(inside)})", ATOM

    def latex(self, node: Node, w: Writer) -> Written:
        return w.softmax(node)

    def weights(self, x: Entries, i: Any, j: Any, axis: int, masked: bool) -> tuple[Any, Any]:
        def weight(i: Any, j: Any) -> Any:
            e = x.function("exp", x(0, i, j))
            return x.function("times", x(1, i, j), e) if masked else e

        count = x.shape(0)[axis]
        total = x.sum(count, lambda k: weight(i, k) if axis else weight(k, j))
        return weight(i, j), total


class Softmax(SoftmaxFamily):
    r"""Softmax of each row (axis 1) or column (axis 0), $p = e^{z}/\sum e^{z}$; masked entries are 0."""

    name = "softmax"
    law = r"dP = P \odot \left(dZ - ((P \odot dZ)\,\mathbf{1})\,\mathbf{1}^\top\right)"

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        own, total = self.weights(x, i, j, params[0], len(x.slots) > 1)  # type: ignore[attr-defined]
        return x.function("over", own, total)

    def change(self, slot: int, dA: Node, F: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        if slot == 1:
            return _no_change(F)
        axis = params[0]
        return had(F, add(dA, neg(_spread_along(axis_sum(had(F, dA), axis), F, axis))))

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return _softmax_code(a, params[0])


def _no_change(F: Node) -> Node:
    """A mask is fixed: it never changes."""
    return BUILD["zero_of"](F.shape)


def _softmax_code(a: Sequence[str], axis: str) -> str:
    if len(a) == 1:
        top = f"(lambda z: np.exp(z - np.max(z.real, axis={axis}, keepdims=True)))(np.asarray({a[0]}))"
    else:
        top = (
            f"(lambda z, m: np.where(m != 0, np.exp(np.where(m != 0, z - np.max(np.where(m != 0, z.real, -np.inf),"
            f" axis={axis}, keepdims=True), 0)), 0))(np.asarray({a[0]}), np.asarray({a[1]}))"
        )
    return f"(lambda e: e / np.sum(e, axis={axis}, keepdims=True))({top})"


class LogSoftmax(SoftmaxFamily):
    r"""Logarithm of softmax, $z - \log\sum e^{z}$."""

    name = "log_softmax"
    law = r"dF = dZ - ((\operatorname{softmax}(Z) \odot dZ)\,\mathbf{1})\,\mathbf{1}^\top"

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        own, total = self.weights(x, i, j, params[0], False)
        return x.function("log", x.function("over", own, total))

    def change(self, slot: int, dA: Node, F: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        axis = params[0]
        P = softmax(A[0], axis)
        return add(dA, neg(_spread_along(axis_sum(had(P, dA), axis), F, axis)))

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return (
            f"(lambda z: (lambda s: s - np.log(np.sum(np.exp(s), axis={params[0]}, keepdims=True)))"
            f"(z - np.max(z.real, axis={params[0]}, keepdims=True)))(np.asarray({a[0]}))"
        )


class LogSumExp(SoftmaxFamily):
    r"""$\log\sum e^{z}$ of each row (axis 1) or column (axis 0)."""

    name = "logsumexp"
    law = r"df = (\operatorname{softmax}(Z) \odot dZ)\,\mathbf{1}"

    def result_shape(self, A: Node, axis: int) -> Shape:
        rows, cols = A.shape
        return (rows, shapes.ONE) if axis else (shapes.ONE, cols)

    def entry(self, x: Entries, i: Any, j: Any, params: tuple[Any, ...]) -> Any:
        axis = params[0]
        _, total = self.weights(x, i if axis else 0, 0 if axis else j, axis, False)
        return x.function("log", total)

    def change(self, slot: int, dA: Node, F: Node, A: tuple[Node, ...], params: tuple[Any, ...]) -> Node:
        P = softmax(A[0], params[0])
        return axis_sum(had(P, dA), params[0])

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        out = (
            f"(lambda z, m: m + np.log(np.sum(np.exp(z - m), axis={params[0]}, keepdims=True)))"
            f"(np.asarray({a[0]}), np.max(np.asarray({a[0]}).real, axis={params[0]}, keepdims=True))"
        )
        return out


def _along(op: Op, A: Any, axis: int | None, mask: Any = None) -> Node:
    node = operand(A)
    if not node.shape:
        raise ShapeError(f"{op.name} takes a vector or a matrix, not the scalar {node}")
    operands = (node,) if mask is None else (node, operand(mask))
    return op.build(operands, (axis_of(axis, node),))


@function()
def softmax(Z: Any, axis: int | None = None, mask: Any = None) -> Node:
    """Softmax along each row; of a column vector, over its entries. ``mask`` keeps where it is 1."""
    return _along(SOFTMAX, Z, axis, mask)


@function()
def log_softmax(Z: Any, axis: int | None = None) -> Node:
    """Logarithm of the softmax."""
    return _along(LOG_SOFTMAX, Z, axis)


@function()
def logsumexp(Z: Any, axis: int | None = None) -> Node:
    """log of the sum of exponentials, per row; of a column vector, a scalar."""
    return _along(LOGSUMEXP, Z, axis)


SUM_ALL = register(SumAll())
ROWSUM = register(AxisSum("rowsum", 1))
COLSUM = register(AxisSum("colsum", 0))
CUMSUM = register(CumulativeSum())
SOFTMAX = register(Softmax())
LOG_SOFTMAX = register(LogSoftmax())
LOGSUMEXP = register(LogSumExp())
function("sum")(sum_all)
function("mean")(mean)
BUILD.update(  # type: ignore[call-overload]
    sum=sum_all,
    total=total,
    scalars_in_front=scalars_in_front,
    axis_sum=axis_sum,
)
_ = (HADAMARD, SUM_OP, sp, t)
