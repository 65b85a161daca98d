"""From the terms of a polynomial back to the shortest expression.

Common factors are taken out on the left, on the right and in front, whichever saves most, and so on
inside and outside; brackets that come about may be common factors themselves. The search is
bounded: a small sum is tried in several ways, a long one greedily.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp

from matcalc.expr import Node
from matcalc.ops.algebra import ONES, PRODUCT, SUM_OP, TRANSPOSE, add, mul, zero_of
from matcalc.rewrite.cost import SYMBOL, cost
from matcalc.rewrite.factoring import products_of_sums
from matcalc.rewrite.law import settled, split
from matcalc.rewrite.likeness import likeness
from matcalc.rewrite.opening import (
    opened_inner_products,
    opened_scalars,
    opened_scalings,
    opened_sums,
)
from matcalc.rewrite.polynomial import (
    MAX_TERMS,
    ONE,
    Term,
    TooMany,
    atom,
    expand,
    merged,
    normal,
    of_one_sign,
    powers,
)
from matcalc.shapes import Shape

ONE_BY_ONE: Shape = (sp.Integer(1), sp.Integer(1))
DEEPEST = 8
BUDGET = 150  # sums gathered before the search goes on with the most promising group only
SMALL = 4  # up to so many terms every grouping is tried
TRIED = 3
PROJECTOR = 2 * SYMBOL  # what (I - v v'/c) A x must save: A x - (v'A x) v/c reads as well


def regrouped_closed(node: Node) -> Node | None:
    """The terms of a sum under common factors, brackets left closed, if that is shorter."""
    if node.op is PRODUCT:
        factors = [(regrouped_closed(a) if a.op is SUM_OP else None) or a for a in node.operands]
        found = _shorter(node, settled(mul(*factors)))
        return found if found is not node else None
    if node.op is not SUM_OP or len(node.operands) > MAX_TERMS:
        return None
    flat = merged([_flat(a) for a in node.operands])
    best = _shorter(node, Gathering().gather(flat, node.shape))
    best = _of_opened(best, flat, (opened_scalings, opened_scalars) if node.shape else ())
    return best if best is not node else None


def regrouped(node: Node) -> Node | None:
    """The shortest form of a sum of products, if that is shorter than the node."""
    brackets = [a for a in node.operands if a.op is SUM_OP and not a.shape]
    if node.op is PRODUCT and len(brackets) > 1:
        # Sums of numbers multiply out to many terms, and what cancels there the lift has seen.
        rest = mul(*(a for a in node.operands if a not in brackets))
        found = settled(mul(*(regrouped(a) or a for a in (*brackets, rest))))
        return found if cost(found) < cost(node) else None
    best = regrouped_closed(node) or node
    try:
        terms = merged([t for term in expand(node) for t in normal(term)])
    except TooMany:
        return best if best is not node else None
    best = _shorter(best, Gathering().gather(terms, node.shape))
    if not node.shape:
        chains, others = opened_inner_products(terms)
        if len(chains) > 1:
            parts = [Gathering().gather(chains, ONE_BY_ONE)]
            if others:
                parts.insert(0 if others[0] is terms[0] else 1, Gathering().gather(others, ()))
            best = _shorter(best, add(*parts))
        return best if best is not node else None
    best = _of_opened(best, terms, (opened_sums, opened_scalings, opened_scalars))
    return best if best is not node else None


Opening = Callable[[Sequence[Term]], list[Term] | None]


def _of_opened(best: Node, terms: Sequence[Term], ways: Sequence[Opening]) -> Node:
    """The shortest form of the terms with what hides their factors opened in one of these ways."""
    for way in ways:
        if opened := way(terms):
            worth = PROJECTOR if way is opened_scalars and not _projects(best) else 0
            best = _shorter(best, Gathering().gather(opened, best.shape), worth)
    return best


def _projects(node: Node) -> bool:
    """Whether a bracket among the factors has a product of two vectors as a term, as in
    (I - v v'/c) A x."""
    terms = node.operands if node.op is SUM_OP else (node,)
    brackets = (
        bracket
        for term in terms
        if term.op is PRODUCT
        for a in term.operands
        if (bracket := a.operands[0] if a.op is TRANSPOSE else a).op is SUM_OP
    )
    return any(
        k and m.shape[0] == 1 and m.op is not ONES
        for bracket in brackets
        for term in bracket.operands
        for k, m in enumerate(split(term)[1])
    )


def worth_regrouping(node: Node) -> bool:
    """A sum of matrices or of inner products, or a product with such a sum somewhere inside; sums
    of numbers are the business of the lift."""
    if node.op is TRANSPOSE:
        return worth_regrouping(node.operands[0])
    if node.op is SUM_OP:
        return bool(node.shape) or any(_has_matrices(a) for a in node.operands)
    if node.op is PRODUCT:
        return _has_matrices(node) and any(
            (a.op in (SUM_OP, TRANSPOSE) and _has_matrices(a)) or (not a.shape and a.op is PRODUCT)
            for a in node.operands
        )
    return False


def _has_matrices(term: Node) -> bool:
    factors = term.operands if term.op is PRODUCT else (term,)
    return any(
        a.shape
        or any(b.shape for b in a.operands)
        or (a.op is SUM_OP and any(b.op is PRODUCT and _has_matrices(b) for b in a.operands))
        for a in factors
    )


def _shorter(node: Node, other: Node, by: int = 0) -> Node:
    return other if cost(other) + by < cost(node) else node


class Gathering:
    """One search, with what it has found and how much it may still do."""

    def __init__(self) -> None:
        self.left = BUDGET
        self.done: dict[object, Node] = {}

    def gather(self, terms: Sequence[Term], shape: Shape, depth: int = 0) -> Node:
        """The shortest form of a sum of terms that taking out common factors leads to."""
        if not terms:
            return zero_of(shape)
        if len(terms) == 1:
            return settled(terms[0].node(shape))
        key = (shape, frozenset((t.key, t.number) for t in terms))
        found = self.done.get(key)
        if found is None:
            found = self.done[key] = self._gathered(list(terms), shape, depth)
        return found

    def _gathered(self, terms: list[Term], shape: Shape, depth: int) -> Node:
        self.left -= 1
        front, terms = _common_front(terms)
        best = add(*(settled(t.node(shape)) for t in terms))
        if depth < DEEPEST:
            for form in self._forms(terms, shape, depth):
                best = _shorter(best, self._again(form, terms, depth))
        return settled(mul(front.node(()), best)) if front is not ONE else settled(best)

    def _forms(self, terms: list[Term], shape: Shape, depth: int) -> list[Node]:
        """Forms with a group of terms under a common factor."""
        groups = sorted(_groups(terms), key=lambda group: -group[0])
        if len(terms) > SMALL:
            groups = groups[: TRIED if self.left > 0 else 1]
        out = []
        for _, side, same in groups:
            chosen = set(map(id, same))
            rest = [t for t in terms if id(t) not in chosen]
            inside = self._taken_out(same, side, shape, depth)
            out.append(add(inside, self.gather(rest, shape, depth + 1)) if rest else inside)
        for left, right, rest in products_of_sums(terms) if self.left > 0 else ():
            middle = left[0].matrices[-1].shape[1]
            inside = mul(
                self.gather(left, (left[0].matrices[0].shape[0], middle), depth + 1),
                self.gather(right, (middle, right[0].matrices[-1].shape[1]), depth + 1),
            )
            out.append(add(inside, self.gather(rest, shape, depth + 1)) if rest else inside)
        return out

    def _taken_out(self, same: list[Term], side: str, shape: Shape, depth: int) -> Node:
        if side == "front":
            return self.gather(same, shape, depth + 1)
        size = _shared_length(same, side)
        if side == "left":
            edge = same[0].matrices[:size]
            inner = [Term(t.number, t.scalars, t.matrices[size:]) for t in same]
            inner_shape: Shape = (edge[-1].shape[1], shape[1]) if shape else ()
        else:
            edge = same[0].matrices[len(same[0].matrices) - size :]
            inner = [Term(t.number, t.scalars, t.matrices[: len(t.matrices) - size]) for t in same]
            inner_shape = (shape[0], edge[0].shape[0]) if shape else ()
        if shape and not any(t.matrices for t in inner):
            return settled(mul(self.gather(inner, (), depth + 1), *edge))
        bracket = self.gather(inner, inner_shape, depth + 1)
        return settled(mul(*edge, bracket) if side == "left" else mul(bracket, *edge))

    def _again(self, form: Node, terms: list[Term], depth: int) -> Node:
        """Brackets made by grouping may themselves be common factors: A(B + C) + D(B + C)."""
        if form.op is not SUM_OP or len(form.operands) >= len(terms):
            return form
        chains = not form.shape and any(t.matrices for t in terms)
        flat = merged([_flat(a, chains) for a in form.operands])
        return _shorter(form, self.gather(flat, ONE_BY_ONE if chains else form.shape, depth + 1))


def _flat(node: Node, chains: bool = False) -> Term:
    """A product of atoms, brackets among them, each turned to one sign; an inner product is one
    scalar, or a chain of its factors."""
    term = ONE
    whole = node.op is PRODUCT and (chains or node.shape or not node.operands[-1].shape)
    for factor in node.operands if whole else (node,):
        sign, turned = of_one_sign(factor)
        own = atom(factor) if turned is factor else Term(sign, (), (turned,))
        term = powers(
            Term(term.number * own.number, term.scalars + own.scalars, term.matrices + own.matrices)
        )
    return term


def _common_front(terms: list[Term]) -> tuple[Term, list[Term]]:
    """The number and the scalar powers that all terms share."""
    value = _shared_number([abs(t.number) for t in terms])
    if all(t.number < 0 for t in terms):
        value = -value
    common = []
    for base, _ in terms[0].scalars:
        key = likeness(base)
        exponents = [
            next((e for b, e in t.scalars if likeness(b) == key), sp.Integer(0)) for t in terms
        ]
        if all(e > 0 for e in exponents):
            common.append((base, min(exponents)))
        elif all(e < 0 for e in exponents):
            common.append((base, max(exponents)))
    if value == 1 and not common:
        return ONE, terms
    front = Term(value, tuple(common), ())
    return front, [_divided(t, front) for t in terms]


def _shared_number(sizes: list[sp.Rational]) -> sp.Rational:
    """A number or a denominator that all terms share, or one that leaves fewer numbers to write:
    2A - 4B + 2C = 2(A - 2B + C). Whole numbers else stay with their terms."""
    least = min(sizes)
    left = sum(1 for size in sizes if size != least)
    if not left:
        return least
    if left + 1 < sum(1 for size in sizes if size != 1) and all(
        (size / least).is_Integer for size in sizes
    ):
        return least
    below = {size.q for size in sizes}
    return sp.Rational(1, below.pop()) if len(below) == 1 and 1 not in below else sp.Integer(1)


def _divided(term: Term, front: Term) -> Term:
    left = {likeness(b): (b, e) for b, e in term.scalars}
    for base, exponent in front.scalars:
        own, e = left[likeness(base)]
        left[likeness(base)] = (own, e - exponent)
    scalars = tuple((b, e) for b, e in left.values() if e != 0)
    return Term(term.number / front.number, scalars, term.matrices)


def _groups(terms: list[Term]) -> list[tuple[int, str, list[Term]]]:
    """Terms that share an outermost matrix or a scalar, with what taking it out may save."""
    groups: list[tuple[int, str, list[Term]]] = []
    for side, end in (("left", 0), ("right", -1)):
        found: dict[bytes, list[Term]] = {}
        for t in terms:
            if t.matrices:
                found.setdefault(t.matrices[end].content, []).append(t)
        for same in found.values():
            # What is nothing but the common factor would leave an identity in the bracket.
            longer = [t for t in same if len(t.matrices) > 1]
            for group in (same, longer) if len(longer) < len(same) else (same,):
                if len(group) > 1:
                    groups.append((cost(group[0].matrices[end]) * (len(group) - 1), side, group))
    scalar: dict[bytes, list[Term]] = {}
    for t in terms:
        for base, exponent in t.scalars:
            scalar.setdefault(likeness(base) + (b"+" if exponent > 0 else b"-"), []).append(t)
    for t in terms:
        if abs(t.number) != 1:
            scalar.setdefault(str(abs(t.number)).encode(), []).append(t)
    for same in scalar.values():
        if 1 < len(same) < len(terms):
            groups.append((8 * (len(same) - 1), "front", same))
    return groups


def _shared_length(same: list[Term], side: str) -> int:
    """How many outermost matrices all terms share."""
    size, shortest = 1, min(len(t.matrices) for t in same)
    while size < shortest:
        k = size if side == "left" else -size - 1
        if len({t.matrices[k].content for t in same}) > 1:
            break
        size += 1
    return size
