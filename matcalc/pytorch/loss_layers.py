"""The losses of ``torch.nn``: each passes its settings on to the function of its name."""

from __future__ import annotations

from typing import Any

from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.layers import layer

# Class: function, and its settings.
LOSSES = {
    "MSELoss": ("mse_loss",), "L1Loss": ("l1_loss",), "HuberLoss": ("huber_loss", "delta"),
    "SmoothL1Loss": ("smooth_l1_loss", "beta"), "BCELoss": ("binary_cross_entropy", "weight"),
    "BCEWithLogitsLoss": ("binary_cross_entropy_with_logits", "weight", "pos_weight"),
    "CrossEntropyLoss": ("cross_entropy", "weight", "label_smoothing", "ignore_index"),
    "NLLLoss": ("nll_loss", "weight", "ignore_index"), "KLDivLoss": ("kl_div", "log_target"),
    "PoissonNLLLoss": ("poisson_nll_loss", "log_input", "full", "eps"),
    "SoftMarginLoss": ("soft_margin_loss",),
    "MultiLabelSoftMarginLoss": ("multilabel_soft_margin_loss", "weight"),
    "GaussianNLLLoss": ("gaussian_nll_loss", "full", "eps"),
    "CosineEmbeddingLoss": ("cosine_embedding_loss", "margin"),
    "HingeEmbeddingLoss": ("hinge_embedding_loss", "margin"),
    "MarginRankingLoss": ("margin_ranking_loss", "margin"),
    "TripletMarginLoss": ("triplet_margin_loss", "margin", "p", "eps", "swap"),
}  # fmt: skip


def _loss(word: str, *settings: str) -> Any:
    def fn(reader: Any, m: Any, *inputs: Any) -> Any:
        given = {s: getattr(m, s) for s in settings}
        return FUNCTIONS[word](reader, *inputs, reduction=m.reduction, **given)

    return fn


for _name, _given in LOSSES.items():
    layer(_name)(_loss(*_given))


@layer("CosineSimilarity")
def _cosine(reader: Any, m: Any, a: Any, b: Any) -> Any:
    return FUNCTIONS["cosine_similarity"](reader, a, b, m.dim, m.eps)


@layer("PairwiseDistance")
def _distance(reader: Any, m: Any, a: Any, b: Any) -> Any:
    return FUNCTIONS["pairwise_distance"](reader, a, b, m.norm, m.eps, m.keepdim)
