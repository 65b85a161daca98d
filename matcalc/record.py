"""The derivation as plain frozen data: every line with what it states and where it came from.

The record is made once, by the engine; every view and every printer reads it and computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matcalc.expr import Node, is_number, is_symbol, postorder, symbol, symbol_name
from matcalc.layout import Layout
from matcalc.ops.algebra import number
from matcalc.problem import Problem
from matcalc.reverse import Adjoints, Arrival, sweep
from matcalc.shapes import Shape

Kind = Literal["forward", "adjoint", "gradient"]


@dataclass(frozen=True)
class Line:
    """One line: ``symbol = value``, by which laws, from which lines."""

    name: str
    kind: Kind
    symbol: Node
    value: Node
    before: Node
    laws: tuple[str, ...]
    uses: tuple[str, ...]

    @property
    def shape(self) -> Shape:
        return self.symbol.shape

    @property
    def statement(self) -> tuple[Node, Node]:
        return self.symbol, self.value

    @property
    def after(self) -> Node:
        return self.value

    @property
    def law(self) -> str:
        """The equations of the rules used, in LaTeX."""
        return r",\quad ".join(self.laws)


@dataclass(frozen=True)
class Record:
    """A whole derivation."""

    problem: Problem
    lines: tuple[Line, ...]
    adjoints: Adjoints
    arrivals: dict[Node, Arrival]
    wrt: tuple[Node, ...]
    upstream: Node | None
    layout: Layout
    remarks: tuple[str, ...]


def record(
    problem: Problem,
    wrt: Sequence[Node],
    upstream: Node | None,
    layout: Layout,
    remarks: tuple[str, ...] = (),
) -> Record:
    """Sweep the problem and write down every line."""
    taken = [*problem.names, *([symbol_name(upstream)] if upstream is not None else [])]
    swept = sweep(problem.steps, problem.output, upstream if upstream is not None else number(1), wrt, taken)
    lines = [_forward(s.symbol, s.definition) for s in problem.steps]
    by_name = {s.name: s.definition for s in problem.steps}
    goals = set(wrt)
    for arrival in swept.arrivals.values():
        if arrival.of is problem.output and is_number(arrival.value) and arrival.of not in goals:
            continue  # dL/dL = 1 goes without saying
        kind: Kind = "gradient" if arrival.of in goals else "adjoint"
        lines.append(_backward(arrival, kind, by_name))
    return Record(
        problem, tuple(lines), swept.adjoints, swept.arrivals, tuple(wrt), upstream, layout, remarks
    )


def _forward(left: Node, right: Node) -> Line:
    return Line(symbol_name(left), "forward", left, right, right, (), _used(right))


def _used(value: Node) -> tuple[str, ...]:
    return tuple(symbol_name(n) for n in postorder(value) if is_symbol(n))


def _backward(arrival: Arrival, kind: Kind, definitions: dict[str, Node]) -> Line:
    laws: dict[str, None] = {}
    for step in arrival.through:
        laws.update(_laws_between(definitions[step], arrival.of))
    name = symbol_name(arrival.symbol)
    return Line(
        name, kind, arrival.symbol, arrival.value, arrival.before, tuple(laws), _used(arrival.value)
    )


def _laws_between(root: Node, leaf: Node) -> dict[str, None]:
    """The rules of the operations from a step's root down to one of the symbols it uses."""
    holds: set[Node] = set()
    found: dict[str, None] = {}
    for node in postorder(root):
        if node is leaf or any(c in holds for c in node.operands):
            holds.add(node)
            if node is not leaf and node.op.law:
                found[node.op.law] = None
    return found


def upstream_symbol(problem: Problem, name: str | None) -> Node:
    """The symbol for what arrives from above at an output that is not scalar."""
    wanted = name or problem.upstream or "G"
    while name is None and wanted in problem.names:
        wanted += "_"
    return symbol(wanted, problem.output.shape)
