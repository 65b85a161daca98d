"""Functions entry by entry: what undoes another, signs that are known, powers of exponentials."""

from __future__ import annotations

import sympy as sp

from matcalc.expr import Node, as_number, is_number, number
from matcalc.ops.algebra import HADAMARD, ONES, PRODUCT, SUM_OP, TRANSPOSE, add, had, mul, ones
from matcalc.ops.entrywise import POWER, power
from matcalc.rewrite.law import law, make_op, settled, shorter

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


@law("hadamard", orders=True)
def equal_factors(node: Node) -> Node | None:
    r"""$u \odot v \odot u = u^{\circ 2} \odot v$. As long, and one factor for two."""
    total: dict[bytes, tuple[Node, sp.Expr]] = {}
    for factor in node.operands:
        base, k = factor, sp.Integer(1)
        if factor.op is POWER and is_number(factor.operands[1]):
            base, k = factor.operands[0], as_number(factor.operands[1])
        seen = total.get(base.content)
        total[base.content] = (base, k) if seen is None else (seen[0], seen[1] + k)
    if len(total) == len(node.operands):
        return None
    return had(*(power(base, number(k)) for base, k in total.values()))


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
