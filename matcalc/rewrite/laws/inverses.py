"""Inverses, determinants, adjugates and logarithms of determinants."""

from __future__ import annotations

import sympy as sp

from matcalc.expr import Node, as_number, is_number, number
from matcalc.ops.algebra import EYE, PRODUCT, SUM_OP, TRANSPOSE, add, coefficient, eye, mul, t
from matcalc.ops.entrywise import POWER, power
from matcalc.ops.product import is_reciprocal, upside_down
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import (
    equal,
    law,
    make_op,
    neighbours,
    replaced,
    settled,
    shorter,
    split,
    times,
    without,
)


@law("inv", orders=True)
def inverse_of_transpose(node: Node) -> Node | None:
    r"""$(A^\top)^{-1} = (A^{-1})^\top$: one order for both, so that like terms meet."""
    A = node.operands[0]
    return t(make_op("inv", A.operands[0])) if A.op is TRANSPOSE else None


@law("inv", orders=True)
def inverse_of_scaled(node: Node) -> Node | None:
    r"""$(cA)^{-1} = A^{-1}/c$: the scalar comes in front. Where A is the identity no inverse is
    left."""
    scalars, ms = split(node.operands[0])
    return mul(*(power(s, -1) for s in scalars), make_op("inv", mul(*ms))) if scalars else None


@law("times")
def scalar_into_inverse(node: Node) -> Node | None:
    r"""$c^{-1}(I + c^{-1}A)^{-1} = (cI + A)^{-1}$ where c then goes from a term. Shrinks by
    comparison."""
    scalars, ms = split(node)
    for k, m in enumerate(ms):
        if m.op.name != "inv" or m.operands[0].op is not SUM_OP:
            continue
        for s in scalars:
            if is_reciprocal(s):
                terms = (settled(mul(upside_down(s), term)) for term in m.operands[0].operands)
                inverse = make_op("inv", add(*terms))
                rest = mul(*without(scalars, s), *ms[:k], inverse, *ms[k + 1 :])
                if found := shorter(node, rest):
                    return found
    return None


@law("times")
def inverse_into_inverse(node: Node) -> Node | None:
    r"""$(I + A^{-1}B)^{-1}A^{-1} = (A + B)^{-1}$ and $A^{-1}(I + BA^{-1})^{-1} = (A + B)^{-1}$.
    Shrinks: an inverse goes."""
    for k, a, b in neighbours(node):
        for outer, inner, end in ((a, b, 0), (b, a, -1)):
            bracket = _inverted(outer)
            terms = bracket.operands if bracket is not None and bracket.op is SUM_OP else ()
            found = [_multiplied(term, inner, end) for term in terms]
            if found and None not in found:
                inverse = make_op("inv", settled(add(*(term for term in found if term))))
                return shorter(node, replaced(node, k, 2, inverse))
    return None


def _inverted(factor: Node) -> Node | None:
    """The A of which this is the inverse."""
    if factor.op is TRANSPOSE and factor.operands[0].op.name == "inv":
        return settled(flip(factor.operands[0].operands[0]))
    return factor.operands[0] if factor.op.name == "inv" else None


def _multiplied(term: Node, inverse: Node, end: int) -> Node | None:
    """A times a term that is a multiple of the identity, or begins or ends with the inverse of A."""
    A = _inverted(inverse)
    scalars, ms = split(term)
    if A is None or not ms:
        return None
    if len(ms) == 1 and ms[0].op is EYE:
        return mul(*scalars, A)
    rest = ms[1:] if end == 0 else ms[:-1]
    return mul(*scalars, *(rest or [eye(A.shape[0])])) if equal(ms[end], inverse) else None


@law("inv")
def inverse_of_product(node: Node) -> Node | None:
    r"""$(AB)^{-1} = B^{-1}A^{-1}$ for square factors where that is shorter: $(AB^{-1})^{-1} =
    BA^{-1}$."""
    A = node.operands[0]
    if A.op is not PRODUCT or any(m.shape != A.shape for m in A.operands):
        return None
    return shorter(node, mul(*(settled(make_op("inv", m)) for m in reversed(A.operands))))


@law("inv", orders=True)
def inverse_of_kron(node: Node) -> Node | None:
    r"""$(A \otimes B)^{-1} = A^{-1} \otimes B^{-1}$ for square factors: the inverses are small."""
    A = node.operands[0]
    if A.op.name != "kron" or any(m.shape[0] != m.shape[1] for m in A.operands):
        return None
    return A.op.build(tuple(settled(make_op("inv", m)) for m in A.operands), ())


@law("inv")
def inverse_of_permutation(node: Node) -> Node | None:
    r"""$K_{nm}^{-1} = K_{mn}$. Shrinks: a mark goes."""
    A = node.operands[0]
    return t(A) if A.op.name == "commutation" else None


@law("logdet", orders=True)
def logdet_of_inverse(node: Node) -> Node | None:
    r"""$\log\det A^{-1} = -\log\det A$. Shrinks: one mark fewer."""
    A = node.operands[0]
    return mul(number(-1), make_op("logdet", A.operands[0])) if A.op.name == "inv" else None


@law("det")
def det_of_inverse(node: Node) -> Node | None:
    r"""$\det A^{-1} = 1/\det A$. Shrinks: one mark fewer."""
    A = node.operands[0]
    return power(make_op("det", A.operands[0]), -1) if A.op.name == "inv" else None


@law("det", "adj")
def det_of_product(node: Node) -> Node | None:
    r"""$\det(AB) = \det A\,\det B$, $\operatorname{adj}(AB) =
    \operatorname{adj}(B)\operatorname{adj}(A)$ for square factors where that is shorter."""
    A = node.operands[0]
    if A.op is not PRODUCT or any(m.shape != A.shape for m in A.operands):
        return None
    parts = [settled(make_op(node.op.name, m)) for m in A.operands]
    return shorter(node, times(*(reversed(parts) if node.op.name == "adj" else parts)))


@law("times", orders=True)
def adjugate_meets_factor(node: Node) -> Node | None:
    r"""$A\operatorname{adj}(A) = \det(A)\,I$, $B\operatorname{adj}(AB) =
    \det(B)\operatorname{adj}(A)$ for square factors. Shrinks: a factor becomes a number."""
    ms = split(node)[1]
    for k, m in enumerate(ms):
        turned = m.op is TRANSPOSE
        adjugate = m.operands[0] if turned else m
        if adjugate.op.name != "adj":
            continue
        scalars, inside = split(adjugate.operands[0])
        if scalars or any(f.shape != adjugate.shape for f in inside):
            continue
        if turned:
            inside = [flip(f) for f in reversed(inside)]
        for at, own, rest in ((k - 1, inside[-1], inside[:-1]), (k + 1, inside[0], inside[1:])):
            if 0 <= at < len(ms) and equal(ms[at], own):
                left = settled(make_op("adj", mul(*rest))) if rest else eye(m.shape[0])
                size = settled(make_op("det", own))
                return mul(size, replaced(node, min(at, k), 2, left))
    return None


@law("times")
def determinant_times_inverse(node: Node) -> Node | None:
    r"""$\det(A)\,A^{-1} = \operatorname{adj}A$, with $\det A^\top = \det A$ too, and
    $\operatorname{adj}(A)/\det(A)^k = A^{-1}/\det(A)^{k-1}$. Shrinks by comparison."""
    scalars, ms = split(node)
    for s in scalars:
        found = _determinant_power(s)
        if found is None:
            continue
        A, exponent = found
        for k, m in enumerate(ms):
            inside = m.operands[0] if m.op is TRANSPOSE else m
            step, made = {"inv": (-1, "adj"), "adj": (1, "inv")}.get(inside.op.name, (0, ""))
            if step == 1 and not _is_negative(exponent):
                continue  # the adjugate of a singular matrix has a value, its inverse none
            if step and any(equal(inside.operands[0], own) for own in (A, flip(A))):
                other = make_op(made, inside.operands[0])
                front = _power_of_determinant(A, settled(add(exponent, number(step))))
                ms[k] = t(other) if m is not inside else other
                return shorter(node, mul(*(front if x is s else x for x in scalars), *ms))
    return None


def _determinant_power(factor: Node) -> tuple[Node, Node] | None:
    """A and k of det(A)^k, which may be a root."""
    base, exponent = factor.operands if factor.op is POWER else (factor, number(1))
    if base.op.name == "sqrt":
        base, exponent = base.operands[0], mul(exponent, sp.Rational(1, 2))
    return (base.operands[0], exponent) if base.op.name == "det" else None


def _is_negative(exponent: Node) -> bool:
    return is_number(exponent) and bool(as_number(exponent).is_negative)


def _power_of_determinant(A: Node, exponent: Node) -> Node:
    det = make_op("det", A)
    if is_number(exponent) and as_number(exponent).q == 2:
        return power(make_op("sqrt", det), mul(2, exponent))
    return power(det, exponent)


@law("times")
def determinant_into_bracket(node: Node) -> Node | None:
    r"""$\det(A)(BA^{-1} + CA^{-\top}) = B\operatorname{adj}A + C\operatorname{adj}A^\top$. Shrinks:
    the determinant and the inverses become adjugates."""
    scalars, ms = split(node)
    for s in scalars:
        if s.op.name == "det" and len(ms) == 1 and ms[0].op.name == "plus":
            rest = without(scalars, s)
            return shorter(node, mul(*rest, add(*(times(s, term) for term in ms[0].operands))))
    return None


@law("times")
def determinant_split(node: Node) -> Node | None:
    r"""$\det A/\det(AB) = 1/\det B$ for square factors. Shrinks by comparison: determinants
    cancel."""
    scalars, ms = split(node)
    for k, s in enumerate(scalars):
        base, exponent = s.operands if s.op is POWER else (s, number(1))
        if base.op.name != "det" or base.operands[0].op is not PRODUCT:
            continue
        own, inside = split(base.operands[0])
        if own or any(m.shape != base.operands[0].shape for m in inside):
            continue
        parts = [power(settled(make_op("det", m)), exponent) for m in inside]
        return shorter(node, times(*scalars[:k], *scalars[k + 1 :], *parts, *ms))
    return None


@law("log")
def log_of_det(node: Node) -> Node | None:
    r"""$\log(\det A) = \log\det A$: one word for two."""
    A = node.operands[0]
    return make_op("logdet", *A.operands) if A.op.name == "det" else None


@law("solve")
def solve_with_inverse(node: Node) -> Node | None:
    r"""$\operatorname{solve}(A^{-1}, B) = AB$, $\operatorname{solve}(A, AB) = B$. Shrinks: nothing
    is left to solve."""
    A, B = node.operands
    if A.op.name == "inv":
        return mul(A.operands[0], B)
    ms = split(B)[1]
    return mul(eye(A.shape[0]), *ms[1:]) if equal(ms[0], A) and len(ms) > 1 else None


@law("times")
def rank_one_update_meets_vector(node: Node) -> Node | None:
    r"""$(I + uv^\top)^{-1}u = u/(1 + v^\top u)$, a case of the push-through $(I + AB)^{-1}A = A(I +
    BA)^{-1}$. Shrinks: no inverse."""
    for k, a, b in neighbours(node):
        inside = a.operands[0] if a.op.name == "inv" else None
        if inside is None or inside.op.name != "plus" or b.shape[1] != 1:
            continue
        below = _scalar_inverse(inside, b)
        if below is not None:
            return shorter(node, mul(power(below, -1), replaced(node, k, 2, b)))
    return None


@law("times")
def push_through(node: Node) -> Node | None:
    r"""$(I + AB)^{-1}A = A(I + BA)^{-1}$ where the inverse gets smaller, and where one side is an
    inverse that the expression has already. Shrinks by comparison."""
    for k, a, b in neighbours(node):
        inside = a.operands[0] if a.op.name == "inv" else None
        if inside is None or inside.op.name != "plus" or len(inside.operands) != 2:
            continue
        unit = next((x for x in inside.operands if coefficient(x)[1].op is EYE), None)
        other = next((x for x in inside.operands if x is not unit), None)
        if unit is None or other is None:
            continue
        scalars, ms = split(other)
        if len(ms) < 2 or not equal(ms[0], b):
            continue
        core = settled(add(_unit_like(unit, b.shape[1]), mul(*scalars, *ms[1:], b)))
        return shorter(node, replaced(node, k, 2, b, settled(make_op("inv", core))))
    return None


def _unit_like(unit: Node, n: object) -> Node:
    """The scaled identity of another size."""
    return mul(*split(unit)[0], eye(n))


def _scalar_inverse(inside: Node, u: Node) -> Node | None:
    """1 + v'u where ``inside`` is I + u v'."""
    if len(inside.operands) != 2:
        return None
    unit = next((x for x in inside.operands if x.op is EYE), None)
    other = next((x for x in inside.operands if x.op is not EYE), None)
    if unit is None or other is None:
        return None
    scalars, ms = split(other)
    if len(ms) < 2 or not equal(ms[0], u):
        return None
    return add(number(1), mul(*scalars, settled(mul(*ms[1:], u))))
