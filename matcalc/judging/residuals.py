r"""What is missing between a sum and the truth: a term, or a factor of one term.

The difference is compared with the terms that stand there and with terms that may have been lost:
a term of the line turned round (the other half of a product rule), one layer or time step further
(another path of a chain rule), an adjoint times a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging import vocabulary as o
from matcalc.judging.environment import Environment
from matcalc.judging.probing import Probe, quotient_of
from matcalc.judging.scaling import factors_of
from matcalc.judging.slips import EXTRA_TERM, LOST_TERM, ONE_PATH, PRODUCT_RULE, Edit
from matcalc.judging.values import Value
from matcalc.reading import tree as t
from matcalc.reading.writer import write

LONGEST = 5  # factors of a term that are put in every order


def coefficients(env: Environment, line: t.Relation, probe: Probe) -> Iterator[Edit]:
    """Another coefficient of one term of a sum."""
    found = _start(env, line, probe)
    if found is None or len(found[0]) < 2:
        return
    terms, signs, gap = found
    for k, term in enumerate(terms):
        quotient = _quotient(probe, gap, term)
        if quotient:
            sign = 1.0 if signs[k] == "+" else -1.0
            yield from _changed(env, probe, terms, signs, k, (sign + quotient) / sign)
        elif quotient is None:
            yield from _with_a_name(env, line, probe, found, k)


def _with_a_name(
    env: Environment, line: t.Relation, probe: Probe, start: Start, k: int
) -> Iterator[Edit]:
    r"""``\lambda w`` for ``w``: a number of the page is missing in front of one term."""
    terms, signs, gap = start
    rest = t.Sum((*terms[:k], *terms[k + 1 :]), (*signs[:k], *signs[k + 1 :]))
    wanted = _gap(probe, rest)
    for name in o.scalar_names(env, line)[:6] if wanted is not None else ():
        new = o.times(terms[k], name)
        quotient = _quotient(probe, wanted or gap, new)
        if quotient is not None and abs(quotient - (1.0 if signs[k] == "+" else -1.0)) < 1e-6:
            yield Edit(
                f"lost factor {write(name)}", t.Sum((*terms[:k], new, *terms[k + 1 :]), signs)
            )


def lost_terms(env: Environment, line: t.Relation, probe: Probe) -> Iterator[Edit]:
    """One more term."""
    found = _start(env, line, probe)
    if found is None or all(
        np.max(np.abs(v.array)) < 1e-9 for truth in probe.truths for v in truth
    ):
        return
    terms, signs, gap = found
    seen: set[t.Node] = set()
    for slip, term in candidates(env, line, terms, o.transpose_sign(line, env)):
        if term in seen:
            continue
        seen.add(term)
        quotient = _quotient(probe, gap, term)
        if quotient:
            yield from _added(env, probe, terms, signs, slip, term, quotient)


Start = tuple[tuple[t.Node, ...], tuple[str, ...], list[list[Value]]]


def _start(env: Environment, line: t.Relation, probe: Probe) -> Start | None:
    side = s.peeled(o.opened(line.sides[1], env))
    terms, signs = (side.terms, side.signs) if isinstance(side, t.Sum) else ((side,), ("+",))
    gap = _gap(probe, side) if all(sign in "+-" for sign in signs) else None
    return None if gap is None else (terms, signs, gap)


def _gap(probe: Probe, side: t.Node) -> list[list[Value]] | None:
    """The truth minus the side, for every choice of indices."""
    found: list[list[Value]] = []
    for choice, truth in zip(probe.choices, probe.truths, strict=True):
        mine = probe.value(side, choice)
        if mine is None:
            return None
        pair = next(((a, b) for a in truth for b in mine if a.shape == b.shape), None)
        if pair is None:
            return None
        found.append([Value(pair[0].array.real - pair[1].array.real)])
    return found


def _quotient(probe: Probe, gap: list[list[Value]], term: t.Node) -> float | None:
    """The gap divided by a term, if that is one number for all indices."""
    known: float | None = None
    for choice, missing in zip(probe.choices, gap, strict=True):
        mine = probe.value(term, choice)
        if mine is None:
            return None
        quotient = quotient_of(missing, mine)
        if quotient is None or (known and quotient and not np.isclose(known, quotient, rtol=1e-6)):
            return None
        known = known or quotient
    return known


def _changed(
    env: Environment,
    probe: Probe,
    terms: tuple[t.Node, ...],
    signs: tuple[str, ...],
    k: int,
    ratio: float,
) -> Iterator[Edit]:
    """Another coefficient of one term; none at all if the ratio is 0."""
    rest, others = (*terms[:k], *terms[k + 1 :]), (*signs[:k], *signs[k + 1 :])
    if abs(ratio) < 1e-9:
        plain = len(rest) == 1 and others[0] == "+"
        yield Edit(EXTRA_TERM, rest[0] if plain else t.Sum(rest, others))
        return
    for slip, term in factors_of(env, probe, terms[k], ratio):
        negative = isinstance(term, t.Sum) and len(term.terms) == 1 and term.signs == ("-",)
        sign = signs[k] if not negative else "-" if signs[k] == "+" else "+"
        inner = term.terms[0] if negative and isinstance(term, t.Sum) else term
        new = (*terms[:k], inner, *terms[k + 1 :])
        yield Edit(slip, t.Sum(new, (*signs[:k], sign, *signs[k + 1 :])))


def _added(
    env: Environment,
    probe: Probe,
    terms: tuple[t.Node, ...],
    signs: tuple[str, ...],
    slip: str,
    term: t.Node,
    quotient: float,
) -> Iterator[Edit]:
    sign = "+" if quotient > 0 else "-"
    size = abs(quotient)
    scaled = [term] if abs(size - 1) < 1e-6 else [x for _, x in factors_of(env, probe, term, size)]
    for new in scaled[:2]:
        first = s.flattened(new) if isinstance(s.flattened(new), t.Product) else new
        if sign == "+" and signs[0] == "-":
            yield Edit(slip, t.Sum((first, *terms), ("+", *signs)))
        else:
            yield Edit(slip, t.Sum((*terms, first), (*signs, sign)))


# ---------------------------------------------------------------- what may have been lost


def candidates(
    env: Environment, line: t.Relation, terms: Iterable[t.Node], sign: str
) -> Iterator[tuple[str, t.Node]]:
    """Terms that may have been lost, the likeliest first."""
    listed = list(terms)
    for term in listed:
        for new in o.turnings(term, sign):
            if not _counts_only(new):
                yield PRODUCT_RULE, new
    for term in listed:
        if (new := _mirrored(term)) != term:
            yield PRODUCT_RULE, new
    for term in listed:
        for new in shifted(term):
            yield ONE_PATH, new
    for new in _along(env, line, sign):
        yield ONE_PATH, new
    for new in o.lost_terms(env, line):
        yield LOST_TERM, new
    for term in listed:
        for new in _orders(term, sign):
            yield PRODUCT_RULE, new
    symbols = [x for x in o.known_symbols(env, line) if not x.subscripts or x.marks][:10]
    for a in symbols:
        for b in symbols:
            yield LOST_TERM, t.Product((o.turned(a, sign), b), ("",))
            yield LOST_TERM, t.Product((a, o.turned(b, sign)), ("",))
            yield LOST_TERM, t.Product((a, b), ("",))


def _mirrored(term: t.Node) -> t.Node:
    """``a_{lk}`` for ``a_{kl}``: the other half of a product rule, entry by entry."""

    def change(part: t.Node) -> t.Node:
        if isinstance(part, t.Symbol) and len(part.subscripts) == 2:
            return replace(part, subscripts=part.subscripts[::-1])
        return part

    return s.rebuilt(term, change)


def _counts_only(term: t.Node) -> bool:
    r"""``\mathbf 1^T \mathbf 1`` among the factors: a size in disguise, which nobody writes."""
    factors = term.factors if isinstance(term, t.Product) else ()
    ones = [isinstance(t.core(f)[0], t.Filled) for f in factors]
    return any(a and b for a, b in pairwise(ones))


def shifted(term: t.Node) -> Iterator[t.Node]:
    """A term one layer or one time step further, or back."""
    for step in (1, -1):

        def change(part: t.Node, step: int = step) -> t.Node:
            if isinstance(part, t.Symbol):
                marks = tuple(replace(m, index=_next(m.index, step)) for m in part.marks)
                below = part.subscripts
                if not marks and len(below) == 1:
                    below = (_next(below[0], step),)
                return replace(part, marks=marks, subscripts=below)
            return part

        new = s.rebuilt(term, change)
        if new != term:
            yield new


def _next(node: t.Node, step: int) -> t.Node:
    value = s.integer(node, {})
    if value is None or value + step < 0 or not isinstance(node, t.Number):
        return node
    return t.Number(str(value + step))


def _along(env: Environment, line: t.Relation, sign: str) -> Iterator[t.Node]:
    """What arrives at a step times the step's slope by what stands beside it."""
    arriving = o.adjoints(env, line)[:8]
    symbols = [x for x in o.known_symbols(env, line) if not x.subscripts or x.marks][:14]
    for a in arriving:
        yield a
        for x in symbols:
            for new in (x, o.turned(x, sign)):
                yield t.Product((a, new), ("",))
                yield t.Product((new, a), ("",))


def _orders(term: t.Node, sign: str) -> Iterator[t.Node]:
    parts = o.listed(term)
    if parts is None:
        return
    factors, operators = parts
    numbers = [f for f in factors if isinstance(f, (t.Number, t.Fraction))]
    factors = [f for f in factors if f not in numbers]
    if not 2 <= len(factors) <= LONGEST or set(operators) != {""}:
        return
    plain = [""] * (len(factors) - 1)
    for order in permutations(range(len(factors))):
        yield o.joined([factors[k] for k in order], plain)
