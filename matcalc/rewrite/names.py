"""Named steps are used: an expression that equals a step, or part of a product that does, is its
name.

Rules speak in names where they meet a definition whole; here are found those that only the laws
bring about, such as ``inv(K)*y`` in a gradient after the step ``alpha = inv(K)*y``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matcalc.expr import Node, is_number, is_symbol, postorder, rebuilt
from matcalc.ops.algebra import PRODUCT, SUM_OP, add, mul, t
from matcalc.rewrite.law import split


class Names:
    """The definitions of a derivation, found again by what they are."""

    def __init__(self, steps: Sequence[Any]) -> None:
        self.steps: dict[Node, Node] = {}  # step symbol -> definition
        self.using: dict[Node, list[Node]] = {}  # leaf -> steps whose definition begins with it
        for step in steps:
            self.add(step.symbol, step.definition)

    def add(self, name: Node, definition: Node) -> None:
        """One more name; what is no expression of at least two parts is not looked for."""
        if not definition.operands or definition.indices:
            return
        leaf = _first_leaf(definition)
        if leaf is not None:
            self.steps[name] = definition
            self.using.setdefault(leaf, []).append(name)

    def used_in(self, root: Node, flip: Callable[[Node], Node]) -> Node:
        """``root`` with every part that equals a definition under its name, or a transposed one."""
        order = postorder(root)
        here = {n for n in order if is_symbol(n)}
        wanted = [
            (name, self.steps[name])
            for leaf in order
            if leaf in self.using
            for name in self.using[leaf]
            if _leaves(self.steps[name]) <= here
        ]
        if not wanted:
            return root
        for name, definition in wanted:
            if root is not name:
                root = _named(root, name, definition, flip(definition))
        return root


def _first_leaf(definition: Node) -> Node | None:
    node = definition
    while node.operands:
        node = next((a for a in node.operands if not is_number(a)), node.operands[0])
    return node if is_symbol(node) else None


def _leaves(node: Node) -> set[Node]:
    return {n for n in postorder(node) if is_symbol(n)}


def _named(root: Node, name: Node, definition: Node, flipped: Node) -> Node:
    whole = {flipped.content: t(name), definition.content: name}
    windows = [
        ([p.content for p in split(d)[1]], symbol)
        for d, symbol in ((definition, name), (flipped, t(name)))
        if d.op is PRODUCT and d.shape and not split(d)[0]
    ]
    terms = {a.content for a in definition.operands} if definition.op is SUM_OP else set()
    image: dict[Node, Node] = {}
    for node in postorder(root):
        found = whole.get(node.content)
        if found is None:
            found = rebuilt(node, tuple(image[c] for c in node.operands))
            if node.op is PRODUCT:
                for contents, symbol in windows:
                    found = _in_product(found, contents, symbol)
            elif node.op is SUM_OP and terms and len(node.operands) > len(terms):
                found = _in_sum(found, definition, name, terms)
        image[node] = found
    return image[root]


def _in_product(node: Node, contents: list[bytes], symbol: Node) -> Node:
    if node.op is not PRODUCT:
        return node
    scalars, ms = split(node)
    width = len(contents)
    for k in range(len(ms) - width + 1):
        if [m.content for m in ms[k : k + width]] == contents:
            return _in_product(mul(*scalars, *ms[:k], symbol, *ms[k + width :]), contents, symbol)
    return node


def _in_sum(node: Node, definition: Node, name: Node, terms: set[bytes]) -> Node:
    inside = [a for a in node.operands if a.content in terms]
    if node.op is not SUM_OP or len({a.content for a in inside}) < len(terms):
        return node
    return add(name, *(a for a in node.operands if a.content not in terms))
