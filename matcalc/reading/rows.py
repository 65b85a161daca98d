r"""The lines of a display.

Environments such as ``aligned`` are taken off, their ``\\`` separates lines. A line that only goes
on (it starts with ``+``, or the one above ended in an operator or inside a bracket) is joined to
the one above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcalc.errors import ParseError
from matcalc.reading.cursor import Cursor, Unit, split
from matcalc.reading.signs import DISPLAYS, RELATIONS
from matcalc.reading.tokens import Token

if TYPE_CHECKING:
    from matcalc.reading.reader import Reader

WITH_ARGUMENT = ("alignat", "alignat*", "alignedat", "array", "empheq")
DEEPEST_DISPLAY = 12


def lines(reader: Reader, tokens: list[Token]) -> list[list[Unit]]:
    """The lines of a formula as units, continuation lines joined."""
    found: list[list[Unit]] = []
    for line in _split_rows(_flat(reader, tokens, 0)):
        units = reader.units(line, 0)
        if not any(u.type not in ("AMP", "WIDE") for u in units):
            continue
        if found and _goes_on(found[-1], units):
            found[-1] = _together(found[-1], units)
        else:
            found.append(units)
    return found


def _flat(reader: Reader, tokens: list[Token], depth: int) -> list[Token]:
    """The tokens with display environments replaced by their lines."""
    if not any(_is_display(t) for t in tokens):
        return tokens
    if depth > DEEPEST_DISPLAY:
        raise ParseError("too many displays in one another", reader.text, tokens[0].start)
    walk = Cursor(tokens, reader.text)
    out: list[Token] = []
    while (token := walk.peek()) is not None:
        walk.next()
        if token.kind == "{":
            walk.at -= 1
            start = walk.at
            walk.group()
            out += walk.tokens[start : walk.at]
            continue
        if token.kind != "begin":
            out.append(token)
            continue
        start = walk.at
        inner = walk.environment(token)
        end = walk.tokens[walk.at - 1]
        if not _displayed(token, inner):
            out += [token, *walk.tokens[start : walk.at]]
            continue
        system = bool(out) and out[-1].kind == "left" and out[-1].text in (r"\{", ".", "[")
        following = walk.peek()
        if system and following is not None and following.kind == "right":
            # \left\{ aligned \right. : the brace only embraces the lines.
            out.pop()
            walk.next()
        row = Token("row", r"\\", token.start, token.start)
        out += [row] if out else []
        out += [*_flat(reader, _body(token, inner, reader), depth + 1), _row(end)]
    return out


def _row(token: Token) -> Token:
    return Token("row", r"\\", token.end, token.end)


def _is_display(token: Token) -> bool:
    return token.kind == "begin" and (token.text in DISPLAYS or token.text == "array")


def _displayed(token: Token, inner: list[Token]) -> bool:
    """A display, or an array with the relation signs in a column of their own."""
    if token.text in DISPLAYS:
        return True
    if token.text != "array":
        return False
    cells = [cell for row in split(inner, "row") for cell in split(row, "&")]
    return any(len(cell) == 1 and cell[0].text in RELATIONS for cell in cells)


def _body(token: Token, inner: list[Token], reader: Reader) -> list[Token]:
    walk = Cursor(inner, reader.text)
    placed = [t.text for t in inner[:3]]
    if placed in (["[", "t", "]"], ["[", "b", "]"], ["[", "c", "]"]):
        walk.optional()
    if token.text in WITH_ARGUMENT and (brace := walk.peek()) is not None and brace.kind == "{":
        walk.group()
    return walk.tokens[walk.at :]


def _split_rows(tokens: list[Token]) -> list[list[Token]]:
    rows: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"{": 1, "begin": 1, "}": -1, "end": -1}.get(token.kind, 0)
        if token.kind == "row" and depth <= 0:
            rows.append([])
        else:
            rows[-1].append(token)
    return [row for row in rows if row]


# ---------------------------------------------------------------- continuation lines


def _goes_on(above: list[Unit], line: list[Unit]) -> bool:
    aligned = line[0].type == "AMP"
    above = [u for u in above if u.type not in ("AMP", "WIDE")]
    line = [u for u in line if u.type not in ("AMP", "WIDE")]
    if not above or not line:
        return False
    depth = sum({"OPEN": 1, "CLOSE": -1}.get(u.type, 0) for u in above)
    first, last = line[0], above[-1]
    if depth > 0 or first.type in ("OP", "CLOSE") or last.type in ("OP", "SIGN"):
        return True
    if _broken(above, line) or (last.type == "REL" and first.type != "REL"):
        return True
    if first.type != "SIGN":
        return False
    related = any(u.type == "REL" for u in above)
    return first.value != "-" or (related and (aligned or not any(u.type == "REL" for u in line)))


def _broken(above: list[Unit], line: list[Unit]) -> bool:
    r"""``\left[ a + \right.`` above, ``\left. b \right]`` here: one bracket over two lines."""
    closes = any(u.type == "CLOSE" and u.value == "." for u in above)
    opens = any(u.type == "OPEN" and u.value == "." for u in line)
    return closes and opens


def _together(above: list[Unit], line: list[Unit]) -> list[Unit]:
    line = [u for u in line if u.type != "AMP"]
    while line and line[0].type == "WIDE":
        line.pop(0)
    while above and above[-1].type in ("WIDE", "AMP"):
        above.pop()
    return above + line
