"""Jacobians as one matrix, and Hessians: the Jacobian of the gradient."""

from __future__ import annotations

from matcalc.expr import Node
from matcalc.linear import vec_matrix
from matcalc.ops.entries import box
from matcalc.ops.kronecker import vec
from matcalc.reverse import gradient_of
from matcalc.rewrite.simplify import simplify, tidy


def jacobian(F: Node, wrt: Node) -> Node:
    """The matrix M with vec(dF) = M vec(d wrt): numerator layout, vec stacking columns."""
    if not F.shape:
        from matcalc.ops.algebra import t

        row = t(vec(gradient_of(F, [wrt])[wrt]))
        return _as_matrix(simplify(row))
    return _as_matrix(simplify(vec_matrix(F, wrt, clean=tidy)))


def hessian(f: Node, wrt: Node, wrt2: Node | None = None) -> Node:
    """d^2 f / dvec(wrt) dvec(wrt2)^T."""
    first = gradient_of(f, [wrt])[wrt]
    return jacobian(first, wrt2 if wrt2 is not None else wrt)


def _as_matrix(M: Node) -> Node:
    return M if M.shape else box(M)
