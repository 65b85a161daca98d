"""Indices: integer symbols that may stand free in a node, and the one binder, a sum over a range.

Bound indices are numbered from the inside out (``_k1`` innermost), so that sums which differ only
in the letter are the same node; printers give them letters again. Substitution never captures:
a binder in the way is renamed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import count as count_from
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
    """A name no user can write, to be bound before another of the same hint is made."""
    return index(f"_{hint}?")


def merge_indices(free: tuple[sp.Symbol, ...], *expressions: Any) -> tuple[sp.Symbol, ...]:
    """Free indices of operands together with every symbol in the parameters."""
    found = {s for e in expressions if isinstance(e, sp.Expr) for s in e.free_symbols}
    return tuple(sorted({*free, *found}, key=str)) if found else free


class IndexedSum(Op):
    r"""Sum over an integer range, $\sum_{i=a}^{b} A(i)$."""

    name = "isum"
    code_shown = "sum(A for r in range(0, 3 + 1))"
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
        return BUILD["eye_or_one"](shapes.times(rows, cols))

    def latex(self, node: Node, w: Writer) -> Written:
        letter, body, low, high = shown(node, w.notation.index_base)
        limits = rf"_{{{letter}={sp.latex(low)}}}^{{{sp.latex(high)}}}"
        return rf"\sum{limits} {w(body, PROD)}", SUM

    def text(self, node: Node, w: Writer) -> Written:
        letter, body, low, high = shown(node, 1)
        return f"isum({w(body)}, {letter}, {shapes.show_dim(low)}, {shapes.show_dim(high)})", ATOM

    def code(self, a: Sequence[str], params: Sequence[str]) -> str:
        raise AssertionError("an indexed sum is evaluated term by term")


def letter_for(node: Node, but: Collection[str] = ()) -> str:
    """The first of i, j, k, ... that no name in the sum is, and no inner sum shows; none of
    ``but``."""
    inside = postorder(node.operands[0])
    taken = {*but, *(s.name for part in inside for s in _mentioned(part))}
    taken |= {s.name for bound in node.params[1:] for s in bound.free_symbols}
    taken |= {n.params[0] for n in inside if is_symbol(n)}
    taken |= {letter_for(n, but) for n in inside if n.op is ISUM}
    owned = [n for n in inside if is_symbol(n) and getattr(n.params[3], "family", None)]
    taken |= {s.name for n in owned for s in n.indices}
    own = [letter for n in owned for letter in _letters_of(n, node.params[0])]
    return next((c for c in (*own, *"rijklpqst") if c not in taken), f"i_{node.level}")


def _letters_of(member: Node, variable: sp.Symbol) -> list[str]:
    """By which letter a family is numbered where its member stands at ``variable``."""
    owner = member.params[3]
    pairs = zip(owner.family.indices, owner.at, strict=True)
    return [letter.name for letter, place in pairs if variable in place.free_symbols]


def shown(node: Node, base: int, but: Collection[str] = ()) -> tuple[str, Node, Any, Any]:
    """Letter, body and limits as they are written: an index into a matrix counts from ``base``."""
    variable, low, high = node.params
    letter, term = letter_for(node, but), node.operands[0]
    shift = base if base and _counts_entries(term, variable) else 0
    body = at_index(term, {variable: index(letter) - shift})
    return letter, body, sp.expand(low + shift), sp.expand(high + shift)


def isum_as_written(body: Any, variable: Any, low: Any, high: Any, base: int = 1) -> Node:
    """The sum that is written with these limits: ``shown`` backwards."""
    term, variable = operand(body), index(str(variable))
    if _counts_entries(term, variable):
        term, low, high = at_index(term, {variable: variable + base}), low - base, high - base
        stays_inside(term, variable, low, high, base)
    return isum(term, variable, low, high)


def stays_inside(term: Node, variable: sp.Symbol, low: Any, high: Any, base: int = 0) -> None:
    """Refuse a sum whose first or last term surely asks for a row or column that is not there."""
    low, high = _limit(low), _limit(high)
    if sp.expand(high - low).is_negative:
        return  # a sum without terms asks for nothing
    for node in postorder(term):
        places = _mentioned(node) if node.op.name in ("entry", "slice", "place") else set()
        # A place that moves with an inner sum too is a matter of both ranges: x[i - j].
        if variable not in places or any(_level_of(s.name) for s in places):
            continue
        for end in (low, high):
            at = tuple(p.xreplace({variable: end}) for p in node.params)
            try:
                node.op.shape_of(node.operands, at)
            except ShapeError as error:
                limits = f"{shapes.show_dim(low + base)} to {shapes.show_dim(high + base)}"
                said = f"a sum over {variable} from {limits} leaves its matrix: {error}"
                raise ShapeError(said) from None


def _counts_entries(root: Node, variable: sp.Symbol) -> bool:
    """Whether an index says which row or column, anywhere in an expression."""
    return any(
        n.op.name in ("entry", "slice", "place") and variable in _mentioned(n)
        for n in postorder(root)
    )


def _limit(v: Any) -> sp.Expr:
    return sp.Integer(v) if isinstance(v, int) else shapes.canonical(v)


def isum(body: Any, variable: Any, low: Any, high: Any) -> Node:
    """Sum of ``body`` for ``variable`` from low to high, both included."""
    term = operand(body)
    low, high = _limit(low), _limit(high)
    if odd := [v for v in (low, high) if v.is_number and not v.is_Integer]:
        raise ShapeError(f"a sum runs from one whole number to another, and {odd[0]} is none")
    variable = index(variable.name if isinstance(variable, sp.Symbol) else str(variable))
    count = sp.expand(high - low + 1)
    if count.is_number and count < 0:
        raise ShapeError(f"a sum over {variable} from {low} to {high} runs backwards")
    if is_zero(term) or count == 0:
        return zero_of(term.shape)
    if not _depends(term, variable):
        return mul(BUILD["read"](count), term)
    if count == 1:
        return at_index(term, {variable: low})
    return _closed(term, variable, low, high)


def _closed(term: Node, variable: sp.Symbol, low: Any, high: Any) -> Node:
    """The sum as the one node it is, whatever its letters were."""
    if term.level:  # sums inside are numbered anew while the variable has a name of its own
        apart = index(f"_t{next(_COUNTER)}?")
        term, variable = at_index(term, {variable: apart}), apart
    free = (_level_of(s.name) for s in term.indices if s != variable)
    own = bound(1 + max(term.level, 0, *free))
    return make(ISUM, (_renamed(term, {variable: own}),), (own, low, high))


_COUNTER = count_from(1)


def _depends(root: Node, variable: sp.Symbol) -> bool:
    """Whether an index stands free in an expression, as a number, in a place or in a size."""
    found = variable in root.indices
    for node in postorder(root, stop=lambda n: n.op is ISUM and n.params[0] == variable):
        own = is_symbol(node) and variable in node.indices  # its shape may change with its place
        if is_symbol(node) and not own and any(variable in d.free_symbols for d in node.shape):
            raise ShapeError(f"the shape of {node} changes with the index {variable} of a sum")
        named = is_symbol(node) and not node.shape and node.params[0] == variable.name
        found = found or named or variable in _mentioned(node)
    return found


def _mentioned(node: Node) -> set[Any]:
    """The symbols in a node's own parameters and in its shape; a sum's own index is not free."""
    params = node.params[1:] if node.op is ISUM else node.params
    own = (p for p in (*params, *node.shape) if isinstance(p, sp.Expr))
    return {s for p in own for s in p.free_symbols}


def _renamed(root: Node, swaps: Mapping[Any, Any]) -> Node:
    """``root`` with free indices renamed, where no binder is in the way."""
    image: dict[Node, Node] = {}
    for node in postorder(root):
        operands = tuple(image[c] for c in node.operands)
        image[node] = _one_at(node, operands, swaps)
    return image[root]


def _one_at(node: Node, operands: tuple[Node, ...], swaps: Mapping[Any, Any]) -> Node:
    if is_symbol(node):
        return _symbol_at(node, swaps)
    if is_number(node):
        return node
    params = tuple(p.xreplace(swaps) if isinstance(p, sp.Expr) else p for p in node.params)
    if params == node.params:
        return rebuilt(node, operands) if node.op is not ISUM else make(ISUM, operands, params)
    return make(ISUM, operands, params) if node.op is ISUM else node.op.build(operands, params)


def at_index(root: Node, replace: Mapping[Any, Any]) -> Node:
    """``root`` with free indices replaced by integer expressions, never capturing one."""
    swaps = {index(k.name): sp.Integer(v) if isinstance(v, int) else v for k, v in replace.items()}
    arriving = {s for v in swaps.values() for s in v.free_symbols}
    image: dict[Node, Node] = {}
    for node in postorder(root, stop=lambda n: n.op is ISUM):
        if node.op is ISUM:
            image[node] = _inside_binder(node, swaps, arriving)
        else:
            image[node] = _one_at(node, tuple(image[c] for c in node.operands), swaps)
    return image[root]


def apart(root: Node, taken: Collection[sp.Symbol]) -> Node:
    """The same expression with bound indices that are none of ``taken``: no capture can follow."""
    shift = max((_level_of(s.name) for s in taken), default=0)
    if not root.level or not shift:
        return root
    image: dict[Node, Node] = {}
    for node in postorder(root):
        operands = tuple(image[c] for c in node.operands)
        if node.op is ISUM:
            variable, low, high = node.params
            other = bound(_level_of(variable.name) + shift)
            term = _renamed(operands[0], {variable: other})
            image[node] = make(ISUM, (term,), (other, low, high))
        else:
            image[node] = rebuilt(node, operands)
    return image[root]


def _symbol_at(node: Node, swaps: Mapping[Any, Any]) -> Node:
    moved = getattr(node.params[3], "moved", None)
    if moved is not None:  # a member of a family
        found: Node = moved(swaps)
        return found
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
BUILD.update(
    isum=isum,
    isum_as_written=isum_as_written,
    stays_inside=stays_inside,
    fresh_index=fresh_index,
    apart=apart,
    merge_indices=merge_indices,
    dimension_of=dimension_of,
    placeholder=lambda name, shape: symbol(name, shape),
    eye_or_one=lambda n: BUILD["eye"](n) if n != 1 else number(1),
)
