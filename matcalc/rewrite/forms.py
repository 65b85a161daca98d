"""Other forms of a scalar formula: cancelled, over a common denominator, collected, factored.

Rational methods only, each under a budget, and every bracket turned the way people write it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp

MAX_FOR_FACTOR = 7
MAX_TERMS = 40  # of an expanded sum
FEWEST_OF_PRODUCT = 4  # terms of a product of sums
MAX_OPERATIONS = 30  # beyond, a formula is only put in front and not multiplied out
MAX_POWER = 12  # a higher degree makes the rational methods explode


def is_small(value: Any) -> bool:
    """Whether the rational methods may multiply it out: measured, they take time beyond this."""
    powers = (e.exp for e in value.atoms(sp.Pow) if e.exp.is_Integer)
    return value.count_ops() <= MAX_OPERATIONS and max(map(abs, powers), default=1) <= MAX_POWER


def forms(value: Any) -> Iterator[Any]:
    """A formula as it is and in other forms; factors without common letters each by themselves."""
    if value.count_ops() > 3 * MAX_OPERATIONS:
        yield value
        return
    parts = _parts(value)
    ways = [(_as_is, oriented, _in_front, *(_rational(p) if is_small(p) else ())) for p in parts]
    for method in dict.fromkeys(m for own in ways for m in own):
        found = [
            _attempt(method if method in own else _in_front, part)
            for own, part in zip(ways, parts, strict=True)
        ]
        if any(f is not None for f in found):
            pairs = zip(found, parts, strict=True)
            yield sp.Mul(*(p if f is None else f for f, p in pairs))


def _attempt(method: Callable[[Any], Any], part: Any) -> Any:
    try:
        return method(part)
    except (sp.PolynomialError, NotImplementedError, TypeError, ZeroDivisionError):
        return None


def _parts(value: Any) -> list[Any]:
    """The factors of a product, those that share letters together: nothing else can cancel."""
    groups: list[tuple[set[Any], list[Any]]] = []
    front, rest = value.as_coeff_Mul()
    for factor in sp.Mul.make_args(rest):
        letters, own = set(factor.free_symbols), [factor]
        apart = []
        for group in groups:
            if group[0].isdisjoint(letters):
                apart.append(group)
            else:
                letters |= group[0]
                own = group[1] + own
        groups = [*apart, (letters, own)]
    if len(groups) < 2:
        return [value]
    return [*([front] if front != 1 else []), *(sp.Mul(*own) for _, own in groups)]


def _rational(value: Any) -> tuple[Callable[[Any], Any], ...]:
    """The rational methods that may find another form: where every letter stands once there is
    none, without a sum below a line nothing cancels that does not cancel term by term, and a sum in
    which a letter stands in one term only has no factors but common ones."""
    letters = [a for a in sp.preorder_traversal(value) if a.is_Symbol]
    if len(set(letters)) == len(letters):
        return ()
    if any(e.base.is_Add and e.exp.is_negative for e in value.atoms(sp.Pow)):
        return (_cancelled, _over_common, _collected, _factored, _met, _term_by_term)
    terms = sp.Add.make_args(sp.expand(value))
    uses: dict[Any, list[Any]] = {}
    for term in terms:
        for base, exponent in term.as_powers_dict().items():
            uses.setdefault(base, []).append(exponent)
    if any(len(own) == 1 and own[0] ** 2 == 1 and b.is_Symbol for b, own in uses.items()):
        divided = any(exponent < 0 for own in uses.values() for exponent in own)
        return (_cancelled, _over_common, _collected) if divided else (_over_common, _collected)
    return (_cancelled, _over_common, _collected, _factored)


def _as_is(formula: Any) -> Any:
    return formula


def _in_front(formula: Any) -> Any:
    """Common factors in front, brackets left as they are."""
    return oriented(sp.factor_terms(formula))


def _cancelled(formula: Any) -> Any:
    return oriented(sp.factor_terms(sp.cancel(formula)))


def _over_common(formula: Any) -> Any:
    """Common factors and denominators in front, the terms as they are."""
    if not formula.is_Add and not (formula.is_Mul and any(a.is_Add for a in formula.args)):
        return None
    expanded, below = _expanded(formula)
    if len(sp.Add.make_args(expanded)) > MAX_TERMS:
        return None
    return oriented(sp.factor_terms(expanded).xreplace(below))


def _expanded(formula: Any) -> tuple[Any, dict[Any, Any]]:
    """Multiplied out above the line; what stands below it stays closed, as a letter."""
    sums = [e for e in formula.atoms(sp.Pow) if e.base.is_Add and e.exp.is_negative]
    letters = {e: sp.Dummy(real=True) for e in sums}
    expanded = sp.expand(formula.xreplace(letters))
    return expanded, {letter: e for e, letter in letters.items()}


def _met(formula: Any) -> Any:
    """Quotients met by the terms in the letters of their denominator only: y L + 1 - x/(x + y) has
    a y/(x + y) in it."""
    below = [b for e in formula.atoms(sp.Pow) for b in (e.base,) if b.is_Add and e.exp.is_negative]
    if not formula.is_Add or len(set(below)) != 1:
        return None
    letters = below[0].free_symbols
    own, others = sp.sift(formula.args, lambda t: t.free_symbols <= letters, binary=True)
    if len(own) < 2 or not others:
        return None
    return oriented(sp.factor_terms(sp.cancel(sp.Add(*own))) + sp.Add(*others))


def _term_by_term(formula: Any) -> Any:
    if not formula.is_Add:
        return None
    return oriented(sp.Add(*(sp.factor_terms(sp.cancel(term)) for term in formula.args)))


def _collected(formula: Any) -> Any:
    """Sums gathered by the factor that most terms share."""
    expanded, below = _expanded(formula)
    terms = sp.Add.make_args(expanded)
    if not 2 < len(terms) <= MAX_TERMS:
        return None
    return oriented(gathered(list(terms)).xreplace(below))


def gathered(terms: list[Any]) -> Any:
    """Greedy: take out the power that occurs in most terms, and go on inside and outside."""
    if len(terms) < 2:
        return sp.Add(*terms)
    uses: dict[Any, int] = {}
    for term in terms:
        for base, exponent in term.as_powers_dict().items():
            if base.is_number:
                continue
            step = 1 if exponent > 0 else -1
            uses[base**step] = uses.get(base**step, 0) + 1
    if not uses:
        return sp.Add(*terms)
    best = max(uses, key=lambda b: (uses[b], sp.default_sort_key(b)))
    if uses[best] < 2:
        return sp.factor_terms(sp.Add(*terms))
    base, exponent = best.as_base_exp()
    inside: list[Any] = []
    outside: list[Any] = []
    for term in terms:
        own = term.as_powers_dict().get(base, 0)
        (inside if own * exponent > 0 else outside).append(term)
    bracket = gathered([t / best for t in inside])
    if len(inside) >= FEWEST_OF_PRODUCT:
        bracket = _product(sp.Add(*(t / best for t in inside))) or bracket
    return best * bracket + (gathered(outside) if outside else 0)


def _product(bracket: Any) -> Any:
    """A sum that is a product of sums, as such."""
    if len(bracket.free_symbols) > MAX_FOR_FACTOR:
        return None
    found = _conjugates_closed(sp.factor(bracket))
    return found if sum(1 for a in sp.Mul.make_args(found) if a.is_Add) > 1 else None


def _conjugates_closed(product: Any) -> Any:
    """A difference of two squares as such: 1 - A^2 rather than (1 - A)(1 + A)."""
    factors = list(sp.Mul.make_args(product))
    for a, b in itertools.combinations([f.as_base_exp() for f in factors], 2):
        if a[1] == b[1] and len(a[0].args) == len(b[0].args) == 2 and a[0].is_Add and b[0].is_Add:
            both = sp.expand(a[0] * b[0])
            if len(sp.Add.make_args(both)) == 2:
                rest = [f for f in factors if f.as_base_exp() not in (a, b)]
                return _conjugates_closed(sp.Mul(*rest, both ** a[1]))
    return product


def _factored(formula: Any) -> Any:
    if len(formula.free_symbols) > MAX_FOR_FACTOR:
        return None
    return oriented(_conjugates_closed(sp.factor(formula)))


def oriented(formula: Any) -> Any:
    """Brackets turned the way people write them, from the inside out: 1 - A rather than A - 1, and
    a sign left over goes in front or into a bracket that may stand either way (P - Y)."""
    if formula.is_Add:
        return sp.Add(*map(oriented, formula.args))
    if not formula.is_Mul:
        base, exponent = formula.as_base_exp()
        return _turned(oriented(base), exponent) if base.is_Add and exponent.is_Integer else formula
    sign, factors = sp.Integer(1), []
    for factor in formula.args:
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Integer:
            base = oriented(base)
            if exponent % 2 and base.is_Add and _lean(base) < 0:
                sign, base = -sign, sp.Add(*(-a for a in base.args))
            factor = _turned(base, exponent)
        factors.append(factor)
    coefficient, rest = sp.Mul(*factors).as_coeff_Mul()
    if sign * coefficient < 0:
        for factor in sp.Mul.make_args(rest):
            base, exponent = factor.as_base_exp()
            if base.is_Add and exponent.is_Integer and exponent % 2 and _lean(base) == 0:
                turned = sp.Add(*(-a for a in base.args)) ** exponent
                others = (a for a in sp.Mul.make_args(rest) if a is not factor)
                return sp.Mul(-sign * coefficient, turned, *others)
    return sp.Mul(sign * coefficient, rest)


def _turned(bracket: Any, exponent: Any) -> Any:
    """An even power of a bracket, which may stand either way."""
    if exponent % 2 == 0 and bracket.is_Add and _lean(bracket) < 0:
        bracket = sp.Add(*(-a for a in bracket.args))
    return bracket**exponent


def _lean(bracket: Any) -> int:
    """Positive when a bracket reads well as it stands, negative when it wants turning, 0 for
    either."""
    number = bracket.as_coeff_Add()[0]
    if number != 0:
        return 1 if number > 0 else -1
    return sum(-1 if a.could_extract_minus_sign() else 1 for a in bracket.args)
