r"""A whole document: what defines, what claims, and every claim judged in its place.

Equations are taken in their order. A first equation for an untied name defines it; an error symbol,
a derivative or an update claims. A line that was found wrong is not used to judge later ones. A
definition that comes later in the text serves earlier lines if nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError, ParseError
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import tied_step
from matcalc.judging.compare import Trouble, is_printed, side_values
from matcalc.judging.environment import ONE, Definition, Environment, View
from matcalc.judging.givens import (
    EQUALS,
    declare,
    listed_rows,
    note_bases,
    note_dims,
    statement,
    take,
    take_all,
)
from matcalc.judging.infer import infer
from matcalc.judging.layers import normal, note_layers
from matcalc.judging.report import Entry, Report
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.updates import update_parts
from matcalc.judging.verdict import FAILURES, Verdict
from matcalc.judging.verifying import verify_relations
from matcalc.judging.worlds import World
from matcalc.reading import tree as t
from matcalc.reading.document import Passage, document_macros, read_document
from matcalc.reading.formula import read_formula
from matcalc.reading.statements import is_range
from matcalc.reading.writer import write

COMPARISONS = frozenset({"<", ">", r"\le", r"\ge", r"\ne", r"\ll", r"\gg"})
JUDGED = frozenset({*EQUALS, r"\approx", r"\in", ":", r"\leftarrow", *COMPARISONS})
FOR = re.compile(r"^[\s.,]*(for|with|where|and|over)?[\s]*(all|each|every|any)?[\s,]*$", re.I)


THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})*,000(?:,\d{3})*(?![\d,])")
UNITS = re.compile(r"^\s*(million|billion|thousand)\b", re.I)
LACKING = re.compile(
    r"without\s+(?:the|its)\s+(?:first|bias)\s+(?:entry|element|component|column)", re.I
)


def _joined_digits(match: re.Match[str]) -> str:
    """``1,000,000`` without its commas."""
    return match[0].replace(",", "")


@dataclass
class Line:
    """One relation of the document."""

    relation: t.Relation
    number: int
    text: str
    cell: int | None = None
    display: bool = False
    before: str = ""  # the prose in front
    error: str = ""
    skipped: str = ""


@dataclass
class Failure:
    """A wrong line, for what follows from it."""

    number: int
    left: t.Node
    side: t.Node
    right: t.Node | None


@dataclass
class Reader:
    """The state of reading a document."""

    env: Environment = field(default_factory=Environment)
    values: list[t.Relation] = field(default_factory=list)  # numbers given to names
    failures: list[Failure] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    earlier: list[Environment] = field(default_factory=list)  # before a name changed its shape


def verify_text(
    text: str,
    *,
    env: Environment | None = None,
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    index_base: int | None = None,
    macros: Any = None,
) -> Report:
    """Judge every equation of a document."""
    lines = list(_lines(text, macros))
    start = env.copy() if env is not None else Environment(base=index_base)
    start.hats_fold = True
    if layout is not None:
        start.layout, start.layout_is_law = layout, True
    for name, dims in (shapes or {}).items():
        declare(start, name, dims)
    relations = [line.relation for line in lines if not line.error]
    note_layers(start, relations)
    for line in lines:
        changed = normal(line.relation, start)
        assert isinstance(changed, t.Relation), "a relation stays one"
        line.relation = changed
        note_dims(start, line.relation)
    _bases(start, lines)
    lines = _without_false_scalars(start, lines)
    reader = Reader(start)
    for position, line in enumerate(lines):
        _read(reader, line, lines[position + 1 :])
    return Report(tuple(reader.entries))


# ---------------------------------------------------------------- from text to lines


def _lines(text: str, macros: Any) -> list[Line]:
    known = document_macros(text)
    table = {**known, **(macros or {})} if not isinstance(macros, str) else macros
    out: list[Line] = []
    prose = ""
    open_for_range = False
    names: list[t.Symbol] = []
    for passage in read_document(text):
        if passage.kind == "prose":
            prose = passage.text
            if out and UNITS.match(prose):
                out[-1].skipped = "the number goes on in words"
            if names and LACKING.search(prose[:80]):
                shorter = _shortened(names[-1], passage)
                if shorter is not None:
                    out.append(shorter)
            open_for_range = open_for_range and bool(FOR.match(prose))
            continue
        try:
            relations = read_formula(THOUSANDS.sub(_joined_digits, passage.text), macros=table)
        except ParseError as error:
            if passage.kind == "display" or "=" in passage.text:
                out.append(_unread(passage, error))
            open_for_range = False
            continue
        relations = _continued(relations, out)
        if len(relations) == 1 and not relations[0].signs and relations[0].sides:
            only = relations[0].sides[0]
            if isinstance(only, t.Symbol) and passage.kind == "inline":
                names.append(only)
        if open_for_range and out and all(is_range(r) for r in relations):
            _restrict(out, relations)
            continue
        open_for_range = False
        for relation in relations:
            if relation.signs and set(relation.signs) <= JUDGED:
                open_for_range = True
                number = passage.line_at(min(relation.span[0], len(passage.text)))
                out.append(
                    Line(relation, number, write(relation), passage.cell,
                         passage.kind == "display", prose)
                )  # fmt: skip
            elif not relation.signs and passage.kind == "display":
                # \frac{dL}{dW} alone: the next display goes on with "= ..."
                out.append(Line(relation, passage.line, write(relation), passage.cell, True, prose))
        prose = ""
    return out


def _shortened(symbol: t.Symbol, passage: Passage) -> Line | None:
    """``Denote \\hat{b} as b without the first entry``: the entries from 1 on."""
    name, _, accent = symbol.name.rpartition("_")
    if not name or not accent:
        return None
    plain = replace(symbol, name=name, latex="\\" + name if len(name) > 1 else name)
    relation = t.Relation((symbol, t.Postfix(plain, "subscript", (t.Text("tail"),))), ("=",))
    return Line(relation, passage.line, f"{symbol.latex} without its first entry", passage.cell)


def _unread(passage: Passage, error: ParseError) -> Line:
    empty = t.Relation((t.Blank(""),))
    return Line(empty, passage.line, " ".join(passage.text.split())[:200], passage.cell, True,
                error=str(error))  # fmt: skip


def _continued(relations: tuple[t.Relation, ...], out: list[Line]) -> tuple[t.Relation, ...]:
    """A display that begins with ``=`` goes on with the left side of the display before."""
    if not relations or not relations[0].sides or not out:
        return relations
    if not isinstance(relations[0].sides[0], t.Missing):
        return relations
    left = next((line.relation.sides[0] for line in reversed(out) if line.display and
                 line.relation.sides and not line.error), None)  # fmt: skip
    if left is None:
        return relations
    fixed = [
        replace(r, sides=(left, *r.sides[1:])) if isinstance(r.sides[0], t.Missing) else r
        for r in relations
    ]
    return tuple(fixed)


def _restrict(out: list[Line], ranges: tuple[t.Relation, ...]) -> None:
    """``for j = 1, 2, 3`` behind a display restricts its last line."""
    line = out[-1]
    conditions = tuple(t.Condition("for", (r,), span=r.span) for r in ranges)
    line.relation = replace(line.relation, conditions=(*line.relation.conditions, *conditions))
    line.text = write(line.relation)


def _without_false_scalars(env: Environment, lines: list[Line]) -> list[Line]:
    """``b \\in R`` is not believed where the page goes on with ``b_j``."""
    indexed = {
        s.stem(p)
        for line in lines
        for p in t.walk(line.relation)
        if isinstance(p, t.Symbol)
        and p.subscripts
        and any(isinstance(x, t.Symbol) and s.bare(x) for x in p.subscripts)
    }
    kept = []
    for line in lines:
        relation = line.relation
        scalar = relation.signs == (r"\in",) and isinstance(relation.sides[1], t.Symbol)
        left = relation.sides[0] if relation.sides else None
        if scalar and isinstance(left, t.Symbol) and left.marks and s.full(left) in indexed:
            env.assume(f"{write(left)} has entries, although line {line.number} calls it a number")
            line.skipped = "later lines give it an index, so it is taken for a vector"
        kept.append(line)
    return kept


def _bases(env: Environment, lines: list[Line]) -> None:
    """Where indices start, from the whole document: a written 0 decides."""
    keys: dict[str, None] = {}
    for line in lines:
        for node in t.walk(line.relation):
            if isinstance(node, t.Symbol) and not node.subscripts:
                keys.setdefault(s.full(node))
    known = env.copy()
    for key in keys:
        known.shapes.setdefault(key, (ONE, ONE))
    for line in lines:
        note_bases(known, line.relation)
    zero = {k: v for k, v in known.bases.items() if v == 0}
    if len(zero) >= 3 and len(zero) > 2 * (len(known.bases) - len(zero)):
        env.base = 0 if env.base is None else env.base
        counted = {k: 1 for k in known.counted_from_one if k not in zero}
        env.bases.update({**counted, **zero})
    else:
        env.bases.update(known.bases)


# ---------------------------------------------------------------- one line


def _read(reader: Reader, line: Line, later: list[Line]) -> None:
    if line.error:
        verdict = Verdict("unreadable", line.text, explanation=line.error)
        reader.entries.append(Entry(line.number, line.text, verdict, line.cell))
        return
    relation = line.relation
    if not relation.signs:
        return
    if line.skipped:
        verdict = Verdict("unreadable", line.text, explanation=line.skipped)
        reader.entries.append(Entry(line.number, line.text, verdict, line.cell))
        return
    for remark in relation.remarks:
        statement(reader.env, t.Relation((), remarks=(remark,)), remark.words)
    kind = kind_of(reader.env, relation, line.before)
    if kind == "number":
        kind = "claims" if _determined(reader, relation, later) else "value"
    if kind == "assumes" and relation.signs[0] == r"\in":
        kind = _membership(reader, relation)
    if kind in ("defines", "assumes", "value", "size"):
        _take(reader, line, kind)
        status = "defines" if kind == "defines" else "assumes"
        _chain_of_definition(reader, line, status)
        return
    if kind == "blank":
        verdict = Verdict("blank", line.text)
    elif kind == "shape":
        valued = _with_values(reader.env, reader.values)
        valued.shapes.pop(s.full(relation.sides[0]), None)  # type: ignore[arg-type]
        verdict = _verdict(valued, relation, line.text)
    else:
        verdict = _judged(reader, line, later)
        if verdict is None:
            return
        if kind == "restates" and verdict.status in (*FAILURES, "unreadable", "needs-convention"):
            verdict = _redefined(reader, line, verdict)
    follows = None
    if verdict.status in FAILURES and kind == "claims":
        follows = _follows(reader, line.relation, later)
        reader.failures.append(_failure(line, verdict))
    reader.entries.append(Entry(line.number, line.text, verdict, line.cell, follows))


def _redefined(reader: Reader, line: Line, verdict: Verdict) -> Verdict:
    """A plain name with another right side: a new definition from here on, said where shapes differ."""
    left = line.relation.sides[0]
    if verdict.status == "unreadable" or verdict.first_wrong_step == 0:
        if isinstance(left, (t.HeadBracket, t.Call)) or verdict.first_wrong_step == 0:
            _take(reader, line, "defines")
            return Verdict("defines", line.text)
        return replace(verdict, status="unreadable")
    clash = verdict.status == "shape-error"
    if clash and _uses_newer(reader.env, line.relation):
        _take(reader, line, "defines")
        return Verdict("defines", line.text)
    if clash and not verdict.explanation.startswith("the left side is"):
        return replace(verdict, status="unreadable")
    before = reader.env.copy()
    _take(reader, line, "defines")
    if not clash or not isinstance(line.relation.sides[1], (t.HeadBracket, t.Call)):
        return Verdict("defines", line.text)
    reader.earlier.append(before)
    if isinstance(left, t.Symbol):
        _keep_under_hat(reader.env, before, left)
    return verdict


def _uses_newer(env: Environment, relation: t.Relation) -> bool:
    """Whether the right side rests on a step that was named after the left side was."""
    left = relation.sides[0]
    mine = env.definitions.get(s.full(left)) if isinstance(left, t.Symbol) else None
    if mine is None:
        return False
    found = (env.definitions.get(s.full(p)) for p in s.symbols(relation.sides[1]))
    return any(d is not None and d.line > mine.line for d in found)


def _keep_under_hat(env: Environment, before: Environment, left: t.Symbol) -> None:
    """A name that changed its shape: the longer meaning stays under the letter with a hat."""
    key, hat = s.full(left), left.name + "_hat"
    if not env.has(hat) and key in before.views:
        env.views[hat] = before.views[key]
    numbers = sorted({
        x for d in env.patterns if s.stem(d.left) == key for r in d.ranges.values()
        for x in Scope(World(env, env.sizes)).range_of(r)
    })  # fmt: skip
    if numbers and key in env.definitions:
        # The new meaning is the column of the entries that have one formula.
        cells = tuple((replace(left, subscripts=(t.Number(str(n)),)),) for n in numbers)
        env.views[key] = View(cells)
        env.definitions.pop(key)
        env.order = [k for k in env.order if k != key]


def kind_of(env: Environment, relation: t.Relation, before: str = "") -> str:
    """What a line does: defines, assumes, value, size, blank, restates or claims."""
    sign = relation.signs[0]
    left, right = s.peeled(relation.sides[0]), relation.sides[1]
    if any(isinstance(side, t.Blank) for side in relation.sides[1:]):
        return "blank"
    if sign in (r"\in", ":"):
        parts = left.items if isinstance(left, t.Listing) else (left,)
        names = all(isinstance(p, t.Symbol) for p in parts)
        return "assumes" if names else "claims"
    if sign in COMPARISONS or sign == r"\approx":
        return "claims" if _closed(env, relation) else "assumes"
    if update_parts(relation) is not None or sign == r"\leftarrow":
        return "claims"
    if sign in (":=", r"\triangleq") and isinstance(left, t.Symbol):
        return "defines"
    if isinstance(left, (t.HeadBracket, t.Call)):
        return _kind_of_application(env, left, right)
    if not isinstance(left, t.Symbol):
        return "claims"
    return _kind_of_name(env, left, right)


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
    if any(isinstance(i, t.Symbol) and i.subscripts for i in items):
        return "claims"
    plain = all(isinstance(i, t.Symbol) and not i.subscripts for i in items)
    return "defines" if plain else "claims"


def _kind_of_name(env: Environment, left: t.Symbol, right: t.Node) -> str:
    key = s.full(left)
    number = is_number(right)
    if isinstance(right, t.Number) and right.text.isdigit() and s.bare(left):
        if key in env.dims or (len(key) == 1 and key in "nNmMKTLBdkpq" and key not in env.shapes):
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
    entry = left.subscripts and (env.has(s.stem(left)) or s.stem(left) in env.nicknames)
    if entry and s.stem(left) not in env.cells:
        return "claims"
    return "defines"


def is_number(node: t.Node) -> bool:
    """Whether no name stands in a formula, apart from known functions."""
    heads = {id(p.head) for p in t.walk(node) if isinstance(p, t.Call)}
    return not any(
        isinstance(p, (t.Filled, t.Derivative, t.Nabla, t.Differential))
        or (isinstance(p, t.Symbol) and id(p) not in heads and p.name != "e")
        for p in t.walk(node)
    )


def _has_value(env: Environment, left: t.Symbol) -> bool:
    """Whether a number for a name can be checked: the name follows from others."""
    key = s.full(left)
    if key in env.definitions:
        return any(isinstance(p, t.Symbol) for p in t.walk(env.definitions[key].body))
    return any(d.left.name == left.name for d in env.patterns)


def _take(reader: Reader, line: Line, kind: str) -> None:
    env = reader.env
    relation = line.relation
    if kind == "value":
        left = relation.sides[0]
        conditional = isinstance(left, t.Symbol) and any(
            isinstance(p, t.Symbol) for script in left.subscripts for p in t.walk(script)
        )
        if not line.display and (conditional or _contradicted(reader, relation)):
            return
        reader.values.append(relation)
        rows = listed_rows(relation.sides[1])
        if rows is not None and isinstance(left, t.Symbol) and not env.has(s.full(left)):
            env.shapes[s.full(left)] = (t.Number(str(len(rows))), t.Number(str(len(rows[0]))))
        if isinstance(left, t.Symbol) and rows is None:
            _forget_array(env, left)
        stem = s.stem(left) if isinstance(left, t.Symbol) else ""
        if (
            isinstance(left, t.Symbol)
            and left.subscripts
            and (not env.has(stem) or stem in env.cells)
        ):
            # x_0 = 1 folds a bias in: a number for good.
            if relation.sides[1] == ONE and left.subscripts == (t.Number("0"),):
                take(env, relation, line.number)
            env.cells.setdefault(s.stem(left), set()).add(s.full(left))
        return
    if kind == "assumes" and relation.signs[0] == r"\in":
        left = relation.sides[0]
        set_name = relation.sides[1]
        if (
            isinstance(left, t.Symbol)
            and isinstance(set_name, t.Symbol)
            and set_name.name == "N_bb"
        ):
            env.sizes.pop(s.full(left), None)
            env.dims.add(s.full(left))
            return
    if kind == "defines":
        define(env, relation, line.number)
    else:
        take(env, relation, line.number)


def _forget_array(env: Environment, left: t.Symbol) -> None:
    """``y = 3`` says that an array y of an earlier problem is over."""
    key = s.full(left)
    dims = env.shapes.get(key)
    if dims is not None and dims != (ONE, ONE):
        env.shapes.pop(key)
        env.definitions.pop(key, None)
        env.order = [k for k in env.order if k != key]


def _contradicted(reader: Reader, relation: t.Relation) -> bool:
    """``Y = 0`` and ``Y = 1`` in one sentence are cases, not values."""
    for value in list(reader.values):
        if value.sides[0] == relation.sides[0] and value.sides[1] != relation.sides[1]:
            reader.values.remove(value)
            return True
    return False


def define(env: Environment, relation: t.Relation, number: int) -> None:
    """A definition that takes the place of an earlier one; a shape that contradicts it goes."""
    left = relation.sides[0]
    body = relation.sides[1]
    if (
        isinstance(body, t.Postfix)
        and body.kind == "subscript"
        and isinstance(body.arguments[0], t.Text)
    ):
        _define_tail(env, relation)
        return
    if isinstance(left, t.Symbol):
        key = s.full(left)
        place = env.order.index(key) if key in env.order else None
        env.order = [k for k in env.order if k != key]
        old = env.definitions.pop(key, None)
        patterns = env.patterns
        env.patterns = [d for d in patterns if s.full(d.left) != key]
        take(env, relation, number)
        if old is not None and key not in env.definitions and key not in env.views:
            # A matrix of its own entries names them and defines nothing.
            env.definitions[key], env.patterns = old, patterns
            env.order.insert(place if place is not None else len(env.order), key)
        _define_between(env, relation, number)
        if key in env.shapes and key in env.definitions and _contradicts(env, left):
            env.shapes.pop(key)
    else:
        take(env, _of_whole_arrays(env, relation), number)
        _define_between(env, relation, number)


def _define_between(env: Environment, relation: t.Relation, number: int) -> None:
    """``f = a = g(z)`` defines the name in the middle too."""
    for k in range(1, len(relation.sides) - 1):
        middle = relation.sides[k]
        if isinstance(middle, t.Symbol) and s.full(middle) in env.definitions:
            define(env, t.Relation((middle, relation.sides[k + 1]), ("=",)), number)


def _of_whole_arrays(env: Environment, relation: t.Relation) -> t.Relation:
    """``f(x_n, W) = sigma(z_n)`` for every row is ``f(X, W) = sigma(Z)``."""
    left = relation.sides[0]
    if not isinstance(left, t.HeadBracket) or not isinstance(left.head, t.Symbol):
        return relation
    known = env.decorated.get(s.full(left.head))
    rows = [i for i in left.bracket.items if isinstance(i, t.Symbol) and i.subscripts]
    if known is None or len(rows) != 1 or len(rows[0].subscripts) != 1:
        return relation
    letter = rows[0].subscripts

    def whole(node: t.Node) -> t.Node:
        if isinstance(node, t.Symbol) and node.subscripts == letter:
            capital = replace(node, name=node.name.upper(), latex=node.latex.upper(), subscripts=())
            capital = replace(capital, latex=capital.name)
            plain = replace(node, subscripts=())
            return capital if env.has(s.full(capital)) else plain
        return node

    body = s.rebuilt(relation.sides[1], whole)
    return t.Relation((replace(left, bracket=replace(left.bracket, items=known)), body), ("=",))


def _contradicts(env: Environment, left: t.Symbol) -> bool:
    trial = env.copy()
    infer(trial)
    for world in worlds(trial, count=1, points=1):
        values = side_values(Scope(world), left)
        return isinstance(values, Trouble) and "is declared" in values.why
    return False


def _define_tail(env: Environment, relation: t.Relation) -> None:
    left, body = relation.sides
    assert isinstance(left, t.Symbol) and isinstance(body, t.Postfix), "built in _shortened"
    base = body.base
    assert isinstance(base, t.Symbol), "built in _shortened"
    stem = s.stem(base)
    dims = env.shapes.get(stem)
    numbers = sorted(
        int(p.text)
        for d in (*env.definitions.values(), *env.patterns)
        for q in t.walk(d.body)
        if isinstance(q, t.BigOperator) and q.upper is not None
        for p in (q.upper,)
        if isinstance(p, t.Number) and any(x.name == base.name for x in s.symbols(q.body or p))
    )
    count = numbers[-1] if numbers else None
    if count is None and dims is not None:
        sizes = [s.integer(d, env.sizes) for d in dims]
        known = [n for n in sizes if n is not None]
        count = max(known) - 1 if len(known) == 2 else None
    if count is None:
        return
    entries = tuple(replace(base, subscripts=(t.Number(str(k)),)) for k in range(1, count + 1))
    env.definitions[s.full(left)] = Definition(left, t.Bracket("[", "]", entries,
                                                              (",",) * (count - 1)))  # fmt: skip
    env.order.append(s.full(left))


def _chain_of_definition(reader: Reader, line: Line, status: str) -> None:
    """``V = g(Z) = g(Wx + b)``: the first equation defines, the others are judged."""
    relation = line.relation
    chain = len(relation.sides) > 2 and set(relation.signs) <= set(EQUALS)
    left = s.peeled(relation.sides[0])
    names = all(isinstance(x, (t.Symbol, t.HeadBracket, t.Call)) for x in relation.sides[:-1])
    if (
        chain
        and isinstance(left, (t.Symbol, t.HeadBracket))
        and not (names and len(relation.sides) > 2)
    ):
        verdict = verify_relations(reader.env.copy(), [relation], line.text)
        if verdict.status in FAILURES:
            reader.entries.append(Entry(line.number, line.text, verdict, line.cell))
            return
    verdict = Verdict(status, line.text)  # type: ignore[arg-type]
    reader.entries.append(Entry(line.number, line.text, verdict, line.cell))


# ---------------------------------------------------------------- judging in place


def _judged(reader: Reader, line: Line, later: list[Line]) -> Verdict | None:
    relation = line.relation
    numeric = [k for k, side in enumerate(relation.sides) if k and _is_numeric(side)]
    if not numeric:
        verdict = _best(reader, later, relation, line.text, [])
        if verdict.status == "unreadable" and reader.values:
            other = _best(reader, later, relation, line.text, reader.values)
            return other if other.status != "unreadable" else verdict
        return verdict
    plain = [k for k in range(len(relation.sides)) if k not in numeric]
    parts = [(plain, [])] if len(plain) > 1 else []
    parts.append(([0, *numeric], reader.values))  # type: ignore[arg-type]
    verdicts = []
    for keep, values in parts:
        verdict = _best(reader, later, _part(relation, keep), line.text, values)
        if verdict.first_wrong_step:
            verdict = replace(verdict, first_wrong_step=keep[verdict.first_wrong_step])
        verdicts.append(verdict)
    for verdict in verdicts:
        if verdict.status in FAILURES:
            return verdict
    return verdicts[-1]


def _best(
    reader: Reader,
    later: list[Line],
    relation: t.Relation,
    text: str,
    values: list[t.Relation],
) -> Verdict:
    """The verdict under the definitions the line means: so far and later, so far, later first."""
    chosen: tuple[int, Environment] | None = None
    for position, make in enumerate(MAKERS):
        env = make(reader, later) if position < 2 else make(reader, later, relation)
        if values:
            env = _with_values(env, values)
        verdict = _verdict(env, relation, text, diagnose=False)
        rank = _soundness(verdict)
        if rank == 4:
            return verdict
        if chosen is None or rank > chosen[0]:
            chosen = rank, env
    assert chosen is not None, "environments were tried"
    for env in _other_meanings(reader, later, relation):
        if values:
            env = _with_values(env, values)
        verdict = _verdict(env, relation, text, diagnose=False)
        if _soundness(verdict) == 4:
            return verdict
    if reader.failures and _follows(reader, relation, later) is not None:
        return _verdict(chosen[1], relation, text, diagnose=False)
    return _verdict(chosen[1], relation, text, diagnose=True)


def _other_meanings(
    reader: Reader, later: list[Line], relation: t.Relation
) -> Iterator[Environment]:
    """Environments in which a correct line may be meant otherwise."""
    yield from reversed(reader.earlier)
    names = {p.name for p in t.walk(relation) if isinstance(p, t.Symbol) and s.bare(p)}
    env = _env_at(reader, later)
    if all(
        isinstance(p, (t.Derivative, t.Symbol, t.Relation, t.Product)) for p in t.walk(relation)
    ):
        # Plain letters where the page declared bold ones: the same chain for numbers.
        plain = [p for p in t.walk(relation) if isinstance(p, t.Symbol)]
        bold = {d.left.name for d in env.definitions.values() if "\\" in d.left.latex}
        if plain and all("\\" not in p.latex for p in plain) and names & bold:
            for dim in env.dims:
                env.sizes.setdefault(dim, 1)
            yield env
    functions = [p for p in t.walk(relation) if isinstance(p, t.Call)]
    if functions and len(names - {p.head.name for p in functions}) <= 1:
        # d tanh(x) / dx = ...: an identity of one number, whatever x is elsewhere.
        yield Environment()


def _soundness(verdict: Verdict) -> int:
    """4: true; 3: needs a convention; 2: false in its values; 1: shapes; 0: could not be judged."""
    if verdict.status in ("holds", "assumes", "defines", "update", "blank"):
        return 4
    if verdict.status == "needs-convention":
        return 3
    if verdict.status == "unreadable" or verdict.first_wrong_step == 0:
        return 0
    return 2 if verdict.status in ("fails", "range-error") else 1


def _part(relation: t.Relation, keep: list[int]) -> t.Relation:
    sides = tuple(relation.sides[k] for k in keep)
    signs = tuple(relation.signs[k - 1] for k in keep[1:])
    return replace(relation, sides=sides, signs=signs)


def _is_numeric(node: t.Node) -> bool:
    plain = is_number(node)
    decimals = any(isinstance(p, t.Number) and "." in p.text for p in t.walk(node))
    several = isinstance(s.flattened(node), (t.Matrix, t.Bracket))
    return (plain and (decimals or several)) or is_printed(node) or decimals


def _verdict(
    env: Environment, relation: t.Relation, text: str, *, diagnose: bool = True
) -> Verdict:
    try:
        return verify_relations(env.copy(), [relation], text, diagnose=diagnose)
    except (MatcalcError, RecursionError) as error:
        return Verdict("unreadable", text, explanation=str(error))


def _env_at(reader: Reader, later: list[Line]) -> Environment:
    """The environment of a line: what came before, then what comes after."""
    env = reader.env.copy()
    for line in later:
        if line.error or not line.relation.signs:
            continue
        relation = line.relation
        left = s.peeled(relation.sides[0])
        kind = kind_of(env, relation, line.before)
        if kind == "defines" and isinstance(left, (t.Symbol, t.HeadBracket, t.Call)):
            define(env, relation, line.number)
        elif kind == "assumes" and isinstance(left, t.Symbol) and not env.has(s.full(left)):
            take(env, relation, line.number)
    return env


def _env_so_far(reader: Reader, later: list[Line]) -> Environment:
    return reader.env.copy()


def _env_later(reader: Reader, later: list[Line], judged: t.Relation | None = None) -> Environment:
    """The environment in which the next definition of a name wins over the last one."""
    env = reader.env.copy()
    seen: set[str] = set()
    shaped: set[str] = set()
    for line in later:
        relation = line.relation
        if line.error or line.skipped or not relation.signs:
            continue
        left = s.peeled(relation.sides[0])
        head = left.head if isinstance(left, (t.HeadBracket, t.Call)) else left
        if not isinstance(head, t.Symbol) or s.full(head) in seen:
            continue
        if relation.signs[0] == r"\in":
            if s.full(head) not in shaped and not is_number_set(relation.sides[1]):
                take(env, relation, line.number)
            shaped.add(s.full(head))
            continue
        if judged is not None and _same_name(left, s.peeled(judged.sides[0])):
            continue
        if kind_of(env, relation, line.before) in ("defines", "restates") and not head.primes:
            if isinstance(left, t.HeadBracket) and any(
                isinstance(i, t.Symbol) and i.subscripts for i in left.bracket.items
            ):
                continue
            define(env, relation, line.number)
            latest = env.definitions.get(s.full(head))
            if env.is_function(s.full(head)) or (latest is not None and latest.line == line.number):
                seen.add(s.full(head))
    return env


def is_number_set(node: t.Node) -> bool:
    return isinstance(node, t.Symbol) and node.name in ("N_bb", "Z_bb")


def _same_name(a: t.Node, b: t.Node) -> bool:
    x = a.head if isinstance(a, (t.HeadBracket, t.Call)) else a
    y = b.head if isinstance(b, (t.HeadBracket, t.Call)) else b
    return isinstance(x, t.Symbol) and isinstance(y, t.Symbol) and s.full(x) == s.full(y)


def _determined(reader: Reader, relation: t.Relation, later: list[Line]) -> bool:
    """Whether the numbers given so far fix the value of the left side."""
    env = _with_values(_env_at(reader, later), reader.values)
    infer(env, [relation])
    found = []
    for seed in (1, 2):
        for world in worlds(env, count=1, points=1):
            world.seed = seed
            values = side_values(Scope(world), relation.sides[0])
            if isinstance(values, Trouble):
                return False
            found.append(values[0].array)
    return bool(np.allclose(found[0], found[1], rtol=1e-9, atol=1e-12))


def _membership(reader: Reader, relation: t.Relation) -> str:
    """``beta \\in R^4`` claims something if beta was written out before."""
    left = relation.sides[0]
    if not isinstance(left, t.Symbol):
        return "assumes"
    for value in reader.values:
        if value.sides[0] == left or (
            isinstance(value.sides[0], t.Symbol) and s.full(value.sides[0]) == s.full(left)
        ):
            return "shape"
    return "assumes"


def _with_values(env: Environment, values: list[t.Relation]) -> Environment:
    """The environment with the numbers of a worked example."""
    new = env.copy()
    for relation in values:
        left = relation.sides[0]
        if not isinstance(left, t.Symbol):
            continue
        _fit_sizes(new, left, relation.sides[1])
        key = s.full(left)
        new.views.pop(key, None)
        take_all(new, [relation])
    return new


def _fit_sizes(env: Environment, left: t.Symbol, body: t.Node) -> None:
    dims = env.shapes.get(s.full(left))
    rows = listed_rows(body)
    if dims is None or rows is None:
        return
    for dim, size in zip(dims, (len(rows), len(rows[0])), strict=True):
        if isinstance(dim, t.Symbol):
            env.sizes[s.full(dim)] = size


def _failure(line: Line, verdict: Verdict) -> Failure:
    place = verdict.first_wrong_step or 1
    sides = line.relation.sides
    side = sides[place] if place < len(sides) else sides[-1]
    return Failure(line.number, sides[0], side, None)


def _follows(reader: Reader, relation: t.Relation, later: list[Line]) -> int | None:
    """The wrong line that makes this one right, if there is one."""
    tried = 0
    for failure in reversed(reader.failures):
        same = failure.left == relation.sides[0]
        if not same and not any(part == failure.left for part in t.walk(relation)):
            continue
        tried += 1
        if tried > 3:
            return None
        for make in (_env_at, _env_later):
            env = make(reader, later)
            claim = relation
            if same:
                claim = replace(relation, sides=(failure.side, *relation.sides[1:]))
            else:
                env.overrides.append((failure.left, failure.side))
            if _verdict(env, claim, "", diagnose=False).status == "holds":
                return failure.number
    return None


MAKERS: tuple[Callable[..., Environment], ...] = (_env_at, _env_so_far, _env_later)
