"""vec pulled out of entrywise operations, and the matrix that picks a diagonal out of vec."""

from __future__ import annotations

from matcalc.expr import Node
from matcalc.ops.algebra import HADAMARD, ONES, SUM_OP, TRANSPOSE, eye, mul, ones
from matcalc.ops.diagonals import diagonal, diagonal_pick
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import law, make_op, neighbours, replaced, settled, shorter, split


@law(*ENTRYWISE, HADAMARD.name, SUM_OP.name, orders=True)
def vec_of_entries(node: Node) -> Node | None:
    r"""$f(\operatorname{vec}A, \operatorname{vec}B) = \operatorname{vec}f(A, B)$ entry by entry.
    Shrinks or keeps: one word for several, and the matrices meet."""
    inner = [_unvecked(a) for a in node.operands]
    met = {
        x.shape
        for a, x in zip(node.operands, inner, strict=True)
        if x is not None and a.shape and x is not a
    }
    if len(met) != 1 or None in inner:
        return None
    [shape] = met
    whole = tuple(_spread(x, shape) for x in inner if x is not None)
    return make_op("vec", settled(node.op.build(whole, node.params)))


def _unvecked(node: Node) -> Node | None:
    """The matrix of which this is the vec; numbers and multiples of ones stay."""
    if not node.shape:
        return node
    scalars, ms = split(node)
    if len(ms) == 1 and ms[0].op.name == "vec":
        return mul(*scalars, ms[0].operands[0])
    return node if len(ms) == 1 and ms[0].op is ONES else None


def _spread(node: Node, shape: tuple[object, ...]) -> Node:
    """Multiples of ones in the shape of the matrices."""
    scalars, ms = split(node)
    return mul(*scalars, ones(*shape)) if len(ms) == 1 and ms[0].op is ONES else node


@law("times")
def diagonal_picked(node: Node) -> Node | None:
    r"""$E(u \otimes B) = \operatorname{diag}(u)B$ and $E(A \otimes u) = \operatorname{diag}(u)A$ for a
    column u and the E with $E\operatorname{vec}M = \operatorname{diag}M$; also $EK = E$,
    $EE^\top = I$. Shrinks: no matrix of the big size."""
    for k, a, b in neighbours(node):
        if a.op.name == "diagonal_pick":
            found = _picked(b)
        elif b.op is TRANSPOSE and b.operands[0].op.name == "diagonal_pick":
            found = _picked(flip(a))
            found = None if found is None else settled(flip(found))
        else:
            continue
        if found is not None:
            return replaced(node, k, 2, found)
    return None


def _picked(b: Node) -> Node | None:
    """The rows of b that E picks."""
    if b.op is TRANSPOSE and b.operands[0].op.name == "diagonal_pick":
        return eye(b.shape[1])
    if b.op.name == "vec":
        return settled(diagonal(b.operands[0]))
    if b.op.name == "commutation" and b.params[0] == b.params[1]:
        return diagonal_pick(b.params[0])
    if b.op.name != "kron":
        return None
    A, B = b.operands
    if A.shape[1] == 1:
        return settled(mul(make_op("diag", A), B))
    return settled(mul(make_op("diag", B), A)) if B.shape[1] == 1 else None


@law("diagonal")
def diagonal_turned(node: Node) -> Node | None:
    r"""$\operatorname{diag}(A^\top B^\top) = \operatorname{diag}(BA)$. Shrinks: marks go."""
    return shorter(node, diagonal(flip(node.operands[0])))
