"""The transpose of an expression, written with the transpose pushed down to its atoms.

A symmetric expression is one that is its own flip: that is how ``X'*X + lam*eye(d)`` and the
inverse of a symmetric matrix are recognised without a law for each.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from matcalc.expr import Node, is_symbol, make, postorder
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, add, had, mul, t
from matcalc.ops.base import OPS
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.law import has, split

_FLIPS: WeakKeyDictionary[Node, Node] = WeakKeyDictionary()

# f(A)' = f(A') for these: a flip of the result is kept outside unless the operand is symmetric.
OUTSIDE = {"inv", "adj", "mpow"}


def flip(root: Node) -> Node:
    """The transpose of ``root``, pushed down."""
    found = _FLIPS.get(root)
    if found is not None:
        return found
    for node in postorder(root, stop=_FLIPS.__contains__):
        if node not in _FLIPS:
            _FLIPS[node] = _flipped(node)
    return _FLIPS[root]


def _flipped(node: Node) -> Node:
    op = node.op
    if not node.shape:
        return node
    if is_symbol(node):
        return node if has(node, "symmetric") else t(node)
    below = tuple(_FLIPS[a] for a in node.operands)
    if op is TRANSPOSE:
        return node.operands[0]
    if op is PRODUCT:
        scalars = split(node)[0]
        return mul(*scalars, *(_FLIPS[m] for m in reversed(split(node)[1])))
    if op is SUM_OP:
        return add(*below)
    if op is HADAMARD:
        return had(*below)
    if op.name in ENTRYWISE:
        return op.build(below, node.params)
    if op.name in OUTSIDE:
        return node if is_symmetric(node.operands[0]) else t(node)
    if op.name == "diag":
        return node
    if op.name == "kron":
        return OPS["kron"].build(below, ())
    if op.name == "commutation":
        return make(op, (), (node.params[1], node.params[0]))
    if op.name in ("tril", "triu"):
        return OPS["triu" if op.name == "tril" else "tril"].build(below, ())
    return t(node)


def is_symmetric(node: Node) -> bool:
    """Whether the laws see that ``node`` is its own transpose."""
    if not node.shape or node.shape[0] != node.shape[1]:
        return False
    turned = flip(node)
    return turned.content == node.content or turned.content == flip(turned).content
