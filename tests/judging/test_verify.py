"""Single claims: what is printed, what is assumed, and what bad input gets for an answer."""

from __future__ import annotations

import json
import time

import pytest

import matcalc as mc

TWO_LAYERS = [
    r"X \in \mathbb{R}^{n \times d}, W_1 \in \mathbb{R}^{d \times h}, W_2 \in \mathbb{R}^{h \times k}",
    r"Y \in \mathbb{R}^{n \times k}",
    r"Z_1 = X W_1, \quad A_1 = \sigma(Z_1), \quad Z_2 = A_1 W_2",
    r"L = \frac{1}{2n} \| Z_2 - Y \|_F^2",
]


def test_a_lost_factor_is_named_and_put_back():
    """The class of the slip and the line as it should be, in the author's notation."""
    verdict = mc.verify(r"\frac{\partial L}{\partial W_2} = A_1^T (Z_2 - Y)", given=TWO_LAYERS)
    assert (verdict.status, verdict.slip) == ("fails", "lost 1/n")
    assert verdict.correction == (
        r"\frac{\partial L}{\partial W_{2}} = \frac{1}{n} A_{1}^{T} (Z_{2} - Y)"
    )
    assert not verdict


def test_givens_may_be_one_string():
    """Semicolons, line breaks and commas separate givens."""
    given = "x \\in \\mathbb{R}^n; A \\in \\mathbb{R}^{m \\times n}\nf = \\frac12 \\|A x\\|^2"
    assert mc.verify(r"\nabla_x f = A^\top A x", given=given)


def test_a_network_may_stand_for_the_givens():
    """Names of a network are used as they print."""
    net = mc.parse("X : n x d; w : d x 1; y : n x 1; r = X*w - y; L = r'*r/2; minimize L")
    assert mc.verify(r"\frac{\partial L}{\partial w} = X^\top r", network=net)
    assert not mc.verify(r"\frac{\partial L}{\partial w} = X r", network=net)


def test_nothing_is_broadcast():
    """A row added to a matrix, or multiplied into one, does not make a claim true."""
    given = [r"X \in \mathbb{R}^{n \times d}, b \in \mathbb{R}^{1 \times d}", "L = 1_n^T X b^T"]
    assert mc.verify(r"\frac{\partial L}{\partial X} = 1_n b", given=given)
    assert mc.verify(r"\frac{\partial L}{\partial X} = b", given=given).status == "shape-error"


def test_the_layout_is_named_where_it_decides():
    """True in numerator layout only: a convention, not an error; with a layout given, an error."""
    given = [r"x \in \mathbb{R}^n, A \in \mathbb{R}^{m \times n}", "y = A x"]
    claim = r"\frac{\partial y}{\partial x} = A"
    assert mc.verify(claim, given=given).status == "needs-convention"
    assert mc.verify(claim, given=given, layout="numerator").status == "holds"
    assert mc.verify(claim, given=given, layout="denominator").status == "shape-error"


def test_an_unusual_grouping_needs_a_bracket():
    """A line that is true only if the entrywise product is taken first says so."""
    claim = r"\frac{\partial L}{\partial W_1} = X^T \frac{1}{n} (Z_2 - Y) W_2^T \odot \sigma'(Z_1)"
    verdict = mc.verify(claim, given=TWO_LAYERS)
    assert verdict.status == "needs-convention"
    assert mc.verify(verdict.correction, given=TWO_LAYERS)


def test_error_symbols_claim_the_adjoint_of_their_step():
    """delta and dZ never define: they hold or fail."""
    given = [x.replace("_1", "^{(1)}").replace("_2", "^{(2)}") for x in TWO_LAYERS]
    assert mc.verify(r"\delta^{(2)} = \frac{1}{n}(Z^{(2)} - Y)", given=given)
    assert mc.verify(r"\delta^{(2)} = Z^{(2)} - Y", given=given).status == "fails"
    assert mc.verify(r"dZ^{(2)} = \frac{1}{n}(Z^{(2)} - Y)", given=given)


def test_lines_that_claim_nothing_say_what_they_do():
    """Definitions, assumptions, blanks and updates have a status of their own."""
    assert mc.verify(r"Q = A B").status == "defines"
    assert mc.verify(r"X \in \mathbb{R}^{n \times d}").status == "assumes"
    assert mc.verify(r"\frac{\partial L}{\partial W_2} = ???", given=TWO_LAYERS).status == "blank"
    assert mc.verify(r"W_2 \leftarrow W_2 - \eta \frac{\partial L}{\partial W_2}", given=TWO_LAYERS)
    up = mc.verify(r"W_2 \leftarrow W_2 + \eta \frac{\partial L}{\partial W_2}", given=TWO_LAYERS)
    assert up.status == "fails"
    with pytest.raises(mc.MatcalcError):
        bool(mc.verify(r"Q = A B"))


def test_a_verdict_prints_in_every_format():
    """Text, LaTeX, HTML and plain data."""
    verdict = mc.verify(r"\frac{\partial L}{\partial W_2} = A_1^T (Z_2 - Y)", given=TWO_LAYERS)
    assert "lost 1/n" in verdict.to_text()
    assert r"\frac{1}{n}" in verdict.to_latex()
    assert "lost 1/n" in verdict.to_html()
    assert json.loads(json.dumps(verdict.to_dict()))["status"] == "fails"


BAD = [
    r"\frac{\partial L}{\partial W_2} = \frac{1}{n",
    r"\frac{\partial L}{\partial W_2} = \unknownmacro{A_1}",
    r"\frac{\partial L}{\partial W_2} = Q_7 R",
    r"\frac{\partial L}{\partial W_2} = \frac{A_1}{0}",
    r"\frac{\partial L}{\partial W_2} = ",
    r"",
    r"\left( \left( = \right)",
    "(" * 500 + ")" * 500 + " = 1",
    r"x = \sum_{i=1}^{1000000000} i",
    r"a_{i_{j_{k}}} = 1",
    r"\frac{\partial L}{\partial W_2} = " + " + ".join(["A_1^T (Z_2 - Y)"] * 60),
    r"\frac{\partial L}{\partial W_2} = " + r" \odot ".join(["A_1^T (Z_2 - Y)"] * 12),
    r"\frac{\partial L}{\partial (W_2)_{ij}} = \sum_{a=1}^n \sum_{b=1}^n \sum_{c=1}^n \sum_{d=1}^n "
    r"\sum_{e=1}^n (A_1)_{ai} (Z_2)_{bj}",
    r"\prod_{k=1}^{1000000} 2 = 1",
    r"2^{2^{2^{2^{2^2}}}} = 1",
    r"\log(-1) = 0",
    "x" * 5000 + " = 1",
]


@pytest.mark.parametrize("claim", BAD)
def test_bad_input_gets_a_verdict(claim: str):
    """Truncated, unknown, empty, endless: a clear verdict in bounded time, never a traceback."""
    start = time.process_time()
    verdict = mc.verify(claim, given=TWO_LAYERS)
    assert verdict.status != "holds"
    assert verdict.explanation or verdict.status in ("blank", "defines", "assumes")
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (
            r"\frac{\partial L}{\partial W_2} = \frac{A_1}{0}",
            "column 35) has no value: it divides by zero",
        ),
        (r"\frac{\partial L}{\partial W_2} = A_1 / (n - n)", "it divides by zero"),
        (r"\log(-1) = 0", "column 1) has no value: its argument lies outside the domain"),
        (r"\frac{\partial L}{\partial W_2} = Q^T (Z_2 - Y)", "Q (column 35) is defined nowhere"),
        (r"\frac{\partial L}{\partial W_2} = \unknownmacro{A_1}", "column 35: unknown macro"),
        (r"\frac{\partial L}{\partial W_2} = A_1^T (Z_2", "column 41: this ( is never closed"),
        (r"\frac{\partial L}{\partial W_2} = A_1 (Z_2 - Y)", "the product of"),
        (r"\frac{\partial L}{\partial W_9} = 1", "W_9 does not exist"),
    ],
)
def test_what_cannot_be_judged_is_named_with_its_place(claim: str, words: str):
    """Division by zero, a domain that is left, unknown names and macros, brackets, shapes."""
    verdict = mc.verify(claim, given=TWO_LAYERS)
    assert verdict.status != "holds"
    assert words in verdict.explanation


@pytest.mark.parametrize(
    ("claim", "given", "correction"),
    [
        (r"\beta \in \mathbb{R}^{4}",
         [r"x \in \mathbb{R}^{4 \times 1}, \beta \in \mathbb{R}^{1 \times 4}", r"y = \beta x"],
         r"\beta \in \mathbb{R}^{1 \times 4}"),
        (r"\frac{\partial L}{\partial W} \in \mathbb{R}^{n \times d}",
         [r"W \in \mathbb{R}^{d \times k}, X \in \mathbb{R}^{n \times d}", r"L = \|X W\|^2"],
         r"\frac{\partial L}{\partial W} \in \mathbb{R}^{d \times k}"),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_corrected(claim: str, given: list[str], correction: str):
    """A set of arrays is a claim too, and its correction a line of the same kind."""
    verdict = mc.verify(claim, given=given)
    assert (verdict.status, verdict.slip) == ("shape-error", "wrong shape")
    assert verdict.correction == correction
    assert "defined nowhere" not in verdict.explanation


@pytest.mark.parametrize(
    ("claim", "given", "correction"),
    [
        (
            r"\nabla_x \log(1+e^{a^T x}) = a/(1+e^{a^T x})",
            [r"a, x \in \mathbb{R}^n"],
            r"\nabla_{x} \log(1 + e^{a^{T} x}) = a / (1 + e^{-a^{T} x})",
        ),
        (
            r"\frac{d}{dx} x^{-2} = -2 x^{3}",
            [r"x \in \mathbb{R}"],
            r"\frac{d}{dx} x^{-2} = -2 x^{-3}",
        ),
    ],
)
def test_a_sign_lost_in_an_exponent_is_put_back(claim: str, given: list[str], correction: str):
    """The slip is a sign, and not an inverse of the base."""
    verdict = mc.verify(claim, given=given)
    assert (verdict.status, verdict.slip) == ("fails", "sign")
    assert verdict.correction == correction


def test_a_digit_that_was_cut_is_found_inside_a_product():
    """The printed number need not be the whole side: 0.66666 is two thirds, cut."""
    given = [r"x = \frac{2}{3}"]
    verdict = mc.verify(
        r"x \begin{bmatrix} 1 \\ 2 \end{bmatrix} = 0.66666 \begin{bmatrix} 1 \\ 2 \end{bmatrix}",
        given=given,
    )
    assert verdict.slip == "rounding: cut instead of rounded"
    assert "0.66667" in verdict.correction


def test_a_wrong_line_is_worked_out_at_small_whole_numbers():
    """Both sides at a point that can be redone on paper, and what the slip teaches."""
    given = [r"A \in \mathbb{R}^{n \times n}, x \in \mathbb{R}^n", "f = x^T A x"]
    verdict = mc.verify(r"\nabla_x f = 2 A x", given=given)
    assert verdict.status == "fails"
    *inputs, left, right = verdict.counterexample.splitlines()
    assert "A = [" in inputs[0]
    assert "x = [" in inputs[0]
    assert left.startswith(r"\nabla_{x} f = [")
    assert right.startswith("2 A x = [")
    assert left.rpartition("= ")[2] != right.rpartition("= ")[2]
    assert "." not in left + right
    assert mc.verify(verdict.correction, given=given)


def test_symmetric_matrices_may_be_declared():
    """``S = S^T`` and words; without them the same line is wrong."""
    claim = r"\nabla_x f = 2 S x"
    plain = [r"S \in \mathbb{R}^{n \times n}, x \in \mathbb{R}^n", "f = x^T S x"]
    assert mc.verify(claim, given=plain).status == "fails"
    assert mc.verify(claim, given=[*plain, "S = S^T"])
    assert mc.verify(claim, given=[*plain, r"S \text{ symmetric}"])


def test_differentials_are_taken_along_what_varies():
    """Names without a differential in the line are constant; a loss makes dW a gradient."""
    given = [r"A \in \mathbb{R}^{n \times n}, X \in \mathbb{R}^{n \times n}"]
    assert mc.verify(r"d(A X) = A \, dX", given=given)
    assert mc.verify(r"d(A X) = dA \, X + A \, dX", given=given)
    assert not mc.verify(r"d(X A X) = dX \, A X", given=given)
    assert mc.verify(r"d \log \det X = \operatorname{tr}(X^{-1} dX)", given=given)
    loss = [*given, r"Z = A X", r"L = \frac{1}{2} \|Z\|_F^2"]
    assert mc.verify(r"dX = A^T \, dZ", given=loss)
    assert mc.verify(r"dL = \operatorname{tr}(Z^T A \, dX)", given=loss)


def test_data_written_as_columns():
    """``x_i`` is the i-th row of X, written as a column, where the page means that."""
    given = [
        r"X \in \mathbb{R}^{n \times d}, w \in \mathbb{R}^d, y \in \mathbb{R}^n",
        r"L = \sum_{i=1}^n (y_i - w^T x_i)^2",
    ]
    assert mc.verify(r"\nabla_w L = -2 \sum_{i=1}^n (y_i - w^T x_i) x_i", given=given)
    assert mc.verify(r"\nabla_w L = -2 X^T (y - X w)", given=given)
    assert not mc.verify(r"\nabla_w L = -2 \sum_{i=1}^n (y_i - w^T x_i) y_i x_i", given=given)


def test_shapes_that_contradict_each_other_are_reported():
    """A given that cannot be true is named, not worked around."""
    given = [
        r"X \in \mathbb{R}^{3 \times 2}",
        r"W \in \mathbb{R}^{4 \times 5}",
        "Z = X W",
        "L = \\mathrm{tr}(Z^T Z)",
    ]
    verdict = mc.verify(r"\frac{\partial L}{\partial Z} = 2 Z", given=given)
    assert verdict.status in ("shape-error", "unreadable")
    assert "3 x 2" in verdict.explanation
    assert "4 x 5" in verdict.explanation
