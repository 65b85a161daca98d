"""What the laws leave open is written in one way."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.expr import Node
from matcalc.rewrite.written import written

n, d, k = mc.dims("n d k")
X, Y, W = mc.matrix("X", n, d), mc.matrix("Y", n, k), mc.matrix("W", d, k)
A, B = mc.matrix("A", n, n), mc.matrix("B", n, n)
mu = mc.vector("mu", d)


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        (A * A * A * B, "A^3*B"),
        (B * A.T * A.T * A.T, "B*A^3'"),
        (A * A * B, "A*A*B"),
        (
            (X.T - mu * mc.ones(1, n)) * A * (X - mc.ones(n, 1) * mu.T),
            "(X - ones(n, 1)*mu')'*A*(X - ones(n, 1)*mu')",
        ),
        (
            X.T * (X * W - Y) * mc.inv((Y - X * W).T * (Y - X * W)),
            "S = X*W - Y\nX'*S*inv(S'*S)",
        ),
    ],
    ids=["power", "power of transposes", "no power", "its own transpose", "its own negative"],
)
def test_one_way_of_writing(node: Node, shown: str) -> None:
    """Runs of a matrix are powers; a bracket stands the same way, or transposed, everywhere."""
    assert mc.text(written(node)) == shown


@pytest.mark.parametrize(
    ("value", "by"),
    [
        (mc.tr(mc.inv(A) * mc.inv(A)), A),
        (mc.logdet((Y - X * W).T * (Y - X * W)), W),
        (mc.norm2(A.T * (X - mc.ones(n, 1) * mu.T)) ** 2, A),
    ],
    ids=["power", "sign", "transpose"],
)
def test_the_value_is_kept(value: Node, by: Node) -> None:
    """What is written otherwise is still the gradient."""
    assert mc.check(value, by)
