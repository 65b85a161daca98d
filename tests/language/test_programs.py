"""Programs: statements, names, facts, outputs, and the hook through which networks are built."""

from __future__ import annotations

import pytest

import matcalc  # noqa: F401 - fills the tables
from matcalc.errors import (
    MatcalcError,
    NameClashError,
    ParseError,
    ShapeError,
    UnknownNameError,
)
from matcalc.expr import Node, matrix, scalar, symbol, symbols
from matcalc.facts import Fact
from matcalc.language import Builder, parse_program, parse_shapes, read_expression, undefined_in
from matcalc.shapes import dims, show

n, d, k = dims("n d k")

TWO_LAYERS = r"""
# a two-layer network
input X : n x d
input Y : n x c as Y
param W1 : d x h as W^{(1)}
param b1 : 1 x h
param W2, b2 : h x c      # two at once
assume rows_sum_to_one(Y)

Z1 = X*W1 + ones(n,1)*b1 as Z^{(1)}
A1 = tanh(Z1); Z2 = A1*W2
L = -sum(Y.*log_softmax(Z2))/n
minimize L
"""


def test_a_program_keeps_order_names_and_latex():
    """Declarations, definitions, facts and the output as written."""
    program = parse_program(TWO_LAYERS)
    assert [(name, show(shape)) for name, shape, _ in program.declarations] == [
        ("X", "n x d"), ("Y", "n x c"), ("W1", "d x h"), ("b1", "1 x h"), ("W2", "h x c"),
        ("b2", "h x c"),
    ]  # fmt: skip
    assert [name for name, _, _ in program.definitions] == ["Z1", "A1", "Z2", "L"]
    assert {name: latex for name, _, latex in program.definitions if latex} == {"Z1": "Z^{(1)}"}
    assert {name: latex for name, _, latex in program.declarations if latex} == {
        "W1": "W^{(1)}",
        "Y": "Y",
    }
    assert program.facts == (Fact("rows_sum_to_one", "Y"),)
    assert program.params == ("W1", "b1", "W2", "b2")
    assert program.inputs == ("X", "Y")
    assert (program.output, program.minimizes, program.upstream) == ("L", True, None)
    assert (program.assumptions, program.is_expression) == ((), False)


class Steps(Builder):
    """Names every step by a symbol, as a network does."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def declare(self, name: str, shape: object, latex: str | None) -> Node:
        self.told.append(name)
        return super().declare(name, shape, latex)  # type: ignore[arg-type]

    def define(self, name: str, node: Node, latex: str | None) -> Node:
        self.told.append(f"{name}=")
        return symbol(name, node.shape, latex)


def test_later_lines_refer_to_what_the_builder_returns():
    """With a builder of one's own, a step is a symbol; without one, the expression itself."""
    builder = Steps()
    program = parse_program(TWO_LAYERS, builder=builder)
    second = {name: node for name, node, _ in program.definitions}["A1"]
    assert [s.params[0] for s in symbols(second)] == ["Z1"]
    assert builder.told == ["X", "Y", "W1", "b1", "W2", "b2", "Z1=", "A1=", "Z2=", "L="]
    plain = {name: node for name, node, _ in parse_program(TWO_LAYERS).definitions}["A1"]
    assert {s.params[0] for s in symbols(plain)} == {"X", "W1", "b1"}


def test_an_error_of_the_builder_points_at_the_step():
    """A step that the network refuses is refused at its name."""

    class Refuses(Builder):
        def define(self, name: str, node: Node, latex: str | None) -> Node:
            raise NameClashError(f"{name} is refused")

    with pytest.raises(NameClashError, match="line 2, column 1: Z is refused"):
        parse_program("X : n x d\nZ = 2*X", builder=Refuses())


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("Z = X*W", "Z"),
        ("Z = X*W; L = sum(Z)", "L"),
        ("Z = X*W; L = sum(Z); output Z", "Z"),
        ("Z = X*W; L = sum(Z); minimize L", "L"),
        ("minimize L; Z = X*W; L = sum(Z)", "L"),
        ("Z = X*W; Z", "Z"),
    ],
)
def test_the_output_is_the_last_step_or_the_one_that_is_named(text, output):
    """``minimize`` and ``output`` may stand anywhere; a name that stands alone comes last."""
    assert parse_program(text).output == output


def test_the_output_may_be_an_expression():
    """Alone, after steps, or after ``minimize``."""
    x = matrix("x", n, 1)
    assert parse_program("x : n; sum(x)").is_expression
    assert parse_program("x : n; x'*x").output is x.T * x
    assert not parse_program("x : n; minimize x'*x").is_expression
    assert parse_program("x : n; y = 2*x; y'*x").output is (2 * x).T * x


def test_an_upstream_name_is_kept():
    """For outputs that are not scalar."""
    program = parse_program("Z = X*W; upstream G")
    assert (program.output, program.upstream) == ("Z", "G")


def test_facts_may_be_given_beside_the_text():
    """As text, or as facts; they follow those of the lines, and say which matrix is square."""
    stated = [Fact("invertible", "K"), "symmetric(K)"]
    program = parse_program("assume K is diagonal\nsum(K)", assume=stated)
    assert [str(f) for f in program.facts] == ["diagonal(K)", "invertible(K)", "symmetric(K)"]
    assert parse_program("sum(K)", assume=stated).assumptions == ("K : n x n",)


@pytest.mark.parametrize(
    "line",
    [
        "assume symmetric(K), one_hot(Y)",
        "assume one-hot(Y); assume symmetric(K)",
        "assume K is symmetric, rows of Y are one-hot",
        "assume K symmetric and Y one-hot",
        "K is symmetric; Y is one-hot  # as labels are",
        "K symmetric\nY one hot",
    ],
)
def test_facts_are_stated_as_predicates_or_in_words(line: str):
    """A line that begins with a name and goes on with a fact needs no assume."""
    program = parse_program(f"{line}\nsum(Y*w) + tr(K)")
    assert {str(fact) for fact in program.facts} == {"symmetric(K)", "one_hot(Y)"}


@pytest.mark.parametrize(
    ("line", "said", "at"),
    [
        ("assume symetric(K)", "did you mean symmetric", 7),
        ("assume K is symetric", "did you mean symmetric", 7),
        ("assume symmetric(K), K quick", "a fact is written as in", 21),
        ("assume symmetric(Q)", "Q is not declared", 17),
        ("K is symmetric and sound", "a fact is written as in", 19),
    ],
)
def test_a_misspelt_fact_is_pointed_at(line: str, said: str, at: int):
    """The error has the place, and the word that was meant if there is one near."""
    with pytest.raises(MatcalcError, match=said) as error:
        parse_program(f"{line}\ntr(K)")
    assert error.value.position == at


def test_words_of_statements_may_be_names():
    """assume, minimize, upstream, param and as are words only where they begin a statement."""
    program = parse_program(
        "minimize = 2*assume; param : n x 1; output = param'*param; as : scalar"
    )
    assert [name for name, _, _ in program.definitions] == ["minimize", "output"]
    assert [name for name, _, _ in program.declarations] == ["param", "as", "assume"]


def test_a_latex_name_runs_to_the_end_of_the_statement():
    """Spaces of LaTeX and escaped signs are part of it; a comment is not."""
    program = parse_program("Z = 2*x as \\hat{Z}\\;_{\\#1} # remark\nW = Z as W'; V = W")
    assert [latex for _, _, latex in program.definitions] == [r"\hat{Z}\;_{\#1}", "W'", None]


def test_a_shape_line_may_claim_the_shape_of_a_step():
    """It is checked, and the step is no input."""
    program = parse_program("Z : n x h as Z_1\nX : n x d\nZ = X*W")
    assert [(name, show(shape)) for name, shape, _ in program.declarations] == [
        ("X", "n x d"),
        ("W", "d x h"),
    ]
    assert program.definitions[0][2] == "Z_1"
    with pytest.raises(ShapeError, match="Z is declared as n x h, but X is n x d"):
        parse_program("Z : n x h\nX : n x d\nZ = X")


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        ("x = 2*x", {"x": ("n", 1)}, "x is what is being defined here"),
        ("x = 2*x", None, "x is what is being defined here"),
        ("Z : n x h; Y = Z + Z\nZ = Y", None, "Z is defined further down, on line 2"),
    ],
)
def test_a_step_is_used_after_its_definition(text, given, said):
    """Also where its shape is known beforehand."""
    with pytest.raises(UnknownNameError, match=said):
        parse_program(text, given)


@pytest.mark.parametrize("sign", ["*", ".*"])
def test_a_product_of_thousands_is_refused(sign):
    """Its derivative would have thousands of terms of thousands of factors; a sum may be long."""
    with pytest.raises(ParseError, match="becomes too large"):
        parse_program(sign.join(["x"] * 2000), {"x": None})
    assert parse_program("+".join(["x"] * 2000), {"x": None}).output.shape == ()


def test_symbols_may_be_given_as_shapes():
    """Names, numbers and expressions as dimensions, None for a scalar, a number for a column."""
    given = {"X": ("n", "2*d"), "w": (4,), "s": None, "v": 3, "Y": ("n + 1", 1)}
    program = parse_program("s*sum(X)", given)
    assert [show(shape) for _, shape, _ in program.declarations] == [
        "n x 2*d", "4 x 1", "scalar", "3 x 1", "(n + 1) x 1",
    ]  # fmt: skip
    said = parse_program("s*sum(X)*sum(w)", {"s": "scalar", "X": "n x 2*d", "w": "k"})
    assert [show(shape) for _, shape, _ in said.declarations] == ["scalar", "n x 2*d", "k x 1"]
    for wrong in ({"sum": None}, {"a b": None}, {"X": (0, 1)}, {"X": (1, 2, 3)}, {"x": ""}):
        with pytest.raises(MatcalcError):
            parse_program("x", wrong)


def test_declared_but_unused_names_are_kept():
    """Their gradient is zero, which is an answer."""
    assert [name for name, _, _ in parse_program("A, B : n x n; tr(A)").declarations] == ["A", "B"]


def test_dimensions_are_numbers_in_formulas():
    """Those of shape lines, of given symbols, and of ones(n, 1)."""
    for text in ("X : n x d; sum(X)/n", "sum(X*ones(n,1))/n", "sum(eye(n)*X)/n"):
        output = parse_program(text).output
        assert scalar("n") in symbols(output)
    assert scalar("n") in symbols(parse_program("sum(X)/n", {"X": ("n", "d")}).output)


def test_two_names_that_python_takes_for_one_are_refused():
    """The micro sign and the Greek letter look alike and are one identifier."""
    with pytest.raises(NameClashError, match="one name"):
        parse_program("\u00b5 + \u03bc")


def test_shapes_on_their_own():
    """The form in which assumptions are printed."""
    assert parse_shapes("X: m x n, w: n x 1, y : m, c: scalar\nZ : 2 x k") == {
        "X": dims("m n"), "w": (dims("n"), 1), "y": (dims("m"), 1), "c": None,
        "Z": (2, dims("k")),
    }  # fmt: skip
    for wrong in ("X*W", "X : n x d; X : d x n", "f : map r", "X : n by d"):
        with pytest.raises(MatcalcError):
            parse_shapes(wrong)


def test_an_expression_in_known_names():
    """Names are nodes, dimensions of their shapes are numbers, everything else is refused."""
    X, w, P = matrix("X", n, d), matrix("w", d, 1), matrix("P", n, 1)
    names = {"X": X, "w": w, "P": P}
    assert read_expression("X'*(P - X*w)/n", names) is X.T * (P - X * w) / n
    assert read_expression("r = P - X*w\nr'*r", names) is (P - X * w).T * (P - X * w)
    assert read_expression("X(i, j)", names, dims=["i", "j"]).shape == ()
    assert read_expression("n*ones(n,1)", {**names, "n": scalar("n")}).shape == (n, 1)
    assert read_expression("(X'*X)^k*w", names).op.name == "times"
    for wrong in ("X*v", "X'*x", "q = 1", "X; w", "minimize X", "w^q", "X = 2*w; X", ""):
        with pytest.raises(MatcalcError):
            read_expression(wrong, names)
    with pytest.raises(UnknownNameError, match="did you mean"):
        read_expression("Weight*x", {"Weights": X, "x": w})


def test_undefined_functions_of_an_expression_are_collected():
    """So that what was printed can be read back."""
    node = parse_program("g : function; f : map r; sum(f(g(x)))").output
    assert [(u.name, u.kind) for u in undefined_in([node])] == [("g", "function"), ("f", "map")]
    names = {s.params[0]: s for s in symbols(node)}
    assert read_expression("sum(f(g(x)))", names, functions=undefined_in([node])) is node


@pytest.mark.parametrize("sign", ["\n", ";", " ; ", "\r\n", "\n\n#comment\n", ";;\n;"])
def test_statements_end_at_newlines_and_semicolons(sign):
    """Empty statements are nothing."""
    program = parse_program(f"{sign}A = B*C{sign}D = A*E{sign}")
    assert [name for name, _, _ in program.definitions] == ["A", "D"]


def test_errors_count_lines():
    """The position counts characters of the whole text, the message lines and columns."""
    with pytest.raises(ParseError) as caught:
        parse_program("A : n x n\n\nZ = A*\n")
    assert str(caught.value).startswith("line 3, column 7: ")
    assert caught.value.position == 17
