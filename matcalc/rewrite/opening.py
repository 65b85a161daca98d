"""Terms in which common factors are hidden: inner products that have become one scalar, and sums of
rows or columns that were products with ones.

``x'Sx - x'Sm - m'Sx + m'Sm`` is four scalars; as chains of factors it is ``(x - m)'S(x - m)``. In
``colsum(W)'1' - W'A`` the factor ``W'`` is found again in ``W'(1 1' - A)``.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.expr import Node
from matcalc.ops.algebra import PRODUCT, TRANSPOSE, ones
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import split
from matcalc.rewrite.polynomial import Term


def opened_inner_products(terms: Sequence[Term]) -> tuple[list[Term], list[Term]]:
    """The terms that are a chain from a row to a column, as such, and the others. A product that is
    counted twice between two squares is split."""
    found = [(t, _chain(t)) for t in terms]
    rest = [t for t, chain in found if chain is None]
    chains = [chain for _, chain in found if chain is not None]
    squares = {t.matrices[-1].content for t in chains if _is_square(t)}
    out: list[Term] = []
    for t in chains:
        flipped = tuple(flip(m) for m in reversed(t.matrices))
        ends = {t.matrices[-1].content, flipped[-1].content}
        if (
            not _is_square(t)
            and t.number % 2 == 0
            and ends <= squares
            and _middle_alike(t, flipped)
        ):
            half = t.number / 2
            out += [Term(half, t.scalars, t.matrices), Term(half, t.scalars, flipped)]
        else:
            out.append(t)
    return out, rest


def _chain(term: Term) -> Term | None:
    """A term with its one inner product as matrices, read in the direction with fewer transposes."""
    inner = [
        k
        for k, (base, exponent) in enumerate(term.scalars)
        if base.op is PRODUCT and exponent == 1 and base.operands[-1].shape
    ]
    if len(inner) != 1 or term.matrices:
        return None
    own, ms = split(term.scalars[inner[0]][0])
    if own or len(ms) < 2:
        return None
    rest = (*term.scalars[: inner[0]], *term.scalars[inner[0] + 1 :])
    flipped = [flip(m) for m in reversed(ms)]
    plain = flipped if sum(map(cost, flipped)) < sum(map(cost, ms)) else ms
    return Term(term.number, rest, tuple(plain))


def _is_square(term: Term) -> bool:
    """u'Mu: the ends are one column."""
    return flip(term.matrices[0]).content == term.matrices[-1].content


def _middle_alike(term: Term, flipped: tuple[Node, ...]) -> bool:
    return [m.content for m in term.matrices[1:-1]] == [m.content for m in flipped[1:-1]]


def opened_sums(terms: Sequence[Term]) -> list[Term] | None:
    """Sums of rows and columns as products with ones, where a factor then stands in another term
    too."""
    opened = [Term(t.number, t.scalars, with_ones(t.matrices)) for t in terms]
    changed = [
        new is not old and new.matrices != old.matrices
        for new, old in zip(opened, terms, strict=True)
    ]
    if not any(changed):
        return None
    for end in (0, -1):
        others = {
            t.matrices[end].content
            for t, new in zip(opened, changed, strict=True)
            if t.matrices and not new
        }
        if any(
            t.matrices[end].content in others for t, new in zip(opened, changed, strict=True) if new
        ):
            return opened
    return None


def with_ones(matrices: tuple[Node, ...]) -> tuple[Node, ...]:
    """The factors with every sum of rows or columns written as a product with ones."""
    out: list[Node] = []
    for m in matrices:
        inside, turned = (m.operands[0], True) if m.op is TRANSPOSE else (m, False)
        if inside.op.name not in ("rowsum", "colsum"):
            out.append(m)
            continue
        A = inside.operands[0]
        factors = (
            [*_factors(A), ones(A.shape[1], 1)]
            if inside.op.name == "rowsum"
            else [ones(1, A.shape[0]), *_factors(A)]
        )
        out += [flip(f) for f in reversed(factors)] if turned else factors
    return tuple(out)


def _factors(A: Node) -> list[Node]:
    return list(A.operands) if A.op is PRODUCT and all(f.shape for f in A.operands) else [A]
