"""Modules read by ``from_torch``: values and gradients are torch's, in float64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import matcalc as mc
from tests.instances import size

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="needs PyTorch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from tests.pytorch import modules as m  # noqa: E402

CLOSE = {"rtol": 1e-10, "atol": 1e-10}


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """Float64 and a fixed seed for the weights."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(before)


@dataclass
class Case:
    """A module, the shapes of its inputs, and a loss that takes the output and further inputs."""

    make: Any
    shapes: dict[str, tuple[Any, ...]]
    loss: Any = None
    extra: tuple[str, ...] = ()
    classes: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=lambda: {"n": 3, "B": 2, "T": 4})


def nll(out: Any, y: Any) -> Any:
    return F.nll_loss(out, y)


def cross_entropy(out: Any, y: Any) -> Any:
    return F.cross_entropy(out, y)


def token_loss(out: Any, y: Any) -> Any:
    return F.cross_entropy(out.view(-1, out.size(-1)), y.view(-1))


def squared(out: Any, y: Any) -> Any:
    return nn.MSELoss()(out, y)


CASES = {
    "nn.Sequential": Case(
        lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.LayerNorm(5), nn.Linear(5, 3)),
        {"input": ("n", 4)},
    ),
    "residual MLP": Case(
        m.ResidualMLP, {"x": ("n", 4), "y": ("n",)}, cross_entropy, ("y",), {"y": 3}
    ),
    "CNN": Case(
        lambda: m.CNN().eval(), {"x": ("n", 1, 28, 28), "y": ("n",)}, nll, ("y",), {"y": 10}
    ),
    "LSTM classifier": Case(m.LSTMClassifier, {"x": ("n", 5, 3)}),
    "GPT block": Case(lambda: m.Block(8, 2, 5), {"x": ("B", 5, 8)}),
    "GPT": Case(m.GPT, {"idx": (2, 5), "y": (2, 5)}, token_loss, ("y",), {"idx": 7, "y": 7}),
    "VAE": Case(m.VAE, {"x": ("n", 6), "target": ("n", 6)}, m.vae_loss, ("target",)),
    "GCN": Case(m.GCN, {"x": ("n", 4), "adj": ("n", "n")}),
    "two towers": Case(m.TwoTowers, {"u": (3, 4), "v": (3, 5)}, m.contrastive_loss),
    "tied autoencoder": Case(m.TiedAutoencoder, {"x": ("n", 6), "y": ("n", 6)}, squared, ("y",)),
    "loop": Case(m.Loop, {"x": ("n", 4)}),
    "mixer": Case(m.Mixer, {"x": ("n", 5, 4)}),
    "squeeze and excite": Case(m.SqueezeExcite, {"x": ("n", 2, 6, 6)}),
    "squeeze and excite, running means": Case(
        lambda: m.SqueezeExcite().eval(), {"x": ("n", 2, 6, 6)}
    ),
    "U-net": Case(m.UNet, {"x": ("n", 1, 6, 6)}),
    "attention, symbolic sizes": Case(m.SymbolicAttention, {"x": ("B", "T", 8)}),
    "GRU": Case(m.GRUClassifier, {"i": ("n", 3)}, classes={"i": 5}),
    "encoder layer of torch": Case(
        lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
        {"src": ("n", 5, 8)},
    ),
    "in place": Case(m.InPlace, {"x": ("n", 4)}),
}


def inputs(case: Case, rng: np.random.Generator) -> dict[str, Any]:
    """Values of the inputs in torch's shapes."""
    found = {}
    for name, shape in case.shapes.items():
        sizes = [case.sizes.get(s, s) for s in shape]
        classes = case.classes.get(name)
        found[name] = (
            rng.uniform(size=sizes) if classes is None else rng.integers(0, classes, size=sizes)
        )
    return found


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_torchs(
    name: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
):
    """The output, and the gradient of every parameter under its own name."""
    case = CASES[name]
    module = case.make()
    net = mc.from_torch(module, case.shapes, loss=case.loss)
    D = mc.derive(net)
    given = inputs(case, rng)
    noise = {k: rng.normal(size=(case.sizes["n"], 2)) for k in net.inputs if k.startswith("noise")}
    for draw in noise.values():
        monkeypatch.setattr(torch, "randn_like", lambda x, draw=draw: torch.tensor(draw))
    tensors = {k: torch.as_tensor(v) for k, v in given.items()}
    out = module(**{k: v for k, v in tensors.items() if k not in case.extra})
    if case.loss is not None:
        out = case.loss(out, *(tensors[k] for k in case.extra))
    values = net.values(**given, **noise)
    above = torch.randn(out.shape)
    if D.upstream is not None:
        shape = [size(d, case.sizes) for d in D.upstream.shape]
        values[str(D.upstream)] = above.numpy().reshape(shape)
        (out * above).sum().backward()
    else:
        out.backward()
    ours = D.evaluate(values, dims={k: v for k, v in case.sizes.items() if k in net._names.dims})
    assert np.allclose(np.ravel(ours.value), np.ravel(out.detach().numpy()), **CLOSE)
    expected = {k: p.grad for k, p in module.named_parameters() if p.grad is not None}
    assert len(ours.gradients) >= len(expected) > 0
    for path, gradient in expected.items():
        key = path.replace(".", "_")
        found = ours.gradients[f"m{key}" if key[0].isdigit() else key]
        assert np.allclose(np.ravel(found), np.ravel(gradient.numpy()), **CLOSE), path


def test_a_frozen_parameter_is_data():
    """What does not want a gradient is an input whose value is known."""
    module = nn.Linear(4, 3)
    module.weight.requires_grad_(False)
    net = mc.from_torch(module, {"input": ("n", 4)})
    assert list(net.params) == ["bias"]
    assert "weight" in net.inputs


def test_the_steps_know_their_module():
    """From a step back to the layer in which it was computed."""
    net = mc.from_torch(m.ResidualMLP(), {"x": ("n", 4)})
    assert "blocks.1.fc2" in net.origins.values()


class Inner(nn.Module):
    """One operation."""

    def __init__(self, operation: Any) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, x: Any) -> Any:
        return self.operation(x)


class Refused(nn.Module):
    """A module around one operation."""

    def __init__(self, operation: Any) -> None:
        super().__init__()
        self.inner, self.fc = Inner(operation), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.inner(self.fc(x))


def overwritten(x: Any) -> Any:
    y = x.view(-1)
    y += 1
    return x


REFUSED = {
    "fft": (lambda x: torch.fft.fft(x).real, "fft_fft in inner"),
    "a branch on values": (lambda x: x if x.sum() > 0 else -x, "value of a tensor"),
    "topk": (lambda x: x.topk(2).values, "value of a tensor"),
    "dropout in training": (lambda x: F.dropout(x), "random"),
    "a view changed in place": (overwritten, "views is changed in place"),
    "a mask that is not used": (
        lambda x: F.relu(x.masked_fill(torch.eye(4) > 0, float("-inf"))),
        "relu of a tensor that is filled with -inf",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_named(name: str):
    """The operation and where it stands, never a guess."""
    operation, said = REFUSED[name]
    with pytest.raises(mc.MatcalcError, match=said):
        mc.from_torch(Refused(operation), {"x": (4, 4)})


def test_a_layer_without_a_reading_is_named():
    """With its path."""
    module = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.LocalResponseNorm(2)))
    with pytest.raises(mc.NoRuleError, match=r"LocalResponseNorm at 1\.0"):
        mc.from_torch(module, ("n", 4))


def test_several_outputs_want_a_choice():
    """One of them, or a loss."""
    with pytest.raises(mc.MatcalcError, match="several outputs"):
        mc.from_torch(m.VAE(), ("n", 6))
    assert mc.from_torch(m.VAE(), ("n", 6), output=1).shape[1] == 2


def test_hooks_are_refused():
    """A weight that is computed by a hook has another gradient."""
    module = nn.Sequential(nn.Linear(4, 4))
    module[0].register_forward_hook(lambda *args: None)
    with pytest.raises(mc.NoRuleError, match="hooks"):
        mc.from_torch(module, ("n", 4))
