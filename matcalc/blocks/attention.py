"""Attention and transformer blocks: a position of a sequence is a row."""

from __future__ import annotations

from typing import Any

from matcalc.blocks.layers import dense, gated
from matcalc.blocks.norms import layer_norm, rms_norm
from matcalc.blocks.parts import Activation, marks, param, root, sizes, tag
from matcalc.errors import MatcalcError
from matcalc.expr import Node, read
from matcalc.network import Network
from matcalc.ops.algebra import add, mul, ones, t
from matcalc.ops.diagonals import tril
from matcalc.ops.softmax import softmax
from matcalc.shapes import Dim, dim, same


def attention(
    net: Network,
    Q: Any,
    K: Any,
    V: Any,
    *,
    mask: Any = None,
    causal: bool = False,
    scale: Any = None,
    name: str = "",
) -> Node:
    """``O = softmax(Q*K'*scale) * V``, row by row; the scale is 1/sqrt(d_k) unless given.

    ``mask`` is a matrix of zeros and ones, 1 where a query may look; ``causal`` is the triangle.
    """
    query, places, width = sizes(net, Q)
    key, others, _ = sizes(net, K)
    value = net.adopt(read(V))
    by = 1 / root(width) if scale is None else read(scale)
    S = net.let(tag("S", name), by * mul(query, t(key)))
    if causal:
        if mask is not None:
            raise MatcalcError("attention takes a mask or causal=True, not both")
        if not same(places, others):
            raise MatcalcError(f"causal attention: {others} keys, but {places} queries")
        mask = tril(ones(places, places))
    shown = None if mask is None else net.adopt(read(mask))
    P = net.let(tag("P", name), softmax(S, 1, shown))
    return net.let(tag("O", name), mul(P, value))


def multi_head(
    net: Network,
    X: Any,
    heads: int,
    *,
    width: Any = None,
    context: Any = None,
    mask: Any = None,
    causal: bool = False,
    bias: bool = False,
    name: str = "",
) -> Node:
    """``Y = sum over heads of O_i * WO_i``: every head has its own WQ, WK, WV (d x d_k) and WO.

    ``width`` is d_k, d/heads unless given; ``context`` is what keys and values are made from.
    """
    data, _, d = sizes(net, X)
    source, _, wide = sizes(net, data if context is None else context)
    d_k = _head_width(d, heads, width)
    parts = []
    for i in range(1, heads + 1):
        mark = marks(i, name)

        def projected(letter: str, of: Node, rows: Dim, mark: str = mark) -> Node:
            weight = net.param(tag(f"W_{letter}", mark), rows, d_k)
            made = mul(of, weight)
            if bias:
                made = made + mul(ones(of.shape[0], 1), net.param(tag(f"b_{letter}", mark), 1, d_k))
            return net.let(tag(letter, mark), made)

        Q, K, V = (
            projected("Q", data, d),
            projected("K", source, wide),
            projected("V", source, wide),
        )
        O = attention(net, Q, K, V, mask=mask, causal=causal, name=mark)
        parts.append(mul(O, param(net, None, tag("W_O", mark), d_k, d)))
    if bias:
        parts.append(mul(ones(data.shape[0], 1), net.param(tag("b_O", name), 1, d)))
    return net.let(tag("Y", name), add(*parts))


def _head_width(d: Dim, heads: int, width: Any) -> Dim:
    if heads < 1:
        raise MatcalcError(f"attention has at least one head, not {heads}")
    if width is not None:
        return dim(width)
    share = (d / heads).cancel() if hasattr(d, "cancel") else d / heads
    if not share.is_integer:
        raise MatcalcError(f"{d} columns do not divide into {heads} heads: give width=")
    return share


def feed_forward(
    net: Network, X: Any, hidden: Any, *, activation: Activation = "gelu", name: str = ""
) -> Node:
    """``Z = activation(X*W1 + 1*b1)*W2 + 1*b2``; the activation "swiglu" makes it a gated unit."""
    data, _, d = sizes(net, X)
    if activation == "swiglu":
        return gated(net, data, hidden, d, name=name)
    A = dense(net, data, hidden, name=marks(1, name), activation=activation)
    return dense(net, A, d, name=marks(2, name))


def transformer(
    net: Network,
    X: Any,
    heads: int,
    hidden: Any,
    *,
    width: Any = None,
    causal: bool = False,
    mask: Any = None,
    first: bool = True,
    norm: str = "layer",
    activation: Activation = "gelu",
    bias: bool = False,
    epsilon: Any = None,
    name: str = "",
) -> Node:
    """A transformer block. Pre-norm (``first``): ``U = X + attention(norm(X))``, ``Y = U +
    ff(norm(U))``; post-norm: ``U = norm(X + attention(X))``, ``Y = norm(U + ff(U))``."""
    makes = {"layer": layer_norm, "rms": rms_norm}
    if norm not in makes:
        raise MatcalcError(f'norm is "layer" or "rms", not {norm!r}')

    def normed(of: Node, which: str) -> Node:
        return makes[norm](net, of, epsilon=epsilon, name=marks(which, name))

    def attended(of: Node) -> Node:
        return multi_head(
            net, of, heads, width=width, causal=causal, mask=mask, bias=bias, name=marks("a", name)
        )

    def fed(of: Node) -> Node:
        return feed_forward(net, of, hidden, activation=activation, name=marks("f", name))

    data = net.adopt(read(X))
    if first:
        U = net.let(tag("U", name), data + attended(normed(data, "n")))
        return net.let(tag("B", name), U + fed(normed(U, "m")))
    U = normed(net.let(tag("U", name), data + attended(data)), "n")
    return normed(net.let(tag("B", name), U + fed(U)), "m")
