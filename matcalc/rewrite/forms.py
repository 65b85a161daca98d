"""Other forms of a scalar formula: cancelled, over a common denominator, collected, factored.

Rational methods only, each under a budget, and every bracket turned the way people write it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import sympy as sp

MAX_FOR_FACTOR = 7
MAX_TERMS = 40  # of an expanded sum
FEWEST_OF_PRODUCT = 4  # terms of a product of sums
MOST_TRIED = 4  # common factors, or brackets, in one sum
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
    always = (_as_is, oriented, _in_front, _each_bracket, _under_bracket)
    ways = [(*always, *(_rational(p) if is_small(p) else ())) for p in parts]
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


def _each_bracket(formula: Any) -> Any:
    """The brackets of a product each gathered by themselves."""
    if not formula.is_Mul:
        return None
    factors = [
        gathered(list(f.args)) if f.is_Add and 2 < len(f.args) <= MAX_TERMS else f
        for f in formula.args
    ]
    found = sp.Mul(*factors)
    return None if found == formula else oriented(found)


def _under_bracket(formula: Any) -> Any:
    """The terms that make up a bracket which others have as a factor, under it:
    u(1 - v) + 1 - v = (u + 1)(1 - v)."""
    brackets = {
        base: None
        for term in sp.Add.make_args(formula)
        for base, exponent in term.as_powers_dict().items()
        if base.is_Add and exponent.is_Integer and exponent > 0
    }
    ways = [found for b in list(brackets)[:MOST_TRIED] if (found := _taken_under(b, formula))]
    return oriented(min(ways, key=_length)) if ways else None


def _taken_under(bracket: Any, formula: Any) -> Any:
    terms = sp.Add.make_args(formula)
    inside, outside = sp.sift(
        terms, lambda term: bool(term.as_powers_dict().get(bracket, 0) > 0), binary=True
    )
    letters = sorted(bracket.free_symbols, key=sp.default_sort_key)
    if not inside or len(outside) < 2 or not all(t.is_polynomial(*letters) for t in outside):
        return None
    quotients, rest = sp.reduced(sp.expand(sp.Add(*outside)), [bracket], *letters)
    times = sp.Add(*quotients)  # there is no quotient where the terms outside cancel
    found = bracket * sp.Add(*(t / bracket for t in inside), times) + rest
    return found if (times != 0 or rest == 0) and _length(found) < _length(formula) else None


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


def gathered(terms: list[Any], tries: int = 1) -> Any:
    """Take out the power that occurs in most terms, and go on inside and outside; at first others
    that occur in several are tried, too."""
    if len(terms) < 2:
        return sp.Add(*terms)
    uses: dict[Any, int] = {}
    for term in terms:
        for base, exponent in term.as_powers_dict().items():
            if base.is_number:
                continue
            step = 1 if exponent > 0 else -1
            uses[base**step] = uses.get(base**step, 0) + 1
    several = sorted(
        (b for b, n in uses.items() if n > 1),
        key=lambda b: (uses[b], sp.default_sort_key(b)),
        reverse=True,
    )
    if not several:
        return sp.factor_terms(sp.Add(*terms)) if uses else sp.Add(*terms)
    found = [_taken_out(b, terms) for b in several[: MOST_TRIED if tries else 1]]
    return min(found, key=_length)


def _taken_out(power: Any, terms: list[Any]) -> Any:
    """The terms that have a power as a factor under it, the others outside."""
    base, exponent = power.as_base_exp()
    inside: list[Any] = []
    outside: list[Any] = []
    for term in terms:
        own = term.as_powers_dict().get(base, 0)
        (inside if own * exponent > 0 else outside).append(term)
    rest = [t / power for t in inside]
    bracket = _square(rest) or _product(sp.Add(*rest)) or gathered(rest, 0)
    return power * bracket + (gathered(outside, 0) if outside else 0)


def _length(formula: Any) -> int:
    """The letters and numbers to write."""
    return sum(1 for e in sp.preorder_traversal(formula) if e.is_Atom and e != -1)


@lru_cache(maxsize=4096)
def _product(bracket: Any) -> Any:
    """A sum that is a product of sums, as such."""
    if len(bracket.args) < FEWEST_OF_PRODUCT or len(bracket.free_symbols) > MAX_FOR_FACTOR:
        return None
    found = _conjugates_closed(sp.factor(bracket))
    return found if sum(1 for a in sp.Mul.make_args(found) if a.is_Add) > 1 else None


def _square(terms: Sequence[Any]) -> Any:
    """a^2 + 2ab + b^2 as the square of a + b, or its negative."""
    if len(terms) != FEWEST_OF_PRODUCT - 1:
        return None
    for sign, middle in itertools.product((1, -1), terms):
        a, b = (_root(sign * t) for t in terms if t is not middle)
        for other in (b, -b) if a is not None and b is not None else ():
            if sign * middle == 2 * a * other:
                return sign * (a + other) ** 2
    return None


def _root(term: Any) -> Any:
    """What a square is the square of, if that can be seen."""
    value, rest = term.as_coeff_Mul()
    root = sp.sqrt(value)
    powers = rest.as_powers_dict().items() if rest != 1 else ()
    if not root.is_Rational or not all(exponent.is_even for _, exponent in powers):
        return None
    return sp.Mul(root, *(base ** (exponent / 2) for base, exponent in powers))


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
    found = oriented(_conjugates_closed(sp.factor(formula)))
    gathered_too = _each_bracket(found)
    if gathered_too is None or _has_conjugates(gathered_too):
        return found
    return min(found, gathered_too, key=_length)


def _has_conjugates(formula: Any) -> bool:
    """Whether 1 + A stands beside 1 - A somewhere: a person has 1 - A^2 there."""
    pairs = [b.args for b in formula.atoms(sp.Add) if len(b.args) == 2]
    return any({a, b} in ({c, -d}, {-c, d}) for (a, b), (c, d) in itertools.combinations(pairs, 2))


def oriented(formula: Any) -> Any:
    """Brackets turned the way people write them, from the inside out: 1 - A rather than A - 1, and
    a sign left over goes in front or into a bracket that may stand either way (P - Y)."""
    if formula.is_Add:
        return sp.Add(*map(oriented, formula.args))
    if not formula.is_Mul:
        base, exponent = formula.as_base_exp()
        if not base.is_Add or not exponent.is_Integer:
            return formula
        base = oriented(base)
        if exponent % 2 and base.is_Add and _lean(base) < 0:
            return -(sp.Add(*(-a for a in base.args)) ** exponent)
        return _turned(base, exponent)
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
