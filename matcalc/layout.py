"""Layouts: a change of dress, applied to results only.

Inside, a gradient has the shape of its variable and a vec matrix maps vec(dX) to vec(dF), which is
numerator layout. Denominator layout transposes Jacobians; numerator layout transposes gradients;
mixed keeps gradients in the variable's shape and Jacobians in numerator layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from sympy import Rational

from matcalc.errors import MatcalcError
from matcalc.expr import Node, number
from matcalc.ops.algebra import PRODUCT, SUM_OP, add, eye, had, mul, t
from matcalc.rewrite.simplify import simplify


class Layout(Enum):
    """Which way gradients and Jacobians lie."""

    DENOMINATOR = "denominator"
    NUMERATOR = "numerator"
    MIXED = "mixed"

    @classmethod
    def _missing_(cls, value: object) -> Layout:
        names = ", ".join(m.value for m in cls)
        raise MatcalcError(f"there is no layout {value!r}; there are {names}")

    @classmethod
    def of(cls, value: Any) -> Layout:
        """A layout, or its name."""
        if isinstance(value, cls):
            return value
        return cls(str(value).lower())


def gradient_in(layout: Layout, gradient: Node, facts: Iterable[Any] = ()) -> Node:
    """A gradient, given in the shape of its variable, in that layout."""
    lies = layout is Layout.NUMERATOR and gradient.shape
    return simplify(t(gradient), facts=facts) if lies else gradient


MEANINGS = ("independent", "projected", "cookbook")


def meaning(asked: str) -> str:
    """One of the three meanings, or an error that lists them."""
    if asked not in MEANINGS:
        raise MatcalcError(f"symmetric_gradient is one of {', '.join(MEANINGS)}, not {asked!r}")
    return asked


def symmetric_gradient(gradient: Node, of: str, facts: Iterable[Any] = ()) -> Node:
    """What "the gradient" by a symmetric matrix means, given the gradient G by its independent entries.

    ``independent``: G itself; ``projected``: (G + G')/2, the gradient within the symmetric matrices;
    ``cookbook``: G + G' - I.*G, the derivative by each entry on and above the diagonal.
    """
    asked = meaning(of)
    if asked == "independent" or not gradient.shape:
        return gradient
    if asked == "projected":
        return simplify(mul(number(Rational(1, 2)), add(gradient, t(gradient))), facts=facts)
    inner = had(eye(gradient.shape[0]), gradient)
    return simplify(add(gradient, t(gradient), mul(number(-1), inner)), facts=facts)


def jacobian_in(layout: Layout, jacobian: Node, facts: Iterable[Any] = ()) -> Node:
    """A Jacobian, given as the matrix on vec, in that layout."""
    lies = layout is Layout.DENOMINATOR and jacobian.shape
    return simplify(turned(jacobian), facts=facts) if lies else jacobian


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
