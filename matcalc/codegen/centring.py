"""Means taken off before products are formed, where the expanded square would cancel.

A'(I - 1 1'/n) B is (A - mean)'(B - mean), and so are A'B - n mean mean' and x'x - (1'x)^2/n; and
x'x - 2 x'y + y'y is (x - y)'(x - y). The two sides are equal for all numbers, but the squares of
large means, or of near points, leave nothing of a small difference.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.codegen.kronecker import Kronecker
from matcalc.codegen.terms import Term, core, is_column, is_full, is_row, rows
from matcalc.shapes import same

DATA = frozenset({"in", "T", "let"})  # what means are taken off; structured factors keep theirs


class Centring(Kronecker):
    """Laws of centred products."""

    def is_centring(self, f: Term) -> bool:
        """I - 1 1'/n."""
        f = core(f)
        if f.op != "add" or len(f.args) != 2 or not is_full(f) or not same(*f.shape):
            return False
        inside = sorted((core(a) for a in f.args), key=lambda a: a.op != "eye")
        c = inside[1].args[0] if inside[1].op == "spread" else inside[1]
        whole = inside[0].op == "eye" and not c.shape
        return whole and self.value(self.mul(c, self.dimension(f.shape[0]))) == -1

    def off_mean(self, A: Term) -> Term:
        """A less the mean of its rows, computed once."""
        n = rows(A)
        self.said["means taken off before products: the expanded square would cancel"] = None
        total = self.total(A) if is_column(A) else self.axis_sum(A, 0)
        mean = self.mul(self.pow(self.dimension(n), self.number(-1)), total)
        if is_column(A):
            mean = self.make("let", (mean,), ("",), ())
        made = self.add(A, self.neg(mean), shape=A.shape)
        return self.make("let", (made,), ("",), made.shape)

    def without_centring(self, factors: list[Term]) -> list[Term]:
        """A' J B with the means taken off A and B; J is a projection."""
        out: list[Term] = []
        for f in factors:
            if not (out and self.is_centring(f) and self.is_centring(out[-1])):
                out.append(f)
        for k in range(1, len(out) - 1):
            left, right = out[k - 1], out[k + 1]
            if not self.is_centring(out[k]) or not {left.op, right.op} <= DATA:
                continue
            # Off both: a mean of 1e8 takes what rounding left of the other's mean eight digits up.
            out[k + 1] = self.off_mean(right)
            out[k - 1] = self.T(self.off_mean(self.T(left)))
            return self.without_centring([*out[:k], *out[k + 1 :]])
        return out

    # -- sums of products ----------------------------------------------------------------------

    def centred(self, kept: list[Term]) -> list[Term]:
        """Products and what is taken off them, as products of differences."""
        if len(kept) < 2:
            return kept
        found = [(t, *self._scaled_pair(t)) for t in kept]
        products = [(t, c, p) for t, c, p in found if p is not None]
        for t, c, p in products:
            for u, d, sums in ((u, *self._scaled_sums(u)) for u in kept if u is not t):
                if sums is None or {*sums} != {*p} or sums not in (p, p[::-1]):
                    continue
                n = self.dimension(rows(p[0]))
                if self.mul(d, n) is self.neg(c):
                    rest = [x for x in kept if x is not t and x is not u]
                    A, B = map(self.off_mean, p)
                    return [self.mul(c, self._inner(A, B)), *self.centred(rest)]
        return self._square_completed(kept, products)

    def _square_completed(
        self, kept: list[Term], products: Sequence[tuple[Term, Term, tuple[Term, Term]]]
    ) -> list[Term]:
        squares = {p[0]: (t, c) for t, c, p in products if p[0] is p[1] and not t.shape}
        for t, c, (x, y) in products:
            if x is y or t.shape or x not in squares or y not in squares:
                continue
            (first, a), (second, b) = squares[x], squares[y]
            if a is not b or self.mul(self.number(2), a) is not self.neg(c):
                continue
            self.said["the difference before its square: the expanded square would cancel"] = None
            gap = self.add(x, self.neg(y), shape=x.shape)
            gap = self.make("let", (gap,), ("",), gap.shape)
            rest = [k for k in kept if k not in (t, first, second)]
            return [self.mul(a, self._inner(gap, gap)), *self.centred(rest)]
        return kept

    def _inner(self, A: Term, B: Term) -> Term:
        """A'B."""
        return self.dot(A, B) if is_column(A) and is_column(B) else self.prod(self.T(A), B)

    def _scaled_pair(self, t: Term) -> tuple[Term, tuple[Term, Term] | None]:
        """A number times A'B, or times the inner product of two columns."""
        scalars, inside = self._numbers_of(t)
        if len(inside) != 1:
            return scalars, None
        f = inside[0]
        if f.op == "dot" and {a.op for a in f.args} <= DATA:
            return scalars, (f.args[0], f.args[1])
        if f.op == "pow" and self.value(f.args[1]) == 2 and f.args[0].op == "norm":
            return scalars, (f.args[0].args[0],) * 2
        if f.op == "prod" and len(f.args) == 2 and {a.op for a in f.args} <= DATA:
            return scalars, (self.T(f.args[0]), f.args[1])
        return scalars, None

    def _scaled_sums(self, t: Term) -> tuple[Term, tuple[Term, Term] | None]:
        """A number times (1'x)(1'y), or times A'1 1'B."""
        scalars, inside = self._numbers_of(t)
        found: list[Term] = []
        for f in inside:
            twice = f.op == "pow" and self.value(f.args[1]) == 2
            parts = self._columns_summed(f.args[0] if twice else f)
            found += parts * (2 if twice else 1)
            if not parts:
                return scalars, None
        return scalars, (found[0], found[1]) if len(found) == 2 else None

    def _columns_summed(self, f: Term) -> list[Term]:
        """What the column sums in a factor are taken of: of one matrix, or of two side by side."""
        if f.op == "total" and is_column(f.args[0]):
            return [f.args[0]]
        if f.op == "T" and f.args[0].op == "colsum":
            return [f.args[0].args[0]]
        if f.op == "colsum":
            return [f.args[0]]
        if f.op != "prod":
            return []
        ones = [a.op == "ones" for a in f.args]
        if ones == [True, False]:
            return [f.args[1]]
        if ones == [False, True]:
            return [self.T(f.args[0])]
        if ones == [False, True, True, False]:
            return [self.T(f.args[0]), f.args[3]]
        if len(f.args) == 2 and is_column(f.args[0]) and is_row(f.args[1]):
            return [x for a in f.args for x in self._columns_summed(a)]
        return []

    def _numbers_of(self, t: Term) -> tuple[Term, list[Term]]:
        """The numbers and dimensions in a product, and its other factors."""
        factors = t.args if t.op == "mul" else (t,)
        known = [f for f in factors if not f.shape and self._is_known(f)]
        return self.mul(*known) if known else self.number(1), [f for f in factors if f not in known]

    def _is_known(self, f: Term) -> bool:
        return f.op in ("number", "dim") or (
            f.op in ("pow", "add", "mul") and all(map(self._is_known, f.args))
        )
