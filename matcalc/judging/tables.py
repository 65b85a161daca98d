"""A matrix that a page defines entry by entry, put together from its entries."""

from __future__ import annotations

from matcalc.judging import spelling as s
from matcalc.judging.environment import Definition
from matcalc.judging.scope import Place, Scope
from matcalc.reading import tree as t

LARGEST = 100  # entries


def table_of(scope: Scope, stem: str) -> Place | None:
    """``Y`` where the page defines ``Y_{ij}``; None where it defines no such entries."""
    for definition in reversed(scope.env.patterns):
        left = definition.left
        below = left.indices(2) or ()
        letters = [p.name for p in below if isinstance(p, t.Symbol) and s.bare(p)]
        both = len(letters) == 2 and tuple(letters) == definition.letters
        if not both or s.stem(left) != stem:
            continue
        rows, cols = (
            scope.range_of(definition.ranges[letter])
            if letter in definition.ranges
            else scope.range_in_body(stem, letter, definition)
            for letter in letters
        )
        if not rows or not cols or len(rows) * len(cols) > LARGEST:
            return None
        first, second = letters

        def cell(
            i: int,
            j: int,
            definition: Definition = definition,
            first: str = first,
            second: str = second,
        ) -> Place:
            bound = tuple(sorted({first: i, second: j}.items()))
            return Place(f"{stem}_{i},{j}", definition=definition, bound=bound)

        return Place(stem, grid=tuple(tuple(cell(i, j) for j in cols) for i in rows))
    return None
