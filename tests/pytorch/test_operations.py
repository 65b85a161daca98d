"""Single operations: each agrees with torch in value and gradient, or is refused by its name."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import matcalc as mc

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("float64")]
torch = pytest.importorskip("torch", reason="needs PyTorch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from tests.pytorch.agreeing import assert_agrees  # noqa: E402


class Operation(nn.Module):
    """An operation on what one weight makes of the input, 3 x 4."""

    def __init__(self, operation: Any) -> None:
        super().__init__()
        self.operation, self.w = operation, nn.Parameter(torch.randn(3, 4) * 0.7)

    def forward(self, x: Any) -> Any:
        return self.operation(x * self.w)


def pairs(x: Any) -> Any:
    """A batch of three matrices, 2 x 2."""
    return x.view(3, 2, 2)


def scores(x: Any) -> Any:
    return torch.softmax(pairs(x) @ pairs(x).mT, -1)


def hidden_diagonal(x: Any) -> Any:
    return (x @ x.T).masked_fill(torch.eye(3, dtype=torch.bool), float("-inf"))


def in_place(x: Any) -> Any:
    y = F.dropout(x * 2, 0.1, False)
    z = y
    z += 1
    return y * z


CLASSES = [0, 3, 1]
READ = {
    # batched products, whatever follows them
    "P + 1": lambda x: (scores(x) + 1) @ pairs(x),
    "P P": lambda x: scores(x) @ scores(x),
    "P transposed": lambda x: scores(x).transpose(1, 2) @ pairs(x),
    "P reduced": lambda x: scores(x).sum(1) + scores(x).mean() + scores(x).max(dim=2).values,
    "P viewed": lambda x: (pairs(x) @ pairs(x)).reshape(3, 4) + scores(x)[:, 0, :1],
    "P joined": lambda x: torch.cat([scores(x), pairs(x)], 1),
    "P normed": lambda x: scores(x) / scores(x).norm(dim=-1, keepdim=True),
    "P and a bias": lambda x: torch.softmax(scores(x) + pairs(x)[:, :1], -1) @ pairs(x),
    "all pairs": lambda x: x.view(3, 1, 2, 2) @ x.view(1, 3, 2, 2),
    "expanded": lambda x: torch.softmax(x.view(3, 1, 2, 2).expand(3, 2, 2, 2) @ pairs(x)[0], -1),
    # one tensor against itself
    "column less row": lambda x: x[:, :1] - x[:, :1].T,
    "distances": lambda x: (x[:, None, :] - x[None, :, :]).pow(2).sum(-1),
    "two axes between": lambda x: x.unsqueeze(1).unsqueeze(-1) + x.unsqueeze(2).unsqueeze(0),
    "symmetric part": lambda x: (x @ x.T) + (x @ x.T).T * 2,
    "cdist": lambda x: torch.cdist(x, x[:2] + 1),
    # masks
    "hidden, logsumexp": lambda x: torch.logsumexp(hidden_diagonal(x), 1),
    "hidden, nll": lambda x: F.nll_loss(F.log_softmax(hidden_diagonal(x), 1), torch.tensor([1, 2, 0])),
    "where": lambda x: torch.where(x > 0, x, torch.exp(x)),
    "between": lambda x: ((x > 0) & (x < 0.5)).double() * x,
    "not": lambda x: x * ~(x >= 0.2),
    "masked_fill": lambda x: x.masked_fill(x > 0, 0.5),
    # sums of products
    "einsum, three operands": lambda x: torch.einsum("ij,ik,il->jkl", x, x, x),
    "einsum, batched": lambda x: torch.einsum("bij,bjk->bki", pairs(x), pairs(x)),
    "einsum, dots": lambda x: torch.einsum("...j,kj->...k", x, x),
    "einsum, no arrow": lambda x: torch.einsum("ij,jk", x, x.T),
    "tensordot": lambda x: torch.tensordot(x, x, dims=([0, 1], [0, 1])),
    "baddbmm": lambda x: torch.baddbmm(pairs(x), pairs(x), pairs(x), beta=0.5, alpha=2),
    # order and repetition
    "flip": lambda x: x.flip([0, 1]),
    "roll": lambda x: x.roll((1, 2), (0, 1)),
    "repeat": lambda x: x.repeat(2, 1, 3),
    "every second": lambda x: x[::2, 1::2],
    "places": lambda x: x[:, torch.tensor([[0, 1], [2, 3]])],
    "gather": lambda x: x.gather(1, torch.tensor([[0], [1], [2]])),
    "triangle": lambda x: torch.tril(x @ x.T, -2),
    "movedim": lambda x: pairs(x).movedim((0, 1), (2, 0)),
    "padding": lambda x: F.pad(x, (1, 2, 0, 1), value=3.0),
    "padding by reflection": lambda x: F.pad(x.unsqueeze(0), (2, 1), mode="reflect"),
    "pixel shuffle": lambda x: F.pixel_shuffle(x.view(1, 4, 1, 3), 2),
    "bilinear interpolation": lambda x: F.interpolate(
        x.view(1, 1, 3, 4), size=(5, 7), mode="bilinear", align_corners=True
    ),
    # images and signals
    "same": lambda x: F.conv2d(x.view(1, 1, 3, 4), torch.ones(1, 1, 3, 3), padding="same"),
    "transposed convolution": lambda x: F.conv_transpose1d(
        x.view(1, 4, 3), torch.arange(24.0).view(4, 3, 2), stride=2, groups=2, dilation=2
    ),
    "padded maximum": lambda x: F.max_pool2d(x.view(1, 3, 2, 2), 2, 1, 1),
    "maximum beyond the end": lambda x: F.max_pool1d(x.unsqueeze(0), 3, 2, 1, 1, True),
    "average of what is there": lambda x: F.avg_pool2d(x.view(1, 3, 2, 2), 2, 1, 1, False, False),
    "adaptive average": lambda x: F.adaptive_avg_pool2d(x.view(1, 1, 3, 4), (2, 3)),
    "adaptive maximum": lambda x: F.adaptive_max_pool1d(x.unsqueeze(0), 2),
    "patches": lambda x: F.unfold(x.view(1, 1, 3, 4), 2, padding=1, stride=2),
    # settings that are easily lost
    "add with alpha": lambda x: torch.add(x, x * x, alpha=2),
    "clamp_max": lambda x: x.clamp_max(0.1),
    "a power of a number": lambda x: 2**x,
    "variance by n": lambda x: x.var(1, unbiased=False) + x.std(),
    "norm of sums": lambda x: torch.linalg.vector_norm(x, dim=1) + x.norm(p=1, dim=1),
    "celu": lambda x: F.celu(x),
    "softplus with beta": lambda x: F.softplus(x, 3),
    "threshold": lambda x: F.threshold(x, 0.1, 5.0),
    "in place on what dropout returns": in_place,
    # losses
    "a class that is nothing": lambda x: F.cross_entropy(x, torch.tensor([0, -100, 1])),
    "no reduction": lambda x: F.cross_entropy(x, torch.tensor(CLASSES), reduction="none"),
    "class weights": lambda x: F.cross_entropy(
        x, torch.tensor(CLASSES), weight=torch.arange(1.0, 5.0)
    ),
    "probabilities, transposed": lambda x: F.cross_entropy(x @ x.T, (x @ x.T * 2).T.softmax(1)),
    "classes of pixels": lambda x: F.cross_entropy(
        x.view(1, 2, 3, 2), torch.tensor([[[0, 1], [1, 1], [0, 0]]])
    ),
    "positive weights": lambda x: F.binary_cross_entropy_with_logits(
        x, torch.eye(3, 4), pos_weight=torch.arange(1.0, 5.0)
    ),
    "smooth l1": lambda x: F.smooth_l1_loss(x, torch.ones(3, 4), beta=0.7),
    "huber": lambda x: F.huber_loss(x, torch.zeros(3, 4), delta=0.3),
    "divergence of logarithms": lambda x: F.kl_div(x, x * 2, log_target=True, reduction="sum"),
    "gaussian": lambda x: F.gaussian_nll_loss(x, torch.ones(3, 4), x * x + 1),
    # attention
    "an additive mask": lambda x: F.scaled_dot_product_attention(
        x[None], x[None], x[None], attn_mask=torch.arange(9.0).view(3, 3)
    ),
    "shared heads": lambda x: F.scaled_dot_product_attention(
        x.view(1, 2, 3, 2), *[x.view(1, 2, 3, 2)[:, :1]] * 2, enable_gqa=True, scale=0.3
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_an_operation_agrees_with_torch(name: str):
    """Value and gradients to 1e-10."""
    given = {"x": torch.randn(3, 4).requires_grad_()}
    assert_agrees(Operation(READ[name]), {"x": (3, 4)}, given)


class Reversed(torch.autograd.Function):
    """The gradient with another sign."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return -g


def autocast(x: Any) -> Any:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return x @ x.T


REFUSED = {
    "a backward pass of its own": (lambda x: Reversed.apply(x), "backward pass of its own"),
    "autocast": (autocast, "autocast"),
    "a draw of torch": (lambda x: x + torch.normal(0.0, 1.0, (3, 4)), "random number is drawn"),
    "a draw of Python": (lambda x: x * random.random(), "random number is drawn"),
    "a draw of NumPy": (lambda x: x * np.random.rand(), "random number is drawn"),  # noqa: NPY002
    "a random order": (lambda x: x[torch.randperm(3)], "random number is drawn"),
    "whole numbers": (lambda x: x.to(torch.int64) * x, "torch.int64, which rounds"),
    "half precision": (lambda x: x.softmax(1, dtype=torch.float16), "float16, which rounds"),
    "rounding": (lambda x: x.round() * x, "round"),
    "division with a remainder": (lambda x: x // 2 * x, "floordiv"),
    "out=": (lambda x: torch.add(x, x, out=torch.zeros(3, 4)), "out="),
    "where the largest stands": (lambda x: x.max(1)[1] + x[:, 0], "None"),
    "argmax": (lambda x: x * x.argmax(1, keepdim=True), "value of a tensor"),
    "any": (lambda x: x if (x > 0).any() else -x, "any"),
    "equal numbers": (lambda x: (x == 0) * x, "zeros and ones"),
    "an operator norm": (lambda x: torch.linalg.norm(x, 2), "operator norm"),
    "a class that is none": (lambda x: F.cross_entropy(x, torch.tensor([0, 7, 1])), "7 is met"),
    "dropout in attention": (
        lambda x: F.scaled_dot_product_attention(x[None], x[None], x[None], dropout_p=0.1),
        "random",
    ),
    "a flattened view in place": (lambda x: (x.flatten().add_(1), x)[1], "views is changed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_another_thing_is_refused(name: str):
    """Random draws, rounding, hidden gradients, decisions on values."""
    operation, said = REFUSED[name]
    with pytest.raises(mc.MatcalcError, match=said):
        mc.from_torch(Operation(operation), (3, 4))


def test_a_parameter_that_no_module_holds_is_refused():
    """In a plain list torch does not find it, and neither do we."""
    loose = [nn.Parameter(torch.randn(4))]
    with pytest.raises(mc.NoRuleError, match="outside of the traced module"):
        mc.from_torch(Operation(lambda x: x * loose[0]), (3, 4))


def test_two_parameters_of_one_name_are_refused():
    """Dots become underscores, and then these two would be one."""
    module = nn.Module()
    module.a_b = nn.Linear(4, 4)
    module.a = nn.ModuleDict({"b": nn.Linear(4, 4)})
    module.forward = lambda x: module.a_b(module.a["b"](x))
    with pytest.raises(mc.NameClashError, match="both be called a_b_weight"):
        mc.from_torch(module, {"x": ("n", 4)})


def test_what_a_reader_has_to_know_is_said():
    """Running statistics, casts, floors and masks are remarks of the derivation."""
    net = mc.from_torch(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), ("n", 4))
    assert "running statistics" in " ".join(map(str, mc.derive(net).remarks))
    cast = mc.from_torch(Operation(lambda x: x.float()), (3, 4))
    assert "casts" in " ".join(cast.assumed)
    masked = mc.from_torch(Masked(), {"x": ("n", 4), "mask": ("n", 4)})
    assert "mask is read as a mask of zeros and ones" in masked.assumed
    with pytest.raises(mc.DomainError, match="mask"):
        masked.values(x=np.ones((2, 4)), mask=np.full((2, 4), 0.5))


class Masked(nn.Module):
    """A softmax over what a given mask shows."""

    def forward(self, x: Any, mask: Any) -> Any:
        return x.masked_fill(mask == 0, float("-inf")).softmax(1)


class Open(nn.Module):
    """Defaults, and arguments of any number."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Any, scales: Any = (1.0, 2.0), *args: Any, **kwargs: Any) -> Any:
        return {"out": self.fc(x) * scales[1]}


def test_defaults_stay_what_they_are():
    """An output by its key, with a tuple among the defaults."""
    assert mc.from_torch(Open(), ("n", 4), output="out").shape[1] == 4


def test_a_layer_alone_is_read_as_a_layer():
    """Layers whose own code torch does not show."""
    assert list(mc.from_torch(nn.GRUCell(4, 3), {"input": ("n", 4), "hx": ("n", 3)}).params)
    with pytest.raises(mc.NoRuleError, match="wants shapes for its inputs: input"):
        mc.from_torch(nn.GRUCell(4, 3), {"hx": ("n", 3)})


def test_class_numbers_are_checked():
    """A class number outside of its range is an error, not another class."""
    net = mc.from_torch(nn.Embedding(5, 2), {"input": ("n",)})
    with pytest.raises(mc.DomainError, match="from 0 to 4"):
        net.values(input=np.array([0, -1]))
