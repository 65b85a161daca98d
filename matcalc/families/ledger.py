"""What a program with loops costs: each formula as often as the loops around it run.

Where the sizes change from one place to the next, the cost of a loop is a sum over its index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc.codegen.cost import Cost, StepCost, cost_of
from matcalc.codegen.plan import Plan
from matcalc.errors import UnknownNameError
from matcalc.members import Span
from matcalc.shapes import IndexedDim, Shape


@dataclass(frozen=True)
class FamilyCost(Cost):
    """Operations and memory of a program with loops, as formulas in the dimensions and ranges."""

    def _part(self, backward: bool) -> Cost:
        part = super()._part(backward)
        return FamilyCost(part.flops, part.memory, part.products, part.steps)

    def at(self, sizes: Mapping[str, Any]) -> dict[str, float]:
        """The numbers at given dimensions and ends; ``d=[4, 8, 3]`` are d[0], d[1], d[2]."""
        found = (self.flops, self.memory)
        return {k: _number(e, sizes) for k, e in zip(("flops", "memory"), found, strict=True)}


def _number(e: Any, sizes: Mapping[str, Any]) -> float:
    plain = {s: sizes[s.name] for s in e.free_symbols if s.name in sizes}
    fixed = e.subs(plain).doit()
    swaps = {d: _size(d, sizes) for d in fixed.atoms(IndexedDim)}
    value = fixed.xreplace(swaps)
    if value.free_symbols:
        missing = sorted(s.name for s in value.free_symbols)
        raise UnknownNameError(f"no size for {', '.join(missing)}")
    return float(value)


def _size(d: Any, sizes: Mapping[str, Any]) -> sp.Integer:
    name, place = d.func.__name__, int(d.args[0])
    if name not in sizes or not 0 <= place < len(sizes[name]):
        raise UnknownNameError(f"no size for {name}[{place}]")
    return sp.Integer(sizes[name][place])


def name_in(target: str) -> str:
    """``h`` of ``h[t]``."""
    return target.partition("[")[0]


class Ledger:
    """What the formulas written so far cost."""

    def __init__(self) -> None:
        self.backward = False
        self.steps: dict[tuple[str, bool], StepCost] = {}
        self.products: Any = sp.Integer(0)

    def add(
        self, name: str, plan: Plan, around: Sequence[Span], meant: Mapping[Any, Any], kept: bool
    ) -> None:
        """One formula, inside these loops; ``kept`` where its value stays under a name."""
        cost = cost_of(plan)
        memory = cost.memory
        if kept and plan.value[0][1] not in {s.term for s in plan.statements}:
            memory += sp.Mul(*plan.value[0][1].shape) if plan.value[0][1].shape else 0
        self._book(name, cost.flops.xreplace(dict(meant)), memory.xreplace(dict(meant)), around)
        self.products += _often(sp.Integer(cost.products), around)

    def hold(self, name: str, shape: Shape) -> None:
        """An array that a sum is gathered in."""
        self._book(name, sp.Integer(0), sp.Mul(*shape) if shape else sp.Integer(0), ())

    def note(self, name: str, shape: Shape, around: Sequence[Span]) -> None:
        """One addition to what was there."""
        self._book(name, sp.Mul(*shape), sp.Integer(0), around)

    def _book(self, name: str, flops: Any, memory: Any, around: Sequence[Span]) -> None:
        key = (name, self.backward)
        before = self.steps.get(key, StepCost(name, sp.Integer(0), sp.Integer(0), self.backward))
        self.steps[key] = StepCost(
            name, _more(before.flops, flops, around), _more(before.memory, memory, around),
            self.backward,
        )  # fmt: skip

    def cost(self) -> FamilyCost:
        """The whole program."""
        steps = tuple(self.steps.values())
        flops, memory = (
            sp.expand(sp.Add(*(getattr(s, what) for s in steps))) for what in ("flops", "memory")
        )
        return FamilyCost(flops, memory, sp.expand(self.products), steps)


def _more(before: Any, one: Any, around: Sequence[Span]) -> Any:
    return sp.expand(before + _often(one, around))


def _often(e: Any, around: Sequence[Span]) -> Any:
    """A cost as often as the loops run, the innermost first."""
    for span in reversed(around):
        e = sp.expand(e)
        if span.index in e.free_symbols:
            e = sp.Add(*(_summed(term, span) for term in sp.Add.make_args(e)))
        else:
            e = e * (span.high - span.low + 1)
    return sp.expand(e)


def _summed(term: Any, span: Span) -> Any:
    apart, inside = term.as_independent(span.index, as_Add=False)
    if inside == 1:
        return apart * (span.high - span.low + 1)
    return apart * sp.Sum(inside, (span.index, span.low, span.high))
