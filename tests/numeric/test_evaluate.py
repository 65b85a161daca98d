"""Values of expressions: against plain NumPy, with dimensions solved, and errors that help."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

import matcalc as mc
from matcalc.expr import BUILD, Node
from matcalc.numeric.evaluate import evaluate, evaluate_nodes

n, d, h, k = mc.dims("n d h k")
X, W, Y = mc.matrix("X", n, d), mc.matrix("W", d, h), mc.matrix("Y", n, h)
A, B = mc.matrix("A", n, n), mc.matrix("B", n, n)
x, y, b = mc.vector("x", n), mc.vector("y", n), mc.matrix("b", 1, h)
s = mc.scalar("s")
Z = X * W + mc.ones(n, 1) * b


def isum(body: Any, index: str, low: Any, high: Any) -> Node:
    return BUILD["isum"](body, index, low, high)


@pytest.fixture
def values(rng: np.random.Generator) -> dict[str, Any]:
    """n = 4, d = 3, h = 2."""
    sizes = {"X": (4, 3), "W": (3, 2), "Y": (4, 2), "B": (4, 4), "x": (4, 1), "y": (4, 1)}
    drawn = {name: rng.normal(size=shape) for name, shape in sizes.items()}
    half = rng.normal(size=(4, 4))
    return {**drawn, "b": rng.normal(size=(1, 2)), "A": half @ half.T + np.eye(4), "s": 0.7}


class Numbers:
    """The values by attribute, for short lambdas."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)
        self.Z = self.X @ self.W + self.b


def softmax(z: Any, axis: int) -> Any:
    e = np.exp(z)
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def log_hit(score: Any, label: Any) -> Any:
    return np.log(np.where(label > 0, sigmoid(score), 1 - sigmoid(score)))


def powers(M: Any) -> Any:
    return sum(np.linalg.matrix_power(M, i) for i in range(len(M)))


erf = np.vectorize(math.erf)

CASES: list[tuple[Node, Callable[[Numbers], Any]]] = [
    (Z, lambda v: v.Z),
    (X.T * X, lambda v: v.X.T @ v.X),
    (s * A - 2 * B, lambda v: v.s * v.A - 2 * v.B),
    (x.T * A * y, lambda v: (v.x.T @ v.A @ v.y)[0, 0]),
    (x * (x.T * y), lambda v: v.x @ v.x.T @ v.y),
    ((x.T * y) * A * x / n, lambda v: (v.x.T @ v.y)[0, 0] * v.A @ v.x / 4),
    (mc.tr(A * B), lambda v: np.trace(v.A @ v.B)),
    (mc.det(A), lambda v: np.linalg.det(v.A)),
    (mc.logdet(A), lambda v: np.log(np.linalg.det(v.A))),
    (mc.inv(A) * x, lambda v: np.linalg.solve(v.A, v.x)),
    (mc.solve(A, B), lambda v: np.linalg.solve(v.A, v.B)),
    (mc.adj(A), lambda v: np.linalg.det(v.A) * np.linalg.inv(v.A)),
    (A**3, lambda v: v.A @ v.A @ v.A),
    (A**-2, lambda v: np.linalg.inv(v.A @ v.A)),
    (mc.norm2(Z), lambda v: np.linalg.norm(v.Z)),
    (mc.norm1(x), lambda v: np.sum(abs(v.x))),
    (mc.hadamard(Z, Y), lambda v: v.Z * v.Y),
    (mc.divide(Z, mc.exp(Y)), lambda v: v.Z / np.exp(v.Y)),
    (mc.power(mc.exp(Z), s), lambda v: np.exp(v.Z) ** v.s),
    (1 / (1 + x.T * x), lambda v: 1 / (1 + (v.x.T @ v.x)[0, 0])),
    (mc.sum(Z) / n, lambda v: np.sum(v.Z) / 4),
    (mc.mean(Z), lambda v: np.mean(v.Z)),
    (mc.rowsum(Z), lambda v: v.Z.sum(axis=1, keepdims=True)),
    (mc.colmean(Z), lambda v: v.Z.mean(axis=0, keepdims=True)),
    (mc.cumsum(Z, axis=0), lambda v: np.cumsum(v.Z, axis=0)),
    (mc.softmax(Z), lambda v: softmax(v.Z, 1)),
    (mc.softmax(Z, axis=0), lambda v: softmax(v.Z, 0)),
    (mc.log_softmax(Z), lambda v: np.log(softmax(v.Z, 1))),
    (mc.logsumexp(Z), lambda v: np.log(np.exp(v.Z).sum(axis=1, keepdims=True))),
    (mc.logsumexp(x), lambda v: np.log(np.exp(v.x).sum())),
    (mc.sigmoid(Z), lambda v: sigmoid(v.Z)),
    (mc.gelu(Z), lambda v: v.Z * (1 + erf(v.Z / np.sqrt(2))) / 2),
    (mc.relu(Z) + mc.tanh(Z), lambda v: np.maximum(v.Z, 0) + np.tanh(v.Z)),
    (mc.max(X * W, Y), lambda v: np.maximum(v.X @ v.W, v.Y)),
    (mc.where(mc.step(Y), Z, s * Z), lambda v: np.where(v.Y > 0, v.Z, v.s * v.Z)),
    (mc.kron(X, W), lambda v: np.kron(v.X, v.W)),
    (mc.vec(X), lambda v: v.X.reshape(-1, 1, order="F")),
    (mc.unvec(mc.vec(X), d, n), lambda v: v.X.reshape(3, 4, order="F")),
    (mc.commutation(n, d) * mc.vec(X), lambda v: v.X.T.reshape(-1, 1, order="F")),
    (mc.diag(x) * A, lambda v: v.x * v.A),
    (mc.diag(A), lambda v: np.diag(v.A).reshape(-1, 1)),
    (mc.hstack(A, x), lambda v: np.hstack([v.A, v.x])),
    (mc.vstack(A, x.T), lambda v: np.vstack([v.A, v.x.T])),
    (mc.hstack(s, b), lambda v: np.hstack([[[v.s]], v.b])),
    (mc.tril(A) - mc.triu(A), lambda v: np.tril(v.A) - np.triu(v.A)),
    (A[1:n, 0:2], lambda v: v.A[1:, :2]),
    (A[0, n - 1] * x, lambda v: v.A[0, 3] * v.x),
    ((mc.eye(n) - mc.ones(n, n) / n) * x, lambda v: v.x - v.x.mean()),
    (isum(A**k * x, "k", 0, n - 1), lambda v: powers(v.A) @ v.x),
    (mc.binary_cross_entropy(mc.sigmoid(x), mc.step(y)), lambda v: -np.mean(log_hit(v.x, v.y))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
def test_values_agree_with_plain_numpy(case: Any, values: dict[str, Any]):
    """Each expression has NumPy's value; matrices come back as 2-D arrays, scalars as floats."""
    expr, by_hand = case
    found, expected = evaluate(expr, values), by_hand(Numbers(values))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert type(found) is (np.ndarray if expr.shape else float)
    assert np.ndim(found) == (2 if expr.shape else 0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
def test_sympys_lambdify_takes_our_nodes(case: Any, values: dict[str, Any]):
    """`sympy.lambdify` of a node works as it stands; dimensions are read off the arguments."""
    expr, by_hand = case
    arguments = sorted(expr.free_symbols - {n, k}, key=str)
    arguments = [a for a in arguments if a.shape or a.params[0] in values]
    fn = sp.lambdify(arguments, expr, "numpy")
    found = fn(*(values[a.params[0]] for a in arguments))
    np.testing.assert_allclose(found, by_hand(Numbers(values)), rtol=1e-10, atol=1e-12)


def test_lambdify_takes_a_dimension_no_argument_tells():
    """A dimension that is on no argument is an argument itself."""
    assert sp.lambdify([s, n], s * mc.tr(mc.ones(n, n) * mc.ones(n, n)))(2.0, 3) == 18.0


def test_source_is_linear_in_shared_parts():
    """A part that is used twice, forty times over, makes forty short pieces and not 2^40."""
    node = A
    for _ in range(40):
        node = mc.max(node, mc.exp(node))
    source = BUILD["numpycode"](node, sp.printing.numpy.NumPyPrinter())
    assert len(source) < 4000


def test_names_of_numpy_stay_ordinary_symbols():
    """A symbol may be called np or erf."""
    np_, erf_ = mc.matrix("np", n, n), mc.matrix("numpy", n, n)
    node = mc.gelu(np_) * mc.exp(erf_)
    arrays = np.ones((2, 2)), np.zeros((2, 2))
    found = sp.lambdify([np_, erf_], node)(*arrays)
    np.testing.assert_allclose(found, evaluate(node, {"np": arrays[0], "numpy": arrays[1]}))


# -- what people pass ---------------------------------------------------------------------------


def test_keys_are_names_symbols_or_plain_sympy():
    """A name, our symbol and sympy's own symbol say the same."""
    array = [[1, 2], [3, 4]]
    for key in ("X", X, sp.MatrixSymbol("X", n, d)):
        assert evaluate(mc.sum(X), {key: array}) == 10.0


def test_columns_may_be_flat_and_integers_become_floats():
    """A 1-D array is a column; ints, lists and 0-d arrays are welcome; inputs stay as they were."""
    array = np.array([1, 2, 3])
    found = evaluate(s * x, {"x": array, "s": np.array(2)})
    assert found.tolist() == [[2.0], [4.0], [6.0]]
    assert array.dtype.kind == "i"
    mine = np.ones((2, 2))
    evaluate(A, {"A": mine})[0, 0] = 7
    assert mine[0, 0] == 1


def test_nan_goes_through():
    """A nan in an input is a nan in the result, not an error."""
    assert math.isnan(evaluate(mc.sum(mc.exp(x)), {"x": [1.0, math.nan]}))


@pytest.mark.parametrize(
    ("rows", "array", "expected"),
    [(2 * n, 6, 3), (n + 1, 6, 5), (n * (n + 1) / 2, 6, 3), (n**2, 9, 3), (2 * n - 1, 7, 4)],
)
def test_dimensions_are_solved(rows: Any, array: int, expected: int):
    """n follows from an array with 2n, n + 1, n(n + 1)/2, n^2 or 2n - 1 rows."""
    v = mc.vector("v", rows)
    assert evaluate(mc.sum(v) / n, {"v": np.ones(array)}) == pytest.approx(array / expected)


def test_products_of_dimensions_are_solved_together():
    """n*d rows are understood once either is known, and two unknowns from two equations."""
    v = mc.vector("v", n * d)
    assert evaluate(mc.unvec(v, n, d), {"v": np.arange(6)}, dims={"n": 2}).shape == (2, 3)
    M = mc.matrix("M", n + d, n - d)
    assert evaluate(mc.sum(M) / d, {"M": np.ones((5, 1))}) == 2.5


def test_a_dimension_used_as_a_number_follows_the_arrays():
    """1/n is one over the number of rows, without n being passed; passing it is no harm."""
    assert evaluate(mc.sum(X) / n, {"X": np.ones((4, 3))}) == 3.0
    assert evaluate(mc.sum(X) / n, {"X": np.ones((4, 3)), "n": 4}) == 3.0


def test_steps_are_followed_or_given():
    """A step is computed from its definition, or taken from the values."""
    net = mc.Network("one layer")
    V = net.input("X", n, d)
    H = net.let("H", mc.exp(V))
    assert evaluate(mc.sum(H), {"X": np.zeros((2, 2))}) == 4.0
    assert evaluate(mc.sum(H), {"H": np.full((2, 2), 3.0)}) == 12.0


def test_undefined_functions_are_values():
    """g is a function of the entries and of the order of the derivative."""
    g = mc.function("g")
    waves = {"g": lambda z, order: [np.sin, np.cos][order](z)}
    assert evaluate(mc.sum(g(x)), {"x": [0.0, 1.0], **waves}) == pytest.approx(math.sin(1))
    slope = mc.gradient(mc.sum(g(x)), x)
    assert evaluate(slope, {"x": [0.0, 0.0], **waves}).tolist() == [[1.0], [1.0]]


def test_nested_sums_over_indices():
    """Sum over i of sum over j from i of A^i x_j."""
    i, j = mc.dims("i j")
    inner = isum(A**i * x * j, "j", i, 3)
    a, v = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0], [2.0]])
    expected = sum(np.linalg.matrix_power(a, p) @ v * q for p in range(3) for q in range(p, 4))
    total = isum(inner, "i", 0, 2)
    np.testing.assert_allclose(evaluate(total, {"A": a, "x": v}), expected)
    np.testing.assert_allclose(sp.lambdify([A, x], total)(a, v), expected)
    assert evaluate(isum(s * i, "i", 3, n), {"s": 1.0}, dims={"n": 2}) == 0.0


def test_a_thousand_layers_need_no_recursion():
    """Depth is no limit."""
    node = x
    for _ in range(1000):
        node = mc.tanh(A * node)
    assert evaluate(node, {"A": np.eye(2), "x": [0.5, 0.1]}).shape == (2, 1)


def test_complex_values_stay_complex():
    """`evaluate_nodes` is what the complex step runs on."""
    value = evaluate_nodes([mc.exp(x)], {x: np.array([[1j * np.pi]])}, {"n": 1})
    assert value[mc.exp(x)][0, 0] == pytest.approx(-1)


# -- errors ---------------------------------------------------------------------------------------

CLASH = ("X has shape (4, 3)", "W has shape (2, 5)", "d = 2", "d = 3")
REFUSED: list[tuple[Node, dict[str, Any], type[Exception], tuple[str, ...]]] = [
    (X * W, {"X": np.ones((4, 3)), "W": np.ones((2, 5))}, mc.ShapeError, CLASH),
    (mc.tr(A), {"A": np.ones((4, 3))}, mc.ShapeError, ("A", "(4, 3)")),
    (X * W, {"X": np.ones((4, 3))}, mc.UnknownNameError, ("W", "d x h")),
    (mc.sum(x) * s, {"x": [1.0]}, mc.UnknownNameError, ("s", "scalar")),
    (b, {"b": [1.0, 2.0]}, mc.ShapeError, ("b", "1 x h", "(2,)", "(1, 2)")),
    (x, {"x": np.ones((2, 2, 2))}, mc.ShapeError, ("x", "n x 1", "(2, 2, 2)")),
    (s * x, {"x": [1.0], "s": [1.0, 2.0]}, mc.ShapeError, ("s", "scalar", "(2,)")),
    (x, {"x": ["a"]}, mc.DomainError, ("x", "real numbers")),
    (x, {"x": [1j]}, mc.DomainError, ("x", "complex")),
    (x, {"x": [[1.0], [2.0, 3.0]]}, mc.ShapeError, ("x", "rectangular")),
    (mc.inv(A), {"A": np.zeros((2, 2))}, mc.DomainError, ("inv(A)",)),
    (mc.vector("v", 2 * n), {"v": np.ones(5)}, mc.ShapeError, ("v", "(5, 1)", "2*n")),
    (mc.ones(n, k) * s, {"s": 1.0}, mc.UnknownNameError, ("dimension", "dims=")),
    (mc.sum(X) / n, {"X": np.ones((4, 3)), "n": 5}, mc.ShapeError, ("X", "n = 5", "n = 4")),
    (A[5, 0] * x, {"A": np.eye(3), "x": np.ones(3)}, mc.ShapeError, ("row 5", "3 rows")),
    (mc.function("g")(x), {"x": [1.0]}, mc.UnknownNameError, ("g",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expr", "values", "kind", "words"), REFUSED, ids=[str(case[0]) for case in REFUSED]
)
def test_refusals_name_what_does_not_fit(
    expr: Node, values: dict[str, Any], kind: type[Exception], words: tuple[str, ...]
):
    """The message names the symbols and the shapes."""
    with pytest.raises(kind) as refusal:
        evaluate(expr, values)
    for word in words:
        assert word in str(refusal.value), str(refusal.value)


def test_a_sum_of_very_many_terms() -> None:
    """Term by term it would take minutes: refused, with what adds at once."""
    total = mc.parse("isum(t*i, i, 1, 10000000)").expression
    with pytest.raises(mc.DomainError, match=r"10000000 terms .* mc\.compile adds them at once"):
        mc.evaluate(total, {"t": 2.0})
    assert not mc.check(total, "t")
    assert mc.compile(total)(t=2.0) == 2.0 * 10000000 * 10000001 / 2
