"""Expressions on which laws apply, put together at random: the value stays, and the search ends.

The seed is printed with a failure; ``MATCALC_SEED`` sets it.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress

import pytest

import matcalc as mc
from matcalc.expr import Node
from matcalc.ops.algebra import add, had, mul, number, t
from matcalc.ops.entrywise import power
from matcalc.rewrite import simplify as engine
from matcalc.rewrite.cost import cost
from matcalc.rewrite.simplify import simplify
from tests.rewrite.instances import INSTANCES
from tests.rewrite.values import assert_same_value

SEED = int(os.environ.get("MATCALC_SEED", "0"))
POOL = [node for nodes in INSTANCES.values() for node in nodes if not node.indices]
EXAMPLES = 150
MARKS = 15


def composed(rng: random.Random) -> Node:
    """Two to four instances of one size joined by sums, products and transposes."""
    node = rng.choice(POOL)
    for _ in range(rng.randint(1, 3)):
        node = joined(node, rng.choice(POOL), rng)
    return node


def joined(a: Node, b: Node, rng: random.Random) -> Node:
    """One expression of two, in one of the ways their shapes allow."""
    ways = []
    if a.shape == b.shape:
        ways += [lambda: add(a, mul(number(rng.choice((-1, 2, -3))), b)), lambda: had(a, b)]
    if a.shape and b.shape and a.shape == b.shape[::-1]:
        ways += [lambda: add(a, t(b)), lambda: mul(a, b)]
    if a.shape and b.shape and a.shape[1] == b.shape[0]:
        ways.append(lambda: mul(a, b))
    if not b.shape:
        ways += [lambda: mul(b, a), lambda: mul(b, power(b, -1), power(b, -1), a)]
    if not a.shape:
        ways.append(lambda: mul(a, a, b))
    return rng.choice(ways)() if ways else a


@pytest.mark.parametrize("number_", range(EXAMPLES))
def test_the_value_stays(number_: int) -> None:
    """Simplified or not, the same at a random point with the facts; longer by a mark or two at
    most, where an order is brought about."""
    rng = random.Random(f"{SEED} {number_}")
    node = composed(rng)
    try:
        found = simplify(node)
    except mc.DomainError as error:  # divided by what the facts make zero
        pytest.skip(str(error))
    assert cost(found) <= cost(node) + MARKS, (
        f"seed {SEED}: {mc.text(node)} became {mc.text(found)}"
    )
    try:
        assert_same_value(node, found, SEED)
    except mc.DomainError as error:
        pytest.skip(str(error))


def test_no_law_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """At one root never more than a few dozen laws in a row: the bound is not what ends it."""
    monkeypatch.setattr(engine, "MAX_STEPS", 40)
    for k in range(EXAMPLES):
        node = composed(random.Random(f"{SEED} loop {k}"))
        steps: list[str] = []
        with suppress(mc.DomainError):
            simplify(node, record=lambda name, before, after, steps=steps: steps.append(name))
        assert len(steps) < 200, f"seed {SEED}: {mc.text(node)} takes {steps[:40]}"


def test_a_long_network_of_mixed_operations_is_printed() -> None:
    """200 steps of many kinds; how long it takes is printed."""
    n, d = mc.dims("n d")
    net = mc.Network("mixed")
    A = net.input("X", n, d)
    layers = (
        mc.sigmoid,
        mc.tanh,
        mc.softmax,
        mc.relu,
        mc.silu,
        lambda Z: Z - mc.ones(n, 1) * mc.colmean(Z),
    )
    for k in range(100):
        Z = net.let(
            f"Z{k}", A * net.param(f"W{k}", d, d) + mc.ones(n, 1) * net.param(f"b{k}", 1, d)
        )
        A = net.let(f"A{k}", layers[k % len(layers)](Z))
    net.minimize(mc.squared_error(A, net.input("Y", n, d)))
    begin = time.process_time()
    mc.derive(net).to_text()
    print(f"200 steps of mixed operations to text: {time.process_time() - begin:.2f} s")
