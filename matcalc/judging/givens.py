r"""Givens read into an environment: what defines, what declares a shape, what sets a convention.

Statements in words are understood where they bear on truth: index base, layout, the meaning of a
product sign, "one-hot", "logistic". Other words are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from matcalc.errors import MatcalcError
from matcalc.judging import spelling as s
from matcalc.judging.conventions import statement
from matcalc.judging.counting import (
    items_of,
    listed_rows,
    note_base,
    note_bases,
    note_cells,
    note_dims,
    note_parameters,
    numbers_below,
    ranges_of,
    steps_of_recurrence,
)
from matcalc.judging.elementary import known
from matcalc.judging.entries import defines_entries, note_entries
from matcalc.judging.environment import ONE, Definition, Dims, Environment, Function, View
from matcalc.judging.fixed_indices import fixed_indices
from matcalc.judging.kinds import numbered
from matcalc.judging.labels import with_labels
from matcalc.judging.layers import LARGEST, normal, note_layers
from matcalc.judging.notations import with_plain_spellings
from matcalc.judging.parameters import (
    applied_elsewhere,
    component_letter,
    is_array_in,
    is_dummy,
    is_free,
    is_primed,
    is_renamed,
    is_slope_by,
    note_arrays,
)
from matcalc.judging.samples import step_scale, with_samples
from matcalc.judging.spaces import (
    declare_map,
    is_map,
    note_family,
    orthogonal,
    space,
    summing_to_one,
)
from matcalc.judging.sum_scope import with_whole_sums
from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula

FUNCTION_LETTERS = frozenset({"f", "g", "h", "phi", "varphi", "psi", "rho", "sigma"})
ROLES = frozenset({"input", "inputs", "data", "target", "targets", "label", "labels", "features"})
EQUALS = ("=", ":=", r"\triangleq", r"\equiv")
COUNTERS = frozenset({
    "n", "N", "m", "M", "K", "k", "d", "D", "p", "q", "r", "h", "H", "T", "L", "B", "C", "I",
    "J", "P", "Q", "R", "S", "b", "c", "l"
})  # fmt: skip
SCALAR_HEADS = frozenset({
    "L", "J", "C", "E", "ell", "L_cal", "J_cal", "E_cal", "l", "loss", "cost", "NLL", "MSE",
    "C_cal", "R", "F"
})  # fmt: skip


def environment_of(
    given: str | Sequence[str],
    *,
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    index_base: int | None = None,
    macros: Any = None,
) -> Environment:
    """The environment that a list of givens sets up."""
    env, _ = environment_beside((), given, shapes, layout, index_base, macros)
    return env


def environment_beside(
    claimed: Sequence[t.Relation],
    given: str | Sequence[str],
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    index_base: int | None = None,
    macros: Any = None,
) -> tuple[Environment, list[t.Relation]]:
    """The environment that givens set up, and claims in spellings that agree with theirs."""
    env = Environment(base=index_base)
    if layout is not None:
        env.layout, env.layout_is_law = str(layout), True
    texts = [given] if isinstance(given, str) else list(given)
    lines = [line for text in texts for line in _lines(text)]
    relations: list[t.Relation] = []
    for line in lines:
        relations += read_formula(line, macros=macros)
    count = len(relations)
    relations = [with_whole_sums(r) for r in relations]
    together = with_samples(with_labels(with_plain_spellings([*relations, *claimed])))
    env.step_scale = step_scale(together)
    env.fixed = fixed_indices(together)
    env.page = tuple(relation for relation in together if relation.signs)
    for name, dims in (shapes or {}).items():
        declare(env, name, dims, macros)
    take_all(env, together[:count])
    return env, together[count:]


def _lines(text: str) -> list[str]:
    if r"\begin" in text or r"\\" in text:
        return [text]
    return [line for line in text.splitlines() if line.strip()]


def declare(env: Environment, name: str, dims: Any, macros: Any = None) -> None:
    """A shape from Python: ``(rows, columns)``, a number, or None for a scalar."""
    symbol = next(s.symbols(read_formula(name, macros=macros)[0].sides[0]), None)
    if symbol is None:
        raise MatcalcError(f"{name!r} is no name")
    parts = () if dims in (None, "scalar") else dims if isinstance(dims, tuple) else (dims,)
    if len(parts) > 2 or any(not str(part).strip() for part in parts):
        raise MatcalcError(f"{dims!r} is no shape of {name}: give (rows, columns), rows or None")
    nodes = [read_formula(str(part))[0].sides[0] for part in (*parts, 1, 1)]
    _declare(env, symbol, (nodes[0], nodes[1]))


def take_all(env: Environment, relations: Iterable[t.Relation], line: int = 0) -> None:
    """All relations as givens."""
    listed = list(relations)
    note_layers(env, listed)
    listed = [r for r in (normal(r, env) for r in listed) if isinstance(r, t.Relation)]
    for relation in listed:
        note_dims(env, relation)
    for relation in listed:
        take(env, relation, line)
    for relation in listed:
        note_bases(env, relation)
    note_cells(env)
    note_parameters(env)
    note_arrays(env)


def take(env: Environment, relation: t.Relation, line: int = 0) -> None:
    """One relation as a given."""
    words = " ".join(p.words for p in t.walk(relation) if isinstance(p, t.Text))
    if words:
        statement(env, relation, words)
    if not relation.signs:
        return
    if len(relation.signs) > 1 and relation.signs[-1] == r"\in":
        # K = K(s) \in R^{n x n}
        declared = t.Relation((relation.sides[0], relation.sides[-1]), (r"\in",))
        rest = replace(relation, sides=relation.sides[:-1], signs=relation.signs[:-1])
        take(env, declared, line)
        for side in relation.sides[1:-1]:
            if isinstance(s.peeled(side), t.Derivative):
                belongs(env, side, relation.sides[-1])  # the shape shows the layout
        take(env, rest, line)
        return
    sign = relation.signs[0]
    if is_map(relation):
        declare_map(env, relation)
    elif sign in (r"\in", ":"):
        note_family(env, relation)
        for left in items_of(relation.sides[0]):
            belongs(env, left, relation.sides[1])
    elif sign in EQUALS:
        if "as in" not in words:
            equate(env, relation, line)
    elif sign in (">", r"\ge"):
        left = relation.sides[0]
        if isinstance(left, t.Symbol) and s.full(left) not in env.dims:
            env.domains.setdefault(s.full(left), "positive")


def belongs(env: Environment, left: t.Node, right: t.Node) -> None:
    r"""``X \in \mathbb{R}^{n \times d}``, ``Y \in \{0, 1\}^n``, ``X : n \times d``."""
    if isinstance(right, t.Listing) and any(isinstance(i, t.Phrase) for i in right.items):
        right = right.items[0]
    dims, domain = space(right)
    if dims is None:
        return
    if domain == "binary" and isinstance(left, t.Symbol) and len(left.subscripts) == 2:
        env.domains.setdefault(s.stem(left), domain)  # M_{ij} in {0, 1}: the whole M
    left = s.peeled(left)
    if isinstance(right, t.Symbol) and right.name == "N_bb" and isinstance(left, t.Symbol):
        env.dims.add(s.full(left))
        return
    if isinstance(left, t.Postfix) and left.kind == "transpose":
        left, dims = s.peeled(left.base), (dims[1], dims[0])
    if isinstance(left, (t.Derivative, t.Nabla)):
        env.slopes.append((left, dims))
    elif isinstance(left, t.HeadBracket) and isinstance(left.head, t.Symbol):
        # A(t) in R^{n x n}: an unknown function with values of this shape
        equate(env, t.Relation((left.head, left), ("=",)))
        _declare(env, left.head, dims)
    elif isinstance(left, t.Symbol):
        _declare(env, left, dims)
        if domain:
            env.domains[s.full(left)] = domain


def _declare(env: Environment, symbol: t.Symbol, dims: tuple[t.Node, t.Node]) -> None:
    letters = _free_letters(env, symbol)
    key = s.full(symbol)
    env.shapes[key] = dims
    _with_its_entries(env, key)
    env.symbols[key] = symbol
    if dims == (ONE, ONE) and len(symbol.subscripts) == 1 and not env.has(s.stem(symbol)):
        env.cells.setdefault(s.stem(symbol), set()).add(key)
    if letters:
        env.shape_patterns.append((symbol, letters, dims))
    for dim in dims:
        for part in t.walk(dim):
            if isinstance(part, t.Symbol):
                env.dims.add(s.full(part))


def _with_its_entries(env: Environment, key: str) -> None:
    """A shape for an array that was defined entry by entry before."""
    for definition in [d for d in env.patterns if s.stem(d.left) == key]:
        if not defines_entries(env, definition.left, definition.body):
            continue
        ranges = {**note_entries(env, definition.left), **definition.ranges}
        changed = replace(definition, ranges=ranges)
        env.patterns[env.patterns.index(definition)] = changed
        env.definitions[s.full(definition.left)] = changed


def _free_letters(env: Environment, symbol: t.Symbol) -> tuple[str, ...]:
    """The letters below and above that count: ``j`` in ``a_j``, ``l`` in ``W^{(l)}``."""
    found: list[str] = []
    for name in (*s.letters_below(symbol), *s.letters_above(symbol)):
        counts = len(name) == 1 or name == "ell" or (name in ("alpha", "beta") and False)
        if counts and name.islower() and name not in env.sizes and name not in found:
            found.append(name)
    return tuple(found)


def equate(env: Environment, relation: t.Relation, line: int = 0) -> None:
    """``left = body``: a value, a function, a size, a written-out matrix."""
    left, body = s.peeled(relation.sides[0]), relation.sides[1]
    if isinstance(body, (t.Blank, t.Missing, t.Listing)) or _labels(env, body):
        return
    for k in range(1, len(relation.sides) - 1):
        # f(X, W) = a^{(3)} = sigma(Z^{(3)}): the names in between are defined by what follows.
        middle = relation.sides[k]
        if _unseen(env, middle) and _names_next(middle, relation.sides[k + 1]):
            part = t.Relation((middle, relation.sides[k + 1]), ("=",), relation.conditions)
            equate(env, part, line)
    if isinstance(left, t.Listing):
        return
    if isinstance(left, t.Call) and left.head.name == "dom":
        function = s.peeled(left.argument)
        key = s.full(function) if isinstance(function, t.Symbol) else ""
        for argument in env.decorated.get(key, ()):
            belongs(env, argument, body)
    elif isinstance(left, (t.HeadBracket, t.Call)):
        _function(env, left, body, line)
    elif isinstance(left, t.Symbol):
        _value(env, left, body, relation, line)
        if left.name in env.squares and left.marks:
            root = replace(relation, sides=(replace(left, marks=()), t.Root(left)))
            _value(env, replace(left, marks=()), t.Root(left), root, line)
    elif isinstance(left, (t.Derivative, t.Nabla, t.Differential)):
        if any(isinstance(p, t.Symbol) for p in t.walk(body)):
            env.overrides.append((left, body))
        else:
            env.constraints.append(relation)
    elif isinstance(left, t.Postfix) and left.kind == "subscript":
        _layout_by_entries(env, left, body)
    elif (whole := summing_to_one(relation)) is not None and s.full(whole) not in env.definitions:
        binary = env.domains.get(s.full(whole)) == "binary"
        env.domains[s.full(whole)] = "onehot" if binary else "simplex"
    elif (whole := orthogonal(relation)) is not None and s.full(whole) not in env.definitions:
        env.domains.setdefault(s.full(whole), "orthogonal")
    else:
        env.unused.append(relation)


def _labels(env: Environment, body: t.Node) -> bool:
    """``x = \\text{input}``: a word that says what a name is for."""
    return isinstance(body, t.Symbol) and body.name in ROLES and not env.has(s.full(body))


def _names_next(node: t.Node, body: t.Node) -> bool:
    """``g(s) = sigma(s) = 1 / (1 + e^{-s})``: the argument goes on to the right."""
    if not isinstance(node, t.HeadBracket):
        return True
    mentioned = {key for p in s.symbols(body) for key in (s.full(p), s.stem(p))}
    return all(
        isinstance(i, t.Symbol) and s.bare(i) and i.name.islower() and s.full(i) in mentioned
        for i in node.bracket.items
    )


def _unseen(env: Environment, node: t.Node) -> bool:
    if isinstance(node, t.HeadBracket):
        head = node.head
        plain = all(isinstance(i, t.Symbol) for i in node.bracket.items)
        return (
            isinstance(head, t.Symbol)
            and plain
            and not env.is_function(s.full(head))
            and known(head.name) is None
        )
    return (
        isinstance(node, t.Symbol) and not env.has(s.full(node)) and not env.is_function(node.name)
    )


def _layout_by_entries(env: Environment, left: t.Postfix, body: t.Node) -> None:
    """``(dy/dx)_{ij} = dy_j/dx_i`` states a layout."""
    inner = s.peeled(left.base)
    if not isinstance(inner, t.Derivative) or not isinstance(body, t.Derivative):
        return
    if len(left.arguments) != 2 or not isinstance(body.of, t.Symbol) or len(body.by) != 1:
        return
    row = s.said(left.arguments[0], {})
    by = body.by[0]
    if isinstance(by, t.Symbol) and by.subscripts:
        env.layout = "denominator" if s.below(by) == row else "numerator"
        env.layout_is_law = True


def _value(env: Environment, left: t.Symbol, body: t.Node, relation: t.Relation, line: int) -> None:
    key = s.full(left)
    if isinstance(body, t.Number) and body.text.isdigit() and s.bare(left):
        counts = key in env.dims or (key in COUNTERS and not env.has(key) and len(key) == 1)
        if counts and key not in env.shapes:
            env.dims.add(key)
            if int(body.text) <= LARGEST:
                env.sizes[key] = int(body.text)
            else:
                env.sizes.pop(key, None)
                env.assume(f"{key} is tried at small sizes instead of {body.text}")
            return
    if s.bare(left) and key == "I" and isinstance(body, t.Symbol) and body.name == "I":
        env.definitions[key] = Definition(left, body, line=line)
        return
    if _written_out(env, left, body):
        return
    if isinstance(body, t.HeadBracket) and isinstance(body.head, t.Symbol):
        _opaque(env, left, body)
    if isinstance(body, t.Postfix) and body.kind == "transpose" and s.peeled(body.base) == left:
        env.domains.setdefault(key, "symmetric")
        return
    letters = _free_letters(env, left)
    known = note_entries(env, left) if defines_entries(env, left, body) else {}
    if s.stem(left) in env.tabled and not known and key in env.definitions:
        known = dict(env.definitions[key].ranges)
    ranges = {**known, **steps_of_recurrence(env, left, body), **dict(ranges_of(relation))}
    definition = Definition(left, body, letters, ranges, line)
    if key not in env.definitions:
        env.order.append(key)
    env.views.pop(key, None)
    env.definitions[key] = definition
    if letters:
        env.patterns.append(definition)
    if left.subscripts and not s.labelled(left) and not env.has(s.stem(left)):
        env.cells.setdefault(s.stem(left), set()).add(key)


def _written_out(env: Environment, left: t.Symbol, body: t.Node) -> bool:
    """Whether the right side is the left side's own entries."""
    turned = isinstance(body, t.Postfix) and body.kind == "transpose"
    inner = s.flattened(body.base) if isinstance(body, t.Postfix) and turned else body
    rows = listed_rows(inner)
    if rows is None:
        return False
    entries = [e for row in rows for e in row]
    named = [e for e in entries if isinstance(e, t.Symbol) and e.subscripts]
    if not named or len(named) + sum(isinstance(e, (t.Ellipsis, t.Number)) for e in entries) != len(
        entries
    ):
        return False
    first = named[0]
    if any(e.name != first.name or e.marks != first.marks for e in named):
        return False
    same = first.name == left.name and first.marks == left.marks
    nick = first.name.lower() == left.name.lower() and first.marks == left.marks
    if not (same or nick):
        return False
    if turned:
        rows = tuple(zip(*rows, strict=True)) if len({len(r) for r in rows}) == 1 else rows
    dotted = any(isinstance(e, t.Ellipsis) for e in entries)
    key, stem = s.full(left), s.stem(first)
    pairs = [numbers_below(e) for e in named]
    if pairs[0]:
        note_base(env, key, pairs[0])
    if not same:
        env.nicknames[stem] = key
    if same and len(first.subscripts) == 1 and not dotted and _symbolic(env, key):
        # x in R^p was another x: this one has its entries spelled out.
        env.shapes.pop(key, None)
        env.definitions.pop(key, None)
        env.order = [k for k in env.order if k != key]
    if env.has(key) and key not in env.cells and key not in env.views:
        return True
    if dotted:
        last = named[-1]
        size = last.subscripts[-1]
        shape: Dims = (size, ONE) if len(rows) > 1 else (ONE, size)
        if len(first.subscripts) == 2:
            shape = (last.subscripts[0], last.subscripts[1])
        env.shapes.setdefault(key, shape)
        return True
    if len(first.subscripts) == 2 or (pairs[0] and len(pairs[0]) == 2) or not same:
        counted = (t.Number(str(len(rows))), t.Number(str(len(rows[0]))))
        env.shapes.setdefault(key, counted)
        return True
    env.views[key] = View(tuple(tuple(e for e in row if isinstance(e, t.Symbol)) for row in rows))
    env.definitions.pop(key, None)
    env.cells.setdefault(key, set()).update(s.full(e) for e in named)
    return True


def _symbolic(env: Environment, key: str) -> bool:
    dims = env.shapes.get(key)
    if dims is None or key in env.cells:
        return False
    return any(isinstance(dim, t.Symbol) and s.full(dim) not in env.sizes for dim in dims)


def _function(env: Environment, left: t.HeadBracket | t.Call, body: t.Node, line: int) -> None:
    head = left.head
    if not isinstance(head, t.Symbol):
        return
    argument = left.bracket if isinstance(left, t.HeadBracket) else left.argument
    items = argument.items if isinstance(argument, t.Bracket) else (argument,)
    key = s.full(t.Symbol(head.name, head.latex, head.subscripts, head.marks))
    if head.primes:
        return
    plain = [i for i in items if isinstance(i, t.Symbol)]
    if len(plain) != len(items) or not all(map(numbered, plain)):
        # f(x_n, W) = ... defines nothing; sigma(0) = 1/2 neither.
        return
    mentioned = {s.full(p) for p in s.symbols(body)} | {p.name for p in s.symbols(body)}
    bound = [i for i in plain if s.full(i) in mentioned]
    fresh = all(
        s.bare(i) and is_free(env, i, head) and i.name not in env.cells and is_dummy(i)
        for i in plain
    )
    component = component_letter(head, body)
    array = not component and any(is_array_in(body, i.name) for i in plain)
    fresh = fresh and not any(is_slope_by(body, i) for i in plain)
    fresh = fresh or (head.name in FUNCTION_LETTERS and is_renamed(body, items))
    fresh = fresh or (all(map(is_dummy, plain)) and is_primed(env, head, items))
    fresh = fresh and (not array or applied_elsewhere(env, head, items))
    if fresh and bound:
        key = head.name if component else key
        names = tuple(i.name for i in plain)
        env.functions[key] = Function(names, body, component, whole=array)
        env.known_functions.add(head.name)
        return
    definition = Definition(head, body, line=line)
    if key not in env.definitions:
        env.order.append(key)
    env.definitions[key] = definition
    env.decorated[key] = items


def _opaque(env: Environment, left: t.Symbol, body: t.HeadBracket) -> None:
    """``y = f(x)`` with an undefined ``f``: entry by entry, or a map, or one number."""
    head = body.head
    assert isinstance(head, t.Symbol), "only asked about names"
    key = s.full(head)
    if env.is_function(key) or known(head.name) or head.primes or head.name == "sum":
        return
    itself = key == s.full(left)
    items = body.bracket.items
    simple = all(isinstance(s.peeled(i), (t.Symbol, t.HeadBracket)) for i in items)
    if itself:
        env.opaque[key] = "scalar"
        return
    if env.has(key) or not simple or (head.name == "sigma" and not head.subscripts):
        return
    mine = env.shapes.get(s.full(left))
    only = s.peeled(items[0]) if len(items) == 1 else None
    theirs = env.shapes.get(s.full(only)) if isinstance(only, t.Symbol) else None
    if mine is not None and theirs is not None and mine != theirs:
        env.opaque[key], env.opaque_shapes[key] = "map", mine
    elif len(items) > 1 or (left.name in SCALAR_HEADS and head.name in SCALAR_HEADS):
        env.opaque[key] = "scalar"
    elif head.name in ("softmax", "Softmax"):
        return
    else:
        env.opaque[key] = "entrywise"
