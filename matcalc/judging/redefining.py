r"""A definition that takes the place of an earlier one."""

from __future__ import annotations

import re
from dataclasses import replace

from matcalc.judging import slips
from matcalc.judging import spelling as s
from matcalc.judging.compare import Trouble, side_values
from matcalc.judging.environment import ONE, Definition, Environment, View
from matcalc.judging.givens import take
from matcalc.judging.guesses import infer
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.verdict import Verdict
from matcalc.judging.worlds import World
from matcalc.reading import tree as t


def uses_newer(env: Environment, relation: t.Relation) -> bool:
    """Whether the right side rests on a step that was named after the left side was."""
    left = relation.sides[0]
    mine = env.definitions.get(s.full(left)) if isinstance(left, t.Symbol) else None
    if mine is None:
        return False
    found = (env.definitions.get(s.full(p)) for p in s.symbols(relation.sides[1]))
    return any(d is not None and d.line > mine.line for d in found)


def keep_under_hat(env: Environment, before: Environment, left: t.Symbol) -> None:
    """A name that changed its shape: the longer meaning stays under the letter with a hat."""
    key, hat = s.full(left), left.name + "_hat"
    if not env.has(hat) and key in before.views:
        env.views[hat] = before.views[key]
    numbers = sorted({
        x for d in env.patterns if s.stem(d.left) == key for r in d.ranges.values()
        for x in Scope(World(env, env.sizes)).range_of(r)
    })  # fmt: skip
    if numbers and key in env.definitions:
        # The new meaning is the column of the entries that have one formula.
        cells = tuple((replace(left, subscripts=(t.Number(str(n)),)),) for n in numbers)
        env.views[key] = View(cells)
        env.definitions.pop(key)
        env.order = [k for k in env.order if k != key]


def forget_array(env: Environment, left: t.Symbol) -> None:
    """``y = 3`` says that an array y of an earlier problem is over."""
    key = s.full(left)
    dims = env.shapes.get(key)
    if dims is not None and dims != (ONE, ONE):
        env.shapes.pop(key)
        env.definitions.pop(key, None)
        env.order = [k for k in env.order if k != key]


# "Expanding, P = ...": the same thing in another form, no new thing of that name.
EXPANDED = re.compile(
    r"\b(?:expand|simplif|equivalent|rewrit|multiply(?:ing)? out|in other words|ausmultiplizier|"
    r"umgeformt|umform|développ|simplifi)",
    re.I,
)


def is_expansion(verdict: Verdict, before: str) -> bool:
    """Whether a name gets its old value in another form, with a slip in it."""
    mended = bool(verdict.correction) and verdict.slip != slips.OTHER
    return verdict.status == "fails" and mended and bool(EXPANDED.search(before))


def first_step(relation: t.Relation) -> t.Relation:
    """``a = b`` of ``a = b = c``."""
    return replace(relation, sides=relation.sides[:2], signs=relation.signs[:1])


def lay_down(env: Environment, symbol: t.Symbol) -> None:
    """A vector that is said to be a row: its length runs along the columns."""
    key = s.full(symbol)
    dims = env.shapes.get(key)
    if dims is not None and dims[1] == ONE:
        env.shapes[key] = (ONE, dims[0])


def define(env: Environment, relation: t.Relation, number: int) -> None:
    """A definition that takes the place of an earlier one; a shape that contradicts it goes."""
    left = relation.sides[0]
    body = relation.sides[1]
    if (
        isinstance(body, t.Postfix)
        and body.kind == "subscript"
        and isinstance(body.arguments[0], t.Text)
    ):
        _define_tail(env, relation)
        return
    if isinstance(left, t.Symbol):
        key = s.full(left)
        place = env.order.index(key) if key in env.order else None
        env.order = [k for k in env.order if k != key]
        old = env.definitions.pop(key, None)
        patterns = env.patterns
        env.patterns = [d for d in patterns if s.full(d.left) != key]
        take(env, relation, number)
        if old is not None and key not in env.definitions and key not in env.views:
            # A matrix of its own entries names them and defines nothing.
            env.definitions[key], env.patterns = old, patterns
            env.order.insert(place if place is not None else len(env.order), key)
        _define_between(env, relation, number)
        if key in env.shapes and key in env.definitions and _contradicts(env, left):
            env.shapes.pop(key)
    else:
        _forget_step(env, left)
        take(env, _of_whole_arrays(env, relation), number)
        _define_between(env, relation, number)


def of_other_letters(env: Environment, left: t.Node) -> bool:
    """``f(X) = ...`` behind ``f(x) = ...``: another function of the same name."""
    if not isinstance(left, t.HeadBracket) or not isinstance(left.head, t.Symbol):
        return False
    mine = env.decorated.get(s.full(left.head))
    bare = all(s.bare(i) for i in left.bracket.items)
    return mine is not None and bare and mine != left.bracket.items


def _forget_step(env: Environment, left: t.Node) -> None:
    """``f(x) = 1/x`` behind a step f: the name begins anew as a function of its argument."""
    head = left.head if isinstance(left, (t.HeadBracket, t.Call)) else None
    if not isinstance(head, t.Symbol) or head.primes:
        return
    key = s.full(head)
    if key in env.decorated and not of_other_letters(env, left):
        return
    env.decorated.pop(key, None)
    if key in env.definitions:
        env.definitions.pop(key)
        env.order = [k for k in env.order if k != key]


def whole_instead_of_entries(env: Environment, relation: t.Relation, number: int) -> None:
    """``a^l = \\sigma(w^l a^{l-1} + b^l)`` behind the same entry by entry: the whole is the definition."""
    left = relation.sides[0]
    if not isinstance(left, t.Symbol) or left.subscripts or s.full(left) in env.definitions:
        return
    stem = s.full(left)
    entries = [d for d in env.patterns if d.left.subscripts and s.stem(d.left) == stem]
    if not entries or any(d.ranges for d in entries):
        return
    env.patterns = [d for d in env.patterns if d not in entries]
    for definition in entries:
        env.definitions.pop(s.full(definition.left), None)
    env.order = [k for k in env.order if k in env.definitions]
    env.cells.pop(stem, None)
    take(env, relation, number)


def _define_between(env: Environment, relation: t.Relation, number: int) -> None:
    """``f = a = g(z)`` defines the name in the middle too."""
    for k in range(1, len(relation.sides) - 1):
        middle = relation.sides[k]
        if isinstance(middle, t.Symbol) and s.full(middle) in env.definitions:
            define(env, t.Relation((middle, relation.sides[k + 1]), ("=",)), number)


def _of_whole_arrays(env: Environment, relation: t.Relation) -> t.Relation:
    """``f(x_n, W) = sigma(z_n)`` for every row is ``f(X, W) = sigma(Z)``."""
    left = relation.sides[0]
    if not isinstance(left, t.HeadBracket) or not isinstance(left.head, t.Symbol):
        return relation
    known = env.decorated.get(s.full(left.head))
    rows = [i for i in left.bracket.items if isinstance(i, t.Symbol) and i.subscripts]
    if known is None or len(rows) != 1 or len(rows[0].subscripts) != 1:
        return relation
    letter = rows[0].subscripts

    def whole(node: t.Node) -> t.Node:
        if isinstance(node, t.Symbol) and node.subscripts == letter:
            capital = replace(node, name=node.name.upper(), latex=node.latex.upper(), subscripts=())
            capital = replace(capital, latex=capital.name)
            plain = replace(node, subscripts=())
            return capital if env.has(s.full(capital)) else plain
        return node

    body = s.rebuilt(relation.sides[1], whole)
    return t.Relation((replace(left, bracket=replace(left.bracket, items=known)), body), ("=",))


def _contradicts(env: Environment, left: t.Symbol) -> bool:
    trial = env.copy()
    infer(trial)
    for world in worlds(trial, count=1, points=1):
        values = side_values(Scope(world), left)
        return isinstance(values, Trouble) and "is declared" in values.why
    return False


def _define_tail(env: Environment, relation: t.Relation) -> None:
    left, body = relation.sides
    assert isinstance(left, t.Symbol), "built with the passages"
    assert isinstance(body, t.Postfix), "built with the passages"
    base = body.base
    assert isinstance(base, t.Symbol), "built in _shortened"
    stem = s.stem(base)
    dims = env.shapes.get(stem)
    numbers = sorted(
        int(p.text)
        for d in (*env.definitions.values(), *env.patterns)
        for q in t.walk(d.body)
        if isinstance(q, t.BigOperator) and q.upper is not None
        for p in (q.upper,)
        if isinstance(p, t.Number) and any(x.name == base.name for x in s.symbols(q.body or p))
    )
    count = numbers[-1] if numbers else None
    if count is None and dims is not None:
        sizes = [s.integer(d, env.sizes) for d in dims]
        known = [n for n in sizes if n is not None]
        count = max(known) - 1 if len(known) == 2 else None
    if count is None:
        return
    entries = tuple(replace(base, subscripts=(t.Number(str(k)),)) for k in range(1, count + 1))
    env.definitions[s.full(left)] = Definition(left, t.Bracket("[", "]", entries,
                                                              (",",) * (count - 1)))  # fmt: skip
    env.order.append(s.full(left))


def misfit(env: Environment, relation: t.Relation) -> str:
    """Why the right side of a definition has no value, if all its shapes were declared."""
    declared = {k for k in env.shapes if k not in env.definitions}
    if len(relation.sides) != 2 or not isinstance(relation.sides[0], t.Symbol):
        return ""
    if not all(s.full(p) in declared for p in s.symbols(relation.sides[1])):
        return ""
    trial = env.copy()
    for world in worlds(trial, count=1, points=1):
        scope = Scope(world)
        with scope.inside({}, {}):
            values = side_values(scope, relation.sides[1])
        if isinstance(values, Trouble) and values.status == "shape-error":
            return values.why
    return ""
