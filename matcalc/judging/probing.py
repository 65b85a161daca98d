r"""One world in which many changed sides of a line are compared with the truth, and what a wrong
line comes to: the class of the slip and the side as it should be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matcalc.judging.bigops import range_by_use
from matcalc.judging.compare import Trouble, agree, matching, side_values, spread_over
from matcalc.judging.environment import Environment
from matcalc.judging.free_letters import free_letters
from matcalc.judging.one_layout import conventions, judge_in
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.solve import solve
from matcalc.judging.values import DOT_ENTRYWISE, Misfit, OutOfRange, TooMuch, Unread, Value
from matcalc.judging.worlds import STYLES
from matcalc.reading import tree as t


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

    @property
    def work(self) -> int:
        """How much has been evaluated."""
        return self.scope.work[0]

    def value(self, node: t.Node, choice: dict[str, int]) -> list[Value] | None:
        """The values of a side for one choice of indices."""
        with self.scope.bound(**choice):
            found = side_values(self.scope, node)
        return None if isinstance(found, Trouble) else found

    def equal(self, node: t.Node, other: t.Node) -> bool:
        """Whether two sides agree, whatever the truth is."""
        for choice in self.choices:
            a, b = self.value(node, choice), self.value(other, choice)
            if a is None or b is None or not self._agrees(a, b):
                return False
        return True

    def attempt(self, node: t.Node) -> tuple[bool, float | None]:
        """Whether a side agrees with the truth, and the constant factor between them if not."""
        fits, factor = True, None
        for choice, truth in zip(self.choices, self.truths, strict=True):
            mine = self.value(node, choice)
            if mine is None:
                return False, None
            fits = fits and self._agrees(truth, mine)
            if not fits:
                quotient = quotient_of(truth, mine)
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


def quotient_of(truth: list[Value], mine: list[Value]) -> float | None:
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


def probe_of(env: Environment, line: t.Relation, layout: tuple[str, bool]) -> Probe | None:
    """A world in which the left side has a value for all indices."""
    env = env.copy()  # what the tried sides assume stays here
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


def confirmed(env: Environment, line: t.Relation, layout: tuple[str, bool], node: t.Node) -> bool:
    """Whether the corrected line holds, judged like any claim."""
    fixed = t.Relation((line.sides[0], node), ("=",), line.conditions)
    return judge_in(env.copy(), fixed, layout).status == "holds"
