"""Sums over an index: what does not change stands outside, and a sum of outer products is a product."""

from __future__ import annotations

from typing import Any

from matcalc.codegen.distribute import Distributing
from matcalc.codegen.terms import Term, cols, normal, rows
from matcalc.shapes import Shape, same


class Loops(Distributing):
    """The constructor of a sum over an index."""

    def loop(self, body: Term, variable: Any, low: Any, high: Any, shape: Shape) -> Term:
        """The sum of ``body`` for the index from low to high."""
        name = variable.name
        if body.op == "mul":
            out = [a for a in body.args if name not in a.free]
            rest = [a for a in body.args if name in a.free]
            if out and rest and all(not a.shape for a in out):
                inner = self.mul(*rest, shape=body.shape)
                return self.mul(*out, self.loop(inner, variable, low, high, shape))
        if body.op == "prod":
            return self._of_chain(body, variable, low, high, shape)
        whole = self._of_columns(body, variable, low, high)
        if whole is not None:
            return whole
        return self.make("loop", (body,), (variable, low, high), shape)

    def _of_chain(self, body: Term, variable: Any, low: Any, high: Any, shape: Shape) -> Term:
        """Factors at the ends that the index does not change stand outside the sum."""
        inside = [variable.name in f.free for f in body.args]
        if any(inside):
            first = inside.index(True)
            last = len(inside) - inside[::-1].index(True)
            middle = list(body.args[first:last])
            before, after = body.args[:first], body.args[last:]
            summed = self._of_outer(middle, variable, low, high)
            if summed is None and (before or after):
                inner_shape = normal(rows(middle[0]), cols(middle[-1]))
                inner = middle[0] if len(middle) == 1 else self.prod(*middle)
                if inner_shape and inner.shape:
                    summed = self.loop(inner, variable, low, high, inner_shape)
            if summed is not None and summed.shape:
                return self.prod(*before, summed, *after) if before or after else summed
        return self.make("loop", (body,), (variable, low, high), shape)

    def _of_outer(self, factors: list[Term], variable: Any, low: Any, high: Any) -> Term | None:
        """sum_i U[:, i] V[i, :] = U V."""
        if len(factors) != 2:
            return None
        u, v = factors
        ends = (variable, low, high)
        if self._cuts_all(u, 1, *ends) and self._cuts_all(v, 0, *ends):
            return self.prod(u.args[0], v.args[0])
        return None

    def _of_columns(self, body: Term, variable: Any, low: Any, high: Any) -> Term | None:
        """sum_i U[:, i] are the row sums of U."""
        for axis in (1, 0):
            if self._cuts_all(body, axis, variable, low, high):
                return self.axis_sum(body.args[0], axis)
        return None

    def _cuts_all(self, t: Term, axis: int, variable: Any, low: Any, high: Any) -> bool:
        """Whether the index runs over all columns (axis 1), or all rows (axis 0), of a matrix."""
        if t.op != "slice" or not t.shape:
            return False
        start, other = t.params[axis], t.params[1 - axis]
        count, length = t.params[2 + axis], t.params[3 - axis]
        A = t.args[0]
        sizes = rows(A), cols(A)
        return bool(
            start == variable
            and count == 1
            and other == 0
            and same(length, sizes[1 - axis])
            and low == 0
            and same(high + 1, sizes[axis])
            and variable.name not in A.free
        )
