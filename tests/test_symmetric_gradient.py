"""The three gradients by a symmetric matrix, each by the differences that define it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

import matcalc as mc
from matcalc.expr import is_symbol, postorder

n = mc.dims("n")
A, B, S = (mc.matrix(name, n, n) for name in "ABS")
x, y = mc.vector("x", n), mc.vector("y", n)
FUNCTIONS = {
    "logdet": mc.logdet(S),
    "det": mc.det(S),
    "trace of the inverse": mc.tr(mc.inv(S) * A),
    "Mahalanobis": x.T * mc.inv(S) * x,
    "bilinear": x.T * S * y,
    "square": mc.tr(S * S),
    "sandwich": mc.tr(A * S * B * S),
    "norm": mc.norm2(A * S * B) ** 2,
    "Stein": mc.tr(mc.inv(S) * A) + mc.logdet(S),
    "entrywise": mc.sum(mc.exp(S)),
    "triangle": mc.sum(mc.power(mc.tril(S), 3)),
    "diagonal": mc.sum(mc.log(mc.diag(S))),
}
SIZE, STEP = 3, 1e-3
RNG = np.random.default_rng(4)
HALF = RNG.normal(size=(SIZE, SIZE))
VALUES = {
    "A": RNG.normal(size=(SIZE, SIZE)),
    "B": RNG.normal(size=(SIZE, SIZE)),
    "S": HALF @ HALF.T / SIZE + 2 * np.eye(SIZE),
    "x": RNG.normal(size=SIZE),
    "y": RNG.normal(size=SIZE),
}
PLACES = [(i, j) for j in range(SIZE) for i in range(SIZE)]  # as vec stacks them


def entry(i: int, j: int) -> np.ndarray:
    """One entry moves."""
    E = np.zeros((SIZE, SIZE))
    E[i, j] = 1
    return E


# The direction of which entry (i, j) is the derivative: E itself, its part within the symmetric
# matrices, or what moves when the free entry (i, j) does.
DIRECTIONS: dict[str, Callable[[int, int], np.ndarray]] = {
    "independent": entry,
    "projected": lambda i, j: (entry(i, j) + entry(j, i)) / 2,
    "cookbook": lambda i, j: np.maximum(entry(i, j), entry(j, i)),
}


def value(f, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """The value of an expression, its symmetric matrix moved."""
    here = {str(s) for s in postorder(f) if is_symbol(s)}
    given = {k: v for k, v in {**VALUES, "S": VALUES["S"] + shift}.items() if k in here}
    return np.asarray(mc.evaluate(f, given, dims={"n": SIZE}))


def slope(f, E: np.ndarray) -> float:
    """Richardson's extrapolation of central differences."""

    def central(h: float) -> float:
        return float(value(f, h * E) - value(f, -h * E)) / (2 * h)

    return (4 * central(STEP / 2) - central(STEP)) / 3


def bend(f, E: np.ndarray, D: np.ndarray) -> float:
    """The second difference along two directions."""
    h = 1e-3
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    return float(sum(a * b * value(f, h * (a * E + b * D)) for a, b in signs)) / (4 * h * h)


@pytest.mark.parametrize("meaning", DIRECTIONS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_gradient_is_what_its_meaning_says(name: str, meaning: str) -> None:
    """The formula, the derivation, its code and the Jacobian of one row: one and the same."""
    f = FUNCTIONS[name]
    wanted = np.array([slope(f, DIRECTIONS[meaning](i, j)) for i, j in PLACES])
    options = {"assume": mc.Q.positive_definite(S), "symmetric_gradient": meaning}
    found = mc.gradient(f, S, **options)
    assert value(found).ravel("F") == pytest.approx(wanted, rel=1e-7, abs=1e-8)
    D = mc.derive(f, S, **options)
    assert value(D.expand(S)) == pytest.approx(value(found))
    here = {str(s) for s in postorder(f) if is_symbol(s)}
    _, gradients = D.function()(**{k: v for k, v in VALUES.items() if k in here})
    assert gradients["S"] == pytest.approx(value(found))
    assert D.check()
    column = mc.jacobian(f, S, **options)  # of a number: the gradient as a column
    assert value(column).ravel() == pytest.approx(wanted, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("meaning", DIRECTIONS)
@pytest.mark.parametrize("name", ["logdet", "sandwich", "entrywise", "Mahalanobis"])
def test_a_hessian_is_what_its_meaning_says(name: str, meaning: str) -> None:
    """Second differences along the same directions, rows and columns alike."""
    f = FUNCTIONS[name]
    H = value(mc.hessian(f, S, assume="S is symmetric", symmetric_gradient=meaning))
    along = [DIRECTIONS[meaning](i, j) for i, j in PLACES]
    wanted = [bend(f, E, D) for E, D in itertools.product(along, along)]
    assert H.ravel() == pytest.approx(np.array(wanted), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("verb", [mc.gradient, mc.jacobian, mc.hessian, mc.derive])
def test_a_meaning_needs_a_symmetric_matrix(verb) -> None:
    """The cookbook's gradient of a general matrix is none; the error says what to state."""
    with pytest.raises(mc.DomainError, match=r"assume=mc\.Q\.symmetric\(S\)"):
        verb(mc.logdet(S), S, symmetric_gradient="cookbook")
    with pytest.raises(mc.MatcalcError, match="independent, projected, cookbook"):
        verb(mc.logdet(S), S, symmetric_gradient="upper")


def test_a_mixed_hessian_turns_the_symmetric_side_only() -> None:
    """By S and x: rows within the symmetric matrices, columns of x as they are."""
    f = FUNCTIONS["Mahalanobis"]
    plain = value(mc.hessian(f, S, x))
    found = value(mc.hessian(f, S, x, assume="symmetric(S)", symmetric_gradient="projected"))
    turned = plain.reshape(SIZE, SIZE, SIZE)
    assert found == pytest.approx(((turned + turned.swapaxes(0, 1)) / 2).reshape(plain.shape))


def test_the_default_of_each_verb() -> None:
    """Gradients lie within the symmetric matrices, the matrices on vec have independent columns."""
    f, options = x.T * S * y, {"assume": "symmetric(S)"}
    assert mc.text(mc.gradient(f, S, **options)) == "(x*y' + y*x')/2"
    assert mc.text(mc.jacobian(f, S, **options)) == "vec(x*y')"
