"""What a page has declared: shapes, definitions, functions, index bases, conventions.

Nothing is evaluated here. A definition is a tree; ``judging.scope`` gives it a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from matcalc.judging.spelling import (
    Indices,
    bare,
    below,
    full,
    integer,
    labelled,
    said,
    stem,
    symbols,
)
from matcalc.reading import tree as t

Dim = t.Node
Dims = tuple[Dim, Dim]
ONE = t.Number("1")


@dataclass(frozen=True)
class Definition:
    """``left = body``; ``letters`` are the index letters of the left side, ``ranges`` theirs."""

    left: t.Symbol
    body: t.Node
    letters: tuple[str, ...] = ()
    ranges: Mapping[str, t.Node] = field(default_factory=dict)
    line: int = 0

    def match(self, symbol: t.Symbol, indices: Indices) -> dict[str, int] | None:
        """The values of the letters that make the left side this symbol."""
        return match(self.left, self.letters, symbol, indices)


@dataclass(frozen=True)
class Function:
    """``name(parameters) = body``; ``component`` is the letter of ``sigma_j(z)``."""

    parameters: tuple[str, ...]
    body: t.Node
    component: str = ""
    table: str = ""  # the known function it equals
    whole: bool = False  # of an array, not of each of its entries


@dataclass(frozen=True)
class View:
    """A vector or matrix written out as its entries: ``x = [x_0, x_1]^T``."""

    entries: tuple[tuple[t.Symbol, ...], ...]


@dataclass
class Environment:
    """The symbol table of a page."""

    shapes: dict[str, Dims] = field(default_factory=dict)
    shape_patterns: list[tuple[t.Symbol, tuple[str, ...], Dims]] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    patterns: list[Definition] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    opaque: dict[str, str] = field(default_factory=dict)  # entrywise, scalar or map
    opaque_shapes: dict[str, Dims] = field(default_factory=dict)
    arguments: dict[str, tuple[Dims, ...]] = field(default_factory=dict)  # f : R^n -> R
    views: dict[str, View] = field(default_factory=dict)
    nicknames: dict[str, str] = field(default_factory=dict)  # w^2 -> W^2
    decorated: dict[str, tuple[t.Node, ...]] = field(default_factory=dict)  # f -> (X, W)
    cells: dict[str, set[str]] = field(default_factory=dict)  # a -> {"a_1", "a_2"}
    tabled: set[str] = field(default_factory=set)  # with a shape, and defined entry by entry
    sizes: dict[str, int] = field(default_factory=dict)
    letter_ranges: dict[str, tuple[t.Node, t.Node]] = field(default_factory=dict)
    dims: set[str] = field(default_factory=set)
    bases: dict[tuple[str, int], int] = field(default_factory=dict)
    counted_from_one: set[tuple[str, int]] = field(default_factory=set)  # by a range, not a number
    base: int | None = None
    domains: dict[str, str] = field(default_factory=dict)
    slopes: list[tuple[t.Node, Dims]] = field(default_factory=list)  # derivative atoms with a shape
    overrides: list[tuple[t.Node, t.Node]] = field(default_factory=list)
    constraints: list[t.Relation] = field(default_factory=list)
    unused: list[t.Relation] = field(default_factory=list)  # givens that restrict, in no known way
    bare_layers: set[str] = field(default_factory=set)
    squares: set[str] = field(default_factory=set)  # sigma, where the page defines sigma^2
    layout: str | None = None
    layout_is_law: bool = False
    layout_by_lines: bool = False  # nothing says it, most lines are written so
    vec: bool = False
    entrywise_signs: set[str] = field(default_factory=set)
    matrix_signs: set[str] = field(default_factory=set)
    left_to_right: bool = False
    hats_fold: bool = False
    identity_activation: bool = False
    loss: str = ""
    assumptions: list[str] = field(default_factory=list)
    big: set[str] = field(default_factory=set)  # sizes too big to be tried
    renamed: set[str] = field(default_factory=set)  # names that are defined with a prime
    turned: set[str] = field(default_factory=set)  # names whose prime is a transpose
    guessed_functions: set[str] = field(
        default_factory=set
    )  # letters that are applied, and no more
    guessed_words: set[str] = field(default_factory=set)  # operators nobody explained
    known_functions: set[str] = field(default_factory=set)
    symbols: dict[str, t.Symbol] = field(default_factory=dict)  # declared names as written
    surrogate: tuple[t.Symbol, t.Node] | None = None  # a step, and what is taken for its adjoint
    directions: tuple[t.Symbol, ...] = ()  # what varies in a line about differentials
    data_columns: bool = False  # x_i, a row of X, is written as a column
    inferred_names: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)  # keys in the order of their definitions
    step_scale: t.Node | None = None  # dZ is so many times the derivative of a mean loss
    spoken: dict[t.Node, t.Node] = field(
        default_factory=dict
    )  # pieces of a line, as its author has
    fixed: dict[str, int] = field(default_factory=dict)  # index letters that are one number
    optima: dict[str, tuple[t.Symbol, t.Symbol]] = field(
        default_factory=dict
    )  # \hat w -> w, and the loss that is smallest there
    page: tuple[t.Relation, ...] = ()  # all lines of the document: letters count alike in them

    def copy(self) -> Environment:
        """Another environment that can be changed without touching this one."""
        new = replace(self)
        for name, value in vars(self).items():
            if isinstance(value, dict):
                inner = {k: set(v) if isinstance(v, set) else v for k, v in value.items()}
                setattr(new, name, inner)
            elif isinstance(value, (list, set)):
                setattr(new, name, type(value)(value))
        return new

    def assume(self, sentence: str) -> None:
        """Print this once with the verdict."""
        if sentence not in self.assumptions:
            self.assumptions.append(sentence)

    # ------------------------------------------------------------ asking

    def has(self, key: str) -> bool:
        """Whether a name stands for a value of its own."""
        return key in self.definitions or key in self.shapes or key in self.views

    def has_apart(self, key: str, name: str) -> bool:
        """Whether a name stands for a value that is not computed from another name."""
        if key not in self.definitions:
            return self.has(key)
        todo, seen = [key], set[str]()
        while todo:
            body = self.definitions[todo.pop()].body
            inside = {p.name for p in symbols(body)} - seen
            if name in inside:
                return False
            seen |= inside
            todo += [k for k, d in self.definitions.items() if d.left.name in inside]
        return True

    def is_function(self, key: str) -> bool:
        return key in self.functions or key in self.opaque

    def sums_members(self, key: str) -> bool:
        """Whether a name is computed from members of its own letter: ``L = \\sum_t L_t``."""
        definition = self.definitions.get(key)
        if definition is None or definition.left.subscripts:
            return False
        mine = (definition.left.name, definition.left.marks)
        return any(p.subscripts and (p.name, p.marks) == mine for p in symbols(definition.body))

    def definition_of(
        self, symbol: t.Symbol, indices: Indices
    ) -> tuple[Definition, dict[str, int]] | None:
        """The definition with index letters that covers a symbol."""
        for definition in reversed(self.patterns):
            bound = definition.match(symbol, indices)
            if bound is not None:
                return definition, bound
        return None

    def shape_of(self, symbol: t.Symbol, indices: Indices) -> Dims | None:
        """A declared shape, by name or by pattern."""
        key = full(symbol, indices)
        if key in self.shapes:
            return self.shapes[key]
        for left, letters, dims in reversed(self.shape_patterns):
            if match(left, letters, symbol, indices) is not None:
                return dims
        return None

    def shape_of_family(self, symbol: t.Symbol) -> Dims | None:
        """``h_{t-1}`` and ``h_T`` beside a declared ``h_t``."""
        for left, letters, dims in reversed(self.shape_patterns):
            if left.name != symbol.name or left.marks != symbol.marks or labelled(symbol):
                continue
            inside = [p.name for p in left.subscripts if isinstance(p, t.Symbol)]
            if len(inside) == len(symbol.subscripts) == len(left.subscripts) > 0:
                if set(inside) <= set(letters):
                    return dims
        return None

    def base_of(self, key: str, axis: int) -> int:
        """Where the index of an axis starts."""
        if (key, axis) in self.bases:
            return self.bases[key, axis]
        return 1 if self.base is None else self.base

    def left_sides(self) -> Iterator[t.Symbol]:
        """The left sides of all definitions."""
        for definition in self.definitions.values():
            yield definition.left
        for definition in self.patterns:
            yield definition.left


def match(
    pattern: t.Symbol, letters: tuple[str, ...], symbol: t.Symbol, indices: Indices
) -> dict[str, int] | None:
    """The letters of a pattern such as ``z_j^{(l+1)}`` that make it the symbol."""
    if pattern.name != symbol.name or pattern.star != symbol.star:
        return None
    if len(pattern.marks) != len(symbol.marks):
        return None
    wanted = symbol.subscripts
    if len(wanted) != len(pattern.subscripts):
        split = symbol.indices(len(pattern.subscripts)) if pattern.subscripts else None
        if split is None:
            return None
        wanted = split
    bound: dict[str, int] = {}
    pairs = [(p.index, s.index) for p, s in zip(pattern.marks, symbol.marks, strict=True)]
    pairs += list(zip(pattern.subscripts, wanted, strict=True))
    for mine, given in pairs:
        if not _unify(mine, given, letters, indices, bound):
            return None
    return bound


def _unify(
    mine: t.Node, given: t.Node, letters: tuple[str, ...], indices: Indices, bound: dict[str, int]
) -> bool:
    value = integer(given, indices)
    free = [
        p.name for p in t.walk(mine) if isinstance(p, t.Symbol) and bare(p) and p.name in letters
    ]
    if not free:
        return said(mine, {}) == said(given, indices)
    if value is None:
        return False
    letter = free[0]
    if letter in bound:
        return integer(mine, bound) == value
    at_zero = integer(mine, {**bound, letter: 0})
    if at_zero is None:
        return False
    bound[letter] = value - at_zero
    return integer(mine, bound) == value


__all__ = ["ONE", "Definition", "Environment", "Function", "View", "below", "match", "stem"]
