"""Row tiles: the same numbers, with what is on the way a few rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.codegen import tiles

n, m, k = mc.dims("n m k")
U, V, T = mc.matrix("U", n, k), mc.matrix("V", m, k), mc.matrix("T", n, m)
W, b = mc.matrix("W", n, m), mc.matrix("b", 1, m)
SIZES = {"n": 2000, "m": 1000, "k": 5}
LOSSES = {
    "squares": mc.norm2(U * V.T - T) ** 2,
    "weighted": mc.sum(mc.hadamard(W, mc.square(U * V.T - T))),
    "logistic": mc.sum(mc.softplus(U * V.T) - mc.hadamard(T, U * V.T)),
    "bounded": mc.sum(mc.square(mc.tanh(U * V.T + mc.ones(n, 1) * b) - T)),
    "with a penalty": mc.norm2(U * V.T - T) ** 2 + mc.norm2(U) ** 2 + mc.norm2(V) ** 2,
    "scaled": mc.sum(mc.square(mc.sigmoid(U * V.T) - T)) / 2,
    "on both sides": mc.norm2(U * U.T - mc.matrix("S", n, n)) ** 2,
}


def given(f: Any, rng: np.random.Generator) -> dict[str, Any]:
    shapes = {"U": (7, 2), "V": (5, 2), "T": (7, 5), "W": (7, 5), "b": (1, 5), "S": (7, 7)}
    return {s: rng.normal(size=shapes[s]) for s in f.arguments}


@pytest.mark.parametrize("entries", [1, 12, 10**6])
@pytest.mark.parametrize("name", LOSSES)
def test_tiles_change_nothing(
    name: str, entries: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row at a time, a few, or all: value and gradients are those of the plain program."""
    monkeypatch.setattr(tiles, "ENTRIES", entries)
    wrt = [s for s in ("U", "V") if s == "U" or name != "on both sides"]
    D = mc.derive(LOSSES[name], wrt)
    f, plain = D.function(workspace=True, sizes=SIZES), D.function()
    values = given(f, rng)
    before = {s: v.copy() for s, v in values.items()}
    for _ in range(2):
        got, want = f(**values), plain(**values)
        assert np.isclose(got[0], want[0], rtol=1e-12)
        for s in wrt:
            assert np.allclose(got[1][s], want[1][s], rtol=1e-10)
    assert all(np.array_equal(before[s], values[s]) for s in values)


def test_sizes_decide() -> None:
    """Where the array fits the cache, or products are most of the work, nothing is cut."""
    D = mc.derive(LOSSES["squares"], U)
    assert "in range(" in D.source(workspace=True, sizes=SIZES)
    assert "in range(" not in D.source(workspace=True, sizes={"n": 100, "m": 100, "k": 5})
    assert "in range(" not in D.source(workspace=True, sizes={"n": 2000, "m": 1000, "k": 200})
    assert "in range(" not in D.source(workspace=True)


def test_the_large_array_has_a_buffer_of_a_few_rows(rng: np.random.Generator) -> None:
    """The residual is never there in whole."""
    f = mc.derive(LOSSES["squares"], U).function(workspace=True, sizes=SIZES)
    values = {
        "U": rng.normal(size=(2000, 5)), "V": rng.normal(size=(1000, 5)),
        "T": rng.normal(size=(2000, 1000)),
    }  # fmt: skip
    f(**values)
    assert max(w.size for w in f.bound(values)["workspace"]) <= 50_000
