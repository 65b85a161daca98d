"""A module and its network side by side: values and all gradients, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

import matcalc as mc
from tests.instances import size

SIZES = {"n": 3, "B": 2, "T": 4}


def assert_agrees(module: Any, shapes: Mapping[str, Any], given: Mapping[str, Any]) -> mc.Network:
    """Value, and gradients of every parameter and of every input that wants one, to 1e-10."""
    net = mc.from_torch(module, shapes)
    wanted = {k: v for k, v in given.items() if v.requires_grad and k in net.inputs}
    D = mc.derive(net, [*net.params, *wanted])
    out = module(**given)
    values = net.values(**{k: v for k, v in given.items() if k in net.inputs})
    above = torch.randn(out.shape)
    if D.upstream is not None:
        shape = [size(d, SIZES) for d in D.upstream.shape]
        values[str(D.upstream)] = above.numpy().reshape(shape)
    (out * above if D.upstream is not None else out).sum().backward()
    ours = D.evaluate(values, dims={k: v for k, v in SIZES.items() if k in net._names.dims})
    close("the value", ours.value, out)
    expected = {k: p.grad for k, p in module.named_parameters() if p.requires_grad}
    for path, gradient in {**expected, **{k: v.grad for k, v in wanted.items()}}.items():
        if gradient is None:  # torch did not use it, and neither do we
            continue
        key = path.replace(".", "_")
        close(path, ours.gradients[f"m{key}" if key[0].isdigit() else key], gradient)
    return net


def close(what: str, ours: Any, theirs: Any) -> None:
    """Equal entries in the order of rows, up to rounding."""
    expected = np.ravel(theirs.detach().numpy())
    assert np.allclose(np.ravel(ours), expected, rtol=1e-10, atol=1e-10), what


def numbers(
    shapes: Mapping[str, Any],
    rng: np.random.Generator,
    classes: Mapping[str, int],
    masks: tuple[str, ...],
    signs: tuple[str, ...],
) -> dict[str, Any]:
    """Inputs in torch's shapes: numbers that want a gradient, class numbers, masks, signs."""
    found = {}
    for name, shape in shapes.items():
        sizes = [SIZES.get(s, s) for s in shape]
        if name in classes:
            found[name] = torch.as_tensor(rng.integers(0, classes[name], size=sizes))
        elif name in masks:
            mask = rng.integers(0, 2, size=sizes).astype(float)
            mask[..., 0] = 1  # something is always seen
            found[name] = torch.tensor(mask)
        elif name in signs:
            found[name] = torch.tensor(rng.choice([-1.0, 1.0], size=sizes))
        else:
            found[name] = torch.tensor(rng.normal(size=sizes), requires_grad=True)
    return found
