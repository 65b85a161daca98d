"""Layers of torch that run over sequences: attention, recurrent layers and cells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.pytorch.entrywise import added, multiplied, subtracted
from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.layers import layer
from matcalc.pytorch.masks import seen_as
from matcalc.pytorch.multiplying import attention, linear
from matcalc.pytorch.shaping import reshaped
from matcalc.pytorch.tensors import (
    Axis,
    Tensor,
    combined,
    tensor,
)


@layer("MultiheadAttention")
def _multihead(
    reader: Any, m: Any, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Any = None,
    need_weights: bool = True, attn_mask: Any = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> Any:  # fmt: skip
    """The output, and None for the weights: they are not read."""
    if m.bias_k is not None or m.add_zero_attn:
        raise NoRuleError("MultiheadAttention is read without bias_kv and add_zero_attn")
    if m.dropout and m.training:
        raise NoRuleError("dropout is random: call module.eval() first")
    get, swap = FUNCTIONS["getitem"], FUNCTIONS["transpose"]
    heads, width = int(m.num_heads), int(m.embed_dim)
    made = []
    for k, (x, word) in enumerate(zip((query, key, value), "qkv", strict=True)):
        cut = slice(k * width, (k + 1) * width)
        bias = None if m.in_proj_bias is None else get(reader, m.in_proj_bias, cut)
        apart = m.in_proj_weight is None  # queries, keys and values of different widths
        weight = getattr(m, f"{word}_proj_weight") if apart else get(reader, m.in_proj_weight, cut)
        x = x if m.batch_first or len(x.axes) == 2 else swap(reader, x, 0, 1)
        out = linear(reader, x, weight, bias)
        split = reshaped(out, [*out.sizes[:-1], sp.Integer(heads), sp.Integer(width // heads)])
        made.append(swap(reader, split, -3, -2))
    masks = [_hiding(reader, mask) for mask in (attn_mask, key_padding_mask) if mask is not None]
    if attn_mask is not None and len(masks[0].axes) > 2:
        raise NoRuleError("MultiheadAttention is read with one mask for all heads")
    if key_padding_mask is not None and len(masks[-1].axes) == 2:  # of each sequence, its keys
        sizes = (masks[-1].sizes[0], sp.Integer(1), sp.Integer(1), masks[-1].sizes[1])
        masks[-1] = seen_as(masks[-1], sizes)
    attended = attention(reader, *made, masks)
    joined = swap(reader, attended, -3, -2)
    joined = reshaped(joined, [*joined.sizes[:-2], sp.Integer(width)])
    out = linear(reader, joined, m.out_proj.weight, m.out_proj.bias)
    return (out if m.batch_first or len(out.axes) == 2 else swap(reader, out, 0, 1)), None


def _hiding(reader: Any, mask: Any) -> Tensor:
    """A mask that is true where nothing may be seen, turned round; or numbers to be added."""
    T: Tensor = reader.tensor(mask)
    return replace(reader.complement(T), logical=True) if T.logical else T


def _gates(reader: Any, x: Tensor, h: Tensor, m: Any, mark: str, gates: int) -> Any:
    """What comes in and what is recalled, each cut into gates."""

    def cut(of: Tensor, kind: str) -> Any:
        weight = getattr(m, f"weight_{kind}{mark}")
        bias = getattr(m, f"bias_{kind}{mark}", None)
        return FUNCTIONS["chunk"](reader, linear(reader, of, weight, bias), gates, -1)

    return cut(x, "ih"), cut(h, "hh")


def _cell(reader: Any, kind: str, x: Tensor, state: Any, m: Any, mark: str) -> Any:
    def on(word: str, T: Tensor) -> Tensor:
        return FUNCTIONS[word](reader, T)

    if kind == "LSTM":
        h, c = state
        a, b = _gates(reader, x, h, m, mark, 4)
        i, f, g, o = (
            on("tanh" if k == 2 else "sigmoid", combined(p, q, added))
            for k, (p, q) in enumerate(zip(a, b, strict=True))
        )
        c = reader.named(
            "c", combined(combined(f, c, multiplied), combined(i, g, multiplied), added)
        )
        return reader.named("h", combined(o, on("tanh", c), multiplied)), c
    h = state[0]
    if kind == "GRU":
        a, b = _gates(reader, x, h, m, mark, 3)
        r, z = (on("sigmoid", combined(a[k], b[k], added)) for k in (0, 1))
        n = on("tanh", combined(a[2], combined(r, b[2], multiplied), added))
        keep = combined(z, combined(h, n, subtracted), multiplied)
        return (reader.named("h", combined(n, keep, added)),)
    a, b = _gates(reader, x, h, m, mark, 1)
    return (on(m.nonlinearity, combined(a[0], b[0], added)),)


def _start(reader: Any, x: Tensor, hidden: int, count_: int) -> list[Tensor]:
    axis = Axis(sp.Integer(hidden))
    batch = x.axes[0]
    zero = WORDS["zeros"](batch.size, hidden)
    return [tensor(zero, (batch,), (axis,), (batch, axis)) for _ in range(count_)]


@layer("LSTMCell", "GRUCell", "RNNCell")
def _cells(reader: Any, m: Any, x: Tensor, state: Any = None) -> Any:
    kind = m.__class__.__name__[:-4]
    if state is None:
        state = _start(reader, x, m.hidden_size, 2 if kind == "LSTM" else 1)
    found = _cell(reader, kind, x, _given(reader, state), m, "")
    return found if kind == "LSTM" else found[0]


def _given(reader: Any, state: Any) -> Any:
    """The state to start from, which may be a tensor of numbers, such as zeros."""
    return [reader.tensor(s) for s in (state if isinstance(state, (tuple, list)) else (state,))]


@layer("LSTM", "GRU", "RNN")
def _recurrent(reader: Any, m: Any, x: Tensor, state: Any = None) -> Any:
    kind = m.__class__.__name__
    if (m.dropout and m.training) or getattr(m, "proj_size", 0):
        raise NoRuleError(f"{kind} is read without dropout and projection")
    time = 1 if m.batch_first else 0
    if len(x.axes) != 3 or not x.axes[time].size.is_Integer:
        raise NoRuleError(f"{kind} is read for batches of sequences of a length given in numbers")
    pick = [slice(None)] * time
    length = range(int(x.axes[time].size))
    line = [FUNCTIONS["getitem"](reader, x, (*pick, k)) for k in length]
    count_ = 2 if kind == "LSTM" else 1
    last: list[Any] = []
    ways = ("", "_reverse") if m.bidirectional else ("",)
    for k in range(m.num_layers):
        outs = []
        for mark in ways:
            now: Any = _start(reader, line[0], m.hidden_size, count_)
            if state is not None:
                now = [FUNCTIONS["getitem"](reader, s, len(last)) for s in _given(reader, state)]
            out = []
            for item in line[::-1] if mark else line:
                now = _cell(reader, kind, item, now, m, f"_l{k}{mark}")
                out.append(now[0])
            outs.append(out[::-1] if mark else out)
            last.append(now)
        line = outs[0]
        if m.bidirectional:
            line = [
                FUNCTIONS["cat"](reader, both, -1) for both in zip(outs[0], outs[1], strict=True)
            ]
    whole = FUNCTIONS["stack"](reader, line, time)
    ends = tuple(FUNCTIONS["stack"](reader, [s[i] for s in last], 0) for i in range(count_))
    return whole, (ends if kind == "LSTM" else ends[0])
