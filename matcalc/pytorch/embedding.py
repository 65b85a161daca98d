"""Embeddings: class numbers as one-hot rows, times the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.pytorch.entrywise import added, multiplied
from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.layers import layer
from matcalc.pytorch.reductions import averaged, total
from matcalc.pytorch.shaping import reshaped
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import Tensor, combined


@layer("Embedding")
def _embedding(reader: Any, m: Any, x: Any) -> Any:
    return embedded(
        reader, x, m.weight, m.padding_idx, m.max_norm, m.norm_type, m.scale_grad_by_freq
    )


@reads("embedding")
def embedded(
    reader: Any, x: Any, weight: Any, padding_idx: Any = None, max_norm: Any = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Any:  # fmt: skip
    if max_norm is not None or scale_grad_by_freq:
        raise NoRuleError("an embedding with max_norm or scale_grad_by_freq is not read")
    table = reader.tensor(weight)
    if padding_idx is not None:
        table = _padded(reader, table, int(padding_idx))
    rows = reader.one_hot(x, table.axes[0].size)
    if isinstance(x, Tensor):
        raise NoRuleError("an embedding is looked up at numbers that were computed")
    return FUNCTIONS["matmul"](reader, rows, table)


def _padded(reader: Any, table: Tensor, row: int) -> Tensor:
    """A table one row of which keeps its value: no gradient reaches it."""
    [name] = [k for k, node in reader.network.params.items() if node is table.node] or [None]
    if name is None:  # a frozen table has no gradient at all
        return table
    value = reader.known[name].detach()
    kept = np.zeros((value.shape[0], 1))
    kept[row] = 1
    hold = reader.constant_array(kept)
    reader.say(f"row {row} of {name} is padding: it keeps its value, and no gradient reaches it")
    moving = combined(table, reader.complement(hold), multiplied)
    fixed = reader.constant_array(np.asarray(value[row]))
    return reader.named("table", combined(moving, combined(hold, fixed, multiplied), added))


@layer("EmbeddingBag")
def _embedding_bag(reader: Any, m: Any, x: Any) -> Any:
    """Sums or means of the embeddings of each row."""
    if m.mode not in ("sum", "mean") or m.padding_idx is not None:
        raise NoRuleError("an embedding bag is read by sum or mean, without padding_idx")
    found = embedded(reader, x, m.weight, None, m.max_norm, 2.0, m.scale_grad_by_freq)
    if len(found.axes) != 3:
        raise ShapeError("an embedding bag is read with a row of class numbers for each bag")
    by = total if m.mode == "sum" else averaged
    return reader.named(m.mode, by(found, 1))


@reads("one_hot")
def _one_hot(reader: Any, x: Any, num_classes: int = -1) -> Any:
    if num_classes < 1:
        raise NoRuleError("one_hot is read with the number of classes")
    return reader.one_hot(x, sp.Integer(num_classes))


@layer("Bilinear")
def _bilinear(reader: Any, m: Any, x: Tensor, y: Tensor) -> Any:
    return bilinear(reader, x, y, m.weight, m.bias)


@reads("bilinear")
def bilinear(reader: Any, x: Tensor, y: Tensor, weight: Any, bias: Any = None) -> Any:
    """All products of an entry of x and one of y, times the weight as a matrix."""
    W = reader.tensor(weight)
    front = list(x.sizes[:-1])
    column = reshaped(x, [*front, x.sizes[-1], sp.Integer(1)])
    row = reshaped(y, [*front, sp.Integer(1), y.sizes[-1]])
    pairs = reader.named("mul", combined(column, row, multiplied))
    flat = reshaped(pairs, [*front, sp.Mul(*W.sizes[1:])])
    return FUNCTIONS["linear"](reader, flat, reshaped(W, [W.sizes[0], sp.Mul(*W.sizes[1:])]), bias)
