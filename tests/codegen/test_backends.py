"""JAX and PyTorch, where they are installed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import MatcalcError
from tests import fuzz
from tests.codegen.agreement import (
    GALLERY,
    agrees,
    apart,
    case_of,
    derivation_apart,
    derivations_of,
    stays_single,
    taken,
)
from tests.codegen.networks import ALL, attention, mlp

TORCH = pytest.mark.torch
JAX = pytest.mark.skipif(find_spec("jax") is None, reason="needs JAX")
n, d, h, k = mc.dims("n d h k")


@pytest.fixture
def double() -> Iterator[None]:
    """JAX computes in single precision unless told otherwise."""
    import jax

    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.parametrize("name", ALL)
@TORCH
def test_torch_agrees(name: str, rng: np.random.Generator) -> None:
    """The same numbers on tensors."""
    assert derivation_apart(mc.derive(ALL[name]()), rng, "torch") < 1e-10


@pytest.mark.parametrize("name", ALL)
@JAX
@pytest.mark.usefixtures("double")
def test_jax_agrees(name: str, rng: np.random.Generator) -> None:
    """The same numbers on JAX arrays."""
    assert derivation_apart(mc.derive(ALL[name]()), rng, "jax") < 1e-10


@pytest.mark.parametrize("path", GALLERY, ids=lambda p: p.stem)
@TORCH
def test_the_gallery_agrees_in_torch(
    path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every derivation that a page of the gallery makes, in both precisions."""
    for D in derivations_of(path, monkeypatch):
        assert agrees(D, rng, "torch")
        assert stays_single(D, rng, "torch")


@pytest.mark.parametrize("path", GALLERY, ids=lambda p: p.stem)
@JAX
@pytest.mark.usefixtures("double")
def test_the_gallery_agrees_in_jax(
    path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same in JAX, which takes its time."""
    for D in derivations_of(path, monkeypatch):
        assert agrees(D, rng, "jax")
        assert stays_single(D, rng, "jax")


def tensors(rng: np.random.Generator) -> dict[str, Any]:
    import torch

    shapes = {"X": (5, 3), "Y": (5, 2), "W1": (3, 4), "b1": (1, 4), "W2": (4, 2), "b2": (1, 2)}
    return {
        name: torch.tensor(rng.uniform(0.1, 0.9, size=s), requires_grad=name[0] in "Wb")
        for name, s in shapes.items()
    }


@TORCH
def test_the_autograd_function_passes_gradcheck(rng: np.random.Generator) -> None:
    """A loss and a block, against torch's own differences."""
    import torch

    f = mc.derive(mlp()).function("torch").autograd
    given = tensors(rng)
    assert torch.autograd.gradcheck(
        lambda *v: f(**dict(zip(given, v, strict=True))), list(given.values())
    )
    block = mc.derive(attention()).function("torch").autograd
    parts = [torch.tensor(rng.normal(size=s), requires_grad=True) for s in ((4, 3), (5, 3), (5, 3))]
    assert torch.autograd.gradcheck(lambda Q, K, V: block(Q=Q, K=K, V=V), parts)


@TORCH
def test_it_stands_inside_a_larger_graph(rng: np.random.Generator) -> None:
    """torch differentiates through it, and agrees with its own derivative of the same."""
    import torch

    f = mc.derive(mlp()).function("torch").autograd
    given = tensors(rng)
    (3 * f(**given) ** 2).backward()
    ours = given["W1"].grad.clone()
    given["W1"].grad = None
    A = torch.tanh(given["X"] @ given["W1"] + given["b1"])
    P = torch.sigmoid(A @ given["W2"] + given["b2"])
    loss = torch.nn.functional.binary_cross_entropy(P, given["Y"])
    (3 * loss**2).backward()
    assert torch.allclose(ours, given["W1"].grad, rtol=1e-9)


@JAX
def test_jax_jits_and_maps(rng: np.random.Generator) -> None:
    """The plain function works under jit and vmap."""
    import jax
    import jax.numpy as jnp

    x, w = mc.vector("x", n), mc.vector("w", n)
    f = mc.derive(mc.sum(mc.tanh(mc.hadamard(x, w))), w).function("jax")
    X = jnp.asarray(rng.normal(size=(6, 4, 1)))
    W = jnp.asarray(rng.normal(size=(4, 1)))
    value, gradients = jax.vmap(lambda x: jax.jit(f.function)(x=x, w=W))(X)
    want = jax.vmap(jax.grad(lambda w, x: jnp.tanh(x * w).sum()), (None, 0))(W, X)
    assert value.shape == (6,)
    assert jnp.allclose(gradients["w"], want, atol=1e-5)


@pytest.mark.parametrize(
    "backend", [pytest.param("torch", marks=TORCH), pytest.param("jax", marks=JAX)]
)
def test_random_compositions_agree(backend: str, request: pytest.FixtureRequest) -> None:
    """Random expressions over all operations; fewer in JAX, which compiles each."""
    examples = {"torch": 100, "jax": 12}[backend]
    if backend == "jax":
        request.getfixturevalue("double")
    generator = fuzz.Generator(random.Random(3))
    done = 0
    while done < examples:
        drawn = fuzz.example(generator)
        if drawn is None:
            continue
        f, wrt = drawn[1], drawn[2]
        rng = np.random.default_rng([3, done])
        try:
            given, want = case_of([f], [wrt], rng)
        except MatcalcError:
            continue
        done += 1
        if any(map(callable, given.values())):
            continue  # the stand-ins for undefined functions are NumPy's
        function = mc.compile(f, backend=backend)
        got = function(**taken(function, given, rng))
        assert apart(np.asarray(got), want[0]) < 1e-9, f"{f}\n{function.source}"


def test_an_absent_backend_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source can be written without the package; running it needs the package."""
    from matcalc.codegen import backends

    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    D = mc.derive(mlp())
    assert "import torch" in D.source("torch")
    assert "import jax.numpy as jnp" in D.source("jax")
    with pytest.raises(MatcalcError, match=r"pip install 'matcalc\[torch\]'"):
        D.function("torch")
    with pytest.raises(MatcalcError, match="there is no backend 'tf'"):
        D.source("tf")
    with pytest.raises(MatcalcError, match="a workspace is NumPy's"):
        D.source("torch", workspace=True)
