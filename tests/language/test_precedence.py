"""MATLAB's precedence: two spellings, one node."""

from __future__ import annotations

import pytest

import matcalc  # noqa: F401 - fills the tables
from matcalc.errors import ParseError
from matcalc.language.formula import Formula, Kind
from matcalc.language.parser import parse_formula
from matcalc.language.tokens import tokenize

# What is written without brackets, and how MATLAB reads it.
RULES = [
    ("a + b*c", "a + (b*c)"),
    ("a*b + c", "(a*b) + c"),
    ("a - b - c", "(a - b) - c"),
    ("a - b + c", "(a - b) + c"),
    ("a*b/c", "(a*b)/c"),
    ("a/b*c", "(a/b)*c"),
    ("a/b/c", "(a/b)/c"),
    ("a*b.*c", "(a*b).*c"),
    ("a.*b*c", "(a.*b)*c"),
    ("a./b*c", "(a./b)*c"),
    ("a*b./c.*d", "((a*b)./c).*d"),
    ("-a^b", "-(a^b)"),
    ("-a.^b", "-(a.^b)"),
    ("-a'", "-(a')"),
    ("-a*b", "(-a)*b"),
    ("-a + b", "(-a) + b"),
    ("a*-b", "a*(-b)"),
    ("a*-b*c", "(a*(-b))*c"),
    ("a - -b", "a - (-b)"),
    ("a^-b", "a^(-b)"),
    ("a^-b^c", "(a^(-b))^c"),
    ("a^-b*c", "(a^(-b))*c"),
    ("a.^-b", "a.^(-b)"),
    ("a^b^c", "(a^b)^c"),
    ("a.^b.^c", "(a.^b).^c"),
    ("a^b.^c", "(a^b).^c"),
    ("a*b^c", "a*(b^c)"),
    ("a^b*c", "(a^b)*c"),
    ("a^b'", "(a^b)'"),
    ("a'^b", "(a')^b"),
    ("a''", "(a')'"),
    ("a*b'", "a*(b')"),
    ("a'*b", "(a')*b"),
    ("a.^b'", "(a.^b)'"),
    ("-a^-b'", "-((a^(-b))')"),
    ("--a", "-(-a)"),
    ("+a", "a"),
    ("a^+b", "a^b"),
    ("f(a)'*b", "(f(a)')*b"),
    ("f(a)^b", "(f(a))^b"),
    ("A(a + b, :)", "A((a + b), :)"),
    ("A(a:b*c, d)", "A(a:(b*c), d)"),
    ("2.*a", "2 .* a"),
    ("2.^a", "2 .^ a"),
    ("2./a", "2 ./ a"),
    ("a.'", "a'"),
]


def tree(formula: Formula) -> object:
    """The formula without places: runs opened into pairs from the left."""
    built: list[object] = []
    for term in formula.terms:
        below = [built[i] for i in term.operands]
        found: object = (term.kind.name, term.word, tuple(below))
        if term.kind in (Kind.SUM, Kind.PRODUCT, Kind.POWER):
            signs = term.signs[1:] if term.kind is Kind.SUM else term.signs
            found = below[0]
            for sign, other in zip(signs, below[1:], strict=True):
                found = (sign, found, other)
        built.append(found)
    return built[-1]


@pytest.mark.parametrize(("short", "explicit"), RULES, ids=[short for short, _ in RULES])
def test_brackets_that_matlab_would_put_change_nothing(short, explicit):
    """The two readings are one tree."""
    assert tree(parse_formula(short, tokenize(short))) == tree(
        parse_formula(explicit, tokenize(explicit))
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("a - b - c", "a - (b - c)"), ("a/b*c", "a/(b*c)"), ("a^b^c", "a^(b^c)"), ("-a^b", "(-a)^b"),
     ("a*b.*c", "a*(b.*c)"), ("a^b'", "a^(b')")],
)  # fmt: skip
def test_brackets_that_matlab_would_not_put_change_the_tree(one, other):
    """The comparison can tell trees apart."""
    assert tree(parse_formula(one, tokenize(one))) != tree(parse_formula(other, tokenize(other)))


@pytest.mark.parametrize("text", [short for short, _ in RULES])
def test_a_term_knows_its_characters(text):
    """The characters of every term are a formula that reads to that term again."""
    formula = parse_formula(text, tokenize(text))
    for place, term in enumerate(formula.terms):
        if term.kind in (Kind.ALL, Kind.RANGE):
            continue
        said = text[term.start : term.end]
        again = parse_formula(said, tokenize(said))
        assert tree(again) == tree(Formula(text, formula.terms[: place + 1])), said


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("a +", 3, "missing at the end"),
        ("a * * b", 4, "missing before *"),
        ("(a", 0, "never closed"),
        ("log(det(A)", 3, "log( is never closed"),
        ("a)", 1, "closes no bracket"),
        ("()", 1, "nothing stands between"),
        ("f()", 2, "no operand"),
        ("a b", 2, "write a*b"),
        ("2a", 1, "write 2*a"),
        ("(a)(b", 3, "never closed"),
        ("(a, b)", 2, "comma"),
        ("2*a : b", 4, "range"),
        ("f(a,)", 4, "missing before )"),
        ("A(1:2:3, 1)", 5, "two ends"),
        ("a = b = c", 6, "stands once"),
        ("log x", 4, "write log(x)"),
        ("sum", 0, "write sum("),
        ("x' y", 3, "write x'*y"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text, at, words):
    """The error stands under the character where reading failed, and says why."""
    from matcalc.language import parse_program

    with pytest.raises(ParseError) as caught:
        parse_program(text)
    assert caught.value.position == at
    assert words in str(caught.value)
    line, caret = str(caught.value).splitlines()[-2:]
    assert line.strip() == text
    assert caret.index("^") - 2 == at
