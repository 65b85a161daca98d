"""Whoever gives symbols a meaning: networks, derivations, families.

A symbol knows its owner; an owner knows what its symbols stand for and how they are written.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from matcalc.expr import Node

_SERIAL = count(1)


class Owner:
    """Whoever gives symbols a definition. Compared by identity, told apart by ``serial``."""

    serial: int

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        made.serial = next(_SERIAL)
        return made

    def definition_of(self, node: Node) -> Node | None:
        return None

    def write(self, node: Node, writer: Any) -> str | None:
        """The owner's own LaTeX for one of its symbols; None for the ordinary one."""
        return None
