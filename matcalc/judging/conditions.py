r"""Conditions: where a relation between values holds, entry by entry."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from matcalc.judging.scope import Scope
from matcalc.judging.values import Array, Misfit, Unread, Value, show
from matcalc.reading import tree as t
from matcalc.reading.writer import write

COMPARE: dict[str, Callable[[Array, Array], Array]] = {
    "=": lambda a, b: np.isclose(a, b, rtol=1e-9, atol=1e-12),
    r"\ne": lambda a, b: ~np.isclose(a, b, rtol=1e-9, atol=1e-12),
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    r"\le": lambda a, b: a <= b,
    r"\ge": lambda a, b: a >= b,
}


def holds_where(scope: Scope, relation: t.Node) -> Array:
    """Where a condition holds, entry by entry."""
    if isinstance(relation, t.Condition):
        parts = [holds_where(scope, r) for r in relation.relations]
        out: Array = parts[0]
        for part in parts[1:]:
            out = out & part
        return out
    if not isinstance(relation, t.Relation) or not relation.signs:
        raise Unread(f"{write(relation)} is no condition")
    arrays = [_side(scope, side) for side in relation.sides]
    out = np.ones((1, 1), dtype=bool)
    for sign, a, b in zip(relation.signs, arrays, arrays[1:], strict=False):
        if sign not in COMPARE:
            raise Unread(f"{write(relation)} is no condition")
        if a.shape != b.shape and not (a.is_scalar or b.is_scalar):
            raise Misfit(f"{show(a.shape)} compared with {show(b.shape)}")
        out = out & COMPARE[sign](a.array.real, b.array.real)
    return out


def _side(scope: Scope, side: t.Node) -> Value:
    """A side of a condition; ``y * z`` of two columns is meant entry by entry in it."""
    from matcalc.judging.evaluate import evaluate

    values = evaluate(scope, side)
    starred = any(isinstance(p, t.Product) and "*" in p.operators for p in t.walk(side))
    return next((v for v in values if starred and not v.is_scalar), values[0])
