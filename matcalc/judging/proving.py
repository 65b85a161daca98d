"""What the truth of a line rests on: laws, whole numbers in exact arithmetic, or points alone."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from itertools import islice, product
from math import prod
from typing import Any

from matcalc.errors import MatcalcError
from matcalc.expr import Node, postorder, rebuilt
from matcalc.facts import Fact
from matcalc.indexform import entry_form
from matcalc.judging import exact
from matcalc.judging.environment import ONE, Environment
from matcalc.judging.free_letters import free_letters
from matcalc.judging.lifted_names import identifier
from matcalc.judging.lifting import Lift
from matcalc.judging.lines import EQUAL, Finding
from matcalc.judging.scope import Scope
from matcalc.judging.values import Misfit, OutOfRange, TooMuch, Unread
from matcalc.judging.worlds import World
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, add, eye, had, is_zero, mul, sub, t
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.binder import index
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
    free = _free(env, line)
    lift = Lift(env, finding.layout[0], indices=free)
    lift.axes = {letter: axis for letter in free if (axis := _axis(lift, letter, line)) is not None}
    sides = [lift(side) for side in line.sides]
    alike = all(side.shape == sides[0].shape for side in sides)
    small = sum(1 for side in sides for _ in postorder(side)) <= LARGEST
    return sides if alike and small else None


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
        a, b = (simplify(_with_deltas(entry_form(x, 0, 0)), facts=facts) for x in (a, b))
    if is_zero(simplify(sub(a, b), facts=facts)):
        return True
    apart = multiplied_out(simplify(a, facts=facts)), multiplied_out(simplify(b, facts=facts))
    return is_zero(simplify(multiplied_out(sub(*apart)), facts=facts))


def _with_deltas(root: Node) -> Node:
    """Entries of arrays that have one entry, as that entry times Kronecker deltas."""
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
    if whole.op.name != "place" or whole.operands[0].shape:
        return rebuilt(node, (whole,))
    top, left, rows, cols = whole.params
    deltas = [entry_form(eye(n), *sorted(at, key=str)) for n, at in
              ((rows, (top, i)), (cols, (left, j))) if n != 1]  # fmt: skip
    return mul(whole.operands[0], *deltas)


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


OPENED: dict[str, Callable[[Node, tuple[Node, ...]], Node]] = {
    "times": _product,
    "hadamard": lambda node, parts: _each(parts, had),
    "tr": _along,
    "sum": _along,
    "transpose": lambda node, parts: _each(parts, t),
    "isum": _along,
}
