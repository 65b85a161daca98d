"""What people type first and wrongly, and the one sentence each gets: kept as a page to read."""

from __future__ import annotations

from pathlib import Path

import pytest

import matcalc  # noqa: F401 - fills the tables
from matcalc.errors import MatcalcError
from matcalc.language import parse_program
from tests.golden import assert_golden

PAGE = Path(__file__).with_name("wrong_inputs.txt")

# A title, and the texts that belong under it.
WRONG: list[tuple[str, list[str]]] = [
    ("a missing transpose", ["X : n x d; y : n; X*y", "x, y : n; A : n x n; x*A*y"]),
    ("a bias that is not broadcast", [
        "X*W + b",
        "X : n x d; W : d x k; b : 1 x k; X*W + b",
        "X : n x d; W : d x k; b : k; X*W + b",
        "X : n x d; W : d x k; c : n; X*W + c",
        "X : n x d; s : scalar; X + s",
    ]),
    ("a product of two columns", ["x, y : n; x*y"]),
    ("brackets", ["log(det(X)", "log(det(X)))", "2(a + b)", "(a + b)(c + d)", "sum()"]),
    ("a transpose as on paper", ["X^T*X", "X^{T}*X", "X^⊤*X", "X.^T*X", "X^t*X"]),
    ("a transpose as in Python", ["X.T*X", "(X*W).T", "X.transpose()"]),
    ("NumPy", [
        "np.dot(X, W)", "np.matmul(A*B, C)", "np.exp(X)", "np.linalg.norm(x)", "X @ W", "X**2",
        "X[0, 1]", "np.sum(X, axis=0)",
    ]),
    ("LaTeX", [
        r"\frac{1}{2}\|Xw - y\|^2", r"X^{(1)}*W", r"\sigma(XW)", "$X*W$", "W_{1}*x",
        r"\mathbf{x}^\top A",
    ]),
    ("a name that is not declared", [
        "X : n x d; W1 : d x k; X*w1", "assume symmetric(K); tr(A)",
        "Z = X*W; A = tanh(Z2); Z2 = Z",        "sigmod(X)", "squared(X)", "foo(X)",
    ]),
    ("a vector where a loss is wanted", ["minimize X*w", "Z = X*W; minimize Z"]),
    ("entry by entry, or not", [
        "sum((X*w - y)^2)", "X : n x d; Y : n x d; X/Y", "A : n x n; y : n; y/A", "X : n x d; 1/X",
        "X : n x d; Y : d x n; X.*Y", "A^(1/2)", "A : n x n; 2^A",
    ]),
    ("signs", [
        "a b", "2x", "a +", "a * / b", "a == b", "a := 2", "x < y", "|x|", "A\\b", "a − b", "a·b",
        "[1, 2]", "x²", "% comment", "Z = a = b",
    ]),
    ("shape lines", [
        "X : nxd; X", "X : 2x3; X", "X : n*d; X", "X : n x d x k; X", "X : ; X", "X : 0 x 2; X",
        "X : n x d; X : n x n; X", "n : n x 1; n", "tr : n x n; tr", "X; Y : 2.5 x 1",
    ]),
    ("names that are taken", [
        "sum = x", "exp : scalar; exp", "tr*X", "X : n x d; n = 2; X", "x = 1; x = 2",
        "n : scalar; ones(n,1)*n",
    ]),
    ("entries", [
        "X : n x d; X(3)", "x : n; x(:)", "X : 2 x 2; X(3, 1)", "a : scalar; a(b + 1)",
        "X : n x d; X(1, 2, 3)", "X : n x d; X(end, 1)", "a : n; b : scalar; a(b)",
    ]),
    ("programs", [
        "", "X : n x d", "minimize a; minimize b", "a; b", "Z = ", "x as", "upstream G H; x",
        "assume symmetric K; K", "X, Y; X",
    ]),
]  # fmt: skip

ALL = [text for _, texts in WRONG for text in texts]


def answer(text: str) -> str:
    """The message for a text that must not be read."""
    with pytest.raises(MatcalcError) as caught:
        parse_program(text)
    return str(caught.value)


def page() -> str:
    """All wrong inputs with their answers."""
    parts = ["Wrong first inputs, and what the text language answers.\n"]
    for title, texts in WRONG:
        parts.append(f"\n== {title} ==\n")
        for text in texts:
            shown = "\n    ".join(answer(text).splitlines())
            parts.append(f"\n{text or '(nothing)'}\n    {shown}\n")
    return "".join(parts)


def test_every_wrong_input_gets_its_sentence(update_golden):
    """A message changes only when somebody means it to."""
    assert_golden(PAGE, page(), update=update_golden)


@pytest.mark.parametrize("text", ALL)
def test_a_message_is_one_sentence_without_other_doors(text):
    """One line of words, a repair in this language, no Python function named."""
    first, *rest = answer(text).splitlines()
    assert len(first) < 330
    assert len(rest) in (0, 2)
    assert "mc." not in first or "mc.read_latex" in first
    assert "Traceback" not in first
