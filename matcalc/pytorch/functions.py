"""All readings of torch functions and tensor methods; importing this fills the table."""

from matcalc.pytorch import (
    activations,
    contracting,
    distances,
    entrywise,
    losses,
    matrices,
    multiplying,
    questions,
    reductions,
    selecting,
    shaping,
)
from matcalc.pytorch.table import FUNCTIONS

__all__ = [
    "FUNCTIONS",
    "activations",
    "contracting",
    "distances",
    "entrywise",
    "losses",
    "matrices",
    "multiplying",
    "questions",
    "reductions",
    "selecting",
    "shaping",
]
