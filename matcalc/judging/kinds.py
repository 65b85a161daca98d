r"""What a line of a document does: it defines, assumes, gives a value, leaves a blank, or claims."""

from __future__ import annotations

import re

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import tied_step, used_names
from matcalc.judging.entries import defines_entries
from matcalc.judging.environment import Environment
from matcalc.judging.scope import Scope
from matcalc.judging.spaces import summing_to_one
from matcalc.judging.updates import update_parts
from matcalc.judging.worlds import World
from matcalc.reading import tree as t

OPTIMUM = re.compile(
    r"\b(?:set|setting|zero|vanish|optim|stationar|minimi|maximi|solv|first[- ]order|condition|"
    r"equat|require|null|Ableitung|annul|Normalengleich)",
    re.I,
)
CONSTRAINT = re.compile(r"(?:subject to|such that|constraint|s\.t\.|provided that)[\s:,]*$", re.I)
IF = re.compile(r"\b(?:if|when|whenever|unless|falls|wenn|si)\s*$", re.I)
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
        names = all(isinstance(p, (t.Symbol, t.Ellipsis)) for p in parts)
        return "assumes" if names else "claims"
    if sign in COMPARISONS or sign == r"\approx":
        return "claims" if _closed(env, relation) else "assumes"
    if update_parts(relation) is not None or sign == r"\leftarrow":
        return "claims"
    if sign == ":=" and isinstance(left, t.Symbol) and left in set(s.symbols(right)):
        return "update"
    if sign in (":=", r"\triangleq") and isinstance(left, t.Symbol):
        return "defines"
    if isinstance(left, (t.HeadBracket, t.Call)):
        return _kind_of_application(env, left, right)
    if sign == "=" and _states_layout(left, right):
        return "defines"
    slopes = (t.Symbol, t.Derivative, t.Nabla, t.Differential)
    if sign == "=" and IF.search(before) and not isinstance(left, slopes):
        return "assumes"
    if not isinstance(left, t.Symbol):
        whole = summing_to_one(relation)
        free = whole is not None and s.full(whole) not in env.definitions
        return "assumes" if sign == "=" and (free or _is_set(right)) else "claims"
    if sign == "=" and _is_solution(env, left, relation.sides[-1]):
        return "solution"
    return _kind_of_name(env, left, right)


def _is_solution(env: Environment, left: t.Symbol, right: t.Node) -> bool:
    """``w = (X^T X)^{-1} X^T y`` for a w that other things are computed from: where it is best."""
    key = s.full(left)
    if key in env.definitions or left.primes or left.marks or not _inverts(right):
        return False
    bodies = [f.body for f in env.functions.values()]
    named = key in env.shapes or key in used_names(env)
    named = named or any(s.full(p) == key for body in bodies for p in s.symbols(body))
    return named and not any(s.full(p) == key for p in s.symbols(right))


def _states_layout(left: t.Node, right: t.Node) -> bool:
    """``(dy/dx)_{ij} = dy_i/dx_j``: which index of a Jacobian is which."""
    if not isinstance(left, t.Postfix) or left.kind != "subscript" or len(left.arguments) != 2:
        return False
    if not isinstance(s.peeled(left.base), t.Derivative) or not isinstance(right, t.Derivative):
        return False
    entry = right.of
    return len(right.by) == 1 and isinstance(entry, t.Symbol) and bool(entry.subscripts)


def _is_set(node: t.Node) -> bool:
    """The numbers, the vectors, the symmetric matrices: no value."""
    base = node.base if isinstance(node, t.Postfix) else node
    return (
        isinstance(base, t.Symbol) and base.name in ("R_bb", "S_bb", "N_bb", "Z_bb", "C_bb")
    ) or (
        isinstance(base, t.Symbol)
        and base.name in ("R", "S")
        and base.latex != base.name
        and isinstance(node, t.Postfix)
    )


def _inverts(node: t.Node) -> bool:
    kinds = ("inverse", "inverse-transpose")
    return any(isinstance(p, t.Postfix) and p.kind in kinds for p in t.walk(node))


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
    if any(isinstance(i, t.Symbol) and not numbered(i) for i in items):
        return "claims"
    plain = all(isinstance(i, t.Symbol) and numbered(i) for i in items)
    return "defines" if plain else "claims"


def numbered(symbol: t.Symbol) -> bool:
    """A name with nothing below it that counts: ``u``, ``u_1``, ``u_{new}``."""
    return all(isinstance(x, (t.Number, t.Word)) for x in symbol.subscripts)


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
    known = env.has(s.stem(left)) or s.stem(left) in env.nicknames
    entry = bool(left.subscripts) and not s.labelled(left) and known
    entry = entry and not env.sums_members(s.stem(left))
    if entry and s.stem(left) not in env.cells and not defines_entries(env, left, right):
        return "claims"
    return "defines"


def is_condition(env: Environment, relation: t.Relation, before: str) -> bool:
    """``X^T (y - X w) = 0``: what is asked of w, no claim for all w."""
    if relation.sides[-1] != t.Number("0"):
        return _asks(env, relation, before)
    slope = isinstance(s.peeled(relation.sides[0]), (t.Derivative, t.Nabla))
    return not slope or bool(OPTIMUM.search(before))


def _asks(env: Environment, relation: t.Relation, before: str) -> bool:
    """``S u = \\lambda u`` behind "setting this to zero", ``u^T S u = \\lambda`` of a free number."""
    left, right = s.peeled(relation.sides[0]), s.peeled(relation.sides[-1])
    slopes = (t.Derivative, t.Nabla, t.Differential)
    if isinstance(left, t.Symbol) or any(isinstance(p, slopes) for p in t.walk(relation)):
        return False
    named = isinstance(right, t.Symbol) and not right.primes and not env.has(s.full(right))
    return bool(OPTIMUM.search(before)) or (
        named and not env.has(s.stem(right)) and right not in set(s.symbols(left))  # type: ignore[arg-type]
    )


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
