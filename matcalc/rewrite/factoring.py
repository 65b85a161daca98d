"""Sums of terms that are one product multiplied out: (A + B)(C + D).

A term is a word of matrices with a coefficient. Cut somewhere, it has a left and a right part; the
terms of a product of two sums are all their left parts before all their right parts, with
coefficients that fit. Sums of rows and columns are written with their ones for this, and a
dimension as 1'1, so that ``X'X - X'1 m' - m 1'X + n m m'`` is ``(X' - m 1')(X - 1 m')``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matcalc.expr import Node, as_number, is_number, read
from matcalc.ops.algebra import ONES, ones
from matcalc.rewrite.opening import with_ones
from matcalc.rewrite.polynomial import Term, powers

FEWEST, MOST = 4, 12  # terms
LONGEST = 8  # matrices in a term

Word = tuple[bytes, ...]


def products_of_sums(terms: Sequence[Term]) -> Iterator[tuple[list[Term], list[Term], list[Term]]]:
    """The terms of two brackets whose product some of the terms are, and the other terms."""
    if not FEWEST <= len(terms) <= MOST:
        return
    opened = _opened(terms)
    at = {_word(t.matrices): t for t in opened}
    if len(at) < len(terms) or max(map(len, at)) > LONGEST:
        return
    seen: set[frozenset[int]] = set()
    for t in opened:
        for k in range(1, len(t.matrices)):
            found = _brackets(t, k, opened, at)
            if found is None:
                continue
            left, right, used = found
            key = frozenset(map(id, used))
            if key not in seen:
                seen.add(key)
                rest = [old for old, new in zip(terms, opened, strict=True) if id(new) not in key]
                yield left, right, rest


def _brackets(
    t: Term, k: int, terms: Sequence[Term], at: dict[Word, Term]
) -> tuple[list[Term], list[Term], list[Term]] | None:
    """The two brackets that hold the two parts of one term."""
    before, after = _word(t.matrices[:k]), _word(t.matrices[k:])
    lefts = [a for a in terms if len(a.matrices) > len(after) and _ends(a, after)]
    rights = [b for b in terms if len(b.matrices) > k and _starts(b, before)]
    rights = [
        b for b in rights if all(_fits(at, a, b, t, len(a.matrices) - len(after), k) for a in lefts)
    ]
    if len(lefts) < 2 or len(rights) < 2:
        return None
    left = [_over(a, t, a.matrices[: len(a.matrices) - len(after)]) for a in lefts]
    right = [Term(b.number, b.scalars, b.matrices[k:]) for b in rights]
    used = {_word(a.matrices) + _word(b.matrices) for a in left for b in right}
    if len(used) < len(left) * len(right):
        return None
    return left, right, [at[word] for word in used]


def _fits(at: dict[Word, Term], a: Term, b: Term, t: Term, size: int, k: int) -> bool:
    """Whether the left part of a before the right part of b is a term, with the coefficient that
    a, b and t leave open."""
    found = at.get(_word(a.matrices[:size]) + _word(b.matrices[k:]))
    if found is None:
        return False
    one = powers(Term(found.number * t.number, found.scalars + t.scalars, ()))
    other = powers(Term(a.number * b.number, a.scalars + b.scalars, ()))
    return one.number == other.number and one.key == other.key


def _over(a: Term, t: Term, matrices: tuple[Node, ...]) -> Term:
    """The coefficient of a over that of t, before some matrices."""
    below = tuple((base, -exponent) for base, exponent in t.scalars)
    return powers(Term(a.number / t.number, a.scalars + below, matrices))


def _word(matrices: Sequence[Node]) -> Word:
    return tuple(m.content for m in matrices)


def _starts(term: Term, word: Word) -> bool:
    return _word(term.matrices[: len(word)]) == word


def _ends(term: Term, word: Word) -> bool:
    return _word(term.matrices[-len(word) :]) == word


# -- ones put back
# --------------------------------------------------------------------------------------


def _opened(terms: Sequence[Term]) -> list[Term]:
    """Every sum of rows or columns with its ones; where there are such, an outer product that is
    counted n times with 1'1 in between."""
    opened = [Term(t.number, t.scalars, with_ones(t.matrices)) for t in terms]
    sizes = {
        max(m.shape, key=lambda size: size != 1)
        for t in opened
        for m in t.matrices
        if m.op is ONES and 1 in m.shape
    }
    return [_counted(t, sizes) for t in opened]


def _counted(term: Term, sizes: set[object]) -> Term:
    cut = next((k for k, m in enumerate(term.matrices) if k and m.shape[0] == 1), 0)
    if not cut:
        return term
    for size in sizes:
        n = read(size)
        ms = (*term.matrices[:cut], ones(1, size), ones(size, 1), *term.matrices[cut:])
        if is_number(n):
            if as_number(n) != 1 and (term.number / as_number(n)).is_Integer:
                return Term(term.number / as_number(n), term.scalars, ms)
            continue
        for k, (base, exponent) in enumerate(term.scalars):
            if base is n and exponent >= 1:
                left = ((base, exponent - 1),) if exponent > 1 else ()
                scalars = (*term.scalars[:k], *left, *term.scalars[k + 1 :])
                return Term(term.number, scalars, ms)
    return term
