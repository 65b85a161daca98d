"""How long an expression is on the page: what every law makes smaller."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from matcalc.expr import Node, as_number, is_number, postorder

_COSTS: WeakKeyDictionary[Node, int] = WeakKeyDictionary()

# A symbol or number counts 10; marks and function names count a little, so that between two forms
# with as many symbols the one with fewer marks is the shorter.
SYMBOL = 10
MARK = {"transpose": 2, "inv": 3, "hadamard": 1, "times": 1, "plus": 1, "item": 0, "box": 0}
FUNCTION = 4


def cost(root: Node) -> int:
    """Symbols and numbers on the page, shared parts counted every time they are written."""
    found = _COSTS.get(root)
    if found is not None:
        return found
    for node in postorder(root, stop=_COSTS.__contains__):
        if node not in _COSTS:
            _COSTS[node] = _own(node)
    return _COSTS[root]


def _own(node: Node) -> int:
    if not node.operands:
        if is_number(node):
            value = as_number(node)
            if value == -1:
                return 2
            return SYMBOL if not value.is_Rational or value.q == 1 or abs(value.p) == 1 else 2 * SYMBOL
        # ones(n, m), eye(n) and the like are one symbol on the page.
        return SYMBOL
    if node.op.name == "pow" and is_number(node.operands[1]) and as_number(node.operands[1]) == -1:
        return _COSTS[node.operands[0]] + 2
    below = sum(_COSTS[c] for c in node.operands)
    mark = MARK.get(node.op.name, FUNCTION)
    joints = mark * max(1, len(node.operands) - 1)
    if node.op.name == "plus" and node.shape and any(_is_one(c) for c in node.operands):
        joints -= 1
    return below + joints


def _is_one(node: Node) -> bool:
    return node.op.name == "ones"
