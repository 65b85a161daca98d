"""Shapes nobody declared: what follows from the text, what convention decides, what is refused."""

from __future__ import annotations

import pytest

import matcalc  # noqa: F401 - fills the tables
from matcalc.errors import ShapeError
from matcalc.language import parse_program
from matcalc.shapes import show

# A formula or program, and the shapes that are assumed, in the order in which names are met.
TABLE = [
    ("sum((X*w - y).^2)/2", "X: m x n, w: n x 1, y: m x 1"),
    ("norm2(X*w - y)^2", "X: m x n, w: n x 1, y: m x 1"),
    ("X*w", "X: m x n, w: n x 1"),
    ("x'*A*x", "x: n x 1, A: n x n"),
    ("x'*A*x/2 - b'*x + c", "x: n x 1, A: n x n, b: n x 1, c: scalar"),
    ("a'*X*b", "a: m x 1, X: m x n, b: n x 1"),
    ("log(det(A))", "A: n x n"),
    ("tr(A*X*B)", "A: m x n, X: n x k, B: k x m"),
    ("tr(A'*B)", "A: m x n, B: m x n"),
    ("inv(A)*b", "A: n x n, b: n x 1"),
    ("solve(A, b)", "A: n x n, b: n x 1"),
    ("A^2*x", "A: n x n, x: n x 1"),
    ("A^-1", "A: n x n"),
    ("x*y", "x: scalar, y: scalar"),
    ("exp(x) + c", "x: scalar, c: scalar"),
    ("c*tr(A)", "c: scalar, A: n x n"),
    ("c*X", "c: scalar, X: m x n"),
    ("X*c + X", "X: m x n, c: scalar"),
    ("sum(c*x)", "c: scalar, x: n x 1"),
    ("sum(x)", "x: n x 1"),
    ("sum(alpha.*x)", "alpha: scalar, x: n x 1"),
    ("sum(y.*log(p))", "y: n x 1, p: n x 1"),
    ("lambda*norm2(w)^2", "lambda: scalar, w: n x 1"),
    ("lambda*x", "lambda: scalar, x: scalar"),
    ("sum((y - X*beta).^2) + lambda*beta'*beta", "y: m x 1, X: m x n, beta: n x 1, lambda: scalar"),
    ("sum((Y - X*B).^2)", "Y: m x n, X: m x k, B: k x n"),
    ("X*W + B", "X: m x n, W: n x k, B: m x k"),
    ("X*W + ones(n,1)*b", "X: n x m, W: m x k, b: 1 x k"),
    ("sum((X*w + ones(n,1)*b - y).^2)", "X: n x m, w: m x 1, b: scalar, y: n x 1"),
    ("tr(x*y')", "x: n x 1, y: n x 1"),
    ("w'*x + b", "w: n x 1, x: n x 1, b: scalar"),
    ("log(1 + exp(-y*(w'*x)))", "y: scalar, w: n x 1, x: n x 1"),
    ("sum(log(1 + exp(-y.*(X*w))))", "y: m x 1, X: m x n, w: n x 1"),
    ("sum(max(0, 1 - y.*(X*w)))", "y: m x 1, X: m x n, w: n x 1"),
    ("-sum(y.*log(sigmoid(X*w)) + (1 - y).*log(1 - sigmoid(X*w)))", "y: m x 1, X: m x n, w: n x 1"),
    ("diag(x)*A", "x: m x 1, A: m x n"),
    ("sum(diag(A))", "A: n x n"),
    ("softmax(z)", "z: n x 1"),
    ("sum(Y.*log_softmax(X*W))", "Y: m x n, X: m x k, W: k x n"),
    ("logsumexp(X*w)", "X: m x n, w: n x 1"),
    ("sum(logsumexp(Z))", "Z: m x n"),
    ("rowsum(A)*b", "A: m x n, b: scalar"),
    ("hstack(A, B)*x", "A: m x n, B: m x k, x: (k + n) x 1"),
    ("vstack(A, B)", "A: m x n, B: k x n"),
    ("vec(X)'*y", "X: m x n, y: m*n x 1"),
    ("kron(A, B)*x", "A: m x n, B: k x p, x: n*p x 1"),
    ("A(1:k, :)*x", "A: m x n, x: n x 1"),
    ("X(:, 1)'*y", "X: m x n, y: m x 1"),
    ("x(3) + x'*x", "x: n x 1"),
    ("ones(n,1)'*x", "x: n x 1"),
    ("eye(k)*X", "X: k x n"),
    ("sum(X)/n", "X: m x k, n: scalar"),
    ("sum(X*ones(n,1))/n", "X: m x n"),
    ("X/N", "X: m x n, N: scalar"),
    ("A - s*eye(n)", "A: n x n, s: scalar"),
    ("W - eta*d*x'", "W: m x n, eta: scalar, d: m x 1, x: n x 1"),
    ("tanh(U*x + W*h + b)", "U: m x n, x: n x 1, W: m x k, h: k x 1, b: m x 1"),
    ("softmax(Q*K'/sqrt(d))*V", "Q: m x n, K: k x n, d: scalar, V: k x p"),
    ("L1'*inv(A*A' + s*eye(m))*L2", "L1: m x n, A: m x k, s: scalar, L2: m x p"),
    ("Σ*μ", "Σ: m x n, μ: n x 1"),
    ("dot(a, b)*c", "a: n x 1, b: n x 1, c: scalar"),
    ("outer(a, b)", "a: m x 1, b: n x 1"),
    ("x.^2", "x: n x 1"),
    ("sum(x.^p)", "x: n x 1, p: scalar"),
    ("sum(huber(X*w - y, t))", "X: m x n, w: n x 1, y: m x 1, t: scalar"),
    ("sum(max(a, b))", "a: n x 1, b: n x 1"),
    ("sum(leaky_relu(X*w, s))", "X: m x n, w: n x 1, s: scalar"),
    ("A^k*x", "A: n x n, x: n x 1, k is a positive integer"),
    ("assume symmetric(K); x'*K*y", "x: n x 1, K: n x n, y: n x 1"),
    ("f : map r; norm2(f(x))^2", "x: n x 1"),
    ("g : function; sum(g(X*w))", "X: m x n, w: n x 1"),
    ("X : n x d; X*w", "w: d x 1"),
    ("X : n x d; X*W", "W: d x m"),
    ("X : n x d; y'*X", "y: n x 1"),
    ("w : d; X*w", "X: n x d"),
    ("b : 1 x k; X*W + ones(n,1)*b", "X: n x m, W: m x k"),
    ("y : n; sum((X*w - y).^2)", "X: n x m, w: m x 1"),
    ("X : 4 x 3; X*w", "w: 3 x 1"),
    ("Y : 1 x 1; Y*X", "X: m x n"),
    ("A, B : n x n; A*B", ""),
    ("Z1 = X*W1 + ones(n,1)*b1; A1 = tanh(Z1); A1*W2",
     "X: n x m, W1: m x k, b1: 1 x k, W2: k x p"),
    ("r = X*w - y; minimize r'*r", "X: m x n, w: n x 1, y: m x 1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "assumed"), TABLE, ids=[text for text, _ in TABLE])
def test_the_assumed_shapes(text, assumed):
    """What was assumed is said, name by name."""
    program = parse_program(text)
    assert ", ".join(program.assumptions).replace(" :", ":") == assumed


def test_the_table_is_long():
    """At least forty different texts."""
    assert len(dict(TABLE)) >= 40


@pytest.mark.parametrize("text", [text for text, assumed in TABLE if assumed])
def test_assumptions_are_shape_lines(text):
    """Declaring what was assumed gives the same program, with nothing left to assume."""
    program = parse_program(text)
    lines = [line for line in program.assumptions if ":" in line]
    again = parse_program("\n".join([*lines, text]))
    assert [a for a in again.assumptions if ":" in a] == []
    if not isinstance(program.output, str):
        assert again.output is program.output
    assert sorted(again.declarations) == sorted(program.declarations)


def test_fresh_dimensions_avoid_every_name_in_the_text():
    """m, n and k are in use, so p comes first."""
    program = parse_program("m*n*sum(X*ones(k, 1))")
    assert {name: show(shape) for name, shape, _ in program.declarations}["X"] == "p x k"


REFUSED = [
    ("X*W + b", 6, "b would have to be m x k like X*W"),
    ("sum((X*w - y)^2)", 13, "write (X*w - y).^2"),
    ("X : n x d; y : n; X*y", 19, "d columns meet n rows; did you mean X'*y?"),
    ("X : n x d; W : d x k; Y : k x n; X*W - Y", 37, "did you mean Y' or (X*W)'?"),
    ("X : n x d; tr(X)", 11, "square"),
    ("A : n x n; b : n; A*b + b'", 22, "the shapes differ"),
    ("X : n x d; w : d; X*w + w'*X", 24, None),
    ("minimize X*w", 9, "minimize takes a scalar"),
    ("X : n x d; Z : n x n; Z = X*X'; Z : d x d; Z", 32, "two shapes"),
    ("X : n x d; Z : d x d; Z = X*X'", 22, "Z is declared as d x d, but X*X' is n x n"),
    ("X : n x d; X(1, 1:0)", 16, "empty"),
    ("X : 2 x 3; X(3, 1)", 11, "no row 3"),
    ("X : 2 x 3; X(1, 2:4)", 11, "no column 2 to 4"),
]


@pytest.mark.parametrize(("text", "at", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_contradictions_are_refused_in_words(text, at, words):
    """The operands are named, with their shapes, and the place is pointed at."""
    from matcalc.errors import MatcalcError

    with pytest.raises(MatcalcError) as caught:
        parse_program(text)
    if words is not None:
        assert words in str(caught.value)
        assert caught.value.position == at


def test_a_message_that_rests_on_assumptions_says_them():
    """Who reads it can declare otherwise."""
    with pytest.raises(ShapeError, match=r"\(assumed X: m x n, w: n x 1, y: m x 1\)"):
        parse_program("sum((X*w - y)^2)")
