"""Dimensions that are still to be found, and what it means that two of them cannot be equal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Unknown:
    """A dimension to be found."""

    one_by_default: bool
    value: Dim | None = None


Dim = int | str | Unknown
Pair = tuple[Dim, Dim]


class Clash(Exception):
    """Two dimensions that cannot be equal."""
