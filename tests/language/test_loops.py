"""The text language of families: loops, shape lines, round trips, and errors that point."""

from __future__ import annotations

import pytest

import matcalc as mc
from tests.families import networks as nets

PROGRAM = """
x[t], y[t] : k x 1     # data
h0 : d x 1
param W : d x d
param U : d x k
param V : k x d
for t = 1..T: h[t] = tanh(W*h[t-1] + U*x[t]), h[0] = h0
L = isum(norm2(V*h[t] - y[t])^2/2, t, 1, T)
minimize L
"""


def test_a_loop_reads_as_it_is_written():
    """Families, their shapes and the recurrence."""
    net = mc.parse(PROGRAM)
    assert repr(net["h"]) == "<h[t] over t = 1..T>"
    assert list(net.params) == ["W", "U", "V"]
    assert mc.derive(net).check()


def test_a_loop_may_stand_on_indented_lines():
    """The body of a loop, one definition a line."""
    long = PROGRAM.replace(
        "T: h[t] = tanh(W*h[t-1] + U*x[t]), h[0] = h0",
        "T:\n    z[t] = W*h[t-1] + U*x[t]  # before\n    h[t] = tanh(z[t])\n    h[0] = h0",
    )
    assert mc.derive(mc.parse(long)).to_text().count("dz[t]") == mc.derive(
        mc.parse(PROGRAM)
    ).to_text().count("dz[t]")


@pytest.mark.parametrize("make", [nets.recurrent, nets.deep, nets.lstm])
def test_text_round_trips(make):
    """What is printed is read back as the same network."""
    text = make().to_text()
    again = mc.parse(text)
    assert again.to_text() == text
    assert mc.derive(again).to_text() == mc.derive(make()).to_text()


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("x : d x d\nfor t = 1..T: h[t] = q*h[t-1], h[0] = x", mc.UnknownNameError, "q is not"),
        ("x : d x 1\nfor t = 1..T: h[t] = x*h[t-1], h[0] = x", mc.ShapeError, r"h\[t-1\]"),
        ("x[t] : d x 1\nsum(x[1])", mc.UnknownNameError, "how far t runs"),
        ("x : d x d\nfor t = 1..T: h[t] = x*h[t-1], h[1] = x", mc.ParseError, r"h\[0\]"),
        ("x : d x d\nfor t = 1..T: h[t] = x*h[t-1]", mc.UnknownNameError, "not declared"),
        ("x : d x d\nfor t = 1..T: h[t] = x*h[t*t], h[0] = x", mc.ParseError, "a place is"),
        ("x : d x d\nfor t = 1..T: h[t] = x*, h[0] = x", mc.ParseError, "operand is missing"),
        ("index t = 1..T\nindex t = 1..S\nx[t] : d\nsum(x[1])", mc.MatcalcError, "two ranges"),
    ],
)
def test_errors_speak_of_members_as_they_are_written(text, error, match):
    """A slip is named in the words of the program."""
    with pytest.raises(error, match=match):
        mc.parse(text)
