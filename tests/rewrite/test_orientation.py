"""Brackets that differ by a sign, turned alike."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.rewrite.orientation import aligned
from matcalc.rewrite.simplify import simplify
from tests.rewrite.values import assert_same_value

SHAPES = {"x": ("n", 1), "y": ("n", 1), "S": ("n", "n"), "X": ("n", "d"), "Y": ("n", "d")}


def read(text: str) -> mc.Node:
    """An expression in the symbols of this page."""
    words = set("".join(c if c.isalnum() else " " for c in text).split())
    return mc.parse(text, {k: v for k, v in SHAPES.items() if k in words}).expression


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("(x - y)'*S*(x - y) - 3*((y - x)'*S*(y - x))", "-2*(x - y)'*S*(x - y)"),
        ("inv((X - Y)'*(X - Y)) - 2*inv((Y - X)'*(Y - X))", "-inv((X - Y)'*(X - Y))"),
        ("exp(-(x - y).^2) + exp(-(y - x).^2)", "2*exp(-(x - y).^2)"),
    ],
)
def test_terms_meet_whichever_way_their_brackets_stand(text: str, short: str) -> None:
    """A square of a bracket is that of its negative."""
    found = simplify(read(text))
    assert mc.text(found) in (short, mc.text(read(short.replace("(x - y)", "(y - x)"))))
    assert_same_value(read(text), found, 0)


@pytest.mark.parametrize("text", ["(x - y)'*S*(x - y)", "(y - x)*x'", "X'*(Y - X) + Y'*(X - Y)"])
def test_a_bracket_that_would_leave_a_sign_stays(text: str) -> None:
    """Nothing is turned where no two places disagree, or a sign would be left."""
    node = read(text)
    assert aligned(node) is node
