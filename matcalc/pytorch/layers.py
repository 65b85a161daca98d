"""The usual layers of ``torch.nn``, by class name.

A layer that is itself a few functional calls is traced through; here are those that torch keeps
whole. Parameters are passed as the reader knows them, under the module's own names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matcalc.errors import NoRuleError
from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.multiplying import linear
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import (
    Tensor,
)

Reading = Callable[..., Any]
LAYERS: dict[str, Reading] = {}


def layer(*names: str) -> Callable[[Reading], Reading]:
    """Enter a reading for classes of ``torch.nn``: ``fn(reader, module, *inputs)``."""

    def enter(fn: Reading) -> Reading:
        LAYERS.update(dict.fromkeys(names, fn))
        return fn

    return enter


# Class: function, and the settings that are passed on.
_SIMPLE = {
    "ReLU": ("relu",), "Tanh": ("tanh",), "Sigmoid": ("sigmoid",), "SiLU": ("silu",),
    "SELU": ("selu",), "Softsign": ("softsign",), "LogSigmoid": ("logsigmoid",), "Mish": ("mish",),
    "ReLU6": ("relu6",), "Hardswish": ("hardswish",), "Hardsigmoid": ("hardsigmoid",),
    "Tanhshrink": ("tanhshrink",), "GELU": ("gelu", "approximate"), "ELU": ("elu", "alpha"),
    "CELU": ("celu", "alpha"), "Softplus": ("softplus", "beta", "threshold"),
    "Hardtanh": ("hardtanh", "min_val", "max_val"), "Softshrink": ("softshrink", "lambd"),
    "Hardshrink": ("hardshrink", "lambd"), "Threshold": ("threshold", "threshold", "value"),
    "GLU": ("glu", "dim"), "Softmin": ("softmin", "dim"), "PReLU": ("prelu", "weight"),
}  # fmt: skip


def _simple(word: str, *settings: str) -> Reading:
    def fn(reader: Any, m: Any, x: Tensor) -> Any:
        return FUNCTIONS[word](reader, x, **{s: getattr(m, s) for s in settings})

    return fn


for _name, _given in _SIMPLE.items():
    layer(_name)(_simple(*_given))


@layer("LeakyReLU")
def _leaky(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["leaky_relu"](reader, x, m.negative_slope)


@layer("Softmax", "LogSoftmax")
def _softmax(reader: Any, m: Any, x: Tensor) -> Any:
    word = "softmax" if m.__class__.__name__ == "Softmax" else "log_softmax"
    return FUNCTIONS[word](reader, x, m.dim)


@layer("Softmax2d")
def _softmax2d(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["softmax"](reader, x, -3)


@layer("RReLU")
def _rrelu(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["rrelu"](reader, x, m.lower, m.upper, m.training)


@layer("LPPool1d", "LPPool2d")
def _lp_pool(reader: Any, m: Any, x: Tensor) -> Any:
    word = "lp_pool1d" if m.__class__.__name__ == "LPPool1d" else "lp_pool2d"
    return FUNCTIONS[word](reader, x, m.norm_type, m.kernel_size, m.stride, m.ceil_mode)


@layer("Identity")
def _identity(reader: Any, m: Any, x: Tensor) -> Any:
    return x


@layer("Flatten")
def _flatten(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["flatten"](reader, x, m.start_dim, m.end_dim)


@layer("Unflatten")
def _unflatten(reader: Any, m: Any, x: Tensor) -> Any:
    return FUNCTIONS["unflatten"](reader, x, m.dim, m.unflattened_size)


@layer("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
def _dropout(reader: Any, m: Any, x: Tensor) -> Any:
    if m.training and m.p:
        raise NoRuleError("dropout is random: call module.eval() first")
    return x


@reads("dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout")
def _dropout_function(reader: Any, x: Tensor, p: float = 0.5, training: bool = True) -> Any:
    if training and p:
        raise NoRuleError("dropout is random: pass training=self.training and call module.eval()")
    return x


@layer("Linear")
def _linear(reader: Any, m: Any, x: Tensor) -> Any:
    return linear(reader, x, m.weight, m.bias)
