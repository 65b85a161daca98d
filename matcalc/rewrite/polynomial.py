"""Sums of products of matrices as polynomials in their atoms: expanded to terms, like terms merged.

Two presentations of one polynomial expand to the same terms; ``gather`` makes the shortest form of
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from matcalc.expr import Node, as_number, is_number, number
from matcalc.ops.algebra import (
    EYE,
    HADAMARD,
    ONES,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    add,
    eye,
    had,
    is_rational,
    is_zero,
    mul,
    t,
)
from matcalc.ops.entrywise import POWER, power
from matcalc.ops.product import is_reciprocal
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import make_op, rank_one, settled, split
from matcalc.rewrite.likeness import likeness
from matcalc.shapes import Shape

MAX_TERMS = 40
MAX_DEPTH = 12


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


# -- expanding
# ----------------------------------------------------------------------------------------


def expand(node: Node, depth: int = 0, among: bool = False) -> list[Term]:
    """The terms of a sum of products, transposes pushed to the atoms.

    ``among`` is for a term of a sum, which may have something in common with the others.
    """
    if depth > MAX_DEPTH:
        return [atom(node)]
    if node.op is SUM_OP:
        found = [term for a in node.operands for term in expand(a, depth + 1, among=True)]
        if len(found) > MAX_TERMS:
            raise TooMany
        return found
    if node.op is TRANSPOSE and node.operands[0].op in (SUM_OP, PRODUCT):
        return expand(flip(node.operands[0]), depth + 1)
    if node.op is HADAMARD:
        if among and (terms := spread(node)) is not None:
            return [term for a in terms for term in expand(a, depth + 1)]
        node = scaled(node) or node
    if node.op is PRODUCT:
        return _expanded_product(node, depth)
    return [atom(node)]


def spread(product: Node) -> list[Node] | None:
    """The terms of A .* (B + c 1), which are A .* B and c A: like terms may stand outside."""
    for k, bracket in enumerate(product.operands):
        if bracket.op is SUM_OP and any(
            m.op is ONES for a in bracket.operands for m in split(a)[1]
        ):
            before, after = product.operands[:k], product.operands[k + 1 :]
            return [settled(had(*before, term, *after)) for term in bracket.operands]
    return None


def scaled(quotient: Node) -> Node | None:
    """A ./ (s 1') as diag(1./s) A: the factor a sum of such terms may share."""
    for k, f in enumerate(quotient.operands):
        found = rank_one(f) if is_reciprocal(f) else None
        if found is not None and any(part.op is ONES for part in found[1:]):
            front, u, v = found
            left = [] if u.op is ONES else [make_op("diag", u)]
            right = [] if v.op is ONES else [make_op("diag", settled(t(v)))]
            rest = had(*quotient.operands[:k], *quotient.operands[k + 1 :])
            return mul(front, *left, rest, *right)
    return None


def _expanded_product(node: Node, depth: int) -> list[Term]:
    scalars, ms = split(node)
    found = [ONE]
    for factor in scalars:
        found = times(found, expand(factor, depth + 1))
    if node.shape or not ms:
        for m in ms:
            found = times(found, expand(m, depth + 1))
        return found
    # An inner product: its terms are scalars.
    inner = [ONE]
    for m in ms:
        inner = times(inner, expand(m, depth + 1))
    closed = [Term(t.number, t.scalars + _scalars_of(mul(*t.matrices)), ()) for t in inner]
    return times(found, [powers(t) for t in closed])


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


def atom(node: Node) -> Term:
    if is_rational(node):
        return Term(as_number(node), (), ())
    if not node.shape:
        return Term(sp.Integer(1), (_base(node),), ())
    if node.op is EYE:
        return ONE
    if is_zero(node):
        return Term(sp.Integer(0), (), ())
    return Term(sp.Integer(1), (), (node,))


def of_one_sign(factor: Node) -> tuple[sp.Integer, Node]:
    """A bracket and its negative as one bracket, with the sign that makes up for it."""
    if factor.op is SUM_OP and factor.shape:
        turned = add(*(mul(number(-1), a) for a in factor.operands))
        if turned.content < factor.content:
            return sp.Integer(-1), turned
    return sp.Integer(1), factor


def times(left: Sequence[Term], right: Sequence[Term]) -> list[Term]:
    if len(left) * len(right) > MAX_TERMS:
        raise TooMany
    return [
        powers(Term(a.number * b.number, a.scalars + b.scalars, a.matrices + b.matrices))
        for a in left
        for b in right
        if a.number * b.number != 0
    ]


def powers(term: Term) -> Term:
    """Equal scalar factors as one power."""
    if len(term.scalars) < 2:
        return term
    total: dict[bytes, tuple[Node, sp.Rational]] = {}
    for base, exponent in term.scalars:
        key = likeness(base)
        seen = total.get(key)
        total[key] = (base, exponent) if seen is None else (seen[0], seen[1] + exponent)
    return Term(term.number, tuple((b, e) for b, e in total.values() if e != 0), term.matrices)


def normal(term: Term) -> list[Term]:
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
        inner = [atom(product)]
    elif product.op is PRODUCT and product.shape:
        inner = [ONE]
        for factor in product.operands:
            inner = times(inner, [atom(factor)])
    else:
        inner = [atom(product)]
    front = [
        Term(term.number, term.scalars + tuple(p for s in scalars for p in _scalars_of(s)), ())
    ]
    found = times([powers(f) for f in front], inner)
    return [powers(_plain_numbers(f)) for f in found]


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
