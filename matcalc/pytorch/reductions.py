"""Sums, means, softmax and their relatives along axes of a tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import Node, number, read
from matcalc.ops.algebra import had, minus, mul, neg, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.ops.largest import largest
from matcalc.ops.reduce import axis_sum, sum_all
from matcalc.ops.softmax import log_softmax, logsumexp, softmax
from matcalc.pytorch.entrywise import subtracted
from matcalc.pytorch.products import shown_mask
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import (
    Axis,
    Tensor,
    aligned,
    apart,
    combined,
    count,
    laid_out,
    placed,
    tensor,
    together,
)


def axis_numbers(T: Tensor, dim: Any) -> list[int]:
    if dim is None:
        return list(range(len(T.axes)))
    if isinstance(dim, bool) or dim in ((), []):
        raise NoRuleError(f"axes are given by numbers, not as {dim}")
    return sorted(axis_number(T, d) for d in (dim if isinstance(dim, (tuple, list)) else [dim]))


def along(T: Tensor, dim: Any, keep: bool, fn: Callable[[Node], Node]) -> Tensor:
    """A function of each row, over the axes ``dim``: they are laid into the columns."""
    numbers = axis_numbers(T, dim)
    gone = [T.axes[k] for k in numbers]
    T = apart(T)
    if any(a in T.outer for a in gone):
        T = together(T)
    rest = placed(tuple(a for a in (*T.rows, *T.cols) if a not in gone))
    T = laid_out(T, rest, placed(tuple(gone)))
    one = Axis(sp.Integer(1))
    axes = tuple(
        one if k in numbers else a for k, a in enumerate(T.axes) if keep or k not in numbers
    )
    return replace(T.each(fn), axes=axes, cols=())


def total(T: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    T = together(T)
    numbers = axis_numbers(T, dim)
    if len(numbers) == len(T.axes) and not keepdim and not T.tied:
        return tensor(sum_all(T.node), (), (), ())
    gone = placed(tuple(T.axes[k] for k in numbers))
    if T.rows == gone and not T.tied:  # down the columns, without a transpose
        one = Axis(sp.Integer(1))
        axes = tuple(
            one if k in numbers else a for k, a in enumerate(T.axes) if keepdim or k not in numbers
        )
        return replace(T.each(lambda a: axis_sum(a, 0)), axes=axes, rows=())
    return along(T, dim, keepdim, lambda a: axis_sum(a, 1))


@reads("sum")
def _sum(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    return reader.named("sum", total(x, dim, keepdim))


@reads("mean")
def _mean(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    return reader.named("mean", averaged(x, dim, keepdim))


def averaged(x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    size = read(count([x.axes[k] for k in axis_numbers(x, dim)]))
    return total(x, dim, keepdim).each(lambda a: mul(power(size, -1), a))


@reads("var", "std")
def _var(
    reader: Any, x: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False,
    *, correction: int = 1, root: bool = False,
) -> Tensor:  # fmt: skip
    off = combined(x, averaged(x, dim, True), subtracted)
    size = count([x.axes[k] for k in axis_numbers(x, dim)]) - (correction if unbiased else 0)
    found = total(off.each(lambda a: power(a, 2)), dim, keepdim)
    return reader.named("var", found.each(lambda a: mul(power(read(size), -1), a)))


FUNCTIONS["std"] = lambda reader, *args, **kwargs: reader.named(
    "std", _var(reader, *args, **kwargs).each(WORDS["sqrt"])
)


@reads("norm")
def _norm(reader: Any, x: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str) or p != p or p <= 0:
        raise NoRuleError(f"a norm is read with a positive p, not {p}")
    if p == 1:
        return reader.named("norm", total(x.each(WORDS["abs"]), dim, keepdim))
    reader.say("a norm of zero has no gradient here; torch takes 0")
    if p == float("inf"):
        return _amax(reader, x.each(WORDS["abs"]), dim, keepdim)
    if p == 2:
        squares = total(x.each(lambda a: power(a, 2)), dim, keepdim)
        return reader.named("norm", squares.each(WORDS["sqrt"]))
    e = number(str(p))
    powers = total(x.each(lambda a: power(WORDS["abs"](a), e)), dim, keepdim)
    return reader.named("norm", powers.each(lambda a: power(a, power(e, -1))))


@reads("linalg_vector_norm")
def _vector_norm(
    reader: Any, x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False
) -> Tensor:
    return _norm(reader, x, ord, dim, keepdim)


@reads("matrix_norm", "linalg_matrix_norm")
def _matrix_norm(
    reader: Any, x: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False
) -> Tensor:
    if ord != "fro":
        raise NoRuleError(f"the operator norm of a matrix (ord={ord}) is not read")
    return _norm(reader, x, 2, dim, keepdim)


@reads("linalg_norm")
def _linalg_norm(
    reader: Any, x: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False
) -> Tensor:
    """Of a matrix, ``ord`` would be an operator norm."""
    wide = len(x.axes) if dim is None else len(axis_numbers(x, dim))
    if ord not in (None, "fro") and wide != 1:
        raise NoRuleError(f"the operator norm of a matrix (ord={ord}) is not read")
    return _norm(reader, x, 2 if ord is None else ord, dim, keepdim)


def _over(x: Tensor, axis: Axis) -> tuple[Tensor, Node | None]:
    """A tensor with one axis in the columns and without its mask, and the mask laid out like it."""
    if axis in x.outer or (x.mask is not None and {*x.mask.axes} & {*x.outer, *x.tied}) or x.tied:
        x = together(x)
    if x.mask is not None and x.outer:
        x = together(x)
    x = laid_out(x, [a for a in (*x.rows, *x.cols) if a is not axis], placed((axis,)))
    bare = replace(x, mask=None)
    return bare, shown_mask(bare, x.mask)


def _tied_softmax(x: Tensor, axis: Axis) -> Tensor | None:
    """Of a batched product, where the softmax runs over its last axis."""
    if x.cols[len(x.tied) :] != placed((axis,)):
        return None
    if x.mask is not None:
        _, hidden, _ = aligned(x, x.mask)
        if {*hidden.rows, *hidden.cols, *hidden.outer} & {*x.tied, *x.outer}:
            return None
    mask = shown_mask(replace(x, mask=None), x.mask)
    return replace(x.each(lambda a: softmax(a, 1, mask)), clean=True, mask=None)


@reads("softmax")
def softmax_along(reader: Any, x: Tensor, dim: Any = None, _stacklevel: int = 3) -> Tensor:
    if dim is None:
        raise NoRuleError("softmax is read with dim=")
    axis = x.axes[axis_number(x, dim)]
    made = _tied_softmax(x, axis) if x.tied else None
    if made is None:
        bare, shown = _over(x, axis)
        made = bare.each(lambda a: softmax(a, 1, shown))
    return reader.named("softmax", made)


@reads("log_softmax")
def log_softmax_along(reader: Any, x: Tensor, dim: Any = None, _stacklevel: int = 3) -> Tensor:
    """Where x is -inf, so is what comes out."""
    if dim is None:
        raise NoRuleError("log_softmax is read with dim=")
    bare, shown = _over(together(x), x.axes[axis_number(x, dim)])
    if shown is None:
        return reader.named("log_softmax", bare.each(lambda a: log_softmax(a, 1)))

    def hidden(a: Node) -> Node:
        sums = WORDS["log"](WORDS["rowsum"](had(WORDS["exp"](a), shown)))
        return minus(a, mul(sums, ones(1, a.shape[1])))

    made: Tensor = reader.named("log_softmax", bare.each(hidden))
    return replace(made, mask=x.mask)


@reads("logsumexp")
def _logsumexp(reader: Any, x: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    if x.mask is None:
        return reader.named("logsumexp", along(x, dim, keepdim, lambda a: logsumexp(a, 1)))
    if isinstance(dim, (tuple, list)):
        raise NoRuleError("logsumexp of a tensor that is filled with -inf is read along one axis")
    bare, shown = _over(x, x.axes[axis_number(x, dim)])
    exps = bare.each(lambda a: had(WORDS["exp"](a), shown))
    return reader.named("logsumexp", total(exps, dim, keepdim).each(WORDS["log"]))


class Extreme(NamedTuple):
    """The largest values along an axis; at which places they stand is not read."""

    values: Tensor
    indices: None = None


@reads("max")
def _max(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    if isinstance(dim, Tensor) or hasattr(dim, "detach"):
        return FUNCTIONS["maximum"](reader, x, dim)
    if dim is None:
        return _amax(reader, x, dim, keepdim)
    return Extreme(reader.named("max", along(x, dim, keepdim, lambda a: largest(a, 1))))


@reads("min")
def _min(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    if isinstance(dim, Tensor) or hasattr(dim, "detach"):
        return FUNCTIONS["minimum"](reader, x, dim)
    if dim is None:
        return _amin(reader, x, dim, keepdim)
    found = reader.named("max", along(x.each(neg), dim, keepdim, lambda a: largest(a, 1)))
    return Extreme(found.each(neg))


@reads("amax")
def _amax(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    reader.say("where several entries are the largest, the first counts; torch shares among them")
    return reader.named("max", along(x, dim, keepdim, lambda a: largest(a, 1)))


@reads("amin")
def _amin(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    return _amax(reader, x.each(neg), dim, keepdim).each(neg)
