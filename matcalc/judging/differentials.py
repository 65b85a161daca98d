r"""Lines about differentials: ``d(X^T X) = (dX)^T X + X^T dX``.

``dX`` of a name that nothing defines is any direction; the differential of everything else is its
derivative along the directions of the names that are varied. Which names those are, the line says:
every name that has a differential in it. The others are constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol, undefined_loss
from matcalc.judging.environment import Environment
from matcalc.judging.evaluate import one
from matcalc.judging.values import Value
from matcalc.reading import tree as t

if TYPE_CHECKING:
    from matcalc.judging.scope import Place, Scope

H = 1e-30
HEADS = frozenset({"d", "d_mathrm", "delta", "partial"})


def with_differentials(env: Environment, line: t.Relation) -> t.Relation | None:
    r"""The line with ``d(...)`` and ``d \log ...`` as differentials, if both sides have some."""
    if len(line.sides) < 2 or not any(_has(side) for side in line.sides[1:]):
        return None
    left = _of_a_name(env, _read(line.sides[0]))
    if not isinstance(left, t.Differential):
        return None
    changed = (s.rebuilt(side, lambda node: _apart(env, _read(node))) for side in line.sides[1:])
    return replace(line, sides=(left, *changed))


def _of_a_name(env: Environment, node: t.Node) -> t.Node:
    """``d f`` with a gap, where d is nothing else."""
    if isinstance(node, t.Product) and len(node.factors) == 2 and node.operators == ("",):
        head, name = node.factors
        if _is_d(head) and isinstance(name, t.Symbol) and "d" not in env.dims and not env.has("d"):
            return t.Differential("d", name, span=node.span)
    return node


def is_adjoint_line(env: Environment, line: t.Relation) -> bool:
    """Whether ``dW = dZ X^T`` is about gradients: there is a loss, and it is not what varies."""
    left = line.sides[0]
    loss = loss_symbol(env) or undefined_loss(env)
    return (
        loss is not None
        and isinstance(left, t.Differential)
        and isinstance(left.of, t.Symbol)
        and left.of != loss
    )


def varied(line: t.Relation) -> tuple[t.Symbol, ...]:
    """The names that have a differential on a right side."""
    found: dict[t.Symbol, None] = {}
    for side in line.sides[1:]:
        for node in t.walk(side):
            if isinstance(node, t.Differential) and node.of is not None:
                found.update(dict.fromkeys(s.symbols(node.of)))
    return tuple(found)


def _has(node: t.Node) -> bool:
    return any(isinstance(_read(p), t.Differential) for p in t.walk(node))


def _read(node: t.Node) -> t.Node:
    """``d(...)`` and ``d \\log ...`` as what they are here."""
    if isinstance(node, t.HeadBracket) and _is_d(node.head) and len(node.bracket.items) == 1:
        return t.Differential("d", node.bracket, span=node.span)
    if isinstance(node, t.Product) and _is_d(node.factors[0]) and node.operators[0] == "":
        rest, operators = node.factors[1:], node.operators[1:]
        if isinstance(rest[0], (t.Call, t.Bracket, t.HeadBracket, t.BigOperator)):
            first = t.Differential("d", rest[0])
            return first if not operators else t.Product((first, *rest[1:]), operators)
    return node


def _apart(env: Environment, node: t.Node) -> t.Node:
    """``db (u + v)`` is a product where b is no function."""
    if not isinstance(node, t.Differential) or node.of is None:
        return node
    split = t.as_product(node.of)
    if split is None or not isinstance(head := split[0], t.Symbol):
        return node
    if not (env.has(s.full(head)) or env.has(s.stem(head))):
        return node
    return t.Product((t.Differential(node.sign, head), *split[1:]), ("",), span=node.span)


def _is_d(node: t.Node) -> bool:
    return isinstance(node, t.Symbol) and s.bare(node) and node.name == "d"


def differential(scope: Scope, node: t.Differential) -> list[Value]:
    """The derivative of what stands behind the d along the directions."""
    of = node.of
    assert of is not None, "checked by the caller"
    moves = dict(_directions(scope))
    base = {key: scope.value(place).array for key, place in moves.items()}
    steps = {key: _direction(scope, key, base[key]) for key in base}
    if any(np.iscomplexobj(a) for a in (*base.values(), *scope.cuts.values())):
        h = 1e-3
        points = [_moved(scope, base, steps, k * h, of) for k in (1, -1, 2, -2)]
        near, far = (points[0] - points[1]) / (2 * h), (points[2] - points[3]) / (4 * h)
        return [Value((4 * near - far) / 3)]
    out = _moved(scope, base, steps, 1j * H, of)
    return [Value(out.imag / H if np.iscomplexobj(out) else np.zeros(out.shape))]


def _moved(scope: Scope, base, steps, size: complex, of: t.Node):  # type: ignore[no-untyped-def]
    cuts = {key: base[key] + size * steps[key] for key in base}
    from matcalc.judging.derive import _function_of

    # A loss that nothing defines is a function of the last steps.
    return _function_of(scope, of, of)(scope.cut(cuts))


def _direction(scope: Scope, key: str, array):  # type: ignore[no-untyped-def]
    shape = array.shape[-2:]
    return scope.world.input(f"d {key}", shape)


def _directions(scope: Scope) -> Iterator[tuple[str, Place]]:
    """The varied names that no other varied name goes into: the others follow from them."""
    found: dict[str, Place] = {}
    for symbol in scope.env.directions:
        if symbol.subscripts and scope.env.has(s.stem(symbol)):
            symbol = replace(symbol, subscripts=())
        place = scope.place(symbol)
        if place is None:
            one(scope, symbol)
            place = scope.place(symbol)
        if place is None:
            continue
        scope.value(place)
        cells = [c for row in place.grid for c in row] if place.grid else [place]
        found.update((c.key, replace(c, rows=None, cols=None)) for c in cells)
    for key, place in found.items():
        if not (scope.used_by(key) - {key}) & set(found):
            yield key, place
