"""One formula being read: what the caller declared, and the way from tokens to nodes.

The stages in order: ``units`` (tokens to terminals), ``brackets`` (bars and brackets), ``grammar``
(terminals to nodes). Groups come back here one level deeper.
"""

from __future__ import annotations

from dataclasses import dataclass

from matcalc.errors import ParseError
from matcalc.reading import grammar
from matcalc.reading.brackets import resolve, within
from matcalc.reading.cursor import Unit
from matcalc.reading.scripts import split_glued
from matcalc.reading.tokens import Token
from matcalc.reading.tree import Blank, Listing, Node, Relation, Span
from matcalc.reading.units import Builder


@dataclass(frozen=True)
class Reader:
    """The text, for error messages, and the names the caller knows."""

    text: str
    functions: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def units(self, tokens: list[Token], depth: int, *, script: bool = False) -> list[Unit]:
        """The terminals of a list of tokens."""
        return Builder(self, tokens, depth, script=script).build()

    def expression(self, tokens: list[Token], depth: int, *, script: bool = False) -> Node:
        """What stands in a group: one node, several with commas as a ``Listing``."""
        span = (tokens[0].start, tokens[-1].end) if tokens else (0, 0)
        return self.from_units(self.units(tokens, depth, script=script), span)

    def from_units(self, units: list[Unit], span: Span) -> Node:
        """The node of units already made."""
        nodes = self._parts(units)
        if not nodes:
            return Blank("", span=span)
        return nodes[0] if len(nodes) == 1 else Listing(nodes, span=span)

    def items(self, tokens: list[Token], depth: int) -> tuple[Node, ...]:
        """What stands between commas, as below a sum."""
        return self._parts(self.units(tokens, depth, script=True))

    def indices(self, tokens: list[Token], depth: int) -> tuple[Node, ...]:
        """A list of indices below a symbol, with or without commas."""
        return tuple(index for node in self.items(tokens, depth) for index in split_glued(node))

    def statements(self, tokens: list[Token], depth: int) -> tuple[Relation, ...]:
        """The statements of one line."""
        from matcalc.reading.statements import read_row

        return read_row(self, self.units(tokens, depth), ())

    def parse(self, units: list[Unit]) -> Node:
        """One line without separators."""
        return grammar.parse(units, self.text)

    def _parts(self, units: list[Unit]) -> tuple[Node, ...]:
        settled = [within(u) for u in units if u.type not in ("WIDE", "AMP", "ROW", "TAG")]
        while settled and settled[-1].type == "DOT":
            settled.pop()
        return tuple(self.parse(part) for part in cut(resolve(settled, self.text)))

    def error(self, message: str, position: int) -> ParseError:
        """An error at a place in the text."""
        return ParseError(message, self.text, position)


COMMAS = frozenset({"COMMA", "SEMI"})


def cut(units: list[Unit]) -> list[list[Unit]]:
    """Cut at commas outside brackets; empty pieces are dropped."""
    pieces: list[list[Unit]] = [[]]
    depth = 0
    for unit in units:
        depth += {"OPEN": 1, "CLOSE": -1}.get(unit.type, 0)
        if depth == 0 and unit.type in COMMAS:
            pieces.append([])
        else:
            pieces[-1].append(unit)
    return [piece for piece in pieces if piece]
