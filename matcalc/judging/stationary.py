r"""``(X^T X + \lambda I) w = X^T y``: an equation that holds where a loss is smallest.

Such a line claims nothing for every w. It is right where the difference of its sides is, up to a
constant factor, the gradient of a loss of the page by one of the names in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import LOSS_NAMES
from matcalc.judging.derive import jacobian
from matcalc.judging.elementary import unflat
from matcalc.judging.environment import Environment
from matcalc.judging.evaluate import one
from matcalc.judging.guesses import infer
from matcalc.judging.optimum import is_free, losses_of
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.values import Array, Misfit, OutOfRange, TooMuch, Unread
from matcalc.reading import tree as t
from matcalc.reading.writer import write

DATA = frozenset({"X", "Y", "y", "t", "T", "A", "D"})  # letters that nobody solves for
REFUSALS = (Misfit, OutOfRange, Unread, TooMuch, np.linalg.LinAlgError, ArithmeticError, ValueError)


def is_stationary(env: Environment, relation: t.Relation) -> bool:
    """Whether every step of a chain but the first is an identity and the first a vanishing slope."""
    if len(relation.sides) < 2 or set(relation.signs) != {"="}:
        return False
    trial = env.copy()
    infer(trial, [relation])
    return any(
        _vanishes(trial, loss, by, relation.sides[0], relation.sides[-1])
        and not _between_slopes(trial, relation, loss, by)
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
            free = free and _is_parameter(env, symbol)
            if free and key not in seen:
                seen.add(key)
                yield symbol


def _vanishes(env: Environment, loss: t.Symbol, by: t.Symbol, left: t.Node, right: t.Node) -> bool:
    for world in worlds(env, count=2, points=4):
        scope = Scope(world)
        try:
            with np.errstate(all="ignore"):
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


def at_the_optimum(
    env: Environment, relation: t.Relation
) -> Iterator[tuple[Environment, t.Relation]]:
    """A line that may ask for a parameter, with the value it asks for in the parameter's place."""
    slopes = (t.Derivative, t.Nabla, t.Differential)
    if set(relation.signs) != {"="} or any(isinstance(p, slopes) for p in t.walk(relation)):
        return
    names = {s.full(p): p for side in relation.sides for p in s.symbols(side)}
    for key, symbol in names.items():
        if not is_free(env, symbol) or not _is_parameter(env, symbol):
            continue
        for loss in losses_of(env, symbol):
            if _between_slopes(env, relation, loss, symbol):
                continue
            other = env.copy()
            best = replace(symbol, name=f"{symbol.name}_optimum")
            other.optima[s.full(best)] = (symbol, loss)
            other.assume(f"{write(symbol)} is where {write(loss)} is smallest")

            def change(part: t.Node, key: str = key, best: t.Symbol = best) -> t.Node:
                return best if isinstance(part, t.Symbol) and s.full(part) == key else part

            changed = s.rebuilt(relation, change)
            assert isinstance(changed, t.Relation), "a relation stays one"
            yield other, changed


def _is_parameter(env: Environment, symbol: t.Symbol) -> bool:
    """What a loss is a function of, or by its letter no data."""
    asked = [symbol in items for items in env.decorated.values()]
    data = symbol.name in DATA or (symbol.name == "b" and env.has("A"))  # A x = b
    return any(asked) if asked else not data


def _between_slopes(env: Environment, relation: t.Relation, loss: t.Node, by: t.Symbol) -> bool:
    """``2 g = g`` is right where g is zero, and does not say where that is."""
    if t.Number("0") in relation.sides:
        return False
    return any(_is_slope(env, side, loss, by) for side in relation.sides)


def _is_slope(env: Environment, side: t.Node, loss: t.Node, by: t.Symbol) -> bool:
    """Whether a side is a multiple of the slope itself."""
    trial = env.copy()
    infer(trial, [t.Relation((side,))])
    for world in worlds(trial, count=1, points=4):
        scope = Scope(world)
        try:
            with np.errstate(all="ignore"):
                mine = one(scope, side).array
                table, of_shape, by_shape = jacobian(scope, loss, by)
        except REFUSALS:
            return False
        if of_shape == (1, 1) and by_shape == mine.shape[-2:]:
            return _proportional(mine, unflat(table, by_shape))
    return False
