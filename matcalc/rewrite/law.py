"""What a law is, and the register of all laws.

A law is a function ``node -> node | None``: it sees a node whose operands are simplified and gives
a node of the same value and shape, or None where it does not apply. Its docstring states the
equation and why the right side is shorter. A law that only brings a form into order says so
(``orders=True``): it need not shorten, but what it makes it leaves alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from matcalc.expr import Node, is_symbol, number, symbol_name
from matcalc.ops.algebra import ONES, PRODUCT, SUM_OP, add, mul, ones
from matcalc.ops.base import OPS
from matcalc.ops.entrywise import power
from matcalc.ops.product import is_reciprocal
from matcalc.rewrite.cost import cost

Law = Callable[[Node], Node | None]


@dataclass(frozen=True)
class Entry:
    """A law with its place in the catalogue."""

    law: Law
    at: tuple[str, ...]  # the operations at whose root it may apply
    family: str
    orders: bool
    fact: str | None  # what must be assumed

    @property
    def name(self) -> str:
        return self.law.__name__


LAWS: dict[str, list[Law]] = {}
CATALOGUE: dict[str, Entry] = {}


def law(*names: str, orders: bool = False, fact: str | None = None) -> Callable[[Law], Law]:
    """Enter a law under the operations at whose root it may apply."""

    def enter(rule: Law) -> Law:
        if rule.__name__ in CATALOGUE:
            raise ValueError(f"two laws are called {rule.__name__}")
        family = rule.__module__.rpartition(".")[2]
        CATALOGUE[rule.__name__] = Entry(rule, names, family, orders, fact)
        for name in names:
            LAWS.setdefault(name, []).append(rule)
        return rule

    return enter


# -- what laws are written with
# ---------------------------------------------------------------------


def split(node: Node) -> tuple[list[Node], list[Node]]:
    """The scalar and the matrix factors of a node."""
    parts = node.operands if node.op is PRODUCT else (node,)
    return [a for a in parts if not a.shape], [a for a in parts if a.shape]


def without(items: Sequence[Node], *gone: Node) -> list[Node]:
    """The items less one occurrence of each of ``gone``: a factor may stand there twice."""
    left = list(items)
    for item in gone:
        del left[next(k for k, x in enumerate(left) if x is item)]
    return left


def shorter(node: Node, other: Node) -> Node | None:
    """``other`` if it is the shorter of the two."""
    return other if cost(other) < cost(node) else None


def make_op(name: str, *operands: Node) -> Node:
    """An operation without parameters, by name."""
    return OPS[name].build(operands, ())


def settled(node: Node) -> Node:
    """``node`` after the laws; operands that are settled already cost nothing."""
    from matcalc.rewrite.simplify import tidy

    return tidy(node)


def times(*factors: Node) -> Node:
    """A product after the laws at its root."""
    return settled(mul(*factors))


def replaced(node: Node, k: int, count: int, *instead: Node) -> Node:
    """A product with ``count`` matrix factors from the k-th on replaced."""
    scalars, ms = split(node)
    return mul(*scalars, *ms[:k], *instead, *ms[k + count :])


def neighbours(node: Node) -> Sequence[tuple[int, Node, Node]]:
    """The matrix factors of a product two by two."""
    ms = split(node)[1]
    return [(k, a, b) for k, (a, b) in enumerate(itertools.pairwise(ms))]


def rank_one(node: Node) -> tuple[Node, Node, Node] | None:
    """A number, a column and a row whose product the node is: c u v', or 1./(c u v'), or u 1' + c 1
    1'."""
    if is_reciprocal(node):
        found = rank_one(node.operands[0])
        if found is None:
            return None
        front, u, v = (x if x.op is ONES else power(x, node.operands[1]) for x in found)
        return front, u, v
    if node.op is SUM_OP:
        return _spread_sum(node)
    scalars, ms = split(node)
    at = next((k for k, m in enumerate(ms) if k and m.shape[0] == 1), 0)
    return (mul(*scalars), mul(*ms[:at]), mul(*ms[at:])) if at else None


def _spread_sum(node: Node) -> tuple[Node, Node, Node] | None:
    """A sum of columns, each spread along the rows, or of rows."""
    rows, cols = node.shape
    parts = []
    for term in node.operands:
        scalars, ms = split(term)
        whole = len(ms) == 1 and ms[0].op is ONES
        found = (mul(*scalars), ones(rows, 1), ones(1, cols)) if whole else rank_one(term)
        if found is None:
            return None
        parts.append(found)
    if all(v.op is ONES for _, _, v in parts):
        return number(1), add(*(mul(c, u) for c, u, _ in parts)), ones(1, cols)
    if all(u.op is ONES for _, u, _ in parts):
        return number(1), ones(rows, 1), add(*(mul(c, v) for c, _, v in parts))
    return None


def equal(a: Node, b: Node) -> bool:
    """The same up to the order of what commutes."""
    return a is b or a.content == b.content


# -- facts
# ------------------------------------------------------------------------------------------


def facts_of(node: Node) -> tuple[str, ...]:
    """What is assumed of a symbol: while laws run, it is part of the symbol's name."""
    return _facts_in(symbol_name(node)) if is_symbol(node) else ()


@lru_cache(maxsize=4096)
def _facts_in(name: str) -> tuple[str, ...]:
    return tuple(name.partition("|")[2].split(",")) if name.startswith("?") and "|" in name else ()


def has(node: Node, fact: str) -> bool:
    """Whether that fact is assumed of the node."""
    return fact in facts_of(node)
