"""One relation in one layout: both sides at all points, for all values of the free index letters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging import values as v
from matcalc.judging.bigops import range_by_use
from matcalc.judging.compare import (
    Sided,
    Trouble,
    either_way,
    finite,
    has_rounded,
    is_plain_list,
    is_printed,
    matching,
    side_values,
    slack_of,
    spread_over,
)
from matcalc.judging.conditions import COMPARE, holds_where
from matcalc.judging.domains import worlds_inside
from matcalc.judging.environment import Environment
from matcalc.judging.finding import EQUAL, RANK, Finding
from matcalc.judging.formal_chains import holds_formally
from matcalc.judging.free_letters import free_letters
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import in_letters, worlds
from matcalc.judging.solve import solve
from matcalc.judging.spaces import space
from matcalc.judging.undefined import why_undefined
from matcalc.judging.values import Misfit, OutOfRange, TooMuch, Unread
from matcalc.judging.worlds import STYLES
from matcalc.reading import tree as t
from matcalc.reading.ranges import ORDERS
from matcalc.reading.writer import write

ZERO = 1e-7  # how small is zero, where the other side is a plain 0


def judge_in(
    env: Environment, relation: t.Relation, layout: tuple[str, bool], *, quick: bool = False
) -> Finding:
    """Judge in one layout: in the first style of points, and at the sizes, that give values."""
    count, points = (1, 3) if quick else (3, 8)
    problem = Finding("unreadable", "there is no point at which both sides have a value")
    for first, times in ((0, 1), (count, 2)):
        partial: list[Finding] = []
        for style in STYLES:
            found: list[Finding] = []
            missing = False
            some = worlds(env, count=times * count, first=first, points=points, style=style)
            for world in some:
                scope = Scope(world, layout=layout[0], vec=layout[1])
                finding = _in_world(scope, relation)
                if finding.status == "undefined":
                    why = why_undefined(scope, relation) if style == STYLES[0] else ""
                    problem = replace(problem, why=why or problem.why)
                    missing = True
                    continue
                finding = replace(finding, why=in_letters(finding.why, world))
                found.append(replace(finding, points=world.points, work=scope.work[0]))
                if finding.status not in ("holds", "needs-convention", "range-error"):
                    worst = max(found, key=lambda f: RANK[f.status])
                    return replace(worst, layout=layout, relation=relation)
            if found and not missing:
                return _combined(found, relation, layout)
            partial = max(partial, found, key=len)
        if partial:
            # (X^T X)^{-1} has no value at sizes with fewer rows than columns.
            return _combined(partial, relation, layout)
    within = [
        replace(_in_world(Scope(world, layout=layout[0], vec=layout[1]), relation),
                points=world.points)
        for world in worlds_inside(env, relation, layout, count=count, points=points)
    ]  # fmt: skip
    if within and all(finding.status != "undefined" for finding in within):
        return _combined(within, relation, layout)
    return replace(problem, relation=relation, layout=layout)


def _in_world(scope: Scope, relation: t.Relation) -> Finding:
    try:
        solve(scope.world)
        return _at_points(scope, relation)
    except (TooMuch, Misfit, OutOfRange, Unread) as error:
        return Finding("unreadable", str(error))


def _combined(found: list[Finding], relation: t.Relation, layout: tuple[str, bool]) -> Finding:
    worst = max(found, key=lambda f: RANK[f.status])
    tags: frozenset[str] = frozenset().union(*(f.tags for f in found))
    return replace(
        worst,
        tags=tags,
        layout=layout,
        relation=relation,
        points=sum(f.points for f in found),
        sizes=len(found),
        alive=any(f.alive for f in found),
    )


def _at_points(scope: Scope, relation: t.Relation) -> Finding:
    if relation.signs and relation.signs[0] in (r"\in", ":"):
        return _membership(scope, relation)
    letters, explicit = free_letters(scope, relation)
    ranges: dict[str, list[int]] = {}
    missing: dict[str, list[int]] = {}
    for letter in letters:
        implied = range_by_use(scope, letter, relation.sides)
        stated = explicit.get(letter)
        if stated is None and implied is None:
            implied = _any_index(scope, relation, letter)
        if stated is not None and implied is not None:
            beyond = [x for x in stated if x not in implied]
            if beyond:
                return Finding(
                    "index-error",
                    f"{letter} = {beyond[0]} does not exist: {letter} runs from {implied[0]} to "
                    f"{implied[-1]}",
                    1,
                    missing={letter: implied},
                )
            short = [x for x in implied if x not in stated]
            if short and len(stated) > 1 and not _constant(scope, relation, letter, short):
                missing[letter] = implied
        if stated is None and implied is not None:
            constants = [x for x in implied if _constant(scope, relation, letter, [x])]
            implied = [x for x in implied if x not in constants] or implied
        ranges[letter] = stated if stated is not None else implied or []
    finding = _over_letters(scope, relation, ranges)
    if finding.status == "holds" and missing:
        letter, implied = next(iter(missing.items()))
        return replace(
            finding,
            status="range-error",
            wrong=1,
            missing=missing,
            why=f"right entry by entry, but {letter} runs from {implied[0]} to {implied[-1]}",
        )
    return finding


def _any_index(scope: Scope, relation: t.Relation, letter: str) -> list[int]:
    """An index of names that are only known by pattern: any number will do."""
    for side in relation.sides:
        for part in t.walk(side):
            if not isinstance(part, t.Symbol) or letter not in s.letters_below(part):
                continue
            lefts = [left for left, _, _ in scope.env.shape_patterns]
            lefts += [definition.left for definition in scope.env.patterns]
            if all(left.name != part.name for left in lefts):
                raise Unread(f"the range of {letter} is not known")
    return [1, 2]


def _constant(scope: Scope, relation: t.Relation, letter: str, values: list[int]) -> bool:
    """Whether the entries a range leaves out are numbers by definition, as z_0 = 1."""
    for symbol in (p for p in t.walk(relation.sides[0]) if isinstance(p, t.Symbol)):
        if letter not in s.letters_below(symbol):
            continue
        for value in values:
            with scope.bound(**{letter: value}):
                try:
                    key = s.full(symbol, scope.indices)
                except (Misfit, OutOfRange, Unread):
                    return False
            definition = scope.env.definitions.get(key)
            if definition is None or any(isinstance(p, t.Symbol) for p in t.walk(definition.body)):
                return False
        return True
    return False


# ---------------------------------------------------------------- all index values


def _over_letters(scope: Scope, relation: t.Relation, ranges: Mapping[str, list[int]]) -> Finding:
    overall = Finding("holds")
    for choice in spread_over(scope, ranges):
        with scope.bound(**choice):
            if not _allowed(scope, relation):
                continue
            finding = _sides(scope, relation)
        if finding.status == "undefined":
            return finding
        overall = _worse(overall, finding)
    return overall


def _allowed(scope: Scope, relation: t.Relation) -> bool:
    """Whether the letters are as a line asks: ``i \\ne 0``, ``j \\ne y``."""
    known = {**scope.world.sizes, **scope.indices}
    for condition in relation.conditions:
        for part in condition.relations if isinstance(condition, t.Condition) else ():
            if not isinstance(part, t.Relation) or not set(part.signs) <= ORDERS:
                continue
            sides = [s.integer(side, known) for side in part.sides]
            if None not in sides and not np.all(holds_where(scope, part)):
                return False
    return True


def _worse(a: Finding, b: Finding) -> Finding:
    sides = {k: max(a.sides.get(k, "holds"), b.sides.get(k, "holds"), key=RANK.__getitem__)
             for k in {*a.sides, *b.sides}}  # fmt: skip
    wrong = [f.wrong for f in (a, b) if f.wrong is not None]
    first = a if RANK[a.status] >= RANK[b.status] else b
    if a.wrong is not None and b.wrong is not None and a.wrong != b.wrong:
        first = a if a.wrong < b.wrong else b
    first = replace(first, alive=a.alive or b.alive)
    return replace(first, tags=a.tags | b.tags, sides=sides, wrong=min(wrong) if wrong else None)


def _sides(scope: Scope, relation: t.Relation) -> Finding:
    sided: list[Sided] = []
    slacks: list[dict[tuple[int, int], v.Array]] = []
    for node in relation.sides:
        values = side_values(scope, node)
        slack: dict[tuple[int, int], v.Array] = {}
        if not isinstance(values, Trouble) and (is_printed(node) or has_rounded(node)):
            slack = slack_of(scope, node, values)
        if not isinstance(values, Trouble) and is_plain_list(node):
            values = either_way(values)
            slack.update({(c, r): np.swapaxes(a, -1, -2) for (r, c), a in list(slack.items())})
        if not finite(values):
            return Finding("undefined")
        sided.append(values)
        slacks.append(slack)
    if not set(relation.signs) <= EQUAL:
        return _ordered(sided, relation)
    truth = sided[0]
    if isinstance(truth, Trouble):
        return Finding(truth.status, truth.why, 0)
    alive = any(
        bool(np.any(value.array))
        for side in sided
        if not isinstance(side, Trouble)
        for value in side
    )
    finding = Finding("holds", alive=alive)
    for k in range(1, len(sided)):
        loose = 0.02 if relation.signs[k - 1] == r"\approx" else 0.0
        mine = _pair(scope, truth, sided[k], slacks[k], loose)
        if mine.status == "fails" and loose and not _in_digits(relation.sides[k]):
            mine = Finding("unreadable", "how close two formulas are is not said")
        if mine.status in ("fails", "shape-error"):
            if holds_formally(scope, relation.sides[0], relation.sides[k]):
                mine = Finding("holds", tags=frozenset({v.FORMAL}))
        finding.sides[k] = mine.status
        mine = replace(mine, wrong=None if mine.status == "holds" else k, sides=finding.sides)
        if finding.status == "holds":
            finding = replace(mine, tags=finding.tags | mine.tags, alive=alive)
    return finding


def _in_digits(side: t.Node) -> bool:
    """Whether a side is made of numbers: those are held to their digits."""
    return not any(isinstance(p, t.Symbol) for p in t.walk(side))


def _pair(
    scope: Scope,
    truth: Sided,
    side: Sided,
    slack: Mapping[tuple[int, int], v.Array],
    loose: float,
) -> Finding:
    if isinstance(side, Trouble):
        return Finding(side.status, side.why)
    assert not isinstance(truth, Trouble), "checked by the caller"
    best: frozenset[str] | None = None
    for value in side:
        if value.literal and value.is_scalar and not np.any(value.array):
            # "= 0" of an array
            value = replace(value, array=np.zeros(truth[0].shape))
        off: v.Array | float = slack.get(value.shape, 0.0 if np.any(value.array) else ZERO)
        if loose and np.any(off):
            off = 2 * off  # cut or rounded, but to these digits
        elif loose:
            off = loose * np.max(np.abs(value.array), initial=0.0)
        tags = matching(truth, [value], off)
        if tags is not None and (best is None or _cost(scope, tags) < _cost(scope, best)):
            best = tags
    if best is not None:
        unusual = conventions(scope.env, best)
        if unusual:
            return Finding("needs-convention", convention="; ".join(sorted(unusual)), tags=best)
        return Finding("holds", tags=best)
    shapes = {x.shape for x in truth}
    zero = any(x.literal and x.is_scalar and not np.any(x.array) for x in side)
    if not zero and not any(x.shape in shapes for x in side):
        return Finding(
            "shape-error",
            f"the left side is {v.show(truth[0].shape)}, the right side {v.show(side[0].shape)}",
        )
    return Finding("fails", "the two sides have different values")


def conventions(env: Environment, tags: frozenset[str]) -> frozenset[str]:
    """The liberties that must be named."""
    unusual = {v.FIRST_ENTRYWISE}
    if env.entrywise_signs - {r"\cdot", "*"}:
        unusual.add(v.DOT_ENTRYWISE)
    return tags & unusual


def _cost(scope: Scope, tags: frozenset[str]) -> tuple[int, int]:
    return len(conventions(scope.env, tags)), len(tags)


def _ordered(sided: list[Sided], relation: t.Relation) -> Finding:
    """``a < b <= c`` at every point."""
    for k, (a, b) in enumerate(itertools.pairwise(sided)):
        sign = relation.signs[k]
        for side in (a, b):
            if isinstance(side, Trouble):
                return Finding(side.status, side.why, k + 1)
        assert not isinstance(a, Trouble), "checked above"
        assert not isinstance(b, Trouble), "checked above"
        if sign in EQUAL:
            if matching(a, b) is None:
                return Finding("fails", "the two sides have different values", k + 1)
            continue
        if sign not in COMPARE:
            return Finding("unreadable", f"{sign} claims nothing that can be checked", k + 1)
        if not np.all(COMPARE[sign](a[0].array.real, b[0].array.real)):
            return Finding("fails", "the order does not hold everywhere", k + 1)
    return Finding("holds")


def _membership(scope: Scope, relation: t.Relation) -> Finding:
    """``X \\in R^{n x d}`` and ``dy/dx : p x r`` of something known, or a number in an interval."""
    node, right = relation.sides[0], relation.sides[1]
    interval = isinstance(right, t.Bracket) and len(right.items) == 2 and right.left in "[("
    letters, explicit = free_letters(scope, t.Relation((node,)))
    ranges = {x: explicit.get(x) or range_by_use(scope, x, [node]) or [] for x in letters}
    for choice in spread_over(scope, ranges):
        with scope.bound(**choice):
            values = side_values(scope, node)
            if isinstance(values, Trouble):
                return Finding(values.status, values.why, 0)
            if interval:
                assert isinstance(right, t.Bracket), "checked above"
                low, high = (side_values(scope, item) for item in right.items)
                if isinstance(low, Trouble) or isinstance(high, Trouble):
                    return Finding("unreadable", f"{write(right)} is no interval", 1)
                x = values[0].array.real
                if not (np.all(x >= low[0].array.real) and np.all(x <= high[0].array.real)):
                    return Finding("fails", "the values leave the interval", 1)
                continue
            dims, _ = space(right)
            if dims is None:
                return Finding("unreadable", f"{write(right)} is no set of arrays", 1)
            wanted = scope.world.shape(dims)
            if all(value.shape != wanted for value in values):
                return Finding(
                    "shape-error",
                    f"it is {v.show(values[0].shape)}, not {wanted[0]} x {wanted[1]}",
                    1,
                )
    return Finding("holds")
