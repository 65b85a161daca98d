"""The losses of torch."""

from __future__ import annotations

from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node, read
from matcalc.ops.algebra import had, minus, mul, neg
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.ops.losses import binary_cross_entropy, huber, squared_error
from matcalc.ops.reduce import sum_all
from matcalc.pytorch.reductions import log_softmax_along
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import (
    Tensor,
    count,
    laid_out,
    placed,
    renamed,
    show,
    tensor,
    together,
)
from matcalc.shapes import Dim


def _pair(reader: Any, a: Any, b: Any) -> tuple[Node, Node]:
    A, B = reader.tensor(a), reader.tensor(b)
    A, B = together(A), together(B)
    if [str(s) for s in A.sizes] != [str(s) for s in B.sizes]:
        raise ShapeError(f"a loss compares tensors of shapes {show(A.sizes)} and {show(B.sizes)}")
    B = renamed(B, dict(zip(B.axes, A.axes, strict=True)))
    return A.node, laid_out(B, A.rows, A.cols).node


def _loss(reader: Any, name: str, whole: Node, size: Dim, reduction: str) -> Tensor:
    if reduction not in ("mean", "sum"):
        raise NoRuleError(f"a loss with reduction {reduction!r} is not read")
    value = mul(power(read(size), -1), whole) if reduction == "mean" else whole
    return reader.named(name, tensor(value, (), (), ()))


@reads("mse_loss")
def _mse(reader: Any, x: Any, y: Any, reduction: str = "mean", **kw: Any) -> Tensor:
    _plain_options("mse_loss", kw)
    a, b = _pair(reader, x, y)
    return _loss(reader, "mse", squared_error(a, b), count(reader.tensor(x).axes), reduction)


@reads("l1_loss")
def _l1(reader: Any, x: Any, y: Any, reduction: str = "mean", **kw: Any) -> Tensor:
    _plain_options("l1_loss", kw)
    a, b = _pair(reader, x, y)
    size = count(reader.tensor(x).axes)
    return _loss(reader, "l1", sum_all(WORDS["abs"](minus(a, b))), size, reduction)


@reads("huber_loss", "smooth_l1_loss")
def _huber(
    reader: Any, x: Any, y: Any, reduction: str = "mean", delta: Any = 1.0, **kw: Any
) -> Tensor:
    if delta != 1.0 or kw.pop("beta", 1.0) != 1.0:
        raise NoRuleError("Huber's loss is read with delta 1")
    _plain_options("huber_loss", kw)
    a, b = _pair(reader, x, y)
    return _loss(reader, "huber", huber(a, b), count(reader.tensor(x).axes), reduction)


@reads("binary_cross_entropy")
def _bce(
    reader: Any, p: Any, y: Any, weight: Any = None, reduction: str = "mean", **kw: Any
) -> Tensor:
    _plain_options("binary_cross_entropy", kw | {"weight": weight})
    a, b = _pair(reader, p, y)
    size = count(reader.tensor(p).axes)
    return _loss(reader, "bce", binary_cross_entropy(a, b, mean=False), size, reduction)


@reads("binary_cross_entropy_with_logits")
def _bce_logits(
    reader: Any, z: Any, y: Any, weight: Any = None, reduction: str = "mean", **kw: Any
) -> Tensor:
    _plain_options("binary_cross_entropy_with_logits", kw | {"weight": weight})
    a, b = _pair(reader, z, y)
    size = count(reader.tensor(z).axes)
    whole = sum_all(minus(WORDS["softplus"](a), had(b, a) if a.shape else mul(b, a)))
    return _loss(reader, "bce", whole, size, reduction)


@reads("cross_entropy")
def _cross_entropy(reader: Any, z: Any, y: Any, reduction: str = "mean", **kw: Any) -> Tensor:
    _plain_options("cross_entropy", kw)
    scores = reader.tensor(z)
    return _nll(
        reader, log_softmax_along(reader, scores, min(1, len(scores.axes) - 1)), y, reduction
    )


@reads("nll_loss")
def _nll_loss(reader: Any, z: Any, y: Any, reduction: str = "mean", **kw: Any) -> Tensor:
    _plain_options("nll_loss", kw)
    return _nll(reader, reader.tensor(z), y, reduction)


def _plain_options(name: str, given: dict[str, Any]) -> None:
    usual = {"label_smoothing": 0.0, "ignore_index": -100}
    for key, value in given.items():
        if value is not usual.get(key) and value != usual.get(key):
            raise NoRuleError(f"{name} is read without {key}")


def _nll(reader: Any, logs: Tensor, y: Any, reduction: str) -> Tensor:
    at = min(1, len(logs.axes) - 1)
    target = reader.one_hot(y, logs.axes[at].size)
    rest = [a for k, a in enumerate(logs.axes) if k != at]
    if len(target.axes) != len(logs.axes):
        raise ShapeError("class numbers of another shape than the scores")
    line = laid_out(together(logs), placed(tuple(rest)), placed((logs.axes[at],)))
    size = count(rest) if rest else sp.Integer(1)
    return _loss(reader, "loss", neg(sum_all(had(target.node, line.node))), size, reduction)
