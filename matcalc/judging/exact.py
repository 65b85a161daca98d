"""Sums and products at whole numbers, in fractions: nothing is rounded, so equal means equal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from matcalc.expr import Node, is_symbol, postorder, symbol_name, symbols
from matcalc.facts import Fact

SIZES = 3
POINTS = 8
CLOSE = 1e-5
COSTLY = 60_000  # products of two numbers at one point
FREE = "at_"  # how an index of a line begins that nothing binds
Array = Any
At = Mapping[Any, Any]  # the values of sizes and indices


class NotExactError(Exception):
    """Something else than sums, products and whole powers."""


def agree(a: Node, b: Node, facts: Collection[Fact] = ()) -> bool | None:
    """Whether two expressions that agree up to rounding agree at whole numbers of several sizes.

    None if that cannot be said: there is something else than fractions, or they are far apart.
    """
    if not all(map(is_rational_function, (a, b))) or any(f.name != "symmetric" for f in facts):
        return None
    inputs = list(dict.fromkeys((*symbols(a), *symbols(b))))
    free = {i for x in (a, b) for i in x.indices}
    letters = sorted((i for i in free if i.name.startswith(FREE)), key=str)
    shaped = {d for r in (a, b) for x in postorder(r) for e in x.shape for d in e.free_symbols}
    dims = sorted(shaped | (free - set(letters)), key=str)
    try:
        return _agree(a, b, inputs, letters, dims, {fact.of for fact in facts})
    except (NotExactError, IndexError):
        return None


def _agree(
    a: Node,
    b: Node,
    inputs: Sequence[Node],
    letters: Sequence[Any],
    dims: Sequence[Any],
    symmetric: Collection[str],
) -> bool | None:
    names = {d.name: d for d in dims}
    met = 0
    for trial in range(SIZES if dims else 1):
        rng = np.random.default_rng([3, trial])
        pool = rng.permutation(np.arange(2, 3 + max(2, len(dims))))
        sizes = {d: sp.Integer(int(k)) for d, k in zip(dims, pool, strict=False)}
        for _ in range(POINTS if dims else POINTS * SIZES):
            values: dict[Node, Array] = {}
            for x in inputs:
                if (name := symbol_name(x)) in names and not x.shape:
                    values[x] = Fraction(int(sizes[names[name]]))
                    continue
                whole = rng.integers(-3, 5, size=_size(x, sizes) if x.shape else (1, 1))
                if name in symmetric:
                    whole = whole + whole.T
                values[x] = _fractions(whole) if x.shape else Fraction(int(whole[0, 0]))
            at = {**sizes, **{i: sp.Integer(int(rng.integers(0, 2))) for i in letters}}
            try:
                mine, theirs = (_value(x, values, at) for x in (a, b))
            except ZeroDivisionError:
                continue
            if not np.all(np.asarray(mine == theirs)):
                return False if _close(mine, theirs) else None
            met += 1
    return True if met else None


def _close(a: Array, b: Array) -> bool:
    x, y = (np.asarray(v, dtype=float) for v in (a, b))
    return x.shape == y.shape and bool(np.allclose(x, y, rtol=CLOSE, atol=CLOSE))


def is_rational_function(root: Node) -> bool:
    """Whether sums, products and whole powers are all there is."""
    return all(node.op.name in RULES or is_symbol(node) for node in postorder(root)) and all(
        _whole_power(node) for node in postorder(root) if node.op.name == "pow"
    )


def _whole_power(node: Node) -> bool:
    exponent = node.operands[1]
    return exponent.op.name == "number" and bool(exponent.params[0].is_Integer)


def _size(node: Node, at: At) -> tuple[int, int]:
    rows, cols = (_place(d, at) for d in node.shape)
    return rows, cols


def _place(position: Any, at: At) -> int:
    return position if isinstance(position, int) else int(position.xreplace(dict(at)))


def _fractions(whole: Array) -> Array:
    out = np.empty(whole.shape, dtype=object)
    for place in np.ndindex(whole.shape):
        out[place] = Fraction(int(whole[place]))
    return out


def _value(root: Node, values: Mapping[Node, Array], at: At) -> Array:
    image: dict[Node, Array] = {}
    cost = 0
    for node in postorder(root, stop=lambda n: n.op.name == "isum"):
        if node in values:
            image[node] = values[node]
            continue
        if node.op.name == "isum":
            image[node] = _summed(node, values, at)
            continue
        found = RULES[node.op.name](node, [image[c] for c in node.operands], at)
        image[node] = found
        cost += int(np.size(found)) * 4
        if cost > COSTLY:
            raise NotExactError("too much to be worked out in fractions")
    return image[root]


def _summed(node: Node, values: Mapping[Node, Array], at: At) -> Array:
    variable, low, high = node.params
    first, last = _place(low, at), _place(high, at)
    total: Array = Fraction(0)
    for k in range(first, last + 1):
        total = total + _value(node.operands[0], values, {**at, variable: sp.Integer(k)})
    return total


Rule = Callable[[Node, Sequence[Array], At], Array]


def _times(node: Node, parts: Sequence[Array], at: At) -> Array:
    found: Array = Fraction(1)
    for part in parts:
        both = np.ndim(found) and np.ndim(part)
        found = found @ part if both else found * part
    return found if node.shape or not np.ndim(found) else found[0, 0]


def _plus(node: Node, parts: Sequence[Array], at: At) -> Array:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _had(node: Node, parts: Sequence[Array], at: At) -> Array:
    found = parts[0]
    for part in parts[1:]:
        found = found * part
    return found


def _power(node: Node, parts: Sequence[Array], at: At) -> Array:
    return parts[0] ** int(node.operands[1].params[0])


def _diag(node: Node, parts: Sequence[Array], at: At) -> Array:
    column = parts[0].reshape(-1)
    out = _fractions(np.zeros((len(column), len(column)), dtype=int))
    for k, x in enumerate(column):
        out[k, k] = x
    return out


def _kron(node: Node, parts: Sequence[Array], at: At) -> Array:
    a, b = parts
    big = a[:, None, :, None] * b[None, :, None, :]
    return big.reshape((a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]))


def _filled(value: int) -> Rule:
    def fill(node: Node, parts: Sequence[Array], at: At) -> Array:
        return _fractions(np.full(_size(node, at), value))

    return fill


def _eye(node: Node, parts: Sequence[Array], at: At) -> Array:
    return _fractions(np.eye(*_size(node, at), dtype=int))


def _entry(node: Node, parts: Sequence[Array], at: At) -> Array:
    i, j = (_place(p, at) for p in node.params)
    return parts[0][i, j]


def _number(node: Node, parts: Sequence[Array], at: At) -> Array:
    value = node.params[0]
    if not value.is_Rational:
        raise NotExactError(f"{value} is no fraction")
    return Fraction(int(value.p), int(value.q))


RULES: dict[str, Rule] = {
    "times": _times,
    "plus": _plus,
    "hadamard": _had,
    "pow": _power,
    "transpose": lambda node, parts, at: parts[0].T,
    "tr": lambda node, parts, at: sum(parts[0].diagonal(), Fraction(0)),
    "sum": lambda node, parts, at: sum(parts[0].reshape(-1), Fraction(0)),
    "rowsum": lambda node, parts, at: parts[0].sum(axis=1, keepdims=True),
    "colsum": lambda node, parts, at: parts[0].sum(axis=0, keepdims=True),
    "diag": _diag,
    "diagonal": lambda node, parts, at: parts[0].diagonal().reshape(-1, 1),
    "kron": _kron,
    "vec": lambda node, parts, at: parts[0].T.reshape(-1, 1),
    "ones": _filled(1),
    "zeros": _filled(0),
    "eye": _eye,
    "entry": _entry,
    "item": lambda node, parts, at: parts[0][0, 0],
    "box": lambda node, parts, at: np.array([[parts[0]]], dtype=object),
    "number": _number,
    "isum": _plus,
}
