"""One entry of an expression, with explicit sums: the definitions of the operations, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import BUILD, Node, is_symbol, number, postorder, read
from matcalc.ops.algebra import add, mul
from matcalc.ops.base import OPS, rows_cols
from matcalc.ops.binder import fresh_index, isum
from matcalc.ops.entries import entry
from matcalc.ops.entrywise import ENTRYWISE, power

_DEPTH: ContextVar[int] = ContextVar("sums that are open", default=0)
# Their entries have no short formula: they stay entries of a named matrix.
OPAQUE = {"inv", "mpow", "det", "adj", "solve", "logdet", "map", "isum"}


class SymbolicEntries:
    """What an operation's ``entry`` asks for, answered with nodes."""

    def __init__(self, node: Node, form: Callable[[Node, Any, Any], Node]) -> None:
        self.node, self.form = node, form
        self.slots = range(len(node.operands))
        self.divide = (lambda i, p: sp.floor(i / p), lambda i, p: sp.Mod(i, p))

    def __call__(self, slot: int, i: Any = None, j: Any = None) -> Node:
        return self.form(self.node.operands[slot], i, j)

    def is_scalar(self, slot: int) -> bool:
        return not self.node.operands[slot].shape

    def shape(self, slot: int) -> Any:
        return rows_cols(self.node.operands[slot])

    def sum(self, count: Any, term: Callable[[Any], Any]) -> Node:
        if count == 1:
            return read(term(sp.Integer(0)))
        # A sum inside this one must not count by the same letter while this one is still open.
        depth = _DEPTH.get() + 1
        k = fresh_index(f"k{depth}")
        mark = _DEPTH.set(depth)
        try:
            return isum(term(k), k, sp.Integer(0), sp.expand(count - 1))
        finally:
            _DEPTH.reset(mark)

    def function(self, name: str, *values: Any) -> Any:
        if name == "plus":
            return add(*values)
        if name == "times":
            return mul(*values)
        if name == "over":
            return mul(values[0], power(values[1], -1))
        if name in ENTRYWISE:
            return ENTRYWISE[name].build(tuple(map(read, values)), ())
        if name == "undefined":
            return OPS["function"].build((read(values[-1]),), self.node.params)
        raise NoRuleError(f"{name} has no index form")

    def delta(self, i: Any, j: Any) -> Node:
        same = sp.expand(i - j)
        if same == 0:
            return number(1)
        if same.is_number:
            return number(0)
        raise NoRuleError("a Kronecker delta between free indices stays an entry of the identity")

    def choose(self, cases: Sequence[tuple[Any, Callable[[], Any]]]) -> Any:
        for condition, value in cases:
            if condition == True:  # noqa: E712 - sympy's own true
                return value()
            if condition != False:  # noqa: E712
                break
        raise NoRuleError("which case holds depends on the index")


def entry_form(root: Node, i: Any, j: Any) -> Node:
    """Entry (i, j) of ``root``, counted from 0, in entries of symbols and explicit sums."""
    node = read(root)
    if not node.shape:
        return _form(node, None, None)
    probe = entry(node, i, j)  # checks the range, reads negative indices
    if probe.op.name == "entry":
        return _form(node, *probe.params)
    return probe if probe.op.name != "item" else _form(node, sp.Integer(0), sp.Integer(0))


def _form(node: Node, i: Any, j: Any) -> Node:
    if is_symbol(node) or node.op.name == "number":
        return entry(node, i, j) if node.shape else node
    if node.op.name in OPAQUE or len(postorder(node)) > 2000:
        return entry(node, i, j) if node.shape else node
    try:
        return read(node.op.entry(SymbolicEntries(node, _form), i, j, node.params))
    except NoRuleError:
        return entry(node, i, j) if node.shape else node


_ = BUILD
