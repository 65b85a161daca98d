"""Terms in which common factors are hidden: inner products that have become one scalar, and sums of
rows or columns that were products with ones.

``x'Sx - x'Sm - m'Sx + m'Sm`` is four scalars; as chains of factors it is ``(x - m)'S(x - m)``. A
vector times an inner product is a chain, too: ``(u'x) v = v u'x``. In
``colsum(W)'1' - W'A`` the factor ``W'`` is found again in ``W'(1 1' - A)``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod

from matcalc.expr import Node, symbols
from matcalc.ops.algebra import HADAMARD, ONES, PRODUCT, TRANSPOSE, had, ones
from matcalc.rewrite.cost import cost
from matcalc.rewrite.flip import flip
from matcalc.rewrite.law import make_op, split
from matcalc.rewrite.polynomial import Term, of_one_sign


def opened_inner_products(terms: Sequence[Term]) -> tuple[list[Term], list[Term]]:
    """The terms that are a chain from a row to a column, as such, and the others. A product that is
    counted twice between two squares is split."""
    found = [(t, _chain(t)) for t in terms]
    rest = [t for t, chain in found if chain is None]
    chains = _turned_alike([chain for _, chain in found if chain is not None])
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


def _turned_alike(chains: list[Term]) -> list[Term]:
    """Every chain read in the direction with fewer transposes, or else so that it ends as most
    do."""
    both = [(t.matrices, tuple(flip(m) for m in reversed(t.matrices))) for t in chains]
    ends = Counter(end for pair in both for end in {ms[-1].content for ms in pair})

    def reads(ms: tuple[Node, ...]) -> tuple[int, int]:
        return sum(map(cost, ms)), -ends[ms[-1].content]

    return [
        Term(t.number, t.scalars, min(pair, key=reads))
        for t, pair in zip(chains, both, strict=True)
    ]


def _chain(term: Term) -> Term | None:
    """A term with its one inner product as matrices."""
    inner = _inner_products(term)
    if len(inner) != 1 or term.matrices:
        return None
    _, ms = split(term.scalars[inner[0]][0])
    rest = (*term.scalars[: inner[0]], *term.scalars[inner[0] + 1 :])
    return Term(term.number, rest, tuple(ms))


def _is_square(term: Term) -> bool:
    """u'Mu: the ends are one column."""
    return flip(term.matrices[0]).content == term.matrices[-1].content


def _middle_alike(term: Term, flipped: tuple[Node, ...]) -> bool:
    return [m.content for m in term.matrices[1:-1]] == [m.content for m in flipped[1:-1]]


def opened_scalars(terms: Sequence[Term]) -> list[Term] | None:
    """Vectors times an inner product as chains, where these then end as another term does:
    ``X'r - (r'Xv) v`` as ``X'r - v v'X'r``."""
    plain = [t.matrices for t in terms if t.matrices and not _inner_products(t)]
    found = [_spelled_out(t, plain) for t in terms]
    if all(new is old for new, old in zip(found, terms, strict=True)):
        return None
    return found


def opened_scalings(terms: Sequence[Term]) -> list[Term] | None:
    """Columns multiplied entry by entry as a diagonal matrix before one of them, where another
    matrix stands before it elsewhere: ``d .* x - A x`` as ``diag(d) x - A x``. Not where d changes
    with x: a derivative would have to pick that diagonal apart again."""
    found = [_scaled(t, terms) for t in terms]
    if all(new is old for new, old in zip(found, terms, strict=True)):
        return None
    return found


def _scaled(term: Term, terms: Sequence[Term]) -> Term:
    last = term.matrices[-1] if term.matrices else None
    if last is None or last.op is not HADAMARD or last.shape[1] != 1:
        return term
    before = [m.content for m in term.matrices[:-1]]
    ends = {
        t.matrices[-1].content
        for t in terms
        if t.matrices and [m.content for m in t.matrices[:-1]] != before
    }
    for k, x in enumerate(last.operands):
        if x.content in ends:
            d = had(*last.operands[:k], *last.operands[k + 1 :])
            if set(symbols(d)) & set(symbols(x)):
                continue
            matrices = (*term.matrices[:-1], make_op("diag", d), x)
            return Term(term.number, term.scalars, matrices)
    return term


def _spelled_out(term: Term, plain: Sequence[tuple[Node, ...]]) -> Term:
    """A vector times an inner product as a chain, read in the direction that shares more with the
    end of another term. A number in every entry, (p'r) 1, stays a number."""
    inner = _inner_products(term)
    column = term.matrices[-1] if term.matrices else None
    if len(inner) != 1 or column is None or column.shape[1] != 1 or column.op is ONES:
        return term
    _, ms = split(term.scalars[inner[0]][0])
    rest = (*term.scalars[: inner[0]], *term.scalars[inner[0] + 1 :])
    ways = []
    for chain in (ms, [flip(m) for m in reversed(ms)]):
        signs, turned = zip(*map(of_one_sign, chain), strict=True)
        shared = max((_shared_end(turned, other) for other in plain), default=(False, 0))
        if shared[1]:
            ways.append((shared, Term(term.number * prod(signs), rest, (*term.matrices, *turned))))
    return max(ways, key=lambda way: way[0])[1] if ways else term


def _shared_end(chain: Sequence[Node], other: Sequence[Node]) -> tuple[bool, int]:
    """Whether a chain ends in the whole other one, and with how many of its factors."""
    size, longest = 0, min(len(chain), len(other))
    while size < longest and chain[-1 - size].content == other[-1 - size].content:
        size += 1
    return size == len(other), size


def _inner_products(term: Term) -> list[int]:
    """Which scalar factors are nothing but an inner product."""
    return [
        k
        for k, (base, exponent) in enumerate(term.scalars)
        if base.op is PRODUCT and exponent == 1 and base.operands[0].shape
    ]


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
