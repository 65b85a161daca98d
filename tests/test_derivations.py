"""Every worked network of derivations/: its page is what it was, every formula on it can be set."""

from __future__ import annotations

import re
import runpy
from functools import cache
from pathlib import Path

import pytest

from matcalc.api.notes import Notes
from matcalc.render import katex
from matcalc.render.blocks import Formula, Heading, Prose, Table
from matcalc.render.markdown import display
from tests.golden import assert_golden

FOLDER = Path(__file__).parent.parent / "derivations"
SCRIPTS = sorted(FOLDER.glob("*.py"))
NAMES = [path.stem for path in SCRIPTS]

needs_katex = pytest.mark.skipif(katex.engine() is None, reason="needs quickjs to run KaTeX")


@cache
def notes(name: str) -> Notes:
    """The notes that a script makes."""
    found = runpy.run_path(str(FOLDER / f"{name}.py"))["notes"]()
    assert isinstance(found, Notes)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_what_it_was(name: str, update_golden: bool):
    """The Markdown page and its drawings are kept whole; a change shows in the diff."""
    for file, text in notes(name).files(name).items():
        assert_golden(FOLDER / file, text, update=update_golden)


def test_no_page_is_left_over():
    """Every kept page and drawing belongs to a script."""
    made = {file for name in NAMES for file in notes(name).files(name)}
    kept = {path.name for path in FOLDER.iterdir() if path.suffix in (".md", ".svg")}
    assert kept == made


@pytest.mark.parametrize("name", NAMES)
def test_the_page_carries_its_check(name: str):
    """Each page reports the numeric check of its own gradients, and the check holds."""
    said = [
        b.text
        for b in notes(name).blocks
        if isinstance(b, Prose) and "against differences" in b.text
    ]
    assert said
    assert all("holds" in text for text in said)


def formulas(page: Notes) -> list[tuple[str, bool]]:
    """Every formula on a page, and whether it is displayed."""
    found = [(display(row), True) for row in page.page().rows()]
    for block in page.blocks:
        texts: list[str] = []
        if isinstance(block, (Prose, Heading)):
            texts = [block.text]
        elif isinstance(block, Formula):
            texts = [row.note for row in block.rows]
        elif isinstance(block, Table):
            texts = [cell for row in (block.head, *block.rows) for cell in row]
        found += [(m, False) for text in texts for m in re.findall(r"\$([^$]+)\$", text)]
    return found


@needs_katex
@pytest.mark.parametrize("name", NAMES)
def test_every_formula_passes_katex(name: str):
    """KaTeX in strict mode sets every formula of every page."""
    found = formulas(notes(name))
    assert found
    for latex, shown in found:
        katex.typeset(latex, shown)


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_reads_in_a_terminal(name: str):
    """No LaTeX command is left over in the Unicode page."""
    assert not re.findall(r"\\[A-Za-z]+|[{}]{2}", notes(name).to_text())
