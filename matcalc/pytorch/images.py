"""Convolutions of torch and their adjoints, on images an image a row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node, number
from matcalc.ops.algebra import eye, had, mul, ones, t
from matcalc.ops.blocks import part, place
from matcalc.ops.kronecker import kron
from matcalc.ops.patches import fold, geometry, unfold
from matcalc.pytorch.entrywise import added
from matcalc.pytorch.layers import layer
from matcalc.pytorch.selecting import padded
from matcalc.pytorch.shaping import reshaped, unsqueezed
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


def images(x: Tensor, axes: int) -> tuple[Tensor, Axis, tuple[Any, Any, Any]]:
    if len(x.axes) != axes + 2:
        raise ShapeError(f"a batch of images has {axes + 2} axes, not shape {show(x.sizes)}")
    x = laid_out(together(x), placed(x.axes[:1]), placed(x.axes[1:]))
    size = (x.sizes[1], *((sp.Integer(1),) if axes == 1 else ()), *x.sizes[2:])
    return x, x.axes[0], size


def settings(kernel: Any, stride: Any, padding: Any, axes: int) -> tuple[int, ...]:
    """Kernel, stride and padding, each down and across; a signal is an image of one row."""
    found: list[int] = []
    for value, alone in ((kernel, 1), (stride, 1), (padding, 0)):
        pair = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
        found += [alone, pair[0]] if axes == 1 else pair
    return tuple(found)


@dataclass(frozen=True)
class Kernel:
    """How a convolution is set up."""

    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1


def _flat(reader: Any, W: Tensor, how: Kernel, axes: int) -> tuple[Node, list[int]]:
    """A kernel as a matrix, and its size: holes and the blocks of groups written as zeros."""
    sizes = [int(s) for s in W.sizes[2:]]
    node = laid_out(W, placed(W.axes[:1]), placed(W.axes[1:])).node
    gaps = tuple_of(how.dilation, axes)
    if any(d != 1 for d in gaps):
        wide = [(k - 1) * d + 1 for k, d in zip(sizes, gaps, strict=True)]
        holes = [_spaced(k, d) for k, d in zip(sizes, gaps, strict=True)]
        node = mul(node, reduce(kron, [eye(W.sizes[1]), *holes]))
        sizes = wide
    if how.groups != 1:
        high = sp.cancel(W.sizes[0] / how.groups)
        across = node.shape[1] if node.shape else sp.Integer(1)
        repeated = mul(node, kron(ones(1, how.groups), eye(across)))
        node = had(repeated, kron(eye(how.groups), ones(high, across)))
    return (
        reader.step("kernel", node) if how != replace(how, dilation=1, groups=1) else node
    ), sizes


def _spaced(k: int, gap: int) -> Node:
    """The unit rows 0, gap, 2 gap, ...: a kernel with holes."""
    first = place(number(1), 0, 0, 1, gap)
    return part(kron(eye(k), first), 0, 0, k, (k - 1) * gap + 1)


def tuple_of(value: Any, axes: int) -> tuple[Any, ...]:
    found = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return found * axes if len(found) == 1 else found


def _unpadded(reader: Any, x: Tensor, sizes: list[int], how: Kernel) -> tuple[Tensor, Kernel]:
    """Padding that is given by a word."""
    if not isinstance(how.padding, str):
        return x, how
    if how.padding == "valid":
        return x, replace(how, padding=0)
    if how.padding != "same":
        raise NoRuleError(f"padding {how.padding!r} is not read")
    around = [n for k in reversed(sizes) for n in ((k - 1) // 2, k - 1 - (k - 1) // 2)]
    return padded(reader, x, around), replace(how, padding=0)


def convolved(reader: Any, x: Tensor, weight: Any, bias: Any, how: Kernel, axes: int) -> Tensor:
    """``Z = unfold(X)*W' + 1*b``; W has an output channel a row, as torch flattens it."""
    W = reader.tensor(weight)
    if len(x.axes) == axes + 1:  # one image
        alone = convolved(reader, unsqueezed(reader, x, 0), weight, bias, how, axes)
        return replace(alone, axes=alone.axes[1:])
    flat, sizes = _flat(reader, W, how, axes)
    x, how = _unpadded(reader, x, sizes, how)
    x, batch, size = images(x, axes)
    if not same(W.sizes[1] * how.groups, size[0]):
        raise ShapeError(f"a kernel for {W.sizes[1] * how.groups} channels meets {size[0]}")
    g = geometry((*size, *settings(sizes, how.stride, how.padding, axes)))
    P = reader.step("patches", unfold(x.node, *vars(g).values()))
    channels = Axis(W.sizes[0])
    places = tuple(Axis(d) for d in g.places)
    shown = places[1:] if axes == 1 else places
    product = mul(P, t(flat))
    made = tensor(product, (batch, *places), (channels,), (batch, channels, *shown))
    if bias is not None:
        line = reshaped(reader.tensor(bias), [sp.Integer(-1), *[sp.Integer(1)] * axes])
        made = combined(made, line, added)
    return reader.named("conv", made)


@layer("Conv1d", "Conv2d")
def _conv(reader: Any, m: Any, x: Tensor) -> Any:
    axes = int(m.__class__.__name__[4])
    how = Kernel(m.stride, m.padding, m.dilation, m.groups)
    if m.padding_mode != "zeros":
        x = padded(reader, x, m._reversed_padding_repeated_twice, m.padding_mode)
        how = replace(how, padding=0)
    return convolved(reader, x, m.weight, m.bias, how, axes)


@reads("conv1d", "conv2d")
def _conv_function(
    reader: Any, x: Tensor, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    how = Kernel(stride, padding, dilation, groups)
    return convolved(reader, x, weight, bias, how, len(reader.tensor(weight).axes) - 2)


@layer("ConvTranspose1d", "ConvTranspose2d")
def _conv_transpose(reader: Any, m: Any, x: Tensor) -> Any:
    how = Kernel(m.stride, m.padding, m.dilation, m.groups)
    return transposed(reader, x, m.weight, m.bias, how, m.output_padding)


@reads("conv_transpose1d", "conv_transpose2d")
def _transposed_function(
    reader: Any, x: Tensor, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    how = Kernel(stride, padding, dilation, groups)
    return transposed(reader, x, weight, bias, how, output_padding)


def transposed(
    reader: Any, x: Tensor, weight: Any, bias: Any, how: Kernel, output_padding: Any
) -> Any:
    """The adjoint of a convolution: what each place gives is folded back."""
    axes = len(x.axes) - 2
    W = reader.tensor(weight)  # input channels first
    flat, sizes = _flat(reader, W, how, axes)
    x, batch, size = images(x, axes)
    s = settings(sizes, how.stride, how.padding, axes)
    extra = tuple_of(output_padding, axes)
    extra = (0, *extra) if axes == 1 else extra
    out = [(size[1 + i] - 1) * s[2 + i] - 2 * s[4 + i] + s[i] + extra[i] for i in (0, 1)]
    made_of = sp.expand(W.sizes[1] * how.groups)
    g = geometry((made_of, *out, *s))
    Z = reader.step("pixels", unfold(x.node, *size, 1, 1))
    node = fold(mul(Z, flat), *vars(g).values())
    channels, places = Axis(made_of), tuple(Axis(sp.expand(d)) for d in out)
    shown = places[1:] if axes == 1 else places
    made = tensor(node, (batch,), (channels, *places), (batch, channels, *shown))
    if bias is not None:
        line = reshaped(reader.tensor(bias), [sp.Integer(-1), *[sp.Integer(1)] * axes])
        made = combined(made, line, added)
    return reader.named("conv", made)
