"""Differentials, from the inputs forwards: dF, linear in dX, dW, ..."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcalc.expr import Node, symbol, symbol_name, symbols
from matcalc.linear import differential as _differential
from matcalc.network import Owner, expanded
from matcalc.rewrite.simplify import simplify


class Changes(Owner):
    """The symbols dX for the symbols X."""

    def __init__(self) -> None:
        self.of: dict[Node, Node] = {}

    def name(self, of: Node, taken: set[str]) -> Node:
        name = f"d{symbol_name(of)}"
        while name in taken:
            name = f"d_{name}"
        found = symbol(name, of.shape, None, self)
        self.of[found] = of
        return found

    def write(self, node: Node, writer: Any) -> str | None:
        return rf"\mathrm{{d}}{writer(self.of[node])}"


def differential(root: Node, of: Sequence[Node] | None = None) -> Node:
    """The differential of ``root`` in its declared symbols, or in those of ``of``."""
    root = expanded(root)
    found = symbols(root)
    dims = {s.name for node in found for d in node.shape for s in d.free_symbols}
    chosen = list(of) if of is not None else [s for s in found if symbol_name(s) not in dims]
    taken = {symbol_name(s) for s in found}
    changes = Changes()
    return simplify(_differential(root, chosen, {s: changes.name(s, taken) for s in chosen}))
