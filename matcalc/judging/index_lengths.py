r"""How far index letters run on a page that states no shapes: ``a_j = \sum_i w_{ji} x_i``.

Letters that index the same place of a name run over the same range, and so do the places that one
letter of an equation indexes. Names that are only ever indexed become arrays of such lengths; a
name that is transposed, normed or stands beside a transpose is left to ``infer``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from matcalc.judging import spelling as s
from matcalc.judging.environment import ONE, Dims, Environment
from matcalc.reading import tree as t
from matcalc.reading.writer import write

Spot = tuple[str, int]  # a name and one of its axes
ADJOINTS = frozenset({"delta", "Delta"})
ENTRYWISE = frozenset({".*", r"\odot", r"\circ", r"\bullet", r"\star", r"\boxdot"})
TIMES = frozenset({"t", "tau", "l", "L"})


@dataclass
class Lengths:
    """Spots that have one length, and what is known of it."""

    above: dict[object, object] = field(default_factory=dict)
    known: dict[object, t.Node] = field(default_factory=dict)
    letters: dict[object, str] = field(default_factory=dict)
    names: dict[str, t.Symbol] = field(default_factory=dict)
    counts: dict[str, set[int]] = field(default_factory=dict)

    def root(self, spot: object) -> object:
        while spot in self.above:
            spot = self.above[spot]
        return spot

    def join(self, a: object, b: object) -> None:
        """Two spots of one length."""
        a, b = self.root(a), self.root(b)
        if a == b:
            return
        if a in self.known:
            a, b = b, a
        self.above[a] = b

    def fix(self, spot: object, dim: t.Node) -> None:
        """A length that is stated."""
        self.known.setdefault(self.root(spot), dim)


def declare_by_letters(env: Environment, relations: Iterable[t.Relation]) -> None:
    """Shapes for names that nothing declares and that letters index, one entry at a time."""
    roots: list[t.Node] = [*(env.page or relations)]
    for definition in (*env.definitions.values(), *env.patterns):
        roots.append(t.Relation((definition.left, definition.body), ("=",)))
    lengths = Lengths()
    vectors: set[str] = set()
    for number, root in enumerate(roots):
        _note(env, lengths, number, root)
        vectors |= set(_vectorlike(root))
    for root in roots:
        assert isinstance(root, t.Relation), "lines are relations"
        _joined(lengths, [x for side in root.sides if (x := _whole(lengths, side)) is not None])
        for node in t.walk(root):
            if isinstance(node, t.Sum):
                _whole(lengths, node)
    for stem, symbol in lengths.names.items():
        if stem in vectors or not _open(env, symbol):
            continue
        count = max(lengths.counts[stem])
        dims = [_dim(env, lengths, (stem, axis)) for axis in range(count)]
        shape: Dims = (dims[0], dims[1] if count == 2 else ONE)
        env.shapes[stem] = shape
        env.symbols[stem] = replace(symbol, subscripts=())
        env.assume(f"{write(env.symbols[stem])} is {write(shape[0])} x {write(shape[1])}")


def _note(env: Environment, lengths: Lengths, number: int, root: t.Node) -> None:
    for node in t.walk(root):
        if isinstance(node, t.BigOperator) and node.upper is not None:
            for lower in node.lower:
                if not isinstance(lower, t.Relation) or lower.signs != ("=",):
                    continue
                letter, first = lower.sides
                if isinstance(letter, t.Symbol) and first == ONE:
                    lengths.fix((number, letter.name), node.upper)
        if not isinstance(node, t.Symbol) or not node.subscripts or s.full(node) in env.dims:
            continue
        stem = s.stem(node)
        for axis, part in enumerate(node.subscripts):
            if not _is_letter(env, part) or (env.has(s.full(node)) and not _pattern(env, node)):
                continue
            assert isinstance(part, t.Symbol), "a letter is a symbol"
            spot = (stem, axis)
            dims = env.shapes.get(stem)
            if dims is not None:
                if len(node.subscripts) == 2 or ONE in dims:
                    known = dims[axis] if len(node.subscripts) == 2 or dims[1] == ONE else dims[1]
                    lengths.fix(spot, known)
            elif node.name not in ADJOINTS and len(node.subscripts) <= 2:
                lengths.names.setdefault(stem, node)
                lengths.counts.setdefault(stem, set()).add(len(node.subscripts))
            lengths.letters.setdefault(spot, part.name)
            lengths.join(spot, (number, part.name))


def _whole(lengths: Lengths, node: t.Node) -> tuple[Spot | None, Spot | None] | None:
    """The two axes of a formula of whole arrays; lengths that must be equal are joined on the way."""
    node = s.peeled(node)
    if isinstance(node, t.Symbol):
        stem = s.stem(node)
        counts = lengths.counts.get(stem)
        if node.subscripts or node.primes or counts is None:
            return None
        return (stem, 0), ((stem, 1) if max(counts) == 2 else None)
    if isinstance(node, t.Postfix) and node.kind == "transpose":
        inner = _whole(lengths, node.base)
        return None if inner is None else (inner[1], inner[0])
    if isinstance(node, (t.HeadBracket, t.Call)):
        argument = s.flattened(node.argument if isinstance(node, t.Call) else node.bracket)
        product = isinstance(node.head, t.Symbol) and s.stem(node.head) in lengths.counts
        return None if product else _whole(lengths, argument)
    if isinstance(node, t.Sum):
        found = [x for term in node.terms if (x := _whole(lengths, term)) is not None]
        return _joined(lengths, found)
    if isinstance(node, t.Product):
        parts = [_whole(lengths, factor) for factor in node.factors]
        if None in parts:
            return None
        if any(op in ENTRYWISE for op in node.operators):
            return _joined(lengths, [x for x in parts if x is not None])
        for left, right in itertools.pairwise(x for x in parts if x is not None):
            if left[1] is not None and right[0] is not None:
                lengths.join(left[1], right[0])
        assert parts[0] is not None and parts[-1] is not None, "checked above"
        return parts[0][0], parts[-1][1]
    return None


def _joined(
    lengths: Lengths, found: list[tuple[Spot | None, Spot | None]]
) -> tuple[Spot | None, Spot | None] | None:
    for other in found[1:]:
        for mine, theirs in zip(found[0], other, strict=True):
            if mine is not None and theirs is not None:
                lengths.join(mine, theirs)
    return found[0] if found else None


def _is_letter(env: Environment, part: t.Node) -> bool:
    return (
        isinstance(part, t.Symbol)
        and s.bare(part)
        and len(part.name) == 1
        and part.name.islower()
        and part.name not in TIMES
        and part.name not in env.dims
        and part.name not in env.sizes
    )


def _pattern(env: Environment, symbol: t.Symbol) -> bool:
    definition = env.definitions.get(s.full(symbol))
    return definition is not None and bool(definition.letters)


def _open(env: Environment, symbol: t.Symbol) -> bool:
    """Whether nothing else says what an indexed name is."""
    stem = s.stem(symbol)
    plain = replace(symbol, subscripts=())
    upper = s.stem(replace(plain, name=symbol.name.upper()))
    defined = any(s.stem(left) == stem for left in env.left_sides())
    taken = env.has(stem) or stem in env.nicknames or env.is_function(symbol.name)
    cells = {k for k in env.cells.get(stem, ()) if k[len(stem) + 1 :].isdigit()}
    shaped = env.shape_of(symbol, {}) is not None
    capital = len(symbol.name) == 1 and upper != stem and env.has(upper)
    return not (defined or taken or cells or shaped or capital)


def _vectorlike(root: t.Node) -> Iterator[str]:
    """Indexed names that stand for columns: transposed, normed, or beside a transpose."""
    for node in t.walk(root):
        if isinstance(node, t.Postfix) and node.kind in ("transpose", "inverse-transpose"):
            yield from (s.stem(p) for p in s.symbols(node.base) if p.subscripts)
        elif isinstance(node, t.Bracket) and node.left in (r"\|", r"\langle"):
            yield from (s.stem(p) for p in s.symbols(node) if p.subscripts)
        elif isinstance(node, t.Product):
            turned = [isinstance(f, t.Postfix) and f.kind == "transpose" for f in node.factors]
            for place, factor in enumerate(node.factors):
                beside = (place > 0 and turned[place - 1]) or (
                    place + 1 < len(turned) and turned[place + 1]
                )
                if beside and isinstance(factor, t.Symbol) and factor.subscripts:
                    yield s.stem(factor)
        elif isinstance(node, t.Symbol) and node.subscripts and _bold(node):
            yield s.stem(node)


def _bold(symbol: t.Symbol) -> bool:
    return any(font in symbol.latex for font in (r"\mathbf", r"\boldsymbol", r"\bm", r"\vec"))


def _dim(env: Environment, lengths: Lengths, spot: Spot) -> t.Node:
    root = lengths.root(spot)
    if root not in lengths.known:
        name = f"n_{lengths.letters.get(spot, 'i')}"
        while name in env.dims:
            name += "'"
        env.dims.add(name)
        lengths.known[root] = t.Symbol(name, name)
    return lengths.known[root]
