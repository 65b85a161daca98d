r"""``x_i`` beside a matrix X of data: its i-th row, which many pages write as a column.

Rows are tried first. Columns are taken where the page fits them and rows do not: where the left
side has no value with rows, or the line holds with columns and nothing on the page contradicts.
"""

from __future__ import annotations

from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.bigops import range_by_use
from matcalc.judging.compare import Trouble, side_values
from matcalc.judging.environment import Environment
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.values import Misfit, OutOfRange, TooMuch, Unread
from matcalc.reading import tree as t

SAID = "a small letter with an index is that row of the matrix, written as a column"


def has_data_rows(env: Environment, *nodes: t.Node) -> bool:
    """Whether a small letter with one index stands for a row of a declared capital."""
    for node in nodes:
        for symbol in s.symbols(node):
            upper = replace(symbol, name=symbol.name.upper())
            small = len(symbol.name) == 1 and symbol.name.islower()
            if small and len(symbol.subscripts) == 1 and env.has(s.stem(upper)):
                return True
    return False


def with_columns(env: Environment, relation: t.Relation) -> Environment | None:
    """The environment in which such rows are columns; None if that is out of the question."""
    bodies = [d.body for d in (*env.definitions.values(), *env.patterns)]
    if env.data_columns or not has_data_rows(env, *relation.sides, *bodies):
        return None
    other = env.copy()
    other.data_columns = True
    return other if _fits(other) else None


def _fits(env: Environment) -> bool:
    """Whether every definition that mentions such a row has a value."""
    for world in worlds(env, count=1, points=1):
        scope = Scope(world)
        for definition in (*env.definitions.values(), *env.patterns):
            if not has_data_rows(env, definition.body):
                continue
            try:
                bound = {
                    x: (range_by_use(scope, x, [definition.body]) or [1])[0]
                    for x in definition.letters
                }
                with scope.bound(**bound):
                    found = side_values(scope, definition.body)
            except (Misfit, OutOfRange, TooMuch, Unread):
                return False
            if isinstance(found, Trouble) and found.status == "shape-error":
                return False
    return True
