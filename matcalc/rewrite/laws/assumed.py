"""Laws that rest on a fact: symmetric, orthogonal, diagonal, triangular, idempotent, rows that sum
to one or to zero.

Symmetric symbols are their own transpose wherever a transpose is pushed down; that needs no law
here.
"""

from __future__ import annotations

from matcalc.expr import Node, as_number, is_number, is_symbol, number, read
from matcalc.ops.algebra import (
    EYE,
    PRODUCT,
    SUM_OP,
    TRANSPOSE,
    add,
    eye,
    had,
    mul,
    ones,
    t,
    zero_of,
)
from matcalc.ops.entrywise import POWER, power
from matcalc.rewrite.law import (
    equal,
    has,
    law,
    make_op,
    neighbours,
    replaced,
    settled,
    shorter,
    split,
)


@law("transpose", fact="symmetric")
def symmetric(node: Node) -> Node | None:
    r"""$S^\top = S$ for symmetric S. Shrinks: a mark goes."""
    return node.operands[0] if has(node.operands[0], "symmetric") else None


@law("times", fact="orthogonal")
def orthogonal_product(node: Node) -> Node | None:
    r"""$Q^\top Q = QQ^\top = I$ for orthogonal Q. Shrinks: two factors fewer."""
    for k, a, b in neighbours(node):
        for x, y in ((a, b), (b, a)):
            if y.op is TRANSPOSE and has(y.operands[0], "orthogonal") and equal(x, y.operands[0]):
                return replaced(node, k, 2, eye(a.shape[0]))
        if equal(a, b) and has(a, "orthogonal") and has(a, "symmetric"):
            return replaced(node, k, 2, eye(a.shape[0]))
    return None


@law("inv", fact="orthogonal")
def orthogonal_inverse(node: Node) -> Node | None:
    r"""$Q^{-1} = Q^\top$ for orthogonal Q. Shrinks: a cheaper mark."""
    A = node.operands[0]
    return t(A) if has(A, "orthogonal") else None


@law("inv", orders=True, fact="orthogonal")
def orthogonal_out_of_inverse(node: Node) -> Node | None:
    r"""$(QA)^{-1} = A^{-1}Q^\top$ for orthogonal Q. As long, and only A is inverted."""
    A = node.operands[0]
    if A.op is not PRODUCT or any(m.shape != A.shape for m in A.operands):
        return None
    if not any(has(m.operands[0] if m.op is TRANSPOSE else m, "orthogonal") for m in A.operands):
        return None
    return mul(*(settled(make_op("inv", m)) for m in reversed(A.operands)))


@law("inv", "logdet", "det", orders=True, fact="orthogonal")
def orthogonal_frame(node: Node) -> Node | None:
    r"""$(QAQ^\top + cI)^{-1} = Q(A + cI)^{-1}Q^\top$ for orthogonal Q, and the determinant is that
    of $A + cI$. Shrinks or keeps: Q goes, or stands where it may meet its transpose."""
    found = _in_frame(node.operands[0])
    if found is None:
        return None
    Q, inside = found
    core = settled(node.op.build((settled(inside),), ()))
    return mul(Q, core, t(Q)) if node.op.name == "inv" else core


def _in_frame(A: Node) -> tuple[Node, Node] | None:
    """Q and B where A is QBQ', term by term."""
    frame, inside = None, []
    for term in A.operands if A.op is SUM_OP else (A,):
        scalars, ms = split(term)
        if len(ms) == 1 and ms[0].op is EYE:
            inside.append(term)
        elif len(ms) > 2 and ms[0].shape == A.shape and equal(t(ms[0]), ms[-1]):
            if frame is not None and not equal(frame, ms[0]):
                return None
            frame = ms[0]
            inside.append(mul(*scalars, *ms[1:-1]))
        else:
            return None
    if frame is None or not has(
        frame.operands[0] if frame.op is TRANSPOSE else frame, "orthogonal"
    ):
        return None
    return frame, add(*inside)


@law("pow", fact="orthogonal")
def determinant_of_orthogonal(node: Node) -> Node | None:
    r"""$\det(Q)^2 = 1$ for orthogonal Q. Shrinks: a number is left."""
    det, k = node.operands
    if det.op.name != "det" or not has(det.operands[0], "orthogonal"):
        return None
    return number(1) if is_number(k) and as_number(k).is_even else None


@law("norm2", "sum", fact="orthogonal")
def orthogonal_keeps_norm(node: Node) -> Node | None:
    r"""$\|QA\| = \|A\|$ for orthogonal Q, and so for the sum of the squares. Shrinks: a factor
    goes."""
    A = node.operands[0]
    squared = node.op.name == "sum"
    if squared:
        if A.op is not POWER or A.operands[1] is not number(2):
            return None
        A = A.operands[0]
    scalars, ms = split(A)
    if scalars or len(ms) < 2:
        return None
    for k, keep in ((0, ms[1:]), (-1, ms[:-1])):
        inside = ms[k].operands[0] if ms[k].op is TRANSPOSE else ms[k]
        if has(inside, "orthogonal"):
            rest = mul(*keep)
            return make_op(node.op.name, power(rest, 2) if squared else rest)
    return None


@law("times", fact="idempotent")
def idempotent_product(node: Node) -> Node | None:
    r"""$PP = P$ for idempotent P. Shrinks: one factor fewer."""
    for k, a, b in neighbours(node):
        x, y = (a.operands[0], b.operands[0]) if a.op is TRANSPOSE and b.op is TRANSPOSE else (a, b)
        if has(x, "idempotent") and equal(x, y):
            return replaced(node, k, 2, a)
    return None


@law("mpow", fact="idempotent")
def idempotent_power(node: Node) -> Node | None:
    r"""$P^k = P$ for idempotent P and a number k. Shrinks: the exponent goes."""
    A, k = node.operands[0], node.params[0]
    return A if has(A, "idempotent") and k.is_Integer and k > 0 else None


@law("rowsum", fact="rows_sum_to_one")
def rows_sum_to_one(node: Node) -> Node | None:
    r"""$Y\mathbf{1} = \mathbf{1}$ where the rows of Y sum to one. Shrinks: a constant."""
    return ones(*node.shape) if has(node.operands[0], "rows_sum_to_one") else None


@law("colsum", "sum", fact="rows_sum_to_one")
def all_rows_sum_to_one(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top Y\mathbf{1} = n$ where the n rows of Y sum to one. Shrinks: a constant."""
    A = node.operands[0]
    if node.op.name == "colsum":
        turned = A.op is TRANSPOSE and has(A.operands[0], "rows_sum_to_one")
        return ones(*node.shape) if turned else None
    return read(A.shape[0]) if has(A, "rows_sum_to_one") else None


@law("sum", "rowsum", "colsum", fact="cols_sum_to_one")
def columns_sum_to_one(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top p = 1$ where the columns of p sum to one. Shrinks: a constant."""
    A = node.operands[0]
    turned = A.op is TRANSPOSE
    if not has(A.operands[0] if turned else A, "cols_sum_to_one"):
        return None
    if node.op.name == "sum":
        return read(A.shape[0] if turned else A.shape[1])
    return ones(*node.shape) if turned == (node.op.name == "rowsum") else None


@law("rowsum", "colsum", "sum", fact="rows_sum_to_zero")
def centred_rows(node: Node) -> Node | None:
    r"""$A\mathbf{1} = 0$ where the rows of A are centred. Shrinks: a term goes."""
    return _sum_of_centred(node, "rows_sum_to_zero", "rowsum")


@law("rowsum", "colsum", "sum", fact="cols_sum_to_zero")
def centred_columns(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top A = 0$ where the columns of A are centred. Shrinks: a term goes."""
    return _sum_of_centred(node, "cols_sum_to_zero", "colsum")


def _sum_of_centred(node: Node, fact: str, along: str) -> Node | None:
    A = node.operands[0]
    turned = A.op is TRANSPOSE
    if not has(A.operands[0] if turned else A, fact):
        return None
    fits = node.op.name == "sum" or (node.op.name == along) != turned
    return zero_of(node.shape) if fits else None


@law("tril", "triu", fact="lower_triangular")
def triangle_of_triangular(node: Node) -> Node | None:
    r"""$\operatorname{tril}L = L$ for lower triangular L, $\operatorname{triu}U = U$ for upper
    triangular U. Shrinks: a word goes."""
    A = node.operands[0]
    turned = A.op is TRANSPOSE
    inside = A.operands[0] if turned else A
    lower = (node.op.name == "tril") != turned
    return A if has(inside, "lower_triangular" if lower else "upper_triangular") else None


@law("hadamard", fact="diagonal")
def diagonal_hadamard(node: Node) -> Node | None:
    r"""$I \odot D = D$ for diagonal D. Shrinks: one factor fewer."""
    if not any(f.op is EYE for f in node.operands) or not any(
        has(f, "diagonal") for f in node.operands
    ):
        return None
    return had(*(f for f in node.operands if f.op is not EYE))


@law("diag", fact="diagonal")
def diagonal_of_diagonal(node: Node) -> Node | None:
    r"""$\operatorname{diag}(\operatorname{diag}D) = D$ for diagonal D. Shrinks: two words go."""
    v = node.operands[0]
    return v.operands[0] if v.op.name == "diagonal" and has(v.operands[0], "diagonal") else None


@law("times", fact="invertible")
def adjugate_of_invertible(node: Node) -> Node | None:
    r"""$\operatorname{adj}A = \det(A)\,A^{-1}$ for invertible A where powers of A stand beside it.
    Shrinks by comparison."""
    scalars, ms = split(node)
    for k, m in enumerate(ms):
        turned = m.op is TRANSPOSE
        adjugate = m.operands[0] if turned else m
        if adjugate.op.name != "adj":
            continue
        A = adjugate.operands[0]
        base = A.operands[0] if A.op.name == "mpow" else A
        if not (is_symbol(base) and has(base, "invertible")):
            continue
        inverse = make_op("inv", A)
        opened = replaced(mul(*ms), k, 1, t(inverse) if turned else inverse)
        return shorter(node, mul(*scalars, make_op("det", A), settled(opened)))
    return None
