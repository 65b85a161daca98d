"""All problems, and our answers to them, each derived once."""

from __future__ import annotations

from functools import cache

from tests.textbook import (
    cookbook,
    estimation,
    further,
    inference,
    layers,
    likelihoods,
    networks,
    optimisation,
    practice,
    regression,
    spectral,
)
from tests.textbook.problem import TABLE, Derived, derived

CHAPTERS = (
    cookbook,
    regression,
    likelihoods,
    spectral,
    networks,
    further,
    estimation,
    practice,
    inference,
    optimisation,
    layers,
)

__all__ = ["CHAPTERS", "TABLE", "answer"]


@cache
def answer(key: str) -> Derived:
    """Our answer beside the book's."""
    return derived(TABLE[key])
