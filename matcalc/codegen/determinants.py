"""Determinants, inverses and powers of matrices that are put together: products, blocks, sums.

log det A is a sum over the parts, each with the sign of its determinant; signs that occur twice are
gone, so log det A'A needs no product. Where a matrix is an easy one plus a thin product, Sylvester's
and Woodbury's identities leave a small matrix to factorise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from matcalc.codegen.blocks import Blocks
from matcalc.codegen.terms import Term, cols, core, is_full, is_one, rows
from matcalc.shapes import same

THIN = 0.5  # of the size of a matrix, for what is added to it to count as thin


@dataclass
class Parts:
    """log |det| as a sum, and how often the sign of each part counts."""

    sizes: list[Term] = field(default_factory=list)
    signs: dict[Term, Any] = field(default_factory=dict)

    def sign(self, s: Term, times: Any) -> None:
        self.signs[s] = self.signs.get(s, sp.Integer(0)) + times


class Determinants(Blocks):
    """Constructors of determinants, and of inverses of sums."""

    factorised: set[Term]  # what is solved with, or has its determinant taken, by itself

    # -- determinants --------------------------------------------------------------------------

    def logdet(self, A: Term) -> Term:
        parts = Parts()
        self._gather(A, sp.Integer(1), sp.Integer(1), parts)
        if len(parts.sizes) == len(parts.signs) == 1:
            [whole], [(sign, times)] = parts.sizes, parts.signs.items()
            if whole.op == "logabsdet" and sign.args == whole.args and times == 1:
                return self.make("logdet", whole.args, (), ())
        odd = self._odd(parts)
        # The product of the signs must be positive, no single one need be.
        signs = [self.make("log", (self.mul(*odd),), (), ())] if odd else []
        return self.add(*parts.sizes, *signs) if parts.sizes or signs else self.number(0)

    def _odd(self, parts: Parts) -> list[Term]:
        """The signs that do not occur in pairs."""
        return [
            s if e == 1 else self.pow(s, self._count(e))
            for s, e in parts.signs.items()
            if not e.is_even
        ]

    def size_and_sign(self, A: Term) -> tuple[Term, Term]:
        """log |det A|, and the sign of det A."""
        parts = Parts()
        self._gather(A, sp.Integer(1), sp.Integer(1), parts)
        return self.add(*parts.sizes), self.mul(*self._odd(parts))

    def _gather(self, A: Term, c: Any, sign: Any, parts: Parts) -> None:
        """c log |det A|, and the sign to a power."""
        a = core(A)
        easy = self._diagonal_of(A)
        if a.op == "eye":
            return
        if not A.shape:
            parts.sizes.append(self._times(c, self.fn("log", self.fn("abs", A))))
            parts.sign(self.make("sign", (A,), (), ()), sign)
            return
        if easy is not None:
            parts.sizes.append(self._times(c, self.total(self.fn("log", self.fn("abs", easy)))))
            parts.sign(self.make("product_of", (self.fn("sign", easy),), (), ()), sign)
        elif a.op == "T":
            self._gather(a.args[0], c, sign, parts)
        elif a.op == "inv":
            self._gather(a.args[0], -c, sign, parts)
        elif self._by_parts(a, c, sign, parts):
            return
        elif self.definite(A):
            parts.sizes.append(self._times(c, self.make("logdet", (A,), (), ())))
        else:
            if not self.has(A, "orthogonal"):
                parts.sizes.append(self._times(c, self.make("logabsdet", (A,), (), ())))
            parts.sign(self.make("signdet", (A,), (), ()), sign)

    def _by_parts(self, a: Term, c: Any, sign: Any, parts: Parts) -> bool:
        scalars, rest = self.scalars_of(a)
        low = self.low_rank(a)
        if scalars is not None and a.op == "mul":
            n = rows(a)
            known = self.nonnegative(scalars)
            size = scalars if known else self.fn("abs", scalars)
            parts.sizes.append(self._times(c * n, self.fn("log", size)))
            if not known:
                parts.sign(self.make("sign", (scalars,), (), ()), sign * n)
            self._gather(rest, c, sign, parts)
        elif a.op == "prod" and all(same(*f.shape) for f in a.args):
            for f in a.args:
                self._gather(f, c, sign, parts)
        elif a.op == "kron" and all(same(*f.shape) for f in a.args):
            p, q = (rows(f) for f in a.args)
            self._gather(a.args[0], c * q, sign * q, parts)
            self._gather(a.args[1], c * p, sign * p, parts)
        elif (blocks := self.diagonal_blocks(a)) is not None:
            for b in blocks:
                self._gather(b, c, sign, parts)
        elif low is not None:
            easy, U, V = low
            self._gather(easy, c, sign, parts)
            self._gather(self._small(easy, U, V), c, sign, parts)
        else:
            return False
        return True

    def _diagonal_of(self, A: Term) -> Term | None:
        """The entries whose product is the determinant, if no factorisation is needed."""
        if any(self.has(A, f) for f in ("lower_triangular", "upper_triangular")):
            return self.diagonal(A)
        return None if core(A).op == "eye" else self.diagonal_entries(A)

    def _times(self, c: Any, t: Term) -> Term:
        return self.mul(self._count(c), t)

    def _count(self, c: Any) -> Term:
        c = sp.expand(c)
        number, rest = c.as_coeff_Mul()
        return (
            self.number(number)
            if rest == 1
            else self.mul(self.number(number), self.dimension(rest))
        )

    def det(self, A: Term) -> Term:
        a = core(A)
        easy = self._diagonal_of(A)
        low, blocks = self.low_rank(a), self.diagonal_blocks(a)
        if a.op == "eye" or not A.shape:
            return self.number(1) if A.shape else A
        if easy is not None:
            return self.make("product_of", (easy,), (), ())
        if a.op == "T":
            return self.det(a.args[0])
        if a.op == "inv":
            return self.pow(self.det(a.args[0]), self.number(-1))
        if a.op == "prod" and all(same(*f.shape) for f in a.args):
            return self.mul(*map(self.det, a.args))
        if a.op == "kron" and all(same(*f.shape) for f in a.args):
            A, B = a.args
            powers = ((A, rows(B)), (B, rows(A)))
            return self.mul(*(self.pow(self.det(M), self._count(n)) for M, n in powers))
        if blocks is not None:
            return self.mul(*map(self.det, blocks))
        if low is not None:
            return self.mul(self.det(low[0]), self.det(self._small(*low)))
        return self.make("det", (A,), (), ())

    # -- powers --------------------------------------------------------------------------------

    def power(self, A: Term, k: Any, shape: Any) -> Term:
        """A matrix to a power; U V' to a power is U times a small power times V'."""
        a = core(A)
        v = self.diagonal_entries(A)
        if v is not None:
            return self.diag(self.pow(v, self.number(k) if k.is_Integer else self.dimension(k)))
        if a.op == "prod" and k.is_Integer and k > 1:
            U, V = self._cut(a.args)
            if self.sizes.of(cols(U)) < THIN * self.sizes.of(rows(a)):
                inner = self.prod(V, U)
                if not inner.shape:
                    return self.mul(self.pow(inner, self.number(k - 1)), self.prod(U, V))
                return self.prod(U, self.power(inner, k - 1, inner.shape), V)
        return A if k == 1 else self.make("mpow", (A,), (k,), shape)

    def _cut(self, chain: Sequence[Term]) -> tuple[Term, Term]:
        """A chain in two where it is narrowest."""
        k = min(range(len(chain) - 1), key=lambda k: self.sizes.of(cols(chain[k])))
        return self.prod(*chain[: k + 1]), self.prod(*chain[k + 1 :])

    # -- a thin product added ------------------------------------------------------------------

    def low_rank(self, a: Term) -> tuple[Term, Term, Term] | None:
        """E, U and V of E + U V, where E is easy to invert or is factorised anyway, and U is thin."""
        if a.op != "add" or not is_full(a) or not same(*a.shape):
            return None
        for product in a.args:
            rest = [x for x in a.args if x is not product]
            E = self._easy(rest[0] if len(rest) == 1 else self.add(*rest, shape=a.shape))
            if E is None:
                continue
            scalars, chain = self.scalars_of(product)
            if chain.op not in ("prod", "kron"):
                continue
            U, V = self._halves_of(chain)
            if self.sizes.of(cols(U)) < THIN * self.sizes.of(rows(a)):
                return E, U, V if scalars is None else self.mul(scalars, V)
        return None

    def _halves_of(self, t: Term) -> tuple[Term, Term]:
        """A product, or a Kronecker product of products, as two factors that are thin between."""
        if t.op == "prod":
            return self._cut(t.args)
        if t.op == "kron":
            (A, B), (C, D) = (self._halves_of(f) for f in t.args)
            return self.kron(A, C), self.kron(B, D)
        return t, self.eye(cols(t))

    def _easy(self, E: Term) -> Term | None:
        """A multiple of the identity, or a diagonal matrix; what divides must not be zero."""
        c, rest = self.scalars_of(E) if E.op == "mul" else (None, E)
        if rest.op == "eye":
            return None if c is not None and self.value(c) == 0 else E
        if core(E) in self.factorised:
            return E
        v = self.diagonal_entries(rest)
        if v is None:
            return None
        v = v if self.nonzero(v) else self.make("nonzero", (v,), (), v.shape)
        return self.diag(v) if c is None else self.mul(c, self.diag(v))

    def _small(self, E: Term, U: Term, V: Term) -> Term:
        """I + V E^-1 U."""
        k = cols(U)
        inner = self.prod(V, self.inv(E), U)
        if is_one(k):
            return self.add(self.number(1), inner)
        # Computed as a whole: it is factorised once for all that ask.
        made = self.add(self.eye(k), inner, shape=(k, k))
        return self.make("let", (made,), ("",), made.shape)

    def inv(self, A: Term) -> Term:
        low = self.low_rank(core(A))
        if low is None:
            return super().inv(A)
        E, U, V = low
        left, right = self.prod(self.inv(E), U), self.prod(V, self.inv(E))
        middle = self.inv(self._small(E, U, V))
        taken = (
            self.prod(left, middle, right)
            if middle.shape
            else self.mul(middle, self.prod(left, right))
        )
        return self.add(self.inv(E), self.neg(taken), shape=A.shape)


__all__ = ["Determinants"]
