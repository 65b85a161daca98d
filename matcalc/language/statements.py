"""A program as a list of statements: who declares, who defines, what is asked.

One statement a line, or several between semicolons. A statement is recognised by its first tokens:
``X, Y : n x d`` declares, ``Z = X*W`` defines; ``param``, ``input``, ``assume``, ``minimize``,
``output`` and ``upstream`` say what they say unless they are used as names; anything else is an
expression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from matcalc.errors import DomainError, ParseError
from matcalc.facts import in_words, states_facts
from matcalc.language.formula import Formula
from matcalc.language.parser import parse_formula
from matcalc.language.placing import placed
from matcalc.language.tokens import END_OF_STATEMENT, ENDS_OPERAND, Token, tokenize


@dataclass(frozen=True, slots=True)
class Declaration:
    """``X : n x d as \\mathbf{X}``; without ``sizes`` a scalar, with one or two its dimensions."""

    name: str
    at: int
    sizes: tuple[Formula, ...]
    latex: str | None = None
    function: str | None = None  # "function", "map" or "scalar function": an undefined one
    role: str | None = None  # "param" or "input", where the line says so


@dataclass(frozen=True, slots=True)
class Definition:
    """``Z = X*W as Z^{(1)}``."""

    name: str
    at: int
    formula: Formula
    latex: str | None = None


@dataclass(frozen=True, slots=True)
class Assumption:
    """``assume symmetric(K)``, or ``K is symmetric``."""

    fact: str
    symbol: str
    at: int
    symbol_at: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be derived: ``minimize L``, ``output Z``, or an expression that stands alone."""

    formula: Formula
    at: int
    word: str = ""


@dataclass(frozen=True, slots=True)
class Upstream:
    """``upstream G``: the name for what arrives at an output that is not scalar."""

    name: str
    at: int


Statement = Declaration | Definition | Assumption | Answer | Upstream


def read_statements(text: str) -> list[Statement]:
    """The statements of a program, in order.

    >>> [type(s).__name__ for s in read_statements("X : n x d; Z = X*W; minimize sum(Z)")]
    ['Declaration', 'Definition', 'Answer']
    """
    found: list[Statement] = []
    for tokens in _lines(tokenize(text)):
        found.extend(_Line(text, tokens).read())
    return found


def _lines(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens of each statement that has any, closed by an "end" token."""
    line: list[Token] = []
    for token in tokens:
        if token.kind not in (END_OF_STATEMENT, "end"):
            line.append(token)
        elif line:
            yield [*line, Token("end", "", line[-1].end, line[-1].end)]
            line = []


class _Line:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text, self.tokens = text, tokens

    def fail(self, message: str, token: Token) -> NoReturn:
        raise ParseError(message, self.text, token.start)

    def read(self) -> Iterator[Statement]:
        first, second = self.tokens[0], self.tokens[1]
        role = None
        if first.text in ("param", "input") and second.kind == "name":
            role = first.text
            del self.tokens[0]
            first, second = self.tokens[0], self.tokens[1]
        if role or (first.kind == "name" and second.kind in (":", ",")):
            yield from self.declarations(role)
        elif first.kind == "name" and second.kind == "=":
            latex, end = self.latex_at_the_end()
            formula = parse_formula(self.text, [*self.tokens[2:end], self.tokens[-1]])
            yield Definition(first.text, first.start, formula, latex)
        elif first.text == "assume" and second.kind == "name":
            yield from self.facts(1)
        elif first.kind == second.kind == "name" and states_facts(self.said(0)):
            yield from self.facts(0)
        elif first.text == "upstream" and second.kind == "name":
            if self.tokens[2].kind != "end":
                self.fail("`upstream` takes one name", self.tokens[2])
            yield Upstream(second.text, second.start)
        elif first.text in ("minimize", "output") and second.kind in ("name", "number", "(", "-"):
            yield Answer(parse_formula(self.text, self.tokens[1:]), second.start, first.text)
        else:
            yield Answer(parse_formula(self.text, self.tokens), first.start)

    def latex_at_the_end(self) -> tuple[str | None, int]:
        last = self.tokens[-2]
        if last.kind == "latex":
            return last.text, len(self.tokens) - 2
        return None, len(self.tokens) - 1

    # -- X, Y : n x d, w : n x 1 ------------------------------------------------------------------

    def declarations(self, role: str | None) -> Iterator[Statement]:
        latex, end = self.latex_at_the_end()
        place = 0
        while place < end:
            names, place = self.names(place, end)
            start = place
            word = self.tokens[place].text
            if word in ("scalar", "function", "map") and self.tokens[place].kind == "name":
                sizes, function, place = self.special(place, end)
            else:
                sizes, place = self.sizes(place, end)
                function = None
            if len(names) > 1 and latex:
                self.fail("a LaTeX name belongs to one symbol", self.tokens[end])
            if place < end and self.tokens[place].kind != ",":
                self.fail("a shape is written n x d, n or scalar", self.tokens[place])
            if place == start:
                self.fail("a shape is written n x d, n or scalar", self.tokens[place])
            for name in names:
                yield Declaration(name.text, name.start, sizes, latex, function, role)
            place += 1
            if place == end:
                self.fail("a name and its shape must follow the comma", self.tokens[place])

    def names(self, place: int, end: int) -> tuple[list[Token], int]:
        names: list[Token] = []
        while True:
            token = self.tokens[place]
            if token.kind != "name":
                self.fail("a name is missing; shapes are declared as X, Y : n x d", token)
            names.append(token)
            place += 1
            sign = self.tokens[place]
            if sign.kind == ":":
                if place + 1 == end:
                    self.fail("a shape is missing after the colon, such as n x d", sign)
                return names, place + 1
            if sign.kind != ",":
                self.fail("a colon is missing; shapes are declared as X, Y : n x d", sign)
            place += 1

    def special(self, place: int, end: int) -> tuple[tuple[Formula, ...], str | None, int]:
        """``scalar``, ``function``, ``scalar function`` and ``map n``."""
        word, after = self.tokens[place].text, self.tokens[place + 1]
        if word == "map":
            if place + 1 == end:
                self.fail("a map says how many entries its value has, as in f : map r", after)
            sizes, place = self.sizes(place + 1, end)
            if len(sizes) != 1:
                self.fail("a map says how many entries its value has, as in f : map r", after)
            return sizes, "map", place
        if word == "scalar" and after.text == "function":
            return (), "scalar function", place + 2
        return (), None if word == "scalar" else word, place + 1

    def sizes(self, place: int, end: int) -> tuple[tuple[Formula, ...], int]:
        """``n x d`` or ``n``; dimensions are expressions such as 2*n or n + 1."""
        pieces: list[list[Token]] = [[]]
        depth, after_operand, first = 0, False, self.tokens[place]
        while place < end:
            token = self.tokens[place]
            cross = token.kind == "×" or (token.kind == "name" and token.text == "x")
            if depth == 0 and after_operand and cross:
                pieces.append([])
                after_operand = False
            elif depth == 0 and token.kind == ",":
                break
            else:
                self.check_glued(token, pieces[-1][-1].text if after_operand else "")
                depth += (token.kind == "(") - (token.kind == ")")
                pieces[-1].append(token)
                after_operand = token.kind in ENDS_OPERAND
            place += 1
        if len(pieces) > 2:
            self.fail("a shape has at most two dimensions, n x d", first)
        stop = self.tokens[place]
        sizes = tuple(
            parse_formula(self.text, [*piece, Token("end", "", stop.start, stop.start)])
            for piece in pieces
        )
        if len(sizes) == 1 and any(token.kind == "*" for token in pieces[0]):
            said = sizes[0].said(sizes[0].root)
            self.fail(
                f"{said} could mean two things: write {said.replace('*', ' x ')} for a matrix, "
                f"or {said} x 1 for a column",
                first,
            )
        return sizes, place

    def check_glued(self, token: Token, before: str) -> None:
        """``nxd`` and ``2x3``, where spaces were forgotten."""
        left, sign, right = token.text.partition("x")
        short = len(left) == 1 and (len(right) == 1 or right.isdigit())
        if token.kind == "name" and sign and short:
            self.fail(f"write {left} x {right}, with spaces around the x", token)
        if token.kind == "name" and before and not left and right.isdigit():
            self.fail(f"write {before} x {right}, with spaces around the x", token)

    # -- assume symmetric(K), K is diagonal -------------------------------------------------------

    def said(self, first: int) -> str:
        """The line as it was typed, from its token ``first`` on."""
        return self.text[self.tokens[first].start : self.tokens[-1].end]

    def facts(self, first: int) -> Iterator[Statement]:
        """The facts that the line states from its token ``first`` on."""
        start = self.tokens[first].start
        try:
            for said in in_words(self.said(first)):
                yield Assumption(said.fact, said.of, start + said.at, start + said.of_at)
        except ParseError as error:
            raise ParseError(error.reason, self.text, start + (error.position or 0)) from None
        except DomainError as error:
            raise placed(DomainError, str(error), self.text, start) from None
