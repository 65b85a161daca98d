"""The units of one line through the LALR grammar of ``grammar.lark``."""

from __future__ import annotations

from functools import cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from matcalc.errors import ParseError
from matcalc.reading.assemble import Item, term
from matcalc.reading.cursor import Unit
from matcalc.reading.tree import Bracket, Node, Phrase, Relation, Sign, Sum, Text

EXPECTED = {
    "$END": "the formula ends where something should follow",
    "CLOSE": "nothing stands before this bracket closes",
    "REL": "a relation sign where an operand should stand",
    "OP": "an operator without its left operand",
    "SIGN": "a sign without its operand",
    "SCRIPT": "a script without its base",
    "COMMA": "a comma where an operand should stand",
    "SEMI": "a semicolon where an operand should stand",
    "TEXT": "words where an operand should stand",
}


@cache
def _lark() -> Lark:
    return Lark.open("grammar.lark", rel_to=__file__, parser="lalr", lexer="basic")


def parse(units: list[Unit], source: str, functions: frozenset[str]) -> Node:
    """One side or a chain of relations (a ``Relation``)."""
    parser = _lark().parse_interactive("")
    try:
        for unit in units:
            token = Token(unit.type, "", start_pos=unit.start, end_pos=unit.end)
            token.value = unit
            parser.feed_token(token)
        tree = parser.feed_eof()
    except UnexpectedInput as error:
        raise _refusal(error, units, source) from None
    return _Build(functions).transform(tree)


def _refusal(error: UnexpectedInput, units: list[Unit], source: str) -> ParseError:
    token = getattr(error, "token", None)
    kind = getattr(token, "type", "$END")
    unit = getattr(token, "value", None)
    position = unit.start if isinstance(unit, Unit) else (units[-1].end if units else 0)
    return ParseError(EXPECTED.get(kind, f"a formula does not go on like this"), source, position)


def _span(first: Any, last: Any) -> tuple[int, int]:
    start = first.start if isinstance(first, Unit) else first.span[0]
    end = last.end if isinstance(last, Unit) else last.span[1]
    return (start, end)


class _Build(Transformer[Token, Any]):
    """Nodes from the parse; the children of a rule are nodes, items or units."""

    def __init__(self, functions: frozenset[str]) -> None:
        super().__init__(visit_tokens=False)
        self.functions = functions
