"""``torch.fx`` with known shapes: a proxy carries the tensor it stands for, and knows its sizes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import sympy as sp
import torch
from torch.fx import Proxy, Tracer

from matcalc.errors import MatcalcError, NoRuleError
from matcalc.expr import Node
from matcalc.ops.algebra import eye, ones, zeros
from matcalc.pytorch import images, sequences  # noqa: F401 - their layers enter the table
from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.layers import LAYERS
from matcalc.pytorch.reader import Placeholder, Reader
from matcalc.pytorch.tensors import Axis, Tensor, count, placed, tensor


def plain(size: Any) -> Any:
    """A size as Python knows it: an int where it is a number."""
    return int(size) if size.is_Integer else size


# What looks at the same memory in another shape.
VIEWS = frozenset(
    [
        "view",
        "reshape",
        "flatten",
        "transpose",
        "t",
        "T",
        "mT",
        "permute",
        "unsqueeze",
        "squeeze",
        "getitem",
        "select",
        "narrow",
        "chunk",
        "split",
        "unbind",
        "expand",
        "broadcast_to",
        "contiguous",
        "to",
        "float",
        "double",
    ]
)
# Where an input may hold class numbers.
CLASSES = {"cross_entropy", "nll_loss", "embedding", "CrossEntropyLoss", "NLLLoss", "Embedding"}


class Traced(Proxy):
    """A tensor on its way through a module."""

    value: Tensor | Placeholder
    shared: bool  # whether a view looks at the same memory

    def __init__(self, node: Any, tracer: Any, value: Tensor | Placeholder) -> None:
        super().__init__(node, tracer)
        self.value, self.shared = value, False

    def becomes(self, other: Any) -> Any:
        """What an operation in place leaves behind."""
        if self.shared:
            raise NoRuleError("a tensor that has views is changed in place")
        self.value = self.tracer.reader.tensor(other)
        return self

    def __iadd__(self, other: Any) -> Any:
        return self.becomes(self + other)

    def __isub__(self, other: Any) -> Any:
        return self.becomes(self - other)

    def __imul__(self, other: Any) -> Any:
        return self.becomes(self * other)

    def __itruediv__(self, other: Any) -> Any:
        return self.becomes(self / other)

    @property
    def shape(self) -> tuple[Any, ...]:
        return tuple(plain(s) for s in self.value.sizes)

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return len(self.value.sizes)

    ndimension = dim

    @property
    def ndim(self) -> int:
        return len(self.value.sizes)

    def numel(self) -> Any:
        return plain(sp.Mul(*self.value.sizes))

    @property
    def device(self) -> Any:
        return torch.device("cpu")

    @property
    def dtype(self) -> Any:
        return torch.get_default_dtype()

    @property
    def T(self) -> Any:
        return self.tracer.create_proxy("call_method", "t", (self,), {})

    @property
    def mT(self) -> Any:
        return self.tracer.create_proxy("call_method", "mT", (self,), {})

    @property
    def data(self) -> Any:
        raise NoRuleError(".data cuts a tensor off from its gradient, which is not read")

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


class ShapedTracer(Tracer):
    """Reads every operation when it is met; no graph is kept."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        self.proxy_buffer_attributes = True
        self.result: Any = None
        self.grad = torch.is_grad_enabled()
        self._serial = 0

    # -- values ------------------------------------------------------------------------------------

    def wrapped(self, value: Any) -> Any:
        """Tensors as proxies, whatever they stand in."""
        if isinstance(value, (Tensor, Placeholder)):
            self._serial += 1
            graph = getattr(self, "graph", None) or torch.fx.Graph()
            return Traced(graph.create_node("placeholder", f"v{self._serial}"), self, value)
        if isinstance(value, (tuple, list)):
            return type(value)(self.wrapped(v) for v in value)
        return value

    def bare(self, value: Any) -> Any:
        if isinstance(value, Traced):
            value = value.value
            return self.reader.tensor(value) if isinstance(value, Tensor) else value
        if isinstance(value, (tuple, list)):
            return type(value)(self.bare(v) for v in value)
        return value

    def placeholder(self, name: str) -> Any:
        if name not in self.reader.shapes:
            raise NoRuleError(f"shapes gives no shape for the input {name}")
        return self.wrapped(Placeholder(name, self.reader.shapes[name]))

    # -- what fx asks ------------------------------------------------------------------------------

    def _proxy_placeholder(self, name: str, concrete_args: Any, sig: Any, fn: Any) -> Any:
        name = name.lstrip("*")
        if name in self.reader.shapes:
            return self.placeholder(name)
        default = sig.parameters[name].default if name in sig.parameters else None
        if default is sig.empty:
            raise NoRuleError(f"shapes gives no shape for the input {name}")
        return default

    def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
        """Layers that have a reading, and those of torch that are made of nothing else."""
        if not type(m).__module__.startswith("torch.nn"):
            return False
        return type(m).__name__ in LAYERS or not any(True for _ in m.children())

    def create_arg(self, a: Any) -> Any:
        self.result = a
        return None

    def create_proxy(
        self, kind: str, target: Any, args: Any, kwargs: Any, *rest: Any, **more: Any
    ) -> Any:
        if kind == "get_attr":
            return self.wrapped(self._attribute(target))
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
        if torch.is_grad_enabled() != self.grad:
            raise NoRuleError(f"{name} is computed without a gradient, which is not read")
        if kind == "call_module":
            module = self.root.get_submodule(target)
            return self.guarded(target, lambda: self._layer(target, module, args, kwargs))
        said = f"{name} in {self._path()}" if self._path() else name
        return self.guarded(said, lambda: self._call(name, args, kwargs))

    def _path(self) -> str:
        return str(getattr(self.scope, "module_path", "") or "")

    def guarded(self, where: str, fn: Callable[[], Any]) -> Any:
        before, self.reader.where = self.reader.where, where
        try:
            return fn()
        except MatcalcError as error:
            if not getattr(error, "__notes__", None):
                error.add_note(f"while reading {where}")
            raise
        finally:
            self.reader.where = before

    def _attribute(self, path: str) -> Tensor:
        value = operator.attrgetter(path)(_Raw(self.root))
        return self.reader.parameter(path, value, learnt(value))

    def owned(self, value: Any) -> Tensor:
        """A parameter or buffer of the module, found by identity: shared weights are one."""
        for path, found in (*self.root.named_parameters(), *self.root.named_buffers()):
            if found is value:
                return self.reader.parameter(path, value, learnt(value))
        raise NoRuleError("a parameter that belongs to no module of this one")

    def _layer(self, path: str, module: Any, args: Any, kwargs: Any) -> Any:
        kind = type(module).__name__
        reading = LAYERS.get(kind)
        if reading is None:
            raise NoRuleError(f"from_torch cannot read the layer {kind} at {path}")
        if module._forward_hooks or module._forward_pre_hooks:
            raise NoRuleError(f"hooks are not read, and {path} has some")
        data = (self._data(a, kind) for a in args)
        named = {k: self._data(v, kind) for k, v in kwargs.items()}
        found = self.wrapped(reading(self.reader, _Params(self, module), *data, **named))
        return args[0].becomes(found) if getattr(module, "inplace", False) else found

    def _data(self, value: Any, kind: str) -> Any:
        """An argument of a layer; of some, an input may be class numbers."""
        if isinstance(value, Traced):
            if isinstance(value.value, Placeholder) and kind in CLASSES:
                return _Late(value.value, self.reader)
            return self.reader.tensor(value)
        if isinstance(value, (tuple, list)):
            return tuple(self._data(v, kind) for v in value)
        return value

    def _call(self, name: str, args: Any, kwargs: Any) -> Any:
        in_place = bool(kwargs.pop("inplace", False)) if "inplace" in kwargs else False
        if name.endswith("_") and not name.startswith("_"):
            name, in_place = name[:-1], True
        made = self._made(name, args, kwargs)
        if in_place:
            return args[0].becomes(made)
        if name in VIEWS and isinstance(args[0], Traced):
            for one in (args[0], *(made if isinstance(made, tuple) else (made,))):
                one.shared = True
        return made

    def _made(self, name: str, args: Any, kwargs: Any) -> Any:
        first = args[0].value if args and isinstance(args[0], Traced) else None
        if isinstance(first, Placeholder) and name in (
            "view",
            "reshape",
            "flatten",
            "squeeze",
            "long",
        ):
            return self.wrapped(self._regrouped(first, name, args[1:]))
        if name in ("randn_like", "rand_like"):
            if name == "rand_like":
                raise NoRuleError("rand_like is random: pass the draw as an input")
            return self.wrapped(self.reader.noise(self.reader.tensor(first).sizes))
        if name in ("zeros_like", "ones_like", "new_zeros", "new_ones"):
            sizes = self.reader.tensor(first).sizes if name.endswith("like") else args[1:]
            if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
                sizes = sizes[0]
            return self.wrapped(filled(name.split("_")[name.startswith("new")], sizes))
        if name in ("eq", "ne", "logical_not", "invert", "bool"):
            return self.wrapped(self._asked(name, args))
        reading = FUNCTIONS.get(name)
        if reading is None:
            path = self._path()
            where = f" in {path}" if path else ""
            raise NoRuleError(f"from_torch cannot read {name}{where}")
        given = [self._argument(a, name) for a in args]
        named = {k: self._argument(v, name) for k, v in kwargs.items()}
        named = {k: v for k, v in named.items() if not (k in ("out", "dtype") and v is None)}
        if "input" in named:
            given.insert(0, named.pop("input"))
        if "axis" in named:
            named["dim"] = named.pop("axis")
        try:
            return self.wrapped(reading(self.reader, *given, **named))
        except TypeError as error:
            if "argument" in str(error):
                raise NoRuleError(f"{name} is called in a way that is not read: {error}") from error
            raise

    def _argument(self, value: Any, name: str) -> Any:
        if isinstance(value, Traced):
            if isinstance(value.value, Placeholder):
                late = name in CLASSES
                return _Late(value.value, self.reader) if late else self.reader.tensor(value)
            return value.value
        if isinstance(value, (tuple, list)):
            return type(value)(self._argument(v, name) for v in value)
        return value

    def _regrouped(self, holder: Placeholder, name: str, args: Any) -> Placeholder:
        """Another shape of an input whose use is not known yet."""
        sizes = list(holder.sizes)
        if name == "long":
            return holder
        if name == "squeeze":
            return Placeholder(holder.name, tuple(s for s in sizes if s != 1))
        if name == "flatten":
            first = int(args[0]) if args else 0
            wanted = [*sizes[:first], sp.Mul(*sizes[first:])]
            return Placeholder(holder.name, tuple(wanted))
        given = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
        wanted = [self.reader.size(s) for s in given]
        if -1 in wanted:
            known = sp.Mul(*(s for s in wanted if s != -1))
            wanted[wanted.index(-1)] = sp.cancel(sp.Mul(*sizes) / known)
        return Placeholder(holder.name, tuple(wanted))

    def _asked(self, name: str, args: Any) -> Tensor:
        """A question about zeros and ones has an answer of zeros and ones; no other is read."""
        found = self.reader.tensor(args[0])
        if not self.reader.is_mask(args[0]):
            raise NoRuleError(f"{name} asks for the value of a tensor")
        if name == "bool":
            return found
        if name in ("logical_not", "invert"):
            return self.reader.complement(found)
        other = args[1]
        if other not in (0, 1):
            raise NoRuleError(f"{name} compares with {other}")
        return found if (other == 1) == (name == "eq") else self.reader.complement(found)


class _Late:
    """An input in a place where it may mean numbers or classes."""

    def __init__(self, holder: Placeholder, reader: Reader) -> None:
        self.value, self.reader, self.tracer = holder, reader, None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader.tensor(self.value), name)


class _Raw:
    """A module whose attributes are what they are, not proxies."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        for table in ("_parameters", "_buffers", "_modules"):
            found = self._module.__dict__[table]
            if name in found:
                value = found[name]
                return _Raw(value) if table == "_modules" else value
        raise AttributeError(name)


class _Params:
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
            return _Params(self._tracer, module.__dict__["_modules"][name])
        value = getattr(module, name)
        if isinstance(value, torch.Tensor):
            raise NoRuleError(f"{name} is computed from other parameters, which is not read")
        return value


def learnt(value: Any) -> bool:
    """Whether a tensor is a parameter that is not frozen."""
    return isinstance(value, torch.nn.Parameter) and bool(value.requires_grad)


# -- the trace -----------------------------------------------------------------------------------


def filled(word: str, sizes: Any) -> Tensor:
    """Zeros or ones of sizes that may be symbols."""
    axes = tuple(Axis(sp.Integer(s) if isinstance(s, int) else s) for s in sizes)
    shown = placed(axes)
    cut = max(len(shown) - 1, 0)
    make = zeros if word == "zeros" else ones
    node: Node = make(count(shown[:cut]), count(shown[cut:]))
    return tensor(node, shown[:cut], shown[cut:], axes)


@contextmanager
def symbolic_sizes(tracer: ShapedTracer) -> Iterator[None]:
    """Inside, torch.zeros, ones, eye and randn take sizes that are symbols."""
    with ExitStack() as stack:
        for word in ("zeros", "ones", "eye", "randn", "rand", "tril", "triu"):
            original = getattr(torch, word)

            def call(
                *args: Any, _word: str = word, _original: Any = original, **kwargs: Any
            ) -> Any:
                sizes = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
                if _word in ("tril", "triu"):
                    return _triangle(tracer, _word, _original, args, kwargs)
                if _word in ("randn", "rand"):
                    if _word == "rand":
                        raise NoRuleError("torch.rand is random: pass the draw as an input")
                    return tracer.wrapped(
                        tracer.reader.noise(tuple(map(tracer.reader.size, sizes)))
                    )
                if not any(isinstance(s, sp.Expr) for s in sizes):
                    return _original(*args, **kwargs)
                if _word == "eye":
                    axes = Axis(sizes[0]), Axis(sizes[0])
                    return tracer.wrapped(tensor(eye(sizes[0]), axes[:1], axes[1:], axes))
                return tracer.wrapped(filled(_word, sizes))

            setattr(torch, word, call)
            stack.callback(setattr, torch, word, original)
        yield


def _triangle(tracer: ShapedTracer, word: str, original: Any, args: Any, kwargs: Any) -> Any:
    """A triangle of a traced tensor; of a real one, torch's own."""
    if not isinstance(args[0], Traced):
        return original(*args, **kwargs)
    diagonal = args[1] if len(args) > 1 else kwargs.get("diagonal", 0)
    found = tracer.reader.tensor(args[0])
    if diagonal not in (0, -1, 1) or len(found.axes) != 2 or found.tied or found.outer:
        raise NoRuleError(f"{word} is read for matrices and diagonals -1, 0, 1")
    from matcalc.ops.algebra import minus
    from matcalc.ops.base import FUNCTIONS as WORDS
    from matcalc.pytorch.tensors import laid_out

    found = laid_out(found, placed(found.axes[:1]), placed(found.axes[1:]))
    node = found.node
    other = {"tril": "triu", "triu": "tril"}[word]
    if diagonal == 0:
        made = WORDS[word](node)
    elif (word, diagonal) in (("triu", 1), ("tril", -1)):
        made = minus(node, WORDS[other](node))
    else:
        raise NoRuleError(f"{word} with diagonal {diagonal} is not read")
    if tracer.reader.is_mask(args[0]):
        tracer.reader.binary.add(made)
    return tracer.wrapped(found.each(lambda _: made))


def traced(tracer: ShapedTracer, module: Any) -> Any:
    """What a module makes of its inputs, as proxies."""
    with symbolic_sizes(tracer):
        try:
            tracer.trace(module)
        except MatcalcError:
            raise
        except (TypeError, RuntimeError, ValueError, AttributeError, NotImplementedError) as error:
            path = tracer._path()
            where = f" in {path}" if path else ""
            raise NoRuleError(
                f"from_torch cannot follow {type(module).__name__}{where}: {error}"
            ) from error
    return tracer.result
