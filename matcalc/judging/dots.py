r"""Three dots in lists and matrices, filled in from what stands on both sides of them.

``x_1, x_2, \dots, x_n`` counts from the first item to the last: the two are compared, and where
whole numbers differ they run.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from matcalc.judging import spelling as s
from matcalc.judging.scope import Scope
from matcalc.judging.values import Unread
from matcalc.reading import tree as t
from matcalc.reading.writer import write

Row = tuple[t.Node, ...]


def filled(scope: Scope, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows without dots, at the sizes of the scope."""
    if not any(isinstance(cell, t.Ellipsis) for row in rows for cell in row):
        return rows
    numbers = {**scope.world.sizes, **scope.indices}
    wide = [row if _is_gap(row) else _line(row, numbers) for row in rows]
    if not any(map(_is_gap, wide)):
        return tuple(wide)
    if len(rows) == 1:
        raise Unread("dots without neighbours")
    return _down(wide, numbers)


def _is_gap(row: Row) -> bool:
    return all(isinstance(c, (t.Ellipsis, t.Blank)) for c in row) and any(
        isinstance(c, t.Ellipsis) for c in row
    )


def _line(row: Row, numbers: s.Indices) -> Row:
    out: list[t.Node] = []
    for place, cell in enumerate(row):
        if not isinstance(cell, t.Ellipsis):
            if place and isinstance(row[place - 1], t.Ellipsis):
                continue
            out.append(cell)
            continue
        before = [c for c in row[:place] if not isinstance(c, t.Ellipsis)]
        after = row[place + 1] if place + 1 < len(row) else None
        if not before or after is None or isinstance(after, t.Ellipsis):
            raise Unread("dots at the end of a list")
        first = before[0]
        out = [c for c in out if c not in before]
        out += between(first, after, numbers)
    return tuple(out)


def _down(rows: list[Row], numbers: s.Indices) -> tuple[Row, ...]:
    place = next(k for k, row in enumerate(rows) if _is_gap(row))
    if place == 0 or place + 1 >= len(rows):
        raise Unread("dots at the edge of a matrix")
    above, beneath = rows[0], rows[place + 1]
    if len(above) != len(beneath):
        raise Unread("the rows around the dots have different lengths")
    columns = [between(a, b, numbers) for a, b in zip(above, beneath, strict=True)]
    height = max(len(c) for c in columns)
    columns = [c * height if len(c) == 1 else c for c in columns]
    if len({len(c) for c in columns}) != 1:
        raise Unread("the dots of a matrix do not agree")
    return (*zip(*columns, strict=True), *rows[place + 2 :])


def between(first: t.Node, last: t.Node, numbers: s.Indices) -> list[t.Node]:
    """Everything from the first item to the last."""
    gaps: list[int] = []
    _compare(first, last, numbers, gaps)
    steps = {abs(g) for g in gaps if g}
    if not steps:
        return [first]
    if len(steps) > 1:
        raise Unread(f"the dots between {write(first)} and {write(last)} are not clear")
    count = steps.pop()
    return [_along(first, last, numbers, k) for k in range(count + 1)]


def _number(node: t.Node, numbers: s.Indices) -> int | None:
    return s.integer(node, numbers)


def _compare(a: object, b: object, numbers: s.Indices, gaps: list[int]) -> None:
    if a == b:
        return
    if isinstance(a, t.Node) and isinstance(b, t.Node):
        x, y = _number(a, numbers), _number(b, numbers)
        if x is not None and y is not None:
            gaps.append(y - x)
            return
        if type(a) is type(b):
            for spec in fields(a):
                if spec.name != "span":
                    _compare(getattr(a, spec.name), getattr(b, spec.name), numbers, gaps)
            return
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            a, b = _split(a, b, numbers)
        if len(a) == len(b):
            for x, y in zip(a, b, strict=True):
                _compare(x, y, numbers, gaps)
            return
    raise Unread("the dots stand between different things")


def _split(a: tuple, b: tuple, numbers: s.Indices) -> tuple[tuple, tuple]:  # type: ignore[type-arg]
    """``00`` below one symbol is ``0, n-1`` below the other."""
    wide, narrow = (a, b) if len(a) > len(b) else (b, a)
    if len(narrow) == 1 and isinstance(narrow[0], t.Number) and len(narrow[0].text) == len(wide):
        digits = tuple(t.Number(d) for d in narrow[0].text)
        return (wide, digits) if wide is a else (digits, wide)
    if len(narrow) == 1 and isinstance(narrow[0], t.HeadBracket) and len(wide) == 1:
        return a, b
    return a, b


def _along(a: t.Node, b: t.Node, numbers: s.Indices, step: int) -> t.Node:
    """The tree ``step`` items behind ``a`` on the way to ``b``."""
    if a == b:
        return a
    x, y = _number(a, numbers), _number(b, numbers)
    if x is not None and y is not None:
        return t.Number(str(x + (step if y > x else -step if y < x else 0)))
    updates: dict[str, Any] = {}
    for spec in fields(a):
        if spec.name == "span":
            continue
        mine, theirs = getattr(a, spec.name), getattr(b, spec.name)
        if isinstance(mine, t.Node) and isinstance(theirs, t.Node):
            updates[spec.name] = _along(mine, theirs, numbers, step)
        elif isinstance(mine, tuple) and mine != theirs:
            if len(mine) != len(theirs):
                mine, theirs = _split(mine, theirs, numbers)
            updates[spec.name] = tuple(
                _along(p, q, numbers, step) if isinstance(p, t.Node) else p
                for p, q in zip(mine, theirs, strict=True)
            )
    return replace(a, **updates)
