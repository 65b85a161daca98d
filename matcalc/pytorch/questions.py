"""Questions about tensors: comparisons and logic, as masks of zeros and ones.

``x > 0`` is the step of x, whose slope is zero as torch's is. Whether two numbers are equal is only
asked of tensors known to hold zeros and ones; an input that is asked is then such a mask, and the
network says so.
"""

from __future__ import annotations

import operator
from typing import Any

from matcalc.errors import NoRuleError
from matcalc.ops.algebra import zeros
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.pytorch.entrywise import added, multiplied, subtracted, untied
from matcalc.pytorch.reader import Placeholder
from matcalc.pytorch.table import FUNCTIONS, reads
from matcalc.pytorch.tensors import Tensor, combined

ASKS = frozenset({
    "eq", "ne", "gt", "lt", "ge", "le", "greater", "less", "greater_equal", "less_equal",
    "logical_not", "bitwise_not", "invert", "bool", "logical_and", "logical_or", "isnan", "isinf",
})  # fmt: skip
NEVER = ("isnan", "isinf")
JOINS = {operator.and_: "logical_and", operator.or_: "logical_or"}
ORDER = {
    "gt": (False, False), "greater": (False, False), "lt": (True, False), "less": (True, False),
    "ge": (True, True), "greater_equal": (True, True), "le": (False, True),
    "less_equal": (False, True),
}  # fmt: skip


def asked(reader: Any, name: str, args: Any) -> Tensor:
    """The mask that answers a question."""
    if name in NEVER:
        reader.say("all numbers are taken to be finite")
        return _said(reader, reader.tensor(args[0]).each(lambda a: zeros(*a.shape)))
    mask = _class_asked(reader, name, *args[:2]) if len(args) > 1 else None
    if mask is not None:
        return mask
    if name in ORDER:
        return _order(reader, *ORDER[name], *args[:2])
    found = _mask(reader, name, args[0])
    if name == "bool":
        return found
    if name in ("logical_not", "bitwise_not", "invert"):
        return _said(reader, reader.complement(found))
    other = args[1]
    if name in ("logical_and", "logical_or"):
        second = _mask(reader, name, other)
        both = combined(found, second, multiplied)
        if name == "logical_and":
            return _said(reader, both)
        return _said(reader, combined(combined(found, second, added), both, subtracted))
    if not isinstance(other, (int, float)) or other not in (0, 1):
        raise NoRuleError(f"{name} is read of zeros and ones, compared with 0 or 1")
    return found if (other == 1) == (name == "eq") else _said(reader, reader.complement(found))


def _class_asked(reader: Any, name: str, value: Any, other: Any) -> Tensor | None:
    """``ids != 0``, of an input of class numbers; ``ids > 0`` asks the same."""
    holder = getattr(value, "value", None)
    if not isinstance(holder, Placeholder) or not isinstance(other, int):
        return None
    if name in ("gt", "greater") and other == 0:
        name = "ne"
    if name not in ("eq", "ne"):
        return None
    found: Tensor | None = reader.one_class(holder, other)
    if found is None and other not in (0, 1):
        reader.open_questions[holder.name] = other
        return _said(reader, reader.binary_input(holder))
    return found if found is None or name == "eq" else _said(reader, reader.complement(found))


def _mask(reader: Any, name: str, value: Any) -> Tensor:
    holder = getattr(value, "value", None)
    if isinstance(holder, Placeholder):
        return reader.binary_input(holder)
    if not reader.is_mask(value):
        if name in ("where", "masked_fill"):
            raise NoRuleError(f"{name} is read with a mask of zeros and ones")
        raise NoRuleError(
            f"{name} asks for the value of a tensor that is not known to hold zeros and ones"
        )
    found: Tensor = reader.tensor(value)
    return found


def _said(reader: Any, T: Tensor) -> Tensor:
    reader.binary.update(T.parts.values())
    return T


def _order(reader: Any, swapped: bool, negated: bool, a: Any, b: Any) -> Tensor:
    """a > b is step(a - b); a >= b is 1 - step(b - a)."""
    A, B = reader.tensor(a), reader.tensor(b)
    if B.axes == () and reader.is_mask(a) and not swapped and not negated and B.node == 0:
        return A
    off = combined(*((B, A) if swapped else (A, B)), subtracted)
    found = _said(reader, untied(off).each(WORDS["step"]))
    return _said(reader, reader.complement(found)) if negated else found


@reads("where")
def _where(reader: Any, mask: Any, a: Any = None, b: Any = None) -> Tensor:
    """``a`` where the mask is 1, ``b`` where it is 0."""
    if a is None or b is None:
        raise NoRuleError("where asks for the places of a tensor: one formula holds for all values")
    shown = _mask(reader, "where", mask)
    if _is_hidden(b):
        return reader.masked(_whole(reader, a, shown), shown)
    if _is_hidden(a):
        return reader.masked(_whole(reader, b, shown), reader.complement(shown))
    first = combined(reader.tensor(a), shown, multiplied)
    second = combined(reader.tensor(b), reader.complement(shown), multiplied)
    return reader.named("where", combined(first, second, added))


def _is_hidden(value: Any) -> bool:
    """-inf, as a number or as a tensor of one."""
    if hasattr(value, "detach") and not hasattr(value, "tracer"):
        value = float(value) if value.numel() == 1 else 0
    return isinstance(value, (int, float)) and value == float("-inf")


def _whole(reader: Any, value: Any, mask: Tensor) -> Tensor:
    """A tensor that has every axis of the mask that hides in it."""
    T: Tensor = reader.tensor(value)
    more = len(mask.axes) - len(T.axes)
    sizes = [*mask.sizes[: max(more, 0)], *T.sizes]
    for k in range(1, min(len(T.axes), len(mask.axes)) + 1):
        sizes[-k] = mask.sizes[-k] if T.axes[-k].is_one else T.sizes[-k]
    return T if tuple(sizes) == T.sizes else FUNCTIONS["expand"](reader, T, *sizes)


@reads("masked_fill")
def _masked_fill(reader: Any, x: Any, mask: Any, value: Any) -> Tensor:
    return _where(reader, mask, value, x)


@reads("item", "tolist", "argmax", "argmin", "topk", "nonzero", "sort", "argsort", "multinomial")
def _value_asked(reader: Any, x: Any, *args: Any, **kwargs: Any) -> Tensor:
    raise NoRuleError("it asks for the value of a tensor: one formula holds for all values")
