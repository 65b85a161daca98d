r"""Lines that are right given a wrong one: ``follows from line 8``.

A later line can name what was wrong, restate it, or have it put in already: after a wrong
``\delta^{(2)}`` the line for ``\partial L / \partial W^{(2)}`` with that wrong value written out is
the chain rule applied to it, without an error of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from matcalc.judging.adjoints import tied_step
from matcalc.judging.environment import Environment
from matcalc.judging.scope import Scope
from matcalc.judging.values import Misfit, OutOfRange, Unread
from matcalc.judging.worlds import World
from matcalc.reading import tree as t

MOST = 3  # wrong lines that are tried


@dataclass
class Failure:
    """A wrong line, for what follows from it."""

    number: int
    left: t.Node
    side: t.Node


def follows_from(
    failures: Sequence[Failure],
    relation: t.Relation,
    environments: Callable[[], Iterator[Environment]],
    holds: Callable[[Environment, t.Relation], bool],
) -> int | None:
    """The number of the wrong line that makes this one right, if there is one."""
    tried = 0
    for failure in reversed(failures):
        same = failure.left == relation.sides[0]
        named = any(part == failure.left for part in t.walk(relation))
        if not (same or named or is_slope(relation.sides[0])):
            continue
        tried += 1
        if tried > MOST:
            return None
        for env in environments():
            if any(holds(*pair) for pair in _granted(env, failure, relation, same, named)):
                return failure.number
    return None


def _granted(
    env: Environment, failure: Failure, relation: t.Relation, same: bool, named: bool
) -> Iterator[tuple[Environment, t.Relation]]:
    """The line in environments in which the wrong one is granted."""
    if same:
        yield env, replace(relation, sides=(failure.side, *relation.sides[1:]))
        return
    granted = env.copy()
    granted.overrides.append((failure.left, failure.side))
    if named:
        yield granted, relation
    step = step_of(env, failure.left)
    if step is not None:
        granted.surrogate = (step, failure.side)
        yield granted, relation


def is_slope(node: t.Node) -> bool:
    """Whether a left side can be a derivative of the loss."""
    if isinstance(node, t.Symbol):
        return node.name == "delta" or node.name.endswith("_bar")
    return isinstance(node, (t.Derivative, t.Nabla, t.Differential))


def step_of(env: Environment, left: t.Node) -> t.Symbol | None:
    """The step whose adjoint a left side is."""
    step: t.Node | None = None
    if isinstance(left, (t.Derivative, t.Nabla)) and len(left.by) == 1:
        step = left.by[0]
    elif isinstance(left, t.Differential):
        step = left.of
    elif isinstance(left, t.Symbol) and is_slope(left):
        try:
            step = tied_step(Scope(World(env.copy(), {})), left)
        except (Misfit, OutOfRange, Unread):
            return None
    return step if isinstance(step, t.Symbol) and not step.subscripts else None
