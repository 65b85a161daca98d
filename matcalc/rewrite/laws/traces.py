"""Traces: turned, flipped, and of what makes them superfluous."""

from __future__ import annotations

from matcalc import shapes
from matcalc.expr import Node
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, add, had, mul
from matcalc.ops.entrywise import power
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import law, make_op, settled, shorter, split


@law("tr")
def trace_of_rank_one(node: Node) -> Node | None:
    r"""$\operatorname{tr}(A\,u v^\top) = v^\top A u$. Shrinks: no trace."""
    A = node.operands[0]
    if A.op is not PRODUCT:
        return None
    ms = A.operands
    for k in range(1, len(ms)):
        if ms[k].shape[0] == 1:
            return mul(*ms[k:], *ms[:k])
    return None


@law("tr")
def trace_turned(node: Node) -> Node | None:
    r"""$\operatorname{tr}(ABC) = \operatorname{tr}(BCA) = \operatorname{tr}(C^\top B^\top A^\top)$:
    the turn with the fewest marks, then a cancellation where one shows."""
    A = node.operands[0]
    if A.op is not PRODUCT or len(A.operands) > 8:
        return None
    ms = A.operands
    best: Node | None = None
    turns = [settled(mul(*ms[k:], *ms[:k])) for k in range(1, len(ms))]
    turns.append(settled(mul(*(flip(m) for m in reversed(ms)))))
    for turned in turns:
        candidate = make_op("tr", turned)
        if cost(candidate) < cost(best if best is not None else node):
            best = candidate
    return best


@law("tr")
def trace_of_sum(node: Node) -> Node | None:
    r"""$\operatorname{tr}(A + B) = \operatorname{tr}A + \operatorname{tr}B$ where the parts get
    shorter."""
    A = node.operands[0]
    if len(A.operands) > 12:
        return None
    return (
        shorter(node, add(*(settled(make_op("tr", term)) for term in A.operands)))
        if A.op.name == "plus"
        else None
    )


@law("tr")
def trace_of_bracket_with_itself(node: Node) -> Node | None:
    r"""$\operatorname{tr}((A/\|A\| + B)^\top A) = \|A\| + \operatorname{tr}(B^\top A)$, and with other
    numbers of A. Shrinks by comparison."""
    A = node.operands[0]
    if A.op is not PRODUCT or any(not m.shape for m in A.operands):
        return None
    for turned in (A, flip(A)):
        ms = turned.operands if turned.op is PRODUCT else ()
        bracket = flip(ms[0]) if ms else A
        if bracket.op is not SUM_OP or len(ms) < 2:
            continue
        rest = settled(mul(*ms[1:]))
        for term in bracket.operands:
            scalars, own = split(term)
            if settled(mul(*own)).content == rest.content:
                others = settled(flip(add(*(a for a in bracket.operands if a is not term))))
                norms = (settled(make_op("norm2", way)) for way in (rest, settled(flip(rest))))
                squares = (settled(mul(*scalars, power(norm, 2))) for norm in norms)
                left = settled(make_op("tr", settled(mul(others, rest))))
                return shorter(node, add(min(squares, key=cost), left))
    return None


@law("tr", orders=True)
def trace_of_kron(node: Node) -> Node | None:
    r"""$\operatorname{tr}(A \otimes B) = \operatorname{tr}A\,\operatorname{tr}B$ for square
    factors. Shrinks in size, not in symbols: no matrix of the big shape."""
    A = node.operands[0]
    if A.op.name != "kron" or not all(shapes.same(*f.shape) for f in A.operands):
        return None
    return mul(*(settled(make_op("tr", f)) for f in A.operands))


@law("tr")
def trace_of_diagonal(node: Node) -> Node | None:
    r"""$\operatorname{tr}(\operatorname{diag}(u)A) = u^\top\operatorname{diag}(A)$ and
    $\operatorname{tr}\operatorname{diag}(u) = \mathbf{1}^\top u$. Shrinks: no matrix is built."""
    A = node.operands[0]
    if A.op.name == "diag":
        return make_op("sum", A.operands[0])
    if A.op is not PRODUCT:
        return None
    ms = list(A.operands)
    for k, m in enumerate(ms):
        if m.op.name == "diag":
            u, rest = m.operands[0], settled(mul(*ms[k + 1 :], *ms[:k]))
            return shorter(node, mul(flip(u), settled(make_op("diagonal", rest))))
    return None


@law("sum", orders=True)
def sum_of_diagonal(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top\operatorname{diag}(A) = \operatorname{tr}A$, among other terms, too. Shrinks:
    one word for two, or as long."""
    A = node.operands[0]
    traces, others = [], []
    for term in A.operands if A.op is SUM_OP else (A,):
        scalars, ms = split(term)
        if len(ms) == 1 and ms[0].op.name == "diagonal":
            traces.append(mul(*scalars, make_op("tr", ms[0].operands[0])))
        else:
            others.append(term)
    if not traces:
        return None
    return add(*([make_op("sum", add(*others))] if others else []), *traces)


@law("sum")
def sum_against_transpose(node: Node) -> Node | None:
    r"""$\mathbf{1}^\top(A^\top \odot B)\mathbf{1} = \operatorname{tr}(AB)$. Shrinks: a mark goes."""
    A = node.operands[0]
    if A.op is not HADAMARD or len(A.operands) != 2 or 1 in A.shape:
        return None
    left, right = A.operands
    ways = (make_op("tr", settled(mul(flip(a), b))) for a, b in ((left, right), (right, left)))
    return shorter(node, min(ways, key=cost))


@law("tr")
def trace_against_itself(node: Node) -> Node | None:
    r"""$\operatorname{tr}(A^\top(A \odot B)) = \mathbf{1}^\top(A \odot A \odot B)\mathbf{1}$ where
    that is shorter."""
    A = node.operands[0]
    if A.op is not PRODUCT or len(A.operands) != 2 or not any(f.op is HADAMARD for f in A.operands):
        return None
    left, right = A.operands
    together = had(flip(left), right) if left.op is TRANSPOSE else had(left, flip(right))
    return shorter(node, make_op("sum", together))
