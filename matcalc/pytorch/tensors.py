"""Tensors as matrices: which axes of a tensor are folded into the rows and which into the columns.

There is no node with three axes. A tensor is a matrix whose rows run over some of its axes and
whose columns over the others, or, for axes that are written out (the heads of attention), a table
of such matrices. Axes are objects: transposing a tensor only relabels them. Axes of size one have no place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import product

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node
from matcalc.ops.algebra import eye, had, mul, ones, t
from matcalc.ops.blocks import hstack, part
from matcalc.ops.kronecker import kron
from matcalc.ops.patches import fold, reshape_rows, unfold
from matcalc.shapes import Dim, show_dim, times


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a tensor; compared by identity."""

    size: Dim

    @property
    def is_one(self) -> bool:
        return bool(self.size == 1)


Axes = tuple[Axis, ...]
Layout = tuple[Axes, Axes]  # what runs over the rows, what over the columns, slowest first


def count(axes: Sequence[Axis]) -> Dim:
    return times(*(a.size for a in axes)) if axes else sp.Integer(1)


def placed(axes: Sequence[Axis]) -> Axes:
    """The axes that need a place."""
    return tuple(a for a in axes if not a.is_one)


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor as a table of matrices over the ``outer`` axes (one matrix if there are none).

    A ``tied`` axis runs over rows and columns alike: only the blocks on the diagonal are meant, and
    unless ``clean`` the others hold what is not meant. Tied axes come first in rows and columns.
    ``mask`` is 1 where a masked tensor shows, and -inf is meant elsewhere. ``logical`` tensors hold yes
    and no (torch's booleans), not the numbers 1 and 0.
    """

    axes: Axes
    rows: Axes
    cols: Axes
    parts: Mapping[tuple[int, ...], Node]
    outer: Axes = ()
    tied: Axes = ()
    clean: bool = True
    mask: Tensor | None = field(default=None)
    logical: bool = False

    @property
    def sizes(self) -> tuple[Dim, ...]:
        return tuple(a.size for a in self.axes)

    @property
    def node(self) -> Node:
        [node] = self.parts.values()
        return node

    def each(self, fn: Callable[[Node], Node]) -> Tensor:
        """The same tensor with a function applied to every matrix."""
        return replace(self, parts={k: fn(v) for k, v in self.parts.items()})


def tensor(node: Node, rows: Sequence[Axis], cols: Sequence[Axis], axes: Sequence[Axis]) -> Tensor:
    return Tensor(tuple(axes), placed(rows), placed(cols), {(): node})


def show(sizes: Sequence[Dim]) -> str:
    return f"({', '.join(show_dim(s) for s in sizes)})"


# -- another layout -------------------------------------------------------------------------------


def laid_out(T: Tensor, rows: Sequence[Axis], cols: Sequence[Axis]) -> Tensor:
    """The same tensor with these axes in the rows and these in the columns, in this order."""
    wanted = placed(rows), placed(cols)
    here = T.rows, T.cols
    if here == wanted:
        return T
    if T.tied:
        return laid_out(apart(T), rows, cols)
    if {*here[0], *here[1]} != {*wanted[0], *wanted[1]}:
        raise ShapeError("the axes of a tensor are lost on the way")
    for move, state in _way(here, wanted):
        T = replace(T.each(move), rows=state[0], cols=state[1])
    return T


def block_mask(T: Tensor, inside: Node | None = None) -> Node:
    """1 in the blocks on the diagonal, times a mask inside each block."""
    high = tuple(a for a in T.rows if a not in T.tied)
    wide = tuple(a for a in T.cols if a not in T.tied)
    block = ones(count(high), count(wide)) if inside is None else inside
    return kron(eye(count(T.tied)), block)


def block_diagonal(T: Tensor) -> Tensor:
    """The blocks off the diagonal set to zero."""
    if T.clean:
        return T
    return replace(T.each(lambda a: had(a, block_mask(T))), clean=True)


def apart(T: Tensor) -> Tensor:
    """A tensor without tied axes: the blocks on the diagonal, one below the other."""
    if not T.tied:
        return T
    wide = tuple(a for a in T.cols if a not in T.tied)
    below = kron(ones(count(T.tied), 1), eye(count(wide)))
    return replace(block_diagonal(T).each(lambda a: mul(a, below)), cols=wide, tied=())


Move = Callable[[Node], Node]


def _way(start: Layout, goal: Layout) -> list[tuple[Move, Layout]]:
    """The shortest way from one layout to another: transposes, reshapes, and swaps at the end."""
    before: dict[Layout, tuple[Layout, Move] | None] = {start: None}
    todo = deque([start])
    while todo and goal not in before:
        here = todo.popleft()
        for move, there in _moves(here):
            if there not in before:
                before[there] = here, move
                todo.append(there)
    way: list[tuple[Move, Layout]] = []
    state = goal
    while (step := before[state]) is not None:
        way.append((step[1], state))
        state = step[0]
    return way[::-1]


def _moves(here: Layout) -> list[tuple[Move, Layout]]:
    rows, cols = here
    found: list[tuple[Move, Layout]] = [(t, (cols, rows))]
    line = rows + cols
    for k in range(len(line) + 1):
        shaped = partial(_reshaped, rows=count(line[:k]), cols=count(line[k:]))
        found.append((shaped, (line[:k], line[k:])))
    for k in range(1, len(cols)):
        inward = partial(_pixels, channels=count(cols[:k]), places=count(cols[k:]))
        found.append((inward, (rows + cols[k:], cols[:k])))
    for k in range(1, len(rows)):
        if cols:
            outward = partial(_images, channels=count(cols), places=count(rows[k:]))
            found.append((outward, (rows[:k], cols + rows[k:])))
    return found


def _reshaped(A: Node, rows: Dim, cols: Dim) -> Node:
    return reshape_rows(A, rows, cols)


def _pixels(A: Node, channels: Dim, places: Dim) -> Node:
    """A row for every place: ``n x (c p)`` becomes ``(n p) x c``."""
    return unfold(A, channels, 1, places, 1, 1)


def _images(A: Node, channels: Dim, places: Dim) -> Node:
    """The way back."""
    return fold(A, channels, 1, places, 1, 1)


def written_out(T: Tensor, axis: Axis) -> Tensor:
    """A tensor with one axis written out: a matrix for each of its places."""
    if axis in T.outer or axis.is_one:
        return T
    if not axis.size.is_Integer:
        raise NoRuleError(
            f"an axis of {show_dim(axis.size)} places can't be written out: give a number"
        )
    T = apart(T)
    rows = tuple(a for a in T.rows if a is not axis)
    cols = tuple(a for a in T.cols if a is not axis)
    T = laid_out(T, rows, (axis, *cols))
    wide, high = count(cols), count(rows)
    parts = {
        (*k, i): part(v, sp.Integer(0), sp.Integer(i) * wide, high, wide)
        for k, v in T.parts.items()
        for i in range(int(axis.size))
    }
    return replace(T, parts=parts, outer=(*T.outer, axis), cols=cols)


def together(T: Tensor) -> Tensor:
    """A tensor without outer or tied axes: those written out come first in the columns."""
    T = apart(T)
    while T.outer:
        *rest, last = T.outer
        keys = dict.fromkeys(k[:-1] for k in T.parts)
        parts = {k: hstack(*(T.parts[(*k, i)] for i in range(int(last.size)))) for k in keys}
        T = replace(T, parts=parts, outer=tuple(rest), cols=(last, *T.cols))
    return T


# -- broadcasting ---------------------------------------------------------------------------------


def renamed(T: Tensor, swaps: Mapping[Axis, Axis]) -> Tensor:
    """A tensor that runs over other axes of the same sizes."""

    def over(axes: Axes) -> Axes:
        return tuple(swaps.get(a, a) for a in axes)

    return replace(
        T,
        axes=over(T.axes),
        rows=over(T.rows),
        cols=over(T.cols),
        outer=over(T.outer),
        tied=over(T.tied),
    )


def same(a: Dim, b: Dim) -> bool:
    return bool(a == b or sp.expand(a - b) == 0)


def aligned(A: Tensor, B: Tensor, skip: int = 0) -> tuple[Tensor, Tensor, Axes]:
    """Two tensors over common axes, from the last on (``skip`` axes at the end left out)."""
    first = list(A.axes[: len(A.axes) - skip])
    second = list(B.axes[: len(B.axes) - skip])
    width = max(len(first), len(second))
    first = [Axis(sp.Integer(1))] * (width - len(first)) + first
    second = [Axis(sp.Integer(1))] * (width - len(second)) + second
    found, swaps = [], {}
    for a, b in zip(first, second, strict=True):
        if a.is_one and b in A.axes:  # x + x' of a column: two axes that run over the same places
            swaps[b] = Axis(b.size)
            found.append(swaps[b])
        elif a.is_one or b.is_one:
            found.append(b if a.is_one else a)
        elif same(a.size, b.size):
            found.append(a)
            swaps[b] = a
        else:
            raise ShapeError(
                f"tensors of shapes {show(A.sizes)} and {show(B.sizes)} do not broadcast"
            )
    return A, renamed(B, swaps), tuple(found)


def spread(T: Tensor, rows: Axes, cols: Axes) -> Node:
    """A tensor without outer axes as a matrix over ``rows`` and ``cols``: repeated where it lacks
    an axis."""
    mine = set(T.rows) | set(T.cols)
    T = laid_out(T, [a for a in rows if a in mine], [a for a in cols if a in mine])
    node = _repeated(T.node, T.rows, rows, down=True)
    return _repeated(node, T.cols, cols, down=False)


def _repeated(node: Node, have: Axes, wanted: Axes, down: bool) -> Node:
    """Rows (or columns) repeated for the axes that are not there."""
    if have == wanted:
        return node

    def one(d: Dim) -> Node:
        return ones(d, 1) if down else ones(1, d)

    if not have:
        times_ = count(wanted)
        if not node.shape:
            return mul(node, one(times_))
        return mul(one(times_), node) if down else mul(node, one(times_))
    first = wanted.index(have[0])
    last = first + len(have)
    if wanted[first:last] != have:
        pattern = reduce(kron, (eye(a.size) if a in have else one(a.size) for a in wanted))
        return mul(pattern, node) if down else mul(node, pattern)
    if first:
        node = kron(one(count(wanted[:first])), node)
    if last < len(wanted):
        node = kron(node, one(count(wanted[last:])))
    return node


def combined(A: Tensor, B: Tensor, fn: Callable[[Node, Node], Node]) -> Tensor:
    """A function of two tensors, entry by entry."""
    A, B, axes = aligned(A, B)
    for one, other in ((A, B), (B, A)):
        if one.mask is not None or other.mask is not None:
            raise NoRuleError("a masked tensor is only read where softmax follows")
    if not placed(B.axes) and not B.outer:
        return replace(A.each(lambda a: fn(a, B.node)), axes=axes, clean=not A.tied)
    if not placed(A.axes) and not A.outer:
        return replace(B.each(lambda b: fn(A.node, b)), axes=axes, clean=not B.tied)
    if A.tied or B.tied:
        return _combined_tied(A, B, axes, fn)
    for axis in (*A.outer, *B.outer):
        A = written_out(A, axis) if axis in {*A.rows, *A.cols} else A
        B = written_out(B, axis) if axis in {*B.rows, *B.cols} else B
    if A.outer != B.outer and A.outer and B.outer:
        A, B = together(A), together(B)
    lead = A if len(placed(A.axes)) >= len(placed(B.axes)) else B
    written = {*A.outer, *B.outer}
    missing = [a for a in placed(axes) if a not in {*lead.rows, *lead.cols, *written}]
    rows = (*(a for a in missing), *lead.rows)
    cols = lead.cols
    outer = A.outer or B.outer
    parts = {}
    for key in product(*(range(int(a.size)) for a in outer)):
        a = replace(A, parts={(): A.parts[key if A.outer else ()]}, outer=())
        b = replace(B, parts={(): B.parts[key if B.outer else ()]}, outer=())
        parts[key] = fn(spread(a, rows, cols), spread(b, rows, cols))
    return Tensor(axes, rows, cols, parts, outer)


def _combined_tied(A: Tensor, B: Tensor, axes: Axes, fn: Callable[[Node, Node], Node]) -> Tensor:
    lead, other = (A, B) if A.tied else (B, A)
    if A.outer or B.outer:
        return combined(apart(A), apart(B), fn)
    if other.tied and (other.tied, other.rows, other.cols) == (lead.tied, lead.rows, lead.cols):
        return replace(A, parts={(): fn(A.node, B.node)}, axes=axes, clean=False)
    if (
        other.tied
        or {*placed(axes)} - {*lead.rows, *lead.cols}
        or {*other.rows, *other.cols} & {*lead.tied}
    ):
        return combined(apart(A), apart(B), fn)
    node = spread(other, lead.rows, lead.cols)
    made = fn(lead.node, node) if lead is A else fn(node, lead.node)
    return replace(lead, parts={(): made}, axes=axes, clean=False)
