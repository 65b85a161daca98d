"""Losses of classes: cross entropy and its kin, for class numbers and for probabilities.

The targets are one-hot rows, whatever torch is given. What is ignored is a row of zeros, and then
the mean is taken over the rows that count.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node, number, read
from matcalc.ops.algebra import had, minus, mul, neg, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.blocks import place
from matcalc.ops.entrywise import power
from matcalc.ops.reduce import sum_all
from matcalc.pytorch.entrywise import added
from matcalc.pytorch.losses import plain_options, scaled
from matcalc.pytorch.reader import Placeholder
from matcalc.pytorch.reductions import log_softmax_along
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import Tensor, count, laid_out, placed, renamed, show, tensor, together


@reads("cross_entropy")
def _cross_entropy(
    reader: Any, z: Any, y: Any, weight: Any = None, reduction: str = "mean",
    label_smoothing: float = 0.0, ignore_index: int | None = None, **kw: Any,
) -> Tensor:  # fmt: skip
    plain_options("cross_entropy", kw)
    scores = reader.tensor(z)
    logs = log_softmax_along(reader, scores, min(1, len(scores.axes) - 1))
    return _nll(reader, logs, y, weight, reduction, label_smoothing, ignore_index)


@reads("nll_loss")
def _nll_loss(
    reader: Any, z: Any, y: Any, weight: Any = None, reduction: str = "mean",
    ignore_index: int | None = None, **kw: Any,
) -> Tensor:  # fmt: skip
    plain_options("nll_loss", kw)
    return _nll(reader, reader.tensor(z), y, weight, reduction, 0.0, ignore_index)


def _nll(
    reader: Any, logs: Tensor, y: Any, weight: Any, reduction: str, smooth: float,
    ignored: int | None,
) -> Tensor:  # fmt: skip
    """Minus the sum of the targets times the logarithms of what was given to them."""
    if ignored == -100 and not _holds(y, ignored):  # torch's word for nothing
        ignored = None
    at = min(1, len(logs.axes) - 1)
    wide, rest = logs.axes[at], tuple(a for k, a in enumerate(logs.axes) if k != at)
    target, probabilities = _target(reader, y, logs, at, ignored)
    if logs.mask is not None:
        if smooth:
            raise NoRuleError("label smoothing over classes whose score is -inf is not read")
        reader.say("no target is a class whose score is -inf")
    line = laid_out(together(logs), placed(rest), placed((wide,)))
    Y = laid_out(together(target), line.rows, line.cols).node
    if ignored is not None and not probabilities and ignored >= 0 and ignored < wide.size:
        Y = had(Y, mul(ones(Y.shape[0], 1), minus(ones(1, wide.size), _unit(ignored, wide.size))))
    W = None if weight is None else _weights(reader, weight, logs, at, Y)
    counted = Y if W is None else had(Y, W)
    T = _smoothed(Y, W, smooth, wide.size, ignored) if smooth else counted
    if reduction == "none":
        each = tensor(neg(WORDS["rowsum"](had(T, line.node))), rest, (), rest)
        return reader.named("loss", each)
    whole = neg(sum_all(had(T, line.node)))
    by_rows = probabilities or (weight is None and ignored is None)
    if reduction == "mean" and not by_rows:
        made = mul(power(sum_all(counted), -1), whole)
        return reader.named("loss", tensor(made, (), (), ()))
    return scaled(reader, "loss", whole, count(rest) if rest else sp.Integer(1), reduction)


def _holds(y: Any, number: int) -> bool:
    """Whether fixed targets have this class number."""
    return hasattr(y, "detach") and bool((y == number).any())


def _target(reader: Any, y: Any, logs: Tensor, at: int, ignored: int | None) -> tuple[Tensor, bool]:
    """The targets over the axes of the scores, and whether they were given as probabilities."""
    wide, rest = logs.axes[at], tuple(a for k, a in enumerate(logs.axes) if k != at)
    holder = getattr(y, "value", None)
    if isinstance(holder, Placeholder) and len(holder.sizes) == len(logs.axes):
        y = reader.declared(holder)
    target = reader.one_hot(y, wide.size, ignored)
    # Class numbers have the classes last, probabilities have them where the scores do.
    probabilities = isinstance(y, Tensor) or (
        not isinstance(holder, Placeholder) and bool(y.is_floating_point())
    )
    mine = logs.axes if probabilities else (*rest, wide)
    if [str(s) for s in target.sizes] != [str(a.size) for a in mine]:
        raise ShapeError(
            f"targets of shape {show(target.sizes)} for scores of shape {show(logs.sizes)}"
        )
    return renamed(target, dict(zip(target.axes, mine, strict=True))), probabilities


def _weights(reader: Any, weight: Any, logs: Tensor, at: int, Y: Node) -> Node:
    """The weights of the classes under one another."""
    W = reader.tensor(weight)
    row = laid_out(renamed(W, {W.axes[0]: logs.axes[at]}), (), placed((logs.axes[at],))).node
    return mul(ones(Y.shape[0], 1), row)


def _unit(k: int, classes: Any) -> Node:
    return place(number(1), 0, k, 1, classes)


def _smoothed(Y: Node, W: Node | None, smooth: float, classes: Any, ignored: int | None) -> Node:
    """A little of every row given to all classes alike; a row that is ignored stays zero."""
    share = mul(number(str(smooth)), power(read(classes), -1))
    rows = ones(Y.shape[0], 1) if ignored is None else WORDS["rowsum"](Y)
    T = added(mul(number(str(1 - smooth)), Y), mul(share, rows, ones(1, classes)))
    return T if W is None else had(T, W)
