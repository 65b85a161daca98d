"""Python functions as networks: what they mean, that they still run, and what they refuse."""

# ruff: noqa: F722, F821, UP037 - the shapes of a model are annotations

from __future__ import annotations

import math

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import MatcalcError, NoRuleError, ShapeError


def dense(X, W, b):
    Z = X @ W + b
    return Z


@mc.model(params="W1 b1 W2 b2")
def two_layer(
    X: "n d", W1: "d h", b1: "1 h", W2: "h k", b2: "k", Y: "n k", lam: "scalar", deep=1
):  # fmt: skip
    n = X.shape[0]
    A = np.tanh(dense(X, W1, b1))
    Z = dense(A, W2, b2)
    P = mc.softmax(Z)
    loss = -(Y * np.log(P)).sum() / n + lam * np.sum(W1**2)
    return loss


@mc.model
def batch_norm(X: "n d", gamma: "param d", beta: "param d"):
    mu = X.mean(axis=0)
    s = np.sqrt(X.var(axis=0) + 0.001)
    return gamma * (X - mu) / s + beta


@mc.model
def attention(Q: "n d", K: "m d", V: "m e"):
    S = Q @ K.T / np.sqrt(Q.shape[1])
    A = mc.softmax(S, axis=1)
    return A @ V


@mc.model
def deep(X: "n d", W: "param d d", layers=3):
    A = X
    for _ in range(layers):
        Z = A @ W
        A = np.where(Z > 0, Z, 0.1 * Z)
    return (A * A).mean()


@mc.model
def everything(A: "n n", B: "n m", v: "n", w: "m 1", c: ""):
    total = 0
    for k in range(2):
        total += np.linalg.norm(B[:, k]) ** 2
    M = np.hstack([A, B]) @ np.vstack([B, np.ones_like(B).T @ B])
    r = (v @ A).T + np.outer(v, v) @ v - v * c
    E = np.exp(-abs(B)) + np.maximum(B, 0.5) - np.clip(B, -1, 1) / 3
    total += (
        (r**2).sum() + np.trace(M @ B.T) + E.std() + np.linalg.slogdet(A @ A.T + np.diag(v**2))[1]
    )
    S = np.linalg.solve(A + 0, B) @ w
    return total + S.sum() + mc.tr(np.kron(A, A)) + (B[0] * w[:, 0]).sum() + B[-1, 0]


MODELS = [two_layer, batch_norm, attention, deep, everything]


def numbers(model: mc.Model, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random arguments in the shapes that the function itself wants."""
    sizes = {"n": 5, "d": 3, "h": 4, "k": 2, "m": 6, "e": 7}
    found = {}
    for name, text in model.function.__annotations__.items():
        words = text.strip("'\"").replace("param", "").replace("scalar", "").split()
        found[name] = rng.normal(size=tuple(sizes.get(w) or int(w) for w in words))
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_the_function_and_its_network_agree(model, rng):
    """Run on arrays it gives what the derived network gives, value and shape included."""
    values = numbers(model, rng)

    got = model(**values)
    wanted = mc.evaluate(model.expression, values)

    assert np.allclose(np.asarray(got).reshape(np.shape(wanted)), wanted, rtol=1e-12)


@pytest.mark.parametrize("model", [two_layer, batch_norm, attention, deep], ids=lambda m: m.name)
def test_its_gradients_hold(model):
    """What is derived from a function passes the check."""
    assert mc.derive(model).check(trials=2)


def test_steps_are_named_after_local_variables():
    """Helpers name steps too, by number; constants are no steps."""
    assert [s.name for s in two_layer.steps] == ["Z1", "A", "Z", "P", "loss"]
    assert list(two_layer.params) == ["W1", "b1", "W2", "b2"]
    assert list(two_layer.inputs) == ["X", "Y", "lam"]


def test_names_bound_in_a_loop_are_numbered():
    """Each round has names of its own."""
    assert [s.name for s in deep.steps] == ["Z1", "A1", "Z2", "A2", "Z3", "A3", "L"]


def test_broadcasting_is_seen():
    """A row over rows, a 1-D array, a column over columns and a scalar become factors of ones."""

    @mc.model
    def f(X: "n d", b: "1 d", v: "d", c: "n 1", s: ""):
        return X + b + v + c + s

    expected = "Out = X + ones(n, 1)*b + ones(n, 1)*v' + c*ones(1, d) + s*ones(n, d)"
    assert f.to_text().splitlines()[-1] == expected


def test_a_network_of_a_function_round_trips():
    """What it says in the text language is the same network."""
    for model in MODELS:
        assert mc.parse(model.to_text()).to_text() == model.to_text()


def test_names_that_are_words_get_a_number():
    """A local called mean or exp stays out of the way of the text language."""

    @mc.model
    def f(X: "n d"):
        mean = X.mean(axis=0, keepdims=True)
        d = X - mean
        return d * d

    assert [s.name for s in f.steps] == ["mean1", "d1", "Out"]


def test_words_of_mc_calculate_at_arrays(rng):
    """The same word gives numbers for arrays and symbols for symbols."""
    Z = rng.normal(size=(4, 3))

    assert np.allclose(mc.relu(Z), np.maximum(Z, 0))
    assert np.allclose(mc.softmax(Z, axis=1).sum(axis=1), 1)
    assert mc.sum(Z, axis=0).shape == (1, 3)
    assert mc.softmax(Z[0]).shape == (3,)
    assert isinstance(mc.tr(Z @ Z.T), float)


def test_the_source_is_typeset():
    """Matrix and entrywise products differ, a transpose is one, an axis is said."""

    @mc.model
    def f(X: "n d", Y: "n d", lam: ""):
        E = (X - Y).T @ (X * Y)
        return lam * E.sum()

    latex = f.program
    assert r"\left(X - Y\right)^{\top} " in latex
    assert r"X \odot Y" in latex
    assert r"\mathrm{lam} \left(\sum_{i, j} {E}_{i j}\right)" in latex


def refused(fn) -> str:
    with pytest.raises(MatcalcError) as caught:
        mc.model(fn)
    return str(caught.value)


def test_the_two_meanings_of_the_star_are_said():
    """Where * could be the matrix product the message names both."""

    def f(X: "n d", W: "d h"):
        return X * W

    said = refused(f)
    assert "X (n, d) and W (d, h)" in said
    assert "entry by entry" in said
    assert "X @ W" in said


def test_numpys_silent_outer_sum_is_refused():
    """A 1-D array against a column, and a column against a row."""

    def flat(X: "n d", w: "d", y: "n 1"):
        return X @ w - y

    def crossed(r: "1 k", c: "n 1"):
        return r + c

    assert "NumPy would spread both to (n, n) in silence" in refused(flat)
    assert "(X @ w)[:, None]" in refused(flat)
    assert "c.T" in refused(crossed)


def test_a_missing_transpose_is_suggested():
    """In the spelling of Python."""

    def f(X: "n d", W: "n h"):
        return X @ W

    assert "did you mean X.T @ W?" in refused(f)


def test_what_a_formula_cannot_follow_is_refused():
    """Branches on values, loops over arrays, changes in place, unknown functions."""

    def branch(X: "n d"):
        return X.sum() if X.sum() > 0 else -X.sum()

    def loop(X: "n d"):
        return sum(row.sum() for row in X)

    def change(X: "n d"):
        X += 1
        return X

    def assign(X: "n d"):
        X[0, 0] = 1
        return X

    def sizes(X: "n d"):
        return np.ones((X.shape[0], 1)).T @ X

    def root(X: "n d"):
        return X / math.sqrt(X.shape[1])

    def count(X: "n d"):
        return X.sum() / len(X)

    def both(X: "n d"):
        return ((X > 0) & (X < 1)) * X

    def unknown(X: "n d"):
        return np.fft.fft(X)

    def biggest(X: "n d"):
        return np.max(X, axis=1)

    for fn, word in [
        (branch, "mc.where"), (loop, "loop"), (change, "caller"), (assign, "in place"),
        (sizes, "mc.ones(n, 1)"), (root, "np.sqrt"), (count, "X.shape[0]"), (both, "joined with *"),
        (unknown, "np.fft cannot"), (biggest, "mc.softmax"),
    ]:  # fmt: skip
        assert word in refused(fn), fn.__name__


def test_declarations_are_read_or_refused():
    """Shapes are texts; what has none needs a default."""

    def bare(X):
        return X

    def three(X: "n d k"):
        return X

    def many(*X: "n d"):
        return X[0]

    def pair(X: "n d"):
        return X, X

    for fn, word in [
        (bare, "what shape has X"),
        (three, "two at most"),
        (many, "*X"),
        (pair, "one value"),
    ]:
        assert word in refused(fn), fn.__name__


def test_an_alias_sees_a_change_in_place():
    """As in NumPy, += changes an array under all its names; views make it an error."""

    @mc.model
    def f(X: "n d"):
        A = X + 1
        B = A
        A *= 2
        return B

    def g(X: "n d"):
        A = X + 1
        B = A.T
        A *= 2
        return B

    X = np.ones((2, 3))
    assert np.allclose(f(X), mc.evaluate(f.expression, {"X": X}))
    assert "what was made from" in refused(g)


def test_errors_are_of_the_right_kind():
    """Misfits are shape errors, what has no rule says so."""

    def misfit(X: "n d", Y: "n k"):
        return X + Y

    with pytest.raises(ShapeError):
        mc.model(misfit)
    with pytest.raises(NoRuleError):
        mc.model(3)
