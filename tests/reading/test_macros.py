r"""The author's own commands, whether in the text, in a preamble or in a mapping."""

from __future__ import annotations

import pytest

from matcalc.errors import ParseError
from matcalc.reading.formula import read_formula
from matcalc.reading.macros import Macro, read_macros
from tests.reading.sketch import sketch_of

PREAMBLE = r"""
\newcommand{\X}{\mathbf{X}}  % data
\newcommand{\der}[2]{\frac{\partial #1}{\partial #2}}
\renewcommand\loss{\mathcal{L}}
\newcommand{\norm}[2][2]{\left\|#2\right\|_{#1}}
\def\half#1{\frac{1}{2} #1}
\DeclareMathOperator{\sm}{softmax}
\DeclarePairedDelimiter{\card}{\lvert}{\rvert}
\let\tran\top
"""


@pytest.mark.parametrize(
    ("formula", "sketch"),
    [
        (r"\der{\loss}{\X}", "d[L_cal/X]"),
        (r"\norm{x} + \norm[F]{x}", r"{sub<\|x\|; 2> + sub<\|x\|; F>}"),
        (r"\half x", "([1/2] x)"),
        (r"\sm(\X^\tran)", "softmax(T<X>)"),
        (r"\card{S}", "|S|"),
        (r"\half{\der{y}\X}", "([1/2] d[y/X])"),
    ],
)
def test_a_preamble_is_understood(formula: str, sketch: str):
    """Every way to define a command, with and without arguments and braces."""
    assert sketch_of(formula, macros=PREAMBLE) == sketch


def test_macros_come_as_a_mapping():
    """The number of arguments is read off the body; the backslash may be left out."""
    assert sketch_of(r"\pair{a}{b}", macros={"pair": "#2 #1"}) == "(b a)"
    assert sketch_of(r"\one", macros={r"\one": Macro(r"\one", 0, "1")}) == "1"


def test_a_definition_in_the_text_wins():
    """The text knows best, and the definition itself states nothing."""
    text = r"\newcommand{\X}{Y} \X = 1"
    assert sketch_of(text, macros={r"\X": "Z"}) == "Y = 1"


def test_usual_macros_need_no_definition():
    r"""\transpose, \norm, and the bold letters of machine learning books."""
    assert sketch_of(r"\transpose{\MW} \vx + \norm{a}") == r"{(T<W> x) + \|a\|}"


def test_an_unknown_macro_is_named_with_the_ways_out():
    """The message says where it stands and the two ways to define it."""
    with pytest.raises(ParseError, match=r"\\foo.*\\newcommand.*macros=") as caught:
        read_formula(r"x + \foo{y}")
    assert caught.value.position == 4


@pytest.mark.parametrize(
    "text",
    [
        r"\newcommand{\a}{\a\a} \a",
        r"\def\a{\b}\def\b{\a} \a",
        r"\newcommand{\a}[1]{#1#1#1#1#1#1#1#1#1} \a{\a{\a{\a{\a{\a{x}}}}}}",
        r"\newcommand{\a}[2]{#1} \a{x}",
        r"\newcommand{\a}{#1} \a",
        r"\newcommand{\a}{x",
        r"\newcommand{\a} = 2",
    ],
)
def test_a_bad_macro_is_an_error(text: str):
    """Without end, without arguments, without its body."""
    with pytest.raises(ParseError):
        read_formula(text)


def test_the_tokens_of_a_macro_stand_at_the_call():
    """An error inside an expansion is shown where the reader can see it."""
    (relation,) = read_formula(r"a + \two", macros={"two": "bc"})
    assert relation.sides[0].span == (0, 8)


def test_definitions_are_listed():
    """What a preamble defines, by name."""
    assert set(read_macros(PREAMBLE)) == {
        r"\X", r"\der", r"\loss", r"\norm", r"\half", r"\sm", r"\card", r"\tran",
    }  # fmt: skip
