"""Hand-written rules for the general index."""

from __future__ import annotations

import pytest

import matcalc as mc
from tests.families import networks as nets


@pytest.fixture(scope="module")
def deep():
    """L layers with an activation g."""
    return mc.derive(nets.deep(mc.function("g")))


@pytest.fixture(scope="module")
def recurrent():
    """A loss at every time."""
    return mc.derive(nets.recurrent())


@pytest.mark.parametrize(
    ("of", "claim", "status"),
    [
        ("Z", "(dZ[l+1]*W[l+1]').*g'(Z[l])", "holds"),
        ("Z", "dA[l].*g'(Z[l])", "holds"),
        ("Z", "(dZ[l+1]*W[l+1]').*Z[l]", "fails"),
        ("Z", "(dZ[l+1]*W[l+1]).*g'(Z[l])", "shape-error"),
        ("W", "W[l] + A[l-1]'*dZ[l]", "holds"),
        ("W", "A[l-1]'*dZ[l]", "fails"),
        ("W", "A[l-2]'*dZ[l-1]", "shape-error"),
        ("b", "colsum(dZ[l])", "holds"),
        ("A[L]", "(A[L] - Y)/n", "holds"),
        ("A[L]", "A[L] - Y", "fails"),
        ("Z", "dZ[l+7]", "shape-error"),
    ],
)
def test_rules_for_layer_l(deep, of, claim, status):
    """The rule of backpropagation holds wherever a next layer exists, and slips are found."""
    assert deep.verify(of, claim).status == status


@pytest.mark.parametrize(
    ("of", "claim", "status"),
    [
        ("W", "isum(dz[t]*h[t-1]', t, 1, T)", "holds"),
        ("W", "isum(dz[t]*h[t]', t, 1, T)", "fails"),
        ("W", "isum(dz[t]*h[t-1]', t, 2, T) + dz[1]*h0'", "holds"),
        ("W", "isum(dz[t]*h[t-2]', t, 1, T)", "range-error"),
        ("W", "T*dz[1]*h0'", "fails"),
        ("h", "h[t] - y[t] + W'*dz[t+1]", "holds"),
        ("h", "W'*dz[t+1]", "fails"),
        ("h[T]", "h[T] - y[T]", "holds"),
        ("h", "h[t] - y[t] + W'*dz[t+8]", "range-error"),
    ],
)
def test_rules_over_time(recurrent, of, claim, status):
    """Sums over the times, the total derivative, and members that do not exist."""
    assert recurrent.verify(of, claim).status == status


def test_a_wrong_rule_is_shown_the_right_line(deep):
    """The correction is the engine's line, with its range."""
    verdict = deep.verify("W", "A[l-1]'*dZ[l]")
    assert "dW[l] = W[l] + A[l-1]'*dZ[l]" in verdict.correction
    assert "differ at" in verdict.explanation
