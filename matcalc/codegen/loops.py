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
        if self._is_column(u, variable, low, high) and self._is_row(v, variable, low, high):
            return self.prod(u.args[0], v.args[0])
        return None

    def _of_columns(self, body: Term, variable: Any, low: Any, high: Any) -> Term | None:
        """sum_i U[:, i] are the row sums of U."""
        if self._is_column(body, variable, low, high):
            return self.axis_sum(body.args[0], 1)
        if self._is_row(body, variable, low, high):
            return self.axis_sum(body.args[0], 0)
        return None

    def _is_column(self, t: Term, variable: Any, low: Any, high: Any) -> bool:
        if t.op != "slice" or not t.shape:
            return False
        top, left, height, width = t.params
        A = t.args[0]
        return bool(
            left == variable
            and width == 1
            and top == 0
            and same(height, rows(A))
            and low == 0
            and same(high + 1, cols(A))
            and variable.name not in A.free
        )

    def _is_row(self, t: Term, variable: Any, low: Any, high: Any) -> bool:
        if t.op != "slice" or not t.shape:
            return False
        top, left, height, width = t.params
        A = t.args[0]
        return bool(
            top == variable
            and height == 1
            and left == 0
            and same(width, cols(A))
            and low == 0
            and same(high + 1, rows(A))
            and variable.name not in A.free
        )
