r"""What a flat list of factors can mean.

The matrix product binds tighter than the entrywise one, or both rank alike from left to right:
that is how such lines are meant. Any other grouping needs a bracket the author left out, and says
so. Signs with several meanings (``\cdot``, ``*``) are read in all ways that fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from matcalc.judging import values as v
from matcalc.judging.values import Misfit, Value, distinct, merged, show

ENTRYWISE = frozenset({".*", r"\odot", r"\circ", r"\bullet", r"\boxdot", r"\star", r"\circledast"})
OPEN = frozenset({r"\cdot", "*", r"\ast"})
MATRIX = frozenset({"", r"\times", "@"})
MOST = 24


class Signs:
    """How the page uses its product signs."""

    def __init__(self, entrywise: set[str], matrix: set[str], left_to_right: bool) -> None:
        self.entrywise, self.matrix, self.left_to_right = entrywise, matrix, left_to_right

    def is_entrywise(self, sign: str) -> bool:
        return (sign in ENTRYWISE and sign not in self.matrix) or (
            (sign in OPEN or sign == r"\otimes") and sign in self.entrywise
        )

    def readings(self, sign: str) -> tuple[str, ...]:
        """The operations a sign can stand for."""
        if self.is_entrywise(sign):
            return ("entrywise",)
        if sign == r"\otimes":
            return ("kron",)
        if sign in ("/", r"\div"):
            return ("divide",)
        if sign in ("./", r"\oslash"):
            return ("divide entrywise",)
        if sign in OPEN and sign not in self.matrix:
            return ("matrix", "dot", "maybe entrywise")
        if sign == r"\cdot":
            return ("matrix", "dot")
        return ("matrix",)


def combine(operation: str, a: Value, b: Value) -> Value:
    """One operation on two values; Misfit if the shapes do not fit."""
    tags = merged(a, b)
    x, y = a.array, b.array
    if operation in ("divide", "divide entrywise"):
        over_each = operation == "divide entrywise" and a.is_scalar
        if b.is_scalar or over_each or a.shape == b.shape:
            return Value(x / y, tags, a.literal and b.literal)
        raise Misfit(f"{show(a.shape)} divided by {show(b.shape)}")
    if operation == "kron":
        rows, cols = a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]
        big = np.einsum("...ij,...kl->...ikjl", x, y)
        return Value(big.reshape((*big.shape[:-4], rows, cols)), tags)
    if a.is_scalar or b.is_scalar:
        return Value(x * y, tags, a.literal and b.literal)
    if operation == "matrix":
        if a.shape[1] != b.shape[0]:
            raise Misfit(f"the product of {show(a.shape)} and {show(b.shape)} does not exist")
        return Value(x @ y, tags)
    if operation == "dot":
        if a.shape == b.shape and 1 in a.shape:
            return Value(np.sum(x * y, axis=(-2, -1), keepdims=True), tags)
        raise Misfit(f"no dot product of {show(a.shape)} and {show(b.shape)}")
    if a.shape != b.shape:
        raise Misfit(f"the entrywise product of {show(a.shape)} and {show(b.shape)} does not exist")
    if operation == "maybe entrywise":
        tags = tags | {v.DOT_ENTRYWISE}
    return Value(x * y, tags)


def multiply(
    factors: Sequence[Sequence[Value]], operators: Sequence[str], signs: Signs
) -> list[Value]:
    """All values the product can have; Misfit if there is none."""
    found: list[Value] = []
    problem: Misfit | None = None
    for choice in _choices(factors):
        try:
            found += _readings(choice, list(operators), signs)
        except Misfit as misfit:
            problem = problem or misfit
    if not found:
        raise problem or Misfit("the factors do not fit")
    return distinct(found, MOST)


def _choices(factors: Sequence[Sequence[Value]]) -> list[list[Value]]:
    choices: list[list[Value]] = [[]]
    for options in factors:
        choices = [[*c, o] for c in choices for o in options][:MOST]
    return choices


def _readings(factors: list[Value], operators: list[str], signs: Signs) -> list[Value]:
    factors, operators, scale = _without_scalars(factors, operators)
    if not factors:
        assert scale is not None, "a product has factors"
        return [scale]
    found: list[Value] = []
    problems: list[Misfit] = []
    ways = [_tight, _equal, _loose] if any(map(signs.is_entrywise, operators)) else [_equal]
    if signs.left_to_right and len(ways) == 3:
        ways = [_equal]
    elif r"\otimes" in operators and len(ways) == 1:
        ways = [_beside_first, _equal]
    for way in ways:
        try:
            values = way(factors, operators, signs)
        except Misfit as misfit:
            problems.append(misfit)
            continue
        if way is _loose:
            values = [replace(w, tags=w.tags | {v.FIRST_ENTRYWISE}) for w in values]
        found += values
    if not found:
        raise problems[0]
    if scale is not None:
        found = [combine("matrix", scale, w) for w in found]
    return found


def _without_scalars(
    factors: list[Value], operators: list[str]
) -> tuple[list[Value], list[str], Value | None]:
    """Numbers move in front; what divides stays where it is."""
    dividing = [False, *(op in ("/", r"\div", "./", r"\oslash") for op in operators)]
    scale: Value | None = None
    kept: list[Value] = []
    signs: list[str] = []
    pending = ""
    for place, factor in enumerate(factors):
        sign = operators[place - 1] if place else ""
        movable = factor.is_scalar and sign != r"\otimes"
        if movable:
            one = (
                Value(1 / factor.array, factor.tags, factor.literal) if dividing[place] else factor
            )
            scale = one if scale is None else combine("matrix", scale, one)
            # a \odot 3 B: the stronger of the two signs around a number stays.
            pending = pending or (sign if sign in ENTRYWISE else "")
            continue
        if kept:
            signs.append(sign if sign or not pending else pending)
        elif dividing[place]:
            kept.append(scale or v.number(1.0))
            scale = None
            signs.append(sign)
        kept.append(factor)
        pending = ""
    return kept, signs, scale


def _equal(factors: list[Value], operators: list[str], signs: Signs) -> list[Value]:
    """Every sign of one rank, from left to right; chains of matrix products in any grouping."""
    if not any(map(signs.is_entrywise, operators)):
        return _chain(factors, operators, signs)
    values = [factors[0]]
    for operator, factor in zip(operators, factors[1:], strict=True):
        values = _pairs(values, operator, [factor], signs)
    return values


def _tight(factors: list[Value], operators: list[str], signs: Signs) -> list[Value]:
    """Matrix products first, then the entrywise ones."""
    return _split(factors, operators, signs, signs.is_entrywise)


def _beside_first(factors: list[Value], operators: list[str], signs: Signs) -> list[Value]:
    r"""``A C \otimes B D``: what stands side by side first."""
    return _split(factors, operators, signs, lambda sign: sign == r"\otimes")


def _split(
    factors: list[Value], operators: list[str], signs: Signs, splits: Callable[[str], bool]
) -> list[Value]:
    """The runs between some signs first, then these signs from left to right."""
    runs, between = _runs(factors, operators, splits)
    values = _chain(runs[0][0], runs[0][1], signs)
    for operator, run in zip(between, runs[1:], strict=True):
        values = _pairs(values, operator, _chain(run[0], run[1], signs), signs)
    return values


def _loose(factors: list[Value], operators: list[str], signs: Signs) -> list[Value]:
    """Any grouping, as if brackets were written."""
    if len(factors) > 7:
        raise Misfit("the factors do not fit")
    found = _grouped(factors, operators, signs)
    if not found:
        raise Misfit("the factors do not fit")
    return found


def _runs(
    factors: list[Value], operators: list[str], splits: Callable[[str], bool]
) -> tuple[list[tuple[list[Value], list[str]]], list[str]]:
    runs: list[tuple[list[Value], list[str]]] = [([factors[0]], [])]
    between: list[str] = []
    for operator, factor in zip(operators, factors[1:], strict=True):
        if splits(operator):
            between.append(operator)
            runs.append(([factor], []))
        else:
            runs[-1][0].append(factor)
            runs[-1][1].append(operator)
    return runs, between


def _pairs(
    left: Sequence[Value], operator: str, right: Sequence[Value], signs: Signs
) -> list[Value]:
    found: list[Value] = []
    problem: Misfit | None = None
    for a in left:
        for b in right:
            for operation in signs.readings(operator):
                try:
                    found.append(combine(operation, a, b))
                except Misfit as misfit:
                    problem = problem or misfit
    if not found:
        raise problem or Misfit("the factors do not fit")
    return distinct(found, MOST)


def _chain(factors: list[Value], operators: list[str], signs: Signs) -> list[Value]:
    """Products of one rank in every grouping that fits: matrix products are associative, but
    ``A x' y`` only exists as ``A (x' y)``."""
    if len(factors) == 1:
        return list(factors)
    try:
        values: list[Value] = [factors[0]]
        for operator, factor in zip(operators, factors[1:], strict=True):
            values = _pairs(values, operator, [factor], signs)
    except Misfit as misfit:
        if len(factors) > 7 or r"\otimes" in operators:
            raise
        grouped = _grouped(factors, operators, signs)
        if not grouped:
            raise misfit
        return grouped
    if len(values) == 1 and not any(op in OPEN for op in operators):
        return values
    return distinct([*values, *_grouped(factors, operators, signs)][:64], MOST)


def _grouped(factors: list[Value], operators: list[str], signs: Signs) -> list[Value]:
    count = len(factors)
    table: dict[tuple[int, int], list[Value]] = {(i, i): [f] for i, f in enumerate(factors)}
    for width in range(1, count):
        for start in range(count - width):
            found: list[Value] = []
            for middle in range(start, start + width):
                left, right = table[start, middle], table[middle + 1, start + width]
                if left and right:
                    try:
                        found += _pairs(left, operators[middle], right, signs)
                    except Misfit:
                        continue
            table[start, start + width] = distinct(found, 6)
    return table[0, count - 1]
