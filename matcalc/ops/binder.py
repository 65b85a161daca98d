"""Indices: integer symbols that may stand free in a node, and the one binder, a sum over a range.

Bound indices are renamed by level (``_k1`` innermost), so that sums which differ only in the letter
are the same node; printers give them letters again. Substitution never captures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.expr import BUILD, Node, is_number, is_symbol, make, number, postorder, rebuilt, symbol
from matcalc.ops.algebra import is_zero, mul, zero_of
from matcalc.ops.base import (
    ATOM,
    PROD,
    SUM,
    Entries,
    Op,
    Operands,
    Params,
    Writer,
    Written,
    operand,
    register,
)
from matcalc.shapes import Shape

_BOUND = "_k"


@lru_cache(maxsize=1024)
def index(name: str) -> sp.Symbol:
    """An integer symbol for positions and layers."""
    return sp.Symbol(name, integer=True, positive=True)


def bound(level: int) -> sp.Symbol:
    return index(f"{_BOUND}{level}")


def _level_of(name: str) -> int:
    return (
        int(name[len(_BOUND) :]) if name.startswith(_BOUND) and name[len(_BOUND) :].isdigit() else 0
    )


def fresh_index(hint: str) -> sp.Symbol:
    """A name no user can write, to be bound at once."""
    return index(f"_{hint}?")


def merge_indices(free: tuple[sp.Symbol, ...], *expressions: Any) -> tuple[sp.Symbol, ...]:
    """Free indices of operands and parameters together: every symbol that is no plain dimension."""
    found = {s for e in expressions if isinstance(e, sp.Expr) for s in e.free_symbols}
    return tuple(sorted({*free, *found}, key=str)) if found else free


class IndexedSum(Op):
    r"""Sum over an integer range, $\sum_{i=a}^{b} A(i)$."""

    name = "isum"
    law = r"d\sum_i A(i) = \sum_i dA(i)"
    samples = ("n m", "")

    def sample_params(self, A: Operands) -> Sequence[Params]:
        return (bound(1), sp.Integer(0), sp.Integer(3)), (bound(1), sp.Integer(2), shapes.dims("k"))

    def binding(self, operands: Operands, params: Params) -> tuple[Any, int]:
        variable, low, high = params
        free = tuple(i for i in operands[0].indices if i != variable)
        return merge_indices(free, low, high), max(operands[0].level, _level_of(variable.name))

    def shape_of(self, A: Operands, params: Params) -> Shape:
        if any(params[0] in d.free_symbols for d in A[0].shape):
            raise ShapeError(f"the terms of a sum over {params[0]} have different shapes")
        return A[0].shape

    def build(self, A: Operands, params: Params) -> Node:
        return isum(A[0], *params)

    def entry(self, x: Entries, i: Any, j: Any, params: Params) -> Any:
        return x.function("isum", 0, i, j, *params)

    def linear_in(self, slot: int) -> bool:
        return True

    def adjoint(self, slot: int, G: Node, A: Operands, params: Params) -> Node:
        # Of the term with the bound index; the engine sums what it makes of it (see reverse.py).
        return G

    def vec_matrix(self, slot: int, A: Operands, params: Params) -> Node:
        rows, cols = A[0].shape or (shapes.ONE, shapes.ONE)
        return BUILD["eye_or_one"](shapes.times(rows, cols))  # type: ignore[arg-type]

    def latex(self, node: Node, w: Writer) -> Written:
        letter, body, low, high = shown(node, w.notation.index_base)
        limits = rf"_{{{letter}={sp.latex(low)}}}^{{{sp.latex(high)}}}"
        return rf"\sum{limits} {w(body, PROD)}", SUM

    def text(self, node: Node, w: Writer) -> Written:
        letter, body, low, high = shown(node, 1)
        return f"isum({w(body)}, {letter}, {shapes.show_dim(low)}, {shapes.show_dim(high)})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        raise AssertionError("an indexed sum is evaluated term by term")


def letter_for(node: Node) -> str:
    """The first of i, j, k, ... that is not in use around the bound index."""
    taken = {s.name for s in node.operands[0].indices} | {
        n.params[0] for n in postorder(node.operands[0]) if is_symbol(n)
    }
    taken |= {letter_for(n) for n in postorder(node.operands[0]) if n.op is ISUM}
    for letter in "rijklpqst":
        if letter not in taken:
            return letter
    return f"i_{node.level}"


def shown(node: Node, base: int) -> tuple[str, Node, Any, Any]:
    """Letter, body and limits as they are written: an index into a matrix counts from ``base``."""
    variable, low, high = node.params
    letter = letter_for(node)
    places = any(
        n.op.name in ("entry", "slice", "place") and variable in n.op.binding((), n.params)[0]
        for n in postorder(node.operands[0])
    ) if base else False
    shift = base if places else 0
    body = at_index(node.operands[0], {variable: index(letter) - shift})
    return letter, body, sp.expand(low + shift), sp.expand(high + shift)


def isum(body: Any, variable: Any, low: Any, high: Any) -> Node:
    """Sum of ``body`` for ``variable`` from low to high, both included."""
    term = operand(body)
    low, high = (sp.Integer(v) if isinstance(v, int) else shapes.canonical(v) for v in (low, high))
    variable = index(variable.name if isinstance(variable, sp.Symbol) else str(variable))
    count = sp.expand(high - low + 1)
    if is_zero(term) or (count.is_number and count <= 0):
        return zero_of(term.shape)
    if variable not in term.indices and not _mentions(term, variable.name):
        return mul(BUILD["read"](count), term)
    if count == 1:
        return at_index(term, {variable: low})
    levels = [_level_of(s.name) for s in term.indices if s != variable]
    inner = [n.level for n in postorder(term) if n.op is ISUM]
    canonical = bound(1 + max([0, *levels, *inner]))
    if canonical != variable:
        term = at_index(term, {variable: canonical})
    return make(ISUM, (term,), (canonical, low, high))


def _mentions(root: Node, name: str) -> bool:
    return any(is_symbol(n) and not n.shape and n.params[0] == name for n in postorder(root))


def at_index(root: Node, replace: Mapping[Any, Any]) -> Node:
    """``root`` with free indices replaced by integer expressions, never capturing one."""
    swaps = {index(k.name): sp.Integer(v) if isinstance(v, int) else v for k, v in replace.items()}
    arriving = {s for v in swaps.values() for s in v.free_symbols}
    image: dict[Node, Node] = {}
    for node in postorder(root, stop=lambda n: n.op is ISUM):
        if node.op is ISUM:
            image[node] = _inside_binder(node, swaps, arriving)
            continue
        operands = tuple(image[c] for c in node.operands)
        if is_symbol(node):
            image[node] = _symbol_at(node, swaps)
            continue
        params = tuple(p.xreplace(swaps) if isinstance(p, sp.Expr) else p for p in node.params)
        if params != node.params and not is_number(node):
            image[node] = node.op.build(operands, params)
        else:
            image[node] = rebuilt(node, operands)
    return image[root]


def _symbol_at(node: Node, swaps: Mapping[Any, Any]) -> Node:
    if node.shape:
        return node
    value = swaps.get(index(node.params[0]))
    return node if value is None else BUILD["read"](value)


def _inside_binder(node: Node, swaps: Mapping[Any, Any], arriving: set[Any]) -> Node:
    variable, low, high = node.params
    term = node.operands[0]
    if variable in arriving:
        other = bound(1 + max(node.level, *(_level_of(s.name) for s in arriving)))
        term = at_index(term, {variable: other})
        variable = other
    inner = {k: v for k, v in swaps.items() if k != variable}
    return isum(
        at_index(term, inner) if inner else term,
        variable,
        low.xreplace(swaps),
        high.xreplace(swaps),
    )


def dimension_of(node: Node) -> Any:
    """A scalar node made of numbers and dimensions, back as an integer expression."""
    image: dict[Node, Any] = {}
    for part in postorder(node):
        if is_number(part):
            image[part] = part.params[0]
        elif is_symbol(part) and not part.shape:
            image[part] = index(part.params[0])
        elif part.op.name == "plus":
            image[part] = sp.Add(*(image[c] for c in part.operands))
        elif part.op.name == "times" and not any(c.shape for c in part.operands):
            image[part] = sp.Mul(*(image[c] for c in part.operands))
        elif part.op.name == "pow":
            image[part] = image[part.operands[0]] ** image[part.operands[1]]
        else:
            raise ShapeError(f"{node} is not made of dimensions and integers")
    return image[node]


ISUM = register(IndexedSum())
BUILD.update(  # type: ignore[call-overload]
    isum=isum,
    fresh_index=fresh_index,
    merge_indices=merge_indices,
    dimension_of=dimension_of,
    placeholder=lambda name, shape: symbol(name, shape),
    eye_or_one=lambda n: BUILD["eye"](n) if n != 1 else number(1),
)
