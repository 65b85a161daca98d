"""A page as Markdown with LaTeX formulas between dollar signs, as GitHub and Jupyter read it."""

from __future__ import annotations

from collections.abc import Callable

from matcalc.notation import DEFAULT, Notation
from matcalc.render.blocks import (
    Algorithm,
    Block,
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
from matcalc.render.lines import by


def to_markdown(page: Page, title: bool = True) -> str:
    """The page, each numbered row a display of its own."""
    parts = [f"# {page.title}"] if title else []
    parts += [markdown_block(block, page) for block in page.blocks]
    return "\n\n".join(p for p in parts if p) + "\n"


def citing(page: Page) -> Callable[[str], str]:
    """How a reference reads: the number of the row, or its formula."""
    return page.citing(lambda name, number: f"({number})")


def markdown_block(block: Block, page: Page) -> str:
    """One block of a page."""
    cite = citing(page)
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Prose):
        return with_references(block.text, cite)
    if isinstance(block, Formula):
        notes = ["", *(row.note for row in block.rows)]
        return "\n\n".join(
            _row(row, cite, row.note != before, page.notation)
            for row, before in zip(block.rows, notes, strict=False)
        )
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Algorithm):
        return f"$$\n{block.latex}\n$$"
    if isinstance(block, Code):
        return f"```{block.language}\n{block.text.rstrip()}\n```"
    assert isinstance(block, Picture)
    return f"```text\n{block.text}\n```"


def display(row: Row, notation: Notation = DEFAULT) -> str:
    """A row as the inside of a display."""
    tag = rf" \tag{{{row.number}}}" if row.number else ""
    if not row.sides:
        return f"{row.left}{tag}"
    if len(row.sides) == 1 and not row.sides[0].reason:
        return f"{row.left} = {row.sides[0].latex}{tag}"
    lines = []
    for k, side in enumerate(row.sides):
        reason = f" && {by(side.reason, notation)}" if side.reason else ""
        lines.append(f"{row.left if k == 0 else ''} &= {side.latex}{reason}".strip())
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + f"\n\\end{{aligned}}{tag}"


def _row(row: Row, cite: Callable[[str], str], says: bool, notation: Notation) -> str:
    said = f"$$\n{display(row, notation)}\n$$"
    if row.note and says:
        note = with_references(row.note, cite)
        said = f"{note[0].upper()}{note[1:]}:\n\n{said}"
    return said


def _table(block: Table) -> str:
    rows = [block.head, tuple("---" for _ in block.head), *block.rows]
    return "\n".join("| " + " | ".join(c.replace("|", r"\|") for c in row) + " |" for row in rows)
