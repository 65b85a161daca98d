"""The named laws, a file a family; importing this package enters them all."""

from matcalc.rewrite.law import CATALOGUE, LAWS, law
from matcalc.rewrite.laws import (
    assumed,
    blocks,
    diagonals,
    functions,
    indices,
    inverses,
    kinks,
    kronecker,
    labels,
    masks,
    ones,
    products,
    softmax,
    sums,
    traces,
    transposes,
    vecs,
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
    functions,
    kinks,
    kronecker,
    blocks,
    indices,
    vecs,
    assumed,
    labels,
    masks,
)

# Laws of one operation run in the order of the families: powers meet before anything else is tried.
_ORDER = [family.__name__.rpartition(".")[2] for family in FAMILIES]
for _rules in LAWS.values():
    _rules.sort(key=lambda rule: _ORDER.index(CATALOGUE[rule.__name__].family))

__all__ = ["CATALOGUE", "FAMILIES", "LAWS", "law"]
