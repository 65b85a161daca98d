"""Products of tensors, linear layers and attention as functions."""

from __future__ import annotations

from typing import Any

from matcalc.errors import NoRuleError
from matcalc.expr import read
from matcalc.ops.algebra import mul, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.pytorch.entrywise import added
from matcalc.pytorch.masks import hidden
from matcalc.pytorch.products import matmul
from matcalc.pytorch.reductions import softmax_along
from matcalc.pytorch.selecting import repeated_each
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


@reads("outer", "ger")
def _outer(reader: Any, a: Tensor, b: Tensor) -> Tensor:
    return _matmul(reader, unsqueezed(reader, a, 1), unsqueezed(reader, b, 0))


@reads("linear")
def linear(reader: Any, x: Tensor, weight: Any, bias: Any = None) -> Tensor:
    out = matmul(x, turned(reader, reader.tensor(weight)))
    if bias is not None:
        out = combined(out, reader.tensor(bias), added)
    return reader.named("linear", out)


@reads("scaled_dot_product_attention")
def attention(
    reader: Any, q: Tensor, k: Tensor, v: Tensor, attn_mask: Any = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: Any = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    if dropout_p:
        raise NoRuleError("dropout is random: call module.eval() first")
    if enable_gqa and q.sizes[-3] != k.sizes[-3]:  # heads that share their keys and values
        often = int(q.sizes[-3] / k.sizes[-3])
        k, v = (repeated_each(reader, x, often, -3) for x in (k, v))
    by = mul(1, power(WORDS["sqrt"](read(q.axes[-1].size)), -1)) if scale is None else read(scale)
    scores = matmul(q, transposed(reader, k, -2, -1)).each(lambda a: mul(by, a))
    for mask in attn_mask if isinstance(attn_mask, list) else [attn_mask]:
        scores = scores if mask is None else hidden(reader, scores, mask)
    scores = reader.named("scores", scores)
    if is_causal:
        T = scores.axes[-2:]
        shown = tensor(WORDS["tril"](ones(count(T[:1]), count(T[1:]))), T[:1], T[1:], T)
        scores = reader.masked(scores, shown)
    return _matmul(reader, softmax_along(reader, scores, -1), v)
