"""When two terms are the same: up to the order of what commutes, a turn of a trace, a flip of a
scalar."""

from __future__ import annotations

from hashlib import blake2b
from weakref import WeakKeyDictionary

from matcalc.expr import Node
from matcalc.ops.algebra import HADAMARD, PRODUCT
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import split

_SEEN: WeakKeyDictionary[Node, bytes] = WeakKeyDictionary()
LONGEST = 10


def likeness(node: Node) -> bytes:
    """The same bytes for expressions that are equal in one of these ways."""
    found = _SEEN.get(node)
    if found is None:
        found = _SEEN[node] = _likeness(node)
    return found


def _likeness(node: Node) -> bytes:
    if node.op.name == "tr" and node.operands[0].op is PRODUCT:
        ms = split(node.operands[0])[1]
        if len(ms) <= LONGEST:
            other = [flip(m) for m in reversed(ms)]
            return b"tr" + min(
                _chain((*side[k:], *side[:k])) for side in (ms, other) for k in range(len(ms))
            )
    if node.op.name == "tr":
        return b"tr" + min(node.operands[0].content, flip(node.operands[0]).content)
    if node.op.name == "sum" and node.operands[0].op is HADAMARD:
        return b"sum" + min(node.operands[0].content, flip(node.operands[0]).content)
    if node.op is PRODUCT:
        scalars, ms = split(node)
        matrices = _chain(tuple(ms))
        if not node.shape:
            matrices = min(matrices, _chain(tuple(flip(m) for m in reversed(ms))))
        return _hash(*sorted(likeness(s) for s in scalars), b"*", matrices)
    return node.content


def _chain(ms: tuple[Node, ...]) -> bytes:
    return _hash(*(m.content for m in ms))


def _hash(*parts: bytes) -> bytes:
    return blake2b(b"|".join(parts), digest_size=12).digest()
