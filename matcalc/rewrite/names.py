"""Named steps are used: an expression that equals a step, or part of a product that does, is its
name.

Rules speak in names where they meet a definition whole; here are found those that only the laws
bring about, such as ``inv(K)*y`` in a gradient after the step ``alpha = inv(K)*y``, up to what a
person sees through: a sign, a transpose, a factor in front, a power of a root.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sympy import Integer, Rational

from matcalc.expr import Node, as_number, is_number, is_symbol, postorder, rebuilt
from matcalc.ops.algebra import PRODUCT, SUM_OP, add, mul, t
from matcalc.ops.base import OPS
from matcalc.ops.entrywise import POWER, power
from matcalc.rewrite.cost import cost
from matcalc.rewrite.law import split
from matcalc.rewrite.likeness import likeness

# H = relu(Z) is positive where Z is: 1[H > 0] is said where Z has no name.
POSITIVE_WITH = ("relu", "elu")

Powers = dict[bytes, tuple[Node, Any]]  # scalar factors with their exponents


class Names:
    """The definitions of a derivation, found again by what they are."""

    def __init__(self, steps: Sequence[Any]) -> None:
        self.steps: dict[Node, Node] = {}  # step symbol -> definition
        self.using: dict[Node, list[Node]] = {}  # symbol -> steps whose definition begins with it
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
        if definition.op.name in POSITIVE_WITH and not is_symbol(definition.operands[0]):
            step = OPS["step"]
            self.add(step.build((name,), ()), step.build(definition.operands[:1], ()))

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
    return next((n for n in postorder(definition) if is_symbol(n)), None)


def _leaves(node: Node) -> set[Node]:
    return {n for n in postorder(node) if is_symbol(n)}


def _named(root: Node, name: Node, definition: Node, flipped: Node) -> Node:
    whole = {flipped.content: t(name), definition.content: name}
    if definition.op is SUM_OP:
        for d, symbol in ((flipped, t(name)), (definition, name)):
            negative = add(*(mul(-1, term) for term in d.operands))
            whole.setdefault(negative.content, mul(-1, symbol))
    windows = [
        (split(d), symbol)
        for d, symbol in ((definition, name), (flipped, t(name)))
        if d.op is PRODUCT and d.shape
    ]
    terms = {a.content for a in definition.operands} if definition.op is SUM_OP else set()
    parts: Powers = {}
    if definition.op is PRODUCT and not definition.shape:
        parts = _powers(_factors(definition))
    image: dict[Node, Node] = {}
    for node in postorder(root):
        found = whole.get(node.content)
        if found is None:
            found = rebuilt(node, tuple(image[c] for c in node.operands))
            if node.op is PRODUCT:
                for window, symbol in windows:
                    found = _in_product(found, window, symbol)
                if len(parts) > 1:
                    found = _in_quotient(found, parts, name)
            elif node.op is SUM_OP and terms and len(node.operands) > len(terms):
                found = _in_sum(found, definition, name, terms)
            elif node.op is POWER or node.op.name == "sqrt":
                found = _as_power(found, definition, name)
        image[node] = found
    return image[root]


def _in_product(node: Node, window: tuple[list[Node], list[Node]], symbol: Node) -> Node:
    """``A*B*C/n`` as ``2*S*C`` for ``S = A*B/(2*n)``."""
    scalars, ms = split(node)
    front, inner = window
    contents = [m.content for m in inner]
    for k in range(len(ms) - len(inner) + 1):
        if node.op is PRODUCT and [m.content for m in ms[k : k + len(inner)]] == contents:
            left = _divided(_powers(scalars), _powers(front))
            other = mul(*left, *ms[:k], symbol, *ms[k + len(inner) :])
            return _in_product(other, window, symbol) if cost(other) < cost(node) else node
    return node


def _in_quotient(node: Node, parts: Powers, name: Node) -> Node:
    """``a*b^3`` as ``c*b^2`` for ``c = a*b``, and 1/(a b^3) as 1/(c b^2)."""
    if node.op is not PRODUCT:
        return node
    scalars, ms = split(node)
    own = _powers(scalars if node.shape else _factors(node))
    ratios = [own[key][1] / k if key in own else 0 for key, (_, k) in parts.items()]
    side = 1 if all(r >= 1 for r in ratios) else -1
    if not all(r * side >= 1 for r in ratios):
        return node
    turned = {key: (base, side * k) for key, (base, k) in parts.items()}
    other = mul(power(name, side), *_divided(own, turned), *(ms if node.shape else ()))
    return other if cost(other) < cost(node) else node


def _factors(product: Node) -> list[Node]:
    """The factors of a number; an inner product is one of them."""
    scalars, ms = split(product)
    return [*scalars, mul(*ms)] if ms else scalars


def _powers(scalars: Sequence[Node]) -> Powers:
    found: Powers = {}
    for s in scalars:
        base, k = s, Integer(1)
        if s.op is POWER and is_number(s.operands[1]):
            base, k = s.operands[0], as_number(s.operands[1])
        found[likeness(base)] = (base, k)
    return found


def _divided(above: Powers, below: Powers) -> list[Node]:
    """The factors of a quotient of two products."""
    left = dict(above)
    for key, (base, k) in below.items():
        left[key] = (base, left.get(key, (base, Integer(0)))[1] - k)
    return [power(base, k) for base, k in left.values() if k != 0]


def _as_power(node: Node, definition: Node, name: Node) -> Node:
    """``u^-3`` as ``r^6`` for a root ``r = 1/sqrt(u)``; a quotient 1/u is left as it was spelled."""
    base, p = _base(definition)
    other, q = _base(node)
    if is_symbol(base) or other.content != base.content or p.is_Integer:
        return node
    return power(name, q / p) if (q / p).is_Integer else node


def _base(node: Node) -> tuple[Node, Any]:
    """What a power, or a root, is taken of, and the exponent."""
    k = Integer(1)
    while True:
        inner = Integer(1)
        if node.op is POWER and is_number(node.operands[1]):
            inner = as_number(node.operands[1])
        elif node.op.name == "sqrt":
            inner = Rational(1, 2)
        if inner == 1 or (inner.is_even and not k.is_Integer):  # sqrt(u^2) is |u|
            return node, k
        node, k = node.operands[0], k * inner


def _in_sum(node: Node, definition: Node, name: Node, terms: set[bytes]) -> Node:
    inside = [a for a in node.operands if a.content in terms]
    if node.op is not SUM_OP or len({a.content for a in inside}) < len(terms):
        return node
    return add(name, *(a for a in node.operands if a.content not in terms))
