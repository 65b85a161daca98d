r"""Where a loss is smallest: ``\hat\beta``, ``w^*``, ``\arg\min_w L``, and w in an equation for it.

Such a name stands for a value: the point where the slope of the loss vanishes, found by Newton's
method from the values everything else has. So ``(X^T X + \lambda I) \hat\beta = X^T y`` is judged
like any other line, and its slips are found like any others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import LOSS_NAMES, speaks_of_slopes, used_names
from matcalc.judging.elementary import unflat
from matcalc.judging.environment import Environment
from matcalc.judging.scope import Scope
from matcalc.judging.values import Array, Unread, Value
from matcalc.reading import tree as t
from matcalc.reading.writer import write

BEST = frozenset({"opt", "ML", "MLE", "MAP", "OLS", "LS", "min", "max", "best"})
STEPS = 12
ZERO = 1e-9


def optimum(scope: Scope, symbol: t.Symbol, loss: t.Node) -> Value:
    """The value of a name where the slope of a loss by it is zero."""
    from matcalc.judging.derive import derivative, jacobian

    if scope.cuts or scope.lenient:
        raise Unread(f"nothing is known of where {write(loss)} is smallest at other points")
    place = scope.place(symbol)
    if place is None or not place.whole or place.grid:
        raise Unread(f"{write(symbol)} has no value here")
    here = scope.value(place).array
    start = None
    for _ in range(STEPS):
        inside = scope.cut({place.key: here})
        slope, of, by = jacobian(inside, loss, symbol)
        if of != (1, 1):
            raise Unread(f"{write(loss)} is no number")
        size = float(np.max(np.abs(slope), initial=0.0))
        start = size if start is None else start
        if size <= ZERO * max(start, 1.0):
            return Value(here)
        bend = derivative(inside, t.Derivative(r"\partial", loss, (symbol, symbol), "2"))[0]
        here = here - unflat(_solved(bend.array, slope), by)
    raise Unread(f"where {write(loss)} is smallest was not found")


def _solved(bend: Array, slope: Array) -> Array:
    try:
        return np.linalg.solve(bend.real, slope.real)
    except np.linalg.LinAlgError:
        return np.full(slope.shape, np.nan)


def note_optima(env: Environment, relation: t.Relation) -> None:
    r"""The ``\hat\beta`` and ``w^*`` of a line, where the page has a loss of beta and of w."""
    used = used_names(env)
    for side in relation.sides:
        for symbol in s.symbols(side):
            key, base = s.full(symbol), _bald(symbol)
            known = env.has(key) or key in env.optima or key in used
            if base is None or known or not is_free(env, base):
                continue
            for loss in losses_of(env, base):
                env.optima[key] = (env.symbols.get(s.full(base), base), loss)


def _bald(symbol: t.Symbol) -> t.Symbol | None:
    """The beta of ``beta_hat``, ``beta^*``, ``beta_{ML}``."""
    base = symbol
    if symbol.name.endswith("_hat"):
        name = symbol.name.removesuffix("_hat")
        base = replace(base, name=name, latex=name)
    words = "".join(s.said(x, {}) for x in symbol.subscripts)
    base = replace(base, star="", subscripts=() if words in BEST else symbol.subscripts)
    return None if base == symbol or base.primes else base


def is_free(env: Environment, symbol: t.Symbol) -> bool:
    """A declared array or number that nothing computes."""
    key = s.full(symbol)
    return key in env.shapes and key not in env.definitions and key not in env.dims


def losses_of(env: Environment, symbol: t.Symbol) -> Iterator[t.Symbol]:
    """What is computed from a name and leads to nothing else, the likeliest loss last."""
    used = used_names(env)
    ends = [
        env.definitions[key].left
        for key in env.order
        if key not in used and not speaks_of_slopes(env.definitions[key].body)
    ]
    reached = [x for x in ends if s.full(symbol) in _reached(env, s.full(x))]
    yield from sorted(reached, key=lambda x: x.name in LOSS_NAMES)


def _reached(env: Environment, key: str) -> set[str]:
    """Everything that a name is computed from."""
    todo, seen = [key], set[str]()
    while todo:
        definition = env.definitions.get(todo.pop())
        if definition is None:
            continue
        for part in s.symbols(definition.body):
            for name in (s.full(part), s.stem(part)):
                if name not in seen:
                    seen.add(name)
                    todo.append(name)
    return seen


def is_condition(relation: t.Relation) -> bool:
    r"""``\nabla_w L = 0``: what is asked of w, for the lines beside it."""
    left = s.peeled(relation.sides[0]) if relation.signs == ("=",) else None
    return isinstance(left, (t.Derivative, t.Nabla)) and relation.sides[1] == t.Number("0")
