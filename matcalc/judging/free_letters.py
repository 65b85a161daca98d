r"""The index letters of a line that nothing binds: it is judged for all their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from matcalc.judging import spelling as s
from matcalc.judging.counting import ranges_of
from matcalc.judging.kinds import COMPARISONS
from matcalc.judging.scope import Scope
from matcalc.judging.values import Unread
from matcalc.reading import tree as t


def free_letters(scope: Scope, relation: t.Relation) -> tuple[list[str], Mapping[str, list[int]]]:
    """The index letters nothing binds, and the ranges that are stated."""
    explicit: dict[str, list[int]] = {}
    for letter, right in ranges_of(relation):
        try:
            explicit[letter] = scope.range_of(right)
        except Unread:
            continue
    found: list[str] = []
    outside = {letter for side in relation.sides for letter in _outside_of_sums(side)}
    for side in relation.sides:
        _collect(scope, side, set(), found, outside)
    for letter in explicit:
        if letter not in found and any(letter in s.letters_above(x) for x in relation.sides):
            found.append(letter)
    return found, explicit


def _outside_of_sums(node: t.Node) -> Iterator[str]:
    """The index letters that stand where no sum binds anything."""
    if isinstance(node, t.BigOperator) or _is_diagonal(node):
        return
    for script in _scripts(node):
        yield from (p.name for p in t.walk(script) if isinstance(p, t.Symbol) and s.bare(p))
    for child in t.children(node):
        yield from _outside_of_sums(child)


def _scripts(node: t.Node) -> tuple[t.Node, ...]:
    """What stands below a name or a bracket, and can count."""
    if isinstance(node, t.Symbol):
        return node.subscripts
    if not isinstance(node, t.Postfix) or node.kind != "subscript":
        return ()
    norm = isinstance(node.base, t.Bracket) and node.base.left == r"\|"
    return () if norm else node.arguments


def _is_diagonal(node: t.Node) -> bool:
    head = node.head if isinstance(node, (t.Call, t.HeadBracket)) else None
    return isinstance(head, t.Symbol) and head.name in ("diag", "Diag")


def bound_by(node: t.BigOperator, outside: Set[str]) -> set[str]:
    r"""The letters a sum runs over: ``i`` and ``j`` of ``\sum_{i \ne j}``, if nothing else has j."""
    found: set[str] = set()
    for lower in node.lower:
        letters = [p.name for p in t.walk(lower) if isinstance(p, t.Symbol) and s.bare(p)]
        compares = isinstance(lower, t.Relation) and lower.signs and lower.signs[0] in COMPARISONS
        if compares or not isinstance(lower, t.Relation):
            found |= {x for k, x in enumerate(letters) if k == 0 or x not in outside}
        else:
            found |= set(letters[:1])
    return found


def _collect(
    scope: Scope, node: t.Node, bound: set[str], found: list[str], outside: Set[str]
) -> None:
    if isinstance(node, t.BigOperator):
        if node.body is not None:
            _collect(scope, node.body, bound | bound_by(node, outside), found, outside)
        return
    if _is_diagonal(node):
        # diag(p_i (1 - p_i)) has one entry for every i
        bound = bound | (set(s.letters_below(node)) - outside)
    exact = isinstance(node, t.Symbol) and bool(node.subscripts) and _exact(scope, node)
    scripts = () if exact else _scripts(node)
    for script in scripts:
        for part in t.walk(script):
            if isinstance(part, t.Symbol) and s.bare(part) and part.name not in bound:
                taken = part.name in scope.world.sizes or part.name in scope.env.fixed
                free = not taken and part.name not in found
                letter = s.counts(part.name)
                if free and letter and scope.place(part) is None:
                    found.append(part.name)
    for child in t.children(node):
        if not (isinstance(node, t.Symbol) and child in node.subscripts):
            _collect(scope, child, bound, found, outside)


def _exact(scope: Scope, symbol: t.Symbol) -> bool:
    """A name with letters below that mean nothing: ``W_{hh}``."""
    key = s.full(symbol)
    return scope.env.is_function(key) or (
        scope.env.has(key)
        and not (key in scope.env.definitions and scope.env.definitions[key].letters)
        and not _counting_shape(scope, symbol)
    )


def _counting_shape(scope: Scope, symbol: t.Symbol) -> bool:
    return any(left == symbol and letters for left, letters, _ in scope.env.shape_patterns)
