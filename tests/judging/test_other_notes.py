"""Notes as different authors write them: the planted mistakes are found, no correct line is accused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import matcalc as mc

NOTES = Path(__file__).parent.parent / "data" / "notes"
LOUD = ("fails", "shape-error", "index-error", "range-error", "needs-convention", "unreadable")

# Line -> what is wrong there, and how the line should end.
MISTAKES = {
    "linear-classifier.md": {
        28: ("fails", r"\frac{1}{N} X^{T} (P - Y) + \lambda W"),
        34: ("shape-error", r"\frac{1}{N} (P - Y) W^{T}"),
    },
    "logistic-chapter.tex": {35: ("fails", r"-(\mathbf{t} - \mathbf{y})")},
    "least-squares-answer.md": {
        29: ("shape-error", "A^{T} (A x - b)"),
        37: ("fails", r"A^{T} r + \lambda x"),
    },
    "softmax-chat.md": {
        42: ("shape-error", r"W^{\top} (p - y)"),
        48: ("needs-convention", ""),  # right in numerator layout, but the page is in the other
    },
    "lstm-appendix.tex": {
        26: ("fails", r"\frac{\partial \mathcal{L}}{\partial c} \odot i"),
        28: ("fails", r"\frac{\partial \mathcal{L}}{\partial g} \odot (1 - g^{2})"),
    },
    "gaussian-note.md": {
        17: ("fails", r"(\Sigma^{-1} - \Sigma^{-1} S \Sigma^{-1})"),
        29: ("fails", "K^{-1} y"),
    },
    "four-equations.tex": {  # any layer l, no shapes at all
        17: ("fails", r"((w^{l + 1})^{\top} \delta^{l + 1}) \odot \sigma'(z^{l}) \tag{BP2}"),
        21: ("fails", r"a_{k}^{l - 1} \delta_{j}^{l} \tag{BP4}"),
        35: ("fails", r"\sum_{k} w_{kj}^{l + 1} \delta_{k}^{l + 1} \sigma'(z_{j}^{l})"),
    },
    "units-by-letters.tex": {  # delta_k is an output's error, delta_j a hidden unit's
        13: ("fails", "-(t_{k} - y_{k})"),
        15: ("fails", r"(1 - z_{j}^{2}) \sum_{k = 1}^{K} w_{kj}^{(2)} \delta_{k}"),
    },
    "planar-network.md": {  # dZ leaves out the mean, a^{[2](i)} is a column of A^{[2]}
        16: ("fails", "-(Y - A^{[2]})"),
        17: ("shape-error", r"\frac{1}{m} dZ^{[2]} {A^{[1]}}^{T}"),
        21: ("fails", r"\frac{1}{m} \operatorname{rowsum}(dZ^{[1]})"),
    },
    "linear-and-logistic.tex": {  # samples x^{(i)} and their matrix X, a solved parameter
        25: ("shape-error", r"X^{T} X \theta - X^{T} \vec{y}"),
        37: ("fails", "g(z) (1 - g(z))"),
        42: ("fails", r"-\sum_{i = 1}^{n} (h(x^{(i)}) - y^{(i)}) x_{j}^{(i)}"),
    },
    "small-regression-network.tex": {
        12: ("needs-convention", r"(o - y) \cdot {a^{[1]}}^{\top}"),
        24: ("fails", r"({W^{[2]}}^{\top} \delta^{[2]}) \odot \operatorname{ReLU}'(z^{[1]})"),
        25: ("shape-error", r"\delta^{[1]} x^{\top}"),
    },
    "gates.md": {5: ("fails", ""), 30: ("fails", "-1 / x^{2}")},  # one letter, many functions
    "matrix-rules.tex": {
        5: ("needs-convention", r"\mathbf{a} \mathbf{b}^{T}"),
        21: ("fails", r"-\mathbf{X}^{-T} \mathbf{a} \mathbf{b}^{T} \mathbf{X}^{-T}"),
        26: ("fails", r"2 \mathbf{x}"),
    },
    "one-feature.md": {  # a family of numbers, a loss of which nothing is said
        16: ("fails", r"\frac{\partial L}{\partial y_{i}} \hat{x}_{i}"),
        26: ("fails", r"\frac{\partial L}{\partial \mu} \cdot \frac{1}{N}"),
    },
    "sample-sums.tex": {  # x_i stands beside w^T: a column, though nothing declares it
        5: ("fails", r"-\frac{2}{n} \sum_{i = 1}^{n} (y_{i} - w^{\top} x_{i}) x_{i}"),
        16: ("shape-error", r"y_{i}"),
    },
    "row-vectors.tex": {  # errors are rows, and are named by what they are derivatives of
        19: (
            "shape-error",
            r"\boldsymbol{\delta}_{1} \boldsymbol{U} \circ \operatorname{ReLU}'(\boldsymbol{v})^{T}",
        ),
        21: ("shape-error", r"\boldsymbol{\delta}_{2} \boldsymbol{W}"),
    },
    "rules-without-shapes.tex": {  # a collection of rules: nothing declares a shape
        6: ("fails", r"\operatorname{Tr}(\mathbf{X}^{-1} \partial \mathbf{X})"),
        15: ("fails", r"-\mathbf{X}^{-T} \mathbf{a} \mathbf{b}^{T} \mathbf{X}^{-T}"),
        18: ("needs-convention", r"\mathbf{b} \mathbf{a}^{T}"),
        20: ("fails", r"-2 \mathbf{A}^{T} \mathbf{W} (\mathbf{x} - \mathbf{A} \mathbf{s})"),
    },
    "attention-backward.md": {  # W_Q is a label, D is computed on the way back
        11: ("fails", r"P^{\top} dO"),
        15: ("fails", r"\frac{1}{\sqrt{d}} {dS}^{\top} Q"),
    },
    "kalman-gain.tex": {  # "and symmetric P^-, R"; the expansion of P is no other P
        8: ("fails", "+ K (H P^{-} H^{T} + R) K^{T}"),
    },
    "transposee-devant.tex": {  # a transpose in front, in French; b_1 is no entry of b
        5: ("fails", r"\frac{1}{2} (A + A^{T}) x - b"),
        18: ("shape-error", r"W_{2}^{T} (\hat{y} - y)"),
        19: ("fails", r"\odot (1 - h^{2})"),
    },
    "one-lstm-step.md": {23: ("fails", ""), 35: ("fails", "")},  # one step, no t runs
    "named-neurons.md": {  # out_{o1}: a letter and a digit that are one label
        31: ("fails", r"-(\mathrm{target}_{o1} - \mathrm{out}_{o1})"),
        33: ("fails", ""),
        51: ("fails", "w_{5}"),
    },
    "lineare-regression.tex": {  # in German, with its normal equations
        5: ("fails", r"\frac{1}{n} r"),
        12: ("shape-error", r"\frac{1}{n} X^{\top} X + \lambda I"),
        23: ("fails", r"X^{\top} (p - y)"),
    },
    "softmax-policy.tex": {  # pi is a name, and the a in pi(a) an index
        5: ("fails", r"\pi_{b}"),
        10: ("fails", r"-\log \pi_{a} - 1"),
    },
    "batch-norm-arrows.tex": {  # the forward pass in arrows
        12: ("fails", ""),
        13: ("fails", r"\cdot \hat{x}_{i}"),
    },
}


@cache
def report(name: str):
    """The report on one document."""
    return mc.verify_document((NOTES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MISTAKES)
def test_the_planted_mistakes_and_no_other_line(name: str):
    """Every mistake at its line, nothing else accused, nothing unread."""
    found = {e.line: e.verdict.status for e in report(name) if e.verdict.status in LOUD}
    assert found == {line: status for line, (status, _) in MISTAKES[name].items()}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_corrections(name: str):
    """What a wrong line should be, in the signs of its author."""
    for entry in report(name):
        if entry.line in MISTAKES[name] and entry.verdict.status in LOUD:
            assert entry.verdict.correction.endswith(MISTAKES[name][entry.line][1])


def test_most_lines_are_judged():
    """The correct lines hold: they are not passed over as definitions."""
    counts = {name: report(name).counts["holds"] for name in MISTAKES}
    assert counts == {
        "linear-classifier.md": 4,
        "logistic-chapter.tex": 4,
        "least-squares-answer.md": 7,
        "softmax-chat.md": 4,
        "lstm-appendix.tex": 9,
        "gaussian-note.md": 5,
        "four-equations.tex": 12,
        "units-by-letters.tex": 4,
        "planar-network.md": 6,
        "linear-and-logistic.tex": 11,
        "small-regression-network.tex": 12,
        "gates.md": 13,
        "matrix-rules.tex": 19,
        "one-feature.md": 3,
        "sample-sums.tex": 2,
        "row-vectors.tex": 3,
        "rules-without-shapes.tex": 15,
        "attention-backward.md": 10,
        "kalman-gain.tex": 1,
        "transposee-devant.tex": 5,
        "one-lstm-step.md": 8,
        "named-neurons.md": 11,
        "lineare-regression.tex": 5,
        "softmax-policy.tex": 3,
        "batch-norm-arrows.tex": 4,
    }


FORWARD = (
    r"$x, y \in \mathbb{R}^n$, $W \in \mathbb{R}^{n \times n}$ and $$ L = \frac12 \|W x - y\|^2 $$ "
)


def statuses(page: str) -> list[str]:
    """The statuses of the lines of a page."""
    return [entry.verdict.status for entry in mc.verify_document(page)]


def test_zero_equals_zero_is_no_proof():
    """Derivatives by what the loss is not computed from are not judged by 0 = 0."""
    page = (
        FORWARD
        + r"$v, u \in \mathbb{R}^n$ $$ \frac{\partial L}{\partial v} = u^T u \frac{\partial L}{\partial v} $$"
    )
    assert "holds" not in statuses(page)


def test_a_parameter_that_is_solved_for_stays_free():
    """The normal equations are no law of the lines before them; their solution solves them."""
    page = (
        r"$X \in \mathbb{R}^{n \times d}$, $w \in \mathbb{R}^d$, $y \in \mathbb{R}^n$ "
        r"$$ L = \frac12 \|X w - y\|^2 $$ $$ \nabla_w L = X^T (X w - y) $$ "
        r"Setting it to zero, $$ X^T (X w - y) = 0 $$ $$ w = (X^T X)^{-1} X^T y $$"
    )
    assert statuses(page)[-3:] == ["holds", "assumes", "holds"]


def test_a_sum_reaches_as_far_as_its_index():
    """Both terms of a log-likelihood without brackets belong to the sum."""
    page = (
        r"$p, y \in \mathbb{R}^n$ $$ \ell = \sum_{i=1}^n y_i \log p_i + (1 - y_i) \log(1 - p_i) $$ "
        r"$$ \frac{\partial \ell}{\partial p_i} = \frac{y_i}{p_i} - \frac{1 - y_i}{1 - p_i} $$"
    )
    assert statuses(page)[-1] == "holds"
