"""Slips planted in correct claims are caught, named, and the corrections hold."""

from __future__ import annotations

import pytest

import matcalc as mc
from tests.judging.mutants import mutants
from tests.judging.notes import SETTINGS

CORRECT = [(name, claim) for name, (_, claims) in SETTINGS.items() for claim in claims]
# Changes that leave the claim true: a symmetric matrix transposed, a symmetric delta swapped.
HARMLESS = {
    r"\frac{\partial f}{\partial A} = (x x^{T})^{T}",
    r"\frac{\partial p}{\partial z} = (\operatorname{diag}(p) - p p^{T})^{T}",
    r"\frac{\partial p_{i}}{\partial z_{j}} = p_{i}(\delta_{ji} - p_{j})",
}


@pytest.mark.parametrize(("setting", "claim"), CORRECT)
def test_the_correct_claims_hold(setting: str, claim: str):
    """Before anything is planted, every claim holds."""
    verdict = mc.verify(claim, given=SETTINGS[setting][0])
    assert verdict.status == "holds", verdict


@pytest.mark.parametrize("setting", SETTINGS)
def test_planted_slips_are_caught(setting: str):
    """All are called wrong; most get a correction, and every correction holds."""
    given, claims = SETTINGS[setting]
    planted = [m for claim in claims for m in mutants(claim, given) if m[1] not in HARMLESS]
    # One of each class and claim here; the whole set is run by scripts.
    sample = planted[:: max(1, len(planted) // 12)]
    corrected = 0
    for kind, wrong in sample:
        verdict = mc.verify(wrong, given=given)
        assert verdict.status not in ("holds", "unreadable"), (kind, wrong)
        if verdict.correction:
            corrected += 1
            again = mc.verify(verdict.correction, given=given)
            assert again.status == "holds", (kind, wrong, verdict.correction)
    assert corrected >= 0.6 * len(sample)
