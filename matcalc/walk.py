"""Walks over the shared graph: loops with a memo, never recursion, whatever the depth.

They know of a node only that it has operands, an operation and a shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import sympy as sp

if TYPE_CHECKING:
    from matcalc.expr import Node


def _roots(roots: Node | Iterable[Node]) -> list[Node]:
    return [roots] if hasattr(roots, "operands") else list(roots)  # type: ignore[list-item]


def names_of_sizes(nodes: Iterable[Node]) -> set[str]:
    """The names in the shapes and the integer parameters of these nodes, bound ones included."""
    sizes = {e for node in nodes for e in (*node.shape, *node.params) if isinstance(e, sp.Expr)}
    return {s.name for size in sizes for s in size.free_symbols}


def postorder(
    roots: Node | Iterable[Node], stop: Callable[[Node], bool] | None = None
) -> list[Node]:
    """Every node below ``roots`` once, operands before the nodes that use them.

    Below a node for which ``stop`` is true nothing is visited; the node itself is.
    """
    todo: list[tuple[Node, bool]] = [(r, False) for r in _roots(roots)]
    todo.reverse()
    seen: set[int] = set()
    order: list[Node] = []
    while todo:
        node, ready = todo.pop()
        if ready:
            order.append(node)
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        todo.append((node, True))
        if stop is None or not stop(node):
            todo.extend(
                (child, False) for child in reversed(node.operands) if id(child) not in seen
            )
    # A node may be pushed twice before its first visit: keep the first finish only.
    return list(dict.fromkeys(order)) if len(order) != len(seen) else order


_SYMBOLS: WeakKeyDictionary[Node, tuple[Node, ...]] = WeakKeyDictionary()


def leaves(root: Node) -> tuple[Node, ...]:
    """The symbols in one expression, in the order in which they are met; remembered."""
    found = _SYMBOLS.get(root)
    if found is None:
        found = _SYMBOLS[root] = tuple(symbols(root))
    return found


def symbols(roots: Node | Iterable[Node]) -> list[Node]:
    """The symbols in an expression, in the order in which they are met."""
    return [node for node in postorder(roots) if node.op.name == "symbol"]


def dimensions(roots: Node | Iterable[Node]) -> list[sp.Symbol]:
    """The dimension symbols in the shapes below ``roots``, by name."""
    found = {s for node in postorder(roots) for d in node.shape for s in d.free_symbols}
    return sorted(found, key=lambda s: s.name)


def rebuilt(node: Node, operands: tuple[Node, ...]) -> Node:
    """The same operation on other operands, made by the operation's own constructor."""
    if operands == node.operands:
        return node
    return node.op.build(operands, node.params)
