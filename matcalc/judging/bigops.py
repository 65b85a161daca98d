r"""Sums, products and maxima over index letters, and the range a letter has by what it indexes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.evaluate import evaluate, holds_where
from matcalc.judging.optimum import optimum
from matcalc.judging.scope import Scope
from matcalc.judging.values import Misfit, OutOfRange, Unread, Value, distinct, merged
from matcalc.reading import tree as t
from matcalc.reading.writer import write


def big(scope: Scope, node: t.BigOperator) -> list[Value]:
    """The values of a sum or product with all its terms."""
    if node.name == "argmin":
        return [_smallest(scope, node)]
    if node.body is None or node.name not in ("sum", "prod", "max", "min"):
        raise Unread(f"{write(node)} has no value here")
    letters, conditions = _limits(scope, node)
    if not letters:
        letters = _implied(scope, node.body)
        if not letters:
            return _all_entries(scope, node)
    found: list[list[Value]] = []
    for choice in _assignments(scope, letters, conditions, node.body):
        with scope.bound(**choice):
            found.append(evaluate(scope, node.body))
    if not found:
        return [Value(np.zeros((1, 1)) if node.name == "sum" else np.ones((1, 1)))]
    count = min(len(options) for options in found)
    results = []
    for reading in range(count):
        parts = [options[reading] for options in found]
        if len({p.shape for p in parts}) > 1:
            continue
        results.append(_together(node.name, parts))
    if not results:
        raise Misfit(f"the terms of {write(node)} have different shapes")
    return distinct(results)


def _smallest(scope: Scope, node: t.BigOperator) -> Value:
    """Where something is smallest."""
    by = node.lower[0] if len(node.lower) == 1 else None
    if not isinstance(by, t.Symbol) or node.body is None:
        raise Unread(f"{write(node)} does not say by what")
    return optimum(scope, by, node.body)


def _together(name: str, parts: list[Value]) -> Value:
    out = parts[0].array
    for part in parts[1:]:
        if name == "sum":
            out = out + part.array
        elif name == "prod":
            out = out @ part.array if out.shape[-2:] != (1, 1) else out * part.array
        else:
            wins = part.array.real > out.real if name == "max" else part.array.real < out.real
            out = np.where(wins, part.array, out)
    return Value(out, merged(*parts))


def _limits(
    scope: Scope, node: t.BigOperator
) -> tuple[dict[str, list[int] | None], list[t.Relation]]:
    """The letters with their ranges (None: implied), and the conditions below."""
    letters: dict[str, list[int] | None] = {}
    conditions: list[t.Relation] = []
    for lower in node.lower:
        if isinstance(lower, t.Relation) and lower.signs == ("=",):
            letter, first = lower.sides
            if isinstance(letter, t.Symbol) and node.upper is not None:
                low, high = scope.range_of(first), scope.range_of(node.upper)
                letters[letter.name] = list(range(low[0], high[-1] + 1))
                continue
        if isinstance(lower, t.Relation) and lower.signs:
            _condition(scope, lower, letters, conditions)
        elif isinstance(lower, t.Symbol) and s.bare(lower):
            letters[lower.name] = None
        elif isinstance(lower, t.Listing):
            for item in lower.items:
                if isinstance(item, t.Symbol):
                    letters[item.name] = None
        elif isinstance(lower, t.Product) and not any(lower.operators):
            for item in lower.factors:
                if isinstance(item, t.Symbol):
                    letters[item.name] = None
    return letters, conditions


def _condition(
    scope: Scope,
    lower: t.Relation,
    letters: dict[str, list[int] | None],
    conditions: list[t.Relation],
) -> None:
    left = lower.sides[0]
    if lower.signs[0] in (r"\in", "=") and isinstance(left, t.Symbol):
        try:
            letters[left.name] = scope.range_of(lower.sides[1])
        except Unread:
            letters[left.name] = None
        return
    for side in lower.sides:
        if isinstance(side, t.Symbol) and s.bare(side):
            free = side.name not in scope.indices and side.name not in scope.world.sizes
            if free:
                letters.setdefault(side.name, None)
    conditions.append(lower)


def _assignments(
    scope: Scope,
    letters: dict[str, list[int] | None],
    conditions: list[t.Relation],
    body: t.Node,
) -> Iterator[dict[str, int]]:
    choices: list[dict[str, int]] = [{}]
    for name, values in letters.items():
        if values is None:
            values = range_by_use(scope, name, [body])
        if values is None:
            raise Unread(f"the range of {name} is not known")
        choices = [{**c, name: value} for c in choices for value in values]
        scope.count(len(choices))
    for choice in choices:
        with scope.bound(**choice):
            if all(bool(np.all(holds_where(scope, c))) for c in conditions):
                yield choice


def _implied(scope: Scope, body: t.Node) -> dict[str, list[int] | None]:
    """A sum without index runs over the letters that have no value yet."""
    free: dict[str, list[int] | None] = {}
    for letter in (*s.letters_below(body), *s.letters_above(body)):
        known = letter in scope.indices or letter in scope.world.sizes
        if not known and range_by_use(scope, letter, [body]) is not None:
            free[letter] = None
    return free


def column_of(scope: Scope, body: t.Node) -> list[Value] | None:
    r"""``p_i (1 - p_i)`` for every i, one below the other, where nothing else binds the i."""
    letters = [x for x in _implied(scope, body) if s.counts(x) and x not in scope.locals]
    if len(letters) != 1:
        return None
    numbers = range_by_use(scope, letters[0], [body]) or []
    parts: list[Value] = []
    for value in numbers:
        with scope.bound(**{letters[0]: value}):
            parts.append(evaluate(scope, body)[0])
    if not parts or not all(p.is_scalar for p in parts):
        return None
    column = np.concatenate(np.broadcast_arrays(*(p.array for p in parts)), axis=-2)
    return [Value(column, merged(*parts))]


def _all_entries(scope: Scope, node: t.BigOperator) -> list[Value]:
    assert node.body is not None, "checked by the caller"
    if node.lower or node.name != "sum":
        raise Unread(f"{write(node)} has no range")
    values = evaluate(scope, node.body)
    scope.env.assume(f"{write(node)} runs over all entries")
    return [replace(v, array=np.sum(v.array, axis=(-2, -1), keepdims=True)) for v in values]


# ---------------------------------------------------------------- ranges by use


def range_by_use(scope: Scope, letter: str, nodes: Iterable[t.Node]) -> list[int] | None:
    """The range a letter has because of what it indexes; None if it indexes nothing known."""
    for node in nodes:
        for part in t.walk(node):
            found: list[int] | None = None
            if isinstance(part, t.Symbol):
                found = _range_in(scope, letter, part)
            elif isinstance(part, t.Postfix) and part.kind == "subscript":
                found = _range_in_bracket(scope, letter, part)
            if found:
                return found
    text = scope.env.letter_ranges.get(letter)
    return None if text is None else _between(scope, *text)


def _between(scope: Scope, first: t.Node, last: t.Node) -> list[int]:
    low, high = scope.range_of(first), scope.range_of(last)
    return list(range(low[0], high[-1] + 1))


def _range_in(scope: Scope, letter: str, symbol: t.Symbol) -> list[int] | None:
    spots = [
        k for k, p in enumerate(symbol.subscripts) if isinstance(p, t.Symbol) and p.name == letter
    ]
    if not spots:
        return None
    probe = scope.indices.get(letter)
    stem = s.stem(symbol, scope.indices)
    env = scope.env
    for array in (stem, env.nicknames.get(stem, ""), _upper(symbol, scope)):
        if not array or not env.has(array) or array in env.cells:
            continue
        try:
            shape = scope.shape_of_key(array)
        except (Misfit, Unread, OutOfRange):
            continue
        if shape == (1, 1) and array != stem:
            continue  # an entropy H is no array of all h_a
        spot = spots[0]
        axis = spot
        if len(symbol.subscripts) == 1:
            axis = (
                0
                if shape[1] == 1
                else 1
                if shape[0] == 1
                else scope._sample_axis(array, symbol.subscripts[0])
            )
        base = env.base_of(array, axis)
        return list(range(base, base + shape[axis]))
    if len(symbol.subscripts) == 2 and spots == [1]:
        member = scope.place(replace(symbol, subscripts=symbol.subscripts[:1]))
        if member is not None and member.whole:
            shape = scope.value(member).shape
            base = env.base_of(member.key, 0)
            return list(range(base, base + max(shape))) if 1 in shape else None
    if stem in env.cells and len(symbol.subscripts) == 1 and scope.cell_numbers(stem):
        return scope.cell_numbers(stem)
    for definition in env.patterns:
        left = definition.left
        if left.name == symbol.name and len(left.subscripts) == len(symbol.subscripts):
            mine = left.subscripts[spots[0]]
            if isinstance(mine, t.Symbol) and mine.name in definition.letters:
                if mine.name in definition.ranges:
                    return scope.range_of(definition.ranges[mine.name])
                return range_by_use(scope, mine.name, [definition.body])
    for left, letters, _ in env.shape_patterns:
        if left.name == symbol.name and len(left.subscripts) == len(symbol.subscripts):
            mine = left.subscripts[spots[0]]
            if isinstance(mine, t.Symbol) and mine.name in letters:
                stated = env.letter_ranges.get(mine.name)
                if stated is not None and mine.name != letter:
                    return _between(scope, *stated)
    function = env.functions.get(symbol.name)
    if function is not None and function.component and probe is None:
        return _parameter_range(scope, function.parameters[0])
    return None


def _parameter_range(scope: Scope, name: str) -> list[int] | None:
    place = scope.place(t.Symbol(name, name))
    if place is None:
        return None
    shape = scope.value(place).shape
    base = 1 if scope.env.base is None else scope.env.base
    return list(range(base, base + max(shape)))


def _upper(symbol: t.Symbol, scope: Scope) -> str:
    upper = s.stem(replace(symbol, name=symbol.name.upper()), scope.indices)
    return upper if len(symbol.name) == 1 else ""


def _range_in_bracket(scope: Scope, letter: str, node: t.Postfix) -> list[int] | None:
    spots = [
        k for k, p in enumerate(node.arguments) if isinstance(p, t.Symbol) and p.name == letter
    ]
    if not spots:
        return None
    try:
        shape = evaluate(scope, node.base)[0].shape
    except (Misfit, Unread, OutOfRange):
        return None
    axis = spots[0]
    if len(node.arguments) == 1:
        axis = 0 if shape[1] == 1 else 1
    from matcalc.judging.scripts import indexed_name

    base = scope.env.base_of(indexed_name(node.base), axis)
    return list(range(base, base + shape[axis]))
