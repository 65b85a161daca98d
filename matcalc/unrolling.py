"""A network with families as a plain one: every member a symbol of its own, for a fixed range."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import DomainError, UnknownNameError
from matcalc.expr import (
    BUILD,
    Node,
    is_symbol,
    make,
    number,
    postorder,
    rebuilt,
    symbol,
    symbol_name,
)
from matcalc.members import Family, place_of
from matcalc.network import Network, Step, refuse_whole_family
from matcalc.ops.algebra import add, zero_of
from matcalc.ops.binder import ISUM, isum
from matcalc.owners import Owner
from matcalc.shapes import IndexedDim, Shape


def unrolled(network: Network, ends: Mapping[str, int]) -> Network:
    """The plain network at these ends; ``h[2]`` becomes ``h2``, ``d[1]`` the dimension ``d1``."""
    made = Unrolling(network, ends)
    made.declare()
    made.define()
    return made.plain


class Unrolling:
    """One network, at one choice of its ends."""

    def __init__(self, network: Network, ends: Mapping[str, int]) -> None:
        self.net = network
        wanted = {s.name for s in network.extents}
        if unknown := [name for name in ends if name not in wanted]:
            raise UnknownNameError(
                f"no index of the network {network.name!r} ends at {unknown[0]}; there are "
                f"{shapes.listed(sorted(wanted)) or 'no symbolic ends'}"
            )
        self.ends = {s: sp.Integer(ends[s.name]) for s in network.extents if s.name in ends}
        self.plain = Network(network.name)
        self.image: dict[Node, Node] = {}
        self.names: dict[Node, str] = {}
        self.indexed: dict[str, str] = {}  # dimensions d2 of the plain network, as d_2
        self.facts = tuple(network.facts)
        self.taken: set[str] = set()
        self.reserved: set[str] = set()  # names that are no member's
        self.sized = Owner()  # of symbols whose shape is fixed on the way

    def declare(self) -> None:
        """Inputs and parameters, those of a family one by one."""
        net = self.net
        for table, declare in ((net.inputs, self.plain.input), (net.params, self.plain.param)):
            for name, node in table.items():
                self.image[node] = declare(name, *self.shape(node.shape), latex=node.params[2])
        for name, family in net.families.items():
            if net.roles[name] != "step":
                declare = self.plain.input if net.roles[name] == "input" else self.plain.param
                for at in self.places(family):
                    node = family.at(at)
                    self.image[node] = declare(self.name(node), *self.shape(node.shape))

    def define(self) -> None:
        """Every step that the output needs, in order."""
        net = self.net
        for step in net.steps:
            if place_of(step.symbol) is None:
                self.plain_step(step)
        for fact in self.facts:
            family = net.families.get(fact.of)
            names = [fact.of]
            if family is not None:
                names = [self.name(family.at(at)) for at in self.places(family)]
            self.plain.facts += [type(fact)(fact.name, name) for name in names]
        refuse_whole_family(net.result)
        output = self.of(net.result)
        if net.minimizes:
            self.plain.minimize(output)
        else:
            self.plain.output(output, upstream=net.upstream)

    # -- sizes, names and places ------------------------------------------------------------------

    def shape(self, shape: Shape) -> Shape:
        return tuple(self.dim(d) for d in shape)

    def dim(self, d: Any) -> Any:
        """``d[2]`` is a dimension d2 of the plain network."""
        fixed = d.xreplace(self.ends) if self.ends else d
        if not fixed.has(IndexedDim):
            return fixed
        swaps = {}
        for f in fixed.atoms(IndexedDim):
            stem, place = f.func.__name__, str(f.args[0]).replace("-", "m")
            swaps[f] = shapes.dim(f"{stem}{place}")
            self.indexed[f"{stem}{place}"] = f"{stem}_{place}"
        return fixed.xreplace(swaps)

    def name(self, member: Node) -> str:
        """``h2`` for ``h[2]``; with an underscore where that name has a meaning."""
        found = self.names.get(member)
        if found is not None:
            return found
        place = place_of(member)
        assert place is not None
        number = "_".join(str(e) for e in place.at).replace("-", "m")
        found = f"{place.family.name}{number}"
        while (
            found in self.net
            or found in self.net.families
            or found in self.reserved
            or found in self.taken
        ):
            found = f"{found[: -len(number)]}_{number}"
        self.names[member] = found
        self.taken.add(found)
        return found

    def places(self, family: Family) -> list[tuple[Any, ...]]:
        ranges = [self.range_of(s.low, s.high) for s in family.spans]
        return [tuple(map(sp.Integer, at)) for at in product(*ranges)]

    def range_of(self, low: Any, high: Any) -> range:
        first, last = (e.xreplace(self.ends) for e in (low, high))
        for e in (first, last):
            if not e.is_Integer:
                end = sorted(s.name for s in e.free_symbols)[0]
                raise DomainError(f"how far an index runs is not said: give {end}, as in {end}=3")
        return range(int(first), int(last) + 1)

    # -- expressions ------------------------------------------------------------------------------

    def plain_step(self, step: Step) -> None:
        self.image[step.symbol] = self.plain.let(
            step.name, self.of(step.definition), latex=step.symbol.params[2], adjoint=step.adjoint
        )

    def of(self, root: Node) -> Node:
        """An expression in the symbols of the plain network; members are made when first met."""
        fixed = self.concrete(root)
        todo: list[tuple[Node | None, Node]] = [(None, fixed)]
        while todo:
            member, node = todo[-1]
            missing = self.missing(node)
            if missing:
                todo += [(m, self.concrete(self.definition(m))) for m in missing]
                continue
            todo.pop()
            if member is not None and member not in self.image:
                self.image[member] = self.made(member, self.substituted(node))
        return self.substituted(fixed)

    def missing(self, root: Node) -> list[Node]:
        return [m for m in postorder(root) if place_of(m) is not None and m not in self.image]

    def definition(self, member: Node) -> Node:
        place = place_of(member)
        assert place is not None
        return self.net.family_definition(place.family, member, self.ends)

    def made(self, member: Node, definition: Node) -> Node:
        if is_symbol(definition):  # h[0] = h0: no second name
            return definition
        return self.plain.let(self.name(member), definition)

    def substituted(self, root: Node) -> Node:
        image: dict[Node, Node] = {}
        for node in postorder(root, stop=self.image.__contains__):
            found = self.image.get(node)
            if found is None:
                found = self._again(node, tuple(image[c] for c in node.operands))
            image[node] = found
        return image[root]

    def _again(self, node: Node, operands: tuple[Node, ...]) -> Node:
        params = tuple(self.dim(p) if isinstance(p, sp.Expr) else p for p in node.params)
        if params == node.params or node.op.name in ("symbol", "number"):
            return rebuilt(node, operands)
        return make(ISUM, operands, params) if node.op is ISUM else node.op.build(operands, params)

    def concrete(self, root: Node, places: Mapping[Any, Any] | None = None) -> Node:
        """At these ends and places, and with sums over members written out."""
        swaps = {**self.ends, **(places or {})}
        image: dict[Node, Node] = {}
        for node in postorder(root, stop=lambda n: n.op is ISUM):
            if node.op is ISUM:
                image[node] = self.sum(node, swaps)
            elif is_symbol(node):
                image[node] = self.symbol(node, swaps)
            else:
                operands = tuple(image[c] for c in node.operands)
                params = tuple(
                    p.xreplace(swaps) if isinstance(p, sp.Expr) else p for p in node.params
                )
                image[node] = (
                    rebuilt(node, operands)
                    if params == node.params
                    else node.op.build(operands, params)
                )
        return image[root]

    def sum(self, node: Node, swaps: Mapping[Any, Any]) -> Node:
        variable, low, high = node.params
        low, high = low.xreplace(swaps), high.xreplace(swaps)
        body = node.operands[0]
        if not any(place_of(m) is not None for m in postorder(body)):
            return isum(self.concrete(body, swaps), variable, low, high)
        terms = [self.concrete(body, {**swaps, variable: sp.Integer(k)})
                 for k in self.range_of(low, high)]  # fmt: skip
        return add(*terms) if terms else zero_of(node.shape)

    def symbol(self, node: Node, swaps: Mapping[Any, Any]) -> Node:
        place = place_of(node)
        if place is not None:
            return place.moved(swaps)
        if not node.shape:
            return self.scalars(swaps).get(symbol_name(node), node)
        shape = tuple(d.xreplace(swaps) for d in node.shape)
        if shape == node.shape:
            return node
        sized = symbol(symbol_name(node), shape, node.params[2], self.sized)
        if node in self.image:
            self.image[sized] = self.image[node]
        return sized

    def scalars(self, swaps: Mapping[Any, Any]) -> dict[str, Node]:
        """An index used as a number."""
        return {s.name: number(v) for s, v in swaps.items()}


BUILD["unrolled"] = unrolled
