r"""What stands behind or above a piece of a formula: transpose, inverse, power, entry, point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from matcalc.judging import brackets
from matcalc.judging import spelling as s
from matcalc.judging import values as v
from matcalc.judging.elementary import exp
from matcalc.judging.evaluate import each, evaluate
from matcalc.judging.scope import Scope
from matcalc.judging.values import Array, Misfit, OutOfRange, Unread, Value, distinct, merged, show
from matcalc.reading import tree as t
from matcalc.reading.writer import write

SINGULAR = 1e12  # condition beyond which an inverse is rounding alone
HIGHEST = 100  # powers beyond leave the numbers a computer has


def no_script(node: t.Postfix, scope: Scope) -> list[Value]:
    raise Unread(f"{write(node)} has no value here")


def _transpose(node: t.Postfix, scope: Scope) -> list[Value]:
    return [replace(p, array=np.swapaxes(p.array, -1, -2)) for p in evaluate(scope, node.base)]


def inverse(array: Array) -> Array:
    """The inverse; no value where a matrix is singular, up to rounding."""
    try:
        found = np.linalg.inv(array)
    except np.linalg.LinAlgError:
        return np.full_like(array, np.nan)
    size = np.linalg.norm(array.real, axis=(-2, -1)) * np.linalg.norm(found.real, axis=(-2, -1))
    return np.where((size < SINGULAR)[..., None, None], found, np.nan)


def _inverse(node: t.Postfix, scope: Scope) -> list[Value]:
    def invert(parts: list[Value]) -> Value:
        value = parts[0]
        if value.shape[0] != value.shape[1]:
            raise Misfit(f"the inverse of {show(value.shape)} does not exist")
        array = inverse(value.array)
        if node.kind == "inverse-transpose":
            array = np.swapaxes(array, -1, -2)
        return Value(array, value.tags)

    return each(scope, (node.base,), invert)


def _power(node: t.Postfix, scope: Scope) -> list[Value]:
    exponent = node.arguments[0]
    base = node.base
    if (
        isinstance(base, t.Symbol)
        and s.bare(base)
        and base.name == "e"
        and scope.place(base) is None
    ):
        return each(scope, (exponent,), lambda p: Value(exp(p[0].array), p[0].tags, p[0].literal))
    if isinstance(base, t.Symbol) and not base.primes:
        marked = replace(base, marks=(*base.marks, t.Mark("^", exponent)))
        if scope.place(marked) is not None and scope.place(base) is None:
            return evaluate(scope, marked)
    found: list[Value] = []
    for power in evaluate(scope, exponent):
        if not power.is_scalar:
            continue
        for value in evaluate(scope, base):
            found += _raised(value, power, entrywise=bool(node.latex))
    if not found:
        raise Misfit(f"the exponent of {write(node)} is no number")
    return distinct(found)


def _raised(value: Value, power: Value, *, entrywise: bool = False) -> list[Value]:
    tags = merged(value, power)
    exponent = power.array
    whole = exponent.size == 1 and float(exponent.real.flat[0]).is_integer()
    n = int(exponent.real.flat[0]) if whole else 0
    if abs(n) > HIGHEST:
        raise Unread(f"a power of {n} is too high to be checked with numbers")
    if whole:
        array = value.array ** (n if n >= 0 else float(n))
    else:
        array = np.where(value.array.real >= 0, value.array, np.nan) ** exponent
    if value.is_scalar:
        return [Value(array, tags, value.literal and power.literal)]
    out = []
    if value.shape[0] == value.shape[1] and whole and n and not entrywise:
        base = value.array if n > 0 else inverse(value.array)
        out.append(Value(np.linalg.matrix_power(base, abs(n)), tags))
        tags = tags | {v.POWER_ENTRYWISE}
    return [*out, Value(array, tags)]


def _subscript(node: t.Postfix, scope: Scope) -> list[Value]:
    base = node.base
    if isinstance(base, t.Bracket) and base.left == r"\|":
        which = s.said(node.arguments[0], {})
        return brackets.norm(base, scope, which)
    found: list[Value] = []
    problem: OutOfRange | None = None
    for value in evaluate(scope, base):
        try:
            rows, cols = scope.selection(indexed_name(base), node.arguments, value.shape)
        except OutOfRange as beyond:
            problem = problem or beyond
            continue
        array = value.array
        if rows is not None:
            array = array[..., list(rows), :]
        if cols is not None:
            array = array[..., :, list(cols)]
        found.append(Value(array, value.tags))
    if not found and problem is not None:
        raise problem
    return found


def indexed_name(node: t.Node) -> str:
    """Whose index base an entry of a bracket has: that of the variable of a derivative."""
    inner = s.peeled(node)
    if (
        isinstance(inner, (t.Derivative, t.Nabla))
        and inner.by
        and isinstance(inner.by[0], t.Symbol)
    ):
        return s.full(inner.by[0])
    if isinstance(inner, (t.Call, t.HeadBracket)):
        argument = inner.argument if isinstance(inner, t.Call) else inner.bracket
        return indexed_name(s.flattened(argument))
    first = next(s.symbols(inner), None)
    return s.full(first) if first is not None else ""


def _evaluated(node: t.Postfix, scope: Scope) -> list[Value]:
    from matcalc.judging.derive import at_point

    return at_point(scope, node)


def _primed(node: t.Postfix, scope: Scope) -> list[Value]:
    if isinstance(node.base, (t.Bracket, t.Postfix)):
        return _transpose(node, scope)
    raise Unread(f"{write(node)} has no value here")


SCRIPTS: dict[str, Callable[[t.Postfix, Scope], list[Value]]] = {
    "transpose": _transpose,
    "inverse": _inverse,
    "inverse-transpose": _inverse,
    "power": _power,
    "superscript": _power,
    "subscript": _subscript,
    "evaluated": _evaluated,
    "prime": _primed,
}
