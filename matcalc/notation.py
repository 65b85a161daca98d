"""How formulas look: frozen data, no logic. A printer reads it; no rule ever does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Adjoint = Literal["partial", "delta", "bar", "d"]


@dataclass(frozen=True)
class Notation:
    """One way of writing. A symbol's own LaTeX name always wins.

    >>> Notation(transpose="T").transpose
    'T'
    """

    transpose: str = r"\top"
    hadamard: str = r"\odot"
    quotient: str = r"\oslash"
    adjoint: Adjoint = "partial"  # dL/dZ as a fraction, as delta, with a bar, or as dZ
    index_base: int = 1  # the first row is row 1
    indicator: str = r"\mathbf{1}"
    sized: bool = True  # I_n and 1_n rather than I and 1


DEFAULT = Notation()
