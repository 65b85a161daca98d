"""Products of matrices as flat chains, and what may stand in them: transposes, inverses, diagonals.

A chain keeps its factors in order and says nothing about the order of computing; ``chains`` decides.
Columns and rows of ones, diagonal matrices and inverses are factors like others: they become sums,
scalings and solves when the order is chosen.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matcalc.codegen.centring import Centring
from matcalc.codegen.terms import Term, cols, core, is_column, is_full, is_one, is_row, normal, rows
from matcalc.shapes import ONE, same

STACKS = frozenset({"vstack", "hstack"})
LONGEST_POWER = 16  # that is written as factors


class Products(Centring):
    """Constructors of products and of structured matrices."""

    # -- structured leaves ---------------------------------------------------------------------

    def eye(self, n: Any) -> Term:
        return self.number(1) if is_one(n) else self.make("eye", (), (n,), (n, n))

    def diag(self, v: Term) -> Term:
        """The diagonal matrix of a column; scalars stay outside."""
        if not v.shape:
            return v
        if is_row(v):
            v = self.T(v)
        n = v.shape[0]
        c, rest = self.scalars_of(v)
        if c is not None:
            return self.mul(c, self.diag(rest))
        if v.op == "spread":
            return self.mul(v.args[0], self.eye(n))
        return self.make("diag", (v,), (), (n, n))

    def diagonal_entries(self, t: Term) -> Term | None:
        """The column on the diagonal of a matrix known to be diagonal, sums of such included."""
        a = core(t)
        if a.op == "eye":
            return self.ones(a.shape[0], ONE)
        if a.op == "diag":
            return a.args[0]
        if self.has(t, "diagonal"):
            return self.diagonal(t)
        if a.op == "mul" and is_full(a):
            scalars, rest = self.scalars_of(a)
            if scalars is None:
                return None
            v = self.diagonal_entries(rest)
            return None if v is None else self.mul(scalars, v)
        if a.op != "add" or not is_full(a):
            return None
        parts = [self.diagonal_entries(x) if is_full(x) else None for x in a.args]
        known = [p for p in parts if p is not None]
        return self.add(*known, shape=(a.shape[0], ONE)) if len(known) == len(parts) else None

    # -- transposes ----------------------------------------------------------------------------

    def T(self, t: Term) -> Term:
        if not t.shape or t.op in ("eye", "diag") or self.symmetric(t):
            return t
        r, c = t.shape
        if t.op == "T":
            return t.args[0]
        if t.op == "spread":
            return self.spread(self.T(t.args[0]), (c, r))
        if t.op == "prod":
            return self.prod(*(self.T(f) for f in reversed(t.args)))
        if t.op == "mul" and not t.args[0].shape:
            scalars, rest = self.scalars_of(t)
            if scalars is not None:
                return self.mul(scalars, self.T(rest))
        if t.op == "kron":
            return self.kron(self.T(t.args[0]), self.T(t.args[1]))
        if t.op == "add" and all(map(self._turns_freely, t.args)):
            return self.add(*map(self.T, t.args), shape=(c, r))
        if t.op == "slice":
            top, left, h, w = t.params
            return self.make("slice", (self.T(t.args[0]),), (left, top, w, h), (c, r))
        if t.op in ("vstack", "hstack"):
            other = "hstack" if t.op == "vstack" else "vstack"
            return self.make(other, tuple(map(self.T, t.args)), (), (c, r))
        return self.make("T", (t,), (), (c, r))

    def _turns_freely(self, t: Term) -> bool:
        """A multiple of a factor that is not formed, and so is its transpose."""
        _, rest = self.scalars_of(t)
        return rest.op in ("kron", "eye", "diag")

    # -- inverses ------------------------------------------------------------------------------

    def inv(self, A: Term) -> Term:
        """An inverse, kept as a factor: it becomes a solve where that serves."""
        if not A.shape:
            return self.pow(A, self.number(-1))
        a = core(A)
        if a.op == "eye":
            return a
        if a.op == "diag":
            return self.diag(self.pow(a.args[0], self.number(-1)))
        if a.op == "inv":
            return a.args[0]
        if a.op == "T":
            return self.T(self.inv(a.args[0]))
        if self.has(A, "orthogonal"):
            return self.T(A)
        v = self.diagonal_entries(A)
        if v is not None:
            return self.diag(self.pow(v, self.number(-1)))
        if a.op == "kron" and all(same(rows(b), cols(b)) for b in a.args):
            return self.kron(self.inv(a.args[0]), self.inv(a.args[1]))
        if a.op == "mul":
            scalars, rest = self.scalars_of(a)
            if scalars is not None:
                return self.mul(self.pow(scalars, self.number(-1)), self.inv(rest))
        if a.op == "prod" and a is A and all(same(*f.shape) for f in a.args):
            return self.prod(*(self.inv(f) for f in reversed(a.args)))
        return self.make("inv", (A,), (), A.shape)

    # -- chains --------------------------------------------------------------------------------

    def prod(self, *given: Term) -> Term:
        """A product: flat, scalars in front, identities and zeros gone."""
        scalars: list[Term] = []
        factors: list[Term] = []
        shape = normal(
            rows(next(t for t in given if t.shape)),
            cols(next(t for t in reversed(given) if t.shape)),
        )
        todo = list(reversed(given))
        while todo:
            t = todo.pop()
            if self.is_zero(t):
                return self.zeros(shape) if shape else self.number(0)
            if not t.shape:
                scalars.append(t)
            elif t.op == "prod":
                todo.extend(reversed(t.args))
            elif t.op == "spread":
                todo.extend(reversed(self._spread_factors(t)))
            elif t.op == "mul":
                todo.extend(reversed(self._scaled_factors(t, scalars)))
            elif t.op == "eye":
                continue
            elif t.op == "mpow" and self._unfolds(t, shape):
                todo.extend(t.args * int(t.params[0]))
            elif t.op == "add" or self.has(t, "diagonal"):
                v = self.diagonal_entries(t)
                factors.append(t) if v is None else todo.append(self.diag(v))
            else:
                factors.append(t)
        if not factors:
            made = self.eye(shape[0]) if shape else self.number(1)
            return self.mul(*scalars, made) if scalars else made
        factors = self.without_centring(self._merged(factors, scalars))
        if factors and any(self.is_zero(f) for f in factors):
            return self.zeros(shape) if shape else self.number(0)
        factors = self._scalars_out(factors, scalars)
        made = self._chain(factors, shape)
        return self.mul(*scalars, made) if scalars else made

    def _unfolds(self, t: Term, shape: Any) -> bool:
        """Whether a power is better applied factor by factor: A (A (A x))."""
        k, size = t.params[0], self.sizes.of
        if not k.is_Integer or not 2 <= k <= LONGEST_POWER:
            return False
        thin = min(map(size, shape)) if shape else 1.0
        return bool(thin * int(k) < size(rows(t)))

    def _chain(self, factors: list[Term], shape: Any) -> Term:
        if not factors:
            return self.number(1) if not shape else self.eye(shape[0])
        if len(factors) == 1:
            return self.ones(*factors[0].shape) if factors[0].op == "ones" else factors[0]
        if len(factors) == 2 and shape and is_one(cols(factors[0])):
            a, b = factors  # an outer product broadcasts
            if a.op == "ones":
                return self.ones(*shape) if b.op == "ones" else self.spread(b, shape)
            if b.op == "ones":
                return self.spread(a, shape)
        return self.make("prod", tuple(factors), (), shape)

    def _spread_factors(self, t: Term) -> list[Term]:
        a, (r, c) = t.args[0], t.shape
        if is_column(t) or is_row(t):
            # A vector of one number in every entry.
            return [self._leaf(t)] if self.value(a) == 1 else [a, self._leaf(t)]
        left, right = self._leaf(self.ones(r, ONE)), self._leaf(self.ones(ONE, c))
        if is_column(a):
            return [a, right]
        return [left, a] if is_row(a) else [a, left, right]

    def _leaf(self, ones: Term) -> Term:
        """A vector of ones as a factor."""
        return self.make("ones", (), (), ones.shape)

    def _scaled_factors(self, t: Term, scalars: list[Term]) -> list[Term]:
        """A product of entries as factors: its column and row scale from the left and right."""
        found = [a for a in t.args if not a.shape]
        scalars.extend(found)
        columns = [a for a in t.args if is_column(a)]
        rows_ = [a for a in t.args if is_row(a)]
        full = [a for a in t.args if is_full(a)]
        if not is_full(t):
            return [self._opaque(self.mul(*columns, *rows_))]
        if not full:
            left = self.mul(*columns) if columns else self._leaf(self.ones(t.shape[0], ONE))
            right = self.mul(*rows_) if rows_ else self._leaf(self.ones(ONE, t.shape[1]))
            return [self._opaque(left), self._opaque(right)]
        inside = (
            full[0] if len(full) == 1 else self._opaque(self.make("mul", tuple(full), (), t.shape))
        )
        out = [inside]
        if columns:
            out.insert(0, self.diag(self.mul(*columns)))
        if rows_:
            out.append(self.diag(self.T(self.mul(*rows_))))
        return out

    def _opaque(self, t: Term) -> Term:
        """An entrywise product of matrices as one factor."""
        return self.make("let", (t,), ("",), t.shape) if t.op == "mul" else t

    def _merged(self, factors: list[Term], scalars: list[Term]) -> list[Term]:
        """Neighbours that make something simpler together."""
        step = -1 if self._from_the_right(factors) else 1
        out: list[Term] = []
        for f in factors[::step]:
            while out:
                made = self._pair(*[out[-1], f][::step])
                if made is None and len(out) > 1:
                    made = self._contracted(*[out[-2], out[-1], f][::step])
                    if made is not None:
                        out.pop()
                if made is None:
                    break
                out.pop()
                f = made
            if not f.shape:
                scalars.append(f)
            elif f.op == "eye":
                continue
            elif f.op == "mul" and not f.args[0].shape:
                c, f = self.scalars_of(f)
                scalars.append(c) if c is not None else None
                out += [] if f.op == "eye" else [f]
            else:
                out.append(f)
        return out[::step]

    def _from_the_right(self, factors: list[Term]) -> bool:
        """A chain that ends in a column: no two stacks are multiplied before they meet it."""
        return is_one(cols(factors[-1])) and sum(f.op in STACKS for f in factors) > 1

    def _pair(self, a: Term, b: Term) -> Term | None:
        if a.op == "diag" and b.op == "diag":
            return self.diag(self.mul(a.args[0], b.args[0]))
        if a.op == "diag" and is_column(b):
            v = a.args[0]
            return self._opaque(v if b.op == "ones" else self.mul(v, b))
        if b.op == "diag" and is_row(a):
            v = self.T(b.args[0])
            return self._opaque(v if a.op == "ones" else self.mul(a, v))
        if a.op == "ones" and b.op == "ones" and is_row(a):
            return self.dimension(a.shape[1])
        if (a.op == "inv" and a.args[0] is b) or (b.op == "inv" and b.args[0] is a):
            return self.eye(a.shape[0])
        if self._turned(a, b) and self.has(core(a if a.op != "T" else b), "orthogonal"):
            return self.eye(a.shape[0])
        if a.op == "kron" and b.op == "kron" and self._conform(a, b):
            (A, B), (C, D) = a.args, b.args
            return self.kron(self.prod(A, C), self.prod(B, D))
        picked = self._picked(a, b)
        if picked is not None:
            return picked
        return None

    def _scalars_out(self, factors: list[Term], scalars: list[Term]) -> list[Term]:
        """Where a chain narrows to one column or row twice, what lies between is a number."""
        joints = [0] if factors and is_one(rows(factors[0])) else []
        joints += [k + 1 for k, (a, _) in enumerate(pairwise(factors)) if is_one(cols(a))]
        if factors and is_one(cols(factors[-1])):
            joints.append(len(factors))
        if len(joints) < 2 or joints == [0, len(factors)]:
            return factors
        out: list[Term] = factors[: joints[0]]
        for a, b in pairwise(joints):
            scalars.append(self._chain(factors[a:b], ()))
        return out + factors[joints[-1] :]
