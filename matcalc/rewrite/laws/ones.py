"""Matrices of ones: a product with one is a sum along rows or columns, and sums move inwards."""

from __future__ import annotations

from matcalc import shapes
from matcalc.expr import Node, number, read
from matcalc.ops.algebra import (
    EYE,
    HADAMARD,
    ONES,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    ZEROS,
    add,
    had,
    mul,
    ones,
    t,
)
from matcalc.ops.product import is_reciprocal
from matcalc.ops.reduce import axis_sum
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import law, make_op, neighbours, replaced, settled, shorter, split

AXIS = {"rowsum": 1, "colsum": 0}


@law("times")
def ones_times_ones(node: Node) -> Node | None:
    r"""$\mathbf{1}_{n \times m}\mathbf{1}_{m \times k} = m\,\mathbf{1}_{n \times k}$. Shrinks: one
    factor fewer."""
    for k, a, b in neighbours(node):
        if a.op is ONES and b.op is ONES:
            return mul(read(a.shape[1]), replaced(node, k, 2, ones(a.shape[0], b.shape[1])))
    return None


@law("times", orders=True)
def ones_sum(node: Node) -> Node | None:
    r"""$A\mathbf{1}$ is the row sums, $\mathbf{1}^\top A$ the column sums: one word for a product.
    With a matrix of ones, $A\mathbf{1}_{k \times m} = (A\mathbf{1})\mathbf{1}_m^\top$."""
    scalars, ms = split(node)
    if len(ms) < 2:
        return None
    first, last = ms[0], ms[-1]
    if last.op is ONES and last.shape[0] != 1:
        sums = settled(axis_sum(mul(*ms[:-1]), 1))
        return mul(*scalars, sums, ones(1, last.shape[1]))
    if first.op is ONES and first.shape[1] != 1:
        sums = settled(axis_sum(mul(*ms[1:]), 0))
        return mul(*scalars, ones(first.shape[0], 1), sums)
    for k, m in enumerate(ms):
        if m.op is ONES and 0 < k < len(ms) - 1 and 1 not in m.shape:
            left, right = (
                settled(axis_sum(mul(*ms[:k]), 1)),
                settled(axis_sum(mul(*ms[k + 1 :]), 0)),
            )
            return mul(*scalars, left, right)
    return None


@law("times", orders=True)
def ones_inside(node: Node) -> Node | None:
    r"""$A\mathbf{1}v^\top = (A\mathbf{1})v^\top$: a column of ones is summed against what stands
    before it, a row of ones against what comes after it."""
    scalars, ms = split(node)
    for k, m in enumerate(ms):
        if m.op is ONES and m.shape[1] == 1 and k > 0:
            return mul(*scalars, settled(axis_sum(mul(*ms[:k]), 1)), *ms[k + 1 :])
        if m.op is ONES and m.shape[0] == 1 and k < len(ms) - 1:
            return mul(*scalars, *ms[:k], settled(axis_sum(mul(*ms[k + 1 :]), 0)))
    return None


@law("rowsum", "colsum", "sum")
def sum_of_product(node: Node) -> Node | None:
    r"""$(AB)\mathbf{1} = A(B\mathbf{1})$, $\mathbf{1}^\top uv^\top\mathbf{1} = (\mathbf{1}^\top
    u)(v^\top\mathbf{1})$: the sum moves to the factor that ends in ones or in a vector, where it
    gets shorter."""
    A = node.operands[0]
    if A.op is not PRODUCT:
        return None
    ms = list(A.operands)
    if node.op.name == "rowsum":
        other = mul(*ms[:-1], settled(axis_sum(ms[-1], 1)))
    elif node.op.name == "colsum":
        other = mul(settled(axis_sum(ms[0], 0)), *ms[1:])
    else:
        other = mul(settled(axis_sum(ms[0], 0)), *ms[1:-1], settled(axis_sum(ms[-1], 1)))
    return shorter(node, settled(other))


@law("rowsum", "colsum")
def scaling_out_of_sum(node: Node) -> Node | None:
    r"""$(A \odot \operatorname{diag}(u)B)\mathbf{1} = u \odot (A \odot B)\mathbf{1}$, and of columns.
    Shrinks: no diagonal matrix."""
    A = node.operands[0]
    if A.op is not HADAMARD:
        return None
    rows = node.op.name == "rowsum"
    for k, f in enumerate(A.operands):
        scalars, ms = split(f)
        if len(ms) > 1 and ms[0 if rows else -1].op.name == "diag":
            u = ms[0 if rows else -1].operands[0]
            B = mul(*scalars, *(ms[1:] if rows else ms[:-1]))
            inside = had(*A.operands[:k], B, *A.operands[k + 1 :])
            other = had(u if rows else t(u), settled(node.op.build((inside,), node.params)))
            return shorter(node, settled(other))
    return None


@law("diagonal", "transpose")
def sums_of_products(node: Node) -> Node | None:
    r"""$\operatorname{diag}(AB^\top) = (A \odot B)\mathbf{1}$, and
    $\operatorname{diag}(A^\top B)^\top = \mathbf{1}^\top(A \odot B)$. Shrinks: a mark goes, and no
    square matrix is built."""
    turned = node.op is TRANSPOSE
    diagonal = node.operands[0] if turned else node
    scalars, ms = split(diagonal.operands[0]) if diagonal.op.name == "diagonal" else ([], [])
    if len(ms) != 2:
        return None
    A, B = ms
    sums = axis_sum(had(flip(A), B), 0) if turned else axis_sum(had(A, flip(B)), 1)
    return shorter(node, mul(*scalars, sums))


@law("rowsum", "colsum", "sum")
def sum_of_diag(node: Node) -> Node | None:
    r"""$\operatorname{diag}(v)\mathbf{1} = v$, and the sum of all entries is that of v. Shrinks: no
    matrix is built."""
    A = node.operands[0]
    if A.op.name == "diag":
        v = A.operands[0]
        return {"rowsum": v, "colsum": t(v)}.get(node.op.name) or make_op("sum", v)
    if A.op is EYE:
        n = A.shape[0]
        return {"rowsum": ones(n, 1), "colsum": ones(1, n)}.get(node.op.name) or read(n)
    return None


@law("sum", "rowsum", "colsum", orders=True)
def sum_of_transpose(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top A^\top\mathbf{1} = \mathbf{1}^\top A\mathbf{1}$, and the column sums of
    $A^\top$ are the row sums of A, transposed. Shrinks: one mark fewer, or it moves out."""
    A = node.operands[0]
    if A.op is not TRANSPOSE:
        return None
    inside = A.operands[0]
    if node.op.name == "sum":
        return make_op("sum", inside)
    return t(axis_sum(inside, 1 - AXIS[node.op.name]))


@law("sum")
def sum_of_flipped(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top(A^\top \odot B^\top)\mathbf{1} = \mathbf{1}^\top(A \odot B)\mathbf{1}$.
    Shrinks: marks disappear."""
    return shorter(node, make_op("sum", flip(node.operands[0])))


@law("rowsum", "colsum", "sum")
def sum_of_sum(node: Node) -> Node | None:
    r"""$(A + v\mathbf{1}^\top)\mathbf{1} = A\mathbf{1} + m\,v$ where a term gets shorter; so
    centred columns sum to 0."""
    A = node.operands[0]
    if A.op is not SUM_OP:
        return None
    parts = [settled(_sum_like(node, term)) for term in A.operands]
    return shorter(node, settled(add(*parts)))


def _sum_like(node: Node, term: Node) -> Node:
    return make_op("sum", term) if node.op.name == "sum" else axis_sum(term, AXIS[node.op.name])


@law("sum")
def sum_of_sums(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top(A\mathbf{1}) = \mathbf{1}^\top A\mathbf{1}$. Shrinks: one word for two."""
    A = node.operands[0]
    return make_op("sum", A.operands[0]) if A.op.name in AXIS else None


@law("sum")
def sum_of_entrywise_product(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top(u \odot v) = u^\top v$ for columns u, v. Shrinks: a word goes."""
    A = node.operands[0]
    if A.op.name != "hadamard" or 1 not in A.shape:
        return None
    if len(A.operands) > 2 or A.shape[0] == 1:
        return None
    first, last = A.operands
    ways = (mul(settled(flip(first)), last), mul(settled(flip(last)), first))
    return shorter(node, min(ways, key=cost))


@law("times")
def quotients_summed(node: Node) -> Node | None:
    r"""$u^\top(\mathbf{1} \oslash v) = \mathbf{1}^\top(u \oslash v)$ for columns u, v. Shrinks: a
    one goes."""
    for k, row, column in neighbours(node):
        if shapes.is_one(row.shape[0]) and shapes.is_one(column.shape[1]):
            u, v = settled(flip(row)), column
            if is_reciprocal(u) != is_reciprocal(v):
                total = make_op("sum", had(u, v))
                return shorter(node, replaced(node, k, 2, total))
    return None


@law("max", "min", "where", "leaky_relu", "huber", orders=True)
def constant_operand(node: Node) -> Node | None:
    r"""$\max(A, 0_{n \times m}) = \max(A, 0)$, and a matrix of ones likewise. As long: a number
    stands for a constant matrix, and others meet it."""
    if not node.shape:
        return None
    found = [_as_number(a) for a in node.operands]
    if found == list(node.operands) or not any(a.shape for a in found):
        return None
    return node.op.build(tuple(found), node.params)


def _as_number(node: Node) -> Node:
    if node.op is ZEROS:
        return number(0)
    return number(1) if node.op is ONES else node
