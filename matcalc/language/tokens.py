"""Text into tokens.

One pass of one regular expression; whatever it does not know goes to ``foreign``, which says how
that is spelled here. Work is bounded before it starts: a text has a largest length, a largest
number of tokens, and numbers have a largest number of digits.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from matcalc.errors import ParseError
from matcalc.language.foreign import repair

MAX_CHARACTERS = 500_000
MAX_TOKENS = 50_000
MAX_DIGITS = 300  # of a number as typed, its exponent counted as digits


class Token(NamedTuple):
    """A piece of text; ``kind`` is "number", "name", "latex", "end" or the sign itself."""

    kind: str
    text: str
    start: int
    end: int


END_OF_STATEMENT = "\n"

# A point before an operator belongs to the operator: `2.*X` is `2 .* X`.
_PATTERN = re.compile(
    r"""
    (?P<space>[ \t\r\f\v\ufeff]+|\#[^\n]*)
  | (?P<number>(?:[0-9]+(?:\.(?![*/^'])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<foreign>\*\*|==|:=|\.{2,})
  | (?P<sign>\.\*|\./|\.\^|\.'|[-+*/^'(),:=×])
  | (?P<stop>[\n;])
    """,
    re.VERBOSE,
)

# The LaTeX name after `as` runs to the end of the statement; `\;` is a space of LaTeX.
_LATEX = re.compile(r"(?:\\[;#]|[^\n;#])*")

ENDS_OPERAND = frozenset({"name", "number", ")", "'", ".'"})


def tokenize(text: str) -> list[Token]:
    """The tokens of a program, without spaces and comments, closed by an "end" token.

    >>> [token.text for token in tokenize("X'*w # residual")]
    ['X', "'", '*', 'w', '']
    """
    if len(text) > MAX_CHARACTERS:
        raise ParseError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} are read")
    tokens: list[Token] = []
    position, before = 0, ""
    while position < len(text):
        found = _PATTERN.match(text, position)
        kind = found.lastgroup if found else "foreign"
        if found is None or kind == "foreign":
            raise ParseError(repair(text, position), text, position)
        start, position = found.span()
        if kind == "space":
            continue
        said = found.group()
        if kind == "name":
            if not said.isidentifier():
                raise ParseError(repair(text, start), text, start)
            if said == "as" and before in ENDS_OPERAND:
                latex = _LATEX.match(text, position)
                assert latex is not None
                kind, said, position = "latex", latex.group().strip(), latex.end()
                if not said:
                    raise ParseError("a LaTeX name must follow `as`", text, start)
        elif kind == "number":
            _check_number(said, text, start)
        assert kind is not None
        before = END_OF_STATEMENT if kind == "stop" else said if kind == "sign" else kind
        tokens.append(Token(before, said, start, position))
        if len(tokens) > MAX_TOKENS:
            raise ParseError(
                f"the text has more than {MAX_TOKENS} names, numbers and signs", text, start
            )
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def _check_number(said: str, text: str, start: int) -> None:
    mantissa, _, exponent = said.lower().partition("e")
    # Compared as text first: reading a number of a million digits is the work to avoid.
    far = len(exponent) > 5 or abs(int(exponent or 0)) > MAX_DIGITS
    if far or len(mantissa) > MAX_DIGITS:
        raise ParseError(f"a number has at most {MAX_DIGITS} digits here", text, start)
