"""Sums and quotients that cancel or overflow as written, in forms that do not.

e^x - 1, cosh x - 1 and 1 - cos x near 0, 1 - s(x), differences of roots, expanded squares, sinh and
tanh by exponentials, a sigmoid as e^x/(1 + e^x). Each law holds for all real numbers. Logarithms
have a room of their own, ``logs``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc.codegen.terms import Term, core

# number + number f(z), where the two numbers are opposite, as a multiple of g(z) to a power
NEAR_ZERO = {
    "exp": (1, "expm1", 1, 1),
    "cosh": (2, "sinh", 2, sp.Rational(1, 2)),
    "cos": (-2, "sin", 2, sp.Rational(1, 2)),
}
# What has a logarithm of its own that neither underflows nor overflows.
LOGGED = frozenset({"exp", "sigmoid", "softmax", "cosh"})


def near_zero(g: Any, kept: Sequence[Term]) -> Term | None:
    """c (e^z - 1), c (cosh z - 1) or c (1 - cos z), which would cancel."""
    if len(kept) != 2 or kept[0].op != "number":
        return None
    c, rest = g.coefficient(kept[1])
    rest = core(rest)
    if rest.op not in NEAR_ZERO or c != -kept[0].params[0]:
        return None
    times, name, power, part = NEAR_ZERO[rest.op]
    z = g.mul(g.number(part), rest.args[0])
    return g.mul(g.number(times * c), g.pow(g.fn(name, z), g.number(power)))


def hyperbolic(g: Any, kept: Sequence[Term]) -> list[Term]:
    """c e^z - c e^-z as 2 c sinh z, and c e^z + c e^-z as 2 c cosh z."""
    out = list(kept)
    found = [(t, *g.coefficient(t)) for t in kept]
    terms = {core(rest).args[0]: (t, c) for t, c, rest in found if core(rest).op == "exp"}
    for z, (t, c) in terms.items():
        other = terms.get(g.neg(z))
        if other is None or t not in out or other[0] not in out or abs(other[1]) != abs(c):
            continue
        name = "cosh" if other[1] == c else "sinh"
        out[out.index(t)] = g.mul(g.number(2 * c), g.fn(name, z))
        out.remove(other[0])
    return out


def complement(g: Any, kept: Sequence[Term]) -> Term | None:
    """c - c s(z) as c s(-z), c + c tanh z by a sigmoid, c s(z) - c/2 by a tanh."""
    if len(kept) != 2 or kept[0].op != "number":
        return None
    number = kept[0].params[0]
    c, f = g.coefficient(kept[1])  # a value that is there already is not computed in another way
    if f.op == "sigmoid" and number == -c:
        return g.mul(kept[0], g.fn("sigmoid", g.neg(f.args[0])))
    if f.op == "sigmoid" and number == -c / 2:
        half = g.number(sp.Rational(1, 2))
        return g.mul(g.number(c / 2), g.fn("tanh", g.mul(half, f.args[0])))
    if f.op == "tanh" and abs(number) == abs(c):
        z = g.mul(g.number(2 * c / number), f.args[0])
        return g.mul(g.number(2 * number), g.fn("sigmoid", z))
    return _rest_of_quotient(g, number, f) if number == -c else None


def _rest_of_quotient(g: Any, c: Any, f: Term) -> Term | None:
    """c - c a/(b + a) is c b/(b + a) for a number b."""
    below = [x for x in f.args if x.op == "pow" and g.value(x.args[1]) == -1]
    if f.op != "mul" or len(below) != 1 or core(below[0].args[0]).op != "add":
        return None
    above = g.mul(*(x for x in f.args if x is not below[0]))
    left = g.value(g.add(core(below[0].args[0]), g.neg(above)))
    return None if left is None else g.mul(g.number(c * left), below[0])


def differences(g: Any, kept: Sequence[Term]) -> list[Term]:
    """Two terms of a sum that nearly cancel, as one that does not."""
    out = list(kept)
    for t in kept:
        c, f = g.coefficient(t)
        law = DIFFERENCES.get(core(f).op)
        found = law(g, c, core(f), [k for k in out if k is not t]) if law and t in out else None
        if found is not None:
            made, used = found
            g.said["differences that would cancel, in forms that do not"] = None
            out = [made, *(k for k in out if k is not t and k not in used)]
    return out


Found = tuple[Term, list[Term]]


def _softplus(g: Any, c: Any, f: Term, others: Sequence[Term]) -> Found | None:
    """c softplus(z) - c z is c softplus(-z)."""
    z = f.args[0]
    taken = [g.mul(g.number(-c), a) for a in (z.args if z.op == "add" else (z,))]
    if not all(a in others for a in taken):
        return None
    return g.mul(g.number(c), g.fn("softplus", g.neg(z))), taken


def _log1p(g: Any, c: Any, f: Term, others: Sequence[Term]) -> Found | None:
    """c log(1 + z) - c log(1 - z) is 2 c artanh z."""
    other = g.mul(g.number(-c), g.make("log1p", (g.neg(f.args[0]),), (), f.shape))
    if other not in others:
        return None
    return g.mul(g.number(2 * c), g.fn("atanh", f.args[0])), [other]


def _roots(g: Any, c: Any, f: Term, others: Sequence[Term]) -> Found | None:
    """sqrt u - v as (u - v^2)/(sqrt u + v), where u - v^2 is simple and the sum is never 0."""
    u = core(f.args[0])
    for t in others:
        d, v = (t.params[0], g.number(1)) if t.op == "number" else g.coefficient(t)
        if t.op == "number":  # sqrt(k^2 + z) - k
            k = -d / c
            simple = k > 0 and u.op == "add" and g.value(u.args[0]) == k**2
            v = g.number(k)
        else:
            under = core(core(v).args[0]) if core(v).op == "sqrt" else g.pow(v, g.number(2))
            gap = g.value(g.add(u, g.neg(under))) if d == -c else None
            simple = gap is not None and gap != 0
        if not simple:
            continue
        square = under if t.op != "number" else g.number(k**2)
        above = g.mul(g.number(c), g.add(u, g.neg(square)))
        if g.nonnegative(v):
            return g.mul(above, g.pow(g.add(f, v), g.number(-1))), [t]
        total = g.add(f, g.fn("abs", v))
        return g.fn(
            "where",
            g.fn("step", v),
            g.mul(above, g.pow(total, g.number(-1))),
            g.mul(g.number(c), total),
        ), [t]
    return None


DIFFERENCES = {"softplus": _softplus, "log1p": _log1p, "sqrt": _roots}


def squares(g: Any, kept: Sequence[Term]) -> list[Term]:
    """c x^2 - 2 c x y + c y^2, entrywise, as c (x - y)^2."""
    found = [(t, *g.coefficient(t)) for t in kept]
    powers = [(t, c, f.args[0]) for t, c, f in found if f.op == "pow" and g.value(f.args[1]) == 2]
    for k, (first, c, x) in enumerate(powers):
        for second, d, y in powers[k + 1 :]:
            cross = g.mul(g.number(-2 * c), x, y)
            if c == d and cross in kept:
                gone = (first, second, cross)
                square = g.pow(g.add(x, g.neg(y)), g.number(2))
                return [g.mul(g.number(c), square), *(t for t in kept if t not in gone)]
    return list(kept)


def exponentials(g: Any, factors: Sequence[Term]) -> list[Term]:
    """e^x e^y as e^(x + y), where neither is there already."""
    found = [f for f in factors if f.op == "exp"]
    for f in found:
        same = [e for e in found if e.shape == f.shape]
        if len(same) > 1:
            made = g.fn("exp", g.add(*(e.args[0] for e in same)))
            rest = [x for x in factors if x not in same]
            return exponentials(g, [made, *rest])
    return [f for f in factors if f.op != "exp" or g.value(f.args[0]) != 0]


def quotient(g: Any, factors: list[Term]) -> tuple[Any, list[Term]]:
    """sinh z / cosh z as tanh z, and e^z / (1 + e^z) as a sigmoid; a number, and the factors."""
    for below in factors:
        e = g.value(below.args[1]) if below.op == "pow" else None
        if e not in (-1, -2):
            continue
        c, under = g.coefficient(core(below.args[0]))
        for above in factors:
            made = _quotient(g, core(above), core(under))
            if made is not None:
                rest = [f for f in factors if f is not above and f is not below]
                rest += [g.pow(below.args[0], g.number(-1))] if e == -2 else []
                return 1 / c, [*rest, made]
    return sp.Integer(1), factors


def _quotient(g: Any, above: Term, under: Term) -> Term | None:
    if above.op == "sinh" and under.op == "cosh" and above.args == under.args:
        return g.fn("tanh", *above.args)
    if under.op != "add" or len(under.args) != 2 or above.op not in ("exp", "expm1"):
        return None
    z = above.args[0]
    if g.value(under.args[0]) == 1:
        e = core(under.args[1])
        if e is above:
            return g.fn("sigmoid", z)
        same = above.op == "expm1" and e.op == "exp" and e.args[0] is z
        return g.fn("tanh", g.mul(g.number(sp.Rational(1, 2)), z)) if same else None
    inside = [core(a) for a in under.args]
    if above in inside and all(a.op == "exp" for a in inside):
        [other] = [a for a in inside if a is not above] or [above]
        return g.fn("sigmoid", g.add(z, g.neg(other.args[0])))
    return None


def underflows(g: Any, f: Term) -> bool:
    """Whether a term has a logarithm of its own that is finite where the term is 0 or inf."""
    f = core(f)
    f = core(f.args[0]) if f.op == "pow" else f
    if f.op in ("total", "rowsum", "colsum"):
        return core(f.args[0]).op == "exp"
    return f.op in LOGGED or complement_of(g, f) is not None


def complement_of(g: Any, t: Term) -> Term | None:
    """z of 1 - sigmoid(z)."""
    if t.op != "add" or len(t.args) != 2 or g.value(t.args[0]) != 1:
        return None
    c, rest = g.coefficient(t.args[1])
    return core(rest).args[0] if c == -1 and core(rest).op == "sigmoid" else None


def log_of_slope(g: Any, a: Term) -> Term | None:
    """log(1 - tanh^2 z) is -2 log cosh z."""
    if a.op != "add" or len(a.args) != 2 or g.value(a.args[0]) != 1:
        return None
    c, rest = g.coefficient(a.args[1])
    rest = core(rest)
    if c != -1 or rest.op != "pow" or g.value(rest.args[1]) != 2:
        return None
    inside = core(rest.args[0])
    return (
        g.mul(g.number(-2), g.fn("log", g.fn("cosh", *inside.args)))
        if inside.op == "tanh"
        else None
    )
