"""Functions entry by entry: what undoes another, signs that are known, powers of exponentials."""

from __future__ import annotations

import itertools

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node, as_number, is_number, number
from matcalc.ops.algebra import (
    HADAMARD,
    ONES,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    add,
    had,
    mul,
    ones,
)
from matcalc.ops.entrywise import POWER, power
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import law, make_op, neighbours, replaced, settled, shorter, split, without

UNDONE = {
    "log": ("exp",),
    "expm1": ("log1p",),
    "log1p": ("expm1",),
    "sin": ("asin",),
    "cos": ("acos",),
    "tan": ("atan",),
}
POSITIVE = {"exp", "sigmoid", "softplus", "cosh", "softmax"}
NOT_NEGATIVE = {"abs", "sqrt", "relu", "norm2"} | POSITIVE
DEEPEST = 6


@law("hadamard")
def cancel_factors(node: Node) -> Node | None:
    r"""$u \odot v \oslash u = v$, and so for powers. Shrinks: two factors fewer, or one."""
    powers = _powers(node)
    if not any(min(ks) < 0 < max(ks) for _, ks in powers):
        return None
    return had(ones(*node.shape), *(power(base, number(sum(ks))) for base, ks in powers))


@law("hadamard", orders=True)
def equal_factors(node: Node) -> Node | None:
    r"""$u \odot v \odot u = u^{\circ 2} \odot v$. As long, and one factor for two."""
    powers = _powers(node)
    if len(powers) == len(node.operands):
        return None
    return had(*(power(base, number(sum(ks))) for base, ks in powers))


def _powers(node: Node) -> list[tuple[Node, list[sp.Expr]]]:
    """Every base among the factors with the exponents it has."""
    found: dict[bytes, tuple[Node, list[sp.Expr]]] = {}
    for factor in node.operands:
        base, k = factor, sp.Integer(1)
        if factor.op is POWER and is_number(factor.operands[1]):
            base, k = factor.operands[0], as_number(factor.operands[1])
        found.setdefault(base.content, (base, []))[1].append(k)
    return list(found.values())


@law("hadamard")
def powers_of_one_base(node: Node) -> Node | None:
    r"""$u^{\circ(c - 1)} \odot u = u^{\circ c}$ where the exponents add up. Shrinks: one factor for
    two."""
    for k, j in itertools.combinations(range(len(node.operands)), 2):
        (base, p), (other, q) = (_as_power(node.operands[i]) for i in (k, j))
        if base.content == other.content and not (is_number(p) and is_number(q)):
            rest = without(node.operands, node.operands[k], node.operands[j])
            return shorter(node, had(ones(*node.shape), power(base, settled(add(p, q))), *rest))
    return None


@law("times")
def inner_product_of_powers(node: Node) -> Node | None:
    r"""$(u^{\circ p})^\top u^{\circ q} = \mathbf{1}^\top u^{\circ(p + q)}$, where u may be a multiple.
    Shrinks: one factor for two."""
    for k, row, column in neighbours(node):
        if not shapes.is_one(row.shape[0]) or not shapes.is_one(column.shape[1]):
            continue
        for first, second in ((settled(flip(row)), column), (column, settled(flip(row)))):
            (base, p), (other, q) = _as_power(first), _as_power(second)
            scalars = split(base)[0]
            if base.content != other.content and q is number(1):
                # u' = (cu)'/c
                other, front = mul(*scalars, other), mul(*scalars)
            else:
                front = number(1)
            if base.content == other.content and p is not number(1):
                total = make_op("sum", power(base, settled(add(p, q))))
                return shorter(node, settled(mul(power(front, -1), replaced(node, k, 2, total))))
    return None


def _as_power(factor: Node) -> tuple[Node, Node]:
    if factor.op is POWER:
        return factor.operands[0], factor.operands[1]
    return factor, number(1)


@law(*UNDONE)
def function_undone(node: Node) -> Node | None:
    r"""$\log e^u = u$, $\tan\arctan u = u$ and the like. Shrinks: both words go."""
    inside = node.operands[0]
    return inside.operands[0] if inside.op.name in UNDONE[node.op.name] else None


@law("exp", orders=True)
def exponential_of_log1p(node: Node) -> Node | None:
    r"""$e^{\log(1 + u)} = 1 + u$. As long, but no functions are left."""
    inside = node.operands[0]
    if inside.op.name != "log1p":
        return None
    return add(ones(*node.shape) if node.shape else number(1), inside.operands[0])


@law("pow")
def power_of_exponential(node: Node) -> Node | None:
    r"""$(e^u)^k = e^{ku}$. Shrinks: one mark fewer."""
    base, exponent = node.operands
    if base.op.name != "exp" or not is_number(exponent):
        return None
    return shorter(node, make_op("exp", mul(exponent, base.operands[0])))


@law("plus", "sum", "rowsum", "colsum", "diag", "norm2", "tr", orders=True)
def reciprocal_of_exponential(node: Node) -> Node | None:
    r"""$1/e^u = e^{-u}$ where it stands alone. As long, and nothing overflows on the way."""
    below = [_mirrored(a) for a in node.operands]
    if all(a is b for a, b in zip(below, node.operands, strict=True)):
        return None
    return add(*below) if node.op is SUM_OP else node.op.build(tuple(below), node.params)


def _mirrored(node: Node) -> Node:
    if node.op is POWER and node.operands[1] is number(-1) and node.operands[0].op.name == "exp":
        return make_op("exp", mul(number(-1), node.operands[0].operands[0]))
    return node


@law("abs", "relu", "sign", "step")
def sign_seen(node: Node) -> Node | None:
    r"""$|u| = u^+ = u$ and $\operatorname{sign}u = \mathbf 1[u > 0] = 1$ for what is seen to be
    positive, such as $e^u$. Shrinks: a word goes."""
    u = node.operands[0]
    if node.op.name in ("abs", "relu"):
        return u if _has_sign(u, NOT_NEGATIVE) else None
    if not _has_sign(u, POSITIVE):
        return None
    return ones(*node.shape) if node.shape else number(1)


def _has_sign(node: Node, functions: set[str], depth: int = 0) -> bool:
    """Whether all entries are seen to be positive, or not negative, by the functions that are."""
    name = node.op.name
    if is_number(node):
        value = as_number(node)
        return bool(value.is_positive or (value == 0 and functions is NOT_NEGATIVE))
    if name in functions or node.op is ONES:
        return True
    if depth == DEEPEST:
        return False
    if node.op is POWER:
        base, k = node.operands
        even = is_number(k) and bool(as_number(k).is_even)
        return (even and functions is NOT_NEGATIVE) or _has_sign(base, functions, depth + 1)
    if node.op in (SUM_OP, PRODUCT, HADAMARD, TRANSPOSE) or name in ("sum", "rowsum", "colsum"):
        return all(_has_sign(a, functions, depth + 1) for a in node.operands)
    return False


@law("norm2", "logdet")
def of_diagonal_matrix(node: Node) -> Node | None:
    r"""$\|\operatorname{diag}(u)\| = \|u\|$, and $\log\det\operatorname{diag}(u) =
    \mathbf{1}^\top\log u$ for positive u. Shrinks: no matrix is built."""
    A = node.operands[0]
    if A.op.name != "diag":
        return None
    u = A.operands[0]
    if node.op.name == "norm2":
        return make_op("norm2", u)
    if not _has_sign(u, POSITIVE):
        return None
    return make_op("sum", settled(make_op("log", u)))
