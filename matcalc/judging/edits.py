r"""Slips, run backwards: small changes to a formula that would undo one.

Every change comes with the class of the slip it undoes. Changes are made on the author's own tree,
so that the corrected line stays in the author's notation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations, product
from typing import cast

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.judging.products import ENTRYWISE
from matcalc.judging.slips import (
    ARGUMENT,
    BRACKET,
    DIAG,
    DIAGONAL_ONLY,
    EXTRA,
    EXTRA_TERM,
    HADAMARD,
    INDEX,
    INVERSE,
    LAYER,
    MATRIX,
    ORDER,
    POWER,
    RANGE,
    SHAPE,
    SIGN,
    SLOPE_EXTRA,
    SLOPE_MISSING,
    SUM_EXTRA,
    TRACE,
    TRANSPOSE,
    WRONG_INDEX,
    Edit,
    Put,
    spots,
)
from matcalc.judging.summed_letters import over_others
from matcalc.judging.vocabulary import (
    bracketed,
    entrywise_sign,
    is_number,
    joined,
    known_symbols,
    lettered,
    listed,
    nearby,
    negated,
    opened,
    relayered,
    squared_outer,
    swapped,
    times,
    transpose_sign,
    turned,
)
from matcalc.reading import tree as t
from matcalc.reading.writer import write

TURNABLE = (
    t.Symbol, t.Bracket, t.Derivative, t.HeadBracket, t.Call, t.Nabla, t.Differential
)  # fmt: skip


ONES = t.Filled("1", r"\mathbf{1}")


class Editor:
    """All changes to one side of a line."""

    def __init__(self, env: Environment, relation: t.Relation, side: t.Node) -> None:
        self.env, self.relation, self.side = env, relation, opened(side, env)
        self.sign = transpose_sign(relation, env)
        self.entrywise = entrywise_sign(relation, env)

    def single(self) -> Iterator[Edit]:
        """What stands there changed in one place, the likeliest first."""
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
            self.coefficients,
            self.ones,
        ):
            yield from make()

    def signs(self) -> Iterator[Edit]:
        yield Edit(SIGN, negated(self.side))
        for node, put, above in spots(self.side):
            if isinstance(node, t.Sum) and len(node.terms) > 1:
                for k, sign in enumerate(node.signs):
                    if sign in "+-":
                        other = "-" if sign == "+" else "+"
                        signs = (*node.signs[:k], other, *node.signs[k + 1 :])
                        yield Edit(SIGN, put(replace(node, signs=signs)))
            elif isinstance(node, t.Sum) or _is_exponent(node, above):
                yield Edit(SIGN, put(negated(node)))

    def transposes(self) -> Iterator[Edit]:
        for node, put, above in spots(self.side):
            if isinstance(above, t.Postfix) and above.kind == "transpose":
                continue
            if (isinstance(node, t.Postfix) and node.kind == "transpose") or (
                isinstance(node, TURNABLE)
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
                if is_number(factors[k], self.env) or is_number(factors[k + 1], self.env):
                    continue
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
            if 3 <= len(factors) <= 4 and len(set(operators)) == 1:
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
                if is_number(factors[k], self.env) or is_number(factors[k + 1], self.env):
                    continue
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
                factors, operators = parts
                for cut in range(len(factors) - 1, 0, -1):
                    inner = joined(factors[cut:], operators[cut:])
                    group = t.Bracket("(", ")", (t.Sum((inner, second), ("+", sign)),))
                    new = joined([*factors[:cut], group], operators[:cut])
                    yield Edit(BRACKET, put(self._merged(node, k, new)))
            parts = listed(second)
            if parts is not None:
                factors, operators = parts
                for cut in range(1, len(factors)):
                    inner = joined(factors[:cut], operators[: cut - 1])
                    group = t.Bracket("(", ")", (t.Sum((first, inner), ("+", sign)),))
                    new = joined([group, *factors[cut:]], operators[cut - 1 :])
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
        for node, put, above in spots(self.side):
            plain = isinstance(node, (t.Symbol, t.Bracket, t.Sum)) and isinstance(above, t.Sum)
            if isinstance(node, t.Product) or plain:
                yield Edit(TRACE, put(t.Call(trace, t.Bracket("(", ")", (node,)))))
            if isinstance(node, t.Call) and node.head.name in ("diag", "tr", "Tr"):
                yield Edit(f"extra {node.head.name}", put(node.argument))
            if isinstance(node, t.Postfix) and node.kind == "inverse":
                yield Edit(INVERSE, put(node.base))
            elif isinstance(node, t.Symbol) and not node.subscripts and not _is_raised(node, above):
                yield Edit(INVERSE, put(t.Postfix(node, "inverse", ())))
            same = squared_outer(node, diag, self.sign)
            if same is not None:
                yield Edit(DIAGONAL_ONLY, put(same))

    def indices(self) -> Iterator[Edit]:
        letters = sorted({*s.letters_below(self.relation)})
        for node, put, _ in spots(self.side):
            if isinstance(node, t.Symbol) and node.subscripts:
                parts = node.subscripts if len(node.subscripts) != 1 else node.indices(2) or ()
                if len(parts) == 2:
                    yield Edit(INDEX, put(replace(node, subscripts=(parts[1], parts[0]))))
                if any(isinstance(p, t.Sum) for p in node.subscripts):
                    yield from self._exchanged(node, put, letters)
            if isinstance(node, t.Derivative):
                yield from self._derivative_indices(node, put, letters)
        for node, put, _ in spots(self.side):
            if isinstance(node, t.BigOperator):
                yield from over_others(node, put, letters)
            yield from self._kronecker(node, put, letters)
            if isinstance(node, t.Symbol):
                yield from self._other_letters(node, put, letters)
            elif isinstance(node, (t.HeadBracket, t.Call)) and isinstance(node.head, t.Symbol):
                for new in lettered(node.head, letters):
                    yield Edit(WRONG_INDEX, put(replace(node, head=new)))

    def _kronecker(self, node: t.Node, put: Put, letters: list[str]) -> Iterator[Edit]:
        """A one where the Kronecker delta belongs: the entries off the diagonal are forgotten."""
        if isinstance(node, t.Sum):
            for k, term in enumerate(node.terms):
                if term == t.Number("1"):
                    for i, j in combinations(letters[:4], 2):
                        both = (t.Symbol(i, i), t.Symbol(j, j))
                        delta = t.Symbol("delta", r"\delta", both)
                        terms = (*node.terms[:k], delta, *node.terms[k + 1 :])
                        yield Edit(DIAGONAL_ONLY, put(replace(node, terms=terms)))

    def _other_letters(self, node: t.Symbol, put: Put, letters: list[str]) -> Iterator[Edit]:
        own = self.env.has(s.full(node)) and not self.env.has(s.stem(node))
        for new in lettered(node, letters):
            # W_1 for W_2: the number is part of the name, it picks no entry.
            counts = own and isinstance(node.subscripts[0], t.Number)
            yield Edit(LAYER if counts else WRONG_INDEX, put(new))

    def _exchanged(self, node: t.Symbol, put: Put, letters: list[str]) -> Iterator[Edit]:
        """``X_{i+b, j+a}`` for ``X_{i+a, j+b}``: two letters exchanged."""
        for a, b in combinations([x for x in letters if x in s.letters_below(node)], 2):
            pair: dict[str, t.Node] = {a: t.Symbol(b, b), b: t.Symbol(a, a)}
            yield Edit(INDEX, put(s.put(node, pair)))

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
            inside = isinstance(above, (t.Bracket, t.HeadBracket))
            for other in known:
                if s.full(other) != s.full(node):
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
                    slip = _extra(factors[k])
                    yield Edit(slip, put(joined(left, signs)))
                    if 0 < k < len(factors) - 1:
                        signs = [*operators[:k], *operators[k + 1 :]]
                        yield Edit(slip, put(joined(left, signs)))
            if isinstance(node, t.Sum) and len(node.terms) > 1:
                for k in range(len(node.terms)):
                    terms = (*node.terms[:k], *node.terms[k + 1 :])
                    rest = (*node.signs[:k], *node.signs[k + 1 :])
                    plain = len(terms) == 1 and rest[0] == "+"
                    yield Edit(EXTRA_TERM, put(terms[0] if plain else t.Sum(terms, rest)))
            if isinstance(node, t.BigOperator) and node.body is not None:
                yield Edit(SUM_EXTRA, put(node.body))
            if isinstance(node, t.Fraction):
                yield Edit(EXTRA, put(node.numerator))

    def coefficients(self) -> Iterator[Edit]:
        """A factor 2 of one term inside a bracket."""
        half = t.Fraction(t.Number("1"), t.Number("2"))
        for node, put, _ in spots(self.side):
            if not isinstance(node, t.Sum) or len(node.terms) < 2 or node is self.side:
                continue
            for k, term in enumerate(node.terms):
                for slip, factor in (
                    ("lost factor 2", t.Number("2")),
                    ("lost factor 1/2", half),
                ):
                    terms = (*node.terms[:k], times(term, factor), *node.terms[k + 1 :])
                    yield Edit(slip, put(replace(node, terms=terms)))

    def ones(self) -> Iterator[Edit]:
        """A number beside arrays that has to be spread over a vector of ones."""
        for node, put, _ in spots(self.side):
            if not isinstance(node, t.Sum):
                continue
            for k, term in enumerate(node.terms):
                factors = (listed(term) or ([term], []))[0]
                spread = t.Product((*factors, ONES), ("",) * len(factors))
                terms = (*node.terms[:k], spread, *node.terms[k + 1 :])
                yield Edit(SHAPE, put(replace(node, terms=terms)))

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


def _extra(factor: t.Node) -> str:
    """The class of a factor too much; numbers are named."""
    half = isinstance(factor, t.Fraction) and not any(s.symbols(factor))
    return f"{EXTRA} {write(factor)}" if half or isinstance(factor, t.Number) else EXTRA


def _is_exponent(node: t.Node, above: t.Node | None) -> bool:
    """Whether a piece is what a power is raised to: the sign of e^{-z} is lost there."""
    power = isinstance(above, t.Postfix) and above.kind in ("power", "superscript")
    return power and any(node is argument for argument in cast(t.Postfix, above).arguments)


def _is_raised(node: t.Node, above: t.Node | None) -> bool:
    """Whether a piece is the base of a power: there a sign in the exponent says the same."""
    power = isinstance(above, t.Postfix) and above.kind in ("power", "superscript")
    return power and cast(t.Postfix, above).base is node
