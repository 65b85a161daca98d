"""A textbook problem: what is differentiated, by what, and the closed form that the book prints.

The size of a formula is the number of symbols and numbers in ``mc.text``: names of functions and
operators do not count, every definition of a name that the formula introduces does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import matcalc as mc
from matcalc.expr import Node, symbol_name

WORD = re.compile(r"[A-Za-z_]\w*(?P<call> *\()?|\d+(?:\.\d+)?")

TABLE: dict[str, Problem] = {}


@dataclass(frozen=True)
class Problem:
    """One row of the table. ``book`` may be a function of the derivation, to speak of adjoints."""

    key: str
    source: str
    of: Any
    wrt: Any
    book: Node | Callable[[mc.Derivation], Node]
    verb: str = "gradient"
    chapter: str = ""
    assume: tuple[Any, ...] = ()
    where: Mapping[str, Node] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def problem(key: str, source: str, of: Any, wrt: Any, book: Any, **more: Any) -> None:
    """Enter a problem into the table."""
    assert key not in TABLE, f"two problems are called {key}"
    assume = more.pop("assume", ())
    chapter = sys._getframe(1).f_globals["__name__"]  # the module whose table this is
    TABLE[key] = Problem(
        key,
        source,
        of,
        wrt,
        book,
        verb=more.pop("verb", "gradient"),
        chapter=chapter,
        assume=tuple(assume) if isinstance(assume, (list, tuple)) else (assume,),
        where=more.pop("where", {}),
        options=more,
    )


def size(text: str) -> int:
    """Symbols and numbers in a text; a name before a bracket is a function."""
    return sum(1 for found in WORD.finditer(text) if not found["call"])


def book_text(book: Node, where: Mapping[str, Node]) -> str:
    """The book's formula with the definitions of the names it introduces."""
    return "\n".join(
        [*(f"{name} = {mc.text(value)}" for name, value in where.items()), mc.text(book)]
    )


@dataclass(frozen=True)
class Derived:
    """Our answer beside the book's."""

    problem: Problem
    ours: Node
    book: Node

    @property
    def our_text(self) -> str:
        return mc.text(self.ours)

    @property
    def book_text(self) -> str:
        return book_text(self.book, self.problem.where)

    @property
    def ratio(self) -> float:
        return size(self.our_text) / size(self.book_text)


def derived(p: Problem) -> Derived:
    """Our answer to a problem."""
    if callable(p.book) and not isinstance(p.book, Node):
        options = dict(p.options)
        D = mc.derive(p.of, options.pop("by", None), assume=p.assume, **options)
        return Derived(p, D.gradient(p.wrt), mc.read(p.book(D)))
    verb = getattr(mc, p.verb)
    ours = verb(p.of, p.wrt, assume=p.assume, **p.options)
    return Derived(p, ours, mc.read(p.book))


def opened(node: Node, where: Mapping[str, Node]) -> Node:
    """The book's formula with its own names and our steps written out."""
    from matcalc.expr import is_symbol, postorder, substitute
    from matcalc.network import expanded

    names = {symbol_name(s): s for s in postorder(node) if is_symbol(s)}
    for name, value in reversed(list(where.items())):
        names = {symbol_name(s): s for s in postorder(node) if is_symbol(s)}
        if name in names:
            node = substitute(node, {names[name]: value})
    return expanded(node)
