"""What a page leaves open: it is read from use where it can be, and never held against a line."""

from __future__ import annotations

import pytest

import matcalc as mc


def last(text: str):
    """The verdict on the last line of a page."""
    return list(mc.verify_document(text))[-1].verdict


@pytest.mark.parametrize(
    "page",
    [
        r"Let $w \in \mathbb{R}^d$. $$L = \sum_{i=1}^n (y_i - w^\top x_i)^2$$"
        "\n"
        r"$$\nabla_w L = -2 \sum_{i=1}^n (y_i - w^\top x_i) x_i$$",
        r"Let $f(X) = \log\det X$ with $\mathbf{dom} f = \mathbf{S}^n_{++}$. "
        r"$$\nabla f(X) = X^{-1}$$",
        r"$$f(x) = \frac12 x^T P x$$ with a symmetric matrix $P \in \mathbb{R}^{n \times n}$: "
        r"$$D f(x) = x^T P$$",
        r"Let $g(x, y) = x + y^2$. $$\nabla g(x, y) = [1, 2 y]$$",
        r"Let $\mathbf{x} \in \mathbb{R}^n$, $y = sum(\mathbf{x} z)$. "
        r"$$\frac{\partial y}{\partial z} = sum(\mathbf{x})$$",
    ],
    ids=["columns of data", "a domain", "D f", "two numbers", "a sum in words"],
)
def test_read_from_use(page: str):
    """Correct lines whose shapes or signs nothing declares hold."""
    assert last(page).status == "holds"


def test_what_prose_describes_is_not_held_against_a_line():
    """A letter that only words define leaves the line unread, and the reason says so."""
    page = r"""
Let $X \in \mathbb{R}^{n \times p}$ have the rows $x_i$ and
$$\ell(\beta) = \sum_{i=1}^n \left( y_i \beta^T x_i - \log(1 + e^{\beta^T x_i}) \right)$$
Let $q$ be the vector of the fitted probabilities. Then
$$\frac{\partial \ell}{\partial \beta} = X^T (y - q)$$
"""
    verdict = last(page)
    assert verdict.status == "unreadable"
    assert "which the page does not say" in verdict.explanation


def test_a_kronecker_sign_for_the_entrywise_product_is_named():
    """The line is not called wrong, and what its sign would have to mean is said."""
    page = r"""
Let $w \in \mathbb{R}^n$, $x \in \mathbb{R}^n$.
$$\frac{\partial (w \otimes x)}{\partial w} = \mathrm{diag}(x)$$
"""
    verdict = last(page)
    assert verdict.status == "needs-convention"
    assert "entrywise product" in verdict.explanation
