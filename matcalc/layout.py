"""Layouts: a change of dress, applied to results only.

Inside, a gradient has the shape of its variable and a vec matrix maps vec(dX) to vec(dF), which is
numerator layout. Denominator layout transposes Jacobians; numerator layout transposes gradients;
mixed keeps gradients in the variable's shape and Jacobians in numerator layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from sympy import Rational

from matcalc.errors import DomainError, MatcalcError
from matcalc.expr import BUILD, Node, number, symbol_name
from matcalc.facts import is_symmetric_symbol
from matcalc.ops.algebra import PRODUCT, SUM_OP, add, eye, had, mul, t
from matcalc.ops.kronecker import commutation
from matcalc.rewrite.simplify import simplify
from matcalc.shapes import listed


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


def symmetric_gradient(gradient: Node, of: str, clean: Callable[[Node], Node] = simplify) -> Node:
    """What "the gradient" by a symmetric matrix means, given the gradient G by its independent entries.

    ``independent``: G itself; ``projected``: (G + G')/2, the gradient within the symmetric matrices;
    ``cookbook``: G + G' - I.*G, the derivative by each entry on and above the diagonal.
    """
    asked = meaning(of)
    if asked == "independent" or not gradient.shape:
        return gradient
    if asked == "projected":
        return clean(mul(number(Rational(1, 2)), add(gradient, t(gradient))))
    inner = had(eye(gradient.shape[0]), gradient)
    return clean(add(gradient, t(gradient), mul(number(-1), inner)))


def refuse_meaning(asked: str, by: Iterable[Node], facts: Iterable[Any]) -> None:
    """A meaning that is none, or one that nothing here could have."""
    facts, by = list(facts), list(by)
    if meaning(asked) == "cookbook" and by and not any(is_symmetric_symbol(s, facts) for s in by):
        named = listed(list(dict.fromkeys(map(symbol_name, by))))
        raise DomainError(
            f"symmetric_gradient={asked!r} is about a matrix assumed symmetric, and nothing says so "
            f"of {named}: state it, as in assume=mc.Q.symmetric({symbol_name(by[0])})"
        )


def symmetric_columns(jacobian: Node, by: Node, of: str, facts: Iterable[Any] = ()) -> Node:
    """A matrix on vec of a symmetric matrix, in that meaning, as ``symmetric_gradient`` has it for
    the rows of a gradient.

    With N the matrix of G -> G', ``projected`` is J (I + N)/2 and ``cookbook`` J (I + N - diag(vec I)).
    """
    if meaning(of) == "independent":
        return jacobian
    n = by.shape[0]
    both = add(eye(n * n), commutation(n, n))
    if of == "projected":
        return simplify(mul(number(Rational(1, 2)), jacobian, both), facts=facts)
    on_diagonal = BUILD["diag"](BUILD["vec"](eye(n)))
    return simplify(mul(jacobian, add(both, mul(number(-1), on_diagonal))), facts=facts)


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
