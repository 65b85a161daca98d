r"""Brackets with a meaning of their own: norms, inner products, lists, matrices of entries or blocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matcalc.judging import values as v
from matcalc.judging.dots import filled
from matcalc.judging.evaluate import each, evaluate, one
from matcalc.judging.scope import Scope, joined
from matcalc.judging.values import Array, Misfit, Unread, Value, merged, show
from matcalc.reading import tree as t


def evaluate_list(scope: Scope, node: t.Bracket, item: t.Node) -> list[Value] | None:
    """``[a b c]`` typed with thin gaps is a row as well as a product."""
    if node.left != "[" or not isinstance(item, t.Product) or any(item.operators):
        return None
    pieces: tuple[t.Node, ...] = item.factors
    listed: list[Value] = []
    problem: Exception | None = None
    for items in (pieces, paired(pieces)):
        try:
            rows = stack(scope, (items,))
        except (Misfit, Unread) as error:
            problem = error
            continue
        listed += [replace(r, tags=r.tags | {v.LIST_EITHER_WAY}) for r in rows]
    try:
        return [*evaluate(scope, item), *listed]
    except (Misfit, Unread):
        if listed:
            return listed
        raise problem or Unread("a list without items") from None


def paired(pieces: tuple[t.Node, ...]) -> tuple[t.Node, ...]:
    return tuple(p for piece in pieces for p in (t.as_product(piece) or (piece,)))


def inner(parts: list[Value]) -> Value:
    a, b = parts
    if a.shape != b.shape:
        raise Misfit(f"no inner product of {show(a.shape)} and {show(b.shape)}")
    return Value(np.sum(a.array * b.array, axis=(-2, -1), keepdims=True), merged(a, b))


def norm(node: t.Bracket, scope: Scope, which: str) -> list[Value]:
    def norm(parts: list[Value]) -> Value:
        array, axes = parts[0].array, (-2, -1)
        if which == "1":
            flip = np.where(array.real < 0, -array, array)
            return Value(np.sum(flip, axis=axes, keepdims=True), parts[0].tags)
        return Value(np.sqrt(np.sum(array**2, axis=axes, keepdims=True)), parts[0].tags)

    return each(scope, node.items[:1], norm)


def bars(node: t.Bracket, scope: Scope) -> list[Value]:
    def absolute(parts: list[Value]) -> Value:
        value = parts[0]
        if value.shape[0] == value.shape[1] > 1:
            return Value(np.linalg.det(value.array)[..., None, None], value.tags)
        return Value(np.where(value.array.real < 0, -value.array, value.array), value.tags)

    return each(scope, node.items[:1], absolute)


def stack(scope: Scope, rows: tuple[tuple[t.Node, ...], ...]) -> list[Value]:
    """A matrix from its entries or blocks; dots are filled in for the sizes at hand."""
    grid = filled(scope, rows)
    width = max(len(row) for row in grid)
    arrays: list[Array] = []
    tags: frozenset[str] = v.PLAIN
    for row in grid:
        parts = []
        for cell in row:
            if isinstance(cell, t.Blank):
                parts.append(np.zeros((1, 1)))
                continue
            value = one(scope, cell)
            if width == 1 < len(grid):
                # What is stacked below each other are rows, where a part can be one.
                value = next((x for x in evaluate(scope, cell) if x.shape[0] == 1), value)
            tags |= value.tags
            parts.append(value.array)
        parts += [np.zeros((1, 1))] * (width - len(parts))
        if len({p.shape[-2] for p in parts}) > 1:
            raise Misfit("the parts of a row have different heights")
        arrays.append(joined(parts, -1))
    if len({a.shape[-1] for a in arrays}) > 1:
        raise Misfit("the rows of a matrix have different lengths")
    return [Value(joined(arrays, -2), tags)]
