"""Layers of feed-forward networks: dense, residual, dropout, embedding, gated, LoRA, graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matcalc.blocks.parts import (
    Activation,
    activated,
    beside,
    has_activation,
    param,
    sizes,
    tag,
    under,
)
from matcalc.errors import DomainError, MatcalcError, ShapeError
from matcalc.expr import Node, read
from matcalc.network import Network
from matcalc.ops.algebra import had, mul, ones
from matcalc.ops.base import named
from matcalc.ops.blocks import hstack, vstack
from matcalc.shapes import dim, same_shape


def dense(
    net: Network,
    X: Any,
    out: Any,
    *,
    name: str = "",
    activation: Activation = None,
    W: Any = None,
    b: Any = None,
    bias: bool | str = True,
    columns: bool = False,
) -> Node:
    """``Z = X*W + 1*b``, and ``A = activation(Z)`` if there is one.

    ``columns=True`` takes an example a column: ``Z = W*X + b*1'``. ``bias="folded"`` gives the data
    an entry of ones and the weights a row for the bias; ``bias=False`` leaves it out.
    """
    data, rows, cols = sizes(net, X)
    if bias not in (True, False, "folded"):
        raise MatcalcError(f'bias is True, False or "folded", not {bias!r}')
    if bias == "folded":
        # The ones stand last, so that the last row of W is the bias.
        data = vstack(data, ones(1, cols)) if columns else hstack(data, ones(rows, 1))
    wide = data.shape[0] if columns else data.shape[1]
    shape = (out, wide) if columns else (wide, out)
    weight = param(net, W, tag("W", name), *shape)
    Z = mul(weight, data) if columns else mul(data, weight)
    if bias is True or (b is not None and bias != "folded"):
        row = param(net, b, tag("b", name), *((out, 1) if columns else (1, out)))
        Z = Z + (beside(row, cols) if columns else under(row, rows))
    step: Node = net.let(tag("Z", name), Z)
    return (
        net.let(tag("A", name), activated(activation, step)) if has_activation(activation) else step
    )


def residual(net: Network, X: Any, inside: Callable[[Any], Any], *, name: str = "") -> Node:
    """``R = X + inside(X)``; ``inside`` takes the symbol and returns one of the same shape."""
    data = net.adopt(read(X))
    branch = read(inside(data))
    if not same_shape(branch.shape, data.shape):
        raise ShapeError(f"a residual block adds {named(data)} and {named(branch)}: shapes differ")
    return net.let(tag("R", name), data + branch)


def dropout(net: Network, X: Any, *, keep: Any = None, mask: Any = None, name: str = "") -> Node:
    """``D = X .* M / keep`` with a mask of zeros and ones that is given, as it was drawn."""
    data, rows, cols = sizes(net, X)
    M = net.input(tag("M", name), rows, cols) if mask is None else net.adopt(read(mask))
    if isinstance(keep, (int, float)) and not 0 < keep <= 1:
        raise DomainError(f"dropout keeps a share between 0 and 1, not {keep}")
    share = net.input(tag("keep", name)) if keep is None else read(keep)
    return net.let(tag("D", name), had(data, M) / share)


def embedding(
    net: Network, out: Any, vocabulary: Any = None, positions: Any = None, *,
    one_hot: Any = None, E: Any = None, name: str = "",
) -> Node:  # fmt: skip
    """``X = T*E``: rows of the table E, picked by the one-hot rows of T."""
    if one_hot is None:
        if vocabulary is None or positions is None:
            raise MatcalcError("an embedding needs one_hot=, or vocabulary and positions")
        one_hot = net.input(tag("T", name), positions, vocabulary)
    picked, _, words = sizes(net, one_hot)
    table = param(net, E, tag("E", name), words, out)
    return net.let(tag("X", name), mul(picked, table))


def gated(
    net: Network,
    X: Any,
    hidden: Any,
    out: Any = None,
    *,
    gate: Activation = "silu",
    name: str = "",
) -> Node:
    """A gated unit, ``Y = (gate(X*Wg) .* (X*Wu)) * Wd``: SwiGLU with silu, GeGLU with gelu, GLU
    with sigmoid."""
    data, _, cols = sizes(net, X)
    wide = cols if out is None else dim(out)
    S = net.let(tag("S", name), mul(data, param(net, None, tag("W_g", name), cols, hidden)))
    U = net.let(tag("U", name), mul(data, param(net, None, tag("W_u", name), cols, hidden)))
    H = net.let(tag("H", name), had(activated(gate, S), U))
    return net.let(tag("Y", name), mul(H, param(net, None, tag("W_d", name), hidden, wide)))


def lora(
    net: Network,
    X: Any,
    out: Any,
    rank: Any,
    *,
    scale: Any = None,
    W: Any = None,
    b: Any = None,
    name: str = "",
) -> Node:
    """``Z = X*W + scale * X*A*B`` with a fixed W (an input) and low-rank A, B that are learnt."""
    data, rows, cols = sizes(net, X)
    fixed = net.input(tag("W", name), cols, out) if W is None else net.adopt(read(W))
    low = net.param(tag("A", name), cols, rank)
    high = net.param(tag("B", name), rank, out)
    factor = net.input(tag("s", name)) if scale is None else read(scale)
    H = net.let(tag("H", name), mul(data, low))
    Z = mul(data, fixed) + factor * mul(H, high)
    if b is not None:
        Z = Z + under(net.adopt(read(b)), rows)
    return net.let(tag("Z", name), Z)


def graph_conv(
    net: Network,
    X: Any,
    out: Any,
    *,
    A: Any = None,
    W: Any = None,
    b: Any = None,
    bias: bool = False,
    activation: Activation = None,
    name: str = "",
) -> Node:
    """``Z = S*X*W``: features of the neighbours, weighed by the (normalised) adjacency matrix S."""
    data, nodes, cols = sizes(net, X)
    if A is None:
        A = net["S"] if "S" in net else net.input("S", nodes, nodes)
    adjacency = net.adopt(read(A))
    Z = mul(adjacency, data, param(net, W, tag("W", name), cols, out))
    if bias or b is not None:
        Z = Z + under(param(net, b, tag("b", name), 1, out), nodes)
    step: Node = net.let(tag("Z", name), Z)
    return (
        net.let(tag("A", name), activated(activation, step)) if has_activation(activation) else step
    )
