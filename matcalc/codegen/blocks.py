"""Matrices of blocks: products, sums and traces block by block, inverses of block triangles.

A stack is taken apart where a block is zero or has structure of its own, or where the other factor
is a vector: then no stack is formed. Stacks of plain matrices beside wide ones stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import sympy as sp

from matcalc.codegen.products import STACKS
from matcalc.codegen.reductions import Reductions
from matcalc.codegen.terms import Term, cols, core, is_one, normal, rows
from matcalc.shapes import ONE, plus, same

Grid = list[list[Term]]
LAZY = frozenset({"eye", "diag", "spread", "inv", "kron", "prod", "ones"})
PLAIN = frozenset({"in", "let", "T", "ones"})
MOST = 4  # blocks on a diagonal whose inverse is written out


class Blocks(Reductions):
    """Constructors for stacks."""

    def gathered(self, terms: Sequence[Term]) -> list[Term]:
        raise NotImplementedError

    def grid(self, t: Term) -> Grid | None:
        """The blocks of a stack, row by row, where their borders meet."""
        if core(t).op == "hstack":
            columns = [self._parts(x, "vstack") for x in core(t).args]
            if len({len(c) for c in columns}) > 1:
                return None
            lines = [list(line) for line in zip(*columns, strict=True)]
        elif core(t).op == "vstack":
            lines = [self._parts(x, "hstack") for x in core(t).args]
            if len({len(line) for line in lines}) > 1:
                return None
        else:
            return None
        straight = all(
            same(rows(b), rows(line[0])) and same(cols(b), cols(top))
            for line in lines
            for b, top in zip(line, lines[0], strict=True)
        )
        return lines if straight else None

    def _parts(self, t: Term, op: str) -> list[Term]:
        """What a line of a grid is put together of."""
        a = core(t)
        if a.op == op:
            return list(a.args)
        turned = a.op == "T" and core(a.args[0]).op in STACKS - {op}
        return list(map(self.T, core(a.args[0]).args)) if turned else [t]

    def from_grid(self, grid: Grid) -> Term:
        return self.stack("vstack", [self.stack("hstack", line) for line in grid])

    def _has_structure_inside(self, t: Term) -> bool:
        if t.op in STACKS:
            return any(map(self._has_structure_inside, t.args))
        if t.op == "mul":
            return any(a.op in LAZY for a in t.args)
        return t.op in LAZY

    # -- products ------------------------------------------------------------------------------

    def _pair(self, a: Term, b: Term) -> Term | None:
        found = self._of_blocks(a, b)
        return super()._pair(a, b) if found is None else found

    def _of_blocks(self, a: Term, b: Term) -> Term | None:
        if not {a.op, b.op} & STACKS:
            return None
        A, B = self.grid(a), self.grid(b)
        inside = any(t.op in STACKS and self._has_structure_inside(t) for t in (a, b))
        if A and B and self._meet(A, B) and (inside or len(A) == len(B[0]) == 1):
            columns = list(zip(*B, strict=True))
            return self.from_grid([[self._summed_up(line, c) for c in columns] for line in A])
        if A and (inside or is_one(cols(b))):
            parts = self._split(b, [cols(x) for x in A[0]], 0)
            return self.stack("vstack", [self._summed_up(line, parts) for line in A])
        if B and (inside or is_one(rows(a))):
            parts = self._split(a, [rows(line[0]) for line in B], 1)
            columns = list(zip(*B, strict=True))
            return self.stack("hstack", [self._summed_up(parts, column) for column in columns])
        return None

    def _meet(self, A: Grid, B: Grid) -> bool:
        return len(A[0]) == len(B) and all(
            same(cols(x), rows(line[0])) for x, line in zip(A[0], B, strict=True)
        )

    def _split(self, t: Term, sizes: Sequence[Any], axis: int) -> list[Term]:
        """The rows (axis 0) or columns of a factor, so many at a time."""
        if t.op not in PLAIN and t.op not in STACKS:
            t = self.make("let", (t,), ("",), t.shape)
        zero, starts = sp.Integer(0), [sp.Integer(0), *accumulate(sizes, plus)]
        pairs = list(zip(starts, sizes, strict=False))
        if axis:
            return [self.block(t, zero, at, rows(t), size) for at, size in pairs]
        return [self.block(t, at, zero, size, cols(t)) for at, size in pairs]

    def _summed_up(self, line: Sequence[Term], column: Sequence[Term]) -> Term:
        shape = normal(rows(line[0]), cols(column[0]))
        parts = [self._times_block(x, y) for x, y in zip(line, column, strict=True)]
        kept = [p for p in parts if not self.is_zero(p)]
        return self.add(*self.gathered(kept), shape=shape) if kept else self.zeros(shape)

    def _times_block(self, a: Term, b: Term) -> Term:
        return self.mul(a, b) if not a.shape or not b.shape else self.prod(a, b)

    # -- sums and traces -----------------------------------------------------------------------

    def total(self, t: Term) -> Term:
        if t.op in STACKS:
            return self.add(*map(self.total, t.args))
        return super().total(t)

    def axis_sum(self, t: Term, axis: int) -> Term:
        if t.op in STACKS:
            parts = [self.axis_sum(a, axis) for a in t.args]
            if (t.op == "vstack") == (axis == 1):
                return self.stack(t.op, parts)
            return self.add(*parts, shape=normal(rows(t), ONE) if axis else normal(ONE, cols(t)))
        return super().axis_sum(t, axis)

    def trace(self, t: Term) -> Term:
        blocks = self._square_blocks(t)
        if blocks is not None:
            return self.add(*(self.trace(blocks[k][k]) for k in range(len(blocks))))
        return super().trace(t)

    def diagonal(self, t: Term) -> Term:
        blocks = self._square_blocks(t)
        if blocks is not None:
            return self.stack("vstack", [self.diagonal(blocks[k][k]) for k in range(len(blocks))])
        return super().diagonal(t)

    # -- block triangles -----------------------------------------------------------------------

    def _square_blocks(self, t: Term) -> Grid | None:
        """A grid with square blocks on its diagonal."""
        found = self.grid(t) if t.op in STACKS else None
        if found is None or len(found) != len(found[0]):
            return None
        on_diagonal = [found[k][k] for k in range(len(found))]
        return found if all(same(rows(b), cols(b)) for b in on_diagonal) else None

    def _triangle(self, t: Term) -> tuple[Grid, list[int]] | None:
        """A block triangle, and the order in which its blocks can be solved for."""
        found = self._square_blocks(t)
        if found is None:
            return None
        n = range(len(found))
        if all(self.is_zero(found[i][j]) for i in n for j in n if j > i):
            return found, list(n)
        if all(self.is_zero(found[i][j]) for i in n for j in n if j < i):
            return found, list(reversed(n))
        return None

    def diagonal_blocks(self, a: Term) -> list[Term] | None:
        """The blocks whose determinants make that of a block triangle."""
        found = self._triangle(a)
        return None if found is None else [found[0][k][k] for k in range(len(found[0]))]

    def inv(self, A: Term) -> Term:
        found = self._triangle(core(A))
        if found is None or len(found[1]) > MOST:
            return super().inv(A)
        blocks, order = found
        out = [[self.zeros(normal(rows(line[0]), cols(b))) for b in blocks[0]] for line in blocks]
        for k, j in enumerate(order):
            out[j][j] = self.inv(blocks[j][j])
            for m, i in enumerate(order[k + 1 :], k + 1):
                before = order[k:m]
                reached = self._summed_up(
                    [blocks[i][b] for b in before], [out[b][j] for b in before]
                )
                if not self.is_zero(reached):
                    out[i][j] = self.neg(self._times_block(self.inv(blocks[i][i]), reached))
        return self.from_grid(out)
