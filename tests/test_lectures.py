"""Every claim of the lecture documents that is a formula or a number: the engine derives the
right one."""

from __future__ import annotations

from pathlib import Path

import pytest

import tests.lectures.classifier
import tests.lectures.neurons
import tests.lectures.numbers
import tests.lectures.regression
import tests.lectures.rows  # noqa: F401 - enter their claims
from tests.golden import assert_golden
from tests.lectures.bench import CLAIMS
from tests.lectures.table import CORRECTED, page

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_engine_has_what_is_right(claim: str):
    """The derivation has the value of the correct formula, at random values or to the printed
    places."""
    _, check = CLAIMS[claim]
    assert check()


def test_all_221_claims_are_here():
    """None of the claims of the five documents is left out."""
    assert len(CLAIMS) == 221


def test_the_page_of_the_lectures_is_what_it_was(update_golden: bool):
    """docs/lectures.md lists every exercise and claim, where it is worked, and how it stands."""
    assert set(CLAIMS) >= CORRECTED
    assert_golden(DOCS / "lectures.md", page(), update=update_golden)
