"""What people pass: a clear error that names the argument and both shapes, or the right result."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import DomainError, MatcalcError, ShapeError, UnknownNameError
from tests.codegen.networks import attention, mlp

n, d, h = mc.dims("n d h")
KINDS = [
    pytest.param("numpy", {}, id="numpy"),
    pytest.param("numpy", {"workspace": True}, id="workspace"),
    pytest.param("torch", {}, id="torch", marks=pytest.mark.torch),
]
Function = Callable[..., Any]


@pytest.fixture(params=[False, True], ids=["plain", "workspace"])
def f(request: pytest.FixtureRequest) -> Function:
    """A two-layer net, in plain NumPy and with a workspace."""
    return mc.derive(mlp()).function(workspace=request.param)


def values(rng: np.random.Generator) -> dict[str, Any]:
    shapes = {"X": (6, 3), "Y": (6, 2), "W1": (3, 4), "b1": (1, 4), "W2": (4, 2), "b2": (1, 2)}
    return {name: rng.uniform(0.1, 0.9, size=s) for name, s in shapes.items()}


@pytest.mark.parametrize(
    ("name", "shape", "wanted"),
    [
        ("W1", (4, 3), r"W1 is d x h, here 3 x 3, but X has shape \(6, 3\).*\(4, 3\)"),
        ("b1", (1, 3), r"b1 is 1 x h, here 1 x 4.*\(1, 3\)"),
        ("b1", (6, 4), r"b1 is 1 x h, here 1 x 4.*\(6, 4\)"),
        ("b2", (1, 1), r"b2 is 1 x k, here 1 x 2.*\(1, 1\)"),
        ("Y", (1, 2), r"Y is n x k, here 6 x 2.*\(1, 2\)"),
        ("b1", (4,), r"b1 is 1 x h.*\(4,\); for a row pass shape \(1, 4\)"),
        ("X", (6, 3, 1), r"X is n x d.*\(6, 3, 1\)"),
        ("X", (), r"X is n x d.*\(\)"),
    ],
)
def test_wrong_shapes_name_both(
    f: Function, name: str, shape: Any, wanted: str, rng: np.random.Generator
) -> None:
    """The argument, the shape it should have and who says so, and the shape it has."""
    with pytest.raises(ShapeError, match=wanted):
        f(**{**values(rng), name: np.zeros(shape)})


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["X", "Y", "W1", "b1", "W2", "b2"])
def test_no_array_is_broadcast(f: Function, name: str, axis: int, rng: np.random.Generator) -> None:
    """One more row or column than there should be is never a result."""
    given = values(rng)
    wide = np.concatenate([given[name]] * 2, axis=axis)
    with pytest.raises(ShapeError, match=name):
        f(**{**given, name: wide})


def test_missing_and_unknown_arguments_are_named(f: Function, rng: np.random.Generator) -> None:
    """With the shape of what is missing, and a list of what there is."""
    given = values(rng)
    with pytest.raises(UnknownNameError, match=r"no value for W1 \(d x h\)"):
        f(**{k: v for k, v in given.items() if k != "W1"})
    with pytest.raises(UnknownNameError, match=r"no argument 'W3'; there are X, Y"):
        f(**given, W3=1)


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (np.ones((6, 3)) * 1j, DomainError, "X must be real numbers, not complex"),
        (np.full((6, 3), None), DomainError, "X must be real numbers, not objects"),
        ("text", DomainError, "X must be real numbers"),
        (None, DomainError, "X must be real numbers"),
        ([[1, 2], [3]], ShapeError, "X is no rectangular array"),
        (np.ma.masked_greater(np.ones((6, 3)), 0), DomainError, "X has masked entries"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(
    f: Function, value: Any, error: type[MatcalcError], said: str, rng: np.random.Generator
) -> None:
    """By name."""
    with pytest.raises(error, match=said):
        f(**{**values(rng), "X": value})


def stepped(a: Any) -> Any:
    wide = np.zeros((2 * a.shape[0], 3 * a.shape[1]))
    wide[::2, ::3] = a
    return wide[::2, ::3]


WAYS: dict[str, Callable[[Any], Any]] = {
    "lists": lambda a: a.tolist(),
    "every other entry": stepped,
    "by columns": np.asfortranarray,
    "backwards": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "transposed twice": lambda a: a.T.copy().T,
    "other byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "a subclass": lambda a: a.view(np.matrix),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("backend", "options"), KINDS)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_arrays_come_in_many_ways(
    backend: str, options: dict[str, Any], way: str, rng: np.random.Generator
) -> None:
    """Strides, order and kind change nothing, and no input is changed."""
    f = mc.derive(mlp()).function(backend, **options)
    given = values(rng)
    want, gradients = mc.derive(mlp()).function()(**given)
    passed = {k: WAYS[way](v) for k, v in given.items()}
    before = {k: np.array(v, copy=True) for k, v in passed.items()}
    got, found = f(**passed)
    assert np.isclose(float(got), want, rtol=1e-12)
    for name, g in gradients.items():
        assert np.allclose(np.asarray(found[name]), g, rtol=1e-12)
    assert all(np.array_equal(before[k], np.asarray(passed[k])) for k in passed)


@pytest.mark.parametrize(("backend", "options"), KINDS)
def test_inputs_that_may_not_be_written_are_not(
    backend: str, options: dict[str, Any], rng: np.random.Generator
) -> None:
    """Arrays that are locked serve as well."""
    f = mc.derive(attention()).function(backend, **options)
    given = {k: rng.normal(size=s) for k, s in
             {"Q": (4, 3), "K": (5, 3), "V": (5, 3), "G": (4, 3)}.items()}  # fmt: skip
    for v in given.values():
        v.flags.writeable = False
    first, second = f(**given), f(**given)
    assert np.array_equal(np.asarray(first[0]), np.asarray(second[0]))


def test_integers_and_booleans_are_numbers(f: Function, rng: np.random.Generator) -> None:
    """Nothing is truncated."""
    given = values(rng)
    ones = np.ones((6, 3))
    want = np.array(f(**{**given, "X": ones})[0])
    for kind in (int, bool, np.uint8):
        assert np.isclose(f(**{**given, "X": ones.astype(kind)})[0], want)
    A, x = mc.matrix("A", n, n), mc.vector("x", n)
    got = mc.compile(mc.inv(A) * x)(A=np.array([[2, 0], [0, 4]]), x=np.array([1, 1]))
    assert np.allclose(got.ravel(), [0.5, 0.25])


def test_precisions_mix_to_the_wider(rng: np.random.Generator) -> None:
    """Single beside double is double."""
    f, given = mc.derive(mlp()).function(), values(rng)
    want = f(**given)
    got = f(**{**given, "X": given["X"].astype(np.float32)})
    assert got[1]["W2"].dtype == np.float64
    assert np.allclose(got[1]["W2"], want[1]["W2"], atol=1e-6)


@pytest.mark.torch
def test_precisions_mix_in_torch_too(rng: np.random.Generator) -> None:
    """As in NumPy."""
    f, given = mc.derive(mlp()).function("torch"), values(rng)
    got = f(**{**given, "X": given["X"].astype(np.float32)})
    assert str(got[1]["W2"].dtype) == "torch.float64"


def test_nan_stays_nan(f: Function, rng: np.random.Generator) -> None:
    """What cannot be known is not made up."""
    given = values(rng)
    given["X"][2, 1] = np.nan
    value, gradients = f(**given)
    assert np.isnan(value)
    assert np.isnan(gradients["W1"]).any()
    assert not np.isnan(mc.derive(mlp()).function()(**values(rng))[0])


def test_an_empty_batch_has_a_sum_and_no_mean(f: Function, rng: np.random.Generator) -> None:
    """Sums are 0 and gradients zeros; a mean of nothing is an error that says who is empty."""
    X, W = mc.matrix("X", n, d), mc.matrix("W", d, h)
    for options in ({}, {"workspace": True}):
        function = mc.derive(mc.sum(mc.tanh(X * W)), W).function(**options)
        value, gradients = function(X=np.zeros((0, 3)), W=np.ones((3, 2)))
        assert value == 0
        assert np.array_equal(gradients["W"], np.zeros((3, 2)))
    empty = {"X": np.zeros((0, 3)), "Y": np.zeros((0, 2))}
    with pytest.raises(DomainError, match=r"division by zero: X \(n x d\) has shape \(0, 3\)"):
        f(**{**values(rng), **empty})


@pytest.mark.parametrize("value", [2.5, -1, "two", None])
def test_dimensions_are_whole_numbers(value: Any) -> None:
    """A dimension given by name is never rounded."""
    f = mc.compile(mc.scalar("a") * mc.ones(n, d))
    with pytest.raises(ShapeError, match="the dimension n is a positive integer"):
        f(a=2, n=value, d=3)


@pytest.mark.parametrize(
    "name", ["self", "given", "run", "read", "made", "ndarray", "number", "check"]
)
@pytest.mark.parametrize("workspace", [False, True])
def test_an_argument_may_have_any_name_of_ours(name: str, workspace: bool) -> None:
    """Nothing of how a program is called takes a name away."""
    A = mc.matrix(name, n, d)
    f = mc.derive(mc.sum(mc.tanh(A)), A).function(workspace=workspace)
    for _ in range(2):
        value, gradients = f(**{name: np.zeros((2, 3))})
        assert value == 0
        assert np.array_equal(gradients[name], np.ones((2, 3)))


def test_arguments_go_by_name(f: Function) -> None:
    """An array without a name is answered with the names."""
    with pytest.raises(UnknownNameError, match=r"by name: call it with X=\.\.\., Y="):
        f(np.ones((6, 3)))


def test_numbers_of_other_kinds_are_numbers(f: Function, rng: np.random.Generator) -> None:
    """Fractions and decimals in an array of objects."""
    given = values(rng)
    exact = [[Fraction(i + j, 4) for j in range(3)] for i in range(5)] + [[Decimal("0.5")] * 3]
    want = np.array(f(**{**given, "X": np.array(exact).astype(float)})[0])
    assert np.isclose(f(**{**given, "X": exact})[0], want)


@pytest.mark.torch
def test_a_tensor_that_is_differentiated_is_torchs(rng: np.random.Generator) -> None:
    """NumPy cannot take it, and says so by name; PyTorch can."""
    import torch

    given = values(rng)
    tensor = torch.tensor(given["W1"], requires_grad=True)
    with pytest.raises(DomainError, match=r"value of W1.*detach"):
        mc.derive(mlp()).function()(**{**given, "W1": tensor})
    value, _ = mc.derive(mlp()).function("torch")(**{**given, "W1": tensor})
    assert np.isclose(value.item(), mc.derive(mlp()).function()(**given)[0])


def test_a_workspace_notices_new_shapes(rng: np.random.Generator) -> None:
    """Back and forth between sizes and precisions; a wrong shape is never taken for an old one."""
    f = mc.derive(mlp()).function(workspace=True)
    given = values(rng)
    few = {k: v[:2] if k in "XY" else v for k, v in given.items()}
    plain = mc.derive(mlp()).function()
    for inputs in (given, few, given, {k: np.float32(v) for k, v in few.items()}, few):
        want, gradients = plain(**inputs)
        got, found = f(**inputs)
        assert np.isclose(got, want)
        assert all(np.allclose(found[k], gradients[k]) for k in gradients)
        assert found["W1"].dtype == inputs["W1"].dtype
    with pytest.raises(ShapeError, match="Y is n x k"):
        f(**{**given, "Y": few["Y"]})
