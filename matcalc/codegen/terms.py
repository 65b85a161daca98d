"""Terms: the interned graph that a program is planned on.

A term is like a node, but it broadcasts: an operand of an entrywise term may be a scalar, a column
or a row where the result is a matrix. ``spread`` marks what would only be copies; it is made into
an array last of all. Terms of one ``Graph`` are interned: the same structure is the same object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.codegen.sizes import Sizes
from matcalc.shapes import ONE, Shape

Facts = Mapping[str, frozenset[str]]


class Term:
    """An operation on terms, with its shape."""

    __slots__ = ("args", "free", "op", "order", "params", "shape")

    op: str
    args: tuple[Term, ...]
    params: tuple[Any, ...]
    shape: Shape
    free: frozenset[str]  # loop indices its value depends on
    order: int  # in which terms were made

    def __repr__(self) -> str:
        inside = ", ".join([*map(repr, self.args), *map(str, self.params)])
        return f"{self.op}({inside})"


NOTHING: frozenset[str] = frozenset()
COMMUTING = frozenset({"add", "mul"})
# Functions of a number that Python's own mathematics has, and what it computes from dimensions.
MATH = frozenset(
    ["sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"]
) | frozenset(["log1p", "expm1", "erf"])
STATIC = MATH | {"number", "dim", "add", "mul", "pow"}


def is_one(d: Any) -> bool:
    return d is ONE or (isinstance(d, int) and d == 1)  # sympy has only one 1


def is_column(t: Term) -> bool:
    return bool(t.shape) and is_one(t.shape[1]) and not is_one(t.shape[0])


def is_row(t: Term) -> bool:
    return bool(t.shape) and is_one(t.shape[0]) and not is_one(t.shape[1])


def is_full(t: Term) -> bool:
    return bool(t.shape) and not is_one(t.shape[0]) and not is_one(t.shape[1])


def rows(t: Term) -> Any:
    return t.shape[0] if t.shape else ONE


def cols(t: Term) -> Any:
    return t.shape[1] if t.shape else ONE


def normal(r: Any, c: Any) -> Shape:
    """The shape r x c, a scalar if both are one."""
    return () if is_one(r) and is_one(c) else (r, c)


def common(args: Iterable[Term]) -> Shape:
    """The shape to which entrywise operands broadcast."""
    r: Any = ONE
    c: Any = ONE
    for a in args:
        if a.shape:
            r = a.shape[0] if is_one(r) else r
            c = a.shape[1] if is_one(c) else c
    return normal(r, c)


def core(t: Term) -> Term:
    """A term without the mark that its value is wanted as a whole."""
    while t.op == "let":
        t = t.args[0]
    return t


class Graph:
    """Makes terms; knows sizes to plan with and facts about inputs."""

    def __init__(self, sizes: Mapping[str, int] | None = None, facts: Facts | None = None) -> None:
        self.sizes = Sizes(sizes)
        self.facts = facts or {}
        self._table: dict[Any, Term] = {}
        self._orders: dict[Any, tuple[Term, ...]] = {}
        self.said: dict[str, None] = {}  # what the head of a source tells of stable forms

    def make(
        self,
        op: str,
        args: tuple[Term, ...] = (),
        params: tuple[Any, ...] = (),
        shape: Shape = (),
    ) -> Term:
        # The shape belongs to the key: a value spread into two shapes is two terms.
        if op in COMMUTING:
            # The first order met stands for all, so that A o B and B o A are one.
            mixed = (op, tuple(sorted(args, key=lambda a: a.order)), shape)
            args = self._orders.setdefault(mixed, args)
        key = (op, args, params, shape)
        found = self._table.get(key)
        if found is None:
            found = Term()
            found.op, found.args, found.params, found.shape = op, args, params, shape
            found.free = self._free(op, args, params)
            found.order = len(self._table)
            self._table[key] = found
        return found

    def _free(self, op: str, args: tuple[Term, ...], params: tuple[Any, ...]) -> frozenset[str]:
        found: set[str] = set()
        for a in args:
            found |= a.free
        if op == "loop":
            found.discard(params[0].name)
        for p in params[1:] if op == "loop" else params:
            if isinstance(p, sp.Expr):
                found |= {s.name for s in p.free_symbols if s.name.startswith("_k")}
        return frozenset(found) if found else NOTHING

    # -- leaves --------------------------------------------------------------------------------

    def number(self, value: Any) -> Term:
        return self.make("number", (), (_exact(value),))

    def dimension(self, d: Any) -> Term:
        """A dimension used as a number."""
        return self.number(d) if isinstance(d, sp.Integer) else self.make("dim", (), (d,))

    def input(self, name: str, shape: Shape) -> Term:
        return self.make("in", (), (name,), shape)

    def ones(self, r: Any, c: Any) -> Term:
        return self.spread(self.number(1), (r, c))

    def zeros(self, shape: Shape) -> Term:
        return self.spread(self.number(0), shape)

    def spread(self, t: Term, shape: Shape) -> Term:
        """A scalar, a column or a row in every column, row or entry of a shape."""
        if t.op == "spread":
            t = t.args[0]
        shape = normal(*shape) if shape else shape
        if not shape or shapes.same_shape(t.shape, shape):
            return t
        return self.make("spread", (t,), (), shape)

    # -- asking --------------------------------------------------------------------------------

    def has(self, t: Term, fact: str) -> bool:
        """Whether a fact is stated of an input."""
        return t.op in ("in", "let") and fact in self.facts.get(_name(t), NOTHING)

    def value(self, t: Term) -> Any:
        """The number a term is, if it is one in every entry; otherwise None."""
        if t.op == "spread":
            t = t.args[0]
        return t.params[0] if t.op == "number" else None

    def is_zero(self, t: Term) -> bool:
        return self.value(t) == 0

    def is_ones(self, t: Term) -> bool:
        return bool(t.shape) and self.value(t) == 1

    def count(self, t: Term) -> float:
        """How many entries, by the sizes planned with."""
        return self.sizes.of(rows(t)) * self.sizes.of(cols(t))


def _name(t: Term) -> str:
    return str(t.params[0]) if t.params else ""


def _exact(value: Any) -> Any:
    return sp.Integer(value) if isinstance(value, int) else value
