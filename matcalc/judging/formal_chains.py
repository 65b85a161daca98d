r"""``\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} \frac{\partial z}{\partial W}``:
the chain rule with a factor that is no matrix.

The slope of a column by a matrix has three indices, so such a product cannot be multiplied out as
matrices. It is a statement all the same, and right where the variable acts through the steps that
are named and in no other way.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.derive import jacobian
from matcalc.judging.evaluate import one
from matcalc.judging.scope import Scope
from matcalc.judging.values import Misfit, OutOfRange, TooMuch, Unread
from matcalc.reading import tree as t

DOTS = frozenset({"", r"\cdot", "*", r"\times"})


def holds_formally(scope: Scope, left: t.Node, side: t.Node) -> bool:
    """Whether a side is a chain of slopes from the left side's top to its bottom, one of them no
    matrix, along the only way there is."""
    whole = s.peeled(left)
    links = _links(side)
    if not isinstance(whole, t.Derivative) or whole.of is None or len(whole.by) != 1:
        return False
    for chain in (links, links[::-1]):
        if _joins(chain, whole.of, whole.by[0]):
            try:
                return _has_a_tensor(scope, chain) and _is_the_only_way(scope, chain)
            except (Misfit, OutOfRange, TooMuch, Unread):
                return False
    return False


def _links(side: t.Node) -> list[t.Derivative]:
    """The slopes of a product of slopes; none if it is anything else."""
    product = s.peeled(side)
    if not isinstance(product, t.Product) or not set(product.operators) <= DOTS:
        return []
    factors = [s.peeled(factor) for factor in product.factors]
    links = [f for f in factors if isinstance(f, t.Derivative) and len(f.by) == 1 and f.of]
    return links if len(links) == len(factors) else []


def _joins(chain: list[t.Derivative], top: t.Node, bottom: t.Node) -> bool:
    if len(chain) < 2 or chain[0].of != top or chain[-1].by[0] != bottom:
        return False
    return all(a.by[0] == b.of for a, b in pairwise(chain))


def _has_a_tensor(scope: Scope, chain: list[t.Derivative]) -> bool:
    """Whether one of the slopes has more than two indices."""
    for link in chain:
        assert link.of is not None, "a link has both"
        of, by = one(scope, link.of).shape, one(scope, link.by[0]).shape
        if (1 not in by and of != (1, 1)) or (1 not in of and by != (1, 1)):
            return True
    return False


def _is_the_only_way(scope: Scope, chain: list[t.Derivative]) -> bool:
    """With a step between held fast, the variable below no longer acts."""
    top, bottom = chain[0].of, chain[-1].by[0]
    assert top is not None, "a link has both"
    for link in chain[1:]:
        step = link.of
        place = scope.place(step) if isinstance(step, t.Symbol) else None
        if place is None or place.grid:
            return False
        frozen = scope.cut({place.key: scope.value(place).array})
        if np.any(np.abs(jacobian(frozen, top, bottom)[0]) > 1e-12):
            return False
        if not np.any(np.abs(jacobian(scope, top, step)[0]) > 1e-12):  # type: ignore[arg-type]
            return False
    return True
