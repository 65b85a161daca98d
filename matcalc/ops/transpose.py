"""The transpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcalc.expr import BUILD, Node, make
from matcalc.ops.base import (
    ATOM,
    POW,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    function,
    operand,
    register,
)
from matcalc.ops.symbols import EYE, ONES, ZEROS
from matcalc.shapes import Shape


class Transpose(Op):
    r"""Transpose $A^\top$."""

    name = "transpose"
    law = r"d(A^\top) = (dA)^\top"
    samples = ("n m", "n 1", "1 n")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return tuple(reversed(A[0].shape))

    def build(self, A: Operands, params: Params) -> Node:
        return t(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x(0, j, i)

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return t(G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return BUILD["commutation"](*A[0].shape)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.transposed(w(node.operands[0], ATOM)), POW

    def text(self, node: Node, w: Writer) -> Written:
        return w(node.operands[0], POW) + "'", POW

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"{a[0]}.T"


def t(value: Any) -> Node:
    """Transpose; a double one is undone, scalars come out, constants of ones and zeros absorb it."""
    A = operand(value)
    if not A.shape or A.op is EYE:
        return A
    if A.op is TRANSPOSE:
        return A.operands[0]
    if A.op is ONES or A.op is ZEROS:
        return make(A.op, (), (A.params[1], A.params[0]))
    if A.op.name == "times" and not A.operands[0].shape:
        front = [a for a in A.operands if not a.shape]
        return BUILD["mul"](*front, t(BUILD["mul"](*A.operands[len(front) :])))
    return make(TRANSPOSE, (A,))


function("transpose")(t)
TRANSPOSE = register(Transpose())
BUILD["transpose"] = t
