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
LEAST = [
    r"A \in \mathbb{R}^{m \times n}, x \in \mathbb{R}^n, X \in \mathbb{R}^{n \times p}",
    r"f = \frac{1}{2} \|A x\|^2",
    r"q = \frac{1}{4} (x^T x)^2",
]
SQUARE = [
    r"S \in \mathbb{R}^{n \times n}, u \in \mathbb{R}^n",
    r"g = \frac{1}{2} u^T (S S^T)^{-1} u",
]
LAYER_NORM = [
    r"x \in \mathbb{R}^d, \epsilon > 0",
    r"\mu = \frac{1}{d} \sum_{i=1}^d x_i",
    r"v = \frac{1}{d} \sum_{i=1}^d (x_i - \mu)^2",
    r"s = \sqrt{v + \epsilon}",
    r"\hat{x} = \frac{x - \mu 1_d}{s}",
]
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
        (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} = p_j (\delta_{ij} - p_i)"),
        (SOFTMAX, r"\frac{\partial p_1}{\partial z_2} = p_1 (\delta_{12} - p_2)"),
        (LEAST, r"\nabla^2 f = A^T A"),
        (LEAST, r"\frac{\partial^2 f}{\partial x_i \partial x_j} = \sum_k A_{ki} A_{kj}"),
        (LEAST, r"\frac{\partial (A X)_{ij}}{\partial X_{kl}} = A_{ik} \delta_{jl}"),
        (LEAST, r"\nabla^2 q = (x^T x) I + 2 x x^T"),
        (SQUARE, r"d \det S = \det(S) \operatorname{tr}(S^{-1} dS)"),
        (SQUARE, r"\frac{\partial g}{\partial u} = S^{-T} S^{-1} u"),
        (LAYER_NORM, r"\frac{\partial s}{\partial x} = \frac{1}{d} \hat{x}"),
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


def test_lines_of_a_document_are_proved_too():
    """The report says of every line that holds what it rests on."""
    page = "\n\n".join(f"${line}$" for line in (*QUADRATIC, r"\nabla_x f = (A + A^T) x"))
    *_, last = mc.verify_document(page)
    assert last.verdict.certainty == "proved by rewriting"


def test_a_delta_with_two_digits_has_two_indices():
    """``delta_12`` is 0; beside ten layers ``delta_10`` would be the error of the tenth."""
    given = [r"x \in \mathbb{R}^3"]
    assert mc.verify(r"\delta_{12} x_1 = 0", given=given)
    assert mc.verify(r"\delta_{22} x_1 = x_1", given=given)
    assert not mc.verify(r"\delta_{11} x_2 = 0", given=given)


def test_the_sign_of_the_norm_may_stand_above_or_below_first():
    """The square of a Frobenius norm in either order of its two scripts."""
    given = [r"A \in \mathbb{R}^{m \times n}", r"f = \|A\|^2_F"]
    assert mc.verify(r"\frac{\partial f}{\partial A} = 2 A", given=given)
