"""A formula as a flat, frozen tree.

A formula is the tuple of its terms, operands before the terms that use them, the whole formula
last; a term names its operands by their place in that tuple. Every walk is therefore a loop over a
tuple, and no depth of nesting can exhaust anything. Each term knows which characters it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a term is."""

    NUMBER = "number"
    NAME = "name"
    SUM = "sum"  # any number of operands; ``signs`` holds one + or - for each
    PRODUCT = "product"  # a run of * .* / ./ from left to right; one sign between each two
    POWER = "power"  # ^ or .^
    NEGATIVE = "negative"
    TRANSPOSE = "transpose"
    CALL = "call"  # name(...): a function, or an entry or block of a symbol
    INDEX = "index"  # (...)(...): an entry or block of an expression; first operand is indexed
    ALL = "all"  # the : in A(:, j)
    RANGE = "range"  # the i:j in A(i:j, k)


@dataclass(frozen=True, slots=True)
class Term:
    """One term; ``start`` and ``end`` delimit its characters, ``marks`` place its signs."""

    kind: Kind
    start: int
    end: int
    operands: tuple[int, ...] = ()
    signs: tuple[str, ...] = ()
    marks: tuple[int, ...] = ()
    word: str = ""  # the name, or the number as typed


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression as written: the whole text, and its terms, operands first."""

    text: str
    terms: tuple[Term, ...]

    @property
    def root(self) -> Term:
        return self.terms[-1]

    def said(self, first: Term, last: Term | None = None) -> str:
        """The characters of a term, or from one term to another, cut when long."""
        said = " ".join(self.text[first.start : (last or first).end].split())
        return said if len(said) <= 60 else said[:57] + "..."
