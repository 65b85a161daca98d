r"""Layers that a page counts: ``a^{(l)} = \sigma(W^{(l)} a^{(l-1)})`` for l = 1, 2, 3, one by one.

A letter counts layers where it stands above the left side, or where the left side at one number is
computed from itself at another. The range is the one the page states, or the highest number it uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.counting import items_of, ranges_of
from matcalc.judging.givens import EQUALS
from matcalc.reading import tree as t

MOST = 20  # layers that are written out
Numbered = tuple[t.Relation, int]


def layers_written_out(relations: Sequence[Numbered]) -> list[Numbered]:
    """The relations with a copy for every layer, where the number of layers is known."""
    found: list[Numbered] = []
    page = [r for r, _ in relations]
    last = {x: t.Number(str(k)) for x, k in _sizes(page).items() if x in _ends(page)}
    relations = [
        (r if _is_size(r) else replace(r, sides=tuple(s.put(x, last) for x in r.sides)), line)
        for r, line in relations
    ]
    for relation, line in relations:
        letter = layer_letter(relation, page)
        numbers = _numbers(letter, relation, page) if letter else None
        if numbers is None:
            found.append((relation, line))
            continue
        for k in numbers:
            sides = tuple(s.put(side, {letter: t.Number(str(k))}) for side in relation.sides)
            kept = tuple(c for c in relation.conditions if not _speaks_of(c, letter))
            found.append((replace(relation, sides=sides, conditions=kept), line))
    return found


def layer_letter(relation: t.Relation, page: Sequence[t.Relation]) -> str:
    """The letter that counts layers on the left side; empty if there is none."""
    if not relation.signs or relation.signs[0] not in (*EQUALS, r"\in"):
        return ""
    for left in items_of(relation.sides[0]):
        if not isinstance(left, t.Symbol):
            continue
        above = [x for x in s.letters_above(left) if x in LETTERS]
        if above:
            return above[0] if _is_stepped(page, left.name, above[0]) else ""
        below = [x for x in s.letters_below(left) if x in LETTERS and len(left.subscripts) == 1]
        if below and _is_stepped(page, left.name, below[0]):
            return below[0]
    return ""


LETTERS = frozenset({"l", "ell", "k", "t", "j", "i"})


def _is_stepped(page: Sequence[t.Relation], name: str, letter: str) -> bool:
    """Whether something on the page is computed from its own neighbour, beside this name."""
    for relation in page:
        left = relation.sides[0] if relation.signs and relation.signs[0] in EQUALS else None
        if not isinstance(left, t.Symbol):
            continue
        heads = {p.name for p in s.symbols(relation)}
        if name in heads and any(
            _shifted(p, letter) for side in relation.sides for p in t.walk(side)
        ):
            return True
    return False


def _shifted(node: t.Node, letter: str) -> bool:
    """``a^{(l-1)}``, ``h_{l-1}``: a name at a neighbouring number."""
    if not isinstance(node, t.Symbol):
        return False
    parts = (*node.subscripts, *(m.index for m in node.marks))
    return any(
        isinstance(x, t.Sum) and len(x.terms) == 2 and x.terms[0] == t.Symbol(letter, letter)
        for x in parts
    )


def _numbers(letter: str, relation: t.Relation, page: Sequence[t.Relation]) -> Sequence[int] | None:
    said = [right for x, right in ranges_of(relation) if x == letter]
    said += [right for other in page for x, right in ranges_of(other) if x == letter]
    for right in said:
        right = s.peeled(right)
        items = right.items if isinstance(right, (t.Listing, t.Bracket)) else ()
        if items and isinstance(items[0], t.Listing):
            items = items[0].items
        ends = [s.integer(x, _sizes(page)) for x in (items[0], items[-1])] if items else [None]
        if None not in ends and ends[1] - ends[0] < MOST:  # type: ignore[operator]
            return range(ends[0], ends[1] + 1)  # type: ignore[operator, arg-type]
    counted = {
        x.name
        for other in page
        if layer_letter(other, page) == letter
        for x in items_of(other.sides[0])
        if isinstance(x, t.Symbol)
    }
    if said:
        return None
    used = sorted({n for other in page for n in _used(other, counted)})
    return range(1, used[-1] + 1) if used and 1 <= used[-1] <= MOST else None


def _ends(page: Sequence[t.Relation]) -> set[str]:
    """Letters for the last layer: the L of l = 1, ..., L."""
    found: set[str] = set()
    for relation in page:
        letter = layer_letter(relation, page)
        for other in page if letter else ():
            for x, right in ranges_of(other):
                if x == letter:
                    found |= {p.name for p in t.walk(right) if isinstance(p, t.Symbol)}
    return found


def _is_size(relation: t.Relation) -> bool:
    return relation.signs == ("=",) and isinstance(relation.sides[1], t.Number)


def _sizes(page: Sequence[t.Relation]) -> dict[str, int]:
    """``L = 3``."""
    found: dict[str, int] = {}
    for relation in page:
        if not _is_size(relation):
            continue
        name, number = relation.sides
        if isinstance(name, t.Symbol) and isinstance(number, t.Number) and number.text.isdigit():
            found[s.full(name)] = int(number.text)
    return found


def _used(relation: t.Relation, names: set[str]) -> Iterator[int]:
    """Numbers above or below the names that count layers."""
    for node in t.walk(relation):
        if isinstance(node, t.Symbol) and node.name in names:
            for part in (*node.subscripts, *(m.index for m in node.marks)):
                value = s.integer(part, {})
                if value is not None:
                    yield value


def _speaks_of(condition: t.Node, letter: str) -> bool:
    return any(isinstance(p, t.Symbol) and p.name == letter for p in t.walk(condition))
