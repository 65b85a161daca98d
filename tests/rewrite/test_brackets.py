"""Results in the brackets that they repeat."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.rewrite.brackets import InBrackets
from tests.textbook.problem import size

n = mc.dims("n")
x, a = mc.vector("x", n), mc.vector("a", n)
xc, ac = (v - mc.mean(v) * mc.ones(n, 1) for v in (x, a))


@pytest.mark.parametrize(
    "value",
    [
        a.T * xc / mc.norm2(xc),
        ac.T * xc / (mc.norm2(xc) * mc.norm2(ac)),
        a.T * xc / mc.sqrt(mc.norm2(xc) ** 2 / mc.read(n) + mc.scalar("c")),
    ],
    ids=["cosine", "correlation", "layer norm"],
)
def test_a_centred_column_is_written_once(value: mc.Node) -> None:
    """The page names x - mean(x), goes on with the name, and the gradient is right."""
    found = mc.text(mc.gradient(value, x))
    assert found.startswith("S = x - sum(x)*ones(n, 1)/n\n"), found
    assert "x" not in found.splitlines()[1].replace("sqrt", ""), found
    assert size(found) <= 22
    assert mc.check(value, x)


def test_letters_stand_for_what_was_there() -> None:
    """What is restored without a change has the value of what was put in."""
    root = xc * (a.T * x) / mc.norm2(xc)
    named = InBrackets(root)
    assert [str(meaning) for _, meaning in named.meaning] == [str(xc), "sum(x)"]
    values = {"x": [1.0, 4.0, -2.0], "a": [0.5, 1.0, 3.0]}
    assert mc.evaluate(named.restored(named.root), values) == pytest.approx(
        mc.evaluate(root, values)
    )


def test_nothing_is_named_that_stands_alone() -> None:
    """A bracket used once, or whose terms stand nowhere else, is left alone."""
    assert not InBrackets(xc / mc.norm2(a)).meaning
    assert not InBrackets(xc / mc.norm2(xc)).meaning


def test_a_sum_in_another_order_is_no_negative() -> None:
    """atan(X.^2) + X and X + atan(X.^2) are one bracket, and their sign is kept."""
    X = mc.matrix("X", n, n)
    for value in (mc.norm2(mc.atan(mc.power(X, 2)) + X), mc.norm2(X + mc.atan(mc.power(X, 2)))):
        assert mc.check(value, X)
    first, second = mc.atan(mc.power(X, 2)) + X, X + mc.atan(mc.power(X, 2))
    root = mc.hadamard(first, X) / mc.norm2(second)
    named = InBrackets(root)
    values = {"X": [[0.5, -1.0], [2.0, 0.3]]}
    assert mc.evaluate(named.restored(named.root), values) == pytest.approx(
        mc.evaluate(root, values)
    )
