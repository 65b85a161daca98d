"""Products of matrices as flat chains, and what may stand in them: transposes, inverses, diagonals.

A chain keeps its factors in order and says nothing about the order of computing; ``chains`` decides.
Columns and rows of ones, diagonal matrices and inverses are factors like others: they become sums,
scalings and solves when the order is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from matcalc.codegen.entrywise import Entrywise
from matcalc.codegen.terms import Term, cols, core, is_column, is_full, is_one, is_row, normal, rows
from matcalc.ops.table import TABLE
from matcalc.shapes import ONE, same

POSITIVE = frozenset(
    ["exp", "sigmoid", "softmax", "softplus", "abs", "relu", "step", "cosh", "sqrt", "dim"]
)
NONZERO = frozenset(["exp", "sigmoid", "softplus", "cosh", "dim"])
LONGEST_POWER = 16  # that is written as factors


class Products(Entrywise):
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

    def scalars_of(self, t: Term) -> tuple[Term | None, Term]:
        """The scalar factors of a product of entries, and what is left; None if there are none."""
        t0 = t
        if t0.op == "spread" and not t0.args[0].shape:
            return (None, t) if self.value(t) == 1 else (t0.args[0], self.ones(*t.shape))
        if t0.op != "mul":
            return None, t
        scalars = [a for a in t0.args if not a.shape]
        if not scalars or len(scalars) == len(t0.args):
            return None, t
        rest = [a for a in t0.args if a.shape]
        return self.mul(*scalars), self.mul(*rest, shape=t.shape)

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
        if t.op == "slice":
            top, left, h, w = t.params
            return self.make("slice", (self.T(t.args[0]),), (left, top, w, h), (c, r))
        if t.op in ("vstack", "hstack"):
            other = "hstack" if t.op == "vstack" else "vstack"
            return self.make(other, tuple(map(self.T, t.args)), (), (c, r))
        return self.make("T", (t,), (), (c, r))

    # -- facts ---------------------------------------------------------------------------------

    def symmetric(self, t: Term) -> bool:
        if not t.shape or not same(*t.shape):
            return False
        if t.op in ("eye", "diag") or any(
            self.has(t, f) for f in ("symmetric", "positive_definite", "diagonal")
        ):
            return True
        if t.op == "let":
            return self.symmetric(t.args[0])
        if t.op == "mul" and sum(map(self._skew, t.args)) % 2 == 0:
            return self._paired([a for a in t.args if not self._skew(a)])
        if t.op == "pow" and self.value(t.args[1]) is not None and self._skew(t.args[0]):
            return bool(self.value(t.args[1]).is_even)
        if t.op == "add":
            return self._paired(t.args)
        if t.op in TABLE:
            return all(not a.shape or (is_full(a) and self.symmetric(a)) for a in t.args)
        if t.op == "inv":
            return self.symmetric(t.args[0])
        if t.op == "prod":
            return self._mirrored(t.args)
        return False

    def _paired(self, args: Sequence[Term]) -> bool:
        """Symmetric matrices, and columns that stand beside their transposes: v 1' + 1 v'."""
        sides = {a for a in args if a.shape and not is_full(a)}
        whole = all(self.symmetric(a) for a in args if is_full(a))
        return whole and {self.T(a) for a in sides} == sides

    def _skew(self, t: Term) -> bool:
        """x 1' - 1 x' and its like: the transpose changes the sign."""
        t = core(t)
        if not is_full(t) or t.op != "add" or len(t.args) != 2:
            return False
        a, b = t.args
        turned = self.make("T", (a,), (), (cols(a), rows(a))) if a.op != "T" else a.args[0]
        return self.mul(self.number(-1), turned) is b

    def _mirrored(self, factors: Sequence[Term]) -> bool:
        half, middle = divmod(len(factors), 2)
        ends = zip(factors[:half], reversed(factors), strict=False)
        return all(self._turned(b, a) for a, b in ends) and (
            not middle or self.symmetric(factors[half])
        )

    def _turned(self, a: Term, b: Term) -> bool:
        """Whether one factor is the transpose of another, as they are written."""
        if a is b:
            return self.symmetric(a)
        return (a.op == "T" and a.args[0] is b) or (b.op == "T" and b.args[0] is a)

    def semidefinite(self, t: Term) -> bool:
        if self.definite(t):
            return True
        t = core(t)
        if t.op == "prod" and self._mirrored(t.args):
            return len(t.args) % 2 == 0 or self.semidefinite(t.args[len(t.args) // 2])
        if t.op == "mul":
            c, rest = self.scalars_of(t)
            return c is not None and self.nonnegative(c) and self.semidefinite(rest)
        return t.op == "add" and all(a.shape and self.semidefinite(a) for a in t.args)

    def definite(self, t: Term) -> bool:
        """Known to be symmetric and positive definite."""
        if self.has(t, "positive_definite") or t.op == "eye":
            return True
        t = core(t)
        if t.op == "inv":
            return self.definite(t.args[0])
        if t.op == "mul":
            c, rest = self.scalars_of(t)
            return c is not None and self.positive(c) and self.definite(rest)
        if t.op == "add":
            parts = [a for a in t.args if a.shape]
            return (
                len(parts) == len(t.args)
                and any(self.definite(a) for a in parts)
                and all(self.semidefinite(a) for a in parts)
            )
        return False

    def nonnegative(self, t: Term) -> bool:
        """Known to have no negative entry, so that a square root may be taken."""
        t = core(t)
        if t.op == "number":
            return bool(t.params[0] >= 0)
        if t.op in POSITIVE:
            return True
        if t.op in ("mul", "spread", "T", "total", "rowsum", "colsum", "diagonal"):
            return all(map(self.nonnegative, t.args))
        if t.op == "dot":
            definite = all(map(self.semidefinite, t.args))
            return definite or t.args[0] is t.args[1] or all(map(self.nonnegative, t.args))
        if t.op == "pow":
            e = self.value(t.args[1])
            even = e is not None and bool(e.is_even)
            return even or self.nonnegative(t.args[0])
        if t.op == "add":
            return all(map(self.nonnegative, t.args)) or self._complement(t)
        return False

    def positive(self, t: Term) -> bool:
        return self.nonnegative(t) and self.nonzero(t)

    def nonzero(self, t: Term) -> bool:
        """Known to have no zero among its entries."""
        t = core(t)
        if t.op == "number":
            return bool(t.params[0] != 0)
        if t.op == "add":
            return all(map(self.nonnegative, t.args)) and any(map(self.nonzero, t.args))
        if t.op in ("mul", "pow"):
            return all(map(self.nonzero, t.args[: 1 if t.op == "pow" else None]))
        return t.op in NONZERO

    def _complement(self, t: Term) -> bool:
        """1 - s where s lies between 0 and 1."""
        if len(t.args) != 2 or self.value(t.args[0]) != 1:
            return False
        c, rest = self.coefficient(t.args[1])
        rest = core(rest)
        if c != -1:
            return False
        squared = rest.op == "pow" and self.value(rest.args[1]) == 2 and rest.args[0]
        return rest.op in ("sigmoid", "softmax", "step") or bool(
            squared and core(squared).op in ("tanh", "sin", "cos", "erf", "sigmoid")
        )

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
        if self.has(A, "diagonal"):
            return self.diag(self.pow(self.diagonal(A), self.number(-1)))  # type: ignore[attr-defined]
        if a.op == "kron" and all(same(rows(b), cols(b)) for b in a.args):
            return self.kron(self.inv(a.args[0]), self.inv(a.args[1]))
        if a.op == "mul":
            scalars, rest = self.scalars_of(a)
            if scalars is not None:
                return self.mul(self.pow(scalars, self.number(-1)), self.inv(rest))
        if a.op == "prod" and a is A and all(same(*f.shape) for f in a.args):
            return self.prod(*(self.inv(f) for f in reversed(a.args)))
        return self.make("inv", (A,), (), A.shape)

    # -- Kronecker and stacks ------------------------------------------------------------------

    def kron(self, A: Term, B: Term) -> Term:
        if not A.shape or not B.shape:
            return self.mul(A, B)
        from matcalc.shapes import times

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
            elif self.has(t, "diagonal"):
                todo.append(self.diag(self.diagonal(t)))  # type: ignore[attr-defined]
            else:
                factors.append(t)
        if not factors:
            eye = next((t for t in given if t.op == "eye"), None)
            made = self.number(1) if eye is None else eye
            return self.mul(*scalars, made) if scalars else made
        factors = self._merged(factors, scalars)
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
        out: list[Term] = []
        for f in factors:
            while out:
                made = self._pair(out[-1], f)
                if made is None and len(out) > 1:
                    made = self._contracted(out[-2], out[-1], f)
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
                out.append(f)
            else:
                out.append(f)
        return out

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
        if a.op == "hstack" and b.op == "vstack" and self._blocks_conform(a, b):
            return self.add(
                *(self.block_prod(x, y) for x, y in zip(a.args, b.args, strict=True)),
                shape=normal(rows(a), cols(b)),
            )
        if a.op == "vstack" and self._structured(a):
            return self.stack("vstack", [self.block_prod(x, b) for x in a.args])  # type: ignore[attr-defined]
        if b.op == "hstack" and self._structured(b):
            return self.stack("hstack", [self.block_prod(a, y) for y in b.args])  # type: ignore[attr-defined]
        return None

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
            return self.axis_sum(M, 1)  # type: ignore[attr-defined]
        return self.prod(M, v)

    def _picked(self, a: Term, b: Term) -> Term | None:
        """(a' kron B) E', columns of a Kronecker product picked: B with its columns scaled."""
        if a.op == "kron" and b.op == "T" and b.args[0].op == "diagonal_pick":
            if any(map(is_row, a.args)):
                return self.mul(*a.args)
        elif b.op == "kron" and a.op == "diagonal_pick" and any(map(is_column, b.args)):
            return self.mul(*b.args)
        return None

    def block_prod(self, a: Term, b: Term) -> Term:
        return self.mul(a, b) if not a.shape or not b.shape else self.prod(a, b)

    def _conform(self, a: Term, b: Term) -> bool:
        return all(same(cols(x), rows(y)) for x, y in zip(a.args, b.args, strict=True))

    def _blocks_conform(self, a: Term, b: Term) -> bool:
        return len(a.args) == len(b.args) and all(
            same(cols(x), rows(y)) for x, y in zip(a.args, b.args, strict=True)
        )

    def _structured(self, t: Term) -> bool:
        """A stack with blocks that are worth taking apart."""
        return any(
            self.is_zero(a)
            or a.op in ("eye", "diag")
            or (a.op in ("hstack", "vstack") and a.op != t.op and self._structured(a))
            for a in t.args
        )

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
