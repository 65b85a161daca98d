"""Backward passes and matrix rules as courses state them: the right lines hold, slips are named."""

from __future__ import annotations

import pytest

import matcalc as mc

SQUARE = [r"A, X, C \in \mathbb{R}^{n \times n}; a, b, x \in \mathbb{R}^n"]
CROSS_ENTROPY = [
    r"X \in \mathbb{R}^{N \times D}, W \in \mathbb{R}^{D \times K}, b \in \mathbb{R}^{1 \times K}",
    r"Y \in \mathbb{R}^{N \times K}, Y \text{ one-hot}",
    r"Z = X W + \mathbf{1}_N b",
    r"P = \operatorname{softmax}(Z)",
    r"L = -\frac{1}{N} \sum_{i=1}^N \sum_{k=1}^K Y_{ik} \log P_{ik}",
]
ATTENTION = [
    r"Q \in \mathbb{R}^{n \times d}, K \in \mathbb{R}^{m \times d}, V \in \mathbb{R}^{m \times p}",
    r"S = \frac{Q K^T}{\sqrt{d}}",
    r"A = \operatorname{softmax}(S)",
    "O = A V",
    r"\ell = \ell(O)",
]
LOGISTIC = [
    r"X \in \mathbb{R}^{n \times d}, w \in \mathbb{R}^d, y \in \mathbb{R}^n, \lambda \in \mathbb{R}",
    r"p = \sigma(X w)",
    r"\sigma(t) = 1/(1+e^{-t})",
    r"J(w) = -\frac{1}{n}\left( y^T \log p + (1-y)^T \log(1-p) \right) + \frac{\lambda}{2} \|w\|^2",
]
GAUSS_NEWTON = [
    r"x \in \mathbb{R}^n, A \in \mathbb{R}^{m \times n}, b \in \mathbb{R}^m",
    r"r(x) = \tanh(A x) - b",
    r"f(x) = \frac12 \|r(x)\|^2",
    r"J = \operatorname{diag}(1 - \tanh^2(A x)) A",
]


@pytest.mark.parametrize(
    ("given", "claim"),
    [
        (SQUARE, r"\frac{\partial \operatorname{tr}(A X^{-1} C)}{\partial X} = -(X^{-1} C A X^{-1})^T"),
        (SQUARE, r"\frac{\partial}{\partial X} \operatorname{tr}(X^3) = 3 (X^2)^T"),
        (SQUARE, r"\frac{\partial}{\partial X} a^T X^T C X b = C^T X a b^T + C X b a^T"),
        (SQUARE, r"\operatorname{vec}(A X C) = (C^T \otimes A) \operatorname{vec}(X)"),
        (SQUARE, r"(A \otimes X)(C \otimes A) = (A C) \otimes (X A)"),
        (SQUARE, r"x^T (A \odot C) x = \operatorname{tr}(\operatorname{diag}(x) A \operatorname{diag}(x) C^T)"),
        (SQUARE, r"d\, \operatorname{tr}(X^T A X) = \operatorname{tr}\left(dX^T (A + A^T) X\right)"),
        (CROSS_ENTROPY, r"\frac{\partial L}{\partial P} = -\frac{1}{N} Y \oslash P"),
        (CROSS_ENTROPY, r"\frac{\partial L}{\partial b} = \frac{1}{N} \mathbf{1}_N^\top (P - Y)"),
        (CROSS_ENTROPY, r"\frac{\partial P_{ik}}{\partial Z_{ij}} = P_{ik} (\delta_{jk} - P_{ij})"),
        (ATTENTION, r"\frac{\partial \ell}{\partial Q} = \frac{1}{\sqrt{d}} \frac{\partial \ell}{\partial S} K"),
        (ATTENTION, r"dS = A \odot \left( dA - (dA \odot A) \mathbf{1}_m \mathbf{1}_m^T \right)"),
        (LOGISTIC, r"\nabla^2 J(w) = \frac{1}{n} X^T \operatorname{diag}(p \odot (1-p)) X + \lambda I"),
        (LOGISTIC, r"w \leftarrow w - \eta \left( \frac1n X^T(p-y) + \lambda w \right)"),
        (GAUSS_NEWTON, r"\nabla f(x) = J^T r(x)"),
        (GAUSS_NEWTON, r"\nabla f = A^T \left( (1 - \tanh^2(Ax)) \odot (\tanh(Ax) - b) \right)"),
    ],
)  # fmt: skip
def test_what_is_right_holds(given: list[str], claim: str):
    """Rules of the collections, softmax, attention, logistic regression, residuals."""
    assert mc.verify(claim, given=given)


@pytest.mark.parametrize(
    ("given", "claim", "slip"),
    [
        (SQUARE, r"\frac{\partial \operatorname{tr}(A X^{-1} C)}{\partial X} = -(X^{-1} A C X^{-1})^T", "order"),
        (SQUARE, r"\frac{\partial \det X}{\partial X} = X^{-T}", "lost factor"),
        (SQUARE, r"(A X)^{-1} = A^{-1} X^{-1}", "order"),
        (SQUARE, r"\frac{\partial}{\partial X} a^T X^T C X b = C^T X a b^T", "lost term"),
        (SQUARE, r"d(X^{-1}) = X^{-1} dX X^{-1}", "sign"),
        (CROSS_ENTROPY, r"\frac{\partial L}{\partial b} = \frac{1}{N} (P - Y)", "sum over the batch"),
        (CROSS_ENTROPY, r"\frac{\partial P_{ik}}{\partial Z_{ij}} = P_{ik} (1 - P_{ij})", "diagonal"),
        (
            ATTENTION,
            r"\frac{\partial \ell}{\partial Q} = \frac{\partial \ell}{\partial S} K",
            r"lost factor \frac{1}{\sqrt{d}}",
        ),
        (
            ATTENTION,
            r"\frac{\partial \ell}{\partial K} = \frac{1}{\sqrt d} \frac{\partial \ell}{\partial S} Q",
            "transpose",
        ),
        (LOGISTIC, r"\nabla J(w) = \frac{1}{n} X^T (p - y) + 2 \lambda w", "extra factor 2"),
        (LOGISTIC, r"\nabla^2 J(w) = \frac{1}{n} X^T \operatorname{diag}(p) X + \lambda I", ""),
        (GAUSS_NEWTON, r"\nabla f(x) = J r(x)", "transpose"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_set_right(given: list[str], claim: str, slip: str):
    """The class, and a correction that holds."""
    verdict = mc.verify(claim, given=given)
    assert verdict.status in ("fails", "shape-error")
    assert slip in verdict.slip
    assert mc.verify(verdict.correction, given=given)


@pytest.mark.parametrize(
    ("claim", "given", "words"),
    [
        (r"\nabla_w L = 2 X^T (X w - y)", [], "L is not defined"),
        (r"e^{-100000 (1 + w^T w)} = 0", [r"w \in \mathbb{R}^d"], "has no value"),
        (r"X^{1000000} = 0", [r"X \in \mathbb{R}^{n \times n}"], "too high"),
        (r"\mathbb{E}[x x^T] = I", [r"x \in \mathbb{R}^n"], ""),
    ],
)
def test_what_numbers_cannot_tell_is_not_judged(claim: str, given: list[str], words: str):
    """A loss nobody defined, values too small for a computer, expectations."""
    verdict = mc.verify(claim, given=given)
    assert verdict.status == "unreadable"
    assert words in verdict.explanation
