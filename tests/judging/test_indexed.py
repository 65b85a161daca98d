"""Sums of products along letters as matrix formulas, held against ``numpy.einsum``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matcalc as mc
from matcalc import shapes
from matcalc.expr import number, symbol
from matcalc.judging.indexed import COL, ROW, Indexed, NoMatrixForm

LENGTHS = {"i": 3, "j": 4, "k": 5}


def _factor(letters: str, place: int) -> tuple[Indexed, np.ndarray]:
    """A matrix or column along letters, and numbers for it."""
    sizes = [shapes.dim(LENGTHS[x]) for x in letters]
    node = symbol(f"{letters}{place}", (*sizes, *([shapes.dim(1)] if len(sizes) == 1 else [])))
    value = np.random.default_rng(place).normal(size=[LENGTHS[x] for x in letters])
    return Indexed.of(node, letters[0], letters[1] if len(letters) > 1 else None), value


def _has_a_form(value: Indexed, axes: tuple[str | None, str | None]) -> bool:
    """Three matrices that meet in one letter have none."""
    try:
        value.node(*axes)
    except NoMatrixForm as refusal:
        return "three matrices" not in str(refusal)
    return True


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    st.lists(
        st.sampled_from(["i", "j", "k", "ij", "jk", "ki", "ik", "ji", "kj"]), min_size=1, max_size=4
    ),
    st.sets(st.sampled_from("ijk")),
)
def test_a_sum_of_products_is_the_einsum(factors: list[str], summed: set[str]):
    """Whatever has a matrix form has the right one; the rest is refused."""
    parts = [_factor(letters, place) for place, letters in enumerate(factors)]
    value = parts[0][0]
    for part, _ in parts[1:]:
        value = value.times(part)
    there = set("".join(factors))
    for letter in sorted(summed & there):
        value = value.summed(letter)
    free = "".join(sorted(there - summed))
    if len(free) > 2:
        with pytest.raises(NoMatrixForm):
            value.node(free[0], free[1])
        return
    axes = (free[0] if free else None, free[1] if len(free) > 1 else None)
    if not _has_a_form(value, axes):
        return
    node = value.node(*axes)
    found = mc.evaluate(
        node, {f"{x}{p}": v for (p, x), (_, v) in zip(enumerate(factors), parts, strict=True)}
    )
    right = np.einsum(",".join(factors) + "->" + free, *(v for _, v in parts))
    assert np.allclose(np.reshape(found, right.shape), right)


def test_terms_with_other_axes_are_spread():
    """``a_i - b_j`` is a matrix of differences, squared term by term if it has three axes."""
    rows = Indexed.of(symbol("A", (shapes.dim("n"), shapes.dim("d"))), "i", ROW)
    gap = rows.plus(rows.renamed({"i": "j"}).scaled(number(-1)))
    with pytest.raises(NoMatrixForm):
        gap.node("i", "j")
    square = gap.times(gap).summed(ROW)
    A = np.arange(6.0).reshape(3, 2)
    found = mc.evaluate(square.node("i", "j"), {"A": A})
    assert np.allclose(found, ((A[:, None] - A[None]) ** 2).sum(-1))


def test_ones_and_the_identity_take_the_lengths_beside_them():
    """``1 1^T + I`` added to a square matrix."""
    n = shapes.dim("n")
    K = Indexed.of(symbol("K", (n, n)))
    total = K.plus(Indexed.identity(ROW, COL)).plus(Indexed.ones(ROW).matmul(Indexed.ones(COL)))
    assert str(total.node()) == "K + eye(n) + ones(n, 1)*ones(1, n)"
    with pytest.raises(NoMatrixForm, match="how long"):
        Indexed.ones(ROW).node()
