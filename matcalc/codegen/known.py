"""What is known of a term without computing it: symmetry, definiteness, signs, zeros.

The answers follow from declared facts of the inputs and from how a term is made. "No" only means
that nothing is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.codegen.entrywise import Entrywise
from matcalc.codegen.stable import complement_of
from matcalc.codegen.terms import Term, cols, core, is_full, rows
from matcalc.ops.table import TABLE
from matcalc.shapes import same

POSITIVE = frozenset(
    ["exp", "sigmoid", "softmax", "softplus", "abs", "relu", "step", "cosh", "sqrt", "dim"]
)
NONZERO = frozenset(["exp", "sigmoid", "softplus", "cosh", "dim"])


class Known(Entrywise):
    """Questions about terms."""

    def T(self, t: Term) -> Term:
        raise NotImplementedError

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
        if t.op == "prod" and not t.shape:
            return self.semidefinite(t)
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
            some = all(map(self.nonnegative, t.args)) and any(map(self.nonzero, t.args))
            return some or complement_of(self, t) is not None
        if t.op in ("total", "rowsum", "colsum"):
            return self.positive(t.args[0])
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
