"""One normal form: other presentations of an expression end in the same result, or one as short.

The seed is printed with a failure; ``MATCALC_SEED`` sets it.
"""

from __future__ import annotations

import os
import random

import pytest

import matcalc as mc
from matcalc.expr import Node
from matcalc.rewrite.simplify import simplify
from tests.rewrite.shuffle import shuffled
from tests.rewrite.values import assert_same_value
from tests.textbook.problem import size
from tests.textbook.tables import TABLE, answer

SEED = int(os.environ.get("MATCALC_SEED", "0"))
SHUFFLES = 6
KEYS = [key for key in TABLE if not answer(key).problem.where]


@pytest.mark.parametrize("key", KEYS)
def test_shuffled_presentations_end_alike(key: str) -> None:
    """The book's formula, rewritten at random, is simplified to one of the same size."""
    book = answer(key).book
    wanted = simplify(book)
    rng = random.Random(f"{SEED}{key}")
    for _ in range(SHUFFLES):
        other = shuffled(book, rng)
        found = simplify(other)
        assert _size(found) == _size(wanted), (
            f"seed {SEED}: {mc.text(other)} became {mc.text(found)}, not {mc.text(wanted)}"
        )


@pytest.mark.parametrize("key", KEYS[::10])
def test_a_shuffle_keeps_the_value(key: str) -> None:
    """What the test above rests on."""
    book = answer(key).book
    problem = answer(key).problem
    facts: dict[str, list[str]] = {}
    for fact in problem.assume:
        facts.setdefault(fact.of, []).append(fact.name)
    assert_same_value(book, shuffled(book, random.Random(f"{SEED}{key}")), SEED, facts)


@pytest.mark.parametrize("key", KEYS[::3])
def test_a_simple_form_is_simple(key: str) -> None:
    """Simplifying twice changes nothing."""
    once = simplify(answer(key).ours)
    assert simplify(once) is once


def _size(node: Node) -> int:
    return size(mc.text(node))
