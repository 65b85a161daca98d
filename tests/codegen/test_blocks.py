"""Matrices of blocks: no stack is formed to be multiplied, solved, traced or summed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for

n, m, d = mc.dims("n m d")
A, B = mc.matrix("A", n, n), mc.matrix("B", m, m)
C, E = mc.matrix("C", m, n), mc.matrix("E", n, m)
D = mc.matrix("D", d, d)
F, G = mc.matrix("F", d, n), mc.matrix("G", d, m)
x, u = mc.vector("x", n + m), mc.vector("u", n + m + d)
U, V = mc.matrix("U", n, d), mc.matrix("V", n, d)
Y = mc.matrix("Y", d, n + m)
zeros, inv = mc.zeros, mc.inv
diagonal = mc.block([[A, zeros(n, m)], [zeros(m, n), B]])
lower = mc.block([[A, zeros(n, m)], [C, B]])
upper = mc.block([[A, E], [zeros(m, n), B]])
three = mc.block([[A, zeros(n, m), zeros(n, d)], [C, B, zeros(m, d)], [F, G, D]])
full = mc.block([[A, E], [C, B]])

# name -> expression, and the factorisations it takes
CASES: dict[str, tuple[Any, int]] = {
    "a block diagonal": (diagonal * x, 0),
    "from the left": (Y * diagonal, 0),
    "its solve": (inv(diagonal) * x, 2),
    "a quadratic form": (x.T * inv(diagonal) * x, 2),
    "a lower triangle": (lower * x, 0),
    "a solve with it": (inv(lower) * x, 2),
    "a solve from the left": (Y * inv(lower), 2),
    "an upper triangle": (inv(upper) * x, 2),
    "transposed": (inv(lower.T) * x, 2),
    "three blocks": (inv(three) * u, 3),
    "its determinant": (mc.logdet(three), 3),
    "a determinant": (mc.det(upper), 2),
    "a trace": (mc.tr(full), 0),
    "the trace of an inverse": (mc.tr(inv(upper)), 2),
    "a diagonal": (mc.diag(full), 0),
    "a sum": (mc.sum(full), 0),
    "row sums": (mc.rowsum(full), 0),
    "column sums": (mc.colsum(full), 0),
    "a full one": (full * x, 0),
    "a row beside": (x.T * full, 0),
    "side by side": (mc.hstack(A, E) * x, 0),
    "one above the other": (mc.vstack(U, V) * D[:, 0], 0),
    "both": (full * lower * x, 0),
}  # fmt: skip
SIZES = {"n": 4, "m": 3, "d": 2}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("backend", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_blocks_are_taken_one_by_one(name: str, backend: str, rng: np.random.Generator) -> None:
    """Nothing of the size of the whole is formed; and the value is that of the expression."""
    expression, factors = CASES[name]
    terms = plan_for(expression).terms()
    assert sum(t.op == "factor" for t in terms) == factors
    assert not {(n + m, n + m), (n + m + d, n + m + d)} & {t.shape for t in terms}
    f = mc.compile(expression, backend=backend)
    given = {}
    for a in f.plan.arguments:
        shape = [int(s.xreplace({t: SIZES[t.name] for t in s.free_symbols})) for s in a.shape]
        given[a.name] = rng.normal(size=shape) + 3 * np.eye(*shape)
    want = mc.evaluate(expression, given, dims=SIZES)
    assert np.allclose(np.asarray(f(**given)), want, rtol=1e-10, atol=1e-12)


def test_a_gram_matrix_of_a_stack_is_one_product_of_one_buffer() -> None:
    """[U V]'[U V]: the stack is formed once, and BLAS takes half the work."""
    S = mc.hstack(U, V)
    plan = plan_for(S.T * S)
    [product] = [t for t in plan.terms() if t.op == "mm"]
    assert product.args[0].args[0] is product.args[1]


def test_sums_before_a_vector_are_applied_one_after_another() -> None:
    """(A + u v')(A + u v') x takes two products with A."""
    a, b, z = mc.vector("a", n), mc.vector("b", n), mc.vector("z", n)
    L = A + a * b.T
    assert sum(t.op == "mm" for t in plan_for(L * L * z).terms()) == 2
    assert sum(t.op == "mm" for t in plan_for(z.T * L * L).terms()) == 2
