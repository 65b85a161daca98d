r"""Letters below a name that are part of it: ``W_s``, ``b_f``, ``Z_{u1}``.

A letter below counts entries or members unless the page shows otherwise. It is a label where an
array with a shape of its own carries it and nothing on the page lets it run: no sum, no range, no
arithmetic. Letters that usually count (``i``, ``j``, ``n`` ...) need more: a sibling with another
letter in the same place, ``W_i`` beside ``W_f``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.kinds import is_number
from matcalc.reading import tree as t

COUNTERS = frozenset("ijklmnpqrt")


def with_labels(relations: Sequence[t.Relation]) -> list[t.Relation]:
    """The relations of a page with labels as words, so that nothing takes them for indices."""
    labels, families = _labels(relations)
    if not labels and not families:
        return list(relations)

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or not node.subscripts:
            return node
        mine = labels | families.get(node.name, set())
        below = tuple(
            t.Word(_letter(x), plain=True) if _letter(x) in mine else x for x in node.subscripts
        )
        return replace(node, subscripts=below) if below != node.subscripts else node

    changed = [s.rebuilt(relation, change) for relation in relations]
    return [relation for relation in changed if isinstance(relation, t.Relation)]


def _letter(node: t.Node) -> str:
    return node.name if isinstance(node, t.Symbol) and s.bare(node) else ""


def _labels(relations: Sequence[t.Relation]) -> tuple[set[str], dict[str, set[str]]]:
    """Letters that are labels everywhere, and letters that are labels below one name."""
    whole: dict[str, set[str]] = {}  # name -> letters below arrays with a shape of their own
    defined: dict[str, set[str]] = {}  # name -> letters below left sides
    running: set[str] = set()
    for relation in relations:
        running |= _running(relation)
        if not relation.signs:
            continue
        left = relation.sides[0]
        for symbol in left.items if isinstance(left, t.Listing) else (left,):
            if not isinstance(symbol, t.Symbol) or not symbol.subscripts:
                continue
            found = {x for p in symbol.subscripts if (x := _letter(p))}
            if relation.signs[0] in (r"\in", ":") and _is_array(relation.sides[1]):
                whole.setdefault(symbol.name, set()).update(found)
            elif relation.signs[0] in ("=", ":=") and not is_number(relation.sides[1]):
                defined.setdefault(symbol.name, set()).update(found)
    labels: set[str] = set()
    for name, letters in whole.items():
        siblings = letters | defined.get(name, set())
        labels |= {x for x in letters if x not in COUNTERS or len(siblings) > 1}
    labels -= running
    families: dict[str, set[str]] = {}
    for name in {*whole, *defined}:
        siblings = whole.get(name, set()) | defined.get(name, set())
        if len(siblings) > 1 and siblings & labels:
            # W_f is a weight, and so is W_i, whatever i counts elsewhere.
            families[name] = siblings
            labels |= siblings - running
    return labels, families


def _is_array(node: t.Node) -> bool:
    return isinstance(node, t.Postfix) and node.kind in ("power", "superscript")


def _running(relation: t.Relation) -> set[str]:
    """Letters that run over something in a formula."""
    found: set[str] = set()
    for node in t.walk(relation):
        if isinstance(node, t.BigOperator):
            for lower in node.lower:
                first = lower.sides[0] if isinstance(lower, t.Relation) else lower
                found |= {p.name for p in t.walk(first) if isinstance(p, t.Symbol)}
        elif isinstance(node, t.Condition):
            found |= {p.name for p in t.walk(node) if isinstance(p, t.Symbol) and s.bare(p)}
        elif isinstance(node, t.Symbol):
            for script in (*node.subscripts, *(m.index for m in node.marks)):
                if isinstance(script, t.Sum):
                    found |= {p.name for p in t.walk(script) if isinstance(p, t.Symbol)}
                elif _letter(script) and node.name in ("delta", "Delta") and not node.marks:
                    found.add(_letter(script))
    if relation.signs and isinstance(relation.sides[1], (t.Listing, t.Bracket)):
        found |= {x for x in (_letter(relation.sides[0]),) if x}
    return found
