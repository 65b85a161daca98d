"""Convolution and pooling layers of torch, on images an image a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import BUILD, Node
from matcalc.ops.algebra import mul, ones, t
from matcalc.ops.largest import largest
from matcalc.ops.patches import fold, geometry, unfold
from matcalc.ops.reduce import mean
from matcalc.pytorch.entrywise import added
from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.layers import layer
from matcalc.pytorch.shaping import reshaped
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import (
    Axis,
    Tensor,
    combined,
    laid_out,
    placed,
    same,
    show,
    tensor,
    together,
)


def _twice(value: Any, axes: int) -> tuple[int, int]:
    """A setting of a layer for one or two axes, as (down, across)."""
    if isinstance(value, str):
        raise NoRuleError(f"padding {value!r} is read as numbers only")
    found = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    return (found[0], found[1]) if axes == 2 else ({1: 1, 0: 0}.get(0, 0), found[0])


def _images(x: Tensor, axes: int) -> tuple[Tensor, Axis, tuple[Any, Any, Any]]:
    if len(x.axes) != axes + 2:
        raise ShapeError(f"a batch of images has {axes + 2} axes, not shape {show(x.sizes)}")
    x = laid_out(together(x), placed(x.axes[:1]), placed(x.axes[1:]))
    size = (x.sizes[1], *((sp.Integer(1),) if axes == 1 else ()), *x.sizes[2:])
    return x, x.axes[0], size


def _settings(kernel: Any, stride: Any, padding: Any, axes: int) -> tuple[int, ...]:
    if axes == 1:
        one = [v[0] if isinstance(v, (tuple, list)) else v for v in (kernel, stride, padding)]
        if isinstance(one[2], str):
            raise NoRuleError(f"padding {one[2]!r} is read as numbers only")
        return 1, one[0], 1, one[1], 0, one[2]
    return (*_twice(kernel, 2), *_twice(stride, 2), *_twice(padding, 2))


def convolved(
    reader: Any, x: Tensor, weight: Any, bias: Any, stride: Any, padding: Any, axes: int
) -> Tensor:
    """``Z = unfold(X)*W' + 1*b``; W has an output channel a row, as torch flattens it."""
    x, batch, size = _images(x, axes)
    W = reader.tensor(weight)
    if not same(W.sizes[1], size[0]):
        raise ShapeError(f"a kernel for {W.sizes[1]} channels meets {size[0]}")
    kernel = tuple(int(s) for s in W.sizes[2:])
    g = geometry((*size, *_settings(kernel, stride, padding, axes)))
    P = reader.step("patches", unfold(x.node, *vars(g).values()))
    flat = laid_out(W, placed(W.axes[:1]), placed(W.axes[1:]))
    Z = mul(P, t(flat.node))
    if bias is not None:
        Z = BUILD["plus"](Z, mul(ones(P.shape[0], 1), _row(reader.tensor(bias))))
    channels = Axis(W.sizes[0])
    places = tuple(Axis(d) for d in g.places)
    shown = places[1:] if axes == 1 else places
    made = tensor(Z, (batch, *places), (channels,), (batch, channels, *shown))
    return reader.named("conv", made)


def _row(T: Tensor) -> Node:
    return laid_out(T, (), placed(T.axes)).node


def _plain(m: Any) -> None:
    if getattr(m, "groups", 1) != 1 or any(d != 1 for d in _tuple(getattr(m, "dilation", 1))):
        raise NoRuleError("a convolution with groups or dilation is not read")
    if getattr(m, "padding_mode", "zeros") != "zeros":
        raise NoRuleError(f"padding by {m.padding_mode} is not read")


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


@layer("Conv1d", "Conv2d")
def _conv(reader: Any, m: Any, x: Tensor) -> Any:
    _plain(m)
    axes = int(m.__class__.__name__[4])
    return convolved(reader, x, m.weight, m.bias, m.stride, m.padding, axes)


@reads("conv1d", "conv2d")
def _conv_function(
    reader: Any,
    x: Tensor,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    if groups != 1 or any(d != 1 for d in _tuple(dilation)):
        raise NoRuleError("a convolution with groups or dilation is not read")
    return convolved(reader, x, weight, bias, stride, padding, len(x.axes) - 2)


@layer("ConvTranspose1d", "ConvTranspose2d")
def _conv_transpose(reader: Any, m: Any, x: Tensor) -> Any:
    _plain(m)
    axes = int(m.__class__.__name__[-2])
    x, batch, size = _images(x, axes)
    W = reader.tensor(m.weight)  # input channels first
    kernel = tuple(int(s) for s in W.sizes[2:])
    s = _settings(kernel, m.stride, m.padding, axes)
    extra = (0, m.output_padding[0]) if axes == 1 else tuple(m.output_padding)
    out = [(size[1 + i] - 1) * s[2 + i] - 2 * s[4 + i] + s[i] + extra[i] for i in (0, 1)]
    g = geometry((W.sizes[1], *out, *s))
    Z = reader.step("pixels", unfold(x.node, *size, 1, 1))
    flat = laid_out(W, placed(W.axes[:1]), placed(W.axes[1:]))
    node = fold(mul(Z, flat.node), *vars(g).values())
    channels, places = Axis(W.sizes[1]), tuple(Axis(sp.expand(d)) for d in out)
    shown = places[1:] if axes == 1 else places
    made = tensor(node, (batch,), (channels, *places), (batch, channels, *shown))
    if m.bias is not None:
        bias = reshaped(reader.tensor(m.bias), [sp.Integer(-1), *[sp.Integer(1)] * axes])
        made = combined(made, bias, added)
    return reader.named("conv", made)


def pooled(
    reader: Any,
    x: Tensor,
    kernel: Any,
    stride: Any,
    padding: Any,
    axes: int,
    by: Callable[[Node], Node],
) -> Tensor:
    """A function of every patch of every channel."""
    x, batch, (_, h, w) = _images(x, axes)
    channels = x.axes[1]
    g = geometry((1, h, w, *_settings(kernel, kernel if stride is None else stride, padding, axes)))
    alone = laid_out(x, placed((batch, channels)), placed(x.axes[2:])).node
    P = reader.step("patches", unfold(alone, *vars(g).values()))
    places = tuple(Axis(d) for d in g.places)
    shown = places[1:] if axes == 1 else places
    made = tensor(by(P), (batch, channels, *places), (), (batch, channels, *shown))
    return reader.named("pool", made)


@layer("MaxPool1d", "MaxPool2d")
def _max_pool(reader: Any, m: Any, x: Tensor) -> Any:
    if any(_tuple(m.padding)) or any(d != 1 for d in _tuple(m.dilation)) or m.ceil_mode:
        raise NoRuleError("max pooling is read without padding, dilation and ceil_mode")
    axes = int(m.__class__.__name__[-2])
    return pooled(reader, x, m.kernel_size, m.stride, 0, axes, lambda P: largest(P, 1))


@reads("max_pool1d", "max_pool2d", "boolean_dispatch")
def _max_pool_function(
    reader: Any,
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    if any(_tuple(padding)) or any(d != 1 for d in _tuple(dilation)) or ceil_mode or return_indices:
        raise NoRuleError("max pooling is read without padding, dilation, ceil_mode and indices")
    axes = len(x.axes) - 2
    return pooled(reader, x, kernel_size, stride, 0, axes, lambda P: largest(P, 1))


@layer("AvgPool1d", "AvgPool2d")
def _avg_pool(reader: Any, m: Any, x: Tensor) -> Any:
    if m.ceil_mode or not m.count_include_pad or getattr(m, "divisor_override", None):
        raise NoRuleError("average pooling is read with its usual settings only")
    axes = int(m.__class__.__name__[-2])
    return pooled(reader, x, m.kernel_size, m.stride, m.padding, axes, lambda P: mean(P, 1))


@reads("avg_pool1d", "avg_pool2d")
def _avg_pool_function(
    reader: Any, x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0
) -> Any:
    axes = len(x.axes) - 2
    return pooled(reader, x, kernel_size, stride, padding, axes, lambda P: mean(P, 1))


@reads("adaptive_avg_pool1d", "adaptive_avg_pool2d")
def _adaptive_function(reader: Any, x: Tensor, output_size: Any) -> Any:
    if any(s != 1 for s in _tuple(output_size)):
        raise NoRuleError("adaptive pooling is read to size 1 only")
    return FUNCTIONS["mean"](reader, x, list(range(2, len(x.axes))), True)


@layer("AdaptiveAvgPool1d", "AdaptiveAvgPool2d")
def _adaptive(reader: Any, m: Any, x: Tensor) -> Any:
    if any(s != 1 for s in _tuple(m.output_size)):
        raise NoRuleError("adaptive pooling is read to size 1 only")
    return FUNCTIONS["mean"](reader, x, list(range(2, len(x.axes))), True)
