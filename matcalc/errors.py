"""What can go wrong, in words that help.

Every error a user can cause is a ``MatcalcError``; a message names the operands, their shapes and
what would fit, in the spelling of the door used. A broken promise between our own stages is an
``assert``, never one of these.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any


class MatcalcError(Exception):
    """A request that cannot be served. Never a wrong value instead."""


class ShapeError(MatcalcError, TypeError):
    """Operands whose shapes do not fit."""


class NoRuleError(MatcalcError, NotImplementedError):
    """An expression or an operation that matcalc has no rule for."""


class DomainError(MatcalcError, ValueError):
    """A value outside the domain of an operation, or a fact that does not hold."""


class UnknownNameError(MatcalcError, KeyError):
    """A name that was never declared."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NameClashError(MatcalcError, ValueError):
    """One name with two meanings."""


class KindError(MatcalcError, TypeError):
    """An argument of a kind that makes no sense here, such as a number where text is wanted."""


def wants(kind: type | tuple[type, ...], value: Any, what: str) -> None:
    """Refuse an argument that is not of the kind a door takes."""
    if not isinstance(value, kind):
        raise KindError(f"{what}, not {type(value).__name__} {repr(value)[:60]}")


def wants_whole(value: Any, what: str, least: int = 0) -> None:
    """Refuse what is no whole number, or a smaller one than ``least``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise KindError(f"{what} is a whole number from {least} on, not {repr(value)[:60]}")


class ParseError(MatcalcError, ValueError):
    """Text that cannot be read; ``position`` counts characters of ``text`` from 0."""

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        self.reason, self.text, self.position = message, text, position
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        if self.position is None or not self.text:
            return self.reason
        start = self.text.rfind("\n", 0, self.position) + 1
        end = self.text.find("\n", self.position)
        line = self.text[start : end if end >= 0 else len(self.text)]
        column, number = self.position - start, self.text.count("\n", 0, start) + 1
        # A long line is cut to a window, so that the caret still stands under its character.
        left = max(0, column - 60)
        window = line[left : left + 120]
        return (
            f"line {number}, column {column + 1}: {self.reason}\n"
            f"  {window}\n  {' ' * (column - left)}^"
        )
