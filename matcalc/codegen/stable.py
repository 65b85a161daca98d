"""Sums, quotients and logarithms that cancel or overflow as written, in forms that do not.

e^x - 1, cosh x - 1 and 1 - cos x near 0, sinh and tanh by exponentials, a sigmoid as e^x/(1 + e^x),
logarithms of products and of means of exponentials. Each law holds for all real numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from matcalc.codegen.terms import Term, core

Log = Callable[[Term], Term]
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


def quotient(g: Any, factors: list[Term]) -> tuple[Any, list[Term]]:
    """sinh z / cosh z as tanh z, and e^z / (1 + e^z) as a sigmoid; a number, and the factors."""
    for below in factors:
        if below.op != "pow" or g.value(below.args[1]) != -1:
            continue
        c, under = g.coefficient(core(below.args[0]))
        for above in factors:
            name = _quotient(g, core(above), core(under))
            if name is not None:
                rest = [f for f in factors if f is not above and f is not below]
                return 1 / c, [*rest, g.fn(name, core(above).args[0])]
    return sp.Integer(1), factors


def _quotient(g: Any, above: Term, under: Term) -> str | None:
    if above.op == "sinh" and under.op == "cosh" and above.args == under.args:
        return "tanh"
    whole = under.op == "add" and len(under.args) == 2 and g.value(under.args[0]) == 1
    return "sigmoid" if above.op == "exp" and whole and core(under.args[1]) is above else None


def log_of_product(g: Any, a: Term, log: Log) -> Term | None:
    """The logarithm of a product of what is positive, some of it so small that it underflows."""
    if a.op == "pow" and _underflows(g, a.args[0]) and not a.args[1].shape:
        return g.mul(a.args[1], log(core(a.args[0])))
    if a.op != "mul" or not all(map(g.positive, a.args)):
        return None
    small = [f for f in a.args if _underflows(g, f)]
    if not small:
        return None
    parts = [log(f) for f in small]
    rest = [f for f in a.args if f not in small]
    return g.add(*parts, log(g.mul(*rest))) if rest else g.add(*parts)


def _underflows(g: Any, f: Term) -> bool:
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
