"""Linear algebra on single matrices: solve, inverse, determinant, trace, diagonals, triangles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node
from matcalc.ops.algebra import eye, minus, ones, t
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.pytorch.entrywise import divided, multiplied
from matcalc.pytorch.masks import of_triangle
from matcalc.pytorch.reductions import total
from matcalc.pytorch.shaping import unsqueezed
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import (
    Axis,
    Tensor,
    combined,
    laid_out,
    placed,
    same,
    show,
    tensor,
    together,
    written_out,
)
from matcalc.shapes import Dim


def matrix(reader: Any, x: Any, word: str) -> Tensor:
    """A tensor with two axes, one in the rows and one in the columns."""
    T = together(reader.tensor(x))
    if len(T.axes) != 2:
        raise NoRuleError(f"{word} is read for one matrix, not for shape {show(T.sizes)}")
    return laid_out(T, placed(T.axes[:1]), placed(T.axes[1:]))


def square(reader: Any, x: Any, word: str) -> Tensor:
    T = matrix(reader, x, word)
    if not same(*T.sizes):
        raise ShapeError(f"{word} wants a square matrix, not shape {show(T.sizes)}")
    return T


def _scalar(word: str, fn: Callable[[Node], Node], *names: str) -> None:
    @reads(*names)
    def reading(reader: Any, x: Any) -> Tensor:
        A = square(reader, x, word)
        return reader.named(word, tensor(fn(A.node), (), (), ()))


_scalar("trace", WORDS["tr"], "trace")
_scalar("det", WORDS["det"], "det", "linalg_det")
_scalar("logdet", WORDS["logdet"], "logdet")


class SignAndLog(NamedTuple):
    """What slogdet returns."""

    sign: Tensor
    logabsdet: Tensor


@reads("slogdet", "linalg_slogdet")
def _slogdet(reader: Any, x: Any) -> Any:
    A = square(reader, x, "slogdet").node
    det = WORDS["det"](A)
    log = reader.named("logdet", tensor(WORDS["log"](WORDS["abs"](det)), (), (), ()))
    return SignAndLog(tensor(WORDS["sign"](det), (), (), ()), log)


@reads("inverse", "inv", "linalg_inv")
def _inverse(reader: Any, x: Tensor) -> Tensor:
    """Of a batch, matrix by matrix."""
    if len(x.axes) < 2:
        raise ShapeError(f"the inverse of a tensor of shape {show(x.sizes)}")
    A = x
    for axis in x.axes[:-2]:
        A = written_out(A, axis)
    if not same(*A.sizes[-2:]):
        raise ShapeError(f"the inverse wants square matrices, not shape {show(A.sizes)}")
    A = laid_out(A, placed(A.axes[-2:-1]), placed(A.axes[-1:]))
    return reader.named("inverse", A.each(WORDS["inv"]))


@reads("solve", "linalg_solve")
def _solve(reader: Any, a: Any, b: Any, *, left: bool = True) -> Tensor:
    """X with A X = B, or with X A = B."""
    A, B = square(reader, a, "solve"), together(reader.tensor(b))
    if len(B.axes) == 1:
        if not left:
            raise NoRuleError("solve from the right is read for matrices")
        node = WORDS["solve"](A.node, laid_out(B, placed(B.axes), ()).node)
        return reader.named("solve", tensor(node, B.axes, (), B.axes))
    B = matrix(reader, B, "solve")
    node = WORDS["solve"](A.node, B.node) if left else t(WORDS["solve"](t(A.node), t(B.node)))
    return reader.named("solve", tensor(node, B.axes[:1], B.axes[1:], B.axes))


@reads("diag")
def _diag(reader: Any, x: Any, diagonal: int = 0) -> Tensor:
    """The diagonal matrix of a vector, or the diagonal of a matrix."""
    return (_diag_embed if len(reader.tensor(x).axes) == 1 else _diagonal)(reader, x, diagonal)


@reads("diag_embed")
def _diag_embed(reader: Any, x: Tensor, offset: int = 0) -> Tensor:
    """A diagonal matrix for every row."""
    if offset or not x.axes:
        raise NoRuleError("a diagonal matrix is read for the main diagonal")
    x, last = together(x), x.axes[-1]
    axes = (*x.axes, Axis(last.size))
    if len(x.axes) == 1:
        node = WORDS["diag"](laid_out(x, placed(x.axes), ()).node)
        return tensor(node, axes[:1], axes[1:], axes)
    whole = tensor(eye(last.size), (last,), axes[-1:], axes[-2:])
    return combined(unsqueezed(reader, x, -1), whole, multiplied)


@reads("diagonal", "linalg_diagonal")
def _diagonal(reader: Any, x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    i, j = sorted((axis_number(x, dim1), axis_number(x, dim2)))
    if offset:
        raise NoRuleError("the diagonal is read for the main diagonal")
    if len(x.axes) == 2:
        A = square(reader, x, "the diagonal")
        return tensor(WORDS["diag"](A.node), A.axes[:1], (), A.axes[:1])
    if not same(x.sizes[i], x.sizes[j]):
        raise NoRuleError(f"the diagonal of {x.sizes[i]} x {x.sizes[j]} matrices is not read")
    line = [k for k in range(len(x.axes)) if k not in (i, j)]
    x = FUNCTIONS["permute"](reader, x, [*line, i, j])
    rows, cols = x.axes[-2:]
    on = tensor(eye(rows.size), (rows,), (cols,), (rows, cols))
    return total(combined(x, on, multiplied), -1)


def triangle(word: str) -> Callable[..., Tensor]:
    """The entries of every matrix on one side of a diagonal."""

    def fn(reader: Any, x: Any, diagonal: int = 0) -> Tensor:
        T = reader.tensor(x)
        if len(T.axes) < 2:
            raise ShapeError(f"{word} wants a matrix, not shape {show(T.sizes)}")
        if T.mask is not None:
            return of_triangle(reader, fn, T, diagonal)
        rows, cols = T.axes[-2:]
        shown = _side(reader, word, rows.size, cols.size, diagonal)
        mask = tensor(shown, (rows,), (cols,), (rows, cols))
        made = combined(T, mask, multiplied)
        if reader.is_mask(T):
            reader.binary.update(made.parts.values())
        return made

    return fn


def _side(reader: Any, word: str, rows: Dim, cols: Dim, diagonal: int) -> Node:
    whole = ones(rows, cols)
    if diagonal == 0:
        return WORDS[word](whole)
    if (word, diagonal) in (("triu", 1), ("tril", -1)):
        return minus(whole, WORDS["tril" if word == "triu" else "triu"](whole))
    if not (rows.is_Integer and cols.is_Integer):
        raise NoRuleError(f"{word} with diagonal {diagonal} is read for sizes that are numbers")
    cut = np.tril if word == "tril" else np.triu
    return reader.matrix(cut(np.ones((int(rows), int(cols))), diagonal))


for _word in ("tril", "triu"):
    reads(_word)(triangle(_word))


@reads("kron")
def _kron(reader: Any, a: Any, b: Any) -> Tensor:
    A, B = matrix(reader, a, "kron"), matrix(reader, b, "kron")
    axes = tuple(Axis(p * q) for p, q in zip(A.sizes, B.sizes, strict=True))
    return tensor(WORDS["kron"](A.node, B.node), axes[:1], axes[1:], axes)


@reads("_weight_norm")
def _weight_norm(reader: Any, v: Any, g: Any, dim: int = 0) -> Tensor:
    """g v / |v|, with the norm over all axes but one."""
    V = reader.tensor(v)
    others = [k for k in range(len(V.axes)) if k != dim % len(V.axes)] if dim != -1 else None
    if others is None:
        raise NoRuleError("weight norm is read along one axis")
    size = FUNCTIONS["norm"](reader, V, 2, others, True)
    unit = combined(V, size, divided)
    return reader.named("kernel", combined(reader.tensor(g), unit, multiplied))
