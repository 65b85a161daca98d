"""Transposing, viewing, slicing and joining tensors."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.ops.algebra import minus, mul, ones
from matcalc.ops.blocks import part
from matcalc.ops.entries import outside
from matcalc.pytorch.reductions import axis_numbers
from matcalc.pytorch.table import axis_number, reads
from matcalc.pytorch.tensors import (
    Axis,
    Tensor,
    apart,
    combined,
    count,
    laid_out,
    placed,
    same,
    show,
    tensor,
    together,
)
from matcalc.shapes import Dim


@reads("transpose", "swapaxes", "swapdims")
def transposed(reader: Any, x: Tensor, dim0: int, dim1: int) -> Tensor:
    order = list(range(len(x.axes)))
    i, j = axis_number(x, dim0), axis_number(x, dim1)
    order[i], order[j] = order[j], order[i]
    return replace(x, axes=tuple(x.axes[k] for k in order))


@reads("mT", "adjoint", "mH")
def turned(reader: Any, x: Tensor) -> Tensor:
    """The transpose of every matrix."""
    if len(x.axes) < 2:
        raise ShapeError(f"a transpose of matrices wants two axes, not shape {show(x.sizes)}")
    return transposed(reader, x, -2, -1)


@reads("t")
def _t(reader: Any, x: Tensor) -> Tensor:
    if len(x.axes) > 2:
        raise ShapeError(f"t() is for at most two axes, not for shape {show(x.sizes)}")
    return _reversed(reader, x)


@reads("T", "H")
def _reversed(reader: Any, x: Tensor) -> Tensor:
    """All axes in the opposite order."""
    return replace(x, axes=x.axes[::-1])


@reads("movedim", "moveaxis")
def _movedim(reader: Any, x: Tensor, source: Any, destination: Any) -> Tensor:
    if not isinstance(source, (tuple, list)):
        source, destination = [source], [destination]
    moved = [axis_number(x, s) for s in source]
    order = [k for k in range(len(x.axes)) if k not in moved]
    for to, k in sorted(zip((axis_number(x, d) for d in destination), moved, strict=True)):
        order.insert(to, k)
    return replace(x, axes=tuple(x.axes[k] for k in order))


@reads("permute")
def _permute(reader: Any, x: Tensor, *dims: Any) -> Tensor:
    order = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    return replace(x, axes=tuple(x.axes[axis_number(x, k)] for k in order))


@reads("unsqueeze")
def unsqueezed(reader: Any, x: Tensor, dim: int) -> Tensor:
    if not -len(x.axes) - 1 <= dim <= len(x.axes):
        raise ShapeError(f"there is no place {dim} for an axis in shape {show(x.sizes)}")
    k = dim % (len(x.axes) + 1)
    return replace(x, axes=(*x.axes[:k], Axis(sp.Integer(1)), *x.axes[k:]))


@reads("squeeze")
def _squeeze(reader: Any, x: Tensor, dim: Any = None) -> Tensor:
    which = range(len(x.axes)) if dim is None else axis_numbers(x, dim)
    axes = tuple(a for k, a in enumerate(x.axes) if not (k in which and a.is_one))
    return replace(x, axes=axes)


@reads("view", "reshape")
def _view(reader: Any, x: Tensor, *sizes: Any) -> Tensor:
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    return reshaped(x, [reader.size(s) for s in sizes])


def reshaped(x: Tensor, sizes: list[Dim]) -> Tensor:
    """The entries in order, over axes of other sizes; axes that stay keep their identity."""
    whole = count(x.axes)
    if -1 in sizes:
        known = sp.Mul(*(s for s in sizes if s != -1))
        sizes[sizes.index(-1)] = sp.cancel(whole / known)
    if not same(count([Axis(s) for s in sizes]), whole):
        raise ShapeError(f"cannot view a tensor of shape {show(x.sizes)} as {show(sizes)}")
    # Axes at the front that stay are left alone, so that heads split off without a rearrangement.
    front: list[Axis] = []
    old, new = list(x.axes), list(sizes)
    while old and new and same(old[0].size, new[0]):
        front.append(old.pop(0))
        new.pop(0)
    if not old or all(a.is_one for a in old):
        return replace(x, axes=(*front, *(Axis(s) for s in new)))
    if any(a in x.outer for a in front) and not any(a in x.outer for a in old):
        x = laid_out(x, [a for a in x.rows if a in front], placed(tuple(old)))
    else:
        x = together(x)
        x = laid_out(x, placed(tuple(front)), placed(tuple(old)))
    fresh = tuple(Axis(s) for s in new)
    return replace(x, axes=(*front, *fresh), cols=placed(fresh))


@reads("flatten")
def _flatten(reader: Any, x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    first, last = axis_number(x, start_dim), axis_number(x, end_dim)
    sizes = list(x.sizes)
    return reshaped(x, [*sizes[:first], count(x.axes[first : last + 1]), *sizes[last + 1 :]])


@reads("unflatten")
def _unflatten(reader: Any, x: Tensor, dim: int, sizes: Any) -> Tensor:
    k = axis_number(x, dim)
    return reshaped(x, [*x.sizes[:k], *_filled_in(reader, sizes, x.sizes[k]), *x.sizes[k + 1 :]])


def _filled_in(reader: Any, sizes: Any, whole: Dim) -> list[Dim]:
    """Sizes of which one may be -1."""
    wanted = [reader.size(s) for s in sizes]
    if -1 in wanted:
        known = sp.Mul(*(s for s in wanted if s != -1))
        wanted[wanted.index(-1)] = sp.cancel(whole / known)
    return wanted


@reads("ravel")
def _ravel(reader: Any, x: Tensor) -> Tensor:
    return reshaped(x, [sp.Integer(-1)])


@reads("view_as", "reshape_as")
def _view_as(reader: Any, x: Tensor, other: Tensor) -> Tensor:
    return reshaped(x, list(other.sizes))


@reads("expand_as")
def _expand_as(reader: Any, x: Tensor, other: Tensor) -> Tensor:
    return _expand(reader, x, *other.sizes)


@reads("expand", "broadcast_to")
def _expand(reader: Any, x: Tensor, *sizes: Any) -> Tensor:
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    wanted = [reader.size(s) for s in sizes]
    own = [sp.Integer(1)] * (len(wanted) - len(x.axes)) + list(x.sizes)
    if any(w != -1 and o != 1 and not same(o, w) for o, w in zip(own, wanted, strict=True)):
        raise ShapeError(f"cannot expand a tensor of shape {show(x.sizes)} to {show(wanted)}")
    axes = tuple(Axis(o if w == -1 else w) for o, w in zip(own, wanted, strict=True))
    shown = placed(axes)
    cut = max(len(shown) - 1, 0)
    frame = tensor(ones(count(shown[:cut]), count(shown[cut:])), shown[:cut], shown[cut:], axes)
    return combined(frame, x, lambda a, b: b if b.shape else mul(b, a))


def picked(x: Tensor, k: int, start: Any, size: Dim, keep: bool) -> Tensor:
    """Some neighbouring places of one axis; a single one without the axis unless ``keep``."""
    axis, start = x.axes[k], sp.Integer(0) + start
    x = apart(x)
    fresh = Axis(size)
    axes = tuple(fresh if a is axis else a for a in x.axes)
    if not keep:
        axes = tuple(a for a in axes if a is not fresh)
    if axis in x.outer:
        if size != 1:
            return picked(together(x), k, start, size, keep)
        if not start.is_Integer:
            raise NoRuleError(f"place {start} of matrices that are kept apart is not read")
        at = x.outer.index(axis)
        parts = {(*key[:at], *key[at + 1 :]): v for key, v in x.parts.items() if key[at] == start}
        outer = tuple(a for a in x.outer if a is not axis)
        return replace(x, axes=axes, outer=outer, parts=parts)
    if axis.is_one:
        return replace(x, axes=axes)
    rows = tuple(a for a in x.rows if a is not axis)
    if axis in x.rows and x.rows[0] is axis and x.rows:  # the first rows: no rearrangement
        high = count(x.rows[1:])
        made = x.each(lambda a: part(a, start * high, sp.Integer(0), size * high, count(x.cols)))
        return replace(made, axes=axes, rows=placed((fresh, *x.rows[1:])))
    cols = tuple(a for a in x.cols if a is not axis)
    x = laid_out(x, rows, (axis, *cols))
    wide = count(cols)
    made = x.each(lambda a: part(a, sp.Integer(0), start * wide, count(rows), size * wide))
    return replace(made, axes=axes, rows=rows, cols=placed((fresh, *cols)))


@reads("getitem")
def _getitem(reader: Any, x: Any, key: Any) -> Any:
    if isinstance(x, (tuple, list, dict)):
        return x[key]
    x = reader.tensor(x)
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(item is Ellipsis for item in keys):
        at = next(i for i, item in enumerate(keys) if item is Ellipsis)
        used = sum(1 for k in keys if k is not None and k is not Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(x.axes) - used)
    lists = [at for at, item in enumerate(keys) if _is_list(item)]
    if len(lists) > 1:
        from matcalc.pytorch.scattering import indexed_by_several

        return indexed_by_several(reader, x, keys, lists)
    k = 0
    for item in keys:
        if item is None:
            x = unsqueezed(reader, x, k)
            k += 1
        elif isinstance(item, slice):
            x, k = _sliced(reader, x, k, item), k + 1
        elif isinstance(item, (int, sp.Expr)) and not isinstance(item, bool):
            x = picked(x, k, _place(item, x.axes[k].size), sp.Integer(1), False)
        elif _is_list(item):
            from matcalc.pytorch.scattering import indexed

            before = len(x.axes)
            x = indexed(reader, x, k, item)
            k += 1 + len(x.axes) - before
        else:
            raise NoRuleError(f"indexing with {_called(item)} is not read")
    return x


def _called(item: Any) -> str:
    return "places that are computed" if isinstance(item, Tensor) else type(item).__name__


def _is_list(item: Any) -> bool:
    """Places as a list, a tensor, or an input."""
    return isinstance(item, (list, range)) or hasattr(item, "tracer") or hasattr(item, "detach")


def _place(item: Any, size: Dim) -> Dim:
    place = _from_start(item, size)
    if outside(place, 1, size):
        raise ShapeError(f"place {item} of an axis with {size} places")
    return place


def _from_start(place: Any, size: Dim) -> Dim:
    """A place that may be counted from the end; it and the size may be symbols."""
    place = sp.Integer(0) + place
    if place.is_negative is None:
        raise NoRuleError(f"whether {place} counts from the start or from the end is not known")
    return sp.expand(size + place) if place.is_negative else place


def _sliced(reader: Any, x: Tensor, k: int, item: slice) -> Tensor:
    size = x.axes[k].size
    if item.step not in (None, 1):
        from matcalc.pytorch.selecting import selected

        if not size.is_Integer:
            raise NoRuleError("a slice of a symbolic axis is read with step 1 only")
        return selected(reader, x, k, range(*item.indices(int(size))))
    if item.start in (None, 0) and (item.stop is None or same(sp.Integer(0) + item.stop, size)):
        return x
    if size.is_Integer and not any(isinstance(v, sp.Expr) for v in (item.start, item.stop)):
        start, stop, _ = map(sp.Integer, item.indices(int(size)))
    else:
        start, stop = _from_start(item.start or 0, size), size
        if item.stop is not None:
            stop = _from_start(item.stop, size)
    length = sp.expand(stop - start)
    if length.is_nonpositive:
        raise ShapeError("an empty slice")
    return picked(x, k, start, length, True)


@reads("select")
def _select(reader: Any, x: Tensor, dim: int, index: int) -> Any:
    return _getitem(reader, x, (*[slice(None)] * axis_number(x, dim), index))


@reads("narrow")
def _narrow(reader: Any, x: Tensor, dim: int, start: int, length: int) -> Any:
    k = axis_number(x, dim)
    return _getitem(reader, x, (*[slice(None)] * k, slice(start, start + length)))


@reads("chunk")
def _chunk(reader: Any, x: Tensor, chunks: int, dim: int = 0) -> Any:
    size = x.axes[axis_number(x, dim)].size
    if not size.is_Integer:
        raise NoRuleError("a symbolic axis is not cut into chunks")
    return _split(reader, x, -(-int(size) // chunks), dim)


@reads("split")
def _split(reader: Any, x: Tensor, size: Any, dim: int = 0) -> Any:
    k = axis_number(x, dim)
    whole = int(x.axes[k].size)
    sizes = list(size) if isinstance(size, (tuple, list)) else None
    if sizes is None:
        sizes = [min(size, whole - s) for s in range(0, whole, size)]
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return tuple(picked(x, k, s, sp.Integer(n), True) for s, n in zip(starts, sizes, strict=True))


@reads("tensor_split")
def _tensor_split(reader: Any, x: Tensor, parts: Any, dim: int = 0) -> Any:
    k = axis_number(x, dim)
    size = x.axes[k].size
    if not size.is_Integer:
        raise NoRuleError("a symbolic axis is not split")
    n = int(size)
    if isinstance(parts, int):  # the first parts are longer by one
        each, more = divmod(n, parts)
        return _split(reader, x, [each + (i < more) for i in range(parts)], dim)
    cuts = [0, *parts, n]
    return _split(reader, x, [b - a for a, b in itertools.pairwise(cuts)], dim)


@reads("unbind")
def _unbind(reader: Any, x: Tensor, dim: int = 0) -> Any:
    k = axis_number(x, dim)
    return tuple(picked(x, k, i, sp.Integer(1), False) for i in range(int(x.axes[k].size)))


@reads("diff")
def _diff(reader: Any, x: Tensor, n: int = 1, dim: int = -1) -> Tensor:
    """Each place less the one before it, as often as asked."""
    k = axis_number(x, dim)
    for _ in range(n):
        later = _sliced(reader, x, k, slice(1, None))
        x = combined(later, _sliced(reader, x, k, slice(0, -1)), minus)
    return x
