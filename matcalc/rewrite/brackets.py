"""An expression in the brackets that it repeats.

A lecturer who has ``xc = x - mean(x)`` on the board writes on in ``xc``: ``a'*xc``, not ``a'*x -
sum(a)*sum(x)/n``. Here a bracket ``S = x + r`` that stands in several places becomes a letter, and
the ``x`` that is left becomes ``S - r``; what the laws make of this is written with the bracket
again.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from matcalc.expr import Node, is_symbol, leaves, postorder, substitute
from matcalc.ops.algebra import PRODUCT, SUM_OP, TRANSPOSE, add, coefficient, is_zero, mul
from matcalc.ops.reduce import axis_sum
from matcalc.rewrite.cost import SYMBOL, cost
from matcalc.rewrite.flip import is_symmetric
from matcalc.rewrite.law import settled
from matcalc.rewrite.orientation import family
from matcalc.rewrite.template import placeholder

FIRST = 10_000  # the placeholders of an expression are counted from 0
WORTH = 3 * SYMBOL  # a shorter bracket is written out
MOST = 3


class InBrackets:
    """An expression in letters for the brackets it repeats."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.meaning: list[tuple[Node, Node]] = []  # letter, what it stands for, inner ones first
        for bracket, others in _repeated(postorder(root)):
            if len(self.meaning) < MOST:
                self._name(bracket, others)

    def restored(self, node: Node) -> Node:
        """What was made of the expression, written with the brackets."""
        for letter, meaning in reversed(self.meaning):
            node = substitute(node, {letter: meaning})
        return node

    def _name(self, bracket: Node, others: dict[Node, int]) -> None:
        """The letter for a bracket, if something of the bracket stands elsewhere, too."""
        before = len(self.meaning)
        letter = self._letter(bracket, _shown(bracket))
        swaps = {same: mul(sign, letter) for same, sign in others.items()}
        other = substitute(self.root, {bracket: letter, **swaps})
        for term in bracket.operands:
            c, x = coefficient(term)
            rest = add(*(a for a in bracket.operands if a is not term))
            if abs(c) != 1 or not is_symbol(x) or x not in leaves(other):
                continue
            own = {a: self._letter(a, ()) for a in _atoms_with(x, rest)}
            if x in own:
                break
            other, rest = substitute(other, own), substitute(rest, own)
            self.root = substitute(other, {x: mul(c, add(letter, mul(-1, rest)))})
            return
        del self.meaning[before:]

    def _letter(self, meaning: Node, facts: tuple[str, ...]) -> Node:
        letter = placeholder(FIRST + len(self.meaning), meaning.shape, facts)
        self.meaning.append((letter, meaning))
        return letter


def _repeated(order: Sequence[Node]) -> list[tuple[Node, dict[Node, int]]]:
    """The brackets that stand in several places, each with the sums that are it in another order
    (1) or its negative (-1)."""
    uses: dict[Node, int] = {}
    for node in order:
        for child in node.operands:
            uses[child] = uses.get(child, 0) + 1
    found: dict[Hashable, dict[Node, int]] = {}
    for node in order:
        if node.op is SUM_OP and node.shape and not node.indices and cost(node) >= WORTH:
            key, sign = family(node)
            found.setdefault(key, {})[node] = sign
    return [
        (first, {node: sign * sides[first] for node, sign in sides.items() if node is not first})
        for sides in found.values()
        for first in list(sides)[:1]
        if sum(uses.get(side, 0) for side in sides) > 1 or _centred(first)
    ]


def _shown(bracket: Node) -> tuple[str, ...]:
    """The facts that a bracket shows."""
    found = _centred(bracket)
    return (*found, "symmetric") if is_symmetric(bracket) else found


def _centred(bracket: Node) -> tuple[str, ...]:
    """Which of its sums are zero."""
    sums = ("cols_sum_to_zero", "rows_sum_to_zero")
    return tuple(fact for k, fact in enumerate(sums) if is_zero(settled(axis_sum(bracket, k))))


def _atoms_with(x: Node, node: Node) -> list[Node]:
    """The parts of a sum of products in which x occurs."""
    todo, found = [node], []
    while todo:
        part = todo.pop()
        if part.op in (SUM_OP, PRODUCT, TRANSPOSE):
            todo.extend(part.operands)
        elif x in leaves(part):
            found.append(part)
    return found
