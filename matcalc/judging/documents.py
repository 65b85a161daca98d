r"""A whole document: what defines, what claims, and every claim judged in its place.

Equations are taken in their order. A first equation for an untied name defines it; an error symbol,
a derivative or an update claims. A line that was found wrong is not used to judge later ones. A
definition that comes later in the text serves earlier lines if nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from matcalc.errors import MatcalcError
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol, naming, sinks
from matcalc.judging.blame import without_blame, without_guesses
from matcalc.judging.compare import Trouble, is_printed, side_values
from matcalc.judging.conventions import statement
from matcalc.judging.counting import listed_rows, note_dims
from matcalc.judging.environment import ONE, Definition, Environment
from matcalc.judging.fixed_indices import fixed_indices
from matcalc.judging.following import Failure, follows_from
from matcalc.judging.givens import EQUALS, declare, take
from matcalc.judging.guesses import infer
from matcalc.judging.kinds import is_condition, is_number, kind_of
from matcalc.judging.labels import with_labels
from matcalc.judging.layers import normal, note_layers
from matcalc.judging.named_derivatives import spelled_out
from matcalc.judging.notations import with_plain_spellings
from matcalc.judging.optimum import note_optima
from matcalc.judging.passages import (
    ARRIVING,
    ROW,
    Line,
    find_bases,
    lines_of,
    without_false_scalars,
)
from matcalc.judging.redefining import (
    define,
    first_step,
    forget_array,
    is_expansion,
    keep_under_hat,
    lay_down,
    misfit,
    of_other_letters,
    uses_newer,
    whole_instead_of_entries,
)
from matcalc.judging.report import Entry, Report
from matcalc.judging.samples import step_scale, with_samples
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.stationary import is_stationary
from matcalc.judging.sum_scope import with_whole_sums
from matcalc.judging.surroundings import MAKERS, env_at, env_later, other_meanings
from matcalc.judging.verdict import FAILURES, Verdict
from matcalc.judging.verifying import Judgement, judgement, verdict_of, verify_relations
from matcalc.judging.worked_numbers import with_values
from matcalc.reading import tree as t


@dataclass
class Reader:
    """The state of reading a document."""

    env: Environment = field(default_factory=Environment)
    values: list[t.Relation] = field(default_factory=list)  # numbers given to names
    failures: list[Failure] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    earlier: list[Environment] = field(default_factory=list)  # before a name changed its shape
    followed: dict[tuple[t.Relation, int], int | None] = field(default_factory=dict)


def verify_text(
    text: str,
    *,
    env: Environment | None = None,
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    favoured: tuple[str, bool] | None = None,
    index_base: int | None = None,
    macros: Any = None,
) -> Report:
    """Judge every equation of a document; ``favoured`` is the layout its lines are written in."""
    lines = list(lines_of(text, macros))
    start = env.copy() if env is not None else Environment(base=index_base)
    start.hats_fold = True
    if layout is not None:
        start.layout, start.layout_is_law = layout, True
    elif favoured is not None:
        start.layout, start.vec = favoured
        start.layout_by_lines = True
    for name, dims in (shapes or {}).items():
        declare(start, name, dims)
    sound = [line for line in lines if not line.error]
    whole = [with_whole_sums(line.relation) for line in sound]
    relations = with_samples(with_labels(with_plain_spellings(whole)))
    for line, said, relation in zip(sound, whole, relations, strict=True):
        line.relation, line.spoken = relation, s.respelled(relation, said)
    note_layers(start, relations)
    for line in lines:
        changed = normal(line.relation, start)
        assert isinstance(changed, t.Relation), "a relation stays one"
        line.relation = changed
        note_dims(start, line.relation)
    find_bases(start, lines)
    start.step_scale = step_scale(relations)
    start.fixed = fixed_indices(relations)
    start.page = tuple(line.relation for line in lines if line.relation.signs)
    lines = without_false_scalars(start, lines)
    reader = Reader(start)
    for position, line in enumerate(lines):
        _read(reader, line, lines[position + 1 :])
    return Report(tuple(reader.entries))


def _read(reader: Reader, line: Line, later: list[Line]) -> None:
    reader.env.spoken = line.spoken
    if line.error:
        verdict = Verdict("unreadable", line.text, explanation=line.error)
        reader.entries.append(Entry(line.number, line.text, verdict, line.cell))
        return
    relation = line.relation
    if line.said:
        words = " ".join(p.words for p in t.walk(relation) if isinstance(p, t.Text))
        if words == ROW:
            lay_down(reader.env, next(s.symbols(relation)))
            return
        if words == ARRIVING:
            _arrives(reader, next(s.symbols(relation)), line.number, later)
            return
        law = reader.env.layout_is_law
        statement(reader.env, relation, words)
        # A page that names its layout may still mix: what fails in it names the other one.
        reader.env.layout_is_law = law
        return
    if not relation.signs or any(r.words.strip().startswith("by") for r in relation.remarks):
        return
    if line.skipped:
        verdict = Verdict("unreadable", line.text, explanation=line.skipped)
        reader.entries.append(Entry(line.number, line.text, verdict, line.cell))
        return
    for remark in relation.remarks:
        statement(reader.env, t.Relation((), remarks=(remark,)), remark.words)
    relation = line.relation = spelled_out(reader.env, relation)
    kind = kind_of(reader.env, relation, line.before)
    if kind == "claims" and (named := naming(reader.env, relation)) is not None:
        relation, kind = named, "defines"
        line.relation = relation
    elif kind == "claims" and (named := naming(reader.env, first_step(relation))) is not None:
        # delta_3 = dL/dz_1 = ...: the first step says what delta_3 is, the others are judged
        define(reader.env, named, line.number)
    if kind == "number":
        kind = "claims" if _determined(reader, relation, later) else "value"
    if kind == "assumes" and relation.signs[0] == r"\in":
        kind = _membership(reader, relation)
    if kind in ("defines", "assumes", "value", "size"):
        law = reader.env.layout_is_law
        _take(reader, line, kind)
        reader.env.layout_is_law = law  # a page that shows its layout may still mix
        status = "defines" if kind == "defines" else "assumes"
        _chain_of_definition(reader, line, status)
        return
    if kind == "blank":
        verdict = Verdict("blank", line.text)
    elif kind == "update":
        verdict = Verdict("update", line.text)
    elif kind == "solution":
        verdict = _solved(reader, line, later)
    elif kind == "shape":
        valued = with_values(reader.env, reader.values)
        valued.shapes.pop(s.full(relation.sides[0]), None)  # type: ignore[arg-type]
        verdict = _verdict(valued, relation, line.text)
    else:
        judged = _judged(reader, line, later)
        if judged is None:
            return
        verdict = judged
        if kind == "restates" and verdict.status in (*FAILURES, "unreadable", "needs-convention"):
            verdict = _redefined(reader, line, verdict)
        elif kind == "restates" and verdict.status == "holds":
            whole_instead_of_entries(reader.env, relation, line.number)
    verdict = without_blame(verdict, relation)
    if verdict.status == "fails" and is_condition(reader.env, relation, line.before):
        asked = is_number(relation.sides[-1]) or not is_stationary(
            env_at(reader.env, later), relation
        )
        verdict = Verdict("assumes" if asked else "holds", line.text)
    follows = None
    if verdict.status in FAILURES and kind == "claims":
        follows = _follows(reader, line.relation, later)
        if follows is None:
            verdict = without_guesses(verdict, line.relation, env_at(reader.env, later), line.named)
        if verdict.status in FAILURES:
            reader.failures.append(_failure(line, verdict))
    reader.entries.append(Entry(line.number, line.text, verdict, line.cell, follows))


def _solved(reader: Reader, line: Line, later: list[Line]) -> Verdict:
    """A value of a parameter: the gradient of the loss vanishes there, or it is only a value."""
    loss = loss_symbol(env_at(reader.env, later))
    left, right = line.relation.sides[0], line.relation.sides[-1]
    if loss is None:
        return Verdict("assumes", line.text)
    there = t.Relation((left, right), ("=",))
    slope = t.Postfix(t.Derivative(r"\partial", loss, (left,)), "evaluated", (there,))
    claim = t.Relation((slope, t.Number("0")), ("=",))
    verdict = _verdict(env_at(reader.env, later), claim, line.text, diagnose=False)
    if verdict.status == "holds":
        return replace(verdict, claim=line.text)
    if verdict.status == "shape-error":
        return replace(verdict, claim=line.text, first_wrong_step=1)
    return Verdict("assumes", line.text)


def _arrives(reader: Reader, symbol: t.Symbol, number: int, later: list[Line]) -> None:
    """``From above arrives G``: the derivative of what comes after by the last step."""
    last = sinks(env_at(reader.env, later))
    key = s.full(symbol)
    if len(last) == 1 and key not in reader.env.definitions:
        loss = loss_symbol(reader.env) or t.Symbol("L", "L")
        body = t.Derivative(r"\partial", loss, (last[0],))
        reader.env.definitions[key] = Definition(symbol, body, line=number)
        reader.env.order.append(key)


def _redefined(reader: Reader, line: Line, verdict: Verdict) -> Verdict:
    """A plain name with another right side: a new definition from here on, said where shapes differ."""
    left = line.relation.sides[0]
    if is_expansion(verdict, line.before):
        return verdict
    if of_other_letters(reader.env, left):
        _take(reader, line, "defines")
        return Verdict("defines", line.text)
    if verdict.status == "unreadable" or verdict.first_wrong_step == 0:
        if isinstance(left, (t.HeadBracket, t.Call)) or verdict.first_wrong_step == 0:
            _take(reader, line, "defines")
            return Verdict("defines", line.text)
        return replace(verdict, status="unreadable")
    clash = verdict.status == "shape-error"
    if clash and uses_newer(reader.env, line.relation):
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
        keep_under_hat(reader.env, before, left)
    return verdict


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
            forget_array(env, left)
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


def _contradicted(reader: Reader, relation: t.Relation) -> bool:
    """``Y = 0`` and ``Y = 1`` in one sentence are cases, not values."""
    for value in list(reader.values):
        if value.sides[0] == relation.sides[0] and value.sides[1] != relation.sides[1]:
            reader.values.remove(value)
            return True
    return False


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
        verdict = without_guesses(verdict, relation, reader.env, line.named)
        if verdict.status in FAILURES:
            reader.entries.append(Entry(line.number, line.text, verdict, line.cell))
            return
    verdict = Verdict(status, line.text)  # type: ignore[arg-type]
    if status == "defines" and (why := misfit(reader.env, relation)):
        verdict = Verdict("shape-error", line.text, explanation=why)
    reader.entries.append(Entry(line.number, line.text, verdict, line.cell))


def _judged(reader: Reader, line: Line, later: list[Line]) -> Verdict | None:
    relation = line.relation
    note_optima(reader.env, relation)
    numeric = [k for k, side in enumerate(relation.sides) if k and _is_numeric(side)]
    if not numeric:
        verdict = _best(reader, later, relation, line.text, [])
        numbers = verdict.status == "fails" and is_number(relation.sides[-1])
        if (verdict.status == "unreadable" or numbers) and reader.values:
            other = _best(reader, later, relation, line.text, reader.values)
            return other if other.status != "unreadable" else verdict
        return verdict
    plain = [k for k in range(len(relation.sides)) if k not in numeric]
    parts: list[tuple[list[int], list[t.Relation]]] = [(plain, [])] if len(plain) > 1 else []
    parts.append(([0, *numeric], reader.values))
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
    chosen: tuple[int, Verdict, Judgement | None] | None = None
    tried: list[Environment] = []
    for position, make in enumerate(MAKERS):
        env = make(reader.env, later) if position < 2 else make(reader.env, later, relation)
        if env in tried:
            continue
        tried.append(env.copy())
        if values:
            env = with_values(env, values)
        verdict, found = _first_look(env, relation, text)
        rank = _soundness(verdict)
        if rank == 4:
            return verdict
        if chosen is None or rank > chosen[0]:
            chosen = rank, verdict, found
    assert chosen is not None, "environments were tried"
    for env in other_meanings(reader.env, reader.earlier, later, relation):
        if values:
            env = with_values(env, values)
        verdict = _verdict(env, relation, text, diagnose=False)
        if _soundness(verdict) == 4:
            return verdict
    _, verdict, found = chosen
    if found is None or (reader.failures and _follows(reader, relation, later) is not None):
        return verdict
    return verdict_of(found, text)


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


def _first_look(
    env: Environment, relation: t.Relation, text: str
) -> tuple[Verdict, Judgement | None]:
    """The verdict without the search for a slip, and what that search would start from."""
    try:
        found = judgement(env.copy(), [relation])
        if found is None:
            return _verdict(env, relation, text), None
        return verdict_of(found, text, diagnose=False), found
    except (MatcalcError, RecursionError) as error:
        return Verdict("unreadable", text, explanation=str(error)), None


def _verdict(
    env: Environment,
    relation: t.Relation,
    text: str,
    *,
    diagnose: bool = True,
    prove: bool = True,
) -> Verdict:
    try:
        return verify_relations(env.copy(), [relation], text, diagnose=diagnose, prove=prove)
    except (MatcalcError, RecursionError) as error:
        return Verdict("unreadable", text, explanation=str(error))


def _determined(reader: Reader, relation: t.Relation, later: list[Line]) -> bool:
    """Whether the numbers given so far fix the value of the left side."""
    env = with_values(env_at(reader.env, later), reader.values)
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


def _failure(line: Line, verdict: Verdict) -> Failure:
    place = verdict.first_wrong_step or 1
    sides = line.relation.sides
    side = sides[place] if place < len(sides) else sides[-1]
    return Failure(line.number, sides[0], side)


def _follows(reader: Reader, relation: t.Relation, later: list[Line]) -> int | None:
    """The wrong line that makes this one right, if there is one."""
    key = relation, len(reader.failures)
    if key not in reader.followed:
        reader.followed[key] = _followed(reader, relation, later)
    return reader.followed[key]


def _followed(reader: Reader, relation: t.Relation, later: list[Line]) -> int | None:
    def holds(env: Environment, claim: t.Relation) -> bool:
        env.layout_is_law = True  # as it stands: another layout would be another line
        return _verdict(env, claim, "", diagnose=False, prove=False).status == "holds"

    at, after = env_at(reader.env, later), env_later(reader.env, later)
    known = (at,) if at == after else (at, after)
    return follows_from(reader.failures, relation, lambda: (env.copy() for env in known), holds)
