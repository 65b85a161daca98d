r"""A chain rule along one path where the variable acts along several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.compare import agree
from matcalc.judging.derive import jacobian
from matcalc.judging.environment import Environment
from matcalc.judging.moving import target
from matcalc.judging.probing import Diagnosis, Probe, confirmed
from matcalc.judging.values import Misfit, OutOfRange, TooMuch, Unread
from matcalc.reading import tree as t
from matcalc.reading.writer import write


def one_path(env: Environment, line: t.Relation, probe: Probe) -> Diagnosis | None:
    """A chain rule along one path where the variable acts along several."""
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
