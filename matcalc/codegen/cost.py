"""What a compiled function costs, as formulas in the dimensions.

Operations count a multiplication and an addition as one each; an entrywise function counts one per
entry. Memory is what the program allocates: every statement's array, and its results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc.codegen.plan import Plan, Statement
from matcalc.codegen.resolve import postorder
from matcalc.codegen.terms import Term
from matcalc.record import Record

LEAVES = frozenset(
    {"in", "number", "dim", "T", "slice", "vec", "unvec", "diagonal", "item", "pick"}
)
CUBIC = {"factor": sp.Rational(2, 3), "inverse": 2, "det": sp.Rational(2, 3), "adj": 20}


@dataclass(frozen=True)
class Cost:
    """Operations, entries allocated, and how many matrix products."""

    flops: sp.Expr
    memory: sp.Expr  # entries; times 8 for bytes in double precision
    products: int

    def at(self, sizes: Mapping[str, int]) -> dict[str, float]:
        """The numbers at given dimensions."""
        symbols = self.flops.free_symbols | self.memory.free_symbols
        swaps = {s: sizes[s.name] for s in symbols}
        return {"flops": float(self.flops.subs(swaps)), "memory": float(self.memory.subs(swaps))}

    def __str__(self) -> str:
        return (
            f"{self.flops} operations, {self.products} matrix products, "
            f"{self.memory} numbers of memory"
        )


def cost_of_record(record: Record) -> Cost:
    """The cost of value and gradients."""
    from matcalc.codegen.make import plan_of_record

    return cost_of(plan_of_record(record))


def cost_of(plan: Plan) -> Cost:
    """The cost of a plan; what stands in a loop counts as often as the loop runs."""
    times = _times(plan.statements, sp.Integer(1))
    flops: Any = sp.Integer(0)
    products = 0
    for t in plan.terms():
        flops += flops_of(t) * times.get(t, _of_loops(t))
        products += t.op == "mm"
    memory: Any = sp.Add(*(_entries(s.term) for s in plan.statements if s.term.op not in LEAVES))
    return Cost(sp.expand(flops), sp.expand(memory), products)


def _times(statements: tuple[Statement, ...], count: Any) -> dict[Term, Any]:
    found: dict[Term, Any] = {}
    for s in statements:
        if s.body:
            _, low, high = s.term.params
            inner = count * (high - low + 1)
            found |= _times(s.body, inner)
            for t in postorder([s.term.args[0]]):
                if s.term.params[0].name in t.free:
                    found.setdefault(t, inner)
    return found


def _of_loops(t: Term) -> Any:
    return sp.Integer(1)


def _entries(t: Term) -> Any:
    return sp.Mul(*t.shape) if t.shape else sp.Integer(0)


def flops_of(t: Term) -> Any:
    """The operations of one term, its operands given."""
    out = _entries(t) if t.shape else sp.Integer(1)
    if t.op in LEAVES or t.op in ("full", "eye_matrix", "diag_matrix", "loop"):
        return sp.Integer(0)
    if t.op == "mm":
        return 2 * out * t.args[0].shape[1]
    if t.op in ("dot", "total", "rowsum", "colsum", "trace"):
        return (2 if t.op == "dot" else 1) * _entries(t.args[0])
    if t.op == "factor":
        third = sp.Rational(1, 3) if t.params[0] == "chol" else CUBIC["factor"]
        return third * t.shape[0] ** 3 if t.params[0] in ("chol", "lu") else sp.Integer(0)
    if t.op == "solve":
        return 2 * t.shape[0] * out
    if t.op in ("inverse", "det", "adj"):
        n = t.args[0].shape[0]
        return CUBIC[t.op] * n**3
    if t.op == "kron_apply":
        a, b, x = t.args
        return (
            2 * x.shape[1] * a.shape[1] * b.shape[0] * (b.shape[1] + a.shape[0]) if x.shape else out
        )
    if t.op in ("add", "mul"):
        return (len(t.args) - 1) * out
    return out
