"""Bad input gives a ParseError with a place, in bounded time, never anything else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcalc.errors import ParseError
from matcalc.reading.formula import read_formula
from matcalc.reading.writer import write_formula
from tests.reading.test_notations import ALL


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        (r"a + (b", r"this \( is never closed", 4),
        (r"a + b)", r"this \) closes nothing", 5),
        (r"(a]  + b", None, None),
        (r"\{a) + b", r"\) closes the \\{", 3),
        (r"\left( a", r"never closed", 0),
        (r"a \right)", r"closes nothing", 2),
        (r"\frac{a}", r"nothing to stand on", 0),
        (r"x^{2", r"never closed", 2),
        (r"x^", r"nothing to stand on", 1),
        (r"\begin{bmatrix} a", r"never ended", 0),
        (r"\begin{aligned} a \end{align}", r"meets", 18),
        (r"a \cdot", r"ends where something should follow", 7),
        (r"a + \cdot b", r"without its left operand", 4),
        (r"a = \text{x", r"never closed", 9),
        ("a = \x07", "is not read", 4),
        ("np.fft(x)", "point in the middle", 2),
        (r"50\% = 2", r"not read", 2),
        (r"\begin{tikzcd} a \end{tikzcd}", r"environment", 0),
    ],
)
def test_an_error_says_what_and_where(text: str, message: str | None, position: int | None):
    """The place is where the reader has to look; a half-open interval is none."""
    if message is None:
        assert read_formula(text)
        return
    with pytest.raises(ParseError, match=message) as caught:
        read_formula(text)
    assert caught.value.position == position
    assert caught.value.text == text


HUGE = {
    "braces": "{" * 3000 + "x" + "}" * 3000,
    "parentheses": "(" * 3000 + "x" + ")" * 3000,
    "left": r"\left(" * 1000 + "x" + r"\right)" * 1000,
    "fractions": r"\frac" * 3000,
    "hats": r"\hat" * 3000 + "x",
    "logs": r"\log " * 3000 + "x",
    "sums": r"\sum " * 3000 + "x",
    "differentials": "d" * 15000,
    "transposes": "x" + "^T" * 7000,
    "minus": "-" * 15000 + "x",
    "bars": "|x" * 7000,
    "open bars": "|(" * 7000,
    "terms": "+".join("x" * 7500),
    "factors": "x_i^2" * 3000,
    "numbers": "[" + "1 " * 7000 + "]",
    "equations": "a=b," * 3900,
    "rows": r"a=b\\" * 3000,
    "environments": r"\begin{bmatrix}" * 500 + r"\end{bmatrix}" * 500,
    "megabyte": "x+" * 500_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_input_ends_soon(name: str):
    """An answer or an error within a few seconds of work, and no RecursionError from us or for callers."""
    started = time.process_time()
    try:
        relations = read_formula(HUGE[name])
    except ParseError:
        relations = ()
    assert time.process_time() - started < 4
    assert write_formula(relations) == write_formula(relations)
    assert isinstance(hash(relations), int)


@pytest.mark.parametrize("formula", [formula for formula, _ in ALL[::6]])
def test_a_formula_cut_off_anywhere_is_read_or_refused(formula: str):
    """Every beginning of a formula gives a tree or a ParseError inside the text."""
    for end in range(len(formula)):
        place = 0
        try:
            read_formula(formula[:end])
        except ParseError as error:
            place = error.position or 0
        assert 0 <= place <= end


PIECES = r"""
{ } ( ) [ ] | \| & \\ ^ _ , ; : . = + - ' < ? ~ $ % # ! 1 x d T
\left( \right) \left. \right. \frac \partial \nabla \sum_{i} \log \hat \mathbf \begin{bmatrix}
\end{bmatrix} \begin{cases} \end{cases} \begin{aligned} \end{aligned} \text{if} \text{~so} \quad
\cdot .* \in \{ \} \forall \sqrt \Rightarrow \overset \underbrace \operatorname{f} \tag{1} \big
\not \prime \mid
"""


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES.split()), max_size=14).map(" ".join))
def test_any_pieces_in_any_order_are_read_or_refused(text: str):
    """What is read can be written; nothing but a ParseError leaves the reader."""
    try:
        relations = read_formula(text)
    except ParseError:
        return
    assert isinstance(write_formula(relations), str)
