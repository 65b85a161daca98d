"""The order of factors that commute, where a notation has one.

``output``: of numbers, what arrives stands first and the slope last, as one walks from the output
back. ``variable``: of an entrywise product, the slope stands first and what arrives last, as in a
product of Jacobians from the variable on. Matrix products keep their order.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcalc.expr import Node, is_number, is_symbol, leaves, postorder, symbol_owner
from matcalc.notation import Notation
from matcalc.ops.algebra import HADAMARD, PRODUCT, TRANSPOSE
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.ops.undefined import FUNCTION
from matcalc.reverse import Adjoints


def numbers_in_order(factors: Sequence[Node], notation: Notation) -> list[Node]:
    """The factors of a product of numbers: what arrives, what lies between, the slope."""
    if notation.factors != "output" or not any(map(mentions_adjoint, factors)):
        return list(factors)
    return sorted(factors, key=_distance)


def letters_first(factors: Sequence[Node]) -> list[Node]:
    """The factors on a fraction: letters before functions of letters, which have no end otherwise."""
    return sorted(factors, key=lambda a: a.op.name in ENTRYWISE and a.op.name != "pow")


def entries_in_order(factors: Sequence[Node], notation: Notation) -> list[Node]:
    """The factors of an entrywise product: slopes before what comes through matrices, or as they
    are."""
    if notation.factors != "variable":
        return list(factors)
    return sorted(factors, key=_comes_through)


def scaled_behind(factors: Sequence[Node], notation: Notation) -> list[Node]:
    """The numbers that stand behind an entrywise product, being what arrives there."""
    matrices = [a for a in factors if a.shape]
    if notation.factors != "variable" or [a.op for a in matrices] != [HADAMARD]:
        return []
    return [a for a in factors if not a.shape and (a.operands or mentions_adjoint(a))]


def mentions_adjoint(node: Node) -> bool:
    """Whether what arrives somewhere occurs."""
    return any(isinstance(symbol_owner(n), Adjoints) for n in leaves(node) if is_symbol(n))


def _distance(factor: Node) -> int:
    """How far from the output a factor belongs; a number goes before all."""
    if is_number(factor) or mentions_adjoint(factor):
        return -1 if is_number(factor) else 0
    return 2 if factor.op is FUNCTION and factor.params[1] else 1


def _comes_through(factor: Node) -> bool:
    return mentions_adjoint(factor) or any(
        n.op is TRANSPOSE or (n.op is PRODUCT and sum(bool(a.shape) for a in n.operands) > 1)
        for n in postorder(factor)
    )
