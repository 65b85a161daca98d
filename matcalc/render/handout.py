"""A long run of formulas as a lecture handout sets it, so that a block fits on a page.

Short definitions share a line of three columns, each with its number; derivatives are written small;
and where a formula comes from stands at the right of it, where there is room, instead of above it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from matcalc.render.blocks import Formula, Page, Row, with_references
from matcalc.render.lines import Setting, row_lines
from matcalc.render.names import spelled_out
from matcalc.render.textree import width as measured

DENSE = 9  # so many formulas in a row make a handout
COLUMNS = 3
PAGE = 68.0  # letters of a formula on a line, in which derivatives are small
LETTER = 0.58  # of small text, in letters of a formula
NUMBER = 4.5  # for the number of a line, and the space before it
BRACE, BEHIND = r"\underbrace{", r"\quad {\scriptstyle"
_FEW = r"\{(\w+|\\[A-Za-z]+|\\sqrt\{(\w|\\[A-Za-z]+)\})\}"  # what a small fraction holds
SHORT = re.compile(r"\\frac(?=\{\\partial|" + _FEW + _FEW + ")")
# A definition with a number beside it, in so many thirds of the line.
PREAMBLE = r"""\newcommand{\mcdefined}[3]{\makebox[#1\linewidth][l]{\refstepcounter{equation}\label{#2}%
$\displaystyle #3$\quad(\theequation)}\ignorespaces}
\newcommand{\mcdefine}[2]{\makebox[#1\linewidth][l]{$\displaystyle #2$}\ignorespaces}
\newcommand{\mctable}{\vspace{-\baselineskip}\jot=0pt\lineskip=2.5pt\lineskiplimit=1pt%
\abovedisplayskip=3pt\belowdisplayskip=3pt}
\newcommand{\mcreason}[1]{\llap{\small #1\hspace{3em}}}
"""


def is_handout(page: Page, setting: Setting) -> bool:
    """Whether the formulas of a page are set as tables: in a document with a long run of them."""
    long = any(len(b.rows) >= DENSE for b in page.blocks if isinstance(b, Formula))
    return setting.document and setting.env == "align" and long


def table_lines(
    block: Formula, setting: Setting, note_of: Callable[[Row], str], ended: Callable[..., str]
) -> Iterator[str]:
    """The paragraphs of a table: definitions in columns, the others one below the other."""
    waiting: list[Row] = []
    for row in block.rows:
        if row.defines and len(row_lines(row, setting)) == 1:
            if waiting and not waiting[0].defines:
                yield _one_below_the_other(waiting, setting, note_of, ended)
                waiting = []
        elif waiting and waiting[0].defines:
            yield _in_columns(waiting, setting)
            waiting = []
        waiting.append(row)
    if waiting:
        one = _in_columns if waiting[0].defines else None
        yield (
            one(waiting, setting) if one else _one_below_the_other(waiting, setting, note_of, ended)
        )


def _in_columns(rows: Sequence[Row], setting: Setting) -> str:
    """Definitions side by side, each as many columns wide as it needs."""
    column = PAGE / COLUMNS
    lines: list[list[str]] = [[]]
    left = COLUMNS
    for row in rows:
        wanted = min(COLUMNS, int((_width(row.latex) + NUMBER) // column) + 1)
        if wanted > left:
            lines.append([])
            left = COLUMNS
        left -= wanted
        share = f"{wanted / COLUMNS - 0.001:.3f}"
        said = small(row.latex)
        if row.number:
            label = f"{setting.label}{spelled_out(row.name)}"
            lines[-1].append(rf"\mcdefined{{{share}}}{{{label}}}{{{said}}}")
        else:
            lines[-1].append(rf"\mcdefine{{{share}}}{{{said}}}")
    inside = " \\\\\n".join("%\n".join(line) for line in lines)
    return rf"\noindent {inside}\par"


def _one_below_the_other(
    rows: Sequence[Row], setting: Setting, note_of: Callable[[Row], str], ended: Callable[..., str]
) -> str:
    said: list[str] = []
    before = ""
    for row in rows:
        lines = _lines(row, setting)
        if row.note and row.note != before:
            note = note_of(row)
            room = PAGE - _width(lines[0]) - 2 * NUMBER
            if _text_width(row.note) <= room:
                lines[0] += rf" && \mcreason{{{note}}}"
            else:
                above = rf"\intertext{{\small {note[0].upper()}{note[1:]}:}}"
                lines[0] = f"{above}\n{lines[0]} &&"
        else:
            lines[0] += " &&"
        before = row.note
        lines = [f"{line} \\notag" for line in lines[:-1]] + [ended(lines[-1], row, setting)]
        said.append(" \\\\\n".join(lines))
    inside = " \\\\\n".join(map(small, said))
    return f"{{\\mctable\n\\begin{{flalign}}\n{inside}\n\\end{{flalign}}}}"


def _lines(row: Row, setting: Setting) -> list[str]:
    """The lines of a row, its sides on one line where they are short."""
    sides = tuple(replace(side, latex=shapes_behind(side.latex)) for side in row.sides)
    lines = row_lines(replace(row, sides=sides), setting)
    joined = " ".join([lines[0], *(line.replace("&", "", 1) for line in lines[1:])])
    whole = len(lines) == len(sides) and not any(side.reason for side in sides)
    return [joined] if whole and _width(joined) <= PAGE / 2 else lines


def _width(line: str) -> float:
    formula, _, shapes = small(line).replace("&", "").partition(BEHIND)
    return measured(formula) + (2 + 0.75 * measured(shapes) if shapes else 0)


def _text_width(note: str) -> float:
    """A remark in small letters; formulas inside it, and numbers for lines."""
    pieces = re.split(r"\$([^$]*)\$", with_references(note, lambda name: "(00)"))
    return sum(
        0.9 * measured(piece) if k % 2 else LETTER * len(piece) for k, piece in enumerate(pieces)
    )


def shapes_behind(latex: str) -> str:
    """A product with the shapes of its factors behind it instead of under them."""
    shapes = ""
    while (start := latex.find(BRACE)) >= 0:
        inside = _closing(latex, start + len(BRACE))
        end = _closing(latex, inside + len("}_{"))
        shapes += f"({latex[inside + len('}_{') : end]})"
        latex = latex[:start] + latex[start + len(BRACE) : inside] + latex[end + 1 :]
    return f"{latex} {BEHIND} {shapes}}}" if shapes else latex


def _closing(latex: str, at: int) -> int:
    """Where the brace that was opened before a place is closed."""
    depth = 1
    for k, sign in enumerate(latex[at:], at):
        depth += (sign == "{") - (sign == "}")
        if not depth:
            return k
    raise AssertionError(f"a brace is open in {latex}")


def small(latex: str) -> str:
    """A formula with its derivatives, and simple factors such as 1/n, set small."""
    return SHORT.sub(r"\\tfrac", latex)
