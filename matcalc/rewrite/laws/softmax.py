"""Softmax and its relatives: rows that sum to one, exponentials over their sum."""

from __future__ import annotations

import itertools

from matcalc.expr import Node, as_number, is_number, number, read
from matcalc.ops.algebra import HADAMARD, ONES, SUM_OP, add, coefficient, had, mul, ones, t
from matcalc.ops.base import OPS
from matcalc.ops.entrywise import POWER
from matcalc.ops.product import is_reciprocal
from matcalc.rewrite.law import equal, law, replaced, settled, split, without


@law("rowsum", "colsum")
def softmax_sums_to_one(node: Node) -> Node | None:
    r"""$\operatorname{softmax}(Z)\,\mathbf{1} = \mathbf{1}$. Shrinks: a constant."""
    A = node.operands[0]
    axis = 1 if node.op.name == "rowsum" else 0
    return ones(*node.shape) if A.op.name == "softmax" and A.params[0] == axis else None


@law("rowsum", "colsum", "sum", orders=True)
def constant_beside_softmax(node: Node) -> Node | None:
    r"""$(P \odot (A + c))\mathbf{1} = (P \odot A)\mathbf{1} + c\,\mathbf{1}$ where the rows of P sum to
    one. As long, and the constant meets others."""
    A = node.operands[0]
    if A.op is not HADAMARD:
        return None
    for k, bracket in enumerate(A.operands):
        if bracket.op is not SUM_OP:
            continue
        constants = [c for c in bracket.operands if coefficient(c)[1].op is ONES]
        rest = had(*A.operands[:k], *A.operands[k + 1 :])
        whole = settled(node.op.build((rest,), node.params)) if constants else rest
        if constants and (whole.op is ONES or is_number(whole)):
            left = add(*without(bracket.operands, *constants))
            sums = (mul(number(coefficient(c)[0]), whole) for c in constants)
            return add(settled(node.op.build((had(rest, left),), node.params)), *sums)
    return None


@law("rowsum", "colsum", "sum", orders=True)
def known_sum_apart(node: Node) -> Node | None:
    r"""$(A + cP)\mathbf{1} = A\mathbf{1} + c\,\mathbf{1}$ where the rows of P are known to sum to one.
    As long, and the constant meets others."""
    A = node.operands[0]
    if A.op is not SUM_OP:
        return None
    known: list[Node] = []
    rest: list[Node] = []
    for term in A.operands:
        c, inside = coefficient(term)
        whole = settled(node.op.build((inside,), node.params)) if inside.op is not ONES else term
        if inside.op is not ONES and (whole.op is ONES or not (whole.shape or whole.operands)):
            known.append(mul(number(c), whole))
        else:
            rest.append(term)
    if not known or not rest:
        return None
    return add(settled(node.op.build((add(*rest),), node.params)), *known)


@law("sum")
def softmax_sum(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top\operatorname{softmax}(z) = 1$ for a vector, the number of rows for a
    matrix. Shrinks: a constant."""
    A = node.operands[0]
    if A.op.name != "softmax":
        return None
    return read(A.shape[1 - A.params[0]])


@law("times")
def exponential_over_sum(node: Node) -> Node | None:
    r"""$e^z/\mathbf{1}^\top e^z = \operatorname{softmax}(z)$, and row by row. Shrinks: one word for
    a quotient."""
    scalars, ms = split(node)
    for s in scalars:
        if s.op is not POWER or s.operands[1] is not number(-1) or s.operands[0].op.name != "sum":
            continue
        e = s.operands[0].operands[0]
        if e.op.name == "exp" and 1 in e.shape:
            for k, m in enumerate(ms):
                rest = mul(*without(scalars, s), *ms)
                if equal(m, e):
                    return replaced(
                        rest, k, 1, _softmax(e.operands[0], 0 if e.shape[1] == 1 else 1)
                    )
                if equal(m, t(e)):
                    return replaced(
                        rest, k, 1, t(_softmax(e.operands[0], 0 if e.shape[1] == 1 else 1))
                    )
    for k, (a, b) in enumerate(itertools.pairwise(ms)):
        if a.op.name == "diag" and b.op.name == "exp" and _is_one_over(a.operands[0], "rowsum", b):
            return replaced(node, k, 2, _softmax(b.operands[0], 1))
        if (
            b.op.name == "diag"
            and a.op.name == "exp"
            and _is_one_over(t(b.operands[0]), "colsum", a)
        ):
            return replaced(node, k, 2, _softmax(a.operands[0], 0))
    return None


@law("hadamard")
def exponential_over_spread_sum(node: Node) -> Node | None:
    r"""$e^Z \oslash (e^Z\mathbf{1}\mathbf{1}^\top) = \operatorname{softmax}(Z)$, row by row or column by
    column. Shrinks: one word for a quotient."""
    for below in node.operands:
        if not is_reciprocal(below) or as_number(below.operands[1]) != -1:
            continue
        scalars, ms = split(below.operands[0])
        if scalars or len(ms) != 2:
            continue
        for e in node.operands:
            if e.op.name != "exp":
                continue
            rows = ms[1].op is ONES and _is_sum(ms[0], "rowsum", e)
            if rows or (ms[0].op is ONES and _is_sum(ms[1], "colsum", e)):
                whole = _softmax(e.operands[0], 1 if rows else 0)
                return had(whole, *without(node.operands, below, e))
    return None


def _is_sum(total: Node, word: str, e: Node) -> bool:
    return total.op.name == word and equal(total.operands[0], e)


def _is_one_over(u: Node, word: str, e: Node) -> bool:
    if u.op.name == "transpose":
        u = u.operands[0]
    if u.op is not POWER or u.operands[1] is not number(-1):
        return False
    total = u.operands[0]
    if total.op.name == "transpose":
        total = total.operands[0]
    return _is_sum(total, word, e)


def _softmax(Z: Node, axis: int) -> Node:
    return OPS["softmax"].build((Z,), (axis,))


@law("log")
def log_of_sum_of_exponentials(node: Node) -> Node | None:
    r"""$\log\sum e^z = \operatorname{logsumexp}(z)$, and row by row. Shrinks: one word for
    three."""
    A = node.operands[0]
    if A.op.name not in ("sum", "rowsum", "colsum") or A.operands[0].op.name != "exp":
        return None
    e = A.operands[0]
    if A.op.name == "sum" and 1 not in e.shape:
        return None
    axis = {"rowsum": 1, "colsum": 0}.get(A.op.name, 0 if e.shape[1] == 1 else 1)
    return OPS["logsumexp"].build((e.operands[0],), (axis,))


@law("log")
def log_of_softmax(node: Node) -> Node | None:
    r"""$\log\operatorname{softmax}(Z)$ is one function. Shrinks: one word for two."""
    A = node.operands[0]
    if A.op.name != "softmax" or len(A.operands) > 1:
        return None
    return OPS["log_softmax"].build(A.operands, A.params)


@law("exp")
def exponential_of_logarithm(node: Node) -> Node | None:
    r"""$e^{\log A} = A$, $e^{\operatorname{log\,softmax}(Z)} = \operatorname{softmax}(Z)$,
    $e^{\operatorname{logsumexp}(z)} = \mathbf{1}^\top e^z$. Shrinks: two functions undo each
    other."""
    A = node.operands[0]
    if A.op.name == "log":
        return A.operands[0]
    if A.op.name == "log_softmax":
        return OPS["softmax"].build(A.operands, A.params)
    if A.op.name == "logdet":
        return OPS["det"].build(A.operands, ())
    return None
