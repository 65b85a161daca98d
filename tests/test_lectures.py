"""Every claim of the lecture documents that is a formula or a number: the engine derives the right one."""

from __future__ import annotations

import pytest

import tests.lectures.classifier
import tests.lectures.neurons  # noqa: F401 - enter their claims
from tests.lectures.bench import CLAIMS


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_engine_has_what_is_right(claim: str):
    """The derivation has the value of the correct formula, at random values or to the printed places."""
    _, check = CLAIMS[claim]
    assert check()
