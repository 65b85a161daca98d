"""All readings of torch functions and tensor methods; importing this fills the table."""

from matcalc.pytorch import (
    activations,
    class_losses,
    composed,
    contracting,
    distances,
    entrywise,
    joining,
    losses,
    matrices,
    multiplying,
    questions,
    reductions,
    scattering,
    selecting,
    shaping,
)
from matcalc.pytorch.table import FUNCTIONS

__all__ = [
    "FUNCTIONS",
    "activations",
    "class_losses",
    "composed",
    "contracting",
    "distances",
    "entrywise",
    "joining",
    "losses",
    "matrices",
    "multiplying",
    "questions",
    "reductions",
    "scattering",
    "selecting",
    "shaping",
]
