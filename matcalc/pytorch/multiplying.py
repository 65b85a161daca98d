"""Products of tensors, linear layers and attention as functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from matcalc.errors import NoRuleError
from matcalc.expr import number, read
from matcalc.ops.algebra import mul, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.pytorch.entrywise import added, arithmetic, multiplied, subtracted
from matcalc.pytorch.products import matmul
from matcalc.pytorch.reductions import softmax_along
from matcalc.pytorch.shaping import transposed, turned, unsqueezed
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import (
    Tensor,
    combined,
    count,
    tensor,
)


@reads("matmul", "mm", "bmm", "mv", "dot")
def _matmul(reader: Any, a: Any, b: Any) -> Tensor:
    return reader.named("matmul", matmul(reader.tensor(a), reader.tensor(b)))


@reads("addmm")
def _addmm(reader: Any, c: Any, a: Any, b: Any) -> Tensor:
    return arithmetic("add", added)(reader, c, _matmul(reader, a, b))


@reads("outer", "ger")
def _outer(reader: Any, a: Tensor, b: Tensor) -> Tensor:
    return _matmul(reader, unsqueezed(reader, a, 1), unsqueezed(reader, b, 0))


@reads("linear")
def linear(reader: Any, x: Tensor, weight: Any, bias: Any = None) -> Tensor:
    out = matmul(x, turned(reader, reader.tensor(weight)))
    if bias is not None:
        out = combined(out, reader.tensor(bias), added)
    return reader.named("linear", out)


@reads("masked_fill")
def _masked_fill(reader: Any, x: Tensor, mask: Any, value: Any) -> Tensor:
    if value == float("-inf") or (isinstance(value, (int, float)) and value <= -1e9):
        if x.mask is not None:
            raise NoRuleError("two masks one after the other are not read")
        if value != float("-inf"):
            raise NoRuleError(f"masked_fill with {value}: write float('-inf'), which is exact")
        hidden = reader.tensor(mask)
        return replace(x, mask=hidden.each(lambda a: subtracted(number(1), a)))
    hidden = reader.tensor(mask)
    shown = combined(x, hidden.each(lambda a: subtracted(number(1), a)), multiplied)
    filled = hidden.each(lambda a: mul(reader.tensor(value).node, a))
    return reader.named("masked_fill", combined(shown, filled, added))


@reads("scaled_dot_product_attention")
def attention(
    reader: Any, q: Tensor, k: Tensor, v: Tensor, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: Any = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    if enable_gqa:
        raise NoRuleError("attention with shared heads (enable_gqa) is not read")
    if dropout_p:
        raise NoRuleError("dropout is random: call module.eval() first")
    by = mul(1, power(WORDS["sqrt"](read(q.axes[-1].size)), -1)) if scale is None else read(scale)
    scores = matmul(q, transposed(reader, k, -2, -1)).each(lambda a: mul(by, a))
    if is_causal:
        T = scores.axes[-2:]
        attn_mask = tensor(WORDS["tril"](ones(count(T[:1]), count(T[1:]))), T[:1], T[1:], T)
    scores = reader.named("scores", scores)
    if attn_mask is not None:
        shown = reader.tensor(attn_mask)
        if not reader.is_mask(attn_mask) and not is_causal:
            raise NoRuleError("attention is read with a mask of booleans, not one to be added")
        scores = replace(scores, mask=shown)
    return _matmul(reader, softmax_along(reader, scores, -1), v)
