"""Products: powers of scalars, factors that cancel, powers of one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node, as_number, is_number, is_symbol, number, postorder, read
from matcalc.ops.algebra import (
    HADAMARD,
    PRODUCT,
    TRANSPOSE,
    add,
    eye,
    had,
    mul,
    ones,
    t,
)
from matcalc.ops.binder import isum
from matcalc.ops.entrywise import POWER, power
from matcalc.ops.inverses import matrix_power
from matcalc.ops.product import is_reciprocal
from matcalc.ops.reduce import axis_sum
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
    without,
)


@law("times")
def collect_powers(node: Node) -> Node | None:
    r"""$c^a c^b = c^{a+b}$ for scalars. Shrinks: one factor for two."""
    scalars, matrices = split(node)
    if len(scalars) < 2:
        return None
    exponents: dict[bytes, list[Any]] = {}
    for s in scalars:
        base, exponent = s.operands if s.op is POWER else (s, number(1))
        if is_number(base):
            base, exponent = s, number(1)
        exponents.setdefault(base.content, [base, []])[1].append(exponent)
    repeated = [es for _, es in exponents.values() if len(es) > 1]
    if not repeated or any(not is_number(e) for es in repeated for e in es):
        return None
    return mul(*(power(base, add(*es)) for base, es in exponents.values()), *matrices)


@law("times")
def norm_from_square(node: Node) -> Node | None:
    r"""$(v^\top v)/\|v\| = \|v\|$. Shrinks: one symbol for three."""
    scalars, matrices = split(node)
    for s in scalars:
        if s.op is POWER and s.operands[0].op.name == "norm2" and is_number(s.operands[1]):
            v = s.operands[0].operands[0]
            for other in scalars:
                if _is_square_of(other, v):
                    rest = without(scalars, s, other)
                    return mul(
                        *rest, power(s.operands[0], add(s.operands[1], number(2))), *matrices
                    )
    return None


def _is_square_of(node: Node, v: Node) -> bool:
    ms = split(node)[1]
    if node.shape or len(ms) != 2 or len(node.operands) != 2:
        return False
    a, b = ms
    return (a.op is TRANSPOSE and equal(a.operands[0], v) and equal(b, v)) or (
        b.op is TRANSPOSE and equal(b.operands[0], v) and equal(a, v)
    )


@law("times")
def cancel_inverse(node: Node) -> Node | None:
    r"""$A A^{-1} = I$. Shrinks: two factors fewer."""
    for k, a, b in neighbours(node):
        if _undo(a, b):
            return replaced(node, k, 2, eye(a.shape[0]))
    return None


def _undo(a: Node, b: Node) -> bool:
    if a.op is TRANSPOSE and b.op is TRANSPOSE:
        return _undo(b.operands[0], a.operands[0])
    if a.op.name == "inv":
        return equal(a.operands[0], b)
    if b.op.name == "inv":
        return equal(b.operands[0], a)
    return a.op.name == b.op.name == "commutation" and a.params == tuple(reversed(b.params))


@law("times")
def cancel_inverse_of_run(node: Node) -> Node | None:
    r"""$(X^\top X)^{-1}X^\top X = I$, so that projections are idempotent. Shrinks: all these
    factors go."""
    ms = split(node)[1]
    for k, M in enumerate(ms):
        turned = M.op is TRANSPOSE
        inverse = M.operands[0] if turned else M
        if inverse.op.name != "inv" or inverse.operands[0].op is not PRODUCT:
            continue
        scalars, run = split(inverse.operands[0])
        if scalars or len(run) < 2:
            continue
        if turned:
            run = [flip(f) for f in reversed(run)]
        for start in (k + 1, k - len(run)):
            beside = ms[start : start + len(run)] if start >= 0 else []
            if len(beside) == len(run) and all(map(equal, beside, run)):
                return replaced(node, min(k, start), len(run) + 1, eye(M.shape[0]))
    return None


@law("times")
def quotient_meets_its_denominator(node: Node) -> Node | None:
    r"""$u^\top(v \oslash u) = \mathbf{1}^\top v$ for columns u, v. Shrinks: u goes."""
    for k, a, b in neighbours(node):
        if not shapes.is_one(a.shape[0]) or not shapes.is_one(b.shape[1]):
            continue
        left, right = _factors(flip(a)), _factors(b)
        for own, other in ((left, right), (right, left)):
            for f in own:
                over = power(f, -1)
                if any(equal(over, g) for g in other):
                    rest = had(ones(*b.shape), *without([*left, *right], f, over))
                    return replaced(node, k, 2, settled(axis_sum(rest, 0)))
    return None


def _factors(node: Node) -> Sequence[Node]:
    return node.operands if node.op is HADAMARD else (node,)


@law("times")
def cancel_in_inverse(node: Node) -> Node | None:
    r"""$(AB)^{-1}A = B^{-1}$ and $B(AB)^{-1} = A^{-1}$ for square factors. Shrinks: the factor
    goes."""
    ms = split(node)[1]
    for k, M in enumerate(ms):
        turned = M.op is TRANSPOSE
        inverse = M.operands[0] if turned else M
        if inverse.op.name != "inv":
            continue
        scalars, inside = split(inverse.operands[0])
        if len(inside) < 2 or scalars or inside[0].shape != inside[0].shape[::-1]:
            continue
        if any(f.shape != inside[0].shape for f in inside):
            continue
        if turned:
            inside = [flip(f) for f in reversed(inside)]
        if k + 1 < len(ms) and equal(inside[0], ms[k + 1]):
            return replaced(node, k, 2, make_op("inv", mul(*inside[1:])))
        if k > 0 and equal(inside[-1], ms[k - 1]):
            return replaced(node, k - 1, 2, make_op("inv", mul(*inside[:-1])))
    return None


@law("times")
def powers_of_one_matrix(node: Node) -> Node | None:
    r"""$A\,A^k = A^{k+1}$, $A^{k-1}(A^k)^{-1} = A^{-1}$. Shrinks: one factor for two."""
    for k, a, b in neighbours(node):
        turned = a.op is TRANSPOSE and b.op is TRANSPOSE
        x, y = (a.operands[0], b.operands[0]) if turned else (a, b)
        (A, p), (B, q) = _matrix_power(x), _matrix_power(y)
        if equal(A, B) and not (p == 1 and q == 1):
            both = matrix_power(A, sp.expand(p + q))
            return replaced(node, k, 2, t(both) if turned else both)
    return None


def _matrix_power(a: Node) -> tuple[Node, Any]:
    """A matrix as base and exponent."""
    if a.op.name == "inv":
        base, exponent = _matrix_power(a.operands[0])
        return base, -exponent
    return (a.operands[0], a.params[0]) if a.op.name == "mpow" else (a, sp.Integer(1))


@law("isum", orders=True)
def constant_out_of_sum(node: Node) -> Node | None:
    r"""$\sum_i c\,A_i = c\sum_i A_i$ for what does not depend on i. Shrinks or keeps: the factor
    comes before the sign, where it may meet others."""
    variable = node.params[0]
    term = node.operands[0]
    scalars, ms = split(term)
    free = [s for s in scalars if not _mentions(s, variable)]
    left = right = 0
    while left < len(ms) and not _mentions(ms[left], variable):
        left += 1
    while right < len(ms) - left and not _mentions(ms[-1 - right], variable):
        right += 1
    if not free and not left and not right:
        return None
    bound = [s for s in scalars if _mentions(s, variable)]
    inner = mul(*bound, *ms[left : len(ms) - right])
    return mul(*free, *ms[:left], isum(inner, *node.params), *ms[len(ms) - right :])


@law("isum")
def powers_that_commute(node: Node) -> Node | None:
    r"""$\sum_{r=a}^{b} A^r A^{k-r} = (b - a + 1)\,A^k$. Shrinks: no sum."""
    variable, low, high = node.params
    scalars, ms = split(node.operands[0])
    turned = bool(ms) and all(m.op is TRANSPOSE for m in ms)
    plain = [m.operands[0] for m in reversed(ms)] if turned else ms
    pairs = [_matrix_power(m) for m in plain]
    if len(pairs) < 2 or not all(equal(A, pairs[0][0]) for A, _ in pairs):
        return None
    total = sum(p for _, p in pairs)
    if variable in getattr(total, "free_symbols", ()) or any(
        _mentions(s, variable) for s in scalars
    ):
        return None
    whole = matrix_power(pairs[0][0], total)
    return mul(read(high - low + 1), *scalars, t(whole) if turned else whole)


def _mentions(node: Node, variable: Any) -> bool:
    return variable in node.indices or any(
        is_symbol(n) and n.params[0] == variable.name for n in postorder(node)
    )


@law("norm2", "abs", orders=True)
def size_of_scaled(node: Node) -> Node | None:
    r"""$\|cA\| = |c|\,\|A\|$ for a number c. Shrinks: the sign goes, a number comes in front."""
    A = node.operands[0]
    scalars, _ = split(A)
    if not scalars or not is_number(scalars[0]) or A is scalars[0]:
        return None
    c = as_number(scalars[0])
    rest = mul(*A.operands[1:])
    inside = make_op(node.op.name, rest)
    return mul(number(abs(c)), inside)


@law("pow")
def power_of_root(node: Node) -> Node | None:
    r"""$(\sqrt u)^{2k} = u^k$, entry by entry too. Shrinks: the root goes."""
    base, exponent = node.operands
    if base.op.name != "sqrt" or not is_number(exponent):
        return None
    k = as_number(exponent)
    return power(base.operands[0], number(k / 2)) if k.is_Integer and k % 2 == 0 else None


@law("sqrt", orders=True)
def root_of_square(node: Node) -> Node | None:
    r"""$\sqrt{c\,\|v\|^2} = \|v\|\sqrt c$ and $\sqrt{1/c} = 1/\sqrt c$: a norm is not negative. As
    long or shorter, and the factors meet others."""
    inside = node.operands[0]
    if inside.shape:
        return None
    parts = inside.operands if inside.op is PRODUCT else (inside,)
    norms = [f for f in parts if _is_squared_norm(f)]
    left = mul(*without(parts, *norms))
    if is_reciprocal(left) and left.operands[1] is number(-1):
        root = power(make_op("sqrt", left.operands[0]), -1)
    elif norms:
        root = number(1) if left is number(1) else make_op("sqrt", left)
    else:
        return None
    halved = (power(f.operands[0], mul(f.operands[1], sp.Rational(1, 2))) for f in norms)
    return mul(*halved, root)


@law("times")
def roots_of_numbers(node: Node) -> Node | None:
    r"""$\sqrt a/\sqrt b = \sqrt{a/b}$ for positive numbers. Shrinks: one root for two."""
    found = [f for f in node.operands if _number_below_root(f) is not None]
    if len(found) < 2:
        return None
    powers = [(_number_below_root(f), -1 if is_reciprocal(f) else 1) for f in found]
    up, down = (mul(1, *(p for p, side in powers if side == s and p is not None)) for s in (1, -1))
    root = make_op("sqrt", mul(up, power(down, -1)))
    if up is number(1):
        root = power(make_op("sqrt", down), -1)
    return shorter(node, mul(root, *without(node.operands, *found)))


def _number_below_root(factor: Node) -> Node | None:
    """The a of the square root of a positive number a, or of its reciprocal."""
    root = factor.operands[0] if is_reciprocal(factor) else factor
    if root.op.name != "sqrt" or (factor is not root and factor.operands[1] is not number(-1)):
        return None
    inside = root.operands[0]
    return inside if is_number(inside) and as_number(inside) > 0 else None


def _is_squared_norm(factor: Node) -> bool:
    if factor.op is not POWER or factor.operands[0].op.name != "norm2":
        return False
    k = factor.operands[1]
    return is_number(k) and bool(as_number(k).is_Integer and as_number(k) % 2 == 0)
