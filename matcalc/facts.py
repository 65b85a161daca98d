"""Facts about symbols: sympy's ``Q`` predicates and a few of ours, under one namespace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.assumptions.assume import AppliedPredicate

from matcalc import shapes
from matcalc.errors import DomainError, ShapeError, wants
from matcalc.expr import Node, is_symbol, read, symbol_name

KNOWN = [
    "symmetric",
    "orthogonal",
    "diagonal",
    "positive_definite",
    "invertible",
    "lower_triangular",
    "upper_triangular",
    "rows_sum_to_one",
    "cols_sum_to_one",
    "rows_sum_to_zero",
    "cols_sum_to_zero",
    "idempotent",
    "constant",
]


EQUATIONS = {
    "symmetric": r"A^\top = A",
    "orthogonal": r"Q^\top Q = I",
    "diagonal": r"A = \operatorname{diag}(a)",
    "positive_definite": r"A^\top = A \succ 0",
    "invertible": r"\det A \neq 0",
    "lower_triangular": r"\operatorname{tril}(L) = L",
    "upper_triangular": r"\operatorname{triu}(U) = U",
    "rows_sum_to_one": r"Y\,\mathbf{1} = \mathbf{1}",
    "cols_sum_to_one": r"\mathbf{1}^\top Y = \mathbf{1}^\top",
    "rows_sum_to_zero": r"A\,\mathbf{1} = 0",
    "cols_sum_to_zero": r"\mathbf{1}^\top A = 0",
    "idempotent": r"P P = P",
    "constant": r"dA = 0",
}


SQUARE = {"symmetric", "orthogonal", "diagonal", "positive_definite", "invertible", "idempotent"}
OF_NUMBERS = {"constant"}


@dataclass(frozen=True)
class Fact:
    """A property assumed of a symbol, such as symmetric or rows_sum_to_one."""

    name: str
    of: str

    def __str__(self) -> str:
        return f"{self.name}({self.of})"

    @property
    def equation(self) -> str:
        """The fact as an equation in LaTeX, like the equations of the rules."""
        return EQUATIONS[self.name]


class _Predicates:
    """``Q.symmetric(K)``, ``Q.rows_sum_to_one(Y)``, ..."""

    def __getattr__(self, name: str) -> Any:
        if name not in KNOWN:
            raise AttributeError(f"there is no fact {name}; there are {', '.join(KNOWN)}")

        def state(of: Any) -> Fact:
            return Fact(name, _name_of(of))

        return state

    def __dir__(self) -> list[str]:
        return list(KNOWN)


Q = _Predicates()


def _name_of(of: Any) -> str:
    if isinstance(of, str):
        return of
    node = read(of)
    if not is_symbol(node):
        raise DomainError(f"a fact is stated of a symbol, not of {node}")
    return symbol_name(node)


def refuse_misfit(fact: Fact, node: Node) -> None:
    """A fact is stated of what can have it: only a square matrix is symmetric."""
    word = fact.name.replace("_", " ")
    if not node.shape:
        if fact.name not in OF_NUMBERS:
            raise ShapeError(f"{fact}: {fact.of} is a number, and only a matrix can be {word}")
    elif fact.name in SQUARE and node.shape[0] != node.shape[1]:
        raise ShapeError(
            f"{fact}: {fact.of} is {shapes.show(node.shape)}, and only a square matrix can be {word}"
        )


def is_symmetric_symbol(node: Node, facts: Iterable[Fact]) -> bool:
    """Whether a symbol is assumed symmetric."""
    symmetric = ("symmetric", "positive_definite")
    return any(f.name in symmetric and f.of == symbol_name(node) for f in facts)


def as_facts(facts: Any) -> list[Fact]:
    """Facts from our predicates, sympy's applied predicates, or texts like ``symmetric(K)``."""
    if facts is None:
        return []
    if isinstance(facts, (Fact, str, AppliedPredicate)):
        facts = [facts]
    wants(Iterable, facts, "facts are Q's predicates, or texts such as symmetric(K)")
    return [fact for given in facts for fact in _read_one(given)]


def _read_one(given: Any) -> Iterable[Fact]:
    if isinstance(given, Fact):
        return [given]
    if isinstance(given, (list, tuple, set, frozenset)):
        return as_facts(list(given))
    if isinstance(given, str):
        name, _, rest = given.strip().partition("(")
        of = rest.rstrip(") ")
        return [Fact(_known(name.strip()), of.strip())]
    if isinstance(given, sp.And):
        return as_facts(list(given.args))
    if isinstance(given, AppliedPredicate):
        return [Fact(_known(str(given.function.name)), _name_of(given.arguments[0]))]
    raise DomainError(f"a fact looks like mc.Q.symmetric(K), not {given!r}")


def _known(name: str) -> str:
    if name not in KNOWN:
        raise DomainError(f"there is no fact {name}; there are {', '.join(KNOWN)}")
    return name
