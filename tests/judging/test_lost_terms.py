r"""What a line leaves out is found by the engine, written as the page writes, and said in words."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.judging.pointing import difference
from matcalc.reading.formula import read_formula

LOGISTIC = [
    r"X \in \mathbb{R}^{n \times d}, w \in \mathbb{R}^d, y \in \mathbb{R}^n, \lambda > 0",
    r"p = \sigma(X w)",
    r"E = -\sum_{i=1}^n \left( y_i \log p_i + (1 - y_i) \log(1 - p_i) \right) "
    r"+ \frac{\lambda}{2} w^T w",
]
FACTORS = [
    r"R \in \mathbb{R}^{m \times n}, U \in \mathbb{R}^{m \times k}, V \in \mathbb{R}^{n \times k}",
    r"M \in \mathbb{R}^{m \times n}, \lambda > 0",
    r"E = M \odot (R - U V^T)",
    r"J = \frac{1}{2} \|E\|_F^2 + \frac{\lambda}{2} (\|U\|_F^2 + \|V\|_F^2)",
]
KALMAN = [
    r"P \in \mathbb{R}^{n \times n}, R \in \mathbb{R}^{m \times m}, H \in \mathbb{R}^{m \times n}",
    r"K \in \mathbb{R}^{n \times m}",
    r"P, R \text{ symmetric}",
    r"J = \operatorname{tr}((I - K H) P (I - K H)^T + K R K^T)",
]
NORM = [r"x \in \mathbb{R}^n", r"h = \|x\|", r"q = \frac{1}{4} (x^T x)^2"]
QUADRATIC = [r"A \in \mathbb{R}^{n \times n}, X \in \mathbb{R}^{n \times n}", "F = X^T A X"]


@pytest.mark.parametrize(
    ("given", "wrong", "right"),
    [
        (LOGISTIC, r"\nabla_w E = X^T (p - y)", r"\nabla_{w} E = X^{T} (p - y) + \lambda w"),
        (LOGISTIC, r"\nabla_w E = \lambda w", r"\nabla_{w} E = \lambda w + X^{T} (p - y)"),
        (
            LOGISTIC,
            r"\frac{\partial E}{\partial w_j} = \sum_{i=1}^n (p_i - y_i) X_{ij}",
            r"\frac{\partial E}{\partial w_{j}} = \sum_{i = 1}^{n} (p_{i} - y_{i}) X_{ij} "
            r"+ \lambda w_{j}",
        ),
        (
            LOGISTIC,
            r"\frac{\partial^2 E}{\partial w_j \partial w_k} "
            r"= \sum_{i=1}^n p_i (1 - p_i) X_{ij} X_{ik}",
            r"\frac{\partial^{2} E}{\partial w_{j} \partial w_{k}} "
            r"= \sum_{i = 1}^{n} p_{i}(1 - p_{i}) X_{ij} X_{ik} + \lambda \delta_{jk}",
        ),
        (LOGISTIC, r"\nabla_w^2 E = \lambda I", None),
        (KALMAN, r"\frac{\partial J}{\partial K} = -2 P H^T", None),
        (NORM, r"\nabla^2 q = 2 x x^T", None),
        (
            QUADRATIC,
            r"dF = X^T A \, dX",
            r"dF = X^{T} A dX + dX^{T} A X",
        ),
    ],
)
def test_a_lost_term_is_found_and_put_back(given: list[str], wrong: str, right: str | None):
    """The line with the term that it leaves out, which holds."""
    verdict = mc.verify(wrong, given=given)
    assert verdict.status == "fails"
    assert "term" in verdict.slip
    assert verdict.explanation.endswith("is missing.")
    assert right is None or verdict.correction == right
    assert mc.verify(verdict.correction, given=given)


@pytest.mark.parametrize(
    ("given", "wrong", "slip", "said"),
    [
        (NORM, r"\nabla^2 h = I - \frac{x x^T}{\|x\|^2}", r"lost factor \frac{1}{h}", "factor"),
        (FACTORS, r"\frac{\partial J}{\partial V} = -(M \odot E)^T U - \lambda V", "sign",
         r"The sign in front of \lambda V should be +."),
        (FACTORS, r"\frac{\partial J}{\partial U} = -(M \odot E) V^T + \lambda U", "transpose",
         "Write V for V^{T}."),
        (LOGISTIC, r"\frac{\partial E}{\partial w_j} = (p_i - y_i) X_{ij} + \lambda w_j",
         "sum missing", "The sum is missing"),
    ],
)  # fmt: skip
def test_the_place_of_a_slip_is_named(given: list[str], wrong: str, slip: str, said: str):
    """The explanation ends in the piece that is wrong."""
    verdict = mc.verify(wrong, given=given)
    assert verdict.slip == slip
    assert said in verdict.explanation
    assert mc.verify(verdict.correction, given=given)


def test_a_correction_is_no_repetition_of_the_left_side():
    """Of an identity without derivatives there is nothing to say beyond its own left side."""
    given = [r"A \in \mathbb{R}^{n \times n}, a \in \mathbb{R}^n, b \in \mathbb{R}^n"]
    verdict = mc.verify(r"\det(A + a b^T) = (b^T a) \det A", given=given)
    assert verdict.status == "fails"
    assert verdict.correction == ""


def test_a_counterexample_has_whole_numbers_in_matrices_with_structure():
    """Symmetric, positive definite and triangular matrices are small whole numbers too."""
    given = [
        r"L \in \mathbb{R}^{n \times n}, K \in \mathbb{R}^{n \times n}, x \in \mathbb{R}^n",
        r"L \text{ lower triangular}",
        r"K \text{ symmetric positive definite}",
        "f = x^T L L^T x + x^T K x",
    ]
    verdict = mc.verify(r"\frac{\partial f}{\partial x} = L L^T x + K x", given=given)
    assert verdict.status == "fails"
    assert "." not in verdict.counterexample


def test_a_dotted_power_is_taken_entry_by_entry():
    """``A.^2`` is read as in MATLAB, and a correction is written with it."""
    given = [
        r"X \in \mathbb{R}^{n \times d}, W \in \mathbb{R}^{d \times h}, V \in \mathbb{R}^{h \times k}",
        r"Y \in \mathbb{R}^{n \times k}, Z = X W, A = \tanh(Z), S = A V",
        r"L = \frac{1}{2n} \|S - Y\|_F^2",
    ]
    line = r"\frac{\partial L}{\partial Z} = \left( \frac{\partial L}{\partial S} V^T \right) .* (1 - A.^2)"
    assert mc.verify(line, given=given)
    verdict = mc.verify(line.replace("A.^2", "Z.^2"), given=given)
    assert verdict.status == "fails"
    assert "A .^ 2" in verdict.correction


def test_the_sentence_names_the_piece_that_differs():
    """Terms, factors, signs and names; nothing where the whole side differs."""

    def said(claimed: str, right: str) -> str:
        return difference(*(read_formula(x)[0].sides[0] for x in (claimed, right)))

    assert said("A x + b", "A x + b + c") == "the term c is missing"
    assert said("A x - b", "A x + b") == "the sign in front of b should be +"
    assert said("2 A x + b", "A x + b") == "the factor 2 does not belong there"
    assert said("A (x + B y)", "A (x + C y)") == "write C for B"
    assert said(r"\frac{1}{m} A x", r"\frac{2}{m} A x") == r"write \frac{2}{m} for \frac{1}{m}"
    assert said("A x", "b") == ""
