"""Formulas with kinks come out as books write them, and activations in one form."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.expr import Node
from tests.rewrite.values import assert_same_value

n, m, p = mc.dims("n m p")
z, g = mc.vector("z", n), mc.vector("g", n)
X, w, y = mc.matrix("X", m, n), mc.vector("w", n), mc.vector("y", m)
F, W = mc.matrix("F", p, n), mc.matrix("W", n, m)
a = mc.scalar("a")


def slope(f: Node) -> Node:
    """The gradient of g'f(z) by z."""
    return mc.read(mc.gradient(g.T * f, z))


@pytest.mark.parametrize(
    ("f", "book"),
    [
        (mc.max(z, 0), "g.*step(z)"),
        (mc.max(0, z), "g.*step(z)"),
        (mc.max(mc.min(z, 1), -1), "g.*step(z + 1).*step(1 - z)"),
        (mc.max(mc.min(z / 6 + mc.ones(n, 1) / 2, 1), 0), "g.*step(z + 3).*step(3 - z)/6"),
        (mc.min(mc.relu(z), 6), "g.*step(6 - z).*step(z)"),
        (mc.max(z, 0) + a * mc.min(z, 0), "g.*(step(z) + a*step(-z))"),
        (
            mc.where(mc.step(z), z, a * (mc.exp(z) - mc.ones(n, 1))),
            "g.*where(step(z), 1, a*exp(z))",
        ),
        (mc.divide(z, 1 + mc.abs(z)), "g./(1 + abs(z)).^2"),
        (mc.divide(z, mc.sqrt(1 + a * mc.power(z, 2))), "g.*(1 + a*z.^2).^(-3/2)"),
        (mc.log(mc.exp(z) - 1), "g./(1 - exp(-z))"),
    ],
)
def test_an_activation_has_the_slope_of_the_books(f: Node, book: str) -> None:
    """Hard, leaky and clipped ones, softsign and the like."""
    assert mc.text(slope(f)) == book
    assert mc.check(g.T * f, z).ok


def test_the_hinge_loss() -> None:
    """The larger of 1 - margin and 0 has the gradient of a rectifier."""
    loss = mc.sum(mc.max(0, 1 - mc.hadamard(y, X * w)))
    assert mc.text(mc.gradient(loss, w)) == "-X'*(y.*step(1 - y.*(X*w)))"


def test_a_tie_of_two_formulas_goes_to_the_first() -> None:
    """The slopes of max and min add up to one at a tie, and to the constant beside a formula."""
    x, u = mc.scalar("x"), mc.scalar("u")
    at = {x: 2.0, u: 2.0}
    for f in (mc.max(x, u), mc.min(x, u)):
        slopes = [float(mc.evaluate(mc.gradient(f, of), at)) for of in (x, u)]
        assert slopes == [1.0, 0.0]
    for f in (mc.max(x, 2), mc.max(2, x), mc.min(x, 2), mc.min(2, x)):
        assert float(mc.evaluate(mc.gradient(f, x), {x: 2.0})) == 0.0


def test_a_name_is_given_to_what_a_mark_stands_on() -> None:
    """Not 1/S is named, but S; what is written three times is named though two parts hold it."""
    found = mc.text(mc.gradient(mc.sum(mc.tanh(F * W / mc.norm2(F * W))), W))
    assert not any(line.split(" = ")[1].startswith("1/") for line in found.splitlines()[:-1])
    t = w.T * z
    planar = mc.log(1 + (w.T * g) * (1 - mc.power(mc.tanh(t), 2)))
    lines = mc.text(mc.gradient(planar, t) if mc.read(t).op.name == "symbol" else planar)
    assert lines.count("tanh") == 1


@pytest.mark.parametrize("form", ["S - S^3", "a*S - a*S^3", "S*(1 - S^2)"])
def test_one_minus_the_rest_is_taken_out(form: str) -> None:
    """S - S^3 is S (1 - S^2), as a derivative of tanh is written."""
    found = mc.read(mc.parse(form, {"S": None, "a": None}).expression)
    short = mc.read(mc.simplify(found))
    assert mc.text(short) == f"{'a*' if form[0] == 'a' else ''}S*(1 - S^2)"
    assert_same_value(found, short)
