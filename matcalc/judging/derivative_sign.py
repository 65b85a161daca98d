r"""``D f(x)``: the derivative of a function as a linear map, which is the row of its slopes."""

from __future__ import annotations

from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.reading import tree as t


def with_nabla(env: Environment, relation: t.Relation) -> t.Relation:
    """A line about ``D f(x)`` as one about the gradient, transposed; other lines as they are."""
    left = relation.sides[0]
    if not isinstance(left, t.Product) or len(left.factors) != 2 or any(left.operators):
        return relation
    sign, applied = left.factors
    if sign != t.Symbol("D", "D") or env.has("D") or "D" in env.dims:
        return relation
    head = applied.head if isinstance(applied, t.HeadBracket) else None
    if not isinstance(head, t.Symbol) or s.full(head) not in {**env.decorated, **env.functions}:
        return relation
    row = t.Postfix(t.Nabla(applied), "transpose", (), r"^{T}")
    return replace(relation, sides=(row, *relation.sides[1:]))
