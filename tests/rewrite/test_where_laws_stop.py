"""Expressions that look like what a law is for, and are not: the value must stay."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from matcalc.expr import BUILD, Node
from matcalc.ops.binder import isum
from matcalc.rewrite.simplify import simplify

n, m = mc.dims("n m")
A, R = mc.matrix("A", n, n), mc.matrix("R", n, m)
u, v = mc.vector("u", n), mc.vector("v", n)
r, q = BUILD["fresh_index"]("r"), BUILD["fresh_index"]("q")

PARTIAL = {
    "a dot product from the second entry on": isum(u[r, 0] * v[r, 0], r, 1, n - 1),
    "a dot product without the last entry": isum(u[r, 0] * v[r, 0], r, 0, n - 2),
    "entries that are one apart": isum(u[r, 0] * v[r + 1, 0], r, 0, n - 2),
    "a product of matrices over some columns": isum(A[:, r] * R[r, :], r, 1, n - 1),
    "the trace without the first entry": isum(A[r, r], r, 1, n - 1),
    "sums of whole matrices": isum(mc.sum(mc.exp(u[r, 0] * R)), r, 0, n - 1),
    "squares of the differences of neighbours": isum((u[r, 0] - u[r + 1, 0]) ** 2, r, 0, n - 2),
    "a triangle of a matrix": isum(isum(A[r, q] * v[q, 0], q, 0, r), r, 0, n - 1),
    "a sum over the second half of the sizes": isum(R[r, 0], r, 2, n - 1),
}
OFF = {
    "the identity one column to the right": mc.eye(n)[0:2, 1:3],
    "the identity one row down": mc.eye(n)[1:4, 0:3],
    "a block that the slice only touches": BUILD["place"](R[0:2, :], 1, 0, n, m)[0:2, :],
}


@pytest.mark.parametrize("name", [*PARTIAL, *OFF])
def test_a_near_miss_keeps_its_value(name: str, rng: np.random.Generator) -> None:
    """Ranges that are not whole, positions that do not meet."""
    node: Node = {**PARTIAL, **OFF}[name]
    values = {
        x: rng.normal(size=s)
        for x, s in {"A": (5, 5), "R": (5, 3), "u": (5, 1), "v": (5, 1)}.items()
    }
    wanted = mc.evaluate(node, values, dims={"n": 5, "m": 3})
    found = mc.evaluate(simplify(node), values, dims={"n": 5, "m": 3})
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
