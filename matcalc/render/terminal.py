"""A page for the terminal: formulas in Unicode, one statement a line, continued under the equals
sign."""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import combining

from matcalc.render.blocks import (
    Algorithm,
    Code,
    Formula,
    Heading,
    Page,
    Picture,
    Prose,
    Row,
    Table,
    with_references,
)
from matcalc.render.textree import in_unicode


def to_terminal(page: Page) -> str:
    """The page as plain Unicode text."""
    cite = page.citing(lambda name, number: f"({number})")
    out: list[str] = []
    for block in page.blocks:
        if isinstance(block, Heading):
            title = unicode_prose(block.text)
            out += ["", title, "─" * len(title)]
        elif isinstance(block, Prose):
            out.append(unicode_prose(with_references(block.text, cite)))
        elif isinstance(block, Formula):
            notes = ["", *(row.note for row in block.rows)]
            for row, before in zip(block.rows, notes, strict=False):
                out += (
                    ["", *_row(row, cite, row.note != before)]
                    if row.note
                    else _row(row, cite, False)
                )
            out.append("")
        elif isinstance(block, Table):
            out += ["", *_table(block), ""]
        elif isinstance(block, Algorithm):
            out += ["", *(f"  {_program_line(line)}" for line in block.lines), ""]
        elif isinstance(block, Code):
            out += ["", *(f"    {line}" for line in block.text.splitlines()), ""]
        elif isinstance(block, Picture):
            out += ["", block.text, ""]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()
    return text + "\n"


def _program_line(latex: str) -> str:
    indent = re.match(r"\\hspace\{(\d+)em\}", latex)
    depth = int(indent[1]) if indent else 0
    return "    " * depth + in_unicode(latex[indent.end() :] if indent else latex)


def unicode_prose(text: str) -> str:
    """Prose with its formulas in Unicode."""
    return re.sub(r"\$([^$]*)\$", lambda m: in_unicode(m[1]), text)


def _row(row: Row, cite: Callable[[str], str], says: bool) -> list[str]:
    left = in_unicode(row.left)
    sides = [in_unicode(s.latex) for s in row.sides]
    reasons = [in_unicode(s.reason) for s in row.sides]
    number = f"({row.number})" if row.number else ""
    lines = []
    if row.note and says:
        note = unicode_prose(with_references(row.note, cite))
        lines.append(f"{note[0].upper()}{note[1:]}:")
    if not sides:
        lines.append(f"  {left}")
    for k, side in enumerate(sides):
        start = f"  {left} = " if k == 0 else " " * (_letters(left) + 3) + "= "
        said = start + side + (f"    [{reasons[k]}]" if reasons[k] else "")
        last = k == len(sides) - 1
        lines.append(said + (f"    {number}" if last and number else ""))
    return lines


def _letters(text: str) -> int:
    """How many places a text takes: an accent takes none."""
    return sum(not combining(c) for c in text)


def _table(block: Table) -> list[str]:
    rows = [[unicode_prose(c) for c in row] for row in (block.head, *block.rows)]
    wide = [max(_letters(row[k]) for row in rows) for k in range(len(block.head))]
    lines = [
        "  ".join(c + " " * (w - _letters(c)) for c, w in zip(row, wide, strict=True)).rstrip()
        for row in rows
    ]
    return [lines[0], "  ".join("─" * w for w in wide), *lines[1:]]
