"""Numerator layout: a line turned onto its side, and what each of its transposes is there for.

There every adjoint lies transposed. A line is therefore rewritten as a whole: each name is
transposed where it stands, and then the line, by the laws of the transpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from matcalc.expr import Node, postorder, substitute, symbol, symbol_name
from matcalc.network import Owner
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, add, had, mul, t
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.simplify import simplify
from matcalc.trace import equation_of

# How a transpose passes by an operation.
PASSES = {
    "times": r"(AB)^\top = B^\top A^\top",
    "hadamard": r"(A \odot B)^\top = A^\top \odot B^\top",
    "plus": r"(A + B)^\top = A^\top + B^\top",
    "colsum": r"(\mathbf{1}^\top A)^\top = A^\top \mathbf{1}",
    "rowsum": r"(A \mathbf{1})^\top = \mathbf{1}^\top A^\top",
}


def put_inside(value: Node) -> Node:
    """A transpose around a sum or an entrywise product, put to its parts where they then carry no
    more of them: what arrives lies on its side already."""
    if value.op is not TRANSPOSE or value.operands[0].op not in (SUM_OP, HADAMARD):
        return value
    parts = _turned(value.operands[0])
    return parts if transposes(parts) <= transposes(value) else value


def transposes(node: Node) -> int:
    """How many transposes are written."""
    counts: dict[Node, int] = {}
    for n in postorder(node):
        counts[n] = (n.op is TRANSPOSE) + sum(counts[c] for c in n.operands)
    return counts[node]


def _turned(node: Node) -> Node:
    """The transpose, inside of sums, products and entrywise operations."""
    if node.op is SUM_OP:
        return add(*map(_turned, node.operands))
    if node.op is HADAMARD:
        return had(*map(_turned, node.operands))
    if node.op is PRODUCT:
        matrices = [_turned(a) for a in reversed(node.operands) if a.shape]
        return mul(*(a for a in node.operands if not a.shape), *matrices)
    if node.op.name in ENTRYWISE and node.shape:
        parts = tuple(_turned(a) if a.shape else a for a in node.operands)
        return ENTRYWISE[node.op.name].build(parts, node.params)
    return t(node)


class Transposed(Owner):
    """Adjoint symbols on their side, written like the ones they stand for."""

    def __init__(self) -> None:
        self.of: dict[Node, Node] = {}

    def stand_in(self, adjoint: Node) -> Node:
        found = symbol(symbol_name(adjoint), tuple(reversed(adjoint.shape)), None, self)
        self.of[found] = adjoint
        return t(found)

    def write(self, node: Node, writer: Any) -> str | None:
        return writer.symbol(self.of[node])


class Sideways:
    """How lines lie in numerator layout."""

    def __init__(self, adjoints: Iterable[Node]) -> None:
        self.owner = Transposed()
        self.names: Mapping[Node, Node] = {a: self.owner.stand_in(a) for a in adjoints if a.shape}

    def around(self, value: Node) -> Node:
        """The value inside one transpose, as it lies before any law is used."""
        return t(substitute(value, self.names))

    def laid(self, value: Node) -> Node:
        """The value on its side, in its shortest form."""
        return put_inside(simplify(self.around(value)))

    def laws(self, value: Node) -> list[str]:
        """The equations by which ``around`` becomes ``laid``."""
        found: list[str] = []

        def note(name: str, before: Node, *_: Any) -> None:
            inner = before.operands[0] if before.op is TRANSPOSE else before
            found.append(PASSES.get(inner.op.name) or equation_of(name))

        simplify(self.around(value), record=note)
        return list(dict.fromkeys(law for law in found if law))

    def changes(self, value: Node, write: Callable[[Node], str]) -> list[tuple[str, str]]:
        """The factors that carry a transpose in one of the two layouts only: how they stand in
        denominator layout, and how here."""
        there, here = (
            {write(A): write(t(A)) for A in _under_transposes(v)} for v in (value, self.laid(value))
        )
        gone = [(turned, A) for A, turned in there.items() if A not in here]
        return gone + [(A, turned) for A, turned in here.items() if A not in there]


def _under_transposes(value: Node) -> list[Node]:
    return [n.operands[0] for n in postorder(value) if n.op is TRANSPOSE]
