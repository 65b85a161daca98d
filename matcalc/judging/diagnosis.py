"""The smallest change that makes a wrong line true.

Changes are tried in rounds: a constant factor alone, one edit alone or with a constant factor,
which is read off from the values, a term that is missing, two plain edits. What looks right at a
few points is judged like any claim before it is offered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from matcalc.judging import slips as e
from matcalc.judging import spelling as s
from matcalc.judging.additions import Additions
from matcalc.judging.closed_form import closed_form, left_out, left_over
from matcalc.judging.compare import Trouble, is_printed, side_values
from matcalc.judging.counterexamples import counterexample
from matcalc.judging.digits import cut_digits, wrong_digits
from matcalc.judging.edits import Editor
from matcalc.judging.environment import Environment
from matcalc.judging.finding import EQUAL, Finding
from matcalc.judging.lines import HEAVY
from matcalc.judging.one_layout import judge_in
from matcalc.judging.paths import one_path
from matcalc.judging.probing import Diagnosis, Probe, confirmed, probe_of
from matcalc.judging.residuals import coefficients, lost_terms
from matcalc.judging.scaling import scaled_side, varying_factor
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.slips import Edit
from matcalc.judging.tidying import tidy
from matcalc.judging.unsaid_facts import unsaid
from matcalc.reading import tree as t
from matcalc.reading.writer import write

WORK = 40_000  # evaluated pieces of formulas in each round
PRICE = 1_000  # pieces, for judging a side that looks right
SECONDS = 10.0  # the last resort, for pieces that are large: never reached by lines of usual size
MOST = 4000


def diagnosis(env: Environment, relation: t.Relation, finding: Finding) -> Diagnosis | None:
    """What went wrong in a relation that was found wrong."""
    place = finding.wrong
    if not place or place >= len(relation.sides):
        return None
    if relation.signs[0] == r"\in":
        return _resized(env, relation, finding)
    if not set(relation.signs) <= EQUAL:
        return _disorder(env, relation, finding)
    if finding.work > HEAVY:
        return None
    if finding.missing:
        return _range(relation, finding)
    side = relation.sides[place]
    if is_printed(side) or not any(isinstance(p, (t.Symbol, t.Filled)) for p in t.walk(side)):
        digits = wrong_digits(env, relation, finding, place) or cut_digits(env, relation, finding)
        if digits is not None or is_printed(side):
            return digits
    line = t.Relation((relation.sides[0], side), ("=",), relation.conditions)
    by_layout = "layout" in finding.convention
    layout = (env.layout or "denominator", env.vec) if by_layout else finding.layout
    shown = counterexample(env, line, layout) if finding.status == "fails" else ""
    found = _found(env, line, layout, finding)
    if found is None:
        return Diagnosis("", counterexample=shown) if shown else None
    if found.side is not None:
        found = _tidied(env, line, layout, found)
    return replace(found, place=place, counterexample=shown)


def _disorder(env: Environment, relation: t.Relation, finding: Finding) -> Diagnosis | None:
    """Numbers at which an inequality does not hold."""
    place = finding.wrong
    if finding.status != "fails" or not place or finding.work > HEAVY:
        return None
    sides, sign = relation.sides[place - 1 : place + 1], relation.signs[place - 1]
    line = t.Relation(sides, (sign,), relation.conditions)
    shown = counterexample(env, line, finding.layout)
    return Diagnosis("", counterexample=shown) if shown else None


def _resized(env: Environment, relation: t.Relation, finding: Finding) -> Diagnosis | None:
    """The set of arrays that the left side is in."""
    node, right = s.peeled(relation.sides[0]), relation.sides[1]
    if isinstance(node, (t.Derivative, t.Nabla)) and len(node.by) == 1:
        node = s.peeled(node.by[0])
    if finding.status != "shape-error" or not isinstance(node, t.Symbol):
        return None
    dims = env.shape_of(node, {}) or _written_shape(env, node)
    if dims is None:
        return None
    if not isinstance(right, t.Postfix) or not right.arguments:
        return None
    size = t.Product(dims, (r"\times",))
    side = replace(right, arguments=(size,))
    fixed = replace(relation, sides=(relation.sides[0], side))
    holds = judge_in(env.copy(), fixed, finding.layout).status == "holds"
    return Diagnosis(e.SHAPE, side) if holds else None


def _written_shape(env: Environment, node: t.Symbol) -> tuple[t.Node, t.Node] | None:
    """The shape of an array that is written out."""
    if node.subscripts or s.full(node) in env.dims:
        return None
    for world in worlds(env.copy(), count=1, points=1):
        values = side_values(Scope(world), node)
        if not isinstance(values, Trouble):
            rows, cols = values[0].shape
            return t.Number(str(rows)), t.Number(str(cols))
    return None


def _found(
    env: Environment, line: t.Relation, layout: tuple[str, bool], finding: Finding
) -> Diagnosis | None:
    probe = probe_of(env, line, layout)
    if probe is None:
        return None
    found = _search(env, line, layout, probe)
    if found is not None and "; " in found.slip:
        found = _shorter(env, line, layout, found)
    by_layout = "layout" in finding.convention
    if found is not None:
        turned = by_layout and found.slip == e.TRANSPOSE
        return replace(found, slip=e.LAYOUT) if turned else found
    other = one_path(env, line, probe)
    if other is not None and other.side is not None:
        return other
    if finding.status == "needs-convention":
        name = f"{e.LAYOUT}: true in {finding.convention}" if by_layout else finding.convention
        return Diagnosis(name)
    side = closed_form(env, line, layout)
    if side is None:
        return other
    if other is not None:
        return replace(other, side=side)
    slip = left_out(probe, line.sides[1], side) or _with_a_fact(env, line, layout) or e.OTHER
    return Diagnosis(slip, side)


def _with_a_fact(env: Environment, line: t.Relation, layout: tuple[str, bool]) -> str:
    """The slip of a line that would be right after it, were targets said to sum to one."""
    for fact, _, page in unsaid(env, line):
        probe = probe_of(page, line, layout) if fact == "simplex" else None
        found = _search(page, line, layout, probe) if probe is not None else None
        if found is not None and "; " not in found.slip:
            return found.slip
    return ""


def _shorter(
    env: Environment, line: t.Relation, layout: tuple[str, bool], found: Diagnosis
) -> Diagnosis:
    """Two changes at once, or the closed form where that is the shorter line."""
    side = closed_form(env, line, layout)
    if side is None or found.side is None:
        return found
    shorter = len(write(tidy(side))) < len(write(tidy(found.side)))
    return replace(found, side=side) if shorter else found


def _tidied(
    env: Environment, line: t.Relation, layout: tuple[str, bool], found: Diagnosis
) -> Diagnosis:
    """The corrected side as one would write it, if that is still right."""
    assert found.side is not None, "checked by the caller"
    side = tidy(found.side)
    if side != found.side and confirmed(env, line, layout, side):
        return replace(found, side=side)
    return found


def _range(relation: t.Relation, finding: Finding) -> Diagnosis:
    letter, values = next(iter(finding.missing.items()))
    short = finding.status == "range-error"
    numbers = tuple(t.Number(str(x)) for x in values)
    right: t.Node = t.Listing(numbers) if len(numbers) > 1 else numbers[0]
    new: list[t.Node] = []
    for condition in relation.conditions:
        if isinstance(condition, t.Condition):
            parts = tuple(
                replace(p, sides=(p.sides[0], right))
                if isinstance(p, t.Relation)
                and isinstance(p.sides[0], t.Symbol)
                and p.sides[0].name == letter
                else p
                for p in condition.relations
            )
            condition = replace(condition, relations=parts)
        new.append(condition)
    return Diagnosis(
        "range too short" if short else "range too long",
        relation.sides[1],
        1,
        conditions=tuple(new),
    )


# ---------------------------------------------------------------- the search


def _search(
    env: Environment,
    line: t.Relation,
    layout: tuple[str, bool],
    probe: Probe,
) -> Diagnosis | None:
    side = line.sides[1]
    stop = Stop(probe, time.monotonic() + SECONDS, probe.work + WORK)
    _, factor = probe.attempt(side)
    if factor is not None:
        found = scaled_side(env, line, layout, probe, side, factor, "")
        if found is not None:
            return found
    tried = Tried(env, line, layout, probe, stop)
    found = tried.first(Additions(env, line, side).stray_sums())
    if found is None:
        found = tried.first(Editor(env, line, side).single())
    if found is None:
        found = _missing_term(env, line, layout, probe, coefficients(env, line, probe), stop)
    if found is None:
        tried.stop = stop.later()
        found = tried.first(Additions(env, line, side).all())
    if found is None:
        found = tried.with_a_factor()
    if found is None:
        found = varying_factor(env, line, layout, probe)
    if found is None:
        lost = lost_terms(env, line, probe)
        found = _missing_term(env, line, layout, probe, lost, stop.later())
    if found is None:
        over = left_over(env, line, layout)
        found = _missing_term(env, line, layout, probe, over, stop.later())
    return found or _pairs(env, line, layout, probe, stop.later())


UNSCALED = (e.LOST, "wrong variable", e.POWER)


@dataclass(frozen=True)
class Stop:
    """When a round of the search ends: by its work, so that it ends at the same edit everywhere."""

    probe: Probe
    moment: float
    work: int

    def reached(self) -> bool:
        """Whether it is over."""
        return self.probe.work > self.work or time.monotonic() > self.moment

    def later(self) -> Stop:
        """The end of the next round."""
        return replace(self, work=self.probe.work + WORK)


@dataclass
class Tried:
    """The edits tried so far; those that are right up to a constant factor are kept for later."""

    env: Environment
    line: t.Relation
    layout: tuple[str, bool]
    probe: Probe
    stop: Stop
    seen: set[t.Node] = field(default_factory=set)
    scaled: list[tuple[Edit, float]] = field(default_factory=list)

    def first(self, edits: Iterator[Edit]) -> Diagnosis | None:
        """The first edit that makes the line true."""
        for edit in islice(edits, MOST):
            if edit.node in self.seen:
                continue
            self.seen.add(edit.node)
            fits, factor = self.probe.attempt(edit.node)
            if fits:
                if _right(self.env, self.line, self.layout, self.probe, edit.node):
                    return _named(self.line, edit)
            elif factor is not None and not (
                edit.slip in UNSCALED or edit.slip.startswith(e.EXTRA)
            ):
                self.scaled.append((edit, factor))
            if self.stop.reached():
                return None
        return None

    def with_a_factor(self) -> Diagnosis | None:
        """The first edit that makes the line true together with a constant factor."""
        for edit, factor in self.scaled[:30]:
            found = scaled_side(
                self.env, self.line, self.layout, self.probe, edit.node, factor, edit.slip
            )
            if found is not None:
                return found
        return None


def _right(
    env: Environment, line: t.Relation, layout: tuple[str, bool], probe: Probe, node: t.Node
) -> bool:
    """Whether a changed side is right, judged like any claim; that is work too."""
    probe.scope.work[0] += PRICE
    return confirmed(env, line, layout, node)


def _missing_term(
    env: Environment,
    line: t.Relation,
    layout: tuple[str, bool],
    probe: Probe,
    edits: Iterator[Edit],
    stop: Stop,
) -> Diagnosis | None:
    """A term, or a factor of one term."""
    for edit in edits:
        if stop.reached():
            return None
        if _right(env, line, layout, probe, edit.node):
            path = one_path(env, line, probe) if edit.slip in (e.LOST_TERM, e.ONE_PATH) else None
            if path is not None:
                return Diagnosis(path.slip, edit.node, explanation=path.explanation)
            return Diagnosis(edit.slip, edit.node)
    return None


def _pairs(
    env: Environment,
    line: t.Relation,
    layout: tuple[str, bool],
    probe: Probe,
    stop: Stop,
) -> Diagnosis | None:
    """Two changes of the plain kinds."""
    first = Editor(env, line, line.sides[1])
    seen: set[t.Node] = set()
    summed = islice(Additions(env, line, line.sides[1]).stray_sums(), 4)
    plain = [*summed, *first.transposes(), *first.orders(), *first.signs_of_products(), *first.slopes(),
             *first.brackets(), *first.signs(), *first.layers()]  # fmt: skip
    for edit in plain[:150]:
        second = Editor(env, line, edit.node)
        for make in (second.transposes, second.signs_of_products, second.brackets, second.slopes):
            for again in make():
                if stop.reached():
                    return None
                if again.node in seen:
                    continue
                seen.add(again.node)
                fits, _ = probe.attempt(again.node)
                if fits and _right(env, line, layout, probe, again.node):
                    both = edit.slip if edit.slip == again.slip else f"{edit.slip}; {again.slip}"
                    return Diagnosis(both, again.node)
    return None


def _named(line: t.Relation, edit: Edit) -> Diagnosis:
    """The class in the words of the reader."""
    side = line.sides[1]
    whole = isinstance(edit.node, t.Postfix) and edit.node.kind == "transpose"
    if isinstance(side, t.Postfix) and side.kind == "transpose" and not whole:
        whole = isinstance(s.flattened(side.base), (t.Product, t.Sum))
    elif whole:
        whole = isinstance(s.flattened(edit.node.base), (t.Product, t.Sum))  # type: ignore[attr-defined]
    return Diagnosis(e.LAYOUT if whole and edit.slip == e.TRANSPOSE else edit.slip, edit.node)
