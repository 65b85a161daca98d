r"""A loss nobody defined: an unknown smooth function of the steps that nothing is computed from."""

from __future__ import annotations

from collections.abc import Callable

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import last_families, sinks
from matcalc.judging.elementary import SmoothScalars
from matcalc.judging.evaluate import one
from matcalc.judging.scope import Scope
from matcalc.judging.values import Array, Misfit, OutOfRange, Unread
from matcalc.reading import tree as t
from matcalc.reading.writer import write


def _with_a_value(scope: Scope, families: list[t.Symbol]) -> list[t.Symbol]:
    """The families whose members can be counted."""
    found = []
    for symbol in families:
        try:
            place = scope.place(symbol)
        except (Misfit, OutOfRange, Unread):
            continue
        if place is not None and place.grid:
            found.append(symbol)
    return found


def unknown_loss(scope: Scope, symbol: t.Symbol, by: t.Node) -> Callable[[Scope], Array]:
    """A name without a definition is an unknown smooth function of the last steps."""
    last = [*sinks(scope.env), *_with_a_value(scope, last_families(scope.env))]
    if symbol.subscripts and s.full(symbol) != s.stem(symbol):
        for script in symbol.subscripts:
            if isinstance(script, t.Symbol) and s.integer(script, scope.indices) is None:
                raise Unread(f"{write(symbol)} is not defined")
    nodes: list[t.Node] = list(last) or [by]
    scope.env.assume(
        f"{write(symbol)} is an unknown smooth function of {', '.join(write(n) for n in nodes)}"
    )
    smooth = SmoothScalars(s.full(symbol, scope.indices))

    def value(inside: Scope) -> Array:
        return smooth([one(inside, n).array for n in nodes], 1)

    return value
