"""Blocks: stacking, slicing, and placing a block in a matrix of zeros.

They come in adjoint pairs: a stack's adjoint is a slice, a slice's is a place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError, wants
from matcalc.expr import BUILD, Node, as_number, brief, is_number, make, number
from matcalc.ops.algebra import (
    ONES,
    ZEROS,
    eye,
    is_zero,
    mul,
    ones,
    t,
    zero_of,
    zeros,
)
from matcalc.ops.base import (
    ATOM,
    POW,
    Entries,
    Linear,
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
from matcalc.ops.entries import checked_index, entry, outside
from matcalc.ops.kronecker import dim_of, kron
from matcalc.ops.reduce import scalars_in_front
from matcalc.shapes import Dim, Shape

AXIS_SAMPLES = (("n m, k m", "n m, 1 m, k m", "n 1, "), ("n m, n k", "n m, n k, n 1", "1 n, "))


class Stack(Linear):
    def __init__(self, name: str, axis: int) -> None:
        self.name = name  # type: ignore[misc]
        self.axis = axis
        side_by_side = ("A & B", "dA & dB") if axis else (r"A \\ B", r"dA \\ dB")
        before, after = (rf"\begin{{bmatrix}} {b} \end{{bmatrix}}" for b in side_by_side)
        self.__doc__ = f"Blocks {'side by side' if axis else 'on top of one another'}, ${before}$."
        self.law = f"d{before} = {after}"  # type: ignore[misc]
        self.samples = AXIS_SAMPLES[axis]  # type: ignore[misc]

    def shape_of(self, A: Operands, params: Params) -> Shape:
        rows, cols = zip(*(rows_cols(a) for a in A), strict=True)
        along, across = (cols, rows) if self.axis else (rows, cols)
        for a, d in zip(A, across, strict=True):
            if not shapes.same(d, across[0]):
                kind = "rows" if self.axis else "columns"
                raise ShapeError(
                    f"{self.name} needs equally many {kind}: {named(A[0])} beside {named(a)}"
                )
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
            at = (
                (lambda k=k, s=here: x(k, i, place - s))
                if self.axis
                else (lambda k=k, s=here: x(k, place - s, j))
            )
            cases.append((place < end, at))
            start = end
        return x.choose(cases)

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        # A stack is a sum of placed blocks: what does not change contributes nothing.
        return stack(self, *(dA if k == slot else zero_of(a.shape) for k, a in enumerate(A)))

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
    if all(n.op is ONES or (is_number(n) and as_number(n) == 1) for n in nodes):
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
    wants((list, tuple), rows, "a block matrix is made of rows, each a list of blocks")
    for row in rows:
        wants((list, tuple), row, "a row of a block matrix is a list of blocks")
    return vstack(*(hstack(*row) for row in rows))


class Slice(Linear):
    r"""A block $A_{r:r+h,\,c:c+w}$ of a matrix."""

    name = "slice"
    law = r"d(A_{r,c}) = (dA)_{r,c}"
    samples = ("n+k m+p", "n+k 1", "n m")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        (n, m), zero, one = A[0].shape, sp.Integer(0), sp.Integer(1)
        i, (k,) = shapes.dims("i"), n.args[:1] or (one,)
        if m == 1:
            return ((zero, zero, k, one), (k, zero, sp.expand(n - k), one))
        if not m.is_Add:
            return ((zero, one, n, one), (i, zero, one, m))
        p = m.args[0]
        return (k, zero, sp.expand(n - k), p), (one, sp.expand(m - p), one, p)

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        free, level = super().binding(operands, params)
        return BUILD["merge_indices"](free, *params), level

    def shape_of(self, A: Operands, params: Params) -> Shape:
        top, left, rows, cols = params
        for start, count, of, what in (
            (top, rows, A[0].shape[0], "rows"),
            (left, cols, A[0].shape[1], "columns"),
        ):
            if outside(start, count, of):
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
    top, left, rows, cols = (
        sp.Integer(v) if isinstance(v, int) else v for v in (top, left, rows, cols)
    )
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
    samples = ("n m", "1 m", "")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        (rows, cols), (k, p, i, j) = rows_cols(A[0]), shapes.dims("k p i j")
        zero, one = sp.Integer(0), sp.Integer(1)
        return (
            (k, zero, rows + k, cols + p),
            (zero, one, rows, cols + 1),
            (i, j, rows + i, cols + j + p),
        )

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        free, level = super().binding(operands, params)
        return BUILD["merge_indices"](free, *params), level

    def shape_of(self, A: Operands, params: Params) -> Shape:
        top, left, n, m = params
        for start, count, of in zip((top, left), rows_cols(A[0]), (n, m), strict=True):
            if outside(start, count, of):
                raise ShapeError(
                    f"{named(A[0])} at row {top}, column {left} (counted from 0) is not inside a "
                    f"{shapes.show((n, m))} matrix"
                )
        return n, m

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
        """The block among blocks of zeros, which carry their sizes."""
        A = node.operands[0]
        top, left, n, m = node.params
        rows, cols = rows_cols(A)
        high, wide = (
            (top, rows, sp.expand(n - top - rows)),
            (left, cols, sp.expand(m - left - cols)),
        )
        lines = [
            " & ".join(
                w(A) if (i, j) == (1, 1) else rf"0_{{{sp.latex(a)} \times {sp.latex(b)}}}"
                for j, b in enumerate(wide)
                if b != 0
            )
            for i, a in enumerate(high)
            if a != 0
        ]
        below = r" \\ ".join(lines)
        return rf"\begin{{bmatrix}} {below} \end{{bmatrix}}", ATOM

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
    params = (checked_index(top), checked_index(left), dim_of(rows), dim_of(cols))
    shape = PLACE.shape_of((node,), params)
    if is_zero(node):
        return zeros(*shape)
    if shapes.same_shape(rows_cols(node), shape):
        return node
    scalars, rest = scalars_in_front(node)
    if scalars and rest.shape:
        return mul(*scalars, place(rest, *params))
    if not node.shape and not (is_number(node) and as_number(node) == 1):
        return mul(node, make(PLACE, (number(1),), params))
    return make(PLACE, (node,), params)


@function("place")
def place_from_one(A: Any, top: Any, left: Any, rows: Any, cols: Any) -> Node:
    """A matrix of zeros with A at row ``top``, column ``left``, counted from 1 as in the text."""
    at = [dim_of(v) for v in (top, left, rows, cols)]
    return place(A, sp.expand(at[0] - 1), sp.expand(at[1] - 1), at[2], at[3])


def getitem(A: Node, key: Any) -> Node:
    """``A[i, j]`` and ``A[i:j, k:l]``: from 0, negative numbers from the end, as in Python."""
    if not isinstance(key, tuple) or len(key) != 2:
        raise ShapeError(f"write {brief(A)}[i, j] or {brief(A)}[i:j, k:l]: both a row and a column")
    if not any(isinstance(k, slice) for k in key):
        return entry(A, *(_from_the_end(k, of) for k, of in zip(key, A.shape, strict=True)))
    starts, counts = [], []
    for k, of in zip(key, A.shape, strict=True):
        if isinstance(k, slice):
            if k.step not in (None, 1):
                raise ShapeError(f"a slice has step 1, not {k.step}")
            start = sp.Integer(0) if k.start is None else _from_the_end(k.start, of)
            stop = of if k.stop is None else _from_the_end(k.stop, of)
            count = sp.expand(stop - start)
            if count.is_number and count < 1:
                raise ShapeError(f"the slice {start}:{stop} of {named(A)} is empty")
        else:
            start, count = _from_the_end(k, of), sp.Integer(1)
        starts.append(start)
        counts.append(count)
    return part(A, *starts, *counts)


def _from_the_end(k: Any, of: Dim) -> sp.Expr:
    value = checked_index(k)
    return sp.expand(of + value) if value.is_number and value < 0 else value


VSTACK = Stack("vstack", 0)
HSTACK = Stack("hstack", 1)
register(VSTACK)
register(HSTACK)
SLICE = register(Slice())
PLACE = register(Place())
BUILD.update(getitem=getitem, place=place)
