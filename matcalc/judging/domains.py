r"""Points inside the domain of a line, found among many, where points at large have no values.

``-\sum_i \log(b_i - a_i^T x)`` has a value only where every logarithm has one; a handful of random
points seldom hits that.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcalc.judging.bigops import range_by_use
from matcalc.judging.compare import Trouble, side_values, spread_over
from matcalc.judging.environment import Environment
from matcalc.judging.free_letters import free_letters
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.values import Array, Misfit, OutOfRange, TooMuch, Unread
from matcalc.judging.worlds import STYLES, World
from matcalc.reading import tree as t

MANY = 600
FEWEST = 3
SMALL = 1e-6  # where all sides are smaller, equal or not cannot be told
CASES = 20  # values of index letters that are looked at


def worlds_inside(
    env: Environment, relation: t.Relation, layout: tuple[str, bool], *, count: int, points: int
) -> Iterator[World]:
    """One world for each of the sizes at which points with values are found."""
    for style in STYLES:
        found = 0
        for world in worlds(env, count=count, points=MANY, style=style):
            scope = Scope(world, layout=layout[0], vec=layout[1])
            try:
                good = _with_values(scope, relation)
            except (Misfit, OutOfRange, TooMuch, Unread):
                return
            if len(good) < min(points, FEWEST):
                continue
            found += 1
            yield _at(world, good[:points])
        if found:
            return


def _with_values(scope: Scope, relation: t.Relation) -> Array:
    """The points at which every side has a value, those with values near 1 first."""
    largest = np.zeros(scope.world.points)
    letters, explicit = free_letters(scope, relation)
    ranges = {x: explicit.get(x) or range_by_use(scope, x, relation.sides) or [1] for x in letters}
    for choice in spread_over(scope, ranges)[:CASES]:
        with scope.bound(**choice):
            for side in relation.sides:
                values = side_values(scope, side)
                if isinstance(values, Trouble):
                    raise Unread(values.why)
                sizes = np.max(np.abs(values[0].array.real), axis=(-2, -1))
                largest = np.maximum(largest, np.where(np.isfinite(sizes), sizes, np.inf))
    good = np.isfinite(largest) & ((largest == 0) | (largest > SMALL))
    far = np.abs(np.log(np.where(good & (largest > 0), largest, 1.0)))
    return np.argsort(np.where(good, far, np.inf), kind="stable")[: int(np.sum(good))]


def _at(world: World, points: Array) -> World:
    """A world at some of its points."""
    new = World(world.env, world.sizes, points=len(points), seed=world.seed, style=world.style)
    new.inputs = {key: array[points] for key, array in world.inputs.items()}
    new.fixed = dict(world.fixed)
    return new
