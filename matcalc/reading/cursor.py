r"""Walking over tokens the way TeX does: groups, arguments, environments."""

from __future__ import annotations

from dataclasses import dataclass, replace

from matcalc.errors import ParseError
from matcalc.reading.signs import ACCENTS, FONTS, UPRIGHT
from matcalc.reading.tokens import Token

DEEPEST = 40
"""Levels of braces, fractions and scripts inside one another."""

TAKES = {
    **dict.fromkeys([*ACCENTS, *FONTS, *UPRIGHT, r"\sqrt"], 1),
    **dict.fromkeys([r"\frac", r"\dfrac", r"\tfrac", r"\cfrac", r"\binom", r"\overset"], 2),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One terminal of the grammar: its type, what it holds, and where it stands."""

    type: str
    value: object
    start: int
    end: int
    glued: bool = False


class Cursor:
    """A place in a list of tokens."""

    def __init__(self, tokens: list[Token], source: str, depth: int = 0) -> None:
        self.tokens, self.source, self.depth, self.at = list(tokens), source, depth, 0
        if depth > DEEPEST:
            where = tokens[0].start if tokens else 0
            message = f"nested more than {DEEPEST} levels deep"
            raise ParseError(message, source, where)

    def peek(self, ahead: int = 0) -> Token | None:
        """The next token, not taken."""
        position = self.at + ahead
        return self.tokens[position] if position < len(self.tokens) else None

    def next(self) -> Token:
        """Take one token."""
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, *texts: str) -> Token | None:
        """Take the next token if it reads like one of ``texts``."""
        token = self.peek()
        return self.next() if token is not None and token.text in texts else None

    def fail(self, message: str, token: Token | None = None) -> ParseError:
        """An error at ``token``, or where the walk stands."""
        where = token or self.peek() or (self.tokens[-1] if self.tokens else None)
        return ParseError(message, self.source, where.start if where else 0)

    def skip_blank(self) -> None:
        """Pass over wide blanks."""
        while (token := self.peek()) is not None and token.kind == "wide":
            self.at += 1

    def argument(self, owner: Token, nested: int = 0) -> list[Token]:
        """The next group without its braces, or the next single sign."""
        if nested > DEEPEST:
            raise self.fail(f"nested more than {DEEPEST} levels deep", owner)
        self.skip_blank()
        token = self.peek()
        if token is None or token.kind in ("}", "&", "row", "end"):
            raise self.fail(f"{owner.text} has nothing to stand on", owner)
        if token.kind == "{":
            return self.group()
        self.at += 1
        if token.kind == "number" and len(token.text) > 1 and "." not in token.text:
            return [self._first_digit(token)]
        taken = [token]
        for _ in range(TAKES.get(token.text, 0) if token.kind == "command" else 0):
            start = self.at
            self.argument(token, nested + 1)
            taken += self.tokens[start : self.at]
        return taken

    def _first_digit(self, token: Token) -> Token:
        r"""TeX takes one digit: \frac12 is a half."""
        middle = token.start + 1 if token.end - token.start == len(token.text) else token.end
        rest = replace(token, text=token.text[1:], start=min(middle, token.end), glued=True)
        self.at -= 1
        self.tokens[self.at] = rest
        return replace(token, text=token.text[0], end=middle)

    def group(self) -> list[Token]:
        """The tokens between the brace that stands here and its partner."""
        opening = self.next()
        start, depth = self.at, 1
        while self.at < len(self.tokens):
            kind = self.next().kind
            depth += {"{": 1, "}": -1}.get(kind, 0)
            if not depth:
                return self.tokens[start : self.at - 1]
        raise self.fail("this brace is never closed", opening)

    def optional(self) -> list[Token] | None:
        """What stands in square brackets here, if anything does."""
        if self.accept("[") is None:
            return None
        start, depth = self.at, 0
        while self.at < len(self.tokens):
            token = self.next()
            if token.text == "]" and depth <= 0:
                return self.tokens[start : self.at - 1]
            depth += {"{": 1, "}": -1}.get(token.kind, 0)
        raise self.fail("this [ is never closed", self.tokens[start - 1])

    def environment(self, opening: Token) -> list[Token]:
        r"""The tokens up to the partner of a \begin just taken."""
        start, depth = self.at, 1
        while self.at < len(self.tokens):
            token = self.next()
            depth += {"begin": 1, "end": -1}.get(token.kind, 0)
            if not depth:
                if token.text != opening.text:
                    message = rf"\begin{{{opening.text}}} meets \end{{{token.text}}}"
                    raise self.fail(message, token)
                return self.tokens[start : self.at - 1]
        raise self.fail(rf"\begin{{{opening.text}}} is never ended", opening)

    def span(self, start: int) -> tuple[int, int]:
        """The characters from the token at ``start`` to here."""
        last = self.tokens[self.at - 1]
        return (self.tokens[start].start, last.end)


def split(tokens: list[Token], *separators: str) -> list[list[Token]]:
    """Cut at the kinds or signs given, outside braces, environments and brackets by ``\\left``."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind in ("{", "begin", "left"):
            depth += 1
        elif token.kind in ("}", "end", "right"):
            depth -= 1
        if depth <= 0 and (token.kind in separators or token.text in separators):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
