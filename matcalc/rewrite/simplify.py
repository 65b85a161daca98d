"""Which laws, in which order.

One pass goes bottom-up over the shared graph: an operation is rebuilt on simplified operands, the
laws at its root run until none applies, and where an entrywise region ends it is lifted. Every law
keeps value and shape and shortens the page, which is why this ends; a step bound guards the claim.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from matcalc import shapes
from matcalc.expr import Node, postorder, rebuilt
import matcalc.rewrite.scalars as _scalars  # noqa: F401 - enters its laws
from matcalc.rewrite.laws import LAWS
from matcalc.rewrite.lift import is_entrywise, lift

Recorder = Callable[[str, Node, Node], None]

_TIDY: WeakKeyDictionary[Node, Node] = WeakKeyDictionary()
_SIMPLE: WeakKeyDictionary[Node, Node] = WeakKeyDictionary()
MAX_STEPS = 200


def by_laws(node: Node, record: Recorder | None = None) -> Node:
    """The laws at the root of ``node``, until none applies."""
    for _ in range(MAX_STEPS):
        for rule in LAWS.get(node.op.name, ()):
            after = rule(node)
            if after is None or after is node:
                continue
            assert shapes.same_shape(after.shape, node.shape), f"{rule.__name__} changed the shape of {node}"
            if record is not None:
                record(rule.__name__, node, after)
            node = _below(after, record)
            break
        else:
            return node
    return node


def _below(node: Node, record: Recorder | None) -> Node:
    """A law may have made new operands: they meet their own laws first."""
    operands = tuple(tidy(c) if c not in _TIDY else _TIDY[c] for c in node.operands)
    return rebuilt(node, operands)


def tidy(root: Node) -> Node:
    """The laws everywhere, bottom-up, without the entrywise lift."""
    return _pass(root, _TIDY, None, lifting=False)


def simplify(root: Node, record: Recorder | None = None) -> Node:
    """``root`` in a form a lecturer would write. Value and shape are kept.

    >>> import matcalc as mc
    >>> A = mc.matrix("A", "n", "n")
    >>> simplify((A.T * mc.ones("n", 1)).T)
    colsum(A)
    """
    for _ in range(4):
        after = _pass(root, _SIMPLE if record is None else None, record, lifting=True)
        if after is root:
            return root
        root = after
    return root


def _pass(
    root: Node,
    memo: WeakKeyDictionary[Node, Node] | None,
    record: Recorder | None,
    lifting: bool,
) -> Node:
    image: dict[Node, Node] = {}
    table = memo if memo is not None else image
    order = postorder(root, stop=table.__contains__)
    inner = _inside_regions(order, root) if lifting else frozenset()
    for node in order:
        if node in image or (memo is not None and node in memo and node not in inner):
            continue
        operands = tuple(_image(c, image, memo) for c in node.operands)
        after = by_laws(rebuilt(node, operands), record)
        if lifting and node not in inner and is_entrywise(after):
            shorter = lift(after)
            if shorter is not None:
                if record is not None:
                    record("entrywise", after, shorter)
                after = by_laws(shorter, record)
        image[node] = after
        if memo is not None and node not in inner:
            memo[node] = after
    return _image(root, image, memo)


def _image(node: Node, image: dict[Node, Node], memo: WeakKeyDictionary[Node, Node] | None) -> Node:
    found = image.get(node)
    if found is None and memo is not None:
        found = memo.get(node)
    return node if found is None else found


def _inside_regions(order: list[Node], root: Node) -> frozenset[Node]:
    """Entrywise nodes all of whose users are entrywise: they are simplified with the region they end in."""
    outside: set[Node] = {root}
    for node in order:
        if not is_entrywise(node):
            outside.update(node.operands)
    return frozenset(n for n in order if n not in outside and is_entrywise(n))
