"""Functions with kinks: choices between two values, and the indicators of extremes."""

from __future__ import annotations

import itertools

import sympy as sp

from matcalc.expr import Node, as_number, is_number, number
from matcalc.ops.algebra import (
    HADAMARD,
    ONES,
    SUM_OP,
    add,
    coefficient,
    had,
    is_zero,
    mul,
    one_of,
    ones,
    zero_of,
)
from matcalc.rewrite.law import law, make_op, settled, shorter, without


@law("step", "sign")
def sign_of_multiple(node: Node) -> Node | None:
    r"""$\mathbf 1[cu > 0] = \mathbf 1[u > 0]$ for positive numbers c. Shrinks: a number goes."""
    terms = _terms(node.operands[0])
    sizes = [abs(coefficient(term)[0]) for term in terms]
    shared = sp.gcd_list(sizes)
    if shared in (0, 1):
        return None
    return shorter(node, make_op(node.op.name, add(*(mul(number(1 / shared), a) for a in terms))))


@law("step")
def step_of_extremum(node: Node) -> Node | None:
    r"""$\mathbf 1[\max(u, c) > b] = \mathbf 1[u > b]$ for numbers $c \le b$, and what follows from it
    for min, for the other side and for other numbers. Shrinks: a word goes."""
    found = [(term, cut) for term in _terms(node.operands[0]) if (cut := _cut(term))]
    if len(found) != 1:
        return None
    term, (u, c, upper) = found[0]
    front = coefficient(term)[0]
    rest = add(*(a for a in _terms(node.operands[0]) if a is not term))
    value, one = coefficient(rest)
    if not (is_zero(rest) or is_number(rest) or one.op is ONES):
        return None
    b = sp.Integer(0) if is_zero(rest) else -value / front
    # E > b where the sign in front is positive, E < b where it is negative; E is cut off at c.
    above = front > 0
    if above == upper:
        if (c <= b) if above else (c >= b):
            return zero_of(node.shape)
    elif (c > b) if above else (c < b):
        return one_of(node.shape)
    other = add(u, mul(number(-b), one_of(node.shape)))
    return shorter(node, settled(make_op("step", other if above else mul(-1, other))))


def _terms(node: Node) -> tuple[Node, ...]:
    return node.operands if node.op is SUM_OP else (node,)


def _cut(term: Node) -> tuple[Node, sp.Rational, bool] | None:
    """What an extreme is of, the number at which it is cut off, and whether from above."""
    extreme = coefficient(term)[1]
    if extreme.op.name == "relu":
        return extreme.operands[0], sp.Integer(0), False
    if extreme.op.name in ("max", "min"):
        for u, c in itertools.permutations(extreme.operands):
            value, one = coefficient(c)
            if u.shape == term.shape and (is_number(c) or one.op is ONES or is_zero(c)):
                return u, sp.Integer(0) if is_zero(c) else value, extreme.op.name == "min"
    return None


@law("where")
def choice_of_one(node: Node) -> Node | None:
    r"""$\operatorname{where}(\mathbf 1[u > 0], 1, 0) = \mathbf 1[u > 0]$, and $1 - \mathbf 1[u > 0]$
    where 0 and 1 are exchanged. Shrinks: a word goes, and two numbers."""
    c, a, b = node.operands
    if c.op.name != "step" or c.shape != node.shape:
        return None
    one = ones(*node.shape) if node.shape else number(1)
    if _is(a, 1) and _is(b, 0):
        return c
    return add(one, mul(-1, c)) if _is(a, 0) and _is(b, 1) else None


def _is(node: Node, value: int) -> bool:
    """Whether all entries are this number, 0 or 1."""
    constant = is_zero(node) if value == 0 else node.op is ONES
    return constant or (is_number(node) and bool(as_number(node) == value))


@law("hadamard", "times")
def choices_alike(node: Node) -> Node | None:
    r"""$\operatorname{where}(c, a, b) \odot \operatorname{where}(c, u, v) =
    \operatorname{where}(c, a \odot u, b \odot v)$. Shrinks: one choice for two."""
    entrywise = node.op is HADAMARD
    choices = [f for f in node.operands if f.op.name == "where" and (entrywise or not f.shape)]
    for first, second in itertools.combinations(choices, 2):
        (c, *ways), (other, *others) = first.operands, second.operands
        if c.content == other.content:
            both = (settled(_product(a, b)) for a, b in zip(ways, others, strict=True))
            rest = without(node.operands, first, second)
            join = had if entrywise else mul
            return shorter(node, join(make_op("where", c, *both), *rest))
    return None


def _product(*factors: Node) -> Node:
    """Entry by entry, where a number stands for a constant matrix."""
    numbers = [f for f in factors if not f.shape]
    matrices = [f for f in factors if f.shape]
    return mul(*numbers, had(*matrices)) if matrices else mul(*numbers)
