"""A derivation with families at a fixed range: its own lines, place by place.

Nothing is derived anew: every adjoint is the value of the line that covers its place. So numbers,
the check and the comparison with an unrolled network all speak of the recursion that was printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matcalc.expr import Node, symbol, symbol_name
from matcalc.families.places import Part, at_place
from matcalc.families.sweep import Arrived
from matcalc.members import Family, Span, place_of
from matcalc.ops.algebra import add, zero_of
from matcalc.ops.entries import box
from matcalc.owners import Owner
from matcalc.unrolling import Unrolling


class Written(Owner):
    """The adjoints of one place each, with the lines they come from."""

    def __init__(self) -> None:
        self.values: dict[Node, Node] = {}

    def definition_of(self, node: Node) -> Node | None:
        return self.values.get(node)


class Concrete(Unrolling):
    """A family derivation at one choice of its ends."""

    def __init__(self, record: Any, ends: Mapping[str, int]) -> None:
        super().__init__(record.network, ends)
        self.record = record
        self.facts = record.facts
        self.written = Written()
        self.reserved = {symbol_name(a.symbol) for a in record.order if isinstance(a.symbol, Node)}
        self.arrived: dict[Family, Arrived] = {
            a.symbol: a for a in record.arrivals.values() if isinstance(a.symbol, Family)
        }
        self.steps = {s.symbol: s.definition for s in record.steps}
        self.declare()
        self._upstream()
        self.define()
        for arrived in record.order:
            if isinstance(arrived.symbol, Node):
                self.image[arrived.symbol] = self._adjoint(
                    symbol_name(arrived.symbol), self.of(self._alone(arrived)), arrived.symbol
                )

    def _upstream(self) -> None:
        arriving = self.record.upstream
        if arriving is not None:
            shape = self.shape(arriving.shape)
            self.image[arriving] = symbol(symbol_name(arriving), shape, arriving.params[2])

    def _adjoint(self, name: str, value: Node, like: Node) -> Node:
        shape = self.shape(self.symbol(like, self.ends).shape)
        if shape and not value.shape:
            value = box(value)
        made = symbol(name, shape, None, self.written)
        self.written.values[made] = value
        return made

    # -- members ----------------------------------------------------------------------------------

    def definition(self, member: Node) -> Node:
        place = place_of(member)
        assert place is not None
        family = place.family
        if family.of is not None:
            return self._arrives(self.arrived[family], place.at)
        if family.name in self.record.made:
            swaps = dict(zip(family.indices, place.at, strict=True))
            return self.concrete(self.steps[family.general], swaps)
        return super().definition(member)

    def made(self, member: Node, definition: Node) -> Node:
        place = place_of(member)
        assert place is not None
        if place.family.of is not None:
            return self._adjoint(self.name(member), definition, member)
        return super().made(member, definition)

    def _alone(self, arrived: Arrived) -> Node:
        """What arrives at a plain symbol; where ranges are short, use by use."""
        parts = [p for p in arrived.parts if self._exists(p)]
        if len(parts) == len(arrived.parts):
            return arrived.value
        assert isinstance(arrived.of, Node)
        return add(*(p.value for p in parts)) if parts else zero_of(arrived.of.shape)

    def _exists(self, part: Part) -> bool:
        return all(bool(gap.xreplace(self.ends) >= 0) for gap in part.where)

    def _arrives(self, arrived: Arrived, at: tuple[Any, ...]) -> Node:
        """By the line whose range holds the place; where ranges meet or overlap, use by use."""
        assert isinstance(arrived.of, Family)
        spans = arrived.of.spans
        parts = [p for p in arrived.parts if self._exists(p) and self._reaches(p.ranges, at)]
        swaps = dict(zip(arrived.of.indices, at, strict=True))
        for case in arrived.cases:
            if self._holds(case.spans, at) and list(case.parts) == parts:
                return self.concrete(case.value, swaps)
        fixed = [s.at(self.ends) for s in spans]
        assert len(at_place((), at, fixed)) == 0
        if not parts:
            return self.concrete(zero_of(arrived.of.shape), swaps)
        return self.concrete(add(*(p.value for p in parts)), swaps)

    def _holds(self, spans: tuple[Span, ...], at: tuple[Any, ...]) -> bool:
        return self._reaches(tuple((s.low, s.high) for s in spans), at)

    def _reaches(self, ranges: tuple[tuple[Any, Any], ...], at: tuple[Any, ...]) -> bool:
        return all(
            bool(low.xreplace(self.ends) <= e <= high.xreplace(self.ends))
            for (low, high), e in zip(ranges, at, strict=True)
        )

    # -- what is asked ----------------------------------------------------------------------------

    def members_of(self, family: Family) -> list[Node]:
        """The symbols of a family's members in the plain network, in order."""
        return [self.of(family.at(at)) for at in self.places(family)]

    def adjoints_of(self, family: Family) -> list[Node]:
        """What arrives at each of them."""
        adjoint = self.record.arrivals[family].symbol
        return [self.of(adjoint.at(at)) for at in self.places(family)]

    def in_order(self, family: Family, items: list[Node]) -> Any:
        """What belongs to the members, as a list by the first index of lists by the next."""
        for span in reversed(family.spans[1:]):
            count = len(self.range_of(span.low, span.high))
            items = [items[k : k + count] for k in range(0, len(items), count)]  # type: ignore[misc]
        return items
