"""What stands for a tensor while a module is traced: a proxy with known sizes.

A proxy carries the tensor it stands for and answers what code asks about shapes. An operation in
place changes what the proxy stands for, and is refused where another one looks at the same memory.
What is computed under ``no_grad`` is quiet: once it meets the rest, its value is held fixed.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch.fx import Proxy

from matcalc.errors import NoRuleError
from matcalc.pytorch.reader import Placeholder, Reader
from matcalc.pytorch.table import FUNCTIONS
from matcalc.pytorch.tensors import Tensor

if TYPE_CHECKING:
    from matcalc.pytorch.tracing import ShapedTracer


def plain(size: Any) -> Any:
    """A size as Python knows it: an int where it is a number."""
    return int(size) if size.is_Integer else size


SHARED = "a tensor that has views is changed in place"


class Memory:
    """What several proxies look at, and what a change of one of them waits to be for all."""

    def __init__(self, seen: list[weakref.ref[Traced]]) -> None:
        self.seen = seen
        self.pending: Any = None


class Traced(Proxy):
    """A tensor on its way through a module."""

    def __init__(self, node: Any, tracer: Any, value: Tensor | Placeholder) -> None:
        super().__init__(node, tracer)
        self._value = value
        self._quiet = not tracer.graded()
        self._memory = Memory([weakref.ref(self)])

    @property
    def value(self) -> Tensor | Placeholder:
        if self._memory.pending is not None:
            raise NoRuleError(SHARED)
        if self._quiet and self.tracer.graded():
            reader = self.tracer.reader
            self._value, self._quiet = reader.held(reader.tensor(self._value)), False
        return self._value

    def looks_at(self, other: Traced) -> None:
        """The memory of another one, in some shape."""
        if other._memory is not self._memory:
            other._memory.seen.append(weakref.ref(self))
            self._memory = other._memory

    def becomes(self, other: Any) -> Any:
        """What an operation in place leaves behind."""
        if not self.tracer.graded() and not self._quiet and not self.tracer.is_buffer(self):
            raise NoRuleError("a tensor that has a gradient is changed in place under no_grad")
        others = [
            one for ref in self._memory.seen if (one := ref()) is not None and one is not self
        ]
        if any(map(self.tracer.is_learnt, others)):
            raise NoRuleError(SHARED)
        if others:
            made = self.tracer.wrapped(self.tracer.reader.tensor(other))
            self._memory.pending = made
            return made
        self._value = self.tracer.reader.tensor(other)
        self._quiet = not self.tracer.graded()
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._memory.pending is not None and self._memory.pending is value:
            self._memory.pending = None  # x[k] += y changes a view, and then assigns it
        self.tracer.create_proxy("call_method", "setitem_", (self, key, value), {})

    def __iadd__(self, other: Any) -> Any:
        return self.becomes(self + other)

    def __isub__(self, other: Any) -> Any:
        return self.becomes(self - other)

    def __imul__(self, other: Any) -> Any:
        return self.becomes(self * other)

    def __ipow__(self, other: Any) -> Any:
        return self.becomes(self**other)

    def __iand__(self, other: Any) -> Any:
        return self.becomes(self & other)

    def __ior__(self, other: Any) -> Any:
        return self.becomes(self | other)

    def __itruediv__(self, other: Any) -> Any:
        return self.becomes(self / other)

    @property
    def shape(self) -> tuple[Any, ...]:
        return tuple(plain(s) for s in self._value.sizes)

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return len(self._value.sizes)

    ndimension = dim

    @property
    def ndim(self) -> int:
        return len(self._value.sizes)

    def numel(self) -> Any:
        return plain(sp.Mul(*self._value.sizes))

    @property
    def device(self) -> Any:
        return torch.device("cpu")

    @property
    def logical(self) -> bool:
        """Whether it holds yes and no, and no numbers."""
        if isinstance(self._value, Placeholder):
            return self._value.name in self.tracer.reader.yes_no
        return self._value.logical

    @property
    def dtype(self) -> Any:
        return torch.bool if self.logical else torch.get_default_dtype()

    @property
    def T(self) -> Any:
        return self.tracer.create_proxy("call_method", "T", (self,), {})

    @property
    def mT(self) -> Any:
        return self.tracer.create_proxy("call_method", "mT", (self,), {})

    @property
    def data(self) -> Any:
        return self.detach()

    # What code asks before it computes: a plain dense tensor of floating numbers on the CPU.
    is_nested = is_sparse = is_cuda = is_quantized = is_meta = False
    requires_grad = True
    grad_fn = None

    def is_floating_point(self) -> bool:
        return not self.logical

    def is_complex(self) -> bool:
        return False

    def is_contiguous(self, *args: Any, **kwargs: Any) -> bool:
        return True

    def get_device(self) -> int:
        return -1

    def __len__(self) -> int:
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        first = self.shape[0]
        if not isinstance(first, int):
            raise NoRuleError(f"a loop over an axis of {first} places: give its size as a number")
        return iter([self[k] for k in range(first)])

    def __bool__(self) -> bool:
        raise NoRuleError(
            "a branch asks for the value of a tensor: one formula holds for all values"
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return super().__getattr__(name)


class Late:
    """An input in a place where it may mean numbers or classes."""

    def __init__(self, holder: Placeholder, reader: Reader) -> None:
        self.value, self.reader, self.tracer = holder, reader, None

    def __getattr__(self, name: str) -> Any:
        if name == "detach":  # it is no tensor of torch, and asking must not decide what it is
            raise AttributeError(name)
        return getattr(self.reader.tensor(self.value), name)


class Raw:
    """A module whose attributes are what they are, not proxies."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        for table in ("_parameters", "_buffers", "_modules"):
            found = self._module.__dict__[table]
            if name in found:
                value = found[name]
                return Raw(value) if table == "_modules" else value
        raise AttributeError(name)


class Params:
    """A layer as its reading sees it: parameters and buffers as tensors, settings as they are."""

    def __init__(self, tracer: ShapedTracer, module: Any) -> None:
        self._tracer, self._module = tracer, module

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # the reading asks for the name of the layer
        return type(self._module)

    def __getattr__(self, name: str) -> Any:
        module = self._module
        for table in ("_parameters", "_buffers"):
            if name in module.__dict__[table]:
                value = module.__dict__[table][name]
                return None if value is None else self._tracer.owned(value)
        if name in module.__dict__["_modules"]:
            return Params(self._tracer, module.__dict__["_modules"][name])
        for hook in module.__dict__["_forward_pre_hooks"].values():
            if getattr(hook, "name", None) == name:  # weight_norm, the only hook that is let in
                held = module.__dict__["_parameters"]
                v, g = (self._tracer.owned(held[f"{name}_{w}"]) for w in "vg")
                return FUNCTIONS["_weight_norm"](self._tracer.reader, v, g, hook.dim)
        value = getattr(module, name)
        if isinstance(value, torch.Tensor):
            raise NoRuleError(f"{name} is computed from other parameters, which is not read")
        return value


def learnt(value: Any) -> bool:
    """Whether a tensor is a parameter that is not frozen."""
    return isinstance(value, torch.nn.Parameter) and bool(value.requires_grad)
