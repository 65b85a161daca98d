"""Unknown dimensions: what is known about each, and how two become one.

An unknown is a number into lists. It may get a *value* (a dimension as in ``matcalc.shapes``), be
known to *not be one*, or be *wanted* not to be one, which is mere evidence. Equating two unknowns
joins them. Whoever waits for news of an unknown is woken when something becomes known about it.
Everything is kept on a trail, so that a guess can be taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import sympy as sp

from matcalc import shapes
from matcalc.errors import ShapeError
from matcalc.shapes import Dim

Pair = tuple[int, int]  # the unknowns for rows and columns

ONE = 0  # the unknown whose value is 1
SCALAR: Pair = (ONE, ONE)

# Degrees of evidence: stands beside a vector; is used as a vector; surely has two dimensions.
WEAK, VECTOR, FULL = 1, 2, 3

# A dimension is multiplied out to compare it; this many terms and bits are still quick.
MAX_TERMS, MAX_BITS = 500, 2000


class Clash(Exception):
    """Two things that are known contradict each other. Never leaves the inference."""


class Constraint(Protocol):
    """Something that must hold between unknowns: says what follows, and whether all is said."""

    def step(self, sizes: Sizes) -> bool: ...


class Sizes:
    """All unknown dimensions of a program."""

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.value: list[Dim | None] = []
        self.not_one: list[bool] = []
        self.wanted: list[int] = []
        self.waiting: list[list[Constraint]] = []
        self.weight: list[int] = []  # unknowns joined and constraints waiting: the light side moves
        self.trail: list[Callable[[], object]] = []
        self.queue: deque[Constraint] = deque()  # first come first: operands before results
        self.queued: set[int] = set()  # by identity, like those that have said all
        self.finished: set[int] = set()
        self.guessing = False
        self.rigid(shapes.ONE)

    # -- making and asking ------------------------------------------------------------------------

    def unknown(self, value: Dim | None = None) -> int:
        self.parent.append(len(self.parent))
        self.value.append(value)
        self.not_one.append(value is not None and value != 1)
        self.wanted.append(0)
        self.waiting.append([])
        self.weight.append(1)
        return len(self.parent) - 1

    def rigid(self, value: Dim) -> int:
        return ONE if value == 1 and self.parent else self.unknown(modest(value))

    def pair(self) -> Pair:
        return self.unknown(), self.unknown()

    def find(self, a: int) -> int:
        while self.parent[a] != a:
            a = self.parent[a]
        return a

    def dim(self, a: int) -> Dim | None:
        return self.value[self.find(a)]

    def is_one(self, a: int) -> bool:
        return a == ONE or self.value[self.find(a)] is shapes.ONE  # sympy has one 1 only

    def is_scalar(self, pair: Pair) -> bool:
        return self.is_one(pair[0]) and self.is_one(pair[1])

    def is_matrix(self, pair: Pair) -> bool:
        """Known not to be 1 x 1: a vector or a matrix."""
        return self.not_one[self.find(pair[0])] or self.not_one[self.find(pair[1])]

    def is_open(self, pair: Pair) -> bool:
        return not self.is_scalar(pair) and not self.is_matrix(pair)

    def differ(self, a: int, b: int) -> bool:
        """Whether two unknowns are known to be different."""
        a, b = self.find(a), self.find(b)
        x, y = self.value[a], self.value[b]
        if x is not None and y is not None:
            return not shapes.same(x, y)
        return (x == 1 and self.not_one[b]) or (y == 1 and self.not_one[a])

    def pairs_differ(self, a: Pair, b: Pair) -> bool:
        return self.differ(a[0], b[0]) or self.differ(a[1], b[1])

    # -- learning ---------------------------------------------------------------------------------

    def set(self, a: int, value: Dim) -> None:
        a = self.find(a)
        known = self.value[a]
        if known is not None:
            if not shapes.same(known, value):
                raise Clash
            return
        if value == 1 and self.not_one[a]:
            raise Clash
        self.value[a] = modest(value)
        self.record(lambda: self.value.__setitem__(a, None))
        if value != 1:
            self.set_not_one(a, wake=False)
        self.wake(self.waiting[a])

    def set_not_one(self, a: int, wake: bool = True) -> None:
        a = self.find(a)
        if self.not_one[a]:
            return
        if self.value[a] == 1:
            raise Clash
        self.not_one[a] = True
        self.record(lambda: self.not_one.__setitem__(a, False))
        if wake:
            self.wake(self.waiting[a])

    def want(self, pair: Pair, degree: int) -> None:
        """Evidence about what nobody has stated; the highest degree counts."""
        for a in map(self.find, pair):
            before = self.wanted[a]
            if self.value[a] is None and before < degree:
                self.wanted[a] = degree
                if self.guessing:
                    self.trail.append(lambda a=a, w=before: self.wanted.__setitem__(a, w))  # type: ignore[misc]

    def degree(self, pair: Pair) -> int:
        return max(self.wanted[self.find(a)] for a in pair)

    def equate(self, a: int, b: int) -> None:
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        for known, other in ((a, b), (b, a)):
            value = self.value[known]
            if value is not None:
                self.set(other, value)
                return
        if self.weight[a] > self.weight[b]:
            a, b = b, a
        self._join(a, b)

    def _join(self, a: int, b: int) -> None:
        """``a`` becomes ``b``; neither has a value."""
        # Only those who learn something new are woken, so that a long chain stays linear.
        if self.not_one[a] != self.not_one[b]:
            self.wake(self.waiting[b] if self.not_one[a] else self.waiting[a])
        before, waited = (self.not_one[b], self.wanted[b]), len(self.waiting[b])

        def undo() -> None:
            self.parent[a] = a
            self.not_one[b], self.wanted[b] = before
            self.weight[b] -= self.weight[a]
            del self.waiting[b][waited:]

        self.parent[a] = b
        self.not_one[b] = self.not_one[a] or self.not_one[b]
        self.wanted[b] = max(self.wanted[a], self.wanted[b])
        self.waiting[b].extend(self.waiting[a])
        self.weight[b] += self.weight[a]
        self.record(undo)

    def equal(self, a: Pair, b: Pair) -> None:
        self.equate(a[0], b[0])
        self.equate(a[1], b[1])

    # -- constraints ------------------------------------------------------------------------------

    def post(self, constraint: Constraint, *unknowns: int) -> None:
        """Let a constraint say what follows now, and again when one of its unknowns has news."""
        if not self.settled(constraint):
            for a in {self.find(a) for a in unknowns}:
                if self.value[a] is None:
                    self.waiting[a].append(constraint)
                    self.weight[a] += 1

    def settled(self, constraint: Constraint) -> bool:
        try:
            return constraint.step(self)
        except Clash:
            return True  # stated facts contradict: the nodes will say so, with operands and shapes

    def wake(self, constraints: list[Constraint]) -> None:
        for constraint in constraints:
            if id(constraint) not in self.queued and id(constraint) not in self.finished:
                self.queued.add(id(constraint))
                self.queue.append(constraint)

    def run(self) -> None:
        """Follow all news; while guessing, a contradiction is raised instead of being left."""
        while self.queue:
            constraint = self.queue.popleft()
            self.queued.discard(id(constraint))
            if constraint.step(self) if self.guessing else self.settled(constraint):
                self.finished.add(id(constraint))
                self.record(lambda c=constraint: self.finished.discard(id(c)))  # type: ignore[misc]

    def record(self, undo: Callable[[], object]) -> None:
        if self.guessing:
            self.trail.append(undo)

    def guess(self, assertion: Callable[[], None]) -> bool:
        """Make an assertion with all that follows; if it contradicts, take it all back."""
        self.run()
        self.guessing = True
        try:
            assertion()
            self.run()
        except Clash:
            self.queue.clear()
            self.queued.clear()
            while self.trail:
                self.trail.pop()()
            return False
        finally:
            self.guessing = False
            self.trail.clear()
        return True


def modest(value: Dim) -> Dim:
    """A dimension small enough to compare; products of long sums would explode."""
    if value.is_Atom:
        too_large = value.is_Integer and value.p.bit_length() > MAX_BITS
    else:
        too_large = _terms(value) > MAX_TERMS or any(
            n.p.bit_length() > MAX_BITS for n in value.atoms(sp.Rational)
        )
    if too_large:
        raise ShapeError("a dimension in this text is too large to compare with others")
    return value


def _terms(value: Any) -> int:
    """How many terms a dimension has when it is multiplied out, at most."""
    if value.is_Add:
        return sum(map(_terms, value.args))
    if value.is_Mul:
        count = 1
        for factor in value.args:
            count = min(count * _terms(factor), MAX_TERMS + 1)
        return count
    if value.is_Pow:
        inner = _terms(value.base)
        exponent = value.exp
        if inner == 1:
            return 1
        if not exponent.is_Integer or exponent < 0:
            return 1
        return MAX_TERMS + 1 if exponent > 20 else min(inner ** int(exponent), MAX_TERMS + 1)
    return 1
