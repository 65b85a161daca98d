r"""What a line of a document does: it defines, assumes, gives a value, leaves a blank, or claims."""

from __future__ import annotations

import re

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import tied_step
from matcalc.judging.environment import Environment
from matcalc.judging.scope import Scope
from matcalc.judging.updates import update_parts
from matcalc.judging.worlds import World
from matcalc.reading import tree as t

CONSTRAINT = re.compile(r"(?:subject to|such that|constraint|s\.t\.|provided that)[\s:,]*$", re.I)
COMPARISONS = frozenset({"<", ">", r"\le", r"\ge", r"\ne", r"\ll", r"\gg"})


def kind_of(env: Environment, relation: t.Relation, before: str = "") -> str:
    """What a line does: defines, assumes, value, size, blank, restates or claims."""
    sign = relation.signs[0]
    if CONSTRAINT.search(before):
        return "assumes"
    left, right = s.peeled(relation.sides[0]), relation.sides[1]
    if any(isinstance(side, t.Blank) for side in relation.sides[1:]):
        return "blank"
    if sign in (r"\in", ":"):
        parts = left.items if isinstance(left, t.Listing) else (left,)
        names = all(isinstance(p, t.Symbol) for p in parts)
        return "assumes" if names else "claims"
    if sign in COMPARISONS or sign == r"\approx":
        return "claims" if _closed(env, relation) else "assumes"
    if update_parts(relation) is not None or sign == r"\leftarrow":
        return "claims"
    if sign in (":=", r"\triangleq") and isinstance(left, t.Symbol):
        return "defines"
    if isinstance(left, (t.HeadBracket, t.Call)):
        return _kind_of_application(env, left, right)
    if not isinstance(left, t.Symbol):
        return "claims"
    return _kind_of_name(env, left, right)


def _closed(env: Environment, relation: t.Relation) -> bool:
    """Whether something that is defined stands in a comparison."""
    return any(
        env.is_function(s.full(p)) or s.full(p) in env.definitions
        for p in t.walk(relation)
        if isinstance(p, t.Symbol)
    )


def _kind_of_application(env: Environment, left: t.HeadBracket | t.Call, right: t.Node) -> str:
    head = left.head
    if not isinstance(head, t.Symbol) or head.primes:
        return "claims"
    argument = left.bracket if isinstance(left, t.HeadBracket) else left.argument
    items = argument.items if isinstance(argument, t.Bracket) else (argument,)
    key = s.full(head)
    if isinstance(left, t.Call) and not env.is_function(key):
        plain = all(isinstance(i, t.Symbol) for i in items)
        return "defines" if plain and head.name not in ("tanh", "log", "exp", "diag") else "claims"
    if env.is_function(key) or key in env.definitions:
        return "restates" if all(isinstance(i, t.Symbol) for i in items) else "claims"
    if any(isinstance(i, t.Symbol) and i.subscripts for i in items):
        return "claims"
    plain = all(isinstance(i, t.Symbol) and not i.subscripts for i in items)
    return "defines" if plain else "claims"


def _kind_of_name(env: Environment, left: t.Symbol, right: t.Node) -> str:
    key = s.full(left)
    number = is_number(right)
    counts = key in env.dims or (key in set("nNmMKTLBdkpq") and key not in env.shapes)
    if isinstance(right, t.Number) and right.text.isdigit() and s.bare(left) and counts:
        return "size"
    if left.primes or left.name in ("delta", "Delta") or left.name.endswith("_bar"):
        scope = Scope(World(env.copy(), {}))
        try:
            if tied_step(scope, left) is not None or left.name == "delta":
                return "claims"
        except Exception:
            return "claims"
    if number:
        return "number" if _has_value(env, left) else "value"
    spread = not left.subscripts and any(
        d.left.subscripts and s.stem(d.left) == key for d in env.patterns
    )
    if key in env.definitions or key in env.views or spread:
        return "restates"
    entry = left.subscripts and (env.has(s.stem(left)) or s.stem(left) in env.nicknames)
    if entry and s.stem(left) not in env.cells:
        return "claims"
    return "defines"


def is_number(node: t.Node) -> bool:
    """Whether no name stands in a formula, apart from known functions."""
    heads = {id(p.head) for p in t.walk(node) if isinstance(p, t.Call)}
    heads |= {id(p.base) for p in t.walk(node) if isinstance(p, t.Postfix) and _is_euler(p)}
    return not any(
        isinstance(p, (t.Filled, t.Derivative, t.Nabla, t.Differential))
        or (isinstance(p, t.Symbol) and id(p) not in heads)
        for p in t.walk(node)
    )


def _is_euler(node: t.Postfix) -> bool:
    """``e^{-2}``; any other e is a name."""
    return node.kind == "power" and isinstance(node.base, t.Symbol) and node.base.name == "e"


def _has_value(env: Environment, left: t.Symbol) -> bool:
    """Whether a number for a name can be checked: the name follows from others."""
    key = s.full(left)
    if key in env.definitions:
        return any(isinstance(p, t.Symbol) for p in t.walk(env.definitions[key].body))
    return any(d.left.name == left.name for d in env.patterns)
