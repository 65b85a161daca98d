"""Second derivatives of a loss over a batch: every sample has a small matrix of its own.

With samples as rows, ``(I kron X') M (I kron X)`` has a middle M of diagonal blocks: products and sums
of ``diag(vec A)`` and ``C kron I``. Such an M is one small matrix T_i for each sample, and the whole is
the sum over i of ``T_i kron x_i x_i'``: neither M nor a factor of its size is formed. With samples as
columns everything stands the other way round, ``(X kron I) M (X' kron I)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matcalc.codegen.terms import Term, cols, common, core, is_full, rows
from matcalc.shapes import ONE, same, times

MOST_CHAINS = 8  # into which the middle is taken apart
PASS = 2.0  # operations that filling an entry with zero is worth
EACH, SHARED = "each", "shared"
Item = tuple[str, Term]  # a row of weights for each sample, or one matrix for all


@dataclass(frozen=True)
class Chain:
    """A product of numbers, one number a sample, and the matrices of the samples."""

    scalars: tuple[Term, ...] = ()
    columns: tuple[Term, ...] = ()
    items: tuple[Item, ...] = ()

    def then(self, other: Chain) -> Chain:
        return Chain(
            (*self.scalars, *other.scalars),
            (*self.columns, *other.columns),
            (*self.items, *other.items),
        )


@dataclass(frozen=True)
class Samplewise:
    """``(I_p kron left') T (I_q kron right)``: ``left`` and ``right`` hold a sample in each row."""

    left: Term
    right: Term
    chains: tuple[Chain, ...]
    p: Any
    q: Any
    as_rows: bool  # samples are rows of the data, so the identity stands first

    @property
    def samples(self) -> Any:
        return rows(self.right)


def samplewise(g: Any, factors: Sequence[Term]) -> Samplewise | None:
    """A chain seen as a sum over samples, if it is one."""
    if len(factors) < 2:
        return None
    begins, ends = _end(g, factors[0], 0), _end(g, factors[-1], -1)
    if begins is None or ends is None:
        return None
    (first, before), (last, after) = begins, ends
    middle = [*before, *factors[1:-1], *after]
    for as_rows in (True, False):
        (e, L), (f, R) = (k.args if as_rows else k.args[::-1] for k in (first, last))
        if e.op != "eye" or f.op != "eye" or not L.shape or not R.shape:
            continue
        left, head = _without_weights(g, g.T(L))
        right, tail = _without_weights(g, R)
        if not (is_full(left) and is_full(right)):
            continue
        reader = _Reader(g, rows(right), as_rows)
        chains = reader.product(middle)
        if chains is None:
            continue
        chains = [Chain((), (*head, *tail)).then(c) for c in chains]
        if all(c.columns or any(kind == EACH for kind, _ in c.items) for c in chains):
            return Samplewise(left, right, tuple(chains), rows(e), rows(f), as_rows)
    return None


def _end(g: Any, f: Term, at: int) -> tuple[Term, list[Term]] | None:
    """The Kronecker product that a factor ends with (or begins with), and the factors before it.

    A sum whose terms all end with the same one is a shorter sum times that one.
    """
    if f.op == "kron":
        return f, []
    if f.op == "prod":
        found = _end(g, f.args[at], at)
        if found is None:
            return None
        rest = [*f.args[:-1], *found[1]] if at else [*found[1], *f.args[1:]]
        return found[0], rest
    if f.op == "mul":
        scalars, inside = g.scalars_of(f)
        found = _end(g, inside, at) if scalars is not None and inside is not f else None
        return (found[0], [g.mul(scalars, g.prod(*found[1]))]) if found and found[1] else None
    if f.op != "add":
        return None
    parts = [_end(g, a, at) for a in f.args]
    first = parts[0]
    if first is None or any(p is None or p[0] is not first[0] or not p[1] for p in parts):
        return None
    middles = [g.prod(*p[1]) for p in parts if p is not None]
    return first[0], [g.make("add", tuple(middles), (), common(middles))]


def _without_weights(g: Any, X: Term) -> tuple[Term, list[Term]]:
    """diag(s) X as X and s."""
    X = core(X)
    if X.op == "prod" and X.args[0].op == "diag" and len(X.args) == 2:
        return X.args[1], [X.args[0].args[0]]
    return X, []


class _Reader:
    """Reads a middle matrix as chains of weights and shared matrices."""

    def __init__(self, g: Any, samples: Any, as_rows: bool) -> None:
        self.g, self.m, self.as_rows = g, samples, as_rows

    def product(self, factors: Sequence[Term]) -> list[Chain] | None:
        found = [Chain()]
        for f in factors:
            read = self.one(f)
            if read is None or len(read) * len(found) > MOST_CHAINS:
                return None
            found = [self._merged(a.then(b)) for a in found for b in read]
        return found

    def _merged(self, c: Chain) -> Chain:
        """Weights beside weights as one."""
        items: list[Item] = []
        for kind, t in c.items:
            if kind == EACH and items and items[-1][0] == EACH:
                items[-1] = (EACH, self.g.mul(items[-1][1], t))
            else:
                items.append((kind, t))
        return Chain(c.scalars, c.columns, tuple(items))

    def one(self, f: Term) -> list[Chain] | None:
        f = core(f)
        if f.op == "eye":
            return [Chain()]
        if f.op == "prod":
            return self.product(f.args)
        if f.op == "add" and all(is_full(a) for a in f.args):
            parts = [self.one(a) for a in f.args]
            if any(p is None for p in parts):
                return None
            return [c for p in parts if p is not None for c in p]
        if f.op == "mul":
            scalars, rest = self.g.scalars_of(f)
            read = self.one(rest) if scalars is not None and rest is not f else None
            return read and [Chain((scalars,)).then(c) for c in read]
        if f.op == "diag":
            return self._weights(core(f.args[0]))
        return self._shared(f) if f.op == "kron" else None

    def _weights(self, v: Term) -> list[Chain] | None:
        if v.op != "vec":
            return None
        A = v.args[0] if self.as_rows else self.g.T(v.args[0])
        return [Chain(items=((EACH, A),))] if same(rows(A), self.m) else None

    def _shared(self, f: Term) -> list[Chain] | None:
        C, one = f.args if self.as_rows else f.args[::-1]
        if not same(rows(one), self.m) or not same(*one.shape) or one.op not in ("eye", "diag"):
            return None
        items: list[Item] = []
        for part in C.args if C.op == "prod" else (C,):
            if part.op == "spread" and not part.args[0].shape and is_full(part):
                # Equal entries are a column times a row: one number a sample on the way.
                items.append((SHARED, self.g.mul(part.args[0], self.g.ones(rows(part), ONE))))
                items.append((SHARED, self.g.ones(ONE, cols(part))))
            elif part.op != "eye":
                items.append((SHARED, part))
        columns = (one.args[0],) if one.op == "diag" else ()
        return [Chain((), columns, tuple(items))]


class Samples:
    """Computes the small matrices of all samples, one below the other, and their sum."""

    def __init__(self, g: Any, computed: Any) -> None:
        self.g: Any = g
        self.computed = computed  # the term that is computed for one that is wanted

    # -- costs ---------------------------------------------------------------------------------

    def cost(self, s: Samplewise) -> float:
        size = self.g.sizes.of
        m, p, q = size(s.samples), size(s.p), size(s.q)
        whole = 2 * m * p * q * size(cols(s.left)) * size(cols(s.right))
        if self._diagonal(s):
            return whole / q + PASS * whole / (2 * m)
        found = sum(self._cut(s, c)[0] for c in s.chains)
        return float(found + (whole / 2 if self._symmetric(s) else whole))

    def _diagonal(self, s: Samplewise) -> bool:
        """Whether the matrix of every sample is diagonal: outputs that do not see one another."""
        return same(s.p, s.q) and all(kind == EACH for c in s.chains for kind, _ in c.items)

    def _cut(self, s: Samplewise, c: Chain) -> tuple[float, int]:
        """Where a chain is cut: its halves are computed from there outwards."""
        size = self.g.sizes.of
        m, p, q = size(s.samples), size(s.p), size(s.q)
        widths = self._widths(c, s.p)
        best = (self._run(m, p, c.items), 0)
        for k in range(1, len(c.items)):
            left, right = c.items[:k], c.items[k:]
            if not all(any(kind == EACH for kind, _ in half) for half in (left, right)):
                continue
            r = size(widths[k])
            cost = self._run(m, r, right) + 2 * m * r * p * q
            if not self._mirrored(left, right):
                cost += self._run(m, r, self._turned(left))
            if cost < best[0] * (1 - 1e-9):
                best = (cost, k)
        return best

    def _widths(self, c: Chain, p: Any) -> list[Any]:
        found = [p]
        for kind, t in c.items:
            found.append(cols(t) if kind == SHARED else found[-1])
        return found

    def _run(self, m: float, r: float, items: Sequence[Item]) -> float:
        size = self.g.sizes.of
        return sum(
            m * r * size(cols(t)) * (2 * size(rows(t)) if kind == SHARED else 1)
            for kind, t in items
        )

    def _turned(self, items: Sequence[Item]) -> tuple[Item, ...]:
        return tuple((kind, self.g.T(t) if kind == SHARED else t) for kind, t in reversed(items))

    def _mirrored(self, left: Sequence[Item], right: Sequence[Item]) -> bool:
        """Whether the right half is the left one seen from the cut, weights at the cut aside."""
        left, right = self._bare(self._turned(left)), self._bare(right)
        return len(left) == len(right) and all(a == b for a, b in zip(left, right, strict=True))

    def _bare(self, items: Sequence[Item]) -> list[Item]:
        """Without what only scales the first rows."""
        return list(items[1:] if items and items[0][0] == EACH else items)

    def _symmetric(self, s: Samplewise) -> bool:
        same_sides = s.left is s.right and same(s.p, s.q)
        return same_sides and all(self._turned(c.items) == c.items for c in s.chains)

    # -- building ------------------------------------------------------------------------------

    def build(self, s: Samplewise, shape: Any, scalars: Sequence[Term] = ()) -> Term:
        g = self.g
        p, q = s.p, s.q
        if self._diagonal(s):
            one = g.ones(s.samples, p)
            weights = [
                g.mul(*c.scalars, *c.columns, *(t for _, t in c.items), one) for c in s.chains
            ]
            w = self.computed(g.mul(*scalars, g.add(*weights), shape=(s.samples, p)))
            sides = (self.computed(s.left), w, self.computed(s.right))
            return g.make("blocks_of_samples", sides, (s.as_rows,), shape)
        parts = [self._chain(s, c, p, q) for c in s.chains]
        small = g.mul(*scalars, g.add(*parts), shape=(times(s.samples, p), q))
        inside = (self.computed(s.left), self.computed(small), self.computed(s.right))
        return g.make("sum_of_samples", inside, (p, s.as_rows, self._symmetric(s)), shape)

    def _chain(self, s: Samplewise, c: Chain, p: Any, q: Any) -> Term:
        """The matrices of one chain, those of all samples below one another."""
        g: Any = self.g
        _, k = self._cut(s, c)
        r = self._widths(c, p)[k]
        items = list(c.items)
        if c.columns:
            # At the cut they scale rows, and the halves stay what they are.
            items.insert(k, (EACH, g.mul(*c.columns, g.ones(s.samples, r))))
        right = self._rows(items[k:], r, s.samples)
        if k:
            left = self._rows(self._turned(items[:k]), r, s.samples)
            shape = (times(s.samples, cols(left)), cols(right))
            right = g.make("sample_products", (left, right), (r,), shape)
        return g.mul(*c.scalars, right) if c.scalars else right

    def _rows(self, items: Sequence[Item], r: Any, m: Any) -> Term:
        """r rows for each sample, carried through weights and shared matrices."""
        g: Any = self.g
        made: Term | None = None
        ahead: Term | None = None  # weights of the rows themselves, met first
        apart = False  # whether samples differ already
        for kind, t in items:
            if kind == SHARED:
                made = t if made is None else self._product(made, t)
            elif made is None:
                ahead = t if ahead is None else g.mul(ahead, t)
            else:
                made, apart = self._by_sample(made, t, r, m), True
        if ahead is None:
            assert made is not None
            return made
        if made is not None and apart:
            scale = ahead if r == 1 else g.make("vec", (g.T(ahead),), (), (times(m, r), ONE))
            return self.computed(g.mul(self.computed(scale), made))
        start = self._by_sample(g.eye(r) if r != 1 else g.ones(ONE, ONE), ahead, r, m)
        return start if made is None else self._product(start, made)

    def _by_sample(self, made: Term, weights: Term, r: Any, m: Any) -> Term:
        """Each sample's rows times its row of weights."""
        g: Any = self.g
        shape = (times(m, r), cols(weights))
        if r == 1:
            return self.computed(g.mul(made, weights, shape=shape))
        return g.make("by_sample", (self.computed(made), self.computed(weights)), (r,), shape)

    def _product(self, a: Term, b: Term) -> Term:
        shape = (rows(a), cols(b))
        return self.g.make("mm", (self.computed(a), self.computed(b)), (), shape)


__all__ = ["Samples", "Samplewise", "samplewise"]
