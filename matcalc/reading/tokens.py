r"""LaTeX text to tokens.

Owns what is lexical: comments, spacing, Unicode signs, numbers as typed, ``\text{...}`` with its
blanks, ``\left(``. A token knows the characters it came from and whether a blank stood before it.
Nothing here knows what a command means.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache

from matcalc.errors import ParseError
from matcalc.reading.signs import (
    COMBINING,
    RAW,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    TEXTS,
    THIN,
    UNICODE,
    WIDE,
)

LONGEST = 16_000
"""Characters in one formula; no hand-written one comes near."""


@dataclass(frozen=True, slots=True)
class Token:
    r"""``kind``: command, letter, number, sign, text, raw, begin, end, left, right, middle, wide,
    param; ``{ } ^ _ &`` and ``row`` are their own kinds. ``body`` holds the argument of a text."""

    kind: str
    text: str
    start: int
    end: int
    glued: bool = True
    body: str = ""
    font: str = ""


MASTER = re.compile(
    r"""
    (?P<comment>%[^\n]*(?:\n\s*)?)
  | (?P<blank>\s+)
  | (?P<delimiter>\\(?P<side>left|right|middle)(?![A-Za-z])\s*(?P<what>\\[A-Za-z]+|\\.|[^\\\s]))
  | (?P<environment>\\(?P<which>begin|end)\s*\{(?P<name>[A-Za-z]+\*?)\})
  | (?P<row>\\\\\*?(?:\s*\[-?[\d.]+\s*(?:pt|em|ex|cm|mm|in)\])?|\\(?:newline|cr)(?![A-Za-z]))
  | (?P<kern>\\(?:kern|hskip|mkern|mskip|hspace\*?\{)\s*(?P<much>-?\d*\.?\d+)\s*
             (?P<unit>pt|em|ex|mu|cm|mm|in)?\}?)
  | (?P<command>\\(?:operatorname\*|[A-Za-z]+|.))
  | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?)
  | (?P<sign>\.\.\.|\.\*|\./|\.\^|:=|==|<=|>=|!=|->|=>|\|\||\?+|'+|\$\$|\.\.)
  | (?P<letter>[A-Za-z])
  | (?P<param>\#\d)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
QUADS = {"em": 1.0, "ex": 0.5, "in": 7.0, "cm": 2.8, "mm": 0.28, "pt": 0.1, "mu": 1 / 18}
SIMPLE = frozenset('+-*/=<>()[]|,;:.!?@~`"$')


def tokenize(text: str, base: int = 0, source: str | None = None) -> list[Token]:
    """The tokens of ``text``; positions count from ``base`` in ``source``."""
    source = text if source is None else source
    if len(text) > LONGEST:
        raise ParseError(f"a formula of {len(text)} characters is too long (at most {LONGEST})")
    return _Tokenizer(text, base, source).run()


class _Tokenizer:
    def __init__(self, text: str, base: int, source: str) -> None:
        self.text, self.base, self.source = text, base, source
        self.out: list[Token] = []
        self.glued = False

    def run(self) -> list[Token]:
        position = 0
        while position < len(self.text):
            match = MASTER.match(self.text, position)
            assert match is not None, "the last alternative takes any character"
            position = self._one(match)
        return self.out

    def _add(self, kind: str, text: str, start: int, end: int, body: str = "") -> None:
        token = Token(kind, text, self.base + start, self.base + end, self.glued, body)
        self.out.append(token)
        self.glued = True

    def _one(self, m: re.Match[str]) -> int:
        kind, (start, end) = m.lastgroup, m.span()
        # Inner groups close first: the outer alternative is found by name.
        for outer in ("delimiter", "environment", "kern"):
            if m[outer] is not None:
                kind = outer
        if kind in ("comment", "blank"):
            self.glued = False
        elif kind == "kern":
            self._kern(m, start, end)
        elif kind == "delimiter":
            self._add(m["side"], UNICODE.get(m["what"], m["what"]), start, end)
        elif kind == "environment":
            self._add(m["which"], m["name"], start, end)
        elif kind == "row":
            self._add("row", r"\\", start, end)
        elif kind == "command":
            return self._command(m[0], start, end)
        elif kind == "other":
            self._other(m[0], start, end)
        else:
            assert kind is not None
            self._add(kind, m[0], start, end)
        return end

    def _command(self, name: str, start: int, end: int) -> int:
        if name in THIN:
            self.glued = False
        elif name in TEXTS or name in RAW:
            return self._argument(name, start, end)
        elif name == "\\":
            raise ParseError("a backslash at the end", self.source, self.base + start)
        elif name in WIDE:
            self._wide(name, start, end)
        elif name in (r"\(", r"\)", r"\[", r"\]"):
            self.glued = False  # a delimiter of the whole formula
        else:
            self._add("command", name, start, end)
        return end

    def _kern(self, m: re.Match[str], start: int, end: int) -> None:
        """A measured blank; one as wide as a quad separates."""
        self.glued = False
        if float(m["much"]) * QUADS.get(m["unit"] or "pt", 0.1) >= 1:
            self._wide(r"\quad", start, end)

    def _wide(self, name: str, start: int, end: int) -> None:
        self._add("wide", name, start, end)
        self.glued = False

    def _argument(self, name: str, start: int, end: int) -> int:
        opening = re.compile(r"\s*(?:\[[^\]]*\]\s*)?\{").match(self.text, end)
        if opening is None:
            if name in TEXTS:
                self._add("command", name, start, end)
            return end
        close = _closing_brace(self.text, opening.end())
        if close < 0:
            message = f"the brace of {name} is never closed"
            raise ParseError(message, self.source, self.base + opening.end() - 1)
        if name in TEXTS:
            self._text(name, start, opening.end(), close)
        self.glued = False
        return close + 1

    def _text(self, name: str, start: int, inner: int, close: int) -> None:
        """Words, with the mathematics between dollars as tokens of its own."""
        body = self.text[inner:close]
        parts = re.split(r"(?<!\\)\$", body)
        if len(parts) % 2 == 0:
            raise ParseError("a $ inside the text is never closed", self.source, self.base + inner)
        at = inner
        for number, part in enumerate(parts):
            if number % 2 == 0:
                if part.strip() or len(parts) == 1:
                    self._add("text", name, start if at == inner else at, at + len(part), part)
            else:
                self.out.extend(_Tokenizer(part, self.base + at, self.source).run())
            at += len(part) + 1
        if len(parts) == 1:
            # The token covers its command and its braces.
            self.out[-1] = replace(self.out[-1], end=self.base + close + 1)

    def _other(self, char: str, start: int, end: int) -> None:
        if char in "{}^_&":
            self._add(char, char, start, end)
        elif char == "~":
            self._wide("~", start, end)
        elif char == "$":
            self.glued = False
        elif char in SIMPLE:
            self._add("sign", char, start, end)
        elif char in UNICODE:
            self._spell(UNICODE[char], start, end)
        elif char in SUPERSCRIPTS or char in SUBSCRIPTS:
            self._tiny(char, start, end)
        elif char in COMBINING:
            self._combine(char, start)
        elif (plain := unicodedata.normalize("NFD", char)) != char:
            for part in plain:
                self._one_again(part, start, end)
        elif (plain := unicodedata.normalize("NFKC", char)) != char and plain.isascii():
            self._spell(rf"\mathbf{{{plain}}}" if plain.isalpha() else plain, start, end)
        elif plain in UNICODE:
            self._spell(UNICODE[plain], start, end)
        elif char in "\u200b\u2061\u2062\u2063\ufeff":
            return
        else:
            raise ParseError(f"the sign {char!r} is not read", self.source, self.base + start)

    def _one_again(self, char: str, start: int, end: int) -> None:
        if char.isascii() and char.isalpha():
            self._add("letter", char, start, end)
        else:
            self._other(char, start, end)

    def _spell(self, latex: str, start: int, end: int) -> None:
        """A Unicode sign as its command, every token at the place of the sign."""
        for token in _spelled(latex):
            self._add(token.kind, token.text, start, end)

    def _tiny(self, char: str, start: int, end: int) -> None:
        """A small raised or lowered sign; neighbours share one script."""
        script, table = ("^", SUPERSCRIPTS) if char in SUPERSCRIPTS else ("_", SUBSCRIPTS)
        last = self.out[-1] if self.out else None
        open_script = last is not None and last.body == script and last.end == self.base + start
        if open_script:
            self.out.pop()
        else:
            self._add(script, script, start, start)
            self._add("{", "{", start, start)
        before = self.out[-1]
        if table[char].isdigit() and before.kind == "number" and open_script:
            self.out[-1] = replace(before, text=before.text + table[char], end=self.base + end)
            self._add("}", "}", end, end, body=script)
            return
        kind = "number" if table[char].isdigit() else "letter" if table[char].isalpha() else "sign"
        self._add(kind, table[char], start, end)
        self._add("}", "}", end, end, body=script)

    def _combine(self, char: str, start: int) -> None:
        """A combining accent stands behind its letter, a LaTeX accent in front of it."""
        if not self.out or self.out[-1].kind not in ("letter", "command", "number"):
            message = "an accent without a letter"
            raise ParseError(message, self.source, self.base + start)
        letter = self.out.pop()
        self.out.append(Token("command", COMBINING[char], letter.start, letter.end, letter.glued))
        self.out.append(replace(letter, glued=True))


@cache
def _spelled(latex: str) -> tuple[Token, ...]:
    return tuple(tokenize(latex))


def _closing_brace(text: str, position: int) -> int:
    """Where the brace that was opened just before ``position`` closes; -1 if nowhere."""
    depth = 1
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, position):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if not depth:
                return match.start()
    return -1
