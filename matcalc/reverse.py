"""The backward sweep over named steps: what arrives at each step gets a name.

The adjoint of a step is the total derivative of the output with respect to it, in the step's own
shape. A definition is swept on its own, from the adjoint symbol of its step to the symbols it uses,
so cost and page grow with the number of steps and not with the number of paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc.expr import (
    Node,
    is_number,
    is_symbol,
    leaves,
    number,
    postorder,
    substitute,
    symbol,
    symbol_name,
)
from matcalc.linear import pull
from matcalc.network import Owner, Step
from matcalc.ops.algebra import PRODUCT, add, zero_of
from matcalc.ops.entries import box
from matcalc.ops.product import is_reciprocal
from matcalc.rewrite.cost import cost
from matcalc.rewrite.inferred import Known
from matcalc.rewrite.meeting import Meetings
from matcalc.rewrite.region import is_entry_by_entry, is_entrywise
from matcalc.rewrite.simplify import simplify


@dataclass(frozen=True)
class Arrival:
    """What arrives at one symbol: the adjoint's own symbol and its value in names."""

    of: Node
    symbol: Node
    value: Node
    before: Node  # as the rules put it together, not yet simplified
    through: tuple[str, ...]  # the steps by which it arrives
    opened: tuple[Node, ...] = ()  # adjoints whose values were put in for their names


class Adjoints(Owner):
    """The adjoint symbols of one sweep, and what they stand for."""

    def __init__(self, output: Node, taken: Iterable[str]) -> None:
        self.output = output
        self.taken = set(taken)
        self.of: dict[Node, Node] = {}  # adjoint symbol -> step or input
        self.latex: dict[Node, str] = {}
        self._definitions: dict[Node, Node] = {}

    def name(self, of: Node, latex: str | None = None) -> Node:
        name = f"d{symbol_name(of)}"
        while name in self.taken:
            name = f"d_{name[1:]}" if not name.startswith("d_") else f"{name}_"
        self.taken.add(name)
        found = symbol(name, of.shape, None, self)
        self.of[found] = of
        if latex:
            self.latex[found] = latex
        return found

    def name_part(self, node: Node, step: str) -> Node:
        """A name for what arrives at a part of a definition that has no name itself; it takes the
        number of the step."""
        layer = step[len(step.rstrip("0123456789")) :]
        count, name = 1, f"S{layer}"
        while not layer or name in self.taken:
            name = f"S{layer}_{count}" if layer else f"S{count}"
            if name not in self.taken:
                break
            count += 1
        self.taken.add(name)
        return symbol(name, node.shape, None, self)

    def define(self, adjoint: Node, value: Node) -> None:
        self._definitions[adjoint] = value

    def definition_of(self, node: Node) -> Node | None:
        return self._definitions.get(node)

    def write(self, node: Node, writer: Any) -> str | None:
        own = self.latex.get(node)
        if own is not None:
            return own
        if node not in self.of:
            return None
        return writer.adjoint(self.of[node], self.output)


@dataclass(frozen=True)
class Swept:
    """The result of one backward sweep, in the order in which it was found."""

    adjoints: Adjoints
    clean: Callable[[Node], Node]  # shortens by all that is known of the steps and adjoints
    arrivals: dict[Node, Arrival] = field(default_factory=dict)
    order: list[Arrival] = field(default_factory=list)  # with the parts that got a name, as found


def sweep(
    steps: Sequence[Step],
    output: Node,
    G: Node,
    wrt: Sequence[Node],
    taken: Iterable[str] = (),
    clean: Callable[[Node], Node] | None = None,
    facts: Iterable[Any] = (),
) -> Swept:
    """From ``output`` (a step symbol, or an expression in step symbols) back to ``wrt``.

    ``facts`` are used by the laws, with what follows from them for the steps and their adjoints.
    """
    assumed = Known(facts, steps)
    clean = clean or assumed.simplify
    names = {symbol_name(s.symbol) for s in steps} | {symbol_name(w) for w in wrt} | set(taken)
    names |= {symbol_name(n) for s in steps for n in leaves(s.definition)}
    book = Adjoints(output, names)
    goals = set(wrt)
    concerned = _leading_to(steps, goals)
    known = {s.definition: s.symbol for s in steps if s.definition.operands}
    waiting: dict[Node, list[tuple[Node, str]]] = {}
    found: dict[Node, Arrival] = {}
    by_symbol = {s.symbol: s for s in steps}
    here = {s.symbol for s in steps}

    def wanted(node: Node) -> bool:
        return is_symbol(node) and (node in goals or node in concerned)

    order: list[Arrival] = []
    meetings = Meetings(steps, clean)

    def passed(definition: Node, arriving: Node, name: str) -> None:
        def named(node: Node, total: Node) -> Node:
            value = shortest(total, book, clean)
            if _is_short(value) or node.indices:
                return value
            part = Arrival(node, book.name_part(node, name), value, total, (name,) if name else ())
            book.define(part.symbol, value)
            assumed.learn(part.symbol, value)
            assumed.names.add(part.symbol, value)
            meetings.add(part.symbol, value, several=False, part=True)
            order.append(part)
            return part.symbol

        found = pull(definition, arriving, wanted=wanted, known=known, part=named)
        for leaf, total in found.items():
            waiting.setdefault(leaf, []).append((total, name))

    def settle(node: Node, latex: str | None) -> Arrival:
        parts = waiting.pop(node, [])
        if node in goals and node not in by_symbol:
            parts.reverse()  # data before regulariser: in the order of the steps that use it
        before = add(*(p for p, _ in parts)) if parts else zero_of(node.shape)
        if node.shape and not before.shape:
            before = box(before)
        through = tuple(dict.fromkeys(name for _, name in parts if name))
        value = shortest(before, book, clean)
        put_in: tuple[Node, ...] = ()
        if len(through) > 1:
            value, put_in = meetings.together(value)
        arrival = Arrival(node, book.name(node, latex), value, before, through, put_in)
        meetings.add(arrival.symbol, value, len(through) > 1)
        book.define(arrival.symbol, arrival.value)
        assumed.learn(arrival.symbol, arrival.value)
        found[node] = arrival
        order.append(arrival)
        return arrival

    remaining = _last_use(steps, goals)
    if output in here or output in goals:
        waiting[output] = [(G, "")]
    else:
        passed(output, G, "")
    for step in reversed(steps):
        if step.symbol not in waiting:
            continue
        arrival = settle(step.symbol, step.adjoint)
        if step.symbol in concerned:
            passed(step.definition, spoken_value(arrival.symbol, arrival.value), step.name)
        for goal in remaining.get(step.symbol, ()):
            if goal not in by_symbol and goal in waiting:
                settle(goal, None)
    for goal in wrt:
        if goal not in found:
            settle(goal, None)
    return Swept(book, clean, found, order)


def _leading_to(steps: Sequence[Step], goals: set[Node]) -> set[Node]:
    """The steps whose value depends on a goal."""
    found: set[Node] = set()
    for step in steps:
        if any(n in goals or n in found for n in leaves(step.definition)):
            found.add(step.symbol)
    return found


def _last_use(steps: Sequence[Step], goals: set[Node]) -> dict[Node, list[Node]]:
    """For each step the goals that no earlier step uses: swept past it, they are complete."""
    first: dict[Node, Node] = {}
    for step in steps:
        for n in leaves(step.definition):
            if n in goals:
                first.setdefault(n, step.symbol)
    out: dict[Node, list[Node]] = {}
    for goal, step_symbol in first.items():
        out.setdefault(step_symbol, []).append(goal)
    return out


def spoken_value(name: Node, value: Node) -> Node:
    """How later lines speak of an adjoint: by name, unless its value is as short as a name."""
    return value if _is_plain(value) else name


def _is_plain(value: Node) -> bool:
    """A symbol or constant, perhaps with numbers or scalars in front."""
    if value.op is PRODUCT:
        parts = [a for a in value.operands if not is_number(a)]
        return len(parts) == 1 and not parts[0].operands and len(value.operands) <= 2
    return not value.operands


def _is_short(value: Node) -> bool:
    """One matrix, perhaps scaled: not worth a name."""
    return _matrices(value) <= 1 and cost(value) <= 45


def shortest(before: Node, book: Adjoints, clean: Callable[[Node], Node]) -> Node:
    """Simplified in names; with an adjoint's name opened where entrywise factors then cancel."""
    best = clean(before)
    opened: dict[Node, Node] = {}
    if _has_entrywise(before):
        for n in leaves(before):
            value = book.definition_of(n)
            if value is not None and is_entry_by_entry(value):
                opened[n] = value
    if opened:
        other = clean(substitute(before, opened))
        shorter = _matrices(other) < _matrices(best) or cost(other) < cost(best)
        if shorter or _cancels(opened.values(), best, other):
            best = other
    return best


def _cancels(opened: Iterable[Node], best: Node, other: Node) -> bool:
    """Whether opening a quotient left none: a person cancels before going on."""
    if not any(map(_divides, opened)) or _divides(other):
        return False
    return _matrices(other) <= 2 * _matrices(best)


def _divides(root: Node) -> bool:
    """Whether a matrix stands below a fraction bar."""
    return any(is_reciprocal(n) and n.shape for n in postorder(root))


def _has_entrywise(root: Node) -> bool:
    """Whether there are entrywise factors against which an opened adjoint could cancel."""
    return any(is_entrywise(n) and n.op is not PRODUCT for n in postorder(root))


def _matrices(root: Node) -> int:
    """How often matrices are written: what the eye counts first."""
    count: dict[Node, int] = {}
    for node in postorder(root):
        own = 1 if is_symbol(node) and node.shape else 0
        count[node] = own + sum(count[c] for c in node.operands)
    return count[root]


def gradient_of(
    root: Node, wrt: Sequence[Node], G: Node | None = None, facts: Iterable[Any] = ()
) -> dict[Node, Node]:
    """Gradients of one expression without named steps, in the shapes of the variables."""
    goals = set(wrt)
    found = pull(root, G or number(1), wanted=goals.__contains__)
    out: dict[Node, Node] = {}
    for goal in wrt:
        value = found.get(goal)
        if value is None:
            value = zero_of(goal.shape)
        out[goal] = boxed(simplify(value, facts=facts), goal)
    return out


def boxed(value: Node, like: Node) -> Node:
    """A scalar result as a 1 x 1 matrix where the variable is one."""
    return box(value) if like.shape and not value.shape else value
