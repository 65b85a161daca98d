"""A derivation in numbers: every step, adjoint and gradient at given values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from matcalc.errors import wants
from matcalc.expr import BUILD, Node, symbol_name
from matcalc.numeric.checking import definitions_below
from matcalc.numeric.evaluate import evaluate_together
from matcalc.numeric.worked import worked
from matcalc.record import Record
from matcalc.reverse import boxed

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """The numbers of one derivation, by name; ``missing`` says what each line lacks."""

    value: Any
    steps: Values
    adjoints: Values
    gradients: Values
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    record: Record | None = None
    given: Mapping[Any, Any] = field(default_factory=dict)
    dims: Mapping[str, int] | None = None

    def to_latex(self, digits: int = 6, notation: Any = None, rounded: int | None = None) -> str:
        """The numbers as a table; what is missing stays a formula and says what it needs.

        With ``rounded`` a second column shows what rounding to so many places at every step gives.
        """
        return BUILD["evaluation_latex"](self, digits, notation, rounded)


def evaluate_record(
    record: Record,
    values: Mapping[Any, Any],
    *,
    dims: Mapping[str, int] | None = None,
    partial: bool = False,
) -> Evaluation:
    """All lines of a derivation at NumPy arrays; keys may be inputs, steps or adjoints."""
    wants(Mapping, values, "values map names to arrays")
    wants((Mapping, type(None)), dims, "dims map dimensions to whole numbers")
    wants(bool, partial, "partial is True or False")
    if partial:
        return _as_far_as_it_goes(record, values, dims)
    problem = record.problem
    steps = [s.symbol for s in problem.steps]
    adjoints = {a.of: a.symbol for a in record.arrivals.values()}
    # What arrives at a part that has no name goes by its own.
    adjoints |= {line.symbol: line.symbol for line in record.backward() if line.of is None}
    gradients = {w: boxed(record.arrivals[w].value, w) for w in record.wrt}
    wanted: list[Node] = [problem.output, *steps, *adjoints.values(), *gradients.values()]
    found = evaluate_together(wanted, values, dims=dims, steps=definitions_below(wanted))
    return Evaluation(
        found[problem.output],
        MappingProxyType({symbol_name(s): found[s] for s in steps}),
        MappingProxyType({symbol_name(of): found[a] for of, a in adjoints.items()}),
        MappingProxyType({symbol_name(w): found[g] for w, g in gradients.items()}),
        record=record,
        given=dict(values),
        dims=dims,
    )


def _as_far_as_it_goes(
    record: Record, values: Mapping[Any, Any], dims: Mapping[str, int] | None
) -> Evaluation:
    """What the values determine, line by line."""
    steps: dict[str, Any] = {}
    adjoints: dict[str, Any] = {}
    missing: dict[str, tuple[str, ...]] = {}
    for item in worked(record, values, dims=dims, partial=True):
        of = item.line.of if item.line.of is not None else item.line.symbol
        if item.value is None:
            missing[item.line.name] = item.needs
        elif item.line.kind == "forward":
            steps[item.line.name] = item.value
        else:
            adjoints[symbol_name(of)] = item.value
    goals = {symbol_name(w) for w in record.wrt}
    return Evaluation(
        steps.get(symbol_name(record.problem.output)),
        MappingProxyType(steps),
        MappingProxyType(adjoints),
        MappingProxyType({name: v for name, v in adjoints.items() if name in goals}),
        MappingProxyType(missing),
        record,
        dict(values),
        dims,
    )
