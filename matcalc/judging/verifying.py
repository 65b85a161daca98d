r"""One claim from LaTeX to a verdict: read it, say what kind of line it is, judge, diagnose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol, used_names
from matcalc.judging.array_words import CALLS
from matcalc.judging.blame import stray_delta
from matcalc.judging.chain_rule import chained
from matcalc.judging.conventions import statement
from matcalc.judging.counting import note_dims
from matcalc.judging.differentials import is_adjoint_line, varied, with_differentials
from matcalc.judging.elementary import known
from matcalc.judging.entries import defines_entries
from matcalc.judging.environment import Environment
from matcalc.judging.finding import EQUAL, RANK, Finding
from matcalc.judging.givens import EQUALS, take
from matcalc.judging.guesses import infer
from matcalc.judging.layer_numbers import lettered, numbered
from matcalc.judging.layers import normal, note_layers
from matcalc.judging.lines import judge
from matcalc.judging.named_derivatives import spelled_out
from matcalc.judging.undefined import where
from matcalc.judging.updates import gradient_claim, is_new, timeless, update_parts
from matcalc.judging.values import Unread
from matcalc.judging.verdict import FAILURES, Verdict
from matcalc.reading import tree as t
from matcalc.reading.writer import write, write_formula

UPDATES = frozenset({r"\leftarrow"})


def verify_relations(
    env: Environment,
    relations: Iterable[t.Relation],
    claim: str,
    *,
    diagnose: bool = True,
    prove: bool = True,
    alone: bool = False,
) -> Verdict:
    """Judge what one display states; the worst line decides.

    A display that is ``alone``, on no page, may define names for the rest of itself.
    """
    found = judgement(env, relations, alone=alone)
    if found is None:
        return Verdict("unreadable", claim, explanation="there is no equation")
    return verdict_of(found, claim, diagnose=diagnose, prove=prove)


@dataclass(frozen=True)
class Judgement:
    """What became of the worst line of a display, and what was known of its names."""

    env: Environment
    before: Environment
    worst: Judged
    steps: int  # right-hand sides above it, in lines that go on with the same left side


def judgement(
    env: Environment, relations: Iterable[t.Relation], *, alone: bool = False
) -> Judgement | None:
    """Every line of a display judged; None if there is no equation."""
    listed = list(relations)
    note_layers(env, listed)
    lines = [r for r in (normal(r, env) for r in listed) if isinstance(r, t.Relation)]
    for line in lines:
        note_dims(env, line)
        if line.remarks:
            words = " ".join(remark.words for remark in line.remarks)
            if "activation" in words or "layout" in words:
                statement(env, t.Relation((), remarks=line.remarks), words)
    lines = [spelled_out(env, line) for line in lines]
    if alone:
        if len(lines) == 1 and _only_defines(env, lines[0]):
            return Judgement(env, env, Judged(lines[0], lines[0], Finding("defines")), 0)
        _take_definitions(env, lines)
        lines = [spelled_out(env, line) for line in lines]
    before = env.copy()
    infer(env, lines)
    judged = [judge_line(env, line, before) for line in lines if line.sides]
    if not judged:
        return None
    place = _first_wrong(judged)
    worst = judged[place]
    other = _chain_rule(before, lines, worst) or _with_numbers(before, lines, worst)
    if other is not None:
        env, before, worst = other
    return Judgement(
        env, before, worst, _steps_before(judged, place) if worst.line.continued else 0
    )


def verdict_of(
    found: Judgement, claim: str, *, diagnose: bool = True, prove: bool = True
) -> Verdict:
    """What is said of a display: with its proof if it holds, its slip if it does not."""
    verdict = _verdict(found, claim, diagnose, prove)
    if verdict.first_wrong_step and found.steps:
        return replace(verdict, first_wrong_step=verdict.first_wrong_step + found.steps)
    return verdict


def _take_definitions(env: Environment, lines: Sequence[t.Relation]) -> None:
    r"""``S = X^T X \Rightarrow ...``, ``..., D_i = \sum_j P_{ij}``: names for the rest of the claim."""
    for k, line in enumerate(lines):
        left = s.peeled(line.sides[0]) if line.signs else None
        if left is None or line.signs[0] not in EQUALS:
            continue
        names = {p.name for other in (*lines[:k], *lines[k + 1 :]) for p in s.symbols(other)}
        if isinstance(left, t.HeadBracket) and _is_new_function(env, left):
            if len(line.sides) > 2 or left.head.name in names:  # type: ignore[attr-defined]
                take(env, replace(line, sides=line.sides[:2], signs=line.signs[:1]))
            continue
        quiet = _quiet(env, line) if isinstance(left, t.Symbol) else None
        if quiet is not None and quiet.status == "defines" and left.name in names:  # type: ignore
            take(env, line)


def _only_defines(env: Environment, line: t.Relation) -> bool:
    """``f(w) = ...`` of an f that nothing is said of."""
    left = s.peeled(line.sides[0]) if len(line.sides) == 2 else None
    equals = bool(line.signs) and line.signs[0] in EQUALS
    return equals and isinstance(left, t.HeadBracket) and _is_new_function(env, left)


def _is_new_function(env: Environment, left: t.HeadBracket) -> bool:
    """The ``f(w)`` of a line that begins with it, where nothing says what f is."""
    head = left.head
    if not isinstance(head, t.Symbol) or head.primes or known(head.name) is not None:
        return False
    key = s.full(head)
    plain = all(isinstance(item, t.Symbol) for item in left.bracket.items)
    seen = env.has(key) or env.is_function(key) or key in env.decorated or head.name in CALLS
    return plain and not seen and head.name not in ("delta", "Delta", "sigma")


def _first_wrong(judged: Sequence[Judged]) -> int:
    """The first line that is wrong; else the one of which least can be said."""
    ranks = [ORDER[line.finding.status] for line in judged]
    wrong = [k for k, line in enumerate(judged) if line.finding.status in FAILURES]
    return wrong[0] if wrong else ranks.index(max(ranks))


def _steps_before(judged: Sequence[Judged], place: int) -> int:
    """The right-hand sides above a line that goes on with the same left side."""
    count = 0
    while judged[place].line.continued and place:
        place -= 1
        count += len(judged[place].line.sides) - 1
    return count


def _chain_rule(
    before: Environment, lines: list[t.Relation], worst: Judged
) -> tuple[Environment, Environment, Judged] | None:
    """A line between names that nothing is said of, judged for any functions of each other."""
    if len(lines) != 1 or worst.finding.status not in ("fails", "unreadable"):
        return None
    try:
        known = chained(before, lines[0])
    except Unread as error:
        return before, before, Judged(lines[0], lines[0], Finding("unreadable", str(error)))
    if known is None:
        return None
    env = known.copy()
    infer(env, lines)
    judged = judge_line(env, lines[0], known)
    sure = judged.finding.status in ("holds", worst.finding.status)
    return (env, known, judged) if sure and judged.finding.status != "unreadable" else None


def _with_numbers(
    before: Environment, lines: list[t.Relation], worst: Judged
) -> tuple[Environment, Environment, Judged] | None:
    """A line about any layer or any index, judged with numbers for them, where that says more."""
    if len(lines) != 1 or ORDER[worst.finding.status] <= 0:
        return None
    unread = worst.finding.status == "unreadable"
    concrete = numbered(before, lines[0])
    if concrete is None and not unread:
        return None
    known, cases = concrete or (before, lines)
    env = known.copy()
    infer(env, cases, letters=True)
    found = [judge_line(env, line, known) for line in cases]
    judged = max(found, key=lambda line: ORDER[line.finding.status])
    status = judged.finding.status
    about_layers = concrete is not None and status in FAILURES
    better = ORDER[status] <= 0 or about_layers or (unread and status != "unreadable")
    return (env, known, judged) if better else None


ORDER = {**RANK, "assumes": -1, "defines": -1, "update": -1, "blank": -1}


@dataclass(frozen=True)
class Judged:
    """A line, what it claims, and what became of it."""

    line: t.Relation
    claim: t.Relation
    finding: Finding


def judge_line(env: Environment, line: t.Relation, before: Environment) -> Judged:
    """What kind of line it is, and whether it holds."""
    if any(isinstance(side, t.Blank) for side in line.sides):
        return Judged(line, line, Finding("blank"))
    if not line.signs:
        return Judged(line, line, Finding("unreadable", "there is no equation"))
    update = _update(env, line)
    if update is not None:
        return update
    if line.signs[0] in UPDATES:
        return Judged(line, line, Finding("update"))
    quiet = _quiet(before, line)
    if quiet is not None:
        return Judged(line, line, quiet)
    varying = with_differentials(env, line)
    if varying is not None:
        return _about_differentials(env, line, varying)
    return Judged(line, line, judge(env, line))


def _about_differentials(env: Environment, line: t.Relation, varying: t.Relation) -> Judged:
    """Differentials of what varies, or a programmer's names for gradients."""
    if is_adjoint_line(env, line):
        finding = judge(env, line)
        if finding.status in ("holds", "needs-convention"):
            return Judged(line, line, finding)
        trial = env.copy()
        trial.directions = varied(varying)
        other = judge(trial, varying)
        if other.status != "holds" and not _is_forward(env, varying):
            return Judged(line, line, finding)
        env.directions = trial.directions
        return Judged(line, varying, other)
    adjoints = env.copy()
    env.directions = varied(varying)
    finding = judge(env, varying)
    if finding.status not in ("holds", "needs-convention") and loss_symbol(adjoints) is None:
        # No loss on the page: dP = dO V^T may be about the gradients of one that comes later.
        other = judge(adjoints, line)
        if other.status == "holds" or (other.status in FAILURES and not _is_forward(env, varying)):
            env.directions = ()
            return Judged(line, line, other)
    return Judged(line, varying, finding)


def _is_forward(env: Environment, line: t.Relation) -> bool:
    """Whether the left side varies because what stands right varies: no gradients handed back."""
    left = line.sides[0]
    of = left.of if isinstance(left, t.Differential) else None
    if not isinstance(of, t.Symbol):
        return True
    above, seen = [s.full(of)], set[str]()
    while above:
        key = above.pop()
        if key not in seen and key in env.definitions:
            above += [s.full(p) for p in s.symbols(env.definitions[key].body)]
        seen.add(key)
    return {s.full(p) for p in varied(line)} & (seen - {s.full(of)}) != set()


def _update(env: Environment, line: t.Relation) -> Judged | None:
    parts = update_parts(line)
    if parts is None:
        return None
    variable, gradient = parts
    claim = gradient_claim(env, line)
    if claim is None:
        return Judged(line, line, Finding("update"))
    if isinstance(gradient, (t.Derivative, t.Nabla)) and len(gradient.by) == 1:
        by = gradient.by[0]
        if isinstance(by, t.Symbol) and timeless(by) == variable:
            return Judged(line, claim, Finding("holds", points=0))
    return Judged(line, claim, judge(env, claim))


def _quiet(env: Environment, line: t.Relation) -> Finding | None:
    """Lines that claim nothing: a first shape, a first value, a new name."""
    left = s.peeled(line.sides[0])
    if line.signs[0] in (r"\in", ":"):
        parts = left.items if isinstance(left, t.Listing) else (left,)
        if all(isinstance(p, t.Symbol) and not _known(env, p) for p in parts):
            return Finding("assumes")
        return None
    if not isinstance(left, t.Symbol) or line.signs[0] not in EQUALS:
        return None
    if _known(env, left) and not defines_entries(env, left, line.sides[1]):
        return None
    if len(line.sides) > 2 or is_new(left) or left.name in ("delta", "Delta") or left.primes:
        return None
    if left.name.endswith("_bar") and _known(env, replace(left, name=left.name[:-4])):
        return None
    number = not any(isinstance(p, (t.Symbol, t.Filled)) for p in t.walk(line.sides[1]))
    return Finding("assumes" if number else "defines")


def _known(env: Environment, symbol: t.Symbol) -> bool:
    key, stem = s.full(symbol), s.stem(symbol)
    return (
        env.has(key)
        or key in env.optima
        or env.is_function(key)
        or key in env.sizes
        or key in env.inferred_names
        or env.has(stem)
        or stem in env.cells
        or stem in env.nicknames
        or env.shape_of(symbol, {}) is not None
        or any(
            d.left.name == symbol.name and len(d.left.subscripts) == len(symbol.subscripts)
            for d in env.patterns
        )
        or (bool(symbol.subscripts) and env.has(s.stem(replace(symbol, name=symbol.name.upper()))))
    )


def _unexplained(env: Environment, line: t.Relation) -> str:
    """An operator that was guessed to act entry by entry, where its slope does not say so."""
    roots = [line, *(d.body for d in env.definitions.values())]
    primed = {
        p.name for root in roots for p in t.walk(root) if isinstance(p, t.Symbol) and p.primes
    }
    # Of a function that stands on the wrong side alone nothing is known.
    bodies = (line.sides[0], *(d.body for d in env.definitions.values()))
    said = {p.name for root in bodies for p in t.walk(root) if isinstance(p, t.Symbol)}
    unknown = env.guessed_words | (env.guessed_functions - said)
    return next(iter(sorted(unknown - primed)), "")


def _undefined_loss(env: Environment, line: t.Relation, finding: Finding) -> str:
    """A loss nobody defined, where the line does not trace its derivative back to another one."""
    left = s.peeled(line.sides[0])
    of = left.of if isinstance(left, (t.Derivative, t.Nabla)) else None
    if isinstance(of, t.HeadBracket) and isinstance(of.head, t.Symbol):
        # dz(t)/dt = f(z(t), t): a law for a z that is known by nothing else
        return "" if _known(env, of.head) or known(of.head.name) else write(of.head)
    if not isinstance(of, t.Symbol) or not finding.wrong or _known(env, of):
        return ""
    words = f"{write(of)} is an unknown smooth function"
    if not any(said.startswith(words) for said in env.assumptions) or len(line.sides) > 2:
        return ""
    for part in t.walk(line.sides[finding.wrong]):
        if isinstance(part, (t.Derivative, t.Nabla, t.Differential)):
            return ""
        if isinstance(part, t.Symbol) and (
            part.primes or part.name in ("delta", "Delta") or part.name.endswith("_bar")
        ):
            return ""
    return write(of)


def _by_a_stranger(before: Environment, line: t.Relation) -> bool:
    """Whether the left side differentiates by something that has no shape on the page."""
    left = s.peeled(line.sides[0])
    by = left.by if isinstance(left, (t.Derivative, t.Nabla)) else ()
    return any(isinstance(x, t.Symbol) and not _known(before, x) for x in by)


# ---------------------------------------------------------------- the verdict


def _told(before: Environment, env: Environment, line: t.Relation, finding: Finding) -> str:
    from matcalc.judging.wording import explained

    strangers = _strangers(before, line, finding) if finding.status in FAILURES else ""
    return "; ".join(x for x in (explained(env, line, finding), strangers) if x)


def _strangers(before: Environment, line: t.Relation, finding: Finding) -> str:
    """Names of the wrong side that the page defines nowhere, with their places."""
    if not finding.wrong or finding.wrong >= len(line.sides) or not before.definitions:
        return ""
    if line.signs[0] == r"\in":
        return ""
    left = {p.name for p in t.walk(line.sides[0]) if isinstance(p, t.Symbol)}
    for big in (p for p in t.walk(line) if isinstance(p, t.BigOperator)):
        left |= {p.name for x in big.lower for p in t.walk(x) if isinstance(p, t.Symbol)}
    used = used_names(before)  # undeclared, and yet names of the page
    found: dict[str, str] = {}
    for symbol in s.symbols(line.sides[finding.wrong]):
        counts = s.full(symbol) in before.dims or symbol.name in ("e", "pi", "I", "delta", "d")
        if {s.full(symbol), s.stem(symbol), symbol.name} & used:
            continue
        if counts or symbol.name in left or symbol.name.endswith("_bar") or symbol.primes:
            continue
        index = s.bare(symbol) and symbol.name in s.letters_below(line)
        if not index and not _known(before, symbol) and known(symbol.name) is None:
            if symbol.name not in CALLS:
                found.setdefault(write(symbol), where(symbol))
    if not found:
        return ""
    names = " and ".join(f"{name}{place}" for name, place in found.items())
    return f"{names} {'is' if len(found) == 1 else 'are'} defined nowhere"


def _verdict(found: Judgement, claim: str, diagnose: bool, prove: bool) -> Verdict:
    from matcalc.judging.diagnosis import diagnosis
    from matcalc.judging.pointing import difference
    from matcalc.judging.proving import Grounds, grounds
    from matcalc.judging.vocabulary import opened
    from matcalc.judging.wording import certainty, reading_of, taught

    env, judged = found.env, found.worst
    finding = judged.finding
    ground = Grounds.POINTS
    if prove and finding.status == "holds" and finding.points:
        ground = grounds(env, judged.claim, finding)
        if ground is Grounds.NEARLY:
            finding = replace(finding, status="fails", why=ground.value, wrong=1)
            diagnose = False
    word = _unexplained(env, judged.line) or stray_delta(found.before, judged.line)
    if finding.status in FAILURES and word:
        why = f"the page does not say what {word} does"
        return Verdict("unreadable", claim, explanation=why, assumptions=tuple(env.assumptions))
    loose = finding.status == "shape-error" and _by_a_stranger(found.before, judged.line)
    if (finding.status == "fails" or loose) and (
        name := _undefined_loss(env, judged.line, finding)
    ):
        why = f"{name} is not defined, so nothing is known about its derivative"
        return Verdict("unreadable", claim, explanation=why, assumptions=tuple(env.assumptions))
    wrong = finding.wrong if finding.status not in ("holds", "unreadable") else None
    verdict = Verdict(
        finding.status,  # type: ignore[arg-type]
        claim,
        explanation=_told(found.before, env, judged.line, finding),
        certainty=certainty(finding, ground),
        reading=reading_of(env, judged.line, finding),
        first_wrong_step=wrong,
        assumptions=tuple(env.assumptions),
    )
    if not diagnose or finding.status in ("holds", "unreadable", *ORDER_QUIET):
        return verdict
    slip = diagnosis(env, judged.claim, finding)
    if slip is None:
        return verdict
    line = judged.line if judged.claim is judged.line else judged.claim
    line = replace(line, continued=False)
    fixed = _as_spoken(env, slip.corrected(line))
    words = slip.explanation
    if slip.side is not None and not words:
        claimed = opened(_as_spoken(env, line).sides[slip.place], env)
        words = difference(claimed, opened(fixed.sides[slip.place], env))
    status = slip.status or verdict.status
    return replace(
        verdict,
        status=status,  # type: ignore[arg-type]
        slip=slip.slip,
        correction=write(fixed) if slip.side is not None else slip.text,
        explanation=taught(verdict.explanation, slip.slip, words),
        counterexample=slip.counterexample,
    )


def _as_spoken(env: Environment, line: t.Relation) -> t.Relation:
    """A line with its author's letters for layers and samples."""
    said = s.rebuilt(lettered(line), lambda part: env.spoken.get(part, part))
    assert isinstance(said, t.Relation), "a relation stays one"
    return said


ORDER_QUIET = ("assumes", "defines", "update", "blank")

__all__ = ["EQUAL", "verify_relations", "write_formula"]
