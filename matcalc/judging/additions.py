r"""What may have been left out of a formula: a factor, a term, a sum over the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.edits import Editor
from matcalc.judging.slips import (
    BATCH,
    LOST,
    LOST_TERM,
    PRODUCT_FOR_SUM,
    PRODUCT_RULE,
    SUM_FOR_PRODUCT,
    SUM_MISSING,
    Edit,
    spots,
)
from matcalc.judging.vocabulary import (
    bracketed,
    joined,
    listed,
    lost_factors,
    lost_terms,
    turnings,
)
from matcalc.reading import tree as t


class Additions(Editor):
    """Everything that can be put into one side of a line."""

    def all(self) -> Iterator[Edit]:
        """One addition each, the likeliest first."""
        for make in (self.batch, self.pluses, self.inserted, self.terms):
            yield from make()

    def stray_sums(self) -> Iterator[Edit]:
        """A sum over an index that stands on this side alone, around every piece that has it."""
        left = set(s.letters_below(self.relation.sides[0]))
        for letter in dict.fromkeys(s.letters_below(self.side)):
            if letter in left or letter in self.env.dims or _is_bound(self.side, letter):
                continue
            index = t.Symbol(letter, letter)
            for node, put, above in spots(self.side):
                term = above is None or isinstance(above, (t.Sum, t.Bracket))
                inner = node if isinstance(node, t.Sum) and len(node.terms) > 1 else None
                if not term or inner is not None or letter not in s.letters_below(node):
                    continue
                body = s.flattened(node) if isinstance(node, t.Bracket) else node
                yield Edit(SUM_MISSING, put(t.BigOperator("sum", r"\sum", (index,), None, body)))

    def inserted(self) -> Iterator[Edit]:
        """A factor that got lost: every known name, entry and slope, at every place."""
        candidates = lost_factors(self.env, self.relation, self.sign)
        for node, put, above in spots(self.side):
            parts = listed(node)
            whole = node is self.side or isinstance(above, (t.Sum, t.BigOperator))
            if parts is None:
                if not whole or (isinstance(node, t.Sum) and len(node.terms) == 1):
                    continue
                parts = [bracketed(node)], []
            factors, operators = parts
            for extra in candidates:
                for place in range(len(factors) + 1):
                    new = [*factors[:place], extra, *factors[place:]]
                    glue = max(0, place - 1) if place == len(factors) else place
                    for sign in ("", self.entrywise):
                        signs = [*operators[:glue], sign, *operators[glue:]]
                        yield Edit(LOST, put(joined(new, signs)))
            if len(factors) > 1:
                group = t.Bracket("(", ")", (joined(factors, operators),))
                for extra in candidates:
                    yield Edit(LOST, put(joined([group, extra], [self.entrywise])))

    def terms(self) -> Iterator[Edit]:
        """A second term like the first, turned round: the other half of a product rule."""
        for node, put, _ in spots(self.side):
            if node is not self.side and not isinstance(node, t.Sum):
                continue
            base = node.terms if isinstance(node, t.Sum) else (node,)
            signs = node.signs if isinstance(node, t.Sum) else ("+",)
            for term in base:
                for like in turnings(term, self.sign):
                    yield Edit(PRODUCT_RULE, put(t.Sum((*base, like), (*signs, "+"))))
        candidates = lost_terms(self.env, self.relation)
        for node, put, above in spots(self.side):
            summed = isinstance(node, t.Sum)
            inside = isinstance(above, t.Bracket) and isinstance(node, t.Product)
            if not summed and not inside and node is not self.side:
                continue
            base = node.terms if isinstance(node, t.Sum) else (node,)
            signs = node.signs if isinstance(node, t.Sum) else ("+",)
            for extra in candidates:
                for sign in "+-":
                    before = sign == "+" and signs[0] == "-"
                    new = (
                        t.Sum((extra, *base), (sign, *signs))
                        if before
                        else t.Sum((*base, extra), (*signs, sign))
                    )
                    yield Edit(LOST_TERM, put(new))

    def pluses(self) -> Iterator[Edit]:
        """A sum where a product stands, and the other way round."""
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Product):
                for k in range(1, len(node.factors)):
                    if node.operators[k - 1] == "":
                        first = joined(node.factors[:k], node.operators[: k - 1])
                        second = joined(node.factors[k:], node.operators[k:])
                        yield Edit(SUM_FOR_PRODUCT, put(t.Sum((first, second), ("+", "+"))))
                for k, operator in enumerate(node.operators):
                    if operator == "":
                        pair = t.Sum((node.factors[k], node.factors[k + 1]), ("+", "+"))
                        group: t.Node = t.Bracket("(", ")", (pair,))
                        if len(node.factors) == 2:
                            group = pair
                        changed = [*node.factors[:k], group, *node.factors[k + 2 :]]
                        left = [*node.operators[:k], *node.operators[k + 1 :]]
                        yield Edit(SUM_FOR_PRODUCT, put(joined(changed, left)))
            if isinstance(node, t.Sum) and len(node.terms) == 2 and node.signs == ("+", "+"):
                both = t.Product(tuple(map(bracketed, node.terms)), ("",))
                yield Edit(PRODUCT_FOR_SUM, put(both))

    def batch(self) -> Iterator[Edit]:
        """A sum over rows or columns as a product with ones."""
        names = [d for d in sorted(self.env.dims) if len(d) == 1]
        body = bracketed(self.side)
        lead: tuple[t.Node, ...] = ()
        core = self.side
        if isinstance(core, t.Product) and isinstance(core.factors[0], t.Fraction):
            lead = core.factors[:1]
            core = joined(core.factors[1:], core.operators[1:])
            body = bracketed(core)
        for name in names:
            one = t.Filled("1", r"\mathbf{1}", (t.Symbol(name, name),))
            yield Edit(BATCH, joined([*lead, t.Postfix(one, "transpose", (), self.sign), body],
                                     [""] * (len(lead) + 1)))  # fmt: skip
            yield Edit(BATCH, joined([*lead, body, one], [""] * (len(lead) + 1)))
        free = [
            x
            for x in s.letters_below(self.side)
            if x not in s.letters_below(self.relation.sides[0])
        ]
        for letter in dict.fromkeys((*free, *"ijkn")):
            index = t.Symbol(letter, letter)
            yield Edit(
                SUM_MISSING, t.BigOperator("sum", r"\sum", (index,), None, bracketed(self.side))
            )
            if isinstance(self.side, t.Sum):
                for k, term in enumerate(self.side.terms):
                    if letter in s.letters_below(term):
                        inner = t.BigOperator("sum", r"\sum", (index,), None, bracketed(term))
                        terms = (*self.side.terms[:k], inner, *self.side.terms[k + 1 :])
                        yield Edit(SUM_MISSING, replace(self.side, terms=terms))
            stated = self.env.letter_ranges.get(letter)
            if stated is not None:
                lower = t.Relation((index, stated[0]), ("=",))
                yield Edit(
                    BATCH,
                    t.BigOperator("sum", r"\sum", (lower,), stated[1], bracketed(self.side)),
                )


def _is_bound(side: t.Node, letter: str) -> bool:
    """Whether a sum of a side runs over a letter."""
    sums = (p for p in t.walk(side) if isinstance(p, t.BigOperator))
    lower = (x for p in sums for low in p.lower for x in t.walk(low))
    return any(isinstance(x, t.Symbol) and x.name == letter for x in lower)
