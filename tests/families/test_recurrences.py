"""Several steps back, loops that run down, loops inside of loops: against plain forward passes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import matcalc as mc
from tests.families.recurrences import CASES, at, by_complex_step, places


@cache
def derived(name: str) -> mc.Derivation:
    """The derivation of one case."""
    case = CASES[name]
    return mc.derive(mc.parse(case.text), list(case.wrt) or None)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_gradients_are_those_of_the_forward_pass(name, length):
    """Value and gradients, by lines and by generated code; what does not exist at T = 1 is left out."""
    case, D = CASES[name], derived(name)
    v = case.values(length, np.random.default_rng(length))
    found, (value, code) = D.evaluate(v), D.function()(**v)
    assert found.value == pytest.approx(float(np.reshape(case.loss(v), -1)[0]), rel=1e-11)
    assert value == pytest.approx(found.value, rel=1e-11)
    for wrt, gradient in found.gradients.items():
        for place in places(gradient):
            wanted = by_complex_step(case.loss, v, wrt, place)
            np.testing.assert_allclose(
                np.reshape(at(gradient, place), wanted.shape), wanted, rtol=1e-7, atol=1e-10
            )
            np.testing.assert_allclose(
                at(code[wrt], place), at(gradient, place), rtol=1e-8, atol=1e-11
            )


@pytest.mark.parametrize("name", CASES)
def test_the_check_holds_and_the_text_reads_back(name):
    """``D.check`` agrees, and the program that is printed has the same derivation."""
    D = derived(name)
    again = mc.parse(mc.parse(CASES[name].text).to_text())
    assert mc.derive(again, list(CASES[name].wrt) or None).to_text() == D.to_text()
    assert D.check(trials=1)


def said(name: str) -> list[str]:
    """The lines of the backward pass without their shapes."""
    return [
        ln.partition("  # ")[0]
        for ln in derived(name).to_text().split("# backward\n")[1].split("\n")
    ]


def test_two_steps_back_have_two_boundaries():
    """The last two places are cases of their own, and a start gets what comes from two steps on."""
    lines = said("two states back, from 3 on")
    assert lines[:3] == [
        "dh[T] = 4*h[T]",
        "dh[T-1] = 2*h[T-1] + W'*dz[T]",
        "dh[t] = 2*h[t] + V'*dz[t+2] + W'*dz[t+1]",
    ]
    assert "dV = isum(dz[t]*h[t-2]', t, 3, T)" in lines
    assert "falls away" in derived("two states back, from 3 on").to_text()


def test_a_loop_that_runs_down_has_a_backward_pass_that_runs_up():
    """The boundary is the first place, and the recursion goes from one place to the next."""
    text = derived("both ways through time").to_text()
    assert "dg[1] = B'*dq[1]  # d x 1\ndg[t] = B'*dq[t] + V'*dz_g[t-1]" in text
    assert "for t = 2..T" in text
    assert "df[t] = A'*dq[t] + W'*dz_f[t+1]  # d x 1, for t = T-1..1" in text


def test_heads_inside_of_layers_are_one_sum():
    """What arrives at a layer is the way around it and one sum over the heads of the next."""
    [line] = [ln for ln in said("heads inside of layers") if ln.startswith("dA[l] = ")]
    assert line.startswith("dA[l] = dB[l+1] + isum(")
    assert line.count("isum(") == 1


def test_python_declares_what_the_text_declares():
    """Starts nearest first, a step that takes as many members, and ``down=True``."""
    d, T = mc.dims("d T")
    net = mc.Network("down")
    t = net.index("t", 1, T)
    x = net.input("x", d, 1, over=t)
    p, q = net.input("p", d, 1), net.input("q", d, 1)
    W, V = net.param("W", d, d), net.param("V", d, d)
    h = net.recur(
        "h", over=t, start=(p, q), down=True,
        step=lambda one, two: mc.tanh(W * one + V * two + x[t]),
    )  # fmt: skip
    net.minimize(net.sum_over(t, mc.norm2(h[t]) ** 2))
    wrt = ["W", "V", "p", "q", "x"]
    assert (
        mc.derive(net, wrt).to_text().split("# forward")[1]
        == (derived("two states ahead").to_text().split("# forward")[1])
    )


@pytest.mark.parametrize(
    ("loop", "error", "match"),
    [
        ("for t = 1..T: h[t] = W*h[t-3], h[0] = a, h[-1] = a", mc.NoRuleError, r"h\[-2\] must be"),
        ("for t = 1..T: h[t] = W*h[t-1], h[0] = a, h[-2] = a", mc.ParseError, "no start"),
        ("for t = 0..T: h[t+1] = W*h[t], h[0] = a", mc.ParseError, "shift the index"),
        ("for t = T..1: h[t] = W*h[t-1], h[T+1] = a", mc.NoRuleError, "from T down"),
        ("for t = T..1: h[t] = W*h[t+1], h[0] = a", mc.ParseError, r"that is h\[T\+1\]"),
        (
            "index j = 1..2*T\nx[j] : d x 1\nfor t = 1..T: h[t] = W*h[t-1] + x[2*t], h[0] = a",
            mc.NoRuleError,
            "such a place",
        ),
        (
            "x[t] : d x 1\nfor t = 1..T: h[t] = W*h[t-1] + x[t+1], h[0] = a",
            mc.ShapeError,
            r"is x\[T\+1\], after the last",
        ),
        ("for t = 1..T: h[t] = W*h[t-1], h[0] = a, h[0] = 2*a", mc.ParseError, "given twice"),
        (
            "x[t] : d x 1\nfor l = 1..L, t = 1..T: g[l,t] = g[l,t-1] + g[l-1,t], g[l,0] = x[1]\n"
            "for t = 1..T: h[t] = g[L,t]",
            mc.NoRuleError,
            "not along l",
        ),
    ],
)
def test_what_no_loop_can_do_is_refused_in_words(loop, error, match):
    """A missing start, a start at the wrong end, a place that is no shift."""
    with pytest.raises(error, match=match):
        mc.derive(mc.parse(f"a : d x 1\nparam W : d x d\n{loop}\nminimize sum(h[1])"))


def test_a_member_that_short_ranges_do_not_have():
    """A loss at h[2] is checked from T = 2 on, and has no value at T = 1."""
    D = mc.derive(mc.parse("a : d x 1\nparam W : d x d\n"
        "for t = 1..T: h[t] = tanh(W*h[t-1]), h[0] = a\n"
        "minimize sum(h[2]) + sum(h[T])"))  # fmt: skip
    assert [sizes["T"] for sizes in D.check().sizes] == [2, 3, 4]
    assert D.verify("h", "W'*dz[t+1]").status == "fails"
    with pytest.raises(mc.ShapeError, match="does not exist"):
        D.evaluate({"a": np.ones((2, 1)), "W": np.eye(2)}, dims={"T": 1})
