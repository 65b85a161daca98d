"""Pooling, resizing, padding and rearranging of images and signals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node
from matcalc.ops.largest import largest
from matcalc.ops.patches import geometry, unfold
from matcalc.ops.reduce import mean
from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.images import images, settings, tuple_of
from matcalc.pytorch.layers import layer
from matcalc.pytorch.selecting import interpolated, padded, places, resampled
from matcalc.pytorch.shaping import reshaped
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import Axis, Tensor, laid_out, placed, tensor


def pooled(
    reader: Any, x: Tensor, kernel: Any, stride: Any, padding: Any, by: Callable[[Node], Node]
) -> Tensor:
    """A function of every patch of every channel."""
    axes = len(x.axes) - 2
    x, batch, (_, h, w) = images(x, axes)
    channels = x.axes[1]
    step = kernel if stride in (None, ()) else stride
    g = geometry((1, h, w, *settings(kernel, step, padding, axes)))
    alone = laid_out(x, placed((batch, channels)), placed(x.axes[2:])).node
    P = reader.step("patches", unfold(alone, *vars(g).values()))
    spots = tuple(Axis(d) for d in g.places)
    shown = spots[1:] if axes == 1 else spots
    made = tensor(by(P), (batch, channels, *spots), (), (batch, channels, *shown))
    return reader.named("pool", made)


@reads("max_pool1d", "max_pool2d")
def max_pool(
    reader: Any, x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    axes = len(x.axes) - 2
    if axes not in (1, 2):
        raise NoRuleError("max pooling is read for batches of signals and images")
    if any(d != 1 for d in tuple_of(dilation, axes)) or return_indices:
        raise NoRuleError("max pooling is read without dilation and indices")
    step = kernel_size if stride in (None, ()) else stride
    around: list[int] = []
    for j in range(axes):
        k, s, p = (tuple_of(v, axes)[j] for v in (kernel_size, step, padding))
        around = [p, _beyond(x, j + 2, k, s, p) if ceil_mode else p, *around]
    # A repeated border adds nothing to a patch: the border itself lies in it.
    if any(around):
        x = padded(reader, x, around, "replicate")
    return pooled(reader, x, kernel_size, step, 0, lambda P: largest(P, 1))


def _beyond(x: Tensor, k: int, kernel: int, stride: int, padding: int) -> int:
    """With ceil_mode, how far the last patch that starts inside reaches over the end."""
    size = places(x, k, "pooling with ceil_mode")
    count = -(-(size + 2 * padding - kernel) // stride) + 1
    if (count - 1) * stride >= size + padding:
        count -= 1
    return max((count - 1) * stride + kernel - size - padding, 0)


@layer("MaxPool1d", "MaxPool2d")
def _max_pool(reader: Any, m: Any, x: Tensor) -> Any:
    return max_pool(
        reader, x, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, m.return_indices
    )


@reads("avg_pool1d", "avg_pool2d")
def avg_pool(
    reader: Any, x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: Any = None,
) -> Any:  # fmt: skip
    import torch.nn.functional as F

    axes = len(x.axes) - 2
    if divisor_override is not None:
        raise NoRuleError("average pooling is read without divisor_override")
    unpadded = not any(tuple_of(padding, axes))
    if not ceil_mode and (count_include_pad or unpadded):
        return pooled(reader, x, kernel_size, stride, padding, lambda P: mean(P, 1))
    step = kernel_size if stride in (None, ()) else stride
    for j in range(axes):  # the mean over a rectangle is one mean after the other
        k, s, p = (tuple_of(v, axes)[j] for v in (kernel_size, step, padding))
        by = partial(
            F.avg_pool1d, kernel_size=k, stride=s, padding=p, ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
        )  # fmt: skip
        x = resampled(reader, x, j + 2, "average pooling", by)
    return reader.named("pool", x)


@layer("AvgPool1d", "AvgPool2d")
def _avg_pool(reader: Any, m: Any, x: Tensor) -> Any:
    override = getattr(m, "divisor_override", None)
    return avg_pool(
        reader, x, m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, override
    )


@reads("adaptive_avg_pool1d", "adaptive_avg_pool2d")
def adaptive_avg(reader: Any, x: Tensor, output_size: Any) -> Any:
    import torch.nn.functional as F

    axes = len(x.axes) - 2
    wanted = tuple_of(output_size, axes)
    if all(s == 1 for s in wanted):
        return FUNCTIONS["mean"](reader, x, list(range(2, len(x.axes))), True)
    for j, s in enumerate(wanted):
        if s is not None:
            x = resampled(
                reader, x, j + 2, "adaptive pooling", partial(F.adaptive_avg_pool1d, output_size=s)
            )
    return reader.named("pool", x)


@layer("AdaptiveAvgPool1d", "AdaptiveAvgPool2d")
def _adaptive_avg(reader: Any, m: Any, x: Tensor) -> Any:
    return adaptive_avg(reader, x, m.output_size)


@reads("adaptive_max_pool1d", "adaptive_max_pool2d")
def adaptive_max(reader: Any, x: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    if return_indices:
        raise NoRuleError("max pooling is read without indices")
    axes = len(x.axes) - 2
    wanted = tuple_of(output_size, axes)
    if all(s == 1 for s in wanted):
        return FUNCTIONS["amax"](reader, x, list(range(2, len(x.axes))), True)
    sizes = [places(x, j + 2, "adaptive pooling") for j in range(axes)]
    if any(s is None or n % s for n, s in zip(sizes, wanted, strict=True)):
        raise NoRuleError("adaptive max pooling is read where its patches have one size")
    kernel = [n // s for n, s in zip(sizes, wanted, strict=True)]
    return max_pool(reader, x, kernel)


@layer("AdaptiveMaxPool1d", "AdaptiveMaxPool2d")
def _adaptive_max(reader: Any, m: Any, x: Tensor) -> Any:
    return adaptive_max(reader, x, m.output_size, m.return_indices)


@layer("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d")
def _upsample(reader: Any, m: Any, x: Tensor) -> Any:
    return interpolated(
        reader, x, m.size, m.scale_factor, m.mode, m.align_corners,
        getattr(m, "recompute_scale_factor", None),
    )  # fmt: skip


def _pad_layers() -> None:
    ways = {"Zero": "constant", "Constant": "constant", "Reflection": "reflect",
            "Replication": "replicate", "Circular": "circular"}  # fmt: skip
    for word, mode in ways.items():
        for axes in (1, 2):

            def fn(reader: Any, m: Any, x: Tensor, mode: str = mode) -> Any:
                return padded(reader, x, m.padding, mode, getattr(m, "value", None))

            layer(f"{word}Pad{axes}d")(fn)


_pad_layers()


# -- rearranging -----------------------------------------------------------------------------------


def _moved(reader: Any, x: Tensor, sizes: list[Any], order: tuple[int, ...]) -> Tensor:
    return FUNCTIONS["permute"](reader, reshaped(x, sizes), order)


@reads("pixel_shuffle")
def pixel_shuffle(reader: Any, x: Tensor, upscale_factor: int) -> Tensor:
    n, c, h, w = x.sizes
    r = sp.Integer(upscale_factor)
    wide = _moved(reader, x, [n, sp.cancel(c / r**2), r, r, h, w], (0, 1, 4, 2, 5, 3))
    return reshaped(wide, [n, sp.cancel(c / r**2), h * r, w * r])


@reads("pixel_unshuffle")
def pixel_unshuffle(reader: Any, x: Tensor, downscale_factor: int) -> Tensor:
    n, c, h, w = x.sizes
    r = sp.Integer(downscale_factor)
    cells = [n, c, sp.cancel(h / r), r, sp.cancel(w / r), r]
    return reshaped(_moved(reader, x, cells, (0, 1, 3, 5, 2, 4)), [n, c * r**2, cells[2], cells[4]])


@layer("PixelShuffle")
def _pixel_shuffle(reader: Any, m: Any, x: Tensor) -> Any:
    return pixel_shuffle(reader, x, m.upscale_factor)


@layer("PixelUnshuffle")
def _pixel_unshuffle(reader: Any, m: Any, x: Tensor) -> Any:
    return pixel_unshuffle(reader, x, m.downscale_factor)


@layer("ChannelShuffle")
def _channel_shuffle(reader: Any, m: Any, x: Tensor) -> Any:
    n, c, *rest = x.sizes
    g = sp.Integer(m.groups)
    order = (0, 2, 1, *range(3, 3 + len(rest)))
    return reshaped(_moved(reader, x, [n, g, sp.cancel(c / g), *rest], order), [n, c, *rest])


@reads("unfold")
def unfolded(
    reader: Any, x: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """``F.unfold``: a column for every patch."""
    if len(x.axes) != 4:
        raise ShapeError("unfold is read for batches of images")
    if any(d != 1 for d in tuple_of(dilation, 2)):
        raise NoRuleError("unfold is read without dilation")
    x, batch, size = images(x, 2)
    g = geometry((*size, *settings(kernel_size, stride, padding, 2)))
    spots, patch = Axis(sp.expand(sp.Mul(*g.places))), Axis(g.patch)
    made = tensor(
        unfold(x.node, *vars(g).values()), (batch, spots), (patch,), (batch, patch, spots)
    )
    return reader.named("patches", made)


@layer("Unfold")
def _unfold(reader: Any, m: Any, x: Tensor) -> Any:
    return unfolded(reader, x, m.kernel_size, m.dilation, m.padding, m.stride)
