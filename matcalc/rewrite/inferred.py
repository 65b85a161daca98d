"""What is known of named steps and adjoints: the stated facts, and what the definitions show.

A step that is its own transpose is symmetric, the rows of a softmax sum to one. In later lines the
step is only a name, so what its definition shows is handed on with the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matcalc.expr import Node, is_symbol, leaves, substitute, symbol_name
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, coefficient, is_zero
from matcalc.ops.reduce import axis_sum
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import is_symmetric
from matcalc.rewrite.law import rank_one, split
from matcalc.rewrite.names import Names
from matcalc.rewrite.simplify import flipped, simplify, tidied
from matcalc.rewrite.template import Template

LARGEST = 200  # nodes of a definition that is looked at


class Known:
    """The facts about the symbols of one derivation, by name, and the names themselves."""

    def __init__(self, facts: Iterable[Any], steps: Sequence[Any] = ()) -> None:
        self.facts: dict[str, list[str]] = {}
        self.names = Names(steps)
        self.values: dict[Node, Node] = {}
        for fact in facts:
            self.facts.setdefault(fact.of, []).append(fact.name)
        self.resting: dict[Node, Node] = {}  # steps whose definition speaks of what is assumed
        stated = set(self.facts)
        for step in steps:
            if stated and not stated.isdisjoint(map(symbol_name, leaves(step.definition))):
                self.resting[step.symbol] = step.definition
            self.learn(step.symbol, step.definition)

    def learn(self, name: Node, value: Node) -> None:
        """What the value of a named step shows."""
        self.values[name] = value
        for axis, fact in enumerate(("cols_sum_to_zero", "rows_sum_to_zero")):
            if self._is_centred(value, axis):
                self._add(name, fact)
        if value.op.name == "softmax":
            self._add(name, "rows_sum_to_one" if value.params[0] == 1 else "cols_sum_to_one")
        elif self._is_symmetric(value):
            self._add(name, "symmetric")

    def _is_symmetric(self, value: Node) -> bool:
        """Whether the laws see it."""
        if not value.shape or value.shape[0] != value.shape[1] or not value.operands:
            return False
        template = Template(value, self.facts)
        return len(template.order) <= LARGEST and is_symmetric(template.root())

    def _is_centred(self, value: Node, axis: int) -> bool:
        """Whether the sums along an axis are seen to be zero: X - 1 m, its means in m, and what
        only scales such rows or columns."""
        if not value.shape or not self._may_be_centred(value):
            return False
        sums = axis_sum(substitute(value, {n: self.values[n] for n in self._means(value)}), axis)
        return is_zero(tidied(sums, self.facts))

    def _may_be_centred(self, value: Node) -> bool:
        if value.op is SUM_OP:
            return any(
                coefficient(term)[0] < 0 and rank_one(term) is not None for term in value.operands
            )
        if value.op in (HADAMARD, PRODUCT):
            return any(
                self._may_be_centred(f)
                or (is_symbol(f) and any(map(_says_zero, self.facts.get(symbol_name(f), ()))))
                for f in value.operands
                if f.shape and (is_symbol(f) or f.op is SUM_OP)
            )
        return False

    def _means(self, value: Node) -> list[Node]:
        """The named steps in it that are sums of rows or columns."""
        return [
            n
            for n in leaves(value)
            if n in self.values and n.shape and 1 in n.shape and _is_sum(self.values[n])
        ]

    def _add(self, name: Node, fact: str) -> None:
        self.facts.setdefault(symbol_name(name), []).append(fact)

    def simplify(self, node: Node) -> Node:
        """In the shortest form that the facts and the names allow."""
        best = self._named_again(simplify(node, facts=self.facts))
        if self.names.steps:
            tidy = tidied(node, self.facts)
            named = self._named(tidy)
            if named is not tidy:
                other = self._named_again(simplify(named, facts=self.facts))
                best = other if cost(other) < cost(best) else best
        opened = {n: self.resting[n] for n in leaves(node) if n in self.resting}
        if opened:
            other = self._named_again(simplify(substitute(node, opened), facts=self.facts))
            best = other if cost(other) < cost(best) else best
        return best

    def _named_again(self, short: Node) -> Node:
        """In the names of the steps, which may cancel where their definitions did not."""
        named = self._named(short)
        if named is short:
            return short
        other = self._named(simplify(named, facts=self.facts))
        return other if cost(other) < cost(named) else named

    def _named(self, node: Node) -> Node:
        return self.names.used_in(node, lambda d: flipped(d, self.facts))


def _is_sum(value: Node) -> bool:
    return any(f.op.name in ("rowsum", "colsum") for f in split(value)[1])


def _says_zero(fact: str) -> bool:
    return fact.endswith("sum_to_zero")
