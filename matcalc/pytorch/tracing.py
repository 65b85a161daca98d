"""``torch.fx`` with known shapes: every operation is read when it is met; no graph is kept."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch.fx import Tracer
from torch.nn.utils.weight_norm import WeightNorm

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
from matcalc.pytorch.masks import viewed
from matcalc.pytorch.overwriting import Overwritten
from matcalc.pytorch.proxies import Late, Params, Raw, Traced, learnt
from matcalc.pytorch.questions import ASKS, JOINS, asked
from matcalc.pytorch.reader import NumbersClasses, Placeholder, Reader
from matcalc.pytorch.surroundings import (
    attributes_seen,
    filled,
    full,
    symbolic_sizes,
    unchanged,
)
from matcalc.pytorch.table import called
from matcalc.pytorch.tensors import Tensor
from matcalc.pytorch.words import AFTER_MASK, CLASSES, LOGICAL, METHODS, OPEN, SAME, VIEWS


class ShapedTracer(Tracer):
    """Reads every operation when it is met; no graph is kept."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        self.proxy_buffer_attributes = True
        self.result: Any = None
        self.grad = torch.is_grad_enabled()
        self._serial = 0
        self._paths: dict[int, str] = {}  # of parameters and buffers, by identity
        self._owned: dict[str, Traced] = {}
        self._copies: dict[
            str, torch.Tensor
        ] = {}  # buffers of whole numbers, whose values are used
        self.overwritten = Overwritten(self)
        self._loose: dict[str, Any] = {}  # layers that belong to no module

    def graded(self) -> bool:
        """Whether gradients pass through what is computed now."""
        return torch.is_grad_enabled() or not self.grad

    def owns(self, module: Any) -> None:
        """The module whose parameters and buffers are known by their paths."""
        self.root = module
        for path, value in (*module.named_buffers(), *module.named_parameters()):
            self._paths.setdefault(id(value), path)

    def is_buffer(self, one: Traced) -> bool:
        return any(v is one for v in self._owned.values()) and not self.is_learnt(one)

    def is_learnt(self, one: Traced) -> bool:
        path = next((k for k, v in self._owned.items() if v is one), None)
        return path is not None and learnt(operator.attrgetter(path)(Raw(self.root)))

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: Any = None) -> Any:
        """What a module holds: parameters and buffers as proxies, each always the same one."""
        path = self._paths.get(id(attr_val)) if isinstance(attr_val, torch.Tensor) else None
        if path is None:
            return attr_val
        if not attr_val.is_floating_point() and not attr_val.is_complex():  # places, counts, masks
            return self._copies.setdefault(path, attr_val.detach().clone())
        if path not in self._owned:
            with torch.set_grad_enabled(self.grad):
                self._owned[path] = self.wrapped(self._attribute(path))
        return self._owned[path]

    # -- values ------------------------------------------------------------------------------------

    def wrapped(self, value: Any) -> Any:
        """Tensors as proxies, whatever they stand in."""
        if isinstance(value, (Tensor, Placeholder)):
            self._serial += 1
            return Traced(self.graph.create_node("placeholder", f"v{self._serial}"), self, value)
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

    def path_of_module(self, mod: Any) -> str:
        """Its path; a layer that is made on the way has none and goes by its class."""
        try:
            return super().path_of_module(mod)
        except NameError:
            name = type(mod).__name__
            self._loose[name] = mod
            return name

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
        args, kwargs = self.overwritten.current(args), self.overwritten.current(kwargs)
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
        name = JOINS.get(target, name)
        if kind == "call_method":
            name = METHODS.get(name, name)
        if torch.is_autocast_enabled("cpu"):
            raise NoRuleError(f"{name} is computed under autocast, in numbers of another precision")
        if kind == "call_module":
            module = self._loose.get(target) or self.root.get_submodule(target)
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
                f"{where} wants to know a size that is a symbol: give it as a number in shapes"
                if wants_a_size(error)
                else f"from_torch cannot read {where} as it is called here: "
                f"{type(error).__name__}: {error}"
            ) from error
        finally:
            self.reader.where = before

    def _attribute(self, path: str) -> Tensor:
        value = operator.attrgetter(path)(Raw(self.root))
        return self.reader.parameter(path, value, learnt(value))

    def owned(self, value: Any) -> Tensor:
        """A parameter or buffer of the module, found by identity: shared weights are one."""
        path = self._paths.get(id(value))
        if path is None:
            raise NoRuleError("a parameter that belongs to no module of this one")
        return self.reader.parameter(path, value, learnt(value))

    def _layer(self, path: str, module: Any, args: Any, kwargs: Any) -> Any:
        kind = type(module).__name__
        reading = LAYERS.get(kind)
        if reading is None:
            raise NoRuleError(f"from_torch cannot read the layer {kind} at {path}")
        data = [self._data(a, kind) for a in args]
        named = {k: self._data(v, kind) for k, v in kwargs.items()}
        _unmasked(kind, data)
        found = called(reading, self.reader, Params(self, module), *data, **named)
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
        if name.startswith("__i") and name.endswith("__"):
            name, in_place = name[3:-2], True
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
            for one in made if isinstance(made, tuple) else (made,):
                if isinstance(one, Traced):
                    one.looks_at(args[0])
        return made

    def _made(self, name: str, args: Any, kwargs: Any) -> Any:
        first = args[0].value if args and isinstance(args[0], Traced) else None
        if isinstance(first, Placeholder) and name == "expand_as":
            name, args = "expand", (args[0], *args[1].shape)
        if isinstance(first, Placeholder) and name in OPEN and not _proxied(args[1:]):
            return self.wrapped(self.reader.moved(first, name, args[1:], kwargs))
        if name in ("randn_like", "rand_like"):
            if name == "rand_like":
                raise NoRuleError("rand_like is random: pass the draw as an input")
            return self.wrapped(self.reader.noise(self.reader.tensor(first).sizes))
        if name in ("zeros_like", "ones_like", "new_zeros", "new_ones", "full_like", "new_full"):
            return self.wrapped(self._constant(name, first, args[1:], kwargs))
        if name in ("add", "mul") and len(args) > 1 and all(map(_logical, args[:2])):
            name = "logical_or" if name == "add" else "logical_and"
        if name in ASKS:
            return self.wrapped(replace(asked(self.reader, name, args), logical=True))
        if name == "detach":
            return self.wrapped(self.reader.held(self.reader.tensor(first)))
        if name == "new_tensor":
            return torch.tensor(args[1])
        if name in ("is_floating_point", "is_complex", "numel"):
            return getattr(args[0], name)()
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
            if name in VIEWS and isinstance(given[0], Tensor) and given[0].mask is not None:
                made = viewed(self.reader, reading, given[0], given[1:], named)
            else:
                made = called(reading, self.reader, *given, **named)
            return self.wrapped(self._typed(name, (*args, *kwargs.values()), made))
        except TypeError as error:
            if "argument" in str(error):
                raise NoRuleError(f"{name} is called in a way that is not read: {error}") from error
            raise

    def _typed(self, name: str, args: Any, made: Any) -> Any:
        """What comes out of an operation: yes and no, or numbers."""
        given = [
            a.logical if isinstance(a, Traced) else a.dtype == torch.bool
            for place, each in enumerate(args)
            if place != {"where": 0, "masked_fill": 1}.get(name)
            for a in (each if isinstance(each, (tuple, list)) else (each,))
            if isinstance(a, (Traced, torch.Tensor))
        ]
        logical = name in LOGICAL and bool(given) and all(given)
        if isinstance(made, tuple):
            kind = type(made)
            typed = (self._typed(name, args, m) for m in made)
            return kind(*typed) if hasattr(made, "_fields") else kind(typed)
        if not isinstance(made, Tensor) or made.logical == logical:
            return made
        return replace(made, logical=logical)

    def _argument(self, value: Any, name: str) -> Any:
        if isinstance(value, Traced):
            if isinstance(value.value, Placeholder):
                late = name in CLASSES or name in ("where", "masked_fill")
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
            return full(self.reader, sizes, rest[0] if rest else kwargs["fill_value"])
        if not like and not isinstance(sizes, (tuple, list)):
            sizes = args
        return filled("zeros" if "zeros" in name else "ones", sizes)


def _logical(value: Any) -> bool:
    """Yes and no, of which torch's sum is "or" and the product "and"."""
    return value.dtype == torch.bool if isinstance(value, (Traced, torch.Tensor)) else False


def _proxied(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_proxied, value))
    return isinstance(value, Traced)


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


# How Python, torch and sympy say that a symbol stands where they want a number.
SIZE_WANTED = ("truth value of Relational", "Symbol", "symbols to int", "__index__ method")


def wants_a_size(error: Exception) -> bool:
    return any(said in str(error) for said in SIZE_WANTED)


def traced(tracer: ShapedTracer, module: Any, loss: Any = None) -> Any:
    """What a module, and then a loss, make of the inputs, as proxies."""
    _without_hooks(module)
    for path in type_questions(module):
        tracer.reader.say(f"{path} asks in its code what is a tensor; a traced one says no")
    tracer.owns(module)
    with symbolic_sizes(tracer), tracer.overwritten, unchanged(module):
        try:
            if type(module).__name__ in LAYERS and tracer.is_leaf_module(module, ""):
                tracer.result = _one_layer(tracer, module)
            else:
                tracer.trace(module)
            tracer.result = tracer.overwritten.current(tracer.result)
            if loss is None:
                return tracer.result
            names = list(inspect.signature(loss).parameters)[1:]
            given = [tracer.placeholder(n) for n in names]
            with attributes_seen(tracer):
                return tracer.guarded("the loss", lambda: loss(tracer.result, *given))
        except (MatcalcError, NumbersClasses):
            raise
        except Exception as error:  # whatever the module's own code may raise on proxies
            path = tracer._path()
            where = f" in {path}" if path else ""
            said = f"{type(module).__name__}{where}"
            raise NoRuleError(
                f"{said} wants to know a size that is a symbol: give it as a number in shapes"
                if wants_a_size(error)
                else f"from_torch cannot follow {said}: {type(error).__name__}: {error}"
            ) from error


def _one_layer(tracer: ShapedTracer, module: Any) -> Any:
    """A layer of torch that stands alone."""
    names = list(inspect.signature(module.forward).parameters)
    given = [n for n in names if n in tracer.reader.shapes]
    tracer.graph = torch.fx.Graph()
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


def weight_norms(module: Any, word: str) -> bool:
    """Whether all hooks of a kind are those of torch's weight_norm, which say what they do."""
    found = getattr(module, word, None) or {}
    return all(word == "_forward_pre_hooks" and isinstance(h, WeightNorm) for h in found.values())


def _without_hooks(module: Any) -> None:
    """A hook may change values or gradients, and the trace does not see it."""
    for path, one in module.named_modules():
        if any(not weight_norms(one, word) for word in HOOKS):
            raise NoRuleError(f"hooks are not read, and {path or 'the module'} has some")
    for path, value in module.named_parameters():
        if getattr(value, "_backward_hooks", None):
            raise NoRuleError(f"hooks are not read, and the parameter {path} has some")
