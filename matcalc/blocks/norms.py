"""Normalisation: batch norm, layer norm, RMS norm.

``epsilon`` is kept: the scalar input ``epsilon``, or a number (0 leaves it out). The variance is
divided by n, or by n - 1 with ``unbiased=True``. Unless ``affine=False``, a learnt scale and shift
follow.
"""

from __future__ import annotations

from typing import Any

from matcalc.blocks.parts import beside, param, root, scalar, sizes, tag, under
from matcalc.errors import DomainError
from matcalc.expr import Node, read
from matcalc.network import Network
from matcalc.ops.algebra import had, mul, ones
from matcalc.ops.entrywise import divide, power
from matcalc.ops.reduce import axis_sum, mean


def _affine(
    net: Network, Xhat: Node, name: str, affine: bool, shift: bool, gamma: Any, beta: Any
) -> Node:
    """``gamma .* Xhat + beta`` along the columns of every row."""
    if not affine:
        return Xhat
    rows, cols = Xhat.shape
    Y = had(Xhat, under(param(net, gamma, tag("gamma", name), 1, cols), rows))
    if shift:
        Y = Y + under(param(net, beta, tag("beta", name), 1, cols), rows)
    return net.let(tag("Y", name), Y)


def _standardised(net: Network, X: Any, axis: int, epsilon: Any, unbiased: bool, name: str) -> Node:
    """Every column (axis 0) or row (axis 1) less its mean, over its standard deviation."""
    data, rows, cols = sizes(net, X)
    count, along = (cols, beside) if axis else (rows, under)
    eps = scalar(net, epsilon, "epsilon")
    mu = net.let(tag("mu", name), mean(data, axis))
    centred = net.let(tag("Xtilde", name), data - along(mu, count))
    if unbiased and count == 1:
        raise DomainError("the variance by n - 1 wants two values at least, and there is one")
    variance = axis_sum(power(centred, 2), axis) / read(count - 1 if unbiased else count)
    s = net.let(tag("s", name), root(_plus(variance, eps)))
    return net.let(tag("Xhat", name), divide(centred, along(s, count)))


def batch_norm(
    net: Network,
    X: Any,
    *,
    epsilon: Any = None,
    affine: bool = True,
    unbiased: bool = False,
    gamma: Any = None,
    beta: Any = None,
    name: str = "",
) -> Node:
    """Each column made to mean 0 and variance 1 over the rows, then scaled and shifted."""
    Xhat = _standardised(net, X, 0, epsilon, unbiased, name)
    return _affine(net, Xhat, name, affine, True, gamma, beta)


def layer_norm(
    net: Network,
    X: Any,
    *,
    epsilon: Any = None,
    affine: bool = True,
    unbiased: bool = False,
    gamma: Any = None,
    beta: Any = None,
    name: str = "",
) -> Node:
    """Each row made to mean 0 and variance 1 over its entries, then scaled and shifted."""
    Xhat = _standardised(net, X, 1, epsilon, unbiased, name)
    return _affine(net, Xhat, name, affine, True, gamma, beta)


def rms_norm(
    net: Network,
    X: Any,
    *,
    epsilon: Any = None,
    affine: bool = True,
    gamma: Any = None,
    name: str = "",
) -> Node:
    """Each row divided by its root mean square, then scaled."""
    data, _, cols = sizes(net, X)
    eps = scalar(net, epsilon, "epsilon")
    s = net.let(tag("s", name), root(_plus(mean(power(data, 2), 1), eps)))
    Xhat = net.let(tag("Xhat", name), divide(data, beside(s, cols)))
    return _affine(net, Xhat, name, affine, False, gamma, None)


def _plus(variance: Node, epsilon: Node) -> Node:
    if not variance.shape:
        return variance + epsilon
    return variance + mul(epsilon, ones(*variance.shape))
