"""Errors that point at a place in the text: the words of any error, with line, column and caret."""

from __future__ import annotations

from matcalc.errors import MatcalcError, ParseError


def placed(kind: type[MatcalcError], message: str, text: str, at: int) -> MatcalcError:
    """An error of that kind whose message points at character ``at`` of ``text``.

    Like a ``ParseError`` it carries ``reason``, ``text`` and ``position``.
    """
    pointed = ParseError(message, text, at)
    if kind is ParseError:
        return pointed
    error = kind(str(pointed))
    for name in ("reason", "text", "position"):
        setattr(error, name, getattr(pointed, name))
    return error


def at_place(error: MatcalcError, text: str, at: int, more: str = "") -> MatcalcError:
    """An error from further down, pointing at a place; one that does so already stays."""
    if getattr(error, "position", None) is not None:
        return error
    return placed(type(error), f"{error}{more}", text, at)
