"""Compiled programs: the only room that runs text, which the plan wrote itself.

A compiled function takes what people have at hand (integers, lists, columns as 1-D arrays, arrays
that are not contiguous), never changes an input, and explains a misfit by the argument's name and
both shapes.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from matcalc import shapes
from matcalc.codegen.entry import Entry, entry_text, has_short_way
from matcalc.codegen.given import as_array, as_foreign, explained, plain
from matcalc.codegen.plan import Argument, Plan
from matcalc.errors import DomainError, MatcalcError, ShapeError, UnknownNameError
from matcalc.shapes import Shape

DOUBLE = np.dtype(float)


def loaded(source: str, label: str) -> dict[str, Any]:
    """The names of a generated module."""
    space: dict[str, Any] = {"__name__": label}
    # The source is made from checked identifiers and our own words; see naming.py.
    exec(compile(source, f"<{label}>", "exec"), space)
    return space


class Made(threading.local):
    """The workspace of a thread, with the shapes and kinds that it was made for."""

    arrays: Any = None
    kinds: Any = None
    shapes: Any = None  # where all are doubles


class Compiled:
    """A generated function with its source; call it with keyword arguments."""

    workspace = False
    reads_numpy = True  # and nothing has to be made of an array

    def __init__(self, plan: Plan, source: str, entry: str, label: str = "matcalc program") -> None:
        self.source = source
        self.plan = plan
        self._module = loaded(source, label)
        self._run = self._module[entry]
        self.__doc__ = self._run.__doc__
        self._arguments = plan.arguments
        self._known = {a.name: a for a in (*plan.arguments, *plan.functions)}
        code = inspect.unwrap(self._run).__code__
        taken = set(code.co_varnames[: code.co_kwonlyargcount])
        self._dims = {n: w for n, w in plan.dims.items() if w in taken}
        self._all_dims = set(plan.dims)
        self._demands = plan.demands
        self.spare: Mapping[str, Shape] = {}  # what may be given although nothing depends on it
        self._made = Made()
        self._short = self._short_way()

    def _short_way(self) -> Entry | None:
        known = self.reads_numpy and not self.plan.functions and not self._dims
        if not known or not has_short_way(self._arguments):
            return None
        made = loaded(entry_text(self._arguments, self.workspace), "matcalc entry")["entry"]
        return made(self._run, self.read, self._made, np.ndarray, DOUBLE, np.float64)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names it takes."""
        return tuple(self._known) + tuple(self._dims)

    def __repr__(self) -> str:
        return f"<compiled function of {shapes.listed(list(self.arguments)) or 'nothing'}>"

    @property
    def forward(self) -> Any:
        """Of a block: the value, and a cache for ``backward``."""
        return self._part("forward")

    @property
    def backward(self) -> Any:
        """Of a block: the gradients, from what arrives and the cache of ``forward``."""
        return self._part("backward")

    def _part(self, name: str) -> Any:
        if name not in self._module:
            raise UnknownNameError(f"there is no {name}: the output is scalar, call the function")
        return self._module[name]

    # -- calling -------------------------------------------------------------------------------

    def __call__(self, /, *unnamed: Any, **given: Any) -> Any:
        if unnamed:
            wanted = ", ".join(f"{name}=..." for name in self.arguments)
            raise UnknownNameError(f"arguments go by name: call it with {wanted}")
        if self._short is not None:
            try:
                return self._short(**given)
            except MatcalcError:
                raise
            except Exception:  # once more, and what is wrong is explained
                pass
        return self.read(**given)

    def read(self, /, **given: Any) -> Any:
        """The call, with arguments read as people pass them."""
        values = self.bound(given)
        try:
            return self._run(**values)
        except Exception as error:
            self.explain(given, error)
            raise

    def explain(self, given: Mapping[str, Any], error: Exception) -> None:
        """Say what was wrong with the arguments, if that is why the program failed."""
        self.diagnose(given)
        found = explained(error, self._arguments, given)
        if found is not None:
            raise found from error
        said = str(error)
        if " is wanted" in said or any(d.said == said for d in self._demands):
            raise ShapeError(str(error)) from None

    def bound(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the program takes them."""
        values: dict[str, Any] = {}
        for a in self._arguments:
            try:
                value = given[a.name]
            except KeyError:
                raise self._missing(given) from None
            if (
                type(value) is not np.ndarray
                or value.ndim != len(a.shape)
                or value.dtype.kind != "f"
            ):
                value = self.as_array(a, value)
            values[a.word] = value
        for f in self.plan.functions:
            if f.name not in given:
                raise self._missing(given)
            if not callable(given[f.name]):
                raise DomainError(f"{f.name} is a function here, not {given[f.name]!r}")
            values[f.word] = given[f.name]
        for name, word in self._dims.items():
            told = None if name in given else self._told(name, given)
            if told is None and name not in given:
                raise self._missing(given)
            values[word] = shapes.whole_number(name, given[name] if told is None else told)
        if len(values) != len(given):
            self._refuse_unknown(given)
            self._agree(given)
        return self.of_one_kind(values)

    def of_one_kind(self, values: dict[str, Any]) -> dict[str, Any]:
        """The widest kind of all arrays; a number is of the kind of the arrays."""
        kinds = {values[a.word].dtype for a in self._arguments if a.shape}
        if not kinds or kinds == {DOUBLE}:
            return values
        kind = np.result_type(*kinds)
        words = [a.word for a in self._arguments]
        return values | {w: values[w].astype(kind, copy=False) for w in words}

    def _told(self, name: str, given: Mapping[str, Any]) -> int | None:
        """A dimension that only arrays tell on which nothing depends."""
        for other, shape in self.spare.items():
            for axis, d in enumerate(shape):
                if other in given and d.is_Symbol and d.name == name:
                    return int((*np.shape(given[other]), 1)[axis])
        return None

    def _agree(self, given: Mapping[str, Any]) -> None:
        """A dimension that the arrays tell may be given too, if it is the same."""
        for name in self._all_dims & set(given) - set(self._dims):
            for a in self._arguments:
                for d, found in zip(a.shape, np.shape(given[a.name]), strict=False):
                    if (
                        d.is_Symbol
                        and d.name == name
                        and shapes.whole_number(name, given[name]) != found
                    ):
                        raise ShapeError(
                            f"{name} = {given[name]} is given, but {a.name} is "
                            f"{shapes.show(a.shape)} and has shape {np.shape(given[a.name])}"
                        )

    def as_array(self, a: Argument, value: Any) -> Any:
        """A 2-D array of floats, or a number."""
        return as_array(a, value)

    def _missing(self, given: Mapping[str, Any]) -> UnknownNameError:
        wanted = [
            f"{a.name} ({shapes.show(a.shape)})" for a in self._arguments if a.name not in given
        ]
        wanted += [f"the function {f.name}" for f in self.plan.functions if f.name not in given]
        wanted += [f"the dimension {n}" for n in self._dims if n not in given]
        unknown = self._unknown(given)
        met = f"; there is no argument {shapes.listed(list(map(repr, unknown)))}" if unknown else ""
        return UnknownNameError(f"no value for {shapes.listed(wanted)}{met}")

    def _unknown(self, given: Mapping[str, Any]) -> list[str]:
        known = set(self._known) | self._all_dims | set(self.spare)
        return [n for n in given if n not in known]

    def _refuse_unknown(self, given: Mapping[str, Any]) -> None:
        unknown = self._unknown(given)
        if unknown:
            raise UnknownNameError(
                f"there is no argument {unknown[0]!r}; there are {shapes.listed(list(self.arguments))}"
            )

    def diagnose(self, given: Mapping[str, Any]) -> None:
        """Say which shapes contradict each other, if that is what went wrong."""
        told: dict[str, tuple[int, str]] = {}
        arrays = [(a, np.shape(self.as_array(a, given[a.name]))) for a in self._arguments]
        for a, found in arrays:
            for axis, d in enumerate(a.shape):
                if d.is_Symbol:
                    told.setdefault(d.name, (found[axis], f"{a.name} has shape {tuple(found)}"))
        for a, found in arrays:
            wanted = tuple(_size(d, told) for d in a.shape)
            if any(w is not None and w != f for w, f in zip(wanted, found, strict=True)):
                names = dict.fromkeys(
                    told[s.name][1]
                    for d in a.shape
                    for s in sorted(d.free_symbols, key=str)
                    if s.name in told
                )
                because = [n for n in names if not n.startswith(f"{a.name} has")]
                reason = f", but {shapes.listed(because)}" if because else ""
                shown = tuple("?" if w is None else w for w in wanted)
                raise ShapeError(
                    f"{a.name} is {shapes.show(a.shape)}, here {' x '.join(map(str, shown))}{reason}; "
                    f"its value has shape {tuple(found)}"
                )


def _size(d: Any, told: Mapping[str, tuple[int, str]]) -> int | None:
    if any(s.name not in told for s in d.free_symbols):
        return None
    return int(d.xreplace({s: told[s.name][0] for s in d.free_symbols}))


class Buffered(Compiled):
    """A generated function with a workspace for the sizes it was last called with.

    The results stand in the workspace: the next call writes them again. Each thread has its own.
    """

    workspace = True

    def __init__(self, plan: Plan, source: str, entry: str) -> None:
        super().__init__(plan, source, entry)
        self._make = self._module["make_workspace"]
        wanted = inspect.unwrap(self._make).__code__
        self._wanted = set(wanted.co_varnames[: wanted.co_kwonlyargcount])
        own = inspect.unwrap(self._run).__code__
        self._takes = set(own.co_varnames[: own.co_kwonlyargcount])
        self._dims = {n: w for n, w in plan.dims.items() if w in self._takes | self._wanted}
        self._extra = [w for w in self._dims.values() if w not in self._takes]
        self._short = self._short_way()

    def bound(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values = super().bound(given)
        kinds = [(v.shape, v.dtype) if hasattr(v, "dtype") else v for v in values.values()]
        if self._made.kinds != kinds:
            try:
                made = self._make(**{k: v for k, v in values.items() if k in self._wanted})
            except ValueError as error:
                self.explain(given, error)
                raise
            arrays = [v for v in values.values() if isinstance(v, np.ndarray)]
            doubles = all(v.dtype == float for v in arrays)
            self._made.shapes = tuple(v.shape for v in arrays) if doubles else None
            self._made.arrays, self._made.kinds = made, kinds
        for word in self._extra:
            del values[word]
        values["workspace"] = self._made.arrays
        return values


class JaxCompiled(Compiled):
    """A generated function on JAX arrays; ``function`` is the plain one, for jit and vmap."""

    reads_numpy = False

    @property
    def function(self) -> Any:
        return self._run

    def as_array(self, a: Argument, value: Any) -> Any:
        import jax

        if isinstance(value, jax.Array):
            return as_foreign(a, value, str(value.dtype), lambda v: v.astype(float))
        return as_array(a, value)

    def of_one_kind(self, values: dict[str, Any]) -> dict[str, Any]:
        import jax.numpy as jnp

        given = {a.word: jnp.asarray(plain(values[a.word])) for a in self._arguments}
        kinds = [given[a.word].dtype for a in self._arguments if a.shape]
        if kinds:
            kind = jnp.result_type(*kinds)
            given = {w: v.astype(kind) for w, v in given.items()}
        return values | given


class TorchCompiled(Compiled):
    """A generated function on tensors; arrays become tensors of double precision."""

    reads_numpy = False

    @property
    def function(self) -> Any:
        """The plain function."""
        return self._run

    @property
    def autograd(self) -> Any:
        """The program as one differentiable operation, by keyword."""
        apply = self._module["Program"].apply
        order = [a for a in self._arguments if a.name != self.plan.upstream]

        def run(**given: Any) -> Any:
            for a in order:
                if a.name not in given:
                    raise UnknownNameError(f"no value for {a.name} ({shapes.show(a.shape)})")
            return apply(*(given[a.name] for a in order))

        return run

    def as_array(self, a: Argument, value: Any) -> Any:
        import torch

        if isinstance(value, torch.Tensor):
            return as_foreign(a, value, str(value.dtype), lambda v: v.double())
        return as_array(a, value)

    def of_one_kind(self, values: dict[str, Any]) -> dict[str, Any]:
        import torch

        given = {a.word: torch.as_tensor(plain(values[a.word])) for a in self._arguments}
        kinds = {given[a.word].dtype for a in self._arguments if a.shape}
        if kinds:
            kind = functools.reduce(torch.promote_types, kinds)
            given = {w: v.to(kind) for w, v in given.items()}
        return values | given
