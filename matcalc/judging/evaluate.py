r"""The value of a formula in a scope: one function per kind of node.

A formula may have several values, because its products can be grouped in several ways and its
signs mean several things. Shapes decide; nothing is broadcast. Only a number typed on the page may
stand beside a matrix, as in ``1 - Y``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging import values as v
from matcalc.judging.adjoints import kronecker_pair
from matcalc.judging.conditions import holds_where
from matcalc.judging.elementary import sqrt, unflat
from matcalc.judging.environment import ONE
from matcalc.judging.products import Signs, multiply
from matcalc.judging.scope import Scope
from matcalc.judging.values import Array, Misfit, Unread, Value, distinct, merged, number, show
from matcalc.reading import tree as t
from matcalc.reading.writer import write

MOST = 24


def evaluate(scope: Scope, node: t.Node) -> list[Value]:
    """The values a formula can have; the likeliest first."""
    scope.count()
    for wanted, array in reversed(scope.patches):
        if node == wanted:
            return [Value(array)]
    return _value(node, scope)


def one(scope: Scope, node: t.Node) -> Value:
    """The likeliest value."""
    return evaluate(scope, node)[0]


def signs_of(scope: Scope) -> Signs:
    env = scope.env
    return Signs(env.entrywise_signs, env.matrix_signs, env.left_to_right and not scope.lenient)


def each(
    scope: Scope, nodes: Sequence[t.Node], build: Callable[[list[Value]], Value]
) -> list[Value]:
    """``build`` on every choice of values of the parts."""
    choices: list[list[Value]] = [[]]
    for node in nodes:
        options = evaluate(scope, node)
        choices = [[*c, o] for c in choices for o in options][:MOST]
    found: list[Value] = []
    problem: Misfit | None = None
    for choice in choices:
        try:
            found.append(build(choice))
        except Misfit as misfit:
            problem = problem or misfit
    if not found:
        raise problem or Misfit("the parts do not fit")
    return distinct(found, MOST) if len(found) > 1 else found


@singledispatch
def _value(node: t.Node, scope: Scope) -> list[Value]:
    raise Unread(f"{write(node)} has no value here")


@_value.register
def _(node: t.Number, scope: Scope) -> list[Value]:
    return [number(float(node.text.replace(",", "")))]


@_value.register
def _(node: t.Filled, scope: Scope) -> list[Value]:
    digit = float(node.digit)
    parts = list(node.subscripts)
    if len(parts) == 1 and isinstance(parts[0], t.Product) and parts[0].operators == (r"\times",):
        parts = list(parts[0].factors)
    if parts:
        shape = [scope.world.dim(p) for p in parts]
        rows, cols = (shape[0], shape[1]) if len(shape) > 1 else (shape[0], 1)
        return [Value(np.full((rows, cols), digit))]
    if digit == 0:
        return [number(0.0), *(Value(np.zeros(size)) for size in _all_shapes(scope))]
    return [Value(np.full((size, 1), digit)) for size in _all_sizes(scope)] or [number(digit)]


def _all_sizes(scope: Scope) -> list[int]:
    world, found = scope.world, set()
    for name, size in world.sizes.items():
        if name in scope.env.dims:
            found.add(size)
    for dims in scope.env.shapes.values():
        for dim in dims:
            value = s.integer(dim, world.sizes)
            if value is not None:
                found.add(value)
    return [*sorted(found - {1}), 1]


def _all_shapes(scope: Scope) -> list[tuple[int, int]]:
    sizes = _all_sizes(scope)
    return [(r, c) for r in sizes for c in sizes if (r, c) != (1, 1)][:20]


@_value.register
def _(node: t.Symbol, scope: Scope) -> list[Value]:
    from matcalc.judging.derive import adjoint
    from matcalc.judging.functions import applied_to_own_parameters
    from matcalc.judging.optimum import optimum

    plain = s.bare(node)
    if plain and node.name in scope.locals:
        return [scope.locals[node.name]]
    if plain and node.name in scope.indices:
        return [number(float(scope.indices[node.name]))]
    if plain and node.name in scope.world.sizes and not scope.env.has(node.name):
        counted = number(float(scope.world.sizes[node.name]), literal=False)
        column = scope.place(node) if node.name in scope.env.cells else None
        return [counted] if column is None else [scope.value(column), counted]
    if (swap := _commutation(node, scope)) is not None:
        return [swap]
    if node.name in ("I", "I_bb") and node.subscripts and "I" not in scope.env.shapes:
        return _identity(node, scope)
    if node.name in scope.locals and node.subscripts and not node.marks:
        return [_local_entry(node, scope)]
    key = s.full(node)
    if (best := scope.env.optima.get(key)) is not None and key not in scope.env.definitions:
        return [optimum(scope, *best)]
    place = scope.place(node)
    if place is not None and not node.primes:
        return [scope.value(place)]
    if s.full(node, scope.indices) in scope.world.sizes:
        size = scope.world.sizes[s.full(node, scope.indices)]
        return [number(float(size), literal=False)]
    own = applied_to_own_parameters(scope, node)
    if own is not None:
        return own
    if node.name in ("I", "I_bb"):
        return _identity(node, scope)
    if (pair := kronecker_pair(scope, node)) is not None:
        return [_kronecker(node, pair, scope)]
    if not scope.lenient:
        for left, body in scope.env.overrides:
            if left == node:
                return evaluate(scope, body)
    tied = _once(scope, node, adjoint)
    if tied is not None:
        return tied
    newer = _new_version(scope, node)
    if newer is not None:
        return newer
    if plain and node.name == "e":
        return [number(float(np.e))]
    if plain and node.name == "pi":
        return [number(float(np.pi))]
    if node.primes:
        raise Unread(f"{write(node)} is not known")
    return [_unknown(node, scope)]


def _new_version(scope: Scope, node: t.Symbol) -> list[Value] | None:
    """``w_{new}`` is one step down the gradient, if the step size is known."""
    from matcalc.judging.derive import gradient
    from matcalc.judging.updates import is_new, timeless

    if not is_new(node):
        return None
    rate = next((r for r in ("eta", "alpha", "lr") if r in scope.env.definitions), None)
    if rate is None:
        raise Unread(f"the step from the old value to {write(node)} is not known")
    old = timeless(node)
    step = one(scope, t.Symbol(rate, rate)).array
    value = one(scope, old)
    return [Value(value.array - step * gradient(scope, old)[0].array, value.tags)]


def _local_entry(node: t.Symbol, scope: Scope) -> Value:
    """An entry of the argument of a function, as in its definition."""
    value = scope.locals[node.name]
    rows, cols = scope.selection(node.name, node.subscripts, value.shape)
    array = value.array
    if rows is not None:
        array = array[..., list(rows), :]
    if cols is not None:
        array = array[..., :, list(cols)]
    return Value(array, value.tags)


def _kronecker(node: t.Symbol, pair: tuple[t.Node, t.Node], scope: Scope) -> Value:
    a, b = (s.integer(p, {**scope.world.sizes, **scope.indices}) for p in pair)
    if a is None or b is None:
        raise Unread(f"the indices of {write(node)} have no value")
    return number(float(a == b), literal=False)


def _commutation(node: t.Symbol, scope: Scope) -> Value | None:
    """``K_{m,n}`` with two sizes below: what turns ``vec A`` into ``vec A^T``."""
    if not scope.swaps(node):
        return None
    rows, cols = (scope.world.dim(p) for p in node.subscripts)
    order = np.arange(rows * cols).reshape((rows, cols), order="F").reshape(-1)
    return Value(np.eye(rows * cols)[order])


def _identity(node: t.Symbol, scope: Scope) -> list[Value]:
    if node.subscripts:
        sizes = [s.integer(x, {**scope.world.sizes, **scope.indices}) for x in node.subscripts]
        if any(size is None for size in sizes):
            raise Unread(f"the size of {write(node)} is not known")
        return [Value(np.eye(math.prod(size for size in sizes if size)))]  # I_{mn}
    return [Value(np.eye(size)) for size in _all_sizes(scope)]


def _unknown(node: t.Symbol, scope: Scope) -> Value:
    """A name nobody declared: a number, and that is said."""
    for script in node.subscripts:
        for part in t.walk(script):
            if isinstance(part, t.Symbol) and s.bare(part) and len(part.name) == 1:
                known = part.name in scope.indices or part.name in scope.world.sizes
                if not known and part.name.islower() and not _is_label(node):
                    raise Unread(f"the index {part.name} of {write(node)} has no value")
    key = s.full(node, scope.indices)
    if node.name[:1].isupper() and not node.subscripts and key not in NUMBER_CAPITALS:
        raise Unread(f"{write(node)} is not defined")
    scope.env.assume(f"{write(node)} is a number")
    from matcalc.judging.scope import Place

    return scope.value(Place(key, shape=(1, 1)))


NUMBER_CAPITALS = frozenset(["N", "M", "K", "T", "C", "A", "B", "L", "E", "J", "R", "P"])


def _is_label(node: t.Symbol) -> bool:
    return (
        len(node.subscripts) > 1
        and all(isinstance(p, t.Symbol) for p in node.subscripts)
        and any(p.name not in "ijkmn" for p in node.subscripts if isinstance(p, t.Symbol))
    )


@_value.register
def _(node: t.Sum, scope: Scope) -> list[Value]:
    if any(sign not in ("+", "-") for sign in node.signs):
        raise Unread(f"{write(node)}: plus and minus at once")
    signs = [1.0 if sign == "+" else -1.0 for sign in node.signs]

    def add(parts: list[Value]) -> Value:
        terms = [Value(f * p.array, p.tags, p.literal) for f, p in zip(signs, parts, strict=True)]
        if len(terms) == 1:
            return terms[0]
        shapes = {p.shape for p in terms if not (p.literal and p.is_scalar)}
        if len(shapes) > 1:
            terms = _spread(terms, scope)
        total: Array = terms[0].array
        for term in terms[1:]:
            total = total + term.array
        return Value(total, merged(*terms), all(p.literal for p in terms))

    return each(scope, node.terms, add)


def _spread(terms: list[Value], scope: Scope) -> list[Value]:
    """In a definition a bias is added to every row or column; a claim must say so."""
    shapes = [p.shape for p in terms]
    rows, cols = max(x[0] for x in shapes), max(x[1] for x in shapes)
    if scope.lenient and (rows, cols) in shapes:
        wide = []
        for term in terms:
            r, c = term.shape
            if (r, c) == (cols, 1) and rows != cols and c == 1 and cols > 1 and r != rows:
                term = Value(np.swapaxes(term.array, -1, -2), term.tags)
                r, c = term.shape
            if not (r in (1, rows) and c in (1, cols)):
                break
            array = np.broadcast_to(term.array, (*term.array.shape[:-2], rows, cols))
            wide.append(Value(array, term.tags))
        else:
            scope.env.assume(
                "a bias that is added to a matrix is added to each of its rows or columns"
            )
            return wide
    first = shapes[0]
    other = next(x for x in shapes if x != first)
    raise Misfit(f"the sum of {show(first)} and {show(other)} does not exist")


@_value.register
def _(node: t.Product, scope: Scope) -> list[Value]:
    factors, operators = flat_factors(scope, node)
    if any(isinstance(f, t.Ellipsis) for f in factors):
        raise Unread(f"the dots in {write(node)} are not known")
    from matcalc.judging.derive import slopes_beside

    options = []
    for place, factor in enumerate(factors):
        values = evaluate(scope, factor)
        beside = {*operators[max(0, place - 1) : place + 1]}
        options.append(slopes_beside(scope, factor, values, beside, signs_of(scope)))
    return multiply(options, operators, signs_of(scope))


def flat_factors(scope: Scope, node: t.Product) -> tuple[list[t.Node], list[str]]:
    """The factors, with ``a(b)`` as two factors where ``a`` is no function."""
    from matcalc.judging.functions import is_application

    factors: list[t.Node] = []
    operators: list[str] = []
    for place, factor in enumerate(node.factors):
        if place:
            operators.append(node.operators[place - 1])
        split = t.as_product(factor)
        inner = t.core(factor)[0]
        if split is not None and not is_application(scope, inner):  # type: ignore[arg-type]
            factors += split
            operators.append("")
        else:
            factors.append(factor)
    return factors, operators


@_value.register
def _(node: t.Fraction, scope: Scope) -> list[Value]:
    def divide(parts: list[Value]) -> Value:
        above, beneath = parts
        tags = merged(above, beneath)
        literal = above.literal and beneath.literal
        if beneath.is_scalar:
            return Value(above.array / beneath.array, tags, literal)
        if above.shape == beneath.shape or (above.is_scalar and above.literal):
            return Value(above.array / beneath.array, tags)
        raise Misfit(f"{show(above.shape)} divided by {show(beneath.shape)}")

    with np.errstate(all="ignore"):
        return each(scope, (node.numerator, node.denominator), divide)


@_value.register
def _(node: t.Root, scope: Scope) -> list[Value]:
    degree = 2.0
    if node.degree is not None:
        degree = float(v.scalar_of(one(scope, node.degree)).flat[0].real)
    return each(
        scope,
        (node.body,),
        lambda p: Value(sqrt(p[0].array) if degree == 2 else p[0].array ** (1 / degree), p[0].tags),
    )


@_value.register
def _(node: t.Postfix, scope: Scope) -> list[Value]:
    split = t.as_product(node)
    if split is not None:
        from matcalc.judging.functions import is_application

        if not is_application(scope, t.core(node)[0]):  # type: ignore[arg-type]
            return evaluate(scope, t.Product(split, ("",), span=node.span))
    from matcalc.judging.scripts import SCRIPTS, no_script

    return SCRIPTS.get(node.kind, no_script)(node, scope)


@_value.register
def _(node: t.Bracket, scope: Scope) -> list[Value]:
    from matcalc.judging import brackets

    if node.left == r"\|":
        return brackets.norm(node, scope, "2")
    if node.left == "|":
        return brackets.bars(node, scope)
    if node.left == r"\langle" and len(node.items) == 2:
        return each(scope, node.items, brackets.inner)
    if len(node.items) == 1:
        item = node.items[0]
        if isinstance(item, t.Relation) and item.signs:
            return [Value(holds_where(scope, item).astype(float))]
        values = brackets.evaluate_list(scope, node, item)
        if values is not None:
            return values
        return evaluate(scope, item)
    if ";" in node.separators:
        return brackets.stack(scope, tuple((i,) for i in node.items))
    return brackets.stack(scope, (node.items,))


@_value.register
def _(node: t.Matrix, scope: Scope) -> list[Value]:
    from matcalc.judging import brackets

    return brackets.stack(scope, node.rows)


@_value.register
def _(node: t.Labelled, scope: Scope) -> list[Value]:
    return evaluate(scope, node.body)


@_value.register
def _(node: t.Phrase, scope: Scope) -> list[Value]:
    parts = [p for p in node.parts if not isinstance(p, (t.Text, t.Sign))]
    if len(parts) != 1:
        raise Unread(f"{write(node)} is words")
    return evaluate(scope, parts[0])


@_value.register
def _(node: t.Indicator, scope: Scope) -> list[Value]:
    return [Value(holds_where(scope, node.condition).astype(float))]


@_value.register
def _(node: t.Cases, scope: Scope) -> list[Value]:
    total: Array | None = None
    rest = np.ones((1, 1), dtype=bool)
    for row in node.rows:
        value = one(scope, row.value).array
        where = rest
        for condition in row.conditions:
            where = where & holds_where(scope, condition)
        rest = rest & ~where
        part = np.where(where, value, 0)
        total = part if total is None else total + part
    if total is None:
        raise Unread("a case distinction without cases")
    return [Value(total)]


@_value.register
def _(node: t.Relation, scope: Scope) -> list[Value]:
    return [Value(holds_where(scope, node).astype(float))]


@_value.register(t.HeadBracket)
@_value.register(t.Call)
def _(node: t.Node, scope: Scope) -> list[Value]:
    from matcalc.judging.functions import apply

    return apply(scope, node)


@_value.register
def _(node: t.BigOperator, scope: Scope) -> list[Value]:
    from matcalc.judging.bigops import big

    return big(scope, node)


@_value.register(t.Derivative)
@_value.register(t.Nabla)
@_value.register(t.Differential)
def _(node: t.Node, scope: Scope) -> list[Value]:
    from matcalc.judging.derive import derivative

    found = _once(scope, node, derivative)
    assert found is not None, "a derivative has a value or raises"
    return found


def _once(
    scope: Scope, node: t.Node, make: Callable[[Scope, Any], list[Value] | None]
) -> list[Value] | None:
    """A derivative is computed once for each choice of indices."""
    if scope.locals:
        return make(scope, node)
    key = scope.key_of(node)
    if key not in scope.memo:
        scope.memo[key] = make(scope, node)
    return scope.memo[key]


__all__ = ["ONE", "evaluate", "holds_where", "one", "unflat"]
