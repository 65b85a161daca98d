"""The sympy door: plain sympy in and out keeps value and shape; what it does not know, it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from sympy import (
    Abs,
    Adjoint,
    Determinant,
    HadamardProduct,
    Heaviside,
    Identity,
    ImmutableMatrix,
    Inverse,
    KroneckerProduct,
    Lambda,
    MatMul,
    MatrixSymbol,
    Max,
    Min,
    OneMatrix,
    Piecewise,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.blockmatrix import BlockDiagMatrix, BlockMatrix
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalOf
from sympy.matrices.expressions.hadamard import HadamardPower

import matcalc as mc
from matcalc import read, to_sympy
from matcalc.errors import MatcalcError, NoRuleError, ShapeError
from matcalc.expr import Node, matrix, scalar, symbols
from matcalc.ops.algebra import add, had, mul, ones
from tests.contracts.harness import assert_close, value

HALF = sp.Rational(1, 2)
A, B, C = MatrixSymbol("A", 2, 3), MatrixSymbol("B", 2, 3), MatrixSymbol("C", 3, 2)
S, R, D = MatrixSymbol("S", 2, 2), MatrixSymbol("R", 2, 2), MatrixSymbol("D", 3, 3)
x, y, row, Z = (
    MatrixSymbol(s, *d) for s, d in (("x", (2, 1)), ("y", (2, 1)), ("r", (1, 3)), ("Z", (1, 1)))
)
a, b = sp.symbols("a b")
i = sp.Symbol("i", integer=True)

PLAIN: dict[str, Any] = {
    "MatMul": A * C,
    "MatMul with scalars": MatMul(2, a, A, C),
    "MatAdd": 2 * A - B / 3,
    "MatPow": S**3,
    "a negative MatPow": S**-2,
    "Transpose": Transpose(A),
    "a distributed transpose": (A * C).T,
    "Adjoint": Adjoint(A),
    "Inverse": Inverse(S),
    "the inverse of a product": (S * R).I,
    "Trace": Trace(S * R),
    "Determinant": Determinant(S),
    "HadamardProduct": HadamardProduct(A, B),
    "HadamardPower": HadamardPower(A, 3),
    "a Hadamard root": HadamardPower(A, HALF),
    "a negative HadamardPower": HadamardPower(A, -2),
    "a matrix of exponents": HadamardPower(A, B),
    "applyfunc with a function class": A.applyfunc(sp.sin),
    "applyfunc with a Lambda": A.applyfunc(Lambda(a, a**2 + 1)),
    "applyfunc with a callable": A.applyfunc(lambda t: sp.exp(-t) * a),
    "applyfunc with Max": A.applyfunc(lambda t: Max(t, 0)),
    "applyfunc with Min": A.applyfunc(lambda t: Min(t, 1, a)),
    "applyfunc with Abs": A.applyfunc(Abs),
    "applyfunc with sign": A.applyfunc(lambda t: sp.sign(t - 1)),
    "applyfunc with Heaviside": A.applyfunc(lambda t: Heaviside(t - HALF)),
    "applyfunc with Piecewise": A.applyfunc(
        lambda t: Piecewise((t, t > 1), (t**2, (t > HALF) & (t < 1)), (0, True))
    ),
    "applyfunc with Or": A.applyfunc(lambda t: Piecewise((t, (t > 1) | (t <= HALF)), (-t, True))),
    "applyfunc with a decimal": A.applyfunc(lambda t: 0.5 * t**2),
    "applyfunc with a scalar of a matrix": A.applyfunc(lambda t: t * Trace(S)),
    "DiagMatrix": DiagMatrix(x),
    "DiagonalOf": DiagonalOf(S),
    "KroneckerProduct": KroneckerProduct(A, S),
    "KroneckerProduct of three": KroneckerProduct(x, S, row),
    "BlockMatrix": BlockMatrix([[S, A], [C * S, D]]),
    "BlockDiagMatrix": BlockDiagMatrix(S, D),
    "OneMatrix": OneMatrix(2, 3) + A,
    "ZeroMatrix": ZeroMatrix(2, 3) + A,
    "Identity": Identity(2) + S,
    "MatrixElement": A[0, 1] * A,
    "MatrixSlice": A[0:2, 1:3],
    "ImmutableMatrix": ImmutableMatrix([[1, 2, 3], [4, 5, 6]]) + A,
    "Matrix with symbols": sp.Matrix([[1, a], [b, 2]]) * S,
    "log det plus a trace": sp.log(Determinant(S)) + a * Trace(A.T * A) / 2,
    "a quotient of scalars": Trace(S) / Trace(R),
    "a root of a scalar": sp.sqrt(Trace(A * A.T)),
    "an exponential of a scalar": sp.exp(-Trace(S)),
    "a symbolic exponent": Trace(S) ** a,
    "Max of scalars": Max(Trace(S), a),
    "Piecewise of scalars": Piecewise((Trace(S), a > 1), (Determinant(S), True)),
    "Piecewise on a trace": Piecewise((a, Trace(S) > Trace(R)), (b, True)),
    "an inner product": x.T * y,
    "the power of an inner product": (x.T * y) ** 2,
    "the root of an inner product": (x.T * y) ** HALF,
    "an inner product plus 1 x 1": Z + x.T * y,
    "an entry of an inner product": (x.T * S * y)[0, 0] * A,
    "an outer product": x * row,
    "decimals": 0.25 * A,
    "pi": sp.pi * A,
    "a sum over an index": sp.Sum(A[i, 0] * i, (i, 0, 1)),
    "a difference": -(A * C),
}  # fmt: skip
ONE_WAY = {
    "applyfunc with Piecewise",
    "applyfunc with Or",
}  # sympy has no such class of two matrices


@pytest.fixture
def numbers(rng: np.random.Generator) -> dict[Any, Any]:
    """Values for every symbol."""
    found = {s: rng.uniform(0.2, 2, size=s.shape) for s in (A, B, C, S, R, D, x, y, row, Z)}
    found[S] += 3 * np.eye(2)  # a positive determinant
    return {**found, a: 1.3, b: 0.7}


def at(node: Node, numbers: dict[Any, Any]) -> np.ndarray:
    """A node's value."""
    by_name = {s.name: v for s, v in numbers.items()}
    known = {s: by_name[s.params[0]] for s in symbols(node) if s.params[0] in by_name}
    return value(node, known, {})


def explicit(expr: Any, numbers: dict[Any, Any]) -> np.ndarray:
    """sympy's own value, entry by entry."""
    arrays = {s: ImmutableMatrix(v) for s, v in numbers.items() if isinstance(s, MatrixSymbol)}
    scalars = {s: sp.Float(v) for s, v in numbers.items() if isinstance(s, sp.Symbol)}
    scalars |= {sp.Symbol(s.name, real=True): v for s, v in scalars.items()}
    done = expr.xreplace(arrays).doit()
    if isinstance(done, DiagonalOf):
        done = ImmutableMatrix([[done.arg[k, k]] for k in range(2)])
    if getattr(done, "is_Matrix", False):
        done = done.as_explicit().xreplace(scalars).doit().evalf()
        return np.array(done.tolist(), dtype=float)
    return np.array([[float(done.xreplace(scalars).doit().evalf())]])


@pytest.mark.parametrize(("name", "plain"), PLAIN.items(), ids=PLAIN)
def test_what_is_read_has_sympys_value(name: str, plain: Any, numbers: dict[Any, Any]):
    """A class that is read keeps shape and value."""
    node = read(plain)
    shape = getattr(plain, "shape", ())
    assert node.shape == (() if shape == (1, 1) else shape)
    assert_close(at(node, numbers), explicit(plain, numbers), name, 1e-9)


@pytest.mark.parametrize("name", [n for n in PLAIN if n not in ONE_WAY])
def test_out_and_in_again_is_the_same(name: str, numbers: dict[Any, Any]):
    """node -> plain sympy -> node keeps shape and value, and sympy agrees on the way."""
    node = read(PLAIN[name])
    out = to_sympy(node)
    assert not any(isinstance(part, Node) for part in sp.preorder_traversal(out))
    again = read(out)
    assert again.shape == node.shape
    assert_close(at(again, numbers), at(node, numbers), name, 1e-9)
    assert_close(explicit(out, numbers), at(node, numbers), name, 1e-9)


# -- symbols, shapes and the 1 x 1 matrix --------------------------------------------------------

n, m = sp.symbols("n m", integer=True, positive=True)
X, W, u, v = (
    MatrixSymbol(s, *d) for s, d in (("X", (n, m)), ("W", (m, n)), ("u", (n, 1)), ("v", (n, 1)))
)


def test_a_symbol_is_its_name():
    """Whatever assumptions sympy's symbols came with, the name and the shape decide."""
    plain = MatrixSymbol("X", sp.Symbol("n"), sp.Symbol("m", integer=True))
    assert read(plain) is read(X) is matrix("X", "n", "m")
    assert read(sp.Symbol("a", positive=True)) is read(a) is scalar("a")
    assert matrix("X", "n", "m") == X


def test_sympy_checks_no_symbolic_shapes_and_we_do():
    """X*X of an n x m matrix passes in sympy."""
    with pytest.raises(ShapeError, match=r"X \(n x m\) is not square"):
        read(X * X)
    with pytest.raises(ShapeError, match=r"cannot multiply X \(n x m\) by Y \(n x m\)"):
        read(X * MatrixSymbol("Y", n, m))
    with pytest.raises(ShapeError, match="cannot add"):
        read(X * W + MatMul(W, X))


@pytest.mark.parametrize(
    ("plain", "ours"),
    [
        (MatMul(u.T, v, X), mul(mul(read(u).T, read(v)), read(X))),
        (MatMul(X, u.T, v), mul(mul(read(u).T, read(v)), read(X))),
        (MatMul(u.T, u, u.T, v), mul(read(u).T, read(u), read(u).T, read(v))),
        (MatMul(u.T, u, X, W), mul(mul(read(u).T, read(u)), read(X), read(W))),
        (MatMul(2, u.T, v, X, W), mul(2, mul(read(u).T, read(v)), read(X), read(W))),
        (MatMul(MatrixSymbol("Z", 1, 1), X), mul(read(MatrixSymbol("Z", 1, 1)), read(X))),
        (u.T * v * X, mul(mul(read(u).T, read(v)), read(X))),
    ],
)
def test_a_1_x_1_product_stands_anywhere_in_a_product(plain: Any, ours: Node):
    """sympy flattens u'*v*X; it is regrouped by shape."""
    assert read(plain) is ours


def test_a_1_x_1_matrix_is_a_scalar_where_one_is_meant():
    """exp, log and powers take the entry of a 1 x 1 matrix."""
    assert read(sp.exp(u.T * v)).shape == ()
    assert read((u.T * v) ** 2) is mul(read(u).T, read(v)) ** 2
    with pytest.raises(ShapeError, match=r"for every entry write mc\.exp\(X\)"):
        read(sp.exp(X))


# -- numbers and arrays --------------------------------------------------------------------------


def test_numbers_are_exact_and_finite():
    """Integers, decimals as typed, NumPy numbers; no infinities."""
    assert read(0.1).params == (sp.Rational(1, 10), True)
    assert read(np.float64(0.5)) is read(0.5)
    assert read(np.int64(3)) is read(3)
    for bad in (float("nan"), float("inf"), sp.oo, sp.nan, sp.I, sp.zoo):
        with pytest.raises(NoRuleError):
            read(bad)


def test_arrays_are_constant_matrices():
    """Two axes are a matrix, one is a column, none is a number."""
    assert read(np.array([[1, 2], [3, 4]])) is read(ImmutableMatrix([[1, 2], [3, 4]]))
    assert read(np.array([1, 2])).shape == (2, 1)
    assert read(np.array(2)) is read(2)
    with pytest.raises(ShapeError, match="one or two axes"):
        read(np.zeros((2, 2, 2)))


# -- entrywise bodies ----------------------------------------------------------------------------

M, K = matrix("M", "n", "m"), matrix("K", "k", "k")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (sp.sin, mc.sin(M)),
        ("sigmoid", mc.sigmoid(M)),
        (lambda t: t * scalar("c"), mul(scalar("c"), M)),
        (lambda t: mc.sigmoid(t) * t, had(mc.sigmoid(M), M)),
        (lambda t: mc.max(t, 0) + scalar("c"), add(mc.max(M, 0), mul(scalar("c"), ones(n, m)))),
        (lambda t: sp.Integer(3), mul(3, ones(n, m))),
        (lambda t: sp.Symbol("x") * t, mul(scalar("x"), M)),
        (lambda t: sp.Max(0, t), mc.relu(M)),
        (lambda t: sp.Function("g")(t), mc.function("g")(M)),
        (lambda t: sp.exp(t) + mc.tr(K), add(mc.exp(M), mul(mc.tr(K), ones(n, m)))),
    ],
)  # fmt: skip
def test_a_body_may_be_sympy_python_or_a_name(body: Any, expected: Node):
    """Arithmetic of ours and of sympy may mix; the dummy never meets a symbol called x."""
    assert mc.entrywise(body, M) is expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lambda t: "t**2", "not the text"),
        (lambda t: t + X, "cannot be applied to a symbol"),
        (lambda t: t * K, "a number for a number"),
        (lambda t: sp.gamma(t), "no rule for gamma"),
        (lambda t: sp.I * t, "finite real number"),
        (lambda t: Piecewise((t, t > 0)), "not defined everywhere"),
        (lambda t: 1 / 0, "division by zero"),
        ("cosinus", "no entrywise function 'cosinus'"),
        ("__import__('os')", "no entrywise function"),
    ],
)
def test_a_body_that_is_no_function_of_a_number_is_refused(body: Any, said: str):
    """Text is never evaluated; what has no rule is named."""
    with pytest.raises(MatcalcError, match=said):
        mc.entrywise(body, M)


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: sp.Integral(a, a), "does not read sympy's Integral"),
        (lambda: sp.Derivative(sp.Function("g")(a), a), "Derivative"),
        (lambda: sp.gamma(a), "gamma"),
        (lambda: sp.FunctionMatrix(2, 2, Lambda((a, b), a + b)), "FunctionMatrix"),
        (lambda: sp.re(sp.Symbol("c", complex=True)), "re"),
        (lambda: sp.Function("g")(a, b), r"g\(a, b\) is ambiguous"),
        (lambda: sp.Eq(a, b), "Equality"),
        (lambda: sp.MatrixSymbol("T", 2, 2)[::2, 0:2], "a slice has step 1"),
        (lambda: sp.Symbol("c", imaginary=True) * a, "c was declared not to be one"),
        (lambda: sp.Symbol("c", commutative=False) * a, "c was declared not to be one"),
        (lambda: S**HALF, "integer powers only"),
        (lambda: "X*W", "an expression is wanted"),
        (lambda: None, "an expression is wanted"),
        (lambda: [1, 2], "not the list"),
        (lambda: sp.tanh(X), r"for every entry write mc\.tanh\(X\)"),
    ],
)
def test_what_is_not_known_is_refused_by_name(make: Callable[[], Any], said: str):
    """Nothing is guessed, and no text is read."""
    with pytest.raises(MatcalcError, match=said):
        read(make())


@pytest.mark.parametrize("word", [mc.tril, mc.cumsum, mc.softmax], ids=lambda word: word.__name__)
def test_what_sympy_has_no_class_for_is_refused_by_name(word: Callable[[Any], Node]):
    """An operation of ours alone cannot leave as plain sympy."""
    with pytest.raises(NoRuleError, match=f"no class for {word.__name__}"):
        to_sympy(word(M))


def test_a_size_and_its_number_are_one_symbol_outside():
    """1/n beside an n x m matrix leaves as the n of the shape."""
    out = to_sympy(mul(read(n) ** -1, M))
    assert {s for s in out.free_symbols if s.name == "n"} == {n}
