"""Which worlds a line is tried in: several sizes, all dimensions different, several kinds of points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from matcalc.judging.environment import ONE, Environment
from matcalc.judging.spelling import full, integer, symbols
from matcalc.judging.worlds import STYLES, World
from matcalc.reading import tree as t

SHAPE = re.compile(r"\b(\d+) x (\d+)\b")
SIZES = 3
POINTS = 8
TRIES = 60  # sizes drawn until n - k + 1 is more than one


def free_dims(env: Environment) -> list[str]:
    """The dimensions without a number."""
    names = [n for n in sorted(env.dims) if n not in env.sizes and not _is_value(env, n)]
    return names


def _is_value(env: Environment, name: str) -> bool:
    """Whether a size is computed from others; a bold h beside the size h is no such thing."""
    definition = env.definitions.get(name)
    if definition is None or name in env.sizes:
        return False
    return all(full(p) in env.dims for p in symbols(definition.body))


def size_choices(env: Environment, count: int = SIZES) -> list[dict[str, int]]:
    """Different numbers for different dimensions, unlike those that are given where possible."""
    names = free_dims(env)
    taken = set(env.sizes.values())
    for dims in env.shapes.values():
        for dim in dims:
            value = integer(dim, env.sizes)
            if value is not None:
                taken.add(value)
    if not names:
        return [dict(env.sizes)]
    pool = [n for n in range(2, 9) if n not in taken] or list(range(2, 9))
    while len(pool) < len(names) + 1:
        pool.append(max(pool) + 1 if len(pool) > 6 else min(set(range(2, 12)) - set(pool)))
    choices = []
    counted = list(_counted(env))
    for trial in range(count):
        rng = np.random.default_rng([11, trial])
        pool = pool[: max(len(names), min(4, len(pool)))]
        order = [int(x) for x in rng.permutation(pool)]
        sizes = {**env.sizes, **dict(zip(names, order, strict=False))}
        if not _leaves_some(counted, sizes):
            sizes = _larger(names, counted, env.sizes, rng) or sizes
        choices.append(sizes)
    return choices


Span = tuple[t.Node, t.Node]  # the first and the last number of something that is counted


def _counted(env: Environment) -> Iterator[Span]:
    """What is counted up to a difference: ``i = 1, ..., n - k + 1``, and arrays of such a length."""
    ends = [
        *env.letter_ranges.values(),
        *((ONE, dim) for dims in env.shapes.values() for dim in dims),
    ]
    for first, last in ends:
        if isinstance(last, t.Sum) and "-" in last.signs:
            yield first, last


def _leaves_some(counted: Sequence[Span], sizes: Mapping[str, int]) -> bool:
    """Whether at least two things are counted everywhere."""
    for first, last in counted:
        low, high = integer(first, sizes), integer(last, sizes)
        if low is not None and high is not None and high <= low:
            return False
    return True


def _larger(
    names: Sequence[str],
    counted: Sequence[Span],
    given: Mapping[str, int],
    rng: np.random.Generator,
) -> dict[str, int] | None:
    """Sizes at which every difference leaves something, if there are any."""
    for _ in range(TRIES):
        order = rng.permutation(np.arange(2, 5 + len(names)))
        sizes = {**given, **{name: int(x) for name, x in zip(names, order, strict=False)}}
        if _leaves_some(counted, sizes):
            return sizes
    return None


def in_letters(sentence: str, world: World) -> str:
    """Shapes in a sentence with the names of the page, ``n x d``, where numbers stand for them."""
    names: dict[int, list[str]] = {}
    for name, size in world.sizes.items():
        names.setdefault(size, []).append(name)
    free = set(free_dims(world.env))
    known = {size: n[0] for size, n in names.items() if len(n) == 1 and n[0] in free and size > 1}

    def said(shape: re.Match[str]) -> str:
        return " x ".join(known.get(int(x), x) for x in shape.groups())

    return SHAPE.sub(said, sentence)


def worlds(
    env: Environment,
    *,
    count: int = SIZES,
    first: int = 0,
    points: int = POINTS,
    style: str = STYLES[0],
) -> Iterator[World]:
    """The worlds of one style of points, at so many sizes from the first on."""
    choices = size_choices(env, first + count)
    total = points if len(choices) > 1 else points * count
    for seed, sizes in enumerate(choices):
        if seed >= first:
            yield World(env, sizes, points=total, seed=seed, style=style)
