"""The sum of terms of one shape.

The constructor flattens, adds equal terms and drops zeros; nothing broadcasts, and the message for
a misfit says how the intended sum is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, as_number, brief, is_number, make, number
from matcalc.ops.base import (
    SUM,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    misfit,
    named,
    operand,
    register,
    rows_cols,
)
from matcalc.ops.product import PRODUCT, flattens, without_first
from matcalc.ops.symbols import ONES, eye, is_rational, is_zero, zero_of
from matcalc.ops.transpose import t
from matcalc.shapes import Shape


def coefficient(node: Node) -> tuple[sp.Rational, Node]:
    """``node`` as number times the rest."""
    if is_rational(node):
        return as_number(node), number(1)
    if node.op is PRODUCT and is_rational(node.operands[0]):
        return as_number(node.operands[0]), without_first(node)
    return sp.Integer(1), node


def _decimal(*nodes: Node) -> bool:
    return any(is_number(n) and n.params[1] for n in nodes)


def _leads_decimal(node: Node) -> bool:
    return _decimal(node) or (node.op is PRODUCT and _decimal(node.operands[0]))


class Sum(Op):
    """Sum $A + B$ of matrices of one shape, or of scalars."""

    name = "plus"
    law = r"d(A + B) = dA + dB"
    commutes = True
    samples = ("n m, n m", "n m, n m, n m", ", ")

    def shape_of(self, A: Operands, params: Params) -> Shape:
        return _sum_shape(A)

    def build(self, A: Operands, params: Params) -> Node:
        return add(*A)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("plus", *(x(k, i, j) for k in x.slots))  # type: ignore[attr-defined]

    def linear_in(self, slot: int) -> bool:
        return True

    def change(self, slot: int, dA: Node, F: Node, A: Operands, params: Params) -> Node:
        return dA

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        return G

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        rows, cols = rows_cols(A[slot])
        return eye(shapes.times(rows, cols))

    def latex(self, node: Node, w: Writer) -> Written:
        return join_terms([w(a, SUM) for a in _inside_sum(node, w)]), SUM

    def text(self, node: Node, w: Writer) -> Written:
        return join_terms([w(a, SUM) for a in _inside_sum(node, w)]), SUM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        return " + ".join(a)


def _inside_sum(node: Node, w: Writer) -> list[Node]:
    """Terms as people write them: a matrix of ones beside other terms is the number 1."""
    terms = list(node.operands)
    if not node.shape:
        return terms
    return (
        [
            number(c, _leads_decimal(a)) if rest.op is ONES else a
            for a, (c, rest) in ((a, coefficient(a)) for a in terms)
        ]
        if any(coefficient(a)[1].op is not ONES for a in terms)
        else terms
    )


def join_terms(terms: Sequence[str]) -> str:
    out = terms[0]
    for term in terms[1:]:
        out += f" - {term[1:].lstrip()}" if term.startswith("-") else f" + {term}"
    return out


def _sum_shape(A: Sequence[Node]) -> Shape:
    scalars = [a for a in A if not a.shape]
    matrices = [a for a in A if a.shape]
    if scalars and matrices:
        raise ShapeError(_scalar_misfit(scalars[0], matrices[0]))
    if not matrices:
        return ()
    first = matrices[0]
    for other in matrices[1:]:
        if not shapes.same_shape(first.shape, other.shape):
            raise ShapeError(misfit(first, other, "add", _broadcast_repair(first, other)))
    return first.shape


def _scalar_misfit(s: Node, m: Node) -> str:
    size = ", ".join(shapes.show_dim(d) for d in m.shape)
    said = (
        f"cannot add the scalar {brief(s)} to {named(m)}: write {_factor(s)}*ones({size}) "
        "to add it to every entry"
    )
    if shapes.same(*m.shape):
        said += f", or {_factor(s)}*eye({shapes.show_dim(m.shape[0])}) to add it to the diagonal"
    return said


def _broadcast_repair(a: Node, b: Node) -> str:
    """`X*W + b` is how people write a bias; say how it is written here."""
    for big, small in ((a, b), (b, a)):
        (rows, cols), (r, c) = big.shape, small.shape
        column, row = (f"ones({shapes.show_dim(rows)},1)", f"ones(1,{shapes.show_dim(cols)})")
        if r == 1 and shapes.same(cols, c):
            return f"to add the row {brief(small)} to every row write {column}*{_factor(small)}"
        if c == 1 and shapes.same(rows, r):
            return f"to add the column {brief(small)} to every column write {_factor(small)}*{row}"
        if c == 1 and shapes.same(cols, r):
            return f"to add {brief(small)} to every row write {column}*{_factor(t(small))}"
    return ""


def _factor(node: Node) -> str:
    """A node as a factor is written, in brackets where it is a sum."""
    return f"({brief(node)})" if node.op is SUM_OP else brief(node)


# What the terms of a long sum are, so that one more term need not look at all of them again.
_CONTENTS: WeakKeyDictionary[Node, frozenset[bytes]] = WeakKeyDictionary()
_LONG_SUM = 12


def _one_more(total: Node, term: Node) -> Node | None:
    """A long sum and one term that is unlike all of its terms; None where terms may meet."""
    if is_zero(term) or not shapes.same_shape(total.shape, term.shape):
        return None
    known = _CONTENTS.get(total)
    if known is None:
        known = frozenset(coefficient(a)[1].content for a in total.operands)
    content = coefficient(term)[1].content
    if content in known:
        return None
    longer = make(SUM_OP, (*total.operands, term))
    _CONTENTS[longer] = known | {content}
    return longer


def add(*values: Any) -> Node:
    """Sum: flattened, equal terms added, zeros dropped."""
    if len(values) == 2:
        first, second = operand(values[0]), operand(values[1])
        if first.op is SUM_OP and len(first.operands) >= _LONG_SUM and second.op is not SUM_OP:
            longer = _one_more(first, second)
            if longer is not None:
                return longer
    terms: list[Node] = []
    for value in values:
        node = operand(value)
        terms.extend(node.operands if node.op is SUM_OP else (node,))
    if len(terms) == 1:
        return terms[0]
    shape = _sum_shape(terms)
    total: dict[bytes, list[Any]] = {}
    for term in terms:
        if is_zero(term):
            continue
        c, rest = coefficient(term)
        slot = total.get(rest.content)
        if slot is None:
            total[rest.content] = [c, rest, term, _leads_decimal(term)]
        else:
            slot[0] += c
            slot[2] = None
            slot[3] = slot[3] or _leads_decimal(term)
    kept = [
        term if term is not None else scaled(number(c, dec), rest)
        for c, rest, term, dec in total.values()
        if c != 0
    ]
    if not kept:
        return zero_of(shape)
    return kept[0] if len(kept) == 1 else make(SUM_OP, tuple(kept))


def scaled(c: Node, rest: Node) -> Node:
    """Number times a node that carries no coefficient of its own."""
    if as_number(c) == 1:
        return rest
    if is_rational(rest):
        return number(as_number(c) * as_number(rest), _decimal(c, rest))
    factors = rest.operands if rest.op is PRODUCT and flattens(rest) else (rest,)
    return make(PRODUCT, (c, *factors))


SUM_OP = register(Sum())
BUILD["add"] = add
