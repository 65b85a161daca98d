"""Sums of products of matrices as polynomials in their atoms: expanded, gathered, factored again.

Two presentations of one polynomial expand to the same terms. From them the shortest form is looked for
by taking out common factors on the left, on the right and in front, whichever saves most, and going on
inside and outside. The result replaces the expression only if it is shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from matcalc.expr import Node, as_number, is_number, number
from matcalc.ops.algebra import (
    EYE,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    add,
    eye,
    is_rational,
    is_zero,
    mul,
    zero_of,
)
from matcalc.ops.entrywise import POWER, power
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import settled, split
from matcalc.rewrite.likeness import likeness
from matcalc.shapes import Shape

MAX_TERMS = 40
MAX_DEPTH = 12
WIDE = 7  # up to so many terms every grouping is tried, beyond it the most promising
TRIED = 3
DEEPEST = 8


@dataclass(frozen=True)
class Term:
    """number * scalars^exponents * matrices."""

    number: sp.Rational
    scalars: tuple[tuple[Node, sp.Rational], ...]
    matrices: tuple[Node, ...]

    def node(self, shape: Shape) -> Node:
        scalars = [power(b, number(e)) for b, e in self.scalars]
        matrices = list(self.matrices) or ([eye(shape[0])] if shape else [])
        return mul(number(self.number), *scalars, *matrices)

    @property
    def key(self) -> tuple[object, ...]:
        scalars = sorted((likeness(b), str(e)) for b, e in self.scalars)
        return tuple(scalars), tuple(m.content for m in self.matrices)


class TooMany(Exception):
    """The expression has more terms than is worth looking at."""


ONE = Term(sp.Integer(1), (), ())


# -- expanding ----------------------------------------------------------------------------------------


def expand(node: Node, depth: int = 0) -> list[Term]:
    """The terms of a sum of products, transposes pushed to the atoms."""
    if depth > MAX_DEPTH:
        return [_atom(node)]
    if node.op is SUM_OP:
        found = [term for a in node.operands for term in expand(a, depth + 1)]
        if len(found) > MAX_TERMS:
            raise TooMany
        return found
    if node.op is TRANSPOSE and node.operands[0].op in (SUM_OP, PRODUCT):
        return expand(flip(node.operands[0]), depth + 1)
    if node.op is PRODUCT:
        return _expanded_product(node, depth)
    return [_atom(node)]


def _expanded_product(node: Node, depth: int) -> list[Term]:
    scalars, ms = split(node)
    found = [ONE]
    for factor in scalars:
        found = _times(found, expand(factor, depth + 1))
    if node.shape or not ms:
        for m in ms:
            found = _times(found, expand(m, depth + 1))
        return found
    # An inner product: its terms are scalars.
    inner = [ONE]
    for m in ms:
        inner = _times(inner, expand(m, depth + 1))
    closed = [Term(t.number, t.scalars + _scalars_of(mul(*t.matrices)), ()) for t in inner]
    return _times(found, [_powers(t) for t in closed])


def _scalars_of(node: Node) -> tuple[tuple[Node, sp.Rational], ...]:
    settled_node = settled(node)
    parts = (
        settled_node.operands
        if settled_node.op is PRODUCT and not settled_node.operands[-1].shape
        else (settled_node,)
    )
    return tuple(_base(p) for p in parts)


def _base(node: Node) -> tuple[Node, sp.Rational]:
    if node.op is POWER and is_number(node.operands[1]) and as_number(node.operands[1]).is_Integer:
        return node.operands[0], as_number(node.operands[1])
    return node, sp.Integer(1)


def _atom(node: Node) -> Term:
    if is_rational(node):
        return Term(as_number(node), (), ())
    if not node.shape:
        return Term(sp.Integer(1), (_base(node),), ())
    if node.op is EYE:
        return ONE
    if is_zero(node):
        return Term(sp.Integer(0), (), ())
    return Term(sp.Integer(1), (), (node,))


def _times(left: Sequence[Term], right: Sequence[Term]) -> list[Term]:
    if len(left) * len(right) > MAX_TERMS:
        raise TooMany
    return [
        _powers(Term(a.number * b.number, a.scalars + b.scalars, a.matrices + b.matrices))
        for a in left
        for b in right
        if a.number * b.number != 0
    ]


def _powers(term: Term) -> Term:
    """Equal scalar factors as one power."""
    if len(term.scalars) < 2:
        return term
    total: dict[bytes, tuple[Node, sp.Rational]] = {}
    for base, exponent in term.scalars:
        key = likeness(base)
        seen = total.get(key)
        total[key] = (base, exponent) if seen is None else (seen[0], seen[1] + exponent)
    return Term(term.number, tuple((b, e) for b, e in total.values() if e != 0), term.matrices)


def normal(term: Term, shape: Shape) -> list[Term]:
    """A term with what its product of matrices comes to by the laws: a factor cancels, a scalar
    inside comes out."""
    if len(term.matrices) < 2:
        return [term]
    ms = list(term.matrices)
    scalars: list[Node] = []
    k = 0
    while k < len(ms):
        if ms[k].shape[1] == 1 and len(ms) > 1:
            start = next((j for j in range(k, -1, -1) if ms[j].shape[0] == 1), None)
            if start is not None and not (start == 0 and k == len(ms) - 1):
                scalars.append(settled(mul(*ms[start : k + 1])))
                del ms[start : k + 1]
                k = start
                continue
        k += 1
    product = settled(mul(*ms)) if ms else number(1)
    if product.op is SUM_OP:
        inner = [_atom(product)]
    elif product.op is PRODUCT and product.shape:
        inner = [ONE]
        for factor in product.operands:
            inner = _times(inner, [_atom(factor)])
    else:
        inner = [_atom(product)]
    front = [
        Term(term.number, term.scalars + tuple(p for s in scalars for p in _scalars_of(s)), ())
    ]
    found = _times([_powers(f) for f in front], inner)
    return [_powers(_plain_numbers(f)) for f in found]


def _plain_numbers(term: Term) -> Term:
    """Numbers among the scalars join the number in front."""
    value, rest = term.number, []
    for base, exponent in term.scalars:
        if is_rational(base) and exponent.is_Integer:
            value = value * as_number(base) ** exponent
        else:
            rest.append((base, exponent))
    return Term(value, tuple(rest), term.matrices)


def merged(terms: Sequence[Term]) -> list[Term]:
    """Like terms added, zeros dropped; in the order in which they were met."""
    total: dict[tuple[object, ...], Term] = {}
    for term in terms:
        seen = total.get(term.key)
        total[term.key] = (
            term if seen is None else Term(seen.number + term.number, seen.scalars, seen.matrices)
        )
    return [t for t in total.values() if t.number != 0]


# -- gathering ----------------------------------------------------------------------------------------


def gather(terms: list[Term], shape: Shape, depth: int = 0) -> Node:
    """The shortest form of a sum of terms that taking out common factors leads to."""
    if not terms:
        return zero_of(shape)
    if len(terms) == 1:
        return settled(terms[0].node(shape))
    front, terms = _common_front(terms)
    best = add(*(settled(t.node(shape)) for t in terms))
    if depth < DEEPEST:
        for form in _grouped(terms, shape, depth):
            if cost(form) < cost(best):
                best = form
        best = _again(best, terms, depth)
    return settled(mul(front.node(()), best)) if front is not ONE else settled(best)


def _again(form: Node, terms: list[Term], depth: int) -> Node:
    """Brackets made by grouping may themselves be common factors: A(B + C) + D(B + C)."""
    if form.op is not SUM_OP or len(form.operands) >= len(terms):
        return form
    found = gather(merged([_flat(a) for a in form.operands]), form.shape, depth + 1)
    return found if cost(found) < cost(form) else form


def _flat(node: Node) -> Term:
    """A product of atoms, brackets among them, each turned to one sign."""
    term = ONE
    for factor in (
        node.operands
        if node.op is PRODUCT and (node.shape or not node.operands[-1].shape)
        else (node,)
    ):
        own = _atom(factor)
        if factor.op is SUM_OP and factor.shape:
            turned = add(*(mul(number(-1), a) for a in factor.operands))
            if turned.content < factor.content:
                own = Term(sp.Integer(-1), (), (turned,))
        term = _powers(
            Term(term.number * own.number, term.scalars + own.scalars, term.matrices + own.matrices)
        )
    return term


def _common_front(terms: list[Term]) -> tuple[Term, list[Term]]:
    """The number and the scalar powers that all terms share."""
    sizes = {abs(t.number) for t in terms}
    value = sizes.pop() if len(sizes) == 1 else _shared_number([t.number for t in terms])
    if all(t.number < 0 for t in terms):
        value = -value
    common = []
    for base, exponent in terms[0].scalars:
        key = likeness(base)
        powers = [
            next((e for b, e in t.scalars if likeness(b) == key), sp.Integer(0)) for t in terms
        ]
        if all(p > 0 for p in powers):
            common.append((base, min(powers)))
        elif all(p < 0 for p in powers):
            common.append((base, max(powers)))
    if value == 1 and not common:
        return ONE, terms
    front = Term(value, tuple(common), ())
    return front, [_divided(t, front) for t in terms]


def _shared_number(numbers: list[sp.Rational]) -> sp.Rational:
    """A denominator that all terms share; whole numbers stay with their terms."""
    below = {n.q for n in numbers}
    return sp.Rational(1, below.pop()) if len(below) == 1 and 1 not in below else sp.Integer(1)


def _divided(term: Term, front: Term) -> Term:
    left = dict((likeness(b), (b, e)) for b, e in term.scalars)
    for base, exponent in front.scalars:
        own, e = left[likeness(base)]
        left[likeness(base)] = (own, e - exponent)
    scalars = tuple((b, e) for b, e in left.values() if e != 0)
    return Term(term.number / front.number, scalars, term.matrices)


def _grouped(terms: list[Term], shape: Shape, depth: int) -> list[Node]:
    """Forms with a group of terms under a common factor."""
    groups: list[tuple[int, str, list[Term]]] = []
    for side in ("left", "right"):
        found: dict[bytes, list[Term]] = {}
        for t in terms:
            if t.matrices:
                edge = t.matrices[0] if side == "left" else t.matrices[-1]
                found.setdefault(edge.content, []).append(t)
        for same in found.values():
            if len(same) > 1:
                edge = same[0].matrices[0] if side == "left" else same[0].matrices[-1]
                groups.append((cost(edge) * (len(same) - 1), side, same))
    scalar: dict[bytes, list[Term]] = {}
    for t in terms:
        for base, exponent in t.scalars:
            scalar.setdefault(likeness(base) + (b"+" if exponent > 0 else b"-"), []).append(t)
    for same in scalar.values():
        if 1 < len(same) < len(terms):
            groups.append((8 * (len(same) - 1), "front", same))
    groups.sort(key=lambda g: -g[0])
    out = []
    for _, side, same in groups[: WIDE if len(terms) <= 4 else TRIED]:
        chosen = set(map(id, same))
        rest = [t for t in terms if id(t) not in chosen]
        inside = _taken_out(same, side, shape, depth)
        out.append(add(inside, gather(rest, shape, depth + 1)) if rest else inside)
    return out


def _taken_out(same: list[Term], side: str, shape: Shape, depth: int) -> Node:
    if side == "front":
        return gather(same, shape, depth + 1)
    size = 1
    shortest = min(len(t.matrices) for t in same)
    while size < shortest and _share(same, side, size + 1):
        size += 1
    if side == "left":
        edge = same[0].matrices[:size]
        inner = [Term(t.number, t.scalars, t.matrices[size:]) for t in same]
        inner_shape: Shape = (edge[-1].shape[1], shape[1]) if shape else ()
    else:
        edge = same[0].matrices[len(same[0].matrices) - size :]
        inner = [Term(t.number, t.scalars, t.matrices[: len(t.matrices) - size]) for t in same]
        inner_shape = (shape[0], edge[0].shape[0]) if shape else ()
    bracket = gather(inner, inner_shape, depth + 1)
    return settled(mul(*edge, bracket) if side == "left" else mul(bracket, *edge))


def _share(same: list[Term], side: str, size: int) -> bool:
    k = size - 1 if side == "left" else -size
    return len({t.matrices[k].content for t in same}) == 1


# -- both ---------------------------------------------------------------------------------------------


def regrouped(node: Node) -> Node | None:
    """The shortest form of the polynomial, if that is shorter than the node."""
    best = node
    if node.op is SUM_OP and len(node.operands) <= MAX_TERMS:
        best = _shorter(best, gather(merged([_flat(a) for a in node.operands]), node.shape))
    try:
        terms = merged([t for term in expand(node) for t in normal(term, node.shape)])
    except TooMany:
        return best if best is not node else None
    best = _shorter(best, gather(terms, node.shape))
    return best if best is not node else None


def _shorter(node: Node, other: Node) -> Node:
    return other if cost(other) < cost(node) else node


def worth_regrouping(node: Node) -> bool:
    """A sum of matrices or of inner products, or a product with a sum somewhere inside."""
    if node.op is SUM_OP:
        return bool(node.shape) or any(_has_matrices(a) for a in node.operands)
    if node.op is PRODUCT:
        return _has_matrices(node) and any(
            a.op in (SUM_OP, TRANSPOSE) or (not a.shape and a.op is PRODUCT) for a in node.operands
        )
    return False


def _has_matrices(term: Node) -> bool:
    factors = term.operands if term.op is PRODUCT else (term,)
    return any(a.shape or any(b.shape for b in a.operands) for a in factors)
