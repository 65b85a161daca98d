"""The chain rule between names that a page says nothing of."""

from __future__ import annotations

import pytest

import matcalc as mc

PATH = r"\frac{\partial z}{\partial x} \frac{\partial x}{\partial u}"
OTHER = r"\frac{\partial z}{\partial y} \frac{\partial y}{\partial u}"


@pytest.mark.parametrize(
    ("claim", "given"),
    [
        (rf"\frac{{\partial z}}{{\partial u}} = {PATH}", []),
        (rf"\frac{{\partial z}}{{\partial u}} = {PATH}", ["x = 0.5"]),
        (rf"\frac{{\partial z}}{{\partial u}} = {PATH} + {OTHER}", []),
        (r"\frac{dy}{dx} = \frac{dy}{du} \cdot \frac{du}{dv} \cdot \frac{dv}{dx}", []),
        (r"\frac{dy}{dx} = \frac{dy}{du} \frac{du}{dx}", ["y = u^2"]),
        (r"\frac{\partial C}{\partial w_1} = \frac{\partial C}{\partial \hat y}"
         r" \frac{\partial \hat y}{\partial w_1}", []),
        (r"\frac{\partial L}{\partial w} = \frac{\partial L}{\partial a} \frac{\partial a}{\partial z} x",
         ["z = w x + b"]),
        (r"\frac{d(uv)}{dx} = u \frac{dv}{dx} + v \frac{du}{dx}", []),
        (r"\frac{d \ln y}{dx} = \frac{1}{y} \frac{dy}{dx}", []),
    ],
)  # fmt: skip
def test_the_chain_rule_holds_for_any_functions(claim: str, given: list[str]):
    """What is a function of what is read off the derivatives."""
    verdict = mc.verify(claim, given=given)
    assert verdict.status == "holds", verdict
    assert any("any smooth function" in said for said in verdict.assumptions)


@pytest.mark.parametrize(
    ("right", "slip"),
    [
        (PATH + r" \frac{\partial y}{\partial u}", "extra factor"),
        (PATH.replace(r" \frac", r" + \frac"), "sum for product"),
    ],
)
def test_a_wrong_chain_rule_is_mended(right: str, slip: str):
    """A factor too many, and paths added where they follow each other."""
    verdict = mc.verify(rf"\frac{{\partial z}}{{\partial u}} = {right}")
    assert (verdict.status, verdict.slip) == ("fails", slip)
    assert mc.verify(verdict.correction)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (r"\frac{df}{dt} = \frac{\partial f}{\partial x} \frac{dx}{dt} + \frac{\partial f}{\partial t}",
         "a total and a partial derivative by t"),
        (r"\frac{dy}{dx} = \frac{1}{\frac{dx}{dy}}", "a function of itself"),
    ],
)  # fmt: skip
def test_what_no_functions_of_each_other_say_is_not_called_wrong(claim: str, words: str):
    """Total derivatives beside partial ones, and inverse functions."""
    verdict = mc.verify(claim)
    assert verdict.status == "unreadable"
    assert words in verdict.explanation
