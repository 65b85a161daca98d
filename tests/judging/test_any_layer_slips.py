r"""Slips on a page about any layer: found, named and put right in the letters of the page."""

from __future__ import annotations

import matcalc as mc

PAGE = r"""
A network with $L$ layers: for $l = 1, \dots, L$,
$$z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}, \qquad a^{(l)} = \sigma(z^{(l)}), \qquad a^{(0)} = x$$
and the cost is $C = \frac{1}{2} \| a^{(L)} - y \|^2$.

$$\delta^{(L)} = (a^{(L)} - y) \odot \sigma'(z^{(L)})$$
$$\delta^{(l)} = (W^{(l)})^T \delta^{(l+1)} \odot \sigma'(z^{(l)})$$
$$\frac{\partial C}{\partial W^{(l)}} = \delta^{(l)} (a^{(l)})^T$$
$$\frac{\partial C}{\partial b^{(l)}} = 2 \delta^{(l)}$$
$$\frac{\partial C}{\partial a^{(l)}} = (W^{(l+1)})^T \delta^{(l+1)}$$
"""


def test_three_slips_on_a_page_about_any_layer():
    """The corrections and the sentences speak of layer l, never of a number that was tried."""
    report = mc.verify_document(PAGE)
    assert report.headline == "9 equations: 2 hold, 3 wrong, 4 definitions"
    weights, outer, bias = (entry.verdict for entry in report.wrong)
    assert weights.correction.startswith(r"\delta^{(l)} = (W^{(l + 1)})^{T} \delta^{(l + 1)}")
    assert weights.explanation.endswith("Write W^{(l + 1)} for W^{(l)}.")
    assert outer.correction.endswith(r"\delta^{(l)} (a^{(l - 1)})^{T}")
    assert bias.slip == "extra factor 2"
    assert bias.explanation.endswith("The factor 2 does not belong there.")
