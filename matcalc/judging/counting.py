r"""What counts on a page: dimensions, ranges of index letters, where indices start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.environment import ONE, Environment
from matcalc.reading import tree as t


def note_cells(env: Environment) -> None:
    """``w_1``, ``w_2`` ... without a ``w``: numbers that an index can run over."""
    for definition in list(env.definitions.values()):
        biases = set(_biases(env, definition.body))
        for symbol in s.symbols(definition.body):
            if s.full(symbol) in biases:
                continue
            counted = len(symbol.subscripts) == 1 and isinstance(symbol.subscripts[0], t.Number)
            stem = s.stem(symbol)
            if counted and not env.has(stem) and stem not in env.nicknames:
                upper = env.has(s.stem(replace(symbol, name=symbol.name.upper())))
                if not (upper and len(symbol.name) == 1):
                    env.cells.setdefault(stem, set()).add(s.full(symbol))


def _biases(env: Environment, body: t.Node) -> Iterator[str]:
    """``b_1`` in ``W_1 x + b_1`` is an array of its own, no entry of a b."""
    for node in t.walk(body):
        if not isinstance(node, t.Sum):
            continue
        arrays = [any(_is_array(env, p) for p in s.symbols(term)) for term in node.terms]
        if any(arrays):
            yield from (s.full(x) for x in node.terms if isinstance(x, t.Symbol))


def _is_array(env: Environment, symbol: t.Symbol) -> bool:
    dims = env.shapes.get(s.full(symbol))
    return dims is not None and dims != (ONE, ONE) and not _counts_entries(symbol)


def _counts_entries(symbol: t.Symbol) -> bool:
    return any(isinstance(x, t.Symbol) for x in symbol.subscripts)


def note_parameters(env: Environment) -> None:
    """The length of the argument of ``sigma_j(z)``, from the sum in its body."""
    lengths: list[t.Node] = []
    for function in env.functions.values():
        if not function.component:
            continue
        for node in t.walk(function.body):
            if isinstance(node, t.BigOperator) and node.upper is not None:
                lengths.append(node.upper)
                name = function.parameters[0]
                if not env.has(name):
                    env.shapes[name] = (node.upper, ONE)
                    env.assume(f"{name} is a column of length {s.said(node.upper, {})}")
    for name, domain in env.domains.items():
        if domain == "onehot" and not env.has(name) and lengths:
            env.shapes[name] = (lengths[0], ONE)


def steps_of_recurrence(env: Environment, left: t.Symbol, body: t.Node) -> dict[str, t.Node]:
    """``h_t`` from ``h_{t-1}`` with t from 1 to T: where the steps begin and end."""
    letters = _shifted_letters(env.page, body, left) & set(s.letters_below(left))
    return {
        x: t.Listing((low, t.Ellipsis(r"\dots"), high))
        for x in letters & set(env.letter_ranges)
        for low, high in (env.letter_ranges[x],)
    }


def _shifted_letters(page: Sequence[t.Relation], body: t.Node, left: t.Symbol) -> set[str]:
    """The t of ``h_{t-1}``, where h_t is defined: its steps have a first and a last one."""
    defined = {left.name}
    for relation in page:
        if relation.signs and relation.signs[0] in ("=", ":="):
            defined |= {p.name for p in (relation.sides[0],) if isinstance(p, t.Symbol)}
    found: set[str] = set()
    for root in (body, *page):
        for node in t.walk(root):
            if isinstance(node, t.Symbol) and node.name in defined:
                for script in node.subscripts:
                    if isinstance(script, t.Sum):
                        found |= {p.name for p in t.walk(script) if isinstance(p, t.Symbol)}
    return found


def items_of(node: t.Node) -> tuple[t.Node, ...]:
    return node.items if isinstance(node, t.Listing) else (node,)


REALS = t.Symbol("R_bb", r"\mathbb{R}")


def ranges_of(relation: t.Relation) -> Iterator[tuple[str, t.Node]]:
    r"""``j = 1, 2, 3`` and ``j \in \{1, ..., 3\}`` among the conditions, letter by letter."""
    if _is_range(relation):
        yield relation.sides[0].name, relation.sides[1]  # type: ignore[attr-defined]
    for condition in relation.conditions:
        parts = condition.relations if isinstance(condition, t.Condition) else (condition,)
        for part in parts:
            if isinstance(part, t.Relation) and part.signs and part.signs[0] in ("=", r"\in"):
                for left in items_of(part.sides[0]):
                    if isinstance(left, t.Symbol) and s.bare(left):
                        yield left.name, part.sides[1]
            elif isinstance(part, t.Relation) and part.signs == (r"\le", r"\le"):
                low, middle, high = part.sides
                if isinstance(middle, t.Symbol):
                    yield middle.name, t.Listing((low, t.Ellipsis(r"\dots"), high))


def listed_rows(node: t.Node) -> tuple[tuple[t.Node, ...], ...] | None:
    """The rows of a matrix or of a bracket with several items."""
    if isinstance(node, t.Matrix):
        return node.rows
    if isinstance(node, t.Bracket) and len(node.items) > 1 and node.left in ("[", "("):
        return (node.items,)
    if isinstance(node, t.Bracket) and node.left == "[" and len(node.items) == 1:
        item = node.items[0]
        if isinstance(item, t.Product) and not any(item.operators):
            entries = all(isinstance(f, t.Symbol) and f.subscripts for f in item.factors)
            return (item.factors,) if entries else None
    return None


def numbers_below(symbol: t.Symbol) -> list[int]:
    parts = symbol.indices(2) or symbol.indices(1) or ()
    if len(symbol.subscripts) == 1 and not _two_digits(symbol):
        parts = symbol.subscripts
    found = [s.integer(p, {}) for p in parts]
    return [n for n in found if n is not None] if None not in found else []


def _two_digits(symbol: t.Symbol) -> bool:
    only = symbol.subscripts[0]
    return isinstance(only, t.Number) and len(only.text) == 2


def note_dims(env: Environment, relation: t.Relation) -> None:
    """Names that count: upper limits, sizes of ones, exponents of R."""
    for node in t.walk(relation):
        found: list[t.Node] = []
        if isinstance(node, t.BigOperator) and node.upper is not None:
            found = [node.upper]
            for lower in node.lower:
                if isinstance(lower, t.Relation) and isinstance(lower.sides[0], t.Symbol):
                    name = lower.sides[0].name
                    env.letter_ranges.setdefault(name, (lower.sides[1], node.upper))
        elif isinstance(node, t.Filled):
            found = list(node.subscripts)
        elif isinstance(node, t.Postfix) and node.base == REALS:
            found = list(node.arguments)
        for part in (*found, *last_of_a_list(relation)):
            env.dims |= {s.full(symbol) for symbol in s.symbols(part)}
    for letter, right in ranges_of(relation):
        for part in t.walk(right):
            if isinstance(part, t.Symbol) and s.bare(part):
                env.dims.add(part.name)
        if isinstance(right, t.Listing) and (not relation.sides or _is_all_range(relation)):
            env.letter_ranges.setdefault(letter, (right.items[0], right.items[-1]))


def last_of_a_list(relation: t.Relation) -> tuple[t.Node, ...]:
    r"""The N of ``x_1, \dots, x_N \in \mathbb{R}^d``."""
    left = relation.sides[0] if relation.signs[:1] == (r"\in",) else None
    items = left.items if isinstance(left, t.Listing) else ()
    dotted = len(items) > 2 and isinstance(items[-2], t.Ellipsis)
    return items[-1].subscripts if dotted and isinstance(items[-1], t.Symbol) else ()


def _is_all_range(relation: t.Relation) -> bool:
    r"""``i = 1, \dots, N`` as a line of its own, or behind the shape of x_i."""
    return relation.signs[0] == r"\in" or _is_range(relation)


def _is_range(relation: t.Relation) -> bool:
    """A letter and a list with dots, and nothing else."""
    if relation.signs != ("=",) or not isinstance(relation.sides[0], t.Symbol):
        return False
    right = relation.sides[1]
    return isinstance(right, t.Listing) and any(isinstance(x, t.Ellipsis) for x in right.items)


def note_bases(env: Environment, relation: t.Relation) -> None:
    """Where indices start, from the numbers that stand below."""
    starts: dict[str, int] = {}
    for letter, right in ranges_of(relation):
        first = (
            right.items[0] if isinstance(right, (t.Listing, t.Bracket)) and right.items else right
        )
        value = s.integer(first, {})
        if value is not None:
            starts[letter] = value
    _walk_bases(env, relation, starts)


def _walk_bases(env: Environment, node: t.Node, starts: Mapping[str, int]) -> None:
    if isinstance(node, t.BigOperator):
        starts = dict(starts)
        for lower in node.lower:
            if isinstance(lower, t.Relation) and lower.signs == ("=",):
                letter, value = lower.sides[0], s.integer(lower.sides[1], {})
                if isinstance(letter, t.Symbol) and value is not None:
                    starts[letter.name] = value
    if isinstance(node, t.Symbol) and node.subscripts:
        key = s.stem(node)
        key = env.nicknames.get(key, key)
        # the w of w_{ab} is another one than a column w
        another = len(node.subscripts) == 2 and env.shapes.get(key, ()).count(ONE) == 1
        if (key in env.shapes or key in env.definitions) and not another:
            parts = node.subscripts
            if len(parts) == 1 and _two_digits(node) and _is_matrix(env, key):
                parts = node.indices(2) or parts
            values = [s.integer(p, starts) for p in parts]
            note_base(env, key, values)
            for axis, (part, value) in enumerate(zip(parts, values, strict=True)):
                if value == 1 and isinstance(part, t.Symbol):
                    axes = (0, 1) if len(parts) == 1 else (axis,)
                    env.counted_from_one.update((key, a) for a in axes)
    if isinstance(node, t.Postfix) and node.kind == "subscript":
        from matcalc.judging.scripts import indexed_name

        key = indexed_name(node.base)
        if key in env.shapes or key in env.definitions:
            note_base(env, key, [s.integer(p, starts) for p in node.arguments])
    for child in t.children(node):
        _walk_bases(env, child, starts)


def _is_matrix(env: Environment, key: str) -> bool:
    dims = env.shapes.get(key)
    return dims is None or (dims[0] != ONE and dims[1] != ONE) or True


def note_base(env: Environment, key: str, values: Sequence[int | None]) -> None:
    for axis, value in enumerate(values):
        if value is None:
            continue
        axes = (0, 1) if len(values) == 1 else (axis,)
        for a in axes:
            if value == 0:
                env.bases[key, a] = 0
            elif env.base is None:
                env.bases.setdefault((key, a), 1)
