"""Typical sizes for dimensions that are symbols, and the costs that are compared with them.

A program written for symbolic dimensions must choose an order of products before the sizes are
known. The names people use tell something: n counts data, k is a rank. Stated sizes win.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

MANY = frozenset({"n", "N", "m", "M", "T", "t", "B", "b"})  # data, time, batch
FEW = frozenset({"k", "K", "r", "c", "C", "s", "p", "q"})  # ranks, classes
TYPICAL = {"many": 1000.0, "few": 10.0, "other": 100.0}


def typical(name: str) -> float:
    """A size to plan with, by the name of a dimension."""
    stem = name.rstrip("0123456789_")
    kind = "many" if stem in MANY else "few" if stem in FEW else "other"
    return TYPICAL[kind]


class Sizes:
    """Dimension expressions as numbers to compare costs with."""

    def __init__(self, stated: Mapping[str, int] | None = None) -> None:
        self.stated = dict(stated or {})
        self._known: dict[Any, float] = {}

    def of(self, d: Any) -> float:
        found = self._known.get(d)
        if found is None:
            found = self._known[d] = self._computed(d)
        return found

    def _computed(self, d: Any) -> float:
        if isinstance(d, sp.Integer):
            return float(int(d))
        if isinstance(d, sp.Symbol):
            return float(self.stated.get(d.name, typical(d.name)))
        swaps = {s: self.of(s) for s in d.free_symbols}
        return max(1.0, float(d.xreplace({s: sp.Float(v) for s, v in swaps.items()})))
