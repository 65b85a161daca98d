"""All 221 claims of five lecture documents: the verdict a careful reader would give."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

import pytest

import matcalc as mc

DATA = Path(__file__).parent.parent / "data" / "lectures"
TABLE = json.loads((DATA / "claims.json").read_text(encoding="utf-8"))
CLAIMS: list[dict[str, Any]] = TABLE["claims"]
FOUND: Counter[tuple[str, str]] = Counter()
SECONDS: list[float] = []


def given(claim: dict[str, Any]) -> list[str]:
    """The definitions a claim stands on."""
    return TABLE["settings"][claim["setting"]]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
def test_every_claim_gets_its_verdict(claim: dict[str, Any]):
    """Right claims hold, wrong ones fail in the way they are wrong."""
    start = time.process_time()
    verdict = mc.verify(claim["claim"], given=given(claim))
    SECONDS.append(time.process_time() - start)
    FOUND[claim["verdict"], verdict.status] += 1
    assert verdict.status == claim["verdict"], verdict


@pytest.mark.parametrize(
    "claim", [c for c in CLAIMS if "steps" in c], ids=lambda claim: claim["id"]
)
def test_the_first_wrong_step_of_a_chain_is_found(claim: dict[str, Any]):
    """A chain is judged step by step; what stands behind the wrong step does not hide it."""
    left, _, condition = claim["claim"].partition(r", \quad")
    left = left.split(" = ")[0]
    chain = " = ".join([left, *claim["steps"]]) + (rf", \quad {condition}" if condition else "")
    verdict = mc.verify(chain, given=given(claim))
    wanted = claim["first wrong step"]
    if wanted is None:
        assert verdict.status == claim["verdict"] or verdict.status == "holds", verdict
    else:
        assert verdict.first_wrong_step == wanted, verdict


def test_a_correction_holds_itself():
    """Every correction that is offered is judged like any claim, and holds."""
    offered = 0
    for claim in CLAIMS:
        if claim["verdict"] == "holds":
            continue
        verdict = mc.verify(claim["claim"], given=given(claim))
        if verdict.correction:
            offered += 1
            again = mc.verify(verdict.correction, given=given(claim))
            assert again.status == "holds", (claim["id"], verdict.correction, again)
    assert offered >= 28


def test_the_confusion_matrix(capsys: pytest.CaptureFixture[str]):
    """No right claim is called wrong, no wrong one right, at most 3 in 100 are unread."""
    if sum(FOUND.values()) < len(CLAIMS):
        pytest.skip("the claims above were not all run")
    with capsys.disabled():
        print("\nwanted            found             claims")
        for (wanted, found), count in sorted(FOUND.items()):
            print(f"{wanted:17s} {found:17s} {count:4d}")
        print(f"seconds a claim: median {median(SECONDS):.3f}, most {max(SECONDS):.2f}")
    assert max(SECONDS) < 10
    wrong = ("fails", "shape-error", "index-error", "range-error")
    assert not any(w == "holds" and f in wrong for w, f in FOUND)
    assert not any(w != "holds" and f == "holds" for w, f in FOUND)
    unread = sum(n for (_, f), n in FOUND.items() if f == "unreadable")
    assert unread <= 0.03 * len(CLAIMS)
