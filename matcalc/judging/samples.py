r"""``x^{(i)}``, ``a^{[2](i)}``: the i-th sample, on a page that also has all samples as X and A^{[2]}.

A small letter with a running index in parentheses above it is a column of the capital letter, or a
row of it written as a column; which of the two, the declared shapes say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from matcalc.judging import spelling as s
from matcalc.judging.environment import ONE, Dims
from matcalc.judging.spaces import space
from matcalc.reading import tree as t


@dataclass
class Samples:
    """What a page says of its arrays, and how far its index letters run."""

    shapes: dict[str, Dims] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)
    upper: dict[str, t.Node] = field(default_factory=dict)

    def columns(self) -> bool | None:
        """Whether samples are columns; None if no declared shape says so."""
        last = set(map(_said, self.upper.values()))
        across = [dims for dims in self.shapes.values() if _said(dims[1]) in last]
        down = [dims for dims in self.shapes.values() if _said(dims[0]) in last]
        return None if not across and not down else len(across) >= len(down)


def with_samples(relations: Sequence[t.Relation]) -> list[t.Relation]:
    """The relations of a page with samples as columns or rows of the arrays they belong to."""
    page = _page(relations)
    columns = page.columns()
    if columns is None:
        return list(relations)

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or not node.marks or len(node.subscripts) > 1:
            return node
        mark = node.marks[-1]
        letter = mark.index
        running = isinstance(letter, t.Symbol) and s.bare(letter) and letter.name in page.upper
        if mark.style != "(" or not running or len(node.name) != 1 or not node.name.islower():
            return node
        plain = replace(node, marks=node.marks[:-1], subscripts=(), primes=0)
        upper = node.name.upper()
        whole = replace(plain, name=upper, latex=upper)
        if s.full(whole) not in page.shapes and s.full(whole) not in page.defined:
            dims = page.shapes.get(s.full(plain))
            assert isinstance(letter, t.Symbol), "a running letter is a symbol"
            if dims is None or _said(dims[0]) != _said(page.upper[letter.name]):
                return node
            return replace(plain, subscripts=(letter,))
        below: t.Node = node.subscripts[0] if node.subscripts else t.Slot(":")
        pair = (below, letter) if columns else (letter, below)
        entry = replace(whole, subscripts=pair, span=node.span)
        if columns or node.subscripts:
            return entry
        return t.Postfix(entry, "transpose", (), r"\top", span=node.span)

    changed = [s.rebuilt(relation, change) for relation in relations]
    return [relation for relation in changed if isinstance(relation, t.Relation)]


def step_scale(relations: Sequence[t.Relation]) -> t.Node | None:
    r"""The number of samples, where ``dW = \frac1m dZ A^T`` shows that dZ leaves the mean out.

    Such pages call dZ what the sum of the losses gives; the mean comes with the parameters.
    """
    found: list[t.Node | None] = []
    steps = {s.full(r.sides[0]) for r in relations if r.signs and isinstance(r.sides[0], t.Symbol)}
    for relation in relations:
        left = relation.sides[0] if relation.signs == ("=",) else None
        of = left.of if isinstance(left, t.Differential) else None
        by = left.by[0] if isinstance(left, (t.Derivative, t.Nabla)) and left.by else of
        if not isinstance(by, t.Symbol) or (s.full(by) in steps and not _declared(relations, by)):
            continue
        right = relation.sides[1]
        errors = [
            p
            for p in t.walk(right)
            if (isinstance(p, t.Differential) and p.of != by)
            or (isinstance(p, t.Symbol) and p.name in ("delta", "Delta"))
        ]
        if errors:
            found.append(_share(right))
    shares = [x for x in found if x is not None]
    return shares[0] if shares and 2 * len(shares) > len(found) else None


def _declared(relations: Sequence[t.Relation], symbol: t.Symbol) -> bool:
    return all(
        r.signs[0] in (r"\in", ":", ":=") for r in relations if r.signs and r.sides[0] == symbol
    )


def _share(node: t.Node) -> t.Node | None:
    r"""The m of ``\frac1m (...)``."""
    node = s.peeled(node)
    first = node.factors[0] if isinstance(node, t.Product) else node
    if isinstance(first, t.Fraction) and isinstance(first.denominator, t.Symbol):
        return first.denominator if s.bare(first.denominator) else None
    return None


def _page(relations: Iterable[t.Relation]) -> Samples:
    page = Samples()
    for relation in relations:
        for node in t.walk(relation):
            if isinstance(node, t.BigOperator) and node.upper is not None:
                for lower in node.lower:
                    first = lower.sides[0] if isinstance(lower, t.Relation) else lower
                    if isinstance(first, t.Symbol):
                        page.upper.setdefault(first.name, node.upper)
        if not relation.signs:
            continue
        left = relation.sides[0]
        for symbol in left.items if isinstance(left, t.Listing) else (left,):
            if not isinstance(symbol, t.Symbol):
                continue
            if relation.signs[0] in (r"\in", ":"):
                dims, _ = space(relation.sides[1])
                if dims is not None and dims != (ONE, ONE):
                    page.shapes.setdefault(s.full(symbol), dims)
            elif not symbol.subscripts:
                page.defined |= {s.full(x) for x in relation.sides[:-1] if isinstance(x, t.Symbol)}
    return page


def _said(node: t.Node) -> str:
    return s.said(node, {})
