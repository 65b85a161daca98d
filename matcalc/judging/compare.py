"""Two sides of a relation in one world: equal, and by which liberties; or why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from matcalc.judging import values as v
from matcalc.judging.evaluate import evaluate
from matcalc.judging.scope import Scope
from matcalc.judging.spelling import rebuilt
from matcalc.judging.values import Array, Misfit, OutOfRange, Unread, Value
from matcalc.reading import tree as t

TOLERANCE = 1e-7
VANISHING = 1e-20  # a constant as small as this is a value, and not what rounding left of zero


@dataclass(frozen=True)
class Trouble:
    """Why a side has no value."""

    status: str
    why: str


Sided = list[Value] | Trouble


def side_values(scope: Scope, node: t.Node) -> Sided:
    """The values of a side, or what is wrong with it."""
    try:
        with np.errstate(all="ignore"):
            values = evaluate(scope, node)
    except Misfit as error:
        return Trouble("shape-error", str(error))
    except OutOfRange as error:
        return Trouble("index-error", str(error))
    except RecursionError:
        return Trouble("unreadable", "the steps lead back without end: a first value is missing")
    except (Unread, np.linalg.LinAlgError) as error:
        return Trouble("unreadable", str(error))
    except (ArithmeticError, ValueError, IndexError) as error:
        return Trouble("unreadable", f"it cannot be evaluated ({error})")
    return values


def finite(sided: Sided) -> bool:
    """Whether the first value is a real number everywhere."""
    if isinstance(sided, Trouble):
        return True
    return any(bool(np.all(np.isfinite(value.array))) for value in sided)


def matching(left: Sided, right: Sided, slack: Array | float = 0.0) -> frozenset[str] | None:
    """The fewest liberties under which the sides agree; None if they do not."""
    if isinstance(left, Trouble) or isinstance(right, Trouble):
        return None
    best: frozenset[str] | None = None
    for a in left:
        for b in right:
            if a.shape != b.shape or not agree(a.array, b.array, slack):
                continue
            tags = a.tags | b.tags
            if best is None or len(tags) < len(best):
                best = tags
    return best


def agree(a: Array, b: Array, slack: Array | float = 0.0) -> bool:
    """Equal up to rounding, or up to the printed digits."""
    a, b = np.asarray(a).real, np.asarray(b).real
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        both = np.isfinite(a) & np.isfinite(b)
        if not np.any(both) or np.any(np.isfinite(a) != np.isfinite(b)):
            return False
    sizes = sorted((float(np.max(np.abs(a), initial=0.0)), float(np.max(np.abs(b), initial=0.0))))
    constant = max(a.ndim, b.ndim) == 2  # at points, rounding leaves more of equal terms
    if constant and sizes[0] == 0.0 < sizes[1] < VANISHING and not np.any(slack):
        return False
    scale = max(sizes[1], 1e-6 if constant else 1e-4)
    gap = np.abs(a - b)
    allowed = (
        np.maximum(TOLERANCE * scale, np.abs(slack) * (1 + 1e-6))
        if np.any(slack)
        else (TOLERANCE * scale)
    )
    return bool(np.all(gap <= allowed))


# ---------------------------------------------------------------- printed numbers


def is_printed(node: t.Node) -> bool:
    """Whether a side is numbers alone, some of them with decimals."""
    decimals = False
    for part in t.walk(node):
        if isinstance(part, t.Number):
            decimals = decimals or "." in part.text
        elif (isinstance(part, t.Symbol) and not _function_name(part, node)) or isinstance(
            part, (t.Derivative, t.Nabla, t.Differential, t.Filled, t.BigOperator)
        ):
            return False
    return decimals


def has_rounded(node: t.Node) -> bool:
    """Whether a number with many decimals, as 1.91807, stands among names: a rounded result."""
    return any(
        isinstance(p, t.Number) and "." in p.text and len(p.text.split(".")[1]) >= 4
        for p in t.walk(node)
    )


def _function_name(symbol: t.Symbol, node: t.Node) -> bool:
    return (
        any(isinstance(p, t.Call) and p.head == symbol for p in t.walk(node)) or symbol.name == "e"
    )


def is_plain_list(node: t.Node) -> bool:
    """A list or matrix of numbers, as one writes a result."""
    inner = node
    while isinstance(inner, (t.Labelled,)):
        inner = inner.body
    if isinstance(inner, t.Bracket) and inner.left == "[":
        return True
    return isinstance(inner, (t.Number, t.Matrix)) or (
        isinstance(inner, t.Sum) and len(inner.terms) == 1 and isinstance(inner.terms[0], t.Number)
    )


def half_unit(text: str) -> float:
    """Half a unit of the last printed place."""
    if "." not in text:
        return 0.0
    return 0.5 * 10.0 ** -len(text.split(".")[1])


def slack_of(scope: Scope, node: t.Node, values: list[Value]) -> dict[tuple[int, int], Array]:
    """How far each value of a printed side may be off, by shape."""
    numbers = [p for p in t.walk(node) if isinstance(p, t.Number) and "." in p.text]
    out: dict[tuple[int, int], Array] = {val.shape: np.zeros(val.shape) for val in values}
    seen: set[t.Number] = set()
    for number in numbers[:40]:
        if number in seen:
            continue
        seen.add(number)
        for place in range(sum(1 for p in t.walk(node) if p == number)):
            moved = _nudged(node, number, place)
            shifted = side_values(scope, moved)
            if isinstance(shifted, Trouble):
                continue
            for value in shifted:
                for old in values:
                    if old.shape == value.shape and old.tags == value.tags:
                        out[old.shape] = out[old.shape] + np.abs(value.array - old.array).real
                        break
    return out


def _nudged(node: t.Node, number: t.Number, place: int) -> t.Node:
    count = [-1]
    step = half_unit(number.text)
    digits = len(number.text.split(".")[1]) + 2

    def change(part: t.Node) -> t.Node:
        if part == number:
            count[0] += 1
            if count[0] == place:
                return replace(number, text=f"{float(number.text) + step:.{digits}f}")
        return part

    return rebuilt(node, change)


def either_way(values: list[Value]) -> list[Value]:
    """A list of numbers typed as a row may stand for a column."""
    turned = [
        Value(np.swapaxes(x.array, -1, -2), x.tags | {v.LIST_EITHER_WAY})
        for x in values
        if 1 in x.shape and x.shape != (1, 1)
    ]
    return [*values, *turned]


def spread_over(scope: Scope, letters: Mapping[str, list[int]]) -> list[dict[str, int]]:
    """All assignments of index letters."""
    choices: list[dict[str, int]] = [{}]
    for name, values in letters.items():
        choices = [{**c, name: x} for c in choices for x in values]
        scope.count(len(choices))
    return choices
