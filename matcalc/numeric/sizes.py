"""Numbers for dimensions: solved from the shapes of the arrays at hand, or refused in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from matcalc import shapes
from matcalc.errors import DomainError, MatcalcError, ShapeError, UnknownNameError
from matcalc.expr import Node, brief, is_symbol, read
from matcalc.walk import names_of_sizes


def size_of(expr: Any, dims: Mapping[str, int]) -> int:
    """An integer expression at given dimensions."""
    if expr.is_Integer:
        return int(expr)
    if expr.is_Symbol:
        if expr.name not in dims:
            raise UnknownNameError(_no_size(expr.name))
        return int(dims[expr.name])
    if expr.has(shapes.IndexedDim):  # d[l]: first the index, then the dimension it names
        inside = {s for f in expr.atoms(shapes.IndexedDim) for s in f.free_symbols}
        at = {s: sp.Integer(dims[s.name]) for s in inside if s.name in dims}
        expr = shapes.settled(expr.xreplace(at))
        return size_of(expr, dims) if not expr.has(shapes.IndexedDim) else _untold(expr)
    needed = sorted(s.name for s in expr.free_symbols)
    if missing := [name for name in needed if name not in dims]:
        raise UnknownNameError(f"{_no_size(missing[0])} (it stands in {shapes.show_dim(expr)})")
    return _size_at(expr, tuple((name, int(dims[name])) for name in needed))


def sizes_of(shape: Any, dims: Mapping[str, int]) -> tuple[int, ...]:
    """A shape at given dimensions."""
    return tuple(size_of(d, dims) for d in shape)


def _untold(expr: Any) -> int:
    raise UnknownNameError(_no_size(shapes.show_dim(expr)))


def _no_size(name: str) -> str:
    return f'no array tells the dimension {name}: pass dims={{"{name}": ...}}'


@lru_cache(maxsize=16384)
def _size_at(expr: Any, at: tuple[tuple[str, int], ...]) -> int:
    numbers = dict(at)
    value = expr.xreplace({s: sp.Integer(numbers[s.name]) for s in expr.free_symbols})
    if not value.is_Integer:
        shown = ", ".join(f"{name} = {number}" for name, number in at)
        raise ShapeError(f"the dimension {shapes.show_dim(expr)} is {value} at {shown}: no integer")
    return int(value)


# -- what a user passes -------------------------------------------------------------------------


def named_values(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Keys as names or nodes; plain sympy symbols are read."""
    out: dict[Any, Any] = {}
    for key, value in values.items():
        if isinstance(key, (str, Node)):
            out[key] = value
            continue
        try:
            out[read(key)] = value
        except MatcalcError as error:
            said = f"a value belongs to a name or a symbol, not to {key!r}"
            raise UnknownNameError(said) from error
    return out


def symbol_by_name(node: Node, given: Mapping[Any, Any]) -> Any:
    """The value given for a symbol under its name, or under another symbol of that name."""
    name = node.params[0]
    if name in given:
        return given[name]
    for key, value in given.items():
        if isinstance(key, Node) and is_symbol(key) and key.params[0] == name:
            return value
    return None


def array_of(node: Node, value: Any) -> Any:
    """A fresh 2-D float array, or a ``float``, for a node."""
    label = brief(node)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ShapeError(f"the value of {label} is no rectangular array: {error}") from error
    if array.dtype.kind not in "fiub":
        raise DomainError(f"the value of {label} must be real numbers, not {_kind(array)}")
    array = np.array(array, dtype=float)
    wanted = shapes.show(node.shape)
    if not node.shape:
        if array.size != 1:
            raise ShapeError(f"{label} is a scalar, but its value has shape {array.shape}")
        return float(array.reshape(()))
    if array.ndim == 0 and node.shape == (1, 1):
        return array.reshape(1, 1)
    if array.ndim == 1 and node.shape[1] == 1:
        return array.reshape(-1, 1)
    if array.ndim != 2 or 0 in array.shape:
        hint = f"; for a row pass shape (1, {array.size})" if node.shape[0] == 1 else ""
        raise ShapeError(f"{label} is {wanted}, but its value has shape {array.shape}{hint}")
    return array


def _kind(array: Any) -> str:
    return {"c": "complex ones", "O": "objects"}.get(array.dtype.kind, f"{array.dtype}")


# -- solving ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Equation:
    """One axis of an array: a dimension expression and the number it must equal."""

    left: Any
    size: int
    name: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} has shape {self.shape}"


def dimensions_of(
    order: Iterable[Node],
    found: Mapping[Node, Any],
    given: Mapping[Any, Any],
    dims: Mapping[Any, int],
    bound: frozenset[str],
) -> dict[str, int]:
    """The number of every dimension that occurs, from the arrays and from ``dims``."""
    sizes: dict[str, int] = {}
    told: dict[str, str] = {}
    for key, value in dims.items():
        name = key if isinstance(key, str) else str(getattr(key, "name", key))
        sizes[name] = shapes.whole_number(name, value)
        told[name] = f"dims gives {name} = {value}"
    nodes = list(order)
    names = names_of_sizes(nodes) - bound
    for name in names:
        if name in given and name not in sizes and np.ndim(given[name]) == 0:
            sizes[name] = shapes.whole_number(name, given[name])
            told[name] = f"the values give {name} = {given[name]}"
    equations = [
        _Equation(d, n, brief(node), value.shape)
        for node, value in found.items()
        if node.shape
        for d, n in zip(node.shape, value.shape, strict=True)
    ]
    _solve(equations, sizes, told)
    return sizes


def _solve(equations: Sequence[_Equation], sizes: dict[str, int], told: dict[str, str]) -> None:
    """Settle plain symbols first, then expressions with one unknown, then whole systems."""
    left = sorted(equations, key=lambda e: not e.left.is_Atom)
    while left:
        waiting, progress = [], False
        for equation in left:
            unknown = {s for s in equation.left.free_symbols if s.name not in sizes}
            if len(unknown) > 1:
                waiting.append(equation)
                continue
            progress = True
            if unknown:
                [s] = unknown
                sizes[s.name] = _root(equation, s, sizes)
                told[s.name] = str(equation)
            else:
                _agree(equation, sizes, told)
        left = waiting
        if left and not progress and not _solve_together(left, sizes, told):
            return  # what is not needed may stay unknown; size_of complains about the rest


def _agree(equation: _Equation, sizes: Mapping[str, int], told: Mapping[str, str]) -> None:
    value = size_of(equation.left, sizes)
    if value == equation.size:
        return
    because = [told[s.name] for s in sorted(equation.left.free_symbols, key=str)]
    reason = f", but {shapes.listed(list(dict.fromkeys(because)))}" if because else ""
    shown = shapes.show_dim(equation.left)
    stated = f"{shown} = {equation.size}" if equation.left.free_symbols else f"{shown} wanted"
    other = f" ({shown} = {value})" if because else ""
    raise ShapeError(f"sizes contradict each other: {equation} ({stated}){reason}{other}")


def _known(expr: Any, sizes: Mapping[str, int]) -> dict[Any, Any]:
    return {s: sp.Integer(sizes[s.name]) for s in expr.free_symbols if s.name in sizes}


def _root(equation: _Equation, unknown: Any, sizes: Mapping[str, int]) -> int:
    residue = equation.left.xreplace(_known(equation.left, sizes)) - equation.size
    roots = [r for r in sp.solve(residue, unknown) if r.is_Integer and r > 0]
    if len(roots) == 1:
        return int(roots[0])
    shown = shapes.show_dim(equation.left)
    raise ShapeError(
        f"{equation}, so {shown} = {equation.size}: "
        + ("several values" if roots else "no positive integer")
        + f" of {unknown} fit"
    )


def _solve_together(
    equations: Sequence[_Equation], sizes: dict[str, int], told: dict[str, str]
) -> bool:
    system = [e.left.xreplace(_known(e.left, sizes)) - e.size for e in equations]
    unknown = sorted({s for e in system for s in e.free_symbols}, key=str)
    solutions = sp.solve(system, unknown, dict=True)
    if len(solutions) != 1:
        return False
    settled = {s: v for s, v in solutions[0].items() if v.is_Integer and v > 0}
    for s, v in settled.items():
        sizes[s.name] = int(v)
        told[s.name] = shapes.listed([str(e) for e in equations])
    return bool(settled)
