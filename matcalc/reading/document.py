r"""A whole document cut into prose and formulas.

Reads .tex, Markdown, notebooks and pasted answers: ``$$``, ``\[ \]``, ``\( \)``, ``$`` and the
display environments. Code is skipped, ``%`` comments only where the text is LaTeX. Every passage
knows its line in the document, and so does every row of a display.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from matcalc.errors import ParseError
from matcalc.reading.macros import Macro, definition_end, definitions
from matcalc.reading.signs import DISPLAYS


@dataclass(frozen=True, slots=True)
class Passage:
    """``kind`` is prose, inline or display; ``text`` of a formula is without its delimiters.

    ``line`` (from 1) is where ``text`` begins, ``rows`` are the lines on which the rows of a
    display begin. ``cell`` counts the cells of a notebook from 1, and lines start anew in each.
    ``closed`` is false for a formula whose end is missing.
    """

    kind: str
    text: str
    line: int
    start: int
    end: int
    rows: tuple[int, ...] = ()
    cell: int | None = None
    closed: bool = True

    def line_at(self, position: int) -> int:
        """The line of the document on which a character of ``text`` stands."""
        return self.line + self.text.count("\n", 0, position)


CODE = r"(?:verbatim|lstlisting|minted|Verbatim|comment|filecontents|tikzpicture)\*?"
OPENING = re.compile(
    rf"""
    (?P<fence>^[ ]{{0,3}}(?P<ticks>```+|~~~+)[^\n]*$)
  | (?P<code>(?P<tick>`+)(?!`))
  | (?P<skipped>\\begin\s*\{{(?P<verbatim>{CODE})\}})
  | (?P<verb>\\verb\*?(?P<bar>[^\sA-Za-z*]))
  | (?P<definition>\\(?:(?:re)?newcommand|providecommand|def|gdef|let
        |DeclareMathOperator|DeclarePairedDelimiter)(?![A-Za-z]))
  | (?P<environment>\\begin\s*\{{(?P<name>[A-Za-z]+\*?)\}})
  | (?P<bracket>\\\[|\\\()
  | (?P<escaped>\\.)
  | (?P<dollars>\$\$?)
  | (?P<comment>%[^\n]*)
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
LATEX = re.compile(r"\\(?:documentclass|begin\s*\{document\}|(?:sub)*section\*?\s*\{|usepackage)")
BLANK_LINE = re.compile(r"\n[ \t]*\n")
MATHEMATICAL = re.compile(r"[\\^_=<>+]")


def read_document(text: str) -> list[Passage]:
    """The passages of a document in their order."""
    cells = _notebook(text)
    if cells is None:
        return list(_Scanner(text).passages())
    return [
        replace(passage, cell=number)
        for number, cell in cells
        for passage in _Scanner(cell).passages()
    ]


def document_macros(text: str) -> dict[str, Macro]:
    """All macros that a document defines, wherever they stand."""
    cells = _notebook(text)
    whole = text if cells is None else "\n".join(cell for _, cell in cells)
    return definitions(whole, strict=False)[0]


def _notebook(text: str) -> list[tuple[int, str]] | None:
    """The Markdown cells of a notebook with their numbers; None if the text is no notebook."""
    if not text.lstrip().startswith("{") or '"cells"' not in text:
        return None
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        if not _NOTEBOOK.match(text):
            return None
        what = f"the notebook is cut off or no JSON: {error.msg}"
        raise ParseError(what, text, min(error.pos, max(len(text) - 1, 0))) from error
    except RecursionError as error:
        raise ParseError("the notebook is nested too deeply", text, 0) from error
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        return None
    found: list[tuple[int, str]] = []
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "markdown":
            continue
        source = cell.get("source", "")
        lines = source if isinstance(source, list) else [source]
        found.append((number, "".join(map(str, lines))))
    return found


# The first key of a notebook: a LaTeX file may start with a brace, too.
_NOTEBOOK = re.compile(r'\s*\{\s*"(cells|metadata|nbformat)')


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.latex = LATEX.search(text) is not None
        self.hopeless: set[str] = set()
        self._counted, self._line = 0, 1
        self._searched, self._blank = 0, -1

    def passages(self) -> Iterator[Passage]:
        """Prose and formulas in turn."""
        position = prose = 0
        while match := OPENING.search(self.text, position):
            found = self._formula(match)
            if found is None:
                position = self._after(match)
                continue
            if match.start() > prose:
                yield self._passage("prose", prose, match.start())
            kind, start, end, position, closed = found
            yield self._passage(kind, start, end, closed)
            prose = position
        if prose < len(self.text):
            yield self._passage("prose", prose, len(self.text))

    def _passage(self, kind: str, start: int, end: int, closed: bool = True) -> Passage:
        # Passages come in order, so the lines are counted once.
        self._line += self.text.count("\n", self._counted, start)
        self._counted = start
        text = self.text[start:end]
        rows = tuple(_rows(text, self._line)) if kind == "display" else ()
        return Passage(kind, text, self._line, start, end, rows, closed=closed)

    # ------------------------------------------------------------ what is no formula

    def _after(self, match: re.Match[str]) -> int:
        """Where the search goes on behind something that is no formula."""
        if match["fence"]:
            return self._beyond(re.compile(rf"^[ ]{{0,3}}{match['ticks']}[^\n]*$", re.M), match)
        if match["code"]:
            closing = self.text.find(match["tick"], match.end())
            inside = 0 <= closing < self._paragraph_end(match.end())
            return closing + len(match["tick"]) if inside else match.end()
        if match["skipped"]:
            return self._beyond(re.compile(rf"\\end\s*\{{{re.escape(match['verbatim'])}\}}"), match)
        if match["verb"]:
            closing = self.text.find(match["bar"], match.end())
            return closing + 1 if closing >= 0 else match.end()
        if match["definition"]:
            if "definition" in self.hopeless:
                return match.end()
            end = definition_end(self.text, match.start())
            if end is None:
                self.hopeless.add("definition")
            return end or match.end()
        if match["comment"] and not self.latex:
            return match.start() + 1
        return match.end()

    def _beyond(self, closing: re.Pattern[str], match: re.Match[str]) -> int:
        if closing.pattern in self.hopeless:
            return match.end()
        found = closing.search(self.text, match.end())
        if found is None:
            # Not asked again: a thousand openings would each search to the end.
            self.hopeless.add(closing.pattern)
            return len(self.text) if match["fence"] else match.end()
        return found.end()

    # ------------------------------------------------------------ formulas

    def _formula(self, match: re.Match[str]) -> tuple[str, int, int, int, bool] | None:
        """Kind, start and end of the content, where the text goes on, and whether it was closed."""
        if match["dollars"] == "$":
            return self._dollar(match)
        if match["dollars"]:
            return self._closed("display", match.end(), "$$")
        if match["bracket"]:
            closing = {r"\[": r"\]", r"\(": r"\)"}[match[0]]
            return self._closed("display" if closing == r"\]" else "inline", match.end(), closing)
        if match["environment"] and match["name"] in DISPLAYS:
            closing = rf"\end{{{match['name']}}}"
            found = self._closed("display", match.end(), closing)
            kind, _, end, position, closed = found
            # The environment stays: its rows are read with it.
            end = position if closed else end
            return kind, match.start(), end, position, closed
        return None

    def _closed(self, kind: str, start: int, closing: str) -> tuple[str, int, int, int, bool]:
        end = -1 if closing in self.hopeless else self.text.find(closing, start)
        if end < 0:
            self.hopeless.add(closing)
        if end < 0 or (closing != "$$" and "\\end" not in closing and self._reopened(start, end)):
            stop = self._paragraph_end(start)
            return kind, start, stop, stop, False
        return kind, start, end, end + len(closing), True

    def _paragraph_end(self, start: int) -> int:
        """Where the paragraph ends; found once for all that starts in it."""
        if not self._searched <= start <= self._blank:
            blank = BLANK_LINE.search(self.text, start)
            self._searched, self._blank = start, blank.start() if blank else len(self.text)
        return self._blank

    def _reopened(self, start: int, end: int) -> bool:
        r"""A second ``\[`` or ``$$`` before the end: the first was never closed."""
        inside = self.text[start : min(end, start + 30_000)]
        return "$$" in inside or re.search(r"(?<!\\)\\\[", inside) is not None

    def _dollar(self, match: re.Match[str]) -> tuple[str, int, int, int, bool] | None:
        start = match.end()
        closing = re.compile(r"(?<!\\)\$|\n[ \t]*\n").search(self.text, start)
        if closing is None or closing[0] != "$" or closing.start() == start:
            return None
        end = closing.start()
        content = self.text[start:end]
        tight = not content[0].isspace() and not content[-1].isspace()
        priced = self.text[end + 1 : end + 2].isdigit()
        if not self.latex and not (tight and not priced) and not MATHEMATICAL.search(content):
            return None
        return "inline", start, end, end + 1, True


ROW_SIGNS = re.compile(
    r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}|\\\\|%[^\n]*|\\.|[{}\n]|[^\\{}%\s]+", re.DOTALL
)


def _rows(text: str, line: int) -> Iterator[int]:
    """The lines of the document on which the rows of a display begin."""
    depth, fresh = 0, True
    for part in ROW_SIGNS.finditer(text):
        sign, here = part[0], line
        line += sign.count("\n")
        if sign.isspace() or sign[0] == "%" or (part[1] and part[2] in DISPLAYS):
            continue
        if sign == r"\\" and depth == 0:
            fresh = True
            continue
        if fresh:
            yield here
            fresh = False
        if part[1]:
            depth += 1 if part[1] == "begin" else -1
        depth += {"{": 1, "}": -1}.get(sign, 0)
