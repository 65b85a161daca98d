"""The smallest change that makes a wrong line true.

Changes are tried in two rounds: each alone, then each together with a constant factor, which is
read off from the values. What looks right at a few points is judged like any claim before it is
offered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from matcalc.judging import slips as e
from matcalc.judging import spelling as s
from matcalc.judging import vocabulary as o
from matcalc.judging.bigops import range_by_use
from matcalc.judging.compare import Trouble, agree, is_printed, matching, side_values, spread_over
from matcalc.judging.edits import Editor
from matcalc.judging.environment import Environment
from matcalc.judging.lines import EQUAL, Finding, conventions, free_letters, judge_in
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.slips import Edit
from matcalc.judging.solve import solve
from matcalc.judging.values import (
    DOT_ENTRYWISE,
    Misfit,
    OutOfRange,
    TooMuch,
    Unread,
    Value,
)
from matcalc.judging.worlds import STYLES
from matcalc.reading import tree as t
from matcalc.reading.writer import write

SECONDS = 2.5
MOST = 4000


@dataclass(frozen=True)
class Diagnosis:
    """The class of a slip and the side as it should be."""

    slip: str
    side: t.Node | None = None
    place: int = 1
    text: str = ""
    status: str = ""
    explanation: str = ""
    counterexample: str = ""
    conditions: tuple[t.Node, ...] | None = None

    def corrected(self, line: t.Relation) -> t.Relation:
        """The line with the side as it should be."""
        sides = list(line.sides)
        if self.side is not None:
            sides[self.place] = self.side
        conditions = line.conditions if self.conditions is None else self.conditions
        return replace(line, sides=tuple(sides), conditions=conditions)


@dataclass
class Probe:
    """One world in which many changed sides are compared with the truth."""

    scope: Scope
    choices: list[dict[str, int]]
    truths: list[list[Value]]

    def value(self, node: t.Node, choice: dict[str, int]) -> list[Value] | None:
        """The values of a side for one choice of indices."""
        with self.scope.bound(**choice):
            found = side_values(self.scope, node)
        return None if isinstance(found, Trouble) else found

    def attempt(self, node: t.Node) -> tuple[bool, float | None]:
        """Whether a side agrees with the truth, and the constant factor between them if not."""
        fits, factor = True, None
        for choice, truth in zip(self.choices, self.truths, strict=True):
            mine = self.value(node, choice)
            if mine is None:
                return False, None
            fits = fits and self._agrees(truth, mine)
            if not fits:
                quotient = _quotient(truth, mine)
                if quotient is None or (
                    factor not in (None, 0.0)
                    and quotient != 0.0
                    and not (np.isclose(factor, quotient, rtol=1e-6))
                ):
                    return False, None
                factor = quotient or factor
        return fits, None if fits else factor

    def _agrees(self, truth: list[Value], mine: list[Value]) -> bool:
        tags = matching(truth, mine)
        if tags is None or DOT_ENTRYWISE in tags:
            return False
        return not conventions(self.scope.env, tags)


def _quotient(truth: list[Value], mine: list[Value]) -> float | None:
    """The truth divided by a side, if that is one number; 0 if both vanish."""
    pair = next(((a, b) for a in truth for b in mine if a.shape == b.shape), None)
    if pair is None:
        return None
    a, b = np.broadcast_arrays(pair[0].array.real, pair[1].array.real)
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return None
    square = float(np.sum(b * b))
    if square < 1e-18:
        return 0.0 if float(np.max(np.abs(a))) < 1e-9 else None
    factor = float(np.sum(a * b)) / square
    return factor if abs(factor) > 1e-9 and agree(a, factor * b) else None


def diagnosis(env: Environment, relation: t.Relation, finding: Finding) -> Diagnosis | None:
    """What went wrong in a relation that was found wrong."""
    place = finding.wrong
    if not place or place >= len(relation.sides) or not set(relation.signs) <= EQUAL:
        return None
    if finding.missing:
        return _range(relation, finding)
    side = relation.sides[place]
    if is_printed(side) or not any(isinstance(p, (t.Symbol, t.Filled)) for p in t.walk(side)):
        return _numbers(env, relation, finding, place)
    line = t.Relation((relation.sides[0], side), ("=",), relation.conditions)
    layout = (
        finding.layout
        if "layout" not in finding.convention
        else (env.layout or "denominator", env.vec)
    )
    probe = _probe(env, line, layout)
    if probe is None:
        return None
    found = _search(env, line, layout, probe)
    if found is not None:
        return replace(found, place=place)
    other = _one_path(env, line, probe)
    if other is not None:
        return replace(other, place=place)
    if finding.status == "needs-convention":
        return Diagnosis(f"wrong layout: true in {finding.convention}" if "layout" in
                         finding.convention else finding.convention)  # fmt: skip
    return None


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


# ---------------------------------------------------------------- numbers


def _numbers(
    env: Environment, relation: t.Relation, finding: Finding, place: int
) -> Diagnosis | None:
    """Printed digits: cut instead of rounded, or simply wrong."""
    for world in worlds(env, count=1, points=2):
        scope = Scope(world, layout=finding.layout[0], vec=finding.layout[1])
        try:
            solve(world)
        except Unread:
            return None
        truth, mine = (
            side_values(scope, relation.sides[0]),
            side_values(scope, relation.sides[place]),
        )
        if isinstance(truth, Trouble) or isinstance(mine, Trouble):
            return None
        values = truth[0].array.real
        if values.ndim > 2 and not np.allclose(values, values[:1], rtol=1e-9, atol=1e-12):
            return None  # the left side is no number
        return _digits(relation.sides[place], truth[0], mine[0])
    return None


def _digits(node: t.Node, truth: Value, mine: Value) -> Diagnosis | None:
    wanted = truth.array.real.reshape((-1, *truth.shape))[0]
    have = mine.array.real.reshape((-1, *mine.shape))[0]
    if wanted.shape != have.shape and wanted.shape == have.T.shape:
        have, wanted = have, wanted.T
    numbers = [p for p in t.walk(node) if isinstance(p, t.Number)]
    if wanted.shape == have.shape and len(numbers) == len(wanted) < wanted.size:
        # diag(...) of a list of numbers
        wanted, have = np.diagonal(wanted), np.diagonal(have)
    if wanted.shape != have.shape or len(numbers) != wanted.size:
        return None
    slips: list[str] = []
    new: dict[int, t.Number] = {}
    for k, (number, exact) in enumerate(zip(numbers, wanted.flatten(), strict=True)):
        value = abs(float(exact))
        places = len(number.text.split(".")[1]) if "." in number.text else 0
        right = f"{value:.{places}f}"
        if abs(value - float(number.text)) <= 0.5000001 * 10.0**-places:
            continue
        cut = f"{int(value * 10**places) / 10**places:.{places}f}"
        slips.append("cut instead of rounded" if cut == number.text and places else "wrong digits")
        new[k] = t.Number(right)
    if not slips:
        return None
    count = [-1]

    def change(part: t.Node) -> t.Node:
        if isinstance(part, t.Number):
            count[0] += 1
            return new.get(count[0], part)
        return part

    slip = "cut instead of rounded" if set(slips) == {"cut instead of rounded"} else "wrong digits"
    exact_text = ", ".join(f"{x:.8g}" for x in wanted.flatten()[:12])
    return Diagnosis(
        f"rounding: {slip}"
        if "cut" in slip or all(_near(n, w) for n, w in zip(numbers, wanted.flatten(), strict=True))
        else "wrong value",
        s.rebuilt(node, change),
        explanation=f"the exact value is {exact_text}",
    )


def _near(number: t.Number, exact: float) -> bool:
    places = len(number.text.split(".")[1]) if "." in number.text else 0
    if not places:
        return abs(exact) == float(number.text)
    return abs(abs(exact) - float(number.text)) <= 3 * 10.0**-places


# ---------------------------------------------------------------- the search


def _probe(env: Environment, line: t.Relation, layout: tuple[str, bool]) -> Probe | None:
    for style in STYLES:
        for world in worlds(env, count=2, points=2, style=style):
            scope = Scope(world, layout=layout[0], vec=layout[1])
            try:
                solve(world)
                letters, explicit = free_letters(scope, line)
                ranges = {
                    x: explicit.get(x) or range_by_use(scope, x, line.sides) or [1] for x in letters
                }
                choices = spread_over(scope, ranges)
                if len(choices) > 12:
                    choices = [*choices[:6], *choices[-6:]]
                truths = []
                for choice in choices:
                    with scope.bound(**choice):
                        truth = side_values(scope, line.sides[0])
                    if isinstance(truth, Trouble):
                        return None
                    truths.append(truth)
            except (Misfit, Unread, OutOfRange, TooMuch):
                return None
            if all(np.all(np.isfinite(v.array)) for truth in truths for v in truth):
                scope.work[0] = -10_000_000
                return Probe(scope, choices, truths)
    return None


def _search(
    env: Environment,
    line: t.Relation,
    layout: tuple[str, bool],
    probe: Probe,
) -> Diagnosis | None:
    side = line.sides[1]
    stop = time.monotonic() + SECONDS
    _, factor = probe.attempt(side)
    if factor is not None:
        found = _scaled(env, line, layout, probe, side, factor, "")
        if found is not None:
            return found
    scaled: list[tuple[Edit, float]] = []
    seen: set[t.Node] = set()
    for edit in _bounded(Editor(env, line, side).single()):
        if edit.node in seen:
            continue
        seen.add(edit.node)
        fits, factor = probe.attempt(edit.node)
        if fits:
            if confirmed(env, line, layout, edit.node):
                return _named(edit)
        elif factor is not None and edit.slip not in UNSCALED:
            scaled.append((edit, factor))
        if time.monotonic() > stop:
            break
    for edit, factor in scaled[:30]:
        found = _scaled(env, line, layout, probe, edit.node, factor, edit.slip)
        if found is not None:
            return found
    return _pairs(env, line, layout, probe, stop + SECONDS / 2)


UNSCALED = (e.LOST, e.EXTRA, "wrong variable", e.POWER)


def _pairs(
    env: Environment,
    line: t.Relation,
    layout: tuple[str, bool],
    probe: Probe,
    stop: float,
) -> Diagnosis | None:
    """Two changes of the plain kinds."""
    first = Editor(env, line, line.sides[1])
    seen: set[t.Node] = set()
    plain = [*first.transposes(), *first.orders(), *first.signs_of_products(), *first.slopes(),
             *first.brackets(), *first.signs(), *first.layers()]  # fmt: skip
    for edit in plain[:150]:
        second = Editor(env, line, edit.node)
        for make in (second.transposes, second.signs_of_products, second.brackets, second.slopes):
            for again in make():
                if time.monotonic() > stop:
                    return None
                if again.node in seen:
                    continue
                seen.add(again.node)
                if probe.attempt(again.node)[0] and confirmed(env, line, layout, again.node):
                    both = edit.slip if edit.slip == again.slip else f"{edit.slip}; {again.slip}"
                    return _named(Edit(both, again.node))
    return None


def _bounded(edits: Iterator[Edit]) -> Iterator[Edit]:
    for count, edit in enumerate(edits):
        if count > MOST:
            return
        yield edit


def confirmed(env: Environment, line: t.Relation, layout: tuple[str, bool], node: t.Node) -> bool:
    """Whether the corrected line holds, judged like any claim."""
    fixed = t.Relation((line.sides[0], node), ("=",), line.conditions)
    return judge_in(env.copy(), fixed, layout).status == "holds"


def _named(edit: Edit) -> Diagnosis:
    """The class in the words of the reader."""
    return Diagnosis(edit.slip, edit.node)


def _scaled(
    env: Environment,
    line: t.Relation,
    layout: tuple[str, bool],
    probe: Probe,
    node: t.Node,
    factor: float,
    slip: str,
) -> Diagnosis | None:
    """A constant factor between the side and the truth."""
    for name, new in _factors(env, node, factor, probe.scope.world.sizes):
        if confirmed(env, line, layout, new):
            return Diagnosis(f"{slip}; {name}" if slip else name, new)
    return None


def _factors(
    env: Environment, node: t.Node, ratio: float, sizes: dict[str, int]
) -> Iterator[tuple[str, t.Node]]:
    """What to multiply the side by: (the slip, the side multiplied)."""
    one, two = t.Number("1"), t.Number("2")
    sign = -1 if ratio < 0 else 1
    size = abs(ratio)

    def signed(new: t.Node) -> t.Node:
        return o.negated(new) if sign < 0 else new

    also = "sign; " if sign < 0 else ""
    if abs(size - 1) < 1e-6 and sign < 0:
        yield "sign", o.negated(node)
    if abs(size - 2) < 1e-6:
        yield f"{also}lost factor 2", signed(_without(node, "half") or o.times(node, two))
    if abs(size - 0.5) < 1e-6:
        half = _without(node, "two") or o.times(node, t.Fraction(one, two))
        yield f"{also}extra factor 2", signed(half)
    for name in sorted({*env.dims, *env.sizes}):
        n = sizes.get(name)
        if n is None or n < 2:
            continue
        dim = t.Symbol(name, name)
        if abs(size * n - 1) < 1e-6:
            yield f"{also}lost 1/{name}", signed(o.times(node, t.Fraction(one, dim)))
        if abs(size - n) < 1e-6:
            yield f"{also}extra 1/{name}", signed(_without(node, name) or o.times(node, dim))
        if abs(size * n - 2) < 1e-6:
            yield f"{also}lost 2/{name}", signed(o.times(node, t.Fraction(two, dim)))
        if abs(size - n / 2) < 1e-6:
            yield f"{also}extra 2/{name}", signed(o.times(node, t.Fraction(dim, two)))
        if abs(size * 2 * n - 1) < 1e-6:
            both = t.Fraction(one, t.Product((two, dim), ("",)))
            yield f"{also}lost 1/(2{name})", signed(o.times(node, both))
        if abs(size - 2 * n) < 1e-6:
            yield f"{also}extra 1/(2{name})", signed(o.times(node, two, dim))
    whole = round(size)
    if whole > 2 and abs(size - whole) < 1e-6 and not sizes:
        yield f"{also}lost factor {whole}", signed(o.times(node, t.Number(str(whole))))


def _without(node: t.Node, what: str) -> t.Node | None:
    """The side without a factor 2, 1/2 or 1/n that stands in front."""
    if isinstance(node, t.Sum) and len(node.terms) == 1:
        inner = _without(node.terms[0], what)
        return None if inner is None else t.Sum((inner,), node.signs)
    parts = o.listed(node)
    if parts is None:
        return None
    factors, operators = parts
    first = factors[0]
    rest = o.joined(factors[1:], operators[1:])
    if what == "two" and first == t.Number("2"):
        return rest
    if isinstance(first, t.Fraction) and first.numerator == t.Number("1"):
        beneath = s.said(first.denominator, {})
        if beneath == ("2" if what == "half" else what):
            return rest
    return None


# ---------------------------------------------------------------- paths


def _one_path(env: Environment, line: t.Relation, probe: Probe) -> Diagnosis | None:
    """A chain rule along one path where the variable acts along several."""
    from matcalc.judging.derive import jacobian, target

    left = s.peeled(line.sides[0])
    if not isinstance(left, t.Derivative) or len(left.by) != 1 or left.of is None:
        return None
    mine = probe.value(line.sides[1], probe.choices[0])
    if mine is None:
        return None
    scope = probe.scope
    with scope.bound(**probe.choices[0]):
        try:
            moved = {p.key for p, _, _ in target(scope, left.by[0]).parts}
            steps = [d.left for d in env.definitions.values() if not d.letters]
            for step in steps:
                place = scope.place(step)
                if place is None or place.key in moved or place.grid:
                    continue
                scope.value(place)
                if not scope.used_by(place.key) & moved or step == left.of:
                    continue
                frozen = scope.cut({place.key: scope.value(place).array})
                table, of, by = jacobian(frozen, left.of, left.by[0])
                full, _, _ = jacobian(scope, left.of, left.by[0])
                if agree(table, full) or not np.any(np.abs(table) > 1e-12):
                    continue
                flat = mine[0].array
                shaped = table.reshape((*table.shape[:-2], -1))
                if flat.shape[-2:] != by or of != (1, 1):
                    continue
                own = np.swapaxes(flat, -1, -2).reshape((*flat.shape[:-2], -1))
                if agree(*np.broadcast_arrays(own, shaped)):
                    return _missing_path(env, line, left, step)
        except (Misfit, Unread, OutOfRange, TooMuch):
            return None
    return None


def _missing_path(
    env: Environment, line: t.Relation, left: t.Derivative, step: t.Symbol
) -> Diagnosis:
    rest = t.Product((replace(left, by=(step,)), replace(left, of=step)), ("",))
    new = t.Sum((line.sides[1], rest), ("+", "+"))
    fixed = confirmed(env, line, (env.layout or "denominator", env.vec), new)
    return Diagnosis(
        "one-path chain rule",
        new if fixed else None,
        explanation=f"the variable also acts through {write(step)}; what is missing is that path, "
        f"{write(rest)}",
    )
