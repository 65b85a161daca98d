"""Claims and documents about a network that stands elsewhere: its names, notations and facts."""

from __future__ import annotations

import pytest

import matcalc as mc

NETWORK = """
X : n x d; Y : n x k; param W1 : d x h; param W2 : h x k
A1 = tanh(X*W1); P = A1*W2; L = sum((P - Y).^2)/(2*n); minimize L
"""
RIGHT = [
    r"\frac{\partial L}{\partial W_2} = \frac1n A_1^\top (P - Y)",
    r"\frac{\partial L}{\partial W^{(2)}} = \frac1n A^{(1)\top} (P - Y)",
    r"\frac{\partial L}{\partial W^{[2]}} = \frac1n A^{[1]T} (P - Y)",
    r"\nabla_{W^2} L = \frac1n (A^1)^T (P - Y)",
    r"\frac{\partial L}{\partial P} = \frac{P - Y}{n}",
]


@pytest.mark.parametrize("claim", RIGHT)
def test_the_page_numbers_layers_in_its_own_way(claim: str):
    """W_1, W^{(1)}, W^{[1]}: the names of the network meet those of the claim."""
    assert mc.verify(claim, network=NETWORK).status == "holds"


def test_a_network_or_its_text():
    """Both are taken; what the claim says beyond it comes in the givens."""
    claim = r"\frac{\partial L}{\partial W_2} = A_1^\top R"
    for network in (NETWORK, mc.parse(NETWORK)):
        assert mc.verify(claim, network=network, given=r"R = (P - Y)/n")
        assert mc.verify(claim, network=network, given="R = P - Y").slip == "lost 1/n"


def test_a_document_that_only_uses_the_names():
    """No forward pass on the page; lines are numbered as on the page."""
    page = (
        "The last layer first:\n$$\\frac{\\partial L}{\\partial W_2} = \\frac1n A_1^T (P - Y)$$\n"
        "then\n$$\\frac{\\partial L}{\\partial A_1} = \\frac1n W_2 (P - Y)$$\n"
    )
    report = mc.verify_document(page, network=NETWORK)
    assert report.headline == "2 equations: 1 hold, 1 wrong"
    assert [e.line for e in report.wrong] == [4]


def test_the_names_of_adjoints():
    """What a step calls its adjoint may be used, and is judged."""
    n, d = mc.dims("n d")
    net = mc.Network("line")
    X, w, y = net.input("X", n, d), net.param("w", d, 1), net.input("y", n, 1)
    r = net.let("r", X * w - y, adjoint=r"\rho")
    net.minimize(net.let("L", mc.norm2(r) ** 2 / 2))
    claims = [r"\rho = Xw - y", r"\frac{\partial L}{\partial w} = X^\top \rho", r"\rho = y - Xw"]
    found = [mc.verify(claim, network=net).status for claim in claims]
    assert found == ["holds", "holds", "fails"]


def test_facts_of_the_network_are_used():
    """K is symmetric: the line holds; without the fact it does not."""
    text = "K : n x n; y : n x 1; L = y'*inv(K)*y; minimize L"
    claim = r"\frac{\partial L}{\partial K} = -K^{-1} y y^\top K^{-1}"
    assert mc.verify(claim, network="assume symmetric(K); " + text)
    assert mc.verify(claim, network=text).status != "holds"


def test_what_arrives_from_above():
    """A network without a loss: G is the derivative by its output."""
    page = (
        "From above arrives $G$ ($n \\times k$).\n"
        "$$\\frac{\\partial L}{\\partial W} = X^\\top G$$\n"
        "$$\\frac{\\partial L}{\\partial X} = W^\\top G$$"
    )
    report = mc.verify_document(page, network="X : n x d; param W : d x k; Z = X*W")
    assert [e.line for e in report.wrong] == [3]


def test_a_derivation_judges_latex():
    """A right side or an equation, as text, an expression or LaTeX."""
    derivation = mc.derive(mc.parse(NETWORK))
    for claim in ("A1'*(P - Y)/n", r"\frac{1}{n} A_1^\top (P - Y)", "A_1^T (P - Y) / n", RIGHT[0]):
        assert derivation.verify("W2", claim).status == "holds", claim
    assert derivation.verify("W2", r"A_1^\top (P - Y)").slip == "lost 1/n"
