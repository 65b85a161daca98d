"""Expressions up to the names of their symbols: what is simplified once is simplified for all.

The symbols of an expression are replaced by placeholders in the order in which they are met; a
placeholder's name carries the facts about its symbol. A thousand equal layers are one template.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache

import sympy as sp

from matcalc.expr import Node, is_symbol, make, postorder, rebuilt, symbol, symbol_name
from matcalc.facts import with_implied
from matcalc.rewrite.law import facts_of

LARGEST = 400  # nodes; beyond, an expression is simplified under its own names

Assumed = Mapping[str, Sequence[str]]  # symbol name -> facts


@lru_cache(maxsize=65536)
def placeholder(k: int, shape: object, facts: tuple[str, ...]) -> Node:
    """The k-th symbol of a template."""
    name = f"?{k}|{','.join(facts)}" if facts else f"?{k}"
    return symbol(name, shape)  # type: ignore[arg-type]


class Template:
    """An expression in placeholders, and the symbols they stand for."""

    def __init__(self, root: Node, facts: Assumed, order: Sequence[Node] | None = None) -> None:
        order = order if order is not None else postorder(root)
        kept = _kept(order)
        summed = any(node.op.name == "isum" for node in order)
        self.leaves: dict[Node, Node] = {}  # symbol -> placeholder
        rows: list[Hashable] = []
        place: dict[Node, int] = {}
        for node in order:
            place[node] = len(rows)
            bound = summed and bool(node.indices)  # a member of a family, which a sum may bind
            if is_symbol(node) and not bound and (node.shape or symbol_name(node) not in kept):
                known = (*facts.get(symbol_name(node), ()), *facts_of(node))
                stand_in = placeholder(
                    len(self.leaves), node.shape, with_implied(known, node.shape) if known else ()
                )
                self.leaves[node] = stand_in
                rows.append(stand_in)
            elif node.operands:
                rows.append((node.op, tuple(place[c] for c in node.operands), node.params))
            else:
                rows.append(node)
        self.key: Hashable = tuple(rows)
        self.order = order
        self.origin = {stand_in: node for node, stand_in in self.leaves.items()}

    def root(self) -> Node:
        """The expression in placeholders."""
        image: dict[Node, Node] = dict(self.leaves)
        for node in self.order:
            if node not in image:
                operands = tuple(image[c] for c in node.operands)
                image[node] = make(node.op, operands, node.params) if operands else node
        return image[self.order[-1]]

    def restored(self, node: Node) -> Node:
        """An expression in placeholders under its own names."""
        image: dict[Node, Node] = {}
        for part in postorder(node):
            found = self.origin.get(part)
            image[part] = (
                found
                if found is not None
                else rebuilt(part, tuple(image[c] for c in part.operands))
            )
        return image[node]


def _kept(order: Sequence[Node]) -> set[str]:
    """Names that a shape or a parameter mentions: scalars of these names stay themselves."""
    found: set[str] = set()
    for node in order:
        for value in (*node.shape, *node.params) if node.params or node.shape else ():
            if isinstance(value, sp.Expr):
                found.update(_names(value))
    return found


@lru_cache(maxsize=8192)
def _names(value: sp.Expr) -> tuple[str, ...]:
    return tuple(s.name for s in value.free_symbols)
