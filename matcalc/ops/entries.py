"""A single entry, and the two ways between a scalar and a 1 x 1 matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, make, number, read
from matcalc.ops.algebra import (
    ONES,
    ZEROS,
    t,
)
from matcalc.ops.base import (
    ATOM,
    POW,
    SUM,
    Entries,
    Linear,
    Operands,
    Params,
    Writer,
    Written,
    named,
    register,
    rows_cols,
)
from matcalc.ops.kronecker import kron
from matcalc.shapes import Shape


class Item(Linear):
    r"""The entry of a $1 \times 1$ matrix, as a scalar."""

    name = "item"
    law = r"d(A_{11}) = (dA)_{11}"
    samples = ("1 1",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return item(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x(0, 0, 0)

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return box(G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return number(1)

    def latex(self, node: Node, w: Writer) -> Written:
        return w(node.operands[0], ATOM), ATOM

    text = latex

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"({a[0]})[0, 0]"


class Box(Linear):
    r"""A scalar as a $1 \times 1$ matrix."""

    name = "box"
    law = r"d[a] = [da]"
    keeps_1x1 = True
    samples = ("",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return shapes.ONE, shapes.ONE

    def build(self, A: Operands, params: Params) -> Node:
        return box(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x(0)

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return item(G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return number(1)

    def latex(self, node: Node, w: Writer) -> Written:
        inside = w(node.operands[0])
        return inside, ATOM if w(node.operands[0], ATOM) == inside else SUM

    text = latex

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.reshape({a[0]}, (1, 1))"


def item(A: Node) -> Node:
    """The scalar in a 1 x 1 matrix; a scalar stays."""
    if not A.shape:
        return A
    return A.operands[0] if A.op is BOX else make(ITEM, (A,))


def box(a: Node) -> Node:
    """A scalar as a 1 x 1 matrix; a 1 x 1 matrix stays."""
    if a.shape:
        return a
    return a.operands[0] if a.op is ITEM else make(BOX, (a,))


def outside(start: Any, count: Any, size: Any) -> bool:
    """Whether places start, ..., start + count - 1, from 0, are surely not all below ``size``."""
    return bool(start.is_negative or sp.expand(start + count - size).is_positive)


class Entry(Linear):
    r"""A single entry $A_{ij}$, counted from 0."""

    name = "entry"
    law = r"d(A_{ij}) = (dA)_{ij}"
    samples = ("n m", "n 1")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        zero, one = sp.Integer(0), sp.Integer(1)
        i, j = shapes.dims("i j")
        return ((i, zero),) if A[0].shape[1] == 1 else ((one, zero), (i, j))

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        free, level = super().binding(operands, params)
        return BUILD["merge_indices"](free, *params), level

    def shape_of(self, A: Operands, params: Params) -> Shape:
        for index, of, what in zip(params, rows_cols(A[0]), ("row", "column"), strict=True):
            if outside(index, 1, of):
                raise ShapeError(f"there is no {what} {index} (counted from 0) in {named(A[0])}")
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return entry(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x(0, *params)

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return BUILD["place"](G, params[0], params[1], *A[0].shape)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        i, j = params
        n, m = A[0].shape
        one = sp.Integer(1)
        return kron(
            t(BUILD["place"](number(1), j, 0, m, one)), t(BUILD["place"](number(1), i, 0, n, one))
        )

    def latex(self, node: Node, w: Writer) -> Written:
        return w.entry(node), POW

    def text(self, node: Node, w: Writer) -> Written:
        i, j = (shapes.show_dim(p + 1) for p in node.params)
        return f"{w(node.operands[0], ATOM)}({i}, {j})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"({a[0]})[{params[0]}, {params[1]}]"


def entry(A: Any, i: Any, j: Any) -> Node:
    """Entry (i, j), counted from 0."""
    node = read(A)
    places = checked_index(i), checked_index(j)
    ENTRY.shape_of((node,), places)
    if not node.shape or node.shape == (1, 1):
        return item(node)
    if node.op is ONES:
        return number(1)
    return number(0) if node.op is ZEROS else make(ENTRY, (node,), places)


def checked_index(k: Any) -> sp.Expr:
    """A position: an integer, or an integer expression in dimensions and indices."""
    if isinstance(k, Node):
        k = BUILD["dimension_of"](k)
    value = sp.Integer(k) if isinstance(k, int) else k
    if not isinstance(value, sp.Expr) or value.is_integer is False or value is sp.nan:
        raise ShapeError(f"an index is an integer or an integer symbol, not {k!r}")
    return shapes.canonical(value)


ITEM = register(Item())
BOX = register(Box())
ENTRY = register(Entry())
BUILD.update(item=item, box=box, entry=entry)
