"""Activations of torch that are made of simpler functions, settings included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node, number
from matcalc.ops.algebra import had, minus, mul, neg, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.pytorch.entrywise import added, multiplied, subtracted, untied
from matcalc.pytorch.shaping import picked, reshaped
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import Tensor, combined

Entry = Callable[[Node], Node]


def given(value: Any) -> Node:
    """A setting as the number that was typed."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise NoRuleError(f"a setting of an activation is a number, not {type(value).__name__}")
    return number(str(value))


def plus(a: Node, c: Any) -> Node:
    return added(a, given(c))


def between(a: Node, low: Any, high: Any) -> Node:
    """Cut off at both ends, where the slope is 0 as torch's is."""
    found: Node = WORDS["min"](given(high), WORDS["max"](given(low), a))
    return found


def both(a: Node, b: Node) -> Node:
    return had(a, b) if a.shape else mul(a, b)


def _each(reader: Any, word: str, x: Tensor, fn: Entry) -> Tensor:
    return reader.named(word, untied(x).each(fn))


def _entry(*names: str) -> Callable[[Entry], Entry]:
    """Enter a function of one entry, without settings."""

    def enter(fn: Entry) -> Entry:
        @reads(*names)
        def reading(reader: Any, x: Tensor) -> Tensor:
            return _each(reader, names[0], x, fn)

        return fn

    return enter


_entry("relu6")(lambda a: between(a, 0, 6))
_entry("hardswish")(lambda a: mul(power(number(6), -1), both(a, between(plus(a, 3), 0, 6))))
_entry("mish")(lambda a: both(a, WORDS["tanh"](WORDS["softplus"](a))))
_entry("tanhshrink")(lambda a: minus(a, WORDS["tanh"](a)))
_entry("log2")(lambda a: mul(power(WORDS["log"](number(2)), -1), WORDS["log"](a)))
_entry("log10")(lambda a: mul(power(WORDS["log"](number(10)), -1), WORDS["log"](a)))
_entry("exp2")(lambda a: WORDS["exp"](mul(WORDS["log"](number(2)), a)))
_entry("erfc")(lambda a: minus(_ones(a), WORDS["erf"](a)))
_entry("deg2rad")(lambda a: mul(power(number(180), -1), number_pi(), a))


def number_pi() -> Node:
    import sympy as sp

    from matcalc.expr import read

    return read(sp.pi)


def _ones(a: Node) -> Node:
    return ones(*a.shape) if a.shape else number(1)


@reads("hardsigmoid")
def _hardsigmoid(reader: Any, x: Tensor) -> Tensor:
    reader.say("torch rounds the slope 1/6 of hardsigmoid to single precision; here it is exact")
    sixth = power(number(6), -1)
    return _each(reader, "hardsigmoid", x, lambda a: mul(sixth, between(plus(a, 3), 0, 6)))


@reads("logit")
def _logit(reader: Any, x: Tensor, eps: Any = None) -> Tensor:
    if eps is not None:
        raise NoRuleError("logit is read without eps")
    return _each(
        reader, "logit", x, lambda a: minus(WORDS["log"](a), WORDS["log"](minus(_ones(a), a)))
    )


@reads("hardtanh")
def _hardtanh(reader: Any, x: Tensor, min_val: Any = -1.0, max_val: Any = 1.0) -> Tensor:
    if (min_val, max_val) == (-1.0, 1.0):
        return _each(reader, "hardtanh", x, WORDS["hardtanh"])
    return _each(reader, "hardtanh", x, lambda a: between(a, min_val, max_val))


@reads("softplus")
def _softplus(reader: Any, x: Tensor, beta: Any = 1, threshold: Any = 20) -> Tensor:
    """torch goes over to x itself above the threshold, where the difference is below e^-threshold."""
    if threshold < 20:
        raise NoRuleError(f"softplus with threshold {threshold} is not read")
    reader.say(
        "softplus is log(1 + e^x) everywhere; torch returns x itself above its threshold "
        f"{threshold}, which differs by less than e^-{threshold}"
    )
    if beta == 1:
        return _each(reader, "softplus", x, WORDS["softplus"])
    b = given(beta)
    return _each(reader, "softplus", x, lambda a: mul(power(b, -1), WORDS["softplus"](mul(b, a))))


def _exponential(a: Node, scale: Node, rate: Node) -> Node:
    """a where it is positive, scale (exp(rate a) - 1) elsewhere."""
    below = WORDS["min"](a, number(0))
    return added(WORDS["relu"](a), mul(scale, WORDS["expm1"](mul(rate, below))))


@reads("elu")
def _elu(reader: Any, x: Tensor, alpha: Any = 1.0) -> Tensor:
    if alpha == 1:
        return _each(reader, "elu", x, WORDS["elu"])
    return _each(reader, "elu", x, lambda a: _exponential(a, given(alpha), number(1)))


@reads("celu")
def _celu(reader: Any, x: Tensor, alpha: Any = 1.0) -> Tensor:
    s = given(alpha)
    if alpha != 1:
        reader.say("torch rounds 1/alpha in celu to single precision; here it is exact")
    return _each(reader, "celu", x, lambda a: _exponential(a, s, power(s, -1)))


@reads("softshrink")
def _softshrink(reader: Any, x: Tensor, lambd: Any = 0.5) -> Tensor:
    def fn(a: Node) -> Node:
        return minus(WORDS["relu"](plus(a, -lambd)), WORDS["relu"](plus(neg(a), -lambd)))

    return _each(reader, "softshrink", x, fn)


@reads("hardshrink")
def _hardshrink(reader: Any, x: Tensor, lambd: Any = 0.5) -> Tensor:
    return _each(
        reader, "hardshrink", x, lambda a: both(a, WORDS["step"](plus(WORDS["abs"](a), -lambd)))
    )


@reads("threshold", "_threshold")
def _threshold(reader: Any, x: Tensor, threshold: Any, value: Any) -> Tensor:
    def fn(a: Node) -> Node:
        on = WORDS["step"](plus(a, -threshold))
        return added(both(a, on), mul(given(value), minus(_ones(a), on)))

    return _each(reader, "threshold", x, fn)


@reads("prelu")
def prelu(reader: Any, x: Tensor, weight: Any) -> Tensor:
    """relu(x) + a min(x, 0), with one slope or one for each channel (axis 1)."""
    w = reader.tensor(weight)
    if w.sizes and w.sizes[0] != 1 and len(x.axes) > 2:
        w = reshaped(w, [w.sizes[0], *[reader.size(1)] * (len(x.axes) - 2)])
    up = untied(x).each(WORDS["relu"])
    down = untied(x).each(lambda a: WORDS["min"](a, number(0)))
    return reader.named("prelu", combined(up, combined(down, w, multiplied), added))


@reads("glu")
def _glu(reader: Any, x: Tensor, dim: int = -1) -> Tensor:
    k = axis_number(x, dim)
    size = x.axes[k].size
    if not size.is_Integer or size % 2:
        raise ShapeError(f"glu halves an axis; {size} is no even number")
    half = size / 2
    a, b = picked(x, k, 0, half, True), picked(x, k, int(half), half, True)
    gate = FUNCTIONS["sigmoid"](reader, b)
    return reader.named("glu", combined(a, gate, multiplied))


@reads("softmin")
def _softmin(reader: Any, x: Tensor, dim: Any = None, _stacklevel: int = 3) -> Tensor:
    return FUNCTIONS["softmax"](reader, x.each(neg), dim)


@reads("logaddexp")
def _logaddexp(reader: Any, a: Any, b: Any) -> Tensor:
    first, second = (untied(reader.tensor(v)).each(WORDS["exp"]) for v in (a, b))
    return reader.named("logaddexp", combined(first, second, added).each(WORDS["log"]))


@reads("lerp")
def _lerp(reader: Any, a: Any, b: Any, weight: Any) -> Tensor:
    A, B, w = (reader.tensor(v) for v in (a, b, weight))
    return reader.named(
        "add", combined(A, combined(w, combined(B, A, subtracted), multiplied), added)
    )
