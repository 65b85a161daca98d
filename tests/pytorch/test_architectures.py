"""Architectures of all kinds: value, parameter gradients and input gradients are torch's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import matcalc as mc

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("float64")]
torch = pytest.importorskip("torch", reason="needs PyTorch")

from torch import nn  # noqa: E402

from tests.pytorch import architectures as a  # noqa: E402
from tests.pytorch import pictures as p  # noqa: E402
from tests.pytorch import transformers as t  # noqa: E402
from tests.pytorch.agreeing import assert_agrees, numbers  # noqa: E402


@dataclass
class Case:
    """A module and the shapes of its inputs; which of them are classes, masks or signs."""

    make: Any
    shapes: dict[str, tuple[Any, ...]]
    classes: dict[str, int] = field(default_factory=dict)
    masks: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()


def encoder(norm_first: bool) -> Any:
    return nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=True, norm_first=norm_first)


GRAPH = {"h": ("n", 3), "adj": ("n", "n")}
PAIR = {"a": ("B", 4), "b": ("B", 4)}
CASES = {
    "BERT layer": Case(
        lambda: t.BertLayer().eval(),
        {"hidden": ("B", 3, 8), "attention_mask": ("B", 3)},
        masks=("attention_mask",),
    ),
    "Llama block": Case(t.LlamaBlock, {"x": (2, 3, 8)}),
    "Llama block, symbolic batch": Case(lambda: t.LlamaBlock(sdpa=True), {"x": ("B", 3, 8)}),
    "ViT": Case(p.ViT, {"x": ("B", 3, 4, 4)}),
    "MLP-Mixer": Case(t.MixerBlock, {"x": ("n", 5, 4)}),
    "ResNet block": Case(p.BasicBlock, {"x": ("n", 2, 6, 6)}),
    "ResNet block, running means": Case(lambda: p.BasicBlock().eval(), {"x": ("n", 2, 6, 6)}),
    "ResNet stem": Case(p.ResNetStem, {"x": ("n", 1, 9, 9)}),
    "ConvNeXt": Case(p.ConvNeXt, {"x": ("n", 4, 4, 4)}),
    "DenseNet": Case(p.DenseNet, {"x": ("n", 2, 4, 4)}),
    "U-net of two levels": Case(p.TwoLevelUNet, {"x": ("n", 1, 8, 8)}),
    "convolutions with holes and groups": Case(p.DilatedConvolutions, {"x": ("n", 2, 8)}),
    "group norm": Case(p.SqueezeExciteNorm, {"x": ("n", 2, 3, 3)}),
    "instance norm": Case(lambda: p.SqueezeExciteNorm("i"), {"x": ("n", 2, 3, 3)}),
    "capsules": Case(p.Capsule, {"u": ("n", 4, 5)}),
    "encoder layer, norm first": Case(lambda: encoder(True), {"src": ("n", 3, 8)}),
    "encoder layer, norm first, eval": Case(lambda: encoder(True).eval(), {"src": ("n", 3, 8)}),
    "encoder layer, norm last, eval": Case(lambda: encoder(False).eval(), {"src": ("n", 3, 8)}),
    "encoder, two layers": Case(lambda: t.Encoder().eval(), {"x": ("n", 5, 4)}),
    "decoder layer": Case(t.Decoder, {"t": ("n", 3, 8), "mem": ("n", 4, 8)}),
    "masked attention": Case(t.MaskedMHA, {"x": ("n", 4, 8)}),
    "attention with an additive mask": Case(lambda: t.MaskedMHA(True), {"x": ("n", 4, 8)}),
    "attention with padding": Case(
        t.PaddedAttention, {"x": ("B", 3, 4), "mask": ("B", 3)}, masks=("mask",)
    ),
    "attention by einsum": Case(t.EinsumAttention, {"x": ("B", 4, 6)}),
    "LSTM both ways": Case(t.BothWays, {"x": ("n", 3, 3)}),
    "GRU both ways": Case(lambda: t.BothWays(nn.GRU), {"x": ("n", 3, 3)}),
    "language model": Case(t.LanguageModel, {"ids": (2, 4)}, {"ids": 5}),
    "DeepSets": Case(a.DeepSets, {"x": ("n", 5, 3)}),
    "GAT": Case(a.GAT, GRAPH, masks=("adj",)),
    "GAT by where": Case(a.GATWhere, GRAPH, masks=("adj",)),
    "mixture of experts": Case(a.MoE, {"x": ("n", 4)}),
    "mixture of experts by einsum": Case(a.MoEEinsum, {"x": ("n", 4)}),
    "Siamese": Case(a.Siamese, PAIR),
    "triplet loss": Case(a.Triplet, {"a": ("B", 4), "p": ("B", 4), "n": ("B", 4)}),
    "InfoNCE": Case(a.InfoNCE, {"a": (3, 4), "b": (3, 4)}),
    "cosine embedding loss": Case(a.CosineEmbedding, PAIR | {"y": ("B",)}, signs=("y",)),
    "divergence": Case(a.Divergence, {"x": ("n", 4), "y": ("n", 6)}),
    "smoothed labels": Case(a.SmoothedLabels, {"x": ("n", 4), "y": ("n",)}, {"y": 6}),
    "wide and deep": Case(
        a.WideDeep, {"x": ("n", 2), "i": ("n",), "j": ("n", 2)}, {"i": 5, "j": 4}
    ),
    "matrix factorisation": Case(a.Factorisation, {"i": ("n",), "j": ("n",)}, {"i": 5, "j": 6}),
    "highway": Case(a.Highway, {"x": ("n", 4)}),
    "bilinear": Case(a.BilinearLayer, {"x": ("n", 3), "y": ("n", 4)}),
    "gated units": Case(a.GEGLU, {"x": ("n", 4)}),
    "sums so far": Case(a.SumsSoFar, {"x": ("n", 4)}),
    "largest values": Case(a.Extremes, {"x": ("n", 4)}),
    "weight norm": Case(a.WeightNorm, {"x": ("n", 4)}),
    "spectral norm, eval": Case(lambda: a.SpectralNorm().eval(), {"x": ("n", 4)}),
    "neural ODE": Case(a.NeuralODE, {"x": ("n", 3)}),
    "SIREN": Case(a.Siren, {"x": ("n", 2)}),
    "Fourier features": Case(a.Fourier, {"x": ("n", 2)}),
    "coupling layer": Case(a.Coupling, {"x": ("n", 4)}),
    "selections": Case(a.Selections, {"x": ("n", 4)}),
    "Gram matrices": Case(a.GramMatrices, {"x": ("B", 4, 3)}),
}


@pytest.mark.parametrize("name", CASES)
def test_an_architecture_agrees_with_torch(name: str, rng: np.random.Generator):
    """The output, and the gradients by every parameter and every input."""
    case = CASES[name]
    given = numbers(case.shapes, rng, case.classes, case.masks, case.signs)
    if "adj" in given:
        given["adj"].fill_diagonal_(1)
    assert_agrees(case.make(), case.shapes, given)


def test_a_kalman_step_agrees_with_torch(rng: np.random.Generator):
    """solve, inverse, determinants, trace and a diagonal matrix."""
    root = rng.normal(size=(3, 3))
    given = {
        "P": torch.tensor(root @ root.T + np.eye(3), requires_grad=True),
        "m": torch.tensor(rng.normal(size=3), requires_grad=True),
        "y": torch.tensor(rng.normal(size=2), requires_grad=True),
    }
    assert_agrees(a.Kalman(), {"P": (3, 3), "m": (3,), "y": (2,)}, given)


REFUSED = {
    "Cholesky": (a.Cholesky, "linalg_cholesky"),
    "spectral norm in training": (a.SpectralNorm, "out="),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_reading_is_named(name: str):
    """The operation, never a guess."""
    make, said = REFUSED[name]
    with pytest.raises(mc.NoRuleError, match=said):
        mc.from_torch(make(), ("n", 4) if name != "Cholesky" else ("n", 3))
