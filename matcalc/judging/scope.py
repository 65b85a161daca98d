r"""Where a name gets its value: definitions, entries, cut variables, index letters.

A cut replaces one name by other numbers; everything downstream of it is computed anew, all else is
taken from the uncut scope. What a value was computed from is noted on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.environment import ONE, Definition
from matcalc.judging.positions import Positions
from matcalc.judging.values import (
    Array,
    Misfit,
    OutOfRange,
    Shape,
    TooMuch,
    Unread,
    Value,
    number,
)
from matcalc.judging.worlds import World
from matcalc.reading import tree as t

BUDGET = 150_000
INNER = " cannot be computed: "  # what does not fit stands in a definition


@dataclass(frozen=True)
class Place:
    """Where a symbol points: a name, rows and columns of it, or a grid of names."""

    key: str
    rows: tuple[int, ...] | None = None
    cols: tuple[int, ...] | None = None
    definition: Definition | None = None
    bound: tuple[tuple[str, int], ...] = ()
    grid: tuple[tuple[Place, ...], ...] = ()
    shape: tuple[int, int] | None = None
    turned: bool = False  # a row that is written as a column

    @property
    def whole(self) -> bool:
        return self.rows is None and self.cols is None


class Scope(Positions):
    """Values of names in one world, under some cuts."""

    def __init__(
        self,
        world: World,
        *,
        root: Scope | None = None,
        cuts: Mapping[str, Array] | None = None,
        patches: tuple[tuple[t.Node, Array], ...] = (),
        layout: str = "denominator",
        vec: bool = False,
    ) -> None:
        self.world, self.env, self.root = world, world.env, root
        self.cuts = dict(cuts or {})
        self.patches = patches
        self.layout, self.vec = layout, vec
        self.indices: dict[str, int] = dict(self.env.fixed)
        self.locals: dict[str, Value] = {}
        self.known: dict[str, Array] = {}
        self.uses: dict[str, set[str]] = {}
        self.stack: list[str] = []
        self.lenient = False
        self.depth: int = root.depth if root is not None else 0
        self.work: list[int] = root.work if root is not None else [0]
        self.memo: dict[Any, list[Value] | None] = {}
        self.places: dict[Any, tuple[t.Symbol, Place | None]] = {}
        self.slopes: dict[Any, tuple[Array, Shape, Shape]] = {}
        self.seeking: set[str] = set()  # names whose range is being looked for

    # ------------------------------------------------------------ contexts

    @contextmanager
    def bound(self, **letters: int) -> Iterator[None]:
        """Index letters with values."""
        before = self.indices
        self.indices = {**before, **letters}
        try:
            yield
        finally:
            self.indices = before

    @contextmanager
    def inside(self, indices: Mapping[str, int], local: Mapping[str, Value]) -> Iterator[None]:
        """The inside of a definition."""
        before = self.indices, self.locals, self.lenient
        self.indices, self.locals = {**self.env.fixed, **indices}, dict(local)
        self.lenient = True
        try:
            yield
        finally:
            self.indices, self.locals, self.lenient = before

    def cut(self, cuts: Mapping[str, Array], patches: tuple[Any, ...] = ()) -> Scope:
        """A scope in which some names have other values."""
        new = Scope(
            self.world,
            root=self,
            cuts={**self.cuts, **cuts},
            patches=(*self.patches, *patches),
            layout=self.layout,
            vec=self.vec,
        )
        new.indices, new.locals, new.lenient = self.indices, self.locals, self.lenient
        return new

    def key_of(self, *nodes: t.Node) -> Any:
        """By what the value of a derivative is known again."""
        granted = self.env.surrogate is not None
        names = {p.name for p in t.walk(*nodes) if isinstance(p, t.Symbol)} if self.indices else ()
        at = tuple(sorted((x, k) for x, k in self.indices.items() if x in names))
        return (*nodes, at, self.lenient, granted)

    def count(self, cost: int = 1) -> None:
        """Bounded work: a line may not cost more than so many steps."""
        self.work[0] += cost
        if self.work[0] > BUDGET:
            raise TooMuch("the line needs too many steps to be checked")

    # ------------------------------------------------------------ places

    def swaps(self, symbol: t.Symbol) -> bool:
        """Whether this is the commutation matrix: a K with two sizes below."""
        if symbol.name != "K" or len(symbol.subscripts) != 2 or symbol.marks or symbol.primes:
            return False
        names = [p.name if isinstance(p, t.Symbol) and s.bare(p) else "" for p in symbol.subscripts]
        return all(n in self.env.dims and n not in self.indices for n in names)

    def place(self, symbol: t.Symbol) -> Place | None:
        """Where a symbol points; None if nothing is known of it."""
        if self.seeking:
            return self._place(symbol)
        at = (id(symbol), *self.indices.items())
        if at not in self.places:
            self.places[at] = symbol, self._place(symbol)  # kept, so that its number stays its own
        return self.places[at][1]

    def _place(self, symbol: t.Symbol) -> Place | None:
        if self.swaps(symbol):
            return None
        env, letters = self.env, self.indices
        if symbol.primes:
            symbol = replace(symbol, primes=0)
        key, stem = s.full(symbol, letters), s.stem(symbol, letters)
        if key in env.tabled and key not in self.cuts:
            return self._assembled(key)
        if key in self.cuts or (env.has(key) and not self._open(key)):
            return Place(key, definition=env.definitions.get(key), grid=self._grid(key))
        if symbol.subscripts and not s.labelled(symbol):
            for array in (stem, env.nicknames.get(stem, "")):
                if array and env.has(array) and array not in env.cells:
                    if not env.sums_members(array):
                        return self._entry(array, symbol)
        if (last := self._last(symbol)) is not None:
            return self.place(last)
        inside = self._entry_of_member(symbol)
        if inside is not None:
            return inside
        found = env.definition_of(symbol, letters)
        if found is not None and not self._within(*found):
            found = None
        if found is not None:
            definition, bound = found
            return Place(key, definition=definition, bound=tuple(sorted(bound.items())))
        dims = env.shape_of(symbol, letters)
        if dims is not None:
            return Place(key, shape=self.world.shape(dims))
        if symbol.subscripts and symbol.marks and (entry := self._entry_of_marked(symbol)):
            return entry
        bald = self._without_accent(symbol)
        if bald is not None:
            return bald
        if symbol.subscripts and not s.labelled(symbol):
            member = self._member(symbol)
            if member is not None:
                return member
            upper = s.stem(replace(symbol, name=symbol.name.upper()), letters)
            if upper != stem and len(symbol.name) == 1 and env.has_apart(upper, symbol.name):
                place = self._entry(upper, symbol)
                row = place.rows is not None and place.cols is None
                return replace(place, turned=True) if env.data_columns and row else place
            if key in env.cells.get(stem, ()):
                return Place(key, shape=(1, 1))
        elif stem in env.cells:
            return self._assembled(stem)
        elif env.nicknames.get(stem):
            return Place(env.nicknames[stem], definition=env.definitions.get(env.nicknames[stem]))
        marks = [m for m in symbol.marks if s.said(m.index, letters) not in TIMES]
        if len(marks) < len(symbol.marks):
            return self.place(replace(symbol, marks=tuple(marks)))
        return None

    def _entry_of_marked(self, symbol: t.Symbol) -> Place | None:
        """``x_j^{(i)}`` where every x^{(i)} is a column."""
        whole = replace(symbol, subscripts=())
        known = self.env.definition_of(whole, self.indices) is not None
        if not known and self.env.shape_of(whole, self.indices) is None:
            return None
        place = self.place(whole)
        if place is None or not place.whole:
            return None
        shape = self.value(place).shape
        rows, cols = self.selection(place.key, symbol.subscripts, shape, symbol)
        return replace(place, rows=rows, cols=cols)

    def _last(self, symbol: t.Symbol) -> t.Symbol | None:
        """``h_T`` with the number that T is, where the page defines ``h_t`` for all t."""
        if not any(d.left.name == symbol.name for d in self.env.patterns):
            return None
        below = tuple(
            t.Number(str(self.world.sizes[x.name]))
            if isinstance(x, t.Symbol) and s.bare(x) and x.name.isupper()
            and x.name in self.world.sizes and x.name not in self.indices
            else x
            for x in symbol.subscripts
        )  # fmt: skip
        return replace(symbol, subscripts=below) if below != symbol.subscripts else None

    def _entry_of_member(self, symbol: t.Symbol) -> Place | None:
        """``x_{nd}``, ``y_{t,k}``: an entry of the column x_n of a family."""
        if len(symbol.subscripts) != 2 or self.env.has(s.stem(symbol, self.indices)):
            return None
        if any(d.left.name == symbol.name and len(d.left.subscripts) == 2
               for d in self.env.patterns):  # fmt: skip
            return None
        first, last = symbol.subscripts
        member = replace(symbol, subscripts=(first,))
        family = self.env.definition_of(member, self.indices)
        if family is None and self.env.shape_of(member, self.indices) is None:
            return None
        place = self.place(member)
        if place is None or not place.whole:
            return None
        rows, cols = self.selection(place.key, (last,), self.value(place).shape)
        return replace(place, rows=rows, cols=cols)

    def _within(self, definition: Definition, bound: Mapping[str, int]) -> bool:
        """Whether the letters of a definition are in the ranges it states."""
        for letter, stated in definition.ranges.items():
            if letter in bound:
                try:
                    if bound[letter] not in self.range_of(stated):
                        return False
                except Unread:
                    continue
        return True

    def _without_accent(self, symbol: t.Symbol) -> Place | None:
        """A hat that nothing defines, on a letter that is defined: the same thing."""
        name, _, accent = symbol.name.rpartition("_")
        if accent not in ("hat", "tilde") or not name or s.stem(symbol) in self.env.cells:
            return None
        plain = replace(symbol, name=name, latex=name)
        if not self.env.hats_fold or (
            not any(
                d.left.name == name for d in (*self.env.definitions.values(), *self.env.patterns)
            )
            and s.stem(plain) not in self.env.views
        ):
            return None
        place = self.place(plain)
        if place is not None:
            self.env.assume(f"{symbol.latex} is {name}")
        return place

    def _open(self, key: str) -> bool:
        """A definition for all j is not one for the letter j itself."""
        definition = self.env.definitions.get(key)
        if definition is None or not definition.letters:
            return False
        return all(letter in self.indices for letter in definition.letters)

    def _grid(self, key: str) -> tuple[tuple[Place, ...], ...]:
        view = self.env.views.get(key)
        if view is None or key in self.cuts:
            return ()
        rows = [[self.place(e) for e in row] for row in view.entries]
        return tuple(
            tuple(
                p if p is not None else Place(s.full(e), shape=(1, 1))
                for p, e in zip(ps, es, strict=True)
            )
            for ps, es in zip(rows, view.entries, strict=True)
        )

    def _member(self, symbol: t.Symbol) -> Place | None:
        """``w_j`` with a number for j: ``w_3`` if there is such a name; an entry of a written view."""
        stem = s.stem(symbol, self.indices)
        if stem in self.env.cells:
            numbers = self.cell_numbers(stem)
            value = (
                s.integer(symbol.subscripts[0], self.indices)
                if len(symbol.subscripts) == 1
                else None
            )
            if value is not None and numbers and value not in numbers:
                low, high = min(numbers), max(numbers)
                raise OutOfRange(f"{stem}_{value} does not exist: {stem} runs from {low} to {high}")
            if value is not None and value in numbers:
                return Place(f"{stem}_{value}", shape=(1, 1))
        return None

    def cell_numbers(self, stem: str) -> list[int]:
        """The numbers below a letter whose entries are defined one by one."""
        numbers: set[int] = set()
        for key in self.env.cells.get(stem, ()):
            tail = key[len(stem) + 1 :]
            if tail.isdigit():
                numbers.add(int(tail))
        for definition in self.env.patterns:
            if s.stem(definition.left) == stem and len(definition.left.subscripts) == 1:
                for letter in definition.letters:
                    if letter in definition.ranges:
                        numbers.update(self.range_of(definition.ranges[letter]))
                    elif not numbers:
                        numbers.update(self.range_in_body(stem, letter, definition))
        return sorted(numbers)

    def range_in_body(self, stem: str, letter: str, definition: Definition) -> list[int]:
        """``p_k = e^{z_k} / s`` exists for every k that z has."""
        from matcalc.judging.bigops import range_by_use

        if stem in self.seeking:
            return []
        self.seeking.add(stem)
        try:
            plain = s.bare(definition.left.subscripts[0])
            return (range_by_use(self, letter, [definition.body]) or []) if plain else []
        finally:
            self.seeking.discard(stem)

    def _assembled(self, stem: str) -> Place | None:
        from matcalc.judging.tables import table_of

        numbers = self.cell_numbers(stem)
        if not numbers:
            return table_of(self, stem)
        cells = []
        for n in numbers:
            symbol = t.Symbol(stem.split("^")[0], stem, (t.Number(str(n)),), _marks(stem))
            place = self.place(symbol)
            cells.append(place or Place(f"{stem}_{n}", shape=(1, 1)))
        self.env.assume(
            f"{stem} is the column of the entries {stem}_{numbers[0]}, {stem}_{numbers[0] + 1}, ..."
        )
        row = stem in self.env.tabled and self.env.shapes[stem][0] == ONE
        return Place(stem, grid=(tuple(cells),) if row else tuple((cell,) for cell in cells))

    def _entry(self, array: str, symbol: t.Symbol) -> Place:
        """The entry, row or column of an array that the scripts below name."""
        shape = self.shape_of_key(array)
        rows, cols = self.selection(array, symbol.subscripts, shape, symbol)
        return Place(
            array, rows, cols, definition=self.env.definitions.get(array), grid=self._grid(array)
        )

    def shape_of_key(self, key: str) -> tuple[int, int]:
        dims = self.env.shapes.get(key)
        if dims is not None:
            return self.world.shape(dims)
        return self.value(
            Place(key, definition=self.env.definitions.get(key), grid=self._grid(key))
        ).shape

    # ------------------------------------------------------------ values

    def value(self, place: Place) -> Value:
        """The numbers at a place."""
        array = (
            self._stacked(place) if place.grid and place.key not in self.cuts else self.named(place)
        )
        for axis, picked in ((-2, place.rows), (-1, place.cols)):
            if picked is None:
                continue
            if max(picked) >= array.shape[axis]:
                rows, cols = array.shape[-2:]
                raise OutOfRange(f"{place.key} is {rows} x {cols}: that entry does not exist")
            array = np.take(array, picked, axis=axis)
        return Value(np.swapaxes(array, -1, -2) if place.turned else array)

    def _stacked(self, place: Place) -> Array:
        rows = []
        for row in place.grid:
            parts = [self.value(p).array for p in row]
            if any(p.shape[-2:] != (1, 1) for p in parts):
                raise Misfit(f"the entries of {place.key} are no numbers")
            rows.append(joined(parts, -1))
        return joined(rows, -2)

    def named(self, place: Place) -> Array:
        """The whole array of a name, computed once."""
        key = place.key
        for above in self.stack:
            self.uses.setdefault(above, set()).add(key)
        if key in self.cuts:
            return self.cuts[key]
        if key in self.known:
            for above in self.stack:
                self.uses[above] |= self.uses.get(key, set())
            return self.known[key]
        if self.root is not None and not self.patches:
            array = self.root.named(place)
            used = self.root.used_by(key)
            self.uses[key] = set(used)
            if not used & set(self.cuts):
                self.known[key] = array
                for above in self.stack:
                    self.uses[above] |= used
                return array
        if key in self.stack:
            raise Unread(f"{key} is defined through itself")
        self.stack.append(key)
        try:
            array = self._computed(place)
        finally:
            self.stack.pop()
        self.known[key] = array
        for above in self.stack:
            self.uses.setdefault(above, set()).update(self.uses.get(key, set()))
        return array

    def used_by(self, key: str) -> set[str]:
        return self.uses.get(key, set())

    def _computed(self, place: Place) -> Array:
        from matcalc.judging.evaluate import evaluate

        env, world = self.env, self.world
        if place.definition is None:
            shape = place.shape
            if shape is None:
                dims = env.shapes.get(place.key, (ONE, ONE))
                shape = world.shape(dims)
            return world.input(place.key, shape, env.domains.get(place.key, ""))
        self.count(5)
        with self.inside(dict(place.bound), {}):
            try:
                values = evaluate(self, place.definition.body)
            except (Misfit, OutOfRange) as error:
                if INNER in str(error):
                    raise
                raise type(error)(f"{place.key}{INNER}{error}") from error
        wanted = env.shapes.get(place.key)
        if wanted is not None:
            fits = [v for v in values if v.shape == world.shape(wanted)]
            if not fits and values[0].is_scalar is False:
                rows, cols = world.shape(wanted)
                raise Misfit(
                    f"{place.key} is declared {rows} x {cols}, its definition is "
                    f"{values[0].shape[0]} x {values[0].shape[1]}"
                )
            values = fits or values
        array = values[0].array
        if env.domains.get(place.key, "") in SYMMETRIC and array.shape[-1] == array.shape[-2]:
            # L = D - A, and the page says that L is symmetric
            array = (array + np.swapaxes(array, -1, -2)) / 2
        return array


SYMMETRIC = frozenset({"symmetric", "definite", "positive definite"})
TIMES = frozenset({"t", "t+1", "t-1", "k", "k+1", "new", "old", "next", "tau", "tau+1", "i+1"})


def _marks(stem: str) -> tuple[t.Mark, ...]:
    return tuple(
        t.Mark("(", t.Number(p) if p.isdigit() else t.Word(p)) for p in stem.split("^")[1:]
    )


def joined(parts: list[Array], axis: int) -> Array:
    """Arrays side by side, with leading axes of different lengths."""
    lead = np.broadcast_shapes(*(p.shape[:-2] for p in parts))
    return np.concatenate([np.broadcast_to(p, (*lead, *p.shape[-2:])) for p in parts], axis=axis)


def constant(value: float) -> Value:
    return number(value)
