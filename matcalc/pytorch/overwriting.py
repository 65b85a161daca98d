"""Changes in place: parts of a tensor that are assigned, and torch tensors that take traced values.

A tensor that the module made itself (``out = torch.zeros(n, d)``) becomes a traced one when a traced
value is written into it; from then on it stands for that one, wherever torch meets it.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sympy as sp
from torch.overrides import TorchFunctionMode

from matcalc.errors import NoRuleError
from matcalc.pytorch.proxies import Traced
from matcalc.pytorch.selecting import listed, places, selected
from matcalc.pytorch.table import FUNCTIONS, reads
from matcalc.pytorch.tensors import Axis, Tensor

if TYPE_CHECKING:
    from matcalc.pytorch.tracing import ShapedTracer


@reads("setitem")
def assigned(reader: Any, x: Tensor, key: Any, value: Any) -> Tensor:
    """``x`` after ``x[key] = value``."""
    if getattr(key, "logical", False) or str(getattr(key, "dtype", "")) == "torch.bool":
        return FUNCTIONS["masked_fill"](reader, x, key, value)
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(k is None for k in keys):
        raise NoRuleError("an assignment to a new axis is not read")
    if any(k is Ellipsis for k in keys):
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(x.axes) - len(keys) + 1)
    if any(hasattr(k, "tracer") for k in keys):
        raise NoRuleError("an assignment to places that are computed is not read")
    seen: Tensor = FUNCTIONS["getitem"](reader, x, tuple(keys))
    part: Tensor = FUNCTIONS["expand"](reader, reader.tensor(value), *seen.sizes)
    axes = list(part.axes)
    for k, item in enumerate(keys):
        if isinstance(item, int):
            axes.insert(k, Axis(sp.Integer(1)))
    return _with_part(reader, x, keys, 0, replace(part, axes=tuple(axes)))


def _with_part(reader: Any, x: Tensor, keys: list[Any], k: int, part: Tensor) -> Tensor:
    """The places of one axis that are assigned, put together with those that stay."""
    while k < len(keys) and isinstance(keys[k], slice) and keys[k] == slice(None):
        k += 1
    if k == len(keys):
        return part
    size = places(x, k, "an assignment")
    new = listed(keys[k], size)
    if len({*new}) != len(new):
        raise NoRuleError("an assignment that names a place twice is not read")
    inside = _with_part(reader, selected(reader, x, k, new), keys, k + 1, part)
    old = [i for i in range(size) if i not in {*new}]
    if not old:
        order = new
        whole = inside
    else:
        order = old + new
        whole = FUNCTIONS["cat"](reader, [selected(reader, x, k, old), inside], k)
    if order == list(range(size)):
        return whole
    return selected(reader, whole, k, [order.index(i) for i in range(size)])


_METHODS = (types.MethodDescriptorType, types.WrapperDescriptorType)


class Overwritten(TorchFunctionMode):
    """Torch tensors that took traced values, by identity."""

    def __init__(self, tracer: ShapedTracer) -> None:
        super().__init__()
        self.tracer = tracer
        self.found: dict[int, tuple[Any, Traced]] = {}
        self.pending: dict[int, tuple[Any, Traced]] = {}  # a view was changed, not yet its base

    def __torch_function__(
        self, func: Callable[..., Any], kinds: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        kwargs = kwargs or {}
        if name == "__get__" and getattr(func, "__self__", None) is not None:
            return self._property(func, args)
        if _writes(name) and args and not isinstance(args[0], Traced):
            rest = (*args[1:], *kwargs.values())
            if id(args[0]) in self.found or any(_traced(a) or id(a) in self.found for a in rest):
                return self._written(name, func, args, kwargs)
        if not self.found and not self.pending:
            return func(*args, **kwargs)
        given = self._replaced(args)
        named = {k: self._replaced(v) for k, v in kwargs.items()}
        if isinstance(func, _METHODS) and isinstance(given[0], Traced) and given[0] is not args[0]:
            return getattr(given[0], name)(*given[1:], **named)
        return func(*given, **named)

    def _written(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        target, base = args[0], getattr(args[0], "_base", None)
        given = self._replaced(args[1:])
        named = {k: self._replaced(v) for k, v in kwargs.items()}
        if name == "__setitem__" and (waiting := self.pending.get(id(target))) is not None:
            if given[1] is waiting[1]:  # out[k] += x: the view, and then its base
                del self.pending[id(target)]
        now = self._stands(target)
        if now is None:
            now = self.tracer.wrapped(self.tracer.reader.constant(target))
        if base is not None and id(target) not in self.found:
            if id(base) in self.found:
                raise NoRuleError("a tensor that has views is changed in place")
            now = func(now, *given, **named)
            self.pending[id(base)] = base, now
            return now
        made = now.__setitem__(*given) if name == "__setitem__" else func(now, *given, **named)
        self.found[id(target)] = target, now
        return made

    def _property(self, func: Any, args: Any) -> Any:
        word = func.__self__.__name__
        held = self._stands(args[0])
        return getattr(held, word) if held is not None else func(*args)

    def _stands(self, value: Any) -> Traced | None:
        found = self.found.get(id(value))
        return None if found is None else found[1]

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
            return type(value)(self._replaced(v) for v in value)
        if isinstance(value, Traced) or not hasattr(value, "_base"):
            return value
        if id(value) in self.pending or id(value._base) in {*self.pending, *self.found}:
            if id(value) not in self.found:
                raise NoRuleError("a tensor that has views is changed in place")
        found = self._stands(value)
        return value if found is None else found


def _traced(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_traced, value))
    return isinstance(value, Traced)


def _writes(name: str) -> bool:
    """Whether torch changes its first argument."""
    if name.startswith("__i") and name.endswith("__"):
        return name not in ("__index__", "__int__", "__invert__", "__iter__")
    return name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
