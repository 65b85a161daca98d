"""Sums over an index that are matrix products in disguise.

What stands under the sum is read as entry k of a vector, or as column k of a matrix; the sum over
all k is then a product with ones, with a vector, or of two matrices.
"""

from __future__ import annotations

from typing import Any

from matcalc import shapes
from matcalc.expr import BUILD, Node, as_number, is_number, read
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE, add, had, mul, ones, t
from matcalc.ops.blocks import PLACE, SLICE, part, place
from matcalc.ops.entries import ENTRY, entry
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.rewrite.law import law, shorter, split

Index = Any


@law("isum")
def sum_as_product(node: Node) -> Node | None:
    r"""$\sum_k A_{ik}B_{kj} = (AB)_{ij}$, $\sum_k x_k y_k = x^\top y$, $\sum_k A_{:k}B_{k:} = AB$,
    $\sum_k c_k A_{:k} = A\,c$. Shrinks: no index is left."""
    k, low, high = node.params
    n = high + 1
    if low != 0 or k in n.free_symbols:
        return None
    found = _summed(node.operands[0], k, n)
    return None if found is None else shorter(node, found)


def _summed(term: Node, k: Index, n: Any) -> Node | None:
    """The sum of a term over k = 0, ..., n - 1, if it has a form without k."""
    if k not in term.indices:
        return None
    if term.op is SUM_OP:
        parts = [_summed(a, k, n) if k in a.indices else mul(read(n), a) for a in term.operands]
        return add(*[p for p in parts if p is not None]) if None not in parts else None
    if not term.shape:
        return _contracted(term, k, n)
    scalars, ms = split(term)
    if len(ms) == 1 and ms[0].op is PLACE:
        return _placed(scalars, ms[0], k, n)
    if len(ms) > 1:
        cut = [i for i in range(1, len(ms)) if ms[i - 1].shape[1] == 1]
        for i in cut:
            left = columns(mul(*scalars, *ms[:i]), k, n)
            right = columns(t(mul(*ms[i:])), k, n)
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
    factors = list(term.operands) if term.op is PRODUCT else [term]
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


def is_square(v: Node) -> bool:
    """Whether it is the square of something, entry by entry."""
    return v.op.name == "pow" and is_number(v.operands[1]) and as_number(v.operands[1]) == 2


def _placed(scalars: list[Node], block: Node, k: Index, n: Any) -> Node | None:
    """The sum of blocks put at row k, at column k, or along the diagonal."""
    inner, (top, left, rows, cols) = block.operands[0], block.params
    content = mul(*scalars, inner)
    h, w = inner.shape or (1, 1)
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
    if node.op is PRODUCT and not any(a.shape for a in node.operands):
        inner = [vector(a, k, n) for a in node.operands if k in a.indices]
        if None in inner:
            return None
        outer = [a for a in node.operands if k not in a.indices]
        return mul(*outer, _entrywise([v for v in inner if v is not None]))
    return None


def columns(node: Node, k: Index, n: Any) -> Node | None:
    """The h x n matrix whose column k is this column."""
    if k not in node.indices:
        return mul(node, ones(1, n))
    if node.op is SLICE:
        A, (top, left, h, _) = node.operands[0], node.params
        whole = left == k and shapes.same(A.shape[1], n) and k not in top.free_symbols
        return part(A, top, 0, h, n) if whole else None
    if node.op is TRANSPOSE and node.operands[0].op is SLICE:
        A, (top, left, _, w) = node.operands[0].operands[0], node.operands[0].params
        whole = top == k and shapes.same(A.shape[0], n) and k not in left.free_symbols
        return t(part(A, 0, left, n, w)) if whole else None
    if node.op in (SUM_OP, HADAMARD) or node.op.name in ENTRYWISE:
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
        weights = [vector(s, k, n) for s in scalars if k in s.indices]
        if None in weights:
            return None
        outer = [s for s in scalars if k not in s.indices]
        diagonal = (
            [BUILD["diag"](_entrywise([w for w in weights if w is not None]))] if weights else []
        )
        return mul(*outer, *ms[:-1], last, *diagonal)
    return None
