"""How a page is read: squares that are defined, matrices by their entries, the layout of its lines."""

from __future__ import annotations

import json

import pytest

import matcalc as mc

BATCH_NORM = [
    r"x \in \mathbb{R}^m, \gamma \in \mathbb{R}, \beta \in \mathbb{R}, \epsilon \in \mathbb{R}",
    r"\mu = \frac{1}{m}\sum_{i=1}^m x_i",
    r"\sigma^2 = \frac{1}{m}\sum_{i=1}^m (x_i-\mu)^2",
    r"\hat{x}_i = \frac{x_i-\mu}{\sqrt{\sigma^2+\epsilon}}",
    r"y_i = \gamma \hat{x}_i + \beta",
    r"L = L(y)",
]
TABLE = [
    r"X \in \mathbb{R}^{m \times d}, \gamma \in \mathbb{R}^d, \beta \in \mathbb{R}^d",
    r"Y_{ij} = \gamma_j X_{ij} + \beta_j",
    "L = L(Y)",
]


@pytest.mark.parametrize(
    "claim",
    [
        r"\frac{\partial L}{\partial \sigma^2} = \sum_{i=1}^m \frac{\partial L}{\partial \hat{x}_i}"
        r" (x_i-\mu) \left(-\frac{1}{2}\right) (\sigma^2+\epsilon)^{-3/2}",
        r"\frac{\partial L}{\partial x_i} = \frac{\partial L}{\partial \hat{x}_i}"
        r" \frac{1}{\sqrt{\sigma^2+\epsilon}} + \frac{\partial L}{\partial \sigma^2}"
        r" \frac{2(x_i-\mu)}{m} + \frac{\partial L}{\partial \mu}\frac{1}{m}",
        r"\frac{\partial \sigma^2}{\partial x_i} = \frac{2}{m} (x_i - \mu)",
        r"\sigma = \sqrt{\frac{1}{m}\sum_{i=1}^m (x_i-\mu)^2}",
    ],
)
def test_a_square_may_be_what_is_defined(claim: str):
    r"""``\sigma^2 = ...`` is the variance, wherever it stands; ``\sigma`` is its root."""
    assert mc.verify(claim, given=BATCH_NORM)


def test_a_lost_path_through_the_variance_is_seen():
    """The direct path alone is not the gradient."""
    claim = (
        r"\frac{\partial L}{\partial x_i} = \frac{\partial L}{\partial \hat{x}_i}"
        r" \frac{1}{\sqrt{\sigma^2+\epsilon}}"
    )
    assert not mc.verify(claim, given=BATCH_NORM)


def test_a_matrix_may_be_defined_by_its_entries():
    """``L(Y)`` where the page says what each ``Y_{ij}`` is."""
    right = r"\frac{\partial L}{\partial \gamma_j} = \sum_{i=1}^m \frac{\partial L}{\partial Y_{ij}} X_{ij}"
    assert mc.verify(right, given=TABLE)
    wrong = r"\frac{\partial L}{\partial \beta_j} = \frac{1}{m} \sum_{i=1}^m \frac{\partial L}{\partial Y_{ij}}"
    assert mc.verify(wrong, given=TABLE).slip == "extra 1/m"


def test_a_number_may_be_declared_and_be_a_parameter():
    r"""``x`` is a number, and ``\sigma(x)`` a function all the same."""
    given = [r"x \in \mathbb{R}", r"\sigma(x) = \frac{1}{1+e^{-x}}"]
    assert mc.verify(r"\sigma'(x) = \sigma(x)(1 - \sigma(x))", given=given)
    assert mc.verify(r"1 - \sigma(x) = \sigma(-x)", given=given)
    assert mc.verify(r"\sigma(1) = 0.7311", given=given)
    assert not mc.verify(r"\sigma'(x) = \sigma(x)(1 + \sigma(x))", given=given)


def test_the_steps_of_an_aligned_block_are_counted_through():
    """The second right-hand side is wrong, on the second row."""
    given = [
        r"X \in \mathbb{R}^{n \times d}, w \in \mathbb{R}^d, y \in \mathbb{R}^n",
        r"L = \|X w - y\|^2",
    ]
    verdict = mc.verify(
        r"\begin{aligned} L &= (Xw - y)^T (Xw - y) \\ &= w^T X^T X w - y^T X w + y^T y"
        r" \end{aligned}",
        given=given,
    )
    assert verdict.first_wrong_step == 2
    assert verdict.correction.startswith("L = ")
    assert mc.verify(verdict.correction, given=given)


PAGE = r"""Let $A \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $b \in \mathbb{R}^m$ and
$$ r = A x - b $$ $$ f = r^T r $$
Then
$$ \frac{\partial r}{\partial x} = A $$
$$ \frac{\partial f}{\partial r} = 2 r^T $$
$$ \frac{\partial f}{\partial x} = 2 r^T A $$
$$ \frac{\partial f}{\partial b} = -2 r $$
"""


def test_a_page_is_read_in_the_layout_of_most_of_its_lines():
    """Three lines in numerator layout hold, and that is said; the fourth is the odd one out."""
    found = [e.verdict for e in mc.verify_document(PAGE).entries if "partial" in e.text]
    assert [v.status for v in found] == ["holds"] * 3 + ["needs-convention"]
    assert all(v.reading == "numerator layout, as most lines of the page" for v in found)
    asked = mc.verify_document(PAGE, layout="denominator")
    assert asked.counts["holds"] == 1


def test_an_inequality_that_fails_is_shown_to_fail():
    """Numbers at which the order is the other way round."""
    verdict = mc.verify(r"\|x + y\| \ge \|x\| + \|y\|", given=[r"x, y \in \mathbb{R}^n"])
    assert verdict.status == "fails"
    assert verdict.counterexample.startswith("x = [")


def test_every_way_to_print_a_verdict_says_the_same():
    """Class, step, reason, correction and numbers stand in text, LaTeX, HTML and data."""
    given = [
        r"W \in \mathbb{R}^{k \times d}, x \in \mathbb{R}^d, y \in \mathbb{R}^k",
        "z = W x",
        r"p = \tanh(z)",
        r"L = \|p - y\|^2",
    ]
    claim = r"\frac{\partial L}{\partial W} = \delta x^T = 2 ((p - y) \odot p) x^T"
    verdict = mc.verify(claim, given=given)
    assert verdict.first_wrong_step == 2
    assert json.loads(json.dumps(verdict.to_dict()))["slip"] == verdict.slip
    for page in (verdict.to_text(), verdict.to_latex(), verdict.to_html()):
        assert "number 2" in page
        assert verdict.correction.replace("'", "&#x27;") in page.replace("'", "&#x27;")
        assert verdict.certainty in page
        assert r"\delta" in page
    last = verdict.counterexample.splitlines()[-1].rpartition("= ")[2]
    rows = r" \\ ".join(" & ".join(row.split()) for row in last.strip("[]").split(";"))
    assert rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}" in verdict.to_latex()
    assert verdict.to_latex().count("$") % 2 == 0
