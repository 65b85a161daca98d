"""What arrives by several paths, taken together.

Where the paths by which a step acts on the output part and meet again, as through the mean and the
deviation of a normalisation, what arrives on them cancels in part. Written in what arrived where
they had met, a line may then be shorter than the lines it stands for: that is the three-term form
of batch norm, ``(G - mean(G) - Xhat o mean(G o Xhat))/sd``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from matcalc.expr import Node, leaves, substitute
from matcalc.ops.algebra import HADAMARD, PRODUCT, had, mul, ones, t
from matcalc.ops.entrywise import power
from matcalc.ops.product import is_reciprocal, upside_down
from matcalc.rewrite.cost import cost
from matcalc.rewrite.law import rank_one
from matcalc.rewrite.sharing import page_cost, within

MOST_OPENED = 6  # lines that are put in
LARGEST = 200  # nodes of what they come to
CANCELS = 0.82  # of the length of the lines put in, what may be left

Clean = Callable[[Node], Node]


class Meetings:
    """The values that arrived so far, in the order in which they were found."""

    def __init__(self, steps: Sequence[Any], clean: Clean) -> None:
        self.clean = clean
        self.found: dict[Node, Node] = {}  # adjoint -> its value
        self.place: dict[Node, int] = {}
        self.several: set[Node] = set()  # adjoints that arrived by several paths
        self.parts: set[Node] = set()  # of a step, which has no line of its own to spare
        self.numerators = {b: had(s.symbol, c) for s in steps for b, c in _quotients(s.definition)}

    def add(self, adjoint: Node, value: Node, several: bool, part: bool = False) -> None:
        """One more value, for later lines."""
        self.place[adjoint] = len(self.found)
        self.found[adjoint] = value
        if part:
            self.parts.add(adjoint)
        if several:
            self.several.add(adjoint)

    def together(self, line: Node) -> tuple[Node, tuple[Node, ...]]:
        """A line of several paths in what arrived where these had met, if that is shorter, and the
        adjoints that were put in for that."""
        best, current, length = line, line, cost(line)
        used: tuple[Node, ...] = ()
        opened: tuple[Node, ...] = ()
        while len(opened) < MOST_OPENED:
            front = self._front(current)
            if not front or (opened and len(front) == 1 and front[0] not in self.several):
                break
            nearest = front[-1]
            opened = (*opened, nearest)
            length += cost(self.found[nearest])
            current = substitute(current, {nearest: self.found[nearest]})
            if not within(current, LARGEST):
                break
            if len(self._front(current)) <= 1:
                limit: float = cost(best)
                if opened[0] not in self.parts:
                    limit = max(min(length, CANCELS * page_cost(current)), limit)
                for way in self._ways(current):
                    found = self.clean(way)
                    if cost(found) < limit:
                        best, limit, used = found, cost(found), opened
        return best, used

    def _front(self, node: Node) -> list[Node]:
        """The adjoints of which an expression speaks, the earliest found first."""
        return sorted((n for n in set(leaves(node)) if n in self.place), key=self.place.__getitem__)

    def _ways(self, node: Node) -> Iterator[Node]:
        """As it stands, and with the numerator of a step that is a quotient written with the
        step."""
        yield node
        other = substitute(node, self.numerators)
        if other is not node:
            yield other


def _quotients(definition: Node) -> Iterator[tuple[Node, Node]]:
    """The numerator and the denominator of a matrix divided entry by entry, or by scalars; a factor
    in a row or a column, such as 1./s, divides by 1 over it."""
    if definition.op not in (HADAMARD, PRODUCT) or not definition.shape:
        return
    above = [f for f in definition.operands if not is_reciprocal(f)]
    below = [upside_down(f) for f in definition.operands if is_reciprocal(f)]
    spread = {k: u for k, f in enumerate(above) if (u := _spread(f, definition, k)) is not None}
    inside = [f for k, f in enumerate(above) if k not in spread]
    if not (below or spread) or len(inside) != 1 or not inside[0].shape or inside[0].indices:
        return
    scale = mul(*below) if definition.op is PRODUCT else had(*below)
    yield inside[0], had(*(power(u, -1) for u in spread.values()), *([scale] if below else []))


def _spread(factor: Node, product: Node, place: int) -> Node | None:
    """The matrix of the shape of a product that multiplies its other factors entry by entry as this
    one does: u 1' for diag(u)."""
    if product.op is HADAMARD:
        return factor if rank_one(factor) is not None else None
    if factor.op.name != "diag":
        return None
    u, (rows, cols) = factor.operands[0], product.shape
    return mul(u, ones(1, cols)) if place == 0 else mul(ones(rows, 1), t(u))
