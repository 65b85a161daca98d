"""What a verdict rests on: the laws, exact fractions, or points; and what a wrong line comes to."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.expr import matrix, number, scalar
from matcalc.judging import exact
from matcalc.ops.algebra import mul, t
from tests.judging.notes import SETTINGS

QUADRATIC = [r"A \in \mathbb{R}^{n \times n}, x \in \mathbb{R}^n", "f = x^T A x"]
SOFTMAX = [r"z \in \mathbb{R}^n", r"p = \operatorname{softmax}(z)"]
RIDGE = [
    r"X \in \mathbb{R}^{n \times d}, w \in \mathbb{R}^d, y \in \mathbb{R}^n, \lambda \in \mathbb{R}",
    r"L(w) = \frac{1}{2n} \sum_{i=1}^n \left( \sum_{j=1}^d X_{ij} w_j - y_i \right)^2"
    r" + \frac{\lambda}{2} \|w\|^2",
]


@pytest.mark.parametrize(
    ("given", "claim"),
    [
        (QUADRATIC, r"\nabla_x f = (A + A^T) x"),
        (QUADRATIC, r"\nabla^2_x f = A + A^T"),
        (QUADRATIC, r"\frac{\partial f}{\partial x_i} = \sum_j (A_{ij} + A_{ji}) x_j"),
        (QUADRATIC, r"\operatorname{tr}(A x x^T) = f = x^T A^T x"),
        (QUADRATIC, r"d f = dx^T A x + x^T A \, dx"),
        (RIDGE, r"\nabla L(w) = \frac{1}{n} X^T (X w - y) + \lambda w"),
        (SETTINGS["softmax"][0], SETTINGS["softmax"][1][0]),
        (QUADRATIC, r"\frac{\partial (x_i + x_j)}{\partial x_k} = \delta_{ik} + \delta_{jk}"),
        (QUADRATIC, r"\sum_k A_{ik} \delta_{kj} = A_{ij}"),
        (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)"),
    ],
)
def test_general_claims_are_proved(given: list[str], claim: str):
    """Both sides come to one form, whatever the sizes and the arrays."""
    verdict = mc.verify(claim, given=given)
    assert verdict.certainty == "proved by rewriting", verdict


def test_what_has_no_expression_is_tested_at_points():
    """A sum over data that are rows of a matrix: the points are counted."""
    given = [
        r"x_i \in \mathbb{R}^d, w \in \mathbb{R}^d, i = 1, \dots, n",
        r"L = \sum_{i=1}^n \log(1 + e^{w^T x_i})",
    ]
    verdict = mc.verify(
        r"\nabla_w L = \sum_{i=1}^n \frac{e^{w^T x_i}}{1 + e^{w^T x_i}} x_i", given=given
    )
    assert verdict.certainty == "agrees at 24 points, 3 sizes"


def test_fractions_see_what_rounding_hides():
    """A factor of 1 + 10^-11 passes every test in floating point, and is wrong."""
    claim = r"\nabla_x f = \frac{100000000001}{100000000000} (A + A^T) x"
    verdict = mc.verify(claim, given=QUADRATIC)
    assert verdict.status == "fails"
    assert "exact" in verdict.explanation


def test_exact_values_need_sums_and_products():
    """True, false for what is nearly equal, and no answer for anything else."""
    A, B, s = matrix("A", "n", "n"), matrix("B", "n", "n"), scalar("s")
    assert exact.agree(t(mul(A, B)), mul(t(B), t(A)))
    nearly = mul(number("1000001/1000000"), A)
    assert exact.agree(A, nearly) is False
    assert exact.agree(A, mul(number(2), A)) is None  # so far apart that the points knew
    assert exact.agree(mul(mc.exp(s), A), mul(A, mc.exp(s))) is None


@pytest.mark.parametrize(
    ("given", "claim", "right"),
    [
        (
            [r"X \in \mathbb{R}^{n \times n}"],
            r"\frac{\partial \det X}{\partial X} = X^{-T}",
            r"\frac{\partial \det X}{\partial X} = \det(X) (X^{-1})^{\top}",
        ),
        (
            [r"x \in \mathbb{R}^d, h_0 \in \mathbb{R}^n, W \in \mathbb{R}^{n \times n}",
             r"U \in \mathbb{R}^{n \times d}, y \in \mathbb{R}^n", r"z_1 = W h_0 + U x",
             r"h_1 = \tanh(z_1)", r"z_2 = W h_1 + U x", r"h_2 = \tanh(z_2)",
             r"L = \frac12 \|h_2 - y\|^2"],
            r"\frac{\partial L}{\partial W} = \delta_2 h_2^T + \delta_1 h_1^T",
            r"\frac{\partial L}{\partial W} = \delta_{2} h_{1}^{T} + ((W^{T} \delta_{2}) \odot "
            r"(1 - h_{1}^{\odot 2})) h_{0}^{T}",
        ),
    ],
)  # fmt: skip
def test_a_line_no_small_change_mends_is_given_its_right_side(
    given: list[str], claim: str, right: str
):
    """The closed form in the names and signs of the page, itself true."""
    verdict = mc.verify(claim, given=given)
    assert verdict.status == "fails"
    assert verdict.correction == right
    assert mc.verify(right, given=given)
