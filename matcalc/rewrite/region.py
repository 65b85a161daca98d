"""The entrywise region below a node, read as a program on numbered atoms.

Every entry (i, j) of the root is one scalar function of entries of the atoms. An atom is *full* (it
has the root's shape), a *column* or a *row* that is spread along the other axis, or a *scalar*. So
``diag(u)*A``, ``A*diag(v)``, ``u*ones(1, m)`` and ``u*v'`` all belong to the region: what they
spread is seen, and a column of reciprocals is a denominator like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.expr import Node, as_number, is_number
from matcalc.ops.algebra import HADAMARD, ONES, PRODUCT, SUM_OP, TRANSPOSE, mul
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import split

FULL, COLUMN, ROW, SCALAR = "full", "column", "row", "scalar"
Key = tuple[tuple[Any, ...], ...]


def is_entrywise(node: Node) -> bool:
    """Whether every entry of the node is a function of the same entry of its operands."""
    op = node.op
    if op is SUM_OP or op is HADAMARD or op.name in ENTRYWISE:
        return True
    if op is PRODUCT:
        return sum(1 for a in node.operands if a.shape) <= 1
    return False


def is_scaling(node: Node) -> bool:
    """A product that only scales rows or columns, or spreads vectors."""
    if node.op is not PRODUCT:
        return False
    ms = [a for a in node.operands if a.shape]
    return len(ms) > 1 and (
        ms[0].op.name == "diag"
        or ms[-1].op.name == "diag"
        or (ms[-1].op is ONES and ms[-1].shape[0] == 1)
        or (ms[0].op is ONES and ms[0].shape[1] == 1)
    )


def is_entry_by_entry(node: Node) -> bool:
    """Whether every entry is made of the same entry of others, and of what goes with its row or
    column."""
    return is_entrywise(node) or is_scaling(node)


@dataclass
class Region:
    """The program: one row per part, each an operation on earlier rows; the atoms with their
    kinds."""

    rows: list[tuple[Any, ...]]
    atoms: list[Node]
    kinds: list[str]

    @property
    def key(self) -> Key:
        return tuple(self.rows)


class Reader:
    """Reads one region, depth first, without recursion."""

    def __init__(self, root: Node) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.atoms: list[Node] = []
        self.kinds: list[str] = []
        self.place: dict[tuple[Node, str], int] = {}
        self.root = root

    def read(self) -> Region:
        top = FULL if self.root.shape else SCALAR
        todo: list[tuple[Node, str, bool]] = [(self.root, top, False)]
        while todo:
            node, kind, ready = todo.pop()
            if (node, kind) in self.place:
                continue
            parts = self.parts(node, kind)
            if parts is None:
                self.leaf(node, kind)
            elif ready:
                name, operands = parts
                self.row(node, kind, (name, *(self.place[p] for p in operands)))
            else:
                todo.append((node, kind, True))
                todo.extend((n, k, False) for n, k in reversed(parts[1]))
        return Region(self.rows, self.atoms, self.kinds)

    def row(self, node: Node, kind: str, row: tuple[Any, ...]) -> None:
        self.place[node, kind] = len(self.rows)
        self.rows.append(row)

    def leaf(self, node: Node, kind: str) -> None:
        if is_number(node):
            self.row(node, kind, ("n", as_number(node), node.params[1]))
        elif node.op is ONES:
            self.row(node, kind, ("n", sp.Integer(1), False))
        else:
            self.row(node, kind, ("a", len(self.atoms), kind))
            self.atoms.append(node)
            self.kinds.append(kind)

    def parts(self, node: Node, kind: str) -> tuple[str, list[tuple[Node, str]]] | None:
        """The operation and the operands with their kinds; None for an atom."""
        if is_number(node) or node.op is ONES:
            return None
        if node.op is TRANSPOSE and is_entrywise(node.operands[0]):
            pushed = flip(node.operands[0])
            if pushed is not node and is_entrywise(pushed):
                node = pushed
        if is_entrywise(node):
            below = [(c, kind if c.shape else SCALAR) for c in node.operands]
            return node.op.name, below
        if kind == FULL and node.op is PRODUCT and node.shape and 1 not in node.shape:
            found = _spreads(node)
            if found is not None:
                return "times", found
        if node.op is PRODUCT and node.shape and not node.operands[0].shape:
            scalars, ms = split(node)
            return "times", [*((s, SCALAR) for s in scalars), (mul(*ms), kind)]
        return None


def _spreads(node: Node) -> list[tuple[Node, str]] | None:
    """A product as columns, rows and one full factor."""
    scalars, ms = split(node)
    found: list[tuple[Node, str]] = [(s, SCALAR) for s in scalars]
    at = next((k for k, m in enumerate(ms) if k and shapes.is_one(m.shape[0])), 0)
    if at:
        u, v = mul(*ms[:at]), mul(*ms[at:])
        return [*found, (u, COLUMN), (v, ROW)]
    left, right = 0, len(ms)
    while left < right - 1 and ms[left].op.name == "diag":
        found.append((ms[left].operands[0], COLUMN))
        left += 1
    while right > left + 1 and ms[right - 1].op.name == "diag":
        right -= 1
        found.append((flip(ms[right].operands[0]), ROW))
    if right - left == len(ms):
        return None
    return [*found, (mul(*ms[left:right]), FULL)]
