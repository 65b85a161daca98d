"""The oracle: what is right passes, what is wrong by one part in a thousand does not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy as sp

import matcalc as mc
from matcalc.errors import ShapeError
from matcalc.expr import Node
from matcalc.numeric import oracle
from matcalc.numeric.oracle import (
    CheckReport,
    Claim,
    check_claims,
    check_gradient,
    check_hessian,
    check_jacobian,
)

n, d, h = mc.dims("n d h")
X, W, Y = mc.matrix("X", n, d), mc.matrix("W", d, h), mc.matrix("Y", n, h)
A = mc.matrix("A", n, n)
x, y = mc.vector("x", n), mc.vector("y", n)
P = mc.softmax(X * W)
LOSS = -mc.sum(mc.hadamard(Y, mc.log(P))) / n
SLIGHTLY = sp.Rational(1001, 1000)
g, f = mc.function("g"), mc.map("f", "r")
ROWS = {"Y": {"rows_sum_to_one"}}

RIGHT: list[tuple[str, Any, tuple[Any, ...]]] = [
    ("gradient", mc.squared_error(X * W, Y), (W, 2 * X.T * (X * W - Y))),
    ("gradient", mc.logdet(A), (A, mc.inv(A).T)),
    ("gradient", x.T * A * x, (x, (A + A.T) * x)),
    ("gradient", mc.sum(mc.relu(X * W)), (W, X.T * mc.step(X * W))),
    ("gradient", mc.sum(mc.gelu(A * x)), (A, mc.gradient(mc.sum(mc.gelu(A * x)), A))),
    ("gradient", mc.norm2(X * W - Y), (Y, (Y - X * W) / mc.norm2(X * W - Y))),
    ("gradient", mc.sum(g(A * x)), (x, mc.gradient(mc.sum(g(A * x)), x))),
    ("gradient", mc.tr(A) * mc.scalar("s"), (mc.scalar("s"), mc.tr(A))),
    ("jacobian", X * W, (W, mc.kron(mc.eye(h), X))),
    ("jacobian", mc.tanh(A * x), (x, mc.diag(1 - mc.power(mc.tanh(A * x), 2)) * A)),
    ("jacobian", f(A * x), (x, mc.jacobian(f(A * x), x, layout="numerator"))),
    ("jacobian", A.T, (A, mc.commutation(n, n))),
    ("hessian", x.T * A * x, (x, x, A + A.T)),
    ("hessian", x.T * A * y, (x, y, A)),
    ("hessian", mc.logsumexp(x), (x, x, mc.diag(mc.softmax(x)) - mc.softmax(x) * mc.softmax(x).T)),
    ("hessian", mc.sum(mc.huber(x, 1)), (x, x, mc.diag(mc.step(1 - mc.abs(x))))),
    ("hessian", mc.tr(A * A), (A, A, 2 * mc.commutation(n, n))),
]  # fmt: skip
CHECKS = {"gradient": check_gradient, "jacobian": check_jacobian, "hessian": check_hessian}


def names(cases: list[tuple[str, Any, tuple[Any, ...]]]) -> list[str]:
    return [f"{kind} of {f} by {rest[0]}" for kind, f, rest in cases]


@pytest.mark.parametrize(("kind", "f", "rest"), RIGHT, ids=names(RIGHT))
def test_right_formulas_hold(kind: str, f: Node, rest: tuple[Any, ...]):
    """Closed forms pass with errors near rounding, at distinct sizes, one trial with a 1."""
    report = CHECKS[kind](f, *rest)
    assert report, report
    assert report.error < 1e-6
    assert report.trials == 3
    assert all(len(set(sizes.values())) == len(sizes) for sizes in report.sizes)
    assert 1 in report.sizes[1].values()


@pytest.mark.parametrize(("kind", "f", "rest"), RIGHT, ids=names(RIGHT))
def test_one_part_in_a_thousand_is_caught(kind: str, f: Node, rest: tuple[Any, ...]):
    """The same formulas, wrong by a factor of 1.001, fail at a named place."""
    *wrt, right = rest
    report = CHECKS[kind](f, *wrt, SLIGHTLY * right)
    assert not report
    assert report.error == pytest.approx(1e-3, rel=0.05)
    assert report.where is not None


def test_facts_are_used():
    """P - Y is the gradient because the rows of Y sum to one, and only then."""
    gradient = X.T * (P - Y) / n
    assert check_gradient(LOSS, W, gradient, facts=ROWS)
    assert not check_gradient(LOSS, W, gradient)


def test_the_place_of_a_slip_is_named():
    """One wrong entry is found where it is."""
    one = mc.vstack(mc.zeros(d - 1, h), mc.hstack(mc.zeros(1, h - 1), mc.ones(1, 1)))
    report = check_gradient(mc.squared_error(X * W, Y), W, 2 * X.T * (X * W - Y) + one)
    assert not report
    sizes = report.sizes[-1]
    assert report.where == ("W", (sizes["d"] - 1, sizes["h"] - 1))


def test_a_transposed_result_is_caught():
    """By its shape if that differs, by its numbers if it is square."""
    by_shape = check_gradient(mc.squared_error(X * W, Y), W, (2 * X.T * (X * W - Y)).T)
    assert not by_shape
    assert "d x h" in str(by_shape)
    assert "h x d" in str(by_shape)
    assert not check_gradient(mc.logdet(A), A, mc.inv(A))
    assert not check_jacobian(A * x, A, mc.kron(mc.eye(n), x.T))


def test_nan_is_a_failure():
    """A closed form that is not a number, or has no value, fails with a remark."""
    nan = mc.log(-mc.exp(mc.scalar("s"))) * x
    report = check_gradient(x.T * x / 2, x, x + nan)
    assert not report
    assert math.isnan(report.error)
    assert "not finite" in str(report)
    singular = mc.inv(mc.ones(n, n) * mc.sum(x)) * x
    assert not check_gradient(x.T * x / 2, x, singular)


def test_no_point_is_a_failure():
    """Where f is defined nowhere, nothing passes, and the operation is named."""
    report = check_gradient(mc.sum(mc.log(-mc.exp(x))), x, mc.ones(n, 1))
    assert not report
    assert "log(-exp(x))" in str(report)
    assert "domain" in str(report)


def test_a_kink_everywhere_is_a_failure():
    """Where kinks stand closer than any step reaches nothing passes, and the reason is given."""
    report = check_gradient(mc.sum(mc.abs(mc.sin(10**6 * x))), x, mc.ones(n, 1))
    assert not report
    assert report.remarks


def test_a_kink_that_nothing_reaches_is_none():
    """Ties that stay ties, units that stay dead, and kinks met at a small scale are no obstacle."""
    twice = mc.relu(mc.relu(A * x) / 10**5)
    assert check_gradient(mc.sum(twice), x, mc.gradient(mc.sum(twice), x))
    assert check_gradient(mc.sum(mc.max(mc.sin(x), mc.sin(x))), x, mc.cos(x))
    assert check_gradient(mc.sum(mc.abs(mc.relu(x) - mc.max(x, 0))), x, mc.zeros(n, 1))


def test_a_saturated_point_does_not_decide():
    """Where everything is clipped any multiple of zero is right: other points are tried."""
    clipped = mc.sum(mc.hardtanh(5 * x))
    right = mc.gradient(clipped, x)
    assert check_gradient(clipped, x, right)
    assert not check_gradient(clipped, x, SLIGHTLY * right)


def test_a_true_zero_holds():
    """sum(softmax) is constant."""
    assert check_gradient(mc.sum(mc.softmax(x)), x, mc.zeros(n, 1))
    assert not check_gradient(mc.sum(mc.softmax(x)), x, mc.ones(n, 1) / 10**6)


def test_a_symbol_that_does_not_occur():
    """The gradient by an absent symbol is zero."""
    assert check_gradient(x.T * x, W, mc.zeros(d, h))
    assert not check_gradient(x.T * x, W, mc.ones(d, h))


def test_the_reference_never_sees_the_closed_form(monkeypatch: pytest.MonkeyPatch):
    """The differences run the forward expression alone."""
    ran: list[set[Node]] = []
    moved = oracle._Moved.at
    marker = mc.exp(mc.scalar("closed"))

    def watched(self: Any, at: Any) -> Any:
        ran.append(set(self.program.order))
        return moved(self, at)

    monkeypatch.setattr(oracle._Moved, "at", watched)
    assert check_gradient(x.T * x, x, 2 * x + (marker - marker) * x + mc.log(marker) * 0 * x)
    assert ran
    assert not any(marker in nodes for nodes in ran)


def test_named_steps_are_followed():
    """A gradient in the names of steps and adjoints is checked through their definitions."""
    net = mc.Network("two layers")
    U, V, T = net.input("X", n, d), net.param("W", d, h), net.input("T", n, h)
    H = net.let("H", mc.tanh(U * V))
    loss = net.minimize(mc.sum(mc.power(H - T, 2)))
    delta = mc.matrix("delta", n, h)
    steps = {delta: mc.hadamard(2 * (H - T), 1 - mc.power(H, 2))}
    assert check_gradient(loss, V, U.T * delta, steps=steps)
    assert check_gradient(loss, H, 2 * (H - T))
    assert not check_gradient(loss, H, 2 * (T - H))


def test_several_claims_share_their_points():
    """A report on all gradients of a loss is the worst of them, and names it."""
    loss = mc.squared_error(X * W, Y)
    residue = X * W - Y
    good = Claim("gradient", loss, W, 2 * X.T * residue)
    also = Claim("gradient", loss, X, 2 * residue * W.T)
    assert check_claims([good, also])
    report = check_claims([good, Claim("gradient", loss, X, residue * W.T)])
    assert not report
    assert report.where is not None
    assert report.where[0] == "X"


def test_large_matrices_take_random_directions():
    """Hundreds of variables are not stepped one by one; a slip is still found and located."""
    B = mc.matrix("B", 30, 40)
    waves = mc.sum(mc.sin(B))
    assert check_gradient(waves, B, mc.cos(B), trials=1)
    bump = mc.vstack(mc.zeros(29, 40), mc.hstack(mc.zeros(1, 7), mc.ones(1, 1), mc.zeros(1, 32)))
    report = check_gradient(waves, B, mc.cos(B) + bump, trials=1)
    assert report.where == ("B", (29, 7))


def test_a_report_reads_well():
    """A report says what, how large, where, how and at which sizes."""
    report = check_gradient(x.T * x, x, SLIGHTLY * 2 * x)
    text = str(report)
    for word in ("fails at x, entry (", "1.0e-03", "complex step", "1 trial", "n = "):
        assert word in text
    assert str(check_gradient(x.T * x, x, 2 * x)).startswith("holds: largest relative error")
    assert isinstance(report, CheckReport)
    assert bool(report) is False


def test_a_gradient_belongs_to_a_scalar():
    """A matrix has no gradient, and nothing is derived by an expression."""
    with pytest.raises(ShapeError, match="Jacobian"):
        check_gradient(X * W, W, W)
    with pytest.raises(ShapeError, match="symbol"):
        check_gradient(mc.sum(X * W), X * W, mc.ones(n, h))


def test_a_seed_repeats_itself():
    """The same seed gives the same report, another seed other points."""
    claim = (mc.logdet(A), A, mc.inv(A))
    first, second = check_gradient(*claim, seed=3), check_gradient(*claim, seed=3)
    assert first == second
    assert np.isfinite(first.error)
    assert check_gradient(*claim, seed=4) != first


def test_what_is_zero_by_its_facts_passes_and_a_slip_does_not() -> None:
    """Only rounding is left of the value and of its slope."""
    f, facts = x.T * (mc.eye(n) - A) * mc.ones(n, 1), {"A": {"rows_sum_to_one"}}
    assert check_gradient(f, x, mc.zeros(n, 1), facts=facts)
    assert not check_gradient(f, x, x / 1000, facts=facts)
    assert not check_gradient(f, x, mc.zeros(n, 1))
