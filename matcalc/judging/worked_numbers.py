"""The numbers of a worked example, put into the symbol table they belong to."""

from __future__ import annotations

from matcalc.judging import spelling as s
from matcalc.judging.counting import listed_rows
from matcalc.judging.environment import Environment
from matcalc.judging.givens import take_all
from matcalc.reading import tree as t


def with_values(env: Environment, values: list[t.Relation]) -> Environment:
    """The environment with the numbers of a worked example."""
    new = env.copy()
    for relation in values:
        left = relation.sides[0]
        if not isinstance(left, t.Symbol):
            continue
        _fit_sizes(new, left, relation.sides[1])
        key = s.full(left)
        new.views.pop(key, None)
        take_all(new, [relation])
    return new


def _fit_sizes(env: Environment, left: t.Symbol, body: t.Node) -> None:
    dims = env.shapes.get(s.full(left))
    rows = listed_rows(body)
    if dims is None or rows is None:
        return
    for dim, size in zip(dims, (len(rows), len(rows[0])), strict=True):
        if isinstance(dim, t.Symbol):
            env.sizes[s.full(dim)] = size
