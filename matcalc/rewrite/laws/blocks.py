"""Blocks: a slice that cuts out one block of a stack, a stack of slices."""

from __future__ import annotations

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node
from matcalc.rewrite.law import law


@law("slice")
def slice_of_stack(node: Node) -> Node | None:
    r"""A slice that is a block of a stack is that block: $[A\;B]_{:,1:k} = A$. Shrinks: the other
    blocks go."""
    A, (top, left, rows, cols) = node.operands[0], node.params
    if A.op.name not in ("hstack", "vstack"):
        return None
    axis = 1 if A.op.name == "hstack" else 0
    start, count = (left, cols) if axis else (top, rows)
    full = shapes.same((rows, cols)[1 - axis], A.shape[1 - axis])
    if not full:
        return None
    at: sp.Expr = sp.Integer(0)
    for part in A.operands:
        size = part.shape[axis] if part.shape else sp.Integer(1)
        if shapes.same(at, start) and shapes.same(size, count):
            return part if part.shape else None
        at = at + size
    return None


@law("slice")
def slice_of_all(node: Node) -> Node | None:
    r"""$A_{1:n,1:m} = A$. Shrinks: nothing is cut."""
    A, (top, left, rows, cols) = node.operands[0], node.params
    whole = top == 0 and left == 0 and shapes.same_shape((rows, cols), A.shape)
    return A if whole else None


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
