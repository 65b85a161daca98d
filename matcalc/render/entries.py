"""The summand of a sum over all entries, with its index pushed into the entrywise operations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import Node, is_symbol, number, postorder, read, symbol_name
from matcalc.indexform import OPAQUE, SymbolicEntries
from matcalc.ops.algebra import HADAMARD, ONES, PRODUCT, SUM_OP, TRANSPOSE, ZEROS, add, mul
from matcalc.ops.binder import index
from matcalc.ops.entries import entry
from matcalc.ops.entrywise import ENTRYWISE

# Above this many nodes a summand is no longer read at a glance: ones beside the matrix are shorter.
LONGEST_SUMMAND = 40
LETTERS = "ijklpqrst"


def index_letters(A: Node, count: int, but: Collection[str] = ()) -> list[str]:
    """The first letters that nothing in ``A`` is called by, and that are none of ``but``."""
    order = postorder(A)
    taken = set(but) | {symbol_name(n) for n in order if is_symbol(n)}
    taken |= {s.name for n in order for d in n.shape for s in d.free_symbols}
    taken |= {s.name for n in order for s in n.indices}
    free = [c for c in LETTERS if c not in taken]
    return free[:count] if len(free) >= count else [f"i_{k + 1}" for k in range(count)]


def entry_of_sum(A: Node, letters: Sequence[str], base: int) -> Node | None:
    """Entry (i, j) of ``A`` where that is short; the letters are printed as they are."""
    if len(postorder(A)) > LONGEST_SUMMAND:
        return None
    left = list(letters)
    i, j = (sp.Integer(0) if d == 1 else index(left.pop(0)) - base for d in A.shape)
    image: dict[Node, Node] = {}
    todo = [(A, False)]
    while todo:
        node, ready = todo.pop()
        if node in image:
            continue
        if not node.shape:
            image[node] = node
        elif node.op is ONES or node.op is ZEROS:
            image[node] = number(1 if node.op is ONES else 0)
        elif node.op is TRANSPOSE:
            image[node] = entry(node.operands[0], j, i)
        elif not _spreads(node):
            image[node] = entry(node, i, j)
        elif ready:
            image[node] = _at_entry(node, [image[c] for c in node.operands])
        else:
            todo.append((node, True))
            todo.extend((c, False) for c in node.operands)
    return image[A]


def _spreads(node: Node) -> bool:
    """Whether an entry of the node is made of the same entry of its operands."""
    if node.op is PRODUCT:
        return sum(1 for a in node.operands if a.shape) <= 1
    return node.op is SUM_OP or node.op is HADAMARD or node.op.name in ENTRYWISE


def _at_entry(node: Node, operands: list[Node]) -> Node:
    if node.op is SUM_OP:
        return add(*operands)
    if node.op is PRODUCT or node.op is HADAMARD:
        return mul(*operands)
    return ENTRYWISE[node.op.name].build(tuple(operands), node.params)


# -- one entry, every sum written out
# -----------------------------------------------------------------


class WrittenEntries(SymbolicEntries):
    """Entries at numbered places: a sum over a known count is its terms."""

    def sum(self, count: Any, term: Callable[[Any], Any]) -> Node:
        if not getattr(count, "is_Integer", False):
            return super().sum(count, term)
        return add(*(read(term(sp.Integer(k))) for k in range(int(count))))


def written_entry(node: Node, i: Any, j: Any) -> Node:
    """Entry (i, j), counted from 0, without a sum sign or a structural matrix where sizes are
    numbers."""
    if not node.shape:
        i = j = None
    else:
        i, j = (p if isinstance(p, sp.Basic) else sp.Integer(p) for p in (i, j))
    if is_symbol(node) or node.op.name == "number" or node.op.name in OPAQUE:
        return entry(node, i, j) if node.shape else node
    try:
        return read(node.op.entry(WrittenEntries(node, written_entry), i, j, node.params))
    except NoRuleError:
        return entry(node, i, j) if node.shape else node
