r"""The chain rule between names that nothing else is said of.

``dz/du = dz/dx dx/du`` on a page that defines neither z nor x is a statement about any
``z = z(x)`` and ``x = x(u)``: which is a function of which is read off the derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from matcalc.judging import spelling as s
from matcalc.judging.environment import ONE, Definition, Environment
from matcalc.judging.values import Unread
from matcalc.reading import tree as t
from matcalc.reading.writer import write


@dataclass
class Slopes:
    """The derivatives of a line: what is a function of what."""

    names: dict[str, t.Symbol] = field(default_factory=dict)
    by: dict[str, set[str]] = field(default_factory=dict)
    inside: set[str] = field(default_factory=set)  # names in what a derivative is taken of
    signs: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def note(self, of: t.Node, by: t.Symbol, sign: str) -> None:
        """One derivative."""
        self.names[s.full(by)] = by
        if not isinstance(of, t.Symbol):
            self.inside |= {s.full(x) for x in s.symbols(of)}
            return
        self.names[s.full(of)] = of
        self.by.setdefault(s.full(of), set()).add(s.full(by))
        self.signs.setdefault((s.full(of), s.full(by)), set()).add(sign)


def chained(env: Environment, line: t.Relation) -> Environment | None:
    """The page with such names as functions of each other; None if the line has none.

    A name that would be a function of itself, or has a total and a partial slope, is refused.
    """
    slopes = _slopes(env, line)
    if slopes is None:
        return None
    free = {key for key in slopes.by if not _is_computed(env, key)}
    if not free & slopes.inside.union(*slopes.by.values()):
        return None
    below = {key: _below(env, slopes.by, key) for key in slopes.names}
    for key in (key for key in sorted(free) if key in below[key]):
        raise Unread(f"{write(slopes.names[key])} would be a function of itself")
    for (key, by), written in slopes.signs.items():
        if len(written) > 1 and len(slopes.by[key]) > 1:
            of, variable = write(slopes.names[key]), write(slopes.names[by])
            raise Unread(f"{of} has a total and a partial derivative by {variable}")
    new = env.copy()
    for key in sorted(free):
        mine = slopes.by[key]
        direct = sorted(by for by in mine if not any(by in below[x] for x in mine - {by}))
        _make_function(new, slopes.names[key], tuple(slopes.names[by] for by in direct))
    return new


def _slopes(env: Environment, line: t.Relation) -> Slopes | None:
    """The derivatives of a line; None if one of them is of another kind."""
    found = Slopes()
    for part in t.walk(line):
        if not isinstance(part, t.Derivative):
            continue
        if len(part.by) != 1 or part.order != "1" or part.of is None:
            return None
        of, by = s.peeled(part.of), s.peeled(part.by[0])
        if not _is_plain(by, env) or (isinstance(of, t.Symbol) and not _is_plain(of, env)):
            return None
        found.note(of, by, part.sign)
    return found


def _make_function(env: Environment, name: t.Symbol, arguments: tuple[t.Symbol, ...]) -> None:
    """A name as an unknown function, under a head of its own."""
    key = s.full(name)
    for known in (env.definitions, env.sizes, env.opaque):
        known.pop(key, None)
    head = t.Symbol(f"function {key}", name.latex)
    env.opaque[s.full(head)] = "scalar"
    env.definitions[key] = Definition(name, t.HeadBracket(head, t.Bracket("(", ")", arguments)))
    env.symbols[key] = name
    env.order = [*(k for k in env.order if k != key), key]
    env.assume(f"{write(name)} is any smooth function of {', '.join(map(write, arguments))}")


def _is_plain(symbol: t.Node, env: Environment) -> TypeGuard[t.Symbol]:
    """A number without an index, as far as the page says."""
    if not isinstance(symbol, t.Symbol):
        return False
    key = s.full(symbol)
    number = env.shapes.get(key, (ONE, ONE)) == (ONE, ONE)
    scripts = (*symbol.subscripts, *(mark.index for mark in symbol.marks))
    alone = not symbol.primes and all(isinstance(x, (t.Number, t.Word)) for x in scripts)
    return alone and number and key not in env.functions and key not in env.decorated


def _is_computed(env: Environment, key: str) -> bool:
    """Whether a formula defines a name; a value given to it is none."""
    definition = env.definitions.get(key)
    return definition is not None and any(s.symbols(definition.body))


def _below(env: Environment, slopes: Mapping[str, set[str]], key: str) -> set[str]:
    """Everything that a name is a function of, directly or not."""
    found: set[str] = set()
    todo = [key]
    while todo:
        name = todo.pop()
        fresh = set(slopes.get(name, ()))
        if _is_computed(env, name):
            fresh = {s.full(x) for x in s.symbols(env.definitions[name].body)}
        todo += fresh - found
        found |= fresh
    return found
