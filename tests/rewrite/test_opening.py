"""Factors hidden in scalars and in sums are found again."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.expr import Node
from matcalc.rewrite.simplify import simplify
from tests.rewrite.values import assert_same_value
from tests.textbook.problem import size

n, m, d = mc.dims("n m d")
x, mu, y = (mc.vector(s, n) for s in ("x", "mu", "y"))
A, X, W = mc.matrix("A", n, n), mc.matrix("X", n, d), mc.matrix("W", n, m)
M = mc.matrix("M", n, d)
w = mc.vector("w", d)
S = mc.matrix("S", n, n)
FACTS = [mc.Q.symmetric(S)]

BRACKETS: list[tuple[Node, int]] = [
    (x.T * A * x - x.T * A * mu - mu.T * A * x + mu.T * A * mu, 5),
    (x.T * x - 2 * (x.T * mu) + mu.T * mu, 4),
    (x.T * S * x + 2 * (x.T * S * mu) + mu.T * S * mu, 5),
    ((x - mu).T * A * x - (x - mu).T * A * mu, 5),
    (3 * (x.T * A * x) - 3 * (mu.T * A * x), 5),
    (mc.colsum(W).T * mc.ones(1, d) - W.T * M, 3),
    (mc.colsum(X).T - X.T * y, 3),
]


@pytest.mark.parametrize(("node", "wanted"), BRACKETS, ids=range(len(BRACKETS)))
def test_a_bracket_is_found_again(node: Node, wanted: int) -> None:
    """As few symbols and numbers as in the factored form, and the same value."""
    found = simplify(node, facts=FACTS)
    assert size(mc.text(found)) == wanted, mc.text(found)
    assert_same_value(node, found, facts={"S": ["symmetric"]})


def test_without_symmetry_nothing_is_split() -> None:
    """2 x'A m is not x'A m + m'A x for any A."""
    node = x.T * A * x - 2 * (x.T * A * mu) + mu.T * A * mu
    found = simplify(node)
    assert_same_value(node, found)
    assert size(mc.text(found)) > 5
