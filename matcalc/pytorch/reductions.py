"""Sums, means, softmax and their relatives along axes of a tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import Node, read
from matcalc.ops.algebra import mul
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.ops.largest import largest
from matcalc.ops.reduce import axis_sum, sum_all
from matcalc.ops.softmax import log_softmax, logsumexp, softmax
from matcalc.pytorch.entrywise import divided, subtracted
from matcalc.pytorch.products import shown_mask
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import (
    Axis,
    Tensor,
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
    return sorted(axis_number(T, d) for d in (dim if isinstance(dim, (tuple, list)) else [dim]))


def along(T: Tensor, dim: Any, keep: bool, fn: Callable[[Node], Node]) -> Tensor:
    """A function of each row, over the axes ``dim``: they are laid into the columns."""
    numbers = axis_numbers(T, dim)
    gone = [T.axes[k] for k in numbers]
    if any(a in T.tied for a in gone) or T.tied:
        raise NoRuleError("a batched product is reduced before softmax or another product")
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
def _sum(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Tensor:
    return reader.named("sum", total(x, dim, keepdim))


@reads("mean")
def _mean(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Tensor:
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


@reads("norm", "linalg_norm", "vector_norm")
def _norm(reader: Any, x: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    if p not in (2, 2.0, "fro"):
        raise NoRuleError(f"a norm is read with p = 2, not {p}")
    squares = total(x.each(lambda a: power(a, 2)), dim, keepdim)
    return reader.named("norm", squares.each(WORDS["sqrt"]))


@reads("normalize")
def _normalize(reader: Any, x: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """The floor ``eps`` under the norm is not read: a norm of zero has no direction."""
    return reader.named("normalize", combined(x, _norm(reader, x, p, dim, True), divided))


@reads("softmax")
def softmax_along(reader: Any, x: Tensor, dim: Any = None, **kwargs: Any) -> Tensor:
    if dim is None:
        raise NoRuleError("softmax is read with dim=")
    k = axis_number(x, dim)
    if x.tied:
        if x.cols[len(x.tied) :] != placed((x.axes[k],)):
            raise NoRuleError("softmax of a batched product runs over its last axis")
        mask = shown_mask(replace(x, mask=None), x.mask)
        made = replace(x.each(lambda a: softmax(a, 1, mask)), clean=True, mask=None)
        return reader.named("softmax", made)
    axis = x.axes[k]
    if axis in x.outer:
        x = together(x)
    rest = tuple(a for a in (*x.rows, *x.cols) if a is not axis)
    x = laid_out(x, rest, placed((axis,)))
    shown = shown_mask(replace(x, mask=None), x.mask)
    return reader.named("softmax", replace(x.each(lambda a: softmax(a, 1, shown)), mask=None))


@reads("log_softmax")
def log_softmax_along(reader: Any, x: Tensor, dim: Any = None, **kwargs: Any) -> Tensor:
    if dim is None:
        raise NoRuleError("log_softmax is read with dim=")
    axis = x.axes[axis_number(x, dim)]
    x = laid_out(together(x), [a for a in (*x.rows, *x.cols) if a is not axis], placed((axis,)))
    return reader.named("log_softmax", x.each(lambda a: log_softmax(a, 1)))


@reads("logsumexp")
def _logsumexp(reader: Any, x: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    return reader.named("logsumexp", along(x, dim, keepdim, lambda a: logsumexp(a, 1)))


@reads("amax")
def _amax(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """torch shares the gradient of a tie; here the first counts."""
    return reader.named("max", along(x, dim, keepdim, lambda a: largest(a, 1)))


@reads("gt", "lt", "ge", "le", "item", "tolist", "argmax", "argmin", "topk", "nonzero")
def _value_asked(reader: Any, x: Any, *args: Any, **kwargs: Any) -> Tensor:
    raise NoRuleError("it asks for the value of a tensor: one formula holds for all values")
