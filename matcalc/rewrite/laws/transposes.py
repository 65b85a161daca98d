"""Transposes: pushed or pulled, whichever is shorter in the end."""

from __future__ import annotations

from matcalc.expr import Node, make
from matcalc.ops.algebra import PRODUCT, SUM_OP, TRANSPOSE, mul, t
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import OUTSIDE, flip, is_symmetric
from matcalc.rewrite.law import law, make_op, shorter, split
from matcalc.rewrite.polynomial import TooMany, expand, merged, normal

LONG_CHAIN = 4
WIDEST = 12
LONGEST = 400  # the cost of what is multiplied out to see whether it is symmetric


@law("transpose")
def push_transpose(node: Node) -> Node | None:
    r"""$(AB)^\top = B^\top A^\top$, and through sums, entrywise functions, inverses of symmetric
    matrices and Kronecker products, where marks disappear."""
    A = node.operands[0]
    if A.op.name == "commutation":
        return make(A.op, (), (A.params[1], A.params[0]))
    pushed = flip(A)
    return pushed if pushed is not node and cost(pushed) < cost(node) else None


@law("transpose")
def inverse_of_symmetric(node: Node) -> Node | None:
    r"""$A^{-\top} = A^{-1}$ for a product A that is its own transpose only when multiplied out, as
    $(X - \mathbf{1}m^\top)^\top X$ with the column means m of X is. Shrinks: a mark goes."""
    A = node.operands[0]
    if A.op.name not in OUTSIDE or cost(A) > LONGEST or not _has_brackets(A.operands[0]):
        return None
    return A if _expands_alike(A.operands[0], flip(A.operands[0])) else None


def _has_brackets(A: Node) -> bool:
    """Whether a product in A has a sum among its factors."""
    products = (term for term in (A, *A.operands) if term.op is PRODUCT)
    factors = (f for product in products for f in product.operands)
    return any((f.operands[0] if f.op is TRANSPOSE else f).op is SUM_OP for f in factors)


def _expands_alike(A: Node, B: Node) -> bool:
    """Whether two expressions are one polynomial in their atoms."""
    try:
        own, other = ([t for term in expand(x) for t in normal(term)] for x in (A, B))
    except TooMany:
        return False
    return {(t.key, t.number) for t in merged(own)} == {(t.key, t.number) for t in merged(other)}


@law("transpose")
def sums_of_symmetric(node: Node) -> Node | None:
    r"""$(\mathbf{1}^\top S)^\top = S\mathbf{1}$ where S is its own transpose. Shrinks: a mark goes."""
    A = node.operands[0]
    if A.op.name not in ("rowsum", "colsum") or not is_symmetric(A.operands[0]):
        return None
    return make_op("colsum" if A.op.name == "rowsum" else "rowsum", A.operands[0])


@law("times")
def pull_transpose(node: Node) -> Node | None:
    r"""$A^\top B^\top C^\top D^\top = (DCBA)^\top$ for long products, and $(AB)^\top C^\top =
    (CAB)^\top$. Shrinks: one mark for many."""
    scalars, ms = split(node)
    if len(ms) < 2 or 1 in node.shape or not all(m.op is TRANSPOSE for m in ms):
        return None
    if len(ms) < LONG_CHAIN and all(m.operands[0].op is not PRODUCT for m in ms):
        return None
    return mul(*scalars, t(mul(*(m.operands[0] for m in reversed(ms)))))


@law("times")
def turn_inner_product(node: Node) -> Node | None:
    r"""$u^\top A^\top B^\top v = v^\top BA\,u$, as a number is its own transpose. Shrinks: marks
    go."""
    scalars, ms = split(node)
    if node.shape or len(ms) < 3:
        return None
    return shorter(node, mul(*scalars, *(flip(m) for m in reversed(ms))))


@law("plus")
def pull_transpose_of_sum(node: Node) -> Node | None:
    r"""$A^\top - B^\top = (A - B)^\top$. Shrinks: one mark for many."""
    if len(node.operands) > WIDEST or not node.shape:
        return None
    marks = sum(1 for term in node.operands for m in split(term)[1] if m.op is TRANSPOSE)
    if marks < 2 or not all(
        any(m.op is TRANSPOSE for m in split(term)[1]) for term in node.operands
    ):
        return None
    return shorter(node, t(flip(node)))


@law(*ENTRYWISE, "hadamard")
def pull_transpose_of_function(node: Node) -> Node | None:
    r"""$f(B^\top A^\top) = f(AB)^\top$ and $A^\top \odot B^\top = (A \odot B)^\top$ entry by entry.
    Shrinks: one mark for many."""
    if not node.shape or not any(a.shape for a in node.operands):
        return None
    return shorter(node, t(node.op.build(tuple(map(flip, node.operands)), node.params)))


@law("det", "logdet", "norm2", "adj", orders=True)
def of_transpose(node: Node) -> Node | None:
    r"""$\det A^\top = \det A$, $\|A^\top\| = \|A\|$, $\operatorname{adj}A^\top =
    (\operatorname{adj}A)^\top$. Shrinks: a mark goes or moves out."""
    A = node.operands[0]
    if A.op is not TRANSPOSE:
        return None
    inside = node.op.build((A.operands[0],), ())
    return t(inside) if node.op.name == "adj" else inside
