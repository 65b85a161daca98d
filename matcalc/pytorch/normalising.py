"""Normalisation over a batch, a layer, groups of channels, an instance: one rule, several axes."""

from __future__ import annotations

from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import number
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.pytorch.entrywise import added, divided, multiplied, subtracted
from matcalc.pytorch.layers import layer
from matcalc.pytorch.reductions import averaged
from matcalc.pytorch.shaping import reshaped
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import Tensor, combined


def normalised(
    reader: Any, x: Tensor, dims: list[int], eps: float, weight: Any, bias: Any
) -> Tensor:
    """Mean 0 and variance 1 over some axes, then scale and shift."""
    off = reader.named("centred", combined(x, averaged(x, dims, True), subtracted))
    spread = averaged(off.each(lambda a: power(a, 2)), dims, True)
    s = reader.named("s", spread.each(lambda a: _root(a, eps)))
    return _affine(reader, combined(off, s, divided), weight, bias)


def _root(a: Any, eps: Any) -> Any:
    """sqrt(a + eps)."""
    return WORDS["sqrt"](added(a, number(str(eps))))


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
    if eps is None:  # what torch then takes
        import torch

        eps = torch.finfo(torch.get_default_dtype()).eps
    dims = list(range(len(x.axes) - len(normalized_shape), len(x.axes)))
    squares = averaged(x.each(lambda a: power(a, 2)), dims, True)
    s = reader.named("s", squares.each(lambda a: _root(a, eps)))
    return _affine(reader, combined(x, s, divided), weight, None)


def _across(reader: Any, p: Any, axes: int) -> Any:
    """A value for each channel, which is axis 1."""
    shape = [1 if k != 1 else -1 for k in range(axes)]
    return None if p is None else reshaped(reader.tensor(p), list(map(sp.Integer, shape)))


@layer("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
def _batch_norm(reader: Any, m: Any, x: Tensor) -> Any:
    training = m.training or m.running_mean is None
    return batch_norm(
        reader, x, m.running_mean, m.running_var, m.weight, m.bias, training, 0, m.eps
    )


@reads("batch_norm")
def batch_norm(
    reader: Any, x: Tensor, running_mean: Any, running_var: Any, weight: Any = None,
    bias: Any = None, training: bool = False, momentum: Any = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    weight, bias = (_across(reader, p, len(x.axes)) for p in (weight, bias))
    if training:
        if running_mean is not None:
            reader.say(
                "batch norm in training mode: each batch is normalised by its own mean and "
                "variance, and the running statistics that torch keeps besides are no part of it"
            )
        dims = [k for k in range(len(x.axes)) if k != 1]
        return normalised(reader, x, dims, eps, weight, bias)
    off = combined(x, _across(reader, running_mean, len(x.axes)), subtracted)
    s = _across(reader, running_var, len(x.axes)).each(lambda a: _root(a, eps))
    return _affine(reader, combined(off, s, divided), weight, bias)


@layer("GroupNorm")
def _group_norm(reader: Any, m: Any, x: Tensor) -> Any:
    return group_norm(reader, x, m.num_groups, m.weight, m.bias, m.eps)


@reads("group_norm")
def group_norm(
    reader: Any, x: Tensor, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Each group of channels of each image on its own."""
    wide = sp.cancel(x.sizes[1] / num_groups)
    if not wide.is_integer:
        raise ShapeError(f"{x.sizes[1]} channels do not fall into {num_groups} groups")
    apart = reshaped(x, [x.sizes[0], sp.Integer(num_groups), wide, *x.sizes[2:]])
    plain = normalised(reader, apart, list(range(2, len(apart.axes))), eps, None, None)
    affine = (_across(reader, p, len(x.axes)) for p in (weight, bias))
    return _affine(reader, reshaped(plain, list(x.sizes)), *affine)


@layer("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")
def _instance_norm(reader: Any, m: Any, x: Tensor) -> Any:
    if m.track_running_stats and not m.training:
        return batch_norm(reader, x, m.running_mean, m.running_var, m.weight, m.bias, eps=m.eps)
    return instance_norm(reader, x, weight=m.weight, bias=m.bias, eps=m.eps)


@reads("instance_norm")
def instance_norm(
    reader: Any, x: Tensor, running_mean: Any = None, running_var: Any = None, weight: Any = None,
    bias: Any = None, use_input_stats: bool = True, momentum: Any = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    if not use_input_stats:
        return batch_norm(reader, x, running_mean, running_var, weight, bias, eps=eps)
    if len(x.axes) < 3:
        raise NoRuleError("instance norm is read for batches")
    affine = (_across(reader, p, len(x.axes)) for p in (weight, bias))
    return normalised(reader, x, list(range(2, len(x.axes))), eps, *affine)
