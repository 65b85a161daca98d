"""Joining tensors: side by side, stacked, on a diagonal, broadcast to one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.ops.blocks import hstack
from matcalc.pytorch.shaping import reshaped, transposed, unsqueezed
from matcalc.pytorch.surroundings import filled
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import (
    Axis,
    Tensor,
    laid_out,
    placed,
    renamed,
    same,
    show,
    tensor,
    together,
)
from matcalc.shapes import Dim


def _all(reader: Any, tensors: Sequence[Any]) -> list[Tensor]:
    """The tensors, given as several arguments or as one list."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tensors[0]
    return [reader.tensor(x) for x in tensors]


@reads("cat", "concat", "concatenate")
def joined(reader: Any, tensors: Any, dim: int = 0) -> Tensor:
    items = [together(reader.tensor(x)) for x in tensors]
    k = axis_number(items[0], dim)
    lead = items[0]
    rest = tuple(a for i, a in enumerate(lead.axes) if i != k)
    nodes, size = [], sp.Integer(0)
    for item in items:
        if len(item.axes) != len(lead.axes):
            raise ShapeError("cat wants tensors with equally many axes")
        own = item.axes[k]
        swaps = {}
        for i, (a, b) in enumerate(zip(lead.axes, item.axes, strict=True)):
            if i != k and b is not a:
                if not same(a.size, b.size):
                    raise ShapeError(f"cat of tensors {show(lead.sizes)} and {show(item.sizes)}")
                swaps[b] = a
        item = renamed(item, {**swaps, own: (own := Axis(own.size))})
        nodes.append(laid_out(item, placed(rest[:k]), placed((own, *rest[k:]))).node)
        size = size + own.size
    fresh = Axis(sp.expand(size))
    axes = (*rest[:k], fresh, *rest[k:])
    made = tensor(hstack(*nodes), rest[:k], (fresh, *rest[k:]), axes)
    return reader.named("cat", made)


@reads("stack")
def _stack(reader: Any, tensors: Any, dim: int = 0) -> Tensor:
    items = [reader.tensor(x) for x in tensors]
    k = dim % (len(items[0].axes) + 1)
    return joined(reader, [unsqueezed(reader, x, k) for x in items], k)


@reads("hstack")
def _hstack(reader: Any, tensors: Any) -> Tensor:
    items = _all(reader, [tensors])
    return joined(reader, items, 0 if len(items[0].axes) == 1 else 1)


@reads("vstack", "row_stack")
def _vstack(reader: Any, tensors: Any) -> Tensor:
    items = _all(reader, [tensors])
    return joined(reader, [unsqueezed(reader, x, 0) if len(x.axes) == 1 else x for x in items], 0)


@reads("column_stack")
def _column_stack(reader: Any, tensors: Any) -> Tensor:
    items = _all(reader, [tensors])
    return joined(reader, [unsqueezed(reader, x, 1) if len(x.axes) == 1 else x for x in items], 1)


@reads("dstack")
def _dstack(reader: Any, tensors: Any) -> Tensor:
    items = [
        unsqueezed(reader, unsqueezed(reader, x, 0) if len(x.axes) == 1 else x, 2)
        if len(x.axes) < 3
        else x
        for x in _all(reader, [tensors])
    ]
    return joined(reader, items, 2)


@reads("block_diag")
def _block_diag(reader: Any, *tensors: Any) -> Tensor:
    items = _all(reader, tensors)
    if any(len(x.axes) != 2 for x in items):
        raise NoRuleError("block_diag is read for matrices")
    rows = []
    for i, x in enumerate(items):
        line = [
            x if i == j else filled("zeros", (x.sizes[0], other.sizes[1]))
            for j, other in enumerate(items)
        ]
        rows.append(joined(reader, line, 1))
    return joined(reader, rows, 0)


@reads("broadcast_tensors")
def _broadcast(reader: Any, *tensors: Any) -> tuple[Tensor, ...]:
    items = _all(reader, tensors)
    sizes: list[Dim] = []
    for x in items:
        longer, shorter = sorted((sizes, list(x.sizes)), key=len, reverse=True)
        cut = len(longer) - len(shorter)
        sizes = longer[:cut] + [
            b if a == 1 else a for a, b in zip(longer[cut:], shorter, strict=True)
        ]
    return tuple(
        x if x.sizes == tuple(sizes) else FUNCTIONS["expand"](reader, x, *sizes) for x in items
    )


@reads("meshgrid")
def _meshgrid(reader: Any, *tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    items = _all(reader, tensors)
    sizes = [x.sizes[0] if x.axes else sp.Integer(1) for x in items]
    made = []
    for k, x in enumerate(items):
        line: list[Dim] = [sp.Integer(1)] * len(items)
        line[k] = sizes[k]
        wide = FUNCTIONS["expand"](reader, reshaped(x, line), *sizes)
        made.append(transposed(reader, wide, 0, 1) if indexing == "xy" else wide)
    return tuple(made)
