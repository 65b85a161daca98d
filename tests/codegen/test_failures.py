"""Why a call fails, in the words of its arguments; results that share nothing; threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import DomainError, UnknownNameError

n, d = mc.dims("n d")
A, B, P, L = (mc.matrix(s, n, n) for s in "ABPL")
X, x, a = mc.matrix("X", n, d), mc.vector("x", n), mc.scalar("a")
FACTS = [mc.Q.positive_definite(P), mc.Q.lower_triangular(L)]
BACKENDS = ["numpy", pytest.param("torch", marks=pytest.mark.torch)]
SYSTEMS = {
    "general": mc.inv(A) * x,
    "definite": mc.inv(P) * x,
    "determinant": mc.logdet(P),
    "several": mc.inv(A) * x + mc.inv(A.T) * mc.ones(n, 1),
}


def given(f: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Arrays of twenty rows that keep the facts."""
    M = rng.normal(size=(20, 20)) + 5 * np.eye(20)
    all_ = {
        "A": M,
        "B": M + 1,
        "P": M @ M.T,
        "L": np.tril(M),
        "x": M[:, :1].copy(),
        "X": M[:, :3].copy(),
        "a": 2.0,
    }
    return {s: all_[s] for s in f.arguments}


def facts_in(expression: Any) -> list[Any]:
    return [f for f in FACTS if f.of in mc.text(expression)]


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_half_precision_is_solved_or_refused(
    name: str, backend: str, rng: np.random.Generator
) -> None:
    """LAPACK knows none: either a wider kind computes it, or the argument is named."""
    f = mc.compile(SYSTEMS[name], assume=facts_in(SYSTEMS[name]), backend=backend)
    values = given(f, rng)
    want = np.asarray(f(**values))
    try:
        got = np.asarray(f(**{k: v.astype(np.float16) for k, v in values.items()}))
    except DomainError as error:
        assert "is float16" in str(error)  # noqa: PT017
    else:
        assert np.allclose(got, want, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_no_number_is_never_solved_in_silence(
    name: str, backend: str, rng: np.random.Generator
) -> None:
    """The answer has nan in it, or an error says that there is none."""
    f = mc.compile(SYSTEMS[name], assume=facts_in(SYSTEMS[name]), backend=backend)
    values = given(f, rng)
    first = next(iter(set(values) & {"A", "P"}))
    values[first] = values[first].copy()
    values[first][2, 3] = values[first][3, 2] = np.nan
    try:
        got = np.asarray(f(**values))
    except DomainError as error:
        assert "no value here" in str(error)  # noqa: PT017
    else:
        assert not np.isfinite(got).all()


def test_a_zero_matrix_has_no_inverse_in_any_backend() -> None:
    """LAPACK's own words, as an error of ours."""
    for expression in (SYSTEMS["general"], SYSTEMS["definite"]):
        f = mc.compile(expression, assume=facts_in(expression))
        with pytest.raises(DomainError, match="no value here"):
            f(**{k: np.zeros((20, 1 if k == "x" else 20)) for k in f.arguments})


def test_a_name_in_the_wrong_case_is_met_with_both() -> None:
    """What is missing, and what nobody asked for."""
    f = mc.compile(X.T * x)
    with pytest.raises(UnknownNameError, match=r"no value for X.*there is no argument 'xx'"):
        f(x=np.ones((3, 1)), xx=np.ones((3, 2)))


@pytest.mark.parametrize("value", [10**400, "2", None, 2j, [1.0, 2.0]])
def test_a_scalar_is_one_real_number(value: Any) -> None:
    """Anything else is refused by name."""
    f = mc.compile(a * X)
    with pytest.raises(mc.MatcalcError, match=r"\ba\b"):
        f(a=value, X=np.ones((2, 2)))


def test_a_scalar_of_any_kind_is_a_number() -> None:
    """NumPy's own, arrays of one entry, long doubles."""
    f = mc.compile(a * X)
    for value in (2, np.array([2.0]), np.array([[2]]), np.longdouble(2), np.float16(2)):
        assert np.array_equal(f(a=value, X=np.ones((2, 2))), np.full((2, 2), 2.0))


RESULTS: dict[str, Any] = {
    "an input": A * 1,
    "a transpose": A.T,
    "a part": A[0, :],
    "a stack": mc.vec(A),
    "a product and its transpose": [A * B, (A * B).T],
    "the same twice": [A * B, A * B],
    "a product and a part of it": [A * B, (A * B)[0, :], mc.vec(A * B)],
    "an input beside a product": [A, A * B, A.T],
}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("workspace", [False, True])
def test_results_share_no_memory(name: str, workspace: bool, rng: np.random.Generator) -> None:
    """Neither with an input nor with one another; what is written into one stays there."""
    f = mc.compile(RESULTS[name], workspace=workspace)
    values = given(f, rng)
    before = {k: v.copy() for k, v in values.items()}
    found = f(**values)
    found = found if isinstance(found, tuple) else (found,)
    for p, q in combinations([*found, *values.values()], 2):
        assert not np.shares_memory(p, q)
    kept = [r.copy() for r in found]
    for r in found:
        r[...] = -1.0
    assert all(np.array_equal(values[k], before[k]) for k in values)
    again = f(**values)
    again = again if isinstance(again, tuple) else (again,)
    assert all(np.array_equal(p, q) for p, q in zip(again, kept, strict=True))


@pytest.mark.parametrize("workspace", [False, True])
def test_threads_may_call_one_function_at_once(workspace: bool, rng: np.random.Generator) -> None:
    """Each gets its own answer, with its own workspace."""
    W = mc.matrix("W", d, d)
    f = mc.derive(mc.sum(mc.tanh(mc.tanh(X * W) * W)), [W]).function(workspace=workspace)
    points = [{"X": rng.normal(size=(s, 40)), "W": rng.normal(size=(40, 40))} for s in (50, 80) * 8]
    plain = mc.derive(mc.sum(mc.tanh(mc.tanh(X * W) * W)), [W]).function()
    want = [plain(**p) for p in points]

    def answer(k: int) -> tuple[float, Any]:
        for _ in range(20):
            value, gradients = f(**points[k])
            result = float(value), gradients["W"].copy()
        return result

    with ThreadPoolExecutor(8) as pool:
        for (value, gradient), (v, g) in zip(pool.map(answer, range(16)), want, strict=True):
            assert np.isclose(value, v)
            assert np.allclose(gradient, g["W"])
