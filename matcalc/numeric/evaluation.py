"""A derivation in numbers: every step, adjoint and gradient at given values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from matcalc.expr import Node, symbol_name
from matcalc.numeric.checking import definitions_below
from matcalc.numeric.evaluate import evaluate_together
from matcalc.record import Record
from matcalc.reverse import boxed

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """The numbers of one derivation, by name; ``missing`` says what could not be computed and why."""

    value: Any
    steps: Values
    adjoints: Values
    gradients: Values
    missing: Mapping[str, str] = field(default_factory=dict)


def evaluate_record(
    record: Record, values: Mapping[Any, Any], *, dims: Mapping[str, int] | None = None
) -> Evaluation:
    """All lines of a derivation at NumPy arrays; keys may be inputs, steps or adjoints."""
    problem = record.problem
    steps = [s.symbol for s in problem.steps]
    adjoints = {a.of: a.symbol for a in record.arrivals.values()}
    gradients = {w: boxed(record.arrivals[w].value, w) for w in record.wrt}
    wanted: list[Node] = [problem.output, *steps, *adjoints.values(), *gradients.values()]
    found = evaluate_together(wanted, values, dims=dims, steps=definitions_below(wanted))
    return Evaluation(
        found[problem.output],
        MappingProxyType({symbol_name(s): found[s] for s in steps}),
        MappingProxyType({symbol_name(of): found[a] for of, a in adjoints.items()}),
        MappingProxyType({symbol_name(w): found[g] for w, g in gradients.items()}),
    )
