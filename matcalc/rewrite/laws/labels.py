"""Laws of labels: entries of a one-hot matrix are zero or one.

That its rows, or the entries of a column, sum to one follows from the fact and belongs to the laws
that rest on sums.
"""

from __future__ import annotations

from matcalc.expr import Node, is_number
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, add, had, mul, ones
from matcalc.rewrite.law import equal, has, law, settled, shorter, split

DEPTH = 4  # of sums and products in a factor that is looked at


@law("pow", fact="one_hot")
def power_of_labels(node: Node) -> Node | None:
    r"""$Y^{\circ k} = Y$ for one-hot Y and a number $k > 0$. Shrinks: the exponent goes."""
    return node.operands[0] if _is_power(node) and has(node.operands[0], "one_hot") else None


@law("hadamard", fact="one_hot")
def labels_choose(node: Node) -> Node | None:
    r"""$Y \odot f(Y) = Y \odot f(1)$ for one-hot Y and polynomials f, since elsewhere Y is zero:
    $Y \odot Y = Y$, $Y \odot (1 - Y) = 0$. Shrinks by comparison."""
    for k, Y in enumerate(node.operands):
        if not has(Y, "one_hot"):
            continue
        others = [*node.operands[:k], *node.operands[k + 1 :]]
        chosen = [_at_one(f, Y, DEPTH) for f in others]
        if all(map(equal, others, chosen)):
            continue
        found = shorter(node, settled(had(*chosen[:k], Y, *chosen[k:])))
        if found is not None:
            return found
    return None


def _is_power(node: Node) -> bool:
    return (
        node.op.name == "pow"
        and is_number(node.operands[1])
        and bool(node.operands[1].params[0].is_positive)
    )


def _at_one(f: Node, Y: Node, depth: int) -> Node:
    """What f is in the entries where Y is one."""
    if equal(f, Y) or (_is_power(f) and equal(f.operands[0], Y)):
        return ones(*f.shape)
    if depth and f.op in (SUM_OP, HADAMARD):
        combine = add if f.op is SUM_OP else had
        return combine(*(_at_one(part, Y, depth - 1) for part in f.operands))
    scalars, matrices = split(f)
    if depth and f.op is PRODUCT and len(matrices) == 1:
        return mul(*scalars, _at_one(matrices[0], Y, depth - 1))
    return f
