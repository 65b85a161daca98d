"""What the truth of a line rests on: laws, whole numbers in exact arithmetic, or points alone."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from itertools import islice, product
from math import prod
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError
from matcalc.expr import Node, postorder, rebuilt
from matcalc.facts import Fact
from matcalc.indexform import entry_form
from matcalc.judging import exact
from matcalc.judging.environment import ONE, Environment
from matcalc.judging.finding import EQUAL, Finding
from matcalc.judging.free_letters import free_letters
from matcalc.judging.lifted_names import identifier
from matcalc.judging.lifting import Lift
from matcalc.judging.scope import Scope
from matcalc.judging.values import Misfit, OutOfRange, TooMuch, Unread
from matcalc.judging.worlds import World
from matcalc.ops.algebra import (
    HADAMARD,
    PRODUCT,
    SUM_OP,
    add,
    eye,
    had,
    inner,
    is_zero,
    mul,
    sub,
    t,
)
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.binder import at_index, index
from matcalc.ops.entries import entry
from matcalc.ops.entrywise import power
from matcalc.reading import tree
from matcalc.rewrite.simplify import simplify


class Grounds(Enum):
    """From a proof down to two sides that rounding makes equal."""

    LAWS = "proved by rewriting"
    FRACTIONS = "in exact fractions"
    POINTS = ""
    NEARLY = "the sides differ in exact arithmetic, by less than rounding shows"


LARGEST = 400  # pieces of an expression that laws are tried on
LONGEST = 1000  # pieces of a formula that is made an expression
MOST = 64  # terms of a product that is multiplied out
FACTS = {
    "symmetric": "symmetric",
    "definite": "symmetric",
    "positive definite": "symmetric",
    "diagonal": "diagonal",
    "orthogonal": "orthogonal",
    "lower triangular": "lower_triangular",
    "upper triangular": "upper_triangular",
}
REFUSALS = (MatcalcError, Misfit, OutOfRange, Unread, TooMuch, ArithmeticError, ValueError,
            IndexError, TypeError, NotImplementedError, RecursionError)  # fmt: skip


def facts_of(env: Environment) -> list[Fact]:
    """What the page says of its matrices, as facts about their expressions."""
    found = []
    for key, domain in env.domains.items():
        if domain in FACTS:
            found.append(Fact(FACTS[domain], identifier(key)))
        elif domain in ("onehot", "simplex") and key in env.shapes:
            column = env.shapes[key][1] == ONE
            name = "cols_sum_to_one" if column else "rows_sum_to_one"
            found.append(Fact(name, identifier(key)))
    return found


def is_long(node: tree.Node) -> bool:
    """Whether a formula is too long for the laws of the engine."""
    return next(islice(tree.walk(node), LONGEST, None), None) is not None


def lifted(env: Environment, line: tree.Relation, finding: Finding) -> list[Node] | None:
    """The sides as expressions, if all have one of the same shape."""
    if is_long(line):
        return None
    lift = lift_of(env, line, finding.layout[0])
    sides = lift.together(line.sides)
    alike = all(side.shape == sides[0].shape for side in sides)
    small = sum(1 for side in sides for _ in postorder(side)) <= LARGEST
    return sides if alike and small else None


def lift_of(env: Environment, line: tree.Relation, layout: str) -> Lift:
    """What makes the sides of a line expressions, its free letters indices."""
    free = _free(env, line)
    lift = Lift(env, layout, indices=free)
    lift.axes = {letter: axis for letter in free if (axis := _axis(lift, letter, line)) is not None}
    return lift


def _free(env: Environment, line: tree.Relation) -> dict[str, Any]:
    """The index letters that nothing binds, each with an index of its own."""
    letters, _ = free_letters(Scope(World(env, {})), line)
    return {letter: index(f"{exact.FREE}{letter}") for letter in letters}


def _axis(lift: Lift, letter: str, line: tree.Relation) -> tuple[Any, Any] | None:
    """The first number of a free letter, and how many there are."""
    try:
        _, low, high = lift.whole_axis(tree.Symbol(letter, letter), line)
    except MatcalcError:
        return None
    return low, high - low + 1


def grounds(env: Environment, line: tree.Relation, finding: Finding) -> Grounds:
    """What the truth of a line that holds at all points rests on."""
    vague = finding.layout[1] or env.constraints or env.identity_activation
    numbers = any(isinstance(p, tree.Number) and "." in p.text for p in tree.walk(line))
    if vague or numbers or not set(line.signs) <= EQUAL - {r"\approx"}:
        return Grounds.POINTS
    try:
        sides = lifted(env.copy(), line, finding)
        if sides is None:
            return Grounds.POINTS
        facts = facts_of(env)
        first, *rest = sides
        if all(same_form(first, other, facts) for other in rest):
            return Grounds.LAWS
        exactly = [exact.agree(first, other, facts) for other in rest]
    except REFUSALS:
        return Grounds.POINTS
    if False in exactly:
        return Grounds.NEARLY
    return Grounds.POINTS if None in exactly else Grounds.FRACTIONS


def same_form(a: Node, b: Node, facts: list[Fact]) -> bool:
    """Whether two expressions have one normal form, or their difference vanishes."""
    if a is b or simplify(a, facts=facts) is simplify(b, facts=facts):
        return True
    if a.indices or b.indices:
        a, b = (simplify(with_deltas(entry_form(x, 0, 0)), facts=facts) for x in (a, b))
    if is_zero(simplify(sub(a, b), facts=facts)):
        return True
    apart = multiplied_out(simplify(a, facts=facts)), multiplied_out(simplify(b, facts=facts))
    gap = multiplied_out(sub(*apart))
    return is_zero(simplify(gap, facts=facts)) or is_zero(simplify(sifted(gap), facts=facts))


def sifted(root: Node) -> Node:
    """A sum of products in which a Kronecker delta makes its two indices one: ``d_ij p_j`` is ``d_ij p_i``."""
    return add(*map(_sifted, _terms(root)))


def _sifted(term: Node) -> Node:
    factors = list(term.operands) if term.op in (PRODUCT, HADAMARD) else [term]
    for k, delta in enumerate(factors):
        if delta.op.name != "entry" or delta.operands[0].op.name != "eye":
            continue
        i, j = delta.params
        letter = next((x for x in j.free_symbols if x in delta.indices), None)
        if letter is not None and (i - j).coeff(letter) == -1:
            others = [at_index(f, {letter: i - j + letter}) for f in factors if f is not delta]
            factors = [*others[:k], delta, *others[k:]]
    return mul(*factors)


def with_deltas(root: Node) -> Node:
    """Entries of arrays that have one entry, as that entry times Kronecker deltas; of slices."""
    image: dict[Node, Node] = {}
    for node in postorder(root):
        parts = tuple(image[child] for child in node.operands)
        image[node] = _as_delta(node, parts[0]) if node.op.name == "entry" else rebuilt(node, parts)
    return image[root]


def _as_delta(node: Node, whole: Node) -> Node:
    """``e_i`` at j, and the identity at (j, i), as the identity at (i, j)."""
    i, j = node.params
    if whole.op.name == "eye":
        return entry_form(whole, *sorted((i, j), key=str))
    if whole.op.name == "slice":
        return entry_form(whole, i, j)
    if whole.op.name != "place":
        return rebuilt(node, (whole,))
    block, (top, left, rows, cols) = whole.operands[0], whole.params
    at, deltas = [], []
    for here, first, size, own in ((i, top, rows, 0), (j, left, cols, 1)):
        length = block.shape[own] if block.shape else sp.Integer(1)
        if shapes.same(length, size):
            at.append(here)
        elif length == 1:
            at.append(sp.Integer(0))
            deltas.append(entry_form(eye(size), *sorted((first, here), key=str)))
        else:
            return rebuilt(node, (whole,))
    return mul(entry_form(block, *at) if block.shape else block, *deltas)


# ---------------------------------------------------------------- sums of products


def multiplied_out(root: Node) -> Node:
    """Products, traces and sums of sums term by term; ``diag(c) A`` entry by entry."""
    image: dict[Node, Node] = {}
    for node in postorder(root):
        parts = tuple(image[child] for child in node.operands)
        rule = OPENED.get(node.op.name)
        image[node] = rule(node, parts) if rule is not None else rebuilt(node, parts)
    return image[root]


def _terms(node: Node) -> tuple[Node, ...]:
    return node.operands if node.op is SUM_OP else (node,)


def _each(parts: tuple[Node, ...], joined: Callable[..., Node]) -> Node:
    """``joined`` of every choice of terms."""
    if prod(len(_terms(p)) for p in parts) > MOST:
        return joined(*parts)
    return add(*(joined(*choice) for choice in product(*map(_terms, parts))))


def _product(node: Node, parts: tuple[Node, ...]) -> Node:
    return _each(parts, _scaled_rows)


def _scaled_rows(*factors: Node) -> Node:
    """A product in which ``diag(c)`` stands before a column as an entrywise product.

    Numbers stand in an order of their own.
    """
    left = sorted((f for f in factors if not f.shape), key=str)
    left += [f for f in factors if f.shape]
    for k in range(len(left) - 2, -1, -1):
        behind = left[k + 1 :]
        if left[k].op.name == "diag" and left[k].operands[0].shape[1:] == (1,):
            rest = mul(*behind)
            if rest.shape[1:] == (1,):
                left = [*left[:k], had(left[k].operands[0], rest)]
    return mul(*left)


def _along(node: Node, parts: tuple[Node, ...]) -> Node:
    """What is linear, of every term, numbers in front."""

    def one(part: Node) -> Node:
        if part.op is PRODUCT:
            scalars = [f for f in part.operands if not f.shape]
            arrays = [f for f in part.operands if f.shape]
            if scalars and arrays:
                return mul(*scalars, one(mul(*arrays)))
        if node.op.name == "sum" and part.op is HADAMARD and len(part.operands) == 2:
            return _around(mul(t(part.operands[0]), part.operands[1]))
        return _around(part) if node.op.name == "tr" else rebuilt(node, (part,))

    return _each(parts, one)


def _around(matrix: Node) -> Node:
    """A trace, the same for all ways to turn a product round."""
    factors = matrix.operands if matrix.op is PRODUCT else (matrix,)
    turned = tuple(t(f) for f in reversed(factors))
    ways = [(*f[k:], *f[:k]) for f in (factors, turned) for k in range(len(factors))]
    return FUNCTIONS["tr"](mul(*min(ways, key=str)))


def _entry(node: Node, parts: tuple[Node, ...]) -> Node:
    """An entry of a matrix or of its transpose, whichever is spelled first."""
    i, j = node.params
    factors = parts[0].operands if parts[0].op is PRODUCT else (parts[0],)
    turned = mul(*(t(f) for f in reversed(factors)))
    return min((entry(parts[0], i, j), entry(turned, j, i)), key=str)


def _inverse(node: Node, parts: tuple[Node, ...]) -> Node:
    """The inverse of a product of square matrices, factor by factor."""
    inverse = FUNCTIONS["inv"]
    factors = parts[0].operands if parts[0].op is PRODUCT else ()
    if any(f.shape and not shapes.same(*f.shape) for f in factors) or not factors:
        return rebuilt(node, parts)
    return mul(*(inverse(f) if f.shape else power(f, -1) for f in reversed(factors)))


OPENED: dict[str, Callable[[Node, tuple[Node, ...]], Node]] = {
    "times": _product,
    "hadamard": lambda node, parts: _each(parts, lambda *x: had(*sorted(x, key=str))),
    "adj": lambda node, parts: mul(FUNCTIONS["det"](parts[0]), FUNCTIONS["inv"](parts[0])),
    "inv": _inverse,
    "norm2": lambda node, parts: power(inner(*parts, *parts), sp.Rational(1, 2)),
    "entry": _entry,
    "tr": _along,
    "sum": _along,
    "transpose": lambda node, parts: _each(parts, t),
    "isum": _along,
}
