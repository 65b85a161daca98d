"""Diagonal matrices and Hadamard products: a scaling is written ``diag(u) A``."""

from __future__ import annotations

from matcalc.expr import Node, as_number, is_number
from matcalc.ops.algebra import (
    EYE,
    HADAMARD,
    ONES,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    add,
    had,
    mul,
    ones,
    t,
)
from matcalc.ops.diagonals import diagonal
from matcalc.ops.entrywise import ENTRYWISE, POWER, power
from matcalc.ops.product import is_reciprocal, upside_down
from matcalc.rewrite.cost import cost
from matcalc.rewrite.law import (
    law,
    make_op,
    neighbours,
    rank_one,
    replaced,
    settled,
    shorter,
    split,
    without,
)

FEW = 4  # terms of a bracket that is opened


@law("times")
def diag_times(node: Node) -> Node | None:
    r"""$\operatorname{diag}(u)\,v = u \odot v$ and $\operatorname{diag}(u)\operatorname{diag}(v) =
    \operatorname{diag}(u \odot v)$, where $I$ is the diagonal matrix of ones. Shrinks: one matrix
    fewer."""
    for k, a, b in neighbours(node):
        u, v = _entries(a), _entries(b)
        if u is not None and v is not None:
            return replaced(node, k, 2, make_op("diag", settled(had(u, v))))
        if a.op.name == "diag" and b.shape[1] == 1:
            return replaced(node, k, 2, had(a.operands[0], b))
        if b.op.name == "diag" and a.shape[0] == 1:
            return replaced(node, k, 2, had(a, settled(t(b.operands[0]))))
    return None


def _entries(node: Node) -> Node | None:
    """The u of diag(u), or of a sum of such and of multiples of the identity."""
    if node.op.name == "diag":
        return node.operands[0]
    if node.op is not SUM_OP:
        return None
    found = []
    for term in node.operands:
        scalars, ms = split(term)
        if len(ms) != 1 or (ms[0].op.name != "diag" and ms[0].op is not EYE):
            return None
        inside = ones(node.shape[0], 1) if ms[0].op is EYE else ms[0].operands[0]
        found.append(mul(*scalars, inside))
    return add(*found)


@law("plus")
def sum_of_diagonals(node: Node) -> Node | None:
    r"""$a\operatorname{diag}(u) + b\operatorname{diag}(v) = \operatorname{diag}(a\,u + b\,v)$.
    Shrinks: one matrix for two."""
    alone = [term for term in node.operands if [m.op.name for m in split(term)[1]] == ["diag"]]
    if len(alone) < 2:
        return None
    entries = _entries(add(*alone))
    assert entries is not None
    return add(make_op("diag", settled(entries)), *without(node.operands, *alone))


@law("inv", orders=True)
def inverse_of_diagonal(node: Node) -> Node | None:
    r"""$\operatorname{diag}(u)^{-1} = \operatorname{diag}(\mathbf{1} \oslash u)$, with a multiple of
    $I$ beside it, too. Shrinks or keeps: no matrix is inverted."""
    u = _entries(node.operands[0])
    return None if u is None else make_op("diag", power(settled(u), -1))


@law("times")
def division_by_diagonal(node: Node) -> Node | None:
    r"""$\operatorname{diag}(\mathbf{1} \oslash s)\,A = A \oslash (s\mathbf{1}^\top)$, on either side;
    $A_{ij}/(s_i t_j)$ on both; $\operatorname{diag}(\mathbf{1} \oslash s)\,Av = Av \oslash s$.
    Shrinks: a quotient for a diagonal matrix."""
    scalars, ms = split(node)
    if len(ms) < 2:
        return None
    left = _divisor(ms[0])
    right = _divisor(ms[-1]) if len(ms) > (1 if left is None else 2) else None
    inner = ms[left is not None : len(ms) - (right is not None)]
    if 1 in node.shape:
        inner = [mul(*inner)]
    if (left is None and right is None) or len(inner) != 1 or inner[0].op.name == "diag":
        return None
    rows, cols = inner[0].shape
    u = left if left is not None else ones(rows, 1)
    v = settled(t(right)) if right is not None else ones(1, cols)
    return shorter(node, mul(*scalars, settled(had(inner[0], power(mul(u, v), -1)))))


def _divisor(node: Node) -> Node | None:
    """The s of diag(1./s)."""
    if node.op.name != "diag":
        return None
    inside = node.operands[0]
    if inside.op is TRANSPOSE and is_reciprocal(inside.operands[0]):
        return t(upside_down(inside.operands[0]))
    return upside_down(inside) if is_reciprocal(inside) else None


@law("times")
def scalar_into_quotient(node: Node) -> Node | None:
    r"""$c^{-1}A \oslash (\mathbf{1} + c^{-1}B) = A \oslash (c\mathbf{1} + B)$ where c then goes from
    a term. Shrinks by comparison."""
    scalars, ms = split(node)
    for k, m in enumerate(ms):
        factors = m.operands if m.op is HADAMARD else (m,)
        for below in (f for f in factors if is_reciprocal(f)):
            bracket = upside_down(below)
            if bracket.op is not SUM_OP:
                continue
            for s in filter(is_reciprocal, scalars):
                terms = [settled(_scaled(upside_down(s), term)) for term in bracket.operands]
                if all(cost(a) >= cost(b) for a, b in zip(terms, bracket.operands, strict=True)):
                    continue
                inside = had(*without(factors, below), power(add(*terms), -1))
                rest = mul(*without(scalars, s), *ms[:k], inside, *ms[k + 1 :])
                if found := shorter(node, settled(rest)):
                    return found
    return None


def _scaled(c: Node, term: Node) -> Node:
    """c times a term, in which the power of a multiple is taken apart."""
    scalars, ms = split(term)
    if len(ms) == 1 and ms[0].op is POWER and is_number(ms[0].operands[1]):
        A, k = ms[0].operands
        front, inner = split(A)
        if as_number(k).is_Integer:
            return mul(c, *scalars, *(power(s, k) for s in front), power(mul(*inner), k))
    return mul(c, term)


@law("times")
def diag_times_ones(node: Node) -> Node | None:
    r"""$\operatorname{diag}(u)\,\mathbf{1}_{n \times m} = u\,\mathbf{1}_m^\top$. Shrinks: no
    diagonal matrix."""
    for k, a, b in neighbours(node):
        if a.op.name == "diag" and b.op is ONES:
            return replaced(node, k, 2, a.operands[0], ones(1, b.shape[1]))
        if a.op is ONES and b.op.name == "diag":
            return replaced(node, k, 2, ones(a.shape[0], 1), settled(t(b.operands[0])))
    return None


@law("hadamard")
def scaling_by_rank_one(node: Node) -> Node | None:
    r"""$(u\mathbf{1}^\top) \odot A = \operatorname{diag}(u)A$, $(\mathbf{1}v^\top) \odot A =
    A\operatorname{diag}(v)$. Shrinks: no matrix of ones."""
    for k, f in enumerate(node.operands):
        scalars, ms = split(f)
        others = had(*node.operands[:k], *node.operands[k + 1 :])
        if len(ms) < 2 or 1 in f.shape:
            continue
        if ms[-1].op is ONES and ms[-1].shape[0] == 1:
            return shorter(node, mul(*scalars, make_op("diag", mul(*ms[:-1])), others))
        if ms[0].op is ONES and ms[0].shape[1] == 1:
            return shorter(node, mul(*scalars, others, make_op("diag", settled(t(mul(*ms[1:]))))))
    return None


@law("times")
def rank_one_meets_vector(node: Node) -> Node | None:
    r"""$((uv^\top) \odot A)\,x = u \odot (A(v \odot x))$. Shrinks: no matrix of rank one."""
    ms = split(node)[1]
    for k, m in enumerate(ms):
        if m.op is not HADAMARD:
            continue
        for j, f in enumerate(m.operands):
            found = rank_one(f)
            if found is None:
                continue
            front, u, v = found
            rest = had(*m.operands[:j], *m.operands[j + 1 :])
            if k + 1 < len(ms) and ms[k + 1].shape[1] == 1:
                inside = settled(mul(rest, settled(had(settled(t(v)), ms[k + 1]))))
                return shorter(node, mul(front, replaced(node, k, 2, had(u, inside))))
            if k > 0 and ms[k - 1].shape[0] == 1:
                inside = settled(mul(settled(had(ms[k - 1], settled(t(u)))), rest))
                return shorter(node, mul(front, replaced(node, k - 1, 2, had(inside, v))))
    return None


@law("hadamard", orders=True)
def denominators_last(node: Node) -> Node | None:
    r"""$\frac{1}{B} \odot A$ is written $A \oslash B$. As long, but one order for both."""
    order = sorted(node.operands, key=is_reciprocal)
    return (
        had(*order) if any(a is not b for a, b in zip(order, node.operands, strict=True)) else None
    )


@law("sum", "rowsum", "colsum")
def sum_against_rank_one(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top((uv^\top) \odot A)\mathbf{1} = u^\top A v$, and in one direction only
    $((uv^\top) \odot A)\mathbf{1} = u \odot (Av)$. Shrinks: neither sum nor entrywise product."""
    A = node.operands[0]
    if A.op is not HADAMARD:
        return None
    for j, f in enumerate(A.operands):
        found = rank_one(f)
        if found is None:
            continue
        front, u, v = found
        rest = had(*A.operands[:j], *A.operands[j + 1 :])
        if node.op.name == "sum":
            return shorter(node, mul(front, settled(mul(settled(t(u)), rest, settled(t(v))))))
        if node.op.name == "rowsum":
            return shorter(node, mul(front, had(u, settled(mul(rest, settled(t(v)))))))
        return shorter(node, mul(front, had(settled(mul(settled(t(u)), rest)), v)))
    return None


@law("sum", "rowsum", "colsum")
def sum_against_differences(node: Node) -> Node | None:
    r"""$((u\mathbf{1}^\top - \mathbf{1}v^\top) \odot A)\mathbf{1} = u \odot (A\mathbf{1}) - Av$ for
    a bracket of rank-one terms. Shrinks: neither sum nor entrywise product."""
    A = node.operands[0]
    if A.op is not HADAMARD:
        return None
    for j, f in enumerate(A.operands):
        if f.op is SUM_OP and all(rank_one(term) is not None for term in f.operands):
            rest = had(*A.operands[:j], *A.operands[j + 1 :])
            parts = (node.op.build((had(term, rest),), node.params) for term in f.operands)
            return shorter(node, settled(add(*map(settled, parts))))
    return None


@law("hadamard", orders=True)
def hadamard_with_eye(node: Node) -> Node | None:
    r"""$I \odot A = \operatorname{diag}(\operatorname{diag}A)$, and a diagonal matrix keeps only
    the diagonal of what it meets. Shrinks: the matrices become vectors."""
    special = [f for f in node.operands if f.op is EYE or f.op.name == "diag"]
    if not special:
        return None
    vectors = [settled(diagonal(f)) for f in node.operands if f.op is not EYE]
    if not vectors:
        return special[0]
    return make_op("diag", vectors[0] if len(vectors) == 1 else had(*vectors))


@law("diagonal")
def diagonal_of_product(node: Node) -> Node | None:
    r"""$\operatorname{diag}(\operatorname{diag}(u)A) = u \odot \operatorname{diag}A$,
    $\operatorname{diag}(uv^\top) = u \odot v$. Shrinks: a matrix becomes a vector."""
    A = node.operands[0]
    if A.op is not PRODUCT:
        return None
    ms = list(A.operands)
    at = next((i for i, p in enumerate(ms) if i and p.shape[0] == 1), 0)
    if at:
        return had(mul(*ms[:at]), settled(t(mul(*ms[at:]))))
    for k in (0, -1):
        if ms[k].op.name == "diag":
            rest = mul(*(ms[1:] if k == 0 else ms[:-1]))
            return had(ms[k].operands[0], settled(diagonal(rest)))
    return None


@law("diagonal")
def diagonal_of_bracket(node: Node) -> Node | None:
    r"""$\operatorname{diag}(A(B + uv^\top)) = \operatorname{diag}(AB) + Au \odot v$ where the parts
    get shorter."""
    A = node.operands[0]
    if A.op is not PRODUCT:
        return None
    for k, m in enumerate(A.operands):
        if m.op is SUM_OP and m.shape and len(m.operands) <= FEW:
            products = (mul(*A.operands[:k], term, *A.operands[k + 1 :]) for term in m.operands)
            parts = (settled(diagonal(settled(product))) for product in products)
            if found := shorter(node, add(*parts)):
                return found
    return None


@law("diagonal")
def diagonal_of_ones(node: Node) -> Node | None:
    r"""$\operatorname{diag}(\mathbf{1}\mathbf{1}^\top) = \mathbf{1}$. Shrinks: a word goes."""
    return ones(*node.shape) if node.operands[0].op is ONES else None


@law("diagonal")
def diagonal_of_entrywise(node: Node) -> Node | None:
    r"""$\operatorname{diag}(A + B) = \operatorname{diag}A + \operatorname{diag}B$, and of a
    Hadamard product or a function, $\operatorname{diag}f(A) = f(\operatorname{diag}A)$, where the
    parts get shorter."""
    A = node.operands[0]
    if A.op not in (SUM_OP, HADAMARD) and A.op.name not in ENTRYWISE:
        return None
    parts = tuple(settled(diagonal(x)) for x in A.operands)
    return shorter(node, A.op.build(parts, A.params))


@law("hadamard")
def diagonals_together(node: Node) -> Node | None:
    r"""$\operatorname{diag}A \odot \operatorname{diag}B = \operatorname{diag}(A \odot B)$. Shrinks: one
    word for two."""
    inside = [f.operands[0] for f in node.operands if f.op.name == "diagonal"]
    rest = [f for f in node.operands if f.op.name != "diagonal"]
    if len(inside) < 2:
        return None
    return shorter(node, had(*rest, settled(diagonal(had(*inside)))))
