"""Positions and exponents that only hold for some sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import matcalc as mc
from matcalc.codegen.demands import demands, never_negative
from matcalc.errors import DomainError, ShapeError
from matcalc.expr import BUILD, postorder

n, m, k = mc.dims("n m k")
B, S, a = mc.matrix("B", k, n), mc.matrix("S", n, n), mc.scalar("a")

OUTSIDE: list[tuple[Any, dict[str, Any], str]] = [
    (B[n - 2, 0], {"B": np.ones((2, 1))}, "begins before the first row"),
    (B[n, 0], {"B": np.ones((2, 2))}, "reaches beyond the last row"),
    (mc.sum(B[n - 2 : n, :]), {"B": np.ones((2, 1))}, "begins before the first row"),
    (BUILD["place"](B, n - 2, 0, 4, n), {"B": np.ones((4, 3))}, "reaches beyond the last row"),
    (S ** (k - 3), {"S": np.eye(2), "k": 2}, "exponent"),
]


@pytest.mark.parametrize(("expr", "values", "said"), OUTSIDE, ids=lambda x: str(x)[:24])
def test_a_place_outside_is_refused_not_wrapped(expr: Any, values: Any, said: str) -> None:
    """NumPy would count from the end, or cut the slice, without a word."""
    with pytest.raises(ShapeError, match=said):
        mc.compile([expr])(**values)
    with pytest.raises((ShapeError, DomainError)):
        mc.evaluate(expr, values)


def test_what_holds_for_all_sizes_is_not_asked() -> None:
    """Sums over whole rows, first entries and blocks need no line in the program."""
    i = BUILD["fresh_index"]("i")
    total = BUILD["isum"](B[i, 0] * B[k - 1 - i, n - 1], i, 0, k - 1)
    assert demands(postorder(total)) == ()
    assert demands(postorder(mc.hessian(mc.tr(S**m), S))) == ()
    assert "raise ValueError" not in mc.source([B[0, :]]).split("def compute")[1]


def test_a_sum_that_reaches_beyond_is_asked_at_its_ends() -> None:
    """The first term that would lie outside is found before the loop runs."""
    i = BUILD["fresh_index"]("i")
    total = BUILD["isum"](B[i + 1, 0], i, 0, n - 1)
    values = {"B": np.arange(12.0).reshape(4, 3)}
    assert mc.compile([total])(**values)[0] == pytest.approx(3 + 6 + 9)
    with pytest.raises(ShapeError, match="beyond the last row"):
        mc.compile([total])(B=np.ones((3, 3)))


@pytest.mark.parametrize(
    ("value", "never"), [(n - 1, True), (n + m - 2, True), (n - m, False), (n * m - n, True)]
)
def test_sizes_are_at_least_one(value: Any, never: bool) -> None:
    """n - 1 is never negative, n - m may be."""
    assert never_negative(value) is never


def test_an_exponent_of_a_matrix_is_a_whole_number() -> None:
    """A name may be both a factor and an exponent; nothing is differentiated by it."""
    f = mc.tr(S**a) * a
    V = np.array([[2.0, 0.5], [0.25, 1.5]])
    found = mc.compile([mc.gradient(f, S)])(S=V, a=3)[0]
    assert np.allclose(found, 9 * np.linalg.matrix_power(V, 2).T)
    for ask in (mc.gradient, mc.hessian, mc.check, mc.derive):
        with pytest.raises(DomainError, match="whole number"):
            ask(f, a)
    with pytest.raises(ShapeError, match="positive integer"):
        mc.evaluate(f, {"S": V, "a": 0.5})
    with pytest.raises(ShapeError, match="positive integer"):
        mc.compile([f])(S=V, a=2.7)


def test_a_dimension_may_be_given_beside_the_arrays_if_it_agrees() -> None:
    """A size that contradicts an array is no detail."""
    program = mc.compile(mc.sum(B) / n)
    assert program(B=np.ones((2, 3)), n=3) == pytest.approx(2)
    with pytest.raises(ShapeError, match="n = 7 is given, but B is k x n"):
        program(B=np.ones((2, 3)), n=7)
