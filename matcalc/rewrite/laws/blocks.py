"""Blocks: a slice that cuts out one block of a stack, of an identity, of zeros around a block; a
stack of slices."""

from __future__ import annotations

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node
from matcalc.ops.algebra import (
    EYE,
    HADAMARD,
    ONES,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    add,
    eye,
    mul,
    ones,
    t,
    zeros,
)
from matcalc.ops.base import operand
from matcalc.ops.blocks import PLACE, SLICE, hstack, vstack
from matcalc.ops.blocks import part as cut_out
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.law import law, shorter, split


@law("slice")
def slice_of_stack(node: Node) -> Node | None:
    r"""A slice that is a block of a stack is that block: $[A\;B]_{:,1:k} = A$. Shrinks: the other
    blocks go."""
    A = node.operands[0]
    return _cut(A, *node.params) if A.op.name in ("hstack", "vstack") else None


def _block_at(A: Node, axis: int, start: sp.Expr, count: sp.Expr) -> Node | None:
    """The block of a stack that begins there and is as long."""
    at: sp.Expr = sp.Integer(0)
    for part in A.operands:
        size = part.shape[axis] if part.shape else sp.Integer(1)
        if shapes.same(at, start) and shapes.same(size, count):
            return part
        at = at + size
    return None


@law("slice")
def slice_of_all(node: Node) -> Node | None:
    r"""$A_{1:n,1:m} = A$. Shrinks: nothing is cut."""
    A, (top, left, rows, cols) = node.operands[0], node.params
    whole = top == 0 and left == 0 and shapes.same_shape((rows, cols), A.shape)
    return A if whole else None


@law("slice")
def slice_of_known(node: Node) -> Node | None:
    r"""$I_{1:k,1:k} = I$, $(A_{r,c})_{r',c'} = A_{r+r',c+c'}$, a slice of a block put among zeros, and of
    sums of these. Shrinks: one matrix fewer, or no matrix."""
    found = _cut(node.operands[0], *node.params)
    return None if found is None else shorter(node, found)


def _cut(A: Node, top: sp.Expr, left: sp.Expr, rows: sp.Expr, cols: sp.Expr) -> Node | None:
    """A slice of a matrix of which the slice is known."""
    if top == 0 and left == 0 and shapes.same_shape((rows, cols), A.shape):
        return A
    if A.op is TRANSPOSE:
        found = _cut(A.operands[0], left, top, cols, rows)
        return None if found is None else t(found)
    if A.op in (SUM_OP, HADAMARD) or A.op.name in ENTRYWISE:
        parts = [_cut(a, top, left, rows, cols) if a.shape else a for a in A.operands]
        return None if None in parts else A.op.build(tuple(map(operand, parts)), A.params)
    if A.op is PRODUCT:
        scalars, matrices = split(A)
        found = _cut(matrices[0], top, left, rows, cols) if len(matrices) == 1 else None
        return None if found is None else mul(*scalars, found)
    if A.op is ONES:
        return ones(rows, cols)
    if A.op.name in ("hstack", "vstack"):
        axis = 1 if A.op.name == "hstack" else 0
        block = _block_at(A, axis, (top, left)[axis], (rows, cols)[axis])
        if block is None or not block.shape:
            return None
        return _cut(block, top * axis, left * (1 - axis), rows, cols)
    if A.op is SLICE:
        up, before, _, _ = A.params
        return cut_out(A.operands[0], sp.expand(up + top), sp.expand(before + left), rows, cols)
    if A.op is EYE:
        if shapes.same(top, left) and shapes.same(rows, cols):
            return eye(rows)
        return zeros(rows, cols) if _apart(top, rows, left, cols) else None
    if A.op is PLACE:
        up, before, _, _ = A.params
        h, w = A.operands[0].shape or (sp.Integer(1), sp.Integer(1))
        if (
            shapes.same(up, top)
            and shapes.same(before, left)
            and shapes.same_shape((h, w), (rows, cols))
        ):
            return A.operands[0]
        outside = _apart(up, h, top, rows) or _apart(before, w, left, cols)
        return zeros(rows, cols) if outside else None
    return None


def _apart(start: sp.Expr, count: sp.Expr, other: sp.Expr, size: sp.Expr) -> bool:
    """Whether two ranges share nothing for any sizes."""
    gaps = (sp.expand(other - start - count), sp.expand(start - other - size))
    return any(
        g.is_nonnegative or (g.is_Add and all(a.is_nonnegative for a in g.args)) for g in gaps
    )


@law("plus")
def places_side_by_side(node: Node) -> Node | None:
    r"""$[A\;0] + [0\;B] = [A\;B]$, and so for blocks below each other. Shrinks: no zeros are
    written."""
    for axis in (0, 1):
        blocks = [(term, found) for term in node.operands if (found := _band(term, node, axis))]
        blocks.sort(key=lambda b: sp.default_sort_key(b[1][0]))
        at: sp.Expr = sp.Integer(0)
        for _, (start, size, _) in blocks:
            at = at + size if shapes.same(at, start) else sp.oo
        if len(blocks) > 1 and shapes.same(at, node.shape[axis]):
            whole = (vstack, hstack)[axis](*(block for _, (_, _, block) in blocks))
            used = [term for term, _ in blocks]
            return add(whole, *(a for a in node.operands if not any(a is u for u in used)))
    return None


def _band(term: Node, whole: Node, axis: int) -> tuple[sp.Expr, sp.Expr, Node] | None:
    """Where a block placed over the whole height (or width) starts, how far it goes, the block."""
    scalars, matrices = split(term)
    if len(matrices) != 1 or matrices[0].op is not PLACE:
        return None
    block, start = matrices[0].operands[0], matrices[0].params
    if not block.shape or start[1 - axis] != 0:
        return None
    if not shapes.same(block.shape[1 - axis], whole.shape[1 - axis]):
        return None
    return start[axis], block.shape[axis], mul(*scalars, block)


@law("hstack", "vstack")
def stack_of_slices(node: Node) -> Node | None:
    r"""$[A_{:,1:k}\;A_{:,k+1:m}] = A$. Shrinks: what was cut is whole again."""
    axis = 1 if node.op.name == "hstack" else 0
    if not all(
        p.op.name == "slice" and p.operands[0] is node.operands[0].operands[0]
        for p in node.operands
    ):
        return None
    A = node.operands[0].operands[0]
    if not shapes.same_shape(A.shape, node.shape):
        return None
    at: sp.Expr = sp.Integer(0)
    for part in node.operands:
        top, left, rows, cols = part.params
        if not shapes.same((top, left)[axis], at):
            return None
        at = at + (rows, cols)[axis]
    return A
