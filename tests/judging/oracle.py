r"""A second opinion on a formula: its value at random points, computed without the judge.

The tree is evaluated in plain NumPy. Names are arrays or steps computed from arrays, a derivative
atom is a central difference of the loss, an error symbol the difference by its pre-activation.
Nothing of ``matcalc.judging`` is used, so that what it calls wrong can be doubted. A side without a
value here (shapes that do not fit, an index that does not exist) is certainly not equal to one that
has a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np

from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula

Array = Any
SIZES = {"n": 4, "d": 3, "h": 5, "k": 2, "m": 6, "p": 3, "q": 5, "r": 2, "N": 4, "D": 3, "K": 2}
FUNCTIONS = {
    "tanh": np.tanh, "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt,
    "sigma": lambda x: 1 / (1 + np.exp(-x)), "f": np.sin, "g": lambda x: np.sin(x) + x / 2,
    "phi": lambda x: np.log(1 + np.exp(x)), "ReLU": lambda x: np.where(x > 0, x, 0.0),
}  # fmt: skip


class NoValueError(Exception):
    """The formula has no value here."""


def key_of(symbol: t.Symbol) -> str:
    """The name with its layer, without what stands below."""
    return symbol.name + "".join("^" + _text(mark.index) for mark in symbol.marks)


def _text(node: t.Node) -> str:
    if isinstance(node, t.Number):
        return node.text
    return node.name if isinstance(node, t.Symbol) else "?"


@dataclass
class World:
    """Arrays, and the steps that are computed from them."""

    arrays: dict[str, Array] = field(default_factory=dict)
    bodies: dict[str, t.Node] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    fixed: dict[str, Array] = field(default_factory=dict)
    known: dict[str, Array] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=lambda: dict(SIZES))
    loss: str = ""

    def named(self, key: str) -> Array:
        """The array of a name."""
        for place in (self.fixed, self.known, self.arrays):
            if key in place:
                return place[key]
        if key not in self.bodies:
            raise NoValueError(key)
        self.known[key] = evaluate(self, self.bodies[key], {})
        return self.known[key]

    def moved(self, key: str, array: Array) -> World:
        """The world in which a name has another value."""
        return replace(self, fixed={**self.fixed, key: array}, known={})


def world_of(given: list[str], seed: int) -> World:
    """A world in which the givens hold."""
    rng = np.random.default_rng(seed)
    world = World()
    for line in given:
        for relation in read_formula(line):
            _take(world, relation, rng)
    for name in ("L", "J", "E", "C", "ell"):
        if name in world.bodies:
            world.loss = world.loss or name
    return world


def _take(world: World, relation: t.Relation, rng: np.random.Generator) -> None:
    if not relation.signs:
        words = " ".join(p.words for p in t.walk(relation) if isinstance(p, t.Text))
        if "one-hot" in words:
            name = next(p.name for p in t.walk(relation) if isinstance(p, t.Symbol))
            rows, cols = world.arrays[name].shape
            world.arrays[name] = np.eye(cols)[rng.integers(0, cols, rows)]
        return
    left, right = relation.sides[0], relation.sides[1]
    if relation.signs[0] == r"\in":
        lefts = left.items if isinstance(left, t.Listing) else (left,)
        power = right.arguments[0] if isinstance(right, t.Postfix) else t.Number("1")
        dims = [power]
        if isinstance(power, t.Product):
            dims = list(power.factors)
        shape = tuple(int(number(evaluate(world, d, {}))) for d in dims)
        for name in lefts:
            key = key_of(_marked(name))
            world.arrays[key] = rng.uniform(0.2, 1.2, shape if len(shape) == 2 else (*shape, 1))
        return
    symbol = _marked(left)
    key = key_of(symbol) + "".join("_" + _text(x) for x in symbol.subscripts)
    world.bodies[key] = right
    world.order.append(key)
    for name in t.walk(right):
        if isinstance(name, t.Symbol):
            low = key_of(name) + "".join("_" + _text(x) for x in name.subscripts)
            numbered = len(name.subscripts) == 1 and isinstance(name.subscripts[0], t.Number)
            free = low not in world.arrays and low not in world.bodies
            alone = (not name.subscripts and name.name.islower()) or numbered
            if free and alone and len(name.name) == 1 and key_of(name) not in world.arrays:
                if low not in FUNCTIONS and low not in world.sizes and low not in "ijkn":
                    world.arrays[low] = rng.uniform(0.2, 1.2, (1, 1))


def _marked(node: t.Node) -> t.Symbol:
    """``W^1`` as the name with a layer."""
    if isinstance(node, t.Postfix) and isinstance(node.base, t.Symbol):
        return replace(node.base, marks=(t.Mark("^", node.arguments[0]),))
    assert isinstance(node, t.Symbol)
    return node


def number(array: Array) -> float:
    """The number in a 1 x 1 array."""
    if np.size(array) != 1:
        raise NoValueError("no number")
    return float(np.reshape(array, -1)[0])


# ---------------------------------------------------------------- the value of a formula


def evaluate(world: World, node: t.Node, at: dict[str, int]) -> Array:
    """The value of a formula at indices; always a matrix."""
    match node:
        case t.Number():
            return np.full((1, 1), float(node.text))
        case t.Symbol():
            return _symbol(world, node, at)
        case t.Filled():
            return np.full((world.sizes[_text(node.subscripts[0])], 1), float(node.digit))
        case t.Bracket():
            return _bracket(world, node, at)
        case t.Sum():
            return _sum(world, node, at)
        case t.Product():
            return _product(world, node, at)
        case t.Fraction():
            above = evaluate(world, node.numerator, at)
            return above / number(evaluate(world, node.denominator, at))
        case t.Root():
            return np.sqrt(evaluate(world, node.body, at))
        case t.Postfix():
            return _postfix(world, node, at)
        case t.HeadBracket() | t.Call():
            return _call(world, node, at)
        case t.BigOperator():
            return _total(world, node, at)
        case t.Derivative() if node.of is not None and len(node.by) == 1:
            return derivative(world, node.of, node.by[0], at)
        case t.Nabla() if node.of is not None and len(node.by) == 1:
            return derivative(world, node.of, node.by[0], at)
        case t.Differential() if node.of is not None:
            return derivative(world, t.Symbol(world.loss, world.loss), node.of, at)
    raise NoValueError(type(node).__name__)


def _symbol(world: World, node: t.Symbol, at: dict[str, int]) -> Array:
    key = key_of(node)
    if not node.subscripts and not node.marks:
        if node.name in at:
            return np.full((1, 1), float(at[node.name]))
        if node.name in world.sizes and key not in world.arrays and key not in world.bodies:
            return np.full((1, 1), float(world.sizes[node.name]))
        if node.name == "I":
            raise NoValueError("I")
    low = key + "".join("_" + _text(x) for x in node.subscripts)
    if node.subscripts and (low in world.arrays or low in world.bodies or low in world.fixed):
        return world.named(low)
    if node.name == "delta":
        if len(node.subscripts) == 2:
            a, b = (_index(world, x, at) for x in node.subscripts)
            return np.full((1, 1), float(a == b))
        step = next(n for n in ("Z", "z") if replace_key(node, n) in world.bodies)
        whole = replace(node, name=step, subscripts=())
        array = derivative(world, t.Symbol(world.loss, world.loss), whole, at)
    else:
        array = world.named(key)
    return _entry(world, array, node.subscripts, at)


def replace_key(node: t.Symbol, name: str) -> str:
    """The key of another name with the same layer."""
    return key_of(replace(node, name=name, subscripts=()))


def _index(world: World, node: t.Node, at: dict[str, int]) -> int:
    return round(number(evaluate(world, node, at)))


def _entry(world: World, array: Array, below: tuple[t.Node, ...], at: dict[str, int]) -> Array:
    if not below:
        return array
    places = [_index(world, x, at) - 1 for x in below]
    if len(places) == 1 and 1 in array.shape:
        array, places = array.reshape(-1, 1), [places[0], 0]
    if len(places) != 2:
        raise NoValueError("rows")
    i, j = places
    if not (0 <= i < array.shape[0] and 0 <= j < array.shape[1]):
        raise NoValueError("an index that does not exist")
    return array[i : i + 1, j : j + 1]


def _bracket(world: World, node: t.Bracket, at: dict[str, int]) -> Array:
    if len(node.items) != 1:
        raise NoValueError("a list")
    array = evaluate(world, node.items[0], at)
    if node.left == r"\|":
        return np.full((1, 1), np.sqrt(np.sum(array**2)))
    return array


def _sum(world: World, node: t.Sum, at: dict[str, int]) -> Array:
    parts = [evaluate(world, x, at) for x in node.terms]
    shape = next((p.shape for p in parts if p.size > 1), (1, 1))
    total = np.zeros(shape)
    for sign, part, term in zip(node.signs, parts, node.terms, strict=True):
        if part.shape != shape and not isinstance(term, t.Number):
            raise NoValueError("a sum of different shapes")
        total = total + part if sign == "+" else total - part
    return total


def _product(world: World, node: t.Product, at: dict[str, int]) -> Array:
    """Matrix products first, then the entrywise ones."""
    runs: list[Array] = []
    for k, factor in enumerate(node.factors):
        array = evaluate(world, factor, at)
        if k and node.operators[k - 1] in ("", r"\cdot"):
            runs[-1] = _times(runs[-1], array)
        else:
            runs.append(array)
    out = runs[0]
    for array in runs[1:]:
        if out.shape != array.shape and 1 not in (out.size, array.size):
            raise NoValueError("an entrywise product of different shapes")
        out = out * array
    return out


def _times(a: Array, b: Array) -> Array:
    if a.size == 1 or b.size == 1:
        return a * b
    if a.shape[1] != b.shape[0]:
        raise NoValueError("a product that does not exist")
    return a @ b


def _postfix(world: World, node: t.Postfix, at: dict[str, int]) -> Array:
    split = t.as_product(node)
    if split is not None and isinstance(split[0], t.Symbol) and split[0].name not in FUNCTIONS:
        return _product(world, t.Product(split, ("",)), at)
    base = node.base
    if isinstance(base, t.Symbol) and node.kind in ("power", "superscript"):
        marked = key_of(_marked(node))
        if marked in world.arrays or marked in world.bodies:
            return world.named(marked)
        if base.name == "delta":
            return _symbol(world, _marked(node), at)
    if isinstance(base, t.Symbol) and base.name == "e" and "e" not in world.arrays:
        return np.exp(evaluate(world, node.arguments[0], at))
    array = evaluate(world, base, at)
    if isinstance(base, t.Bracket) and base.left == r"\|" and node.kind == "subscript":
        return array
    match node.kind:
        case "transpose":
            return array.T
        case "inverse":
            return np.linalg.inv(array)
        case "inverse-transpose":
            return np.linalg.inv(array).T
        case "power":
            power = number(evaluate(world, node.arguments[0], at))
            square = array.shape[0] == array.shape[1] > 1
            return np.linalg.matrix_power(array, int(power)) if square else array**power
        case "subscript":
            return _entry(world, array, node.arguments, at)
    raise NoValueError(node.kind)


def _call(world: World, node: t.HeadBracket | t.Call, at: dict[str, int]) -> Array:
    head = node.head
    if isinstance(head, (t.Derivative, t.Nabla)) or not isinstance(head, t.Symbol):
        raise NoValueError("an applied derivative")
    inner = node.bracket if isinstance(node, t.HeadBracket) else node.argument
    name = head.name
    if name not in FUNCTIONS and name not in ("diag", "tr", "softmax", "logdet", "det"):
        return _product(world, t.Product((head, inner), ("",)), at)
    array = evaluate(world, inner, at)
    if name == "diag":
        return np.diag(array.reshape(-1)) if 1 in array.shape else np.diag(array)[:, None]
    if name in ("tr", "det"):
        if array.shape[0] != array.shape[1]:
            raise NoValueError("not square")
        return np.full((1, 1), np.trace(array) if name == "tr" else np.linalg.det(array))
    if name == "softmax":
        axis = 0 if array.shape[1] == 1 else 1
        powers = np.exp(array)
        return powers / powers.sum(axis=axis, keepdims=True)
    f = FUNCTIONS[name]
    for _ in range(head.primes):
        f = slope(f)
    out = f(array)
    if isinstance(node, t.Call) and node.power is not None:
        out = out ** number(evaluate(world, node.power, at))
    return out


def slope(f: Any) -> Any:
    """The derivative by differences."""
    h = 1e-4
    return lambda x: (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


def _total(world: World, node: t.BigOperator, at: dict[str, int]) -> Array:
    if node.body is None or node.name != "sum":
        raise NoValueError(node.name)
    ranges: dict[str, range] = {}
    for lower in node.lower:
        letters = [p for p in t.walk(lower) if isinstance(p, t.Symbol)]
        if isinstance(lower, t.Relation) and lower.signs == ("=",) and node.upper is not None:
            low, high = _index(world, lower.sides[1], at), _index(world, node.upper, at)
            ranges[letters[0].name] = range(low, high + 1)
        else:
            ranges |= {x.name: range_of(world, node.body, x.name) for x in letters}
    total: Array = np.zeros((1, 1))
    for choice in product(*ranges.values()):
        total = total + evaluate(world, node.body, {**at, **dict(zip(ranges, choice, strict=True))})
    return total


def range_of(world: World, node: t.Node, letter: str) -> range:
    """The range of a letter by what it stands below."""
    for part in t.walk(node):
        if not isinstance(part, t.Symbol):
            continue
        for place, below in enumerate(part.subscripts):
            if not (isinstance(below, t.Symbol) and below.name == letter):
                continue
            try:
                shape = world.named(key_of(part)).shape
            except NoValueError:
                continue
            axis = place if len(part.subscripts) == 2 else int(shape[0] == 1)
            return range(1, shape[axis] + 1)
    raise NoValueError(f"the range of {letter}")


# ---------------------------------------------------------------- derivatives


def derivative(world: World, of: t.Node, by: t.Node, at: dict[str, int]) -> Array:
    """Central differences: the gradient in the shape of the variable, or the p x r Jacobian."""
    symbol = _marked(by) if not isinstance(by, t.Postfix) or by.kind != "transpose" else None
    if symbol is None:
        raise NoValueError("a derivative by a transpose")
    key = key_of(symbol)
    low = key + "".join("_" + _text(x) for x in symbol.subscripts)
    whole = low in world.arrays or low in world.bodies
    key = low if whole else key
    array = world.named(key)
    places = list(np.ndindex(*array.shape))
    if symbol.subscripts and not whole:
        below = [_index(world, x, at) - 1 for x in symbol.subscripts]
        wanted = tuple(below) if len(below) == 2 else (below[0], 0)
        if array.shape[0] == 1 and len(below) == 1:
            wanted = (0, below[0])
        if wanted not in places:
            raise NoValueError("an index that does not exist")
        places = [wanted]
    else:
        places.sort(key=lambda ij: (ij[1], ij[0]))
    h = 1e-4
    rows = []
    for place in places:
        values = []
        for step in (h, -h, 2 * h, -2 * h):
            moved = array.copy()
            moved[place] += step
            values.append(evaluate(world.moved(key, moved), of, at))
        near, far = values[0] - values[1], values[2] - values[3]
        rows.append(((8 * near - far) / (12 * h)).T.reshape(-1))
    table = np.array(rows)
    if table.shape[1] == 1 and len(places) > 1:
        return table.reshape(array.shape[1], array.shape[0]).T
    return table


# ---------------------------------------------------------------- equal or not


def same(given: list[str], claim: str, other: str, seeds: tuple[int, ...] = (1, 2)) -> bool:
    """Whether the right sides of two lines are equal, for all values of the free letters."""
    first, second = read_formula(claim)[0], read_formula(other)[0]
    if first.conditions != second.conditions:
        return False
    for seed in seeds:
        world = world_of(given, seed)
        for at in choices(world, first):
            try:
                a = evaluate(world, first.sides[1], at)
            except NoValueError:
                continue
            try:
                b = evaluate(world, second.sides[1], at)
            except (NoValueError, KeyError, StopIteration, np.linalg.LinAlgError):
                return False
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-5, atol=1e-7):
                return False
    return True


def choices(world: World, line: t.Relation) -> list[dict[str, int]]:
    letters: dict[str, range] = {}
    for side in line.sides[:1]:
        for part in t.walk(side):
            if isinstance(part, t.Symbol):
                for below in part.subscripts:
                    if isinstance(below, t.Symbol):
                        for side_ in line.sides:
                            try:
                                letters.setdefault(below.name, range_of(world, side_, below.name))
                            except NoValueError:
                                continue
    return [dict(zip(letters, c, strict=True)) for c in product(*letters.values())]
