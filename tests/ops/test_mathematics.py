"""Doubtful spots by hand: ties and kinks, negative bases, masks, powers, singular matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

import tests.instances  # noqa: F401 - registers what every node needs
from matcalc import shapes
from matcalc.errors import DomainError
from matcalc.expr import Node, matrix, scalar, symbol, vector
from matcalc.ops import OPS
from matcalc.ops.algebra import mul, ones
from matcalc.ops.determinants import adj, det, logdet
from matcalc.ops.diagonals import tril
from matcalc.ops.entrywise import ENTRYWISE, power
from matcalc.ops.inverses import matrix_power
from matcalc.ops.norms import norm2
from matcalc.ops.reduce import axis_sum
from matcalc.ops.softmax import logsumexp, softmax
from matcalc.ops.undefined import map_, scalar_function
from tests.contracts.harness import (
    assert_close,
    change_by_differences,
    difference,
    differential,
    value,
)

n, m, k = shapes.dims("n m k")
SIZES = {"n": 3, "m": 2, "k": 4, "r": 2}
A, B, S = matrix("A", n, m), matrix("B", n, m), matrix("S", n, n)
x, a, b = vector("x", n), scalar("a"), scalar("b")


def slope_at(name: str, slot: int, *at: float) -> float:
    """The change of a scalar operation when one operand moves by 1."""
    names = [scalar(f"a{s}") for s in range(len(at))]
    node = ENTRYWISE[name].build(tuple(names), ())
    step = scalar("da")
    change = node.op.change(slot, step, node, node.operands, ())
    return value(change, {**dict(zip(names, at, strict=True)), step: 1.0}).item()


@pytest.mark.parametrize(
    ("name", "slot", "at", "expected"),
    [
        ("relu", 0, (0,), 0), ("abs", 0, (0,), 0), ("sign", 0, (0,), 0), ("step", 0, (0,), 0),
        ("max", 0, (2, 2), 1), ("max", 1, (2, 2), 0), ("min", 0, (2, 2), 1), ("min", 1, (2, 2), 0),
        ("where", 1, (0, 1, 1), 0), ("where", 2, (0, 1, 1), 1), ("where", 0, (0, 1, 2), 0),
        ("where", 1, (-3, 1, 1), 1), ("leaky_relu", 0, (0, 0.1), 0.1), ("elu", 0, (0,), 1),
        ("hardtanh", 0, (1,), 0), ("hardtanh", 0, (-1,), 0), ("softsign", 0, (0,), 1),
        ("huber", 0, (1, 1), 1), ("huber", 0, (-1, 1), -1), ("huber", 1, (1, 1), 0),
    ],
)  # fmt: skip
def test_the_documented_value_at_a_kink(
    name: str, slot: int, at: tuple[float, ...], expected: float
):
    """Ties go to the first operand, relu'(0) = step(0) = sign(0) = 0."""
    assert slope_at(name, slot, *at) == pytest.approx(expected)


@pytest.mark.parametrize("exponent", [2, 3, -1, -2, 5])
def test_integer_powers_of_negative_numbers(exponent: int):
    """(-x)^k and its slope are real for whole k."""
    base = np.array([[-1.5, 2.0], [-0.3, -2.2], [1.0, -4.0]])
    node, E = power(A, exponent), matrix("E", n, m)
    assert_close(value(node, {A: base}, SIZES), base**exponent, "value")
    at = {A: base, E: np.ones((3, 2))}
    found = value(differential(node, A, E), at, SIZES)
    assert_close(found, exponent * base ** (exponent - 1), "slope")


def test_tan_keeps_away_from_its_poles():
    """in_domain is false next to pi/2, true between the poles and at 0."""
    tan = OPS["tan"]
    assert not tan.in_domain([np.array([np.pi / 2 + 0.01])])
    assert tan.in_domain([np.array([0.0, 3.0, -1.0])])


@pytest.mark.parametrize("name", [name for name, op in ENTRYWISE.items() if op.arity == 1])
@pytest.mark.parametrize("size", [700.0, -700.0])
def test_large_operands_do_not_spoil_bounded_functions(name: str, size: float):
    """No nan where the function itself is finite."""
    op = ENTRYWISE[name]
    with np.errstate(all="ignore"):
        expected = (
            float(op.row.value.subs(sp.Symbol("x", real=True), sp.Float(size, 400)).evalf(20))
            if op.in_domain([size])
            else None
        )
    if expected is not None and abs(expected) < 1e300:
        assert value(op.build((a,), ()), {a: size}).item() == pytest.approx(
            expected, rel=1e-9, abs=1e-12
        )


# -- softmax -------------------------------------------------------------------------------------


def test_a_mask_leaves_only_what_it_shows():
    """Masked entries are 0, rows sum to 1, and nothing masked moves anything."""
    Z = matrix("Z", n, n)
    P = softmax(Z, mask=tril(ones(n, n)))
    z = np.array([[1.0, 900.0, -3.0], [0.5, 0.2, 900.0], [1.0, 2.0, 3.0]])
    found = value(P, {Z: z}, SIZES)
    assert_close(np.triu(found, 1), np.zeros((3, 3)), "masked entries")
    assert_close(found.sum(axis=1), np.ones(3), "row sums")
    E = matrix("E", n, n)
    moved = value(differential(P, Z, E), {Z: z, E: np.triu(np.ones((3, 3)), 1)}, SIZES)
    assert_close(moved, np.zeros((3, 3)), "the effect of masked entries")


@pytest.mark.parametrize("axis", [0, 1])
def test_logsumexp_and_softmax_do_not_overflow(axis: int):
    """Entries of 1000 are as good as entries of 1."""
    z = np.array([[1000.0, 1001.0], [999.0, 998.0], [1000.0, -1000.0]])
    small = value(logsumexp(A, axis), {A: z - 1000}, SIZES) + 1000
    assert_close(value(logsumexp(A, axis), {A: z}, SIZES), small, "logsumexp")
    assert np.isfinite(value(softmax(A, axis), {A: z}, SIZES)).all()


def test_logsumexp_of_a_column_is_a_scalar():
    """1 x 1 comes out as a number, and so does its change."""
    node = logsumexp(x)
    assert node.shape == ()
    assert node.op.change(0, x, node, node.operands, node.params).shape == ()


@pytest.mark.parametrize("shape", [(n, 1), (1, n), (n, m)])
@pytest.mark.parametrize("axis", [0, 1])
def test_axis_sums_of_rows_and_columns(shape: shapes.Shape, axis: int):
    """Whatever the shape, sums keep the other dimension."""
    X = symbol("X", shape)
    values = np.arange(1.0, 1 + np.prod([SIZES.get(str(d), 1) for d in shape]))
    values = values.reshape([SIZES.get(str(d), 1) for d in shape])
    found = value(axis_sum(X, axis), {X: values}, SIZES)
    assert_close(found, values.sum(axis=axis, keepdims=True), "axis sum")


# -- square matrices -----------------------------------------------------------------------------


def test_a_determinant_differentiates_at_a_singular_matrix():
    """d det = tr(adj(A) dA) needs no inverse, and adj is exact there."""
    s = np.array([[1.0, 2, 3], [2, 4, 6], [0, 1, 5]])
    E = matrix("E", n, n)
    at = {S: s, E: np.arange(9.0).reshape(3, 3)}
    found = value(differential(det(S), S, E), at, SIZES)
    assert_close(found, change_by_differences(det(S), S, {S: s}, at[E]), "d det")
    assert_close(value(mul(S, adj(S)), {S: s}, SIZES), np.zeros((3, 3)), "A adj A")


def test_logdet_of_a_large_matrix_and_of_a_negative_one():
    """No overflow at 400 x 400; a negative determinant has no logarithm."""
    assert value(logdet(S), {S: 1e3 * np.eye(400)}, {"n": 400}).item() == pytest.approx(
        400 * np.log(1e3)
    )
    with np.errstate(all="ignore"):
        assert np.isnan(value(logdet(S), {S: np.diag([1.0, 1.0, -1.0])}, SIZES)).all()


@pytest.mark.parametrize("exponent", [2, 3, 4, 5, -1, -2, -3, k, k - 1, -k])
def test_matrix_powers_differentiate_twice(exponent: Any, rng: np.random.Generator):
    """Whole, negative and symbolic powers: first and second differentials by differences."""
    node, E, H = matrix_power(S, exponent), matrix("E", n, n), matrix("H", n, n)
    at = {s: rng.normal(size=(3, 3)) for s in (E, H)} | {S: rng.normal(size=(3, 3)) + 3 * np.eye(3)}
    number_ = int(exponent.subs(k, 4)) if isinstance(exponent, sp.Expr) else exponent
    assert_close(value(node, at, SIZES), np.linalg.matrix_power(at[S], number_), "value", 1e-9)
    first = differential(node, S, E)
    assert_close(value(first, at, SIZES), change_by_differences_at(node, S, at, at[E]), "first")
    second = differential(first, S, H)
    assert_close(value(second, at, SIZES), change_by_differences_at(first, S, at, at[H]), "second")


def change_by_differences_at(node: Node, leaf: Node, at: dict[Node, Any], E: Any) -> np.ndarray:
    """Differences at these sizes."""
    return difference(lambda h: value(node, {**at, leaf: at[leaf] + h * E}, SIZES))


def test_a_power_of_unknown_sign_has_no_value_below_zero():
    """A^(k - 3) at k = 1 is refused rather than differentiated wrongly."""
    node = matrix_power(S, k - 3)
    assert value(node, {S: 2 * np.eye(3)}, SIZES)[0, 0] == 2
    with pytest.raises(DomainError, match="exponent is -2"):
        value(node, {S: 2 * np.eye(3)}, {**SIZES, "k": 1})


def test_the_norm_has_a_kink_at_zero():
    """Its margin is the distance to the zero matrix."""
    assert norm2(A).op.margin([np.zeros((3, 2))]) == 0
    assert norm2(A).op.margin([np.full((3, 2), 2.0)]) == pytest.approx(np.sqrt(24))


# -- undefined functions -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build", [lambda: map_("f", 2), lambda: map_("f1", 1), lambda: scalar_function("C")]
)
def test_undefined_maps_of_two_operands_to_third_order(
    build: Callable[[], Any], rng: np.random.Generator
):
    """Mixed derivatives of every order are the derivatives of the ones before."""
    node = build()(A, x)
    at = {A: rng.normal(size=(3, 2)), x: rng.normal(size=(3, 1))}
    for order, leaf in enumerate((A, x, A)):
        step = symbol(f"E{order}", leaf.shape)
        at[step] = rng.normal(size=at[leaf].shape)
        change = differential(node, leaf, step)
        expected = change_by_differences_at(node, leaf, at, at[step])
        assert_close(value(change, at, SIZES), expected, f"order {order + 1}")
        node = change


def test_a_one_dimensional_map_is_a_scalar():
    """r = 1 gives a number with a row for its Jacobian."""
    f = map_("f1", 1)(x)
    assert f.shape == ()
    J = f.op.change(0, x, f, f.operands, f.params)
    assert J.shape == ()
