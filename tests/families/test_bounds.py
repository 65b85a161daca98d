"""Geometric bounds of what arrives: the inequality, and that numbers keep it."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from tests.families import networks as nets


def test_a_recurrent_net_with_a_loss_at_the_end():
    """One step by the weight, all steps by a power of it."""
    bound = mc.derive(nets.recurrent("last")).bound("h")
    assert bound.to_text() == (
        "norm(dh[t]) <= norm(W)*norm(dh[t+1])\nnorm(dh[t]) <= (norm(W))^(T - t)*norm(dh[T])"
    )
    assert r"\left(\left\|W\right\|_2\right)^{T-t}" in bound.to_latex()


def test_layers_have_a_factor_each():
    """The sigmoid contributes a quarter a layer; an unknown activation its supremum."""
    assert str(mc.derive(nets.deep(mc.sigmoid)).bound("A")) == (
        "norm(dA[l]) <= 1/4*norm(W[l+1])*norm(dA[l+1])\n"
        "norm(dA[l]) <= prod(1/4*norm(W[j+1]), j = l..L-1)*norm(dA[L])"
    )
    assert r"\sup|g'|" in mc.derive(nets.deep(mc.function("g"))).bound("Z").to_latex("dot-star")


@pytest.mark.parametrize("seed", range(4))
def test_numbers_keep_the_bound(seed):
    """At random weights every adjoint is below the power of the factor."""
    D = mc.derive(nets.recurrent("last"))
    v = nets.recurrent_values(6, np.random.default_rng(seed))
    sizes = [np.linalg.norm(a) for a in D.evaluate(v).adjoints["h"]]
    factor = D.bound("h").factor({"W": v["W"]})
    assert all(s <= factor ** (5 - k) * sizes[-1] * (1 + 1e-12) for k, s in enumerate(sizes))


def test_what_has_no_geometric_bound_says_why():
    """A loss at every step, gates, and things that are no recursion."""
    with pytest.raises(mc.NoRuleError, match="direct part at every step"):
        mc.derive(nets.recurrent()).bound("h")
    with pytest.raises(mc.NoRuleError):
        mc.derive(nets.lstm()).bound("c")
    with pytest.raises(mc.MatcalcError, match="is no family"):
        mc.derive(nets.recurrent()).bound("W")


LEAKY = """
    x[t] : k x 1
    y, h0 : d x 1
    a : scalar
    param W : d x d
    param U : d x k
    for t = 1..T: h[t] = (1 - a)*h[t-1] + a*tanh(W*h[t-1] + U*x[t]), h[0] = h0
    minimize norm2(h[T] - y)^2/2
"""


def test_ways_that_add_up_are_added_up():
    """A leaky state and a residual layer: the way around, and the way through."""
    assert str(mc.derive(mc.parse(LEAKY)).bound("h")).startswith(
        "norm(dh[t]) <= (abs(1 - a) + norm(W)*abs(a))*norm(dh[t+1])\n"
    )
    residual = mc.parse("""
        X : n x d
        param W[l], V[l] : d x d
        for l = 1..L: A[l] = A[l-1] + relu(A[l-1]*W[l])*V[l], A[0] = X
        minimize norm2(A[L])^2
    """)
    bound = mc.derive(residual).bound("A")
    assert str(bound).endswith("prod(1 + norm(W[j+1])*norm(V[j+1]), j = l..L-1)*norm(dA[L])")
    assert r"\left|" not in bound.to_latex()


def test_a_loop_that_runs_down_fades_upwards():
    """The power counts the steps from the first place."""
    net = mc.parse("""
        x[t] : d x 1
        g0 : d x 1
        param W : d x d
        for t = T..1: h[t] = sigmoid(W*h[t+1] + x[t]), h[T+1] = g0
        minimize norm2(h[1])^2
    """)
    bound = mc.derive(net).bound("h")
    assert str(bound).endswith("norm(dh[t]) <= (1/4*norm(W))^(t - 1)*norm(dh[1])")


@pytest.mark.parametrize("seed", range(3))
def test_numbers_keep_the_bound_of_a_leaky_state(seed):
    """At random weights no adjoint is above the power of the factor."""
    rng = np.random.default_rng(seed)
    D = mc.derive(mc.parse(LEAKY))
    v = {
        "x": [rng.normal(size=(2, 1)) for _ in range(6)], "y": rng.normal(size=(3, 1)),
        "h0": rng.normal(size=(3, 1)), "W": rng.normal(size=(3, 3)), "U": rng.normal(size=(3, 2)),
        "a": 0.3,
    }  # fmt: skip
    sizes = [np.linalg.norm(a) for a in D.evaluate(v).adjoints["h"]]
    factor = D.bound("h").factor(v)
    assert all(s <= factor ** (5 - k) * sizes[-1] * (1 + 1e-12) for k, s in enumerate(sizes))


def test_a_loss_inside_of_the_range_has_no_power():
    """Where one place in the middle has a form of its own the inequality would not hold there."""
    net = mc.parse("""
        a : d x 1
        param W : d x d
        for t = 1..T: h[t] = tanh(W*h[t-1]), h[0] = a
        minimize norm2(h[2])^2 + norm2(h[T])^2
    """)
    with pytest.raises(mc.NoRuleError, match="several forms"):
        mc.derive(net).bound("h")
