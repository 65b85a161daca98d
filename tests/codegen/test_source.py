"""Sources that a person would keep: readable, checked, refused where names clash."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import DomainError, NameClashError, ShapeError, UnknownNameError
from tests.codegen.networks import ALL, attention, mlp

ROOT = Path(__file__).parents[2]
n, d, h = mc.dims("n d h")


def values(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "X": rng.normal(size=(6, 3)), "Y": rng.random(size=(6, 2)), "W1": rng.normal(size=(3, 4)),
        "b1": rng.normal(size=(1, 4)), "W2": rng.normal(size=(4, 2)), "b2": rng.normal(size=(1, 2)),
    }  # fmt: skip


def test_a_source_reads_forward_then_backward() -> None:
    """Steps by their names, shapes beside them, formulas above."""
    text = mc.derive(mlp()).source()
    assert "Z1 = X @ W1 + b1  # n x h" in text
    assert "dW1 = X.T @ dZ1  # d x h" in text
    assert text.index("# Forward") < text.index("Z1 = X @") < text.index("# Backward")
    assert "dW1 = X'*dZ1" in text  # in the docstring


def test_a_block_has_forward_and_backward(rng: np.random.Generator) -> None:
    """With an upstream symbol there are two functions and a cache between them."""
    f = mc.derive(attention()).function()
    Q, K, V = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    G = rng.normal(size=(4, 3))
    out, cache = f.forward(Q=Q, K=K, V=V)
    gradients = f.backward(G, cache)
    together = f(Q=Q, K=K, V=V, G=G)
    assert np.array_equal(out, together[0])
    assert all(np.array_equal(gradients[k], together[1][k]) for k in "QKV")


@pytest.mark.skipif(shutil.which("ruff") is None and not (Path(sys.executable).parent / "ruff").exists(),
                    reason="needs ruff")  # fmt: skip
def test_sources_pass_ruff(tmp_path: Path) -> None:
    """Every kind of module under the rules of this project."""
    for name, make in ALL.items():
        D = mc.derive(make())
        (tmp_path / f"{name.replace(' ', '_')}.py").write_text(D.source(), encoding="utf-8")
        for workspace in (True,):
            text = D.source(workspace=workspace)
            (tmp_path / f"{name.replace(' ', '_')}_ws.py").write_text(text, encoding="utf-8")
    ruff = Path(sys.executable).parent / "ruff"
    command = [str(ruff) if ruff.exists() else "ruff", "check", "--no-cache"]
    ran = subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_any_name_may_be_used(rng: np.random.Generator) -> None:
    """Words of Python and of NumPy stay ordinary symbols."""
    np_, lambda_, s, one = (mc.matrix(w, n, n) for w in ("np", "lambda", "sum", "t1"))
    f = mc.compile(np_ * lambda_ + mc.tanh(s) + one)
    A, B, C, D = (rng.normal(size=(3, 3)) for _ in range(4))
    got = f(**{"np": A, "lambda": B, "sum": C, "t1": D})
    assert np.allclose(got, A @ B + np.tanh(C) + D)


def test_two_names_for_one_identifier_are_refused() -> None:
    """``lambda`` becomes ``lambda_``, so both together cannot be."""
    with pytest.raises(NameClashError, match="lambda_"):
        mc.compile(mc.matrix("lambda", n, n) + mc.matrix("lambda_", n, n))
    with pytest.raises(NameClashError, match="would both be"):
        mc.compile(mc.matrix("\ufb01", n, n) + mc.matrix("fi", n, n))


def test_wrong_shapes_are_explained(rng: np.random.Generator) -> None:
    """The argument, its shape, and which other argument says so."""
    f = mc.derive(mlp()).function()
    given = values(rng)
    with pytest.raises(ShapeError, match=r"W1 is d x h.*X has shape \(6, 3\).*\(4, 3\)"):
        f(**{**given, "W1": given["W1"].T})
    with pytest.raises(ShapeError, match="b1 is 1 x h"):
        f(**{**given, "b1": np.zeros((1, 3))})
    with pytest.raises(ShapeError, match="for a row pass shape"):
        f(**{**given, "b1": np.zeros(4)})


def test_missing_and_unknown_arguments_are_named(rng: np.random.Generator) -> None:
    """Nothing is guessed."""
    f = mc.derive(mlp()).function()
    given = values(rng)
    with pytest.raises(UnknownNameError, match=r"no value for W1 \(d x h\)"):
        f(**{k: v for k, v in given.items() if k != "W1"})
    with pytest.raises(UnknownNameError, match="no argument 'W3'"):
        f(**given, W3=1)
    with pytest.raises(DomainError, match="complex"):
        f(**{**given, "X": given["X"] * 1j})


def test_inputs_are_taken_as_they_come(rng: np.random.Generator) -> None:
    """Lists, integers, 1-D columns, arrays that are not contiguous, nan; none of them is changed."""
    A, x = mc.matrix("A", n, n), mc.vector("x", n)
    f = mc.compile([A * x, A.T, A, mc.inv(A) * x])
    whole = rng.integers(1, 9, size=(6, 6))
    part = whole[::2, ::2]
    before = part.copy()
    got = f(A=part, x=[1, 2, 3])
    assert np.allclose(got[0].ravel(), part @ [1, 2, 3])
    got[1][0, 0] = got[2][0, 0] = -5  # results are nobody's view
    assert np.array_equal(part, before)
    assert np.isnan(mc.compile(A * x)(A=np.full((2, 2), np.nan), x=[1, 1])).all()


def test_empty_batches_pass() -> None:
    """No data, no error."""
    X, W = mc.matrix("X", n, d), mc.matrix("W", d, h)
    value, gradients = mc.derive(mc.sum(mc.tanh(X * W)), W).function()(
        X=np.zeros((0, 3)), W=np.ones((3, 2))
    )
    assert value == 0
    assert np.array_equal(gradients["W"], np.zeros((3, 2)))


def test_a_singular_matrix_is_a_clear_error() -> None:
    """Not a number from nowhere."""
    A, x = mc.matrix("A", n, n), mc.vector("x", n)
    with pytest.raises(DomainError, match="no value"):
        mc.compile(mc.inv(A) * x)(A=np.zeros((2, 2)), x=[1, 1])


def test_undefined_functions_are_arguments() -> None:
    """``g(x, k)`` is the k-th derivative."""
    x = mc.vector("x", n)
    f = mc.derive(mc.sum(mc.function("g")(x)), x).function()
    value, gradients = f(x=[1.0, 2.0], g=lambda z, k: z**2 if k == 0 else 2 * z)
    assert value == 5
    assert np.array_equal(gradients["x"].ravel(), [2, 4])


def test_dimensions_that_no_array_tells_are_arguments() -> None:
    """They are asked for by name."""
    a = mc.scalar("a")
    f = mc.compile(a * mc.ones(n, d))
    assert f(a=2, n=2, d=3).shape == (2, 3)
    with pytest.raises(UnknownNameError, match="the dimension"):
        f(a=2)


def test_dimensions_inside_sums_are_solved(rng: np.random.Generator) -> None:
    """n is found from n + 1 and 2 n."""
    X = mc.matrix("X", n + 1, 2 * d)
    f = mc.compile(mc.sum(X) * mc.read(n) * mc.read(d))
    assert np.isclose(f(X=np.ones((4, 6))), 24 * 3 * 3)
    with pytest.raises(ShapeError):
        f(X=np.ones((4, 5)))


def test_costs_are_formulas() -> None:
    """Flops and memory in the dimensions."""
    cost = mc.derive(mc.sum(mc.tanh(mc.matrix("X", n, d) * mc.matrix("W", d, h))), "W").cost()
    assert cost.flops.coeff(n * d * h) == 4
    assert cost.at({"n": 10, "d": 3, "h": 2})["flops"] > 240


def test_a_determinant_alone_is_one_call(rng: np.random.Generator) -> None:
    """LAPACK's sign and logarithm, once; a factorisation of our own only where a solve needs it too."""
    n = mc.dims("n")
    A, x = mc.matrix("A", n, n), mc.vector("x", n)
    alone, beside = mc.compile(mc.logdet(A)), mc.compile([mc.logdet(A), mc.inv(A) * x])
    assert alone.source.count("slogdet(") == 1
    assert "slogdet" not in beside.source.split("def compute")[1]
    a = rng.normal(size=(4, 4)) + 4 * np.eye(4)
    want = np.linalg.slogdet(a)[1]
    assert np.isclose(alone(A=a), want)
    assert np.isclose(beside(A=a, x=np.ones((4, 1)))[0], want)
    with np.errstate(invalid="ignore"):
        assert np.isnan(alone(A=np.diag([1.0, -1.0, 1.0, 1.0])))
    inverse = mc.compile(mc.det(mc.inv(A)))
    assert "inv(" not in inverse.source.split("def compute")[1]
    assert np.isclose(inverse(A=a), 1 / np.linalg.det(a))
