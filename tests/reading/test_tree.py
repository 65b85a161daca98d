"""Trees: indices are settled late, spans don't count, walks don't recurse."""

from __future__ import annotations

import pytest

from matcalc.reading.formula import read_formula
from matcalc.reading.tree import (
    Bracket,
    Call,
    HeadBracket,
    Mark,
    Node,
    Number,
    Postfix,
    Product,
    Sum,
    Symbol,
    as_product,
    core,
    rewrap,
    walk,
)
from matcalc.reading.writer import write
from tests.reading.sketch import sketch, sketch_of


def side(text: str, **options) -> Node:
    """The one side of a formula without relation sign."""
    (relation,) = read_formula(text, **options)
    return relation.sides[0]


def test_a_symbol_holds_its_scripts():
    """Name, layer, subscripts and primes are one symbol; the transpose is around it."""
    node = side(r"\hat{\mathbf{W}}_{ij}'^{[l]T}")
    assert isinstance(node, Postfix)
    symbol = node.base
    assert isinstance(symbol, Symbol)
    assert (symbol.name, symbol.latex, symbol.primes) == ("W_hat", r"\hat{\mathbf{W}}", 1)
    assert symbol.layer == Mark("[", Symbol("l", "l"))
    assert symbol.subscripts == (Symbol("i", "i"), Symbol("j", "j"))
    assert (node.kind, node.latex) == ("transpose", "T")


@pytest.mark.parametrize(
    ("text", "one", "two"),
    [
        ("w_{10}", ["10"], ["1", "0"]),
        ("w_{ij}", ["(i j)"], ["i", "j"]),
        ("w_{0(n-1)}", ["(0 ({n - 1}))"], ["0", "({n - 1})"]),
        ("w_{1,2}", ["(1 2)"], ["1", "2"]),
        ("w_7", ["7"], None),
        (r"w_{\text{new}}", ["new"], None),
    ],
)
def test_indices_are_counted_by_who_knows_the_shape(text: str, one, two):
    """w_{10} is weight ten of a list and entry (1, 0) of a matrix."""
    symbol = side(text)
    assert isinstance(symbol, Symbol)
    for count, wanted in ((1, one), (2, two)):
        found = symbol.indices(count)
        assert (found and [sketch(index) for index in found]) == wanted


def test_spans_do_not_count():
    """Two trees are equal whatever the spacing of their sources."""
    assert read_formula("a+b") == read_formula("a  +  b")


def test_a_leaf_covers_its_own_text():
    """The span of a number or a plain letter is that number or letter."""
    text = r"\frac{\partial L}{\partial w} = 12.50 x - \left[ 3 y \right]"
    for node in walk(*read_formula(text)):
        start, end = node.span
        if isinstance(node, Number):
            assert text[start:end] == node.text
        elif isinstance(node, Symbol):
            assert text[start:end] == node.latex


def test_an_undecided_bracket_can_be_read_as_a_product():
    """Of a(b)^T read as a product, the transpose belongs to the bracket."""
    node = side("a(b)^T")
    inner, postfixes = core(node)
    assert isinstance(inner, HeadBracket)
    assert rewrap(inner, postfixes) == node
    head, bracket = as_product(node) or (None, None)
    assert (sketch(head), sketch(bracket)) == ("a", "T<(b)>")
    assert as_product(side("(b)^T")) is None


def test_a_declared_function_is_applied():
    """Names of functions come with or without their backslash, primes and layers stay."""
    for functions in ({"sigma", "f"}, {r"\sigma", "f"}):
        assert sketch_of(r"\sigma'(z) f^{(2)}(x)", functions=functions) == "(sigma'(z) f^(2)(x))"
        assert sketch_of("f^{-1}(x)", functions=functions) == "f**-1(x)"
        assert sketch_of("f^T(x)", functions=functions) == "T<f(x)>"
        assert sketch_of(r"\sigma z", functions=functions) == "(sigma z)"
    assert isinstance(side("f(x)", functions={"f"}), Call)
    assert sketch_of("h(1-h)", functions={"f"}) == "h?({1 - h})"


def test_a_declared_name_of_several_letters_is_one_name():
    """Without the declaration the letters are factors."""
    assert sketch_of("xw + y") == "{(x w) + y}"
    assert sketch_of("xw + y", names={"xw"}) == "{xw + y}"


def test_trees_built_by_hand_get_their_brackets():
    """A sum as a factor or under a power is put in parentheses, a second script in braces."""
    a, b = Symbol("a", "a"), Symbol("b", "b")
    total = Sum((a, b), ("+", "-"))
    assert write(Product((total, a), (r"\odot",))) == r"(a - b) \odot a"
    assert write(Postfix(total, "power", (Number("2"),))) == "(a - b)^{2}"
    layer = Symbol("W", "W", marks=(Mark("[", Number("1")),))
    assert write(Postfix(layer, "transpose", latex=r"\top")) == r"{W^{[1]}}^{\top}"
    assert write(Bracket("(", ")", ())) == "()"


@pytest.mark.parametrize(
    ("code", "formula"),
    [
        ("np.sum(dZ, axis=1, keepdims=True)", r"\operatorname{rowsum}(dZ)"),
        ("np.mean(A, axis=0)", r"\operatorname{colmean}(A)"),
        ("np.dot(W, x)", "((W)(x))"),
        ("np.square(P - Y)", "(P - Y)^2"),
    ],
)
def test_array_code_is_notation(code: str, formula: str):
    """NumPy between dollars is read as the formula it stands for."""
    assert read_formula(f"G = {code}") == read_formula(f"G = {formula}")
