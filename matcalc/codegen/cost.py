"""What a compiled function costs, step by step, as formulas in the dimensions.

A sum, a difference, a product, a quotient, a comparison and a function of one number count as one
operation each; moving numbers costs none. Memory is what the program allocates: the entries of every
statement's array, views not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc.codegen.plan import Plan, Statement
from matcalc.codegen.resolve import postorder
from matcalc.codegen.terms import Term, cols, rows
from matcalc.ops.table import TABLE
from matcalc.record import Record

VIEWS = frozenset({"in", "number", "dim", "T", "slice", "vec", "unvec", "diagonal", "item", "pick"})
# What copies, rearranges or fills, and computes nothing.
MOVES = VIEWS | {
    "full", "eye_matrix", "diag_matrix", "kron_identity", "repeat_on_diagonal", "commute", "unpick",
    "commutation", "diagonal_pick", "place", "vstack", "hstack", "box", "tril", "triu", "unfold",
    "reshape_rows", "ones", "eye",
}  # fmt: skip


@dataclass(frozen=True)
class StepCost:
    """What one statement of the program costs."""

    name: str
    flops: sp.Expr
    memory: sp.Expr
    backward: bool


@dataclass(frozen=True)
class Cost:
    """Operations, entries allocated, how many matrix products; and the same by step."""

    flops: sp.Expr
    memory: sp.Expr  # entries; times 8 for bytes in double precision
    products: int
    steps: tuple[StepCost, ...] = ()

    @property
    def forward(self) -> Cost:
        """The part up to the value."""
        return self._part(False)

    @property
    def backward(self) -> Cost:
        """The part from the value to the gradients."""
        return self._part(True)

    def _part(self, backward: bool) -> Cost:
        steps = tuple(s for s in self.steps if s.backward is backward)
        flops, memory = (_sum(getattr(s, what) for s in steps) for what in ("flops", "memory"))
        return Cost(flops, memory, 0, steps)

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


def _sum(parts: Iterable[Any]) -> Any:
    return sp.expand(sp.Add(*parts))


def cost_of_record(record: Record) -> Cost:
    """The cost of value and gradients."""
    from matcalc.codegen.make import plan_of_record

    return cost_of(plan_of_record(record))


def cost_of(plan: Plan) -> Cost:
    """The cost of a plan; what stands in a loop counts as often as the loop runs."""
    steps: list[StepCost] = []
    seen: set[Term] = set()
    products = 0
    for s in plan.statements:
        flops, memory, found = _statement(s, seen, sp.Integer(1))
        steps.append(StepCost(s.name, sp.expand(flops), sp.expand(memory), s.backward))
        products += found
    for labels, backward in ((plan.value, False), (plan.gradients, True)):
        for label, term in labels:  # what is computed where it is returned
            flops, found = _fresh(term, seen, sp.Integer(1))
            if flops != 0:
                steps.append(StepCost(label, sp.expand(flops), sp.Integer(0), backward))
            products += found
    totals = (_sum(getattr(s, what) for s in steps) for what in ("flops", "memory"))
    flops, memory = totals
    return Cost(flops, memory, products, tuple(steps))


def _statement(s: Statement, seen: set[Term], times: Any) -> tuple[Any, Any, int]:
    flops: Any = sp.Integer(0)
    memory: Any = sp.Integer(0) if s.term.op in VIEWS else _entries(s.term)
    products = 0
    if s.body:
        _, low, high = s.term.params
        inner = times * (high - low + 1)
        for x in s.body:
            f, m, k = _statement(x, seen, inner)
            flops, memory, products = flops + f, memory + m, products + k
        f, k = _fresh(s.term.args[0], seen, inner)
        flops += f + inner * (_entries(s.term) if s.term.shape else 1)
        seen.add(s.term)
        return flops, memory, products + k
    f, k = _fresh(s.term, seen, times)
    return f, memory, k


def _fresh(root: Term, seen: set[Term], times: Any) -> tuple[Any, int]:
    """The operations of a term and of what it is made of, and its matrix products."""
    flops: Any = sp.Integer(0)
    products = 0
    order = postorder([root], stop=seen.__contains__)
    below = {a for t in order if t.op == "mul" for a in t.args if a is not root}
    added = {a for t in order if t.op == "add" for a in t.args if a is not root}
    for t in order:
        if t not in seen:
            seen.add(t)
            if t in below and t.op == "pow" and t.args[1].params == (-1,):
                continue  # the product is a quotient
            if t in added and t.op == "mul" and len(t.args) == 2 and t.args[0].params == (-1,):
                continue  # the sum is a difference
            flops += times * flops_of(t)
            products += t.op == "mm"
    return flops, products


def _entries(t: Term) -> Any:
    return sp.Mul(*t.shape) if t.shape else sp.Integer(0)


def _size(t: Term) -> Any:
    return sp.Mul(*t.shape) if t.shape else sp.Integer(1)


def flops_of(t: Term) -> Any:
    """The operations of one term, its operands given."""
    if t.op in MOVES or t.op == "loop":
        return sp.Integer(0)
    rule = RULES.get(t.op)
    if rule is not None:
        return rule(t)
    return _size(t)


# -- one rule for each operation that does not cost one operation an entry -----------------------------


def _product(t: Term) -> Any:
    a, b = t.args
    inner = cols(a)
    if (a.op == "T" and a.args[0] is b) or (b.op == "T" and b.args[0] is a):
        return t.shape[0] * (t.shape[0] + 1) * inner  # symmetric: one triangle
    return 2 * _size(t) * inner


def _each_beside(t: Term) -> Any:
    return (len(t.args) - 1) * _size(t)


def _factor(t: Term) -> Any:
    third = {"chol": sp.Rational(1, 3), "lu": sp.Rational(2, 3)}.get(t.params[0], sp.Integer(0))
    return third * t.shape[0] ** 3


def _solve(t: Term) -> Any:
    triangles = 1 if t.args[0].params[0] in ("lower", "upper") else 2
    return triangles * rows(t.args[0]) * _size(t)


def _inverse(t: Term) -> Any:
    n = t.shape[0]
    left = {"chol": sp.Integer(2), "lu": sp.Rational(4, 3)}  # of 2 n^3 with the factorisation
    return left.get(t.args[0].params[0], sp.Integer(1)) * n**3


def _logdet(t: Term) -> Any:
    return 2 * rows(t.args[0])


def _adjugate(t: Term) -> Any:
    n = rows(t.args[0])
    return 22 * n**3 + 3 * n**2  # singular values, two determinants and a product


def _power(t: Term) -> Any:
    n, k = t.shape[0] if t.shape else sp.Integer(1), t.params[0]
    if k.is_Integer:
        products = max(0, int(k).bit_length() + bin(int(k)).count("1") - 2)
        return 2 * n**3 * products
    return 2 * n**3 * sp.log(k) / sp.log(2)


def _kron_apply(t: Term) -> Any:
    a, b, x = t.args
    return 2 * cols(x) * cols(a) * rows(b) * (cols(b) + rows(a))


def _blocks(t: Term) -> Any:
    a, x = t.args
    return 2 * rows(a) * cols(a) * t.params[0] * cols(x)


def _softmax(t: Term) -> Any:
    return (5 + (len(t.args) - 1)) * _size(t.args[0])


def _lines(t: Term) -> Any:
    """How many softmaxes there are."""
    return rows(t.args[0]) if t.params[0] == 1 else cols(t.args[0])


def _sum_of_samples(t: Term) -> Any:
    x, small, _ = t.args
    whole = 2 * rows(x) * _size(t)
    return (whole / 2 if t.params[2] else whole) + _size(small) * cols(x)


def _indexed(t: Term) -> Any:
    """Each sum: its entries times as many factors as it has."""
    total: Any = sp.Integer(0)
    for spec, result, places in t.params[1]:
        sizes = dict(zip(result, t.params[0], strict=True))
        for letters, (_, split) in zip(spec.split(","), places, strict=False):
            sizes |= dict(zip(letters, split, strict=False))
        total += len(places) * sp.Mul(*sizes.values())
    return total


def _held(t: Term) -> Any:
    """An operation with its own NumPy: one for each entry that goes in or comes out, the larger."""
    return sp.Max(_size(t), *map(_size, t.args)) if t.args else _size(t)


def _of_operand(times: int) -> Callable[[Term], Any]:
    return lambda t: times * _size(t.args[0])


RULES: dict[str, Callable[[Term], Any]] = {
    "mm": _product,
    "dot": _of_operand(2),
    "norm": _of_operand(2),
    "total": _of_operand(1),
    "rowsum": _of_operand(1),
    "colsum": _of_operand(1),
    "product_of": _of_operand(1),
    "largest": _of_operand(1),
    "where_largest": _of_operand(2),
    "fold": _of_operand(1),
    "cumsum": _of_operand(1),
    "kron_contract": _of_operand(2),
    "trace": lambda t: rows(t.args[0]),
    "plus_diagonal": lambda t: rows(t.args[0]),
    "add": _each_beside,
    "mul": _each_beside,
    "factor": _factor,
    "solve": _solve,
    "inverse": _inverse,
    "logdet": _logdet,
    "logabsdet": _logdet,
    "signdet": _logdet,
    "det": _logdet,
    "adj": _adjugate,
    "mpow": _power,
    "kron_apply": _kron_apply,
    "apply_to_blocks": _blocks,
    "apply_across": _blocks,
    "softmax": _softmax,
    "log_softmax": lambda t: 5 * _size(t.args[0]) + _lines(t),
    "largest_of": lambda t: 2 * _size(t.args[1]),
    "log_product": lambda t: (4 * len(t.args) + 4) * _size(t),
    "log1mexp": lambda t: 8 * _size(t),
    "logsumexp": lambda t: 4 * _size(t.args[0]) + 2 * _lines(t),
    "by_sample": _size,
    "sample_products": lambda t: 2 * t.params[0] * _size(t),
    "sum_of_samples": _sum_of_samples,
    "blocks_of_samples": lambda t: (
        2 * _size(t.args[1]) * cols(t.args[0]) * cols(t.args[2])
        + _size(t.args[0]) * cols(t.args[1])
    ),
    "indexed": _indexed,
    "kron_matrix": _size,
    "kron_block": _size,
    "pow": _size,
    "function": _size,
    "map": _size,
    "other": _held,
}
KNOWN: Sequence[str] = (*MOVES, *RULES, *TABLE, "loop")
