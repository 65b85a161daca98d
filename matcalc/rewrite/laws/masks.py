"""Masks: entries that are zero or one, as those of an identity, of what it leaves out, of a step."""

from __future__ import annotations

from matcalc.expr import Node, as_number, is_number
from matcalc.ops.algebra import EYE, ONES, SUM_OP, TRANSPOSE, coefficient, had, zero_of
from matcalc.rewrite.law import equal, law, without


@law("pow")
def power_of_mask(node: Node) -> Node | None:
    r"""$M^{\circ k} = M$ for a number $k > 0$ where the entries of M are zero or one: $M = I$,
    $1 - I$, a step. Shrinks: the exponent goes."""
    M, k = node.operands
    return M if is_number(k) and as_number(k) > 0 and is_mask(M) else None


@law("hadamard")
def mask_meets_mask(node: Node) -> Node | None:
    r"""$M \odot M = M$ and $M \odot (1 - M) = 0$ where the entries of M are zero or one. Shrinks: a
    factor goes, or all of them."""
    masks = [f for f in node.operands if is_mask(f)]
    for k, M in enumerate(masks):
        if any(equal(M, other) for other in masks[:k]):
            return had(*without(node.operands, M))
        left_out = _left_out(M)
        if left_out is not None and any(equal(left_out, other) for other in masks):
            return zero_of(node.shape)
    return None


def is_mask(node: Node) -> bool:
    """Whether every entry is seen to be zero or one."""
    if node.op is TRANSPOSE:
        return is_mask(node.operands[0])
    left_out = _left_out(node)
    if left_out is not None:
        return is_mask(left_out)
    return node.op is EYE or node.op.name == "step"


def _left_out(node: Node) -> Node | None:
    """The M of 1 - M."""
    if node.op is not SUM_OP or len(node.operands) != 2:
        return None
    one, other = sorted(node.operands, key=lambda a: a.op is not ONES)
    c, M = coefficient(other)
    return M if one.op is ONES and c == -1 else None
