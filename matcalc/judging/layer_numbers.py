r"""A page about any layer, ``z^l = w^l a^{l-1} + b^l``, as a network with numbered layers.

Of the layers 1 to 4 the letter ``l`` stands for the second and ``L`` for the last, so that ``l``,
its neighbours and ``L`` are four different layers. The page keeps its letters: a number knows how
it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol, preactivations
from matcalc.judging.environment import Definition, Environment
from matcalc.judging.givens import belongs, equate
from matcalc.reading import tree as t

LAYERS = 4
HERE = 2
LAST = ("L", "K")
ERRORS = ("delta", "Delta")


def numbered(env: Environment, relation: t.Relation) -> tuple[Environment, list[t.Relation]] | None:
    """The page and a line of it with numbers for layers; None if no letter counts layers."""
    letter = layer_letter(env)
    if letter is None:
        members = _members(env, relation)
        return (env.copy(), members) if members else None
    if any(_runs_over(n, letter) for n in _roots(env, relation)):
        return None
    here = {letter: t.Counted(str(HERE), letter), **_last(env)}
    return _with_numbers(env, letter), [_put_line(relation, here)]


def lettered(node: t.Node) -> t.Node:
    """A line with numbered layers in the letters of its author: ``a^{l-1}`` for ``a^1``."""
    known = [p for p in t.walk(node) if isinstance(p, t.Counted) and p.text == str(HERE)]
    if not known:
        return node

    def change(part: t.Node) -> t.Node:
        if not isinstance(part, t.Symbol) or not part.marks:
            return part
        marks = tuple(
            replace(m, index=_shown(int(m.index.text), known[0].shown))
            if type(m.index) is t.Number and m.index.text in "1234"
            else m
            for m in part.marks
        )
        return replace(part, marks=marks) if marks != part.marks else part

    return s.rebuilt(node, change)


def _members(env: Environment, relation: t.Relation) -> list[t.Relation]:
    """A line about ``Z^{(l)}`` on a page that only has ``Z^{(2)}`` and ``Z^{(3)}``: for each of them."""
    letters = {x for side in relation.sides for x in s.letters_above(side)} & {"l", "ell", "k"}
    if len(letters) != 1 or _runs_over(relation, *letters):
        return []
    (letter,) = letters
    numbers = [t.Counted(str(number), letter) for number in range(1, 10)]
    lines = [_put_line(relation, {letter: number}) for number in numbers]
    found = [line for line in lines if any(there := _names(env, line)) and all(there)]
    return _below_the_loss(env, found) if found else _nearest(env, lines)


def _names(env: Environment, line: t.Relation) -> list[bool]:
    """For every name with a mark, whether the page has it; errors aside."""
    return [env.has(s.stem(p)) for p in _marked(line) if p.name not in ERRORS]


def _marked(line: t.Relation) -> Iterator[t.Symbol]:
    return (p for p in t.walk(line) if isinstance(p, t.Symbol) and p.marks)


def _nearest(env: Environment, lines: list[t.Relation]) -> list[t.Relation]:
    """Where a line names a layer that is never there: with the number that fits most of it."""
    applied = {number for x in preactivations(env) for number in _numbers(x)}

    def fitting(line: t.Relation) -> list[bool]:
        errors = [p for p in _marked(line) if p.name in ERRORS]
        return _names(env, line) + [applied.issuperset(_numbers(p)) for p in errors]

    best = max(lines, key=lambda line: sum(fitting(line)))
    return [best] if 2 * sum(fits := fitting(best)) > len(fits) else []


def _below_the_loss(env: Environment, lines: list[t.Relation]) -> list[t.Relation]:
    """The lines about layers that the loss is computed from; all of them if there is none such.

    Above the output, derivatives vanish for want of a path, whatever a general formula says.
    """
    loss = loss_symbol(env)
    inside = _computing(env, s.full(loss)) if loss is not None else set[str]()
    below = [
        line
        for line in lines
        if all(
            s.stem(by) in inside
            for part in t.walk(line)
            if isinstance(part, (t.Derivative, t.Nabla))
            for by in part.by
            if isinstance(by, t.Symbol) and by.marks
        )
    ]
    return below or lines


def _computing(env: Environment, key: str) -> set[str]:
    """The names a step is computed from, with its own."""
    bodies: dict[str, list[t.Node]] = {}
    for definition in _unique(env):
        for name in {s.full(definition.left), s.stem(definition.left)}:
            bodies.setdefault(name, []).append(definition.body)
    found, todo = {key}, [key]
    while todo:
        for body in bodies.get(todo.pop(), ()):
            names = {name for p in s.symbols(body) for name in (s.full(p), s.stem(p))}
            todo += names - found
            found |= names
    return found


def _put_line(relation: t.Relation, letters: Mapping[str, t.Node]) -> t.Relation:
    changed = _put(relation, letters)
    assert isinstance(changed, t.Relation), "a relation stays one"
    return changed


def layer_letter(env: Environment) -> str | None:
    """The letter above a step that is computed from the step before or after."""
    for definition in (*env.definitions.values(), *env.patterns):
        for mark in definition.left.marks:
            name = mark.index.name if isinstance(mark.index, t.Symbol) else ""
            if len(definition.left.marks) != 1 or not s.bare(mark.index) or not name.islower():
                continue
            if name != "ell" and (len(name) != 1 or name in "tnmij"):
                continue
            if name in _shifted(definition.body) and name not in env.dims:
                return name
    return None


def _shifted(node: t.Node) -> Iterator[str]:
    for part in t.walk(node):
        if isinstance(part, t.Symbol):
            for mark in part.marks:
                if isinstance(mark.index, t.Sum):
                    yield from (p.name for p in t.walk(mark.index) if isinstance(p, t.Symbol))


def _runs_over(node: t.Node, letter: str) -> bool:
    return any(
        isinstance(part, t.BigOperator)
        and any(isinstance(p, t.Symbol) and p.name == letter for x in part.lower for p in t.walk(x))
        for part in t.walk(node)
    )


def _roots(env: Environment, relation: t.Relation) -> Iterator[t.Node]:
    yield relation
    for definition in (*env.definitions.values(), *env.patterns):
        yield definition.body


def _last(env: Environment) -> dict[str, t.Node]:
    return {name: t.Counted(str(LAYERS), name) for name in LAST if name not in env.definitions}


def _shown(number: int, letter: str) -> t.Counted:
    steps = number - HERE
    if number == LAYERS:
        return t.Counted(str(number), "L")
    return t.Counted(
        str(number), letter + (f" {'+' if steps > 0 else '-'} {abs(steps)}") * (steps != 0)
    )


def _put(node: t.Node, letters: Mapping[str, t.Node]) -> t.Node:
    """Letters above and below names replaced; ``L`` as a name of its own stays."""

    def change(part: t.Node) -> t.Node:
        if not isinstance(part, t.Symbol) or not (part.marks or part.subscripts):
            return part
        marks = tuple(replace(m, index=s.put(m.index, letters)) for m in part.marks)
        below = tuple(s.put(x, letters) for x in part.subscripts)
        return replace(part, marks=marks, subscripts=below)

    return s.rebuilt(node, change)


def _numbers(symbol: t.Symbol) -> list[int]:
    found = [s.integer(m.index, {}) for m in symbol.marks]
    return [n for n in found if n is not None]


def _with_numbers(env: Environment, letter: str) -> Environment:
    new = env.copy()
    new.page = tuple(
        r
        for number in range(1, LAYERS + 1)
        for p in env.page
        if isinstance(r := _put(p, {letter: _shown(number, letter), **_last(env)}), t.Relation)
    )
    generic = [d for d in _unique(env) if letter in s.letters_above(d.left)]
    keys = {s.full(d.left) for d in generic}
    new.definitions = {k: d for k, d in env.definitions.items() if k not in keys}
    new.patterns = [d for d in env.patterns if s.full(d.left) not in keys]
    new.order = [k for k in env.order if k not in keys]
    _fix_last(new, env)
    concrete = {s.full(d.left) for d in (*new.definitions.values(), *new.patterns)}
    lefts = [_put(d.left, {letter: _shown(n, letter)}) for d in generic for n in range(1, LAYERS)]
    whole = {s.full(x) for x in lefts if isinstance(x, t.Symbol) and not x.subscripts}
    shapes = {k: v for k, v in env.shapes.items() if k in env.symbols}
    for key in shapes:
        if letter in s.letters_above(env.symbols[key]):
            new.shapes.pop(key, None)
    new.shape_patterns = [p for p in env.shape_patterns if letter not in s.letters_above(p[0])]
    for number in range(1, LAYERS + 1):
        letters = {letter: _shown(number, letter), **_last(env)}
        for definition in generic:
            left = _put(definition.left, letters)
            assert isinstance(left, t.Symbol), "a name stays one"
            beyond = max(_numbers(left), default=0) > LAYERS
            if s.full(left) in concrete or beyond or (left.subscripts and s.stem(left) in whole):
                continue
            ranges = dict(definition.ranges)
            ranges.pop(letter, None)
            equate(new, t.Relation((left, _put(definition.body, letters)), ("=",)), definition.line)
            made = new.definitions.get(s.full(left))
            if made is not None and ranges:
                _set_ranges(new, made, ranges)
        for key, dims in shapes.items():
            symbol = env.symbols[key]
            if letter in s.letters_above(symbol):
                size = t.Product(tuple(_put(d, letters) for d in dims), (r"\times",))
                space = t.Postfix(t.Symbol("R_bb", r"\mathbb{R}"), "power", (size,))
                belongs(new, _put(symbol, letters), space)
    _folded(new)
    return new


def _folded(env: Environment) -> None:
    """``a = \\sigma(w x + b)`` beside ``z = w x + b`` is ``a = \\sigma(z)``."""
    names = {
        d.body: d.left
        for d in env.definitions.values()
        if isinstance(d.body, t.Sum) and not d.letters
    }
    for key, definition in list(env.definitions.items()):
        body = s.rebuilt(
            definition.body,
            lambda p, d=definition: names[p] if p in names and names[p] != d.left else p,  # type: ignore[misc]
        )
        if body != definition.body and not isinstance(body, t.Symbol):
            changed = replace(definition, body=body)
            env.definitions[key] = changed
            env.patterns = [changed if d is definition else d for d in env.patterns]


def _set_ranges(env: Environment, made: Definition, ranges: Mapping[str, t.Node]) -> None:
    better = replace(made, ranges=ranges)
    env.definitions[s.full(made.left)] = better
    env.patterns = [better if d is made else d for d in env.patterns]


def _unique(env: Environment) -> list[Definition]:
    found = list(env.definitions.values())
    return found + [d for d in env.patterns if not any(d is x for x in found)]


def _fix_last(new: Environment, env: Environment) -> None:
    """``L`` above the names of single definitions: the loss, the output."""
    last = _last(env)
    for key, definition in list(new.definitions.items()):
        left, body = _put(definition.left, last), _put(definition.body, last)
        assert isinstance(left, t.Symbol), "a name stays one"
        changed = replace(definition, left=left, body=body)
        new.definitions.pop(key)
        new.definitions[s.full(left)] = changed
        new.order = [s.full(left) if k == key else k for k in new.order]
        new.patterns = [changed if d is definition else d for d in new.patterns]
    if env.loss:
        new.loss = env.loss
