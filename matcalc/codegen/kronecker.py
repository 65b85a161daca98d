"""Kronecker products that are not formed: their parts, sums, inner products and contractions.

(A kron B)[i, j] is an entry of A times an entry of B; entrywise products, powers and sizes of
Kronecker products are Kronecker products again; a contraction of an outer product is a product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from matcalc.codegen.known import Known
from matcalc.codegen.terms import (
    Term,
    cols,
    core,
    is_column,
    is_full,
    is_one,
    is_row,
    normal,
    rows,
)  # fmt: skip
from matcalc.shapes import ONE, same, same_shape, times


class Kronecker(Known):
    """Constructors of Kronecker products and of what is asked of them."""

    def eye(self, n: Any) -> Term:
        raise NotImplementedError

    def diag(self, v: Term) -> Term:
        raise NotImplementedError

    def prod(self, *given: Term) -> Term:
        raise NotImplementedError

    def total(self, t: Term) -> Term:
        raise NotImplementedError

    def trace(self, t: Term) -> Term:
        raise NotImplementedError

    def diagonal(self, t: Term) -> Term:
        raise NotImplementedError

    def dot(self, a: Term, b: Term) -> Term:
        raise NotImplementedError

    def trace_of(self, factors: Sequence[Term]) -> Term:
        raise NotImplementedError

    def place(self, t: Term, top: Any, left: Any, n: Any, m: Any) -> Term:
        raise NotImplementedError

    def block(self, t: Term, top: Any, left: Any, height: Any, width: Any) -> Term:
        raise NotImplementedError

    def axis_sum(self, t: Term, axis: int) -> Term:
        raise NotImplementedError

    def kron(self, A: Term, B: Term) -> Term:
        if not A.shape or not B.shape:
            return self.mul(A, B)
        shape = (times(rows(A), rows(B)), times(cols(A), cols(B)))
        if A.op == "eye" and B.op == "eye":
            return self.eye(shape[0])
        if self.is_zero(A) or self.is_zero(B):
            return self.zeros(shape)
        a, left = self.scalars_of(A)
        b, right = self.scalars_of(B)
        scalars = [s for s in (a, b) if s is not None]
        if scalars:
            return self.mul(*scalars, self.kron(left, right))
        return self.make("kron", (A, B), (), shape)

    def krons(self, t: Term, u: Term) -> bool:
        """Whether two Kronecker products have factors of the same shapes."""
        pairs = list(zip(t.args, u.args, strict=False))
        return t.op == u.op == "kron" and all(same_shape(a.shape, b.shape) for a, b in pairs)

    def kron_of(self, f: Callable[[Term], Term], k: Term) -> Term:
        """A function of an entry that is multiplicative, entry by entry of A kron B."""
        return self.kron(*map(f, k.args))

    def kron_factors(self, factors: list[Term]) -> list[Term]:
        """(A kron B) o (C kron D) is (A o C) kron (B o D)."""
        out: list[Term] = []
        for t in factors:
            k = next((k for k, u in enumerate(out) if self.krons(u, t)), None)
            if k is None:
                out.append(t)
            else:
                pairs = zip(out[k].args, t.args, strict=True)
                out[k] = self.kron(*(self.mul(a, b) for a, b in pairs))
        return out

    # -- parts ---------------------------------------------------------------------------------

    def kron_block(self, k: Term, top: Any, left: Any, height: Any, width: Any) -> Term:
        """A part of A kron B: the same part of both, or rows and columns picked from both."""
        A, B = k.args
        down = _halves(top, height, rows(A), rows(B))
        across = _halves(left, width, cols(A), cols(B))
        if down is None or across is None:
            at = (top, left, height, width)
            return self.make("kron_block", (A, B), at, normal(height, width))
        parts = (
            self.block(f, start, beside, h, w)
            for f, (start, h), (beside, w) in zip(k.args, down, across, strict=True)
        )
        return self.kron(*parts)

    # -- contractions --------------------------------------------------------------------------

    def kron_contract(self, G: Term, B: Term, slot: Any, r: Any, c: Any) -> Term:
        """The blocks of G summed against B: for slot 0 the adjoint of A -> A kron B."""
        shape = normal(r, c)
        if G.op == "mul" and not G.args[0].shape:
            scalars, rest = self.scalars_of(G)
            if scalars is not None:
                return self.mul(scalars, self.kron_contract(rest, B, slot, r, c), shape=shape)
        if G.op == "spread" and not G.args[0].shape:
            return self.spread(self.mul(G.args[0], self.total(B)), shape)
        if G.op == "kron":
            near, other = G.args if slot == 0 else G.args[::-1]
            if same_shape(near.shape, shape) and same_shape(other.shape, B.shape):
                return self.mul(self.dot(other, B), near, shape=shape)
        square = B.shape and same(*B.shape) and same(r, c)
        if G.op == "eye" and square:
            return self.mul(self.trace(B), self.eye(r), shape=shape)
        if G.op == "diag" and square:
            S = self._folded(G.args[0], slot, r, rows(B))
            return self.diag(self.prod(S, self.diagonal(B)))
        thin = [i for i, f in enumerate(G.args[:-1]) if is_one(cols(f))] if G.op == "prod" else []
        if thin:
            u, v = self.prod(*G.args[: thin[0] + 1]), self.prod(*G.args[thin[0] + 1 :])
            U = self._folded(u, slot, r, rows(B))
            V = self._folded(self.T(v), slot, c, cols(B))
            return self.prod(U, B, self.T(V))
        if G.op == "place" and not G.args[0].shape:
            down = _half(G.params[0], slot, r, rows(B))
            across = _half(G.params[1], slot, c, cols(B))
            one = self.mul(G.args[0], self.block(B, down[1], across[1], ONE, ONE))
            return self.place(one, down[0], across[0], r, c)
        added = G.args if G.op == "add" and all(is_full(a) for a in G.args) else ()
        parts = [self.kron_contract(a, B, slot, r, c) for a in added]
        if any(p.op != "kron_contract" for p in parts):
            return self.add(*parts, shape=shape)
        return self.make("kron_contract", (G, B), (slot, r, c), shape)

    def _folded(self, v: Term, slot: Any, r: Any, p: Any) -> Term:
        """A column as long as two factors have rows, as a matrix with a row for each of one."""
        size = (p, r) if slot == 0 else (r, p)
        inner = core(v)
        if inner.op == "vec" and same_shape(inner.args[0].shape, size):
            made = inner.args[0]
        else:
            made = self.make("unvec", (v,), size, normal(*size)) if v.shape else v
        return self.T(made) if slot == 0 else made

    # -- what products make of them ------------------------------------------------------------

    def _conform(self, a: Term, b: Term) -> bool:
        return all(same(cols(x), rows(y)) for x, y in zip(a.args, b.args, strict=True))

    def _contracted(self, a: Term, d: Term, b: Term) -> Term | None:
        """(x' kron I) diag(vec M) (y kron I) and its relatives: sums of M, or M itself scaled."""
        if a.op != "kron" or b.op != "kron" or d.op != "diag" or core(d.args[0]).op != "vec":
            return None
        M = core(d.args[0]).args[0]
        first, second = self._one_sided(a, is_row), self._one_sided(b, is_column)
        if first is None or second is None:
            return None
        (x, u, outer), (y, v, inner) = first, second
        x = self.T(x)
        if outer is inner:
            return self.diag(
                self.mul(u, v, self._summed(M if outer else self.T(M), self.mul(x, y)))
            )
        mirrored = self.T(M) if inner else M
        return self.mul(u, y, mirrored, self.T(x), self.T(v))

    def _one_sided(self, k: Term, thin: Any) -> tuple[Term, Term, bool] | None:
        """x kron diag(v) as x, v and True; diag(v) kron x as x, v and False."""
        left, right = k.args
        for x, D, first in ((left, right, True), (right, left, False)):
            if thin(x) and D.op == "eye":
                return x, self.number(1), first
            if thin(x) and D.op == "diag":
                return x, D.args[0], first
        return None

    def _summed(self, M: Term, v: Term) -> Term:
        """M v, row sums where v is all ones."""
        if self.value(v) == 1:
            return self.axis_sum(M, 1)
        return self.prod(M, v)

    def _picked(self, a: Term, b: Term) -> Term | None:
        """(a' kron B) E', columns of a Kronecker product picked: B with its columns scaled."""
        if a.op == "kron" and b.op == "T" and b.args[0].op == "diagonal_pick":
            if any(map(is_row, a.args)):
                return self.mul(*a.args)
        elif b.op == "kron" and a.op == "diagonal_pick" and any(map(is_column, b.args)):
            return self.mul(*b.args)
        return None


Span = tuple[Any, Any]


def _half(at: Any, slot: int, size: Any, other: Any) -> Span:
    """Where a row of A kron B lies in the factor of a slot, and where in the other one."""
    if slot == 0:
        return sp.floor(at / other), sp.Mod(at, other)
    return sp.Mod(at, size), sp.floor(at / size)


def _halves(start: Any, count: Any, outer: Any, inner: Any) -> tuple[Span, Span] | None:
    """Where rows of A kron B begin in A and in B and how many there are; None if they mix."""
    zero = sp.Integer(0)
    if start == 0 and same(count, times(outer, inner)):
        return (zero, outer), (zero, inner)
    if count == 1:
        return (sp.floor(start / inner), ONE), (sp.Mod(start, inner), ONE)
    first, many = sp.cancel(start / inner), sp.cancel(count / inner)
    if first.is_integer and many.is_integer:
        return (first, many), (zero, inner)
    end = start + count - 1
    numbers = all(d.is_Integer for d in (start, count, inner))
    if numbers and start // inner == end // inner:
        return (start // inner, ONE), (start % inner, count)
    return None
