"""Random well-typed expressions over all operations.

The generator keeps the operations even: at every place it takes, among those that fit the shape and
the wanted range of values, one of those met least so far as nodes of the expressions drawn.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import matcalc as mc
from matcalc.expr import BUILD, Node, number, postorder
from matcalc.ops.base import FUNCTIONS as F
from matcalc.ops.table import TABLE

n, m, k = mc.dims("n m k")
SIZES = (n, m, k)
LEAVES = {"symbol", "number", "zeros", "ones", "eye", "commutation", "diagonal_pick"}
Shape = tuple[Any, ...]

# What an operand must satisfy so that the operation above is defined and stays of moderate size.
ANY, POSITIVE, SMALL, INVERTIBLE, SPD, MASK = (
    "any",
    "positive",
    "small",
    "invertible",
    "spd",
    "mask",
)

NEEDS = {
    "log": POSITIVE, "log1p": POSITIVE, "sqrt": POSITIVE, "pow": POSITIVE, "asin": SMALL, "acos": SMALL,
    "tan": SMALL, "exp": SMALL, "expm1": SMALL, "sinh": SMALL, "cosh": SMALL,
}  # fmt: skip
POSITIVE_OPS = ("exp", "sigmoid", "softplus", "cosh", "softmax", "sqrt")
SMALL_OPS = (
    "sigmoid",
    "tanh",
    "softsign",
    "erf",
    "softmax",
)  # inside (-1, 1), where asin has a slope

SLACK = 1
EASILY_POSITIVE = ("exp", "sigmoid", "softplus", "cosh")
SMOOTH_SMALL = ("tanh", "softsign", "erf", "atan", "sin", "cos", "sigmoid")


@dataclass
class Generator:
    """Draws expressions; remembers how often it used what."""

    rng: random.Random
    met: Counter[str] = field(default_factory=Counter)  # nodes of the expressions drawn so far
    used: Counter[str] = field(default_factory=Counter)  # those, and the choices of this drawing

    # -- choosing ---------------------------------------------------------------------------------

    def draw(self, shape: Shape, depth: int) -> Node:
        """A whole expression, whose nodes count for the next ones."""
        drawn = self.expression(shape, depth)
        self.met.update(node.op.name for node in postorder(drawn))
        self.used = Counter(self.met)
        return drawn

    def expression(self, shape: Shape, depth: int, wants: str = ANY) -> Node:
        if depth <= 0:
            return self.leaf(shape, wants)
        makers = self.makers(shape, wants)
        # Some slack, so that what follows what is not the same in every example.
        least = min(self.used[name] for name, _ in makers)
        name, make = self.rng.choice([x for x in makers if self.used[x[0]] <= least + SLACK])
        self.used[name] += 1
        return make(shape, depth - 1)

    def makers(self, shape: Shape, wants: str) -> list[tuple[str, Callable[[Shape, int], Node]]]:
        if wants in (INVERTIBLE, SPD):
            return self._square_makers(wants)
        if wants == MASK:
            return [("step", lambda s, d: F["step"](self.expression(s, min(d, 1))))]
        names = {POSITIVE: POSITIVE_OPS, SMALL: SMALL_OPS}.get(wants)
        found = [(op, self._entrywise(op)) for op in (names or TABLE) if op in TABLE]
        if shape and names is not None and "softmax" in names:
            found.append(
                ("softmax", lambda s, d: F["softmax"](self.expression(s, d), self.axis(s)))
            )
        if names is not None:
            return found
        if not shape and self.rng.random() < 0.42:
            found = []  # a scalar is most often what a matrix was reduced to
        return found + [(name, make) for name, fits, make in self._structural() if fits(shape)]

    def leaf(self, shape: Shape, wants: str) -> Node:
        if not shape:
            if wants == ANY and self.rng.random() < 0.2:
                return number(self.rng.choice([2, 3, -1])) / self.rng.choice([1, 2])
            if wants == POSITIVE:
                return self.least(EASILY_POSITIVE, mc.scalar(self.rng.choice("cd")))
            return (
                mc.scalar(self.rng.choice("cd"))
                if wants != SMALL
                else self.squashed(mc.scalar("c"))
            )
        rows, cols = shape
        if wants == ANY and self.rng.random() < 0.08:
            return mc.ones(rows, cols) if rows != cols or self.rng.random() < 0.5 else mc.eye(rows)
        which = self.rng.choice((1, 2))
        stem = "v" if cols == 1 else "r" if rows == 1 else "X"
        name = f"{stem}{rows}{cols}_{which}".replace("**", "p").replace("*", "").replace(" + ", "_")
        name = name.replace("(", "").replace(")", "")
        node = mc.matrix(name, rows, cols)
        if wants == POSITIVE:
            return self.least(EASILY_POSITIVE, node)
        if wants == SMALL:
            return self.squashed(node)
        if wants in (INVERTIBLE, SPD):
            roll = self.rng.random()
            if wants == INVERTIBLE and roll < 0.6:
                return node  # almost every matrix is invertible
            if roll < 0.8:
                return mc.eye(rows) + node * node.T
            return F["diag"](self.leaf((rows, 1), POSITIVE))
        return F["step"](node) if wants == MASK else node

    def squashed(self, node: Node) -> Node:
        """Values kept moderate, by whichever bounded function was used least."""
        return self.least(SMOOTH_SMALL, node)

    def least(self, names: tuple[str, ...], node: Node) -> Node:
        """One of these functions of the node, by whichever was used least."""
        least = min(self.used[name] for name in names)
        name = self.rng.choice([x for x in names if self.used[x] <= least])
        self.used[name] += 1
        return F[name](node)

    def size(self) -> Any:
        return self.rng.choice(SIZES)

    # -- making -----------------------------------------------------------------------------------

    def _entrywise(self, name: str) -> Callable[[Shape, int], Node]:
        arity = len(TABLE[name].slopes)

        def make(shape: Shape, depth: int) -> Node:
            first = self.expression(shape, depth, NEEDS.get(name, ANY))
            if name == "pow":
                exponent = self.rng.choice([2, 3, -1, -2, None])
                return F_POW(
                    first,
                    self.leaf((), SMALL) if exponent is None else exponent,
                )
            if name == "where":
                return F[name](
                    self.expression(shape, min(depth, 1), MASK),
                    *(self.expression(shape, depth) for _ in range(2)),
                )
            if name == "huber":
                return F[name](first, self.leaf((), POSITIVE))
            others = [
                self.expression(shape, depth) if self.rng.random() < 0.7 else self.leaf((), ANY)
                for _ in range(arity - 1)
            ]
            if shape and not first.shape:
                others = [self.expression(shape, 0) for _ in others]
            return F[name](first, *others)

        return make

    def axis(self, shape: Shape) -> int:
        """An axis along which there is more than one entry: softmax of a single one is constant."""
        return 0 if shape[1] == 1 else 1 if shape[0] == 1 else self.rng.choice((0, 1))

    def _softmax(self, shape: Shape, depth: int) -> Node:
        axis = self.axis(shape)
        inside = self.expression(shape, depth)
        if self.rng.random() < 0.2 and shape[0] != 1 and shape[1] != 1:
            # Every row, or every column, keeps an entry.
            return F["softmax"](inside, axis, F["tril" if axis else "triu"](mc.ones(*shape)))
        return F["softmax"](inside, axis)

    def _square_makers(self, wants: str) -> list[tuple[str, Callable[[Shape, int], Node]]]:
        def gram(shape: Shape, depth: int) -> Node:
            A = self.expression((shape[0], self.size()), depth)
            return mc.eye(shape[0]) + self.squashed(A) * self.squashed(A).T

        def scaled(shape: Shape, depth: int) -> Node:
            return F["diag"](self.expression((shape[0], 1), depth, POSITIVE))

        def kept(shape: Shape, depth: int) -> Node:
            return self.leaf(shape, wants)

        return [("plus", gram), ("diag", scaled), ("transpose", kept)]

    def _structural(
        self,
    ) -> list[tuple[str, Callable[[Shape], bool], Callable[[Shape, int], Node]]]:
        e = self.expression
        scalar = lambda s: not s  # noqa: E731
        matrix = lambda s: bool(s)  # noqa: E731
        square = lambda s: bool(s) and s[0] == s[1] and s[0] != 1  # noqa: E731
        column = lambda s: bool(s) and s[1] == 1 and s[0] != 1  # noqa: E731
        row = lambda s: bool(s) and s[0] == 1 and s[1] != 1  # noqa: E731
        wide = lambda s: bool(s) and 1 not in s  # noqa: E731
        always = lambda s: True  # noqa: E731
        small_column = lambda s: column(s) and s[0] in SIZES  # noqa: E731
        small_wide = lambda s: wide(s) and all(d in SIZES for d in s)  # noqa: E731

        def two(s: Shape, d: int) -> tuple[Node, Node]:
            return e(s, d), e(s, self.rng.choice((0, max(d - 1, 0))))

        def any_matrix(d: int) -> Node:
            a, b, c = self.size(), self.size(), self.size()
            shape = self.rng.choice(((a, b), (a + b, c), (c, a + b), (a * b, 1)))
            return e(shape, max(d, 1))

        def nonzero(A: Node) -> Node:
            # A norm that is zero everywhere has no derivative anywhere.
            positive = A.op.name in (*POSITIVE_OPS, "symbol", "inv", "cos", "log_softmax")
            return A if positive else A + self.leaf(A.shape, ANY)

        def times(s: Shape, d: int) -> Node:
            if not s:
                a = self.size()
                return e((1, a), d) * e((a, 1), 0)
            a = self.size()
            return e((s[0], a), d) * e((a, s[1]), min(d, 2))

        def kept(A: Node) -> Node:
            # A slice of a stack is a block of it: neither would be left to be tested.
            return self.squashed(A) if A.op.name in ("vec", "vstack", "hstack") else A

        def sliced(s: Shape, d: int) -> Node:
            more, across = self.size(), self.rng.random() < 0.5
            start = self.rng.choice((0, more))
            if across:
                return kept(e((s[0], s[1] + more), d))[:, start : start + s[1]]
            return kept(e((s[0] + more, s[1]), d))[start : start + s[0], :]

        def stacked(s: Shape, d: int) -> Node:
            across = bool(parts_of(s[1]))
            parts = [e((s[0], a) if across else (a, s[1]), d) for a in parts_of(s[across])]
            return F["hstack" if across else "vstack"](*parts)

        def kron(s: Shape, d: int) -> Node:
            if s[1] == 1 or s[0] == 1:
                return F["kron"](e(s, d), e((1, 1), 0))
            return F["kron"](e((s[0], 1), d), e((1, s[1]), min(d, 2)))

        def contracted(s: Shape, d: int) -> Node:
            a, b = self.size(), self.size()
            G = H = e((s[0] * a, s[1] * b), 0)
            if self.rng.random() < 0.5:
                return F["kron_contract"](G, e((a, b), d), 0, s[0], s[1])
            return F["kron_contract"](H, e((a, b), d), 1, s[0], s[1])

        def unfolded(s: Shape, d: int) -> Node:
            wide_image = e((1, s[0] * s[1]), d)
            return F["unfold"](wide_image, 1, 1, s[0] * s[1], 1, s[1], 1, s[1])

        def isum(s: Shape, d: int) -> Node:
            i = BUILD["fresh_index"]("i")
            if not s:
                return BUILD["isum"](F["log1p"](e((n, m), d, POSITIVE)[0, i]), i, 0, m - 1)
            A, B = e((s[0], m), d), e((m, s[1]), min(d, 2))
            return BUILD["isum"](A[:, i] * B[i, :], i, 0, m - 1)

        def power_of(s: Shape, d: int) -> Node:
            return F["mpow"](self.squashed(e(s, d)), self.rng.choice((2, 3, 3, 4, 5)))

        def mapped(s: Shape, d: int) -> Node:
            rows = s[0]
            return mc.map("phi", rows)(e((self.size(), 1), d))

        def scalar_mapped(s: Shape, d: int) -> Node:
            return mc.scalar_function("C")(e((n, 1), d), e((m, 2), 0))

        def entry(s: Shape, d: int) -> Node:
            return any_matrix(d)[0, self.rng.choice((0, 0, -1))]

        def placed(s: Shape, d: int) -> Node:
            return BUILD["place"](e((), d), 0, 0, *s)

        def item(s: Shape, d: int) -> Node:
            return BUILD["item"](e((1, 1), d))

        S = [
            ("plus", always, lambda s, d: sum_of(two(s, d))),
            ("times", always, times),
            ("hadamard", matrix, lambda s, d: F["hadamard"](*two(s, d))),
            ("transpose", matrix, lambda s, d: e((s[1], s[0]), d).T),
            ("isum", lambda s: not s or wide(s), isum),
            ("inv", square, lambda s, d: mc.inv(e(s, d, INVERTIBLE))),
            ("mpow", square, power_of),
            ("tr", scalar, lambda s, d: mc.tr(e((n, n), d))),
            ("det", scalar, lambda s, d: mc.det(e((n, n), d, INVERTIBLE))),
            ("logdet", scalar, lambda s, d: mc.logdet(e((n, n), d, SPD))),
            ("adj", square, lambda s, d: mc.adj(e(s, d, INVERTIBLE))),
            (
                "solve",
                lambda s: bool(s) and s[0] != 1,
                lambda s, d: mc.solve(e((s[0], s[0]), min(d, 1), INVERTIBLE), e(s, d)),
            ),
            ("norm2", scalar, lambda s, d: mc.norm2(nonzero(any_matrix(d)))),
            ("sum", scalar, lambda s, d: mc.sum(any_matrix(d))),
            ("rowsum", column, lambda s, d: F["rowsum"](e((s[0], self.size()), d))),
            ("colsum", row, lambda s, d: F["colsum"](e((self.size(), s[1]), d))),
            (
                "cumsum",
                matrix,
                lambda s, d: F[self.rng.choice(("cumsum", "revcumsum"))](
                    e(s, d), self.rng.choice((0, 1))
                ),
            ),
            ("softmax", matrix, self._softmax),
            ("log_softmax", matrix, lambda s, d: F["log_softmax"](e(s, d), self.axis(s))),
            (
                "logsumexp",
                lambda s: column(s) or row(s),
                lambda s, d: (
                    F["logsumexp"](e((s[0], m), d), 1)
                    if column(s)
                    else F["logsumexp"](e((m, s[1]), d), 0)
                ),
            ),
            ("item", scalar, item),
            ("diag", square, lambda s, d: F["diag"](e((s[0], 1), d))),
            ("diagonal", small_column, lambda s, d: F["diag"](e((s[0], s[0]), d))),
            ("kron", matrix, kron),
            ("kron_contract", small_wide, contracted),
            (
                "vec",
                lambda s: column(s) and bool(factors_of(s[0])),
                lambda s, d: F["vec"](e(factors_of(s[0]), d)),
            ),
            (
                "unvec",
                small_wide,
                lambda s, d: F["unvec"](kept(e((s[0] * s[1], 1), d)), *s),
            ),
            (
                "reshape_rows",
                small_wide,
                lambda s, d: F["reshape_rows"](e((s[1], s[0]), d), *s),
            ),
            ("unfold", small_wide, unfolded),
            (
                "fold",
                small_wide,
                lambda s, d: F["fold"](e((s[0] * s[1], 3), d), 1, 1, s[1], 1, 3, 1, 1, 0, 1),
            ),
            ("largest", column, lambda s, d: F["largest"](e((s[0], self.size()), d), 1)),
            ("where_largest", wide, lambda s, d: F["where_largest"](e(s, min(d, 1)), 1)),
            ("vstack", lambda s: bool(s) and bool(parts_of(s[0])), stacked),
            ("hstack", lambda s: bool(s) and bool(parts_of(s[1])), stacked),
            ("slice", wide, sliced),
            ("place", wide, placed),
            ("entry", scalar, entry),
            ("tril", matrix, lambda s, d: F["tril"](e(s, d))),
            ("triu", matrix, lambda s, d: F["triu"](e(s, d))),
            ("function", always, lambda s, d: mc.function("g")(e(s, d))),
            ("map", column, mapped),
            ("map", scalar, scalar_mapped),
        ]
        return S


def F_POW(base: Node, exponent: Any) -> Node:
    return BUILD["pow"](base, exponent)


def sum_of(pair: tuple[Node, Node]) -> Node:
    return pair[0] + pair[1]


def depth_of(root: Node) -> int:
    deep: dict[Node, int] = {}
    for node in postorder(root):
        deep[node] = 1 + max((deep[c] for c in node.operands), default=-1)
    return deep[root]


def parts_of(total: Any) -> tuple[Any, ...]:
    """The two lengths that a dimension like n + m or 2n is the sum of, if it is one."""
    for a in SIZES:
        for b in SIZES:
            if total == a + b:
                return (a, b)
    return ()


def factors_of(total: Any) -> tuple[Any, ...]:
    """The two lengths that a dimension like n m is the product of, if it is one."""
    return next(((a, b) for a in SIZES for b in SIZES if total == a * b), ())
