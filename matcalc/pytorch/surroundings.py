"""What surrounds a trace: torch's own functions that have to know about it.

Inside, ``torch.zeros`` and its kin take sizes that are symbols, and what a trace cannot see is
found out and refused: random draws, autograd functions with a backward pass of their own, autocast.
Whether a size that is a symbol equals another number is answered with no, and said.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
import torch

from matcalc.errors import NoRuleError
from matcalc.expr import Node
from matcalc.ops.algebra import eye, mul, ones, zeros
from matcalc.pytorch.constants import exact
from matcalc.pytorch.masks import all_hidden
from matcalc.pytorch.proxies import Traced
from matcalc.pytorch.table import FUNCTIONS
from matcalc.pytorch.tensors import Axis, Tensor, count, placed, tensor

if TYPE_CHECKING:
    from matcalc.pytorch.tracing import ShapedTracer


def filled(word: str, sizes: Any) -> Tensor:
    """Zeros or ones of sizes that may be symbols."""
    axes = tuple(Axis(sp.Integer(s) if isinstance(s, int) else s) for s in sizes)
    shown = placed(axes)
    cut = max(len(shown) - 1, 0)
    make = zeros if word == "zeros" else ones
    node: Node = make(count(shown[:cut]), count(shown[cut:]))
    return tensor(node, shown[:cut], shown[cut:], axes)


def full(reader: Any, sizes: Any, value: Any) -> Tensor:
    """One number everywhere."""
    if value == float("-inf"):
        return all_hidden(reader, filled("zeros", sizes))
    return filled("ones", sizes).each(lambda a: mul(exact(float(value)), a))


def _drawn_so_far() -> tuple[Any, ...]:
    """Where the random generators that a module may use stand."""
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002 - the one modules draw from
    numpys = state["key"].tobytes(), state["pos"]
    return torch.get_rng_state().numpy().tobytes(), *numpys, random.getstate()


@contextmanager
def nothing_drawn() -> Iterator[None]:
    """A number drawn while tracing would be frozen into the formulas."""
    before = _drawn_so_far()
    yield
    if _drawn_so_far() != before:
        raise NoRuleError("a random number is drawn on the way: pass the draw as an input")


def _own_backward(cls: Any, *args: Any, **kwargs: Any) -> Any:
    if cls.__name__ == "CheckpointFunction":  # computes again what it was given, and no other
        run, _, *given = args
        return run(*given)
    raise NoRuleError(f"{cls.__name__} is an autograd function with a backward pass of its own")


@contextmanager
def no_backward_of_its_own() -> Iterator[None]:
    """A function that states its own gradient would be read as what it computes forwards."""
    original = torch.autograd.Function.__dict__["apply"]
    torch.autograd.Function.apply = classmethod(_own_backward)
    try:
        yield
    finally:
        torch.autograd.Function.apply = original


@contextmanager
def attributes_seen(tracer: ShapedTracer) -> Iterator[None]:
    """Inside, what is asked of a module is what the trace knows: its parameters are proxies."""
    original = torch.nn.Module.__getattr__

    def asked(module: Any, name: str) -> Any:
        return tracer.getattr(name, original(module, name))

    torch.nn.Module.__getattr__ = asked
    try:
        yield
    finally:
        torch.nn.Module.__getattr__ = original


@contextmanager
def parameters_seen(tracer: ShapedTracer) -> Iterator[None]:
    """Inside, a module lists its parameters and buffers as proxies too."""
    words = ("named_parameters", "named_buffers")
    originals = {word: getattr(torch.nn.Module, word) for word in words}

    def listing(original: Any) -> Any:
        def asked(module: Any, *args: Any, **kwargs: Any) -> Iterator[tuple[str, Any]]:
            for path, value in original(module, *args, **kwargs):
                yield path, tracer.getattr(path, value)

        return asked

    for word, original in originals.items():
        setattr(torch.nn.Module, word, listing(original))
    try:
        yield
    finally:
        for word, original in originals.items():
            setattr(torch.nn.Module, word, original)


@contextmanager
def distributions_read(tracer: ShapedTracer) -> Iterator[None]:
    """Inside, distributions do not look at values, and what they draw becomes an input."""
    from torch.distributions import Distribution, normal

    def noise(shape: Any, dtype: Any, device: Any) -> Any:
        return tracer.wrapped(tracer.reader.noise(tuple(map(tracer.reader.size, shape))))

    checks, draw = Distribution._validate_args, normal._standard_normal
    Distribution.set_default_validate_args(False)
    normal._standard_normal = noise
    try:
        yield
    finally:
        Distribution.set_default_validate_args(checks)
        normal._standard_normal = draw


@contextmanager
def unchanged(module: Any) -> Iterator[None]:
    """What a forward pass keeps in its module, as buffers or attributes, is put back."""
    tables = ("_parameters", "_buffers", "_modules")
    before = [
        (one, {**one.__dict__}, [{**one.__dict__[word]} for word in tables])
        for one in module.modules()
    ]
    loose = [v for _, own, _ in before for v in own.values() if isinstance(v, torch.Tensor)]
    entries = [(v, v._version, v.detach().clone()) for v in loose]
    try:
        yield
    finally:
        for one, attributes, held in before:
            for word, table in zip(tables, held, strict=True):
                attributes[word].clear()
                attributes[word].update(table)
            one.__dict__.clear()
            one.__dict__.update(attributes)
        for value, version, entry in entries:
            if value._version != version:
                value.data.copy_(entry)


@contextmanager
def equal_sizes_noticed(tracer: ShapedTracer) -> Iterator[None]:
    """Inside, ``if n == 1`` in a module's code is answered for a general n, and said."""
    originals = sp.Expr.__eq__, sp.Expr.__ne__

    def noticing(original: Any, equal: bool) -> Any:
        def asked(size: Any, other: Any) -> Any:
            answer = original(size, other)
            if answer is not equal and _is_module_code(sys._getframe(1)):
                _say_unequal(tracer, size, other)
            return answer

        return asked

    sp.Expr.__eq__, sp.Expr.__ne__ = noticing(originals[0], True), noticing(originals[1], False)
    try:
        yield
    finally:
        sp.Expr.__eq__, sp.Expr.__ne__ = originals


def _is_module_code(frame: FrameType) -> bool:
    """Whether somebody else than sympy, the tracer and we ourselves is asking."""
    name = f"{frame.f_globals.get('__name__')}."
    return not name.startswith(("sympy.", "matcalc.", "torch.fx."))


def _say_unequal(tracer: ShapedTracer, size: Any, other: Any) -> None:
    """A size that may well be 1, or equal to another one, was taken not to be."""
    if isinstance(other, (int, sp.Expr)) and sp.expand(size - other).is_zero is None:
        tracer.reader.say(f"the code asks whether {size} is {other}: here it is not")


@contextmanager
def symbolic_sizes(tracer: ShapedTracer) -> Iterator[None]:
    """Inside, torch.zeros, ones, full, eye and randn take sizes that are symbols."""
    with ExitStack() as stack:
        stack.enter_context(nothing_drawn())
        stack.enter_context(equal_sizes_noticed(tracer))
        stack.enter_context(no_backward_of_its_own())
        stack.enter_context(parameters_seen(tracer))
        stack.enter_context(distributions_read(tracer))
        for word in ("zeros", "ones", "eye", "full", "randn", "rand", "tril", "triu"):
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
                if _word == "full" and isinstance(args[0], (tuple, list)):
                    sizes = args[0]
                if not any(isinstance(s, sp.Expr) for s in sizes):
                    return _original(*args, **kwargs)
                if _word == "full":
                    value = args[1] if len(args) > 1 else kwargs["fill_value"]
                    return tracer.wrapped(full(tracer.reader, sizes, value))
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
    made = FUNCTIONS[word](tracer.reader, tracer.reader.tensor(args[0]), *args[1:], **kwargs)
    return tracer.wrapped(made)
