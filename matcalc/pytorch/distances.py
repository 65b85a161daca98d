"""Similarities, distances, and the losses that compare them."""

from __future__ import annotations

from typing import Any

from matcalc.expr import Node, number
from matcalc.ops.algebra import minus, mul, neg, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.pytorch.activations import number_pi
from matcalc.pytorch.entrywise import added, divided, multiplied, subtracted
from matcalc.pytorch.losses import plain_options, summed_up
from matcalc.pytorch.reductions import total
from matcalc.pytorch.table import FUNCTIONS, reads
from matcalc.pytorch.tensors import Tensor, combined


def _plus(T: Tensor, value: Any) -> Tensor:
    return T.each(lambda a: added(a, number(str(value))))


def _hinge(T: Tensor) -> Tensor:
    """max(T, 0), whose slope at 0 is 1 as in torch."""
    return T.each(lambda a: WORDS["max"](a, number(0)))


def _squares(x: Tensor, dim: int) -> Tensor:
    return total(x.each(lambda a: power(a, 2)), dim)


def _labels(reader: Any, y: Any) -> tuple[Tensor, Tensor]:
    """1 where a label is 1, and 1 where it is -1."""
    reader.say("labels are 1 or -1")
    T = reader.tensor(y)

    def half(sign: int) -> Tensor:
        def fn(a: Node) -> Node:
            one = ones(*a.shape) if a.shape else number(1)
            return mul(power(number(2), -1), added(one, a) if sign > 0 else minus(one, a))

        return T.each(fn)

    return half(1), half(-1)


@reads("cosine_similarity")
def _cosine(reader: Any, a: Any, b: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The floor under the norms is left out: a vector of norm zero has no direction."""
    reader.say(f"cosine_similarity is read for vectors whose norms are above its floor {eps}")
    A, B = reader.tensor(a), reader.tensor(b)
    dot = total(combined(A, B, multiplied), dim)
    first, second = (_squares(x, dim).each(WORDS["sqrt"]) for x in (A, B))
    return reader.named("cos", combined(dot, combined(first, second, multiplied), divided))


@reads("pairwise_distance")
def distance(
    reader: Any, a: Any, b: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The norm of ``a - b + eps``, as torch computes it."""
    off = _plus(combined(reader.tensor(a), reader.tensor(b), subtracted), eps)
    return FUNCTIONS["norm"](reader, off, p, -1, keepdim)


@reads("cosine_embedding_loss")
def _cosine_embedding(
    reader: Any, a: Any, b: Any, y: Any, margin: float = 0.0, reduction: str = "mean", **kw: Any
) -> Tensor:
    plain_options("cosine_embedding_loss", kw)
    A, B = reader.tensor(a), reader.tensor(b)
    first, second = (_plus(_squares(x, -1), 1e-12) for x in (A, B))
    root = combined(first, second, multiplied).each(WORDS["sqrt"])
    cos = reader.named("cos", combined(total(combined(A, B, multiplied), -1), root, divided))
    alike, unlike = _labels(reader, y)
    near = combined(alike, _plus(cos.each(neg), 1), multiplied)
    far = combined(unlike, _hinge(_plus(cos, -margin)), multiplied)
    return summed_up(reader, "loss", combined(near, far, added), reduction)


@reads("hinge_embedding_loss")
def _hinge_embedding(
    reader: Any, x: Any, y: Any, margin: float = 1.0, reduction: str = "mean", **kw: Any
) -> Tensor:
    plain_options("hinge_embedding_loss", kw)
    X = reader.tensor(x)
    alike, unlike = _labels(reader, y)
    far = combined(unlike, _hinge(_plus(X.each(neg), margin)), multiplied)
    return summed_up(
        reader, "loss", combined(combined(alike, X, multiplied), far, added), reduction
    )


@reads("margin_ranking_loss")
def _margin_ranking(
    reader: Any, a: Any, b: Any, y: Any, margin: float = 0.0, reduction: str = "mean", **kw: Any
) -> Tensor:
    plain_options("margin_ranking_loss", kw)
    off = combined(reader.tensor(b), reader.tensor(a), subtracted)
    ranked = combined(reader.tensor(y), off, multiplied)
    return summed_up(reader, "loss", _hinge(_plus(ranked, margin)), reduction)


@reads("triplet_margin_loss")
def _triplet(
    reader: Any, anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2,
    eps: float = 1e-6, swap: bool = False, reduction: str = "mean", **kw: Any,
) -> Tensor:  # fmt: skip
    plain_options("triplet_margin_loss", kw)
    near = distance(reader, anchor, positive, p, eps)
    far = distance(reader, anchor, negative, p, eps)
    if swap:
        other = distance(reader, positive, negative, p, eps)
        far = combined(far, other, lambda a, b: WORDS["min"](a, b))
    terms = _hinge(_plus(combined(near, far, subtracted), margin))
    return summed_up(reader, "loss", terms, reduction)


@reads("gaussian_nll_loss")
def _gaussian(
    reader: Any, x: Any, y: Any, var: Any, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    reader.say(f"gaussian_nll_loss is read for variances above its floor {eps}")
    V = reader.tensor(var)
    off = combined(reader.tensor(x), reader.tensor(y), subtracted)
    fit = combined(off.each(lambda a: power(a, 2)), V, divided)
    each = combined(V.each(WORDS["log"]), fit, added)
    if full:
        each = each.each(lambda a: added(a, WORDS["log"](mul(2, number_pi()))))
    half = each.each(lambda a: mul(power(number(2), -1), a))
    return summed_up(reader, "loss", half, reduction)
