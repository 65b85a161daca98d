"""Sums over an index that are matrix products in disguise.

What stands under the sum is read as entry k of a vector, or as column k of a matrix; the sum over
all k is then a product with ones, with a vector, or of two matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from matcalc import shapes
from matcalc.expr import BUILD, Node, as_number, is_number, read
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, add, had, mul, ones, t
from matcalc.ops.binder import ISUM
from matcalc.ops.blocks import PLACE, SLICE, part, place
from matcalc.ops.entries import ENTRY, ITEM, entry
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.ops.reduce import SUM_ALL, colsum
from matcalc.rewrite.cost import cost
from matcalc.rewrite.law import law, shorter, split

Index = Any
MOST_TERMS = 16
ONE = ((), (1, 1))


@law("isum")
def sum_as_product(node: Node) -> Node | None:
    r"""$\sum_k A_{ik}B_{kj} = (AB)_{ij}$, $\sum_k x_k y_k = x^\top y$, $\sum_k A_{:k}B_{k:} = AB$,
    $\sum_k c_k A_{:k} = A\,c$. Shrinks: no index is left."""
    forms = (shorter(node, found) for found in _without_index(node))
    return min((f for f in forms if f is not None), key=cost, default=None)


def _without_index(node: Node) -> Iterator[Node]:
    """What a sum from 0 comes to, as it stands and multiplied out."""
    k, low, high = node.params
    if low != 0 or k in high.free_symbols:
        return
    term = node.operands[0]
    for form in (term, _multiplied_out(term, k)):
        found = _summed(form, k, high + 1) if form is not None else None
        if found is not None:
            yield found


def _multiplied_out(term: Node, k: Index) -> Node | None:
    """A product, or a square, of sums that depend on k, as one sum."""
    factors: tuple[Node, ...] = term.operands if term.op is PRODUCT else (term,)
    factors = tuple(
        f for a in factors for f in (a.operands[:1] * 2 if not a.shape and is_square(a) else (a,))
    )
    sums = [f for f in factors if f.op is SUM_OP and k in f.indices]
    if len(factors) < 2 or not sums or prod(len(f.operands) for f in sums) > MOST_TERMS:
        return None
    choices = [f.operands if f in sums else (f,) for f in factors]
    return add(*(mul(*picked) for picked in product(*choices)))


def _summed(term: Node, k: Index, n: Any) -> Node | None:
    """The sum of a term over k = 0, ..., n - 1, if it has a form without k."""
    if k not in term.indices:
        return None
    if term.op is ISUM:
        forms = (_summed(inner, k, n) for inner in _without_index(term))
        return next((f for f in forms if f is not None), None)
    if term.op is SUM_OP:
        parts = [_summed(a, k, n) if k in a.indices else mul(read(n), a) for a in term.operands]
        return add(*[p for p in parts if p is not None]) if None not in parts else None
    if not term.shape:
        return _contracted(term, k, n)
    scalars, ms = split(term)
    if not any(k in m.indices for m in ms):
        weight = _contracted(mul(*scalars), k, n)
        return None if weight is None else mul(weight, *ms)
    if len(ms) == 1 and ms[0].op is PLACE:
        return _placed(scalars, ms[0], k, n)
    if len(ms) > 1:
        cut = [i for i in range(1, len(ms)) if ms[i - 1].shape[1] == 1]
        for i in cut:
            left, rest = columns(mul(*scalars, *ms[:i]), k, n), mul(*ms[i:])
            if left is not None and rest.shape in ONE:
                weights = vector(rest, k, n)
                return None if weights is None else mul(left, weights)
            right = columns(t(rest), k, n)
            if left is not None and right is not None:
                return mul(left, t(right))
    if term.shape[1] == 1:
        found = columns(term, k, n)
        return None if found is None else mul(found, ones(n, 1))
    if term.shape[0] == 1:
        found = columns(t(term), k, n)
        return None if found is None else t(mul(found, ones(n, 1)))
    return None


def _contracted(term: Node, k: Index, n: Any) -> Node | None:
    """A sum of numbers: of entries of two matrices where it is a product, else of a vector."""
    factors = _numbers(term)
    inner = [f for f in factors if k in f.indices]
    outer = [f for f in factors if k not in f.indices]
    if len(inner) == 2 and all(f.op is ENTRY and f.params.count(k) == 1 for f in inner):
        left, right = inner
        A = left.operands[0] if left.params[1] == k else t(left.operands[0])
        B = right.operands[0] if right.params[0] == k else t(right.operands[0])
        if shapes.same(A.shape[1], n) and shapes.same(B.shape[0], n):
            [i] = [p for p in left.params if p != k]
            [j] = [p for p in right.params if p != k]
            if k not in getattr(i + j, "free_symbols", ()):
                return mul(*outer, entry(mul(A, B), i, j))
    if len(inner) == 1 and (pair := _inner_product(inner[0], k, n)) is not None:
        return mul(*outer, BUILD["sum"](_entrywise(list(pair))))
    vectors = [vector(f, k, n) for f in inner]
    if None in vectors:
        return None
    found = [v for v in vectors if v is not None]
    if len(found) == 1 and is_square(found[0]):
        found *= 2
        found = [v.operands[0] for v in found]
    if len(found) == 2:
        return mul(*outer, BUILD["item"](mul(t(found[0]), found[1])))
    return mul(*outer, BUILD["sum"](_entrywise(found)))


def _numbers(term: Node) -> list[Node]:
    """The factors of a number, each of them a number."""
    scalars, ms = split(term)
    return [*scalars, mul(*ms)] if ms else list(scalars)


def _inner_product(node: Node, k: Index, n: Any) -> tuple[Node, Node] | None:
    """The two matrices whose columns k this number is the inner product of."""
    inside = node.operands[0] if node.op is ITEM else node
    if inside.op is not PRODUCT or not inside.operands[0].shape or inside.shape not in ONE:
        return None
    first, *rest = inside.operands
    left, right = columns(t(first), k, n), columns(mul(*rest), k, n)
    return None if left is None or right is None else (left, right)


def is_square(v: Node) -> bool:
    """Whether it is the square of something, entry by entry."""
    return v.op.name == "pow" and is_number(v.operands[1]) and as_number(v.operands[1]) == 2


def _placed(scalars: list[Node], block: Node, k: Index, n: Any) -> Node | None:
    """The sum of blocks put at row k, at column k, or along the diagonal."""
    inner, (top, left, rows, cols) = block.operands[0], block.params
    content = mul(*scalars, inner)
    h, w = inner.shape or (1, 1)
    if k not in top.free_symbols | left.free_symbols:
        summed = _summed(content, k, n)
        return None if summed is None else place(summed, top, left, rows, cols)
    if top == k and left == k and h == w == 1:
        if not (shapes.same(rows, n) and shapes.same(cols, n)):
            return None
        found = vector(_number(content), k, n)
        return None if found is None else BUILD["diag"](found)
    if left == k and w == 1 and shapes.same(cols, n) and k not in top.free_symbols:
        across = columns(content, k, n) if h != 1 else _row(vector(_number(content), k, n))
        return None if across is None else place(across, top, 0, rows, cols)
    if top == k and h == 1 and shapes.same(rows, n) and k not in left.free_symbols:
        down = _row(columns(t(content), k, n)) if w != 1 else vector(_number(content), k, n)
        return None if down is None else place(down, 0, left, rows, cols)
    return None


def _row(node: Node | None) -> Node | None:
    return None if node is None else t(node)


def _number(node: Node) -> Node:
    return BUILD["item"](node) if node.shape else node


def _entrywise(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else had(*parts)


def vector(node: Node, k: Index, n: Any) -> Node | None:
    """The n x 1 vector whose entry k is this number."""
    if k not in node.indices:
        return mul(node, ones(n, 1))
    if node.op is ISUM:
        forms = (vector(form, k, n) for form in _without_index(node))
        return next((f for f in forms if f is not None), None)
    if node.op is SUM_ALL:
        inside = node.operands[0]
        across = columns(t(inside) if inside.shape[0] == 1 else inside, k, n)
        return None if across is None else t(colsum(across))
    if (pair := _inner_product(node, k, n)) is not None:
        return t(colsum(_entrywise(list(pair))))
    if node.op is ENTRY:
        A, (i, j) = node.operands[0], node.params
        if i == k and j == k:
            square = shapes.same(A.shape[0], n) and shapes.same(A.shape[1], n)
            return BUILD["diagonal"](A) if square else None
        if i == k and shapes.same(A.shape[0], n) and k not in j.free_symbols:
            return part(A, 0, j, n, 1)
        if j == k and shapes.same(A.shape[1], n) and k not in i.free_symbols:
            return t(part(A, i, 0, 1, n))
        return None
    if node.op is SUM_OP or node.op.name in ENTRYWISE:
        parts = [vector(a, k, n) if k in a.indices else a for a in node.operands]
        if None in parts:
            return None
        if node.op is SUM_OP:
            return add(*(p if p.shape else mul(p, ones(n, 1)) for p in parts if p is not None))
        return node.op.build(tuple(p for p in parts if p is not None), node.params)
    factors = _numbers(node) if node.op is PRODUCT and not node.shape else []
    if len(factors) > 1:
        inner = [vector(a, k, n) for a in factors if k in a.indices]
        if not inner or None in inner:
            return None
        outer = [a for a in factors if k not in a.indices]
        return mul(*outer, _entrywise([v for v in inner if v is not None]))
    return None


def _is_entrywise(node: Node) -> bool:
    return node.op in (SUM_OP, HADAMARD) or node.op.name in ENTRYWISE


def columns(node: Node, k: Index, n: Any) -> Node | None:
    """The h x n matrix whose column k is this column; nothing for what is no column."""
    if not node.shape or node.shape[1] != 1:
        return None
    if k not in node.indices:
        return mul(node, ones(1, n))
    if node.op is SLICE:
        A, (top, left, h, _) = node.operands[0], node.params
        whole = left == k and shapes.same(A.shape[1], n) and k not in top.free_symbols
        return part(A, top, 0, h, n) if whole else None
    if node.op is PLACE and not node.operands[0].shape:
        (number,), (top, left, rows, _) = node.operands, node.params
        weights = vector(number, k, n) if top == k and shapes.same(rows, n) else None
        return None if weights is None or left != 0 else BUILD["diag"](weights)
    if node.op is TRANSPOSE and node.operands[0].op is SLICE:
        A, (top, left, _, w) = node.operands[0].operands[0], node.operands[0].params
        whole = top == k and shapes.same(A.shape[0], n) and k not in left.free_symbols
        return t(part(A, 0, left, n, w)) if whole else None
    if node.op is TRANSPOSE and _is_entrywise(node.operands[0]):
        inside = node.operands[0]
        upright = (t(a) if a.shape else a for a in inside.operands)
        return columns(inside.op.build(tuple(upright), inside.params), k, n)
    if _is_entrywise(node):
        parts = [columns(a, k, n) if a.shape else a for a in node.operands]
        numbers = any(not a.shape and k in a.indices for a in node.operands)
        if None in parts or numbers:
            return None
        return node.op.build(tuple(p for p in parts if p is not None), node.params)
    if node.op is PRODUCT:
        scalars, ms = split(node)
        last = columns(ms[-1], k, n) if ms[-1].shape[1] == 1 else None
        if last is None or any(k in m.indices for m in ms[:-1]):
            return None
        lengths = [vector(s, k, n) for s in scalars if k in s.indices]
        if None in lengths:
            return None
        outer = [s for s in scalars if k not in s.indices]
        diagonal = (
            [BUILD["diag"](_entrywise([w for w in lengths if w is not None]))] if lengths else []
        )
        return mul(*outer, *ms[:-1], last, *diagonal)
    return None
