"""Random well-typed expressions over all operations.

The generator keeps the operations even: at every place it takes, among those that fit the shape and
the wanted range of values, the one that was used least so far.
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
POSITIVE_OPS = ("exp", "sigmoid", "softplus", "cosh", "softmax", "sqrt", "huber")
SMALL_OPS = (
    "sigmoid",
    "tanh",
    "softsign",
    "erf",
    "softmax",
)  # inside (-1, 1), where asin has a slope

SMOOTH_SMALL = ("tanh", "softsign", "erf", "atan", "sin", "cos", "sigmoid")


@dataclass
class Generator:
    """Draws expressions; remembers how often it used what."""

    rng: random.Random
    used: Counter[str] = field(default_factory=Counter)

    # -- choosing ---------------------------------------------------------------------------------

    def expression(self, shape: Shape, depth: int, wants: str = ANY) -> Node:
        if depth <= 0:
            return self.leaf(shape, wants)
        makers = self.makers(shape, wants)
        least = min(self.used[name] for name, _ in makers)
        name, make = self.rng.choice([x for x in makers if self.used[x[0]] <= least])
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
        return found + [(name, make) for name, fits, make in self._structural() if fits(shape)]

    def leaf(self, shape: Shape, wants: str) -> Node:
        if not shape:
            if wants == ANY and self.rng.random() < 0.2:
                return number(self.rng.choice([2, 3, -1])) / self.rng.choice([1, 2])
            if wants == POSITIVE:
                return F["exp"](mc.scalar(self.rng.choice("cd")))
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
        node = mc.matrix(name, rows, cols)
        if wants == POSITIVE:
            return F["exp"](self.squashed(node)) if self.rng.random() < 0.5 else F["sigmoid"](node)
        if wants == SMALL:
            return self.squashed(node)
        if wants in (INVERTIBLE, SPD):
            return mc.eye(rows) + node * node.T
        return F["step"](node) if wants == MASK else node

    def squashed(self, node: Node) -> Node:
        """Values kept moderate, by whichever bounded function was used least."""
        least = min(self.used[name] for name in SMOOTH_SMALL)
        name = self.rng.choice([x for x in SMOOTH_SMALL if self.used[x] <= least])
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
                    self.expression((), min(depth, 1), SMALL) if exponent is None else exponent,
                )
            if name == "where":
                return F[name](
                    self.expression(shape, min(depth, 1), MASK),
                    *(self.expression(shape, depth) for _ in range(2)),
                )
            if name == "huber":
                return F[name](first, self.expression((), min(depth, 1), POSITIVE))
            others = [
                self.expression(shape if self.rng.random() < 0.7 else (), depth)
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
            return F["diag"](self.expression((shape[0], 1), depth, POSITIVE)) + mc.eye(shape[0])

        def inverse(shape: Shape, depth: int) -> Node:
            return mc.inv(self.expression(shape, depth, wants))

        return [("plus", gram), ("diag", scaled), ("inv", inverse)]

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
        small_wide = lambda s: wide(s) and all(d in SIZES for d in s)  # noqa: E731

        def two(s: Shape, d: int) -> tuple[Node, Node]:
            return e(s, d), e(s, self.rng.choice((0, max(d - 1, 0))))

        def any_matrix(d: int) -> Node:
            return e((self.size(), self.size()), d)

        def nonzero(A: Node) -> Node:
            # A norm that is zero everywhere has no derivative anywhere.
            return A + self.leaf(A.shape, ANY)

        def times(s: Shape, d: int) -> Node:
            if not s:
                a = self.size()
                return (
                    e((1, a), d) * e((a, 1), min(d, 1))
                    if self.rng.random() < 0.5
                    else e((), d) * e((), min(d, 1))
                )
            a = self.size()
            return e((s[0], a), d) * e((a, s[1]), min(d, 1))

        def sliced(s: Shape, d: int) -> Node:
            more = self.expression((self.size(), s[1]), 0)
            below = self.rng.random() < 0.5
            big = F["vstack"](more, e(s, d)) if below else F["vstack"](e(s, d), more)
            inner = self.squashed(big)
            start = more.shape[0]
            return inner[start : start + s[0], :] if below else inner[: s[0], :]

        def kron(s: Shape, d: int) -> Node:
            if s[1] == 1 or s[0] == 1:
                return (
                    F["kron"](e(s, d), e((), 0))
                    if False
                    else F["kron"](e((1, 1) and s, d), e((), min(d, 1)))
                )
            return F["kron"](e((s[0], 1), d), e((1, s[1]), min(d, 1)))

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
            A, B = e((s[0], m) if s else (n, m), d), e((m, s[1]) if s else (m, n), min(d, 1))
            i = BUILD["fresh_index"]("i")
            if not s:
                return BUILD["isum"](A[0, i] * B[i, 0], i, 0, m - 1)
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
            return mc.matrix("B11", 1, 1) * e((), d)

        S = [
            ("plus", always, lambda s, d: sum_of(two(s, d))),
            ("times", always, times),
            ("hadamard", matrix, lambda s, d: F["hadamard"](*two(s, d))),
            ("transpose", matrix, lambda s, d: e((s[1], s[0]), d).T),
            ("isum", lambda s: not s or wide(s), isum),
            ("inv", square, lambda s, d: mc.inv(e(s, d, INVERTIBLE))),
            ("mpow", square, power_of),
            ("tr", scalar, lambda s, d: mc.tr(e((n, n), d))),
            ("det", scalar, lambda s, d: mc.det(self.squashed(e((n, n), d)) + mc.eye(n) * 2)),
            ("logdet", scalar, lambda s, d: mc.logdet(e((n, n), d, SPD))),
            ("adj", square, lambda s, d: mc.adj(e(s, d, INVERTIBLE))),
            (
                "solve",
                matrix,
                lambda s, d: (
                    mc.solve(e((s[0], s[0]), d, INVERTIBLE), e(s, min(d, 1)))
                    if s[0] != 1
                    else e(s, d) * 2
                ),
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
            ("diagonal", column, lambda s, d: F["diag"](e((s[0], s[0]), d))),
            ("kron", matrix, kron),
            ("kron_contract", small_wide, contracted),
            (
                "vec",
                lambda s: column(s) and s[0] in (n * m, n * k, m * k),
                lambda s, d: F["vec"](e(tuple(s[0].args), d)),
            ),
            (
                "unvec",
                wide,
                lambda s, d: F["unvec"](self.squashed(F["vec"](e((s[1], s[0]), d))), *s),
            ),
            (
                "reshape_rows",
                wide,
                lambda s, d: F["reshape_rows"](self.squashed(e((s[1], s[0]), d)), *s),
            ),
            ("unfold", small_wide, unfolded),
            (
                "fold",
                small_wide,
                lambda s, d: F["fold"](e((s[0] * s[1], 3), d), 1, 1, s[1], 1, 3, 1, 1, 0, 1),
            ),
            ("largest", column, lambda s, d: F["largest"](e((s[0], self.size()), d), 1)),
            ("where_largest", wide, lambda s, d: F["where_largest"](e(s, min(d, 1)), 1)),
            (
                "vstack",
                lambda s: bool(s) and s[0] == 2 * n,
                lambda s, d: F["vstack"](e((n, s[1]), d), e((n, s[1]), 0)),
            ),
            (
                "hstack",
                wide,
                lambda s, d: F["hstack"](e((s[0], 1), d), self.squashed(e(s, min(d, 1))))[
                    :, : s[1]
                ],
            ),
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
