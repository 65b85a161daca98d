"""The sympy door: plain sympy expressions in, plain sympy expressions out."""

from matcalc.door.bodies import entrywise
from matcalc.door.inward import TABLE, read
from matcalc.door.outward import to_sympy

__all__ = ["TABLE", "entrywise", "read", "to_sympy"]
