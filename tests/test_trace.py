"""A law is cited where it is what happened: not a cancellation where nothing cancels."""

from __future__ import annotations

import pytest

import matcalc as mc

LOGISTIC = "X : n x d; y : n x 1; param w : d x 1; z = X*w; p = sigmoid(z); "


def reasons(text: str, line: str) -> list[str]:
    """The laws by which a line of a derivation became what it is."""
    return [law.equation for law in mc.derive(mc.parse(text)).line(line).steps]


def test_a_cancellation_says_that_brackets_were_written_out_first() -> None:
    """(1 - y) p - y (1 - p) = p - y takes both laws."""
    last = reasons(LOGISTIC + "L = -sum(y.*log(p) + (1 - y).*log(1 - p))/n", "dz")[-1]
    assert last == r"A \odot (B + C) = A \odot B + A \odot C,\; A - A = 0"


def test_nothing_is_said_to_cancel_where_nothing_does() -> None:
    """With two weights every term stays."""
    weighted = "a, b : scalar; " + LOGISTIC + "L = -sum(a*y.*log(p) + b*(1 - y).*log(1 - p))/n"
    assert not any("A - A" in law for law in reasons(weighted, "dz"))


@pytest.mark.parametrize(
    ("text", "line", "law"),
    [
        (LOGISTIC + "L = -sum(y.*log(p) + (1 - y).*log(1 - p))/n", "dp", r"\text{one denominator}"),
        (
            "v : m x 1; S0 : m x m; param R : m x m; S = S0 + R; L = v'*inv(S)*v/2 + logdet(S)/2",
            "dS",
            "AB + AC = A(B + C)",
        ),
    ],
)
def test_terms_that_come_together(text: str, line: str, law: str) -> None:
    """Over one denominator, or by a factor that all terms have; in matrices by the matrix law."""
    assert reasons(text, line)[-1] == law


def test_words_stand_without_a_by() -> None:
    """A law is a reason by which; a remark such as what arrived there is not."""
    net = mc.parse(LOGISTIC + "L = -sum(y.*log(p) + (1 - y).*log(1 - p))/n")
    said = mc.derive(net).to_latex(detail="full", width=200)
    assert r"\qquad \text{what arrived there}" in said
    assert r"\text{by } A \odot (B + C)" in said
    assert r"\text{by } \text{" not in said
