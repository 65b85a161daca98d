"""Softmax, log-softmax and logsumexp along rows or columns, with an optional 0/1 mask.

``axis`` is NumPy's: 1 runs along each row, 0 down each column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import Node, make, number
from matcalc.ops.algebra import add, had, mul, neg, ones, zero_of
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
from matcalc.ops.reduce import axis_of, axis_sum, text_axis
from matcalc.shapes import Shape


def _spread_along(v: Node, A: Node, axis: int) -> Node:
    """Row or column statistics put back beside every entry of A."""
    rows, cols = A.shape
    return mul(v, ones(1, cols)) if axis else mul(ones(rows, 1), v)


class SoftmaxFamily(Op):
    analytic = True
    samples: ClassVar[tuple[str, ...]] = ("n m", "n 1", "1 n")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        if 1 in A[0].shape:
            return ((0,),) if A[0].shape[1] == 1 else ((1,),)
        return (0,), (1,)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        if len(A) > 1 and not shapes.same_shape(A[0].shape, A[1].shape):
            raise ShapeError(
                f"the mask {named(A[1])} of {self.name} has another shape than {named(A[0])}"
            )
        return self.result_shape(A[0], params[0])

    def result_shape(self, A: Node, axis: int) -> Shape:
        return A.shape

    def build(self, A: Operands, params: Params) -> Node:
        operands = tuple(map(operand, A))
        if operands[0].shape:
            return make(self, operands, params)
        self.shape_of(operands, params)
        return self.of_one(*operands)

    def of_one(self, z: Node, mask: Node | None = None) -> Node:
        """The value for a single entry, which a scalar is."""
        raise NotImplementedError

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
    r"""Softmax of each row (axis 1) or column (axis 0), $p = e^{z}/\sum e^{z}$; masked: 0."""

    name = "softmax"
    samples = (*SoftmaxFamily.samples, "n m, n m 01")
    law = r"dP = P \odot \left(dZ - ((P \odot dZ)\,\mathbf{1})\,\mathbf{1}^\top\right)"

    def of_one(self, z: Node, mask: Node | None = None) -> Node:
        return number(1) if mask is None else mul(mask, power(mask, -1))

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        own, total = self.weights(x, i, j, params[0], len(x.slots) > 1)  # type: ignore[attr-defined]
        return x.function("over", own, total)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        if slot == 1:
            return _no_change(F)
        axis = params[0]
        return had(F, add(dA, neg(_spread_along(axis_sum(had(F, dA), axis), F, axis))))

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return _softmax_code(a, params[0])


def _no_change(F: Node) -> Node:
    """A mask is fixed: it never changes."""
    return zero_of(F.shape)


def _softmax_code(a: Sequence[str], axis: str) -> str:
    if len(a) == 1:
        largest = f"np.max(z.real, axis={axis}, keepdims=True)"
        top = f"(lambda z: np.exp(z - {largest}))(np.asarray({a[0]}))"
    else:
        seen = f"np.where(m != 0, z.real, -np.inf), axis={axis}, keepdims=True"
        top = (
            f"(lambda z, m: m * np.exp(np.where(m != 0, z - np.max({seen}), 0)))"
            f"(np.asarray({a[0]}), {a[1]})"
        )
    return f"(lambda e: e / np.sum(e, axis={axis}, keepdims=True))({top})"


class LogSoftmax(SoftmaxFamily):
    r"""Logarithm of softmax, $z - \log\sum e^{z}$."""

    name = "log_softmax"
    law = r"dF = dZ - ((\operatorname{softmax}(Z) \odot dZ)\,\mathbf{1})\,\mathbf{1}^\top"

    def of_one(self, z: Node, mask: Node | None = None) -> Node:
        return number(0)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        own, total = self.weights(x, i, j, params[0], False)
        return x.function("log", x.function("over", own, total))

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
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

    def of_one(self, z: Node, mask: Node | None = None) -> Node:
        return z

    def result_shape(self, A: Node, axis: int) -> Shape:
        rows, cols = rows_cols(A)
        return (rows, shapes.ONE) if axis else (shapes.ONE, cols)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        axis = params[0]
        _, total = self.weights(x, i if axis else 0, 0 if axis else j, axis, False)
        return x.function("log", total)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        P = softmax(A[0], params[0])
        return axis_sum(had(P, dA), params[0])

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        along = f"axis={params[0]}, keepdims=True"
        return (
            f"(lambda z: (lambda m: m + np.log(np.sum(np.exp(z - m), {along})))"
            f"(np.max(z.real, {along})))(np.asarray({a[0]}))"
        )


def _along(op: Op, A: Any, axis: Any, mask: Any = None) -> Node:
    node = operand(A)
    operands = (node,) if mask is None else (node, operand(mask))
    return op.build(operands, (axis_of(axis, node),))


@function()
def softmax(Z: Any, axis: int | None = None, mask: Any = None) -> Node:
    """Softmax along each row; of a column, over its entries. ``mask`` is 1 where it shows."""
    return _along(SOFTMAX, Z, axis, mask)


@function()
def log_softmax(Z: Any, axis: int | None = None) -> Node:
    """Logarithm of the softmax."""
    return _along(LOG_SOFTMAX, Z, axis)


@function()
def logsumexp(Z: Any, axis: int | None = None) -> Node:
    """log of the sum of exponentials, per row; of a column vector, a scalar."""
    return _along(LOGSUMEXP, Z, axis)


SOFTMAX = register(Softmax())
LOG_SOFTMAX = register(LogSoftmax())
LOGSUMEXP = register(LogSumExp())
