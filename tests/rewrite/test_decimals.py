"""Decimals in entrywise regions stay as they were typed."""

from __future__ import annotations

import pytest

import matcalc as mc

SHAPES = {"x": ("n", 1)}


def derived(text: str, verb: str) -> str:
    """The derivative of a program in x, as text."""
    return mc.text(getattr(mc, verb)(mc.parse(text, SHAPES), "x"))


@pytest.mark.parametrize("verb", ["gradient", "hessian"])
@pytest.mark.parametrize("scale", ["0.7978845608", "sqrt(2/pi)"])
def test_the_constants_of_a_paper_are_kept(verb: str, scale: str) -> None:
    """No power or product of 0.044715 but its multiples, and no long fraction."""
    found = derived(f"sum(0.5*x.*(1 + tanh({scale}*(x + 0.044715*x.^3))))", verb)
    assert "0.044715" in found
    assert "0.134145" in found
    assert scale in found
    assert max(map(len, found.replace("(", " ").replace("*", " ").split())) <= len("0.7978845608")


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("sum(1.702*sin(x))", "1.702*cos(x)"),
        ("sum(tanh(1.702*x))", "1.702*(1 - tanh(1.702*x).^2)"),
        ("sum(log(1 + (0.001*x).^2))", "0.000002*(x./(1 + (0.001*x).^2))"),
        ("sum(0.5*x.^2)", "x"),
    ],
)
def test_a_decimal_stays_a_decimal(text: str, short: str) -> None:
    """1.702 is not 851/500; a half may cancel."""
    assert derived(text, "gradient") == short


def test_decimals_that_were_made_of_each_other_cancel() -> None:
    """Multiples of one decimal are known as such."""
    assert derived("sum(0.134145*x.*tanh(x) - 3*(0.044715*x.*tanh(x)))", "gradient").startswith(
        "zeros"
    )
