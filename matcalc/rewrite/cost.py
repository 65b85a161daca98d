"""How long an expression is on the page: what every law makes smaller."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from matcalc.expr import BUILD, Node, as_number, is_long, is_number, postorder

_COSTS: WeakKeyDictionary[Node, int] = WeakKeyDictionary()

# A symbol or number counts 10; marks and function names count a little, so that between two forms
# with as many symbols the one with fewer marks is the shorter.
SYMBOL = 10
ONES = 12
MARK = {"transpose": 2, "inv": 3, "hadamard": 1, "times": 1, "plus": 1, "item": 0, "box": 0}
FUNCTION = 4
COMPOUND = 6
TURNED = 5
MIRRORED = 3 * SYMBOL  # more than "1 -", whatever else has to be written otherwise
DIVIDED = 14
LONG_NUMBER = 1000


def cost(root: Node) -> int:
    """Symbols and numbers on the page, shared parts counted every time they are written."""
    found = _COSTS.get(root)
    if found is not None:
        return found
    for node in postorder(root, stop=_COSTS.__contains__):
        if node not in _COSTS:
            _COSTS[node] = own_cost(node, _COSTS)
    return _COSTS[root]


def own_cost(node: Node, below: Mapping[Node, int]) -> int:
    """The cost of a node, given those of its operands."""
    name = node.op.name
    if not node.operands:
        if is_number(node):
            return _number(as_number(node))
        # eye(n) is one symbol on the page, ones(n, m) a little more than one.
        return ONES if name == "ones" else SYMBOL
    if name == "pow" and is_number(node.operands[1]) and as_number(node.operands[1]) == -1:
        return below[node.operands[0]] + 2
    joints = MARK.get(name, FUNCTION) * max(1, len(node.operands) - 1)
    if name in ("times", "hadamard") and any(map(_has_fractions, node.operands)):
        joints += COMPOUND
    if name in ("times", "hadamard") and _meets_its_mirror(node):
        joints += MIRRORED
    if name == "plus":
        joints += SYMBOL * sum(map(_is_below, node.operands))  # the 1 above the line
    if name == "times":
        joints += SYMBOL * sum(_is_below(_upright(a)) for a in node.operands if a.shape)
    if name == "times" and _opposes(node):
        joints += TURNED
    if name == "times" and _is_negated_sum(node):
        joints += 1
    if name == "times" and node.shape:
        joints += DIVIDED * _scaled_by_reciprocals(node)
    if name == "plus" and any(map(_is_negative_constant, node.operands)):
        # A sign costs little in front of a factor; as a term -1 is a number like any other.
        joints += TURNED + (
            SYMBOL if any(is_number(a) and as_number(a) == -1 for a in node.operands) else 0
        )
    if name == "plus" and times_one_minus(node):
        joints += SYMBOL + TURNED
    if name == "times" and any(map(_adds_scaled_identity, node.operands)):
        joints += TURNED
    if name == "plus" and node.shape:
        # Among other terms a matrix of ones is written as the number 1.
        joints -= sum(ONES - SYMBOL + 1 for c in node.operands if c.op.name == "ones")
    parameters = (
        sum(SYMBOL for p in node.params if not isinstance(p, bool)) if name in PARAMETRIC else 0
    )
    return sum(below[c] for c in node.operands) + joints + parameters


PARAMETRIC = {"isum", "mpow", "kron_contract", "unvec", "slice", "place", "entry"}


def _adds_scaled_identity(factor: Node) -> bool:
    """(A - c I) x: with a c that is a whole formula, A x - c x reads better."""
    return factor.op.name == "plus" and any(
        a.op.name == "times"
        and any(b.op.name == "eye" for b in a.operands)
        and any(b.operands and not b.shape for b in a.operands)
        for a in factor.operands
    )


def _has_fractions(node: Node) -> bool:
    """A sum with a quotient among its terms: as a factor it makes a fraction of fractions."""
    return node.op.name == "plus" and any(_is_quotient(a) for a in node.operands)


def _is_negative_constant(term: Node) -> bool:
    """A - 1 reads worse than 1 - A."""
    if is_number(term):
        return bool(as_number(term) < 0)
    return (
        term.op.name == "times"
        and is_number(term.operands[0])
        and bool(as_number(term.operands[0]) < 0)
        and all(a.op.name == "ones" for a in term.operands[1:])
    )


def times_one_minus(node: Node) -> tuple[Node, list[Node]] | None:
    """u - u v, for which a person writes u (1 - v), as u and the factors of v; in S - S^3 these are
    S and S^2."""
    if len(node.operands) != 2:
        return None
    (c, first), (d, second) = map(_apart, node.operands)
    if c != -d:
        return None
    for term, own, other in zip(node.operands, (first, second), (second, first), strict=True):
        rest = _without(other, own)
        if rest:
            return term, rest
    return None


def _without(factors: Sequence[Node], gone: Sequence[Node]) -> list[Node]:
    """The factors that are left when some are taken out; none if that cannot be."""
    left = list(factors)
    for factor in gone:
        k = next((k for k, f in enumerate(left) if f is factor or _is_power(f, factor)), None)
        if k is None:
            return []
        found = left.pop(k)
        if found is not factor:
            exponent = as_number(found.operands[1]) - 1
            left.insert(k, BUILD["pow"](factor, exponent))
    return left


def _is_power(factor: Node, u: Node) -> bool:
    if factor.op.name != "pow" or factor.operands[0] is not u:
        return False
    return is_number(factor.operands[1]) and bool(as_number(factor.operands[1]) > 1)


def _apart(term: Node) -> tuple[Any, tuple[Node, ...]]:
    """The number in front of a term, and the factors that multiply entry by entry after it."""
    if term.op.name == "times" and not term.shape:
        first, *rest = term.operands
        return (as_number(first), tuple(rest)) if is_number(first) else (1, term.operands)
    value: Any = 1
    if term.op.name == "times" and len(term.operands) == 2 and is_number(term.operands[0]):
        value, term = as_number(term.operands[0]), term.operands[1]
    return value, term.operands if term.op.name == "hadamard" else (term,)


def _meets_its_mirror(node: Node) -> bool:
    """s(u) beside s(-u): there a person writes 1 - s(u)."""
    factors = [a.operands[0] if a.op.name == "pow" else a for a in node.operands]
    own = [_signed(a.operands[0]) for a in factors if a.op.name == "sigmoid"]
    if not own:
        return False
    inside = [_signed(u) for a in factors for u in _sigmoids(a, 4)]
    return any(c == -d and rest == other for c, rest in own for d, other in inside)


def _sigmoids(node: Node, depth: int) -> list[Node]:
    """The u of every sigmoid(u) below sums, products and powers."""
    if node.op.name == "sigmoid":
        return [node.operands[0]]
    if depth and node.op.name in ("plus", "times", "hadamard", "pow"):
        return [u for a in node.operands for u in _sigmoids(a, depth - 1)]
    return []


def _is_negated_sum(node: Node) -> bool:
    """-(A + B): where a sign inside will do, it stands inside."""
    return (
        len(node.operands) == 2
        and node.operands[1].op.name == "plus"
        and is_number(node.operands[0])
        and as_number(node.operands[0]) == -1
    )


def _opposes(node: Node) -> bool:
    """(x - y)(y - x)': a person writes the same bracket twice, and the sign in front."""
    upright = [_upright(a) for a in node.operands]
    inside = [_upright(b) for a in upright if a.op.name == "times" for b in a.operands]
    brackets = [a for a in (*upright, *inside) if a.op.name == "plus"]
    if len(brackets) < 2:
        return False
    return any(
        len(a.operands) == len(b.operands)
        and {_signed(term) for term in a.operands} == {_signed(term, -1) for term in b.operands}
        for a, b in itertools.combinations(brackets, 2)
    )


def _signed(term: Node, turned: int = 1) -> tuple[Any, frozenset[bytes]]:
    """A term as its number and the contents of the rest, transposes aside."""
    factors = term.operands if term.op.name == "times" else (term,)
    value, rest = turned, factors
    if is_number(factors[0]):
        value, rest = turned * as_number(factors[0]), factors[1:]
    return value, frozenset(_either_way(f) for f in rest)


def _either_way(factor: Node) -> bytes:
    """The same for a factor and its transpose; a matrix of ones turns into one of another shape."""
    if factor.op.name == "ones":
        return b"1" + "|".join(sorted(map(str, factor.shape))).encode()
    return _upright(factor).content


def _scaled_by_reciprocals(node: Node) -> int:
    """How often one matrix is divided, row by row or column by column: A ./ (s 1') reads better
    than diag(1./s) A."""
    ms = [a for a in node.operands if a.shape]
    diagonals = [a for a in ms if a.op.name == "diag"]
    if not diagonals or len(ms) != len(diagonals) + 1:
        return 0
    return sum(_is_below(_upright(a.operands[0])) for a in diagonals)


def _upright(node: Node) -> Node:
    return node.operands[0] if node.op.name == "transpose" else node


def _is_quotient(term: Node) -> bool:
    parts = term.operands if term.op.name in ("times", "hadamard") else ()
    return any(
        _is_below(b) or (b.op.name == "hadamard" and any(map(_is_below, b.operands))) for b in parts
    )


def _is_below(node: Node) -> bool:
    return (
        node.op.name == "pow"
        and is_number(node.operands[1])
        and as_number(node.operands[1]).is_negative
    )


def _number(value: Any) -> int:
    """Small numbers are read at once; a long one counts by its digits, a decimal as typed."""
    if value == -1:
        return 2
    if not value.is_Rational:
        return SYMBOL
    p, q = abs(int(value.p)), int(value.q)
    if is_long(value):
        return SYMBOL + len(str(q))  # shown as a decimal
    long = SYMBOL // 2 if p >= LONG_NUMBER else 0
    return (SYMBOL if q == 1 or p == 1 else 2 * SYMBOL) + long
