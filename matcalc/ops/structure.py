"""Operations that move entries: diagonals, Kronecker products, vec, blocks, slices, triangles.

They come in adjoint pairs: diag and diagonal, slice and place, vec and unvec, stack and slice,
the single entry and its place, a 1 x 1 matrix and its scalar. vec stacks columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, brief, make, number, read
from matcalc.ops.algebra import EYE, ONES, TRANSPOSE, ZEROS, eye, had, is_zero, mul, ones, t, zero_of, zeros
from matcalc.ops.base import (
    ATOM,
    POW,
    Entries,
    Op,
    Writer,
    Written,
    function,
    named,
    operand,
    register,
    rows_cols,
    wants_square,
)
from matcalc.ops.reduce import scalars_in_front
from matcalc.shapes import Dim, Shape

Params = tuple[Any, ...]
Operands = tuple[Node, ...]


class Linear(Op):
    """An operation linear in every operand."""

    def linear_in(self, slot: int) -> bool:
        return True


# -- a 1 x 1 matrix and its scalar ---------------------------------------------------------------------


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
        return w(node.operands[0], ATOM), ATOM

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


# -- diagonals ---------------------------------------------------------------------------------------


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


# -- Kronecker products and vec ------------------------------------------------------------------------


class Kron(Linear):
    r"""Kronecker product $A \otimes B$."""

    name = "kron"
    law = r"d(A \otimes B) = dA \otimes B + A \otimes dB"
    samples = ("n m, k p", "n 1, k p")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = zip(*(rows_cols(a) for a in A), strict=True)
        return shapes.times(*rows), shapes.times(*cols)

    def build(self, A: Operands, params: Params) -> Node:
        return kron(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        (_, _), (p, q) = x.shape(0), x.shape(1)
        div, rest = x.divide  # type: ignore[attr-defined]
        return x.function(
            "times", x(0, div(i, p), div(j, q)), x(1, rest(i, p), rest(j, q))
        )

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return contraction(G, A[1 - slot], slot, A[slot].shape)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        # vec(A kron B) = (I kron K kron I)(vec A kron vec B): Magnus and Neudecker, ch. 3, sec. 7.
        (m, n), (p, q) = A[0].shape, A[1].shape
        shuffle = kron(kron(eye(n), commutation(q, m)), eye(p))
        if slot == 0:
            inside = kron(eye(shapes.times(m, n)), vec(A[1]))
        else:
            inside = kron(vec(A[0]), eye(shapes.times(p, q)))
        return mul(shuffle, inside)

    def latex(self, node: Node, w: Writer) -> Written:
        return r" \otimes ".join(w(a, 21) for a in node.operands), 20

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.kron({a[0]}, {a[1]})"


class Contraction(Linear):
    r"""The adjoint of $A \mapsto A \otimes B$ (or of $B$'s slot): blocks of G summed against B."""

    name = "kron_contract"
    law = r"d\langle G, B\rangle_\otimes = \langle dG, B\rangle_\otimes + \langle G, dB\rangle_\otimes"
    samples = ("nk mp, k p", "nk mp, n m")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        slot, rows, cols = params
        (p, q), (R, C) = rows_cols(A[1]), rows_cols(A[0])
        if not (shapes.same(R, shapes.times(rows, p)) and shapes.same(C, shapes.times(cols, q))):
            raise ShapeError(f"kron_contract: {named(A[0])} is not made of blocks like {named(A[1])}")
        return rows, cols

    def build(self, A: Operands, params: Params) -> Node:
        slot, rows, cols = params
        return contraction(A[0], A[1], slot, (rows, cols))

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        slot, rows, cols = params
        p, q = x.shape(1)

        def at(a: Any, b: Any) -> Any:
            place = (i * p + a, j * q + b) if slot == 0 else (a * rows + i, b * cols + j)
            return x.function("times", x(0, *place), x(1, a, b))

        return x.sum(p, lambda a: x.sum(q, lambda b: at(a, b)))

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        side, rows, cols = params
        if slot == 0:
            return kron(G, A[1]) if side == 0 else kron(A[1], G)
        return contraction(A[0], G, 1 - side, A[1].shape)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        side, rows, cols = params
        p, q = A[1].shape
        if slot == 0:
            G = BUILD["placeholder"]("X", (rows, cols))  # type: ignore[arg-type]
            pair = (G, A[1]) if side == 0 else (A[1], G)
            return t(KRON.vec_matrix(side, pair, ()))
        # Linear in B: read G's own vec through the transposed matrix of the other slot, entry wise.
        pair_shape = ((rows, cols), (p, q)) if side == 0 else ((p, q), (rows, cols))
        (m, n), (r, s) = pair_shape
        shuffle = kron(kron(eye(n), commutation(s, m)), eye(r))
        folded = unvec(mul(t(shuffle), vec(A[0])), shapes.times(r, s), shapes.times(m, n))
        return t(folded) if side == 0 else folded

    def latex(self, node: Node, w: Writer) -> Written:
        G, B = (w(a) for a in node.operands)
        side = ("L", "R")[node.params[0]]
        return rf"\left\langle {G}, {B} \right\rangle_{{\otimes {side}}}", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        G, B = (w(a) for a in node.operands)
        slot, rows, cols = node.params
        return f"kron_contract({G}, {B}, {slot}, {shapes.show_dim(rows)}, {shapes.show_dim(cols)})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        slot, rows, cols = params
        axes = (0, 1) if slot == "0" else (1, 0)
        split = (
            f"np.reshape({a[0]}, ({rows}, B.shape[0], {cols}, B.shape[1]))"
            if axes == (0, 1)
            else f"np.reshape({a[0]}, (B.shape[0], {rows}, B.shape[1], {cols}))"
        )
        pattern = "iajb,ab->ij" if axes == (0, 1) else "aibj,ab->ij"
        return f"(lambda B: np.einsum('{pattern}', {split}, B))(np.atleast_2d({a[1]}))"


def contraction(G: Any, B: Any, slot: int, shape: Shape) -> Node:
    """The D with <G, A kron B> = <D, A> (slot 0), or <G, B kron A> = <D, A> (slot 1)."""
    big, small = operand(G), operand(B)
    rows, cols = shape or (shapes.ONE, shapes.ONE)
    if not small.shape:
        return mul(small, big)
    if rows == 1 and cols == 1:
        return BUILD["inner"](big, small)
    if is_zero(big) or is_zero(small):
        return zeros(rows, cols)
    return make(CONTRACTION, (big, small), (int(slot), rows, cols))


@function("kron_contract")
def kron_contract(G: Any, B: Any, slot: Any, rows: Any, cols: Any) -> Node:
    """The adjoint of the Kronecker product in one of its operands."""
    return contraction(G, B, int(slot), (dim_of(rows), dim_of(cols)))


def dim_of(value: Any) -> Dim:
    """A dimension argument: a dimension, or a node made of dimensions."""
    return shapes.dim(BUILD["dimension_of"](value) if isinstance(value, Node) else value)


@function()
def kron(A: Any, B: Any, *more: Any) -> Node:
    """Kronecker product; identities of size one drop, two identities make one."""
    left, right = operand(A), operand(B)
    if more:
        return kron(kron(left, right), *more)
    if not left.shape or not right.shape:
        return mul(left, right)
    (m, n), (p, q) = left.shape, right.shape
    if left.op is EYE and right.op is EYE:
        return eye(shapes.times(m, p))
    if left.op is ONES and right.op is ONES:
        return ones(shapes.times(m, p), shapes.times(n, q))
    if is_zero(left) or is_zero(right):
        return zeros(shapes.times(m, p), shapes.times(n, q))
    scalars, rest = scalars_in_front(left)
    more_scalars, other = scalars_in_front(right)
    if scalars or more_scalars:
        return mul(*scalars, *more_scalars, kron(rest, other))
    return make(KRON, (left, right))


class Vec(Linear):
    r"""$\operatorname{vec}A$: the columns of A, stacked."""

    name = "vec"
    law = r"d\operatorname{vec}A = \operatorname{vec}(dA)"
    samples = ("n m",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return shapes.times(*A[0].shape), shapes.ONE

    def build(self, A: Operands, params: Params) -> Node:
        return vec(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        div, rest = x.divide  # type: ignore[attr-defined]
        rows, _ = x.shape(0)
        return x(0, rest(i, rows), div(i, rows))

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return unvec(G, *A[0].shape)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return eye(shapes.times(*A[0].shape))

    def latex(self, node: Node, w: Writer) -> Written:
        return rf"\operatorname{{vec}}\left({w(node.operands[0])}\right)", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.reshape(({a[0]}).T, (-1, 1))"


class Unvec(Linear):
    r"""The $n \times m$ matrix whose vec is given."""

    name = "unvec"
    law = r"d\operatorname{unvec}(v) = \operatorname{unvec}(dv)"
    samples = ("nm 1",)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = rows_cols(A[0])
        if cols != 1 or not shapes.same(rows, shapes.times(*params)):
            raise ShapeError(
                f"unvec wants a column of {shapes.show_dim(shapes.times(*params))} entries, but {named(A[0])}"
            )
        return params[0], params[1]

    def build(self, A: Operands, params: Params) -> Node:
        return unvec(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x(0, j * params[0] + i, 0)

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return vec(G)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return eye(shapes.times(*params))

    def latex(self, node: Node, w: Writer) -> Written:
        rows, cols = map(sp.latex, node.params)
        return rf"\operatorname{{unvec}}_{{{rows} \times {cols}}}\left({w(node.operands[0])}\right)", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        rows, cols = map(shapes.show_dim, node.params)
        return f"unvec({w(node.operands[0])}, {rows}, {cols})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.reshape({a[0]}, ({params[1]}, {params[0]})).T"


@function()
def vec(A: Any) -> Node:
    """The columns of A stacked; a column is its own vec, a row's is its transpose."""
    node = operand(A)
    if not node.shape or node.shape[1] == 1:
        return node
    if node.shape[0] == 1:
        return t(node)
    if node.op is UNVEC:
        return node.operands[0]
    rows, cols = node.shape
    if node.op is ONES or node.op is ZEROS:
        return make(node.op, (), (shapes.times(rows, cols), shapes.ONE))
    scalars, rest = scalars_in_front(node)
    return mul(*scalars, vec(rest)) if scalars else make(VEC, (node,))


@function()
def unvec(v: Any, rows: Any, cols: Any) -> Node:
    """The rows x cols matrix whose columns are stacked in v."""
    node, shape = operand(v), (dim_of(rows), dim_of(cols))
    if shape[1] == 1 or shape == (1, 1):
        UNVEC.shape_of((node,), shape)
        return node
    if shape[0] == 1:
        UNVEC.shape_of((node,), shape)
        return t(node)
    if node.op is VEC and shapes.same_shape(node.operands[0].shape, shape):
        return node.operands[0]
    if node.op is ONES or node.op is ZEROS:
        UNVEC.shape_of((node,), shape)
        return make(node.op, (), shape)
    scalars, rest = scalars_in_front(node)
    return mul(*scalars, unvec(rest, *shape)) if scalars else make(UNVEC, (node,), shape)


class Commutation(Op):
    r"""The commutation matrix $K_{nm}$ with $K\,\operatorname{vec}A = \operatorname{vec}(A^\top)$."""

    name = "commutation"
    constant = True

    def shape_of(self, A: Operands, params: Params) -> Shape:
        size = shapes.times(*params)
        return size, size

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        rows, cols = params
        div, rest = x.divide  # type: ignore[attr-defined]
        return x.delta(j, rest(i, cols) * rows + div(i, cols))

    def latex(self, node: Node, w: Writer) -> Written:
        rows, cols = map(sp.latex, node.params)
        return rf"K_{{{rows}, {cols}}}", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        rows, cols = map(shapes.show_dim, node.params)
        return f"commutation({rows}, {cols})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        rows, cols = params
        return (
            f"np.eye(({rows}) * ({cols}))"
            f"[np.reshape(np.arange(({rows}) * ({cols})), (({cols}), ({rows}))).T.ravel()]"
        )


@function()
def commutation(rows: Any, cols: Any) -> Node:
    """The K with ``K*vec(A) = vec(A')`` for A of rows x cols."""
    n, m = dim_of(rows), dim_of(cols)
    return eye(shapes.times(n, m)) if n == 1 or m == 1 else make(COMMUTATION, (), (n, m))


# -- blocks and slices -----------------------------------------------------------------------------------


class Stack(Linear):
    def __init__(self, name: str, axis: int) -> None:
        self.name = name  # type: ignore[misc]
        self.axis = axis
        sep = "A & B" if axis else r"A \\ B"
        self.__doc__ = rf"Stacking $\begin{{bmatrix}} {sep} \end{{bmatrix}}$."
        self.law = rf"d\begin{{bmatrix}} {sep} \end{{bmatrix}} = \begin{{bmatrix}} d{sep.replace(' B', ' dB')} \end{{bmatrix}}"  # type: ignore[misc]
        self.samples = ("n m, n k", "n m, n k, n 1") if axis else ("n m, k m", "n m, 1 m, k m")  # type: ignore[misc]

    keeps_1x1 = False

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = zip(*(rows_cols(a) for a in A), strict=True)
        along, across = (cols, rows) if self.axis else (rows, cols)
        for a, d in zip(A, across, strict=True):
            if not shapes.same(d, across[0]):
                kind = "rows" if self.axis else "columns"
                raise ShapeError(f"{self.name} needs equally many {kind}: {named(A[0])} beside {named(a)}")
        total = shapes.plus(*along)
        return (across[0], total) if self.axis else (total, across[0])

    def build(self, A: Operands, params: Params) -> Node:
        return stack(self, *A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        place = j if self.axis else i
        cases: list[tuple[Any, Callable[[], Any]]] = []
        start: Any = sp.Integer(0)
        for k in x.slots:  # type: ignore[attr-defined]
            here, end = start, start + x.shape(k)[self.axis]
            at = (lambda k=k, s=here: x(k, i, place - s)) if self.axis else (lambda k=k, s=here: x(k, place - s, j))
            cases.append((place < end, at))
            start = end
        return x.choose(cases)

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        start = shapes.plus(*(rows_cols(a)[self.axis] for a in A[:slot])) if slot else sp.Integer(0)
        rows, cols = rows_cols(A[slot])
        if self.axis:
            return part(G, sp.Integer(0), start, rows, cols)
        return part(G, start, sp.Integer(0), rows, cols)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        rows, cols = rows_cols(A[slot])
        others = [rows_cols(a)[self.axis] for a in A]
        own = eye(others[slot])
        before = [zeros(d, others[slot]) for d in others[:slot]]
        after = [zeros(d, others[slot]) for d in others[slot + 1 :]]
        pick = stack(VSTACK, *before, own, *after)
        return kron(pick, eye(rows)) if self.axis else kron(eye(cols), pick)

    def latex(self, node: Node, w: Writer) -> Written:
        sep = " & " if self.axis else r" \\ "
        return rf"\begin{{bmatrix}} {sep.join(w(a) for a in node.operands)} \end{{bmatrix}}", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        # A scalar operand is a 1 x 1 block.
        return f"np.{self.name}([{', '.join(f'np.atleast_2d({v})' for v in a)}])"


def stack(op: Stack, *blocks: Any) -> Node:
    nodes: list[Node] = []
    for value in blocks:
        node = operand(value)
        nodes.extend(node.operands if node.op is op else (node,))
    if not nodes:
        raise ShapeError(f"{op.name} takes at least one block")
    if len(nodes) == 1:
        return nodes[0]
    if all(is_zero(n) for n in nodes):
        return zero_of(op.shape_of(tuple(nodes), ()))
    if all(n.op is ONES or (not n.shape and n is number(1)) for n in nodes):
        return ones(*op.shape_of(tuple(nodes), ()))
    return make(op, tuple(nodes))


@function()
def hstack(*blocks: Any) -> Node:
    """Blocks side by side."""
    return stack(HSTACK, *blocks)


@function()
def vstack(*blocks: Any) -> Node:
    """Blocks on top of one another."""
    return stack(VSTACK, *blocks)


def block(rows: Sequence[Sequence[Any]]) -> Node:
    """A block matrix from rows of blocks."""
    return vstack(*(hstack(*row) for row in rows))


class Slice(Linear):
    r"""A block $A_{r:r+h,\,c:c+w}$ of a matrix."""

    name = "slice"
    law = r"d(A_{r,c}) = (dA)_{r,c}"
    samples = ("n+k m+p",)

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        free, level = super().binding(operands, params)
        return BUILD["merge_indices"](free, *params), level

    def shape_of(self, A: Operands, params: Params) -> Shape:
        top, left, rows, cols = params
        for start, count, of, what in ((top, rows, A[0].shape[0], "rows"), (left, cols, A[0].shape[1], "columns")):
            over = sp.expand(start + count - of)
            if start.is_negative or (over.is_number and over > 0):
                raise ShapeError(
                    f"{what} {start + 1} to {start + count} are not all in {named(A[0])}"
                )
        return rows, cols

    def build(self, A: Operands, params: Params) -> Node:
        return part(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        top, left, _, _ = params
        i, j = (0 if i is None else i), (0 if j is None else j)
        return x(0, top + i, left + j)

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return place(G, params[0], params[1], *A[0].shape)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        top, left, rows, cols = params
        (n, m) = A[0].shape
        return kron(_picker(left, cols, m), _picker(top, rows, n))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.sliced(node), POW

    def text(self, node: Node, w: Writer) -> Written:
        return f"{w(node.operands[0], ATOM)}({slice_text(node)})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        top, left, rows, cols = params
        return f"({a[0]})[{top}:({top}) + ({rows}), {left}:({left}) + ({cols})]"


def slice_text(node: Node) -> str:
    """The index pair of a slice, 1-based as in MATLAB."""
    top, left, rows, cols = node.params
    n, m = node.operands[0].shape

    def along(start: Any, count: Any, of: Any) -> str:
        if start == 0 and shapes.same(count, of):
            return ":"
        first, last = shapes.show_dim(start + 1), shapes.show_dim(sp.expand(start + count))
        return first if count == 1 else f"{first}:{last}"

    return f"{along(top, rows, n)}, {along(left, cols, m)}"


def _picker(start: Any, count: Any, of: Any) -> Node:
    """The count x of matrix that picks rows start, ..., start + count - 1."""
    return part(eye(of), start, sp.Integer(0), count, of)


def part(A: Any, top: Any, left: Any, rows: Any, cols: Any) -> Node:
    """Rows top, ..., top + rows - 1 and columns left, ...: counted from 0."""
    node = operand(A)
    top, left, rows, cols = (sp.sympify(v) if isinstance(v, int) else v for v in (top, left, rows, cols))
    if not node.shape:
        return node
    params = (top, left, rows, cols)
    if top == 0 and left == 0 and shapes.same_shape((rows, cols), node.shape):
        return node
    SLICE.shape_of((node,), params)
    if rows == 1 and cols == 1:
        return entry(node, top, left)
    if node.op in (ONES, ZEROS):
        return make(node.op, (), (rows, cols))
    scalars, rest = scalars_in_front(node)
    return mul(*scalars, part(rest, *params)) if scalars else make(SLICE, (node,), params)


class Place(Linear):
    r"""A block put into a matrix of zeros."""

    name = "place"
    law = r"d\operatorname{place}(A) = \operatorname{place}(dA)"
    keeps_1x1 = True
    samples = ("n m", "")

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        free, level = super().binding(operands, params)
        return BUILD["merge_indices"](free, *params), level

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return params[2], params[3]

    def build(self, A: Operands, params: Params) -> Node:
        return place(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        top, left = params[0], params[1]
        rows, cols = x.shape(0)
        inside = sp.And(i >= top, i < top + rows, j >= left, j < left + cols)
        return x.choose([(inside, lambda: x(0, i - top, j - left)), (True, lambda: sp.Integer(0))])

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return part(G, params[0], params[1], *rows_cols(A[0]))

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        top, left, n, m = params
        rows, cols = rows_cols(A[0])
        return t(kron(_picker(left, cols, m), _picker(top, rows, n)))

    def latex(self, node: Node, w: Writer) -> Written:
        top, left, n, m = (sp.latex(p) for p in node.params)
        inside = w(node.operands[0])
        return rf"\operatorname{{place}}_{{({top}, {left})}}^{{{n} \times {m}}}\left({inside}\right)", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        top, left, n, m = node.params
        args = ", ".join(shapes.show_dim(p) for p in (top + 1, left + 1, n, m))
        return f"place({w(node.operands[0])}, {args})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        top, left, n, m = params
        return (
            f"(lambda B: np.pad(B, ((({top}), ({n}) - ({top}) - B.shape[0]),"
            f" (({left}), ({m}) - ({left}) - B.shape[1]))))(np.atleast_2d({a[0]}))"
        )


def place(A: Any, top: Any, left: Any, rows: Any, cols: Any) -> Node:
    """A rows x cols matrix of zeros with A at (top, left), counted from 0."""
    node = operand(A)
    if is_zero(node):
        return zeros(rows, cols)
    if node.shape and shapes.same_shape(node.shape, (rows, cols)):
        return node
    if rows == 1 and cols == 1:
        return node
    scalars, rest = scalars_in_front(node)
    if scalars and rest.shape:
        return mul(*scalars, place(rest, top, left, rows, cols))
    if not node.shape and node is not number(1):
        return mul(node, make(PLACE, (number(1),), (top, left, rows, cols)))
    return make(PLACE, (node,), (top, left, rows, cols))


@function("place")
def place_from_one(A: Any, top: Any, left: Any, rows: Any, cols: Any) -> Node:
    """A matrix of zeros with A at row ``top``, column ``left``, counted from 1 as in the text language."""
    at = [dim_of(v) for v in (top, left, rows, cols)]
    return place(A, sp.expand(at[0] - 1), sp.expand(at[1] - 1), at[2], at[3])


class Entry(Linear):
    r"""A single entry $A_{ij}$, counted from 0."""

    name = "entry"
    law = r"d(A_{ij}) = (dA)_{ij}"
    samples = ("n m",)

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        free, level = super().binding(operands, params)
        return BUILD["merge_indices"](free, *params), level

    def shape_of(self, A: Operands, params: Params) -> Shape:
        for index, of, what in zip(params, A[0].shape, ("row", "column"), strict=True):
            over = sp.expand(index - of)
            if index.is_negative or (over.is_number and over >= 0):
                raise ShapeError(f"there is no {what} {index} (counted from 0) in {named(A[0])}")
        return ()

    def build(self, A: Operands, params: Params) -> Node:
        return entry(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x(0, *params)

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return place(G, params[0], params[1], *A[0].shape)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        i, j = params
        n, m = A[0].shape
        one = sp.Integer(1)
        return kron(t(place(number(1), j, 0, m, one)), t(place(number(1), i, 0, n, one)))

    def latex(self, node: Node, w: Writer) -> Written:
        return w.entry(node), POW

    def text(self, node: Node, w: Writer) -> Written:
        i, j = (shapes.show_dim(p + 1) for p in node.params)
        return f"{w(node.operands[0], ATOM)}({i}, {j})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"({a[0]})[{params[0]}, {params[1]}]"


def entry(A: Any, i: Any, j: Any) -> Node:
    """Entry (i, j) counted from 0; integers from the end are counted as in Python."""
    node = read(A)
    if not node.shape:
        return node
    places = [_index(k, of) for k, of in zip((i, j), node.shape, strict=True)]
    if node.shape == (1, 1):
        return item(node)
    if node.op is ONES:
        return number(1)
    if node.op is ZEROS:
        return number(0)
    return make(ENTRY, (node,), tuple(places))


def _index(k: Any, of: Dim) -> Any:
    if isinstance(k, Node):
        k = BUILD["dimension_of"](k)
    value = sp.Integer(k) if isinstance(k, int) else k
    if not isinstance(value, sp.Expr) or value.is_integer is False:
        raise ShapeError(f"an index is an integer or an integer symbol, not {k!r}")
    return sp.expand(of + value) if value.is_negative and value.is_number else shapes.canonical(value)


def getitem(A: Node, key: Any) -> Node:
    """``A[i, j]`` and ``A[i:j, k:l]``, counted from 0 as everywhere in Python."""
    if not isinstance(key, tuple) or len(key) != 2:
        raise ShapeError(f"write {brief(A)}[i, j] or {brief(A)}[i:j, k:l]: both a row and a column")
    if not any(isinstance(k, slice) for k in key):
        return entry(A, *key)
    starts, counts = [], []
    for k, of in zip(key, A.shape, strict=True):
        if isinstance(k, slice):
            if k.step not in (None, 1):
                raise ShapeError(f"a slice has step 1, not {k.step}")
            start = _index(0 if k.start is None else k.start, of)
            stop = of if k.stop is None else _index(k.stop, of)
            count = sp.expand(stop - start)
            if count.is_number and count < 1:
                raise ShapeError(f"the slice {start}:{stop} of {named(A)} is empty")
        else:
            start, count = _index(k, of), sp.Integer(1)
        starts.append(start)
        counts.append(count)
    return part(A, *starts, *counts)


# -- triangles -----------------------------------------------------------------------------------------


class Triangle(Linear):
    def __init__(self, name: str, lower: bool) -> None:
        self.name = name  # type: ignore[misc]
        self.lower = lower
        self.__doc__ = f"The {'lower' if lower else 'upper'} triangle, the diagonal included: ${{\\rm {name}}}(A)$."
        self.law = rf"d\operatorname{{{name}}}(A) = \operatorname{{{name}}}(dA)"  # type: ignore[misc]

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
        return diag_matrix(vec(triangle(self, ones(*A[0].shape))))

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


ITEM = register(Item())
BOX = register(Box())
DIAG = register(Diag())
DIAGONAL = register(Diagonal())
DIAGONAL_PICK = register(DiagonalPick())
KRON = register(Kron())
CONTRACTION = register(Contraction())
VEC = register(Vec())
UNVEC = register(Unvec())
COMMUTATION = register(Commutation())
VSTACK = Stack("vstack", 0)
HSTACK = Stack("hstack", 1)
register(VSTACK)
register(HSTACK)
SLICE = register(Slice())
PLACE = register(Place())
ENTRY = register(Entry())
TRIL = Triangle("tril", True)
TRIU = Triangle("triu", False)
register(TRIL)
register(TRIU)
BUILD.update(  # type: ignore[call-overload]
    item=item,
    box=box,
    diag=diag_matrix,
    diagonal=diagonal,
    kron=kron,
    vec=vec,
    unvec=unvec,
    commutation=commutation,
    eye=eye,
    zero_of=zero_of,
    tril=tril,
    triu=triu,
    entry=entry,
    getitem=getitem,
    place=place,
)
_ = had
