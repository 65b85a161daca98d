"""Families: matrices numbered by an index, such as ``h[t]`` for t = 1, ..., T, and their declaration.

A member is a symbol like any other; its owner, a place, knows the family and where in it the member
stands, so that a sum over t binds the t in ``h[t]`` and a shift moves it. Families are declared and
defined in a network; a recurrence is a family whose members are defined by the ones before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from matcalc import shapes
from matcalc.errors import MatcalcError, NameClashError, NoRuleError, ShapeError, UnknownNameError
from matcalc.expr import BUILD, Node, is_symbol, postorder, read, symbol, symbol_owner
from matcalc.ops.binder import at_index, isum
from matcalc.ops.binder import index as index_symbol
from matcalc.owners import Owner
from matcalc.shapes import SCALAR, Dim, Shape


@dataclass(frozen=True)
class Span:
    """An index and the range it runs over, both ends included."""

    index: sp.Symbol
    low: Dim
    high: Dim

    def at(self, ends: Mapping[Any, Any]) -> Span:
        """The same index at given ends."""
        return Span(self.index, self.low.xreplace(ends), self.high.xreplace(ends))

    def __str__(self) -> str:
        return f"{self.index} = {shapes.show_dim(self.low)}..{shapes.show_dim(self.high)}"


class Family(Owner):
    """Matrices or scalars numbered by indices; ``h[t - 1]`` is one of them."""

    def __init__(
        self,
        network: Any,
        name: str,
        spans: tuple[Span, ...],
        shape: Shape,
        latex: str | None = None,
        of: Family | None = None,
    ) -> None:
        self.network, self.name, self.spans, self.shape = network, name, spans, shape
        self.latex = latex
        self.of = of  # whose adjoint this is
        # Of an adjoint: the output it is the derivative of, what its step is, and whether it is the
        # only one of its kind.
        self.output: Node | None = None
        self.of_value: Node | None = None
        self.alone = False
        self.started = 0  # how many members before the first are given
        self.down = False  # whether it is computed from the last place to the first
        self._places: dict[tuple[Any, ...], Place] = {}

    @property
    def indices(self) -> tuple[sp.Symbol, ...]:
        return tuple(span.index for span in self.spans)

    @property
    def general(self) -> Node:
        """The member at the family's own indices."""
        return self.at(self.indices)

    def before(self, k: int = 1) -> Any:
        """The place of the last index that lies ``k`` before the first: after the last, where the
        family is computed downwards."""
        span = self.spans[-1]
        return sp.expand(span.high + k if self.down else span.low - k)

    @property
    def starts(self) -> tuple[Node, ...]:
        """The members before the first, the nearest to it first."""
        places = (self.before(k) for k in range(1, self.started + 1))
        return tuple(self.at((*self.indices[:-1], place)) for place in places)

    @property
    def end(self) -> Node | None:
        """The member that a recurrence over one index computes last."""
        span = self.spans[-1]
        recurs = self.started and len(self.spans) == 1
        return self.at((span.low if self.down else span.high,)) if recurs else None

    @property
    def reach(self) -> tuple[Span, ...]:
        """The ranges in which there are members, those before the first included."""
        *outer, last = self.spans
        low = last.low if self.down else last.low - self.started
        high = last.high + self.started if self.down else last.high
        return (*outer, Span(last.index, sp.expand(low), sp.expand(high)))

    def __getitem__(self, at: Any) -> Any:
        places = at if isinstance(at, tuple) else (at,)
        if len(places) != len(self.spans):
            count = len(self.spans)
            raise ShapeError(
                f"{self.name} is numbered by {shapes.listed(list(map(str, self.indices)))}: "
                f"{count} {'index is' if count == 1 else 'indices are'} wanted, not {len(places)}"
            )
        found = tuple(_integer(p) for p in places)
        for place, span, reach in zip(found, self.spans, self.reach, strict=True):
            self._inside(place, span, reach)
        return self.at(found)

    def _inside(self, place: Any, span: Span, reach: Span) -> None:
        """Refuse what is surely outside the range; the rest is checked where it is used."""
        ends = ((place - reach.low, "before the first"), (reach.high - place, "after the last"))
        for off, what in ends:
            gap = sp.expand(off)
            if gap.is_number and gap < 0:
                raise ShapeError(
                    f"{self.name}[{shapes.show_dim(place)}] is {what}: {self.name} runs over {span}"
                )

    def at(self, places: tuple[Any, ...]) -> Node:
        """The member at these places, unchecked."""
        found = self._places.get(places)
        if found is None:
            found = self._places[places] = Place(self, places)
        swaps = dict(zip(self.indices, places, strict=True))
        shape = tuple(d.xreplace(swaps) for d in self.shape)
        inside = ",".join(shapes.show_dim(p).replace(" ", "") for p in places)
        return symbol(f"{self.name}[{inside}]", shape, None, found)

    def output_expression(self) -> Node:
        """A family where an expression is meant is its member at the index at hand."""
        return self.general

    def __repr__(self) -> str:
        return f"<{self.name}[{', '.join(map(str, self.indices))}] over {', '.join(map(str, self.spans))}>"

    # A bare family in a formula is its general member.
    def __add__(self, other: Any) -> Any:
        return self.general + other

    def __radd__(self, other: Any) -> Any:
        return other + self.general

    def __sub__(self, other: Any) -> Any:
        return self.general - other

    def __rsub__(self, other: Any) -> Any:
        return other - self.general

    def __mul__(self, other: Any) -> Any:
        return self.general * (other.general if isinstance(other, Family) else other)

    def __rmul__(self, other: Any) -> Any:
        return other * self.general

    __matmul__, __rmatmul__ = __mul__, __rmul__

    @property
    def T(self) -> Any:
        return self.general.T


class Place(Owner):
    """Where in its family a member stands."""

    def __init__(self, family: Family, at: tuple[Any, ...]) -> None:
        self.family, self.at = family, at
        self.serial = family.serial
        ends = family.network.extents if family.network is not None else frozenset()
        found = {s for e in at for s in e.free_symbols} - ends
        self.indices = tuple(sorted(found, key=str))

    def moved(self, swaps: Mapping[Any, Any]) -> Node:
        """The member at the same place after indices were replaced."""
        return self.family.at(tuple(sp.expand(e.xreplace(swaps)) for e in self.at))

    def definition_of(self, node: Node) -> Node | None:
        return None  # one definition stands for the whole family: only a loop can follow it

    def write(self, node: Node, writer: Any) -> str | None:
        return str(BUILD["member_latex"](self, writer))

    def __repr__(self) -> str:
        return f"{self.family.name}[{', '.join(map(str, self.at))}]"


def place_of(node: Node) -> Place | None:
    """Where a symbol stands in a family; None for one that is no member."""
    owner = symbol_owner(node) if is_symbol(node) else None
    return owner if isinstance(owner, Place) else None


def family_of(node: Node) -> Family:
    """The family of a member."""
    place = place_of(node)
    assert place is not None, f"{node} is no member of a family"
    return place.family


def members(root: Node) -> list[Node]:
    """The members an expression speaks of."""
    return [n for n in postorder(root) if place_of(n) is not None]


def _integer(value: Any) -> Any:
    if isinstance(value, bool):
        raise ShapeError(f"a place in a family is an integer, not {value}")
    if isinstance(value, int):
        return sp.Integer(value)
    if isinstance(value, Node):
        value = BUILD["dimension_of"](value)
    if not isinstance(value, sp.Expr):
        raise ShapeError(f"a place in a family is an integer or an index, not {value!r}")
    return sp.expand(shapes.canonical(value))


class Sizes:
    """A dimension of its own for every index: ``d[l]``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, at: Any) -> Any:
        return shapes.indexed_dim(self.name, _integer(at))

    def __repr__(self) -> str:
        return f"<the dimensions {self.name}[...]>"


def spread(method: Callable[..., Any]) -> Callable[..., Any]:
    """``input`` and ``param`` with ``over=``: a whole family is declared."""

    def declare(
        self: Any,
        name: str,
        rows: Any = None,
        cols: Any = None,
        latex: str | None = None,
        *,
        over: Any = None,
    ) -> Any:
        if over is None:
            return method(self, name, rows, cols, latex)
        return self.declare_family(method.__name__, name, rows, cols, latex, over)

    declare.__doc__, declare.__name__ = method.__doc__, method.__name__
    return declare


class Families:
    """What a network declares by index; mixed into ``Network``."""

    name: str

    def _begin_families(self) -> None:
        self.spans: dict[str, Span] = {}
        self.extents: frozenset[Any] = frozenset()  # symbols that say how far an index runs
        self.families: dict[str, Family] = {}
        self.roles: dict[str, str] = {}  # of each family: input, param or step
        self._family_steps: dict[Node, str] = {}

    # -- declaring --------------------------------------------------------------------------------

    def index(self, name: str, low: Any, high: Any) -> sp.Symbol:
        """An index and its range, both ends included: ``t = net.index("t", 1, T)``."""
        self._fresh(name)  # type: ignore[attr-defined]
        low, high = (shapes.canonical(_integer(_dim_or_name(v))) for v in (low, high))
        count = sp.expand(high - low + 1)
        if count.is_number and count < 1:
            raise ShapeError(f"the index {name} runs from {low} to {high}: there is nothing in it")
        span = Span(index_symbol(name), low, high)
        self.spans[name] = span
        self.extents |= {s for e in (low, high) for s in e.free_symbols} - {
            other.index for other in self.spans.values()
        }
        names = self._names  # type: ignore[attr-defined]
        for s in (span.index, *self.extents):
            names.add_dim(s.name)
        return span.index

    def sizes(self, name: str) -> Sizes:
        """Dimensions that depend on an index: ``d = net.sizes("d")``, then ``d[l - 1]``."""
        self._fresh(name)  # type: ignore[attr-defined]
        return Sizes(name)

    def span_of(self, over: Any) -> Span:
        found = self.spans.get(str(over))
        if found is None:
            raise UnknownNameError(
                f"there is no index {over} in the network {self.name!r}: declare it with "
                f'net.index("{over}", 1, ...)'
            )
        return found

    def declare_family(
        self, role: str, name: str, rows: Any, cols: Any, latex: str | None, over: Any
    ) -> Family:
        shape: Shape = SCALAR
        if rows is not None:
            shape = (shapes.dim(rows), shapes.dim(1 if cols is None else cols))
        return self._new_family(role, name, shape, latex, over)

    def _new_family(
        self, role: str, name: str, shape: Shape, latex: str | None, over: Any
    ) -> Family:
        spans = tuple(self.span_of(o) for o in (over if isinstance(over, tuple) else (over,)))
        self._fresh(name)  # type: ignore[attr-defined]
        allowed = {s.index for s in spans}
        others = {s.index for s in self.spans.values()} - allowed
        for d in shape:
            if d.free_symbols & others:
                raise ShapeError(f"the shape of {name} changes with an index it does not have")
        family = Family(self, name, spans, shape, latex)
        names = self._names  # type: ignore[attr-defined]
        stand_in = symbol(name, shape, latex, family)
        names.add(stand_in)
        self.families[name], self.roles[name] = family, role
        return family

    # -- defining ---------------------------------------------------------------------------------

    def recur(
        self,
        name: str,
        *,
        over: Any,
        start: Any,
        step: Callable[..., Any] | None = None,
        shape: tuple[Any, Any] | None = None,
        latex: str | None = None,
        adjoint: str | None = None,
        down: bool = False,
    ) -> Family:
        """A family defined by the member before: ``h[0]`` is ``start``, ``h[t] = step(h[t - 1])``.

        Where a step reaches further back, ``start`` is a tuple of the members before the first, the
        nearest first, and ``step`` takes as many; ``down=True`` goes from the last place to the first.
        Without ``step`` the family is only announced, so that several may use one another; then
        ``net.let("h", ..., over=t)`` defines it.
        """
        given = start if isinstance(start, (tuple, list)) else (start,)
        first = [self.adopt(read(s)) for s in given]  # type: ignore[attr-defined]
        if not first:
            raise MatcalcError(f"a recurrence needs a start: what comes before the first {name}?")
        over = over if isinstance(over, tuple) else (over,)
        span = self.span_of(over[-1])
        if shape is not None:
            wanted: Shape = tuple(shapes.dim(d) for d in shape)
        else:
            before = span.high + 1 if down else span.low - 1
            wanted = tuple(_generalised(d, before, span.index) for d in first[0].shape)
        family = self._new_family("step", name, wanted, latex, over)
        family.started, family.down = len(first), down
        for node, value in zip(family.starts, first, strict=True):
            if not shapes.same_shape(node.shape, value.shape):
                raise ShapeError(
                    f"{node} is {shapes.show(node.shape)}, but its start {value} is "
                    f"{shapes.show(value.shape)}"
                )
            self._place_step(node, value, None)
        if step is not None:
            back = [span.index + k if down else span.index - k for k in range(1, len(first) + 1)]
            previous = [family.at((*family.indices[:-1], place)) for place in back]
            self.let_family(name, step(*previous), latex, adjoint, over)
        return family

    def let_family(
        self, name: str, expr: Any, latex: str | None, adjoint: str | None, over: Any
    ) -> Family:
        """One step of a loop: the general member of a family."""
        over = over if isinstance(over, tuple) else (over,)
        announced = self.families.get(name)
        try:
            node = self.adopt(read(expr))  # type: ignore[attr-defined]
        except ShapeError as error:
            error.add_note(f"in step {name} of the network {self.name!r}")
            raise
        if announced is None:
            family = self._new_family("step", name, node.shape, latex, over)
        else:
            family = self._awaiting(announced, node)
            family.latex = latex or family.latex
        self._free_of_others(family, node)
        self._place_step(family.general, node, adjoint)
        return family

    def _awaiting(self, family: Family, node: Node) -> Family:
        if self.roles[family.name] != "step" or family.general in self._family_steps:
            raise NameClashError(f"{family.name} is declared already in the network {self.name!r}")
        if not shapes.same_shape(family.shape, node.shape):
            raise ShapeError(
                f"{family.general} is {shapes.show(family.shape)} like its start, but its step "
                f"is {shapes.show(node.shape)}"
            )
        return family

    def _free_of_others(self, family: Family, node: Node) -> None:
        known = {s.index for s in self.spans.values()}
        named = [
            self.spans[n.params[0]].index
            for n in postorder(node)
            if is_symbol(n) and n.params[0] in self.spans
        ]
        free = (*node.indices, *named)
        stray = [i for i in free if i in known and i not in family.indices]
        if stray:
            raise MatcalcError(
                f"the index {stray[0]} stands free in the definition of {family.general}, which "
                f"runs over {shapes.listed(list(map(str, family.spans)))}"
            )

    def _free_of_indices(self, step: Node, node: Node) -> None:
        stray = [str(i) for i in node.indices if str(i) in self.spans]
        stray += [
            n.params[0] for n in postorder(node) if is_symbol(n) and n.params[0] in self.spans
        ]
        if stray:
            span = self.spans[stray[0]]
            raise MatcalcError(
                f"the index {stray[0]} stands free in {step}: sum over it with "
                f"net.sum_over({stray[0]}, ...), name a place such as {span.high}, or make it a "
                f"family with over={stray[0]}"
            )

    def _place_step(self, node: Node, definition: Node, adjoint: str | None) -> None:
        self.add_step(node, definition, adjoint)  # type: ignore[attr-defined]
        self._family_steps[node] = node.params[0]

    def family_definition(
        self, family: Family, member: Node, ends: Mapping[Any, Any] | None = None
    ) -> Node:
        """What one member is: its start, or the general definition at its place."""
        definitions = {
            s.symbol: s.definition
            for s in self.steps  # type: ignore[attr-defined]
        }
        place = place_of(member)
        assert place is not None
        spans = [s.at(ends or {}) for s in family.spans]
        for k, first in enumerate(family.starts, 1):
            if sp.expand(place.at[-1] - family.before(k).xreplace(ends or {})) == 0:
                outer = dict(zip(family.indices[:-1], place.at[:-1], strict=True))
                return at_index(definitions[first], outer) if outer else definitions[first]
        for at, span in zip(place.at, spans, strict=True):
            for gap in (at - span.low, span.high - at):
                off = sp.expand(gap)
                if off.is_number and off < 0:
                    raise ShapeError(f"{member} does not exist: {family.name} runs over {span}")
        if self.roles[family.name] != "step" or family.general not in definitions:
            raise UnknownNameError(f"{member} has no definition in the network {self.name!r}")
        places = dict(zip(family.indices, place.at, strict=True))
        return at_index(definitions[family.general], places)

    def sum_over(self, over: Any, expr: Any) -> Any:
        """The sum of an expression over the whole range of an index."""
        span = self.span_of(over)
        return isum(read(expr), span.index, span.low, span.high)

    def check_member(self, node: Node, place: Place) -> Node:
        """A member met in a formula: one of this network's, or refused."""
        if place.family.network is not self:
            raise NameClashError(f"{node} belongs to a family of another network")
        return node

    def refuse_families(self, what: str) -> None:
        """For whatever does not follow loops."""
        if self.families:
            named = shapes.listed(list(self.families))
            raise NoRuleError(
                f"{what} does not follow the families of the network {self.name!r} ({named}) yet; "
                "net.unroll(...) gives the plain network for a fixed number of steps"
            )

    def unroll(self, **ends: int) -> Any:
        """The plain network for fixed ranges: ``net.unroll(T=3)``."""
        return BUILD["unrolled"](self, ends)


def _dim_or_name(value: Any) -> Any:
    return shapes.int_or_name(value) if isinstance(value, str) else value


def _generalised(d: Dim, before: Any, variable: sp.Symbol) -> Dim:
    """``d[0]`` of the start as ``d[l]`` of the family."""
    swaps = {
        f: f.func(variable) for f in d.atoms(AppliedUndef) if sp.expand(f.args[0] - before) == 0
    }
    return d.xreplace(swaps)


def general_steps(steps: Sequence[Any]) -> list[Any]:
    """The steps that define a family."""
    return [s for s in steps if place_of(s.symbol) is not None]
