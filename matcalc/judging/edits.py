r"""Slips, run backwards: small changes to a formula that would undo one.

Every change comes with the class of the slip it undoes. Changes are made on the author's own tree,
so that the corrected line stays in the author's notation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.judging.products import ENTRYWISE
from matcalc.judging.slips import (
    ARGUMENT,
    BATCH,
    BRACKET,
    DIAG,
    EXTRA,
    EXTRA_TERM,
    HADAMARD,
    INDEX,
    INVERSE,
    LAYER,
    LOST,
    LOST_TERM,
    MATRIX,
    ORDER,
    POWER,
    PRODUCT_RULE,
    RANGE,
    SIGN,
    SLOPE_EXTRA,
    SLOPE_MISSING,
    SUM_FOR_PRODUCT,
    SUM_MISSING,
    TRACE,
    TRANSPOSE,
    WRONG_INDEX,
    Edit,
    Put,
    spots,
)
from matcalc.judging.vocabulary import (
    bracketed,
    entrywise_sign,
    joined,
    known_symbols,
    lettered,
    listed,
    lost_factors,
    lost_terms,
    nearby,
    negated,
    opened,
    relayered,
    squared_outer,
    swapped,
    transpose_sign,
    turned,
    turnings,
)
from matcalc.reading import tree as t


class Editor:
    """All changes to one side of a line."""

    def __init__(self, env: Environment, relation: t.Relation, side: t.Node) -> None:
        self.env, self.relation, self.side = env, relation, opened(side, env)
        self.sign = transpose_sign(relation, env)
        self.entrywise = entrywise_sign(relation, env)

    def single(self) -> Iterator[Edit]:
        """One change each, the likeliest first."""
        for make in (
            self.signs,
            self.transposes,
            self.orders,
            self.signs_of_products,
            self.brackets,
            self.slopes,
            self.wrappers,
            self.indices,
            self.layers,
            self.ranges,
            self.names,
            self.dropped,
            self.powers,
            self.inserted,
            self.terms,
            self.batch,
        ):
            yield from make()

    def signs(self) -> Iterator[Edit]:
        yield Edit(SIGN, negated(self.side))
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Sum) and len(node.terms) > 1:
                for k, sign in enumerate(node.signs):
                    if sign in "+-":
                        other = "-" if sign == "+" else "+"
                        signs = (*node.signs[:k], other, *node.signs[k + 1 :])
                        yield Edit(SIGN, put(replace(node, signs=signs)))
            elif isinstance(node, t.Sum):
                yield Edit(SIGN, put(negated(node)))

    def transposes(self) -> Iterator[Edit]:
        for node, put, above in spots(self.side):
            if isinstance(above, t.Postfix) and above.kind == "transpose":
                continue
            if (isinstance(node, t.Postfix) and node.kind == "transpose") or (
                isinstance(
                    node, (t.Symbol, t.Bracket, t.Derivative, t.HeadBracket, t.Call, t.Nabla)
                )
                and not (isinstance(above, (t.Call, t.HeadBracket)) and isinstance(node, t.Bracket))
            ):
                yield Edit(TRANSPOSE, put(turned(node, self.sign)))
        if isinstance(self.side, (t.Product, t.Sum)):
            yield Edit(TRANSPOSE, turned(self.side, self.sign))

    def orders(self) -> Iterator[Edit]:
        for node, put, _ in spots(self.side):
            parts = listed(node)
            if parts is None:
                continue
            factors, operators = parts
            for k in range(len(factors) - 1):
                swapped = [*factors[:k], factors[k + 1], factors[k], *factors[k + 2 :]]
                yield Edit(ORDER, put(joined([bracketed(f) for f in swapped], operators)))
                for a, b in ((1, 0), (0, 1), (1, 1)):
                    pair = list(swapped)
                    if a:
                        pair[k] = turned(pair[k], self.sign)
                    if b:
                        pair[k + 1] = turned(pair[k + 1], self.sign)
                    yield Edit(ORDER, put(joined(pair, operators)), "transposed")
                    same = list(factors)
                    if a and b:
                        same[k], same[k + 1] = (
                            turned(same[k], self.sign),
                            turned(same[k + 1], self.sign),
                        )
                        yield Edit(TRANSPOSE, put(joined(same, operators)))
            if 3 <= len(factors) <= 4:
                for order in permutations(range(len(factors))):
                    shuffled = [factors[i] for i in order]
                    if shuffled != factors:
                        yield Edit(ORDER, put(joined(shuffled, operators)))

    def signs_of_products(self) -> Iterator[Edit]:
        for node, put, _ in spots(self.side):
            parts = listed(node)
            if parts is None:
                continue
            factors, operators = parts
            for k, operator in enumerate(operators):
                others = [""] if operator in ENTRYWISE else [self.entrywise]
                for other in others:
                    signs = [*operators[:k], other, *operators[k + 1 :]]
                    slip = MATRIX if other == "" else HADAMARD
                    yield Edit(slip, put(joined([*map(bracketed, factors)], signs)))
                    if other == "":
                        for a, b in product((0, 1), repeat=2):
                            for swap in (0, 1):
                                pair = [factors[k], factors[k + 1]]
                                pair = [
                                    turned(p, self.sign) if f else bracketed(p)
                                    for p, f in zip(pair, (a, b), strict=True)
                                ]
                                if swap:
                                    pair.reverse()
                                if k and any(op in ENTRYWISE for op in operators[:k]):
                                    front = t.Bracket(
                                        "(", ")", (joined(factors[: k + 1], operators[:k]),)
                                    )
                                    pair = [
                                        front,
                                        turned(factors[k + 1], self.sign) if b else factors[k + 1],
                                    ]
                                    if swap:
                                        pair.reverse()
                                    new = joined(
                                        [*pair, *factors[k + 2 :]], ["", *operators[k + 1 :]]
                                    )
                                else:
                                    new = joined([*factors[:k], *pair, *factors[k + 2 :]], signs)
                                yield Edit(MATRIX, put(new))
                    else:
                        for a, b in ((1, 0), (0, 1)):
                            pair = [
                                turned(factors[k], self.sign) if a else factors[k],
                                turned(factors[k + 1], self.sign) if b else factors[k + 1],
                            ]
                            yield Edit(
                                HADAMARD,
                                put(joined([*factors[:k], *pair, *factors[k + 2 :]], signs)),
                            )

    def brackets(self) -> Iterator[Edit]:
        for node, put, _ in spots(self.side):
            parts = listed(node)
            if parts is None or len(parts[0]) < 3:
                if isinstance(node, t.Sum) and len(node.terms) > 1:
                    yield from self._sum_brackets(node, put)
                continue
            factors, operators = parts
            for start in range(len(factors)):
                for end in range(start + 2, len(factors) + 1):
                    if end - start == len(factors):
                        continue
                    inner = joined(factors[start:end], operators[start : end - 1])
                    group = t.Bracket("(", ")", (inner,))
                    new = [*factors[:start], group, *factors[end:]]
                    signs = [*operators[:start], *operators[end - 1 :]]
                    yield Edit(BRACKET, put(joined(new, signs)))

    def _sum_brackets(self, node: t.Sum, put: Put) -> Iterator[Edit]:
        """``a b + c`` for ``a (b + c)``, and ``a + b c`` for ``(a + b) c``."""
        for k in range(len(node.terms) - 1):
            first, second = node.terms[k], node.terms[k + 1]
            sign = node.signs[k + 1]
            parts = listed(first)
            if parts is not None:
                group = t.Bracket("(", ")", (t.Sum((parts[0][-1], second), ("+", sign)),))
                new = joined([*parts[0][:-1], group], parts[1])
                yield Edit(BRACKET, put(self._merged(node, k, new)))
            parts = listed(second)
            if parts is not None:
                group = t.Bracket("(", ")", (t.Sum((first, parts[0][0]), ("+", sign)),))
                new = joined([group, *parts[0][1:]], parts[1])
                yield Edit(BRACKET, put(self._merged(node, k, new)))

    @staticmethod
    def _merged(node: t.Sum, k: int, new: t.Node) -> t.Node:
        terms = (*node.terms[:k], new, *node.terms[k + 2 :])
        signs = (*node.signs[: k + 1], *node.signs[k + 2 :])
        return new if len(terms) == 1 and signs[0] == "+" else t.Sum(terms, signs)

    def slopes(self) -> Iterator[Edit]:
        for node, put, _ in spots(self.side):
            if not isinstance(node, (t.HeadBracket, t.Call)) or not isinstance(node.head, t.Symbol):
                continue
            head = node.head
            if head.primes:
                yield Edit(SLOPE_EXTRA, put(replace(node, head=replace(head, primes=0))))
            else:
                yield Edit(SLOPE_MISSING, put(replace(node, head=replace(head, primes=1))))

    def wrappers(self) -> Iterator[Edit]:
        diag = t.Symbol("diag", r"\operatorname{diag}")
        trace = t.Symbol("tr", r"\operatorname{tr}")
        for node, put, above in spots(self.side):
            if isinstance(node, (t.Symbol, t.HeadBracket, t.Call, t.Bracket, t.Sum)) and not (
                isinstance(above, (t.Call, t.HeadBracket))
            ):
                inner = node if isinstance(node, t.Bracket) else t.Bracket("(", ")", (node,))
                yield Edit(DIAG, put(t.Call(diag, inner)))
        inner = t.Bracket("(", ")", (self.side,))
        yield Edit(TRACE, t.Call(trace, inner))
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Product):
                yield Edit(TRACE, put(t.Call(trace, t.Bracket("(", ")", (node,)))))
            if isinstance(node, t.Call) and node.head.name in ("diag", "tr", "Tr"):
                yield Edit(f"extra {node.head.name}", put(node.argument))
            if isinstance(node, t.Postfix) and node.kind == "inverse":
                yield Edit(INVERSE, put(node.base))
            elif isinstance(node, t.Symbol) and not node.subscripts:
                yield Edit(INVERSE, put(t.Postfix(node, "inverse", ())))
            same = squared_outer(node, diag, self.sign)
            if same is not None:
                yield Edit("only the diagonal of the softmax Jacobian", put(same))

    def indices(self) -> Iterator[Edit]:
        letters = sorted({*s.letters_below(self.relation)})
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Symbol) and node.subscripts:
                parts = node.subscripts if len(node.subscripts) != 1 else node.indices(2) or ()
                if len(parts) == 2:
                    yield Edit(INDEX, put(replace(node, subscripts=(parts[1], parts[0]))))
            if isinstance(node, t.Derivative):
                yield from self._derivative_indices(node, put, letters)
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Symbol):
                yield from self._other_letters(node, put, letters)
            elif isinstance(node, (t.HeadBracket, t.Call)) and isinstance(node.head, t.Symbol):
                for new in lettered(node.head, letters):
                    yield Edit(WRONG_INDEX, put(replace(node, head=new)))

    def _other_letters(self, node: t.Symbol, put: Put, letters: list[str]) -> Iterator[Edit]:
        for new in lettered(node, letters):
            yield Edit(WRONG_INDEX, put(new))

    def _derivative_indices(
        self, node: t.Derivative, put: Put, letters: list[str]
    ) -> Iterator[Edit]:
        for k, by in enumerate(node.by):
            if isinstance(by, t.Symbol):
                for new in (*lettered(by, letters), *swapped(by)):
                    changed = (*node.by[:k], new, *node.by[k + 1 :])
                    yield Edit(WRONG_INDEX, put(replace(node, by=changed)))
        if isinstance(node.of, t.Symbol):
            for new in (*lettered(node.of, letters), *swapped(node.of)):
                yield Edit(WRONG_INDEX, put(replace(node, of=new)))

    def layers(self) -> Iterator[Edit]:
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Symbol):
                for new in relayered(node):
                    yield Edit(LAYER, put(new))
            elif isinstance(node, t.Derivative):
                for k, by in enumerate(node.by):
                    if isinstance(by, t.Symbol):
                        for new in relayered(by):
                            changed = (*node.by[:k], new, *node.by[k + 1 :])
                            yield Edit(LAYER, put(replace(node, by=changed)))
                if isinstance(node.of, t.Symbol):
                    for new in relayered(node.of):
                        yield Edit(LAYER, put(replace(node, of=new)))
            elif isinstance(node, (t.HeadBracket, t.Call)) and isinstance(node.head, t.Symbol):
                for new in relayered(node.head):
                    yield Edit(LAYER, put(replace(node, head=new)))

    def ranges(self) -> Iterator[Edit]:
        for node, put, _ in spots(self.side):
            if not isinstance(node, t.BigOperator) or node.body is None:
                continue
            if node.upper is not None:
                for upper in nearby(node.upper, self.env):
                    yield Edit(RANGE, put(replace(node, upper=upper)))
                for k, lower in enumerate(node.lower):
                    if isinstance(lower, t.Relation) and len(lower.sides) == 2:
                        for new in nearby(lower.sides[1], self.env):
                            changed = replace(lower, sides=(lower.sides[0], new))
                            lowers = (*node.lower[:k], changed, *node.lower[k + 1 :])
                            yield Edit(RANGE, put(replace(node, lower=lowers)))

    def names(self) -> Iterator[Edit]:
        known = known_symbols(self.env, self.relation)
        for node, put, above in spots(self.side):
            if not isinstance(node, t.Symbol):
                continue
            inside = isinstance(above, t.Bracket)
            for other in known:
                if other.name != node.name or other.marks != node.marks:
                    new = other
                    if node.subscripts and not other.subscripts:
                        new = replace(other, subscripts=node.subscripts)
                    slip = ARGUMENT if inside else "wrong variable"
                    yield Edit(slip, put(new))

    def dropped(self) -> Iterator[Edit]:
        for node, put, _ in spots(self.side):
            parts = listed(node)
            if parts is not None:
                factors, operators = parts
                for k in range(len(factors)):
                    left = [*factors[:k], *factors[k + 1 :]]
                    signs = [*operators[: max(0, k - 1)], *operators[max(0, k - 1) + 1 :]]
                    yield Edit(EXTRA, put(joined(left, signs)))
                    if 0 < k < len(factors) - 1:
                        signs = [*operators[:k], *operators[k + 1 :]]
                        yield Edit(EXTRA, put(joined(left, signs)))
            if isinstance(node, t.Sum) and len(node.terms) > 1:
                for k in range(len(node.terms)):
                    terms = (*node.terms[:k], *node.terms[k + 1 :])
                    signs = (*node.signs[:k], *node.signs[k + 1 :])
                    plain = len(terms) == 1 and signs[0] == "+"
                    yield Edit(EXTRA_TERM, put(terms[0] if plain else t.Sum(terms, signs)))
            if isinstance(node, t.BigOperator) and node.body is not None:
                yield Edit("sum that should not be there", put(node.body))
            if isinstance(node, t.Fraction):
                yield Edit(EXTRA, put(node.numerator))

    def powers(self) -> Iterator[Edit]:
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Postfix) and node.kind == "power":
                yield Edit(POWER, put(node.base))
                value = s.integer(node.arguments[0], {})
                if value is not None:
                    for new in (value - 1, value + 1):
                        if new > 1:
                            changed = replace(node, arguments=(t.Number(str(new)),))
                            yield Edit(POWER, put(changed))
            elif isinstance(node, (t.Symbol, t.Bracket)):
                yield Edit(POWER, put(t.Postfix(node, "power", (t.Number("2"),))))
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Call) and node.power is not None:
                yield Edit(POWER, put(replace(node, power=None)))
            elif isinstance(node, t.Call):
                yield Edit(POWER, put(replace(node, power=t.Number("2"))))

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
            if not summed and (node is not self.side or isinstance(above, t.Sum)):
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
                        new = [*node.factors[:k], group, *node.factors[k + 2 :]]
                        left = [*node.operators[:k], *node.operators[k + 1 :]]
                        yield Edit(SUM_FOR_PRODUCT, put(joined(new, left)))
            if isinstance(node, t.Sum) and len(node.terms) == 2 and node.signs == ("+", "+"):
                pair = t.Product(tuple(map(bracketed, node.terms)), ("",))
                yield Edit("sum for product", put(pair))

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
            stated = self.env.letter_ranges.get(letter)
            if stated is not None:
                lower = t.Relation((index, stated[0]), ("=",))
                yield Edit(
                    BATCH,
                    t.BigOperator("sum", r"\sum", (lower,), stated[1], bracketed(self.side)),
                )
