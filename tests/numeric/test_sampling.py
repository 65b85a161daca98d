"""Points to test at: inside every domain, away from kinks, with the facts that were declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.errors import DomainError
from matcalc.expr import Node
from matcalc.numeric.draws import FACTS, with_facts
from matcalc.numeric.evaluate import Program
from matcalc.numeric.sampling import Point, Sampler, fitting_sizes, random_sizes
from matcalc.numeric.smooth import SmoothEntrywise, SmoothMap

n, d = mc.dims("n d")
A, B = mc.matrix("A", n, n), mc.matrix("B", n, n)
X = mc.matrix("X", n, d)
x, y = mc.vector("x", n), mc.vector("y", d)


def point_of(node: Node, wrt: Node, rng: np.random.Generator, **facts: set[str]) -> Point:
    program = Program([node])
    sizes = fitting_sizes([program], rng, ones=False)
    return Sampler(program, [wrt], rng, facts).point(sizes, {})


HARD = [
    mc.log(A * x),
    mc.sqrt(mc.log(x)),
    mc.logdet(A * B),
    mc.inv(A - B) * x,
    mc.asin(A * x),
    mc.log(1 - mc.power(x, 2)),
    mc.power(A * x, mc.scalar("s")),
    mc.log(mc.log(mc.log(mc.exp(A * x)))),
    mc.acos(x) + mc.sqrt(x - mc.ones(n, 1) / 2),
    mc.log(X * y) - mc.log(-x),
]


@pytest.mark.parametrize("node", HARD, ids=str)
def test_points_lie_in_every_domain(node: Node, rng: np.random.Generator):
    """Logarithms, roots, inverses, arcs: whatever has to be inside is."""
    point = point_of(node, x, rng)

    def watch(inner: Node, operands: Any, value: Any) -> None:
        assert inner.op.in_domain(operands), inner
        assert np.all(np.isfinite(value)), inner

    Program([node]).run(point.values, point.dims, {}, watch)


KINKED = [
    mc.relu(A * x),
    mc.max(A * x, B * x),
    mc.abs(mc.relu(A * x) - x),
    mc.huber(A * x, 1),
    mc.norm2(x) * x,
    mc.hardtanh(A * mc.relu(B * x)),
]


@pytest.mark.parametrize("node", KINKED, ids=str)
def test_points_keep_away_from_kinks(node: Node, rng: np.random.Generator):
    """Every operation has its margin, up to entries that do not move at all."""
    point = point_of(node, x, rng)
    assert point.margin >= 1e-3
    before, after = (
        Program([node]).run({**point.values, x: point.values[x] + shift}, point.dims)[node]
        for shift in (0.0, 1e-9)
    )
    # Across a kink or beside one the change would not be proportional to the shift.
    twice = Program([node]).run({**point.values, x: point.values[x] + 2e-9}, point.dims)[node]
    np.testing.assert_allclose(twice - after, after - before, atol=1e-14)


def test_a_dead_unit_is_no_kink(rng: np.random.Generator):
    """relu(relu(z)) at a negative z is constant: the outer one does not sit at its kink."""
    point = point_of(mc.relu(mc.relu(A * x)), x, rng)
    assert np.any(point.values[A] @ point.values[x] < 0) or np.all(point.values[x] > 0)


def test_a_constant_at_a_kink_is_welcome(rng: np.random.Generator):
    """What does not move may sit anywhere: abs of a zero that is no function of x."""
    node = mc.abs(mc.zeros(n, 1) + mc.hadamard(y.T * y * mc.zeros(n, 1), x) + x)
    assert point_of(node, x, rng)


def test_masks_are_zeros_and_ones(rng: np.random.Generator):
    """The condition of where and the mask of softmax mean yes and no."""
    mask = mc.matrix("M", n, n)
    point = point_of(mc.softmax(A, mask=mask), A, rng)
    assert set(np.unique(point.values[mask])) <= {0.0, 1.0}


def test_failure_names_the_operation(rng: np.random.Generator):
    """An empty domain is reported with the operation whose it is."""
    with pytest.raises(DomainError, match=r"sqrt\(-exp\(x\)\)"):
        point_of(mc.sqrt(-mc.exp(x)), x, rng)


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_facts_hold(fact: str, rng: np.random.Generator):
    """A drawn matrix has the fact that was declared."""
    value = with_facts("K", rng.normal(size=(4, 4)), {fact}, rng)
    assert FACTS[fact].holds(value)


@pytest.mark.parametrize(
    "facts",
    [
        {"symmetric", "positive_definite"},
        {"symmetric", "orthogonal"},
        {"symmetric", "idempotent"},
        {"diagonal", "positive_definite"},
        {"diagonal", "idempotent"},
        {"lower_triangular", "invertible"},
        {"upper_triangular", "invertible"},
        {"positive", "rows_sum_to_one"},
    ],
    ids=lambda facts: " ".join(sorted(facts)),
)
def test_facts_hold_together(facts: set[str], rng: np.random.Generator):
    """Pairs of facts that can hold at once do."""
    value = with_facts("K", rng.normal(size=(4, 4)), facts, rng)
    assert all(FACTS[fact].holds(value) for fact in facts)


def test_impossible_and_unknown_facts_are_refused(rng: np.random.Generator):
    """A fact that cannot hold, or that nobody knows, names the symbol."""
    with pytest.raises(DomainError, match="K"):
        with_facts("K", rng.normal(size=(3, 4)), {"symmetric"}, rng)
    with pytest.raises(DomainError, match="shiny"):
        with_facts("K", rng.normal(size=(3, 3)), {"shiny"}, rng)


def test_sizes_are_distinct_and_may_be_one(rng: np.random.Generator):
    """Distinct from 2 on; a trial with ones has one."""
    for _ in range(20):
        sizes = random_sizes(["d", "h", "n"], rng, ones=False)
        assert len(set(sizes.values())) == 3
        assert min(sizes.values()) > 1
        assert list(random_sizes(["d", "h", "n"], rng, ones=True).values()).count(1) == 1


def test_sizes_leave_room_for_slices(rng: np.random.Generator):
    """A slice of k rows needs a matrix of as many, a dimension n - d a larger n."""
    node = mc.sum(X[0:d, :]) + mc.sum(mc.vector("v", n - d))
    for _ in range(5):
        sizes = fitting_sizes([Program([node])], rng, ones=True)
        assert sizes["n"] > sizes["d"]
    with pytest.raises(DomainError, match="sizes"):
        fitting_sizes([Program([mc.sum(mc.vector("v", n - n**2 - 1))])], rng, ones=False)


def test_stand_ins_know_their_derivatives(rng: np.random.Generator):
    """Every order is the derivative of the one before, for g and for maps of two operands."""
    g = SmoothEntrywise(rng)
    z = np.array([[0.3, -0.8]])
    for order in range(4):
        slope = np.imag(g(z + 1e-30j, order)) / 1e-30
        np.testing.assert_allclose(slope, g(z, order + 1), rtol=1e-13)
    f = SmoothMap(rng)
    operands = [rng.normal(size=(2, 3)), rng.normal(size=(2, 1))]
    for slots in ((), (0,), (1,), (0, 1), (1, 0), (0, 0, 1)):
        for scalar in (False, True):
            rows = 1 if scalar else 3
            for slot in (0, 1):
                found = f(operands, rows, (*slots, slot), scalar)
                columns = []
                for k in range(operands[slot].size):
                    moved = [v.astype(complex) for v in operands]
                    moved[slot].T.flat[k] += 1e-30j  # the transpose's order is that of vec
                    change = np.imag(f(moved, rows, slots, scalar)) / 1e-30
                    columns.append(change.reshape(-1, order="F"))
                expected = np.stack(columns, axis=1)
                if scalar and not slots:
                    expected = expected.reshape(operands[slot].shape, order="F")
                np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_a_determinant_of_rank_too_low_is_no_point(rng: np.random.Generator):
    """log det of a product that is singular at some sizes is tested at sizes where it is not."""
    p, q, r = mc.dims("p q r")
    A, X, B = mc.matrix("A", p, q), mc.matrix("X", q, r), mc.matrix("B", r, p)
    for seed in range(3):
        assert mc.check(mc.log(mc.det(A * X * B)), X, seed=seed)
        assert mc.check(2 / (3 * mc.det(A * X * B)), X, seed=seed)


TOGETHER = [
    ("rows_sum_to_one", "cols_sum_to_one"),
    ("symmetric", "rows_sum_to_one"),
    ("symmetric", "rows_sum_to_zero"),
    ("symmetric", "idempotent", "rows_sum_to_zero"),
    ("positive_definite", "rows_sum_to_one"),
    ("orthogonal", "rows_sum_to_one"),
]


@pytest.mark.parametrize("facts", TOGETHER)
def test_facts_that_undo_each_other_a_little(facts: tuple[str, ...]) -> None:
    """Doubly stochastic, the Laplacian of a graph, the centring projection: all facts hold."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        A = with_facts("A", rng.normal(size=(4, 4)), facts, rng)
        assert all(FACTS[fact].holds(A) for fact in facts)
