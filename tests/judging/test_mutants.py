"""Slips planted in correct claims are caught, named, and the corrections hold."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.reading.formula import read_formula
from tests.judging import oracle
from tests.judging.mutants import ACCEPTED, Outcome, all_mutants, judged, sample, table
from tests.judging.notes import SETTINGS

CORRECT = [(name, claim) for name, (_, claims) in SETTINGS.items() for claim in claims]


@pytest.mark.parametrize(("setting", "claim"), CORRECT)
def test_the_correct_claims_hold(setting: str, claim: str):
    """Before anything is planted, every claim holds."""
    verdict = mc.verify(claim, given=SETTINGS[setting][0])
    assert verdict.status == "holds", verdict


def test_the_second_opinion_knows_right_from_wrong():
    """The oracle agrees with every correct claim, and is not content with anything."""
    for setting, claim in CORRECT:
        given = SETTINGS[setting][0]
        line = read_formula(claim)[0]
        world = oracle.world_of(given, 3)
        for at in oracle.choices(world, line)[:4]:
            left, right = (oracle.evaluate(world, side, at) for side in line.sides)
            assert left.shape == right.shape, claim
            assert abs(left - right).max() < 1e-4 * max(1.0, abs(left).max()), claim
    given = SETTINGS["ridge"][0]
    claim = r"\nabla_w L = X^\top (X w - y) + \lambda w"
    assert oracle.same(given, claim, r"\nabla_w L = X^\top X w - X^\top y + \lambda w")
    assert not oracle.same(given, claim, r"\nabla_w L = X^\top (X w - y) + 1.001 \lambda w")


def test_there_are_enough_slips_of_every_class():
    """At least ten of each class, at least four hundred in all."""
    kinds = [mutant.kind for mutant in all_mutants()]
    assert len(kinds) >= 400
    assert {kind: kinds.count(kind) for kind in ACCEPTED if kinds.count(kind) < 10} == {}


def test_planted_slips_are_caught_and_named(capsys: pytest.CaptureFixture[str]):
    """A fixed sample of every class; the table of the whole set is printed by the slow test."""
    check([judged(mutant) for mutant in sample()], capsys)


@pytest.mark.slow
def test_all_planted_slips_are_caught_and_named(capsys: pytest.CaptureFixture[str]):
    """The whole set."""
    check([judged(mutant) for mutant in all_mutants()], capsys)


def check(outcomes: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    """98 in 100 caught, 85 in 100 given their class or their line back, every correction true."""
    with capsys.disabled():
        print("\n" + table(outcomes))
    assert not [o.mutant for o in outcomes if o.verdict.status == "holds"]
    assert sum(o.caught for o in outcomes) >= 0.98 * len(outcomes)
    assert sum(o.named or o.corrected for o in outcomes) >= 0.85 * len(outcomes)
    assert [o.verdict for o in outcomes if not o.true] == []
    assert max(o.seconds for o in outcomes) < 10
