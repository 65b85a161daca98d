"""The largest entry of each row or column, and where it stands.

At a tie the first counts, as for max; the derivative goes to that entry alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcalc import shapes
from matcalc.expr import Node, make, number
from matcalc.ops.algebra import had, one_of, zero_of
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
from matcalc.ops.reduce import axis_of, axis_sum, text_axis
from matcalc.shapes import Shape


def _is_largest(x: Entries, i: Any, j: Any, axis: int) -> Any:
    """1 where no other entry of the line is larger (ties apart), 0 elsewhere."""
    own = x(0, i, j)

    def larger(k: Any) -> Any:
        other = x(0, i, k) if axis else x(0, k, j)
        return x.function("step", x.function("plus", other, x.function("times", number(-1), own)))

    beaten = x.function("step", x.sum(x.shape(0)[axis], larger))
    return x.function("plus", number(1), x.function("times", number(-1), beaten))


class AlongLines(Op):
    analytic = False
    samples = ("n m", "n 1", "1 n")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return ((0,),) if A[0].shape[1] == 1 else ((1,),) if A[0].shape[0] == 1 else ((0,), (1,))

    def text(self, node: Node, w: Writer) -> Written:
        inside = w(node.operands[0])
        if node.params[0] != text_axis(node.operands[0]):
            inside += f", {node.params[0]}"
        return f"{self.name}({inside})", ATOM

    def mark(self, node: Node) -> str:
        """Along what, where it is not the rows of a matrix or the entries of a column."""
        if node.params[0] == text_axis(node.operands[0]):
            return ""
        return r"_{\mathrm{row}}" if node.params[0] else r"_{\mathrm{col}}"

    def margin(self, values: Sequence[Any]) -> float:
        import numpy as np

        # The axis is not known here: both ways must be free of ties.
        A = np.atleast_2d(np.real(values[0]))
        gaps = [np.diff(np.sort(A, axis=k), axis=k) for k in (0, 1) if A.shape[k] > 1]
        return float(min((np.min(g) for g in gaps), default=np.inf))


class Largest(AlongLines):
    r"""The largest entry of each row (axis 1) or column (axis 0)."""

    name = "largest"
    law = r"d\max_j A_{ij} = dA_{i j^*},\ j^* = \operatorname{argmax}_j A_{ij}"

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = rows_cols(A[0])
        return (rows, shapes.ONE) if params[0] else (shapes.ONE, cols)

    def build(self, A: Operands, params: Params) -> Node:
        return largest(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        axis = params[0]

        def part(k: Any) -> Any:
            row, col = ((i or 0), k) if axis else (k, (j or 0))
            return x.function("times", _is_largest(x, row, col, axis), x(0, row, col))

        return x.sum(x.shape(0)[axis], part)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return axis_sum(had(where_largest(A[0], *params), dA), params[0])

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\operatorname{{max}}{self.mark(node)}\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.max({a[0]}, axis={params[0]}, keepdims=True)"


class WhereLargest(AlongLines):
    r"""1 at the first largest entry of each row (axis 1) or column (axis 0), 0 elsewhere."""

    name = "where_largest"
    law = r"d\,\mathbf{1}[A_{ij} = \max_l A_{il}] = 0"

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return where_largest(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return _is_largest(x, i or 0, j or 0, params[0])

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return zero_of(F.shape)

    def latex(self, node: Node, w: Writer) -> Written:
        mark = self.mark(node)
        return rf"\operatorname{{argmax}}{mark}\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        axis = params[0]
        line = "(1, -1)" if axis == "1" else "(-1, 1)"
        return (
            f"(lambda A: (np.arange(A.shape[{axis}]).reshape({line})"
            f" == np.argmax(A, axis={axis}, keepdims=True)).astype(float))({a[0]})"
        )


@function()
def largest(A: Any, axis: int | None = None) -> Node:
    """The largest entry of each row; of a column, of all its entries."""
    node = operand(A)
    along = axis_of(axis, node)
    if rows_cols(node)[along] == 1:
        return node
    return make(LARGEST, (node,), (along,))


@function()
def where_largest(A: Any, axis: int | None = None) -> Node:
    """1 at the first largest entry of each row (of a column: at its first largest), else 0."""
    node = operand(A)
    along = axis_of(axis, node)
    if rows_cols(node)[along] == 1:
        return one_of(node.shape)
    return make(WHERE_LARGEST, (node,), (along,))


LARGEST = register(Largest())
WHERE_LARGEST = register(WhereLargest())
