"""Points on which given numbers hold: ``dE/dy = -0.5968`` restricts what the weights can be."""

from __future__ import annotations

import numpy as np

from matcalc.judging.compare import Trouble, side_values
from matcalc.judging.moving import deeper
from matcalc.judging.scope import Place, Scope
from matcalc.judging.values import Array, Unread
from matcalc.judging.worlds import World

ROUNDS = 60
STEP = 1e-5


def solve(world: World) -> None:
    """Move the free numbers of a world until all given equations hold."""
    equations = world.env.constraints
    if not equations:
        return
    env = world.env
    env.constraints = []
    try:
        _solve(world, [(r.sides[0], r.sides[-1]) for r in equations])
    finally:
        env.constraints = equations


def _residual(scope: Scope, pairs: list[tuple[object, object]]) -> Array:
    rows = []
    for left, right in pairs:
        a, b = side_values(scope, left), side_values(scope, right)  # type: ignore[arg-type]
        if isinstance(a, Trouble) or isinstance(b, Trouble):
            raise Unread("a given equation cannot be evaluated")
        if a[0].shape != b[0].shape:
            raise Unread("the sides of a given equation have different shapes")
        gap = a[0].array.real - b[0].array.real
        rows.append(gap.reshape((*gap.shape[:-2], -1)))
    return np.concatenate(np.broadcast_arrays(*rows) if len({r.shape for r in rows}) > 1 else rows,
                          axis=-1)  # fmt: skip


def _solve(world: World, pairs: list[tuple[object, object]]) -> None:
    first = Scope(world)
    _residual(first, pairs)
    names = [k for k, a in world.inputs.items() if a.shape[-2:] == (1, 1)]
    if not names:
        return
    x = np.stack([world.inputs[k][:, 0, 0] for k in names], axis=-1)
    gap = np.zeros(0)
    for _ in range(ROUNDS):
        gap, slope = _linear(world, names, x, pairs)
        if np.max(np.abs(gap)) < 1e-13:
            break
        move = -(np.linalg.pinv(slope) @ gap[..., None])[..., 0]
        size = np.linalg.norm(move, axis=-1, keepdims=True)
        x = x + move * np.minimum(1.0, 1.0 / np.maximum(size, 1e-12))
    good = np.max(np.abs(gap), axis=-1) < 1e-9
    if not np.any(good):
        raise Unread("no numbers were found that satisfy the given equations")
    x = x[np.resize(np.flatnonzero(good), len(x))]
    for k, name in enumerate(names):
        world.fixed[name] = x[:, k][:, None, None]


def _linear(
    world: World, names: list[str], x: Array, pairs: list[tuple[object, object]]
) -> tuple[Array, Array]:
    """The residual at x and its slope by every free number."""
    count = len(names)
    moved = [np.broadcast_to(x[:, k], (2 * count + 1, len(x))).copy() for k in range(count)]
    for k in range(count):
        moved[k][1 + 2 * k] += STEP
        moved[k][2 + 2 * k] -= STEP
    cuts = {name: moved[k][..., None, None] for k, name in enumerate(names)}
    scope = deeper(Scope(world).cut(cuts))
    gaps = _residual(scope, pairs)
    slope = np.stack(
        [(gaps[1 + 2 * k] - gaps[2 + 2 * k]) / (2 * STEP) for k in range(count)], axis=-1
    )
    return gaps[0], slope


__all__ = ["Place", "solve"]
