"""A Kronecker product is formed only where it is the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for

n, m, p, q = mc.dims("n m p q")
A, B, Y = mc.matrix("A", n, m), mc.matrix("B", p, q), mc.matrix("Y", q, m)
C, D, P, R = (mc.matrix(s, d, d) for s, d in (("C", n), ("D", p), ("P", n), ("R", p)))
z, x, y = mc.vector("z", n * p), mc.vector("x", m), mc.vector("y", q)
kron, Q = mc.kron, mc.Q
i = mc.eye(n * p)

NOT_FORMED: dict[str, Any] = {
    "an entry": kron(A, B)[2, 3],
    "an entry of its transpose": kron(A, B).T[1, 2],
    "an entry of a sum": (kron(C, D) + kron(P, R))[1, 2],
    "an entry of a product": (kron(C, D) * kron(P, R))[4, 1],
    "an entry of a nest": kron(A, kron(B, C))[7, 1],
    "an entry of an inverse": mc.inv(kron(C, D))[0, 1],
    "a function of an entry": mc.exp(kron(A, B))[0, 1],
    "a row": kron(A, B)[3, :],
    "a column": kron(A, B)[:, 2],
    "a block": kron(A, B)[1:3, 0:2],
    "its diagonal": mc.diag(kron(C, D)),
    "the diagonal of its inverse": mc.diag(mc.inv(kron(C, D))),
    "its trace": mc.tr(kron(C, D)),
    "its determinant": mc.det(kron(C, D)),
    "its log determinant": mc.logdet(kron(P, R)),
    "its sum": mc.sum(kron(A, B)),
    "its row sums": mc.rowsum(kron(A, B)),
    "its norm": mc.norm2(kron(A, B)),
    "the sum of its sizes": mc.norm1(kron(A, B)),
    "an inner product": mc.sum(mc.hadamard(kron(C, D), kron(P, R))),
    "times a vector": kron(A, B) * mc.vec(Y),
    "an entry of that": (kron(A, B) * mc.vec(Y))[4, 0],
    "times a sum": (kron(C, mc.eye(p)) + kron(mc.eye(n), D)) * z,
    "a solve": mc.solve(kron(C, D), z),
    "a quadratic form": z.T * mc.inv(kron(P, R)) * z,
    "a gradient of an entry": mc.gradient(kron(A, B)[2, 3], A),
    "a gradient of a form": mc.gradient(z.T * mc.inv(kron(P, R)) * z, R),
    "a gradient of a determinant": mc.gradient(mc.logdet(kron(P, R)), P),
    "a gradient of a trace": mc.gradient(mc.tr(kron(C, D) * kron(P, R)), D),
    "a gradient of a fit": mc.gradient(mc.norm2(kron(A, B) * mc.vec(Y) - z) ** 2, B),
    "a gradient of a weighted trace": mc.gradient(mc.tr(kron(C, D) * mc.diag(z)), C),
}
SIZES = {"n": 3, "m": 2, "p": 4, "q": 5}


@pytest.mark.parametrize("name", NOT_FORMED)
@pytest.mark.parametrize("backend", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_nothing_of_its_size_is_formed(name: str, backend: str, rng: np.random.Generator) -> None:
    """No array of n p rows and as many columns; and the value is that of the expression."""
    expression = NOT_FORMED[name]
    facts = (Q.positive_definite(P), Q.positive_definite(R))
    square = {(n * p, n * p), (n * p, m * q), (m * q, n * p)}
    assert not square & {t.shape for t in plan_for(expression, assume=facts).terms()}
    f = mc.compile(expression, assume=facts, backend=backend)
    values: dict[str, Any] = {}
    for a in f.plan.arguments:
        if a.name in SIZES:
            continue
        shape = [int(d.xreplace({s: SIZES[s.name] for s in d.free_symbols})) for d in a.shape]
        M = rng.normal(size=shape)
        values[a.name] = M @ M.T + np.eye(len(M)) if a.name in "CDPR" else M
    dims = {d: s for d, s in SIZES.items() if d in f.arguments}
    want = mc.evaluate(expression, values, dims=SIZES)
    assert np.allclose(np.asarray(f(**values, **dims)), want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 4), (4, 5), (11, 9)])
def test_entries_are_where_they_should_be(row: int, column: int, rng: np.random.Generator) -> None:
    """Also where the program knows the place only as a loop or a size does."""
    a, b = rng.normal(size=(3, 2)), rng.normal(size=(4, 5))
    assert mc.compile(kron(A, B)[row, column])(A=a, B=b) == np.kron(a, b)[row, column]
    with pytest.raises(mc.ShapeError, match="beyond the last row"):
        mc.compile(kron(A, B)[row + 12, column])(A=a, B=b)


def test_aligned_blocks_are_blocks_of_the_factors() -> None:
    """Rows p ... 2 p - 1 are the second row of A times B."""
    block = plan_for(kron(A, B)[p : 2 * p, 0:q])
    assert not any(t.op.startswith("kron") for t in block.terms())
