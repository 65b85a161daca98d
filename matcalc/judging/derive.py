r"""Derivative atoms by an imaginary step.

The network is cut at the variable and everything downstream is computed anew, so a derivative is
total. Inside, a derivative is the p x r matrix of dF_j/dx_i with both sides read through
column-stacking vec; the layout only decides how it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging import values as v
from matcalc.judging.adjoints import loss_symbol, tied_step, undefined_loss
from matcalc.judging.differentials import differential
from matcalc.judging.elementary import flat, unflat
from matcalc.judging.evaluate import evaluate, one
from matcalc.judging.functions import LOSSES, is_application
from matcalc.judging.moving import moved, target
from matcalc.judging.products import OPEN, Signs
from matcalc.judging.scope import Place, Scope
from matcalc.judging.unknown_loss import unknown_loss
from matcalc.judging.values import Array, Misfit, OutOfRange, Shape, Unread, Value
from matcalc.reading import tree as t
from matcalc.reading.writer import write

H = 1e-30


def derivative(scope: Scope, node: t.Node) -> list[Value]:
    """The values of a derivative, a nabla, or a programmer's ``dW``."""
    if not scope.lenient:
        for left, body in scope.env.overrides:
            if left == node:
                return evaluate(scope, body)
    if isinstance(node, t.Differential):
        if node.of is None:
            raise Unread("a differential of nothing")
        if scope.env.directions:
            return differential(scope, node)
        if isinstance(node.of, t.HeadBracket) and not is_application(scope, node.of):
            # dF (P - X): the gradient of F times a bracket
            first = t.Differential(node.sign, node.of.head)
            return evaluate(scope, t.Product((first, node.of.bracket), ("",)))
        return gradient(scope, node.of)
    if isinstance(node, t.Nabla):
        return _nabla(scope, node)
    assert isinstance(node, t.Derivative), "registered for these three"
    if node.of is None:
        raise Unread(f"{write(node)} differentiates nothing")
    if node.order != "1" or len(node.by) != 1:
        return _higher(scope, node)
    return _laid_out(scope, node, *jacobian(scope, node.of, node.by[0]))


def _nabla(scope: Scope, node: t.Nabla) -> list[Value]:
    if (slope := _slope_times(scope, node)) is not None:
        return evaluate(scope, slope)
    of, by = node.of, node.by
    if of is None:
        of = loss_symbol(scope.env)
    if isinstance(of, t.HeadBracket) and _is_step_of(scope, of):
        by, of = by or of.bracket.items, of.head
    if not by and of is not None and len(numbers := _own_numbers(scope, of)) > 1:
        return _by_all_arguments(scope, of, numbers, node.order)
    if not by and of is not None:
        only = _own_argument(scope, of) or _only_input(scope, of)
        by = () if only is None else (only,)
        if only is not None:
            scope.env.assume(f"the gradient of {write(of)} is taken by {write(only)}")
    if not by and isinstance(of, t.HeadBracket) and len(of.bracket.items) == 1:
        by = of.bracket.items
    if of is not None:
        by = tuple(_of_its_layer(scope, of, x) for x in by)
    if of is not None and len(by) == 1 and node.order == "2":
        return _higher(scope, t.Derivative(r"\partial", of, (by[0], by[0]), "2"))
    if of is None or len(by) != 1 or node.order != "1":
        raise Unread(f"{write(node)} does not say by what")
    table, of_shape, by_shape = jacobian(scope, of, by[0])
    if of_shape == (1, 1):
        return [Value(unflat(table, by_shape))]
    return [Value(table)]


def _slope_times(scope: Scope, node: t.Nabla) -> t.Node | None:
    r"""``\nabla f(x)^T v`` of a number f(x): its gradient, transposed, times v."""
    of = node.of
    product = isinstance(of, t.Product) and not any(of.operators)
    first = of.factors[0] if product else of  # type: ignore[union-attr]
    if not isinstance(first, t.Postfix) or first.kind != "transpose":
        return None
    base = s.peeled(first.base)
    if not isinstance(base, (t.HeadBracket, t.Symbol)) or not one(scope, base).is_scalar:
        return None
    slope = replace(first, base=replace(node, of=base))
    return replace(of, factors=(slope, *of.factors[1:])) if product else slope  # type: ignore


def _own_numbers(scope: Scope, of: t.Node) -> tuple[t.Node, ...]:
    """The x, y of ``f(x, y)``, and of an ``f`` that the page defines as ``f(x, y)``."""
    if isinstance(of, t.HeadBracket) and len(of.bracket.items) > 1:
        return of.bracket.items
    head = of.head if isinstance(of, t.HeadBracket) else of
    if not isinstance(head, t.Symbol):
        return ()
    key = s.full(head, scope.indices)
    function = scope.env.functions.get(key)
    if function is not None:
        return tuple(t.Symbol(name, name) for name in function.parameters)
    return scope.env.decorated.get(key, ())


def _by_all_arguments(
    scope: Scope, of: t.Node, items: tuple[t.Node, ...], order: str
) -> list[Value]:
    r"""``\nabla f(x, y)`` of two numbers: their slopes, written as a column or as a row."""
    head = of.head if isinstance(of, t.HeadBracket) else of
    f = t.HeadBracket(head, t.Bracket("(", ")", items))
    if order == "2":
        rows = [
            [one(scope, t.Derivative(r"\partial", f, (x, y), "2")).array for y in items]
            for x in items
        ]
        if any(entry.shape[-2:] != (1, 1) for row in rows for entry in row):
            raise Unread(f"{write(of)}: it is not said by what the second derivatives are taken")
        return [Value(np.concatenate([np.concatenate(row, axis=-1) for row in rows], axis=-2))]
    parts = [jacobian(scope, f, item) for item in items]
    if any(shape != (1, 1) or by != (1, 1) for _, shape, by in parts):
        raise Unread(f"{write(of)}: it is not said by what the gradient is taken")
    column = np.concatenate([np.broadcast_to(x, parts[0][0].shape) for x, _, _ in parts], axis=-2)
    return [Value(column), Value(np.swapaxes(column, -1, -2))]


def _of_its_layer(scope: Scope, of: t.Node, by: t.Node) -> t.Node:
    r"""``\nabla_a C`` for a cost of ``a^L``: the one layer of the letter that it is computed from."""
    if not isinstance(by, t.Symbol) or not s.bare(by) or scope.place(by) is not None:
        return by
    definition = scope.env.definitions.get(s.full(of)) if isinstance(of, t.Symbol) else None
    inside = s.symbols(definition.body) if definition is not None else ()
    found = {replace(p, subscripts=()) for p in inside if p.name == by.name and p.marks}
    return found.pop() if len(found) == 1 else by


def _is_step_of(scope: Scope, node: t.HeadBracket) -> bool:
    """``f(x)`` where f is a step that was defined with x."""
    definition = (
        scope.env.definitions.get(s.full(node.head)) if isinstance(node.head, t.Symbol) else None
    )
    if definition is None or len(node.bracket.items) != 1:
        return False
    return node.bracket.items[0] in set(s.symbols(definition.body))


def _own_argument(scope: Scope, of: t.Node) -> t.Symbol | None:
    """The x of an ``f`` that the page defines as ``f(x)``."""
    items = scope.env.decorated.get(s.full(of), ()) if isinstance(of, t.Symbol) else ()
    only = items[0] if len(items) == 1 else None
    return only if isinstance(only, t.Symbol) else None


def _only_input(scope: Scope, of: t.Node) -> t.Symbol | None:
    """What ``\\nabla f`` differentiates by: the one array that f is computed from."""
    if isinstance(of, t.Symbol):
        place = scope.place(of)
        if place is None or place.definition is None:
            return None
        scope.value(place)
        keys = set(scope.used_by(place.key))
    elif isinstance(of, t.HeadBracket):
        return None
    else:
        one(scope, of)
        keys = {s.full(symbol) for symbol in s.symbols(of)}
    inputs = scope.world.inputs
    used = [
        symbol
        for key in sorted(keys)
        if key in inputs and (symbol := scope.env.symbols.get(key)) is not None
    ]
    columns = [x for x in used if inputs[s.full(x)].shape[-1] == 1 < inputs[s.full(x)].shape[-2]]
    found = used if len(used) == 1 else columns
    return found[0] if len(found) == 1 else None


def gradient(scope: Scope, step: t.Node) -> list[Value]:
    """The derivative of the loss by a step, in the step's shape."""
    table, of_shape, by_shape = _of_loss(scope, step)
    if of_shape != (1, 1):
        raise Unread("the loss is no number")
    return [Value(_scale(scope, step) * unflat(table, by_shape))]


def _scale(scope: Scope, step: t.Node) -> int:
    """How many times the derivative a page means by the error of a step."""
    size = scope.env.step_scale
    place = scope.place(step) if isinstance(step, t.Symbol) else None
    if size is None or place is None or place.definition is None:
        return 1
    scope.env.assume("the errors of the steps leave out the mean over the samples")
    return scope.world.dim(size)


def _of_loss(scope: Scope, step: t.Node) -> tuple[Array, Shape, Shape]:
    loss = loss_symbol(scope.env) or undefined_loss(scope.env) or t.Symbol("L", "L")
    return jacobian(scope, loss, step)


def adjoint(scope: Scope, symbol: t.Symbol) -> list[Value] | None:
    r"""``\delta^{(l)}`` and ``\bar Z`` as the derivative of the loss by the step they belong to."""
    step = tied_step(scope, symbol)
    if step is None:
        return None
    scope.env.assume(f"{write(symbol)} is the derivative of the loss by {write(step)}")
    return gradient(scope, step)


def _nested(scope: Scope) -> bool:
    arrays = [*scope.cuts.values(), *(a for _, a in scope.patches)]
    return any(np.iscomplexobj(a) for a in arrays)


def jacobian(scope: Scope, of: t.Node, by: t.Node) -> tuple[Array, Shape, Shape]:
    """The p x r table of dF_j/dx_i (last two axes), and both shapes; computed once."""
    if scope.locals:
        return _jacobian(scope, of, by)
    key = scope.key_of(of, by)
    if key not in scope.slopes:
        scope.slopes[key] = _jacobian(scope, of, by)
    return scope.slopes[key]


def _jacobian(scope: Scope, of: t.Node, by: t.Node) -> tuple[Array, Shape, Shape]:
    at = target(scope, by)
    count = at.shape[0] * at.shape[1]
    scope.count(5 * count)
    if count > 400:
        raise v.TooMuch("the derivative by so many numbers is too much to check")
    function = _function_of(scope, of, by)
    if not _nested(scope):
        out = function(moved(scope, at, 1j * H))
        spelled = _spelled_out(scope, by)
        if spelled is not None and (out.ndim < scope.depth + 4 or not np.any(out.imag)):
            # The step stands in the formula with its right side instead of its name.
            out = function(moved(scope, replace(at, expression=spelled), 1j * H))
        slopes = out.imag / H if np.iscomplexobj(out) else np.zeros(out.shape)
    else:
        h = 1e-3
        steps = [function(moved(scope, at, k * h)) for k in (1, -1, 2, -2)]
        near, far = (steps[0] - steps[1]) / (2 * h), (steps[2] - steps[3]) / (4 * h)
        slopes = (4 * near - far) / 3
    base_shape = slopes.shape[-2:]
    if slopes.ndim < scope.depth + 4:
        # Nothing depends on the variable: the axis of the moves is missing.
        slopes = np.zeros((count, *slopes.shape))
    rows = flat(slopes)[..., 0]
    table = np.moveaxis(rows, 0, -2)
    if at.turned:
        order = np.arange(count).reshape((at.shape[0], at.shape[1]), order="C").flatten(order="F")
        table = table[..., order, :]
    return table, (base_shape[0], base_shape[1]), at.shape


def _spelled_out(scope: Scope, by: t.Node) -> t.Node | None:
    if not isinstance(by, t.Symbol):
        return None
    place = scope.place(by)
    if place is None or place.definition is None or not place.whole or place.grid:
        return None
    body = s.peeled(place.definition.body)
    return body if isinstance(body, (t.Sum, t.Product, t.Fraction, t.HeadBracket)) else None


def _function_of(scope: Scope, of: t.Node, by: t.Node) -> Callable[[Scope], Array]:
    """The array of the numerator as a function of a scope."""
    inner = s.peeled(of)
    if scope.env.surrogate is not None and inner == loss_symbol(scope.env):
        return _given_adjoint(scope, *scope.env.surrogate)
    unknown = (
        isinstance(inner, t.Symbol)
        and scope.place(inner) is None
        and not scope.env.is_function(s.full(inner, scope.indices))
        and s.full(inner, scope.indices) not in scope.locals
        and inner.name not in scope.indices
        and not _has_component(scope, inner)
    )
    if unknown:
        assert isinstance(inner, t.Symbol), "checked above"
        return unknown_loss(scope, inner, by)
    if isinstance(inner, t.HeadBracket) and isinstance(inner.head, t.Symbol):
        head = inner.head
        loose = scope.place(head) is None and not scope.env.is_function(s.full(head, scope.indices))
        if loose and head.name in LOSSES:
            return unknown_loss(scope, head, by)
    return lambda inside: one(inside, of).array


def _given_adjoint(scope: Scope, step: t.Symbol, side: t.Node) -> Callable[[Scope], Array]:
    """The loss as if what arrives at a step were this."""
    env = scope.env
    before, env.surrogate = env.surrogate, None
    try:
        fixed = one(scope, side).array
    finally:
        env.surrogate = before

    def value(inside: Scope) -> Array:
        array = one(inside, step).array
        if array.shape[-2:] != fixed.shape[-2:]:
            raise Misfit(f"what arrives at {write(step)} has another shape")
        return np.sum(fixed * array, axis=(-2, -1), keepdims=True)

    return value


def _has_component(scope: Scope, symbol: t.Symbol) -> bool:
    function = scope.env.functions.get(symbol.name)
    return function is not None and bool(function.component)


# ---------------------------------------------------------------- layouts


def _is_turned(node: t.Node) -> bool:
    inner = s.peeled(node)
    return isinstance(inner, t.Postfix) and inner.kind == "transpose"


def _laid_out(scope: Scope, node: t.Derivative, table: Array, of: Shape, by: Shape) -> list[Value]:
    across = np.swapaxes(table, -1, -2)
    if of[1] == 1 < of[0] and by[0] == 1 < by[1] and _is_turned(node.by[0]):
        return [Value(across)]  # dy/dx^T: the sign of transposition says the layout
    if of[0] == 1 < of[1] and by[1] == 1 < by[0] and node.of is not None and _is_turned(node.of):
        return [Value(table)]  # dy^T/dx
    # A name for a derivative was given in the layout of the page.
    layout = (scope.env.layout or scope.layout) if scope.lenient else scope.layout
    numerator = layout == "numerator"
    for pattern, dims in scope.env.slopes:
        if pattern == node and not scope.lenient:
            entrywise = entry_slopes(table, of, by)
            if entrywise is not None and scope.world.shape(dims) == by:
                return [Value(entrywise)]
    if of == (1, 1):
        shaped = unflat(table, by)
        if numerator:
            shaped = np.swapaxes(shaped, -1, -2)
        if not scope.vec:
            return [Value(shaped)]
        long = Value(across if numerator else table)
        return [long] if 1 in by else [long, Value(shaped)]
    if by == (1, 1):
        shaped = unflat(across, of)
        return v.distinct([Value(shaped), Value(across if numerator else table)])
    if layout in ("numerator", "mixed") or _by_a_row(node.by[0], by):
        return [Value(across)]
    return [Value(table)]


def _by_a_row(by: t.Node, shape: Shape) -> bool:
    r"""``\partial y / \partial x'``: the prime says that the variable goes along the rows."""
    inner = s.peeled(by)
    turned = isinstance(inner, t.Postfix) and inner.kind in ("transpose", "prime")
    return turned and shape[0] == 1


def entry_slopes(table: Array, of: Shape, by: Shape) -> Array | None:
    """The diagonal of a Jacobian that is one, in the shape of the variable."""
    if of != by or table.shape[-1] != table.shape[-2]:
        return None
    diagonal = np.diagonal(table, axis1=-2, axis2=-1)
    rest = table - diagonal[..., None, :] * np.eye(table.shape[-1])
    if np.max(np.abs(rest), initial=0.0) > 1e-9 * max(1e-9, np.max(np.abs(diagonal), initial=0.0)):
        return None
    return unflat(diagonal[..., None], by)


def slopes_beside(
    scope: Scope, factor: t.Node, values: list[Value], beside: set[str], signs: Signs
) -> list[Value]:
    """Beside an entrywise sign ``dA/dZ`` is the array of slopes, where it is one."""
    inner = s.peeled(factor)
    if not isinstance(inner, t.Derivative) or inner.of is None or len(inner.by) != 1:
        return values
    if not any(signs.is_entrywise(op) or op in OPEN for op in beside):
        return values
    try:
        table, of, by = jacobian(scope, inner.of, inner.by[0])
    except (Misfit, Unread, OutOfRange):
        return values
    slopes = entry_slopes(table, of, by) if by != (1, 1) else None
    if slopes is None:
        return values
    return [*values, Value(slopes, frozenset({v.SLOPE_ENTRYWISE}))]


# ---------------------------------------------------------------- second derivatives, points


def _higher(scope: Scope, node: t.Derivative) -> list[Value]:
    by = list(node.by)
    if len(by) == 1 and node.order.isdigit():
        by = by * int(node.order)
    assert node.of is not None, "checked by the caller"
    if len(by) != 2:
        raise Unread(f"{write(node)}: derivatives of this order have no rule")
    wholes = [whole for x in by if (whole := _whole_of(scope, x)) is not None]
    if len(wholes) == 2:
        return [_picked(scope, node.of, by, wholes)]
    inner = t.Derivative(node.sign, node.of, (by[1],))
    first = target(scope, by[0])
    count = first.shape[0] * first.shape[1]
    h = 1e-3

    def slope(inside: Scope) -> Array:
        assert inner.of is not None, "built above"
        return jacobian(inside, inner.of, inner.by[0])[0]

    steps = [slope(moved(scope, first, k * h)) for k in (1, -1, 2, -2)]
    near, far = (steps[0] - steps[1]) / (2 * h), (steps[2] - steps[3]) / (4 * h)
    tables = (4 * near - far) / 3
    if tables.shape[0] != count:
        tables = np.broadcast_to(tables, (count, *tables.shape))
    if tables.shape[-1] != 1 and count == 1 and tables.shape[-2] == 1:
        return [Value(unflat(np.swapaxes(tables[0], -1, -2), one(scope, node.of).shape))]
    if tables.shape[-1] != 1:
        raise Unread(f"{write(node)}: second derivatives of arrays have no rule")
    return [Value(np.moveaxis(tables[..., 0], 0, -2))]


def _whole_of(scope: Scope, by: t.Node) -> t.Symbol | None:
    """The x of ``x_k``, where that is an entry of an array of numbers that may all move at once."""
    if not isinstance(by, t.Symbol) or not by.subscripts:
        return None
    whole = replace(by, subscripts=())
    place = scope.place(whole) if scope.env.has(s.full(whole)) else None
    return whole if place is not None and place.whole and not place.grid else None


def _picked(scope: Scope, of: t.Node, by: Sequence[t.Node], wholes: Sequence[t.Symbol]) -> Value:
    """An entry of the second derivative by whole arrays, which is computed once for all entries."""
    key = ("second", *scope.key_of(of, *wholes))
    if key not in scope.slopes:
        table = _higher(scope, t.Derivative(r"\partial", of, (wholes[0], wholes[1]), "2"))[0].array
        scope.slopes[key] = table, (1, 1), (1, 1)
    table = scope.slopes[key][0]
    for axis, x in ((-2, by[0]), (-1, by[1])):
        ((_, array, entries),) = target(scope, x).parts
        order = [i + j * array.shape[-2] for i, j in entries]
        table = np.take(table, order, axis=axis)
    return Value(table)


def at_point(scope: Scope, node: t.Postfix) -> list[Value]:
    r"""``\left. dL/dx \right|_{x = 0}``: the same with other values."""
    cuts: dict[str, Array] = {}
    for argument in node.arguments:
        if not isinstance(argument, t.Relation) or argument.signs != ("=",):
            continue
        left, right = argument.sides
        if not isinstance(left, t.Symbol):
            raise Unread(f"{write(node)}: only a name can be given a value")
        place = scope.place(left) or Place(s.full(left, scope.indices), shape=(1, 1))
        new = one(scope, right)
        old = scope.value(place)
        array = np.broadcast_to(new.array, old.array.shape) if new.is_scalar else new.array
        if array.shape[-2:] != old.shape:
            raise Misfit(f"{write(left)} is {v.show(old.shape)}, its value {v.show(new.shape)}")
        cuts[place.key] = array
    return evaluate(scope.cut(cuts), node.base)
