"""The losses of torch: what each compares, entry by entry or row by row, and how it is summed up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node, number, read
from matcalc.ops.algebra import had, minus, mul, neg, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.ops.losses import binary_cross_entropy, huber, squared_error
from matcalc.ops.reduce import sum_all
from matcalc.pytorch.entrywise import added, multiplied, subtracted
from matcalc.pytorch.reductions import averaged, total
from matcalc.pytorch.table import reads
from matcalc.pytorch.tensors import (
    Tensor,
    combined,
    count,
    laid_out,
    renamed,
    show,
    tensor,
    together,
)
from matcalc.shapes import Dim


def pair(reader: Any, a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Two tensors of one shape, over the same axes and laid out alike."""
    A, B = together(reader.tensor(a)), together(reader.tensor(b))
    if [str(s) for s in A.sizes] != [str(s) for s in B.sizes]:
        raise ShapeError(f"a loss compares tensors of shapes {show(A.sizes)} and {show(B.sizes)}")
    B = renamed(B, dict(zip(B.axes, A.axes, strict=True)))
    return A, laid_out(B, A.rows, A.cols)


def summed_up(reader: Any, name: str, each: Tensor, reduction: str) -> Tensor:
    """The terms of a loss, or their mean or sum."""
    if reduction == "none":
        return reader.named(name, each)
    return scaled(reader, name, total(each).node, count(each.axes), reduction)


def scaled(reader: Any, name: str, whole: Node, size: Dim, reduction: str) -> Tensor:
    """A sum, or the mean over so many terms."""
    if reduction not in ("mean", "sum"):
        raise NoRuleError(f"a loss with reduction {reduction!r} is not read")
    value = mul(power(read(size), -1), whole) if reduction == "mean" else whole
    return reader.named(name, tensor(value, (), (), ()))


def plain_options(name: str, given: dict[str, Any]) -> None:
    for key, value in given.items():
        if value is not None:
            raise NoRuleError(f"{name} is read without {key}")


Terms = Callable[[Node, Node], Node]


def compared(
    reader: Any, name: str, x: Any, y: Any, reduction: str, terms: Terms, whole: Terms | None = None
) -> Tensor:
    """A loss that compares entry by entry; ``whole`` is the sum of its terms, where it has a name."""
    A, B = pair(reader, x, y)
    if reduction != "none" and whole is not None:
        return scaled(reader, name, whole(A.node, B.node), count(A.axes), reduction)
    return summed_up(reader, name, A.each(lambda a: terms(a, B.node)), reduction)


def _off(a: Node, b: Node) -> Node:
    return subtracted(a, b)


@reads("mse_loss")
def _mse(reader: Any, x: Any, y: Any, reduction: str = "mean", **kw: Any) -> Tensor:
    plain_options("mse_loss", kw)
    return compared(
        reader, "mse", x, y, reduction, lambda a, b: power(_off(a, b), 2), squared_error
    )


@reads("l1_loss")
def _l1(reader: Any, x: Any, y: Any, reduction: str = "mean", **kw: Any) -> Tensor:
    plain_options("l1_loss", kw)
    return compared(reader, "l1", x, y, reduction, lambda a, b: WORDS["abs"](_off(a, b)))


@reads("huber_loss")
def _huber(
    reader: Any, x: Any, y: Any, reduction: str = "mean", delta: Any = 1.0, **kw: Any
) -> Tensor:
    plain_options("huber_loss", kw)
    d = number(str(delta))
    whole = huber if delta == 1 else None
    return compared(
        reader, "huber", x, y, reduction, lambda a, b: WORDS["huber"](_off(a, b), d), whole
    )


@reads("smooth_l1_loss")
def _smooth_l1(
    reader: Any, x: Any, y: Any, reduction: str = "mean", beta: Any = 1.0, **kw: Any
) -> Tensor:
    """Huber's loss with delta = beta, divided by beta."""
    if beta == 0:
        return _l1(reader, x, y, reduction, **kw)
    made = _huber(reader, x, y, reduction, beta, **kw)
    scale = power(number(str(beta)), -1)
    return made if beta == 1 else reader.named("huber", made.each(lambda a: mul(scale, a)))


def _logs(p: Node, y: Node) -> Node:
    one = ones(*p.shape) if p.shape else number(1)
    first = multiplied(y, WORDS["log"](p))
    return neg(added(first, multiplied(minus(one, y), WORDS["log"](minus(one, p)))))


@reads("binary_cross_entropy")
def _bce(
    reader: Any, p: Any, y: Any, weight: Any = None, reduction: str = "mean", **kw: Any
) -> Tensor:
    plain_options("binary_cross_entropy", kw)
    if weight is not None or reduction == "none":
        each = compared(reader, "bce", p, y, "none", _logs)
        return _weighted(reader, "bce", each, weight, reduction)
    return compared(
        reader, "bce", p, y, reduction, _logs, lambda a, b: binary_cross_entropy(a, b, mean=False)
    )


def _weighted(reader: Any, name: str, each: Tensor, weight: Any, reduction: str) -> Tensor:
    if weight is not None:
        each = combined(each, reader.tensor(weight), multiplied)
    return summed_up(reader, name, each, reduction)


@reads("binary_cross_entropy_with_logits")
def _bce_logits(
    reader: Any, z: Any, y: Any, weight: Any = None, reduction: str = "mean",
    pos_weight: Any = None, **kw: Any,
) -> Tensor:  # fmt: skip
    plain_options("binary_cross_entropy_with_logits", kw)
    if pos_weight is None:
        each = compared(
            reader, "bce", z, y, "none" if weight is not None else reduction,
            lambda a, b: minus(WORDS["softplus"](a), multiplied(b, a)),
            lambda a, b: sum_all(minus(WORDS["softplus"](a), had(b, a) if a.shape else mul(b, a))),
        )  # fmt: skip
        return each if weight is None else _weighted(reader, "bce", each, weight, reduction)
    Z, Y = pair(reader, z, y)
    up = combined(Y, Z.each(lambda a: WORDS["softplus"](neg(a))), multiplied)
    down = Z.each(lambda a: WORDS["softplus"](a))
    rest = Y.each(lambda b: minus(ones(*b.shape) if b.shape else number(1), b))
    first = combined(up, reader.tensor(pos_weight), multiplied)
    each = combined(first, combined(rest, down, multiplied), added)
    return _weighted(reader, "bce", each, weight, reduction)


@reads("kl_div")
def _kl_div(
    reader: Any, x: Any, y: Any, reduction: str = "mean", log_target: bool = False, **kw: Any
) -> Tensor:
    """``x`` holds logarithms; so does ``y`` with ``log_target``."""
    plain_options("kl_div", kw)

    def terms(a: Node, b: Node) -> Node:
        p, log = (WORDS["exp"](b), b) if log_target else (b, WORDS["log"](b))
        return multiplied(p, _off(log, a))

    if not log_target:
        reader.say("kl_div is read for targets that are positive")
    if reduction != "batchmean":
        return compared(reader, "kl", x, y, reduction, terms)
    whole = compared(reader, "kl", x, y, "sum", terms).node
    return scaled(reader, "kl", whole, reader.tensor(x).sizes[0], "mean")


@reads("poisson_nll_loss")
def _poisson(
    reader: Any, x: Any, y: Any, log_input: bool = True, full: bool = False, eps: Any = 1e-8,
    reduction: str = "mean", **kw: Any,
) -> Tensor:  # fmt: skip
    plain_options("poisson_nll_loss", kw)
    if full:
        raise NoRuleError("poisson_nll_loss is read without full")
    if not log_input:
        e = number(str(eps))
        return compared(
            reader, "loss", x, y, reduction,
            lambda a, b: _off(a, multiplied(b, WORDS["log"](added(a, e)))),
        )  # fmt: skip
    return compared(
        reader, "loss", x, y, reduction, lambda a, b: _off(WORDS["exp"](a), multiplied(b, a))
    )


@reads("multilabel_soft_margin_loss")
def _multilabel(
    reader: Any, z: Any, y: Any, weight: Any = None, reduction: str = "mean", **kw: Any
) -> Tensor:
    """The mean over the classes of binary cross entropies."""
    plain_options("multilabel_soft_margin_loss", kw)
    each = _bce_logits(reader, z, y, weight, "none")
    return summed_up(reader, "loss", averaged(each, -1), reduction)


@reads("soft_margin_loss")
def _soft_margin(reader: Any, x: Any, y: Any, reduction: str = "mean", **kw: Any) -> Tensor:
    plain_options("soft_margin_loss", kw)
    return compared(
        reader, "loss", x, y, reduction, lambda a, b: WORDS["softplus"](neg(multiplied(b, a)))
    )
