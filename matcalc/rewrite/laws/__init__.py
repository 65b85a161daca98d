"""The named laws, a file a family; importing this package enters them all."""

from matcalc.rewrite.law import CATALOGUE, LAWS, law
from matcalc.rewrite.laws import (
    assumed,
    blocks,
    diagonals,
    inverses,
    kronecker,
    ones,
    products,
    softmax,
    sums,
    traces,
    transposes,
)

FAMILIES = (
    products,
    sums,
    transposes,
    traces,
    inverses,
    diagonals,
    ones,
    softmax,
    kronecker,
    blocks,
    assumed,
)

__all__ = ["CATALOGUE", "FAMILIES", "LAWS", "law"]
