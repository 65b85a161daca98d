"""Single claims in the style of textbooks: right ones hold, slips are named and put right."""

from __future__ import annotations

import pytest

import matcalc as mc
from tests.judging import further_claims
from tests.judging.textbook_claims import CLAIMS, SETTINGS, Claim

WRONG = [c for c in CLAIMS if c.right]
RIGHT = [c for c in CLAIMS if not c.right]


def name(claim: Claim) -> str:
    return f"{claim.setting}: {claim.line}"


@pytest.mark.parametrize("claim", RIGHT, ids=name)
def test_a_right_claim_holds(claim: Claim):
    """Nothing correct is accused."""
    verdict = mc.verify(claim.line, given=SETTINGS[claim.setting], layout=claim.layout)
    assert verdict.status == "holds", verdict


@pytest.mark.parametrize("claim", WRONG, ids=name)
def test_a_slip_is_named_and_put_right(claim: Claim):
    """Status, class, a correction that holds, words, and numbers for what fails by its values."""
    given = SETTINGS[claim.setting]
    verdict = mc.verify(claim.line, given=given, layout=claim.layout)
    assert verdict.status in ("fails", "shape-error", "index-error", "needs-convention"), verdict
    if claim.status:
        assert verdict.status == claim.status
    assert any(word in verdict.slip for word in claim.slip.split("|")), verdict
    assert len(verdict.explanation.split()) > 3
    right = mc.verify(claim.right, given=given, layout=claim.layout)
    assert right.status == "holds", right
    assert verdict.correction, verdict
    again = mc.verify(verdict.correction, given=given, layout=claim.layout)
    assert again.status == "holds", verdict.correction
    if verdict.status == "fails":
        values = [row.rpartition(" = ")[2] for row in verdict.counterexample.splitlines()[-2:]]
        assert len(values) == 2, verdict
        assert values[0] != values[1], verdict


def test_most_settings_are_there():
    """At least sixty claims, about half of them wrong."""
    assert len(CLAIMS) >= 60
    assert 0.4 <= len(WRONG) / len(CLAIMS) <= 0.65


@pytest.mark.parametrize(("setting", "line", "right"), further_claims.CLAIMS)
def test_further_claims(setting: str, line: str, right: bool):
    """Right or wrong as it is; a correction that is offered holds."""
    given = further_claims.SETTINGS[setting]
    verdict = mc.verify(line, given=given)
    assert verdict.status != "unreadable", verdict
    assert (verdict.status == "holds") == right, verdict
    if verdict.correction:
        again = mc.verify(verdict.correction, given=given)
        assert again.status == "holds", verdict
