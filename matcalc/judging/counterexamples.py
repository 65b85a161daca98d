r"""A wrong line at small whole numbers, both sides worked out, so that it can be redone on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from matcalc.judging import spelling as s
from matcalc.judging.bigops import range_by_use
from matcalc.judging.compare import Trouble, agree, side_values, spread_over
from matcalc.judging.conditions import COMPARE
from matcalc.judging.environment import Environment
from matcalc.judging.free_letters import free_letters
from matcalc.judging.scope import Scope
from matcalc.judging.sizes import free_dims, size_choices
from matcalc.judging.values import Array, Misfit, OutOfRange, TooMuch, Unread, show
from matcalc.judging.vocabulary import spellings
from matcalc.judging.worlds import STYLES, World
from matcalc.reading import tree as t
from matcalc.reading.writer import write

LONGEST = 300  # pieces of a line that is still worked out on paper
LARGEST = 16  # entries of a matrix that is still printed
POINTS = 40  # of which the one with the shortest numbers is shown


def counterexample(env: Environment, line: t.Relation, layout: tuple[str, bool]) -> str:
    """Numbers at which an equation, or an order, does not hold; empty if none are found."""
    if sum(1 for _ in t.walk(*line.sides)) > LONGEST:
        return ""
    for sizes in _small_sizes(env):
        for style in STYLES:
            world = World(env, sizes, points=POINTS, seed=5, style=style, integers=True)
            scope = Scope(world, layout=layout[0], vec=layout[1])
            try:
                with np.errstate(all="ignore"):
                    text = _at(scope, line)
            except (Misfit, Unread, OutOfRange, TooMuch, ArithmeticError, ValueError):
                continue
            if text:
                return text.replace("\t", " ")
    return ""


def _small_sizes(env: Environment) -> Iterator[dict[str, int]]:
    if env.constraints:
        return
    names = free_dims(env)
    yield {**env.sizes, **dict.fromkeys(names, 2)}
    yield size_choices(env, 1)[0]


def _at(scope: Scope, line: t.Relation) -> str:
    letters, explicit = free_letters(scope, line)
    ranges = {x: explicit.get(x) or range_by_use(scope, x, line.sides) or [1] for x in letters}
    for choice in spread_over(scope, ranges)[:30]:
        with scope.bound(**choice):
            left, right = (side_values(scope, side) for side in line.sides)
            if isinstance(left, Trouble) or isinstance(right, Trouble):
                continue
            a, b = left[0].array.real, right[0].array.real
            if left[0].shape != right[0].shape:
                return _told(scope, line, choice, a, b, 0)
            a, b = np.broadcast_arrays(_points(a), _points(b))
            holds = _compared(line.signs[0])
            told = [
                _told(scope, line, choice, a, b, k)
                for k in range(len(a))
                if np.all(np.isfinite(a[k])) and np.all(np.isfinite(b[k])) and not holds(a[k], b[k])
            ]
            plain = [text for text in told if text and _differs(text)]
            if plain:
                return min(plain, key=len)  # the shortest numbers are the easiest on paper
    return ""


def _compared(sign: str) -> Callable[[Array, Array], bool]:
    """What the sign of a line says of two values."""
    if sign not in COMPARE or sign == "=":
        return agree
    return lambda a, b: bool(np.all(COMPARE[sign](a, b)))


def _differs(text: str) -> bool:
    """Whether the sides differ in the digits that are printed."""
    left, right = (row.split("\t")[1] for row in text.splitlines()[-2:])
    return left != right


def _points(array: Array) -> Array:
    return array if array.ndim > 2 else array[None]


def _told(
    scope: Scope, line: t.Relation, choice: dict[str, int], a: Array, b: Array, point: int
) -> str:
    inputs = {k: _pick(x, point) for k, x in scope.world.inputs.items()}
    if any(x.size > LARGEST for x in (_pick(a, point), _pick(b, point), *inputs.values())):
        return ""
    names = spellings(scope.env, *line.sides)
    rows = [", ".join(f"{_name(names, k)} = {matrix(x)}" for k, x in inputs.items())]
    steps = dict(_steps(scope, line.sides[1], point))
    if steps:
        rows.append("then " + ", ".join(f"{k} = {matrix(x)}" for k, x in steps.items()))
    where = ", ".join(f"{k} = {x}" for k, x in choice.items())
    if where:
        rows.append(f"at {where}:")
    for side, array in zip(line.sides, (a, b), strict=True):
        value = _pick(array, point)
        shape = f" ({show((value.shape[0], value.shape[1]))})" if a.shape != b.shape else ""
        rows.append(f"{write(side)}\t= {matrix(value)}{shape}")
    return "\n".join(row for row in rows if row)


def _name(names: Mapping[str, t.Symbol], key: str) -> str:
    """A name as the page writes it."""
    if key.startswith("d "):
        return f"d{_name(names, key[2:])}"
    return write(names[key]) if key in names else key


def _steps(scope: Scope, side: t.Node, point: int) -> Iterator[tuple[str, Array]]:
    """The values of the steps that stand on the right side."""
    for symbol in dict.fromkeys(s.symbols(side)):
        plain = replace(symbol, primes=0)
        for one in (replace(plain, subscripts=()), plain):
            try:
                place = scope.place(one)
                if place is None or not place.whole:
                    continue
                value = _pick(scope.value(place).array.real, point)
            except (Misfit, Unread, OutOfRange):
                continue
            if (
                (place.definition is not None or place.grid)
                and value.size <= LARGEST
                and np.all(np.isfinite(value))
            ):
                yield write(one), value
            break


def _pick(array: Array, point: int) -> Array:
    array = np.asarray(array).real
    while array.ndim > 2:
        array = array[point if array.shape[0] > 1 else 0]
    return array


def matrix(array: Array) -> str:
    """``[1 2; 3 4]``, a number as a number."""
    if array.shape == (1, 1):
        return number(float(array[0, 0]))
    return "[" + "; ".join(" ".join(number(float(x)) for x in row) for row in array) + "]"


def number(value: float) -> str:
    """Whole numbers whole, others to four digits."""
    nearest = round(value)
    if abs(value - nearest) < 1e-9 * max(1.0, abs(value)):
        return str(nearest)
    return f"{value:.4g}"
