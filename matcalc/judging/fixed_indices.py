r"""Indices that are one number throughout: the ``o`` of ``J = -\log \hat y_o``, the ``y`` of ``s_y``.

A letter below a name in the formula of something that does not carry the letter itself, and that no
sum and no range on the page ever binds, picks one entry for good. Which one makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matcalc.judging import spelling as s
from matcalc.judging.counting import note_dims
from matcalc.judging.environment import Environment
from matcalc.judging.free_letters import bound_by
from matcalc.reading import tree as t

CHOSEN = 1  # an entry that exists whether entries are counted from 0 or from 1
TIMES = frozenset({"t", "l", "k", "n"})  # these count steps, layers and samples


def fixed_indices(relations: Sequence[t.Relation]) -> dict[str, int]:
    """The letters of a page that stand for one entry, with its number."""
    sizes = Environment()
    running: set[str] = set()
    for relation in relations:
        note_dims(sizes, relation)
        running |= set(_running(relation))
    found: dict[str, int] = {}
    for relation in relations:
        if not relation.signs or relation.signs[0] not in ("=", ":="):
            continue
        left = relation.sides[0]
        head = left.head if isinstance(left, (t.HeadBracket, t.Call)) else left
        if not isinstance(head, t.Symbol) or head.name in ("delta", "Delta"):
            continue
        own = {*s.letters_below(left), *s.letters_above(left), *(x.name for x in s.symbols(left))}
        for letter in _unbound(relation.sides[-1], frozenset()):
            if s.counts(letter) and letter not in own | running | sizes.dims | TIMES:
                found[letter] = CHOSEN
    return found


def _running(relation: t.Relation) -> Iterator[str]:
    """Letters that a sum or a range binds, or that arithmetic is done with below a name."""
    yield from relation_ranges(relation)
    for node in t.walk(relation):
        if isinstance(node, t.BigOperator):
            for lower in node.lower:
                first = lower.sides[0] if isinstance(lower, t.Relation) else lower
                yield from (p.name for p in t.walk(first) if isinstance(p, t.Symbol))
        elif isinstance(node, t.Symbol):
            for script in node.subscripts:
                if isinstance(script, t.Sum):
                    yield from (p.name for p in t.walk(script) if isinstance(p, t.Symbol))


def relation_ranges(relation: t.Relation) -> Iterator[str]:
    """The letters of ``i = 1, \\dots, n`` and ``j \\in S`` behind a line."""
    for condition in relation.conditions:
        for part in condition.relations if isinstance(condition, t.Condition) else ():
            if isinstance(part, t.Relation) and part.signs and part.signs[0] in ("=", r"\in"):
                yield from (p.name for p in t.walk(part.sides[0]) if isinstance(p, t.Symbol))


def _unbound(node: t.Node, bound: frozenset[str]) -> Iterator[str]:
    if isinstance(node, (t.Derivative, t.Nabla, t.Differential)):
        return
    if isinstance(node, t.BigOperator):
        if node.body is not None:
            yield from _unbound(node.body, bound | bound_by(node, frozenset()))
        return
    if isinstance(node, t.Symbol):
        for script in node.subscripts:
            if isinstance(script, t.Symbol) and s.bare(script) and script.name not in bound:
                yield script.name
        return
    for child in t.children(node):
        yield from _unbound(child, bound)
