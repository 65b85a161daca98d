"""Formulas: what the text means is the node that the operators and words build."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp

import matcalc  # noqa: F401 - fills the tables
from matcalc.errors import ParseError
from matcalc.expr import BUILD, Node, matrix, number, scalar, vector
from matcalc.language import parse_program, read_expression
from matcalc.ops import FUNCTIONS
from matcalc.shapes import dims, same_shape

n, d, k = dims("n d k")
SHAPES = {
    "A": ("n", "n"), "B": ("n", "n"), "X": ("n", "d"), "W": ("d", "k"), "Y": ("n", "k"),
    "P": ("n", "k"), "w": ("d", 1), "v": ("d", 1), "y": ("n", 1), "z": ("n", 1), "b": (1, "k"),
    "s": None, "t": None, "J": (1, 1),
}  # fmt: skip
SYMBOLS: dict[str, Node] = {
    name: scalar(name) if shape is None else matrix(name, *shape) for name, shape in SHAPES.items()
}
A, B, X, W, Y, P = (SYMBOLS[c] for c in "ABXWYP")
w, v, y, z, b, s, t = (SYMBOLS[c] for c in "wvyzbst")
F = FUNCTIONS
had, power, one = BUILD["had"], BUILD["pow"], number(1)


def decimal(p: int, q: int) -> Node:
    """A number typed with a point."""
    return number(Fraction(p, q), decimal=True)


def index(M: Node, rows: object, cols: object) -> Node:
    """Rows and columns counted from 0, as Python has it."""
    return M[rows, cols]  # type: ignore[index]


TABLE: list[tuple[str, tuple[object, ...], Node]] = [
    # products
    ("X*W", (n, k), X * W),
    ("X*w", (n, 1), X * w),
    ("s*X", (n, d), s * X),
    ("X*s", (n, d), s * X),
    ("2*X*3", (n, d), 6 * X),
    ("w'*v", (), w.T * v),
    ("w*v'", (d, d), w * v.T),
    ("w'*v*A", (n, n), (w.T * v) * A),
    ("y*w'*v", (n, 1), y * w.T * v),
    ("y'*A*y", (), y.T * A * y),
    ("y'*A*y*X", (n, d), (y.T * A * y) * X),
    ("X'*X", (d, d), X.T * X),
    ("X'*(P*W' - X)", (d, d), X.T * (P * W.T - X)),
    ("J*X", (n, d), SYMBOLS["J"] * X),
    ("(s)*((X))", (n, d), s * X),
    # sums
    ("X + X", (n, d), 2 * X),
    ("P - Y", (n, k), P - Y),
    ("-P + Y", (n, k), -P + Y),
    ("s + t - 1", (), s + t - 1),
    ("1 - Y", (n, k), 1 - Y),
    ("Y - 1/2", (n, k), Y - number(Fraction(1, 2))),
    ("2 + 3 + Y", (n, k), 5 + Y),
    ("X*W + ones(n,1)*b", (n, k), X * W + F["ones"](n, 1) * b),
    ("-(-X)", (n, d), X),
    ("+X", (n, d), X),
    ("A + s*eye(n)", (n, n), A + s * F["eye"](n)),
    # entry by entry
    ("P.*Y", (n, k), had(P, Y)),
    ("P.*Y.*P", (n, k), had(P, Y, P)),
    ("s.*P", (n, k), s * P),
    ("P./Y", (n, k), had(P, power(Y, -1))),
    ("1./Y", (n, k), power(Y, -1)),
    ("s./Y", (n, k), s * power(Y, -1)),
    ("Y./s", (n, k), Y / s),
    ("P.^2", (n, k), power(P, 2)),
    ("P.^Y", (n, k), power(P, Y)),
    ("2.^P", (n, k), power(number(2), P)),
    ("P.^-1", (n, k), power(P, -1)),
    ("P.*(X*W)", (n, k), had(P, X * W)),
    ("P.*Y*W'", (n, d), had(P, Y) * W.T),
    # powers and quotients of numbers, powers of square matrices
    ("s^2", (), power(s, 2)),
    ("s^t", (), power(s, t)),
    ("A^2", (n, n), A * A),
    ("A^3", (n, n), F["mpow"](A, 3)),
    ("A^-1", (n, n), F["inv"](A)),
    ("A^0", (n, n), F["eye"](n)),
    ("X/2", (n, d), X / 2),
    ("X/(2*n)", (n, d), X / (2 * n)),
    ("s/t/2", (), s / t / 2),
    ("2/4", (), number(Fraction(1, 2))),
    ("0.1", (), decimal(1, 10)),
    ("1e-3*s", (), decimal(1, 1000) * s),
    (".5*s", (), decimal(1, 2) * s),
    ("5.*s - 5.", (), 5 * s - 5),
    ("2.*P", (n, k), 2 * P),
    ("n*s", (), n * s),
    ("sum(y)/n", (), F["sum"](y) / n),
    ("pi*s^2", (), number(sp.pi) * power(s, 2)),
    # transposes
    ("X''", (n, d), X),
    ("X.'", (d, n), X.T),
    ("(X*W)'", (k, n), (X * W).T),
    ("s'", (), s),
    # words
    ("sum(P)", (), F["sum"](P)),
    ("sum((P - Y).^2)/2", (), F["sum"](power(P - Y, 2)) / 2),
    ("mean(P)", (), F["mean"](P)),
    ("tr(A)", (), F["tr"](A)),
    ("tr(A*B')", (), F["tr"](A * B.T)),
    ("det(A) + logdet(B)", (), F["det"](A) + F["logdet"](B)),
    ("inv(A)*y", (n, 1), F["inv"](A) * y),
    ("solve(A, y)", (n, 1), F["solve"](A, y)),
    ("adj(A)", (n, n), F["adj"](A)),
    ("norm1(w) + norm2(w)^2", (), F["norm1"](w) + power(F["norm2"](w), 2)),
    ("dot(w, v)", (), F["dot"](w, v)),
    ("outer(y, w)", (n, d), F["outer"](y, w)),
    ("diag(y)", (n, n), F["diag"](y)),
    ("diag(A)", (n, 1), F["diag"](A)),
    ("kron(A, X)", (n**2, n * d), F["kron"](A, X)),
    ("vec(X)", (n * d, 1), F["vec"](X)),
    ("unvec(vec(X), n, d)", (n, d), X),
    ("commutation(n, d)*vec(X)", (n * d, 1), F["commutation"](n, d) * F["vec"](X)),
    ("hstack(X, Y, y)", (n, d + k + 1), F["hstack"](X, Y, y)),
    ("vstack(X, 2*X)", (2 * n, d), F["vstack"](X, 2 * X)),
    ("tril(A) + triu(A)", (n, n), F["tril"](A) + F["triu"](A)),
    ("zeros(n, d)", (n, d), F["zeros"](n, d)),
    ("ones(2*n, d + 1)", (2 * n, d + 1), F["ones"](2 * n, d + 1)),
    ("softmax(P)", (n, k), F["softmax"](P)),
    ("softmax(P, 0)", (n, k), F["softmax"](P, 0)),
    ("softmax(w)", (d, 1), F["softmax"](w)),
    ("logsumexp(P)", (n, 1), F["logsumexp"](P)),
    ("logsumexp(w)", (), F["logsumexp"](w)),
    ("logsumexp(P, 0)", (1, k), F["logsumexp"](P, 0)),
    ("rowsum(P)", (n, 1), F["rowsum"](P)),
    ("colsum(P)", (1, k), F["colsum"](P)),
    ("rowmean(P)", (n, 1), F["rowmean"](P)),
    ("cumsum(P)", (n, k), F["cumsum"](P)),
    ("exp(P) + tanh(Y)", (n, k), F["exp"](P) + F["tanh"](Y)),
    ("leaky_relu(P, 0.1)", (n, k), F["leaky_relu"](P, decimal(1, 10))),
    ("max(0, P)", (n, k), F["max"](0, P)),
    ("max(P, Y)", (n, k), F["max"](P, Y)),
    ("where(step(P), P, 0)", (n, k), F["where"](F["step"](P), P, 0)),
    ("huber(P - Y, s)", (n, k), F["huber"](P - Y, s)),
    # entries and blocks, counted from 1
    ("X(1, 2)", (), index(X, 0, 1)),
    ("X(1, :)", (1, d), index(X, 0, slice(None))),
    ("X(:, 2)", (n, 1), index(X, slice(None), 1)),
    ("X(2:3, :)", (2, d), index(X, slice(1, 3), slice(None))),
    ("X(:, :)", (n, d), X),
    ("A(1:n - 1, 2:n)", (n - 1, n - 1), index(A, slice(0, n - 1), slice(1, n))),
    ("w(3)", (), index(w, 2, 0)),
    ("w(2:4)", (3, 1), index(w, slice(1, 4), 0)),
    ("b(2)", (), index(b, 0, 1)),
    ("(X*W)(1, 1)", (), index(X * W, 0, 0)),
    ("X'(1, 2)", (), index(X.T, 0, 1)),
    ("inv(A)(1, 2)", (), index(F["inv"](A), 0, 1)),
    ("place(X(1, :), 2, 1, n, d)", (n, d), F["place"](index(X, 0, slice(None)), 2, 1, n, d)),
    # a matrix made of numbers is no number that would fill a shape
    ("P - place(1, 2, 1, n, k)", (n, k), P - F["place"](1, 2, 1, n, k)),
    ("A(1, 1:2) + hstack(1, 2)", (1, 2), index(A, 0, slice(0, 2)) + F["hstack"](1, 2)),
]


@pytest.mark.parametrize(("text", "shape", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_a_formula_is_the_node_its_operators_build(text, shape, expected):
    """Same node, same shape, whether the names are given as shapes or as nodes."""
    found = parse_program(text, SHAPES).output
    assert found is expected, f"{text} gave {found}, not {expected}"
    assert same_shape(found.shape, tuple(map(sp.sympify, shape)))
    assert read_expression(text, SYMBOLS) is expected


def test_the_table_is_long():
    """At least eighty different formulas."""
    assert len({row[0] for row in TABLE}) >= 80


def test_a_decimal_is_exact_and_remembers_that_it_was_typed():
    """0.1 is one tenth, and is a decimal; 1/10 is the same number."""
    assert parse_program("0.1").output is decimal(1, 10)
    assert parse_program("1/10").output is number(Fraction(1, 10))


def test_names_that_sympy_and_python_use_are_ordinary_symbols():
    """lambda, S, E, I, N, np and Greek letters are names like any other."""
    for name in ("lambda", "S", "E", "I", "N", "O", "Q", "np", "import", "λ", "Σ1", "x_1", "as"):
        assert parse_program(name, {name: ("n", "n")}).output is matrix(name, n, n)
    assert parse_program("as*minimize", {"as": None, "minimize": None}).output.shape == ()


def test_pi_is_a_number_unless_it_is_declared():
    """A symbol of that name wins."""
    assert parse_program("2*pi*x").assumptions == ("x : scalar",)
    assert parse_program("2*pi*x", {"pi": None}).output is 2 * scalar("pi") * scalar("x")


def test_a_declared_1x1_matrix_is_a_scalar_wherever_it_is_used():
    """It scales, it is added to numbers, and its entry can be taken."""
    given = {"J": (1, 1), "X": ("n", "d")}
    assert parse_program("J*X", given).output.shape == (n, d)
    assert parse_program("J + 1", given).output.shape == ()
    assert parse_program("J(1, 1)", given).output.shape == ()


def test_undefined_functions_are_declared_like_symbols():
    """Entrywise functions, maps and scalar functions, and their derivatives as they print."""
    text = "g : function; f : map r; C : scalar function; "
    x = vector("x", "p")
    given = {"x": ("p", 1), "X": ("n", "d")}
    g = BUILD["function"]("g")
    assert parse_program(text + "g(X)", given).output is g(X)
    second = parse_program(text + "g''(X)", given).output
    assert second.params[:2] == ("g", 2)
    assert parse_program(text + "g_4(X)", given).output.params[:2] == ("g", 4)
    assert parse_program(text + "f(x)", given).output.shape == (dims("r"), 1)
    assert parse_program(text + "D1_f(x)", given).output.shape == dims("r p")
    assert parse_program(text + "C(X)", given).output.shape == ()
    assert parse_program(text + "D1_C(X)", given).output.shape == (n, d)
    assert x.shape == (dims("p"), 1)


def test_a_sum_over_an_index_is_read():
    """isum(body, i, first, last), where the index is bound."""
    found = parse_program("isum(A^i*B, i, 0, k)", {"A": ("n", "n"), "B": ("n", "n")}).output
    assert found.op.name == "isum"
    assert found.shape == (n, n)


def test_the_index_of_a_sum_makes_an_entry():
    """x(i) and x(i + 1) under a sum over i are entries of a declared vector, as x(2) is."""
    given = {"x": ("n", 1)}
    found = parse_program("isum(x(i)*x(i + 1), i, 1, n - 1)", given).output
    assert found is parse_program("isum(x(i, 1)*x(i + 1, 1), i, 1, n - 1)", given).output
    with pytest.raises(ParseError, match=r"write x\*\(a \+ 1\) for a product"):
        parse_program("isum(x(a + 1), i, 1, n)", given)
