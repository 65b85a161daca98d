r"""The value of a formula in a scope: one function per kind of node.

A formula may have several values, because its products can be grouped in several ways and its
signs mean several things. Shapes decide; nothing is broadcast. Only a number typed on the page may
stand beside a matrix, as in ``1 - Y``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import singledispatch

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging import values as v
from matcalc.judging.elementary import unflat
from matcalc.judging.environment import ONE
from matcalc.judging.products import Signs, multiply
from matcalc.judging.scope import Scope, joined
from matcalc.judging.values import Array, Misfit, Unread, Value, distinct, merged, number, show
from matcalc.reading import tree as t
from matcalc.reading.writer import write

MOST = 24


def evaluate(scope: Scope, node: t.Node) -> list[Value]:
    """The values a formula can have; the likeliest first."""
    scope.count()
    for wanted, array in scope.patches:
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


# ---------------------------------------------------------------- atoms


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

    plain = s.bare(node)
    if plain and node.name in scope.locals:
        return [scope.locals[node.name]]
    if plain and node.name in scope.indices:
        return [number(float(scope.indices[node.name]))]
    if node.name in ("I", "I_bb") and node.subscripts and "I" not in scope.env.shapes:
        return _identity(node, scope)
    if node.name in scope.locals and node.subscripts and not node.marks:
        return [_local_entry(node, scope)]
    place = scope.place(node)
    if place is not None and not node.primes:
        return [scope.value(place)]
    if plain and node.name in scope.world.sizes:
        return [number(float(scope.world.sizes[node.name]), literal=False)]
    if s.full(node, scope.indices) in scope.world.sizes:
        size = scope.world.sizes[s.full(node, scope.indices)]
        return [number(float(size), literal=False)]
    own = applied_to_own_parameters(scope, node)
    if own is not None:
        return own
    if node.name == "I" or node.name == "I_bb" or (False):
        return _identity(node, scope)
    if node.name == "delta" and len(node.subscripts) == 2 and not node.marks:
        return [_kronecker(node, scope)]
    if not scope.lenient:
        for left, body in scope.env.overrides:
            if left == node:
                return evaluate(scope, body)
    tied = adjoint(scope, node)
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


def _kronecker(node: t.Symbol, scope: Scope) -> Value:
    a, b = (s.integer(p, {**scope.world.sizes, **scope.indices}) for p in node.subscripts)
    if a is None or b is None:
        raise Unread(f"the indices of {write(node)} have no value")
    return number(float(a == b), literal=False)


def _identity(node: t.Symbol, scope: Scope) -> list[Value]:
    if node.subscripts:
        size = s.integer(node.subscripts[0], {**scope.world.sizes, **scope.indices})
        if size is None:
            raise Unread(f"the size of {write(node)} is not known")
        return [Value(np.eye(size))]
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


# ---------------------------------------------------------------- sums and products


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
        lambda p: Value(
            np.sqrt(p[0].array) if degree == 2 else p[0].array ** (1 / degree), p[0].tags
        ),
    )


# ---------------------------------------------------------------- scripts


@_value.register
def _(node: t.Postfix, scope: Scope) -> list[Value]:
    split = t.as_product(node)
    if split is not None:
        from matcalc.judging.functions import is_application

        if not is_application(scope, t.core(node)[0]):  # type: ignore[arg-type]
            return evaluate(scope, t.Product(split, ("",), span=node.span))
    return SCRIPTS.get(node.kind, _no_script)(node, scope)


def _no_script(node: t.Postfix, scope: Scope) -> list[Value]:
    raise Unread(f"{write(node)} has no value here")


def _transpose(node: t.Postfix, scope: Scope) -> list[Value]:
    return [replace(p, array=np.swapaxes(p.array, -1, -2)) for p in evaluate(scope, node.base)]


def _inverse(node: t.Postfix, scope: Scope) -> list[Value]:
    def invert(parts: list[Value]) -> Value:
        value = parts[0]
        if value.shape[0] != value.shape[1]:
            raise Misfit(f"the inverse of {show(value.shape)} does not exist")
        array = np.linalg.inv(value.array)
        if node.kind == "inverse-transpose":
            array = np.swapaxes(array, -1, -2)
        return Value(array, value.tags)

    return each(scope, (node.base,), invert)


def _power(node: t.Postfix, scope: Scope) -> list[Value]:
    exponent = node.arguments[0]
    base = node.base
    if (
        isinstance(base, t.Symbol)
        and s.bare(base)
        and base.name == "e"
        and scope.place(base) is None
    ):
        return each(
            scope, (exponent,), lambda p: Value(np.exp(p[0].array), p[0].tags, p[0].literal)
        )
    if isinstance(base, t.Symbol) and not base.primes:
        marked = replace(base, marks=(*base.marks, t.Mark("^", exponent)))
        if scope.place(marked) is not None and scope.place(base) is None:
            return evaluate(scope, marked)
    found: list[Value] = []
    for power in evaluate(scope, exponent):
        if not power.is_scalar:
            continue
        for value in evaluate(scope, base):
            found += _raised(value, power)
    if not found:
        raise Misfit(f"the exponent of {write(node)} is no number")
    return distinct(found)


def _raised(value: Value, power: Value) -> list[Value]:
    tags = merged(value, power)
    exponent = power.array
    whole = exponent.size == 1 and float(exponent.real.flat[0]).is_integer()
    n = int(exponent.real.flat[0]) if whole else 0
    array = (
        value.array**n if whole and n >= 0 else value.array ** (exponent if not whole else float(n))
    )
    if value.is_scalar:
        return [Value(array, tags, value.literal and power.literal)]
    out = []
    if value.shape[0] == value.shape[1] and whole and n > 0:
        out.append(Value(np.linalg.matrix_power(value.array, n), tags))
        tags = tags | {v.POWER_ENTRYWISE}
    return [*out, Value(array, tags)]


def _subscript(node: t.Postfix, scope: Scope) -> list[Value]:
    base = node.base
    if isinstance(base, t.Bracket) and base.left == r"\|":
        which = s.said(node.arguments[0], {})
        return _norm(base, scope, which)
    found = []
    for value in evaluate(scope, base):
        rows, cols = scope.selection(_indexed(base), node.arguments, value.shape)
        array = value.array
        if rows is not None:
            array = array[..., list(rows), :]
        if cols is not None:
            array = array[..., :, list(cols)]
        found.append(Value(array, value.tags))
    return found


def _indexed(node: t.Node) -> str:
    """Whose index base an entry of a bracket has: that of the variable of a derivative."""
    inner = s.peeled(node)
    if (
        isinstance(inner, (t.Derivative, t.Nabla))
        and inner.by
        and isinstance(inner.by[0], t.Symbol)
    ):
        return s.full(inner.by[0])
    first = next(s.symbols(inner), None)
    return s.full(first) if first is not None else ""


def _evaluated(node: t.Postfix, scope: Scope) -> list[Value]:
    from matcalc.judging.derive import at_point

    return at_point(scope, node)


def _primed(node: t.Postfix, scope: Scope) -> list[Value]:
    if isinstance(node.base, t.Bracket):
        return _transpose(node, scope)
    raise Unread(f"{write(node)} has no value here")


SCRIPTS: dict[str, Callable[[t.Postfix, Scope], list[Value]]] = {
    "transpose": _transpose,
    "inverse": _inverse,
    "inverse-transpose": _inverse,
    "power": _power,
    "superscript": _power,
    "subscript": _subscript,
    "evaluated": _evaluated,
    "prime": _primed,
}


# ---------------------------------------------------------------- brackets and matrices


@_value.register
def _(node: t.Bracket, scope: Scope) -> list[Value]:
    if node.left == r"\|":
        return _norm(node, scope, "2")
    if node.left == "|":
        return _bars(node, scope)
    if node.left == r"\langle" and len(node.items) == 2:
        return each(scope, node.items, _inner)
    if len(node.items) == 1:
        item = node.items[0]
        if isinstance(item, t.Relation) and item.signs:
            return [Value(holds_where(scope, item).astype(float))]
        values = evaluate_list(scope, node, item)
        if values is not None:
            return values
        return evaluate(scope, item)
    if ";" in node.separators:
        return stack(scope, tuple((i,) for i in node.items))
    return stack(scope, (node.items,))


def evaluate_list(scope: Scope, node: t.Bracket, item: t.Node) -> list[Value] | None:
    """``[a b c]`` typed with thin gaps is a row as well as a product."""
    if node.left != "[" or not isinstance(item, t.Product) or any(item.operators):
        return None
    pieces: tuple[t.Node, ...] = item.factors
    listed: list[Value] = []
    problem: Exception | None = None
    for items in (pieces, _paired(pieces)):
        try:
            rows = stack(scope, (items,))
        except (Misfit, Unread) as error:
            problem = error
            continue
        listed += [replace(r, tags=r.tags | {v.LIST_EITHER_WAY}) for r in rows]
    try:
        return [*evaluate(scope, item), *listed]
    except (Misfit, Unread):
        if listed:
            return listed
        raise problem or Unread("a list without items") from None


def _paired(pieces: tuple[t.Node, ...]) -> tuple[t.Node, ...]:
    return tuple(p for piece in pieces for p in (t.as_product(piece) or (piece,)))


def _inner(parts: list[Value]) -> Value:
    a, b = parts
    if a.shape != b.shape:
        raise Misfit(f"no inner product of {show(a.shape)} and {show(b.shape)}")
    return Value(np.sum(a.array * b.array, axis=(-2, -1), keepdims=True), merged(a, b))


def _norm(node: t.Bracket, scope: Scope, which: str) -> list[Value]:
    def norm(parts: list[Value]) -> Value:
        array, axes = parts[0].array, (-2, -1)
        if which == "1":
            flip = np.where(array.real < 0, -array, array)
            return Value(np.sum(flip, axis=axes, keepdims=True), parts[0].tags)
        return Value(np.sqrt(np.sum(array**2, axis=axes, keepdims=True)), parts[0].tags)

    return each(scope, node.items[:1], norm)


def _bars(node: t.Bracket, scope: Scope) -> list[Value]:
    def absolute(parts: list[Value]) -> Value:
        value = parts[0]
        if value.shape[0] == value.shape[1] > 1:
            return Value(np.linalg.det(value.array)[..., None, None], value.tags)
        return Value(np.where(value.array.real < 0, -value.array, value.array), value.tags)

    return each(scope, node.items[:1], absolute)


@_value.register
def _(node: t.Matrix, scope: Scope) -> list[Value]:
    return stack(scope, node.rows)


def stack(scope: Scope, rows: tuple[tuple[t.Node, ...], ...]) -> list[Value]:
    """A matrix from its entries or blocks; dots are filled in for the sizes at hand."""
    from matcalc.judging.dots import filled

    grid = filled(scope, rows)
    width = max(len(row) for row in grid)
    arrays: list[Array] = []
    tags: frozenset[str] = v.PLAIN
    for row in grid:
        parts = []
        for cell in row:
            if isinstance(cell, t.Blank):
                parts.append(np.zeros((1, 1)))
                continue
            value = one(scope, cell)
            tags |= value.tags
            parts.append(value.array)
        parts += [np.zeros((1, 1))] * (width - len(parts))
        if len({p.shape[-2] for p in parts}) > 1:
            raise Misfit("the parts of a row have different heights")
        arrays.append(joined(parts, -1))
    if len({a.shape[-1] for a in arrays}) > 1:
        raise Misfit("the rows of a matrix have different lengths")
    return [Value(joined(arrays, -2), tags)]


@_value.register
def _(node: t.Labelled, scope: Scope) -> list[Value]:
    return evaluate(scope, node.body)


@_value.register
def _(node: t.Phrase, scope: Scope) -> list[Value]:
    parts = [p for p in node.parts if not isinstance(p, (t.Text, t.Sign))]
    if len(parts) != 1:
        raise Unread(f"{write(node)} is words")
    return evaluate(scope, parts[0])


# ---------------------------------------------------------------- cases and conditions


COMPARE: dict[str, Callable[[Array, Array], Array]] = {
    "=": lambda a, b: np.isclose(a, b, rtol=1e-9, atol=1e-12),
    r"\ne": lambda a, b: ~np.isclose(a, b, rtol=1e-9, atol=1e-12),
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    r"\le": lambda a, b: a <= b,
    r"\ge": lambda a, b: a >= b,
}


def holds_where(scope: Scope, relation: t.Node) -> Array:
    """Where a condition holds, entry by entry."""
    if isinstance(relation, t.Condition):
        parts = [holds_where(scope, r) for r in relation.relations]
        out: Array = parts[0]
        for part in parts[1:]:
            out = out & part
        return out
    if not isinstance(relation, t.Relation) or not relation.signs:
        raise Unread(f"{write(relation)} is no condition")
    arrays = [one(scope, side) for side in relation.sides]
    out = np.ones((1, 1), dtype=bool)
    for sign, a, b in zip(relation.signs, arrays, arrays[1:], strict=False):
        if sign not in COMPARE:
            raise Unread(f"{write(relation)} is no condition")
        if a.shape != b.shape and not (a.is_scalar or b.is_scalar):
            raise Misfit(f"{show(a.shape)} compared with {show(b.shape)}")
        out = out & COMPARE[sign](a.array.real, b.array.real)
    return out


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


# ---------------------------------------------------------------- other files


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

    if scope.locals:
        return derivative(scope, node)
    key = (node, tuple(sorted(scope.indices.items())), scope.lenient)
    if key not in scope.memo:
        scope.memo[key] = derivative(scope, node)
    return scope.memo[key]


__all__ = ["ONE", "evaluate", "holds_where", "one", "unflat"]
