"""Functions with kinks inside a region: indicators, rectifiers, absolute values and signs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sympy as sp

if TYPE_CHECKING:
    from matcalc.rewrite.formula import Reading


def at_kinks(r: Reading, value: Any) -> Any:
    r"""$\mathbf 1[u > 0]\,u^+ = u^+$, $\mathbf 1[u > 0]^2 = \mathbf 1[u > 0]$, the same of
    $1 - \mathbf 1[-u > 0]$, and $|u|^2 = u^2$, $|u|\operatorname{sign}(u) = u$, $\operatorname{sign}(u)/|u| = 1/u$,
    $u\operatorname{sign}(u) = |u|$."""
    rectified = _rectified(r)
    for u, s in r.calls("step"):
        value = _idempotent(_idempotent(value, s), 1 - s)
        for v, plus in rectified:
            if sp.expand(u - v) == 0:
                value = _absorbed(value, s, plus)
            elif sp.expand(u + v) == 0:
                value = _absorbed(value, 1 - s, plus)
    for u, a in r.calls("abs"):
        value = value.replace(
            lambda e, a=a: e.is_Pow and e.base == a and e.exp.is_Integer and e.exp % 2 == 0,
            lambda e, u=u: u**e.exp,
        )
        for v, sign in r.calls("sign"):
            if sp.expand(u - v) == 0:
                value = _signed(value, a, sign, u)
    for u, sign in r.calls("sign"):
        if value.has(sign) and (u.is_Symbol or u.is_Add):
            value = value.replace(
                lambda e, u=u, sign=sign: e.is_Mul and sign in e.args and u in e.args,
                lambda e, u=u, sign=sign: e / (sign * u) * r.apply("abs", u),
            )
    return value


def chosen(r: Reading, value: Any) -> Iterator[Any]:
    r"""$\mathbf 1[u > 0]\,f + (1 - \mathbf 1[u > 0])\,g$ as a choice between f and g."""
    for _, s in r.calls("step"):
        own, others = sp.sift(
            sp.Mul.make_args(sp.factor_terms(value)),
            lambda factor, s=s: bool(factor.has(s)),
            binary=True,
        )
        inside = sp.Mul(*own)
        ways = [inside.subs(s, which) for which in (1, 0)]
        if own and all(way != 0 and not way.has(sp.nan, sp.zoo, sp.oo) for way in ways):
            yield sp.Mul(*others, r.symbol("where", s, *ways))


def _signed(value: Any, a: Any, sign: Any, u: Any) -> Any:
    """A sign beside an odd power of the absolute value is swallowed by it."""

    def both(e: Any) -> bool:
        powers = e.as_powers_dict() if e.is_Mul else {}
        return powers.get(sign, 0) == 1 and bool(powers.get(a, sp.Integer(0)).is_odd)

    return value.replace(both, lambda e: (e / sign).xreplace({a: u}))


def _rectified(r: Reading) -> list[tuple[Any, Any]]:
    """What is cut off below zero, u and u^+: by relu, or as the larger of u and 0."""
    found = list(r.calls("relu"))
    for (name, inputs), s in r.applied.items():
        if name == "max" and len(inputs) == 2 and 0 in inputs:
            found.append((sp.Add(*inputs), s))
    return found


def _idempotent(value: Any, s: Any) -> Any:
    """A power of what is 0 or 1 is that."""
    return value.replace(
        lambda e: e.is_Pow and e.base == s and e.exp.is_Integer and e.exp > 0, lambda e: s
    )


def _absorbed(value: Any, s: Any, plus: Any) -> Any:
    """Where the indicator meets what is zero outside of it anyway, it goes."""

    def both(e: Any) -> bool:
        powers = e.as_powers_dict() if e.is_Mul else {}
        return powers.get(s, 0) > 0 and powers.get(plus, 0) > 0

    return value.replace(both, lambda e: sp.Mul(*(x for x in e.args if x != s)))
