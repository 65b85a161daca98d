r"""The names of a forward pass as arrays: what an index letter below or above a name counts.

``W_{ji}`` is an entry of W, ``x_i`` an entry of a column, a row of a matrix X, or one of n columns
that stand as the rows of one matrix. A letter that nothing lets run is a label: ``h_t``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import NoRuleError
from matcalc.expr import Node, number, symbol
from matcalc.judging import spelling as s
from matcalc.judging.dot_products import is_bold
from matcalc.judging.environment import Dims, Environment, match
from matcalc.judging.forward_letters import (
    OPEN,
    Array,
    Declared,
    Letters,
    index_parts,
    same_name,
    without,
    without_indices,
)
from matcalc.judging.indexed import COL, ROW, Indexed, NoMatrixForm
from matcalc.ops.algebra import dim_node, eye
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.blocks import part
from matcalc.ops.entries import entry
from matcalc.reading import tree as t
from matcalc.reading.writer import write

CONSTANTS = {"pi": sp.pi, "e": sp.E}
RESERVED = frozenset({"I", "I_bb"})


@dataclass
class Names(Letters):
    """Names as values along the letters that run."""

    def named(self, node: t.Symbol) -> Indexed:
        """A name: a parameter, a size, an entry, an array."""
        indices = index_parts(node, set(self.ranges))
        bald = without_indices(node) if indices else node
        if s.full(bald) in self.local:
            return picked(self, self.local[s.full(bald)], indices, node)
        if indices and (delta := self.kronecker(node, indices)) is not None:
            return delta
        if not indices and self.is_size(node):
            return Indexed.of(dim_node(self.dim(node)))
        array = self.array_for(node, indices)
        if array is not None:
            return self.member(array, indices, node)
        if node.name in RESERVED and not node.marks and not self.env.has(s.full(node)):
            length = self.dim(node.subscripts[0]) if node.subscripts else None
            return Indexed.identity(ROW, COL, length)
        if node.name in CONSTANTS and s.bare(node):
            return Indexed.of(number(CONSTANTS[node.name]))
        if node.primes or node.star:
            raise NoRuleError(f"a network cannot contain {write(node)}")
        if indices and all(map(self.running, indices)) and len(indices) <= 2 and not is_bold(bald):
            lengths = [self.length(x.name) for x in indices if isinstance(x, t.Symbol)]
            if None not in lengths:
                shape = (lengths[0], lengths[1] if len(lengths) == 2 else sp.Integer(1))
                made = self.free(bald, s.full(bald), shape).node
                self.say(f"{write(bald)} is {shapes.show(shape)}")
                array = Array(made, (0, 1 if len(lengths) == 2 else None), s.full(bald))
                self.arrays[s.full(bald), len(indices)] = array
                return self.member(array, indices, node)
        if indices:
            raise NoRuleError(
                f"the shape of {write(bald)} does not follow; declare it, as in "
                rf"{write(bald)} \in \mathbb{{R}}^{{n}}"
            )
        return Indexed.of(self.free(node, s.full(node), ()).node)

    def kronecker(self, node: t.Symbol, indices: tuple[t.Node, ...]) -> Indexed | None:
        """``\\delta_{ij}``, where the page has no delta of its own."""
        own = any(left.name == node.name for left in self.env.left_sides())
        if node.name != "delta" or node.marks or len(indices) != 2 or own:
            return None
        if self.env.has(s.stem(node)) or not all(map(self.running, indices)):
            return None
        a, b = (x.name for x in indices if isinstance(x, t.Symbol))
        return same_index(self, a, b)

    def array_for(self, node: t.Symbol, indices: tuple[t.Node, ...]) -> Array | None:
        """The array that a name with so many indices points into."""
        key = s.full(without_indices(node) if indices else node)
        count = len(indices)
        known = self.arrays.get((key, count))
        if known is not None and not self.too_long(known, indices):
            return known
        step = self.step_for(node, key, count)
        if step is not None:
            return step
        if not count:
            dims = self.env.shapes.get(key) or self.shape_said(node)
            if dims is not None:
                return self.whole(node, key, (self.dim(dims[0]), self.dim(dims[1])))
            return self.entry_of(node)
        listed = count == 1 and any(same_name(p[0], node) for p in self.env.shape_patterns)
        if key in self.env.shapes and key not in self.env.cells and not listed:
            return self.rows_of(without(node, indices), key, count)
        member = self.members(node, indices, key)
        if member is not None:
            return member
        return self.capital(node, indices, key)

    def too_long(self, array: Array, indices: tuple[t.Node, ...]) -> bool:
        """Whether a letter runs over something else than the axis of an array it was met along."""
        for axis, place in enumerate(array.places):
            if isinstance(place, int) and self.running(indices[place]):
                length = self.length(indices[place].name)  # type: ignore[attr-defined]
                return length is not None and not shapes.same(length, array.node.shape[axis])
        return False

    def shape_said(self, node: t.Symbol) -> Dims | None:
        """``W^{(l)} \\in \\mathbb{R}^{d_l \\times d_{l-1}}`` at the number that stands here."""
        for left, letters, dims in reversed(self.env.shape_patterns):
            bound = match(left, letters, node, {})
            if bound is not None:
                numbers = {x: t.Number(str(k)) for x, k in bound.items()}
                return s.put(dims[0], numbers), s.put(dims[1], numbers)
        return None

    def step_for(self, node: t.Symbol, key: str, count: int) -> Array | None:
        """The step of the network that a name with so many indices points into."""
        raise NotImplementedError

    def whole(self, node: t.Symbol, key: str, shape: tuple[Any, Any]) -> Array:
        one = shape == (1, 1)
        return Array(self.free(node, key, () if one else shape).node, (ROW, COL), key)

    def entry_of(self, node: t.Symbol) -> Array | None:
        """``x_1``, ``W_{12}``: an entry, at numbers, of an array that the page declares."""
        bald = replace(node, subscripts=())
        key = s.full(bald)
        if not node.subscripts or key in self.env.cells:
            return None
        whole = self.array_for(bald, ()) if self.is_known(key) else None
        if whole is None or not whole.node.shape:
            return None
        flat = any(shapes.is_one(d) for d in whole.node.shape)
        parts = node.indices(1 if flat else 2)
        if parts is None:
            return None
        numbers = [s.integer(p, self.env.sizes) for p in parts]
        if numbers == [0] and self.base_of(key, 0) == 1:
            return None  # w_0 beside w_1, ..., w_n
        letters = {x for p in parts for x in _letters(p)}
        if None in numbers and not letters & self.counting():
            return None  # a label
        if None in numbers:
            raise NoRuleError(f"{write(node)} is an entry at an index that nothing lets run")
        at = [n - self.base_of(key, axis) for axis, n in enumerate(numbers)]  # type: ignore[operator]
        column = shapes.is_one(whole.node.shape[1])
        pair = (at[0], at[1]) if not flat else (at[0], 0) if column else (0, at[0])
        return Array(entry(whole.node, *map(sp.Integer, pair)), (ROW, COL), key)

    def is_known(self, key: str) -> bool:
        return key in self.env.shapes or key in self.env.definitions

    def rows_of(self, bald: t.Symbol, key: str, count: int) -> Array | None:
        """Entries of a declared array, or its rows."""
        dims = self.env.shapes[key]
        shape = self.dim(dims[0]), self.dim(dims[1])
        node = self.free(bald, key, () if shape == (1, 1) else shape).node
        if count == 2:
            return Array(node, (0, 1), key)
        if shape == (1, 1):
            return None
        if shapes.is_one(shape[1]):
            return Array(node, (0, None), key)
        return Array(node, (None, 0) if shapes.is_one(shape[0]) else (0, COL), key)

    def members(self, node: t.Symbol, indices: tuple[t.Node, ...], key: str) -> Array | None:
        """``x_i \\in R^d`` for every i: the rows of one matrix."""
        dims = self.env.shape_of(node, {})
        if dims is None or len(indices) != 1:
            pattern = next((p for p in self.env.shape_patterns if same_name(p[0], node)), None)
            dims = pattern[2] if pattern is not None and len(indices) == 1 else None
        if dims is None:
            return None
        capital = self.capital(node, indices, key)
        if capital is not None:
            return capital
        letters = [p.name for p in s.symbols(indices[0]) if self.running(p)]
        found = self.ranges[letters[0]] if letters else None
        if found is None or found[1] is OPEN or not isinstance(indices[0], t.Symbol):
            # how many there are is said where the letter runs by itself
            names = [*letters[:1], *(x for p in self.env.shape_patterns if same_name(p[0], node)
                                     for x in p[1])]  # fmt: skip
            stated = next((r for x in names if (r := self.said_range(x)) is not None), None)
            if stated is None:
                return None
            found = stated
        span = sp.expand(found[1] - found[0] + 1)
        rows, cols = self.dim(dims[0]), self.dim(dims[1])
        if not shapes.is_one(rows) and not shapes.is_one(cols):
            raise NoRuleError(
                f"{write(node)} is a matrix for every index; a network has only matrices, "
                "so that it must be written without the index"
            )
        number_each = shapes.is_one(rows) and shapes.is_one(cols)
        wide = cols if shapes.is_one(rows) else rows
        bald = without_indices(node)
        name = bald if number_each else self.gathered(bald)
        shape = (span, sp.Integer(1) if number_each else wide)
        made = self.free(name, s.full(name), shape).node
        slot = None if number_each else ROW if shapes.is_one(cols) else COL
        if not number_each:
            self.say(f"the rows of {write(name)} are the {write(node)}")
        array = Array(made, (0, slot), s.full(name))
        self.arrays[key, 1] = array
        return array

    def gathered(self, bald: t.Symbol) -> t.Symbol:
        """A capital for the matrix of all members, where the page has no other use for it."""
        letter, _, accent = bald.name.partition("_")
        if len(letter) != 1 or not letter.islower():
            return bald
        name = letter.upper() + (f"_{accent}" if accent else "")
        latex = re.sub(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", letter.upper(), bald.latex)
        upper = replace(bald, name=name, latex=latex)
        key = s.full(upper)
        free = not self.env.has(key) and key not in self.env.dims and key not in self.taken
        return upper if free and name not in _used_letters(self.env) else bald

    def capital(self, node: t.Symbol, indices: tuple[t.Node, ...], key: str) -> Array | None:
        """``x_i`` is a row or a column of X, ``x_{ij}`` an entry."""
        name, _, accent = node.name.partition("_")
        nick = self.env.nicknames.get(key, "")
        upper = replace(without_indices(node), name=name.upper() + (f"_{accent}" if accent else ""))
        key = nick or s.full(upper)
        if not nick and (len(name) != 1 or not name.islower()):
            return None
        step = self.arrays.get((key, 0)) or self.step_for(upper, key, 0)
        if step is None and key not in self.env.shapes:
            return None
        if step is None:
            dims = self.env.shapes[key]
            look = self.env.symbols.get(key, upper)
            step = self.whole(look, key, (self.dim(dims[0]), self.dim(dims[1])))
        if not step.node.shape:
            return None
        if len(indices) == 2:
            return Array(step.node, (0, 1), key)
        rows, cols = step.node.shape
        if shapes.is_one(cols) or shapes.is_one(rows):
            return Array(step.node, (0, None) if shapes.is_one(cols) else (None, 0), key)
        letters = [p.name for p in s.symbols(indices[0]) if self.running(p)]
        wanted = self.length(letters[0]) if letters else None
        said = self.env.shape_of(node, {})
        inner = self.dim(said[0]) if said is not None else None
        square = shapes.same(rows, cols)
        if inner is not None and not square:
            down = shapes.same(inner, cols)
        elif wanted is None and not square:
            return None  # a row or a column: the range of the letter tells
        else:
            down = wanted is None or shapes.same(rows, wanted) or not shapes.same(cols, wanted)
        found = Array(step.node, (0, ROW) if down else (ROW, 0), key)
        if wanted is not None:
            self.arrays[s.full(without_indices(node)), 1] = found
        return found

    # ------------------------------------------------------------ places

    def member(self, array: Array, indices: tuple[t.Node, ...], node: t.Symbol) -> Indexed:
        """An array at its indices."""
        found = array.node
        axes: list[Any] = list(array.places)
        for axis, place in enumerate(array.places):
            if not isinstance(place, int):
                continue
            index = indices[place]
            if isinstance(index, t.Slot):
                axes[axis] = ROW if place == 0 else COL
                continue
            found, axes[axis] = self.along(found, axis, index, array, place, node)
        if not found.shape:
            return Indexed.of(found)
        return Indexed.of(found, axes[0], axes[1])

    def along(
        self, found: Node, axis: int, index: t.Node, array: Array, place: int, node: t.Symbol
    ) -> tuple[Node, Any]:
        """One axis at an index: all of it under the letter, or the part that the letter reaches."""
        low = self.base_of(array.key, place)
        at = self.at(index)
        sizes = {shapes.dim(x) for x in self.env.dims if x.isidentifier()}
        loose = at.free_symbols - sizes - {sp.Symbol(x) for x in self.ranges}
        if loose or any(isinstance(p, t.Symbol) and p.subscripts for p in t.walk(index)):
            raise NoRuleError(
                f"{write(node)}: what the index {write(index)} is does not follow; a class label is "
                "written as a row of zeros and a one, Y_{ik}"
            )
        letters = [x for x in self.ranges if sp.Symbol(x) in at.free_symbols]
        if not letters:
            start, length, axis_name = at - low, sp.Integer(1), None
        elif len(letters) > 1 or sp.expand(at - sp.Symbol(letters[0])).has(sp.Symbol(letters[0])):
            raise NoRuleError(f"a network cannot contain {write(node)}")
        else:
            shift = sp.expand(at - sp.Symbol(letters[0]))
            first, last = self.ranges[letters[0]]
            start, length = sp.expand(first + shift - low), sp.expand(last - first + 1)
            axis_name = letters[0]
        size = found.shape[axis]
        if start == 0 and shapes.same(length, size):
            return found, axis_name
        if start == 0 and not isinstance(index, t.Sum) and axis_name and not length.is_number:
            if not size.is_number and not sp.expand(size - length).is_number:
                raise NoMatrixForm(
                    f"{axis_name} runs to {shapes.show_dim(length)}, but {write(node)} has "
                    f"{shapes.show_dim(size)} of them"
                )
        rows, cols = found.shape
        if axis == 0:
            return part(found, start, sp.Integer(0), length, cols), axis_name
        return part(found, sp.Integer(0), start, rows, length), axis_name

    def free(self, look: t.Symbol, key: str, shape: tuple[Any, ...]) -> Declared:
        """A name that is declared in the network."""
        if key not in self.declared:
            name = self.identifier(key)
            latex = write(look)
            self.declared[key] = Declared(name, symbol(name, shape, latex), key, latex)
        return self.declared[key]

    def identifier(self, key: str) -> str:
        """A name of the network for a name of the page."""
        between = "_" if re.search(r"\d,|,\d", key) else ""
        plain = re.sub(r"\W", "", key.replace("^", "").replace(",", between).replace("*", "_star"))
        while plain in self.taken or plain in self.env.dims or plain in FUNCTIONS:
            plain += "_"
        self.taken.add(plain)
        self.keys[plain] = key
        return plain

    def say(self, sentence: str) -> None:
        if sentence not in self.said:
            self.said.append(sentence)


def picked(names: Names, value: Indexed, indices: tuple[t.Node, ...], node: t.Symbol) -> Indexed:
    """Entries of the value of a formula: ``[W x + b]_j``, softmax(z)_k."""
    if not indices:
        return value
    slots = value.slots
    if len(slots) == 2 and len(indices) == 1:
        slots = slots[:1]
    if len(slots) != len(indices) or not all(names.running(x) for x in indices):
        raise NoRuleError(f"a network cannot contain {write(node)}")
    renamed = {}
    for slot, index in zip(slots, indices, strict=True):
        assert isinstance(index, t.Symbol), "it runs"
        size = value.axes[slot]
        if size is not None and not shapes.same(size, names.length(index.name)):
            raise NoMatrixForm(
                f"{index.name} runs to {shapes.show_dim(names.length(index.name))}, but there are "
                f"{shapes.show_dim(size)} of {write(node)}"
            )
        renamed[slot] = index.name
    return value.renamed(renamed)


def same_index(names: Names, a: str, b: str) -> Indexed:
    """One where two letters are equal, else zero."""
    if a == b:
        return Indexed.of(number(1))
    (low, high), (other, top) = names.ranges[a], names.ranges[b]
    if not (shapes.same(low, other) and shapes.same(high, top)):
        raise NoMatrixForm(f"{a} and {b} run over different ranges")
    return Indexed.of(eye(names.length(a)), a, b)


def _used_letters(env: Environment) -> set[str]:
    """Every name that stands somewhere in a definition."""
    found: set[str] = set()
    for definition in env.definitions.values():
        found |= {p.name for p in t.walk(definition.body) if isinstance(p, t.Symbol)}
        found.add(definition.left.name)
    return found


def _letters(node: t.Node) -> set[str]:
    return {p.name for p in t.walk(node) if isinstance(p, t.Symbol) and s.bare(p)}
