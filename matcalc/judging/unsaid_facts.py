r"""Facts a page may have left unsaid: that targets sum to one, that a matrix is symmetric.

``\partial L/\partial z = p - y`` is right where the entries of y sum to one, which many pages do not
say: such a line needs a convention. ``\nabla x^T A x = 2 A x`` is wrong, and right for symmetric A:
that is told with what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from matcalc.judging import spelling as s
from matcalc.judging.elementary import known
from matcalc.judging.environment import ONE, Environment
from matcalc.reading import tree as t

Unsaid = tuple[str, str, Environment]  # a kind of fact, a sentence, and the page with it


def unsaid(env: Environment, relation: t.Relation) -> Iterator[Unsaid]:
    """The page once more, with a fact it does not state."""
    inside = {
        key for side in relation.sides for p in s.symbols(side) for key in (s.full(p), s.stem(p))
    }
    for key in sorted(_weights_of_logarithms(env)):
        if _is_open(env, key):
            what = "entries" if ONE in env.shapes[key] else "rows"
            yield (
                "simplex",
                f"the {what} of {_name(env, key)} sum to one",
                _with(env, key, "simplex"),
            )
    for key, (rows, cols) in env.shapes.items():
        if key in inside and rows == cols != ONE and _is_open(env, key):
            yield "symmetric", f"{_name(env, key)} is symmetric", _with(env, key, "symmetric")


def _with(env: Environment, key: str, domain: str) -> Environment:
    other = env.copy()
    other.domains[key] = domain
    return other


def _name(env: Environment, key: str) -> str:
    symbol = env.symbols.get(key)
    return symbol.latex if symbol is not None and not symbol.subscripts else key


def _is_open(env: Environment, key: str) -> bool:
    return key in env.shapes and key not in env.definitions and not env.domains.get(key)


def _weights_of_logarithms(env: Environment) -> set[str]:
    r"""The y of ``\sum_k y_k \log p_k`` and of ``y^T \log p``."""
    found: set[str] = set()
    for definition in (*env.definitions.values(), *env.patterns):
        for node in t.walk(definition.body):
            if not isinstance(node, t.Product):
                continue
            logs = [isinstance(f, t.Call) and known(f.head.name) == "log" for f in node.factors]
            if any(logs):
                rest = [f for f, is_log in zip(node.factors, logs, strict=True) if not is_log]
                found |= {s.stem(p) for f in rest for p in s.symbols(f)}
    return found
