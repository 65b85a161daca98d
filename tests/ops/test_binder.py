"""Indices: sums that differ only in the letter are one node, and nothing is ever captured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

import tests.instances  # noqa: F401 - registers what every node needs
from matcalc.errors import ShapeError
from matcalc.expr import Node, matrix, postorder, read, scalar, substitute
from matcalc.ops.algebra import add, had, inner, mul, ones, t
from matcalc.ops.binder import ISUM, apart, at_index, bound, index, isum, isum_as_written
from matcalc.ops.determinants import tr
from matcalc.ops.inverses import matrix_power
from matcalc.ops.norms import norm2
from tests.contracts.harness import assert_close, change_by_differences, differential, value

i, j, k = index("i"), index("j"), index("k")
A = matrix("A", "n", "n")
B = matrix("B", "n", "n")
SIZES = {"n": 3, "m": 2, "k": 4}


def number_of(node: Node, **values: float) -> float:
    """The value at A, B = fixed arrays and scalars by name."""
    at: dict[Node, object] = {A: np.diag([1.0, 2.0, 3.0]), B: np.ones((3, 3))}
    at |= {scalar(name): v for name, v in values.items()}
    used = set(postorder(node))
    return value(node, {s: v for s, v in at.items() if s in used}, SIZES).item()


def test_sums_that_differ_in_the_letter_are_one_node():
    """Alpha-equivalence is identity."""
    assert isum(read(i) * A, i, 1, 3) is isum(read(j) * A, j, 1, 3)
    assert isum(read(i) * A, "i", 1, 3) is not isum(read(i) * A, i, 1, 4)


@pytest.mark.parametrize(
    "letters", [(i, j), (j, i), (k, bound(1)), (bound(2), i), (bound(1), bound(2))]
)
def test_nested_sums_are_one_node_whatever_their_letters(letters: tuple[sp.Symbol, sp.Symbol]):
    """However the letters were chosen, also with names of our own."""
    a, b = letters
    found = isum(isum(read(a) * read(b) ** 2 * A, a, 1, 2), b, 1, 3)
    assert found is isum(isum(read(i) * read(j) ** 2 * A, i, 1, 2), j, 1, 3)


def test_a_sum_grown_inside_another_is_numbered_like_one_built_there():
    """Replacing a part inside a sum by a sum gives the node that a direct construction gives."""
    outer = isum(read(i) * tr(matrix_power(A, 3)), i, 1, 2)
    body = outer.operands[0] if outer.op is ISUM else outer
    inside = isum(mul(read(j), tr(mul(matrix_power(A, 3), read(j)))), j, 1, 2)
    direct = isum(read(i) * inside * read(i), i, 1, 2)
    grown = isum(mul(read(bound(1)), inside, read(bound(1))), bound(1), 1, 2)
    assert grown is direct
    assert body is not None


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (isum(read(i), i, 1, 4), 10),
        (isum(read(i) ** 2, i, 0, 3), 14),
        (isum(isum(read(i) * read(j), i, 1, read(j).params and j), j, 1, 3), 25),
        (isum(A[i, i], i, 0, 2), 6),
        (isum(isum(A[i, j] * B[j, i], i, 0, 2), j, 0, 2), 6),
        (isum(isum(read(i), i, 1, 2), i, 1, 3), 9),
        (isum(norm2(ones(i, 1)) ** 2, i, 1, 3), 6),
    ],
    ids=str,
)
def test_a_sum_has_its_value(node: Node, expected: float):
    """Σ of numbers, entries, nested ranges and sizes."""
    assert number_of(node) == pytest.approx(expected)


def test_what_does_not_depend_on_the_index_is_multiplied():
    """Σ A over m terms is m A; an empty sum is a typed zero; one term is that term."""
    assert isum(A, i, 1, 3) is mul(3, A)
    assert isum(A, i, 0, sp.Symbol("m")) is mul(1 + read(sp.Symbol("m")), A)
    assert isum(read(i) * A, i, 3, 2) is 0 * A
    assert isum(read(i) * A, i, 2, 2) is 2 * A


def test_a_sum_that_runs_backwards_is_refused():
    """sympy would count it negatively, Python would call it empty: we ask."""
    with pytest.raises(ShapeError, match="from 5 to 3 runs backwards"):
        isum(read(i), i, 5, 3)


@pytest.mark.parametrize("end", [sp.oo, -sp.oo, sp.pi, sp.Rational(5, 2), sp.nan])
def test_a_sum_has_whole_ends(end: Any) -> None:
    """A series without an end, or one that ends between two numbers, is no sum of terms."""
    t, i = sp.Symbol("t", real=True), sp.Symbol("i", integer=True)
    with pytest.raises(ShapeError, match=r"from one whole number to another, and .* is none"):
        isum(t, i, 0, end)


def test_terms_of_different_shapes_are_refused():
    """A sum adds matrices of one shape, and the shape of a symbol does not depend on an index."""
    with pytest.raises(ShapeError, match="different shapes"):
        isum(ones(i, 1), i, 1, 3)
    with pytest.raises(ShapeError, match="changes with the index i"):
        isum(norm2(matrix("x", i, 1)), i, 1, 3)


# -- capture ---------------------------------------------------------------------------------------


def test_replacing_an_index_captures_nothing():
    """In Σ_i i*j the j becomes i + 1: the bound i gives way."""
    inner_sum = isum(read(i) * read(j), i, 1, 3)
    moved = at_index(inner_sum, {j: i + 1})
    assert number_of(moved, i=1.0) == pytest.approx(12)
    assert moved is isum(read(k) * (1 + read(i)), k, 1, 3)


def test_replacing_by_a_name_of_ours_captures_nothing():
    """Even where the arriving index has the name of the bound one."""
    [variable] = {n.params[0] for n in postorder(isum(read(i) * read(j), i, 1, 3)) if n.op is ISUM}
    moved = at_index(isum(read(i) * read(j), i, 1, 3), {j: variable})
    assert moved is isum(read(i) * read(variable), i, 1, 3)
    assert isum(moved, variable, 1, 2) is isum(isum(read(i) * read(j), i, 1, 3), j, 1, 2)


def test_substituting_an_indexed_part_captures_nothing():
    """Into Σ_i i*x goes x = (something with the outer index): both keep their meaning."""
    x = scalar("x")
    form = isum(read(i) * x, i, 1, 3)
    outer = isum(substitute(form, {x: read(bound(1))}), bound(1), 1, 2)
    assert outer is isum(isum(read(i) * read(j), i, 1, 3), j, 1, 2)
    assert number_of(outer) == pytest.approx(18)


def test_apart_keeps_the_value_and_avoids_the_names():
    """Renamed binders mean the same, and none of the names to avoid is bound."""
    node = isum(isum(A[i, j], i, 0, 2) * read(j), j, 0, 2)
    taken = {bound(1), bound(2)}
    moved = apart(node, taken)
    assert not taken & {n.params[0] for n in postorder(moved) if n.op is ISUM}
    assert number_of(moved) == pytest.approx(number_of(node))


def test_two_capture_free_steps_equal_one():
    """Shifting by 1 and by 2 is shifting by 3."""
    node = isum(A[i, j] * read(j), i, 0, 1)
    assert at_index(at_index(node, {j: j + 1}), {j: j + 2}) is at_index(node, {j: j + 3})


# -- printing, reading, differentials --------------------------------------------------------------


def test_the_letter_shown_is_in_nobodys_use():
    """Names of symbols, dimensions, limits and inner sums are all avoided."""
    r, W = scalar("r"), matrix("W", "i", "j")
    node = isum(isum(r * read(k) * read(bound(1)) * W, k, 1, 2), bound(1), 1, sp.Symbol("l"))
    said = str(node)
    shown = {word.split(", ")[0] for word in said.replace(")", "").split("isum(")}
    letters = [part.split(", ")[-3] for part in said.split(")") if part.count(", ") >= 2]
    assert not set(letters) & {"r", "i", "j", "l"}
    assert len(set(letters)) == len(letters)
    assert shown


def test_what_is_written_is_read_back():
    """Sums over entries are written from 1 on, and come back counted from 0."""
    node = isum(A[i, i] * B[i, 0], i, 0, sp.Symbol("n") - 1)
    assert str(node) == "isum(A(r, r)*B(r, 1), r, 1, n)"
    body = A[index("r") - 1, index("r") - 1] * B[index("r") - 1, 0]
    assert isum_as_written(body, "r", 1, sp.Symbol("n")) is node


POWER = sp.Symbol("k", integer=True, positive=True)


@pytest.mark.parametrize(
    "node",
    [
        isum(tr(mul(read(i), A, A)), i, 1, 3),
        isum(tr(matrix_power(mul(read(i), A), POWER)), i, 1, 3),
        isum(mul(read(i), tr(matrix_power(add(A, mul(read(i), B)), POWER))), i, 1, 2),
        isum(isum(mul(A[i, j], A[j, i], read(j)), i, 0, 2), j, 0, 2),
        inner(isum(mul(read(i), had(A, A)), i, 1, 2), isum(mul(read(i), t(A)), i, 0, 2)),
    ],
    ids=["product", "power", "power of a sum", "entries", "two sums"],
)
def test_sums_differentiate_twice(node: Node, rng: np.random.Generator):
    """First and second differentials are the limits of differences, powers inside sums included."""
    E, H = matrix("E", "n", "n"), matrix("H", "n", "n")
    at = {s: rng.normal(size=(3, 3)) for s in (A, B, E, H)}
    first = differential(node, A, E)
    assert_close(value(first, at, SIZES), change_by_differences(node, A, at, at[E]), "first")
    second = differential(first, A, H)
    assert_close(value(second, at, SIZES), change_by_differences(first, A, at, at[H]), "second")
