"""Networks: named steps in order, with inputs, parameters, facts and an output.

A step symbol is an atom: it knows the network that owns it, which knows its definition. Sharing is
found inside definitions, never across names. Nothing here knows what a derivative is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matcalc import shapes
from matcalc.errors import NameClashError, NoRuleError, ShapeError, UnknownNameError
from matcalc.expr import (
    BUILD,
    Node,
    _checked_name,
    brief,
    is_symbol,
    postorder,
    read,
    rebuilt,
    substitute,
    symbol,
    symbol_name,
    symbol_owner,
)
from matcalc.facts import Fact, as_facts, refuse_strangers, refuse_wrong
from matcalc.members import Families, Family, family_of, place_of, spread
from matcalc.owners import Owner as Owner
from matcalc.shapes import SCALAR, Shape


@dataclass(frozen=True)
class Step:
    """One named step."""

    symbol: Node
    definition: Node
    adjoint: str | None = None  # LaTeX for what arrives at this step

    @property
    def name(self) -> str:
        return symbol_name(self.symbol)


def definition(node: Node) -> Node | None:
    """What a step or adjoint symbol stands for; None for a declared symbol."""
    owner = symbol_owner(node) if is_symbol(node) else None
    return owner.definition_of(node) if owner is not None else None


def expanded(root: Node) -> Node:
    """``root`` in declared symbols alone: every named step replaced by its definition."""
    image: dict[Node, Node] = {}
    todo: list[tuple[Node, bool]] = [(root, False)]
    while todo:
        node, ready = todo.pop()
        if node in image:
            continue
        behind = definition(node)
        below = (behind,) if behind is not None else node.operands
        if not ready and below:
            todo.append((node, True))
            todo.extend((c, False) for c in below)
        elif behind is not None:
            image[node] = image[behind]
        else:
            image[node] = rebuilt(node, tuple(image[c] for c in node.operands))
    return image[root]


def facts_behind(root: Node) -> list[Fact]:
    """What is assumed by the networks and derivations whose names ``root`` uses."""
    owners = dict.fromkeys(symbol_owner(node) for node in postorder(root) if is_symbol(node))
    return [fact for owner in owners for fact in getattr(owner, "facts", ())]


class Names:
    """The names of one problem: one name, one meaning."""

    def __init__(self) -> None:
        self.symbols: dict[str, Node] = {}
        self.dims: set[str] = set()

    def add(self, node: Node) -> Node:
        """Admit a symbol; the same name with another shape is an error that shows both."""
        name = symbol_name(node)
        seen = self.symbols.get(name)
        if seen is not None and seen is not node:
            if not shapes.same_shape(seen.shape, node.shape):
                raise NameClashError(
                    f"the name {name} stands for two things: {name} ({shapes.show(seen.shape)}) "
                    f"and {name} ({shapes.show(node.shape)})"
                )
            return seen
        for d in node.shape:
            for s in d.free_symbols:
                self.add_dim(s.name)
        if name in self.dims and node.shape:
            raise NameClashError(
                f"the name {name} is a dimension and the matrix {name} ({shapes.show(node.shape)})"
            )
        self.symbols.setdefault(name, node)
        return node

    def add_dim(self, name: str) -> None:
        seen = self.symbols.get(name)
        if seen is not None and seen.shape:
            raise NameClashError(
                f"the name {name} is a dimension and the matrix {name} ({shapes.show(seen.shape)})"
            )
        self.dims.add(name)


def checked_symbols(roots: Iterable[Node]) -> dict[str, Node]:
    """The symbols below ``roots`` by name; two meanings of one name are refused."""
    names = Names()
    for node in postorder(list(roots)):
        if is_symbol(node):
            names.add(node)
    return names.symbols


def refuse_whole_family(output: Node | Family) -> None:
    """An output is one matrix or scalar, not as many as an index has places."""
    if isinstance(output, Family) or output.indices:
        family = output if isinstance(output, Family) else family_of(output)
        last = ", ".join(str(span.high) for span in family.spans)
        raise NoRuleError(
            f"{family.name} is a family: choose one member as output, such as "
            f"net.output({family.name}[{last}]), or a sum over all of them"
        )


class Network(Families, Owner):
    """A forward pass, step by step.

    >>> import matcalc as mc
    >>> n, d = mc.dims("n d")
    >>> net = mc.Network("regression")
    >>> X, y = net.input("X", n, d), net.input("y", n, 1)
    >>> w = net.param("w", d, 1)
    >>> r = net.let("r", X*w - y)
    >>> net.minimize(r.T*r/2)
    L
    >>> print(net.to_text())
    X : n x d
    y : n x 1
    param w : d x 1
    r = X*w - y
    L = r'*r/2
    minimize L
    """

    def __init__(self, name: str = "network") -> None:
        self.name = name
        self._names = Names()
        self._begin_families()
        self._inputs: dict[str, Node] = {}
        self._params: dict[str, Node] = {}
        self._steps: dict[str, Step] = {}
        self._definitions: dict[Node, Node] = {}
        self._output: Node | None = None
        self._plain: Node | None = None
        self._minimized = False
        self._upstream: str | None = None
        self.facts: list[Fact] = []
        self.assumed: tuple[str, ...] = ()

    # -- declaring --------------------------------------------------------------------------------

    @spread
    def input(self, name: str, rows: Any = None, cols: Any = None, latex: str | None = None) -> Any:
        """Declare data: a matrix, or a scalar when no dimension is given."""
        return self._declare(self._inputs, name, rows, cols, latex)

    @spread
    def param(self, name: str, rows: Any = None, cols: Any = None, latex: str | None = None) -> Any:
        """Declare a parameter: what ``derive`` differentiates by."""
        return self._declare(self._params, name, rows, cols, latex)

    def _declare(
        self, table: dict[str, Node], name: str, rows: Any, cols: Any, latex: str | None
    ) -> Node:
        shape: Shape = SCALAR
        if rows is not None:
            shape = (shapes.dim(rows), shapes.dim(1 if cols is None else cols))
        self._fresh(name)
        node = self._names.add(symbol(name, shape, latex))
        table[name] = node
        return node

    def _fresh(self, name: str) -> None:
        _checked_name(name)
        if name in self._names.symbols:
            raise NameClashError(f"{name} is declared already in the network {self.name!r}")
        if name in self._names.dims:
            raise NameClashError(f"{name} is a dimension in the network {self.name!r}")

    def let(
        self,
        name: str,
        expr: Any,
        latex: str | None = None,
        adjoint: str | None = None,
        *,
        over: Any = None,
    ) -> Any:
        """Name a step. Returns the symbol that later steps use; ``over`` an index, the family."""
        if over is not None:
            return self.let_family(name, expr, latex, adjoint, over)
        self._fresh(name)
        try:
            node = self.adopt(read(expr))
        except ShapeError as error:
            error.add_note(f"in step {name} of the network {self.name!r}")
            raise
        step = self._names.add(symbol(name, node.shape, latex, self))
        self._free_of_indices(step, node)
        self.add_step(step, node, adjoint)
        self._definitions[step] = node
        return step

    def add_step(self, node: Node, definition: Node, adjoint: str | None) -> None:
        self._steps[symbol_name(node)] = Step(node, definition, adjoint)

    def adopt(self, node: Node) -> Node:
        """``node`` in this network's own symbols; a foreign step or an unknown name is refused."""
        mapping: dict[Node, Node] = {}
        for part in postorder(node):
            if not is_symbol(part):
                continue
            mine = self._own(part)
            if mine is not part:
                mapping[part] = mine
        if not mapping:
            return node
        return substitute(node, mapping)

    def _own(self, part: Node) -> Node:
        name, owner = symbol_name(part), symbol_owner(part)
        if (place := place_of(part)) is not None:
            return self.check_member(part, place)
        if isinstance(owner, Network) and owner is not self:
            raise NameClashError(
                f"{name} is a step of another network, {owner.name!r}; declare it here with "
                f"net.input({name!r}, ...), or pass its definition mc.expand({name})"
            )
        mine = self._names.symbols.get(name)
        if mine is not None:
            if not shapes.same_shape(mine.shape, part.shape):
                raise NameClashError(
                    f"the name {name} stands for two things: {name} ({shapes.show(mine.shape)}) in the "
                    f"network {self.name!r} and {name} ({shapes.show(part.shape)}) here"
                )
            return mine
        if owner is None and not part.shape and (name in self._names.dims or part.indices):
            return part
        if owner is None:
            size = "".join(f", {shapes.show_dim(d)}" for d in part.shape)
            raise UnknownNameError(
                f"{name} ({shapes.show(part.shape)}) is not declared in the network {self.name!r}: "
                f"declare it with net.input({name!r}{size}) or net.param({name!r}{size})"
            )
        return part

    def minimize(self, loss: Any) -> Any:
        """Say which scalar is minimised: a step, its name, or an expression that becomes the step L."""
        node = self._as_step(loss, "L")
        if node.shape:
            raise ShapeError(
                f"only a scalar can be minimised, but {brief(node)} is {shapes.show(node.shape)}; "
                "take mc.sum or a norm of it, or use net.output and an upstream symbol"
            )
        self._output, self._minimized = node, True
        return node

    def output(self, expr: Any, upstream: str | None = None) -> Any:
        """Say which step is the output; ``upstream`` names what arrives from above."""
        self._output, self._upstream = self._as_step(expr, "Out"), upstream
        return self._output

    def _as_step(self, expr: Any, stem: str) -> Node:
        if isinstance(expr, str):
            return self[expr]
        node = self.adopt(read(expr))
        if node in self._definitions:
            return node
        name, count = stem, 1
        while name in self._names.symbols or name in self._names.dims:
            count += 1
            name = f"{stem}{count}"
        return self.let(name, node)

    def as_params(self, names: Iterable[str]) -> None:
        """Declared inputs that are parameters after all."""
        for name in names:
            self._params[name] = self._inputs.pop(name)

    def set_expression(self, expr: Any) -> None:
        """A network that is one formula: it has an output and no names."""
        self._plain = self.adopt(read(expr))

    def assume(self, *facts: Any) -> None:
        """State facts about symbols, such as ``mc.Q.symmetric(K)``."""
        stated = [*self.facts, *as_facts(facts)]
        refuse_strangers(stated, self._names.symbols, declared=True)
        refuse_wrong(stated, self._names.symbols)
        self.facts[:] = dict.fromkeys(stated)

    # -- asking -----------------------------------------------------------------------------------

    @property
    def inputs(self) -> Mapping[str, Node]:
        return dict(self._inputs)

    @property
    def params(self) -> Mapping[str, Node]:
        return dict(self._params)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(self._steps.values())

    @property
    def symbols(self) -> Mapping[str, Node]:
        """Every name and its symbol."""
        return dict(self._names.symbols)

    @property
    def minimizes(self) -> bool:
        """Whether the output was named by ``minimize``."""
        return self._minimized

    @property
    def upstream(self) -> str | None:
        return self._upstream

    def __getitem__(self, name: str) -> Any:
        found = self.families.get(name) or self._names.symbols.get(name)
        if found is None:
            raise UnknownNameError(
                f"there is no {name} in the network {self.name!r}; there are "
                f"{shapes.listed(list(self._names.symbols)) or 'no names'}"
            )
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._names.symbols

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def definition_of(self, node: Node) -> Node | None:
        return self._definitions.get(node)

    @property
    def result(self) -> Node:
        """The symbol of the output: the last step unless another was named; of a recurrence, its last
        member."""
        if self._output is not None:
            return self._output
        if self._plain is not None:
            return self._plain
        if not self._steps:
            raise UnknownNameError(
                f"the network {self.name!r} has no step yet: name one with net.let"
            )
        last = next(reversed(self._steps.values())).symbol
        place = place_of(last)
        return last if place is None else place.family.end or last

    def output_expression(self) -> Node:
        return self.result

    @property
    def expression(self) -> Node:
        """The output as an expression in the inputs and parameters."""
        self.refuse_families("an expression in the inputs alone")
        return expanded(self.result)

    @property
    def shape(self) -> Shape:
        return self.result.shape

    def to_text(self) -> str:
        """The network in the text language; ``parse`` reads it back."""
        if self.families:
            return str(BUILD["families_text"](self))
        lines = [f"{n} : {shapes.show(s.shape)}{_as(s)}" for n, s in self._inputs.items()]
        lines += [f"param {n} : {shapes.show(s.shape)}{_as(s)}" for n, s in self._params.items()]
        lines += [f"assume {fact}" for fact in self.facts]
        for step in self.steps:
            parts, last = BUILD["text_lines"](step.definition)
            lines += [f"{symbol_name(name)} = {said}" for name, said in parts]
            lines.append(f"{step.name} = {last}{_as(step.symbol)}")
        if self._plain is not None:
            parts, last = BUILD["text_lines"](self._plain)
            lines += [f"{symbol_name(name)} = {said}" for name, said in parts]
            lines.append(last)
        if self._minimized and self._output is not None:
            lines.append(f"minimize {symbol_name(self._output)}")
        elif self._upstream:
            lines.append(f"upstream {self._upstream}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return dict(BUILD["network_bundle"](self))

    def __repr__(self) -> str:
        return (
            f"<Network {self.name!r}: {len(self._steps)} steps, output {self.result}>"
            if self._steps or self._plain is not None
            else f"<Network {self.name!r}, empty>"
        )


def _as(node: Node) -> str:
    latex = node.params[2]
    return f" as {latex}" if latex else ""
