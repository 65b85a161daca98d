"""How a result is written in the end: what the laws leave open, in one way everywhere.

Parts that differ only in the order of what commutes, numbers in a turn or a flip, take the order of
the first; a bracket that stands beside its negative or its transpose is written in one way; ``A*A*A``
is a power. Value and shape are kept, and a page may then name what it repeats.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from typing import Any

import sympy as sp

from matcalc.expr import Node, as_number, is_number, postorder, rebuilt, substitute
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, add, coefficient, had, mul, t
from matcalc.ops.entrywise import POWER, power
from matcalc.ops.inverses import matrix_power
from matcalc.rewrite.cost import SYMBOL, TURNED, cost
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import split
from matcalc.rewrite.laws.functions import equal_factors
from matcalc.rewrite.likeness import likeness
from matcalc.rewrite.orientation import aligned, family, is_even
from matcalc.rewrite.sharing import page_cost, places

WORTH = 3 * SYMBOL  # a shorter bracket may stand in both ways
RUN = 3  # factors that make a power


def written(root: Node) -> Node:
    """``root`` as it is printed."""
    first: dict[tuple[bool, bytes], Node] = {}
    image: dict[Node, Node] = {}
    for node in postorder(_one_way(aligned(root, final=True))):
        found = rebuilt(node, tuple(image[c] for c in node.operands))
        if found.op is PRODUCT:
            found = _with_root_powers(_with_powers(found))
        elif found.op is HADAMARD:
            found = _with_root_powers(equal_factors(found) or found)
        key = (True, found.content) if found.shape else (False, likeness(found))
        image[node] = first.setdefault(key, found)
    return image[node]


def _one_way(root: Node) -> Node:
    """Of a bracket and its transpose the one with fewer marks, transposed where the other stood."""
    brackets = [n for n in postorder(root) if n.op is SUM_OP and n.shape and cost(n) >= WORTH]
    kept: dict[bytes, Node] = {}
    swaps: dict[Node, Node] = {}
    for bracket in sorted(brackets, key=lambda n: (cost(n), _turned_matrices(n))):
        other = kept.get(flip(bracket).content)
        if other is None:
            kept.setdefault(bracket.content, bracket)
        elif other.content != bracket.content:
            swaps[bracket] = t(other)
    return _of_one_sign(substitute(root, swaps) if swaps else root)


def _of_one_sign(root: Node) -> Node:
    """A bracket that stands beside its own negative as that negative: a person writes one bracket
    twice, and the sign in front. One sign more is no longer page."""
    order = postorder(root)
    families: dict[Hashable, dict[int, Node]] = {}
    for node in order:
        if node.op is SUM_OP and node.shape and cost(node) >= WORTH:
            key, sign = family(node)
            families.setdefault(key, {}).setdefault(sign, node)
    both = [list(sides.values()) for sides in families.values() if len(sides) > 1]
    if not both:
        return root
    uses = places(order)
    pairs = (sorted(pair, key=uses.__getitem__) for pair in both)
    kept = {rarer: other for rarer, other in pairs}  # noqa: C416 - a list is no pair to dict()
    image: dict[Node, Node] = {}
    for node in order:
        below = tuple(image[c] for c in node.operands)
        if node.op is POWER and node.operands[0] in kept and is_even(node.operands[1]):
            other = kept[node.operands[0]]
            below = (image.get(other, other), below[1])
        instead = kept.get(node)
        if instead is None:
            image[node] = _minus_in_front(rebuilt(node, below))
        else:
            image[node] = mul(-1, image.get(instead, instead))
    return image[root] if page_cost(image[root]) <= page_cost(root) + TURNED else root


def _minus_in_front(node: Node) -> Node:
    """-A - B as -(A + B)."""
    if node.op is not SUM_OP or any(coefficient(term)[0] > 0 for term in node.operands):
        return node
    return mul(-1, add(*(mul(-1, term) for term in node.operands)))


def _turned_matrices(node: Node) -> int:
    """How many transposes of matrices that are no vectors: X - 1 m' reads better than X' - m 1'."""
    return sum(1 for n in postorder(node) if n.op is TRANSPOSE and 1 not in n.shape)


def _with_root_powers(product: Node) -> Node:
    r"""$u^{-1}/\sqrt u$ as $u^{-3/2}$ where that is shorter. No law, for formulas share what stands
    below a line: a batch norm is divided by one root."""
    join = had if product.op is HADAMARD else mul
    for root, other in itertools.permutations(product.operands, 2):
        (inner, k), (base, m) = _as_power(root), _as_power(other)
        below = inner.operands[0] if inner.op.name == "sqrt" else None
        if below is not None and below.content == base.content and k.is_Integer and m.is_Integer:
            rest = (a for a in product.operands if a is not root and a is not other)
            merged = join(*rest, power(base, m + k / 2))
            return merged if cost(merged) < cost(product) else product
    return product


def _as_power(factor: Node) -> tuple[Node, Any]:
    if factor.op is POWER and is_number(factor.operands[1]):
        return factor.operands[0], as_number(factor.operands[1])
    return factor, sp.Integer(1)


def _with_powers(product: Node) -> Node:
    """Runs of one matrix as powers, and of transposes as the transpose of one."""
    scalars, ms = split(product)
    out: list[Node] = []
    for _, run in itertools.groupby(ms, key=lambda m: m.content):
        same = list(run)
        if len(same) < RUN:
            out += same
        elif same[0].op is TRANSPOSE:
            out.append(t(matrix_power(same[0].operands[0], len(same))))
        else:
            out.append(matrix_power(same[0], len(same)))
    return product if len(out) == len(ms) else mul(*scalars, *out)
