"""``torch.fx`` with known shapes: every operation is read when it is met; no graph is kept."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.fx import Tracer

from matcalc.errors import MatcalcError, NoRuleError
from matcalc.pytorch import (  # noqa: F401 - their layers enter the table
    embedding,
    images,
    loss_layers,
    normalising,
    pooling,
    sequences,
)
from matcalc.pytorch.functions import FUNCTIONS
from matcalc.pytorch.layers import LAYERS
from matcalc.pytorch.proxies import Late, Params, Raw, Traced, learnt
from matcalc.pytorch.questions import ASKS, JOINS, asked
from matcalc.pytorch.reader import Placeholder, Reader
from matcalc.pytorch.surroundings import filled, full, symbolic_sizes
from matcalc.pytorch.tensors import Tensor

# What looks at the same memory in another shape.
VIEWS = frozenset({
    "view", "reshape", "flatten", "transpose", "t", "T", "mT", "adjoint", "permute", "unsqueeze",
    "squeeze", "getitem", "select", "narrow", "chunk", "split", "unbind", "expand",
    "broadcast_to", "contiguous", "to", "float", "double", "type_as", "swapaxes", "swapdims",
    "movedim", "moveaxis", "unflatten", "view_as", "reshape_as", "expand_as", "ravel", "diagonal",
    "tensor_split", "Flatten", "Unflatten",
})  # fmt: skip
# What gives back the very tensor it got, where it is read at all.
SAME = frozenset({
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
    "Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout",
    "FeatureAlphaDropout",
})  # fmt: skip
# Where an input may hold class numbers.
CLASSES = frozenset({
    "cross_entropy", "nll_loss", "embedding", "one_hot", "gather", "embedding_bag", "CrossEntropyLoss",
    "NLLLoss", "Embedding", "EmbeddingBag",
})  # fmt: skip
# What leaves open whether an input holds numbers or classes.
OPEN = frozenset({
    "view", "reshape", "flatten", "squeeze", "unsqueeze", "getitem", "transpose", "t", "T", "mT",
    "permute", "contiguous", "clone", "long",
})  # fmt: skip
# Where a tensor filled with -inf may stand.
AFTER_MASK = SAME | frozenset({
    "softmax", "log_softmax", "logsumexp", "contiguous", "clone", "to", "float", "double", "type_as",
    "cross_entropy", "nll_loss", "masked_fill", "Softmax", "LogSoftmax", "CrossEntropyLoss",
    "NLLLoss",
})  # fmt: skip


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
            made = [self.wrapped(v) for v in value]
            return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
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
        known = sig.parameters.get(name)
        if known is not None and known.kind in (known.VAR_POSITIONAL, known.VAR_KEYWORD):
            return _whole(() if known.kind is known.VAR_POSITIONAL else {})
        default = None if known is None else known.default
        if default is sig.empty:
            raise NoRuleError(f"shapes gives no shape for the input {name}")
        return _whole(default)

    def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
        """Layers that have a reading, and those of torch that are made of nothing else."""
        home = type(m).__module__
        if not home.startswith("torch.nn") or home.startswith("torch.nn.utils"):
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
        name = JOINS.get(target, name)
        if torch.is_grad_enabled() != self.grad:
            raise NoRuleError(f"{name} is computed without a gradient, which is not read")
        if torch.is_autocast_enabled("cpu"):
            raise NoRuleError(f"{name} is computed under autocast, in numbers of another precision")
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
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise NoRuleError(
                f"from_torch cannot read {where} as it is called here: "
                f"{type(error).__name__}: {error}"
            ) from error
        finally:
            self.reader.where = before

    def _attribute(self, path: str) -> Tensor:
        value = operator.attrgetter(path)(Raw(self.root))
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
        data = [self._data(a, kind) for a in args]
        named = {k: self._data(v, kind) for k, v in kwargs.items()}
        _unmasked(kind, data)
        found = reading(self.reader, Params(self, module), *data, **named)
        if getattr(module, "inplace", False):
            return args[0].becomes(self.wrapped(found))
        return self._shared(kind, args, self.wrapped(found))

    def _data(self, value: Any, kind: str) -> Any:
        """An argument of a layer; of some, an input may be class numbers."""
        if isinstance(value, Traced):
            if isinstance(value.value, Placeholder) and kind in CLASSES:
                return Late(value.value, self.reader)
            return self.reader.tensor(value)
        if isinstance(value, (tuple, list)):
            return tuple(self._data(v, kind) for v in value)
        return value

    def _call(self, name: str, args: Any, kwargs: Any) -> Any:
        kwargs = dict(kwargs)
        in_place = bool(kwargs.pop("inplace", False))
        if name.endswith("_") and not name.startswith("_"):
            name, in_place = name[:-1], True
        if kwargs.pop("out", None) is not None:
            raise NoRuleError(f"{name} is read without out=")
        self.reader.cast(name, kwargs.pop("dtype", None))
        made = self._made(name, args, kwargs)
        if not in_place:
            return self._shared(name, args, made)
        if not isinstance(args[0], Traced):
            raise NoRuleError(f"{name}_ changes a tensor that the module made itself")
        return args[0].becomes(made)

    def _shared(self, name: str, args: Any, made: Any) -> Any:
        """A result, and whether it looks at the memory of what it was made of."""
        if not args or not isinstance(args[0], Traced):
            return made
        if name in SAME:
            return args[0]
        if name in VIEWS:
            for one in (args[0], *(made if isinstance(made, tuple) else (made,))):
                one.shared = True
        return made

    def _made(self, name: str, args: Any, kwargs: Any) -> Any:
        first = args[0].value if args and isinstance(args[0], Traced) else None
        if isinstance(first, Placeholder) and name in OPEN:
            return self.wrapped(self.reader.moved(first, name, args[1:], kwargs))
        if name in ("randn_like", "rand_like"):
            if name == "rand_like":
                raise NoRuleError("rand_like is random: pass the draw as an input")
            return self.wrapped(self.reader.noise(self.reader.tensor(first).sizes))
        if name in ("zeros_like", "ones_like", "new_zeros", "new_ones", "full_like", "new_full"):
            return self.wrapped(self._constant(name, first, args[1:], kwargs))
        if name in ASKS:
            return self.wrapped(asked(self.reader, name, args))
        reading = FUNCTIONS.get(name)
        if reading is None:
            path = self._path()
            where = f" in {path}" if path else ""
            raise NoRuleError(f"from_torch cannot read {name}{where}")
        given = [self._argument(a, name) for a in args]
        named = {k: self._argument(v, name) for k, v in kwargs.items()}
        _unmasked(name, given)
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
                return Late(value.value, self.reader) if late else self.reader.tensor(value)
            return value.value
        if isinstance(value, (tuple, list)):
            return type(value)(self._argument(v, name) for v in value)
        return value

    def _constant(self, name: str, first: Any, args: Any, kwargs: Any) -> Tensor:
        """zeros_like, new_ones, full_like and their kin."""
        like = name.endswith("like")
        sizes = self.reader.tensor(first).sizes if like else args[0]
        rest = args if like else args[1:]
        if "full" in name:
            return full(sizes, rest[0] if rest else kwargs["fill_value"])
        if not like and not isinstance(sizes, (tuple, list)):
            sizes = args
        return filled("zeros" if "zeros" in name else "ones", sizes)


class _Pair(tuple):  # type: ignore[type-arg]
    """A tuple that fx leaves alone."""


class _Table(dict):  # type: ignore[type-arg]
    """A dict that fx leaves alone."""


class _Line(list):  # type: ignore[type-arg]
    """A list that fx leaves alone."""


def _whole(value: Any) -> Any:
    """A default in a container: fx would take it apart, and the output with it."""
    kinds: dict[type, Any] = {tuple: _Pair, dict: _Table, list: _Line}
    return kinds[type(value)](value) if type(value) in kinds else value


def _unmasked(name: str, args: Any) -> None:
    if name not in AFTER_MASK and any(
        isinstance(a, Tensor) and a.mask is not None
        for each in args
        for a in (each if isinstance(each, (tuple, list)) else (each,))
    ):
        raise NoRuleError(f"{name} of a tensor that is filled with -inf is not read")


# -- the trace -----------------------------------------------------------------------------------


def traced(tracer: ShapedTracer, module: Any, loss: Any = None) -> Any:
    """What a module, and then a loss, make of the inputs, as proxies."""
    _without_hooks(module)
    for path in type_questions(module):
        tracer.reader.say(f"{path} asks in its code what is a tensor; a traced one says no")
    with symbolic_sizes(tracer):
        try:
            if type(module).__name__ in LAYERS and tracer.is_leaf_module(module, ""):
                tracer.result = _one_layer(tracer, module)
            else:
                tracer.trace(module)
            if loss is None:
                return tracer.result
            names = list(inspect.signature(loss).parameters)[1:]
            given = [tracer.placeholder(n) for n in names]
            return tracer.guarded("the loss", lambda: loss(tracer.result, *given))
        except MatcalcError:
            raise
        except Exception as error:  # whatever the module's own code may raise on proxies
            path = tracer._path()
            where = f" in {path}" if path else ""
            raise NoRuleError(
                f"from_torch cannot follow {type(module).__name__}{where}: "
                f"{type(error).__name__}: {error}"
            ) from error


def _one_layer(tracer: ShapedTracer, module: Any) -> Any:
    """A layer of torch that stands alone."""
    tracer.root = module
    names = list(inspect.signature(module.forward).parameters)
    given = [n for n in names if n in tracer.reader.shapes]
    if given != names[: len(given)] or not given:
        wanted = ", ".join(names[: len(given) + 1])
        raise NoRuleError(f"{type(module).__name__} wants shapes for its inputs: {wanted}")
    args = tuple(tracer.placeholder(n) for n in given)
    kind = type(module).__name__
    return tracer.guarded(kind, lambda: tracer._layer(kind, module, args, {}))


def type_questions(module: Any) -> Iterator[str]:
    """Modules whose own code asks whether something is a tensor: a traced one says no."""
    for path, one in module.named_modules():
        if not type(one).__module__.startswith("torch."):
            code = getattr(type(one).forward, "__code__", None)
            asked = {*code.co_names} if code is not None else set()
            if "is_tensor" in asked or ({"isinstance"} < asked and "Tensor" in asked):
                yield path or "the module"


HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def _without_hooks(module: Any) -> None:
    """A hook may change values or gradients, and the trace does not see it."""
    for path, one in module.named_modules():
        if any(getattr(one, word, None) for word in HOOKS):
            raise NoRuleError(f"hooks are not read, and {path or 'the module'} has some")
    for path, value in module.named_parameters():
        if getattr(value, "_backward_hooks", None):
            raise NoRuleError(f"hooks are not read, and the parameter {path} has some")
