"""Which parts of a large expression deserve a name, and how long the page is with these names.

A part is named when it occurs more than once and writing it out every time would cost a few symbols
more than its definition: that is when a person writes "where S = ...".
"""

from __future__ import annotations

from matcalc.expr import Node, postorder
from matcalc.ops.algebra import TRANSPOSE
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
    uses: dict[Node, int] = {}
    for node in order:
        for child in node.operands:
            uses[child] = uses.get(child, 0) + 1
    named: list[Node] = []
    written: dict[Node, int] = {}
    total = 0
    for node in order:
        size = own_cost(node, written)
        count = uses.get(node, 0)
        saved = (count - 1) * size - (count + 1) * SYMBOL
        if saved >= WORTH and node.operands and not node.indices and node.op is not TRANSPOSE:
            named.append(node)
            total += size + SYMBOL
            size = SYMBOL
        written[node] = size
    return named, total + written[root]


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
