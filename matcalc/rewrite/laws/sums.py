"""Sums: common factors left, right and in front, like terms, and the order people write."""

from __future__ import annotations

import sympy as sp

from matcalc.expr import Node, as_number, is_number, number
from matcalc.ops.algebra import (
    EYE,
    ONES,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    add,
    coefficient,
    eye,
    had,
    mul,
    ones,
    t,
)
from matcalc.ops.entrywise import POWER, power
from matcalc.rewrite.cost import times_one_minus
from matcalc.rewrite.flip import is_symmetric
from matcalc.rewrite.law import equal, has, law, make_op, settled, shorter, split, without
from matcalc.rewrite.likeness import likeness

WIDEST = 64


@law("plus")
def like_terms(node: Node) -> Node | None:
    r"""$\operatorname{tr}(AB) + \operatorname{tr}(BA) = 2\operatorname{tr}(AB)$, $u^\top v + v^\top
    u = 2u^\top v$. Shrinks: one term for two."""
    if len(node.operands) > WIDEST:
        return None
    found: dict[bytes, list[Node]] = {}
    for term in node.operands:
        found.setdefault(likeness(coefficient(term)[1]), []).append(term)
    if len(found) == len(node.operands):
        return None
    merged = []
    for terms in found.values():
        total = sum((coefficient(term)[0] for term in terms[1:]), coefficient(terms[0])[0])
        merged.append(mul(number(total), coefficient(terms[0])[1]) if len(terms) > 1 else terms[0])
    return add(*merged)


@law("times")
def distribute_where_shorter(node: Node) -> Node | None:
    r"""$A(I + B) = A + AB$ where a term of the bracket disappears. Shrinks by comparison."""
    for m in split(node)[1]:
        if m.op is not SUM_OP or not any(_vanishes(term) for term in m.operands):
            continue
        at = node.operands.index(m)
        before, after = node.operands[:at], node.operands[at + 1 :]
        return shorter(node, add(*(settled(mul(*before, term, *after)) for term in m.operands)))
    return None


def _vanishes(term: Node) -> bool:
    return any(m.op is EYE or m.op is ONES for m in split(term)[1])


@law("times")
def minus_into_bracket(node: Node) -> Node | None:
    r"""$-(A - B) = B - A$. Shrinks: one sign fewer."""
    if not is_number(node.operands[0]) or as_number(node.operands[0]) >= 0:
        return None
    for k, m in enumerate(node.operands):
        if m.op is SUM_OP and _minuses(m) * 2 >= len(m.operands) and _turns_well(m):
            turned = add(*(mul(number(-1), term) for term in m.operands))
            return shorter(
                node, mul(number(-1), *node.operands[:k], turned, *node.operands[k + 1 :])
            )
    return None


def _minuses(bracket: Node) -> int:
    return sum(1 for term in bracket.operands if coefficient(term)[0] < 0)


def _turns_well(bracket: Node) -> bool:
    """A difference of two reads either way; 1 - A does not want to become A - 1."""
    constant = any(
        coefficient(term)[1].op in (ONES, EYE) and coefficient(term)[0] > 0
        for term in bracket.operands
    )
    return not constant


@law("times")
def brackets_alike(node: Node) -> Node | None:
    r"""$(x - y)(y - x)^\top = -(x - y)(x - y)^\top$. Shrinks: one bracket for two, and a sign."""
    for k, m in enumerate(node.operands):
        bracket = m.operands[0] if m.op is TRANSPOSE else m
        if bracket.op is SUM_OP and k and _minuses(bracket):
            turned = add(*sorted((mul(number(-1), a) for a in bracket.operands), key=_late))
            if m.op is TRANSPOSE:
                turned = t(turned)
            rest = (*node.operands[:k], turned, *node.operands[k + 1 :])
            if found := shorter(node, mul(number(-1), *rest)):
                return found
    return None


@law("plus")
def common_scalars(node: Node) -> Node | None:
    r"""$cA + cB = c(A + B)$ for scalar factors and numbers common to all terms. Shrinks: written
    once."""
    if len(node.operands) > WIDEST:
        return None
    terms = [(term.operands if term.op is PRODUCT else (term,)) for term in node.operands]
    common: list[Node] = []
    for s in dict.fromkeys(terms[0]):
        if (
            not s.shape
            and not is_number(s)
            and all(any(x is s for x in other) for other in terms[1:])
        ):
            common.append(s)
    numbers = [as_number(fs[0]) if is_number(fs[0]) else sp.Integer(1) for fs in terms]
    shared = abs(numbers[0]) if len(set(map(abs, numbers))) == 1 else sp.Integer(1)
    if shared == 1 and not common:
        return None
    rest = []
    for fs in terms:
        left = list(fs)
        for s in common:
            left.remove(s)
        part = mul(*left) if left else number(1)
        if not part.shape and node.shape:
            return None
        rest.append(mul(number(1 / shared), part))
    return shorter(node, mul(number(shared), *common, add(*rest)))


@law("plus")
def perfect_square(node: Node) -> Node | None:
    r"""$a^2 + 2ab + b^2 = (a + b)^2$, entry by entry. Shrinks: two terms for three."""
    if len(node.operands) != 3:
        return None
    for middle in node.operands:
        roots = [_root(term) for term in node.operands if term is not middle]
        if len(roots) != 2 or roots[0] is None or roots[1] is None:
            continue
        a, b = roots
        cross = mul(2, had(a, b)) if node.shape else mul(2, a, b)
        for sign in (1, -1):
            if equal(middle, mul(sign, cross)):
                return power(add(a, mul(sign, b)), 2)
    return None


def _root(term: Node) -> Node | None:
    """What a square is the square of."""
    c, rest = coefficient(term)
    root = sp.sqrt(c)
    if not root.is_Rational:
        return None
    if rest.op is ONES or is_number(rest):
        return mul(number(root), rest)
    if rest.op is not POWER or not is_number(rest.operands[1]):
        return None
    exponent = as_number(rest.operands[1])
    return mul(number(root), power(rest.operands[0], exponent / 2)) if exponent.is_even else None


@law("plus")
def one_minus_the_rest(node: Node) -> Node | None:
    r"""$u - u \odot v = u \odot (1 - v)$, and $u - u^3 = u(1 - u^2)$. Shrinks: one factor for two,
    and a 1 is read sooner than u."""
    found = times_one_minus(node)
    if found is None:
        return None
    term, rest = found
    if node.shape:
        bracket = add(ones(*node.shape), mul(-1, had(*rest)))
        return shorter(node, settled(had(term, bracket)))
    return shorter(node, settled(mul(term, add(1, mul(-1, *rest)))))


@law("plus")
def bracket_among_terms(node: Node) -> Node | None:
    r"""$A(B + C) + c\,B + c\,C = (A + c\,I)(B + C)$, on either side. Shrinks by comparison."""
    for term in node.operands if len(node.operands) <= WIDEST else ():
        scalars, ms = split(term)
        for k in (0, -1) if len(ms) > 1 else ():
            bracket = ms[k]
            rest = mul(*scalars, *(ms[1:] if k == 0 else ms[:-1]))
            if bracket.op is not SUM_OP or not rest.shape or rest.shape[0] != rest.shape[1]:
                continue
            found = _taken_away(bracket, without(node.operands, term))
            if found is not None:
                c, others = found
                front = settled(add(rest, mul(number(c), eye(rest.shape[0]))))
                product = mul(bracket, front) if k == 0 else mul(front, bracket)
                if shorter_sum := shorter(node, add(product, *others)):
                    return shorter_sum
    return None


def _taken_away(bracket: Node, terms: list[Node]) -> tuple[sp.Rational, list[Node]] | None:
    """The c for which the terms hold c times the bracket, and the other terms."""
    left = {rest.content: (value, term) for term in terms for value, rest in [coefficient(term)]}
    ratios = set()
    for value, rest in map(coefficient, bracket.operands):
        found = left.pop(rest.content, None)
        if found is None:
            return None
        ratios.add(found[0] / value)
    return (ratios.pop(), [term for _, term in left.values()]) if len(ratios) == 1 else None


@law("plus")
def left_from_inverse(node: Node) -> Node | None:
    r"""$I - (A + B)^{-1}A = (A + B)^{-1}B$, on either side. Shrinks: one term for two."""
    if len(node.operands) > WIDEST:
        return None
    for one in node.operands:
        c, unit = coefficient(one)
        if unit.op is not EYE:
            continue
        for term in node.operands:
            scalars, ms = split(term)
            if term is one or len(ms) < 2:
                continue
            for side in (0, -1):
                found = _remainder(mul(number(-1 / c), *scalars), ms, side)
                if found is not None:
                    others = without(node.operands, one, term)
                    return shorter(node, add(mul(number(c), found), *others))
    return None


def _remainder(front: Node, ms: list[Node], side: int) -> Node | None:
    inverse, rest = (ms[0], ms[1:]) if side == 0 else (ms[-1], ms[:-1])
    if inverse.op.name != "inv" or inverse.operands[0].op is not SUM_OP:
        return None
    whole = inverse.operands[0]
    left = add(whole, mul(number(-1), front, *rest))
    if left.op is SUM_OP and len(left.operands) >= len(whole.operands):
        return None
    return mul(inverse, left) if side == 0 else mul(left, inverse)


@law("plus")
def woodbury(node: Node) -> Node | None:
    r"""$A^{-1} - A^{-1}U(C^{-1} + V A^{-1}U)^{-1}V A^{-1} = (A + U C V)^{-1}$. Shrinks: one inverse
    for five."""
    if len(node.operands) > WIDEST:
        return None
    for first in node.operands:
        c, head = coefficient(first)
        if head.op.name != "inv" and head.op is not EYE:
            continue
        for second in node.operands:
            d, tail = coefficient(second)
            if second is first or d != -c or tail.op is not PRODUCT:
                continue
            found = _woodbury_inverse(head, split(tail))
            if found is not None:
                others = without(node.operands, first, second)
                return shorter(node, add(mul(number(c), found), *others))
    return None


def _woodbury_inverse(head: Node, parts: tuple[list[Node], list[Node]]) -> Node | None:
    scalars, ms = parts
    ends = 0 if head.op is EYE else 1
    if ends and not (len(ms) >= 3 and equal(ms[0], head) and equal(ms[-1], head)):
        return None
    middle = ms[ends : len(ms) - ends]
    for k, m in enumerate(middle):
        if m.op.name != "inv" or not 0 < k < len(middle) - 1:
            continue
        front = mul(*scalars) if scalars else number(1)
        U, V = mul(*middle[:k]), mul(*middle[k + 1 :])
        core = add(mul(m.operands[0], number(1)), mul(number(-1), front, settled(mul(V, head, U))))
        if _is_invertible(core):
            A = eye(head.shape[0]) if head.op is EYE else head.operands[0]
            C = settled(make_op("inv", core))
            return settled(make_op("inv", add(A, mul(front, U, C, V))))
    return None


def _is_invertible(core: Node) -> bool:
    """Seen to be so: an inverse that was not there must not narrow where the result holds."""
    parts = split(core)[1]
    return bool(parts) and all(
        m.op is EYE or m.op.name == "inv" or has(m, "invertible") or has(m, "positive_definite")
        for m in parts
    )


@law("plus", orders=True)
def read_well(node: Node) -> Node | None:
    r"""$-Y + P$ is written $P - Y$, and $A^\top + A$ as $A + A^\top$. As long, but read at once."""
    order = sorted(node.operands, key=_late)
    return (
        add(*order) if any(a is not b for a, b in zip(order, node.operands, strict=True)) else None
    )


def _late(term: Node) -> tuple[bool, bool]:
    first = term.operands[0] if term.op is PRODUCT else term
    return is_number(first) and bool(as_number(first) < 0), term.op is TRANSPOSE


@law("plus")
def twice_symmetric(node: Node) -> Node | None:
    r"""$S + S^\top = 2S$ where S is its own transpose. Shrinks: one term for two."""
    for term in node.operands:
        if term.op is TRANSPOSE and is_symmetric(term.operands[0]):
            return add(*(x.operands[0] if x is term else x for x in node.operands))
    return None
