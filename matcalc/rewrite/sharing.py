"""Which parts of a large expression deserve a name, and how long the page is with these names.

A part is named when it occurs more than once and writing it out every time would cost a few symbols
more than its definition: that is when a person writes "where S = ...".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from matcalc.expr import Node, is_number, number, postorder
from matcalc.ops.algebra import PRODUCT, TRANSPOSE
from matcalc.ops.entrywise import POWER
from matcalc.rewrite.cost import SYMBOL, cost, own_cost

WORTH = 3 * SYMBOL  # what a name must save
SMALL = 150  # below this cost nothing is looked for
HUGE = 10**6
LARGEST = 400  # nodes; beyond, only the printers look, once


def page(root: Node) -> tuple[list[Node], int]:
    """The parts to be named, innermost first, and the cost of the page with its definitions."""
    if cost(root) < SMALL:
        return [], cost(root)
    if cost(root) > HUGE or not within(root, LARGEST):
        return [], cost(root)
    order = postorder(root)
    named, _ = _named(order, places(order))
    named, total = _named(order, times_written(order, named))
    return named, total


def may_be_named(node: Node) -> bool:
    """Nobody names 1/S, -S or S': that is S, written with a mark."""
    return bool(node.operands) and not node.indices and not _is_marked(node)


def _is_marked(node: Node) -> bool:
    if node.op is POWER:
        return node.operands[1] is number(-1)
    lone = node.op is PRODUCT and len(node.operands) == 2 and is_number(node.operands[0])
    return node.op is TRANSPOSE or lone


def places(order: Sequence[Node]) -> dict[Node, int]:
    """How many operands of other parts each part is, one with a mark counting as the part."""
    uses = dict.fromkeys(order, 0)
    for node in reversed(order):
        own = uses[node] if _is_marked(node) else 1
        for child in node.operands:
            uses[child] += own
    return uses


def times_written(order: Sequence[Node], named: Collection[Node]) -> dict[Node, int]:
    """How often each part that stands in several places is written on the page whose last line is
    the last of ``order``, the named ones being written out once."""
    uses, apart = places(order), frozenset(named)
    times = dict.fromkeys(order, 0)
    times[order[-1]] = 1
    for node in reversed(order):
        own = 1 if node in apart else times[node]
        for child in node.operands:
            times[child] = min(times[child] + own, HUGE)
    # What one part holds alone had better be named with it.
    return {node: times[node] if uses[node] > 1 else uses[node] for node in order}


def _named(order: Sequence[Node], times: Mapping[Node, int]) -> tuple[list[Node], int]:
    """The parts whose names save enough, and the cost of the page with them."""
    named: list[Node] = []
    written: dict[Node, int] = {}
    total = 0
    for node in order:
        size = own_cost(node, written)
        count = times[node]
        saved = (count - 1) * size - (count + 1) * SYMBOL
        if saved >= WORTH and may_be_named(node):
            named.append(node)
            total += size + SYMBOL
            size = SYMBOL
        written[node] = size
    return named, total + written[order[-1]]


def page_cost(root: Node) -> int:
    """The cost of the page: shared parts that deserve a name are written once."""
    return page(root)[1]


def within(root: Node, most: int) -> bool:
    """Whether there are at most so many nodes; a large expression is not walked to the end."""
    seen = {root}
    todo = [root]
    while todo:
        for child in todo.pop().operands:
            if child not in seen:
                seen.add(child)
                todo.append(child)
        if len(seen) > most:
            return False
    return True
