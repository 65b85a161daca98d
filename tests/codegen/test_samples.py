"""Hessians over a batch: one small matrix a sample, and never one for the whole batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.compiled import plan_for

n, d, h, k, c = mc.dims("n d h k c")
SIZES = {"n": 100, "d": 20, "h": 20, "k": 20, "c": 3}
SMALL = {"n": 7, "d": 3, "h": 4, "k": 5, "c": 2}
SHAPES = {"X": (n, d), "Y": (n, c), "W1": (d, h), "W2": (h, k), "W3": (k, c)}


def entries(shape: Any) -> float:
    """How many there are, at the sizes planned with."""
    return float(np.prod([int(d.subs({s: SIZES[s.name] for s in d.free_symbols})) for d in shape]))


def problems(as_rows: bool) -> Iterator[tuple[str, Any, Any]]:
    """Losses of a three-layer net, with samples as rows or as columns of the data."""
    S = {s: mc.matrix(s, *(sh if as_rows else sh[::-1])) for s, sh in SHAPES.items()}

    def times(a: Any, b: Any) -> Any:
        return a * b if as_rows else b * a

    for act in (mc.relu, mc.tanh):
        A = times(act(times(act(times(S["X"], S["W1"])), S["W2"])), S["W3"])
        P = mc.softmax(A, axis=1 if as_rows else 0)
        yield "squared error", mc.squared_error(A, S["Y"], scale="half"), S["W1"]
        yield "cross-entropy", mc.sum(mc.hadamard(S["Y"], mc.log(P))), S["W1"]
        yield "middle layer", mc.sum(mc.hadamard(S["Y"], mc.sigmoid(A))), S["W2"]
        yield "last layer", mc.sum(mc.hadamard(S["Y"], mc.sigmoid(A))), S["W3"]


@pytest.mark.parametrize("as_rows", [True, False])
def test_they_agree(as_rows: bool, rng: np.random.Generator) -> None:
    """The sum over samples is the Hessian, for rows and for columns of data."""
    values = {
        s: rng.normal(size=[SMALL[str(x)] for x in (sh if as_rows else sh[::-1])])
        for s, sh in SHAPES.items()
    }
    for name, f, wrt in problems(as_rows):
        H = mc.hessian(f, wrt)
        function = mc.compile(H, sizes=SIZES)
        used = {s: v for s, v in values.items() if s in function.arguments}
        want = mc.evaluate(H, used)
        assert np.allclose(function(**used), want, rtol=1e-10, atol=1e-12), name
        ops = {t.op for t in function.plan.terms()}
        assert ops & {"sum_of_samples", "blocks_of_samples", "indexed"}, name


@pytest.mark.parametrize("as_rows", [True, False])
def test_nothing_is_as_large_as_batch_times_weights(as_rows: bool) -> None:
    """No term has n h rows and d h columns; a weight matrix meets few rows a sample."""
    for name, f, wrt in problems(as_rows):
        for t in plan_for(mc.hessian(f, wrt), sizes=SIZES).terms():
            most = max(entries(wrt.shape) ** 2, 100 * 20 * 20)
            assert entries(t.shape) <= most, f"{name}: {t}"


def test_large_batches_go_block_by_block(rng: np.random.Generator) -> None:
    """Where all outer products together are large, the blocks are computed one after another."""
    X, W, Y = mc.matrix("X", n, d), mc.matrix("W", d, c), mc.matrix("Y", n, c)
    P = mc.softmax(X * W)
    for f in (mc.cross_entropy(P, Y), mc.sum(mc.hadamard(Y, mc.square(X * W)))):
        H = mc.hessian(f, W)
        given = {
            "X": rng.normal(size=(300, 40)), "W": rng.normal(size=(40, 5)),
            "Y": rng.random(size=(300, 5)),
        }  # fmt: skip
        function = mc.compile(H, sizes={"n": 300, "d": 40, "c": 5})
        used = {s: v for s, v in given.items() if s in function.arguments}
        assert np.allclose(function(**used), mc.evaluate(H, used), rtol=1e-10)


def test_two_different_weights(rng: np.random.Generator) -> None:
    """A mixed Hessian is a sum over samples too, or agrees in another form."""
    X, Y = mc.matrix("X", n, d), mc.matrix("Y", n, c)
    W, V = mc.matrix("W", d, h), mc.matrix("V", h, c)
    H = mc.hessian(mc.squared_error(mc.tanh(X * W) * V, Y, scale="half"), W, V)
    given = {s: rng.normal(size=size) for s, size in
             {"X": (7, 3), "Y": (7, 2), "W": (3, 4), "V": (4, 2)}.items()}  # fmt: skip
    assert np.allclose(mc.compile(H, sizes=SIZES)(**given), mc.evaluate(H, given), rtol=1e-10)
