"""Images and signals: patches laid out as rows, their adjoint, and entries regrouped row by row.

A matrix of images is ``n x (c h w)``: an image a row, channel by channel, each channel row by row.
``unfold`` makes a row of every patch a kernel sees, ``(n h' w') x (c a b)``; a convolution is then
a matrix product. ``fold`` is its adjoint: it adds every patch back where it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import Node, make
from matcalc.ops.algebra import ONES, eye, is_zero, mul, ones, t, zeros
from matcalc.ops.base import (
    ATOM,
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
from matcalc.ops.entries import checked_index
from matcalc.ops.kronecker import commutation, dim_of, kron
from matcalc.ops.reduce import scalars_in_front
from matcalc.shapes import Dim, Shape


class ReshapeRows(Linear):
    r"""The entries of A, read row by row, as an $r \times c$ matrix (NumPy's reshape)."""

    name = "reshape_rows"
    law = r"d\operatorname{rows}(A) = \operatorname{rows}(dA)"
    samples = ("n mk", "nk m")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        rows, cols = A[0].shape
        if not (rows.is_Mul or cols.is_Mul):
            return ((shapes.times(rows, cols), shapes.ONE),)
        first, second = (cols if cols.is_Mul else rows).args
        if cols.is_Mul:
            return (shapes.times(rows, first), second), (shapes.times(rows, second), first)
        return (first, shapes.times(second, cols)), (shapes.times(*A[0].shape), shapes.ONE)

    def shape_of(self, A: Operands, params: Params) -> Shape:
        if not shapes.same(shapes.times(*rows_cols(A[0])), shapes.times(*params)):
            raise ShapeError(f"cannot lay out {named(A[0])} as {shapes.show(params)}")
        return params

    def build(self, A: Operands, params: Params) -> Node:
        return reshape_rows(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        div, rest = x.divide  # type: ignore[attr-defined]
        _, cols = x.shape(0)
        place = (i or 0) * params[1] + (j or 0)
        return x(0, div(place, cols), rest(place, cols))

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return reshape_rows(G, *rows_cols(A[0]))

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return _regrouping(rows_cols(A[0]), params)

    def latex(self, node: Node, w: Writer) -> Written:
        rows, cols = map(sp.latex, node.params)
        inside = w(node.operands[0])
        return rf"\operatorname{{rows}}_{{{rows} \times {cols}}}\left({inside}\right)", ATOM

    def text(self, node: Node, w: Writer) -> Written:
        rows, cols = map(shapes.show_dim, node.params)
        return f"reshape_rows({w(node.operands[0])}, {rows}, {cols})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return f"np.reshape({a[0]}, ({params[0]}, {params[1]}))"


def _regrouping(before: Shape, after: Shape) -> Node:
    """The permutation M with ``M vec(A) = vec(reshape_rows(A))``: vec of A' reads A row by row."""
    return mul(commutation(after[1], after[0]), commutation(*before))


@function()
def reshape_rows(A: Any, rows: Any, cols: Any) -> Node:
    """The entries of A, read row by row, as a rows x cols matrix: NumPy's reshape."""
    node, shape = operand(A), (dim_of(rows), dim_of(cols))
    RESHAPE_ROWS.shape_of((node,), shape)
    if shapes.same_shape(rows_cols(node), shape):
        return node
    if node.op is RESHAPE_ROWS:
        return reshape_rows(node.operands[0], *shape)
    if is_zero(node):
        return zeros(*shape)
    if node.op is ONES:
        return ones(*shape)
    # A row as a column, or a column as a row, is a transpose.
    if 1 in node.shape and tuple(reversed(node.shape)) == shape:
        return t(node)
    scalars, rest = scalars_in_front(node)
    return (
        mul(*scalars, reshape_rows(rest, *shape)) if scalars else make(RESHAPE_ROWS, (node,), shape)
    )


@dataclass(frozen=True)
class Geometry:
    """How a kernel runs over an image: sizes of image and kernel, stride, padding by zeros."""

    channels: Dim
    height: Dim
    width: Dim
    down: Dim  # the kernel's rows
    across: Dim  # the kernel's columns
    stride_down: Dim
    stride_across: Dim
    above: Dim  # rows of zeros above and below
    beside: Dim  # columns of zeros left and right

    @property
    def places(self) -> tuple[Dim, Dim]:
        """How many places the kernel takes, down and across."""
        return (
            _places(self.height, self.down, self.stride_down, self.above, "rows"),
            _places(self.width, self.across, self.stride_across, self.beside, "columns"),
        )

    @property
    def image(self) -> Dim:
        return shapes.times(self.channels, self.height, self.width)

    @property
    def patch(self) -> Dim:
        return shapes.times(self.channels, self.down, self.across)


def _places(size: Dim, kernel: Dim, stride: Dim, padding: Dim, what: str) -> Dim:
    """floor((size + 2 padding - kernel) / stride) + 1."""
    free, stride = sp.expand(sp.Add(size, 2 * padding, -kernel)), sp.Mul(stride)
    if free.is_negative:
        raise ShapeError(
            f"a kernel of {kernel} {what} is larger than the image: {size} and {padding} "
            "of padding on either side"
        )
    if free.is_number and stride.is_number:
        return sp.Integer(int(free) // int(stride) + 1)
    count = sp.expand(sp.cancel(free / stride) + 1)
    if not count.is_integer:
        raise ShapeError(
            f"how often a kernel of {kernel} fits into {size} {what} in steps of {stride} depends "
            f"on a remainder: give the sizes as numbers, or {what} as a multiple of the step"
        )
    return count


def geometry(params: Params) -> Geometry:
    """Nine integers as a geometry; sizes are at least 1, padding may be 0."""
    sizes = [dim_of(v) for v in params[:7]]
    return Geometry(*sizes, *(checked_index(v) for v in params[7:]))


def _latex_geometry(word: str, g: Geometry) -> str:
    def size(d: Dim) -> str:
        return rf"\left({sp.latex(d)}\right)" if d.is_Add else sp.latex(d)

    def pair(a: Dim, b: Dim) -> str:
        return rf"{size(a)} \times {size(b)}"

    kernel = pair(g.down, g.across)
    if (g.stride_down, g.stride_across) != (1, 1):
        kernel += rf" / {pair(g.stride_down, g.stride_across)}"
    if (g.above, g.beside) != (0, 0):
        kernel += f" + {pair(g.above, g.beside)}"
    image = rf"{size(g.channels)} \times {pair(g.height, g.width)}"
    return rf"\operatorname{{{word}}}_{{{kernel}}}^{{{image}}}"


class OnImages(Linear):
    """What the two have in common: nine integers."""

    def text(self, node: Node, w: Writer) -> Written:
        said = ", ".join(shapes.show_dim(p) for p in node.params)
        return f"{self.name}({w(node.operands[0])}, {said})", ATOM

    def latex(self, node: Node, w: Writer) -> Written:
        shown = _latex_geometry(self.name, Geometry(*node.params))
        return rf"{shown}\left({w(node.operands[0])}\right)", ATOM


class Unfold(OnImages):
    r"""Every patch of every image as a row: row $(i, y, x)$, column (channel, $a$, $b$)."""

    name = "unfold"
    law = r"d\operatorname{unfold}(X) = \operatorname{unfold}(dX)"
    samples = ("n mkp", "n kp+k")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        zero, one, two, three = map(sp.Integer, range(4))
        if A[0].shape[1].is_Add:  # a kernel of two steps: neighbours overlap
            k = next(a for a in A[0].shape[1].args if a.is_Symbol)
            return ((one, one, A[0].shape[1], one, 2 * k, one, k, zero, zero),)
        k, m, p = A[0].shape[1].args
        return (
            (k, m, p, one, three, one, one, zero, zero),
            (k, m, p, two, two, one, one, one, zero),
            (m, one, shapes.times(k, p), one, k, one, k, zero, zero),
        )

    def shape_of(self, A: Operands, params: Params) -> Shape:
        g = Geometry(*params)
        rows, cols = rows_cols(A[0])
        if not shapes.same(cols, g.image):
            wanted = shapes.show_dim(g.image)
            raise ShapeError(f"{named(A[0])} has no rows of {wanted} entries, one for each image")
        return sp.expand(shapes.times(rows, *g.places)), g.patch

    def build(self, A: Operands, params: Params) -> Node:
        return unfold(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        g = Geometry(*params)
        image, y, across = _split(x, i, g.places)
        channel, a, b = _split(x, j, (g.down, g.across))
        row = y * g.stride_down + a - g.above
        col = across * g.stride_across + b - g.beside
        inside = sp.And(row >= 0, row < g.height, col >= 0, col < g.width)
        place = (channel * g.height + row) * g.width + col
        return x.choose([(inside, lambda: x(0, image, place)), (True, lambda: sp.Integer(0))])

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return fold(G, *params)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        return _unfold_matrix(rows_cols(A[0])[0], params)

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return _unfold_code(a[0], params)


def _split(x: Entries, place: Any, sizes: tuple[Any, Any]) -> tuple[Any, Any, Any]:
    """A place counted over three axes, the last two of these sizes."""
    div, rest = x.divide  # type: ignore[attr-defined]
    place = place or 0
    line = div(place, sizes[1])
    return div(line, sizes[0]), rest(line, sizes[0]), rest(place, sizes[1])


def _unfold_matrix(n: Dim, params: Params) -> Node:
    """On vec, from what unfold makes of the unit images: ``unfold(X) = rows(X S)``."""
    g = Geometry(*params)
    wide = shapes.times(*g.places, g.patch)
    S = reshape_rows(unfold(eye(g.image), *params), g.image, wide)
    after = (shapes.times(n, *g.places), g.patch)
    return mul(_regrouping((n, wide), after), kron(t(S), eye(n)))


def _unfold_code(X: str, params: Sequence[str]) -> str:
    c, h, w, a, b, s, r, p, q = (f"({v})" for v in params)
    images = f"np.reshape({X}, (-1, {c}, {h}, {w}))"
    padded = f"np.pad({images}, ((0, 0), (0, 0), ({p}, {p}), ({q}, {q})))"
    seen = f"np.lib.stride_tricks.sliding_window_view({padded}, ({a}, {b}), axis=(2, 3))"
    return (
        f"np.reshape(np.transpose({seen}[:, :, ::{s}, ::{r}], (0, 2, 3, 1, 4, 5)),"
        f" (-1, {c} * {a} * {b}))"
    )


class Fold(OnImages):
    r"""Every patch added back where it came from: the adjoint of unfold."""

    name = "fold"
    law = r"d\operatorname{fold}(P) = \operatorname{fold}(dP)"
    samples = ("np mk", "np k")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        rows, cols = A[0].shape
        zero, one = sp.Integer(0), sp.Integer(1)
        _, p = rows.args
        if cols.is_Mul:
            k, m = cols.args
            return ((m, one, shapes.times(k, p), one, k, one, k, zero, zero),)
        return (
            (one, one, p + cols - 1, one, cols, one, one, zero, zero),
            (one, one, p + cols - 3, one, cols, one, one, zero, one),
        )

    def shape_of(self, A: Operands, params: Params) -> Shape:
        g = Geometry(*params)
        rows, cols = rows_cols(A[0])
        n = sp.cancel(rows / shapes.times(*g.places))
        if not shapes.same(cols, g.patch) or not n.is_integer:
            wanted = shapes.show_dim(g.patch)
            places = shapes.show_dim(shapes.times(*g.places))
            raise ShapeError(
                f"{named(A[0])} is not made of patches: {places} rows an image, {wanted} columns"
            )
        return n, g.image

    def build(self, A: Operands, params: Params) -> Node:
        return fold(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        g = Geometry(*params)
        channel, u, v = _split(x, j, (g.height, g.width))
        down, across = g.places

        def at(y: Any, z: Any) -> Any:
            a, b = u + g.above - y * g.stride_down, v + g.beside - z * g.stride_across
            inside = sp.And(a >= 0, a < g.down, b >= 0, b < g.across)
            row = ((i or 0) * down + y) * across + z
            col = (channel * g.down + a) * g.across + b
            return x.choose([(inside, lambda: x(0, row, col)), (True, lambda: sp.Integer(0))])

        return x.sum(down, lambda y: x.sum(across, lambda z: at(y, z)))

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return unfold(G, *params)

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        n, _ = self.shape_of(A, params)
        return t(_unfold_matrix(n, params))

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return _fold_code(a[0], params)


def _fold_code(P: str, params: Sequence[str]) -> str:
    c, h, w, a, b, s, r, p, q = (f"({v})" for v in params)
    down, across = f"(({h} + 2 * {p} - {a}) // {s} + 1)", f"(({w} + 2 * {q} - {b}) // {r} + 1)"
    patches = f"np.reshape({P}, (-1, {down}, {across}, {c}, {a}, {b}))"
    # The names are ours: a dimension of the user's may be called k or T.
    # Patch (y, z) goes to rows y s, y s + 1, ...: one kernel place after another, spread out.
    corner = f"np.reshape(np.eye(1, {s} * {r}), (1, 1, {s}, {r}))"
    below = f"(_row, {h} + 2 * {p} + {s} - _row - {s} * {down})"
    right = f"(_col, {w} + 2 * {q} + {r} - _col - {r} * {across})"
    spread = f"np.kron(_taken[:, :, :, :, _row, _col], {corner})"
    place = f"np.pad({spread}, ((0, 0), (0, 0), {below}, {right}))"
    cut = f"{place}[:, :, {p}:{p} + {h}, {q}:{q} + {w}]"
    total = f"np.add.reduce([{cut} for _row in range({a}) for _col in range({b})])"
    return (
        f"np.reshape((lambda _taken: {total})(np.transpose({patches}, (0, 3, 1, 2, 4, 5))),"
        f" (-1, {c} * {h} * {w}))"
    )


def _on_images(op: OnImages, A: Any, params: Sequence[Any]) -> Node:
    node = operand(A)
    g = geometry(tuple(params))
    key = tuple(vars(g).values())
    shape = op.shape_of((node,), key)
    if is_zero(node):
        return zeros(*shape)
    scalars, rest = scalars_in_front(node)
    return mul(*scalars, _on_images(op, rest, key)) if scalars else make(op, (node,), key)


@function()
def unfold(
    X: Any, c: Any, h: Any, w: Any, a: Any, b: Any, down: Any = 1, across: Any = 1,
    above: Any = 0, beside: Any = 0,
) -> Node:  # fmt: skip
    """The patches of images as rows: images c x h x w, kernel a x b, then stride and padding."""
    return _on_images(UNFOLD, X, (c, h, w, a, b, down, across, above, beside))


@function()
def fold(
    P: Any, c: Any, h: Any, w: Any, a: Any, b: Any, down: Any = 1, across: Any = 1,
    above: Any = 0, beside: Any = 0,
) -> Node:  # fmt: skip
    """Patches added back where they came from, an image a row: the adjoint of ``unfold``."""
    return _on_images(FOLD, P, (c, h, w, a, b, down, across, above, beside))


RESHAPE_ROWS = register(ReshapeRows())
UNFOLD = Unfold()
FOLD = Fold()
register(UNFOLD)
register(FOLD)
