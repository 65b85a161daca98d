"""Shorter scalar formulas for an entrywise region, by rational methods only and under a budget.

Activations stay atoms first. Exponentials are one atom for each argument up to sign, so that
``e^-z/(1 + e^-z)^2`` is a rational function in which the sigmoid and the hyperbolic tangent are
recognised; a square root is an atom whose square is known. Activations are opened only where that
may help.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy as sp

from matcalc.rewrite.kinks import at_kinks
from matcalc.rewrite.region import Key

MAX_ROWS = 60
MAX_SYMBOLS = 12
MAX_FOR_FACTOR = 7
MAX_TERMS = 40  # of an expanded sum
MAX_OPERATIONS = 30  # beyond, a formula is only put in front and not multiplied out
MAX_POWER = 12  # a higher degree makes the rational methods explode


@lru_cache(maxsize=1024)
def atom(k: int) -> sp.Symbol:
    return sp.Symbol(f"a{k:02d}", real=True)


@dataclass(frozen=True)
class Formula:
    """A formula, and the function applications that are symbols in it."""

    value: Any
    applied: tuple[tuple[Any, str, tuple[Any, ...]], ...]


@dataclass
class Reading:
    """A region as a scalar formula; every application of a function is one symbol."""

    applied: dict[tuple[str, tuple[Any, ...]], sp.Symbol] = field(default_factory=dict)
    squares: dict[sp.Symbol, Any] = field(default_factory=dict)  # square roots and what they are of

    def formula(self, key: Key) -> Any:
        values: list[Any] = []
        for row in key:
            if row[0] == "n":
                values.append(row[1])
            elif row[0] == "a":
                values.append(atom(row[1]))
            else:
                values.append(self.operation(row[0], [values[p] for p in row[1:]]))
        return values[-1]

    def operation(self, name: str, inputs: list[Any]) -> Any:
        if name == "plus":
            return sp.Add(*inputs)
        if name in ("hadamard", "times"):
            return sp.Mul(*inputs)
        if name == "pow" and inputs[1].is_Integer:
            return inputs[0] ** inputs[1]
        return self.apply(name, *inputs)

    def apply(self, name: str, *inputs: Any) -> Any:
        u = inputs[0]
        if len(inputs) == 1 and u.could_extract_minus_sign():
            turned = _odd_even(self, name, -u)
            if turned is not None:
                return turned
        if name == "square":
            return u**2
        if name == "sqrt":
            root = self.symbol(name, u)
            self.squares[root] = u
            return root
        return self.symbol(name, *inputs)

    def symbol(self, name: str, *inputs: Any) -> sp.Symbol:
        call = (name, tuple(inputs))
        if call not in self.applied:
            self.applied[call] = sp.Symbol(f"f{len(self.applied):02d}", real=True)
        return self.applied[call]

    def calls(self, name: str) -> list[tuple[Any, sp.Symbol]]:
        """The arguments to which a function of one operand is applied, with the symbols."""
        return [(inputs[0], s) for (fn, inputs), s in list(self.applied.items()) if fn == name]

    def done(self, value: Any) -> Formula:
        return Formula(value, tuple((s, fn, inputs) for (fn, inputs), s in self.applied.items()))


ODD = {"tanh", "sin", "tan", "sinh", "asin", "atan", "erf", "sign", "softsign"}
EVEN = {"cos", "cosh", "abs"}


def _odd_even(r: Reading, name: str, u: Any) -> Any:
    """f(-u) in terms of f(u)."""
    if name in ODD:
        return -r.apply(name, u)
    if name in EVEN:
        return r.apply(name, u)
    if name == "exp":
        return 1 / r.apply(name, u)
    if name == "sigmoid":
        return 1 - r.apply(name, u)
    return None


@lru_cache(maxsize=20000)
def candidates(key: Key) -> tuple[Formula, ...]:
    """Formulas for a region, the one as read first."""
    if len(key) > MAX_ROWS:
        return ()
    reading = Reading()
    value = reading.formula(key)
    symbols = value.free_symbols
    if len(symbols) > MAX_SYMBOLS or not symbols:
        return (reading.done(value),) if not symbols else ()
    found: list[Any] = []
    for count, start in enumerate(_starts(reading, value)):
        if count and not _is_small(start):
            continue
        for form in _forms(start):
            form = _usual(reading, form)
            if form not in found and not form.has(sp.zoo, sp.nan, sp.oo):
                found.append(form)
    return tuple(reading.done(f) for f in found)


# -- where to start from
# ------------------------------------------------------------------------------


def _starts(r: Reading, value: Any) -> Iterator[Any]:
    """The formula as it is, with roots squared, with activations recognised, with activations
    opened."""
    if not _is_small(value):
        yield at_kinks(r, value)
        return
    value = _one_base(r, at_kinks(r, _roots(r, value)))
    yield value
    for recognise in (_sigmoids, _tanhs, _ratios):
        if r.calls("exp"):
            other = recognise(r, value)
            if other is not None:
                yield other
    opened = _opened(r, value)
    if opened is not value and _is_small(opened):
        yield opened
        for recognise in (_sigmoids, _tanhs, _ratios):
            if r.calls("exp"):
                other = recognise(r, opened)
                if other is not None:
                    yield other


def _roots(r: Reading, value: Any) -> Any:
    r"""$\sqrt u^2 = u$: where u, or a multiple of it, stands beside its root, it is the root
    squared."""
    for root, inside in r.squares.items():
        if not value.has(root):
            continue
        if inside.is_Symbol and value.has(inside):
            value = (
                sp.expand_mul(value.subs(inside, root**2))
                if value.is_Add
                else value.subs(inside, root**2)
            )
        if inside.is_Add:
            for other in value.atoms(sp.Add):
                times = sp.cancel(other / inside)
                if not times.atoms(sp.Add) and not times.has(root):
                    value = value.xreplace({other: times * root**2})
    return value


def _one_base(r: Reading, value: Any) -> Any:
    r"""$e^{2u}$ and $e^{3u}$ as powers of $e^u$."""
    multiples: dict[Any, list[tuple[Any, Any]]] = {}
    for u, e in r.calls("exp"):
        coefficient, rest = u.as_coeff_Mul()
        if coefficient.is_Rational and value.has(e):
            multiples.setdefault(rest, []).append((coefficient, e))
    swaps = {}
    for rest, own in multiples.items():
        if len(own) > 1:
            shared = sp.gcd_list([coefficient for coefficient, _ in own])
            base = r.apply("exp", shared * rest)
            swaps.update({e: base ** (coefficient / shared) for coefficient, e in own})
    return value.xreplace(swaps) if swaps else value


def _unroot(r: Reading, value: Any) -> Any:
    """Even powers of a root are powers of what is below it."""
    for root, inside in r.squares.items():
        if value.has(root):
            value = value.replace(
                lambda e, root=root: (
                    e.is_Pow and e.base == root and e.exp.is_Integer and abs(e.exp) > 1
                ),
                lambda e, root=root, inside=inside: (
                    inside ** _half(e.exp) * root ** (e.exp - 2 * _half(e.exp))
                ),
            )
    return value


def _half(k: Any) -> Any:
    """k/2 towards zero, so that what is left of the root keeps its side of the line."""
    return sp.Integer(int(k) // 2 if k > 0 else -(-int(k) // 2))


def _sigmoids(r: Reading, value: Any) -> Any:
    r"""With $e^{-u} = (1 - s)/s$ for $s = \sigma(u)$, where $1 + e^u$ or the like occurs."""
    swaps = {}
    for u, e in r.calls("exp"):
        if _added(value, e, odd=True):
            s = r.apply("sigmoid", u)
            swaps[e] = s / (1 - s)
    return value.xreplace(swaps) if swaps else None


def _added(value: Any, e: Any, odd: bool = False) -> bool:
    """Whether two terms of a sum differ by a power of ``e`` only, as in 1 + e; by an odd one, if
    that is wanted."""
    for bracket in value.atoms(sp.Add):
        if bracket.has(e) and len(bracket.args) <= MAX_SYMBOLS:
            for a, b in itertools.combinations(bracket.args, 2):
                ratio = a / b
                power = ratio.as_powers_dict().get(e, 0)
                if power and ratio.free_symbols == {e} and (power % 2 or not odd):
                    return True
    return False


def _ratios(r: Reading, value: Any) -> Any:
    r"""With $e^u/(e^u + e^v) = \sigma(u - v)$: two exponentials of which only the quotient
    occurs."""
    calls = [(u, e) for u, e in r.calls("exp") if value.has(e)]
    if len(calls) != 2:
        return None
    (u, first), (v, second) = calls
    s = r.apply("sigmoid", u - v)
    found = sp.cancel(value.subs(first, second * s / (1 - s)))
    return None if found.has(second) else found


def _tanhs(r: Reading, value: Any) -> Any:
    r"""With $e^{2u} = (1 + t)/(1 - t)$ for $t = \tanh u$; only even powers of $e^u$ may occur."""
    for u, e in r.calls("exp"):
        if _added(value, e):
            square = sp.Dummy(real=True)
            together = sp.cancel(value)
            top, bottom = sp.fraction(together)
            degrees = {m[0] % 2 for part in (top, bottom) for m in sp.Poly(part, e).monoms()}
            if len(set(degrees)) > 1:
                half = sp.cancel(together)
                t = r.apply("tanh", u / 2)
                return half.xreplace({e: (1 + t) / (1 - t)})
            if 1 in degrees:
                top, bottom = sp.expand(top / e), sp.expand(bottom / e)
            t = r.apply("tanh", u)
            halved = (top / bottom).replace(
                lambda x, e=e: x.is_Pow and x.base == e and x.exp.is_Integer,
                lambda x, square=square: square ** (x.exp / 2),
            )
            if halved.has(e):
                return None
            return halved.subs(square, (1 + t) / (1 - t))
    return None


OPENED: dict[str, Callable[[Reading, Any], Any]] = {
    "silu": lambda r, u: u * r.apply("sigmoid", u),
    "expm1": lambda r, u: r.apply("exp", u) - 1,
    "tan": lambda r, u: r.apply("sin", u) / r.apply("cos", u),
    "cosh": lambda r, u: (r.apply("exp", u) + 1 / r.apply("exp", u)) / 2,
    "sinh": lambda r, u: (r.apply("exp", u) - 1 / r.apply("exp", u)) / 2,
    "logsigmoid": lambda r, u: -r.apply("softplus", -u),
}


CIRCULAR = {"tan", "cosh", "sinh"}


def _shared(r: Reading, value: Any, own: sp.Symbol) -> bool:
    """Whether another function is applied to the same argument, up to a number."""

    def arguments(symbols: Iterable[sp.Symbol]) -> set[Any]:
        applied = ((inputs[0], s) for (_, inputs), s in r.applied.items() if s in symbols)
        return {u.as_coeff_Mul()[1] for u, _ in applied}

    return not arguments({own}).isdisjoint(arguments(value.free_symbols - {own}))


def _opened(r: Reading, value: Any) -> Any:
    """The activations written in simpler functions."""
    swaps = {}
    for (name, inputs), s in list(r.applied.items()):
        if name in OPENED and value.has(s) and (name not in CIRCULAR or _shared(r, value, s)):
            swaps[s] = OPENED[name](r, inputs[0])
    return value.xreplace(swaps) if swaps else value


# -- what to make of it
# ----------------------------------------------------------------------------------


def _is_small(value: Any) -> bool:
    """Whether the rational methods may multiply it out: measured, they take time beyond this."""
    powers = (e.exp for e in value.atoms(sp.Pow) if e.exp.is_Integer)
    return value.count_ops() <= MAX_OPERATIONS and max(map(abs, powers), default=1) <= MAX_POWER


def _forms(value: Any) -> Iterator[Any]:
    if value.count_ops() > 3 * MAX_OPERATIONS:
        yield value
        return
    parts = _parts(value)
    ways = [{m: m for m in (_as_is, oriented, _in_front)} for _ in parts]
    for own, part in zip(ways, parts, strict=True):
        if _is_small(part):
            own.update({m: m for m in _rational(part)})
    for method in dict.fromkeys(m for own in ways for m in own):
        found = [_attempt(own.get(method, _in_front), p) for own, p in zip(ways, parts, strict=True)]
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
    for factor in sp.Mul.make_args(value):
        letters, own = set(factor.free_symbols), [factor]
        apart = []
        for group in groups:
            if group[0].isdisjoint(letters):
                apart.append(group)
            else:
                letters |= group[0]
                own = group[1] + own
        groups = [*apart, (letters, own)]
    return [sp.Mul(*own) for _, own in groups]


def _rational(value: Any) -> tuple[Callable[[Any], Any], ...]:
    """The rational methods that may find another form: where every letter stands once there is
    none, without a sum below a line nothing cancels that does not cancel term by term, and a sum in
    which a letter stands in one term only has no factors but common ones."""
    letters = [a for a in sp.preorder_traversal(value) if a.is_Symbol]
    if len(set(letters)) == len(letters):
        return ()
    if any(e.base.is_Add and e.exp.is_negative for e in value.atoms(sp.Pow)):
        return (_cancelled, _over_common, _collected, _factored)
    terms = sp.Add.make_args(sp.expand(value))
    uses: dict[Any, list[Any]] = {}
    for term in terms:
        for base, exponent in term.as_powers_dict().items():
            uses.setdefault(base, []).append(exponent)
    if any(len(own) == 1 and own[0] ** 2 == 1 and b.is_Symbol for b, own in uses.items()):
        return (_over_common, _collected)
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
    return best * gathered([t / best for t in inside]) + (gathered(outside) if outside else 0)


def _factored(formula: Any) -> Any:
    if len(formula.free_symbols) > MAX_FOR_FACTOR:
        return None
    return oriented(sp.factor(formula))


def _usual(r: Reading, formula: Any) -> Any:
    """Roots closed again, and 1 - s(u) as s(-u) where s(u) itself does not occur."""
    formula = _unroot(r, formula)
    for u, s in r.calls("sigmoid"):
        if not formula.has(s):
            continue
        q = sp.Dummy(real=True)
        other = formula.replace(lambda e, s=s: e == 1 - s, lambda e, q=q: q)
        other = other.replace(lambda e, s=s: e == s - 1, lambda e, q=q: -q)
        if not other.has(s) and other.has(q):
            formula = other.xreplace({q: r.symbol("sigmoid", -u)})
    return formula


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
