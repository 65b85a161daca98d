"""Chains of Kronecker products and their kind as sums over indices, where that forms less.

Every factor of such a chain is a product of Kronecker deltas and of entries of small matrices: the
deltas join indices, and what is left is a sum like ``M_ab P_bk P_al``. The Hessian of a function of
all pairs is of this sort: no matrix with a row for each pair is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matcalc.codegen.terms import Term, cols, core, is_full, is_one, rows
from matcalc.shapes import same

MOST = 24  # sums that one chain may become
LETTERS = "abcdefghijklmnopqrstuvwxyz"
STRUCTURED = frozenset({"kron", "commutation", "diagonal_pick"})
PASS = 4.0  # operations that an entry of a large result is worth
SLOW = 4.0  # how much longer a sum over an index takes than the same in a matrix product

Index = int


@dataclass(frozen=True)
class Net:
    """One sum: numbers, entries with their indices, which indices are the same, and all of them."""

    scalars: tuple[Term, ...] = ()
    entries: tuple[tuple[Term, tuple[Index, ...]], ...] = ()
    joined: tuple[tuple[Index, Index], ...] = ()
    met: tuple[Index, ...] = ()

    def times(self, t: Term, *at: Index) -> Net:
        return replace(self, entries=(*self.entries, (t, at)))

    def scaled(self, scalars: Term) -> Net:
        return replace(self, scalars=(*self.scalars, scalars))

    def joining(self, a: Sequence[Index], b: Sequence[Index]) -> Net:
        return replace(self, joined=(*self.joined, *zip(a, b, strict=True)))

    def meeting(self, new: Sequence[Index]) -> Net:
        return replace(self, met=(*self.met, *new))


Open = tuple[Net, tuple[Index, ...]]  # a sum, and the indices of the columns reached so far


@dataclass(frozen=True)
class Sums:
    """A chain as sums; the row and the column indices are the same for all."""

    row: tuple[Index, ...]
    nets: tuple[tuple[Net, tuple[Index, ...]], ...]
    sizes: dict[Index, Any]


def sums_over_indices(g: Any, factors: Sequence[Term]) -> Sums | None:
    """A chain with Kronecker factors as sums over indices; None if it is none."""
    first = _structure(factors[0])
    if len(factors) < 2 or first is None or not any(map(_has_weights, factors)):
        return None
    reader = _Reader(g)
    row = reader.fresh(first)
    found = reader.chain([(Net(), row)], factors)
    if not found or len({len(column) for _, column in found}) != 1:
        return None
    return Sums(row, tuple(found), reader.sizes)


def _structure(f: Term) -> tuple[Any, ...] | None:
    """How the rows of a Kronecker product are split."""
    if f.op == "prod":
        return _structure(f.args[0])
    return tuple(r for A in f.args for r in _split(A)) if f.op == "kron" else None


def _split(A: Term) -> tuple[Any, ...]:
    """The sizes of the indices that the rows of a factor are read by."""
    if A.op == "kron":
        return tuple(r for B in A.args for r in _split(B))
    if A.op == "T" and A.args[0].op == "diagonal_pick":
        return (cols(A), cols(A))
    if A.op in ("commutation", "T") and (A if A.op != "T" else A.args[0]).op == "commutation":
        n, m = A.params if A.op != "T" else A.args[0].params[::-1]
        return (n, m)
    return () if is_one(rows(A)) else (rows(A),)


def _inside(f: Term) -> Term:
    return f.args[0] if f.op == "T" else f


def _has_weights(f: Term) -> bool:
    """Whether a diagonal matrix of all entries of a matrix is inside, or a sum that may have one."""
    f = core(f)
    if f.op in ("add", "mul", "prod"):
        return any(map(_has_weights, f.args))
    return f.op == "diag" and core(f.args[0]).op == "vec"


class _Reader:
    """Reads factors from the left; ``sizes`` tells how far an index runs."""

    def __init__(self, g: Any) -> None:
        self.g = g
        self.sizes: dict[Index, Any] = {}

    def fresh(self, sizes: Sequence[Any]) -> tuple[Index, ...]:
        """New indices; one that takes a single value is none."""
        found = []
        for size in sizes:
            if not is_one(size):
                self.sizes[len(self.sizes)] = size
                found.append(len(self.sizes) - 1)
        return tuple(found)

    def chain(self, open_: list[Open], factors: Sequence[Term]) -> list[Open] | None:
        for f in factors:
            after: list[Open] = []
            for net, row in open_:
                read = self.one(net, row, f)
                if read is None or len(after) + len(read) > MOST:
                    return None
                after += read
            open_ = after
        return open_

    def one(self, net: Net, row: tuple[Index, ...], f: Term) -> list[Open] | None:
        f = core(f)
        if f.op == "eye":
            return [(net, row)]
        if f.op == "prod":
            return self.chain([(net, row)], f.args)
        if f.op == "add":
            found: list[Open] = []
            for a in f.args:
                read = self.one(net, row, a) if same(rows(a), rows(f)) and a.shape else None
                if read is None or not same(cols(a), cols(f)):
                    return None
                found += read
            return found
        if f.op == "mul":
            scalars, rest = self.g.scalars_of(f)
            if scalars is None or rest is f:
                return self._dense(net, row, f)
            return self.one(net.scaled(scalars), row, rest)
        if f.op == "diag":
            return self._weights(net, row, core(f.args[0]))
        inside = _inside(f)
        if inside.op in STRUCTURED:
            return getattr(self, f"_{inside.op}")(net, row, inside, inside is not f)
        return self._dense(net, row, f)

    def _weights(self, net: Net, row: tuple[Index, ...], v: Term) -> list[Open] | None:
        if v.op == "vec" and len(row) == 2:
            M = v.args[0]
            outer, inner = row
            fits = same(self.sizes[outer], cols(M)) and same(self.sizes[inner], rows(M))
            return [(net.times(M, inner, outer), row)] if fits else None
        if len(row) == 1:
            return [(net.times(v, *row), row)]
        return None

    def _kron(self, net: Net, row: tuple[Index, ...], f: Term, turned: bool) -> list[Open] | None:
        rest = list(row)
        column: list[Index] = []
        for A in f.args:
            sizes = _split(A)
            at, rest = rest[: len(sizes)], rest[len(sizes) :]
            if len(at) < len(sizes) or not all(
                same(self.sizes[i], size) for i, size in zip(at, sizes, strict=True)
            ):
                return None
            if _inside(A).op in STRUCTURED:
                read = self.one(net, tuple(at), A)
                if read is None or len(read) != 1:
                    return None
                net, after = read[0]
                column += after
            elif A.op == "eye":
                column += at
            else:
                new = self.fresh((cols(A),))
                net = self._factor(net.meeting(new), at, new, A)
                column += new
        return None if rest or turned else [(net, tuple(column))]

    def _factor(self, net: Net, at: Sequence[Index], new: Sequence[Index], A: Term) -> Net:
        """A factor of a Kronecker product, between a row index and a column index of its own."""
        if A.op == "diag":
            return net.times(A.args[0], *at).joining(at, new)
        if self.g.is_ones(A) or A.op == "ones":
            return net
        return net.times(A, *at, *new)

    def _commutation(
        self, net: Net, row: tuple[Index, ...], f: Term, turned: bool
    ) -> list[Open] | None:
        """K vec(X) = vec(X'): the two indices change places."""
        n, m = reversed(f.params) if turned else f.params
        if len(row) != 2 or not same(self.sizes[row[0]], n) or not same(self.sizes[row[1]], m):
            return None
        return [(net, (row[1], row[0]))]

    def _diagonal_pick(
        self, net: Net, row: tuple[Index, ...], f: Term, turned: bool
    ) -> list[Open] | None:
        if turned:
            return [(net.joining(row[:1], row[1:]), row[:1])] if len(row) == 2 else None
        return [(net, (row[0], row[0]))] if len(row) == 1 else None

    def _dense(self, net: Net, row: tuple[Index, ...], f: Term) -> list[Open] | None:
        """Any other matrix: its rows are read by as many indices as were met."""
        if f.op in ("spread", "inv", "vstack", "hstack"):
            return None
        new = self.fresh((cols(f),))
        return [(net.meeting(new).times(f, *row, *new), new)]


class Indexed:
    """Builds the sums."""

    def __init__(self, g: Any, computed: Any) -> None:
        self.g: Any = g
        self.computed = computed

    def cost(self, s: Sums) -> float:
        """Entries written, and entries read in sums over an index."""
        size = self.g.sizes.of
        total = 0.0
        for net, column in s.nets:
            name = _names(net, s)
            free = {name[i] for i in (*s.row, *column)}
            runs = {i: size(s.sizes[i]) for i in name.values()}
            total += PASS * _product(runs, free)
            operands = [frozenset(name[i] for i in at) for _, at in net.entries]
            if not free.issuperset(frozenset().union(*operands)):
                total += SLOW * _contracted(operands, runs, free)
        return total

    def build(self, s: Sums, shape: Any) -> Term:
        """The chain as one operation on small matrices."""
        g = self.g
        found: dict[Any, Any] = {}  # a sum as it is written -> its number
        for net, column in s.nets:
            key, scalar = self._written(net, column, s)
            found[key] = g.add(found[key], scalar) if key in found else scalar
        arrays: list[Term] = []
        parts = []
        for (entries, result), scalar in found.items():
            if g.is_zero(scalar):
                continue
            places = [(len(arrays) + k, split) for k, (_, _, split) in enumerate(entries)]
            arrays += [self.computed(t) for _, t, _ in entries]
            places.append((len(arrays), ()))
            arrays.append(self.computed(scalar))
            parts.append((",".join(letters for letters, _, _ in entries), result, tuple(places)))
        sizes = tuple(s.sizes[i] for i in (*s.row, *s.nets[0][1]))
        return g.make("indexed", tuple(arrays), (sizes, tuple(parts)), shape) if parts else (
            self.computed(g.zeros(shape))
        )  # fmt: skip

    def gathered(self, terms: Sequence[Term]) -> list[Term]:
        """Terms of a sum; I kron D and D kron I go into sums over indices of the same shape."""
        out = list(terms)
        at = next(
            (k for k, t in enumerate(out) if t.op == "indexed" and len(t.params[0]) == 4), None
        )
        if at is None:
            return out
        for t in terms:
            if t.op == "kron" and any(a.op == "eye" for a in t.args):
                left, D = t.args
                spec, result = ("bd", "abad") if left.op == "eye" else ("ac", "abcb")
                D = D if left.op == "eye" else left
                sizes, parts = out[at].params
                if not same(rows(t.args[0]), sizes[0]) or not same(rows(t.args[1]), sizes[1]):
                    continue
                arrays = out[at].args
                places = ((len(arrays), D.shape), (len(arrays) + 1, ()))
                more = (*arrays, self.computed(D), self.g.number(1))
                params = (sizes, (*parts, (spec, result, places)))
                out[at] = self.g.make("indexed", more, params, t.shape)
                out.remove(t)
        return out

    def _written(self, net: Net, column: tuple[Index, ...], s: Sums) -> tuple[Any, Term]:
        """A sum with its letters, entries in an order of their own; and its number."""
        g, name = self.g, _names(net, s)
        letters: dict[Index, str] = {}
        for i in (*s.row, *column, *(i for _, at in net.entries for i in at)):
            letters.setdefault(name[i], LETTERS[len(letters)])
        entries = []
        for t, at in net.entries:
            if t.op == "T":
                # Its rows may be read by several indices, its columns by one at most.
                t, at = t.args[0], at if is_one(cols(t)) else (at[-1], *at[:-1])
            spec = "".join(letters[name[i]] for i in at)
            split = tuple(s.sizes[i] for i in at)
            if len(at) == 2 and is_full(t) and g.symmetric(t):
                spec = "".join(sorted(spec))
            entries.append((spec, t, split))
        entries.sort(key=lambda e: (e[1].order, e[0]))
        scalar = g.mul(*net.scalars) if net.scalars else g.number(1)
        seen = {name[i] for _, at in net.entries for i in at}
        free = {name[i] for i in (*s.row, *column)}
        # An index that nothing depends on runs over equal terms.
        for i in sorted({name[j] for j in net.met} - seen - free):
            scalar = g.mul(scalar, g.dimension(s.sizes[i]))
        return (tuple(entries), "".join(letters[name[i]] for i in (*s.row, *column))), scalar


def _product(runs: dict[Index, float], over: Iterable[Index]) -> float:
    out = 1.0
    for i in over:
        out *= runs[i]
    return out


def _contracted(
    operands: list[frozenset[Index]], runs: dict[Index, float], free: set[Index]
) -> float:
    """Operations of a product of several arrays, two at a time, the smallest result first."""
    total = 0.0
    while len(operands) > 1:
        pairs: list[Any] = []
        for k, a in enumerate(operands):
            for j, b in enumerate(operands[k + 1 :], k + 1):
                rest = [o for i, o in enumerate(operands) if i not in (k, j)]
                kept = (a | b) & free.union(*rest)
                pairs.append((_product(runs, kept), 2 * _product(runs, a | b), rest, kept))
        _, cost, operands, kept = min(pairs, key=lambda p: p[:2])
        operands.append(kept)
        total += cost
    return total


def _names(net: Net, s: Sums) -> dict[Index, Index]:
    """One name for indices that are the same."""
    name = {i: i for i in s.sizes}

    def of(i: Index) -> Index:
        while name[i] != i:
            i = name[i]
        return i

    for a, b in net.joined:
        name[of(b)] = of(a)
    return {i: of(i) for i in s.sizes}


__all__ = ["Indexed", "Sums", "sums_over_indices"]
