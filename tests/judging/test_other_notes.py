"""Notes as different authors write them: the planted mistakes are found, no correct line is accused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import matcalc as mc

NOTES = Path(__file__).parent.parent / "data" / "notes"
LOUD = ("fails", "shape-error", "index-error", "range-error", "needs-convention", "unreadable")

# Line -> what is wrong there, and how the line should end.
MISTAKES = {
    "linear-classifier.md": {
        28: ("fails", r"\frac{1}{N} X^{T} (P - Y) + \lambda W"),
        34: ("shape-error", r"\frac{1}{N} (P - Y) W^{\top}"),
    },
    "logistic-chapter.tex": {35: ("fails", r"-(\mathbf{t} - \mathbf{y})")},
    "least-squares-answer.md": {
        29: ("shape-error", "A^{T} (A x - b)"),
        37: ("fails", r"A^{T} r + \lambda x"),
    },
    "softmax-chat.md": {
        42: ("shape-error", r"W^{\top} (p - y)"),
        48: ("needs-convention", ""),  # right in numerator layout, but the page is in the other
    },
    "lstm-appendix.tex": {
        26: ("fails", r"\frac{\partial \mathcal{L}}{\partial c} \odot i"),
        28: ("fails", r"\frac{\partial \mathcal{L}}{\partial g} \odot (1 - g^{2})"),
    },
    "gaussian-note.md": {
        17: ("fails", r"(\Sigma^{-1} - \Sigma^{-1} S \Sigma^{-1})"),
        29: ("fails", "K^{-1} y"),
    },
}


@cache
def report(name: str):
    """The report on one document."""
    return mc.verify_document((NOTES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MISTAKES)
def test_the_planted_mistakes_and_no_other_line(name: str):
    """Every mistake at its line, nothing else accused, nothing unread."""
    found = {e.line: e.verdict.status for e in report(name) if e.verdict.status in LOUD}
    assert found == {line: status for line, (status, _) in MISTAKES[name].items()}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_corrections(name: str):
    """What a wrong line should be, in the signs of its author."""
    for entry in report(name):
        if entry.line in MISTAKES[name] and entry.verdict.status in LOUD:
            assert entry.verdict.correction.endswith(MISTAKES[name][entry.line][1])


def test_most_lines_are_judged():
    """The correct lines hold: they are not passed over as definitions."""
    counts = {name: report(name).counts["holds"] for name in MISTAKES}
    assert counts == {
        "linear-classifier.md": 4,
        "logistic-chapter.tex": 4,
        "least-squares-answer.md": 7,
        "softmax-chat.md": 4,
        "lstm-appendix.tex": 9,
        "gaussian-note.md": 5,
    }
