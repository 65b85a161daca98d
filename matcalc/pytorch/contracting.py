"""Sums of products over named axes: einsum and its kin, from broadcasting and matrix products."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc.errors import NoRuleError, ShapeError
from matcalc.expr import Node
from matcalc.ops.algebra import had, minus, ones
from matcalc.ops.base import FUNCTIONS as WORDS
from matcalc.ops.entrywise import power
from matcalc.pytorch.entrywise import added, arithmetic, divided, multiplied, subtracted
from matcalc.pytorch.multiplying import linear
from matcalc.pytorch.products import matmul
from matcalc.pytorch.reductions import total
from matcalc.pytorch.shaping import reshaped, unsqueezed
from matcalc.pytorch.table import FUNCTIONS, axis_number, reads
from matcalc.pytorch.tensors import Axis, Tensor, combined
from matcalc.shapes import Dim

__all__ = ["einsum", "linear"]


@reads("einsum")
def einsum(reader: Any, equation: Any, *operands: Any) -> Tensor:
    """Operands are joined from left to right."""
    if not isinstance(equation, str):
        raise NoRuleError("einsum is read with its equation as a text")
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    left, arrow, right = equation.replace(" ", "").partition("->")
    names = left.split(",")
    if len(names) != len(operands):
        raise ShapeError(f"einsum {equation} names {len(names)} operands and gets {len(operands)}")
    if not arrow:
        once = sorted(c for c in {*left} - {*",."} if left.count(c) == 1)
        right = "".join([*["..."][: "." in left], *once])
    names, right = _without_dots(reader, names, right, operands)
    if len({*right}) != len(right):
        raise NoRuleError(f"einsum {equation} repeats a letter in its result")
    line = [_diagonals(reader, reader.tensor(x), w) for x, w in zip(operands, names, strict=True)]
    T, have = line[0]
    for k, (other, word) in enumerate(line[1:], start=2):
        wanted = {*right, *(c for _, w in line[k:] for c in w)}
        T, have = _joined(T, have, other, word, wanted)
    T, have = _summed(T, have, {*right})
    if {*have} != {*right}:
        raise ShapeError(f"einsum {equation} has a letter in its result that no operand has")
    made = replace(T, axes=tuple(T.axes[have.index(c)] for c in right))
    return reader.named("matmul", made)


def _diagonals(reader: Any, x: Tensor, word: str) -> tuple[Tensor, str]:
    """A letter that stands twice in one operand means the diagonal of its two axes."""
    if len(x.axes) != len(word):
        raise ShapeError(f"einsum {word} for a tensor with {len(x.axes)} axes")
    for c in word:
        while word.count(c) > 1:
            first, second = word.index(c), word.rindex(c)
            x = FUNCTIONS["diagonal"](reader, x, 0, first, second)
            word = word[:first] + word[first + 1 : second] + word[second + 1 :] + c
    return x, word


def _without_dots(
    reader: Any, names: list[str], right: str, operands: Any
) -> tuple[list[str], str]:
    """Letters for the axes that three dots stand for, counted from the last on."""
    free = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if not any(c in n for n in (*names, right))]
    longest, found = "", []
    for word, x in zip(names, operands, strict=True):
        count = len(reader.tensor(x).axes) - len(word.replace("...", ""))
        dots = "".join(reversed(free[: max(count, 0)])) if "..." in word else ""
        longest = max(longest, dots, key=len)
        found.append(word.replace("...", dots))
    return found, right.replace("...", longest)


def _summed(T: Tensor, have: str, wanted: set[str]) -> tuple[Tensor, str]:
    gone = [k for k, c in enumerate(have) if c not in wanted]
    return (total(T, gone) if gone else T), "".join(c for c in have if c in wanted)


def _joined(A: Tensor, a: str, B: Tensor, b: str, wanted: set[str]) -> tuple[Tensor, str]:
    """Two operands: letters of both that are not wanted any more are summed over."""
    A, a = _summed(A, a, wanted | {*b})
    B, b = _summed(B, b, wanted | {*a})
    batch = [c for c in a if c in b and c in wanted]
    inner = [c for c in a if c in b and c not in wanted]
    first = [c for c in a if c not in b]
    second = [c for c in b if c not in a]
    if not inner or (batch and not (first and second)):
        letters = "".join([*batch, *first, *second, *inner])
        whole = combined(_spread_out(A, a, letters), _spread_out(B, b, letters), multiplied)
        return _summed(whole, letters, wanted)
    left = _grouped(A, a, batch, first, inner)
    right = _grouped(B, b, batch, inner, second)
    made = matmul(left, right)
    sizes = {c: x.sizes[w.index(c)] for x, w in ((A, a), (B, b)) for c in w}
    letters = "".join([*batch, *first, *second])
    if len(first) == len(second) == 1:
        return made, letters
    return reshaped(made, [*made.sizes[: len(batch)], *(sizes[c] for c in first + second)]), letters


def _spread_out(T: Tensor, have: str, letters: str) -> Tensor:
    """The axes in the order of the letters, an axis of size one where a letter is missing."""
    one = sp.Integer(1)
    axes = (T.axes[have.index(c)] if c in have else Axis(one) for c in letters)
    return replace(T, axes=tuple(axes))


def _grouped(T: Tensor, have: str, batch: list[str], rows: list[str], cols: list[str]) -> Tensor:
    """Batch axes first, then two axes: each group of letters as one."""
    T = replace(T, axes=tuple(T.axes[have.index(c)] for c in [*batch, *rows, *cols]))
    if len(rows) == len(cols) == 1:
        return T
    n, m = len(batch), len(batch) + len(rows)

    def size(dims: tuple[Dim, ...]) -> Dim:
        return sp.Mul(*dims) if dims else sp.Integer(1)

    return reshaped(T, [*T.sizes[:n], size(T.sizes[n:m]), size(T.sizes[m:])])


@reads("tensordot")
def _tensordot(reader: Any, a: Any, b: Any, dims: Any = 2) -> Tensor:
    A, B = reader.tensor(a), reader.tensor(b)
    if isinstance(dims, int):
        dims = list(range(len(A.axes) - dims, len(A.axes))), list(range(dims))
    first = "abcdefghijkl"[: len(A.axes)]
    second = list("mnopqrstuvwx"[: len(B.axes)])
    for i, j in zip(dims[0], dims[1], strict=True):
        second[axis_number(B, j)] = first[axis_number(A, i)]
    kept = [c for c in (*first, *second) if not (c in first and c in second)]
    return einsum(reader, f"{first},{''.join(second)}->{''.join(kept)}", A, B)


@reads("inner", "vdot")
def _inner(reader: Any, a: Any, b: Any) -> Tensor:
    A, B = reader.tensor(a), reader.tensor(b)
    return _tensordot(reader, A, B, ([len(A.axes) - 1], [len(B.axes) - 1]))


@reads("multi_dot", "linalg_multi_dot", "chain_matmul")
def _multi_dot(reader: Any, tensors: Any, *rest: Any) -> Tensor:
    line = list(tensors) if isinstance(tensors, (tuple, list)) else [tensors, *rest]
    out = line[0]
    for one in line[1:]:
        out = FUNCTIONS["matmul"](reader, out, one)
    return reader.tensor(out)


@reads("addmm", "addmv", "baddbmm", "addbmm")
def _addmm(reader: Any, c: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    made = FUNCTIONS["matmul"](reader, a, b)
    if alpha != 1:
        made = combined(made, reader.tensor(alpha), multiplied)
    start = reader.tensor(c)
    if beta != 1:
        start = combined(start, reader.tensor(beta), multiplied)
    return arithmetic("add", added)(reader, start, made)


@reads("cdist")
def _cdist(reader: Any, a: Tensor, b: Tensor, p: float = 2.0, compute_mode: Any = None) -> Tensor:
    """Distances of all rows of one from all rows of the other."""
    off = combined(unsqueezed(reader, a, -2), unsqueezed(reader, b, -3), subtracted)
    if p != 2 or a.parts != b.parts:
        return FUNCTIONS["norm"](reader, off, p, -1)
    squares = reader.named("sum", total(off.each(lambda v: power(v, 2)), -1))
    return reader.named("norm", squares.each(_root))


def _root(s: Node) -> Node:
    """The square root whose slope at 0 is 0: the distance of a row from itself."""
    on = WORDS["step"](s)
    return had(on, WORDS["sqrt"](added(s, minus(ones(*s.shape), on))))


@reads("normalize")
def _normalize(reader: Any, x: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """The floor under the norm is left out: a norm of zero has no direction."""
    reader.say(f"normalize is read for rows whose norm is above its floor {eps}")
    size = FUNCTIONS["norm"](reader, x, p, dim, True)
    return reader.named("normalize", combined(x, size, divided))
