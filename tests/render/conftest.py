"""Whatever page a test of the renderers makes, its formulas pass KaTeX in strict mode."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from matcalc.render import katex
from matcalc.render.blocks import Algorithm, Formula, Heading, Page, Prose, Table
from matcalc.render.markdown import display

SEEN: set[tuple[str, bool]] = set()


def formulas(page: Page) -> Iterator[tuple[str, bool]]:
    """Every formula of a page, and whether it is displayed."""
    texts = [page.title]
    for block in page.blocks:
        if isinstance(block, Formula):
            yield from ((display(row, page.notation), True) for row in block.rows)
            texts += [row.note for row in block.rows]
        elif isinstance(block, Algorithm):
            yield block.latex, True
        elif isinstance(block, (Prose, Heading)):
            texts.append(block.text)
        elif isinstance(block, Table):
            texts += [cell for row in (block.head, *block.rows) for cell in row]
    yield from ((m, False) for text in texts for m in re.findall(r"\$([^$]+)\$", text))


@pytest.fixture(autouse=True)
def every_formula_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are looked at as they get their numbers, each formula once in a run."""
    if katex.engine() is None:
        return
    numbered = Page.numbered

    def looked_at(page: Page, which: str = "all") -> Page:
        made = numbered(page, which)
        for latex, shown in formulas(made):
            if (latex, shown) not in SEEN:
                SEEN.add((latex, shown))
                katex.typeset(latex, shown)
        return made

    monkeypatch.setattr(Page, "numbered", looked_at)
