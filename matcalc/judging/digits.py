r"""Printed digits: right, cut instead of rounded, or simply wrong."""

from __future__ import annotations

import itertools

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.compare import Trouble, side_values
from matcalc.judging.environment import Environment
from matcalc.judging.finding import Finding
from matcalc.judging.one_layout import judge_in
from matcalc.judging.probing import Diagnosis
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import worlds
from matcalc.judging.slips import CUT
from matcalc.judging.solve import solve
from matcalc.judging.values import Unread, Value
from matcalc.reading import tree as t

MOST = 40  # printed numbers of a side that are tried


def wrong_digits(
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


def cut_digits(env: Environment, relation: t.Relation, finding: Finding) -> Diagnosis | None:
    """One printed number of a longer side that was cut: right with one more in its last place."""
    place = finding.wrong or 1
    side = relation.sides[place]
    printed = [p for p in t.walk(side) if isinstance(p, t.Number) and "." in p.text]
    for k in range(min(len(printed), MOST)):
        new = _raised(side, k)
        line = t.Relation((relation.sides[0], new), ("=",), relation.conditions)
        if judge_in(env.copy(), line, finding.layout).status == "holds":
            return Diagnosis(CUT, new, place)
    return None


def _raised(side: t.Node, k: int) -> t.Node:
    """A side whose k-th printed decimal number is one unit of its last place larger."""
    count = itertools.count()

    def change(part: t.Node) -> t.Node:
        if isinstance(part, t.Number) and "." in part.text and next(count) == k:
            places = len(part.text.split(".")[1])
            return t.Number(f"{float(part.text) + 10.0**-places:.{places}f}")
        return part

    return s.rebuilt(side, change)


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
