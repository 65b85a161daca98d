r"""The index letters of a line that nothing binds: it is judged for all their values."""

from __future__ import annotations

from collections.abc import Mapping

from matcalc.judging import spelling as s
from matcalc.judging.counting import ranges_of
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
    for side in relation.sides:
        _collect(scope, side, set(), found)
    for letter in explicit:
        if letter not in found and any(letter in s.letters_above(x) for x in relation.sides):
            found.append(letter)
    return found, explicit


def _collect(scope: Scope, node: t.Node, bound: set[str], found: list[str]) -> None:
    if isinstance(node, t.BigOperator):
        inner = set(bound)
        for lower in node.lower:
            for part in t.walk(lower):
                if isinstance(part, t.Symbol) and s.bare(part):
                    inner.add(part.name)
                    break
        if node.body is not None:
            _collect(scope, node.body, inner, found)
        return
    if isinstance(node, t.HeadBracket) and isinstance(node.head, t.Symbol):
        pass
    scripts: tuple[t.Node, ...] = ()
    if isinstance(node, t.Symbol):
        scripts = node.subscripts
        if scripts and _exact(scope, node):
            scripts = ()
    elif isinstance(node, t.Postfix) and node.kind == "subscript":
        scripts = node.arguments
        if isinstance(node.base, t.Bracket) and node.base.left == r"\|":
            scripts = ()
    for script in scripts:
        for part in t.walk(script):
            if isinstance(part, t.Symbol) and s.bare(part) and part.name not in bound:
                free = part.name not in scope.world.sizes and part.name not in found
                letter = len(part.name) == 1 and part.name.islower()
                if free and letter and scope.place(part) is None:
                    found.append(part.name)
    for child in t.children(node):
        if not (isinstance(node, t.Symbol) and child in node.subscripts):
            _collect(scope, child, bound, found)


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
