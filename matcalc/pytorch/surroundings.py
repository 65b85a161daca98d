"""What surrounds a trace: torch's own functions that have to know about it.

Inside, ``torch.zeros`` and its kin take sizes that are symbols, and what a trace cannot see is
found out and refused: random draws, autograd functions with a backward pass of their own, autocast.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
import torch

from matcalc.errors import NoRuleError
from matcalc.expr import Node, number
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

    torch.nn.Module.__getattr__ = asked  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.nn.Module.__getattr__ = original  # type: ignore[method-assign]


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
def symbolic_sizes(tracer: ShapedTracer) -> Iterator[None]:
    """Inside, torch.zeros, ones, full, eye and randn take sizes that are symbols."""
    with ExitStack() as stack:
        stack.enter_context(nothing_drawn())
        stack.enter_context(no_backward_of_its_own())
        stack.enter_context(parameters_seen(tracer))
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
