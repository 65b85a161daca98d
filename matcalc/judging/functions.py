r"""Functions on the page: known ones, defined ones, undefined ones, and names that look like one.

``a(b)`` is an application if ``a`` is a function here, and a product otherwise. ``f(x_n, W)`` for a
step ``f(X, W)`` is its row n.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.array_words import CALLS
from matcalc.judging.elementary import (
    TABLE,
    SmoothScalars,
    exp,
    flat,
    known,
    smooth,
    unflat,
)
from matcalc.judging.environment import ONE, Function
from matcalc.judging.evaluate import each, evaluate, one
from matcalc.judging.scope import Place, Scope
from matcalc.judging.values import Array, Misfit, Unread, Value, merged, show
from matcalc.reading import tree as t
from matcalc.reading.writer import write

LETTERS = frozenset(["f", "g", "h", "phi", "varphi", "psi", "rho", "sigma", "F", "Phi", "varsigma"])
LOSSES = frozenset(
    ["L", "J", "C", "E", "ell", "L_cal", "J_cal", "E_cal", "C_cal", "loss", "cost", "R_cal"]
)
AMBIGUOUS = frozenset({"lg"})
H = 1e-30


def is_application(scope: Scope, node: t.HeadBracket) -> bool:
    """Whether the head is a function here."""
    head, items = node.head, node.bracket.items
    if isinstance(head, (t.Derivative, t.Nabla)):
        return all(isinstance(i, t.Symbol) for i in items)
    if not isinstance(head, t.Symbol) or node.bracket.left not in ("(", "[", r"\{"):
        return False
    env = scope.env
    key = s.full(replace(head, primes=0), scope.indices)
    plain = all(isinstance(i, t.Symbol) or len(items) > 1 for i in items)
    if head.primes and not env.has(head.name + "'"):
        return True
    if any(_bare_again(item, head) for item in items):
        return False
    if env.is_function(key) or (head.subscripts and _component(scope, head)):
        return True
    if head.subscripts and (
        s.full(replace(head, primes=0)) in env.opaque or _of_a_map(scope, head)
    ):
        return True  # \ell_t(o_t): another function at every t
    if env.is_function(head.name) and not head.subscripts and not head.marks:
        return True
    if key in env.decorated:
        own = {p for item in env.decorated[key] for p in s.symbols(item)}
        again = any(p in own for p in s.symbols(items[0]))  # f(x + h), not y (1 - y)
        return plain or not isinstance(items[0], t.Sum) or again or head.name in LETTERS
    if key != s.full(head) and not head.primes and not scope.env.is_function(head.name):
        # f_i (...): the i counts, so f_i is a member of something
        return len(items) > 1 or (plain and head.name in LOSSES and scope.place(head) is None)
    place = scope.place(head)
    if place is not None or key in scope.locals:
        return len(items) > 1 or (plain and (head.name in LOSSES or key == env.loss))
    if known(head.name) is not None or head.name in CALLS or len(items) > 1:
        return True
    return head.name in LETTERS or (plain and head.name in LOSSES)


def _bare_again(node: t.Node, head: t.Symbol) -> bool:
    """``sigma (1 - sigma)``: the name stands in the bracket without an argument, so it is a value."""
    if isinstance(node, t.HeadBracket) and isinstance(node.head, t.Symbol):
        return any(_bare_again(item, head) for item in node.bracket.items)
    if isinstance(node, t.Symbol):
        return node.name == head.name and not node.primes
    return any(_bare_again(child, head) for child in t.children(node))


def _component(scope: Scope, head: t.Symbol) -> bool:
    function = scope.env.functions.get(head.name)
    return function is not None and bool(function.component) and len(head.subscripts) == 1


def apply(scope: Scope, node: t.Node) -> list[Value]:
    """The values of a head and its argument."""
    if isinstance(node, t.HeadBracket):
        if isinstance(node.head, (t.Derivative, t.Nabla)):
            return _applied_derivative(scope, node)
        if not is_application(scope, node):
            return evaluate(scope, t.Product((node.head, node.bracket), ("",)))
        assert isinstance(node.head, t.Symbol), "checked by is_application"
        return _applied(scope, node.head, node.bracket.items, node)
    assert isinstance(node, t.Call), "registered for these two"
    argument = node.argument
    items = argument.items if node.bracketed and isinstance(argument, t.Bracket) else (argument,)
    values = _applied(scope, node.head, items, node)
    if node.power is not None:
        power = one(scope, node.power).array
        if power.size == 1 and power.flat[0] == -1:
            raise Unread(f"{write(node)}: an inverse function has no rule")
        values = [Value(p.array**power, p.tags) for p in values]
    return values


def _applied(scope: Scope, head: t.Symbol, items: tuple[t.Node, ...], node: t.Node) -> list[Value]:
    env = scope.env
    plain = replace(head, primes=0)
    key = s.full(plain, scope.indices)
    function = env.functions.get(key) or (env.functions.get(head.name) if not head.marks else None)
    if function is not None and function.component:
        return _componentwise(scope, function, head, items)
    if function is not None and not (head.subscripts and key not in env.functions):
        return _defined(scope, key, function, head.primes, items)
    if key in env.decorated:
        return _decorated(scope, key, items)
    if _of_a_map(scope, head) and not head.primes:
        whole = t.HeadBracket(replace(head, subscripts=()), t.Bracket("(", ")", items))
        return evaluate(scope, t.Postfix(whole, "subscript", head.subscripts))
    if key not in env.opaque and (head.subscripts or head.name in AMBIGUOUS):
        below = _with_script(scope, head, items)
        if below is not None:
            return below
    if head.name in CALLS and head.primes and key not in env.opaque:
        raise Unread(f"{write(head)} has no rule")
    if head.name in CALLS and key not in env.opaque:
        return CALLS[head.name](scope, items)
    word = known(head.name)
    if word is None and head.name == "sigma" and not head.subscripts and key not in env.opaque:
        word = "sigmoid"
        env.assume(r"\sigma is the logistic function")
    if word is not None and key not in env.opaque:
        return _entrywise(scope, TABLE[word][0], TABLE[word][1], head.primes, items, node)
    return _undefined(scope, key, head, items, node)


def _with_script(scope: Scope, head: t.Symbol, items: tuple[t.Node, ...]) -> list[Value] | None:
    r"""``\log_2 x``, ``\mathrm{softmax}_j(z)``: known words that something below changes."""
    if head.name in AMBIGUOUS:
        raise Unread(f"{write(head)} is a logarithm to base 10 or 2: write \\log_{{10}} or \\log_2")
    word = known(head.name)
    if word is None and head.name not in CALLS:
        return None
    if all(isinstance(script, t.Word) for script in head.subscripts):
        return None  # a label
    (script, *more), plain = head.subscripts, replace(head, subscripts=())
    if word == "log" and not more and not head.primes:
        quotient = t.Fraction(t.Call(plain, t.Bracket("(", ")", items)),
                              t.Call(plain, t.Bracket("(", ")", (script,))))  # fmt: skip
        return evaluate(scope, quotient)
    whole = t.Call(plain, t.Bracket("(", ")", items))
    if head.name.lower() == "softmax" and s.integer(script, scope.indices) is not None:
        return evaluate(scope, t.Postfix(whole, "subscript", head.subscripts))
    raise Unread(f"the page does not say what {write(head)} does")


# ---------------------------------------------------------------- known and defined functions


def _entrywise(
    scope: Scope,
    f: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    primes: int,
    items: tuple[t.Node, ...],
    node: t.Node,
) -> list[Value]:
    if len(items) != 1:
        raise Unread(f"{write(node)} has {len(items)} arguments")
    chosen = f if primes == 0 else slope if primes == 1 else stepped(slope, primes - 1)
    if scope.env.identity_activation and scope.lenient and f is not exp:
        chosen = (lambda x: x) if primes == 0 else np.ones_like
    with np.errstate(all="ignore"):
        return each(scope, items, lambda p: Value(chosen(p[0].array), p[0].tags, p[0].literal))


def stepped(f: Callable[[Array], Array], times: int = 1) -> Callable[[Array], Array]:
    """The derivative by an imaginary step, by differences where the point is complex."""

    def slope(x: Array) -> Array:
        if not np.iscomplexobj(x):
            return np.asarray(f(x + 1j * H)).imag / H
        h = 1e-3
        near = (f(x + h) - f(x - h)) / (2 * h)
        far = (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)
        return (4 * near - far) / 3

    return slope if times == 1 else stepped(slope, times - 1)


def _defined(
    scope: Scope, key: str, function: Function, primes: int, items: tuple[t.Node, ...]
) -> list[Value]:
    word = function.table or recognised(scope, key, function)
    if word in TABLE and len(items) == 1:
        f, slope = TABLE[word]
        return _entrywise(scope, f, slope, primes, items, items[0])
    if len(items) != len(function.parameters):
        raise Unread(f"{key} takes {len(function.parameters)} arguments, not {len(items)}")
    if len(items) == 1 and not function.whole:

        def entry(x: Array) -> Array:
            with scope.inside(scope.indices, {function.parameters[0]: Value(x)}):
                return one(scope, function.body).array

        chosen = entry if primes == 0 else stepped(entry, primes)
        return each(scope, items, lambda p: Value(_by_entries(chosen, p[0].array), p[0].tags))

    def whole(parts: list[Value]) -> Value:
        local = dict(zip(function.parameters, parts, strict=True))
        with scope.inside(scope.indices, local):
            return Value(one(scope, function.body).array, merged(*parts))

    return each(scope, items, whole)


def _by_entries(f: Callable[[Array], Array], x: Array) -> Array:
    """A function of one number on every entry: entries become a new leading axis."""
    if x.shape[-2:] == (1, 1):
        return f(x)
    entries = np.moveaxis(flat(x)[..., 0], -1, 0)[..., None, None]
    out = np.asarray(f(entries))
    if out.shape[-2:] != (1, 1):
        raise Misfit("a function of one number gave an array")
    out = np.broadcast_to(out, (entries.shape[0], *out.shape[1:]))
    return unflat(np.moveaxis(out[..., 0, 0], 0, -1)[..., None], x.shape[-2:])


SAMPLES = np.array([-1.3, -0.4, 0.2, 0.7, 1.6])[:, None, None]


def recognised(scope: Scope, key: str, function: Function) -> str:
    """The known function a definition spells out."""
    if len(function.parameters) != 1 or function.table or function.whole:
        return function.table
    try:
        with scope.inside({}, {function.parameters[0]: Value(SAMPLES)}), np.errstate(all="ignore"):
            mine = one(scope, function.body).array
    except (Misfit, Unread, ValueError):
        return ""  # beside arrays of the page the samples have no place
    found = "none"
    for word in ("sigmoid", "tanh", "relu", "identity", "softplus", "exp", "log", "sin", "cos"):
        with np.errstate(all="ignore"):
            theirs = TABLE[word][0](SAMPLES)
        if mine.shape == theirs.shape and np.allclose(mine, theirs, rtol=1e-12, equal_nan=False):
            found = word
            break
    scope.env.functions[key] = replace(function, table=found)
    return found


def _componentwise(
    scope: Scope, function: Function, head: t.Symbol, items: tuple[t.Node, ...]
) -> list[Value]:
    """``sigma_j(z)`` with a number for j, or all of them below each other."""
    if len(items) != 1:
        raise Unread(f"{head.name} takes one argument")

    def at(parts: list[Value]) -> Value:
        argument = parts[0]
        base = 1 if scope.env.base is None else scope.env.base
        size = max(argument.shape)

        def entry(j: int) -> Array:
            local = {function.parameters[0]: argument}
            with scope.inside({**scope.indices, function.component: j}, local):
                return one(scope, function.body).array

        if head.subscripts:
            j = s.integer(head.subscripts[0], {**scope.world.sizes, **scope.indices})
            if j is None:
                raise Unread(f"the index of {write(head)} has no value")
            return Value(entry(j), argument.tags)
        rows = np.concatenate([entry(j) for j in range(base, base + size)], axis=-2)
        turned = rows if argument.shape[1] == 1 else np.swapaxes(rows, -1, -2)
        return Value(turned, argument.tags)

    return each(scope, items, at)


def applied_to_own_parameters(scope: Scope, symbol: t.Symbol) -> list[Value] | None:
    """A function without its argument: ``sigma_j`` for ``sigma_j(z)``, ``f`` for ``f(x, y)``."""
    key = s.full(replace(symbol, primes=0), scope.indices)
    function = scope.env.functions.get(key)
    if function is None and _component(scope, symbol):
        function = scope.env.functions.get(symbol.name)
    if function is None:
        argument = _only_argument(scope, symbol)
        return None if argument is None else _applied(scope, symbol, argument, symbol)
    items = tuple(t.Symbol(p, p) for p in function.parameters)
    return _applied(scope, symbol, items, symbol)


def _only_argument(scope: Scope, symbol: t.Symbol) -> tuple[t.Node, ...] | None:
    """What the page applies an unknown map to, wherever it writes an argument: r is ``r(x)``."""
    if scope.env.opaque.get(s.full(symbol, scope.indices)) != "map" or symbol.primes:
        return None
    found = {
        node.bracket.items
        for relation in scope.env.page
        for node in t.walk(relation)
        if isinstance(node, t.HeadBracket) and node.head == symbol
        if all(isinstance(item, t.Symbol) for item in node.bracket.items)
    }
    return found.pop() if len(found) == 1 else None


def _of_a_map(scope: Scope, head: t.Symbol) -> bool:
    """``r_i(x)``: an entry of what an unknown map gives."""
    return len(head.subscripts) == 1 and scope.env.opaque.get(s.stem(head)) == "map"


# ---------------------------------------------------------------- steps that look like functions


def _decorated(scope: Scope, key: str, items: tuple[t.Node, ...]) -> list[Value]:
    """``f(X, W)``, ``f(x_n, W)``, ``L(W)``, and the step at other arguments: ``f(x + h)``."""
    place = decorated_place(scope, key, items)
    if not place.whole:
        return [scope.value(place)]
    cuts = moved_arguments(scope, key, items)
    return [(scope.cut(cuts) if cuts else scope).value(place)]


def moved_arguments(scope: Scope, key: str, items: tuple[t.Node, ...]) -> dict[str, Array]:
    """What a step is applied to instead of the letters it was defined with."""
    wanted = scope.env.decorated.get(key, ())
    cuts: dict[str, Array] = {}
    if len(wanted) != len(items):
        return cuts
    for mine, given in zip(wanted, items, strict=True):
        name = isinstance(given, t.Symbol)
        if mine == given or not isinstance(mine, t.Symbol):
            continue
        if name and scope.place(given) is None:  # type: ignore[arg-type]
            continue  # another spelling of the same letter
        there = scope.place(mine)
        if there is None:
            cuts[s.full(mine)] = one(scope, given).array  # a letter of the definition alone
            continue
        if not there.whole or there.grid:
            raise Unread(f"{write(mine)} cannot be replaced by {write(given)}")
        new, old = one(scope, given), scope.value(there)
        if new.shape != old.shape:
            if name:
                continue
            raise Misfit(f"{write(mine)} is {show(old.shape)}, {write(given)} {show(new.shape)}")
        cuts[there.key] = new.array
    return cuts


def decorated_place(scope: Scope, key: str, items: tuple[t.Node, ...]) -> Place:
    """The step, or the row or column of it that belongs to a row or column of the data."""
    env = scope.env
    place = Place(key, definition=env.definitions.get(key))
    wanted = env.decorated.get(key, ())
    for mine, given in zip(wanted, items, strict=False):
        if mine == given or not isinstance(given, t.Symbol) or not given.subscripts:
            continue
        there = scope.place(given)
        if there is None or there.whole or not isinstance(mine, t.Symbol):
            continue
        data = scope.place(mine)
        if data is not None and data.key == there.key:
            return replace(place, rows=there.rows, cols=there.cols)
    return place


# ---------------------------------------------------------------- undefined functions


def _applied_to(scope: Scope, items: tuple[t.Node, ...]) -> str | None:
    """The one activation that the page applies to this argument: the ``g`` of ``g'(Z)``."""
    found: set[str] = set()
    for definition in scope.env.definitions.values():
        for node in t.walk(definition.body):
            if isinstance(node, t.HeadBracket):
                argument: t.Node = s.flattened(node.bracket)
            elif isinstance(node, t.Call) and node.power is None:
                argument = s.flattened(node.argument)
            else:
                continue
            if len(items) == 1 and argument == items[0] and isinstance(node.head, t.Symbol):
                word = known(node.head.name)
                sigma = node.head.name == "sigma" and not scope.env.is_function("sigma")
                found.add(word or ("sigmoid" if sigma else ""))
    return found.pop() if len(found) == 1 and "" not in found else None


def _undefined(
    scope: Scope, key: str, head: t.Symbol, items: tuple[t.Node, ...], node: t.Node
) -> list[Value]:
    env = scope.env
    kind = env.opaque.get(key, env.opaque.get(s.full(replace(head, primes=0))))
    if kind is None:
        place = scope.place(replace(head, primes=0))
        if place is not None and not head.primes:
            return [scope.value(place)]
        word = _applied_to(scope, items) if head.primes else None
        if word is not None:
            env.assume(f"{write(replace(head, primes=0))} is {word}")
            return _entrywise(scope, TABLE[word][0], TABLE[word][1], head.primes, items, node)
        kind = "scalar" if len(items) > 1 or head.name in LOSSES else "entrywise"
        env.opaque[key] = kind
        if len(head.name) > 1 and "{" in head.latex:
            env.guessed_words.add(head.name)
        else:
            env.guessed_functions.add(head.name)
        what = "an unknown smooth function" if kind == "scalar" else "applied entry by entry"
        env.assume(f"{write(replace(head, primes=0))} is {what}")
    if kind == "entrywise":
        if len(items) != 1:
            raise Unread(f"{key} has {len(items)} arguments")
        if env.identity_activation and scope.lenient:
            return evaluate(scope, items[0])
        stand_in = smooth(key)
        return each(scope, items, lambda p: Value(stand_in(p[0].array, head.primes), p[0].tags))
    declared = env.opaque_shapes.get(key, env.shapes.get(key, (ONE, ONE)))
    shape = scope.world.shape(declared)
    rows = shape[0] * shape[1]
    stand = SmoothScalars(key)

    def whole(parts: list[Value]) -> Value:
        arrays = [p.array for p in parts]
        if head.primes:
            f = stepped(lambda x: stand([x, *arrays[1:]], rows))
            return Value(f(arrays[0]), merged(*parts))
        return Value(_with_fact(scope, key, unflat(stand(arrays, rows), shape)), merged(*parts))

    return each(scope, items, whole)


def _with_fact(scope: Scope, key: str, array: Array) -> Array:
    """The value of an unknown function of which the page says that it is symmetric."""
    rows, cols = array.shape[-2:]
    domain = scope.env.domains.get(key, "")
    if rows != cols or rows == 1:
        return array
    if domain not in ("", "symmetric", "definite"):
        raise Unread(f"no unknown function with {domain} values is at hand")
    if domain:
        array = (array + np.swapaxes(array, -1, -2)) / 2
    if domain == "definite" or scope.world.style == "definite":
        array = array / 4 + 2 * np.eye(rows)
    return array


def _applied_derivative(scope: Scope, node: t.HeadBracket) -> list[Value]:
    head = node.head
    of = head.of if isinstance(head, (t.Derivative, t.Nabla)) else None
    if isinstance(of, t.Symbol) and isinstance(head, t.Derivative) and head.order == "1":
        key = s.full(of, scope.indices)
        function = scope.env.is_function(key) or known(of.name) or of.name == "sigma"
        if function and len(node.bracket.items) == 1:
            return _applied(scope, replace(of, primes=1), node.bracket.items, node)
    return evaluate(scope, head)
