"""From terms that say what is wanted to terms that are computed.

Chains get their order, structured matrices become scalings, sums and solves, and whatever must be
an array of its own is made one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matcalc.codegen.chains import Chains
from matcalc.codegen.indexed import Indexed, sums_over_indices
from matcalc.codegen.layouts import Relaid
from matcalc.codegen.lower import Lowering
from matcalc.codegen.reductions import ENTRYWISE
from matcalc.codegen.samples import Samples, samplewise
from matcalc.codegen.terms import Term, is_full, rows
from matcalc.shapes import ONE

LEAVES = frozenset({"in", "number", "dim", "full"})
ASKED = frozenset({"logdet", "logabsdet", "signdet", "det"})  # of a factorisation
COMPUTED = ASKED | {"factor", "solve", "inverse"}
CHAINS = ("prod", "trprod", "diagprod")
KEPT = frozenset(
    {
        "in",
        "number",
        "dim",
        "diag",
        "eye",
        "ones",
        "spread",
        "inv",
        "kron",
        "T",
        "commutation",
        "diagonal_pick",
    }
)


class Resolver(Chains):
    """Resolves the terms of one program; ``names`` maps a computed term to its name."""

    def __init__(self, graph: Lowering) -> None:
        super().__init__(graph)
        self.image: dict[Term, Term] = {}
        self.final: dict[Term, Term] = {}
        self.samples = Samples(graph, lambda t: self.dense(self.resolved(t)))
        self.indexed = Indexed(graph, lambda t: self.dense(self.resolved(t)))
        self.relaid = Relaid(graph, self._turned, postorder)

    def _turned(self, t: Term) -> Term:
        """The plain transpose of a computed term."""
        if not t.shape:
            return t
        if t.op == "T":
            return t.args[0]
        shape = (t.shape[1], t.shape[0])
        if t.op == "mul" and t.args[0].op == "number" and len(t.args) == 2:
            return self.g.make("mul", (t.args[0], self._turned(t.args[1])), (), shape)
        return self.g.make("T", (t,), (), shape)

    def run(self, roots: Sequence[Term]) -> list[Term]:
        order = postorder(roots)
        for t in order:
            if t.op in CHAINS:
                self.expect(t.args)
        done = [self.finished(self.dense(self.resolved(r))) for r in roots]
        self.relaid.choose(done)
        return list(map(self.relaid.of, done))

    def finished(self, root: Term) -> Term:
        """A computed term without the marks that kept rewriting out."""
        g = self.g
        for t in postorder([root], stop=self.final.__contains__):
            if t in self.final:
                continue
            A = tuple(self.final[a] for a in t.args)
            if t.op == "let":
                self.final[t] = A[0]
            elif t.op == "T":
                self.final[t] = A[0].args[0] if A[0].op == "T" else g.make("T", A, (), t.shape)
            else:
                self.final[t] = t if t.args == A else g.make(t.op, A, t.params, t.shape)
        return self.final[root]

    def value(self, t: Term) -> Term:
        """What is computed for a term."""
        return self.relaid.of(self.finished(self.dense(self.resolved(t))))

    def resolved(self, root: Term) -> Term:
        for t in postorder([root], stop=self.image.__contains__):
            if t not in self.image:
                self.image[t] = self._one(t)
        return self.image[root]

    def _one(self, t: Term) -> Term:
        g = self.g
        if not t.args:
            return t
        A = [self.image[a] for a in t.args]
        if t.op == "let":
            inside = self.dense(A[0]) if A[0].op in ("mul", "spread") or A[0].op in KEPT else A[0]
            return inside if inside.op in LEAVES else g.make("let", (inside,), t.params, t.shape)
        if t.op == "prod":
            return self._product(t)
        if t.op == "trprod":
            return self.resolved(self.trace(t.args))
        if t.op == "diagprod":
            return self.resolved(self.diagonal(t.args))
        if t.op == "T":
            return g.T(A[0])
        if t.op == "inv":
            return t
        if t.op in ("diag", "spread", "kron"):
            return g.make(t.op, tuple(A), t.params, t.shape)
        if t.op in ASKED and t.args[0].op != "factor":
            return g.make(t.op, (self.factor(t.args[0]),), (), ())
        if t.op in COMPUTED:
            return g.make(t.op, tuple(A), t.params, t.shape)
        if t.op == "add":
            return self._sum(t, A)
        if t.op == "mul":
            inner = [a for a in A if a.shape]
            scalars = [a for a in A if not a.shape]
            if len(inner) == 1 and inner[0].op == "kron":
                return self._scaled_kron(inner[0], scalars)
            if len(inner) == 1 and inner[0].op.endswith("of_samples"):
                [whole] = [a for a in t.args if a.shape]
                made = self.over_samples(whole, scalars)
                if made is not None:
                    return made
            kept = ("spread", "diag", "eye")
            return g.mul(*(a if a.op in kept else self.dense(a) for a in A), shape=t.shape)
        if t.op == "sqrt" and A[0].op == "dot" and A[0].args[0] is A[0].args[1]:
            return g.make("norm", A[0].args[:1], (), ())
        if t.op in ENTRYWISE:
            return g.make(t.op, tuple(map(self.dense, A)), t.params, t.shape)
        if t.op == "total":
            rowsums = self._rowsums_of(t.args[0])
            return self._total(A[0]) if rowsums is None else self._total(self.resolved(rowsums))
        if t.op == "dot":
            a, b = (self.dense(a) for a in A)
            return g.make("dot", (a, b), (), ())
        return g.make(t.op, tuple(map(self.dense, A)), t.params, t.shape)

    def _rowsums_of(self, a: Term) -> Term | None:
        """The row sums of a matrix, if they are asked for too: their sum is the total."""
        if not is_full(a):
            return None
        ones = self.g._table.get(("ones", (), (), (a.shape[1], ONE)))
        if ones is None:
            return None
        return self.g._table.get(("prod", (a, ones), (), (a.shape[0], ONE)))

    def _scaled_kron(self, k: Term, scalars: Sequence[Term]) -> Term:
        """c (A kron B) as (c A) kron B, with the smaller of the two scaled."""
        a, b = k.args
        first = b.op == "eye" or (a.op != "eye" and self.g.count(a) <= self.g.count(b))
        if first:
            a = self.g.mul(*scalars, self.dense(a))
        else:
            b = self.g.mul(*scalars, self.dense(b))
        return self.g.make("kron", (a, b), (), k.shape)

    def _total(self, a: Term) -> Term:
        again = self.g.total(a)
        return again if again.op != "total" else self.g.make("total", (self.dense(a),), (), ())

    def _product(self, t: Term) -> Term:
        made = self.over_samples(t, ())
        if made is not None:
            return made
        sums = sums_over_indices(self.g, t.args)
        if sums is not None and self.indexed.cost(sums) < self._whole_cost(t.args):
            return self.indexed.build(sums, t.shape)
        made = self.build(t.args)
        return self.dense(made) if made.op in KEPT and made.op not in ("T", "spread") else made

    def _whole_cost(self, factors: Sequence[Term]) -> float:
        """What a chain costs, the sums among its factors included."""
        return self.cost(factors) + sum(map(self.g.forming, factors))

    def over_samples(self, t: Term, scalars: Sequence[Term]) -> Term | None:
        """A chain as a sum over samples, where that is cheaper; numbers go to the small matrices."""
        found = samplewise(self.g, t.args) if t.op == "prod" else None
        if found is None:
            return None
        sums = sums_over_indices(self.g, t.args)
        others = [self._whole_cost(t.args)] + ([self.indexed.cost(sums)] if sums else [])
        if self.samples.cost(found) >= min(others):
            return None
        return self.samples.build(found, t.shape, scalars)

    def _sum(self, t: Term, A: Sequence[Term]) -> Term:
        """A sum; diagonal terms are added to the diagonal alone."""
        g = self.g
        plain: list[Term] = []
        onto: list[Term] = []
        for a in self.indexed.gathered(A):
            v = self._on_diagonal(a) if is_full(t) else None
            if v is None:
                plain.append(a if a.op == "spread" else self.dense(a))
            else:
                onto.append(v)
        if not onto:
            return g.add(*plain, shape=t.shape)
        n = rows(t)
        v = g.add(*onto, shape=(n, ONE))
        if not plain:
            v = v.args[0] if v.op == "spread" else v
            return g.make("diag_matrix", (v,), (), t.shape)
        rest = self.dense(g.add(*plain, shape=t.shape))
        v = v.args[0] if v.op == "spread" else v
        return g.make("plus_diagonal", (rest, v), (), t.shape)

    def _on_diagonal(self, a: Term) -> Term | None:
        """The column that a diagonal matrix has on its diagonal."""
        g = self.g
        if a.op == "diag":
            return a.args[0]
        if a.op == "eye":
            return g.ones(rows(a), ONE)
        if a.op == "diag_matrix":
            return a.args[0]
        if a.op == "eye_matrix":
            return g.ones(rows(a), ONE)
        if a.op == "mul" and is_full(a):
            scalars, rest = g.scalars_of(a)
            if scalars is not None and rest.op in ("diag", "eye", "diag_matrix", "eye_matrix"):
                inside = self._on_diagonal(rest)
                return g.mul(scalars, inside) if inside is not None else None
        return None


def postorder(roots: Iterable[Term], stop: object = None) -> list[Term]:
    """Every term once, operands first."""
    todo = [(r, False) for r in reversed(list(roots))]
    seen: set[Term] = set()
    order: list[Term] = []
    while todo:
        t, ready = todo.pop()
        if ready:
            order.append(t)
        elif t not in seen:
            seen.add(t)
            todo.append((t, True))
            if stop is None or not stop(t):  # type: ignore[operator]
                todo.extend((a, False) for a in reversed(t.args))
    return order
