"""Sums, traces, diagonals and single entries, asked of an expression without computing all of it.

A sum of a product is a chain that ends in ones; a trace of a product is a sum of entrywise products;
a diagonal, an entry or a block is pushed down to the operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc.codegen.products import Products
from matcalc.codegen.terms import Term, cols, is_column, is_full, is_one, is_row, normal, rows
from matcalc.ops.table import TABLE
from matcalc.shapes import ONE, plus, same

OURS = frozenset({"logaddexp", "log1mexp", "atanh", "asinh"})  # forms of what the table has
ENTRYWISE = frozenset(TABLE) | OURS | {"add", "mul", "nonzero"}
FEW_FACTORS = (2, 3, 4)  # of a power whose trace is asked
# What is computed in each row (or column) by itself, along the axis it is told.
LINES = frozenset({"softmax", "log_softmax", "logsumexp", "cumsum"})
LAZY = frozenset({"prod", "spread", "diag", "eye", "ones", "kron", "T"})


class Reductions(Products):
    """Constructors of partial results."""

    # -- sums ----------------------------------------------------------------------------------

    def total(self, t: Term) -> Term:
        """The sum of all entries."""
        if not t.shape:
            return t
        r, c = t.shape
        if t.op == "T":
            return self.total(t.args[0])
        if t.op == "spread":
            a = t.args[0]
            times = [self.dimension(d) for d in (r, c) if not is_one(d)]
            if is_column(a):
                times = [] if is_one(c) else [self.dimension(c)]
            elif is_row(a):
                times = [] if is_one(r) else [self.dimension(r)]
            return self.mul(*times, self.total(a))
        if t.op == "ones":
            return self.mul(self.dimension(r), self.dimension(c))
        if t.op == "diag":
            return self.total(t.args[0])
        if t.op == "eye":
            return self.dimension(r)
        if t.op in ("prod", "inv") or (t.op == "mpow" and self._unfolds(t, ())):
            return self._ended(t)
        if t.op == "kron":
            return self.mul(*map(self.total, t.args))
        if t.op == "add":
            return self._total_of_sum(t)
        if t.op == "mul":
            return self._total_of_mul(t)
        if t.op == "pow" and self.value(t.args[1]) == 2:
            return self.dot(t.args[0], t.args[0])
        return self.make("total", (t,), (), ())

    def _ended(self, t: Term) -> Term:
        left = [] if is_one(t.shape[0]) else [self._leaf(self.ones(ONE, t.shape[0]))]
        right = [] if is_one(t.shape[1]) else [self._leaf(self.ones(t.shape[1], ONE))]
        return self.prod(*left, t, *right)

    def _total_of_sum(self, t: Term) -> Term:
        apart = [a for a in t.args if self._cheap_alone(a) or self._is_dot(a) or a.shape != t.shape]
        if not apart:
            return self.make("total", (t,), (), ())
        kept = [a for a in t.args if a not in apart]
        parts = [self.total(self._broadcast(a, t.shape)) for a in apart]
        if kept:
            parts.append(self.total(self.add(*kept, shape=t.shape)))
        return self.add(*parts)

    def _is_dot(self, t: Term) -> bool:
        """Whether the sum of this term is an inner product."""
        if t.op == "pow":
            return self.value(t.args[1]) == 2
        return t.op == "mul" and sum(bool(a.shape) for a in t.args) == 2

    def _cheap_alone(self, t: Term) -> bool:
        """Whether a reduction of this term needs less than the term."""
        if t.op == "mul":
            return any(a.op == "prod" for a in t.args) or not any(is_full(a) for a in t.args)
        return t.op in LAZY and t.op != "T"

    def _total_of_mul(self, t: Term) -> Term:
        scalars = [a for a in t.args if not a.shape]
        if scalars:
            rest = self.mul(*(a for a in t.args if a.shape), shape=t.shape)
            return self.mul(*scalars, self.total(rest))
        if not is_full(t):
            if len(t.args) == 2:
                return self.dot(*t.args)
            return self.dot(t.args[0], self.mul(*t.args[1:]))
        columns = [a for a in t.args if is_column(a)]
        rows_ = [a for a in t.args if is_row(a)]
        full = [a for a in t.args if is_full(a)]
        if not full:
            return self.mul(self.total(self.mul(*columns)), self.total(self.mul(*rows_)))
        inside = full[0] if len(full) == 1 else self.make("mul", tuple(full), (), t.shape)
        if columns or rows_:
            if len(full) > 1:
                inside = self._opaque(inside)
            left = self.T(self.mul(*columns)) if columns else self._leaf(self.ones(ONE, t.shape[0]))
            right = self.T(self.mul(*rows_)) if rows_ else self._leaf(self.ones(t.shape[1], ONE))
            return self.prod(left, inside, right)
        product = next((a for a in full if a.op == "prod"), None)
        if product is not None:
            others = [a for a in full if a is not product]
            rest = others[0] if len(others) == 1 else self._opaque(self.mul(*others))
            return self.trace_of((self.T(rest), *product.args))
        if len(full) == 2:
            return self.dot(*full)
        return self.dot(full[0], self.mul(*full[1:]))

    def dot(self, a: Term, b: Term) -> Term:
        """The sum of the products of corresponding entries."""
        if a is b and a.op == "prod":
            kept = self._without_rotations(a)
            if kept is not a:
                return self.dot(kept, kept)
            thin = self._grams(a)
            if thin is not None:
                return self.dot(*thin)
            a = b = self.make("let", (a,), ("",), a.shape)
        for x, y in ((a, b), (b, a)):
            if x.op == "prod" and y.shape:
                return self.trace_of((self.T(y), *x.args))
        if self.krons(a, b):
            return self.mul(*(self.dot(x, y) for x, y in zip(a.args, b.args, strict=True)))
        if a.op == "T" and b.op == "T":
            a, b = a.args[0], b.args[0]
        if is_row(a) and is_row(b):
            a, b = self.T(a), self.T(b)
        if a.op == "T" or b.op == "T":  # tr(AB) is tr(BA)
            x, y = (t.args[0] if t.op == "T" else t for t in (a, b))
            turned = a if a.op == "T" else b
            if min(x, y, key=lambda t: t.order) is not turned.args[0]:
                a, b = (
                    self.make("T", (t,), (), (cols(t), rows(t))) if t is not turned else t.args[0]
                    for t in (a, b)
                )
        if b.order < a.order:
            a, b = b, a
        return self.make("dot", (a, b), (), ())

    def _without_rotations(self, t: Term) -> Term:
        """A product whose entries have the same sum of squares: orthogonal ends are gone."""
        args = list(t.args)
        for end in (0, -1):
            while len(args) > 1 and self.has(args[end].args[0] if args[end].op == "T" else args[end],
                                             "orthogonal"):  # fmt: skip
                del args[end]
        return t if len(args) == len(t.args) else self.prod(*args)

    def _grams(self, t: Term) -> tuple[Term, Term] | None:
        """U'U and V'V, whose inner product is the square norm of U V' where that is thin."""
        size = self.sizes.of
        k = min(range(len(t.args) - 1), key=lambda k: size(cols(t.args[k])))
        width = size(cols(t.args[k]))
        if width == 1 or 3 * width > min(size(rows(t)), size(cols(t))):
            return None
        U, V = self.prod(*t.args[: k + 1]), self.prod(*t.args[k + 1 :])
        grams = self.prod(self.T(U), U), self.prod(V, self.T(V))
        return (
            self.make("let", (grams[0],), ("",), grams[0].shape),
            self.make("let", (grams[1],), ("",), grams[1].shape),
        )

    def axis_sum(self, t: Term, axis: int) -> Term:
        """Row sums (axis 1) or column sums (axis 0)."""
        r, c = rows(t), cols(t)
        if is_one(c if axis else r):
            return t
        if is_one(r if axis else c):
            return self.total(t)
        shape = (r, ONE) if axis else (ONE, c)
        count = self.dimension(c if axis else r)
        along, across = (is_row, is_column) if axis else (is_column, is_row)
        if t.op == "T":
            return self.T(self.axis_sum(t.args[0], 1 - axis))
        if t.op == "spread":
            a = t.args[0]
            if along(a):
                return self.spread(self.total(a), shape)
            return self.mul(count, a, shape=shape)
        if t.op == "diag":
            return t.args[0] if axis else self.T(t.args[0])
        if t.op == "eye":
            return self.spread(self.number(1), shape)
        if t.op == "kron":
            return self.kron(*(self.axis_sum(a, axis) for a in t.args))
        if t.op in ("prod", "inv") or (t.op == "mpow" and self._unfolds(t, shape)):
            return (
                self.prod(t, self._leaf(self.ones(c, ONE)))
                if axis
                else self.prod(self._leaf(self.ones(ONE, r)), t)
            )
        if t.op == "add":
            apart = [a for a in t.args if self._cheap_alone(a) or not is_full(a)]
            if apart:
                kept = [a for a in t.args if a not in apart]
                parts = [self.axis_sum(self._broadcast(a, t.shape), axis) for a in apart]
                if kept:
                    parts.append(self.axis_sum(self.add(*kept, shape=t.shape), axis))
                return self.add(*parts, shape=shape)
        if t.op == "mul":
            out = [a for a in t.args if not a.shape or across(a)]
            rest = [a for a in t.args if a not in out]
            if out and rest:
                return self.mul(
                    *out,
                    self.axis_sum(self._broadcast(self.mul(*rest), t.shape), axis),
                    shape=shape,
                )
            if out:
                return self.mul(count, *out, shape=shape)
            weights = [a for a in t.args if along(a)]
            full = [a for a in t.args if is_full(a)]
            if weights and full:
                inside = full[0] if len(full) == 1 else self._opaque(self.mul(*full))
                w = self.mul(*weights)
                return self.prod(inside, self.T(w)) if axis else self.prod(self.T(w), inside)
        return self.make("rowsum" if axis else "colsum", (t,), (), shape)

    # -- traces and diagonals ------------------------------------------------------------------

    def trace(self, t: Term) -> Term:
        if not t.shape:
            return t
        if t.op == "T":
            return self.trace(t.args[0])
        if t.op == "prod":
            return self.trace_of(t.args)
        if t.op == "mpow" and t.params[0] in FEW_FACTORS:
            return self.trace_of(t.args * int(t.params[0]))
        if t.op == "kron" and all(same(rows(a), cols(a)) for a in t.args):
            return self.mul(*map(self.trace, t.args))
        if t.op == "add":
            return self.add(*(self.trace(self._broadcast(a, t.shape)) for a in t.args))
        if t.op == "mul":
            scalars, rest = self.scalars_of(t)
            if scalars is not None:
                return self.mul(scalars, self.trace(rest))
        inverse = t.op == "inv" and self._is_triangular(t.args[0])
        if inverse or t.op in ENTRYWISE or t.op in ("diag", "eye", "spread", "ones"):
            return self.total(self.diagonal(t))
        return self.make("trace", (t,), (), ())

    def trace_of(self, factors: Sequence[Term]) -> Term:
        """The trace of a product, which has no first factor: one that narrows is cut there."""
        flat: list[Term] = []
        scalars: list[Term] = []
        whole = self.prod(*factors)
        if not whole.shape:
            return whole
        if whole.op == "mul":
            c, rest = self.scalars_of(whole)
            scalars = [c] if c is not None else []
            whole = rest
        if whole.op != "prod":
            return self.mul(*scalars, self.trace(whole))
        flat = list(whole.args)
        if len(flat) > 1 and getattr(self._pair(flat[-1], flat[0]), "op", "") == "eye":
            middle = self.prod(*flat[1:-1]) if len(flat) > 2 else self.eye(rows(flat[0]))
            return self.mul(*scalars, self.trace(middle))
        thin = next((k for k, f in enumerate(flat) if is_one(rows(f))), None)
        if thin is not None:
            return self.mul(*scalars, self.prod(*flat[thin:], *flat[:thin]))
        for k, f in enumerate(flat):
            if f.op == "diag":
                v = f.args[0]
                rest = self.prod(*flat[k + 1 :], *flat[:k]) if len(flat) > 1 else self.eye(rows(f))
                return self.mul(*scalars, self.total(self.mul(v, self.diagonal(rest))))
        return self.mul(*scalars, self.make("trprod", tuple(flat), (), ()))

    def diagonal(self, t: Term) -> Term:
        """The diagonal of a square matrix as a column."""
        if not t.shape:
            return t
        n = t.shape[0]
        shape = normal(n, ONE)
        if t.op == "T":
            return self.diagonal(t.args[0])
        if t.op == "diag":
            return t.args[0]
        if t.op == "eye":
            return self.ones(n, ONE)
        if t.op == "spread":
            a = t.args[0]
            return self.T(a) if is_row(a) else self._broadcast(a, shape)
        if t.op == "prod":
            if len(t.args) == 2 and is_column(t.args[0]):
                return self.mul(t.args[0], self.T(t.args[1]))
            for at, rest in ((0, t.args[1:]), (-1, t.args[:-1])):
                if t.args[at].op == "diag":
                    return self.mul(t.args[at].args[0], self.diagonal(self.prod(*rest)))
            return self.make("diagprod", t.args, (), shape)
        if t.op == "inv" and self._is_triangular(t.args[0]):
            return self.pow(self.diagonal(t.args[0]), self.number(-1))
        if t.op == "mpow" and t.params[0] in FEW_FACTORS:
            return self.make("diagprod", t.args * int(t.params[0]), (), shape)
        if t.op in ENTRYWISE:
            parts = [self._diagonal_part(a) for a in t.args]
            return self.rebuilt(t, parts, shape)
        if t.op == "kron" and all(same(rows(a), cols(a)) for a in t.args):
            return self.kron(*map(self.diagonal, t.args))
        return self.make("diagonal", (t,), (), shape)

    def _is_triangular(self, t: Term) -> bool:
        return self.has(t, "lower_triangular") or self.has(t, "upper_triangular")

    def _diagonal_part(self, a: Term) -> Term:
        return self.diagonal(a) if is_full(a) else self.T(a) if is_row(a) else a

    def rebuilt(self, t: Term, parts: Sequence[Term], shape: Any) -> Term:
        """The same entrywise operation on other operands."""
        if t.op == "add":
            return self.add(*parts, shape=shape)
        if t.op == "mul":
            return self.mul(*parts, shape=shape)
        if t.op == "pow":
            return self.pow(parts[0], parts[1], shape=shape)
        return self.fn(t.op, *parts, shape=shape)

    # -- entries and blocks --------------------------------------------------------------------

    def block(self, t: Term, top: Any, left: Any, height: Any, width: Any) -> Term:
        """Rows top, ... and columns left, ... of a matrix."""
        if not t.shape:
            return t
        shape = normal(height, width)
        if top == 0 and left == 0 and same(height, rows(t)) and same(width, cols(t)):
            return t
        at = (top, left, height, width)
        if t.op == "T":
            return self.T(self.block(t.args[0], left, top, width, height))
        if t.op == "spread":
            return self._broadcast(self._block_part(t.args[0], *at), shape)
        if t.op == "kron":
            return self.kron_block(t, *at)
        if t.op == "ones":
            return self.ones(height, width)
        if t.op == "prod" or (t.op == "mpow" and self._unfolds(t, shape)):
            chain = t.args if t.op == "prod" else t.args * int(t.params[0])
            return self._block_of_chain(chain, *at)
        if t.op in ENTRYWISE:
            return self.rebuilt(t, [self._block_part(a, *at) for a in t.args], shape)
        if t.op == "slice":
            x, y = t.params[0] + top, t.params[1] + left
            return self.make("slice", t.args, (x, y, height, width), shape)
        if t.op == "inv":
            found = self._block_of_inverse(t, *at)
            if found is not None:
                return found
        if t.op in LINES:
            found = self._block_of_lines(t, *at)
            if found is not None:
                return found
        if t.op in ("tril", "triu") and not shape and sp.expand(top - left).is_number:
            kept = top >= left if t.op == "tril" else top <= left
            return self.block(t.args[0], *at) if kept else self.number(0)
        if t.op in ("vstack", "hstack"):
            found = self._block_of_stack(t, *at)
            if found is not None:
                return found
        return self.make("slice", (t,), at, shape)

    def _block_of_inverse(
        self, t: Term, top: Any, left: Any, height: Any, width: Any
    ) -> Term | None:
        """Some rows or columns of an inverse by a solve for as many columns of the identity."""
        zero, n, size = sp.Integer(0), rows(t), self.sizes.of
        if 2 * min(size(height), size(width)) > size(n):
            return None
        if size(height) < size(width):
            some = self.prod(self.place(self.eye(height), zero, top, height, n), t)
            top = zero
        else:
            some = self.prod(t, self.place(self.eye(width), left, zero, n, width))
            left = zero
        shape = normal(height, width)
        if some.shape == shape:
            return some
        return self.make("slice", (some,), (top, left, height, width), shape)

    def _block_of_lines(self, t: Term, top: Any, left: Any, height: Any, width: Any) -> Term | None:
        """Some rows of a softmax along rows are a softmax of some rows."""
        zero, (r, c) = sp.Integer(0), t.args[0].shape or (ONE, ONE)
        some = same(height, rows(t)) if t.params[0] else same(width, cols(t))
        if some:
            return None
        at = (top, zero, height, c) if t.params[0] else (zero, left, r, width)
        inside = tuple(self.block(a, *at) for a in t.args)
        if any(not a.shape for a in inside):
            return None
        shape = (height, cols(t)) if t.params[0] else (rows(t), width)
        made = self.make(t.op, inside, t.params, normal(*shape))
        return self.block(made, *((zero, left) if t.params[0] else (top, zero)), height, width)

    def _block_part(self, a: Term, top: Any, left: Any, height: Any, width: Any) -> Term:
        if not a.shape:
            return a
        if is_column(a):
            return self.block(a, top, sp.Integer(0), height, ONE)
        if is_row(a):
            return self.block(a, sp.Integer(0), left, ONE, width)
        return self.block(a, top, left, height, width)

    def _block_of_chain(
        self, chain: Sequence[Term], top: Any, left: Any, height: Any, width: Any
    ) -> Term:
        first, *middle, last = chain
        zero = sp.Integer(0)
        if is_full(first) or is_column(first):
            inside = cols(first)
            first = self.block(first, top, zero, height, inside)
        if is_full(last) or is_row(last):
            last = self.block(last, zero, left, rows(last), width)
        parts = [first, *middle, last]
        if all(p.shape for p in parts):
            return self.prod(*parts)
        scalars = [p for p in parts if not p.shape]
        return self.mul(
            *scalars,
            self.prod(*matrices) if (matrices := [p for p in parts if p.shape]) else self.number(1),
        )

    def _block_of_stack(self, t: Term, top: Any, left: Any, height: Any, width: Any) -> Term | None:
        """The part of a stack that lies in one block, where the sizes tell."""
        axis = 0 if t.op == "vstack" else 1
        start, count = (left, width) if axis else (top, height)
        at: Any = sp.Integer(0)
        for a in t.args:
            size = a.shape[axis] if a.shape else ONE
            inside = sp.expand(start - at)
            room = sp.expand(at + size - start - count)
            if inside.is_nonnegative and room.is_nonnegative:
                return (
                    self.block(a, top, inside, height, width)
                    if axis
                    else self.block(a, inside, left, height, width)
                )
            at = plus(at, size)
        return None

    def place(self, t: Term, top: Any, left: Any, n: Any, m: Any) -> Term:
        return self.make("place", (t,), (top, left, n, m), (n, m))

    def stack(self, op: str, blocks: Sequence[Term]) -> Term:
        axis = 0 if op == "vstack" else 1
        along = plus(*((cols if axis else rows)(b) for b in blocks))
        across = (rows if axis else cols)(blocks[0])
        shape = normal(across, along) if axis else normal(along, across)
        if all(self.is_zero(b) for b in blocks):
            return self.zeros(shape)
        return blocks[0] if len(blocks) == 1 else self.make(op, tuple(blocks), (), shape)
