"""Fixed linear maps along one axis: selection, order, repetition, padding, resampling, sums so far.

Each is one matrix, and the tensor is laid out so that it acts from the right. Where no formula says
the matrix, it is a constant of the network whose value is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node
from matcalc.ops.algebra import eye, had, ones
from matcalc.ops.algebra import mul as times
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.blocks import place
from matcalc.ops.kronecker import kron
from matcalc.pytorch.entrywise import added, subtracted
from matcalc.pytorch.shaping import picked, reshaped, unsqueezed
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import Axis, Tensor, combined, laid_out, placed, together
from matcalc.shapes import Dim


def mapped(x: Tensor, k: int, by: Node) -> Tensor:
    """The entries along axis k, as a row, times a matrix."""
    axis, x = x.axes[k], together(x)
    rest = placed(tuple(a for a in (*x.rows, *x.cols) if a is not axis))
    line = laid_out(x, rest, placed((axis,)))
    fresh = Axis(by.shape[1] if by.shape else sp.Integer(1))
    made = line.each(lambda a: times(a, by))
    return replace(made, axes=(*x.axes[:k], fresh, *x.axes[k + 1 :]), cols=placed((fresh,)))


def places(x: Tensor, k: int, word: str) -> int:
    """How many places an axis has, in numbers."""
    size = x.axes[k].size
    if not size.is_Integer:
        raise NoRuleError(f"{word} along an axis of {size} places is not read: give a number")
    return int(size)


def selection(reader: Any, size: int, picks: Sequence[int]) -> Node:
    """The matrix that picks places in a given order."""
    if not picks:
        raise ShapeError("nothing is selected")
    if not all(-size <= p < size for p in picks):
        raise ShapeError(f"a place beyond the {size} places of an axis is selected")
    found = [p % size for p in picks]
    if found == list(range(found[0], found[0] + len(found))):
        return place(eye(len(found)), found[0], 0, size, len(found))
    return reader.matrix(np.eye(size)[:, found])


def selected(reader: Any, x: Tensor, k: int, picks: Sequence[int]) -> Tensor:
    """Some places of an axis in a given order."""
    return mapped(x, k, selection(reader, places(x, k, "selection"), picks))


def listed(key: Any, size: int) -> list[int]:
    """The places that an index of one axis names."""
    if isinstance(key, slice):
        return list(range(*key.indices(size)))
    array = np.asarray(key.detach().cpu() if hasattr(key, "detach") else key)
    if array.dtype.kind == "b" and array.ndim == 1:
        array = np.flatnonzero(array)
    if array.dtype.kind not in "iu" or array.ndim > 1:
        raise NoRuleError("indexing with something that is no list of whole numbers is not read")
    found = [int(v) for v in array.ravel()]
    if not all(-size <= v < size for v in found):
        raise ShapeError(f"a place beyond the {size} places of an axis is selected")
    return [v % size for v in found]


@reads("flip")
def _flip(reader: Any, x: Tensor, *dims: Any) -> Tensor:
    for d in _list(dims):
        k = axis_number(x, d)
        x = selected(reader, x, k, range(places(x, k, "flip") - 1, -1, -1))
    return x


@reads("fliplr")
def _fliplr(reader: Any, x: Tensor) -> Tensor:
    return _flip(reader, x, 1)


@reads("flipud")
def _flipud(reader: Any, x: Tensor) -> Tensor:
    return _flip(reader, x, 0)


def _list(dims: Any) -> list[Any]:
    return list(dims[0]) if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else list(dims)


@reads("roll")
def _roll(reader: Any, x: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    if dims is None:
        raise NoRuleError("roll is read with dims=")
    pairs = zip(_list((shifts,)), _list((dims,)), strict=True)
    for shift, d in pairs:
        k = axis_number(x, d)
        size = places(x, k, "roll")
        x = selected(reader, x, k, [(i - int(shift)) % size for i in range(size)])
    return x


@reads("repeat", "tile")
def _repeat(reader: Any, x: Tensor, *sizes: Any) -> Tensor:
    often = [reader.size(s) for s in _list(sizes)]
    while len(x.axes) < len(often):
        x = unsqueezed(reader, x, 0)
    often = [sp.Integer(1)] * (len(x.axes) - len(often)) + often
    for k, r in enumerate(often):
        if r != 1:
            x = mapped(x, k, kron(ones(1, r), eye(x.axes[k].size)))
    return x


@reads("repeat_interleave")
def repeated_each(reader: Any, x: Tensor, repeats: Any, dim: Any = None) -> Tensor:
    if dim is None or not isinstance(repeats, (int, sp.Expr)):
        raise NoRuleError("repeat_interleave is read with one number of repeats and dim=")
    k = axis_number(x, dim)
    return mapped(x, k, kron(eye(x.axes[k].size), ones(1, reader.size(repeats))))


# -- padding ---------------------------------------------------------------------------------------


@reads("pad")
def padded(reader: Any, x: Tensor, pad: Any, mode: str = "constant", value: Any = None) -> Tensor:
    """``pad`` counts from the last axis on, two numbers an axis."""
    fill = 0 if value is None else value
    if mode == "constant" and fill != 0:
        off = combined(x, reader.tensor(fill), subtracted)
        return combined(padded(reader, off, pad), reader.tensor(fill), added)
    for j in range(len(pad) // 2):
        k = len(x.axes) - 1 - j
        x = _padded_along(reader, x, k, int(pad[2 * j]), int(pad[2 * j + 1]), mode)
    return x


def _padded_along(reader: Any, x: Tensor, k: int, left: int, right: int, mode: str) -> Tensor:
    if not left and not right:
        return x
    size = x.axes[k].size
    if mode == "constant":
        if left < 0 or right < 0:
            end = places(x, k, "a negative padding") + min(right, 0)
            start = max(-left, 0)
            x = picked(x, k, start, sp.Integer(end - start), True)
            size, left, right = x.axes[k].size, max(left, 0), max(right, 0)
        return mapped(x, k, place(eye(size), 0, left, size, size + left + right))
    n = places(x, k, f"padding by {mode}")
    line = range(-left, n + right)
    if mode == "replicate":
        picks = [min(max(i, 0), n - 1) for i in line]
    elif mode == "circular":
        picks = [i % n for i in line]
    elif mode == "reflect":
        picks = [n - 1 - abs(n - 1 - abs(i)) for i in line]
    else:
        raise NoRuleError(f"padding by {mode!r} is not read")
    return selected(reader, x, k, picks)


# -- resampling ------------------------------------------------------------------------------------


def resampled(reader: Any, x: Tensor, k: int, word: str, fn: Callable[[Any], Any]) -> Tensor:
    """A fixed linear map along one axis, known by what torch makes of the unit vectors."""
    import torch

    n = places(x, k, word)
    units = torch.tensor(np.eye(n)).reshape(1, n, n)
    return mapped(x, k, reader.matrix(fn(units)[0].numpy()))


@reads("interpolate", "upsample")
def interpolated(
    reader: Any, x: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: Any = None, recompute_scale_factor: Any = None, antialias: bool = False,
) -> Tensor:  # fmt: skip
    import torch.nn.functional as F

    count = len(x.axes) - 2
    if mode == "area":
        if size is None:
            factors = (
                tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor,)
            )
            line_ = factors * count if len(factors) == 1 else factors
            size = [int(places(x, j + 2, "interpolation") * f) for j, f in enumerate(line_)]
        return FUNCTIONS[f"adaptive_avg_pool{count}d"](reader, x, size)
    ways = {"nearest": "nearest", "nearest-exact": "nearest-exact", "linear": "linear"}
    line = (ways | {"bilinear": "linear", "trilinear": "linear"}).get(mode)
    if line is None or antialias:
        raise NoRuleError(f"interpolation by {mode}{' with antialias' * antialias} is not read")
    for j in range(count):
        asked = {
            "size": size[j] if isinstance(size, (tuple, list)) else size,
            "scale_factor": scale_factor[j]
            if isinstance(scale_factor, (tuple, list))
            else scale_factor,
            "recompute_scale_factor": recompute_scale_factor,
        }
        if line == "linear":
            asked["align_corners"] = align_corners
        by = partial(F.interpolate, mode=line, **asked)
        x = resampled(reader, x, j + 2, "interpolation", by)
    return reader.named("pool", x)


# -- sums and products so far ----------------------------------------------------------------------


def _so_far(x: Tensor, dim: int) -> tuple[Tensor, int, Node]:
    k = axis_number(x, dim)
    size: Dim = x.axes[k].size
    return x, k, WORDS["triu"](ones(size, size))


@reads("cumsum")
def _cumsum(reader: Any, x: Tensor, dim: int) -> Tensor:
    return reader.named("sum", mapped(*_so_far(x, dim)))


@reads("logcumsumexp")
def _logcumsumexp(reader: Any, x: Tensor, dim: int) -> Tensor:
    summed = mapped(*_so_far(x.each(WORDS["exp"]), dim))
    return reader.named("logcumsumexp", summed.each(WORDS["log"]))


@reads("prod")
def _prod(reader: Any, x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    if dim is None:
        x, dim = reshaped(x, [sp.Integer(-1)]), 0
    k = axis_number(x, dim)
    parts = [picked(x, k, i, sp.Integer(1), keepdim) for i in range(places(x, k, "a product"))]
    out = parts[0]
    for one in parts[1:]:
        out = combined(out, one, lambda a, b: had(a, b) if a.shape and b.shape else times(a, b))
    return reader.named("mul", out)
