"""Tokens into a formula: MATLAB's precedence, by two stacks and no recursion.

From loose to tight: ``:``; ``+ -``; ``* .* / ./`` on one level; unary ``-``; then ``^ .^ '`` on one
level. Every level runs from left to right, so ``2^x'`` is ``(2^x)'`` and ``-x'`` is ``-(x')``; the
sign in ``2^-x`` belongs to the exponent. A grammar generator would build nested trees, which deep
input turns into deep recursion later; the loop below writes the flat formula directly, keeps a run
of equal precedence as one term, and can say at every place what it expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from matcalc.errors import ParseError
from matcalc.language.formula import Formula, Kind, Term
from matcalc.language.signatures import known_words
from matcalc.language.tokens import Token

MAX_OPERANDS = 200  # of one function

_RANGE, _SUM, _PRODUCT, _UNARY, _POWER = 1, 2, 3, 4, 5
_LEVEL = {":": _RANGE, "+": _SUM, "-": _SUM, "*": _PRODUCT, ".*": _PRODUCT, "/": _PRODUCT,
          "./": _PRODUCT, "^": _POWER, ".^": _POWER}  # fmt: skip


@dataclass(slots=True)
class _Frame:
    """What is open between one bracket and the next."""

    bracket: Token | None = None
    call: Token | None = None  # the word before the bracket
    indexed: int | None = None  # the term before the bracket
    arguments: list[int] = field(default_factory=list)
    operands: list[int] = field(default_factory=list)
    operators: list[tuple[int, Token]] = field(default_factory=list)

    @property
    def takes_arguments(self) -> bool:
        return self.call is not None or self.indexed is not None


def parse_formula(text: str, tokens: Sequence[Token]) -> Formula:
    """The formula that these tokens of ``text`` write; the last token only marks the end.

    >>> from matcalc.language.tokens import tokenize
    >>> [term.kind.value for term in parse_formula("-x^2", tokenize("-x^2")).terms]
    ['name', 'number', 'power', 'negative']
    """
    return Formula(text, tuple(_Reading(text, tokens).run()))


class _Reading:
    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text, self.tokens = text, tokens
        self.terms: list[Term] = []
        self.frames = [_Frame()]
        self.indexable = -1  # the last term, while it is one that (...) may index

    def run(self) -> list[Term]:
        expects_operand = True
        for place, token in enumerate(self.tokens):
            expects_operand = (
                self.operand(place, token) if expects_operand else self.operator(token)
            )
        return self.terms

    def fail(self, message: str, at: int) -> NoReturn:
        raise ParseError(message, self.text, at)

    def add(self, term: Term) -> int:
        self.terms.append(term)
        return len(self.terms) - 1

    # -- where an operand is expected; the answer is whether one still is -------------------------

    def operand(self, place: int, token: Token) -> bool:
        frame = self.frames[-1]
        if token.kind == "number":
            self.primary(self.add(Term(Kind.NUMBER, token.start, token.end, word=token.text)))
            return False
        if token.kind == "name":
            if self.tokens[place + 1].kind == "(":
                self.frames.append(_Frame(call=token))
                return True
            self.primary(self.add(Term(Kind.NAME, token.start, token.end, word=token.text)), True)
            return False
        if token.kind == "(":
            if self.frames[-1].call is not None and self.frames[-1].bracket is None:
                self.frames[-1].bracket = token
            else:
                self.frames.append(_Frame(bracket=token))
            return True
        if token.kind in ("-", "+"):
            tight = bool(frame.operators) and frame.operators[-1][0] >= _POWER
            frame.operators.append((_POWER + 1 if tight else _UNARY, token))
            return True
        if token.kind == ":" and frame.takes_arguments and not frame.operators:
            self.primary(self.add(Term(Kind.ALL, token.start, token.end)))
            return False
        self.missing(place, token)

    def missing(self, place: int, token: Token) -> NoReturn:
        frame, before = self.frames[-1], self.tokens[place - 1] if place else None
        if before is None and token.kind == "end":
            self.fail("there is nothing to read here", token.start)
        if token.kind == ")" and frame.bracket is None:
            self.fail("this ) closes no bracket", token.start)
        if token.kind == ")" and frame.call is not None and before is frame.bracket:
            self.fail(f"{frame.call.text}() has no operand", token.start)
        if token.kind == ")" and before is frame.bracket:
            self.fail("nothing stands between these brackets", token.start)
        if before is not None and before.kind in _LEVEL:
            where = "at the end" if token.kind == "end" else f"before {token.text}"
            self.fail(f"an operand is missing {where}, after {before.text}", token.start)
        if token.kind == "end":
            self.close_all()
        if token.kind == "latex":
            self.fail("a formula must stand before `as`", token.start)
        self.fail(f"an operand is missing before {token.text}", token.start)

    def primary(self, term: int, indexable: bool = False) -> None:
        """A complete operand; a power that waited for its exponent is complete with it."""
        frame = self.frames[-1]
        frame.operands.append(term)
        self.indexable = term if indexable else -1
        while frame.operators and frame.operators[-1][0] >= _POWER:
            self.reduce(frame)
            self.indexable = -1

    # -- where an operator is expected; the answer is whether an operand comes next ---------------

    def operator(self, token: Token) -> bool:
        frame, kind = self.frames[-1], token.kind
        if kind in ("'", ".'"):
            inner = frame.operands.pop()
            start = self.terms[inner].start
            term = self.add(Term(Kind.TRANSPOSE, start, token.end, (inner,), marks=(token.start,)))
            frame.operands.append(term)
            self.indexable = term if inner == self.indexable else -1
            return False
        if kind == ":" and not frame.takes_arguments:
            self.fail("a range i:j stands only in an index, as in A(1:k, :)", token.start)
        if kind in _LEVEL:
            level = _LEVEL[kind]
            while frame.operators and frame.operators[-1][0] > level and level < _POWER:
                self.reduce(frame)
            if level == _RANGE and frame.operators:
                self.fail("a range has two ends, i:j", token.start)
            frame.operators.append((level, token))
            return True
        if kind == ",":
            if not frame.takes_arguments:
                self.fail(
                    "a comma separates operands of a function, as in solve(A, B)", token.start
                )
            frame.arguments.append(self.finish(frame))
            if len(frame.arguments) >= MAX_OPERANDS:
                self.fail(f"a function takes at most {MAX_OPERANDS} operands", token.start)
            return True
        if kind == ")":
            self.close(token)
            return False
        if kind == "(":
            if self.indexable >= 0:
                self.frames.append(_Frame(bracket=token, indexed=frame.operands.pop()))
                return True
            self.fail("a product is written with *, as in 2*(a + b)", token.start)
        if kind == "end":
            self.close_all()
            return False
        self.unexpected(token)

    def unexpected(self, token: Token) -> NoReturn:
        last = self.terms[self.frames[-1].operands[-1]]
        before = " ".join(self.text[last.start : last.end].split())
        if before in known_words():
            self.fail(f"{before} is a function: write {before}({token.text})", token.start)
        if token.kind in ("name", "number"):
            said = f"write {before}*{token.text} for the product" if len(before) < 30 else "write *"
            self.fail(f"an operator is missing between two operands: {said}", token.start)
        if token.kind == "×":
            self.fail("× is a typeset product: write * (entry by entry: .*)", token.start)
        if token.kind == "=":
            self.fail("= names a step, as in Z = X*W, and stands once, after the name", token.start)
        if token.kind == "latex":
            self.fail("`as` and a LaTeX name may only follow a named step", token.start)
        self.fail(f"{token.text} cannot stand here", token.start)

    # -- brackets ---------------------------------------------------------------------------------

    def close(self, token: Token) -> None:
        frame = self.frames[-1]
        if frame.bracket is None:
            self.fail("this ) closes no bracket", token.start)
        inner = self.finish(frame)
        self.frames.pop()
        if frame.call is not None:
            operands = (*frame.arguments, inner)
            term = Term(Kind.CALL, frame.call.start, token.end, operands, word=frame.call.text)
        elif frame.indexed is not None:
            operands = (frame.indexed, *frame.arguments, inner)
            start = self.terms[frame.indexed].start
            term = Term(Kind.INDEX, start, token.end, operands)
        else:  # brackets leave no term behind, but belong to the characters of what they enclose
            assert frame.bracket is not None
            self.terms[inner] = replace(self.terms[inner], start=frame.bracket.start, end=token.end)
            self.primary(inner, True)
            return
        self.primary(self.add(term), True)

    def close_all(self) -> None:
        for frame in reversed(self.frames):
            if frame.bracket is not None:
                word = f"{frame.call.text}(" if frame.call else "("
                self.fail(f"{word} is never closed: a ) is missing", frame.bracket.start)
        self.finish(self.frames[-1])

    def finish(self, frame: _Frame) -> int:
        while frame.operators:
            self.reduce(frame)
        return frame.operands.pop()

    def reduce(self, frame: _Frame) -> None:
        """The topmost operator, or the whole run of equal precedence, becomes a term."""
        level, token = frame.operators[-1]
        if level in (_UNARY, _POWER + 1):
            frame.operators.pop()
            inner = frame.operands.pop()
            if token.kind == "-":
                end = self.terms[inner].end
                term = Term(Kind.NEGATIVE, token.start, end, (inner,), marks=(token.start,))
                frame.operands.append(self.add(term))
            else:
                frame.operands.append(inner)
            return
        signs: list[Token] = []
        while frame.operators and frame.operators[-1][0] == level:
            signs.append(frame.operators.pop()[1])
            if level == _POWER:
                break
        signs.reverse()
        operands = tuple(frame.operands[-len(signs) - 1 :])
        del frame.operands[-len(signs) - 1 :]
        kind = {_RANGE: Kind.RANGE, _SUM: Kind.SUM, _PRODUCT: Kind.PRODUCT, _POWER: Kind.POWER}
        texts, marks = tuple(s.kind for s in signs), tuple(s.start for s in signs)
        if level == _SUM:
            first = self.terms[operands[0]].start
            texts, marks = ("+", *texts), (first, *marks)
        start, end = self.terms[operands[0]].start, self.terms[operands[-1]].end
        frame.operands.append(self.add(Term(kind[level], start, end, operands, texts, marks)))
