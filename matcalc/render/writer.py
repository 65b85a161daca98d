"""What every printer shares: nodes are written bottom-up, once each, without recursion.

An operation writes itself (its ``text`` and ``latex`` faces) and asks the writer for its
operands in
brackets where they bind too loosely. Large parts that occur more than once are written once, under
a name of their own, so that a page never grows faster than the expression.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from matcalc.expr import BUILD, Node, is_symbol, postorder, read, symbol, symbol_name
from matcalc.ops.base import ATOM, Written
from matcalc.rewrite.cost import SYMBOL, cost, own_cost
from matcalc.rewrite.sharing import WORTH, may_be_named, places, times_written

# Up to this cost (ten a symbol) everything is shown in full; beyond, a shared part is named when its
# name saves at least so many characters.
LONG, WORTH_A_NAME = 3000, 120


class BaseWriter:
    """A printer over the ``text`` or ``latex`` face of operations."""

    face = "text"
    open, close = "(", ")"
    long, worth_a_name = LONG, WORTH_A_NAME

    def __init__(self) -> None:
        self.done: dict[Node, Written] = {}

    def __call__(self, node: Node, level: int = 0) -> str:
        if node not in self.done:
            self.fill(node)
        said, binds = self.done[node]
        return said if binds >= level else f"{self.open}{said}{self.close}"

    def written(self, node: Node) -> Written:
        """One node, its operands being written already."""
        return getattr(node.op, self.face)(node, self)

    def fill(self, root: Node) -> None:
        for node in postorder(root, stop=self.done.__contains__):
            if node not in self.done:
                self.done[node] = self.written(node)

    def saves_symbols(self, size: int, times: int) -> bool:
        """Whether a name for a part of that cost makes the page shorter by enough symbols."""
        return False

    def line(self, root: Node) -> tuple[list[tuple[Node, str]], str]:
        """``root`` as text, and the definitions of the shared parts it uses.

        Whether a part gets a name is decided as it is written, before anything repeats it: a page
        is never longer than the expression has nodes.
        """
        if cost(root) <= self.long:
            return [], self(root)
        order = postorder(root)
        once = places(order)
        named, last = self._named(order, once)
        again = times_written(order, named)
        if again != once:
            named, last = self._named(order, again)
        return list(named.values()), last

    def _named(
        self, order: Sequence[Node], times: Mapping[Node, int]
    ) -> tuple[dict[Node, tuple[Node, str]], str]:
        """The parts that deserve a name, with it and what is written for them, and the last
        line."""
        names = fresh_names(symbol_name(n) for n in order if is_symbol(n))
        found: dict[Node, tuple[Node, str]] = {}
        whole = self.done
        self.done = {}  # what was written in full before may stand under a name now
        costs: dict[Node, int] = {}
        for node in order:
            said, _ = self.done[node] = self.written(node)
            size = costs[node] = own_cost(node, costs)
            long = (times[node] - 1) * (len(said) - 4) >= self.worth_a_name
            if may_be_named(node) and (long or self.saves_symbols(size, times[node])):
                name = symbol(next(names), node.shape)
                found[node] = name, said
                self.done[node] = self(name), ATOM
                costs[node] = SYMBOL
        last = self(order[-1])
        self.done = whole
        return found, last


def fresh_names(taken: Iterable[str], stem: str = "S") -> Iterator[str]:
    """S, S2, S3, ...: the first ones that nobody uses."""
    used = set(taken)
    for count in itertools.count(1):
        name = stem if count == 1 else f"{stem}{count}"
        if name not in used:
            yield name


class TextWriter(BaseWriter):
    """The text language, which ``parse`` reads back."""

    # A line of text has no fractions to keep it short: a person writes "where S = ..." sooner.
    long, worth_a_name = 100, 20

    def saves_symbols(self, size: int, times: int) -> bool:
        saved = (times - 1) * size - (times + 1) * SYMBOL
        return size >= WORTH and saved >= 2 * SYMBOL


def text(expr: object) -> str:
    """An expression in the text language; shared parts become definitions on lines above it.

    >>> from matcalc import matrix, inv
    >>> text(inv(matrix("A", "n", "n")).T)
    "inv(A)'"
    """
    node = read(expr)
    definitions, last = TextWriter().line(node)
    return "\n".join([*(f"{name.params[0]} = {said}" for name, said in definitions), last])


def text_lines(node: Node) -> tuple[list[tuple[Node, str]], str]:
    """Definitions of the shared parts, and the last line."""
    return TextWriter().line(node)


BUILD["text"] = text
BUILD["text_lines"] = text_lines
