"""Jacobians as one matrix, and Hessians: the Jacobian of the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matcalc.expr import Node, symbol_name
from matcalc.linear import vec_matrix
from matcalc.ops.entries import box
from matcalc.ops.kronecker import vec
from matcalc.reverse import gradient_of
from matcalc.rewrite.simplify import simplify, tidy


def jacobian(F: Node, wrt: Node, facts: Iterable[Any] = ()) -> Node:
    """The matrix M with vec(dF) = M vec(d wrt): numerator layout, vec stacking columns."""
    if not F.shape:
        from matcalc.ops.algebra import t

        row = t(vec(gradient_of(F, [wrt])[wrt]))
        return _as_matrix(simplify(row, facts=facts))
    return _as_matrix(simplify(vec_matrix(F, wrt, clean=tidy), facts=facts))


def hessian(f: Node, wrt: Node, wrt2: Node | None = None, facts: Iterable[Any] = ()) -> Node:
    """d^2 f / dvec(wrt) dvec(wrt2)^T."""
    facts, by = tuple(facts), wrt2 if wrt2 is not None else wrt
    # What varies varies freely: a fact about it must not be used before it is differentiated by.
    free = [f for f in facts if f.of not in (symbol_name(wrt), symbol_name(by))]
    first = gradient_of(f, [wrt], facts=free)[wrt]
    return jacobian(first, by, facts)


def _as_matrix(M: Node) -> Node:
    return M if M.shape else box(M)
