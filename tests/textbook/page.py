"""The table as a page: formula beside formula, with their sizes."""

from __future__ import annotations

from tests.textbook.problem import TABLE as PROBLEMS
from tests.textbook.problem import size
from tests.textbook.tables import CHAPTERS, answer

HEAD = """# Textbook forms

What comes out beside what books print. The size of a formula is the number of symbols and numbers
in its text, definitions of names included; names of functions do not count. This page is generated
from `tests/textbook/`, whose tests hold every value to the book's.
"""


def page() -> str:
    """docs/textbook.md."""
    short = sum(1 for key in PROBLEMS if answer(key).ratio <= 1)
    out = [HEAD, f"{len(PROBLEMS)} problems; {short} answers are at most as long as the book's."]
    for chapter in CHAPTERS:
        out.append(f"## {(chapter.__doc__ or '').strip().rstrip('.')}")
        rows = [
            "| problem | source | ours | size | the book's | size |",
            "|---|---|---|---|---|---|",
        ]
        rows += [row(key) for key, p in PROBLEMS.items() if p.chapter == chapter.__name__]
        out.append("\n".join(rows))
    return "\n\n".join(part.strip() for part in out) + "\n"


def row(key: str) -> str:
    found = answer(key)
    ours, book = found.our_text, found.book_text
    cells = (key, found.problem.source, code(ours), str(size(ours)), code(book), str(size(book)))
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """A formula in a cell, its definitions on lines of their own."""
    return "<br>".join(f"`{line}`" for line in text.splitlines())


def listing() -> str:
    """The table for a terminal."""
    return "\n".join(
        f"{size(a.our_text):4} {size(a.book_text):4}  {key:26} {a.our_text}"
        for key in PROBLEMS
        for a in [answer(key)]
    )
