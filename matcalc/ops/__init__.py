"""The operations, one class each; importing this package registers them all."""

from matcalc.ops import (
    algebra,
    binder,
    entrywise,
    linalg,
    losses,
    reduce,
    structure,
    undefined,
)
from matcalc.ops.base import FUNCTIONS, OPS, Op

__all__ = [
    "FUNCTIONS",
    "OPS",
    "Op",
    "algebra",
    "binder",
    "entrywise",
    "linalg",
    "losses",
    "reduce",
    "structure",
    "undefined",
]
