r"""What a line of a document may rest on: what came before it, and what only comes after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.judging.givens import take
from matcalc.judging.kinds import kind_of
from matcalc.judging.passages import Line
from matcalc.judging.redefining import define
from matcalc.reading import tree as t


def env_at(known: Environment, later: list[Line]) -> Environment:
    """The environment of a line: what came before, then what comes after."""
    env = known.copy()
    for line in later:
        if line.error or not line.relation.signs:
            continue
        relation = line.relation
        left = s.peeled(relation.sides[0])
        kind = kind_of(env, relation, line.before)
        if kind == "defines" and isinstance(left, (t.Symbol, t.HeadBracket, t.Call)):
            define(env, relation, line.number)
        elif kind == "assumes" and isinstance(left, t.Symbol) and not env.has(s.full(left)):
            take(env, relation, line.number)
    return env


def env_so_far(known: Environment, later: list[Line]) -> Environment:
    return known.copy()


def env_later(
    known: Environment, later: list[Line], judged: t.Relation | None = None
) -> Environment:
    """The environment in which the next definition of a name wins over the last one."""
    env = known.copy()
    seen: set[str] = set()
    shaped: set[str] = set()
    for line in later:
        relation = line.relation
        if line.error or line.skipped or not relation.signs:
            continue
        left = s.peeled(relation.sides[0])
        head = left.head if isinstance(left, (t.HeadBracket, t.Call)) else left
        if not isinstance(head, t.Symbol) or s.full(head) in seen:
            continue
        if relation.signs[0] == r"\in":
            if s.full(head) not in shaped and not is_number_set(relation.sides[1]):
                take(env, relation, line.number)
            shaped.add(s.full(head))
            continue
        if judged is not None and _same_name(left, s.peeled(judged.sides[0])):
            continue
        if kind_of(env, relation, line.before) in ("defines", "restates") and not head.primes:
            if isinstance(left, t.HeadBracket) and any(
                isinstance(i, t.Symbol) and i.subscripts for i in left.bracket.items
            ):
                continue
            define(env, relation, line.number)
            latest = env.definitions.get(s.full(head))
            if env.is_function(s.full(head)) or (latest is not None and latest.line == line.number):
                seen.add(s.full(head))
    return env


def is_number_set(node: t.Node) -> bool:
    return isinstance(node, t.Symbol) and node.name in ("N_bb", "Z_bb")


def _same_name(a: t.Node, b: t.Node) -> bool:
    x = a.head if isinstance(a, (t.HeadBracket, t.Call)) else a
    y = b.head if isinstance(b, (t.HeadBracket, t.Call)) else b
    return isinstance(x, t.Symbol) and isinstance(y, t.Symbol) and s.full(x) == s.full(y)


def other_meanings(
    known: Environment, earlier: Sequence[Environment], later: list[Line], relation: t.Relation
) -> Iterator[Environment]:
    """Environments in which a correct line may be meant otherwise."""
    yield from reversed(earlier)
    names = {p.name for p in t.walk(relation) if isinstance(p, t.Symbol) and s.bare(p)}
    env = env_at(known, later)
    if all(
        isinstance(p, (t.Derivative, t.Symbol, t.Relation, t.Product)) for p in t.walk(relation)
    ):
        # Plain letters where the page declared bold ones: the same chain for numbers.
        plain = [p for p in t.walk(relation) if isinstance(p, t.Symbol)]
        bold = {d.left.name for d in env.definitions.values() if "\\" in d.left.latex}
        if plain and all("\\" not in p.latex for p in plain) and names & bold:
            for dim in env.dims:
                env.sizes.setdefault(dim, 1)
            yield env
    functions = [p for p in t.walk(relation) if isinstance(p, t.Call)]
    if functions and len(names - {p.head.name for p in functions}) <= 1:
        # d tanh(x) / dx = ...: an identity of one number, whatever x is elsewhere.
        yield Environment()


MAKERS: tuple[Callable[..., Environment], ...] = (env_at, env_so_far, env_later)
