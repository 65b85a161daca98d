"""Steps that are computed from the step before: ``h_t`` from ``h_{t-1}`` and an input ``x_t``.

Such a letter stands for a whole family of arrays of one shape, its start h_0 included, and so do the
inputs that carry the same letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcalc.judging import spelling as s
from matcalc.judging.environment import Definition
from matcalc.judging.open_sizes import Pair, Unknown
from matcalc.reading import tree as t

if TYPE_CHECKING:
    from matcalc.judging.infer import Inference


def is_recurrence(definition: Definition) -> bool:
    """Whether ``h_t`` is computed from ``h_{t-1}``."""
    left = definition.left
    if len(left.subscripts) != 1 or len(definition.letters) != 1:
        return False
    return any(
        symbol.name == left.name and len(symbol.subscripts) == 1
        and isinstance(symbol.subscripts[0], t.Sum)
        for symbol in s.symbols(definition.body)
    )  # fmt: skip


def of_a_step(symbol: t.Symbol) -> Pair:
    """A state or an input at one time: a column, or a matrix if it has a capital."""
    capital = symbol.name.isupper()
    return Unknown(not capital), Unknown(False) if capital else 1


def at_a_step(run: Inference, symbol: t.Symbol) -> Pair | None:
    """``h_{t-1}`` and ``x_t``, where each h_t is computed from the last: columns, most likely."""
    if len(symbol.subscripts) != 1:
        return None
    for key, definition in run.env.definitions.items():
        if not is_recurrence(definition):
            continue
        left = definition.left
        if left.name == symbol.name and left.marks == symbol.marks:
            return run.defined(key)
        if symbol.subscripts == left.subscripts and s.stem(symbol) not in run.env.cells:
            run.columns[s.stem(symbol)] = symbol
            return run.members.setdefault(s.stem(symbol), of_a_step(symbol))
    return None
