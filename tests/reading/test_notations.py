"""How people write derivations: every formula of the three lists reads as its sketch says.

The lists are text files with a formula on one line and its tree, in short, on the next.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from matcalc.reading.formula import read_formula
from matcalc.reading.tree import walk
from matcalc.reading.writer import write_formula
from tests.reading.sketch import sketch_of

HERE = Path(__file__).parent
LISTS = ("lectures", "grammar", "notations")


def entries(name: str) -> list[tuple[str, str]]:
    """The formulas of a list with their sketches."""
    lines = (HERE / f"{name}.txt").read_text("utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("# ")]
    formulas = [line for line in lines if not line.startswith("    ")]
    sketches = [line.strip() for line in lines if line.startswith("    ")]
    return list(zip(formulas, sketches, strict=True))


ALL = [entry for name in LISTS for entry in entries(name)]


@pytest.mark.parametrize(("formula", "sketch"), ALL)
def test_a_formula_reads_as_sketched(formula: str, sketch: str):
    """The tree is the one in the list."""
    assert sketch_of(formula) == sketch


@pytest.mark.parametrize("formula", [formula for formula, _ in ALL])
def test_what_is_written_reads_back(formula: str):
    """Reading, writing and reading again gives the same tree."""
    relations = read_formula(formula)
    assert read_formula(write_formula(relations)) == relations


@pytest.mark.parametrize("formula", [formula for formula, _ in ALL])
def test_every_node_knows_its_place(formula: str):
    """A span lies inside the text, and no part reaches beyond the formula."""
    for node in walk(*read_formula(formula)):
        start, end = node.span
        assert 0 <= start <= end <= len(formula)


def test_the_lists_are_long_enough():
    """Dozens of lecture lines, of facts and of formulas by other people."""
    assert all(len(entries(name)) > 40 for name in LISTS)
