"""What each operation says about the shapes of its operands and its value.

A constraint says what follows from what is known, as often as it is asked, and whether it has said
all. None of them guesses: a product with an operand that may be a scalar waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matcalc import shapes
from matcalc.language.sizes import ONE, SCALAR, VECTOR, WEAK, Pair, Sizes
from matcalc.shapes import Dim, Shape


@dataclass(frozen=True, slots=True)
class Product:
    """``C = A*B``: a matrix product, or a scaling if A or B is a scalar."""

    A: Pair
    B: Pair
    C: Pair

    def step(self, sizes: Sizes) -> bool:
        A, B, C = self.A, self.B, self.C
        if sizes.is_scalar(A) or sizes.is_scalar(B):
            sizes.equal(C, B if sizes.is_scalar(A) else A)
            return True
        left, right = sizes.is_matrix(A), sizes.is_matrix(B)
        if left:
            sizes.equate(C[0], A[0])  # whether B scales or multiplies
            sizes.want(B, VECTOR)
        if right:
            sizes.equate(C[1], B[1])
        if (left or right) and ((left and right) or sizes.is_scalar(C)):
            sizes.equate(A[1], B[0])
            sizes.equal(C, (A[0], B[1]))
            return True
        if left and (sizes.is_one(A[1]) or sizes.differ(A[1], B[0])):
            sizes.equate(B[0], ONE)
            if not sizes.is_one(A[1]):
                sizes.equal(B, SCALAR)
        if right and (sizes.is_one(B[0]) or sizes.differ(A[1], B[0])):
            sizes.equate(A[1], ONE)
            if not sizes.is_one(B[0]):
                sizes.equal(A, SCALAR)
        return False


@dataclass(frozen=True, slots=True)
class Broadcast:
    """``C`` entry by entry from operands of one shape, or scalars beside them.

    Operands that nobody declared have the shape of C rather than being scalars if they are *alike*:
    both factors of ``.*`` are, base and exponent are not.
    """

    operands: tuple[Pair, ...]
    C: Pair
    alike: bool = True

    @property
    def likely(self) -> tuple[Pair, ...]:
        """The operands for which the shape of C is evidence."""
        return self.operands if self.alike else self.operands[:1]

    def step(self, sizes: Sizes) -> bool:
        if sizes.is_scalar(self.C):
            for A in self.operands:
                sizes.equal(A, SCALAR)
            return True
        if sizes.is_matrix(self.C):
            for A in self.likely:
                sizes.want(A, WEAK)
        open_ones = []
        for A in self.operands:
            if sizes.is_matrix(A):
                sizes.equal(A, self.C)
            elif not sizes.is_scalar(A):
                if sizes.pairs_differ(A, self.C):
                    sizes.equal(A, SCALAR)
                else:
                    open_ones.append(A)
        if not open_ones:
            if all(sizes.is_scalar(A) for A in self.operands):
                sizes.equal(self.C, SCALAR)
            return True
        if len(open_ones) == 1 and all(A in open_ones or sizes.is_scalar(A) for A in self.operands):
            sizes.equal(open_ones[0], self.C)
            return True
        return False


@dataclass(frozen=True, slots=True)
class Diag:
    """``C = diag(A)``: a column becomes a matrix, a square matrix a column."""

    A: Pair
    C: Pair

    def step(self, sizes: Sizes) -> bool:
        sizes.equate(self.A[0], self.C[0])
        if sizes.is_one(self.A[1]):
            sizes.equate(self.C[0], self.C[1])
            return True
        if sizes.not_one[sizes.find(self.A[1])] or sizes.is_one(self.C[1]):
            sizes.equate(self.A[0], self.A[1])
            sizes.equate(self.C[1], ONE)
            return True
        if sizes.not_one[sizes.find(self.C[1])]:
            sizes.equate(self.A[1], ONE)
        return False


@dataclass(frozen=True, slots=True)
class LogSumExp:
    """``C = logsumexp(A)``: of a column a scalar, of a matrix a column."""

    A: Pair
    C: Pair

    def step(self, sizes: Sizes) -> bool:
        sizes.equate(self.C[1], ONE)
        if sizes.is_one(self.A[1]):
            sizes.equate(self.C[0], ONE)
            return True
        if sizes.not_one[sizes.find(self.A[1])]:
            sizes.equate(self.A[0], self.C[0])
            return True
        if sizes.not_one[sizes.find(self.C[0])]:
            sizes.set_not_one(self.A[1])
        return False


@dataclass(frozen=True, slots=True)
class Computed:
    """A dimension that is the product or the sum of others."""

    parts: tuple[int, ...]
    whole: int
    adds: bool

    @property
    def sources(self) -> tuple[int, ...]:
        return self.parts

    @property
    def outcome(self) -> tuple[int, ...]:
        return (self.whole,)

    def step(self, sizes: Sizes) -> bool:
        values = [sizes.dim(a) for a in self.parts]
        known = [v for v in values if v is not None]
        if len(known) == len(values):
            sizes.set(self.whole, (shapes.plus if self.adds else shapes.times)(*known))
            return True
        open_parts = [a for a, v in zip(self.parts, values, strict=True) if v is None]
        whole = sizes.dim(self.whole)
        if len(open_parts) == 1 and whole is not None:
            if self.adds:
                rest = whole - shapes.plus(*known)
                if rest.is_positive:
                    sizes.set(open_parts[0], rest)
                    return True
            elif all(v == 1 for v in known):
                sizes.set(open_parts[0], whole)
                return True
        if self.adds or any(sizes.not_one[sizes.find(a)] for a in self.parts):
            sizes.set_not_one(self.whole)
        return False


@dataclass(frozen=True, slots=True)
class Tried:
    """The value of a word of which only its builder knows the shape."""

    operands: tuple[Pair, ...]
    C: Pair
    shape_of: Callable[[Sequence[Shape]], Shape | None]

    @property
    def sources(self) -> tuple[int, ...]:
        return tuple(a for pair in self.operands for a in pair)

    @property
    def outcome(self) -> tuple[int, ...]:
        return self.C

    def step(self, sizes: Sizes) -> bool:
        found: list[Shape] = []
        for rows, cols in self.operands:
            n, m = sizes.dim(rows), sizes.dim(cols)
            if n is None or m is None:
                return False
            found.append(() if n == 1 and m == 1 else (n, m))
        shape = self.shape_of(found)
        if shape is not None:
            rows_cols: tuple[Dim, ...] = shape if shape else (shapes.ONE, shapes.ONE)
            sizes.set(self.C[0], rows_cols[0])
            sizes.set(self.C[1], rows_cols[1])
        return True
