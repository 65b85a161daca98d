"""Brackets that differ by a sign, turned alike where that costs nothing.

``(x - y)'*S*(x - y)`` and ``(y - x)'*S*(y - x)`` are one number. Where both occur in an expression,
these places, in which turning leaves no sign behind, take one of the two brackets, so that like
terms meet.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from matcalc.expr import Node, as_number, is_number, postorder, rebuilt
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, coefficient, t
from matcalc.ops.entrywise import POWER
from matcalc.rewrite.cost import SYMBOL, cost

EVEN = {"norm2", "abs", "cos", "cosh"}
WORTH = 3 * SYMBOL  # of a shorter bracket each may stand as it does
Sides = dict[int, Node]  # sign -> the bracket that stands this way, as first met


def aligned(root: Node, *, final: bool = False) -> Node:
    """``root`` with brackets turned alike; in the end like those that have to stand as they do."""
    order = postorder(root)
    other = _turned_brackets(order, final)
    if not other:
        return root
    image: dict[Node, Node] = {}
    for node in order:
        below = [image[c] for c in node.operands]
        for places in _free_places(node):
            wrong = [k for k in places if _upright(node.operands[k]) in other]
            if node.op not in (PRODUCT, HADAMARD) or len(wrong) % 2 == 0:
                for k in wrong:
                    instead = other[_upright(node.operands[k])]
                    bracket = image.get(instead, instead)
                    below[k] = t(bracket) if node.operands[k].op is TRANSPOSE else bracket
        image[node] = rebuilt(node, tuple(below))
    return image[root]


def _turned_brackets(order: Sequence[Node], final: bool) -> dict[Node, Node]:
    """For every bracket that stands the other way than it had better the bracket to write."""
    families: dict[Hashable, Sides] = {}
    members: dict[Node, tuple[Hashable, int]] = {}
    for node in order:
        if node.op is SUM_OP:
            key, sign = family(node)
            members[node] = key, sign
            families.setdefault(key, {}).setdefault(sign, node)
    if all(len(sides) == 1 for sides in families.values()):
        return {}
    free: dict[Hashable, list[int]] = {}
    bound: dict[Hashable, set[int]] = {}  # where turning leaves a sign behind
    for node in order:
        turning: set[int] = set()
        for places in _free_places(node):
            turning.update(places)
            for key, sign in {members[_upright(node.operands[k])]: k for k in places}:
                free.setdefault(key, []).append(sign)
        stands = map(_upright, node.operands if final and node.op is not TRANSPOSE else ())
        for k, bracket in enumerate(stands):
            if k not in turning and bracket in members and cost(bracket) >= WORTH:
                key, sign = members[bracket]
                bound.setdefault(key, set()).add(sign)
    # Long ones that have to stand as they do decide, or else most; of as many of both the first met.
    wanted = {}
    for key, signs in free.items():
        fixed = bound.get(key, set())
        if len(fixed.union(signs)) > 1:
            wanted[key] = min(fixed) if len(fixed) == 1 else max(signs, key=signs.count)
    return {
        node: families[key][wanted[key]]
        for node, (key, sign) in members.items()
        if key in wanted and sign != wanted[key]
    }


def _free_places(node: Node) -> Iterator[list[int]]:
    """The operands, bracket by bracket, that may be turned together without leaving a sign."""
    if node.op.name in EVEN or (node.op is POWER and is_even(node.operands[1])):
        if node.operands[0].op is SUM_OP:
            yield [0]
    elif node.op in (PRODUCT, HADAMARD):
        found: dict[Hashable, list[int]] = {}
        for k, factor in enumerate(node.operands):
            if _upright(factor).op is SUM_OP:
                found.setdefault(family(_upright(factor))[0], []).append(k)
        yield from (places for places in found.values() if len(places) % 2 == 0)


def is_even(exponent: Node) -> bool:
    return is_number(exponent) and bool(as_number(exponent).is_even)


def family(bracket: Node) -> tuple[Hashable, int]:
    """The same for a bracket and its negative, and a sign that tells them apart."""
    terms = sorted(
        ((rest.content, value) for value, rest in map(coefficient, bracket.operands)),
        key=lambda term: term[0],
    )
    sign = 1 if terms[0][1] > 0 else -1
    return (bracket.shape, tuple((content, sign * value) for content, value in terms)), sign


def _upright(factor: Node) -> Node:
    return factor.operands[0] if factor.op is TRANSPOSE else factor
