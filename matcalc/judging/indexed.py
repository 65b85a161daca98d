r"""Formulas with index letters as matrix formulas: ``\sum_i W_{ji} x_i`` is ``W x``.

A value runs along axes: index letters and the rows and columns of the formula itself. It is kept as
a sum of products whose factors cover one or two axes each; letters are summed by matrix products, and
an axis that no factor covers is one of ones. Nothing with three axes is ever built: what cannot be
contracted two axes at a time has no matrix formula, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from matcalc import shapes
from matcalc.errors import MatcalcError
from matcalc.expr import Node, is_symbol, number
from matcalc.ops.algebra import add, dim_node, eye, had, mul, ones, t
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.entries import item

ROW, COL = "rows", "columns"
SLOTS = (ROW, COL)
Axis = Any  # a letter, ROW, COL, or a whole number for what is summed
Axes = tuple[Axis, ...]
MOST_TERMS = 32
_FRESH = count(1)


class NoMatrixForm(MatcalcError):
    """What needs three axes at once, or a length nobody knows."""


@dataclass(frozen=True)
class Factor:
    """A matrix with a name for its rows and one for its columns; None stands for the length 1.

    Without a node it is the identity between two axes.
    """

    node: Node | None
    axes: tuple[Axis | None, Axis | None]

    @property
    def turned(self) -> Factor:
        node = None if self.node is None else t(self.node)
        return Factor(node, (self.axes[1], self.axes[0]))

    def covers(self, axis: Axis) -> bool:
        return axis in self.axes

    def renamed(self, names: Mapping[Axis, Axis]) -> Factor:
        first, second = (names.get(a, a) if a is not None else None for a in self.axes)
        return Factor(self.node, (first, second))


@dataclass(frozen=True)
class Term:
    """A number times factors, summed over the axes in ``bound`` (with their lengths)."""

    scale: Node
    factors: tuple[Factor, ...]
    bound: Mapping[Axis, Any]

    def renamed(self, names: Mapping[Axis, Axis]) -> Term:
        bound = {names.get(a, a): n for a, n in self.bound.items()}
        return Term(self.scale, tuple(f.renamed(names) for f in self.factors), bound)


@dataclass(frozen=True)
class Indexed:
    """A sum of terms along ``axes``, each with its length (None if it is not known yet)."""

    terms: tuple[Term, ...]
    axes: Mapping[Axis, Any]

    # ------------------------------------------------------------ making

    @classmethod
    def of(cls, node: Node, rows: Axis | None = ROW, columns: Axis | None = COL) -> Indexed:
        """A node whose rows and columns run along two axes; a length of 1 is no axis."""
        if not node.shape:
            return cls((Term(node, (), {}),), {})
        pairs = [(axis, shapes.dim(n)) for axis, n in zip((rows, columns), node.shape, strict=True)]
        named = [None if shapes.is_one(n) else axis for axis, n in pairs]
        if not any(named):
            return cls((Term(item(node), (), {}),), {})
        axes = {a: n for a, (_, n) in zip(named, pairs, strict=True) if a is not None}
        return cls((Term(number(1), (Factor(node, (named[0], named[1])),), {}),), axes)

    @classmethod
    def ones(cls, axis: Axis, length: Any = None) -> Indexed:
        return cls((Term(number(1), (), {}),), {axis: length})

    @classmethod
    def identity(cls, a: Axis, b: Axis, length: Any = None) -> Indexed:
        return cls((Term(number(1), (Factor(None, (a, b)),), {}),), {a: length, b: length})

    # ------------------------------------------------------------ asking

    @property
    def letters(self) -> list[Axis]:
        return [a for a in self.axes if a not in SLOTS]

    @property
    def slots(self) -> list[Axis]:
        return [a for a in SLOTS if a in self.axes]

    def shape(self) -> tuple[Any, Any]:
        """The size of the formula itself, letters apart."""
        return self.axes.get(ROW, 1), self.axes.get(COL, 1)

    # ------------------------------------------------------------ arithmetic

    def renamed(self, names: Mapping[Axis, Axis]) -> Indexed:
        axes = {names.get(a, a): n for a, n in self.axes.items()}
        return Indexed(tuple(term.renamed(names) for term in self.terms), axes)

    def transposed(self) -> Indexed:
        return self.renamed({ROW: COL, COL: ROW})

    def scaled(self, by: Node) -> Indexed:
        return replace(self, terms=tuple(replace(x, scale=mul(by, x.scale)) for x in self.terms))

    def plus(self, other: Indexed) -> Indexed:
        return Indexed((*self.terms, *other.terms), joined(self.axes, other.axes))

    def times(self, other: Indexed) -> Indexed:
        """The product, axis by axis: what both run along is not summed."""
        mine, theirs = self.single(), other.single()
        if len(mine.terms) * len(theirs.terms) > MOST_TERMS:
            raise NoMatrixForm("it has too many terms when it is multiplied out")
        terms = []
        for a in mine.terms:
            for b in theirs.terms:
                b = b.renamed({axis: next(_FRESH) for axis in b.bound})
                bound = {**a.bound, **b.bound}
                terms.append(Term(mul(a.scale, b.scale), (*a.factors, *b.factors), bound))
        return Indexed(tuple(terms), joined(self.axes, other.axes))

    def matmul(self, other: Indexed) -> Indexed:
        """The matrix product: the columns of the first are summed against the rows of the second."""
        if COL not in self.axes or ROW not in other.axes:
            return self.times(other)
        middle = next(_FRESH)
        first, second = self.renamed({COL: middle}), other.renamed({ROW: middle})
        return first.times(second).summed(middle)

    def summed(self, axis: Axis, length: Any = None) -> Indexed:
        """The sum along an axis; ``length`` counts where nothing runs along it."""
        size = self.axes.get(axis, length)
        if len(self.terms) > 1 and len(self.axes) <= 2 and self.alike():
            return self.single().summed(axis, length)
        inner = next(_FRESH)
        terms = []
        for term in self.terms:
            renamed = term.renamed({axis: inner})
            terms.append(replace(renamed, bound={**renamed.bound, inner: size}))
        return Indexed(tuple(terms), {a: n for a, n in self.axes.items() if a != axis})

    def traced(self) -> Indexed:
        """The sum over the diagonal."""
        size = self.axes.get(ROW) or self.axes.get(COL)
        if (ROW in self.axes) != (COL in self.axes):
            raise NoMatrixForm("only a square matrix has a trace")
        joint = next(_FRESH)
        both = Indexed(tuple(x.renamed({ROW: joint, COL: joint}) for x in self.terms),
                       {**{a: n for a, n in self.axes.items() if a not in SLOTS}, joint: size})  # fmt: skip
        return both.summed(joint) if ROW in self.axes else self

    def alike(self) -> bool:
        """Whether every term runs along the same axes."""
        found = [
            {a for f in x.factors for a in f.axes if a is not None and a not in x.bound}
            for x in self.terms
        ]
        return all(f == found[0] for f in found)

    def single(self) -> Indexed:
        """One term, where the sum can be put together."""
        if len(self.terms) == 1 or len(self.axes) > 2 or None in self.axes.values():
            return self
        return self.matrix()

    def matrix(self) -> Indexed:
        """One factor that is a matrix, a column or a number."""
        first, second = self.order()
        return Indexed.of(self.node(first, second), first, second)

    def order(self) -> tuple[Axis | None, Axis | None]:
        """The axes as rows and columns: letters are rows, unless both are there."""
        if len(self.axes) > 2:
            raise NoMatrixForm("it has more than two axes")
        letters = self.letters
        if not letters:
            return (ROW if ROW in self.axes else None), (COL if COL in self.axes else None)
        rest = [*letters[1:], *self.slots]
        return letters[0], (rest[0] if rest else None)

    def each(self, f: Callable[..., Node], *others: Indexed) -> Indexed:
        """A function of numbers, applied to every one of them."""
        axes = self.axes
        for other in others:
            axes = joined(axes, other.axes)
        whole = Indexed((), axes)
        first, second = whole.order()
        nodes = [replace(x, axes=axes).node(first, second) for x in (self, *others)]
        return Indexed.of(f(*nodes), first, second)

    # ------------------------------------------------------------ nodes

    def node(self, rows: Axis | None = ROW, columns: Axis | None = COL) -> Node:
        """The matrix with these axes; a number without axes."""
        for axis in self.axes:
            if axis not in (rows, columns):
                raise NoMatrixForm("it has more than two axes")
        sizes = {a: n for a, n in self.axes.items() if n is not None}
        if not self.axes:
            return add(*(_contracted(term, sizes, (None, None)) for term in self.terms))
        if len(sizes) < len(self.axes):
            raise NoMatrixForm("how long it is does not follow")
        kept = tuple(a if a in self.axes else None for a in (rows, columns))
        parts = [_contracted(term, sizes, (kept[0], kept[1])) for term in self.terms]
        return add(*parts)


def joined(a: Mapping[Axis, Any], b: Mapping[Axis, Any]) -> dict[Axis, Any]:
    """The axes of both; two lengths of one axis must be equal."""
    found = dict(a)
    for axis, size in b.items():
        mine = found.get(axis)
        if mine is not None and size is not None and not shapes.same(mine, size):
            raise NoMatrixForm(
                f"{_said(axis)} {shapes.show_dim(mine)} in one place and "
                f"{shapes.show_dim(size)} in another"
            )
        found[axis] = size if mine is None else mine
    return found


def _said(axis: Axis) -> str:
    return f"the number of {axis} is" if axis in SLOTS else f"{axis} runs to"


# ---------------------------------------------------------------- contraction


def _contracted(
    term: Term, sizes: Mapping[Axis, Any], out: tuple[Axis | None, Axis | None]
) -> Node:
    """One term as a matrix with the axes ``out``."""
    lengths = {**term.bound, **sizes}
    factors, bound = _without_identities(list(term.factors), dict(term.bound), lengths)
    scale = term.scale
    while bound:
        factors = _merged([_diagonal(f, bound) for f in factors])
        axis = min(bound, key=lambda a: _difficulty(factors, a, bound))
        del bound[axis]
        found = [f for f in factors if f.covers(axis)]
        rest = [f for f in factors if not f.covers(axis)]
        if not found:
            length = lengths[axis]
            if length is None:
                raise NoMatrixForm("how long a column of ones is does not follow")
            scale = mul(dim_node(length), scale)
        else:
            alone = {a for a in bound if not any(f.covers(a) for f in rest)}
            new, done = _eliminated(axis, found, alone, out)
            for other in done:
                del bound[other]
            if new.axes == (None, None):
                scale = mul(scale, new.node)
            else:
                rest.append(new)
        factors = rest
    return mul(scale, _assembled(_merged([_diagonal(f, {}) for f in factors]), lengths, out))


def _without_identities(
    factors: list[Factor], bound: dict[Axis, Any], lengths: dict[Axis, Any]
) -> tuple[list[Factor], dict[Axis, Any]]:
    """An identity whose one axis is summed gives its other name to that axis."""
    while True:
        found = next(
            (f for f in factors if f.node is None and any(a in bound for a in f.axes)), None
        )
        if found is None:
            break
        factors.remove(found)
        a, b = found.axes
        if a == b:
            continue
        gone, kept = (a, b) if a in bound else (b, a)
        length = bound.pop(gone)
        if lengths.get(kept) is None:
            lengths[kept] = length
            if kept in bound:
                bound[kept] = length
        factors = [f.renamed({gone: kept}) for f in factors]
    made = []
    for f in factors:
        if f.node is None and f.axes[0] != f.axes[1]:
            length = lengths.get(f.axes[0]) or lengths.get(f.axes[1])
            f = Factor(eye(length), f.axes)
        if f.node is not None:
            made.append(f)
    return made, bound


def _diagonal(f: Factor, bound: Mapping[Axis, Any]) -> Factor:
    """``A_{ii}`` is a column; its sum is taken as a trace."""
    a, b = f.axes
    if a is None and b is not None:
        return f.turned
    if a is None or a != b:
        return f
    return Factor(FUNCTIONS["diag"](f.node), (a, None))


def _merged(factors: list[Factor]) -> list[Factor]:
    """Matrices along the same two axes are multiplied entry by entry."""
    made: list[Factor] = []
    for f in factors:
        if None in f.axes:
            made.append(f)
            continue
        same = next((m for m in made if set(m.axes) == set(f.axes)), None)
        if same is None:
            made.append(f)
            continue
        made.remove(same)
        other = f if f.axes == same.axes else f.turned
        assert same.node is not None and other.node is not None, "identities are gone"
        made.append(Factor(had(same.node, other.node), same.axes))
    return made


def _difficulty(
    factors: Sequence[Factor], axis: Axis, bound: Mapping[Axis, Any]
) -> tuple[int, int]:
    """How many matrices meet along an axis, and how much is left open by summing it first."""
    found = [f for f in factors if f.covers(axis)]
    matrices = sum(None not in f.axes for f in found)
    open_ = sum(a is not None and a != axis and a not in bound for f in found for a in f.axes)
    return (matrices if matrices > 2 else 0, open_)


def _eliminated(
    axis: Axis, found: list[Factor], alone: set[Axis], out: tuple[Axis | None, Axis | None]
) -> tuple[Factor, list[Axis]]:
    """The sum along an axis of what runs along it, and other axes that were summed with it.

    ``alone`` are axes that are summed and that nothing else runs along.
    """
    vectors = [f.node for f in found if None in f.axes and f.node is not None]
    matrices = [f for f in found if None not in f.axes]
    if not matrices:
        if len(vectors) == 2 and all(is_symbol(v) for v in vectors):
            return Factor(FUNCTIONS["dot"](*vectors), (None, None)), []
        total = had(*vectors) if len(vectors) > 1 else vectors[0]
        return Factor(FUNCTIONS["sum"](total), (None, None)), []
    weight = None if not vectors else vectors[0] if len(vectors) == 1 else had(*vectors)
    if len(matrices) == 1:
        return _summed_out(axis, matrices[0], weight, alone)
    if len(matrices) > 2:
        raise NoMatrixForm("three matrices meet in one index")
    left, right = (f if f.axes[0] == axis else f.turned for f in matrices)
    if right.axes[1] == out[0] or left.axes[1] == out[1]:
        left, right = right, left
    assert left.node is not None and right.node is not None, "identities are gone"
    inner = right.node if weight is None else mul(FUNCTIONS["diag"](weight), right.node)
    return Factor(mul(t(left.node), inner), (left.axes[1], right.axes[1])), []


def _summed_out(
    axis: Axis, one: Factor, weight: Node | None, alone: set[Axis]
) -> tuple[Factor, list[Axis]]:
    """One matrix summed along an axis, each row or column times its weight."""
    node, down = one.node, one.axes[0] == axis
    other = one.axes[1] if down else one.axes[0]
    assert node is not None, "identities are gone"
    if weight is not None:
        return Factor(mul(t(node) if down else node, weight), (other, None)), []
    if other in alone:
        return Factor(FUNCTIONS["sum"](node), (None, None)), [other]
    total = t(FUNCTIONS["colsum"](node)) if down else FUNCTIONS["rowsum"](node)
    return Factor(total, (other, None)), []


def _assembled(
    factors: list[Factor], lengths: Mapping[Axis, Any], out: tuple[Axis | None, Axis | None]
) -> Node:
    """What is left, laid out along the two axes of the result."""
    rows, columns = out
    whole = [f if f.axes == out else f.turned for f in factors if None not in f.axes]
    thin = [f for f in factors if None in f.axes]
    down = [f.node for f in thin if rows is not None and f.covers(rows)]
    across = [f.node for f in thin if rows is None or not f.covers(rows)]
    u = None if not down else down[0] if len(down) == 1 else had(*down)
    v = None if not across else across[0] if len(across) == 1 else had(*across)
    if rows is None and columns is None:
        return number(1)
    if len(whole) > 1 or any(f.axes != out for f in whole):
        raise NoMatrixForm("it has more than two axes")
    if whole:
        found = whole[0].node
        assert found is not None, "identities are gone"
        found = found if u is None else mul(FUNCTIONS["diag"](u), found)
        return found if v is None else mul(found, FUNCTIONS["diag"](v))
    if columns is None:
        return ones(lengths[rows], 1) if u is None else u
    if rows is None:
        return ones(1, lengths[columns]) if v is None else t(v)
    left = ones(lengths[rows], 1) if u is None else u
    right = ones(lengths[columns], 1) if v is None else v
    return mul(left, t(right))


__all__ = ["COL", "ROW", "SLOTS", "Factor", "Indexed", "NoMatrixForm", "Term", "joined"]
