r"""``(X^T X + \lambda I) w = X^T y``: an equation that holds where a loss is smallest.

Such a line claims nothing for every w. It is right where the difference of its sides is, up to a
constant factor, the gradient of a loss of the page by one of the names in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import LOSS_NAMES
from matcalc.judging.derive import jacobian
from matcalc.judging.elementary import unflat
from matcalc.judging.environment import Environment
from matcalc.judging.evaluate import one
from matcalc.judging.guesses import infer
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.values import Array, Misfit, OutOfRange, TooMuch, Unread
from matcalc.reading import tree as t

REFUSALS = (Misfit, OutOfRange, Unread, TooMuch, np.linalg.LinAlgError, ArithmeticError, ValueError)


def is_stationary(env: Environment, relation: t.Relation) -> bool:
    """Whether every step of a chain but the first is an identity and the first a vanishing slope."""
    if len(relation.sides) < 2 or set(relation.signs) != {"="}:
        return False
    trial = env.copy()
    infer(trial, [relation])
    return any(
        _vanishes(trial, loss, by, relation.sides[0], relation.sides[-1])
        for loss in _losses(trial)
        for by in _variables(trial, relation)
    )


def _losses(env: Environment) -> Iterator[t.Symbol]:
    for key in reversed(env.order):
        left = env.definitions[key].left
        if left.name in LOSS_NAMES:
            yield left


def _variables(env: Environment, relation: t.Relation) -> Iterator[t.Symbol]:
    """The names of a line that nothing computes."""
    seen: set[str] = set()
    for side in relation.sides:
        for symbol in s.symbols(side):
            key = s.full(symbol)
            free = key not in env.definitions and key not in env.dims and not symbol.primes
            if free and key not in seen:
                seen.add(key)
                yield symbol


def _vanishes(env: Environment, loss: t.Symbol, by: t.Symbol, left: t.Node, right: t.Node) -> bool:
    for world in worlds(env, count=2, points=4):
        scope = Scope(world)
        try:
            difference = one(scope, left).array - one(scope, right).array
            table, of_shape, by_shape = jacobian(scope, loss, by)
        except REFUSALS:
            return False
        if of_shape != (1, 1) or by_shape != difference.shape[-2:]:
            return False
        if not _proportional(difference, unflat(table, by_shape)):
            return False
    return True


def _proportional(a: Array, b: Array) -> bool:
    """Whether a is one number times b at all points together."""
    x, y = (np.asarray(v).real.reshape(-1) for v in np.broadcast_arrays(a, b))
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return False
    size = float(y @ y)
    if size == 0.0 or not np.any(x):
        return False
    return bool(np.max(np.abs(x - (x @ y) / size * y)) <= 1e-7 * np.max(np.abs(x)))
