"""Slips with the letters that a sum binds: it runs over another letter, or its entries lie otherwise.

``sum_k A_{kj} B_{kj}`` for ``sum_k A_{ik} B_{ik}`` is one slip, though two names carry it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.slips import WRONG_INDEX, Edit, Put
from matcalc.reading import tree as t


def over_others(node: t.BigOperator, put: Put, letters: Sequence[str]) -> Iterator[Edit]:
    """A sum over another letter of the line, and entries of it under other indices."""
    if len(node.lower) != 1 or node.body is None:
        return
    below = node.lower[0]
    own = below.sides[0] if isinstance(below, t.Relation) and below.sides else below
    if not isinstance(own, t.Symbol) or not s.bare(own):
        return
    for letter in letters:
        if letter != own.name and letter in s.letters_below(node.body):
            yield Edit(
                WRONG_INDEX,
                put(replace(node, lower=(s.put(below, {own.name: t.Symbol(letter, letter)}),))),
            )
    inside = [x.subscripts for x in s.symbols(node.body) if len(x.subscripts) == 2]
    for old in dict.fromkeys(inside):
        if own not in old or inside.count(old) < 2:
            continue
        others = [t.Symbol(x, x) for x in letters if x != own.name]
        for pair in (old[::-1], *((own, x) for x in others), *((x, own) for x in others)):
            if pair != old:
                yield Edit(WRONG_INDEX, put(replace(node, body=_reindexed(node.body, old, pair))))


def _reindexed(node: t.Node, old: tuple[t.Node, ...], new: tuple[t.Node, ...]) -> t.Node:
    def change(part: t.Node) -> t.Node:
        if isinstance(part, t.Symbol) and part.subscripts == old:
            return replace(part, subscripts=new)
        return part

    return s.rebuilt(node, change)
