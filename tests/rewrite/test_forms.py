"""Other forms of a scalar formula."""

from __future__ import annotations

import sympy as sp

from matcalc.rewrite.forms import forms

x, y, z = sp.symbols("x y z", real=True)


def test_terms_beside_a_bracket_may_cancel() -> None:
    """x(1 - y) beside terms that come to nothing is x(1 - y)."""
    value = x * (1 - y) + y * (z - x) - y * z + y * x
    assert x * (1 - y) in list(forms(value))


def test_terms_that_make_up_a_bracket_stand_under_it() -> None:
    """y(1 - x) + 1 - x = (y + 1)(1 - x), and every form has the same value."""
    value = y * (1 - x) + 1 - x
    found = list(forms(value))
    assert (y + 1) * (1 - x) in found
    assert all(sp.expand(form - value) == 0 for form in found)
