"""Kronecker products with their two partial contractions, vec and unvec, the commutation matrix.

vec stacks columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, make
from matcalc.ops.algebra import (
    EYE,
    ONES,
    ZEROS,
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
    rows_cols,
)
from matcalc.ops.reduce import scalars_in_front
from matcalc.shapes import Dim, Shape


class Kron(Linear):
    r"""Kronecker product $A \otimes B$."""

    name = "kron"
    law = r"d(A \otimes B) = dA \otimes B + A \otimes dB"
    samples = ("n m, k p", "n 1, k p", "n m, 1 p")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = zip(*(rows_cols(a) for a in A), strict=True)
        return shapes.times(*rows), shapes.times(*cols)

    def build(self, A: Operands, params: Params) -> Node:
        return kron(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        (_, _), (p, q) = x.shape(0), x.shape(1)
        div, rest = x.divide  # type: ignore[attr-defined]
        return x.function("times", x(0, div(i, p), div(j, q)), x(1, rest(i, p), rest(j, q)))

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return contraction(G, A[1 - slot], slot, A[slot].shape)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        # vec(A kron B) = (I kron K kron I)(vec A kron vec B): Magnus and Neudecker, ch. 3, sec. 7.
        (m, n), (p, q) = A[0].shape, A[1].shape
        shuffle = kron(kron(eye(n), commutation(q, m)), eye(p))
        inside = (
            kron(eye(shapes.times(m, n)), vec(A[1]))
            if slot == 0
            else kron(vec(A[0]), eye(shapes.times(p, q)))
        )
        return mul(shuffle, inside)

    def latex(self, node: Node, w: Writer) -> Written:
        return r" \otimes ".join(w(a, 21) for a in node.operands), 20

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.kron({a[0]}, {a[1]})"


class Contraction(Linear):
    r"""The adjoint of $A \mapsto A \otimes B$ (or of $B$'s slot): blocks of G summed against B."""

    name = "kron_contract"
    law = (
        r"d\langle G, B\rangle_\otimes = \langle dG, B\rangle_\otimes"
        r" + \langle G, dB\rangle_\otimes"
    )
    samples = ("nk mp, k p", "nk m, k 1")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        rows, cols = (sp.cancel(a / b) for a, b in zip(A[0].shape, A[1].shape, strict=True))
        return (0, rows, cols), (1, rows, cols)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        _, rows, cols = params
        (p, q), (R, C) = rows_cols(A[1]), rows_cols(A[0])
        if not (shapes.same(R, shapes.times(rows, p)) and shapes.same(C, shapes.times(cols, q))):
            raise ShapeError(
                f"kron_contract: {named(A[0])} is not made of blocks like {named(A[1])}"
            )
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
        side = params[0]
        if slot == 0:
            return kron(G, A[1]) if side == 0 else kron(A[1], G)
        return contraction(A[0], G, 1 - side, A[1].shape)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        side, rows, cols = params
        p, q = A[1].shape
        if slot == 0:
            G = BUILD["placeholder"]("X", (rows, cols))
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
        return (
            f"kron_contract({G}, {B}, {slot}, {shapes.show_dim(rows)}, {shapes.show_dim(cols)})",
            ATOM,
        )

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

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return (A[0].shape[0].args,)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = rows_cols(A[0])
        if cols != 1 or not shapes.same(rows, shapes.times(*params)):
            wanted = shapes.show_dim(shapes.times(*params))
            raise ShapeError(f"unvec wants a column of {wanted} entries, but {named(A[0])}")
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
        return (
            rf"\operatorname{{unvec}}_{{{rows} \times {cols}}}\left({w(node.operands[0])}\right)",
            ATOM,
        )

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
    r"""The commutation matrix $K_{nm}$: $K\,\operatorname{vec}A = \operatorname{vec}(A^\top)$."""

    name = "commutation"
    constant = True

    def build(self, A: Operands, params: Params) -> Node:
        return commutation(*params)

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return (shapes.dims("n m"),)

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


KRON = register(Kron())
CONTRACTION = register(Contraction())
VEC = register(Vec())
UNVEC = register(Unvec())
COMMUTATION = register(Commutation())
BUILD.update(kron=kron, vec=vec, unvec=unvec, commutation=commutation)
