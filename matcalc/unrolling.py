"""A network with families as a plain one: every member a symbol of its own, for a fixed range."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import DomainError, UnknownNameError
from matcalc.expr import BUILD, Node, postorder, substitute
from matcalc.members import Family, place_of
from matcalc.network import Network, Step
from matcalc.ops.algebra import add, zero_of
from matcalc.ops.binder import ISUM, at_index
from matcalc.shapes import Shape


def unrolled(network: Network, ends: Mapping[str, int]) -> Network:
    """The plain network at these ends; ``h[2]`` becomes ``h2``, ``d[1]`` the dimension ``d1``."""
    return _Unrolling(network, ends).run()


class _Unrolling:
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

    def run(self) -> Network:
        net = self.net
        for table, declare in ((net.inputs, self.plain.input), (net.params, self.plain.param)):
            for name, node in table.items():
                self.image[node] = declare(name, *self.shape(node.shape), latex=node.params[2])
        for name, family in net.families.items():
            role = net.roles[name]
            if role != "step":
                for at in self.places(family):
                    node = family.at(at)
                    declare = self.plain.input if role == "input" else self.plain.param
                    self.image[node] = declare(self.name(node), *self.shape(node.shape))
        for step in net.steps:
            if place_of(step.symbol) is None:
                self.plain_step(step)
        self.facts()
        if net._minimized:
            self.plain.minimize(self.of(net.result))
        else:
            self.plain.output(self.of(net.result), upstream=net.upstream)
        return self.plain

    def facts(self) -> None:
        for fact in self.net.facts:
            family = self.net.families.get(fact.of)
            names = [fact.of] if family is None else [
                self.name(family.at(at)) for at in self.places(family)
            ]  # fmt: skip
            self.plain.facts += [type(fact)(fact.name, name) for name in names]

    def shape(self, shape: Shape) -> Shape:
        return tuple(shapes.settled(d.xreplace(self.ends)) for d in shape)

    def name(self, member: Node) -> str:
        """``h2`` for ``h[2]``; with an underscore where that name has a meaning."""
        place = place_of(member)
        assert place is not None
        number = "_".join(str(e) for e in place.at).replace("-", "m")
        found = f"{place.family.name}{number}"
        while found in self.net or found in self.net.families:
            found = f"{place.family.name}_{number}"
            if found in self.net:
                number += "_"
        return found

    def places(self, family: Family) -> list[tuple[Any, ...]]:
        ranges = [self.range_of(s.low, s.high) for s in family.spans]
        return [tuple(map(sp.Integer, at)) for at in product(*ranges)]

    def range_of(self, low: Any, high: Any) -> range:
        first, last = (e.xreplace(self.ends) for e in (low, high))
        for e in (first, last):
            if not e.is_Integer:
                raise DomainError(
                    f"how many there are is not said: net.unroll({_first_symbol(e)}=3)"
                )
        return range(int(first), int(last) + 1)

    # -- steps ------------------------------------------------------------------------------------

    def plain_step(self, step: Step) -> None:
        node = self.of(step.definition)
        made = self.plain.let(
            step.name, node, latex=step.symbol.params[2], adjoint=step.adjoint
        )
        self.image[step.symbol] = made

    def of(self, root: Node) -> Node:
        """An expression in the symbols of the plain network; members are made when first met."""
        fixed = self.concrete(at_index(root, self.ends) if self.ends else root)
        todo = [fixed]
        while todo:
            node = todo[-1]
            missing = [
                (m, self.definition(m))
                for m in postorder(node)
                if place_of(m) is not None and m not in self.image
            ]
            waiting = [d for _, d in missing if not self.known(d)]
            if waiting:
                todo.append(waiting[0])
                continue
            for member, definition in missing:
                if member not in self.image:
                    self.image[member] = self.plain.let(
                        self.name(member), substitute(definition, self.image)
                    )
            todo.pop()
        return substitute(fixed, self.image)

    def known(self, node: Node) -> bool:
        return all(m in self.image for m in postorder(node) if place_of(m) is not None)

    def definition(self, member: Node) -> Node:
        place = place_of(member)
        assert place is not None
        found = self.net.family_definition(place.family, member)
        return self.concrete(at_index(found, self.ends) if self.ends else found)

    def concrete(self, root: Node) -> Node:
        """Sums over members written out."""
        image: dict[Node, Node] = {}
        for node in postorder(root, stop=lambda n: n.op is ISUM):
            if node.op is ISUM and any(place_of(m) is not None for m in postorder(node)):
                variable, low, high = node.params
                terms = [
                    self.concrete(at_index(node.operands[0], {variable: k}))
                    for k in self.range_of(low, high)
                ]
                image[node] = add(*terms) if terms else zero_of(node.shape)
        return substitute(root, image) if image else root


def _first_symbol(e: Any) -> str:
    return sorted(s.name for s in e.free_symbols)[0]


BUILD["unrolled"] = unrolled
