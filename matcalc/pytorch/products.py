"""Matrix products of tensors, plain and batched, and attention.

An axis that both operands run over is written out where it is a number and stands in the columns
(the heads), and otherwise tied: the product of the folded matrices holds the wanted blocks on its
diagonal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node
from matcalc.ops.algebra import mul
from matcalc.pytorch.tensors import (
    Axis,
    Tensor,
    aligned,
    apart,
    block_diagonal,
    block_mask,
    laid_out,
    placed,
    renamed,
    same,
    show,
    spread,
    together,
    written_out,
)


def matmul(A: Tensor, B: Tensor) -> Tensor:
    """``A @ B``: rows by columns in the last two axes, batched over the others."""
    first, last = len(A.axes) == 1, len(B.axes) == 1
    one = Axis(sp.Integer(1))
    if not A.axes or not B.axes:
        raise ShapeError("a product of tensors wants at least one axis each")
    if first:
        A = replace(A, axes=(one, *A.axes))
    if last:
        B = replace(B, axes=(*B.axes, one))
    if not same(A.axes[-1].size, B.axes[-2].size):
        raise ShapeError(f"cannot multiply tensors of shapes {show(A.sizes)} and {show(B.sizes)}")
    made = _product(A, B)
    axes = made.axes[: -2 if first else None]
    if first:
        axes = (*made.axes[:-2], made.axes[-1])
    if last:
        axes = axes[:-1]
    return replace(made, axes=axes)


def _product(A: Tensor, B: Tensor) -> Tensor:
    B = renamed(B, {b: Axis(b.size) for b in B.axes})  # a tensor may be multiplied by itself
    B = renamed(B, {B.axes[-2]: A.axes[-1]})
    A, B, batch = aligned(A, B, 2)
    i, k, j = A.axes[-2], A.axes[-1], B.axes[-1]
    axes = (*batch, i, j)
    common = [a for a in placed(batch) if _runs(A, a) and _runs(B, a)]
    for axis in common:
        # The sum over positions of each sequence: no product of the folded matrices says that.
        within = k in A.rows and k in B.rows
        heads = within or axis in {*A.cols, *B.cols, *A.outer, *B.outer}
        heads = heads and axis.size.is_Integer
        if heads and axis not in A.tied:
            A, B = written_out(A, axis), written_out(B, axis)
    tied = tuple(a for a in common if a not in A.outer)
    if A.tied:
        return _tied_times(A, B, axes, (i, k, j), tied)
    if B.outer != A.outer:
        A, B = together(A), together(B)
    tied = tuple(a for a in common if a not in A.outer)
    only_a = tuple(a for a in placed(batch) if _runs(A, a) and a not in {*common})
    only_b = tuple(a for a in placed(batch) if _runs(B, a) and a not in {*common})
    rows = (*tied, *only_a, *placed((i,)))
    left = laid_out(A, rows, placed((k,)))
    cols = (*only_b, *placed((j,)))
    right = laid_out(B, (*tied, *placed((k,))), cols)
    if not tied:
        parts = {key: mul(a, right.parts[key]) for key, a in left.parts.items()}
        return Tensor(axes, rows, cols, parts, left.outer)
    # The wanted blocks are A_b B_b for each place b of the tied axes: rows (b, i), columns (b, j).
    right = laid_out(right, placed((k,)), (*tied, *cols))
    parts = {key: mul(a, right.parts[key]) for key, a in left.parts.items()}
    return Tensor(axes, rows, (*tied, *cols), parts, left.outer, tied, False)


def _runs(T: Tensor, axis: Axis) -> bool:
    return axis in {*T.rows, *T.cols, *T.outer}


def _tied_times(
    A: Tensor, B: Tensor, axes: tuple[Axis, ...], names: tuple[Axis, Axis, Axis], tied: Any
) -> Tensor:
    """Blocks on a diagonal times a tensor folded over the same places."""
    i, k, j = names
    if A.tied != tied or A.outer != B.outer:
        return _product(apart(A), B)
    A = block_diagonal(A)
    wanted = (*tied, *placed((i,))), (*tied, *placed((k,)))
    if (A.rows, A.cols) == (wanted[1], wanted[0]) and wanted[0] != wanted[1]:
        A = replace(A.each(lambda a: a.T), rows=A.cols, cols=A.rows)
    cols = placed((j,))
    if (A.rows, A.cols) != wanted or {*B.rows, *B.cols} != {*wanted[1], *cols}:
        return _product(apart(A), B)
    right = laid_out(B, wanted[1], cols)
    parts = {key: mul(a, right.parts[key]) for key, a in A.parts.items()}
    return Tensor(axes, wanted[0], cols, parts, A.outer)


def shown_mask(T: Tensor, mask: Tensor | None) -> Node | None:
    """The 0/1 mask of a tensor laid out like it, the blocks of a tied axis included."""
    if mask is None:
        return block_mask(T) if T.tied else None
    A, M, _ = aligned(T, mask)
    M = together(M)
    if not A.tied:
        return spread(M, A.rows, A.cols)
    high = tuple(a for a in A.rows if a not in A.tied)
    wide = tuple(a for a in A.cols if a not in A.tied)
    if {*M.rows, *M.cols} & {*A.tied}:
        raise NoRuleError("a mask that differs from sequence to sequence is not read")
    return block_mask(A, spread(M, high, wide))
