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
    "hardtanh",
    "softplus",
    "elu",
    "gelu",
]


def _entrywise(word: str) -> Reading:
    def fn(reader: Any, x: Tensor, *args: Any, inplace: bool = False, **kwargs: Any) -> Tensor:
        kwargs = {k: v for k, v in kwargs.items() if (k, v) not in DEFAULTS.get(word, ())}
        if word == "gelu" and kwargs.pop("approximate", "none") == "tanh":
            return reader.named("gelu", untied(x).each(WORDS["gelu_tanh"]))
        if args or kwargs:
            given = [*map(str, args), *(f"{k}={v}" for k, v in kwargs.items())]
            raise NoRuleError(
                f"{word} is read with its usual settings only, not {', '.join(given)}"
            )
        return reader.named(word, untied(x).each(WORDS[word]))

    return fn


DEFAULTS = {
    "softplus": (("beta", 1), ("threshold", 20), ("beta", 1.0), ("threshold", 20.0)),
    "elu": (("alpha", 1), ("alpha", 1.0)),
    "hardtanh": (("min_val", -1.0), ("max_val", 1.0)),
}
for _word in PLAIN:
    reads(_word)(_entrywise(_word))
reads("logsigmoid", "log_sigmoid")(_entrywise("logsigmoid"))


def untied(x: Tensor) -> Tensor:
    """Entry by entry, what stands off the diagonal is not zero any more."""
    return replace(x, clean=False) if x.tied else x


@reads("leaky_relu")
def _leaky_relu(
    reader: Any, x: Tensor, negative_slope: float = 0.01, inplace: bool = False
) -> Tensor:
    slope = number(str(negative_slope))
    return reader.named("leaky_relu", untied(x).each(lambda a: WORDS["leaky_relu"](a, slope)))


@reads("rsqrt")
def _rsqrt(reader: Any, x: Tensor) -> Tensor:
    return reader.named("rsqrt", untied(x).each(lambda a: power(WORDS["sqrt"](a), -1)))


@reads("neg", "negative")
def _neg(reader: Any, x: Tensor) -> Tensor:
    return x.each(neg)


def arithmetic(name: str, fn: Callable[[Node, Node], Node]) -> Reading:
    def apply(reader: Any, a: Any, b: Any, *, alpha: Any = 1) -> Any:
        if alpha != 1:
            raise NoRuleError(f"{name} is read without alpha")
        A, B = reader.tensor(a), reader.tensor(b)
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
reads("maximum")(arithmetic("maximum", lambda a, b: WORDS["max"](a, b)))
reads("minimum")(arithmetic("minimum", lambda a, b: WORDS["min"](a, b)))


@reads("pow")
def _pow(reader: Any, x: Any, exponent: Any) -> Any:
    base, e = reader.tensor(x), reader.tensor(exponent)
    if placed(e.axes):
        raise NoRuleError("a power with a tensor for an exponent is not read")
    return reader.named("pow", untied(base).each(lambda a: power(a, e.node)))


@reads("clamp", "clip", "clamp_min", "clamp_max")
def _clamp(reader: Any, x: Tensor, min: Any = None, max: Any = None) -> Tensor:
    out = untied(x)
    if min is not None:
        out = combined(out, reader.tensor(min), lambda a, b: WORDS["max"](a, b))
    if max is not None:
        out = combined(out, reader.tensor(max), lambda a, b: WORDS["min"](a, b))
    return reader.named("clamp", out)


@reads("contiguous", "clone", "float", "double", "to", "type_as")
def _itself(reader: Any, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return x
