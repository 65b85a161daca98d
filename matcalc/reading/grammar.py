r"""The units of one line through the LALR grammar of ``grammar.lark``.

Nodes are built as the parser reduces, so that a long or deeply bracketed line costs no recursion.
"""

from __future__ import annotations

from dataclasses import replace
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
    "NEGATION": "a sign without its operand",
    "SCRIPT": "a script without its base",
    "COMMA": "a comma where an operand should stand",
    "SEMI": "a semicolon where an operand should stand",
    "TEXT": "words where an operand should stand",
}


@cache
def _lark() -> Lark:
    return Lark.open(
        "grammar.lark", rel_to=__file__, parser="lalr", lexer="basic", transformer=_Build()
    )


def parse(units: list[Unit], source: str) -> Node:
    """One side, or a chain of relations (a ``Relation``)."""
    parser = _lark().parse_interactive("")
    try:
        for unit in units:
            token = Token(unit.type, "")
            token.value = unit
            parser.feed_token(token)
        node = parser.feed_eof()
    except UnexpectedInput as error:
        raise _refusal(error, units, source) from None
    assert isinstance(node, Node), "the start rule gives a node"
    return node


def _refusal(error: UnexpectedInput, units: list[Unit], source: str) -> ParseError:
    token = getattr(error, "token", None)
    kind = getattr(token, "type", "$END")
    unit = getattr(token, "value", None)
    position = unit.start if isinstance(unit, Unit) else (units[-1].end if units else 0)
    return ParseError(EXPECTED.get(kind, "a formula does not go on like this"), source, position)


class _Build(Transformer[Token, Any]):
    """One method for each rule; children are nodes, items, lists, and tokens that hold units."""

    def __init__(self) -> None:
        super().__init__(visit_tokens=False)

    def start(self, parts: list[Any]) -> Node:
        return parts[0]

    def chain(self, parts: list[Any]) -> Node:
        sides = tuple(_side(part) for part in parts[::2])
        if len(sides) == 1:
            return sides[0]
        signs = tuple(part.value.value for part in parts[1::2])
        return Relation(sides, signs, span=(sides[0].span[0], sides[-1].span[1]))

    def words(self, parts: list[Any]) -> list[Node]:
        found: list[Node] = []
        for part in parts:
            if isinstance(part, list):
                found = part
            else:
                found.append(_word(part))
        return found

    def phrase(self, parts: list[Any]) -> list[Node]:
        return [*parts[0], parts[1]]

    def total(self, parts: list[Any]) -> Node:
        (sign, node), rest = parts[0], parts[1:]
        if not rest and sign is None:
            return node
        terms = (node, *rest[1::2])
        signs = [sign, *(part.value for part in rest[::2])]
        start = sign.start if sign else node.span[0]
        texts = tuple(unit.value if unit else "+" for unit in signs)
        return Sum(terms, texts, span=(start, terms[-1].span[1]))

    def first(self, parts: list[Any]) -> tuple[Unit | None, Node]:
        return (None, term(parts[0])) if len(parts) == 1 else (parts[0].value, parts[1])

    def plain(self, parts: list[Any]) -> Node:
        return term(parts[0])

    def signed(self, parts: list[Any]) -> Node:
        node, sign = term(parts[1]), parts[0].value
        return Sum((node,), (sign.value,), span=(sign.start, node.span[1]))

    def term(self, parts: list[Any]) -> list[Item]:
        return [parts[0]]

    def follow(self, parts: list[Any]) -> list[Item]:
        parts[0].append(parts[1])
        return parts[0]

    def operate(self, parts: list[Any]) -> list[Item]:
        parts[0].append(replace(parts[2], operator=parts[1].value.value))
        return parts[0]

    def operate_signed(self, parts: list[Any]) -> list[Item]:
        sign = parts[2].value.value
        parts[0].append(replace(parts[3], operator=parts[1].value.value, sign=sign))
        return parts[0]

    def negate(self, parts: list[Any]) -> list[Item]:
        """The sign behind a sum sign or a differential operator belongs to what it governs."""
        parts[0].append(replace(parts[2], sign=parts[1].value.value))
        return parts[0]

    def item(self, parts: list[Any]) -> Item:
        base, span = parts[0]
        scripts = tuple(part.value.value for part in parts[1:])
        end = parts[-1].value.end if scripts else span[1]
        return Item(base, scripts, (span[0], end))

    def base(self, parts: list[Any]) -> tuple[Any, tuple[int, int]]:
        unit = parts[0].value
        return unit.value, (unit.start, unit.end)

    def empty(self, parts: list[Any]) -> tuple[Node, tuple[int, int]]:
        opening, closing = parts[0].value, parts[1].value
        span = (opening.start, closing.end)
        return Bracket(opening.value, closing.value, (), span=span), span

    def bracket(self, parts: list[Any]) -> tuple[Node, tuple[int, int]]:
        opening, (items, separators), closing = parts[0].value, parts[1], parts[2].value
        span = (opening.start, closing.end)
        if not opening.value and len(items) == 1 and isinstance(items[0], Bracket):
            # Braces around a bracket add nothing.
            return items[0], span
        return Bracket(opening.value, closing.value, items, separators, span=span), span

    def parts(self, parts: list[Any]) -> tuple[tuple[Node, ...], tuple[str, ...]]:
        items = tuple(part for part in parts if isinstance(part, Node))
        separators = tuple(part.value.value for part in parts if isinstance(part, Token))
        return items, separators[: len(items) - 1]


def _side(part: Any) -> Node:
    """A side of a relation: an expression, or words with mathematics between."""
    if isinstance(part, Node):
        return part
    if len(part) == 1:
        return part[0]
    return Phrase(tuple(part), span=(part[0].span[0], part[-1].span[1]))


def _word(part: Any) -> Node:
    if isinstance(part, Node):
        return part
    unit = part.value
    if isinstance(unit.value, Text):
        return unit.value
    return Sign(unit.value, span=(unit.start, unit.end))
