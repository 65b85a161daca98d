"""Means taken off before products are formed, where the expanded square would cancel.

A'(I - 1 1'/n) B is (A - mean)'(B - mean), and so are A'B - n mean mean' and x'x - (1'x)^2/n; and
x'x - 2 x'y + y'y is (x - y)'(x - y). The two sides are equal for all numbers, but the squares of
large means, or of near points, leave nothing of a small difference.
"""

from __future__ import annotations

from dataclasses import dataclass

from matcalc.codegen.kronecker import Kronecker
from matcalc.codegen.terms import Term, cols, core, is_column, is_full, is_one, is_row, rows
from matcalc.shapes import same

DATA = frozenset({"in", "T", "let"})  # what means are taken off; structured factors keep theirs

COMPLETED = "the difference before its square: the expanded square would cancel"


@dataclass(frozen=True)
class Root:
    """What a square is the square of: x as factors, and S in the middle of x'Sx."""

    factors: tuple[Term, ...]
    middle: tuple[Term, ...] = ()
    whole: Term | None = None  # where x is computed as a whole


def _root_of(t: Term) -> Root:
    inside = core(t)
    return Root(inside.args, (), t) if inside.op == "prod" else Root((t,))


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
        return self._square_completed(kept)

    def _square_completed(self, kept: list[Term]) -> list[Term]:
        """x'x - 2 x'y + y'y as (x - y)'(x - y), for columns, matrices and products; x'Sx alike."""
        found = [(t, *self._scaled_square(t)) for t in kept if not t.shape]
        squares = [(t, c, root) for t, c, root in found if root is not None]
        for k, (first, c, x) in enumerate(squares):
            for second, d, y in squares[k + 1 :]:
                twice = self.mul(self.number(-2), c)
                met = [t for t in kept if t not in (first, second)] if c is d else []
                crosses = [self.mul(twice, p) for p in self._crosses(x, y)] if met else []
                cross = next((t for t in met if t in crosses), None)
                if cross is None:
                    continue
                self.said[COMPLETED] = None
                a, b = map(self._computed, (x, y))
                gap = self.add(a, self.neg(b), shape=a.shape)
                gap = self.make("let", (gap,), ("",), gap.shape)
                made = self.prod(self.T(gap), *x.middle, gap) if x.middle else self.dot(gap, gap)
                return [self.mul(c, made), *self.centred([t for t in met if t is not cross])]
        return kept

    def _computed(self, x: Root) -> Term:
        if x.whole is not None:
            return x.whole
        return x.factors[0] if len(x.factors) == 1 else self.prod(*x.factors)

    def _scaled_square(self, t: Term) -> tuple[Term, Root | None]:
        """A number times x'x or x'Sx."""
        scalars, inside = self._numbers_of(t)
        if len(inside) != 1:
            return scalars, None
        f = inside[0]
        if f.op == "pow" and self.value(f.args[1]) == 2 and f.args[0].op in ("sqrt", "norm"):
            f = f.args[0]
            if f.op == "norm":
                return scalars, _root_of(f.args[0])
            f = f.args[0]
        if f.op == "dot" and f.args[0] is f.args[1]:
            return scalars, _root_of(f.args[0])
        if f.op in ("prod", "trprod") and self._mirrored(f.args):
            half, odd = divmod(len(f.args), 2)
            if f.op == "prod" or not odd:
                return scalars, Root(f.args[half + odd :], f.args[half : half + odd])
        return scalars, None

    def _crosses(self, x: Root, y: Root) -> list[Term]:
        """x'y in the ways it may have been written, a trace from any of its factors on."""
        if x.middle != y.middle or x.factors == y.factors:
            return []
        ends = [(f[0].shape and rows(f[0]), cols(f[-1])) for f in (x.factors, y.factors)]
        if not all(same(m, n) for m, n in zip(*ends, strict=True)):
            return []
        out = []
        for a, b in ((x, y), (y, x)):
            chain = [*(self.T(f) for f in reversed(a.factors)), *a.middle, *b.factors]
            if is_one(ends[0][1]):
                out.append(self.prod(*chain))
            else:
                out += [self.trace_of([*chain[k:], *chain[:k]]) for k in range(len(chain))]
        if len(x.factors) == len(y.factors) == 1 and not x.middle:
            out.append(self.dot(x.factors[0], y.factors[0]))
        return out

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
        known = [f for f in factors if not f.shape and self.is_known(f)]
        return self.mul(*known) if known else self.number(1), [f for f in factors if f not in known]

    def is_known(self, f: Term) -> bool:
        return f.op in ("number", "dim") or (
            f.op in ("pow", "add", "mul") and all(map(self.is_known, f.args))
        )
