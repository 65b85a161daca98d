"""What is known of named steps and adjoints: the stated facts, and what the definitions show.

A step that is its own transpose is symmetric, the rows of a softmax sum to one. In later lines the
step is only a name, so what its definition shows is handed on with the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matcalc.expr import Node, symbol_name
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import is_symmetric
from matcalc.rewrite.names import Names
from matcalc.rewrite.simplify import flipped, simplify, tidied
from matcalc.rewrite.template import Template

LARGEST = 200  # nodes of a definition that is looked at


class Known:
    """The facts about the symbols of one derivation, by name, and the names themselves."""

    def __init__(self, facts: Iterable[Any], steps: Sequence[Any] = ()) -> None:
        self.facts: dict[str, list[str]] = {}
        self.names = Names(steps)
        for fact in facts:
            self.facts.setdefault(fact.of, []).append(fact.name)
        for step in steps:
            self.learn(step.symbol, step.definition)

    def learn(self, name: Node, value: Node) -> None:
        """What the value of a named step shows."""
        shape = value.shape
        if value.op.name == "softmax":
            self._add(name, "rows_sum_to_one" if value.params[0] == 1 else "cols_sum_to_one")
        elif shape and shape[0] == shape[1] and value.operands:
            template = Template(value, self.facts)
            if len(template.order) <= LARGEST and is_symmetric(template.root()):
                self._add(name, "symmetric")

    def _add(self, name: Node, fact: str) -> None:
        self.facts.setdefault(symbol_name(name), []).append(fact)

    def simplify(self, node: Node) -> Node:
        """In the shortest form that the facts and the names allow."""
        best = self._named(simplify(node, facts=self.facts))
        if self.names.steps:
            tidy = tidied(node, self.facts)
            named = self._named(tidy)
            if named is not tidy:
                other = self._named(simplify(named, facts=self.facts))
                best = other if cost(other) < cost(best) else best
        return best

    def _named(self, node: Node) -> Node:
        return self.names.used_in(node, lambda d: flipped(d, self.facts))
