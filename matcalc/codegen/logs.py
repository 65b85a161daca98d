"""Logarithms whose argument overflows, underflows or cancels, in forms that do not.

Of powers, products and quotients; of sums of exponentials with weights; of differences of
exponentials. Each law holds for all real numbers: where the textbook form is undefined, so is the
other one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from matcalc.codegen.stable import underflows
from matcalc.codegen.terms import Term, cols, core, is_column, is_full, is_row, normal, rows
from matcalc.shapes import ONE

Log = Callable[[Term], Term]
SUMS = {"rowsum": 1, "colsum": 0, "total": None}


def log_of(g: Any, a: Term, log: Log) -> Term | None:
    """The logarithm of a term, or None if the plain one will do."""
    found = _of_determinants(g, a, log) or _of_difference(g, a)
    if found is not None:
        return found
    if a.op == "pow":
        return _of_power(g, a, log)
    if a.op == "sqrt" and not _is_square(core(a.args[0])):
        return g.mul(g.number(sp.Rational(1, 2)), log(core(a.args[0])))
    if _is_square(a):
        return g.mul(g.number(2), log(g.fn("sqrt", a)))
    if a.op == "mul":
        return _of_product(g, a, log)
    if a.op == "slice" and core(a.args[0]).op == "softmax":
        return g.block(log(core(a.args[0])), *a.params)
    return _of_sum(g, a, log)


def _is_square(a: Term) -> bool:
    """x'x."""
    if a.op == "dot":
        return a.args[0] is a.args[1]
    if a.op != "prod" or a.shape or len(a.args) != 2:
        return False
    return a.args[0].op == "T" and a.args[0].args[0] is a.args[1]


# -- determinants ------------------------------------------------------------------------------------


def _of_determinants(g: Any, a: Term, log: Log) -> Term | None:
    """Sizes of determinants and of long products by sums of logarithms; their signs beside."""
    inside = core(a.args[0]) if a.op == "abs" else a
    factors = inside.args if inside.op == "mul" else (inside,)
    found = [(f, _size_and_sign(g, core(f))) for f in factors]
    if all(parts is None for _, parts in found):
        return None
    sizes = [parts[0] for _, parts in found if parts is not None]
    left = [f for f, parts in found if parts is None]
    if a.op == "abs":
        return g.add(*sizes, log(g.fn("abs", g.mul(*left)))) if left else g.add(*sizes)
    signs = g.mul(*(parts[1] for _, parts in found if parts is not None))
    if g.value(signs) == 1:
        return g.add(*sizes, log(g.mul(*left))) if left else g.add(*sizes)
    return g.add(*sizes, g.make("log", (g.mul(signs, *left),), (), ()))


def _size_and_sign(g: Any, f: Term) -> tuple[Term, Term] | None:
    """log |f| and the sign of f, for a determinant, a product of entries or a power of one."""
    if f.op == "det":
        size, sign = g.size_and_sign(*f.args)
        return size, sign
    if f.op == "product_of":
        [v] = f.args
        sign = g.make("product_of", (g.fn("sign", v),), (), ())
        return g.total(g.fn("log", g.fn("abs", v))), sign
    if f.op != "pow" or not g.is_known(f.args[1]):
        return None
    parts, e = _size_and_sign(g, core(f.args[0])), g.value(f.args[1])
    if parts is None or (e is not None and not e.is_Integer):
        return None
    even = e is not None and e.is_even
    return g.mul(f.args[1], parts[0]), g.number(1) if even else g.pow(parts[1], f.args[1])


# -- powers, products, quotients ---------------------------------------------------------------------


def _of_power(g: Any, a: Term, log: Log) -> Term | None:
    """e log x; of an even power, of the size of x."""
    x, e = core(a.args[0]), g.value(a.args[1])
    if e is None:
        small = underflows(g, x) and not a.args[1].shape
        return g.mul(a.args[1], log(x)) if small else None
    if not e.is_Rational:
        return None
    inside = x if not e.is_even or g.nonnegative(x) else g.fn("abs", x)
    return g.mul(g.number(e), log(inside))


def _of_product(g: Any, a: Term, log: Log) -> Term | None:
    """What is positive and may underflow apart; the product of the others with care."""
    twice = _of_odds(g, a)
    if twice is not None:
        return twice
    small = [f for f in a.args if underflows(g, f) and g.positive(f)]
    if small:
        rest = [f for f in a.args if f not in small]
        parts = [log(core(f)) for f in small]
        return g.add(*parts, log(g.mul(*rest))) if rest else g.add(*parts)
    known = [f for f in a.args if not f.shape and g.is_known(f)]
    unknown = [f for f in a.args if f not in known]
    if len(unknown) < 2 or not all(map(g.positive, known)):
        return None
    inverted = [f.args[0] for f in unknown if f.op == "pow" and g.value(f.args[1]) == -1]
    above = [f for f in unknown if not (f.op == "pow" and g.value(f.args[1]) == -1)]
    if not above:
        return g.neg(log(g.mul(*(g.pow(f, g.number(-1)) for f in a.args))))
    whole = g.make("log_product", (*above, *inverted), (len(above),), g.mul(*unknown).shape)
    return g.add(log(g.mul(*known)), whole) if known else whole


def _of_odds(g: Any, a: Term) -> Term | None:
    """log((1 + x)/(1 - x)) is 2 artanh x."""
    if len(a.args) != 2:
        return None
    for above, below in (a.args, a.args[::-1]):
        if below.op != "pow" or g.value(below.args[1]) != -1:
            continue
        under = core(below.args[0])
        parts = [core(above), under]
        if all(p.op == "add" and len(p.args) == 2 and g.value(p.args[0]) == 1 for p in parts):
            x, y = (p.args[1] for p in parts)
            if g.neg(y) is x:
                return g.mul(g.number(2), g.fn("atanh", x))
    return None


# -- sums of exponentials ----------------------------------------------------------------------------


def _of_sum(g: Any, a: Term, log: Log) -> Term | None:
    if a.op == "prod" and a.args[0].op == "ones" and len(a.args) == 2:
        return log(g.make("total", a.args[1:], (), ())) if core(a.args[1]).op == "exp" else None
    found = weighted(g, a)
    if found is None:
        return None
    w, z, axis = found
    if core(w).op == "exp" and w.shape == z.shape:
        return log(g.total(g.fn("exp", g.add(core(w).args[0], z))))
    top, e = moved(g, w, z, axis)
    return g.add(top, g.make("log", (_summed(g, g.mul(w, e), axis),), (), a.shape))


def _summed(g: Any, t: Term, axis: int) -> Term:
    return g.axis_sum(t, axis) if is_full(t) else g.total(t)


def moved(g: Any, w: Term, z: Term, axis: int) -> tuple[Term, Term]:
    """The largest z that counts, and e^(z - that), at most 1 where it does not count."""
    shape = normal(ONE, cols(z)) if axis == 0 else normal(rows(z), ONE)
    top = g.make("largest_of", (w, z), (axis,), shape)
    top = g.make("let", (top,), ("",), shape)
    return top, g.fn("exp", g.fn("min", g.add(z, g.neg(top)), g.number(0)))


def normed(g: Any, s: Term, factors: list[Term]) -> list[Term] | None:
    """w o e^z over the sum s of w o e^z, with the same z taken off above and below."""
    found = weighted(g, s)
    if found is None:
        return None
    w, z, axis = found
    weights = w.args if w.op == "mul" else (w,)
    above = next((f for f in factors if core(f).op == "exp" and core(f).args[0] is z), None)
    if above is None or not all(x in factors for x in weights):
        return None
    _, e = moved(g, w, z, axis)
    whole = g.mul(w, e)
    rest = [f for f in factors if f is not above and f not in weights]
    return [*rest, w, e, g.make("pow", (_summed(g, whole, axis), g.number(-1)), (), s.shape)]


def weighted(g: Any, a: Term) -> tuple[Term, Term, int] | None:
    """w, z and an axis where a term is a sum of w e^z; no weights, no such sum."""
    if a.op == "dot" or (a.op == "prod" and not a.shape and len(a.args) == 2):
        x, y = a.args
        x = g.T(x) if a.op == "prod" else x
        for w, e in ((x, y), (y, x)):
            if _is_exponential(g, e) and is_column(e) and w.op != "ones":
                return w, core(e).args[0], 0
        return None
    if a.op not in SUMS or core(a.args[0]).op != "mul":
        return None
    inside = core(a.args[0])
    whole = [f for f in inside.args if _is_exponential(g, f) and f.shape == inside.shape]
    axis = SUMS[a.op]
    if not whole or (axis is None and is_full(inside)):
        return None
    axis = (1 if is_row(inside) else 0) if axis is None else axis
    w = g.mul(*(f for f in inside.args if f is not whole[0]))
    return w, core(whole[0]).args[0], axis


def _is_exponential(g: Any, t: Term) -> bool:
    """e^z, the largest z not yet taken off."""
    if core(t).op != "exp":
        return False
    z = core(t).args[0]
    return not (z.op == "min" and core(z.args[1]).op == "number")


def _of_difference(g: Any, a: Term) -> Term | None:
    """log(e^x - 1) and its relatives: x and log(1 - e^-x); arsinh x."""
    c, rest = g.coefficient(a)
    if core(rest).op == "expm1" and abs(c) == 1:
        z = core(rest).args[0]
        return g.add(z, g.fn("log1mexp", z)) if c == 1 else g.fn("log1mexp", g.neg(z))
    if a.op != "add" or len(a.args) != 2:
        return None
    for x, y in (a.args, a.args[::-1]):
        d, second = g.coefficient(y)
        if core(x).op == "exp" and core(second).op == "exp" and d == -1:
            x, z = core(x).args[0], core(second).args[0]
            return g.add(x, g.fn("log1mexp", g.add(x, g.neg(z))))
        if core(y).op == "sqrt":
            under = core(core(y).args[0])
            one = g.add(under, g.neg(g.pow(x, g.number(2))))
            if g.value(one) == 1:
                return g.fn("asinh", x)
    return None
