"""Diagonals and triangles: diag and diagonal are one another's adjoint, a triangle is its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, brief, make, number
from matcalc.ops.algebra import (
    EYE,
    ONES,
    TRANSPOSE,
    eye,
    is_zero,
    mul,
    ones,
    t,
    zeros,
)
from matcalc.ops.base import (
    ATOM,
    Entries,
    Linear,
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
from matcalc.ops.reduce import scalars_in_front
from matcalc.shapes import Shape


class Diag(Linear):
    r"""The diagonal matrix $\operatorname{diag}(v)$ of a column."""

    name = "diag"
    law = r"d\operatorname{diag}(v) = \operatorname{diag}(dv)"
    samples = ("n 1",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = A[0].shape
        if cols != 1:
            raise ShapeError(f"diag of a column makes a matrix, but {named(A[0])}")
        return rows, rows

    def build(self, A: Operands, params: Params) -> Node:
        return diag_matrix(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("times", x.delta(i, j), x(0, i, 0))

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return diagonal(G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return t(make(DIAGONAL_PICK, (), (A[0].shape[0],)))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\operatorname{{diag}}\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.diag(np.ravel({a[0]}))"


class Diagonal(Linear):
    r"""The diagonal of a square matrix, as a column."""

    name = "diagonal"
    law = r"d\operatorname{diag}(A) = \operatorname{diag}(dA)"
    samples = ("n n",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        wants_square(A[0], "the diagonal")
        return A[0].shape[0], shapes.ONE

    def build(self, A: Operands, params: Params) -> Node:
        return diagonal(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x(0, i, i)

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return diag_matrix(G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return make(DIAGONAL_PICK, (), (A[0].shape[0],))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\operatorname{{diag}}\left({w(node.operands[0])}\right)", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        return f"diag({w(node.operands[0])})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.reshape(np.diagonal({a[0]}), (-1, 1))"


class DiagonalPick(Op):
    r"""The $n \times n^2$ matrix $E$ with $\operatorname{diag}(A) = E\,\operatorname{vec}A$."""

    name = "diagonal_pick"
    constant = True

    def build(self, A: Operands, params: Params) -> Node:
        return diagonal_pick(*params)

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return ((shapes.dims("n"),),)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return params[0], shapes.times(params[0], params[0])

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.delta(j, i * (params[0] + 1))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"E_{{{sp.latex(node.params[0])}}}", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        return f"diagonal_pick({shapes.show_dim(node.params[0])})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        n = params[0]
        return f"np.eye(({n}) ** 2)[:: ({n}) + 1]"


@function("diagonal_pick")
def diagonal_pick(n: Any) -> Node:
    """The n x n^2 matrix that picks the diagonal out of vec(A)."""
    n = shapes.dim(n)
    return number(1) if n == 1 else make(DIAGONAL_PICK, (), (n,))


def diag_matrix(v: Any) -> Node:
    node = operand(v)
    if not node.shape:
        return node
    if is_zero(node):
        return zeros(node.shape[0], node.shape[0])
    if node.op is ONES:
        return eye(node.shape[0])
    scalars, rest = scalars_in_front(node)
    return mul(*scalars, diag_matrix(rest)) if scalars else make(DIAG, (node,))


def diagonal(A: Any) -> Node:
    node = operand(A)
    if not node.shape:
        return node
    wants_square(node, "the diagonal")
    if node.op is DIAG:
        return node.operands[0]
    if node.op is EYE:
        return ones(node.shape[0], 1)
    if node.op is TRANSPOSE:
        return diagonal(node.operands[0])
    if is_zero(node):
        return zeros(node.shape[0], 1)
    scalars, rest = scalars_in_front(node)
    return mul(*scalars, diagonal(rest)) if scalars else make(DIAGONAL, (node,))


@function("diag")
def diag(A: Any) -> Node:
    """A column becomes a diagonal matrix, a square matrix the column of its diagonal."""
    node = operand(A)
    if not node.shape:
        return node
    if node.shape[1] == 1:
        return diag_matrix(node)
    if not shapes.same(*node.shape):
        hint = f"; write diag({brief(node)}')" if node.shape[0] == 1 else ""
        raise ShapeError(f"diag takes a column or a square matrix, but {named(node)}{hint}")
    return diagonal(node)


class Triangle(Linear):
    def __init__(self, name: str, lower: bool) -> None:
        self.name = name  # type: ignore[misc]
        self.lower = lower
        word = rf"\operatorname{{{name}}}"
        self.__doc__ = (
            f"The {'lower' if lower else 'upper'} triangle, diagonal included: ${word}(A)$."
        )
        self.law = f"d{word}(A) = {word}(dA)"  # type: ignore[misc]

    samples = ("n n", "n m")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return triangle(self, *A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        inside = j <= i if self.lower else i <= j
        return x.choose([(inside, lambda: x(0, i, j)), (True, lambda: sp.Integer(0))])

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return triangle(self, G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return diag_matrix(BUILD["vec"](triangle(self, ones(*A[0].shape))))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\operatorname{{{self.name}}}\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.{self.name}({a[0]})"


def triangle(op: Triangle, A: Any) -> Node:
    node = operand(A)
    if not node.shape or node.op is EYE or is_zero(node) or node.op is op or node.op is DIAG:
        return node
    scalars, rest = scalars_in_front(node)
    return mul(*scalars, triangle(op, rest)) if scalars else make(op, (node,))


@function()
def tril(A: Any) -> Node:
    """Lower triangle with the diagonal; ``tril(ones(n, n))`` is the causal mask."""
    return triangle(TRIL, A)


@function()
def triu(A: Any) -> Node:
    """Upper triangle with the diagonal."""
    return triangle(TRIU, A)


DIAG = register(Diag())
DIAGONAL = register(Diagonal())
DIAGONAL_PICK = register(DiagonalPick())
TRIL = Triangle("tril", True)
TRIU = Triangle("triu", False)
register(TRIL)
register(TRIU)
BUILD.update(diag=diag_matrix, diagonal=diagonal, tril=tril, triu=triu)
