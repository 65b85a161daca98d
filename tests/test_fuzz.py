"""Several hundred random compositions in the suite; tests/fuzz.py runs as many as asked."""

from __future__ import annotations

import pytest

from matcalc.ops import OPS
from tests import fuzz

EXAMPLES = 400


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> fuzz.Tally:
    """One run, shared by the tests below."""
    return fuzz.run(EXAMPLES, int(request.config.getoption("--seed")))


def test_no_derivative_is_wrong(tally: fuzz.Tally, record_property: object) -> None:
    """Gradients, Jacobians and Hessians agree with the oracle or raise one of our own errors."""
    print(fuzz.report(tally))
    assert not tally.wrong, fuzz.report(tally)


def test_at_most_one_in_a_hundred_raises(tally: fuzz.Tally) -> None:
    """A refusal is rare."""
    assert tally.rate_raised <= 0.01, fuzz.report(tally)


def test_the_oracle_can_nearly_always_decide(tally: fuzz.Tally) -> None:
    """An example at whose points nothing can be decided proves nothing."""
    assert len(tally.undecided) <= 0.02 * tally.examples, fuzz.report(tally)


def test_every_operation_is_met(tally: fuzz.Tally) -> None:
    """What is registered is composed; a box stands only around results, constants only in Jacobians."""
    never = set(OPS) - set(tally.nodes) - {"box", "commutation", "diagonal_pick", "zeros"}
    assert not never


def test_half_of_the_examples_are_deep(tally: fuzz.Tally) -> None:
    """At least four operations on top of one another."""
    deep = sum(count for depth, count in tally.depths.items() if depth >= 4)
    assert deep >= sum(tally.depths.values()) / 2
