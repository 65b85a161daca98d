"""The usual layers of ``torch.nn``, by class name.

A layer that is itself a few functional calls is traced through; here are those that torch keeps
whole. Parameters are passed as the reader knows them, under the module's own names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import number
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.pytorch.entrywise import added, divided, multiplied, subtracted
from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.multiplying import linear
from matcalc.pytorch.reductions import averaged
from matcalc.pytorch.shaping import reshaped
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import (
    Tensor,
    combined,
)

Reading = Callable[..., Any]
LAYERS: dict[str, Reading] = {}


def layer(*names: str) -> Callable[[Reading], Reading]:
    """Enter a reading for classes of ``torch.nn``: ``fn(reader, module, *inputs)``."""

    def enter(fn: Reading) -> Reading:
        LAYERS.update(dict.fromkeys(names, fn))
        return fn

    return enter


_SIMPLE = {
    "ReLU": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "SiLU": "silu", "SELU": "selu",
    "Softsign": "softsign", "LogSigmoid": "logsigmoid", "Mish": "mish",
}  # fmt: skip
for _name, _word in _SIMPLE.items():
    if _word in FUNCTIONS:
        layer(_name)(lambda reader, m, x, _word=_word: FUNCTIONS[_word](reader, x))


@layer("GELU")
def _gelu(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["gelu"](reader, x, approximate=m.approximate)


@layer("ELU")
def _elu(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["elu"](reader, x, alpha=m.alpha)


@layer("Softplus")
def _softplus(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["softplus"](reader, x, beta=m.beta, threshold=m.threshold)


@layer("Hardtanh")
def _hardtanh(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["hardtanh"](reader, x, min_val=float(m.min_val), max_val=float(m.max_val))


@layer("LeakyReLU")
def _leaky(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["leaky_relu"](reader, x, m.negative_slope)


@layer("Softmax", "LogSoftmax")
def _softmax(reader: Any, m: Any, x: Tensor) -> Any:
    word = "softmax" if m.__class__.__name__ == "Softmax" else "log_softmax"
    return FUNCTIONS[word](reader, x, m.dim)


@layer("Identity")
def _identity(reader: Any, m: Any, x: Tensor) -> Any:
    return x


@layer("Flatten")
def _flatten(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["flatten"](reader, x, m.start_dim, m.end_dim)


@layer("Unflatten")
def _unflatten(reader: Any, m: Any, x: Tensor) -> Any:
    k = int(m.dim) % len(x.axes)
    sizes = [*x.sizes[:k], *map(sp.Integer, m.unflattened_size), *x.sizes[k + 1 :]]
    return reshaped(x, sizes)


@layer("Dropout", "Dropout1d", "Dropout2d", "AlphaDropout")
def _dropout(reader: Any, m: Any, x: Tensor) -> Any:
    if m.training and m.p:
        raise NoRuleError("dropout is random: call module.eval() first")
    return x


@reads("dropout")
def _dropout_function(
    reader: Any, x: Tensor, p: float = 0.5, training: bool = True, **kw: Any
) -> Any:
    if training and p:
        raise NoRuleError("dropout is random: pass training=self.training and call module.eval()")
    return x


@layer("Linear")
def _linear(reader: Any, m: Any, x: Tensor) -> Any:
    return linear(reader, x, m.weight, m.bias)


@layer("Embedding")
def _embedding(reader: Any, m: Any, x: Any) -> Any:
    if m.max_norm is not None or m.padding_idx is not None or m.scale_grad_by_freq:
        raise NoRuleError(
            "an embedding with padding_idx, max_norm or scale_grad_by_freq is not read"
        )
    return embedded(reader, x, m.weight)


@reads("embedding")
def embedded(reader: Any, x: Any, weight: Any, *args: Any, **kwargs: Any) -> Any:
    if args or any(v not in (None, False, 2.0) for v in kwargs.values()):
        raise NoRuleError("embedding is read with its usual settings only")
    table = reader.tensor(weight)
    picked = reader.one_hot(x, table.axes[0].size)
    return FUNCTIONS["matmul"](reader, picked, table)


# -- normalisation ---------------------------------------------------------------------------------


def normalised(
    reader: Any, x: Tensor, dims: list[int], eps: float, weight: Any, bias: Any
) -> Tensor:
    """Mean 0 and variance 1 over some axes, then scale and shift."""
    off = reader.named("centred", combined(x, averaged(x, dims, True), subtracted))
    spread = averaged(off.each(lambda a: power(a, 2)), dims, True)
    s = reader.named("s", spread.each(lambda a: WORDS["sqrt"](added(a, number(str(eps))))))
    return _affine(reader, combined(off, s, divided), weight, bias)


def _affine(reader: Any, x: Tensor, weight: Any, bias: Any) -> Tensor:
    out = x
    if weight is not None:
        out = combined(reader.named("normed", out), reader.tensor(weight), multiplied)
    if bias is not None:
        out = combined(out, reader.tensor(bias), added)
    return reader.named("norm", out)


@layer("LayerNorm")
def _layer_norm(reader: Any, m: Any, x: Tensor) -> Any:
    return layer_norm(reader, x, m.normalized_shape, m.weight, m.bias, m.eps)


@reads("layer_norm")
def layer_norm(
    reader: Any,
    x: Tensor,
    normalized_shape: Any,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Any:
    k = len(normalized_shape)
    return normalised(reader, x, list(range(len(x.axes) - k, len(x.axes))), eps, weight, bias)


@layer("RMSNorm")
def _rms_norm(reader: Any, m: Any, x: Tensor) -> Any:
    return rms_norm(reader, x, m.normalized_shape, m.weight, m.eps)


@reads("rms_norm")
def rms_norm(
    reader: Any, x: Tensor, normalized_shape: Any, weight: Any = None, eps: Any = None
) -> Any:
    if eps is None:
        raise NoRuleError("rms_norm is read with an eps of its own")
    dims = list(range(len(x.axes) - len(normalized_shape), len(x.axes)))
    squares = averaged(x.each(lambda a: power(a, 2)), dims, True)
    s = reader.named("s", squares.each(lambda a: WORDS["sqrt"](added(a, number(str(eps))))))
    return _affine(reader, combined(x, s, divided), weight, None)


@layer("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
def _batch_norm(reader: Any, m: Any, x: Tensor) -> Any:
    dims = [k for k in range(len(x.axes)) if k != 1]
    shape = [1 if k != 1 else -1 for k in range(len(x.axes))]

    def across(p: Any) -> Any:
        return None if p is None else reshaped(reader.tensor(p), list(map(sp.Integer, shape)))

    weight, bias = across(m.weight), across(m.bias)
    if m.training or m.running_mean is None:
        return normalised(reader, x, dims, m.eps, weight, bias)
    off = combined(x, across(m.running_mean), subtracted)
    s = across(m.running_var).each(lambda a: WORDS["sqrt"](added(a, number(str(m.eps)))))
    return _affine(reader, combined(off, s, divided), weight, bias)


@layer("MSELoss", "L1Loss", "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "NLLLoss")
def _losses(reader: Any, m: Any, x: Any, y: Any) -> Any:
    words = {
        "MSELoss": "mse_loss", "L1Loss": "l1_loss", "BCELoss": "binary_cross_entropy",
        "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
        "CrossEntropyLoss": "cross_entropy",
        "NLLLoss": "nll_loss",
    }  # fmt: skip
    if getattr(m, "ignore_index", -100) != -100:
        raise NoRuleError("a loss with ignore_index is not read")
    extra = {k: getattr(m, k) for k in ("weight", "pos_weight", "label_smoothing") if hasattr(m, k)}
    return FUNCTIONS[words[m.__class__.__name__]](reader, x, y, reduction=m.reduction, **extra)
