"""Fixed tensors that say what they are: zeros, ones, the identity, a triangle, a single number."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import Node, number
from matcalc.ops.algebra import eye, minus, ones, zeros
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.pytorch.tensors import Axis, Tensor, count, placed, tensor
from matcalc.shapes import Dim


def as_array(value: Any) -> np.ndarray:
    """The entries of a torch tensor."""
    return np.asarray(value.detach().cpu())


def exact(value: float) -> Node:
    """A number as it was typed."""
    if value != value or value in (float("inf"), float("-inf")):
        raise NoRuleError(f"{value} stands where a number is wanted")
    return number(int(value)) if float(value).is_integer() else number(repr(float(value)))


def is_binary(value: Any) -> bool:
    """Whether all entries are zeros and ones."""
    return bool(np.isin(as_array(value), (0, 1)).all())


def recognised(value: Any) -> Tensor | None:
    """A constant that a formula says, or None for one that needs a name."""
    array = as_array(value).astype(float)
    axes = tuple(Axis(sp.Integer(s)) for s in array.shape)
    shown = placed(axes)
    if array.size == 1:
        return tensor(exact(float(array.reshape(()))), (), (), axes)
    if len(shown) > 2:
        return None
    flat = array.reshape([int(a.size) for a in shown])
    cut = len(shown) - 1
    rows, cols = count(shown[:cut]), count(shown[cut:])
    node: Node | None = None
    if not flat.any():
        node = zeros(rows, cols)
    elif (flat == 1).all():
        node = ones(rows, cols)
    elif flat.ndim == 2:
        node = _triangle(flat, rows, cols)
    return None if node is None else tensor(node, shown[:cut], shown[cut:], axes)


def _triangle(flat: np.ndarray, rows: Dim, cols: Dim) -> Node | None:
    whole = np.ones_like(flat)
    for word, made in (("tril", np.tril(whole)), ("triu", np.triu(whole))):
        node = WORDS[word](ones(rows, cols))
        if (flat == made).all():
            return node
        if (flat == whole - made).all():
            return minus(ones(rows, cols), node)
    if flat.shape[0] == flat.shape[1] and (flat == np.eye(len(flat))).all():
        return eye(rows)
    return None
