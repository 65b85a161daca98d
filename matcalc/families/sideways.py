"""Numerator layout through loops: what arrives at a member lies transposed, as on any page.

Each adjoint is spoken of by a family on its side, so that a sum over the index still moves its members;
a transpose goes into every sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from matcalc.expr import Node, leaves, postorder, substitute, symbol
from matcalc.members import Family, place_of
from matcalc.ops.algebra import SUM_OP, add, t
from matcalc.ops.binder import ISUM, at_index, fresh_index, isum
from matcalc.render.sideways import Transposed, put_inside
from matcalc.rewrite.simplify import simplify


def turned(value: Node) -> Node:
    """The transpose in its shortest form, sums over an index term by term."""
    if not value.shape:
        return value
    if value.op is SUM_OP and any(n.op is ISUM for n in value.operands):
        return add(*map(turned, value.operands))
    if value.op is ISUM:
        return _summed(value, turned)
    sums = _sums(value)
    lying = {n: symbol(f"?turned{k}", n.shape[::-1]) for k, n in enumerate(sums)}
    held = {n: t(s) if n.shape else s for n, s in lying.items()}
    short = simplify(t(substitute(value, held) if held else value))
    back = {s: turned(n) for n, s in lying.items()}
    return put_inside(substitute(short, back) if back else short)


def _sums(value: Node) -> list[Node]:
    return [n for n in postorder(value, stop=lambda n: n.op is ISUM) if n.op is ISUM]


def _summed(node: Node, act: Callable[[Node], Node]) -> Node:
    """A sum with its term acted on, under an index of its own."""
    variable, low, high = node.params
    own = fresh_index(f"side{node.level}")
    return isum(act(at_index(node.operands[0], {variable: own})), own, low, high)


class LyingDown:
    """How lines are written where every adjoint lies on its side."""

    def __init__(self, adjoints: Iterable[Node | Family]) -> None:
        self.owner = Transposed()
        self.families: dict[Family, Family] = {}
        self.plain: dict[Node, Node] = {}
        for adjoint in adjoints:
            if isinstance(adjoint, Family):
                if adjoint.shape:
                    self.families[adjoint] = _on_its_side(adjoint)
            elif adjoint.shape:
                self.plain[adjoint] = self.owner.stand_in(adjoint)

    def __call__(self, value: Node) -> Node:
        """A line on its side, in what lies on its side."""
        return turned(self._swapped(value))

    def around(self, value: Node) -> Node:
        """The same inside one transpose, before any law is used."""
        return t(self._swapped(value))

    def _swapped(self, value: Node) -> Node:
        held = {n: symbol(f"?held{k}", n.shape) for k, n in enumerate(_sums(value))}
        outside = substitute(value, held) if held else value
        swaps: dict[Node, Node] = {}
        for leaf in leaves(outside):
            place = place_of(leaf)
            if place is not None and place.family in self.families:
                swaps[leaf] = t(self.families[place.family].at(place.at))
            elif leaf in self.plain:
                swaps[leaf] = self.plain[leaf]
        named = substitute(outside, swaps) if swaps else outside
        back = {stand_in: _summed(n, self._swapped) for n, stand_in in held.items()}
        return substitute(named, back) if back else named


def _on_its_side(adjoint: Family) -> Family:
    found = Family(
        adjoint.network, adjoint.name, adjoint.spans, adjoint.shape[::-1], adjoint.latex, adjoint.of
    )
    found.output, found.of_value, found.alone = adjoint.output, adjoint.of_value, adjoint.alone
    return found
