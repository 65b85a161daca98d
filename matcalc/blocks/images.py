"""Convolution and pooling. A row of the data is an image: channel by channel, each row by row.

A convolution is a matrix product with the patches laid out as rows (``unfold``), and its weights
are ``(c a b) x channels``. What arrives at the images is folded back: ``fold(dZ*W')``, the
transposed convolution, or correlation with the same kernel.
"""

from __future__ import annotations

from typing import Any

from matcalc.blocks.parts import Activation, activated, has_activation, param, sizes, tag, under
from matcalc.errors import ShapeError
from matcalc.expr import Node
from matcalc.network import Network
from matcalc.ops.algebra import mul
from matcalc.ops.base import named
from matcalc.ops.largest import largest
from matcalc.ops.patches import Geometry, fold, geometry, reshape_rows, unfold
from matcalc.ops.reduce import mean
from matcalc.shapes import dim, same, times

Pair = Any  # one number, or (down, across)


def _pair(value: Pair, word: str, least: int = 1) -> tuple[Any, Any]:
    """A setting down and across."""
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2:
        raise ShapeError(f"a {word} is one number or a pair of them, not {value!r}")
    if any(isinstance(v, (int, float)) and v < least for v in pair):
        raise ShapeError(f"a {word} is at least {least}, not {value!r}")
    return pair


def _sizes(image: Any, words: str) -> tuple[Any, ...]:
    """The sizes of an image or a signal, as many as there are words for them."""
    if not isinstance(image, (tuple, list)) or len(image) != len(words.split(", ")):
        raise ShapeError(f"the data of a convolution is told by ({words}), not by {image!r}")
    return tuple(image)


def _geometry(image: Any, kernel: Pair, stride: Pair, padding: Pair) -> Geometry:
    sizes = _sizes(image, "channels, height, width")
    steps = _pair(kernel, "kernel"), _pair(stride, "stride"), _pair(padding, "padding", 0)
    return geometry((*sizes, *steps[0], *steps[1], *steps[2]))


def conv2d(
    net: Network,
    X: Any,
    image: tuple[Any, Any, Any],
    channels: Any,
    kernel: Pair,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    W: Any = None,
    b: Any = None,
    bias: bool = True,
    activation: Activation = None,
    name: str = "",
) -> Node:
    """``Z = unfold(X)*W + 1*b``, as images again, ``n x (channels h' w')``.

    ``image`` is (channels, height, width) of the rows of X. The positions of all images are rows of
    the step ``Z``; the step ``C`` has an image a row again.
    """
    data, _, _ = sizes(net, X)
    g = _geometry(image, kernel, stride, padding)
    P = net.let(tag("P", name), unfold(data, *vars(g).values()))
    Z = mul(P, param(net, W, tag("W", name), g.patch, channels))
    if bias or b is not None:
        Z = Z + under(param(net, b, tag("b", name), 1, channels), P.shape[0])
    Z = net.let(tag("Z", name), Z)
    if has_activation(activation):
        Z = net.let(tag("A", name), activated(activation, Z))
    # A kernel of one pixel: its patches are the pixels with their channels.
    return net.let(tag("C", name), fold(Z, dim(channels), *g.places, 1, 1))


def conv1d(
    net: Network,
    X: Any,
    signal: tuple[Any, Any],
    channels: Any,
    kernel: Any,
    *,
    stride: Any = 1,
    padding: Any = 0,
    name: str = "",
    **options: Any,
) -> Node:
    """A convolution along signals, ``n x (c t)``: a row is a signal, channel by channel."""
    c, length = _sizes(signal, "channels, length")
    size, step, free = (1, kernel), (1, stride), (0, padding)
    return conv2d(
        net, X, (c, 1, length), channels, size, stride=step, padding=free, name=name, **options
    )


def conv_transpose2d(
    net: Network,
    X: Any,
    image: tuple[Any, Any, Any],
    channels: Any,
    kernel: Pair,
    *,
    out: tuple[Any, Any],
    stride: Pair = 1,
    padding: Pair = 0,
    W: Any = None,
    name: str = "",
) -> Node:
    """The adjoint of ``conv2d``: ``Y = fold(Z*W')`` from images ``image`` to (channels, *out)."""
    data, _, _ = sizes(net, X)
    g = _geometry((channels, *out), kernel, stride, padding)
    c, h, w = _sizes(image, "channels, height, width")
    if not (same(dim(h), g.places[0]) and same(dim(w), g.places[1])):
        raise ShapeError(
            f"a convolution of {out[0]} x {out[1]} images gives {g.places[0]} x {g.places[1]}, not "
            f"{h} x {w}"
        )
    Z = net.let(tag("Z", name), unfold(data, c, h, w, 1, 1))
    weight = param(net, W, tag("W", name), g.patch, c)
    return net.let(tag("Y", name), fold(mul(Z, weight.T), *vars(g).values()))


def _pooled(
    net: Network, X: Any, image: Any, kernel: Pair, stride: Pair, padding: Pair, name: str, by: Any
) -> Node:
    data, n, cols = sizes(net, X)
    c, h, w = map(dim, _sizes(image, "channels, height, width"))
    if not same(cols, times(c, h, w)):
        raise ShapeError(f"{named(data)} has no rows of {c} x {h} x {w} entries")
    g = _geometry((1, h, w), kernel, kernel if stride is None else stride, padding)
    # Each channel is an image of its own.
    alone = reshape_rows(data, times(n, c), times(h, w))
    P = net.let(tag("P", name), unfold(alone, *vars(g).values()))
    M = net.let(tag("M", name), by(P))
    return net.let(tag("C", name), reshape_rows(M, n, times(c, *g.places)))


def average_pool(
    net: Network, X: Any, image: tuple[Any, Any, Any], kernel: Pair, *,
    stride: Pair = None, padding: Pair = 0, name: str = "",
) -> Node:  # fmt: skip
    """The mean of every patch of every channel; zeros of the padding count."""
    return _pooled(net, X, image, kernel, stride, padding, name, lambda P: mean(P, 1))


def max_pool(
    net: Network, X: Any, image: tuple[Any, Any, Any], kernel: Pair, *,
    stride: Pair = None, name: str = "",
) -> Node:  # fmt: skip
    """The largest entry of every patch of every channel; at a tie the first counts."""
    return _pooled(net, X, image, kernel, stride, 0, name, lambda P: largest(P, 1))
