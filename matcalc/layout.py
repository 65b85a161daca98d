"""Layouts: a change of dress, applied to results only.

Inside, a gradient has the shape of its variable and a vec matrix maps vec(dX) to vec(dF), which is
numerator layout. Denominator layout transposes Jacobians; numerator layout transposes gradients;
mixed keeps gradients in the variable's shape and Jacobians in numerator layout.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from matcalc.errors import MatcalcError
from matcalc.expr import Node
from matcalc.ops.algebra import PRODUCT, SUM_OP, add, mul, t
from matcalc.rewrite.simplify import simplify


class Layout(Enum):
    """Which way gradients and Jacobians lie."""

    DENOMINATOR = "denominator"
    NUMERATOR = "numerator"
    MIXED = "mixed"

    @classmethod
    def of(cls, value: Any) -> Layout:
        """A layout, or its name."""
        if isinstance(value, cls):
            return value
        try:
            return cls(str(value).lower())
        except ValueError:
            names = ", ".join(m.value for m in cls)
            raise MatcalcError(f"there is no layout {value!r}; there are {names}") from None


def gradient_in(layout: Layout, gradient: Node) -> Node:
    """A gradient, given in the shape of its variable, in that layout."""
    return simplify(t(gradient)) if layout is Layout.NUMERATOR and gradient.shape else gradient


def jacobian_in(layout: Layout, jacobian: Node) -> Node:
    """A Jacobian, given as the matrix on vec, in that layout."""
    return (
        simplify(turned(jacobian)) if layout is Layout.DENOMINATOR and jacobian.shape else jacobian
    )


def turned(node: Node, depth: int = 20) -> Node:
    """The transpose factor by factor: dz/dx = dy/dx . dz/dy reads as a product in that layout."""
    if depth == 0 or not node.shape:
        return t(node)
    if node.op is PRODUCT:
        scalars = [a for a in node.operands if not a.shape]
        matrices = [a for a in node.operands if a.shape]
        return mul(*scalars, *(turned(a, depth - 1) for a in reversed(matrices)))
    if node.op is SUM_OP:
        return add(*(turned(a, depth - 1) for a in node.operands))
    return t(node)
