"""Where a wrong side and its correction part, in a sentence: the term, the factor, the piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from matcalc.judging import spelling as s
from matcalc.reading import tree as t
from matcalc.reading.writer import write

Item = TypeVar("Item")
LONGEST = 80  # signs of a piece that a sentence can carry


def difference(claimed: t.Node, right: t.Node) -> str:
    """What the correction changes; nothing where that is the whole side or several places."""
    found = _parted(claimed, right)
    if found is None or found[0] is claimed or len(found[1]) > 3 * LONGEST:
        return ""
    return found[1]


def _parted(old: t.Node, new: t.Node) -> tuple[t.Node, str] | None:
    """The innermost piece in which two formulas differ, and what to say of it."""
    old, new = s.flattened(old), s.flattened(new)
    if isinstance(old, t.Sum) or isinstance(new, t.Sum):
        return _terms_parted(old, new)
    if isinstance(old, t.Product) or isinstance(new, t.Product):
        return _factors_parted(old, new)
    kinds = getattr(old, "kind", ""), getattr(new, "kind", "")
    if type(old) is type(new) and kinds[0] == kinds[1] and not isinstance(old, t.Symbol):
        mine, theirs = list(t.children(old)), list(t.children(new))
        apart = [(a, b) for a, b in zip(mine, theirs, strict=False) if a != b]
        small = isinstance(old, t.Fraction) and any(isinstance(x, t.Number) for x, _ in apart)
        if len(mine) == len(theirs) and len(apart) == 1 and not small:
            return _parted(*apart[0])
    return old, f"write {write(new)} for {write(old)}"


def _terms_parted(old: t.Node, new: t.Node) -> tuple[t.Node, str] | None:
    lost, more = _only(_terms(old), _terms(new))
    if not lost and len(more) == 1:
        return more[0][1], f"the term {_signed(*more[0])} is missing"
    if not more and len(lost) == 1:
        return lost[0][1], f"the term {_signed(*lost[0])} does not belong there"
    if len(lost) == len(more) == 1:
        (before, a), (after, b) = lost[0], more[0]
        if a == b:
            return a, f"the sign in front of {write(a)} should be {after}"
        return _parted(a, b) if before == after else None
    return None


def _factors_parted(old: t.Node, new: t.Node) -> tuple[t.Node, str] | None:
    mine, theirs = _factors(old), _factors(new)
    lost, more = _only(mine, theirs)
    if not lost and len(more) == 1:
        return more[0], f"the factor {write(more[0])} is missing"
    if not more and len(lost) == 1:
        return lost[0], f"the factor {write(lost[0])} does not belong there"
    if len(lost) == len(more) == 1 and len(mine) == len(theirs):
        return _parted(lost[0], more[0])
    return None


def _only(a: Sequence[Item], b: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """What only the first list has, and what only the second has."""
    return _without(a, b), _without(b, a)


def _without(a: Sequence[Item], b: Sequence[Item]) -> list[Item]:
    rest = list(b)
    found = []
    for item in a:
        if item in rest:
            rest.remove(item)
        else:
            found.append(item)
    return found


def _terms(node: t.Node) -> list[tuple[str, t.Node]]:
    if isinstance(node, t.Sum):
        terms = map(s.flattened, node.terms)
        return list(zip(node.signs, terms, strict=True))
    return [("+", node)]


def _factors(node: t.Node) -> list[t.Node]:
    return [s.flattened(f) for f in node.factors] if isinstance(node, t.Product) else [node]


def _signed(sign: str, term: t.Node) -> str:
    return f"-{write(term)}" if sign == "-" else write(term)
