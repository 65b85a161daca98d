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
