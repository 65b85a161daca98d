"""Chains of Kronecker products as sums over indices: functions of all pairs of points."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for
from tests.codegen.test_samples import entries

n, m, d, c = mc.dims("n m d c")
P, one = mc.matrix("P", n, d), mc.ones(n, 1)
x, y = mc.vector("x", n), mc.vector("y", n)


def squared_distances(Q: Any) -> Any:
    s = mc.rowsum(mc.square(Q))
    return s * one.T + one * s.T - 2 * Q * Q.T


PAIRS = {
    "distances": mc.sum(mc.sqrt(squared_distances(P) + mc.eye(n))),
    "kernel": mc.sum(mc.exp(-squared_distances(P) / 2)),
    "weighted": mc.sum(mc.hadamard(mc.matrix("M", n, n), mc.square(squared_distances(P)))),
    "inner products": mc.sum(mc.tanh(P * P.T)),
    "two sets": mc.sum(mc.tanh(P * mc.matrix("R", m, d).T)),
}


def given(f: Any, rng: np.random.Generator) -> dict[str, Any]:
    sizes = {"P": (6, 3), "R": (4, 3), "M": (6, 6), "V": (6, 3), "x": (6, 1), "y": (6, 1)}
    return {s: rng.normal(size=sizes[s]) for s in sizes if s in mc.compile(f).arguments}


@pytest.mark.parametrize("name", PAIRS)
def test_hessians_of_all_pairs_agree(name: str, rng: np.random.Generator) -> None:
    """Dense, as an operator, and as a product, against the closed form evaluated."""
    f = PAIRS[name]
    values = given(f, rng)
    want = mc.evaluate(mc.hessian(f, P), values)
    dense = mc.hessian_function(f, P)(**values)
    assert np.allclose(dense, want, rtol=1e-10, atol=1e-10)
    operator = mc.hessian_function(f, P, form="operator")(**values)
    v = rng.normal(size=(len(want), 2))
    assert np.allclose(operator @ v, want @ v, atol=1e-9)
    V = rng.normal(size=(6, 3))
    product = mc.hessian_product(f, P)(**values, V=V)
    assert np.allclose(product.ravel("F"), want @ V.ravel("F"), atol=1e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_nothing_has_a_row_for_each_pair(name: str) -> None:
    """No array is larger than the Hessian, and none of the operator's is as large as that."""
    sizes = {"n": 1000, "d": 3, "m": 1000}
    dense = plan_for(mc.hessian(PAIRS[name], P), sizes=sizes)
    operator = mc.hessian_function(PAIRS[name], P, form="operator").apply
    assert operator is not None
    for plan, most in ((dense, 3000**2), (operator.plan, 1000 * 1000)):
        for t in plan.terms():
            if all(s.name in sizes for x in t.shape for s in x.free_symbols):
                size = np.prod(
                    [int(x.subs({s: sizes[s.name] for s in x.free_symbols})) for x in t.shape]
                )
                assert size <= most, t


def test_the_closed_block_form(rng: np.random.Generator) -> None:
    """Blocks -2 (I/d - r r'/d^3) off the diagonal, and rows that sum to nothing."""
    points = rng.normal(size=(7, 3))
    H = mc.compile(mc.hessian(PAIRS["distances"], P))(P=points)
    r = points[2] - points[5]
    length = np.sqrt(r @ r)
    assert np.allclose(H[2::7, 5::7], -2 * (np.eye(3) / length - np.outer(r, r) / length**3))
    assert np.allclose(H, H.T)
    assert np.allclose(H @ np.repeat(np.eye(3), 7, axis=0), 0, atol=1e-10)


def test_coordinates_apart_give_the_same(rng: np.random.Generator) -> None:
    """Points by their coordinates, differences squared or squares expanded."""
    p = [mc.vector(s, n) for s in "xyz"]
    first = sum(
        (mc.square(q * one.T - one * q.T) for q in p[1:]), mc.square(p[0] * one.T - one * p[0].T)
    )
    s = mc.square(p[0]) + mc.square(p[1]) + mc.square(p[2])
    second = s * one.T + one * s.T - 2 * (p[0] * p[0].T + p[1] * p[1].T + p[2] * p[2].T)
    points = rng.normal(size=(6, 3))
    values = {k: points[:, j : j + 1] for j, k in enumerate("xyz")}
    want = mc.compile(mc.hessian(PAIRS["distances"], P))(P=points)
    for D2 in (first, second):
        H = mc.hessian(mc.sum(mc.sqrt(D2 + mc.eye(n))), p)
        assert np.allclose(mc.compile(H)(**values), want, atol=1e-9)
        sizes = {entries(()) for _ in H.shape}
        assert sizes == {1.0}
        assert not any(t.op.startswith(("kron", "repeat")) for t in plan_for(H).terms())


A, B, u = mc.matrix("A", n, m), mc.matrix("B", m, n), mc.vector("u", n * m)
CHAINS = {
    "two columns": mc.kron(A.T, mc.eye(n)) * mc.diag(mc.vec(mc.matrix("M", n, n))) * mc.kron(A, mc.eye(n)),
    "both sides": mc.kron(A.T, mc.eye(n)) * mc.diag(mc.vec(mc.matrix("M", n, n))) * mc.kron(mc.eye(n), A),
    "sums": mc.kron(mc.ones(1, n), B) * mc.diag(mc.vec(mc.matrix("M", n, n))) * mc.kron(A, A),
    "equal terms": mc.kron(mc.ones(1, n), B) * mc.diag(mc.vec(mc.matrix("M", n, n)))
    * mc.kron(mc.ones(n, 1), mc.eye(n)),
    "ones in front": mc.kron(mc.ones(n, n), mc.eye(n)) * mc.diag(mc.vec(mc.matrix("M", n, n)))
    * mc.kron(A, A),
    "a transposed end": mc.kron(mc.ones(1, n), mc.eye(n)) * mc.diag(mc.vec(mc.matrix("M", n, n)))
    * mc.commutation(n, n) * mc.matrix("Z", m, n * n).T,
    "weights in front": mc.kron(mc.diag(x), B) * mc.diag(mc.vec(mc.matrix("M", n, n)))
    * (mc.kron(mc.eye(n), mc.diag(y)) - 2 * mc.kron(mc.diag(y), mc.eye(n))),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_chains_agree(name: str, rng: np.random.Generator) -> None:
    """Whatever form the plan chooses, the numbers are those of the definition."""
    e = CHAINS[name]
    sizes = {"A": (4, 3), "B": (3, 4), "M": (4, 4), "Z": (3, 16), "x": (4, 1), "y": (4, 1)}
    for planned in ({}, {"n": 500, "m": 3}, {"n": 3, "m": 500}):
        f = mc.compile(e, sizes=planned)
        values = {s: rng.normal(size=sizes[s]) for s in f.arguments}
        assert np.allclose(f(**values), mc.evaluate(e, values), atol=1e-10)


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("jax", marks=pytest.mark.skipif(find_spec("jax") is None, reason="needs JAX")),
    ],
)
@pytest.mark.parametrize("name", [*PAIRS, *CHAINS])
def test_other_languages_agree(name: str, backend: str, rng: np.random.Generator) -> None:
    """The same sums in PyTorch and JAX; single precision stays single."""
    e = mc.hessian(PAIRS[name], P) if name in PAIRS else CHAINS[name]
    sizes = {"P": (4, 3), "R": (4, 3), "M": (4, 4), "A": (4, 3), "B": (3, 4)}
    sizes |= {"Z": (3, 16), "x": (4, 1), "y": (4, 1)}
    f = mc.compile(e, backend=backend)
    values = {s: np.float32(rng.normal(size=sizes[s])) for s in f.arguments}
    got, want = np.asarray(f(**values)), mc.evaluate(e, values)
    assert got.dtype == np.float32
    assert np.allclose(got, want, atol=1e-4 * max(1.0, np.abs(want).max()))
