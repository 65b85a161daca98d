"""Declaring families: what is refused, in words, and what an unrolled network looks like."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from tests.families import networks as nets


@pytest.fixture
def net():
    """An index, data over it and a weight."""
    found = mc.Network("states")
    found.index("t", 1, mc.dims("T"))
    found.input("x", "d", 1, over="t")
    found.param("W", "d", "d")
    found.input("h0", "d", 1)
    return found


def test_members_are_matrices_with_a_place(net):
    """A member has the shape of its place, and a place outside the range is refused."""
    x, t = net["x"], net.span_of("t").index
    assert str(x[t - 1]) == "x[t-1]"
    assert x[3].shape == x[t].shape
    with pytest.raises(mc.ShapeError, match="before the first"):
        x[0]
    with pytest.raises(mc.ShapeError, match="after the last"):
        x[net.span_of("t").high + 1]


def test_a_step_without_a_start_is_refused(net):
    """A recurrence that reaches before the first member needs a start."""
    t, W = net.span_of("t").index, net["W"]
    h = net.recur("h", over=t, start=net["h0"])
    net.let("h", W * h[t - 2 + 1] + net["x"][t], over=t)
    with pytest.raises(mc.NameClashError, match="declared already"):
        net.let("h", W * h[t - 1], over=t)


def test_a_loop_that_looks_ahead_is_refused(net):
    """Inside a loop only what lies before may be used."""
    t, W = net.span_of("t").index, net["W"]
    h = net.recur("h", over=t, start=net["h0"])
    net.let("h", W * h[t + 1], over=t)
    net.minimize(mc.sum(h[1]))
    with pytest.raises(mc.NoRuleError, match="not computed before"):
        mc.derive(net)


def test_a_state_without_a_step_is_refused(net):
    """A recurrence that was announced and never defined."""
    h = net.recur("h", over="t", start=net["h0"])
    net.minimize(mc.sum(h[1]))
    with pytest.raises(mc.UnknownNameError, match="has no step yet"):
        mc.derive(net)


def test_an_index_that_stands_free_is_refused(net):
    """A plain step cannot speak of the general member."""
    with pytest.raises(mc.MatcalcError, match="stands free"):
        net.let("s", mc.sum(net["x"]))
    with pytest.raises(mc.MatcalcError, match="stands free"):
        net.minimize(mc.sum(net["x"][net.span_of("t").index]))


def test_a_member_of_another_network_is_refused(net):
    """Families belong to their network."""
    other = nets.recurrent()
    with pytest.raises(mc.NameClashError, match="another network"):
        net.let("s", mc.sum(other["x"][1]))


def test_a_family_as_output_is_refused():
    """One member, or a sum, is an output."""
    net = nets.recurrent()
    with pytest.raises(mc.NoRuleError, match="choose one member"):
        mc.derive(net, of="h")


@pytest.mark.parametrize(
    ("loops", "match"),
    [
        ("h[t] = W*c[t-1], c[t] = W*h[t], h[0] = a, c[0] = h[0]", "h"),
        ("h[t] = W*h[t-1] + c[t], c[t] = W*c[t-1], h[0] = a, c[0] = a", "not computed before"),
    ],
)
def test_loops_that_wait_for_each_other_are_refused(loops, match):
    """A start inside its own loop, or a member that comes later, is an error."""
    net = mc.parse(f"a : d x 1\nparam W : d x d\nfor t = 1..T: {loops}\nminimize sum(h[T])")
    with pytest.raises(mc.NoRuleError, match=match):
        mc.derive(net)


def test_a_start_may_be_the_end_of_an_earlier_loop():
    """An encoder hands its last state to a decoder: two loops, not one."""
    net = mc.parse(
        "a : d x 1\nparam W, V : d x d\n"
        "for t = 1..T: h[t] = tanh(W*h[t-1]), h[0] = a\n"
        "for t = 1..T: u[t] = tanh(V*u[t-1] + h[t]), u[0] = h[T]\n"
        "minimize isum(norm2(u[t])^2, t, 1, T)"
    )
    D = mc.derive(net, ["a", "W", "V"])
    assert D.check()
    assert str(D.adjoint(net["h"][net.span_of("t").high])) == "dz_u[T] + V'*dz_u[1]"


@pytest.mark.parametrize(
    "ask",
    [
        lambda net, D: mc.hessian(net, "W"),
        lambda net, D: mc.jacobian(net, "W"),
        lambda net, D: net.expression,
        lambda net, D: D.hessian("W"),
        lambda net, D: D.entry("W", 0, 0),
        lambda net, D: D.expand("W"),
        lambda net, D: D.function("numpy", workspace=True),
        lambda net, D: D.graph(),
        lambda net, D: D.formulas(),
        lambda net, D: D.record,
        lambda net, D: D.page("chain"),
        lambda net, D: D.evaluate({}, partial=True),
        lambda net, D: mc.derive(net["h"][2]),
    ],
)
def test_what_does_not_follow_loops_says_so(ask):
    """Never a wrong value: an error in words."""
    net = nets.recurrent()
    with pytest.raises(mc.NoRuleError):
        ask(net, mc.derive(net))


def test_an_unrolled_network_is_plain():
    """Members become symbols, a start that is a symbol keeps its name, sizes follow."""
    assert nets.deep().unroll(L=2).to_text().split("\n") == [
        "X : n x d0",
        "Y : n x d2",
        "param W1 : d0 x d1",
        "param W2 : d1 x d2",
        "param b1 : 1 x d1",
        "param b2 : 1 x d2",
        "A1 = tanh(X*W1 + ones(n, 1)*b1)",
        "A2 = tanh(A1*W2 + ones(n, 1)*b2)",
        "L2 = norm2(A2 - Y)^2/(2*n) + (norm2(W1)^2 + norm2(W2)^2)/2",
        "minimize L2",
    ]
    with pytest.raises(mc.DomainError, match="T=3"):
        nets.recurrent().unroll()
    with pytest.raises(mc.UnknownNameError, match="no index"):
        nets.recurrent().unroll(S=3)


def test_lengths_must_agree():
    """Data of different lengths, or a wrong number of weights, is an error that names both."""
    D, v = mc.derive(nets.recurrent()), nets.recurrent_values(3, np.random.default_rng(0))
    for ask in (D.evaluate, lambda given: D.function()(**given)):
        with pytest.raises(mc.ShapeError, match="3 are wanted"):
            ask({**v, "y": v["y"][:2]})
        with pytest.raises(mc.ShapeError, match="is a family"):
            ask({**v, "y": 1.0})
        with pytest.raises(mc.ShapeError):
            ask({**v, "W": np.ones((5, 5))})
        with pytest.raises(mc.UnknownNameError, match="no value"):
            ask({name: value for name, value in v.items() if name != "U"})
    with pytest.raises(mc.ShapeError, match="dims gives T = 4"):
        D.evaluate(v, dims={"T": 4})
