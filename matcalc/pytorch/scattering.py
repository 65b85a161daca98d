"""Entries picked and added by places: places that are fixed, or an input of whole numbers.

Fixed places are one constant matrix of zeros and ones. An input of places becomes one-hot rows, as
class numbers do, so that ``h[src]`` of a graph is a product, and ``index_add`` its transpose.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import number
from matcalc.ops.algebra import mul, t
from matcalc.pytorch.constants import as_array
from matcalc.pytorch.entrywise import added, multiplied
from matcalc.pytorch.reader import Placeholder
from matcalc.pytorch.selecting import mapped, places, selected
from matcalc.pytorch.shaping import reshaped
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import Tensor, combined, laid_out, placed, show


def held_by(index: Any) -> Placeholder | None:
    """The input that gives the places, if they are given."""
    value = getattr(index, "value", index) if hasattr(index, "tracer") else index
    return value if isinstance(value, Placeholder) else None


def fixed(index: Any, word: str) -> np.ndarray:
    """Places that are known."""
    if hasattr(index, "tracer") or isinstance(index, (Tensor, Placeholder)):
        raise NoRuleError(f"{word} at places that are computed is not read")
    array = as_array(index) if hasattr(index, "detach") else np.asarray(index)
    if array.dtype.kind not in "iub":
        raise NoRuleError(f"{word} wants places that are whole numbers")
    return array


@reads("index_select")
def _index_select(reader: Any, x: Tensor, dim: int, index: Any) -> Tensor:
    return indexed(reader, x, axis_number(x, dim), index)


def indexed(reader: Any, x: Tensor, k: int, index: Any) -> Tensor:
    """A tensor of places, or a fixed mask, in the place of one axis."""
    holder = held_by(index)
    if holder is not None:
        return _picked_by_input(reader, x, k, holder)
    array = fixed(index, "indexing")
    if array.dtype.kind == "b":
        return _picked_by_mask(reader, x, k, array)
    return _flat_picks(reader, x, k, 1, array)


def _picked_by_input(reader: Any, x: Tensor, k: int, holder: Placeholder) -> Tensor:
    """``x[idx]`` along one axis: the product with one-hot rows."""
    rows: Tensor = reader.one_hot(holder, x.axes[k].size)
    *where, wide = rows.axes
    by = t(laid_out(rows, placed(tuple(where)), placed((wide,))).node)
    sizes = [*x.sizes[:k], *(a.size for a in where), *x.sizes[k + 1 :]]
    return reader.named("matmul", reshaped(mapped(x, k, by), sizes))


def _picked_by_mask(reader: Any, x: Tensor, k: int, mask: np.ndarray) -> Tensor:
    """The places where a fixed mask over some axes is true, as one axis."""
    if [str(s) for s in x.sizes[k : k + mask.ndim]] != [str(s) for s in mask.shape]:
        raise ShapeError(f"a mask of shape {mask.shape} for a tensor of shape {show(x.sizes)}")
    return _flat_picks(reader, x, k, mask.ndim, np.flatnonzero(mask))


def _flat_picks(reader: Any, x: Tensor, first: int, often: int, spots: np.ndarray) -> Tensor:
    """Some axes as one, and places of it in any shape."""
    before, after = x.sizes[:first], x.sizes[first + often :]
    flat = reshaped(x, [*before, sp.Mul(*x.sizes[first : first + often]), *after])
    made = selected(reader, flat, first, [int(v) for v in spots.ravel()])
    return (
        made
        if spots.ndim == 1
        else reshaped(made, [*before, *map(sp.Integer, spots.shape), *after])
    )


def indexed_by_several(reader: Any, x: Tensor, keys: list[Any], lists: list[int]) -> Tensor:
    """``x[[0, 1], [2, 0]]``: lists of places for neighbouring axes; the others may be sliced."""
    neighbours = lists == list(range(lists[0], lists[-1] + 1))
    if not neighbours or any(k is None or isinstance(k, int) for k in keys):
        raise NoRuleError("several lists of places are read for neighbouring axes, beside slices")
    plain = tuple(slice(None) if at in lists else k for at, k in enumerate(keys))
    x = FUNCTIONS["getitem"](reader, x, plain)
    holder = held_by(keys[lists[-1]])
    if holder is not None and lists == [0, 1] and len(x.axes) == 2:
        return _one_each_row(reader, x, fixed(keys[0], "indexing"), holder)
    first = lists[0]
    line = [fixed(keys[at], "indexing") for at in lists]
    sizes = [places(x, first + j, "indexing") for j in range(len(line))]
    if any(a.size and not -n <= a.min() <= a.max() < n for a, n in zip(line, sizes, strict=True)):
        raise ShapeError("a place beyond the end of an axis is selected")
    line = [a % n for a, n in zip(line, sizes, strict=True)]
    spots = np.asarray(np.ravel_multi_index(np.broadcast_arrays(*line), tuple(sizes)))
    return _flat_picks(reader, x, first, len(line), spots)


def _one_each_row(reader: Any, x: Tensor, rows: np.ndarray, holder: Placeholder) -> Tensor:
    """``x[torch.arange(n), y]``: of every row the entry of its class."""
    if rows.tolist() != list(range(places(x, 0, "indexing"))):
        raise NoRuleError("x[rows, classes] is read where rows counts all rows of x")
    classes = reader.one_hot(holder, x.axes[1].size)
    return FUNCTIONS["sum"](reader, combined(x, classes, multiplied), 1)


@reads("masked_select")
def _masked_select(reader: Any, x: Tensor, mask: Any) -> Tensor:
    return _picked_by_mask(reader, x, 0, fixed(mask, "masked_select"))


@reads("take")
def _take(reader: Any, x: Tensor, index: Any) -> Tensor:
    flat = reshaped(x, [sp.Integer(-1)])
    return _flat_picks(reader, flat, 0, 1, fixed(index, "take"))


@reads("gather", "take_along_dim")
def _gather(reader: Any, x: Tensor, dim: int, index: Any = None) -> Tensor:
    """One entry along an axis for each place: the product with one-hot rows, summed."""
    if hasattr(dim, "tracer") or hasattr(dim, "detach"):  # take_along_dim has them the other way
        dim, index = index, dim
    k = axis_number(x, dim)
    if held_by(index) is None:
        array = fixed(index, "gather")
        line = np.arange(int(np.prod([places(x, j, "gather") for j in range(len(x.axes))])))
        spots = np.take_along_axis(line.reshape([int(s) for s in x.sizes]), array, k)
        return _flat_picks(reader, x, 0, len(x.axes), spots)
    rows: Tensor = reader.one_hot(index, x.axes[k].size)
    if len(rows.axes) != len(x.axes) + 1 or not rows.axes[k].is_one:
        raise NoRuleError("gather is read with class numbers, one along its axis")
    axes = [a for j, a in enumerate(rows.axes[:-1]) if j != k]
    axes.insert(k, rows.axes[-1])
    if [str(a.size) for a in axes] != [str(s) for s in x.sizes]:
        raise NoRuleError("gather is read with a class number for every place of the other axes")
    chosen = combined(replace(rows, axes=tuple(axes)), x, multiplied)
    return FUNCTIONS["sum"](reader, chosen, k, True)


@reads("index_add")
def _index_add(
    reader: Any, x: Tensor, dim: int, index: Any, source: Tensor, *, alpha: Any = 1
) -> Tensor:
    """Each part of the source added to the place it names."""
    k = axis_number(x, dim)
    holder = held_by(index)
    if holder is not None:
        rows: Tensor = reader.one_hot(holder, x.axes[k].size)
        by = laid_out(rows, placed(rows.axes[:1]), placed(rows.axes[1:])).node
    else:
        by = reader.matrix(np.eye(places(x, k, "index_add"))[fixed(index, "index_add")])
    sent = mapped(source, k, by)
    if alpha != 1:
        sent = combined(reader.tensor(alpha), sent, multiplied)
    return reader.named("add", combined(x, sent, added))


@reads("scatter")
def _scatter(reader: Any, x: Tensor, dim: int, index: Any, src: Any = None, **kw: Any) -> Tensor:
    """One number written at one place along an axis, for each place of the others."""
    value = kw.pop("value", src)
    k = axis_number(x, dim)
    if kw or not isinstance(value, (int, float)):
        raise NoRuleError("scatter is read with one number that is written")
    if held_by(index) is None and hasattr(index, "tracer"):
        raise NoRuleError("scatter at places that are computed is not read")
    rows: Tensor = reader.one_hot(index, x.axes[k].size)
    if isinstance(index, Tensor) or len(rows.axes) != len(x.axes) + 1 or not rows.axes[k].is_one:
        raise NoRuleError("scatter is read with one place along its axis")
    axes = [a for j, a in enumerate(rows.axes[:-1]) if j != k]
    axes.insert(k, rows.axes[-1])
    on = replace(rows, axes=tuple(axes))
    kept = combined(x, reader.complement(on), multiplied)
    return reader.named("add", combined(kept, on.each(lambda a: mul(number(str(value)), a)), added))


@reads("scatter_add")
def _scatter_add(reader: Any, x: Tensor, dim: int, index: Any, src: Tensor) -> Tensor:
    """Read where the places are the same for all other axes: then it is index_add."""
    k = axis_number(x, dim)
    holder = held_by(index)
    if holder is not None:
        moves = [m for m in holder.moves if m[0] != "expand"]
        line = replace(holder, moves=(*moves, ("reshape", [src.sizes[k]])), sizes=(src.sizes[k],))
        if not any(m[0] == "expand" for m in holder.moves) and len(holder.sizes) > 1:
            raise NoRuleError("scatter_add is read where its places are expanded from one axis")
        return _index_add(reader, x, k, line, src)
    array = np.moveaxis(fixed(index, "scatter_add"), k, 0)
    flat = array.reshape(len(array), -1)
    if (flat == flat[:, :1]).all() and [int(s) for s in src.sizes] == list(fixed(index, "").shape):
        return _index_add(reader, x, k, flat[:, 0], src)
    sizes = [places(x, j, "scatter_add") for j in range(len(x.axes))]
    line_ = np.arange(int(np.prod(sizes))).reshape(sizes)
    spots = np.take_along_axis(line_, fixed(index, "scatter_add"), k).ravel()
    part = tuple(slice(0, s) for s in fixed(index, "scatter_add").shape)
    used = FUNCTIONS["getitem"](reader, src, part)
    by = reader.matrix(np.eye(line_.size)[spots])
    sent = mapped(reshaped(used, [sp.Integer(-1)]), 0, by)
    return reader.named("add", combined(x, reshaped(sent, list(x.sizes)), added))
