"""Programs with loops, compiled: families are passed and returned as lists.

A JAX function takes and gives JAX arrays, a PyTorch one tensors; NumPy arrays are turned into them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from matcalc.codegen.runtime import loaded
from matcalc.errors import MatcalcError, NoRuleError, UnknownNameError
from matcalc.families.code import Program
from matcalc.families.derived import Derived
from matcalc.families.ledger import FamilyCost
from matcalc.families.values import by_name, ends_of, point_of


def source_of_families(derived: Derived, backend: str = "numpy", **options: Any) -> str:
    """The module as text."""
    _no_options(options)
    return Program(derived, backend).text()


def function_of_families(derived: Derived, backend: str = "numpy", **options: Any) -> LoopFunction:
    """The compiled function."""
    _no_options(options)
    return LoopFunction(derived, backend)


def cost_of_families(derived: Derived) -> FamilyCost:
    """Operations and memory, as formulas in the dimensions and the ends of the ranges."""
    return Program(derived).cost()


def _no_options(options: Mapping[str, Any]) -> None:
    if any(value is not None and value is not False for value in options.values()):
        raise NoRuleError("code for families takes no options yet")


class LoopFunction:
    """A generated function with its source; families are passed and returned as lists."""

    def __init__(self, derived: Derived, backend: str = "numpy") -> None:
        program = Program(derived, backend)
        self.derived, self.source = derived, program.text()
        self._kind = program.language.name
        if self._kind != "numpy" and find_spec(self._kind) is None:
            raise MatcalcError(
                f"{backend} is not installed: pip install 'matcalc[{backend}]', or take the source"
            )
        self._run = loaded(self.source, "matcalc program")["value_and_gradients"]
        self.__doc__ = self._run.__doc__
        code = inspect.unwrap(self._run).__code__
        self._takes = code.co_varnames[: code.co_kwonlyargcount]
        self._words = program.parameters()

    @property
    def function(self) -> Any:
        """The plain function, for ``jax.jit`` and the like."""
        return self._run

    def __call__(self, **given: Any) -> Any:
        network = self.derived.network
        known = {*self._words, *(s.name for s in network.extents)}
        dims = {k: v for k, v in given.items() if k not in self._words or k in self._dims()}
        plain = {k: _each(v, _as_numpy) for k, v in given.items()}
        ends = ends_of(network, plain, dims)
        functions = {k: v for k, v in given.items() if callable(v)}
        arrays, sizes = point_of(self.derived, by_name(plain), ends, dims, functions)
        values: dict[str, Any] = {}
        for name, word in self._words.items():
            if word not in self._takes:
                continue
            if name in arrays:
                values[word] = _each(arrays[name], self._own(given[name]))
            elif name in functions:
                values[word] = functions[name]
            elif name in sizes:
                values[word] = sizes[name]
            else:
                raise UnknownNameError(f"no value for {name}")
        if unknown := [
            k for k in given if k not in known and k not in sizes and k not in functions
        ]:
            raise UnknownNameError(f"there is no {unknown[0]} in this program")
        value, gradients = self._run(**values)
        if self._kind == "numpy":
            return value, gradients
        own = self._own(None)
        return own(value), {name: _each(g, own) for name, g in gradients.items()}

    def _own(self, given: Any) -> Callable[[Any], Any]:
        """How an array becomes one of the language; tensors stay on the device of those given."""
        if self._kind == "jax":
            import jax.numpy as jnp

            return jnp.asarray
        if self._kind == "torch":
            import torch

            like = next((a for a in _leaves(given) if torch.is_tensor(a)), None)

            def tensor(a: Any) -> Any:
                if torch.is_tensor(a):
                    return a
                made = torch.as_tensor(a, dtype=torch.float64)
                return made if like is None else made.to(like)

            return tensor
        return lambda a: a

    def _dims(self) -> set[str]:
        return {s.name for s in self.derived.network.extents} | set(
            self.derived.network._names.dims
        )

    def __repr__(self) -> str:
        return f"<compiled function of {', '.join(self._takes)}>"


def _each(value: Any, act: Callable[[Any], Any]) -> Any:
    """Every array of nested lists."""
    return [_each(v, act) for v in value] if isinstance(value, list) else act(value)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in _leaves(v)]
    return [value]


def _as_numpy(value: Any) -> Any:
    """Arrays of other libraries as NumPy's; what NumPy reads by itself stays."""
    if callable(value) or isinstance(value, (int, float, str, tuple, np.ndarray)):
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return np.asarray(value) if hasattr(value, "__array__") else value
