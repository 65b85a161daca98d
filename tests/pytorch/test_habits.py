"""What code on the shelf does besides computing: each habit agrees with torch, or is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc

pytestmark = [
    pytest.mark.torch,
    pytest.mark.usefixtures("float64"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
torch = pytest.importorskip("torch", reason="needs PyTorch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from tests.pytorch import habits as h  # noqa: E402
from tests.pytorch.agreeing import assert_agrees, numbers  # noqa: E402
from tests.pytorch.test_architectures import Case  # noqa: E402

PAIR = {"a": ("B", 4), "b": ("B", 4)}
STEP = {"x": ("n", 4), "a": ("n",)}
MASK = {"x": (2, 3, 6), "mask": (2, 3, 3, bool)}
CASES = {
    "SimSiam": Case(h.SimSiam, PAIR),
    "VQ-VAE": Case(h.Quantised, {"x": ("n", 4), "idx": ("n",)}, {"idx": 5}),
    "deep Q": Case(
        h.DeepQ, STEP | {"r": ("n",), "x2": ("n", 4), "done": ("n",)}, {"a": 3}, ("done",)
    ),
    "PPO": Case(h.Policy, STEP | dict.fromkeys(("old", "adv", "ret"), ("n",)), {"a": 3}),
    "moving mean": Case(h.MovingMean, {"x": ("n", 4)}),
    "cells that start from zeros": Case(h.CellsFromZeros, {"x": (5, 4)}),
    "message passing": Case(
        h.MessagePassing, {"x": (5, 4), "edge_index": (2, 7)}, {"edge_index": 5}
    ),
    "a penalty on all parameters": Case(h.Picked, {"x": (5, 4), "y": (5,)}, {"y": 3}),
    "parts assigned": Case(h.Assigned, {"x": (3, 4)}),
    "a constant that changes": Case(h.Constant, {"x": ("n", 4)}),
    "a mask of yes and no": Case(h.Attention, MASK, masks=("mask",)),
    "a mask of numbers": Case(h.Attention, {"x": (2, 3, 6), "mask": (2, 3, 3)}),
    "attention as a function": Case(h.Function, MASK, masks=("mask",)),
    "padding": Case(h.Padded, {"x": ("B", 4, 8), "pad": ("B", 4, bool)}, masks=("pad",)),
    "padding of an encoder layer": Case(
        h.PaddedEncoder, {"x": ("B", 4, 8), "pad": ("B", 4, bool)}, masks=("pad",)
    ),
    "rotary positions": Case(h.Rotary, {"x": ("B", 5, 8)}),
    "NeRF": Case(h.Radiance, {"pts": (2, 4, 3), "deltas": (2, 4)}),
    "MobileNet": Case(lambda: h.Inverted().eval(), {"x": ("n", 3, 5, 4)}),
    "weight norm by a hook": Case(h.OldWeightNorm, {"x": ("n", 2, 6)}),
    "distributions": Case(h.GaussianVAE, {"x": ("n", 4)}),
    "padding in the tokens": Case(h.TextClassifier, {"ids": ("n", 4)}, {"ids": 6}),
    "windows": Case(h.Window, {"x": (2, 4, 4, 4)}),
    "a selective scan": Case(h.Scan, {"x": (2, 3, 4)}),
    "a margin by scatter_": Case(h.Margin, {"x": (3, 4), "y": (3,)}, {"y": 5}),
    "normalising flow": Case(h.Flow, {"x": ("n", 4)}),
    "conditional random field": Case(h.FieldCRF, {"x": (2, 4, 4)}),
    "contrast": Case(h.Contrast, {"a": (3, 4), "b": (3, 4)}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_habit_agrees_with_torch(name: str, rng: np.random.Generator):
    """The output, and the gradients by every parameter and every input."""
    case = CASES[name]
    shapes = {k: tuple(s for s in v if s is not bool) for k, v in case.shapes.items()}
    given = numbers(shapes, rng, case.classes, case.masks, case.signs)
    for key, shape in case.shapes.items():
        if bool in shape:  # what is hidden by padding, or shown by a mask, is never everything
            given[key] = given[key].bool() if key == "mask" else ~given[key].bool()
    assert_agrees(case.make(), case.shapes, given)


class Operation(nn.Module):
    """Something done with what one layer makes of the input."""

    def __init__(self, operation: Any) -> None:
        super().__init__()
        self.operation, self.f = operation, nn.Linear(4, 4)

    def forward(self, x: Any, y: Any = None) -> Any:
        z = self.f(x)
        return self.operation(self, z) if y is None else self.operation(self, z, y)


def clamped(m: Any, z: Any) -> Any:
    with torch.no_grad():
        m.f.weight.clamp_(-1, 1)
    return z


def hidden_view(m: Any, z: Any) -> Any:
    out = torch.zeros(3, 4)
    row = out[0]
    row += z[0]
    return out + z


def late_view(m: Any, z: Any) -> Any:
    out = torch.zeros(3, 4)
    row = out[0]
    out[0] = z[0]
    return row + z


def hooked(m: Any, z: Any) -> Any:
    z.register_hook(lambda g: 2 * g)
    return z


def doubled_alias(m: Any, z: Any) -> Any:
    y = z
    y **= 2
    y *= 3
    return z


def test_a_second_name_sees_a_change_in_place():
    """Two names of one tensor are one tensor."""
    assert_agrees(Operation(doubled_alias), {"x": (3, 4)}, {"x": torch.randn(3, 4)})


def test_a_sum_of_yes_and_no_is_or():
    """Torch adds booleans so."""
    module = Operation(lambda m, z: z * ((z > 0) + (z > -1)) + z.masked_fill((z > 0) * (z < 1), 2))
    assert_agrees(module, {"x": (3, 4)}, {"x": torch.randn(3, 4).requires_grad_()})


REFUSED = {
    "a parameter changed under no_grad": (clamped, "changed in place under no_grad"),
    "data changed": (lambda m, z: m.f.weight.data.mul_(2) @ z.T, "has views"),
    "a view changed, not its base": (hidden_view, "has views"),
    "a base changed, not its view": (late_view, "has views"),
    "a hook on a tensor": (hooked, "register_hook"),
    "t of three axes": (lambda m, z: z[None].t(), "at most two axes"),
    "a decomposition": (lambda m, z: torch.linalg.cholesky(z @ z.T), "linalg_cholesky"),
    "the most likely class": (lambda m, z: z.argmax(1) * z[:, 0], "value of a tensor"),
    "a random draw": (lambda m, z: F.gumbel_softmax(z), "gumbel_softmax"),
    "places that are computed": (lambda m, z: z[z.abs()], "places that are computed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_honoured_is_refused(name: str):
    """Changes that only memory sees, hooks, decisions on values."""
    operation, said = REFUSED[name]
    with pytest.raises(mc.MatcalcError, match=said):
        mc.from_torch(Operation(operation), (3, 4))


def test_yes_and_no_for_numbers_are_refused():
    """Torch would hide where the formulas add."""
    net = mc.from_torch(h.Function(), {"x": (2, 3, 6), "mask": (2, 3, 3)})
    with pytest.raises(mc.DomainError, match=r'say so in shapes, \{"mask": \(\.\.\., bool\)\}'):
        net.values(x=np.ones((2, 3, 6)), mask=np.ones((2, 3, 3), dtype=bool))


def test_a_value_held_fixed_is_an_input_that_says_so():
    """The formulas show it as a symbol; values() computes it, unless it is given."""
    net = mc.from_torch(Operation(lambda m, z: z * z.detach()), {"x": ("n", 4)})
    [held] = [name for name in net.inputs if name.endswith("_held")]
    assert f"{held} is the value of {held[:-5]}, held fixed" in " ".join(net.assumed)
    x = np.ones((2, 4))
    values = net.values(x=x)
    z = x @ values["f_weight"].T + values["f_bias"]
    assert np.allclose(values[held], z)
    assert mc.derive(net).check()


def test_the_module_is_left_as_it_was():
    """What a forward pass assigns is put back, hooks of the trace are gone."""
    module = h.MovingMean()
    before = module.mu
    mc.from_torch(module, {"x": ("n", 4)})
    assert module.mu is before
    assert isinstance(module(torch.ones(2, 4)), torch.Tensor)


@pytest.mark.parametrize("ignored", [-1, 2])
def test_classes_that_are_ignored(ignored: int):
    """Their rows are zero, and the mean is over the others."""
    module = Operation(lambda m, z, y: F.cross_entropy(z, y, ignore_index=ignored))
    y = torch.tensor([1, ignored, 3])
    given = {"x": torch.randn(3, 4).requires_grad_(), "y": y}
    net = assert_agrees(module, {"x": ("n", 4), "y": ("n",)}, given)
    with pytest.raises(mc.DomainError, match="named by ignore_index"):
        net.values(x=np.ones((1, 4)), y=np.array([-7]))


def test_a_loss_may_ask_for_parameters():
    """Weight decay, written where people write it."""
    module = nn.Linear(4, 3)

    def loss(out: Any, y: Any) -> Any:
        decay = module.weight.pow(2).sum() + sum(p.abs().sum() for p in module.parameters())
        return F.mse_loss(out, y) + 0.1 * decay

    net = mc.from_torch(module, {"input": ("n", 4), "y": ("n", 3)}, loss=loss)
    x, y = torch.randn(5, 4), torch.randn(5, 3)
    value = loss(module(x), y)
    value.backward()
    ours = mc.derive(net).evaluate(net.values(input=x, y=y))
    assert np.allclose(ours.value, value.item(), rtol=1e-12)
    assert np.allclose(ours.gradients["weight"], module.weight.grad, rtol=1e-10)


@pytest.mark.parametrize(
    "operation",
    [
        lambda m, z: z if z.shape[0] <= 8 else -z,
        lambda m, z: sum(z[i] for i in range(z.shape[0])),
        lambda m, z: z / len(z),
        lambda m, z: z + torch.arange(z.shape[0])[:, None],
    ],
    ids=["compared", "a range", "len", "arange"],
)
def test_a_size_that_has_to_be_a_number_is_asked_for(operation: Any):
    """A symbolic size has no answer, and the message says what helps."""
    with pytest.raises(mc.NoRuleError, match="give it as a number in shapes"):
        mc.from_torch(Operation(operation), {"x": ("n", 4)})
    assert mc.from_torch(Operation(operation), {"x": (3, 4)}).steps


def test_a_size_that_is_asked_whether_it_is_one_says_so():
    """The formulas are of a general n; a size that cannot be the number needs no remark."""

    def asking(m: Any, z: Any) -> Any:
        assert z.shape[0] != 0
        assert z.shape[1] == 4
        return z.sum() if z.shape[0] == 1 else z.mean()

    net = mc.from_torch(Operation(asking), {"x": ("n", 4)})
    assert net.assumed == ("the code asks whether n is 1: here it is not",)
    assert not mc.from_torch(Operation(asking), {"x": (1, 4)}).assumed


ALONG = {
    "differences": lambda m, z: (z[:, 1:] - z[:, :-1]) * z.diff(dim=1),
    "twice": lambda m, z: z.diff(n=2, dim=1),
    "the last": lambda m, z: z[:, -2] + z[:, z.shape[1] - 1],
    "places so far": lambda m, z: z + m.places[: z.shape[1]],
    "causal": lambda m, z: (
        (z @ z.mT).masked_fill(m.past[: z.shape[1], : z.shape[1]] == 0, -torch.inf).softmax(-1) @ z
    ),
    "shifted": lambda m, z: z + torch.cat([torch.zeros_like(z[:, :1]), z[:, :-1]], 1),
}


@pytest.mark.parametrize("name", ALONG)
def test_slices_of_an_axis_of_symbolic_length_agree(name: str):
    """From the start, from the end, and of a table as far as the sequence goes."""
    module = Operation(ALONG[name])
    module.register_buffer("past", torch.tril(torch.ones(6, 6)))
    module.register_buffer("places", torch.randn(6, 4))
    assert_agrees(module, {"x": ("B", "T", 4)}, {"x": torch.randn(2, 4, 4).requires_grad_()})
