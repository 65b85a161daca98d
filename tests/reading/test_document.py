r"""Whole documents: where the formulas are, and on which lines."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from matcalc.reading.document import Passage, document_macros, read_document
from matcalc.reading.formula import read_formula

ARTICLE = r"""\documentclass{article}
\newcommand{\X}{\mathbf{X}} % and $no$ formula
\begin{document}
We have $\X = 1$, costs \$5. % $y$
\begin{align}
  a &= b \\   % first
    &= \begin{cases} 1 \\ 2 \end{cases} \\

  c &= d \label{eq:c}
\end{align}
\[ z
   = 1 \]
\begin{verbatim} $code$ \end{verbatim} and \(w\).
\end{document}
"""


def formulas(text: str) -> list[Passage]:
    """The passages that are not prose."""
    return [passage for passage in read_document(text) if passage.kind != "prose"]


def test_an_article_is_cut_up():
    """Inline and displayed formulas with their first lines; code and comments are none."""
    found = [(p.kind, p.line, p.text.split()[0]) for p in formulas(ARTICLE)]
    assert found == [
        ("inline", 4, r"\X"),
        ("display", 5, r"\begin{align}"),
        ("display", 11, "z"),
        ("inline", 13, "w"),
    ]


def test_rows_know_their_lines():
    """The rows of a display are numbered as in the document, nested rows are not counted."""
    align, display = formulas(ARTICLE)[1:3]
    assert align.rows == (6, 7, 9)
    assert display.rows == (11,)


def test_relations_know_their_lines():
    """A span inside a passage leads to the line in the document."""
    align = formulas(ARTICLE)[1]
    relations = read_formula(align.text, macros=document_macros(ARTICLE))
    assert [align.line_at(r.sides[-1].span[0]) for r in relations] == [6, 7, 9]


def test_nothing_is_lost():
    """Passages cover the document in order, delimiters aside."""
    passages = read_document(ARTICLE)
    assert all(a.end <= b.start for a, b in pairwise(passages))
    assert all(ARTICLE[p.start : p.end] == p.text for p in passages)


def test_markdown_and_chat_answers():
    """Dollars that are prices stay prose, code is skipped, all four delimiters are known."""
    text = "It costs $5 or $10.\n\n```\n$a$\n```\n`$b$` and $x_1$, \\(y\\)\n"
    text += "\n$$\nz = 1\n$$\n\\[w\\]\n"
    found = [(p.kind, p.line, p.text.strip()) for p in formulas(text)]
    assert found == [
        ("inline", 6, "x_1"),
        ("inline", 6, "y"),
        ("display", 8, "z = 1"),
        ("display", 11, "w"),
    ]


def test_percent_signs_are_prose_outside_latex():
    """A comment sign means something only in a LaTeX document."""
    assert [p.text for p in formulas("5% of $x$")] == ["x"]


def test_a_notebook_is_read_cell_by_cell():
    """Only Markdown cells count; lines start anew in each."""
    cells = [
        {"cell_type": "code", "source": ["$a$"]},
        {"cell_type": "markdown", "source": ["text\n", "$b$"]},
        {"cell_type": "markdown", "source": "$$c$$"},
    ]
    found = formulas(json.dumps({"cells": cells}))
    assert [(p.cell, p.line, p.text) for p in found] == [(2, 2, "b"), (3, 1, "c")]


@pytest.mark.parametrize("text", ["$$ a = b", r"\[ a = b", r"\begin{align} a = b", r"\( a = b"])
def test_a_formula_without_end_is_said_to_have_none(text: str):
    """It reaches to the end of the paragraph and is marked."""
    (found,) = formulas(text + "\n\nprose $x$.")[:1]
    assert not found.closed
    assert "prose" not in found.text
    assert [p.text for p in formulas(text + "\n\nprose $x$.")[1:]] in ([], ["x"])


@pytest.mark.parametrize(
    "piece", ["$a ", "$$a ", r"\[ ", r"\begin{align} ", "```\n", "`a ", r"\newcommand{\a}{", "{"]
)
def test_a_megabyte_of_anything_is_cut_up(piece: str):
    """Openings without ends don't make the search start over."""
    text = piece * (1_000_000 // len(piece))
    assert sum(len(p.text) for p in read_document(text)) <= len(text)
