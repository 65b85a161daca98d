"""The value of nodes at numbers: every interned node once, without recursion.

Each kind of operation is turned into one function by ``sympy.lambdify`` and kept; dimensions are
arguments of it. A sum over an index is evaluated term by term, and what does not depend on the
index once. ``evaluate`` is the public face: it takes what people have at hand, solves the
dimensions from the arrays, and never changes an input.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from matcalc import shapes
from matcalc.errors import DomainError, ShapeError, UnknownNameError, wants
from matcalc.expr import Node, brief, is_symbol, make, postorder, read, symbol
from matcalc.network import definition
from matcalc.numeric.printer import (
    NodePrinter,
    bound_names,
    counted,
    needed_indices,
)
from matcalc.numeric.sizes import (
    array_of,
    dimensions_of,
    named_values,
    size_of,
    sizes_of,
    symbol_by_name,
)

Functions = Mapping[str, Callable[..., Any]]
Watch = Callable[[Node, Sequence[Any], Any], None]

_OPERATIONS: dict[Any, Callable[..., Any]] = {}


def operation(node: Node) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The function that computes a node from its operands, and the dimensions it also takes.

    It is called as ``fn(functions, *operands, *dimensions)``.
    """
    params = node.op.code_params(node)
    sizes = tuple(p for p in params if isinstance(p, sp.Expr))
    texts = tuple(None if isinstance(p, sp.Expr) else str(p) for p in params)
    kinds = tuple(bool(a.shape) for a in node.operands)
    key = (node.op, kinds, bool(node.shape), texts)
    found = _OPERATIONS.get(key)
    if found is None:
        found = _OPERATIONS[key] = _lambdified(node, texts)
    return found, sizes


def _lambdified(node: Node, texts: Sequence[str | None]) -> Callable[..., Any]:
    """The function of one operation, on placeholders for its operands and its dimensions."""
    stand_ins = tuple(symbol(f"_a{k}", a.shape) for k, a in enumerate(node.operands))
    arguments = [f"_a{k}" for k in range(len(stand_ins))]
    sizes = [f"_p{k}" for k, text in enumerate(texts) if text is None]
    parameters = [f"_p{k}" if text is None else text for k, text in enumerate(texts)]
    small = make(node.op, stand_ins, node.params)
    printer = NodePrinter(dict(zip(stand_ins, arguments, strict=True)), {small: parameters})
    names = [sp.Symbol(name) for name in ("functions", *arguments, *sizes)]
    return sp.lambdify(names, small, modules="numpy", printer=printer)


class Program:
    """Expressions in the order in which they are computed, to be run at many points.

    ``known`` are the nodes whose values will be given: nothing below them is computed. Named steps
    are followed to the definition their owner knows, or that ``steps`` gives.
    """

    def __init__(
        self,
        roots: Iterable[Node],
        known: Iterable[Node] = (),
        steps: Mapping[Node, Node] | None = None,
    ) -> None:
        self.known, self.steps = frozenset(known), steps or {}
        self.order = self._ordered(roots)
        self.needs = needed_indices(self.order, self.known.__contains__)
        self.terms = {
            node: postorder(node.operands[0], stop=self.known.__contains__)
            for node in self.order
            if node.op.name == "isum" and node not in self.known
        }

    def _ordered(self, roots: Iterable[Node]) -> list[Node]:
        """Operands and definitions before the nodes that use them."""
        todo = [(root, False) for root in reversed(list(roots))]
        open_, order = set(), []
        while todo:
            node, ready = todo.pop()
            if ready:
                order.append(node)
            elif node not in open_:
                open_.add(node)
                todo.append((node, True))
                todo.extend((below, False) for below in reversed(self.below(node)))
        return order

    def below(self, node: Node) -> tuple[Node, ...]:
        """What must be known before a node is."""
        if node in self.known:
            return ()
        behind = self.behind(node)
        return node.operands if behind is None else (behind,)

    def behind(self, node: Node) -> Node | None:
        """What a named step or adjoint stands for."""
        if node in self.known or not is_symbol(node):
            return None
        return self.steps.get(node) or definition(node)

    def depending_on(self, source: Node) -> set[Node]:
        """The nodes whose values change when that of ``source`` does."""
        found = {source}
        for node in self.order:
            if any(child in found for child in self.below(node)):
                found.add(node)
        return found

    def inputs(self) -> list[Node]:
        """The symbols whose values must be given, dimensions used as numbers among them."""
        bound = bound_names(self.order)
        return [
            node
            for node in self.order
            if is_symbol(node)
            and not self.below(node)
            and (node.shape or node.params[0] not in bound)
        ]

    def run(
        self,
        values: Mapping[Node, Any],
        dims: Mapping[str, int],
        functions: Functions | None = None,
        watch: Watch | None = None,
    ) -> dict[Node, Any]:
        """All values. ``watch`` sees every operation with its operands; with a watcher an
        operation that has no value yields nan instead of an error."""
        done = {node: as_value(node, value) for node, value in values.items()}
        with np.errstate(all="ignore"):
            self._fill(self.order, done, _Point(dict(dims), functions or {}, watch), frozenset())
        return done

    def _fill(
        self,
        order: Iterable[Node],
        done: MutableMapping[Node, Any],
        at: _Point,
        active: frozenset[str],
    ) -> None:
        for node in order:
            if node in done or not self.needs[node] <= active:
                continue
            if is_symbol(node):
                behind = self.behind(node)
                done[node] = at.of_symbol(node) if behind is None else done[behind]
            elif node.op.name == "isum":
                done[node] = self._sum_terms(node, done, at, active)
            else:
                done[node] = at.of(node, [done[child] for child in node.operands])

    def _sum_terms(
        self, node: Node, done: MutableMapping[Node, Any], at: _Point, active: frozenset[str]
    ) -> Any:
        variable, low, high = node.params
        inside = active | {variable.name}
        order = [n for n in self.terms[node] if n not in done]
        total: Any = np.zeros(at.sizes(node.shape)) if node.shape else np.float64(0)
        for k in counted(size_of(low, at.dims), size_of(high, at.dims)):
            term: ChainMap[Node, Any] = ChainMap({}, done)
            here = _Point({**at.dims, variable.name: k}, at.functions, at.watch)
            self._fill(order, term, here, inside)
            total = total + term[node.operands[0]]
        return total


class _Point:
    """Sizes and functions at which a program runs."""

    def __init__(self, dims: Mapping[str, int], functions: Functions, watch: Watch | None) -> None:
        self.dims, self.functions, self.watch = dims, functions, watch
        self._sizes: dict[Any, tuple[int, ...]] = {}

    def sizes(self, shape: shapes.Shape) -> tuple[int, ...]:
        found = self._sizes.get(shape)
        if found is None:
            found = self._sizes[shape] = sizes_of(shape, self.dims)
        return found

    def of_symbol(self, node: Node) -> Any:
        name = node.params[0]
        if not node.shape and name in self.dims:
            return np.float64(self.dims[name])
        raise UnknownNameError(f"no value for {name} ({shapes.show(node.shape)})")

    def of(self, node: Node, operands: list[Any]) -> Any:
        """The value of one operation."""
        try:
            value = self._computed(node, operands)
        except DomainError:
            if self.watch is None:
                raise
            value = np.full(self.sizes(node.shape), np.nan)[()]
        if self.watch is not None:
            self.watch(node, operands, value)
        return value

    def _computed(self, node: Node, operands: list[Any]) -> Any:
        fn, params = operation(node)
        sizes = [size_of(p, self.dims) for p in params]
        if node.op.name in _PLACES:
            _check_places(node, operands[0].shape, sizes)
        elif node.op.name == "place":
            _check_places(node, self.sizes(node.shape), [*sizes[:2], *np.shape(operands[0])])
        elif node.op.name == "mpow" and sizes[0] < 0:
            raise DomainError(f"{brief(node)} has no value here: its exponent is {sizes[0]}")
        try:
            value = fn(self.functions, *operands, *sizes)
        except np.linalg.LinAlgError as error:
            raise DomainError(f"{brief(node)} has no value here: {error}") from error
        except KeyError as error:
            if node.op.name in ("function", "map") and node.params[0] not in self.functions:
                raise UnknownNameError(
                    f"no function given for {node.params[0]}, which {brief(node)} needs"
                ) from error
            raise
        return self._checked(node, np.asarray(value))

    def _checked(self, node: Node, value: Any) -> Any:
        """NumPy broadcasts in silence; a value of the wrong shape must not go on."""
        if value.dtype.kind not in "fc":
            value = value.astype(float)
        if not node.shape and value.size == 1:
            return value.reshape(())[()]
        wanted = self.sizes(node.shape)
        if value.shape != wanted:
            raise ShapeError(
                f"{brief(node)} is {shapes.show(node.shape)}, here {wanted}, "
                f"but came out with shape {value.shape}"
            )
        return value


# Operations that look into a matrix at given places: NumPy would count back from the end.
_PLACES = {"entry", "slice"}


def _check_places(node: Node, shape: tuple[int, ...], places: Sequence[int]) -> None:
    starts, counts = places[:2], places[2:] or (1, 1)
    for start, count, size, what in zip(starts, counts, shape, ("row", "column"), strict=True):
        if start < 0 or count < 1 or start + count > size:
            reach = f"{what} {start}" if count == 1 else f"{what}s {start} to {start + count - 1}"
            raise ShapeError(
                f"{brief(node)} wants {reach} (counted from 0), but there are {size} {what}s"
            )


def evaluate_nodes(
    roots: Sequence[Node],
    values: Mapping[Node, Any],
    dims: Mapping[str, int],
    functions: Functions | None = None,
) -> dict[Node, Any]:
    """The value of every node below ``roots`` that depends on no bound index.

    Matrices are 2-D arrays and scalars NumPy numbers; complex values stay complex. Below a node
    that is a key of ``values`` nothing is computed. An undefined function is given as
    ``fn(x, order)``, a map as ``fn(operands, rows, slots, is_scalar)``.
    """
    return Program(roots, values).run(values, dims, functions)


def as_value(node: Node, value: Any) -> Any:
    """A value in the form computations use: a 2-D array, or a NumPy number."""
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        array = array.astype(float)
    if node.shape and array.ndim == 2:
        return array
    if not node.shape and array.size == 1:
        return array.reshape(())[()]
    raise ShapeError(
        f"{brief(node)} is {shapes.show(node.shape)}, but its value has shape {array.shape}"
    )


# -- the public face ----------------------------------------------------------------------------


def evaluate(
    expr: Any,
    values: Mapping[Any, Any],
    *,
    dims: Mapping[Any, int] | None = None,
    steps: Mapping[Node, Node] | None = None,
) -> Any:
    """The value of an expression at NumPy arrays: a 2-D array, or a ``float``.

    Keys are names or symbols. A column may be given as a 1-D array. Dimensions follow from the
    arrays; ``dims={"n": 5}`` gives those that do not. An undefined function is a value too:
    ``{"g": fn}``, where ``fn(x, k)`` is its k-th derivative. Named steps are computed by their
    definitions, unless their own value is given.

    >>> from matcalc.expr import matrix
    >>> X = matrix("X", "n", "d")
    >>> evaluate(X.T * X, {"X": [[1, 2], [3, 4]]})
    array([[10., 14.],
           [14., 20.]])
    """
    root = read(expr)
    return evaluate_together([root], values, dims=dims, steps=steps)[root]


def evaluate_together(
    roots: Sequence[Node],
    values: Mapping[Any, Any],
    *,
    dims: Mapping[Any, int] | None = None,
    steps: Mapping[Node, Node] | None = None,
) -> dict[Node, Any]:
    """Several expressions at the same values; what they share is computed once."""
    wants((Mapping, type(None)), dims, "dims map dimensions to whole numbers")
    given = named_values(values)
    functions = {k: v for k, v in given.items() if isinstance(k, str) and callable(v)}
    found = {key: array_of(key, value) for key, value in given.items() if isinstance(key, Node)}
    # A step is cut off where its value is given, under whatever key.
    for node in Program(roots, found, steps).order:
        if is_symbol(node) and node not in found:
            value = symbol_by_name(node, given)
            if value is not None:
                found[node] = array_of(node, value)
    program = Program(roots, found, steps)
    sizes = dimensions_of(program.order, found, given, dims or {}, bound_names(program.order))
    _refuse_missing(program.inputs(), found, sizes)
    done = program.run(found, sizes, functions)
    return {
        root: np.array(done[root], dtype=float) if root.shape else float(done[root])
        for root in roots
    }


def _refuse_missing(
    inputs: Iterable[Node], found: MutableMapping[Node, Any], sizes: Mapping[str, int]
) -> None:
    missing = []
    for node in inputs:
        name = node.params[0]
        if not node.shape and name in sizes:
            if found.pop(node, sizes[name]) != sizes[name]:
                raise ShapeError(
                    f"{name} is a dimension, {sizes[name]} here: it has no other value"
                )
        elif node not in found:
            missing.append(f"{name} ({shapes.show(node.shape)})")
    if missing:
        raise UnknownNameError(f"no value for {shapes.listed(list(dict.fromkeys(missing)))}")
