"""Inverse, solve, and powers of a square matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, as_number, is_number, make
from matcalc.ops.algebra import EYE, add, eye, is_zero, mul, neg, t
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
    named,
    operand,
    register,
    wants_square,
)
from matcalc.ops.entrywise import power
from matcalc.shapes import Shape


class Inverse(Op):
    r"""Inverse $A^{-1}$."""

    name = "inv"
    law = r"d(A^{-1}) = -A^{-1}\,(dA)\,A^{-1}"
    samples = ("n n inv",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "inv")
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return inv(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("inv", 0, i, j)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return neg(mul(F, dA, F))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.inverse(node), POW

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.linalg.inv({a[0]})"

    def in_domain(self, values: Sequence[Any]) -> bool:
        return well_conditioned(values[0])


def well_conditioned(value: Any) -> bool:
    import numpy as np

    return bool(np.all(np.isfinite(value))) and bool(np.linalg.cond(value) < 1e4)


@function()
def inv(A: Any) -> Node:
    """Matrix inverse; the reciprocal of a scalar."""
    node = operand(A)
    if not node.shape:
        return power(node, -1)
    if node.op is EYE:
        return node
    if node.op is INVERSE:
        return node.operands[0]
    return make(INVERSE, (node,))


class MatrixPower(Op):
    r"""Power $A^k$ of a square matrix, $k$ an integer or an integer symbol."""

    name = "mpow"
    law = r"d(A^k) = \sum_{r=0}^{k-1} A^r\,(dA)\,A^{k-1-r}"
    samples = ("n n",)

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return (sp.Integer(3),), (sp.Integer(4),), (sp.Integer(6),), (shapes.dims("k"),)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "a matrix power")
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return matrix_power(A[0], params[0])

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        free, level = super().binding(operands, params)
        return BUILD["merge_indices"](free, params[0]), level

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("mpow", 0, i, j, params[0])

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        k = params[0]
        if k.is_Integer and 0 < k <= 4:
            return add(*(mul(*[A[0]] * r, dA, *[A[0]] * (int(k) - 1 - r)) for r in range(int(k))))
        r = BUILD["fresh_index"]("r")
        term = mul(matrix_power(A[0], r), dA, matrix_power(A[0], k - 1 - r))
        return BUILD["isum"](term, r, sp.Integer(0), k - 1)

    def latex(self, node: Node, w: Writer) -> Written:
        return w.superscript(w(node.operands[0], ATOM), sp.latex(node.params[0])), POW

    def text(self, node: Node, w: Writer) -> Written:
        exponent = node.params[0]
        shown = shapes.show_dim(exponent)
        # MatrixPower keeps no negative integer, so an atom needs no brackets.
        shown = shown if exponent.is_Atom else f"({shown})"
        return f"{w(node.operands[0], ATOM)}^{shown}", POW

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        k = params[0]
        if k.isdigit() or k.isidentifier():
            return f"np.linalg.matrix_power({a[0]}, {k})"
        # The differential sums over 0, ..., k - 1: below 0 it does not hold, so there is no value.
        return f"np.linalg.matrix_power({a[0]}, ({k}) if ({k}) >= 0 else None)"


@function("mpow")
def matrix_power(A: Any, k: Any) -> Node:
    """``A^k`` of a square matrix: a product for k = 2, of the inverse for negative k.

    A symbol such as k stands for an integer from 1 on; where k - 3 comes out negative there is no
    value.
    """
    node = operand(A)
    if not node.shape:
        return power(node, k)
    exponent = integer_exponent(k)
    wants_square(node, "a matrix power")
    if exponent.is_Integer:
        if exponent < 0:
            return matrix_power(inv(node), -exponent)
        if exponent == 0:
            return eye(node.shape[0])
        if exponent == 1:
            return node
        if exponent == 2:
            return mul(node, node)
    elif exponent.is_nonpositive:
        return matrix_power(inv(node), sp.expand(-exponent))
    if node.op is EYE:
        return node
    if node.op is MATRIX_POWER and exponent.is_Integer:
        return matrix_power(node.operands[0], node.params[0] * exponent)
    return make(MATRIX_POWER, (node,), (exponent,))


def integer_exponent(k: Any) -> sp.Expr:
    """The exponent of a matrix: an integer, or an integer expression in symbols."""
    if isinstance(k, Node):
        k = BUILD["dimension_of"](k)
    value = sp.Integer(k) if isinstance(k, int) else k
    if not isinstance(value, sp.Expr) or (value.is_number and not value.is_Integer):
        raise ShapeError(
            f"a matrix has integer powers only, not {k}; entry by entry write .^ "
            "(in Python mc.power(A, k))"
        )
    return shapes.canonical(value)


class Solve(Op):
    r"""The solution $X$ of $A X = B$, kept as a solve: $A^{-1}B$."""

    name = "solve"
    law = r"d(A^{-1}B) = A^{-1}\,(dB - (dA)\,A^{-1}B)"
    samples = ("n n inv, n m", "n n inv, n 1")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "solve")
        if not shapes.same(A[0].shape[1], A[1].shape[0]):
            raise ShapeError(
                f"solve(A, B) needs as many rows in B as in A: {named(A[0])} against {named(A[1])}"
            )
        return A[1].shape

    def build(self, A: Operands, params: Params) -> Node:
        return solve(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.sum(
            x.shape(0)[0],
            lambda k: x.function("times", x.function("inv", 0, i, k), x(1, k, j)),
        )

    def linear_in(self, slot: int) -> bool:
        return slot == 1

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return solve(A[0], dA) if slot == 1 else neg(solve(A[0], mul(dA, F)))

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return solve(t(A[0]), G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return BUILD["kron"](eye(A[1].shape[1]), inv(A[0]))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.solved(node)

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.linalg.solve({a[0]}, {a[1]})"

    def in_domain(self, values: Sequence[Any]) -> bool:
        return well_conditioned(values[0])


@function()
def solve(A: Any, B: Any) -> Node:
    """The X with A X = B; formula and code keep the solve."""
    left, right = operand(A), operand(B)
    if not left.shape:
        return mul(power(left, -1), right)
    wants_square(left, "solve")
    if not right.shape:
        raise ShapeError(
            f"solve({left}, {right}): the right side is a scalar; write inv(A) or a column"
        )
    if left.op is EYE or is_zero(right):
        SOLVE.shape_of((left, right), ())
        return right
    scalars, rest = BUILD["scalars_in_front"](right)
    if scalars:
        return mul(*scalars, solve(left, rest))
    return make(SOLVE, (left, right))


INVERSE = register(Inverse())
MATRIX_POWER = register(MatrixPower())


SOLVE = register(Solve())


def to_the(base: Any, exponent: Any) -> Node:
    """What ``**`` means: a scalar's power, or an integer power of a square matrix."""
    A, e = operand(base), operand(exponent)
    if not A.shape:
        if e.shape:
            raise ShapeError(f"an exponent is a scalar, but {named(e)}")
        return power(A, e)
    if e.shape:
        raise ShapeError(
            f"an exponent is a scalar, but {named(e)}; entry by entry write mc.power(A, B)"
        )
    if not shapes.same(*A.shape):
        raise ShapeError(
            f"{named(A)} is not square and has no powers; entry by entry write {A}.^{e} "
            f"(in Python mc.power({A}, {e}))"
        )
    if is_number(e) and not as_number(e).is_Integer:
        raise ShapeError(f"a matrix has integer powers only, not {e}; entry by entry write .^")
    return matrix_power(A, e)


BUILD.update(to_the=to_the, inv=inv, mpow=matrix_power, solve=solve)
