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
import torch
from torch.overrides import TorchFunctionMode

from matcalc.errors import NoRuleError
from matcalc.pytorch.proxies import SHARED, Traced
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
        self.lent: dict[int, Any] = {}  # whose memory NumPy looks at
        self.pending: dict[int, tuple[Any, Traced]] = {}  # a view was changed, not yet its base

    def __torch_function__(
        self, func: Callable[..., Any], kinds: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        kwargs = kwargs or {}
        if name == "__get__" and getattr(func, "__self__", None) is not None:
            return self._property(func, args)
        if name == "numpy" and not isinstance(args[0], Traced):
            self.lent[id(args[0])] = args[0]
        if _writes(name) and args and not isinstance(args[0], Traced):
            rest = (*args[1:], *kwargs.values())
            if id(args[0]) in self.found or any(_traced(a) or id(a) in self.found for a in rest):
                return self._written(name, func, args, kwargs)
        if not self.found and not self.pending:
            return func(*args, **kwargs)
        given = self.current(args)
        named = {k: self.current(v) for k, v in kwargs.items()}
        return _on(func, given, named)

    def _written(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        target, base = args[0], getattr(args[0], "_base", None)
        given = self.current(args[1:])
        named = {k: self.current(v) for k, v in kwargs.items()}
        waiting = self.pending.pop(id(target), None)
        # out[k] += x changes a view, and then assigns it to its base.
        if waiting is not None and not (name == "__setitem__" and given[1] is waiting[1]):
            raise NoRuleError(SHARED)
        if id(target) in self.lent:
            raise NoRuleError(SHARED)
        now = self._stands(target)
        if now is None:
            now = self.tracer.wrapped(self.tracer.reader.constant(target))
        if base is not None and id(target) not in self.found:
            if id(base) in self.found:
                raise NoRuleError(SHARED)
            now = _on(func, (now, *given), named)
            self.pending[id(base)] = base, now
            return now
        made = _on(func, (now, *given), named)
        self.found[id(target)] = target, now
        return made

    def _property(self, func: Any, args: Any) -> Any:
        word = func.__self__.__name__
        held = None if word.startswith("_") else self._stands(args[0])
        return getattr(held, word) if held is not None else func(*args)

    def _stands(self, value: Any) -> Traced | None:
        found = self.found.get(id(value))
        return None if found is None else found[1]

    def current(self, value: Any) -> Any:
        """What a value stands for now, in whatever it stands."""
        if isinstance(value, dict):
            return type(value)((k, self.current(v)) for k, v in value.items())
        if isinstance(value, (tuple, list)):
            line = [self.current(v) for v in value]
            return type(value)(*line) if hasattr(value, "_fields") else type(value)(line)
        if isinstance(value, Traced) or not isinstance(value, torch.Tensor):
            return value
        found = self._stands(value)
        looks = id(value._base) in self.pending or id(value._base) in self.found
        if id(value) in self.pending or (looks and found is None):
            raise NoRuleError(SHARED)
        return value if found is None else found


def _on(func: Any, args: Any, kwargs: Any) -> Any:
    """A function of torch, or a method that a traced tensor has under the same name."""
    name = getattr(func, "__name__", "")
    own = name.startswith("__") and hasattr(Traced, name)
    if args and isinstance(args[0], Traced) and (own or isinstance(func, _METHODS)):
        return getattr(args[0], name)(*args[1:], **kwargs)
    return func(*args, **kwargs)


def _traced(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_traced, value))
    return isinstance(value, Traced)


def _writes(name: str) -> bool:
    """Whether torch changes its first argument."""
    if name.startswith("__i") and name.endswith("__"):
        return name not in ("__index__", "__int__", "__invert__", "__iter__")
    return name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
