"""The named losses, as compositions: they differentiate, print and simplify like anything else.

``scale`` is a number, or one of the words "half", "mean", "half_mean": 1/2, 1/n, 1/(2n), where n is
the number of rows of the prediction.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from matcalc.errors import ShapeError
from matcalc.expr import Node, number, read
from matcalc.ops.algebra import add, had, minus, mul, neg, sub
from matcalc.ops.base import misfit, operand
from matcalc.ops.entrywise import ENTRYWISE, divide, power
from matcalc.ops.reduce import sum_all
from matcalc.ops.softmax import log_softmax
from matcalc.shapes import same_shape

_SCALES = {"half": (2, False), "mean": (1, True), "half_mean": (2, True)}


def _pair(P: Any, Y: Any, loss: str) -> tuple[Node, Node]:
    left, right = operand(P), operand(Y)
    if not same_shape(left.shape, right.shape):
        raise ShapeError(misfit(left, right, f"compare in {loss}"))
    return left, right


def _rows(P: Node) -> Node:
    return read(P.shape[0]) if P.shape else number(1)


def _scale(scale: Any, P: Node) -> Node:
    if isinstance(scale, str):
        if scale not in _SCALES:
            raise ShapeError(f"scale is a number or one of {', '.join(_SCALES)}, not {scale!r}")
        by, over_rows = _SCALES[scale]
        front = number(sp.Rational(1, by))
        return mul(front, power(_rows(P), -1)) if over_rows else front
    return operand(scale)


def squared_error(P: Any, Y: Any, scale: Any = 1) -> Node:
    """``scale * sum((P - Y).^2)``."""
    P, Y = _pair(P, Y, "squared_error")
    return mul(_scale(scale, P), sum_all(power(sub(P, Y), 2)))


def _averaged(total: Node, P: Node, mean: bool, per: str = "entries") -> Node:
    if not mean or not P.shape:
        return total
    counts = P.shape if per == "entries" else P.shape[:1]
    return mul(*(power(read(c), -1) for c in counts if c != 1), total)


def binary_cross_entropy(P: Any, Y: Any, mean: bool = True, weights: Any = None) -> Node:
    """``-mean(a*Y.*log(P) + b*(1 - Y).*log(1 - P))``; ``weights=(a, b)`` for the two classes."""
    P, Y = _pair(P, Y, "binary_cross_entropy")
    log = ENTRYWISE["log"]
    a, b = (number(1), number(1)) if weights is None else (operand(w) for w in weights)
    hit = mul(a, had(Y, log.build((P,), ())))
    miss = mul(b, had(minus(1, Y), log.build((minus(1, P),), ())))
    return _averaged(neg(sum_all(add(hit, miss))), P, mean)


def cross_entropy(P: Any, Y: Any, mean: bool = True, logits: bool = False) -> Node:
    """``-sum(Y.*log(P))``, averaged over the rows; ``logits=True`` takes scores and log_softmax."""
    P, Y = _pair(P, Y, "cross_entropy")
    logs = log_softmax(P) if logits else ENTRYWISE["log"].build((P,), ())
    return _averaged(neg(sum_all(had(Y, logs))), P, mean, per="rows")


def hinge(P: Any, Y: Any, mean: bool = False) -> Node:
    """``sum(relu(1 - Y.*P))`` with labels -1 and 1."""
    P, Y = _pair(P, Y, "hinge")
    return _averaged(sum_all(ENTRYWISE["relu"].build((minus(1, had(Y, P)),), ())), P, mean)


def huber(P: Any, Y: Any, delta: Any = 1, mean: bool = False) -> Node:
    """Sum of Huber's function of ``P - Y``: quadratic within delta, linear beyond."""
    P, Y = _pair(P, Y, "huber")
    return _averaged(sum_all(ENTRYWISE["huber"].build((sub(P, Y), operand(delta)), ())), P, mean)


def kl(P: Any, Q: Any) -> Node:
    """Kullback-Leibler divergence ``sum(P.*log(P./Q))``."""
    P, Q = _pair(P, Q, "kl")
    return sum_all(had(P, ENTRYWISE["log"].build((divide(P, Q),), ())))
