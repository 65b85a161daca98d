"""All readings of torch functions and tensor methods; importing this fills the table."""

from matcalc.pytorch import entrywise, losses, multiplying, reductions, shaping
from matcalc.pytorch.table import FUNCTIONS

__all__ = ["FUNCTIONS", "entrywise", "losses", "multiplying", "reductions", "shaping"]
