"""Functions of torch that are a line of others, written out as that line."""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import number
from matcalc.ops.algebra import had, minus, mul, neg
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.pytorch.activations import plus
from matcalc.pytorch.entrywise import added, divided, multiplied, subtracted, untied
from matcalc.pytorch.reductions import total
from matcalc.pytorch.selecting import places, selected
from matcalc.pytorch.shaping import picked, transposed
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import Tensor, combined


@reads("addcmul")
def _addcmul(reader: Any, c: Tensor, a: Tensor, b: Tensor, *, value: Any = 1) -> Tensor:
    return _added_up(reader, c, combined(a, b, multiplied), value)


@reads("addcdiv")
def _addcdiv(reader: Any, c: Tensor, a: Tensor, b: Tensor, *, value: Any = 1) -> Tensor:
    return _added_up(reader, c, combined(a, b, divided), value)


def _added_up(reader: Any, c: Tensor, made: Tensor, value: Any) -> Tensor:
    if value != 1:
        made = combined(reader.tensor(value), made, multiplied)
    return reader.named("add", combined(c, made, added))


@reads("hypot")
def _hypot(reader: Any, a: Tensor, b: Tensor) -> Tensor:
    first, second = (x.each(lambda v: power(v, 2)) for x in (a, b))
    return reader.named("norm", combined(first, second, added).each(WORDS["sqrt"]))


@reads("xlogy", "special_xlogy")
def _xlogy(reader: Any, a: Tensor, b: Tensor) -> Tensor:
    reader.say("xlogy is read as x log y; torch takes 0 where x is 0")
    return reader.named("mul", combined(a, untied(b).each(WORDS["log"]), multiplied))


def _hyperbolic(word: str, fn: Any) -> None:
    @reads(word, f"arc{word[1:]}")
    def reading(reader: Any, x: Tensor) -> Tensor:
        return reader.named(word, untied(x).each(fn))


_hyperbolic("asinh", lambda a: WORDS["log"](added(a, WORDS["sqrt"](plus(power(a, 2), 1)))))
_hyperbolic("acosh", lambda a: WORDS["log"](added(a, WORDS["sqrt"](plus(power(a, 2), -1)))))
_hyperbolic(
    "atanh",
    lambda a: mul(power(number(2), -1), minus(WORDS["log1p"](a), WORDS["log1p"](neg(a)))),
)


@reads("sgn")
def _sgn(reader: Any, x: Tensor) -> Tensor:
    return FUNCTIONS["sign"](reader, x)


@reads("cross", "linalg_cross")
def _cross(reader: Any, a: Tensor, b: Tensor, *, dim: int = -1) -> Tensor:
    k = axis_number(a, dim)
    if a.sizes[k] != 3 or b.sizes[axis_number(b, dim)] != 3:
        raise ShapeError("a cross product is of vectors with three entries")

    def turned(x: Tensor, by: int) -> Tensor:
        return FUNCTIONS["roll"](reader, x, by, dim)

    first = combined(turned(a, -1), turned(b, 1), multiplied)
    second = combined(turned(a, 1), turned(b, -1), multiplied)
    return reader.named("sub", combined(first, second, subtracted))


@reads("cumprod")
def _cumprod(reader: Any, x: Tensor, dim: int) -> Tensor:
    """Written out, place by place."""
    k = axis_number(x, dim)
    line = [picked(x, k, i, sp.Integer(1), True) for i in range(places(x, k, "cumprod"))]
    for i in range(1, len(line)):
        made = combined(line[i - 1], line[i], lambda a, b: had(a, b) if a.shape else mul(a, b))
        line[i] = reader.named("mul", made)
    return FUNCTIONS["cat"](reader, line, k)


@reads("matrix_power", "linalg_matrix_power")
def _matrix_power(reader: Any, x: Tensor, n: int) -> Tensor:
    if n < 0:
        x, n = FUNCTIONS["inverse"](reader, x), -n
    if n == 0:
        raise NoRuleError("a matrix to the power 0 is read as torch.eye")
    found = x
    for _ in range(n - 1):
        found = FUNCTIONS["matmul"](reader, found, x)
    return found


@reads("var_mean")
def _var_mean(reader: Any, x: Tensor, dim: Any = None, *args: Any, **kwargs: Any) -> Any:
    keep = kwargs.get("keepdim", False)
    mean = FUNCTIONS["mean"](reader, x, dim, keep)
    return FUNCTIONS["var"](reader, x, dim, *args, **kwargs), mean


@reads("std_mean")
def _std_mean(reader: Any, x: Tensor, dim: Any = None, *args: Any, **kwargs: Any) -> Any:
    var, mean = _var_mean(reader, x, dim, *args, **kwargs)
    return reader.named("std", var.each(WORDS["sqrt"])), mean


class Ends(NamedTuple):
    """What aminmax returns."""

    min: Tensor
    max: Tensor


@reads("aminmax")
def _aminmax(reader: Any, x: Tensor, *, dim: Any = None, keepdim: bool = False) -> Any:
    return Ends(*(FUNCTIONS[word](reader, x, dim, keepdim) for word in ("amin", "amax")))


@reads("trapezoid", "trapz")
def _trapezoid(reader: Any, y: Tensor, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Tensor:
    if x is not None:
        raise NoRuleError("trapezoid is read with equal steps dx")
    k = axis_number(y, dim)
    n = places(y, k, "trapezoid")
    left, right = (picked(y, k, start, sp.Integer(n - 1), True) for start in (0, 1))
    whole = total(combined(left, right, added), k)
    return reader.named("sum", combined(reader.tensor(dx / 2), whole, multiplied))


@reads("rot90")
def _rot90(reader: Any, x: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    for _ in range(k % 4):
        x = FUNCTIONS["flip"](reader, transposed(reader, x, *dims), dims[0])
    return x


@reads("windows")
def windows(reader: Any, x: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """``x.unfold(dimension, size, step)``: neighbouring places in a new last axis."""
    k = axis_number(x, dimension)
    n = places(x, k, "unfold")
    if size > n:
        raise ShapeError(f"windows of {size} places in an axis of {n}")
    starts = range(0, n - size + 1, step)
    line = [s + i for s in starts for i in range(size)]
    if line != list(range(n)):
        x = selected(reader, x, k, line)
    made = FUNCTIONS["unflatten"](reader, x, k, (len(starts), size))
    return FUNCTIONS["movedim"](reader, made, k + 1, -1)


@reads("rrelu")
def _rrelu(
    reader: Any, x: Tensor, lower: float = 0.125, upper: float = 1 / 3, training: bool = False
) -> Tensor:
    if training:
        raise NoRuleError("rrelu is random in training: call module.eval() first")
    return FUNCTIONS["leaky_relu"](reader, x, (lower + upper) / 2)


@reads("lp_pool1d", "lp_pool2d")
def _lp_pool(
    reader: Any, x: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    if norm_type != 2 or ceil_mode:
        raise NoRuleError("lp pooling is read with p = 2 and without ceil_mode")
    axes = len(x.axes) - 2
    mean = FUNCTIONS[f"avg_pool{axes}d"](reader, x.each(lambda a: power(a, 2)), kernel_size, stride)
    size = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size,) * axes
    return reader.named(
        "pool", mean.each(lambda a: WORDS["sqrt"](mul(number(int(sp.prod(size))), a)))
    )
