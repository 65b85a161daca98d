"""Entrywise terms: sums, products, powers and functions that broadcast, in their stable forms.

``spread`` is stripped from operands, so that a bias is a row and not a matrix of equal rows. Where a
textbook formula overflows or cancels, the stable one is built instead: log of a sigmoid or softmax,
log of a sum of exponentials, log(1 + e^z); more of them in ``stable`` and ``logs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp

from matcalc.codegen import logs, stable
from matcalc.codegen.terms import Graph, Term, common, core, is_column, is_full, is_row
from matcalc.shapes import ONE, Shape, same_shape, times


class Entrywise(Graph):
    """Constructors of entrywise terms. ``shape`` is the shape meant, operands may be smaller."""

    def _broadcast(self, t: Term, shape: Shape) -> Term:
        return t if not shape or same_shape(t.shape, shape) else self.spread(t, shape)

    def nonnegative(self, t: Term) -> bool:
        raise NotImplementedError

    def positive(self, t: Term) -> bool:
        raise NotImplementedError

    def centred(self, kept: list[Term]) -> list[Term]:
        raise NotImplementedError

    def kron_factors(self, factors: list[Term]) -> list[Term]:
        raise NotImplementedError

    def kron_of(self, f: Callable[[Term], Term], k: Term) -> Term:
        raise NotImplementedError

    # -- sums ----------------------------------------------------------------------------------

    def add(self, *terms: Term, shape: Shape | None = None) -> Term:
        wanted = common(terms) if shape is None else shape
        total: dict[Term, Any] = {}
        constant: Any = sp.Integer(0)
        todo = list(reversed(terms))
        while todo:
            t = todo.pop()
            t = t.args[0] if t.op == "spread" else t
            if t.op == "add":
                todo.extend(reversed(t.args))
            elif t.op == "ones":
                constant += 1
            elif t.op == "number":
                constant += t.params[0]
            else:
                c, rest = self.coefficient(t)
                if rest.op == "add" and c == -1:  # -(A - B) is B - A
                    todo.extend(self.mul(self.number(-1), a) for a in reversed(rest.args))
                else:
                    total[rest] = total.get(rest, 0) + c
        kept = [self.mul(self.number(c), rest) for rest, c in total.items() if c != 0]
        if constant != 0:
            kept.insert(0, self.number(constant))
        if not kept:
            return self._broadcast(self.number(0), wanted)
        kept = stable.hyperbolic(self, self.centred(self._logistic_loss(kept)))
        kept = stable.differences(self, stable.squares(self, kept))
        apart = stable.near_zero(self, kept) or stable.complement(self, kept)
        if apart is not None:
            return self._broadcast(apart, wanted)
        unstacked = self._of_vecs(kept)
        if unstacked is not None and len(kept) > 1:
            return self._broadcast(self._stacked(self.add(*unstacked)), wanted)
        made = kept[0] if len(kept) == 1 else self.make("add", tuple(kept), (), common(kept))
        return self._broadcast(made, wanted)

    def _of_vecs(self, args: Sequence[Term]) -> list[Term] | None:
        """Operands of an entrywise operation on vecs, as the matrices themselves."""
        inner = [self._inside_vec(a) if a.shape else a for a in args]
        matrices = [m for m in inner if m is not None and m.shape]
        if not matrices or any(m is None for m in inner):
            return None
        if any(not same_shape(m.shape, matrices[0].shape) for m in matrices):
            return None
        return [m for m in inner if m is not None]

    def _inside_vec(self, t: Term) -> Term | None:
        """M of vec(M), or of a number times it."""
        t = core(t)
        if t.op == "vec":
            return t.args[0]
        if t.op == "mul":
            shaped = [core(a) for a in t.args if a.shape]
            if len(shaped) == 1 and shaped[0].op == "vec":
                return self.mul(*(a for a in t.args if not a.shape), shaped[0].args[0])
        return None

    def _stacked(self, t: Term) -> Term:
        """vec of a matrix."""
        if not is_full(t):
            return t
        if t.op == "spread" and not t.args[0].shape:
            return self.spread(t.args[0], (times(*t.shape), ONE))
        return self.make("vec", (t,), (), (times(*t.shape), ONE))

    def coefficient(self, t: Term) -> tuple[Any, Term]:
        """A term as number times the rest."""
        if t.op == "mul" and t.args[0].op == "number":
            rest = t.args[1:]
            return t.args[0].params[0], rest[0] if len(rest) == 1 else self.make(
                "mul", rest, (), common(rest)
            )
        return sp.Integer(1), t

    def neg(self, t: Term) -> Term:
        return self.mul(self.number(-1), t)

    def _logistic_loss(self, kept: list[Term]) -> list[Term]:
        """y log s(z) + (1 - y) log s(-z) is y z - softplus(z)."""
        found: dict[tuple[Any, Term, Term], Term] = {}
        for t in kept:
            parts = self._label_times_log(t)
            if parts is not None:
                found[parts] = t
        for (c, y, z), first in list(found.items()):
            other = self.add(self.number(1), self.neg(y))
            second = found.get((c, other, self.neg(z)))
            if second is None or first not in kept or second not in kept or y.op == "add":
                continue
            loss = self.add(self.mul(y, z), self.neg(self.fn("softplus", z)))
            kept = [t for t in kept if t is not first and t is not second]
            scaled = self.mul(self.number(c), loss)
            kept.extend(scaled.args if scaled.op == "add" else (scaled,))
        return kept

    def _label_times_log(self, t: Term) -> tuple[Any, Term, Term] | None:
        c, rest = self.coefficient(t)
        if rest.op != "mul" or len(rest.args) != 2:
            return None
        for y, log in (rest.args, rest.args[::-1]):
            if log.op == "logsigmoid" and y.op != "logsigmoid":
                return c, core(y), log.args[0]
        return None

    # -- products ------------------------------------------------------------------------------

    def mul(self, *terms: Term, shape: Shape | None = None) -> Term:
        wanted = common(terms) if shape is None else shape
        number: Any = sp.Integer(1)
        powers: dict[Term, Any] = {}
        todo = list(reversed(terms))
        while todo:
            t = todo.pop()
            t = t.args[0] if t.op == "spread" else t
            if t.op == "mul":
                todo.extend(reversed(t.args))
            elif t.op == "ones":
                continue
            elif t.op == "number":
                number = number * t.params[0]
            elif t.op == "pow" and t.args[1].op == "number":
                powers[t.args[0]] = powers.get(t.args[0], 0) + t.args[1].params[0]
            else:
                powers[t] = powers.get(t, 0) + 1
        if number == 0:
            return self._broadcast(self.number(0), wanted)
        shaped = [t for t in powers if t.shape]
        if len(shaped) > 1 and any(core(t).op in ("diag", "eye") and is_full(t) for t in shaped):
            return self._masked(number, powers)
        factors = [
            t if e == 1 else self.pow(t, self.number(e)) for t, e in powers.items() if e != 0
        ]
        factors = stable.exponentials(self, self.kron_factors(factors))
        part, factors = stable.quotient(self, factors)
        number, factors = number * part, self._opened(self._softmax(factors))
        scalars = [t for t in factors if not t.shape]
        thin = [t for t in factors if is_column(t) or is_row(t)]
        full = [t for t in factors if is_full(t) or (t.shape and t not in thin)]
        factors = [*scalars, *thin, *full]
        if len(factors) == 1 and factors[0].op == "add" and number == -1:
            made = self.add(*(self.neg(a) for a in factors[0].args))
            return self._broadcast(made, wanted)
        if number != 1 or not factors:
            factors.insert(0, self.number(number))
        if len(factors) == 1:
            return self._broadcast(factors[0], wanted)
        unstacked = self._of_vecs(factors)
        if unstacked is not None:
            scalars = [a for a in unstacked if not a.shape]
            inside = self._stacked(self.mul(*(a for a in unstacked if a.shape)))
            if not scalars:
                return self._broadcast(inside, wanted)
            factors = [*scalars, inside]
        return self._broadcast(self.make("mul", tuple(factors), (), common(factors)), wanted)

    def _masked(self, number: Any, powers: Mapping[Term, Any]) -> Term:
        """Entrywise with a diagonal matrix: only the diagonals count."""
        scalars, parts = [self.number(number)], []
        for t, e in powers.items():
            if not t.shape:
                scalars.append(self.pow(t, self.number(e)))
                continue
            part = self.diagonal(t) if is_full(t) else self.T(t) if is_row(t) else t  # type: ignore[attr-defined]
            parts.append(self.pow(part, self.number(e)))
        return self.mul(*scalars, self.diag(self.mul(*parts)))  # type: ignore[attr-defined]

    def _opened(self, factors: list[Term]) -> list[Term]:
        """A o x y' scales rows and columns of A."""
        if sum(map(is_full, factors)) < 2:
            return factors
        outer = [t for t in factors if t.op == "prod" and len(t.args) == 2 and is_column(t.args[0])]
        outer = outer[1:] if len(outer) == sum(map(is_full, factors)) else outer
        return [f for t in factors for f in (t.args if t in outer else (t,))]

    def _softmax(self, factors: list[Term]) -> list[Term]:
        """e^z over its own sums is a softmax."""
        for below in factors:
            if below.op != "pow" or self.value(below.args[1]) != -1:
                continue
            s = core(below.args[0])
            found = logs.normed(self, s, [f for f in factors if f is not below])
            if found is not None:
                return found
            if s.op not in ("rowsum", "colsum", "total") or core(s.args[0]).op != "exp":
                continue
            for above in factors:
                if core(above) is core(s.args[0]):
                    z = core(above).args[0]
                    rest = [f for f in factors if f is not above and f is not below]
                    if s.op == "total" and is_full(z):  # over all entries
                        return [*rest, self.fn("exp", self.add(z, self.neg(self._log(s))))]  # type: ignore[arg-type]
                    axis = 1 if s.op == "rowsum" or (s.op == "total" and is_row(z)) else 0
                    return [*rest, self.softmax(z, axis)]
        return factors

    def pow(self, base: Term, exponent: Term, shape: Shape | None = None) -> Term:
        wanted = common((base, exponent)) if shape is None else shape
        base = base.args[0] if base.op == "spread" else base
        exponent = exponent.args[0] if exponent.op == "spread" else exponent
        e = self.value(exponent)
        made: Term | None = None
        if e == 1:
            made = base
        elif e == 0:
            made = self.number(1)
        elif (
            e is not None and (2 * e).is_Integer and not e.is_Integer
        ):  # roots are cheap, powers not
            half = sp.Rational(1 if e > 0 else -1, 2)
            root = self.fn("sqrt", base)
            root = root if e > 0 else self.pow(root, self.number(-1))
            made = root if e == half else self.mul(self.pow(base, self.number(e - half)), root)
        elif e is not None and e.is_Integer:
            b = self.value(base)
            if b is not None and b.is_Rational and b != 0 and abs(e) < 64:
                made = self.number(b**e)
            elif base.op == "pow" and self.value(base.args[1]) is not None:
                inner = self.value(base.args[1])
                if inner.is_Integer:
                    made = self.pow(base.args[0], self.number(inner * e))
            elif base.op == "sqrt" and e.is_even and self.nonnegative(base.args[0]):
                made = self.pow(base.args[0], self.number(e / 2))
            elif base.op == "exp":
                made = self.fn("exp", self.mul(exponent, base.args[0]))
            elif e == -1:
                made = self._sigmoid(base)
        if made is None and base.op == "kron" and e is not None and e.is_Integer:
            made = self.kron_of(lambda a: self.pow(a, exponent), base)
        unstacked = self._of_vecs((base, exponent)) if made is None else None
        if unstacked is not None:
            made = self._stacked(self.pow(unstacked[0], unstacked[1]))
        if made is None:
            made = self.make("pow", (base, exponent), (), common((base, exponent)))
        return self._broadcast(made, wanted)

    def _sigmoid(self, base: Term) -> Term | None:
        """1/(1 + e^-x)."""
        if base.op == "add" and len(base.args) == 2 and self.value(base.args[0]) == 1:
            e = base.args[1]
            if e.op == "exp":
                return self.fn("sigmoid", self.neg(e.args[0]))
        return None

    # -- functions -----------------------------------------------------------------------------

    def fn(self, name: str, *operands: Term, shape: Shape | None = None) -> Term:
        """An entrywise function of the table."""
        wanted = common(operands) if shape is None else shape
        args = tuple(a.args[0] if a.op == "spread" else a for a in operands)
        made = self._stable(name, args)
        unstacked = self._of_vecs(args) if made is None else None
        if unstacked is not None:
            made = self._stacked(self.fn(name, *unstacked))
        if made is None:
            made = self.make(name, args, (), common(args))
        return self._broadcast(made, wanted)

    def _stable(self, name: str, args: tuple[Term, ...]) -> Term | None:
        if name == "log":
            return self._log(core(args[0]))
        if name == "sqrt" and args[0].op == "pow" and self.value(args[0].args[1]) == 2:
            return self.fn("abs", args[0].args[0])
        if name in ("abs", "sign") and args[0].op == "kron":
            return self.kron_of(lambda a: self.fn(name, a), args[0])
        if name == "square":
            return self.pow(args[0], self.number(2))
        if name == "logsigmoid":
            return self.make(name, args, (), args[0].shape)
        return None

    def _log(self, a: Term) -> Term | None:
        """The logarithm of what has a logarithm that does not overflow."""
        if a.op == "exp":
            return a.args[0]
        if a.op == "sigmoid":
            return self.fn("logsigmoid", a.args[0])
        if a.op == "softmax" and len(a.args) == 1:
            return self.make("log_softmax", a.args, a.params, a.shape)
        if a.op == "det":
            return self.logdet(a.args[0])  # type: ignore[attr-defined]
        if a.op in ("rowsum", "colsum", "total") and core(a.args[0]).op == "exp":
            z = core(a.args[0]).args[0]
            axis = {"rowsum": 1, "colsum": 0, "total": None}[a.op]
            if axis is None:
                z = self._stacked(z)  # all entries of a matrix as one column
                axis = 0 if is_column(z) else 1
            return self.make("logsumexp", (z,), (axis,), a.shape)
        if a.op == "cosh":
            size = self.fn("abs", a.args[0])  # (e^|z| + e^-|z|)/2
            rest = self.fn("log1p", self.fn("exp", self.mul(self.number(-2), size)))
            return self.add(size, rest, self.neg(self.number(sp.log(2))))
        found = logs.log_of(self, a, lambda t: self.fn("log", t))
        apart = stable.log_of_slope(self, a) if found is None else found
        if apart is not None or a.op != "add" or len(a.args) != 2:
            return apart
        if self.value(a.args[0]) != 1:
            return self._log_of_exponentials(a.args)
        other = core(a.args[1])
        if other.op == "exp":
            return self.fn("softplus", other.args[0])
        inside = stable.complement_of(self, a)
        if inside is not None:  # 1 - s(z) is s(-z)
            return self.fn("logsigmoid", self.neg(inside))
        return self.fn("log1p", a.args[1])

    def _log_of_exponentials(self, args: Sequence[Term]) -> Term | None:
        """log(a e^x + b e^y) for positive numbers a and b, one of the exponentials perhaps 1."""
        inside = []
        for t in args:
            c, rest = self.coefficient(t)
            if t.op == "number":
                c, rest = t.params[0], self.fn("exp", self.number(0))
            if core(rest).op != "exp" or not c.is_positive:
                return None
            z = core(rest).args[0]
            inside.append(z if c == 1 else self.add(z, self.number(sp.log(c))))
        return self.make("logaddexp", tuple(inside), (), common(inside))

    def softmax(self, z: Term, axis: int, mask: Term | None = None) -> Term:
        args = (z,) if mask is None else (z, mask)
        return self.make("softmax", args, (axis,), z.shape)
