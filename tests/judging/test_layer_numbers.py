"""Rules for any layer on a page that only has its layers one by one."""

from __future__ import annotations

import pytest

import matcalc as mc

TWO_LAYERS = [
    r"X \in \mathbb{R}^{n \times d}, W^{(1)} \in \mathbb{R}^{d \times h}, "
    r"W^{(2)} \in \mathbb{R}^{h \times k}",
    "Z^{(2)} = X W^{(1)}",
    r"a^{(2)} = \sigma(Z^{(2)})",
    "Z^{(3)} = a^{(2)} W^{(2)}",
    r"a^{(3)} = \sigma(Z^{(3)})",
    r"L = \frac{1}{2} \|a^{(3)} - T\|^2",
]
LAYER_ABOVE = ["Z^{(4)} = a^{(3)} W^{(3)}", r"a^{(4)} = \sigma(Z^{(4)})"]
BACK = r"\frac{\partial L}{\partial a^{(l)}} = \frac{\partial L}{\partial Z^{(l+1)}} W^{(l)T}"


@pytest.mark.parametrize("above", [[], LAYER_ABOVE])
@pytest.mark.parametrize(
    "claim",
    [
        BACK,
        r"\frac{\partial L}{\partial W^{(l)}} = (a^{(l)})^T \frac{\partial L}{\partial Z^{(l+1)}}",
        r"\delta^{(l)} = (\delta^{(l+1)} W^{(l)T}) \odot \sigma'(Z^{(l)})",
    ],
)
def test_a_rule_is_about_the_layers_below_the_loss(claim: str, above: list[str]):
    """Layers that the loss is not computed from refute nothing."""
    assert mc.verify(claim, given=TWO_LAYERS + above).status == "holds"


@pytest.mark.parametrize(
    ("claim", "slip"),
    [
        (BACK.replace("{(l)T}", "{(l)}"), "transpose"),
        (r"\delta^{(l)} = (\delta^{(l+1)} W^{(l+1)T}) \odot \sigma'(Z^{(l)})", "layer off by one"),
    ],
)
def test_a_slip_in_such_a_rule_is_named(claim: str, slip: str):
    """Also where it leads to a weight that no layer has; the correction keeps the letter."""
    verdict = mc.verify(claim, given=TWO_LAYERS)
    assert (verdict.status, verdict.slip) == ("shape-error", slip)
    assert "(l)" in verdict.correction
    assert mc.verify(verdict.correction, given=TWO_LAYERS).status == "holds"
