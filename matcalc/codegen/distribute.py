"""Distributivity, both ways, where it takes fewer operations.

A B + A C becomes A (B + C); (A - B'B) x becomes A x - B'(B x).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod as prod_of

from matcalc.codegen.determinants import Determinants
from matcalc.codegen.samples import samplewise
from matcalc.codegen.terms import Term, cols, is_full, is_one, normal, rows

PASS = 4.0  # operations that writing one entry of a new matrix is worth: it goes through memory
MARGIN = 0.8  # a rewriting must save a fifth
MOST_TERMS = 16  # into which a product is taken apart


class Distributing(Determinants):
    """Products of sums and sums of products."""

    def chain_cost(self, factors: Sequence[Term]) -> float:
        from matcalc.codegen.chains import Chains

        return Chains(self).cost(factors)  # type: ignore[arg-type]

    # -- out of a sum --------------------------------------------------------------------------

    def multiplied(self, matrices: Sequence[Term]) -> Term:
        """A product; a sum among its factors is taken apart where that is cheaper."""
        return self._expanded(self.prod(*matrices))

    def _expanded(self, t: Term) -> Term:
        if t.op == "mul":
            opened = (self._expanded(a) if a.op == "prod" else a for a in t.args)
            return self.mul(*opened, shape=t.shape)
        if t.op != "prod" or samplewise(self, t.args) is not None:
            return t
        places = [
            k
            for k, f in enumerate(t.args)
            if f.op == "add"
            and is_full(f)
            and (not is_full(t) or any(map(self._has_structure, f.args)))
        ]
        together = [tuple(places)] if len(places) > 1 else []
        nested = self._one_after_another(t, places)
        if nested is not None:
            return nested
        for chosen in (*together, *((k,) for k in places)):
            if prod_of(len(t.args[k].args) for k in chosen) > MOST_TERMS:
                continue
            whole = self.chain_cost(t.args) + sum(self.forming(t.args[k]) for k in chosen)
            parts = [self.prod(*factors) for factors in self._choices(t, chosen)]
            cost = sum(map(self.forming, parts)) + self.count(t) * (len(parts) - 1)
            if cost < whole * MARGIN:
                return self.add(*map(self._expanded, parts), shape=t.shape)
        return t

    def _one_after_another(self, t: Term, places: Sequence[int]) -> Term | None:
        """(A + B)(C + D) x: what (C + D) x makes is computed, and A + B meets that."""
        if len(places) < 2 or not (is_one(cols(t)) or is_one(rows(t))):
            return None
        k = places[-1] if is_one(cols(t)) else places[0] + 1
        ahead, behind = t.args[:k], t.args[k:]
        near, far = (behind, ahead) if is_one(cols(t)) else (ahead, behind)
        inner = self._expanded(self.prod(*near))
        if inner.op != "add":
            return None
        held = self.make("let", (inner,), ("",), inner.shape)
        ends = (*far, held) if near is behind else (held, *far)
        return self._expanded(self.prod(*ends))

    def _choices(self, t: Term, places: Sequence[int]) -> list[list[Term]]:
        """The factors of a product with one term for each of the sums at those places."""
        found: list[list[Term]] = [[]]
        for k, f in enumerate(t.args):
            terms = [self._broadcast(a, f.shape) for a in f.args] if k in places else [f]
            found = [[*before, a] for before in found for a in terms]
        return found

    def _has_structure(self, t: Term) -> bool:
        if t.op == "mul":
            return any(self._has_structure(a) for a in t.args if a.shape)
        return t.op in ("prod", "diag", "eye", "kron", "spread") or not is_full(t)

    def forming(self, t: Term) -> float:
        """What an expression costs that is not there yet."""
        if t.op in ("prod", "inv", "kron"):
            return self.chain_cost(t.args if t.op == "prod" else (t,))
        if t.op == "mul":
            return PASS * self.count(t) + sum(self.forming(a) for a in t.args if a.shape)
        if t.op == "add":
            return PASS * self.count(t) * (len(t.args) - 1) + sum(map(self.forming, t.args))
        return self.count(t) if t.op in ("diag", "eye", "spread") else 0.0

    # -- into a sum ----------------------------------------------------------------------------

    def gathered(self, terms: Sequence[Term]) -> list[Term]:
        """Terms of a sum, common first and last factors of products taken out."""
        out = list(terms)
        while True:
            best = self._best_pair(out)
            if best is None:
                return out
            i, j, made = best
            out[i] = made
            del out[j]

    def _best_pair(self, terms: Sequence[Term]) -> tuple[int, int, Term] | None:
        chains = [(k, *self._as_chain(t)) for k, t in enumerate(terms)]
        chains = [c for c in chains if len(c[2]) > 1]
        if len(chains) < 2 or len(chains) > 40:
            return None
        for x, (i, c, a) in enumerate(chains):
            for j, d, b in chains[x + 1 :]:
                for left in (True, False):
                    made = self._joined((c, a), (d, b), left)
                    if made is not None:
                        return i, j, made
        return None

    def _as_chain(self, t: Term) -> tuple[Term | None, tuple[Term, ...]]:
        c, rest = self.scalars_of(t) if t.shape else (None, t)
        return (c, rest.args) if rest.op == "prod" and rest.shape else (c, ())

    def _joined(
        self,
        first: tuple[Term | None, Sequence[Term]],
        second: tuple[Term | None, Sequence[Term]],
        left: bool,
    ) -> Term | None:
        """A B + A C as A (B + C), or B A + C A as (B + C) A."""
        (c, a), (d, b) = first, second
        same, ra, rb = (a[0] is b[0], a[1:], b[1:]) if left else (a[-1] is b[-1], a[:-1], b[:-1])
        if not same or not ra or not rb:
            return None
        shape = normal(rows(ra[0]), cols(ra[-1]))
        if not shape:
            return None
        x, y = (self._part(s, r) for s, r in ((c, ra), (d, rb)))
        inner = self.add(*self.gathered([x, y]), shape=shape)
        apart = self.chain_cost(a) + self.chain_cost(b) + self.count(self.prod(*a))
        common = a[0] if left else a[-1]
        stand_in = self.make("let", (inner,), ("",), shape)
        together = (common, stand_in) if left else (stand_in, common)
        if self.forming(inner) + self.chain_cost(together) > apart * MARGIN:
            return None
        inner = stand_in if inner.op == "add" else inner
        return self.prod(common, inner) if left else self.prod(inner, common)

    def _part(self, scalar: Term | None, factors: Sequence[Term]) -> Term:
        made = factors[0] if len(factors) == 1 else self.prod(*factors)
        return made if scalar is None else self.mul(scalar, made)
