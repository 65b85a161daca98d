"""What a derivative is taken by: the entries that move, and the scopes in which they have moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.evaluate import one
from matcalc.judging.functions import decorated_place, is_application
from matcalc.judging.scope import Place, Scope
from matcalc.judging.values import Array, Shape
from matcalc.reading import tree as t


@dataclass(frozen=True)
class Target:
    """What is differentiated by: named arrays with the entries that move, in order."""

    parts: tuple[tuple[Place, Array, tuple[tuple[int, int], ...]], ...]
    shape: Shape
    turned: bool = False
    expression: t.Node | None = None


def target(scope: Scope, by: t.Node) -> Target:
    """The entries that move."""
    inner = s.peeled(by)
    if isinstance(inner, t.Postfix) and inner.kind in ("transpose", "prime"):
        found = target(scope, inner.base)
        return replace(found, shape=(found.shape[1], found.shape[0]), turned=not found.turned)
    if isinstance(inner, t.Call) and inner.head.name.lower() == "vec":
        found = target(scope, s.flattened(inner.argument))
        return replace(found, shape=(found.shape[0] * found.shape[1], 1))
    place: Place | None = None
    if isinstance(inner, t.Postfix) and inner.kind == "subscript":
        base = s.peeled(inner.base)
        whole = scope.place(base) if isinstance(base, t.Symbol) else None
        if whole is not None and whole.whole and not whole.grid:
            rows, cols = scope.selection(whole.key, inner.arguments, scope.value(whole).shape)
            place = replace(whole, rows=rows, cols=cols)
    if isinstance(inner, t.Symbol):
        place = scope.place(inner)
        if place is None:
            one(scope, inner)
            place = scope.place(inner) or Place(s.full(inner, scope.indices), shape=(1, 1))
    elif isinstance(inner, t.HeadBracket) and isinstance(inner.head, t.Symbol):
        key = s.full(inner.head, scope.indices)
        if key in scope.env.decorated:
            place = decorated_place(scope, key, inner.bracket.items)
        elif is_application(scope, inner) and scope.place(inner.head) is not None:
            place = scope.place(inner.head)
    if place is None:
        value = one(scope, inner)
        return Target((), value.shape, expression=inner)
    if place.grid:
        cells = _cells(place)
        parts = tuple((c, scope.value(c).array, ((0, 0),)) for c in cells)
        shape = scope.value(place).shape
        return Target(parts, shape)
    whole = replace(place, rows=None, cols=None, turned=False)
    array = scope.value(whole).array
    rows = place.rows if place.rows is not None else tuple(range(array.shape[-2]))
    cols = place.cols if place.cols is not None else tuple(range(array.shape[-1]))
    entries = tuple((i, j) for j in cols for i in rows)
    shape = (len(cols), len(rows)) if place.turned else (len(rows), len(cols))
    return Target(((whole, array, entries),), shape)


def _cells(place: Place) -> list[Place]:
    columns = zip(*place.grid, strict=True)
    cells = [cell for column in columns for cell in column]
    if place.rows is not None or place.cols is not None:
        rows = place.rows or tuple(range(len(place.grid)))
        cols = place.cols or tuple(range(len(place.grid[0])))
        cells = [place.grid[i][j] for j in cols for i in rows]
    return cells


def moved(scope: Scope, at: Target, step: complex) -> Scope:
    """The scope with every entry moved once, along a new first axis."""
    if at.expression is not None:
        value = one(scope, at.expression).array
        whole = [(i, j) for j in range(at.shape[1]) for i in range(at.shape[0])]
        moved = _steps(scope, value, whole, 0, len(whole), step)
        return deeper(scope.cut({}, ((at.expression, moved),)))
    cuts: dict[str, Array] = {}
    offset = 0
    count = sum(len(entries) for _, _, entries in at.parts)
    for place, array, entries in at.parts:
        cuts[place.key] = _steps(scope, array, entries, offset, count, step)
        offset += len(entries)
    return deeper(scope.cut(cuts))


def deeper(scope: Scope) -> Scope:
    scope.depth += 1
    return scope


def _steps(
    scope: Scope,
    array: Array,
    entries: Sequence[tuple[int, int]],
    offset: int,
    count: int,
    step: complex,
) -> Array:
    """Copies of an array, each with one entry moved; constants get the axes they lack."""
    array = array.reshape((1,) * (scope.depth + 3 - array.ndim) + array.shape)
    kind = complex if isinstance(step, complex) or np.iscomplexobj(array) else float
    moved = np.array(np.broadcast_to(array, (count, *array.shape)), dtype=kind)
    for k, (i, j) in enumerate(entries):
        moved[offset + k, ..., i, j] += step
    return moved
