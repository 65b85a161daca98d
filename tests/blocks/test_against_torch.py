"""Values and gradients of the blocks against torch, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.blocks.cases import CASES, SIZES, STACK
from tests.instances import size

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="needs PyTorch")


def drawn(D: Any) -> dict[str, np.ndarray]:
    """Random values for every input, parameter and for what arrives from above."""
    rng = np.random.default_rng(0)
    problem = D.record.problem
    found = {}
    for symbol in (*problem.inputs, *problem.params, D.upstream):
        shape = [size(d, SIZES) for d in symbol.shape]
        found[str(symbol)] = rng.normal(size=shape)
    if "e" in found:  # under a root
        found["e"] = np.abs(found["e"])
    for mask in ("M", "T"):
        if mask in found:  # one-hot rows: a mask that leaves every row an entry
            places = rng.integers(0, found[mask].shape[1], size=len(found[mask]))
            found[mask] = np.eye(found[mask].shape[1])[places]
    return found


ALL = {**CASES, "a stack of transformer blocks": STACK}


@pytest.mark.parametrize("name", ALL)
def test_value_and_gradients_agree(name: str):
    """The output, and the gradient of every parameter and input, to ten digits."""
    case = ALL[name]
    D = case.derivation()
    values = drawn(D)
    tensors = {k: torch.tensor(v, requires_grad=True) for k, v in values.items()}
    out = case.torch(torch, tensors)
    ours = D.evaluate(values, dims=SIZES)
    assert np.allclose(ours.value, out.detach().numpy(), rtol=1e-10, atol=1e-12)
    out.backward(torch.tensor(values[str(D.upstream)]))
    assert ours.gradients
    for wrt, gradient in ours.gradients.items():
        expected = tensors[wrt].grad.numpy()
        assert np.allclose(gradient, expected, rtol=1e-10, atol=1e-12), wrt
