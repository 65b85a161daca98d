"""Shorter scalar formulas for an entrywise region, by rational methods only and under a budget.

Activations stay atoms first. Exponentials are one atom for each argument up to sign, so that
``e^-z/(1 + e^-z)^2`` is a rational function in which the sigmoid and the hyperbolic tangent are
recognised; a square root is an atom whose square is known. Activations are opened only where that
may help.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy as sp

from matcalc.expr import is_long
from matcalc.rewrite.forms import forms, is_small
from matcalc.rewrite.kinks import at_kinks, chosen
from matcalc.rewrite.region import Key

MAX_ROWS = 60
MAX_SYMBOLS = 12
SIMPLE = 100  # the largest number in the ratio of decimals of one kind


@lru_cache(maxsize=1024)
def atom(k: int) -> sp.Symbol:
    return sp.Symbol(f"a{k:02d}", real=True)


@dataclass(frozen=True)
class Formula:
    """A formula, and the function applications that are symbols in it."""

    value: Any
    applied: tuple[tuple[Any, str, tuple[Any, ...]], ...]
    decimals: tuple[tuple[Any, Any], ...] = ()


@dataclass
class Reading:
    """A region as a scalar formula; every application of a function is one symbol."""

    applied: dict[tuple[str, tuple[Any, ...]], sp.Symbol] = field(default_factory=dict)
    squares: dict[sp.Symbol, Any] = field(default_factory=dict)  # square roots and what they are of
    decimals: dict[sp.Symbol, Any] = field(default_factory=dict)

    def formula(self, key: Key) -> Any:
        values: list[Any] = []
        decimals = [row[1] for row in key if row[0] == "n" and _is_decimal(*row[1:])]
        for value in _smallest_of_their_kind(sorted(decimals, key=_places)):
            self.number(value, True)
        for row in key:
            if row[0] == "n":
                values.append(self.number(row[1], _is_decimal(*row[1:])))
            elif row[0] == "a":
                values.append(atom(row[1]))
            else:
                values.append(self.operation(row[0], [values[p] for p in row[1:]]))
        return values[-1]

    def number(self, value: Any, decimal: bool) -> Any:
        """A decimal is a letter, so that it stays as it was typed; what is a simple multiple of it,
        or of a product of two, is written so."""
        if not decimal:
            return value
        letters = [*self.decimals, *itertools.combinations_with_replacement(self.decimals, 2)]
        for letter in letters:
            own = letter if isinstance(letter, tuple) else (letter,)
            product = sp.prod(self.decimals[part] for part in own)
            if _is_simple(value, product):
                return value / product * sp.prod(own)
        letter = sp.Symbol(f"d{len(self.decimals):02d}", positive=True)
        self.decimals[letter] = abs(value)
        return sp.sign(value) * letter

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
        applied = tuple((s, fn, inputs) for (fn, inputs), s in self.applied.items())
        return Formula(value, applied, tuple(self.decimals.items()))


def _is_decimal(value: Any, typed: bool) -> bool:
    """0.5 is a half, but 1.702 is not 851/500."""
    return bool(value.is_Rational) and (is_long(value) or (typed and value.q % 5 == 0))


def _smallest_of_their_kind(values: Sequence[Any]) -> list[Any]:
    """Of decimals that are simple multiples of each other the smallest."""
    kinds: list[list[Any]] = []
    for value in values:
        kind = next((k for k in kinds if _is_simple(value, k[0])), None)
        if kind is None:
            kinds.append([value])
        else:
            kind.append(value)
    return [min(kind, key=abs) for kind in kinds]


def _is_simple(value: Any, own: Any) -> bool:
    """Whether one decimal was made of the other: 0.134145 of 0.044715, but not 0.9 of 0.1."""
    ratio = value / own
    made = min(abs(own.p), own.q) > SIMPLE or is_long(own)
    return bool(ratio == 1 or (made and max(abs(ratio.p), ratio.q) <= SIMPLE))


def _places(value: Any) -> tuple[int, int]:
    return int(value.q), int(abs(value.p))


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
        if count and not is_small(start):
            continue
        for form in (*forms(start), *_in_brackets(start)):
            form = _usual(reading, form)
            if form not in found and not form.has(sp.zoo, sp.nan, sp.oo):
                found.append(form)
    return tuple(reading.done(f) for f in found)


def _in_brackets(value: Any) -> Iterator[Any]:
    """The forms in a letter for a bracket, where its letters stand nowhere else: with u = x - y,
    $1 - 2u^2/(1 + u^2) = (1 - u^2)/(1 + u^2)$."""
    for bracket in value.atoms(sp.Add):
        own = bracket.free_symbols
        if len(own) < len(bracket.args) or not all(
            a.is_Symbol or (-a).is_Symbol for a in bracket.args
        ):
            continue
        letter = sp.Dummy(real=True)
        other = value.xreplace({bracket: letter, -bracket: -letter})
        if other.count(letter) > 1 and own.isdisjoint(other.free_symbols):
            yield from (form.xreplace({letter: bracket}) for form in forms(other))


# -- where to start from
# ------------------------------------------------------------------------------


def _starts(r: Reading, value: Any) -> Iterator[Any]:
    """The formula as it is, with roots squared, with activations recognised, with activations
    opened."""
    if not is_small(value):
        yield at_kinks(r, value)
        return
    value = _one_base(r, at_kinks(r, _roots(r, value)))
    yield value
    yield from chosen(r, value)
    for recognise in (_sigmoids, _tanhs, _ratios, _upside_down):
        if r.calls("exp"):
            other = recognise(r, value)
            if other is not None:
                yield other
    opened = _opened(r, value)
    if opened is not value and is_small(opened):
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


def _upside_down(r: Reading, value: Any) -> Any:
    r"""$e^u/(e^u - 1) = 1/(1 - e^{-u})$: in $e^{-u}$ where $e^u$ stands in a bracket below the line."""
    below = [e.base for e in value.atoms(sp.Pow) if e.base.is_Add and e.exp.is_negative]
    swaps = {e: 1 / r.symbol("exp", -u) for u, e in r.calls("exp") if any(b.has(e) for b in below)}
    return sp.cancel(value.xreplace(swaps)) if swaps else None


def _tanhs(r: Reading, value: Any) -> Any:
    r"""With $e^{2u} = (1 + t)/(1 - t)$ for $t = \tanh u$; only even powers of $e^u$ may occur."""
    for u, e in r.calls("exp"):
        if _added(value, e):
            square = sp.Dummy(real=True)
            together = sp.cancel(value)
            top, bottom = sp.fraction(together)
            degrees = {m[0] % 2 for part in (top, bottom) for m in sp.Poly(part, e).monoms()}
            if len(set(degrees)) > 1:
                if not (u.as_coeff_Mul()[0] / 2).is_Integer:
                    return None  # nobody writes tanh(u/2) who did not have it
                t = r.apply("tanh", u / 2)
                return together.xreplace({e: (1 + t) / (1 - t)})
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
    "sigmoid": lambda r, u: 1 / (1 + r.apply("exp", -u)),
    "logsigmoid": lambda r, u: -r.apply("softplus", -u),
    "log": lambda r, u: _number_out_of_log(r, u),
}


def _number_out_of_log(r: Reading, u: Any) -> Any:
    """log(cu) = log u + log c for a positive number c: the logarithm of c may cancel."""
    number, rest = u.primitive()
    if number in (1, 0) or not rest.free_symbols:
        return r.symbol("log", u)
    return r.apply("log", rest) + r.apply("log", number)


CIRCULAR = {"tan", "cosh", "sinh"}


def _shared(r: Reading, value: Any, own: sp.Symbol) -> bool:
    """Whether another function is applied to the same argument, up to a number."""

    def arguments(symbols: Iterable[sp.Symbol]) -> set[Any]:
        applied = ((inputs[0], s) for (_, inputs), s in r.applied.items() if s in symbols)
        return {u.as_coeff_Mul()[1] for u, _ in applied}

    return not arguments({own}).isdisjoint(arguments(value.free_symbols - {own}))


def _opens(r: Reading, value: Any, name: str, own: sp.Symbol) -> bool:
    """Whether writing a function in simpler ones may help."""
    if name in CIRCULAR:
        return _shared(r, value, own)
    if name == "sigmoid":
        # 1/s(u) - 1 = e^-u; above the line it stays what it is.
        return any(e.base == own and e.exp.is_negative for e in value.atoms(sp.Pow))
    return name in OPENED and bool(value.has(own))


def _opened(r: Reading, value: Any) -> Any:
    """The activations written in simpler functions."""
    swaps = {
        s: OPENED[name](r, inputs[0])
        for (name, inputs), s in list(r.applied.items())
        if _opens(r, value, name, s)
    }
    return value.xreplace(swaps) if swaps else value


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
