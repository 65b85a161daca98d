r"""Whether what went wrong may be laid at the author's door.

A line is called wrong for what it says, never for what had to be guessed. Where shapes, a step or a
function were assumed, a line that no small change makes true fits the page as little as the guess
does, and stays unread; so does one whose definitions or whose derivative do not fit themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from matcalc.judging import slips
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import used_names
from matcalc.judging.environment import Environment
from matcalc.judging.infer import OPERANDS
from matcalc.judging.scope import INNER
from matcalc.judging.verdict import Verdict
from matcalc.reading import tree as t
from matcalc.reading.writer import write

SHAPE = re.compile(r"^(.+) is (\S+ x \S+)$")
FRESH = re.compile(r"\bd\d+\b")  # a size that nothing on the page names
APPLIED = (t.HeadBracket, t.Call)
NUMBER = re.compile(r"^(.+) is a number$")  # a small letter, unless the shapes do not fit
FUNCTION = re.compile(r"^(.+) is an unknown smooth function of .*,")  # of several steps


def without_blame(verdict: Verdict, relation: t.Relation) -> Verdict:
    """The verdict, or that the line could not be read where it rests on what has no value."""
    if verdict.status not in ("shape-error", "index-error"):
        return verdict
    asked = any(
        isinstance(p, (t.Derivative, t.Nabla, t.Differential)) for p in t.walk(relation.sides[0])
    )
    if INNER in verdict.explanation or (verdict.first_wrong_step == 0 and asked):
        return replace(verdict, status="unreadable", slip="", correction="")
    return verdict


def without_guesses(
    verdict: Verdict, relation: t.Relation, env: Environment, named: frozenset[str]
) -> Verdict:
    """The verdict, or what was guessed of the names of a line that no small change makes true.

    ``named`` are the letters that the prose speaks of: what it says of them may define them.
    """
    if verdict.status not in ("fails", "shape-error", "index-error"):
        return verdict
    doubtful = {slips.OTHER, *(("wrong variable",) if verdict.status != "fails" else ())}
    mended = bool(verdict.correction) and verdict.slip not in doubtful
    guesses = [] if mended else guessed(verdict, relation, env, named)
    if not guesses:
        return verdict
    why = (
        f"it does not hold where {' and '.join(guesses)}, which the page does not say: "
        f"{verdict.explanation}"
    )
    return replace(
        verdict, status="unreadable", slip="", correction="", explanation=why,
        first_wrong_step=None, counterexample="",
    )  # fmt: skip


def guessed(
    verdict: Verdict, relation: t.Relation, env: Environment, named: frozenset[str]
) -> list[str]:
    """What a verdict takes the names of a line for, though the page does not say so."""
    names = {write(symbol): symbol for side in relation.sides for symbol in _used(side)}
    page = used_names(env)
    found = [said for said in verdict.assumptions if FUNCTION.match(said)]
    for said in verdict.assumptions:
        shape, number = SHAPE.match(said), NUMBER.match(said)
        if shape is not None and shape[1] in names:
            keys = {s.full(names[shape[1]]), s.stem(names[shape[1]])}
            if (FRESH.search(shape[2]) and keys & page) or (keys & named and not keys & page):
                found.append(said)
        elif number is not None and number[1] in names and verdict.status != "fails":
            if names[number[1]].name in OPERANDS - {"b"}:
                found.append(said)
    applied = {
        id(p.head) for side in relation.sides for p in t.walk(side) if isinstance(p, APPLIED)
    }
    for said, symbol in names.items():
        key = s.full(symbol)
        if id(symbol) not in applied and key in env.functions and not env.has(key):
            found.append(f"{said} is the function of that name")
    return found


def _used(node: t.Node) -> Iterator[t.Symbol]:
    """The names of a side, without those that only say of what a derivative is, as ``L(W)``."""
    slopes = [p.of for p in t.walk(node) if isinstance(p, t.Derivative) and p.of is not None]
    inside = {id(p) for of in slopes for p in t.walk(of)}
    return (p for p in t.walk(node) if isinstance(p, t.Symbol) and id(p) not in inside)
