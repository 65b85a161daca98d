"""The class axis first: where a softmax runs along short rows, its product is computed transposed.

Maxima and sums along a long contiguous line cost a third of those along many short ones. So
``softmax(X W)`` of few classes becomes ``softmax((W' X')', axis 1)`` with the transposes pushed
outwards, through the entrywise operations that follow, up to a product that takes them for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from matcalc.codegen.terms import Graph, Term, cols, is_full, normal, rows
from matcalc.shapes import ONE, Shape

FAMILY = frozenset({"softmax", "log_softmax", "logsumexp"})
FEW, MANY = 64, 4  # columns at most; times as many rows at least


class Relaid:
    """Rewrites computed terms; one object for a whole program."""

    def __init__(
        self, graph: Graph, T: Callable[[Term], Term], order: Callable[[Sequence[Term]], list[Term]]
    ) -> None:
        self.g, self.turn, self.order = graph, T, order
        self.chosen: set[Term] = set()
        self.image: dict[Term, Term] = {}
        self.flipped: set[Term] = set()
        self.shared: set[tuple[Term, int]] = set()

    def choose(self, roots: Iterable[Term]) -> None:
        """The products that a softmax along short rows is taken of."""
        size = self.g.sizes.of
        met: dict[tuple[Term, int], set[str]] = {}
        for t in self.order(list(roots)):
            if t.op in FAMILY and t.params[0] == 1 and len(t.args) == 1:
                z = t.args[0]
                few = size(cols(z)) <= FEW and size(rows(z)) >= MANY * size(cols(z))
                if z.op == "mm" and few:
                    self.chosen.add(z)
            if t.op in FAMILY and len(t.args) == 1:
                met.setdefault((t.args[0], t.params[0]), set()).add(t.op)
        self.shared = {key for key, ops in met.items() if len(ops) > 1}

    def of(self, root: Term) -> Term:
        if not self.chosen and not self.shared:
            return root
        for t in self.order([root]):
            if t not in self.image:
                self.image[t] = self._one(t, tuple(self.image[a] for a in t.args))
        return self.image[root]

    def _one(self, t: Term, A: tuple[Term, ...]) -> Term:
        if t in self.chosen:
            a, b = A
            shape = (t.shape[1], t.shape[0])
            return self._flip(self.g.make("mm", (self.turn(b), self.turn(a)), (), shape))
        if t.op in FAMILY and len(A) == 1:
            make = self._apart if (t.args[0], t.params[0]) in self.shared else self._whole
            if A[0] in self.flipped:
                shape = (t.shape[1], t.shape[0])
                return self._flip(make(t.op, A[0].args[0], 1 - t.params[0], shape))
            return make(t.op, A[0], t.params[0], t.shape)
        if t.op in ("add", "mul") and is_full(t) and any(a in self.flipped for a in A):
            shape = (t.shape[1], t.shape[0])
            inside = self.g.make(t.op, tuple(map(self.turn, A)), (), shape)
            return self._flip(inside)
        if t.op == "T" and A[0].op == "T":
            return A[0].args[0]
        return t if t.args == A else self.g.make(t.op, A, t.params, t.shape)

    def _whole(self, op: str, z: Term, axis: int, shape: Shape) -> Term:
        return self.g.make(op, (z,), (axis,), shape)

    def _apart(self, op: str, z: Term, axis: int, shape: Shape) -> Term:
        """A member of the family from the exponentials and their sums that the others need too."""
        g = self.g
        g.said["the largest entry taken off before e^z, which would overflow"] = None
        side = normal(z.shape[0], ONE) if axis else normal(ONE, z.shape[1])
        top = g.make("largest", (z,), (axis,), side)
        moved = g.make("add", (z, g.make("mul", (g.number(-1), top), (), side)), (), z.shape)
        e = g.make("exp", (moved,), (), z.shape)
        summed = ("rowsum" if axis else "colsum") if side else "total"
        total = g.make(summed, (e,), (), side)
        if op == "softmax":
            below = g.make("pow", (total, g.number(-1)), (), side)
            return g.make("mul", (e, below), (), z.shape)
        log = g.make("log", (total,), (), side)
        if op == "logsumexp":
            return g.make("add", (top, log), (), side)
        return g.make("add", (moved, g.make("mul", (g.number(-1), log), (), side)), (), z.shape)

    def _flip(self, inside: Term) -> Term:
        out = self.g.make("T", (inside,), (), (inside.shape[1], inside.shape[0]))
        self.flipped.add(out)
        return out
