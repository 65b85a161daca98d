r"""How far a sum reaches: ``\sum_i y_i \log p_i + (1 - y_i) \log(1 - p_i)`` without brackets.

A sum ends at the next plus or minus, unless the terms behind it speak of its index and the left
side of the line does not: then they belong to it.
"""

from __future__ import annotations

from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.reading import tree as t


def with_whole_sums(relation: t.Relation) -> t.Relation:
    """The line with the terms that were meant inside its sums."""
    left = set(_letters(relation.sides[0])) if relation.sides else set()

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.Sum):
            return node
        for place, term in enumerate(node.terms[:-1]):
            big = _last(term)
            if big is None or big.body is None:
                continue
            mine = _bound(big) - left
            rest = node.terms[place + 1 :]
            if mine and all(mine & set(_letters(x)) and _last(x) is None for x in rest):
                body = t.Sum((big.body, *rest), ("+", *node.signs[place + 1 :]))
                wide = replace(big, body=t.Bracket("(", ")", (body,)))
                whole = _with_last(term, wide)
                if place == 0 and node.signs[0] == "+":
                    return whole
                return replace(
                    node, terms=(*node.terms[:place], whole), signs=node.signs[: place + 1]
                )
        return node

    changed = s.rebuilt(relation, change)
    assert isinstance(changed, t.Relation), "a relation stays one"
    return changed


def _letters(node: t.Node) -> list[str]:
    return [*s.letters_below(node), *s.letters_above(node)]


def _bound(big: t.BigOperator) -> set[str]:
    firsts = [x.sides[0] if isinstance(x, t.Relation) else x for x in big.lower]
    return {x.name for x in firsts if isinstance(x, t.Symbol)}


def _last(term: t.Node) -> t.BigOperator | None:
    """The sum at the end of a term, as in ``\\frac1n \\sum_i ...``."""
    inner = term.factors[-1] if isinstance(term, t.Product) else term
    return inner if isinstance(inner, t.BigOperator) and inner.name == "sum" else None


def _with_last(term: t.Node, big: t.BigOperator) -> t.Node:
    if isinstance(term, t.Product):
        return replace(term, factors=(*term.factors[:-1], big))
    return big
