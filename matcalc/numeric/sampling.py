"""Random sizes for dimensions and points for symbols at which a derivative can be tested.

A point must lie where every operation is defined, respect the declared facts, and keep away from
kinks of what changes. General kinds of numbers are tried first; then single symbols below an
operation that objects are drawn anew, until none objects. A failure is reported in words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from matcalc.errors import DomainError, ShapeError
from matcalc.expr import Node, brief, is_symbol
from matcalc.facts import with_implied
from matcalc.numeric.draws import DRAWS, mask, with_facts
from matcalc.numeric.evaluate import Program
from matcalc.numeric.printer import bound_names
from matcalc.numeric.sizes import sizes_of
from matcalc.numeric.smooth import stand_ins
from matcalc.ops.inverses import well_conditioned
from matcalc.shapes import show
from matcalc.walk import names_of_sizes

Array = Any
Facts = Mapping[str, Collection[str]]

MARGINS = (1e-2, 1e-3)  # distance to kinks: the second when the first cannot be had
MODERATE = 1e6  # beyond, rounding would hide a wrong digit
STEPS = 150  # single symbols drawn anew, for each margin
MASKS = {("where", 0), ("softmax", 1)}  # operands that mean yes or no


@dataclass(frozen=True)
class Point:
    """Where to test: values of the input symbols, sizes, stand-ins for undefined functions."""

    values: Mapping[Node, Any]
    dims: Mapping[str, int]
    functions: Mapping[str, Callable[..., Any]]
    margin: float


def dimension_names(nodes: Iterable[Node]) -> list[str]:
    """The names of all dimensions and integer parameters below the nodes."""
    nodes = list(nodes)
    return sorted(names_of_sizes(nodes) - bound_names(nodes))


def random_sizes(
    names: Sequence[str], rng: np.random.Generator, ones: bool, most: int = 6
) -> dict[str, int]:
    """Distinct sizes from 2 on (repeated only if there are many); ``ones`` makes one of them 1."""
    pool = np.arange(2, max(most, min(len(names), 6) + 1) + 1)
    drawn = rng.permutation(pool)[: len(names)]
    if len(names) > len(drawn):
        drawn = np.concatenate([drawn, rng.choice(pool, size=len(names) - len(drawn))])
    sizes = {name: int(size) for name, size in zip(names, drawn, strict=True)}
    if ones and names:
        sizes[names[int(rng.integers(len(names)))]] = 1
    return sizes


def fitting_sizes(
    programs: Sequence[Program], rng: np.random.Generator, ones: bool
) -> dict[str, int]:
    """Sizes at which every shape is positive and every slice lies inside its matrix."""
    nodes = [node for program in programs for node in program.order]
    names = dimension_names(nodes)
    why = ""
    for attempt in range(300):
        # Slices and differences of dimensions need room: the range grows.
        sizes = random_sizes(names, rng, ones and attempt < 100, 6 + attempt // 40)
        try:
            _try_sizes(programs, nodes, sizes, rng)
            return sizes
        except (ShapeError, ValueError, IndexError) as error:
            why = str(error)
    raise DomainError(f"found no sizes for {', '.join(names)} that fit: {why}")


def fits(programs: Sequence[Program], sizes: Mapping[str, int], rng: np.random.Generator) -> bool:
    """Whether every shape is positive at these sizes and every slice lies inside its matrix."""
    try:
        _try_sizes(programs, [node for p in programs for node in p.order], sizes, rng)
    except (ShapeError, ValueError, IndexError):
        return False
    return True


def _try_sizes(
    programs: Sequence[Program],
    nodes: Iterable[Node],
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> None:
    for shape in {node.shape for node in nodes if not node.indices}:
        if _is_told(shape, sizes) and min(sizes_of(shape, sizes), default=1) < 1:
            raise ShapeError(f"the shape {show(shape)} is not positive")
    for program in programs:
        values = {
            node: rng.normal(size=sizes_of(node.shape, sizes))
            for node in program.inputs()
            if node.shape or node.params[0] not in sizes
        }
        functions = stand_ins(program.order, rng)
        program.run(values, sizes, functions, watch=lambda node, operands, value: None)


def _is_told(shape: Any, sizes: Mapping[str, int]) -> bool:
    """Whether no bound index stands in the shape."""
    return all(s.name in sizes for d in shape for s in d.free_symbols)


class Sampler:
    """Finds points for a program. ``varied`` are the symbols that will be moved."""

    def __init__(
        self,
        program: Program,
        varied: Sequence[Node],
        rng: np.random.Generator,
        facts: Facts | None = None,
        more: Iterable[Node] = (),
        steps: int = STEPS,
    ) -> None:
        self.program, self.varied, self.rng, self.facts = program, varied, rng, facts or {}
        self.steps = steps
        # A step is moved from where its definition puts it; it is no input.
        given = [node for node in varied if program.behind(node) is None]
        self.inputs = list(dict.fromkeys([*program.inputs(), *given, *more]))
        self.changing = set().union(*(program.depending_on(v) for v in varied))
        self.masks = {
            operand
            for node in program.order
            for slot, operand in enumerate(node.operands)
            if (node.op.name, slot) in MASKS and is_symbol(operand) and operand not in varied
        }

    def point(
        self,
        dims: Mapping[str, int],
        functions: Mapping[str, Callable[..., Any]],
        attempt: int = 0,
    ) -> Point:
        """A point, or a ``DomainError`` that names what could not be satisfied.

        Another ``attempt`` starts from another kind of numbers.
        """
        # A scalar that is also a dimension has no value of its own.
        free = [n for n in self.inputs if n.shape or n.params[0] not in dims]
        kinds = list(DRAWS)
        turn = attempt % len(kinds)
        search = _Search(self, free, dims, functions, kinds[turn:] + kinds[:turn])
        for margin in MARGINS:
            found = search.run(margin)
            if found is not None:
                return Point(found, dims, functions, margin)
        raise DomainError(search.complaint())

    def draw(self, node: Node, kind: str, dims: Mapping[str, int]) -> Array:
        """A value of that kind with the symbol's facts."""
        shape = sizes_of(node.shape, dims)
        if node in self.masks:
            return mask(self.rng, shape)
        value = DRAWS[kind](self.rng, shape)
        facts = with_implied(self.facts.get(node.params[0], ()), node.shape)
        return with_facts(node.params[0], value, facts, self.rng)


class _Search:
    """One walk through the points of given sizes."""

    def __init__(
        self,
        sampler: Sampler,
        free: Sequence[Node],
        dims: Mapping[str, int],
        functions: Mapping[str, Callable[..., Any]],
        kinds: Sequence[str],
    ) -> None:
        self.sampler, self.free, self.dims, self.functions = sampler, free, dims, functions
        self.rng, self.kinds = sampler.rng, kinds
        self.last: list[tuple[Node, str]] = []
        self._below: dict[Node, list[Node]] = {}

    def run(self, margin: float) -> dict[Node, Array] | None:
        best: dict[Node, Array] = {}
        objections: list[tuple[Node, str]] | None = None
        for kind in self.kinds:
            values = {node: self.sampler.draw(node, kind, self.dims) for node in self.free}
            found = self._objections(values, margin)
            if objections is None or len(found) < len(objections):
                best, objections = values, found
            if not objections:
                return best
        assert objections is not None
        for _ in range(self.sampler.steps):
            node, _why = objections[self.rng.integers(len(objections))]
            below = self._inputs_below(node)
            if not below:
                break
            chosen = below[self.rng.integers(len(below))]
            kind = self.kinds[int(self.rng.integers(len(self.kinds)))]
            values = {**best, chosen: self.sampler.draw(chosen, kind, self.dims)}
            found = self._objections(values, margin)
            # A step that is no worse is taken: plateaus are wide.
            if len(found) <= len(objections) or self.rng.uniform() < 0.05:
                best, objections = values, found
            if not objections:
                return best
        self.last = objections
        return None

    def complaint(self) -> str:
        said = "; ".join(dict.fromkeys(f"{brief(node)} {why}" for node, why in self.last[:3]))
        return f"found no point to test at: {said}"

    def _inputs_below(self, node: Node) -> list[Node]:
        if node not in self._below:
            program, seen, todo = self.sampler.program, {node}, [node]
            while todo:
                for child in program.below(todo.pop()):
                    if child not in seen:
                        seen.add(child)
                        todo.append(child)
            self._below[node] = [n for n in self.free if n in seen]
        return self._below[node]

    def _objections(self, values: Mapping[Node, Array], margin: float) -> list[tuple[Node, str]]:
        """Operations that do not like the point, with the reason."""
        against: dict[Node, str] = {}
        near: list[tuple[Node, int, Sequence[Any]]] = []
        visits: dict[Node, int] = {}
        changing, behind = self.sampler.changing, self.sampler.program.behind
        rounded: set[Node] = set()  # determinants that are zero but for rounding

        def watch(node: Node, operands: Sequence[Any], value: Any) -> None:
            visits[node] = visits.get(node, 0) + 1
            if not all(np.all(np.isfinite(v)) for v in operands):
                return  # the cause has objected already
            if node.op.name == "det" and not well_conditioned(operands[0]):
                rounded.add(node)
            elif rounded and any((behind(c) or c) in rounded for c in node.operands):
                if node.op.name == "times":
                    rounded.add(node)
                elif _has_pole(node, operands):
                    against[node] = "is applied to a determinant that is zero but for rounding"
            if not node.op.in_domain(operands):
                against[node] = "is outside its domain"
            elif not np.all(np.isfinite(value)):
                against[node] = "is not finite"
            elif node in changing:
                if np.max(np.abs(value)) > MODERATE:
                    against[node] = "is too large"
                if not node.op.margin(operands) >= margin:
                    near.append((node, visits[node], operands))

        done = self.sampler.program.run(values, self.dims, self.functions, watch)
        if near and not against:
            against.update(self._at_kinks(values, done, near, margin))
        return list(against.items())

    def _at_kinks(
        self,
        values: Mapping[Node, Array],
        done: Mapping[Node, Array],
        near: Sequence[tuple[Node, int, Sequence[Any]]],
        margin: float,
    ) -> dict[Node, str]:
        """Of the operations near a kink, those of which an entry there really moves."""
        moved: dict[tuple[Node, int], Sequence[Any]] = {}
        visits: dict[Node, int] = {}
        wanted = {node for node, _, _ in near}

        def watch(node: Node, operands: Sequence[Any], value: Any) -> None:
            if node in wanted:
                visits[node] = visits.get(node, 0) + 1
                moved[node, visits[node]] = operands

        shifted, tiny = dict(values), 1e-3 * margin
        for node in self.sampler.varied:
            shift = tiny * self.rng.choice([-1.0, 1.0], size=np.shape(done[node]))
            shifted[node] = done[node] + shift * (1 + self.rng.uniform(size=shift.shape))
        self.sampler.program.run(shifted, self.dims, self.functions, watch)
        against = {}
        for node, visit, operands in near:
            if _moves_at_kink(node, operands, moved[node, visit], margin, tiny):
                against[node] = "is at a kink"
        return against


def _has_pole(node: Node, operands: Sequence[Any]) -> bool:
    """Whether the operation has no value, or no slope, at zero."""
    if node.op.name == "pow":
        return bool(np.any(np.real(operands[1]) < 1))
    return node.op.name in ("log", "sqrt", "abs")


def _moves_at_kink(
    node: Node, before: Sequence[Any], after: Sequence[Any], margin: float, shift: float
) -> bool:
    """Whether a step of ``margin`` may take an entry to its kink; one that stays is smooth.

    ``after`` are the operands when what varies has been shifted by about ``shift``.
    """
    start, end = np.broadcast_arrays(*before), np.broadcast_arrays(*after)
    moves = np.any([a != b for a, b in zip(start, end, strict=True)], axis=0)
    pairs = [(a[moves], b[moves]) for a, b in zip(start, end, strict=True)]
    if not np.any(moves) or node.op.margin([a for a, _ in pairs]) >= margin:
        return False
    for k in range(int(np.sum(moves))):
        here = node.op.margin([a[k : k + 1] for a, _ in pairs])
        there = node.op.margin([b[k : k + 1] for _, b in pairs])
        if not here >= margin and not here >= 3 * margin * abs(here - there) / shift:
            return True
    return False
