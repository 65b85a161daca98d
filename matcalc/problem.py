"""What a verb is asked about: a network, or an expression, with its steps, inputs and names.

An expression in step symbols brings their network along. A nested expression can be cut into named
steps, shared parts found once, as a person would: what an activation is applied to, what it gives
where that is used in a product, and whatever occurs twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from matcalc import shapes
from matcalc.errors import DomainError, MatcalcError, NameClashError, UnknownNameError
from matcalc.expr import (
    Node,
    is_symbol,
    postorder,
    read,
    symbol,
    symbol_name,
    symbol_owner,
    symbols,
)
from matcalc.facts import Fact, as_facts, refuse_strangers, refuse_wrong
from matcalc.members import place_of
from matcalc.network import Names, Network, Step, checked_symbols
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.walk import names_of_sizes


@dataclass(frozen=True)
class Problem:
    """A forward pass made ready for the engine."""

    steps: tuple[Step, ...]
    output: Node
    inputs: tuple[Node, ...]
    params: tuple[Node, ...] = ()
    facts: tuple[Fact, ...] = ()
    upstream: str | None = None
    assumed: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        steps = {s.name for s in self.steps}
        for name in self.constants & steps:
            raise DomainError(
                f"{name} is a step, computed from others, and cannot be assumed constant; make it an "
                f"input, or assume it of the inputs it is computed from"
            )
        refuse_wrong(self.facts, self.names)

    @cached_property
    def names(self) -> dict[str, Node]:
        known = {symbol_name(s): s for s in (*self.inputs, *self.params)}
        return known | {s.name: s.symbol for s in self.steps}

    @cached_property
    def constants(self) -> set[str]:
        """The names of what is assumed constant."""
        return {fact.of for fact in self.facts if fact.name == "constant"}

    @property
    def variables(self) -> tuple[Node, ...]:
        """What is differentiated by where nothing is said: the parameters, all inputs if there are
        none, less what is assumed constant."""
        chosen = self.params or self.inputs
        return tuple(s for s in chosen if symbol_name(s) not in self.constants)

    @cached_property
    def whole_numbers(self) -> set[str]:
        """The names that stand for integers: dimensions, exponents of matrices, positions."""
        return names_of_sizes(postorder([*(s.definition for s in self.steps), self.output]))

    def definition(self, node: Node) -> Node | None:
        return next((s.definition for s in self.steps if s.symbol is node), None)

    def find(self, wanted: Any) -> Node:
        """The symbol meant by a name, a plain sympy symbol or one of ours."""
        if isinstance(wanted, str):
            found = self.names.get(wanted)
            if found is None:
                raise UnknownNameError(
                    f"there is no {wanted!r} here; there are {shapes.listed(list(self.names)) or 'no symbols'}"
                )
            wanted = found
        node = read(wanted)
        if not is_symbol(node):
            raise MatcalcError(f"differentiation is with respect to a symbol, not to {node}")
        owner = symbol_owner(node)
        if (
            isinstance(owner, Network)
            and node not in {s.symbol for s in self.steps}
            and (
                any(
                    isinstance(symbol_owner(s.symbol), Network)
                    and symbol_owner(s.symbol) is not owner
                    for s in self.steps
                )
                or not self.steps
            )
        ):
            raise NameClashError(f"{node} is a step of another network, {owner.name!r}")
        if symbol_name(node) in self.constants:
            raise DomainError(
                f"{node} is assumed constant, so nothing is differentiated with respect to it"
            )
        if not node.shape and symbol_name(node) in self.whole_numbers:
            raise DomainError(
                f"{node} stands for a whole number here (a size, a position or the exponent of a "
                f"matrix), so nothing is differentiated with respect to it"
            )
        found = self.names.get(symbol_name(node))
        if found is None:
            return node
        if not shapes.same_shape(found.shape, node.shape):
            raise NameClashError(
                f"the name {node} stands for two things: {node} ({shapes.show(found.shape)}) and "
                f"{node} ({shapes.show(node.shape)})"
            )
        return found


def problem_of(
    f: Any, of: str | None = None, assume: Any = (), also: Iterable[Any] = ()
) -> Problem:
    """``f`` (a network, or an expression, plain sympy included) as a problem. Facts speak of its
    names, and may speak of ``also``."""
    facts = tuple(as_facts(assume))
    found = _problem_of(f, of, facts)
    if facts:
        owner = next((o for s in found.steps if (o := symbol_owner(s.symbol)) is not None), f)
        network = owner if isinstance(owner, Network) else None
        here = network.symbols if network is not None else found.names
        refuse_strangers(facts, [*here, *map(str, also)], declared=network is not None)
    return found


def _problem_of(f: Any, of: str | None, facts: tuple[Fact, ...]) -> Problem:
    if isinstance(f, Network):
        f.refuse_families("this")
        output = f[of] if of else f.result
        return _from_network(f, output, facts)
    if of is not None:
        raise MatcalcError("of= names a step, so it needs a Network")
    node = read(f)
    for s in symbols(node):
        if (place := place_of(s)) is not None:
            place.family.network.refuse_families("an expression in single members")
    owners = {o for s in symbols(node) if isinstance(o := symbol_owner(s), Network)}
    if len(owners) > 1:
        names = shapes.listed(sorted(repr(o.name) for o in owners))
        raise NameClashError(f"the expression mixes steps of different networks: {names}")
    if owners:
        [network] = owners
        return _from_network(network, network.adopt(node), facts)
    found = checked_symbols([node])
    numbers = names_of_sizes(postorder(node))
    inputs = tuple(s for name, s in found.items() if name not in numbers)
    return Problem((), node, inputs, (), facts)


def _from_network(network: Network, output: Node, facts: tuple[Fact, ...]) -> Problem:
    needed = _needed(network, output)
    steps = tuple(s for s in network.steps if s.symbol in needed)
    return Problem(
        steps,
        output,
        tuple(network.inputs.values()),
        tuple(network.params.values()),
        (*network.facts, *facts),
        network.upstream,
        network.assumed,
    )


def _needed(network: Network, output: Node) -> set[Node]:
    found: set[Node] = set()
    todo = symbols(output)
    while todo:
        node = todo.pop()
        if node in found:
            continue
        behind = network.definition_of(node)
        if behind is not None:
            found.add(node)
            todo.extend(symbols(behind))
    return found


# -- cutting a nested expression into steps ---------------------------------------------------------


class Cut(Network):
    """The network made of one nested expression."""


def named(problem: Problem) -> Problem:
    """A problem whose output has a name, and whose nested expression is cut into steps."""
    if problem.steps and is_symbol(problem.output):
        return problem
    network = Cut("expression")
    names = Names()
    for s in (*problem.inputs, *problem.params):
        names.add(s)
    taken = {*problem.names, *names.dims}
    output = problem.output
    steps = list(problem.steps)
    if not steps:
        cut, output = _cut(output, network, taken)
        steps.extend(cut)
    if not is_symbol(output) or output not in {s.symbol for s in steps}:
        name = _fresh("L" if not output.shape else "F", taken)
        steps.append(_step(network, name, output))
        output = steps[-1].symbol
    return Problem(
        tuple(steps),
        output,
        problem.inputs,
        problem.params,
        problem.facts,
        problem.upstream,
        problem.assumed,
    )


def _fresh(stem: str, taken: set[str], numbered: bool = False) -> str:
    count = 1
    name = f"{stem}1" if numbered else stem
    while name in taken:
        count += 1
        name = f"{stem}{count}"
    taken.add(name)
    return name


def _step(network: Network, name: str, definition: Node) -> Step:
    step = symbol(name, definition.shape, None, network)
    network._definitions[step] = definition
    return Step(step, definition)


_PLAIN = (SUM_OP, PRODUCT, HADAMARD, TRANSPOSE)


def _cut(root: Node, network: Network, taken: set[str]) -> tuple[list[Step], Node]:
    """The steps of a nested expression in order, and what is left of it in their symbols."""
    order = postorder(root)
    users: dict[Node, list[Node]] = {}
    for node in order:
        for child in dict.fromkeys(node.operands):
            users.setdefault(child, []).append(node)
    image: dict[Node, Node] = {}
    steps: list[Step] = []
    # One counter per letter: names stay short and are found in constant time.
    count = {"Z": 0, "A": 0, "S": 0}
    for node in order:
        operands = tuple(image[c] for c in node.operands)
        here = node if operands == node.operands else node.op.build(operands, node.params)
        stem = _stem(node, users.get(node, [])) if node is not root and not node.indices else None
        if stem is not None and here.operands:
            step = _step(network, _numbered(stem, count, taken), here)
            steps.append(step)
            here = step.symbol
        image[node] = here
    return steps, image[root]


def _numbered(stem: str, count: dict[str, int], taken: set[str]) -> str:
    while True:
        count[stem] += 1
        name = f"{stem}{count[stem]}"
        if name not in taken:
            taken.add(name)
            return name


def _is_activation(node: Node) -> bool:
    name = node.op.name
    return (name in ENTRYWISE and name != "pow") or name in (
        "softmax",
        "log_softmax",
        "function",
        "map",
    )


def _stem(node: Node, users: Sequence[Node]) -> str | None:
    """Whether a person would name this part, and with which letter."""
    if not node.operands or node.op is TRANSPOSE:
        return None
    if _is_activation(node) and any(u.op is PRODUCT and u.shape and _mixes(u) for u in users):
        return "A"
    if any(not u.op.linear_in(0) for u in users) and node.shape and node.op in _PLAIN:
        return "Z"
    if len(users) > 1 and node.op is not SUM_OP:
        return "S"
    return "S" if len(users) > 1 else None


def _mixes(product: Node) -> bool:
    return sum(1 for a in product.operands if a.shape) > 1
