"""Transposes: pushed or pulled, whichever is shorter in the end."""

from __future__ import annotations

from matcalc.expr import Node, make
from matcalc.ops.algebra import TRANSPOSE, mul, t
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import flip, is_symmetric
from matcalc.rewrite.law import law, make_op, shorter, split

LONG_CHAIN = 4
WIDEST = 12


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
def sums_of_symmetric(node: Node) -> Node | None:
    r"""$(\mathbf{1}^\top S)^\top = S\mathbf{1}$ where S is its own transpose. Shrinks: a mark goes."""
    A = node.operands[0]
    if A.op.name not in ("rowsum", "colsum") or not is_symmetric(A.operands[0]):
        return None
    return make_op("colsum" if A.op.name == "rowsum" else "rowsum", A.operands[0])


@law("times")
def pull_transpose(node: Node) -> Node | None:
    r"""$A^\top B^\top C^\top D^\top = (DCBA)^\top$ for long products. Shrinks: one mark for
    many."""
    scalars, ms = split(node)
    if (
        len(ms) < LONG_CHAIN
        or not node.shape
        or 1 in node.shape
        or not all(m.op is TRANSPOSE for m in ms)
    ):
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
