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
from matcalc.judging.adjoints import loss_symbol, used_names
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
ENTRYWISE = re.compile(r"^(.+) is applied entry by entry$")
STRANGERS = re.compile(r"; (.+?) \(column \d+\)(?:.*) (?:is|are) defined nowhere")
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
            if (
                (FRESH.search(shape[2]) and keys & page)
                or (keys & named and not keys & page)
                or (not keys & page and names[shape[1]] in set(_heads(relation)))
                or verdict.status == "index-error"
            ):
                found.append(said)
        elif number is not None and number[1] in names and verdict.status != "fails":
            if names[number[1]].name in OPERANDS - {"b"} or names[number[1]] in set(
                _heads(relation)
            ):
                found.append(said)
    sloped = {p.name for r in env.page for p in t.walk(r) if isinstance(p, t.Symbol) and p.primes}
    for said in verdict.assumptions:
        # of a g with a slope g' that is meant, of any other function it is a guess
        if (alone := ENTRYWISE.match(said)) and _letter(alone[1]) not in sloped and env.page:
            found.append(said)
    if not verdict.correction and verdict.status == "fails" and _is_chain_rule(relation):
        found.append("nothing else leads from one name to the other")
    if verdict.status == "index-error":
        # x_{nd} has too few rows only because of how long x_n was taken to be
        stems = {symbol.name for symbol in names.values()}
        guesses = ((said, SHAPE.match(said)) for said in verdict.assumptions)
        found += [said for said, shape in guesses if shape and _letter(shape[1]) in stems]
    strangers = STRANGERS.search(verdict.explanation)
    several = "are defined nowhere" in verdict.explanation
    meant = strangers is not None and (several or _may_be_meant(env, strangers[1]))
    if verdict.status == "shape-error" and strangers is not None and meant:
        found.append(f"nothing says what {strangers[1]} is")
    applied = {
        id(p.head) for side in relation.sides for p in t.walk(side) if isinstance(p, APPLIED)
    }
    for said, symbol in names.items():
        key = s.full(symbol)
        if id(symbol) not in applied and key in env.functions and not env.has(key):
            found.append(f"{said} is the function of that name")
    return found


def _is_chain_rule(relation: t.Relation) -> bool:
    """Slopes equal to products and sums of slopes: true of all names that lie one behind the other."""
    slopes = (t.Derivative, t.Nabla)
    return all(
        all(isinstance(x, slopes) for x in _leaves(side)) and any(True for _ in _leaves(side))
        for side in relation.sides
    )


def _leaves(node: t.Node) -> Iterator[t.Node]:
    """The factors of a formula, whatever is transposed, summed or bracketed around them."""
    node = s.peeled(node)
    if isinstance(node, t.Product):
        parts: tuple[t.Node, ...] = node.factors
    elif isinstance(node, t.Sum):
        parts = node.terms
    elif isinstance(node, t.BigOperator) and node.body is not None:
        parts = (node.body,)
    elif isinstance(node, t.Postfix) and node.kind in ("transpose", "prime"):
        parts = (node.base,)
    else:
        yield node
        return
    for part in parts:
        yield from _leaves(part)


def _may_be_meant(env: Environment, strangers: str) -> bool:
    """Whether undefined names may follow from the page: x and y, or an A whose rows a_i are known."""
    if len(strangers) != 1 or not strangers.isupper():
        return True
    return any(left.name == strangers.lower() for left, _, _ in env.shape_patterns)


def _letter(said: str) -> str:
    """The letter of ``\\mathbf{x}_{n}``."""
    return (
        re.sub(r"\\\\(?:mathbf|boldsymbol|bm|vec|hat)|[{}]", "", said)
        .partition("_")[0]
        .lstrip("\\")
    )


def _heads(relation: t.Relation) -> Iterator[t.Node]:
    """What stands in front of a bracket: perhaps an operator that the page does not explain."""
    return (p.head for side in relation.sides for p in t.walk(side) if isinstance(p, APPLIED))


def _used(node: t.Node) -> Iterator[t.Symbol]:
    """The names of a side, without those that only say of what a derivative is, as ``L(W)``."""
    slopes = [p.of for p in t.walk(node) if isinstance(p, t.Derivative) and p.of is not None]
    inside = {id(p) for of in slopes for p in t.walk(of)}
    return (p for p in t.walk(node) if isinstance(p, t.Symbol) and id(p) not in inside)


def stray_delta(env: Environment, line: t.Relation) -> str:
    r"""The sign before a name in ``\delta o_t = ...``, where nothing says whose error that is."""
    left = line.sides[0]
    if not isinstance(left, t.Product) or any(left.operators) or loss_symbol(env) is not None:
        return ""
    sign, behind = left.factors[:2]
    bare = isinstance(sign, t.Symbol) and sign.name == "delta" and not sign.subscripts
    return r"\delta" if bare and isinstance(behind, t.Symbol) and not env.has("delta") else ""
