"""Documents that are broken, hostile or empty: a clear verdict at its line, in bounded time."""

from __future__ import annotations

import time

import pytest

import matcalc as mc

FRONT = (
    r"Let $X \in \mathbb{R}^{n\times d}$, $y \in \mathbb{R}^n$, $w \in \mathbb{R}^d$ and "
    r"$$L = \frac12 \|Xw-y\|^2$$" + "\n"
)
RIGHT = r"$$\nabla_w L = X^\top (Xw - y)$$" + "\n"
SECONDS = 10


def judged(text: str, **options):
    """The report, within the processor time allowed."""
    start = time.process_time()
    report = mc.verify_document(text, **options)
    assert time.process_time() - start < SECONDS
    return report


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"$$\nabla_w L = X^\top (X$$", "this ( is never closed"),
        (r"$$\frac{\partial L}{\partial w = X^\top (Xw - y)$$", "this brace is never closed"),
        (r"$$\nabla_w L = \foo{X} (Xw - y)$$", r"unknown macro \foo: define it with \newcommand"),
        ("$$\\nabla_w L = " + "(" * 3000 + "x" + ")" * 3000 + "$$", "levels deep"),
        ("$$\\nabla_w L = " + r"\frac{1}{" * 500 + "x" + "}" * 500 + "$$", "levels deep"),
        (r"$$\nabla_w L = \frac{1}{0} X^\top (Xw - y)$$", "it divides by zero"),
        ("$$" + "a + " * 100_000 + "b = c$$", "too long"),
    ],
)
def test_a_line_that_cannot_be_read_spoils_only_itself(line: str, words: str):
    """The line says why, at its place; the line behind it is judged."""
    report = judged(FRONT + line + "\n" + RIGHT)
    unread = [e for e in report if e.verdict.status == "unreadable"]
    assert [e.line for e in unread] == [2]
    assert words in unread[0].verdict.explanation
    assert [e.line for e in report if e.verdict.status == "holds"] == [3]


def test_an_unknown_macro_names_both_ways_out():
    """A definition on the page, or a table."""
    text = FRONT + r"$$\nabla_w L = \turned{X} (Xw - y)$$"
    (unread,) = (e for e in judged(text) if e.verdict.status == "unreadable")
    assert "column" in unread.verdict.explanation
    assert r"\newcommand{\turned}" in unread.verdict.explanation
    assert "macros=" in unread.verdict.explanation
    assert judged(r"\newcommand{\turned}[1]{#1^\top}" + text).counts["holds"] == 1
    assert judged(text, macros={r"\turned": "#1^\\top"}).counts["holds"] == 1


def test_macros_that_grow_without_end_are_stopped():
    """Each doubles the one before."""
    bomb = r"\def\a{xx}"
    for old, new in zip("abcde", "bcdef", strict=True):
        bomb += "\\def\\" + new + "{" + ("\\" + old) * 10 + "}"
    report = judged(bomb + FRONT + r"$$\nabla_w L = \f\f$$" + RIGHT)
    assert (report.counts["unreadable"], report.counts["holds"]) == (1, 1)


def test_shapes_that_contradict_each_other():
    """The line that they make impossible is reported."""
    report = judged(
        r"$W \in \mathbb{R}^{4 \times 3}$, $x \in \mathbb{R}^5$ $$z = W x$$ "
        r"$$\frac{\partial z}{\partial x} = W^T$$"
    )
    assert not report
    assert "4 x 3" in report.wrong[-1].verdict.explanation


def test_an_undefined_letter_is_no_truth():
    """A line in a letter of which nothing is known does not hold."""
    assert not judged(FRONT + r"$$\nabla_w L = Q^\top (Xw - y)$$")


@pytest.mark.parametrize("text", ["", "nothing to see here", "$" * 20_000, "{", "%"])
def test_nothing_to_judge(text: str):
    """An empty report, no error."""
    assert judged(text).headline == "0 equations: nothing to judge"


def test_a_broken_notebook_says_where():
    """Cut off in the middle of a string."""
    with pytest.raises(mc.ParseError, match="line 1, column 39: the notebook is cut off"):
        mc.verify_document('{"cells": [ {"cell_type": "markdown", "sou')


def test_big_sizes_are_tried_small():
    """784 pixels are as good as a letter."""
    report = judged(
        r"$x \in \mathbb{R}^{784}$, $W \in \mathbb{R}^{128 \times 784}$ $$h = \tanh(W x)$$ "
        r"$$L = \frac12 \|h\|^2$$ $$\frac{\partial L}{\partial W} = (h \odot (1 - h^2)) x^T$$"
    )
    assert report.counts["holds"] == 1


def test_a_long_document():
    """Half a megabyte of prose with a formula on every line."""
    report = judged(FRONT + "lorem ipsum dolor sit amet $a$ and some text\n" * 11_000 + RIGHT)
    assert [e.line for e in report if e.verdict.status == "holds"] == [11_002]


@pytest.mark.slow
def test_five_megabytes():
    """In time that grows with the text, not faster."""
    text = FRONT + "lorem ipsum dolor sit amet $a$ and some text\n" * 110_000 + RIGHT
    start = time.process_time()
    assert mc.verify_document(text).counts["holds"] == 1
    assert time.process_time() - start < 60
