"""The order of products, by flops: what is shared, transposed or computed anyway counts as that.

For each chain the cheapest bracketing is found by dynamic programming over its pieces. A piece that
other chains need too is cheaper by their number, one that is computed already is free: so common
parts and the order of computing are decided together. An inverse beside anything is a solve, a
diagonal matrix a scaling, a vector of ones a sum, a Kronecker product is applied to its factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcalc.codegen.lower import Lowering
from matcalc.codegen.products import STACKS
from matcalc.codegen.terms import Term, cols, is_one, normal, rows
from matcalc.shapes import Shape

STRUCTURED = frozenset({"diag", "ones", "inv", "kron", "commutation", "diagonal_pick"})
LOOPS = 100.0  # how often a loop is planned to run
MULTIPLY, SOLVE, FACTOR, INVERSE = 2.0, 2.0, 2 / 3, 8 / 3
SMALL = 16  # rows of a matrix whose solve is mostly the call
GRAM = -1  # instead of a place to cut


@dataclass
class Piece:
    """The best way found for factors i..j: its cost, and where it is cut."""

    cost: float
    cut: int


def kind(f: Term) -> str:
    """What sort of factor: a structure, seen through a transpose, or dense."""
    if f.op == "T" and f.args[0].op in STRUCTURED:
        return f.args[0].op
    return f.op if f.op in STRUCTURED else "dense"


class Chains:
    """Chooses orders for the chains of one graph, and builds what is computed."""

    def __init__(self, graph: Lowering) -> None:
        self.g = graph
        self.done: dict[tuple[Term, ...], Term] = {}
        self.wanted: dict[tuple[Term, ...], int] = {}

    # -- planning ------------------------------------------------------------------------------

    def expect(self, factors: Sequence[Term]) -> None:
        """Count the pieces of a chain, so that common ones are known before an order is chosen."""
        n = len(factors)
        ends: dict[tuple[Term, ...], int] = {}  # pieces of one chain that overlap count once
        for j in range(2, n + 1):
            for i in range(j - 1):
                key = self.canonical(tuple(factors[i:j]))
                if ends.get(key, 0) <= i:
                    ends[key] = j
                    self.wanted[key] = self.wanted.get(key, 0) + 1

    def canonical(self, factors: tuple[Term, ...]) -> tuple[Term, ...]:
        """A piece or its transpose, whichever stands for both."""
        turned = tuple(self.g.T(f) for f in reversed(factors))
        return min(factors, turned, key=lambda fs: [f.order for f in fs])

    def table(self, factors: Sequence[Term]) -> dict[tuple[int, int], Piece]:
        n = len(factors)
        best: dict[tuple[int, int], Piece] = {(i, i): Piece(0.0, i) for i in range(n)}
        for length in range(2, n + 1):
            for i in range(n - length + 1):
                best[i, i + length - 1] = self._best(factors, i, i + length - 1, best)
        return best

    def _best(self, f: Sequence[Term], i: int, j: int, best: dict[tuple[int, int], Piece]) -> Piece:
        key = self.canonical(tuple(f[i : j + 1]))
        found: Piece | None = None
        for k in range(j - 1, i - 1, -1):
            cost = best[i, k].cost + best[k + 1, j].cost + self._join(f, i, k, j)
            if found is None or cost < found.cost * (1 - 1e-9):
                found = Piece(cost, k)
        assert found is not None
        if self._is_gram(f, i, j):
            n, m = self.g.sizes.of(cols(f[j])), self.g.sizes.of(rows(f[j]))
            half = (MULTIPLY / 2 * n * n * m + 2 * m * n) * LOOPS ** len(f[j].free)
            if half < found.cost:
                found = Piece(half, GRAM)
        if key in self.done:
            return Piece(0.0, found.cut)
        return Piece(found.cost / max(1, self.wanted.get(key, 1)), found.cut)

    def _is_gram(self, f: Sequence[Term], i: int, j: int) -> bool:
        """X' D X with D diagonal and not negative: Z'Z with one buffer Z, which is half the work."""
        return (
            j == i + 2
            and f[i + 1].op == "diag"
            and kind(f[j]) == "dense"
            and not is_one(cols(f[j]))
            and self.g.T(f[i]) is f[j]
            and self.g.nonnegative(f[i + 1].args[0])
        )

    def _join(self, f: Sequence[Term], i: int, k: int, j: int) -> float:
        """What the last product of a piece costs."""
        size = self.g.sizes.of
        r, m, c = size(rows(f[i])), size(cols(f[k])), size(cols(f[j]))
        left = kind(f[k]) if i == k else "dense"
        right = kind(f[j]) if k + 1 == j else "dense"
        cost = self._join_cost(left, right, r, m, c, (f[i], f[j]))
        if j == i + 1 and left == right == "dense" and m > 1 and self.g.T(f[i]) is f[j]:
            cost /= 2  # Z'Z is symmetric
        free: set[str] = set()
        for t in f[i : j + 1]:
            free |= t.free
        return cost * LOOPS ** len(free)

    def _join_cost(
        self, left: str, right: str, r: float, m: float, c: float, ends: tuple[Term, Term]
    ) -> float:
        if m == 1:
            return r * c
        passes = m * c if left != "dense" else r * m
        if {left, right} & {"inv", "kron"}:  # nothing is formed only to be summed
            left, right = (k.replace("ones", "dense") for k in (left, right))
        if "ones" in (left, right):
            return passes + self._dense_cost(right if left == "ones" else left, max(r, m, c))
        if "diag" in (left, right):
            other = right if left == "diag" else left
            return r * c + (self._dense_cost(other, m) if other != "diag" else 0.0)
        if "inv" in (left, right):
            other = right if left == "inv" else left
            width = c if left == "inv" else r
            return FACTOR * m**3 + SOLVE * m * m * width + self._dense_cost(other, m)
        if "kron" in (left, right) and (left == "dense" or right == "dense"):
            width = c if left == "kron" else r
            k = ends[0] if left == "kron" else ends[1]
            k = k.args[0] if k.op == "T" else k
            p, q = (self.g.sizes.of(cols(a)) for a in k.args)
            s, t = (self.g.sizes.of(rows(a)) for a in k.args)
            return MULTIPLY * width * p * t * (q + s)
        if "commutation" in (left, right) or "diagonal_pick" in (left, right):
            return r * c
        return MULTIPLY * r * m * c + r * c

    def _dense_cost(self, k: str, n: float) -> float:
        return {"inv": INVERSE * n**3, "kron": n * n, "diag": n * n, "ones": n}.get(k, 0.0)

    def cost(self, factors: Sequence[Term]) -> float:
        """What a chain costs, planned as well as possible."""
        if len(factors) < 2:
            return self._dense_cost(kind(factors[0]), self.g.sizes.of(rows(factors[0])))
        return self.table(factors)[0, len(factors) - 1].cost

    # -- building ------------------------------------------------------------------------------

    def build(self, factors: Sequence[Term]) -> Term:
        """The chain as binary products, in the best order."""
        best = self.table(factors)
        return self._piece(list(factors), 0, len(factors) - 1, best)

    def _piece(self, f: list[Term], i: int, j: int, best: dict[tuple[int, int], Piece]) -> Term:
        if i == j:
            return self.resolved(f[i])
        whole = tuple(f[i : j + 1])
        key = self.canonical(whole)
        found = self.done.get(key)
        if found is not None:
            return found if key == whole else self.g.T(found)
        k = best[i, j].cut
        if k == GRAM:
            root = self.g.fn("sqrt", self.resolved(f[i + 1]).args[0])
            Z = self.g.mul(root, self.dense(self.resolved(f[j])))
            made = self.matmul(self.g.T(Z), Z)
            self.done[key] = made if key == whole else self.g.T(made)
            return made
        made = self.join(self._piece(f, i, k, best), self._piece(f, k + 1, j, best))
        self.done[key] = made if key == whole else self.g.T(made)
        return made

    def join(self, a: Term, b: Term) -> Term:
        """The product of two computed parts, or of one with a structured factor."""
        g = self.g
        ka, kb = kind(a), kind(b)
        if is_one(cols(a)) and "ones" in (ka, kb):
            whole = (rows(a), cols(b))
            return g.spread(g.number(1) if ka == kb else b if ka == "ones" else a, whole)
        if {ka, kb} & {"inv", "kron"}:
            ka, kb = (k.replace("ones", "dense") for k in (ka, kb))
        if ka == "ones":
            return g.axis_sum(self.dense(b), 0) if not is_one(cols(b)) else g.total(self.dense(b))
        if kb == "ones":
            return g.axis_sum(self.dense(a), 1) if not is_one(rows(a)) else g.total(self.dense(a))
        if ka == "diag":
            return g.mul(a.args[0], self.dense(b) if kb != "diag" else b, shape=(rows(a), cols(b)))
        if kb == "diag":
            return g.mul(self.dense(a), g.T(b.args[0]), shape=(rows(a), cols(b)))
        if ka == "inv":
            return self.solve(a, self.dense(b))
        if kb == "inv":
            return g.T(self.solve(g.T(b), g.T(self.dense(a))))
        if ka == "kron" and kb == "dense":
            return self.kron_apply(a, self.dense(b))
        if kb == "kron" and ka == "dense":
            return g.T(self.kron_apply(g.T(b), g.T(self.dense(a))))
        if ka in ("commutation", "diagonal_pick"):
            return self.pick(a, self.dense(b))
        if kb in ("commutation", "diagonal_pick"):
            return g.T(self.pick(g.T(b), g.T(self.dense(a))))
        return self.matmul(self.dense(a), self.dense(b))

    def _around(self, a: Term, b: Term, x: Term, shape: Shape) -> Term:
        """(A kron B) vec X as vec(B X A'): structured factors are solves and scalings."""
        size = (cols(b), cols(a))
        inside = x.args[0] if x.op == "vec" else self.g.make("unvec", (x,), size, size)
        made = self.dense(self.join(self.join(b, inside), self.g.T(a)))
        return self.g.make("vec", (made,), (), shape)

    def kron_apply(self, k: Term, x: Term) -> Term:
        """(A kron B) X; an identity among the two only says how X is read."""
        shape = normal(rows(k), cols(x))
        a, b = k.args
        if is_one(cols(x)) and any(kind(f) not in ("dense", "kron") for f in k.args):
            return self._around(a, b, x, shape)
        if a.op == "eye":
            return self.g.make("apply_to_blocks", (self.dense(b), x), (rows(a),), shape)
        if b.op == "eye":
            return self.g.make("apply_across", (self.dense(a), x), (rows(b),), shape)
        return self.g.make("kron_apply", (self.dense(a), self.dense(b), x), (), shape)

    def matmul(self, a: Term, b: Term) -> Term:
        g = self.g
        shape = normal(rows(a), cols(b))
        if not a.shape or not b.shape:
            return g.mul(a, b)
        if not shape:
            return g.make("dot", self._pair(g.T(a), b), (), ())
        if is_one(cols(a)):
            return g.mul(a, b)
        if a.op == "T" and b.op == "T":
            return g.T(self.matmul(b.args[0], a.args[0]))
        if a is not b and a.op in STACKS and g.T(a) is b:  # one buffer twice: half the work
            a = g.make("T", (b,), (), (cols(b), rows(b)))
        turned = g._table.get(("mm", (g.T(b), g.T(a)), (), tuple(reversed(shape))))
        return g.T(turned) if turned is not None else g.make("mm", (a, b), (), shape)

    def _pair(self, a: Term, b: Term) -> tuple[Term, Term]:
        return (b, a) if b.order < a.order else (a, b)

    def pick(self, p: Term, t: Term) -> Term:
        """Rows of a matrix rearranged, chosen, or put in their places."""
        turned = p.op == "T"
        name = {"commutation": "commute", "diagonal_pick": "pick"}[kind(p)]
        params = (p.args[0] if turned else p).params
        if name == "commute":
            n, m = reversed(params) if turned else params
            return self.g.make("commute", (t,), (n, m), normal(rows(p), cols(t)))
        name = "unpick" if turned else "pick"
        return self.g.make(name, (t,), params, normal(rows(p), cols(t)))

    def dense(self, t: Term) -> Term:
        """A factor as an array of its own."""
        g = self.g
        k = kind(t)
        if t.op == "T" and k != "dense":
            return g.T(self.dense(t.args[0]))
        if k == "inv":
            return g.make("inverse", (self.factor(t.args[0]),), (), t.shape)
        if k == "diag":
            return g.make("diag_matrix", (t.args[0],), (), t.shape)
        if k == "ones":
            return g.make("full", (g.number(1),), (), t.shape)
        if k == "kron":
            a, b = t.args
            if a.op == "eye":
                return g.make("repeat_on_diagonal", (self.dense(b),), (rows(a),), t.shape)
            if b.op == "eye":
                return g.make("kron_identity", (self.dense(a),), (rows(b),), t.shape)
            return g.make("kron_matrix", tuple(map(self.dense, t.args)), (), t.shape)
        if t.op == "spread":
            return g.make("full", (t.args[0],), (), t.shape)
        if t.op == "eye":
            return g.make("eye_matrix", (), t.params, t.shape)
        if t.op == "mul" and any(a.op in ("diag", "eye") for a in t.args):
            scalars = g.mul(*(a for a in t.args if not a.shape))
            [inside] = [a for a in t.args if a.shape]
            v = g.mul(scalars, inside.args[0]) if inside.op == "diag" else scalars
            return g.make("diag_matrix", (v,), (), t.shape)
        return t

    # -- factorisations ------------------------------------------------------------------------

    def factor(self, A: Term) -> Term:
        """The factorisation that serves all solves with A, its inverse and its determinant."""
        g = self.g
        # For a small one the call is what costs, and NumPy's own solve is the shortest.
        known = g.definite(A) and g.sizes.of(rows(A)) > SMALL
        lower, upper = g.has(A, "lower_triangular"), g.has(A, "upper_triangular")
        how = "chol" if known else "lower" if lower else "upper" if upper else "lu"
        return g.make("factor", (self.dense(self.resolved(A)),), (how,), A.shape)

    def resolved(self, A: Term) -> Term:
        raise NotImplementedError

    def solve(self, a: Term, b: Term) -> Term:
        turned = a.op == "T"
        A = (a.args[0] if turned else a).args[0]
        symmetric = self.g.symmetric(A)
        F = self.factor(A)
        return self.g.make("solve", (F, b), (turned and not symmetric,), b.shape)

    # -- traces and diagonals of chains --------------------------------------------------------

    def trace(self, factors: Sequence[Term]) -> Term:
        """The trace of a chain as a sum of entrywise products of two pieces."""
        n = len(factors)
        ring = [*factors, *factors]
        best = self.table(ring) if n <= 12 else self.table(ring[: n + 1])
        choice: tuple[float, int, int] | None = None
        for i in range(n if n <= 12 else 1):
            for length in range(1, n):
                j = i + length - 1
                size = self.g.sizes.of(rows(ring[i])) * self.g.sizes.of(cols(ring[j]))
                pieces = [p for p in ((i, j), (j + 1, i + n - 1)) if p in best]
                alone = {self.canonical((ring[a],)) for a, b in pieces if a == b}
                cost = size + sum(best[p].cost for p in pieces)
                cost += sum(self._dense_cost(kind(f), size**0.5) for (f,) in alone)
                if choice is None or cost < choice[0] * (1 - 1e-9):
                    choice = (cost, i, j)
            if any(kind(f) == "inv" for f in factors):
                whole = best[i, i + n - 1].cost
                if choice is None or whole < choice[0]:
                    choice = (whole, i, i + n - 1)
        assert choice is not None
        _, i, j = choice
        a = self._piece(ring, i, j, best)
        if j == i + n - 1:
            return self.g.trace(a)
        b = self._piece(ring, j + 1, i + n - 1, best)
        return self.g.dot(self.g.T(self.dense(a)), self.dense(b))

    def diagonal(self, factors: Sequence[Term]) -> Term:
        """The diagonal of a chain as row sums of an entrywise product of two pieces."""
        n = len(factors)
        best = self.table(factors)
        costs = []
        for k in range(n - 1):
            width = self.g.sizes.of(rows(factors[0])) * self.g.sizes.of(cols(factors[k]))
            parts = best[0, k].cost + best[k + 1, n - 1].cost
            for end in ({0} if k == 0 else set()) | ({n - 1} if k == n - 2 else set()):
                parts += self._dense_cost(kind(factors[end]), self.g.sizes.of(rows(factors[end])))
            costs.append((parts + width, k))
        _, k = min(costs)
        a = self.dense(self._piece(list(factors), 0, k, best))
        b = self.g.T(self.dense(self._piece(list(factors), k + 1, n - 1, best)))
        return self.g.axis_sum(self.g.mul(a, b, shape=a.shape), 1)
