r"""Index letters of a forward pass: which run, how far, and what is below and above a name.

A letter runs where a sum or a stated range lets it, or where it stands in the place of one that
does. Any other letter below a name is a label, as in ``h_t`` of a single step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import NoRuleError
from matcalc.expr import Node
from matcalc.judging import spelling as s
from matcalc.judging.counting import ranges_of
from matcalc.judging.environment import ONE, Environment
from matcalc.judging.indexed import Indexed
from matcalc.reading import tree as t
from matcalc.reading.writer import write

Place = int | str | None  # what an axis of an array is: the k-th index, ROW, COL, or nothing
Range = tuple[Any, Any]  # the first and the last number of a letter
OPEN = sp.Symbol("?")  # the end of a range that is being looked for


@dataclass(frozen=True)
class Array:
    """A matrix of the network, and what its rows and columns are for the name on the page."""

    node: Node
    places: tuple[Place, Place]
    key: str

    @property
    def indices(self) -> int:
        return sum(isinstance(p, int) for p in self.places)


@dataclass(frozen=True)
class Declared:
    """A name that the page leaves free."""

    name: str
    node: Node
    key: str
    latex: str


@dataclass
class Letters:
    """The letters that run at the moment, and what was met so far."""

    env: Environment
    ranges: Mapping[str, Range] = field(default_factory=dict)  # the letters that run here
    local: Mapping[str, Indexed] = field(default_factory=dict)  # parameters of a function
    arrays: dict[tuple[str, int], Array] = field(default_factory=dict)
    declared: dict[str, Declared] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)  # the page's names, by those of the network
    labels: frozenset[str] = frozenset()  # letters that count layers, and no entries
    sizes: dict[str, str] = field(default_factory=dict)  # the page's names of sizes
    said: list[str] = field(default_factory=list)  # what had to be assumed
    upright: set[str] = field(default_factory=set)  # along what biases are repeated
    numbers: set[str] = field(default_factory=set)  # names that the page calls numbers
    functions: dict[str, str] = field(default_factory=dict)  # undefined ones, by their names
    underway: list[str] = field(default_factory=list)  # definitions that are being read
    open: tuple[str, ...] = ()  # functions that are being spelled out
    letters: set[str] = field(default_factory=set)  # those that run somewhere on the page

    def dim(self, node: t.Node) -> Any:
        """A size as an expression."""
        value = s.integer(node, self.env.sizes)
        if value is not None:
            return sp.Integer(value)
        if isinstance(node, t.Symbol):
            if any(isinstance(p, t.Symbol) and p.subscripts for p in node.subscripts):
                raise NoRuleError(f"{write(node)} is no size")
            name = re.sub(r"\W", "", s.full(node))
            self.sizes[name] = s.full(node)
            return shapes.dim(name)
        if isinstance(node, t.Sum) and all(sign in "+-" for sign in node.signs):
            parts = zip(node.signs, map(self.dim, node.terms), strict=True)
            return sp.expand(sum(a if sign == "+" else -a for sign, a in parts))
        if isinstance(node, t.Product) and set(node.operators) <= {"", r"\cdot"}:
            return sp.expand(sp.Mul(*map(self.dim, node.factors)))
        raise NoRuleError(f"a size cannot be {write(node)}")

    def is_size(self, symbol_: t.Symbol) -> bool:
        key = s.full(symbol_)
        return (key in self.env.dims or key in self.env.sizes) and not self.env.has(key)

    def length(self, letter: str) -> Any:
        """How many numbers a letter takes; None if that is still being looked for."""
        low, high = self.ranges[letter]
        return None if high is OPEN else sp.expand(high - low + 1)

    def counting(self) -> frozenset[str]:
        """Letters that run somewhere on the page; any other letter below a name is a label."""
        if not self.letters:
            self.letters |= counting_letters(self.env) - self.labels
        return frozenset(self.letters)

    def range_of(self, letter: str, *bodies: t.Node) -> Range | None:
        """How far a letter runs: as the arrays it indexes do, or as the page says elsewhere."""
        for body in bodies:
            for used in _indexed_by(letter, body):
                found = self.range_by(letter, used)
                if found is not None:
                    return found
        if (stated := self.said_range(letter)) is not None:
            return stated
        for relation in self.env.page:
            for used in _indexed_by(letter, relation):
                found = self.range_by(letter, used)
                if found is not None:
                    return found
        return None

    def said_range(self, letter: str) -> Range | None:
        """A range that the page states in words or at a sum."""
        for relation in self.env.page:
            for name, right in ranges_of(relation):
                found = self.range_said(right) if name == letter else None
                if found is not None:
                    return found
        said = self.env.letter_ranges.get(letter)
        return None if said is None else (self.at(said[0]), self.at(said[1]))

    def range_said(self, node: t.Node) -> Range | None:
        """``1, ..., n``, also in braces."""
        node = s.peeled(node)
        items = node.items if isinstance(node, (t.Listing, t.Bracket)) else ()
        items = items[0].items if len(items) == 1 and isinstance(items[0], t.Listing) else items
        if len(items) < 2:
            return None
        numbers = [s.integer(x, self.env.sizes) for x in items]
        listed = None not in numbers and numbers == list(range(numbers[0], numbers[-1] + 1))  # type: ignore[arg-type, operator]
        if not listed and not any(isinstance(x, t.Ellipsis) for x in items):
            return None
        return self.at(items[0]), self.at(items[-1])

    def range_by(self, letter: str, used: t.Symbol) -> Range | None:
        """The whole length of the axis that a letter runs along below a name."""
        indices = index_parts(used, {letter})
        if any(self.env.definitions[own].left.name == used.name for own in self.underway):
            return None  # it runs as far as what it is computed from
        here = replace(self, ranges={**self.ranges, letter: (sp.Integer(1), OPEN)})
        array = here.array_for(used, indices)
        if array is None or array.indices != len(indices):
            return None
        for axis, place in enumerate(array.places):
            if isinstance(place, int) and indices[place] == t.Symbol(letter, letter):
                low = self.base_of(array.key, place)
                return sp.Integer(low), sp.expand(array.node.shape[axis] + low - 1)
        return None

    def base_of(self, key: str, axis: int) -> int:
        """Where an index starts: what a sum counts from one has no entry 0."""
        if (key, axis) in self.env.counted_from_one:
            return 1
        return self.env.base_of(key, axis)

    def at(self, node: t.Node) -> Any:
        """A number that an index takes; letters that run stand for themselves."""
        if isinstance(node, t.Symbol) and s.bare(node) and node.name in self.ranges:
            return sp.Symbol(node.name)
        if isinstance(node, t.Sum) and all(sign in "+-" for sign in node.signs):
            parts = zip(node.signs, map(self.at, node.terms), strict=True)
            return sp.expand(sum(a if sign == "+" else -a for sign, a in parts))
        return self.dim(node)

    def running(self, node: t.Node) -> bool:
        return isinstance(node, t.Symbol) and s.bare(node) and node.name in self.ranges

    def array_for(self, node: t.Symbol, indices: tuple[t.Node, ...]) -> Array | None:
        """The array that a name with so many indices points into."""
        raise NotImplementedError


def index_parts(node: t.Symbol, letters: set[str]) -> tuple[t.Node, ...]:
    """What counts below and above a name: its subscripts, if a letter runs in them."""
    below = _spread(node.subscripts)
    parts = tuple(p for p in below) if any(_runs(p, letters) for p in below) else ()
    above = tuple(m.index for m in node.marks if _runs(m.index, letters))
    return (*above, *parts)


def _spread(subscripts: tuple[t.Node, ...]) -> tuple[t.Node, ...]:
    return tuple(
        p
        for part_ in subscripts
        for p in (part_.items if isinstance(part_, t.Listing) else (part_,))
    )


def _runs(node: t.Node, letters: set[str]) -> bool:
    return any(isinstance(p, t.Symbol) and s.bare(p) and p.name in letters for p in t.walk(node))


def without_indices(node: t.Symbol) -> t.Symbol:
    """The name without the letters that count; a number above it is a layer and stays."""
    marks = tuple(m for m in node.marks if s.integer(m.index, {}) is not None or _is_label(m.index))
    return replace(node, subscripts=(), marks=marks)


def without(node: t.Symbol, indices: tuple[t.Node, ...]) -> t.Symbol:
    return replace(
        node,
        subscripts=() if any(p in indices for p in node.subscripts) else node.subscripts,
        marks=tuple(m for m in node.marks if m.index not in indices),
    )


def _is_label(node: t.Node) -> bool:
    return isinstance(node, t.Word)


def same_name(pattern: t.Symbol, node: t.Symbol) -> bool:
    """Whether two names differ in their index letters alone."""
    return (
        pattern.name == node.name
        and len(pattern.subscripts) == len(node.subscripts)
        and len(pattern.marks) == len(node.marks)
    )


def _indexed_by(letter: str, body: t.Node) -> Iterator[t.Symbol]:
    for node in t.walk(body):
        if isinstance(node, t.Symbol) and (
            any(_runs(p, {letter}) for p in node.subscripts)
            or any(_runs(m.index, {letter}) for m in node.marks)
        ):
            yield node


def counting_letters(env: Environment) -> set[str]:
    """Letters with a range, and those that stand in the place of such a letter elsewhere."""
    found = set(env.letter_ranges)
    places: dict[tuple[str, int], set[str]] = {}
    for relation in env.page:
        found |= {letter for letter, _ in ranges_of(relation)}
        for node in t.walk(relation):
            if isinstance(node, t.BigOperator):
                found |= {p.name for x in node.lower for p in t.walk(x)
                          if isinstance(p, t.Symbol) and s.bare(p)} - env.dims  # fmt: skip
            if not isinstance(node, t.Symbol):
                continue
            parts = [*_spread(node.subscripts), *(m.index for m in node.marks)]
            for axis, inner in enumerate(parts):
                named = {p.name for p in t.walk(inner) if isinstance(p, t.Symbol) and s.bare(p)}
                places.setdefault((node.name, axis), set()).update(named - env.dims)
            upper = s.stem(replace(node, name=node.name.upper()))
            dims = env.shapes.get(s.stem(node)) or env.shapes.get(upper)
            if node.subscripts and dims is not None and dims != (ONE, ONE):
                found |= {p.name for p in parts if isinstance(p, t.Symbol) and s.bare(p)} - env.dims
    for _ in range(4):
        for letters in places.values():
            if letters & found:
                found |= {x for x in letters if len(x) == 1 and x.islower()}
    return found
