"""Functions of torch that go entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from matcalc.errors import NoRuleError
from matcalc.expr import BUILD, Node, number
from matcalc.ops.algebra import had, minus, mul, neg, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import divide, power
from matcalc.pytorch.table import Reading, reads
from matcalc.pytorch.tensors import (
    Tensor,
    combined,
    placed,
)

PLAIN = [
    "relu",
    "tanh",
    "sigmoid",
    "exp",
    "log",
    "sqrt",
    "abs",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "erf",
    "log1p",
    "expm1",
    "square",
    "reciprocal",
    "sign",
    "softsign",
    "selu",
    "silu",
    "gelu",
]


def _entrywise(word: str) -> Reading:
    def fn(reader: Any, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if word == "gelu" and kwargs.pop("approximate", "none") == "tanh":
            return reader.named("gelu", untied(x).each(WORDS["gelu_tanh"]))
        if args or kwargs:
            given = [*map(str, args), *(f"{k}={v}" for k, v in kwargs.items())]
            raise NoRuleError(
                f"{word} is read with its usual settings only, not {', '.join(given)}"
            )
        return reader.named(word, untied(x).each(WORDS[word]))

    return fn


for _word in PLAIN:
    reads(_word)(_entrywise(_word))
reads("special_expit")(_entrywise("sigmoid"))
reads("logsigmoid", "log_sigmoid")(_entrywise("logsigmoid"))


def untied(x: Tensor) -> Tensor:
    """Entry by entry, what stands off the diagonal is not zero any more."""
    return replace(x, clean=False) if x.tied else x


@reads("leaky_relu")
def _leaky_relu(reader: Any, x: Tensor, negative_slope: float = 0.01) -> Tensor:
    slope = number(str(negative_slope))
    return reader.named("leaky_relu", untied(x).each(lambda a: WORDS["leaky_relu"](a, slope)))


@reads("rsqrt")
def _rsqrt(reader: Any, x: Tensor) -> Tensor:
    return reader.named("rsqrt", untied(x).each(lambda a: power(WORDS["sqrt"](a), -1)))


@reads("neg", "negative")
def _neg(reader: Any, x: Tensor) -> Tensor:
    return x.each(neg)


def arithmetic(name: str, fn: Callable[[Node, Node], Node]) -> Reading:
    def apply(reader: Any, a: Any, b: Any, *, alpha: Any = 1, rounding_mode: Any = None) -> Any:
        if rounding_mode is not None:
            raise NoRuleError(f"{name} with rounding is not read")
        A, B = reader.tensor(a), reader.tensor(b)
        if alpha != 1:
            B = combined(reader.tensor(alpha), B, multiplied)
        if (A.mask or B.mask) and name in ("add", "sub") and (name == "add" or not B.mask):
            from matcalc.pytorch.masks import plus

            return plus(reader, A, B, fn)
        return reader.named(name, combined(A, B, fn))

    return apply


def added(a: Node, b: Node) -> Node:
    found: Node = BUILD["plus"](*_same_shape(a, b))
    return found


def subtracted(a: Node, b: Node) -> Node:
    found: Node = minus(*_same_shape(a, b))
    return found


def _same_shape(a: Node, b: Node) -> tuple[Node, Node]:
    """A scalar beside a matrix stands for itself in every entry."""
    if a.shape and not b.shape:
        return a, mul(b, ones(*a.shape))
    if b.shape and not a.shape:
        return mul(a, ones(*b.shape)), b
    return a, b


def multiplied(a: Node, b: Node) -> Node:
    return had(a, b) if a.shape and b.shape else mul(a, b)


def divided(a: Node, b: Node) -> Node:
    if not b.shape:
        return mul(a, power(b, -1))
    return divide(a, b)


reads("add")(arithmetic("add", added))
reads("sub", "subtract")(arithmetic("sub", subtracted))
reads("mul", "multiply")(arithmetic("mul", multiplied))
reads("truediv", "div", "divide")(arithmetic("div", divided))
reads("rsub")(arithmetic("sub", lambda a, b: subtracted(b, a)))


def _larger(word: str, short: str) -> None:
    of_two = arithmetic(word, lambda a, b: WORDS[short](a, b))

    @reads(word, f"f{short}")
    def reading(reader: Any, a: Any, b: Any) -> Any:
        reader.say(
            f"where both sides of {word} are equal, the first counts, or a number beside a formula; "
            "torch takes half of each"
        )
        return of_two(reader, a, b)


_larger("maximum", "max")
_larger("minimum", "min")


@reads("pow")
def _pow(reader: Any, x: Any, exponent: Any) -> Any:
    base, e = reader.tensor(x), reader.tensor(exponent)
    if placed(e.axes) or not isinstance(exponent, (int, float)):  # a positive base
        logs = untied(base).each(WORDS["log"])
        made = untied(combined(logs, e, multiplied)).each(WORDS["exp"])
        return reader.named("pow", made)
    return reader.named("pow", untied(base).each(lambda a: power(a, e.node)))


@reads("clamp", "clip")
def _clamp(reader: Any, x: Tensor, min: Any = None, max: Any = None) -> Tensor:
    out = untied(x)
    reader.say("at a bound of clamp the slope is 0; torch takes 1")
    if min is not None:
        out = combined(out, reader.tensor(min), lambda a, b: WORDS["max"](a, b))
    if max is not None:
        out = combined(out, reader.tensor(max), lambda a, b: WORDS["min"](a, b))
    return reader.named("clamp", out)


@reads("clamp_min")
def _clamp_min(reader: Any, x: Tensor, min: Any) -> Tensor:
    return _clamp(reader, x, min)


@reads("clamp_max")
def _clamp_max(reader: Any, x: Tensor, max: Any) -> Tensor:
    return _clamp(reader, x, None, max)


@reads("nan_to_num")
def _finite(reader: Any, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    reader.say("all numbers are taken to be finite")
    return x


@reads("contiguous", "clone", "double", "type_as", "cpu")
def _itself(reader: Any, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return x


@reads("to", "float", "type")
def _cast(reader: Any, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Another device, or floating numbers of another precision."""
    import torch

    wanted = [*args, *kwargs.values()] or [torch.float32]
    for dtype in wanted:
        if isinstance(dtype, torch.dtype) and dtype != torch.get_default_dtype():
            reader.cast("to", dtype)
    return x
