"""How recursions are printed: the boundary, the general place, and what is said once."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from tests.families import networks as nets


def said(D: mc.Derivation) -> list[str]:
    """The lines of the backward pass without their shapes."""
    text = D.to_text().partition("# backward\n")[2]
    return [line.partition("  #")[0] for line in text.split("\n")]


def test_a_recurrence_prints_boundary_recursion_and_sums():
    """Backpropagation through time in its known form."""
    assert said(mc.derive(nets.recurrent())) == [
        "dh[T] = h[T] - y[T]",
        "dh[t] = h[t] - y[t] + W'*dz[t+1]",
        "# dh[t] is the total derivative; its direct part is h[t] - y[t], "
        "the rest comes through z[t+1]",
        "dz[t] = dh[t].*(1 - h[t].^2)",
        "dW = isum(dz[t]*h[t-1]', t, 1, T)",
        "dU = isum(dz[t]*x[t]', t, 1, T)",
        "db = isum(dz[t], t, 1, T)",
    ]


def test_a_loss_at_the_end_leaves_nothing_direct():
    """Where only the last state is compared, total and direct need not be told apart."""
    assert said(mc.derive(nets.recurrent("last")))[:3] == [
        "dh[T] = h[T] - y[T]",
        "dh[t] = W'*dz[t+1]",
        "dz[t] = dh[t].*(1 - h[t].^2)",
    ]


def test_a_deep_network_prints_the_rule_for_layer_l():
    """The rule of backpropagation with indexed sizes, and the decay in each gradient."""
    D = mc.derive(nets.deep(mc.function("g")))
    assert said(D) == [
        "dA[L] = (A[L] - Y)/n",
        "dA[l] = dZ[l+1]*W[l+1]'",
        "dZ[l] = g'(Z[l]).*dA[l]",
        "dW[l] = W[l] + A[l-1]'*dZ[l]",
        "db[l] = colsum(dZ[l])",
    ]
    assert str(D.recursion("Z")) == "g'(Z[l]).*(dZ[l+1]*W[l+1]')"
    assert "# d[l-1] x d[l], for l = 1..L" in D.to_text()


def test_softmax_cancels_inside_a_loop():
    """Softmax and cross-entropy at every time leave P - Y."""
    lines = said(mc.derive(nets.lstm()))
    assert "dZ_P[t] = (P[t] - Y[t])/n" in lines
    assert "dc[t] = o[t].*dh[t].*(1 - tanh(c[t]).^2) + f[t+1].*dc[t+1]" in lines


@pytest.mark.parametrize(
    ("notation", "delta", "weight"),
    [
        ("dot-star", r"\delta^{(l)} &=", r"W^{(l)}"),
        ("delta-superscript", r"\delta^{l} &=", r"W^{l}"),
        ("bracketed-layers", r"{\partial Z^{[l]}} &=", r"W^{[l]}"),
        ("bars", r"\bar{Z_{l}} &=", r"W_{l}"),
        ("programmer", r"dZ^{[l]} &=", r"W^{[l]}"),
    ],
)
def test_layers_stand_where_the_notation_puts_them(notation, delta, weight):
    """Layers follow the notation, and the range is said as in a book."""
    latex = mc.derive(nets.deep()).to_latex(notation=notation)
    assert weight in latex
    assert delta in latex
    assert r"\text{for } l = L-1, \dots, 1" in latex


def test_a_time_is_a_subscript_in_every_notation():
    """Only layers go where the notation puts numbers of matrices."""
    latex = mc.derive(nets.recurrent()).to_latex(notation="bracketed-layers")
    assert "h_{t-1}^{T}" in latex
    assert r"\frac{\partial L}{\partial h_{T}} &= h_{T} - y_{T}" in latex


@pytest.mark.parametrize(("name", "shown"), [("y1", r"y_{\langle t-1\rangle}"), ("y0", "y_{t-1}")])
def test_an_input_that_would_look_like_a_member_does_not(name: str, shown: str):
    """y1 beside y[1] moves the members to angle brackets; the start y0 is y[0] and may look so."""
    net = mc.Network("loop")
    t = net.index("t", 1, "T")
    x, first, W = net.input("x", "d", 1, over=t), net.input(name, "d", 1), net.param("W", "d", "d")
    y = net.recur("y", over=t, start=first, step=lambda prev: mc.tanh(W * prev + x[t]))
    net.minimize(mc.sum(y[1]) + first.T * y[mc.dims("T")])
    latex = mc.derive(net).to_latex()
    assert f"z_{{t}} &= W {shown} + x_{{t}}" in latex


def test_every_printer_takes_the_page():
    """Markdown, HTML, LaTeX and the terminal all set it."""
    D = mc.derive(nets.recurrent())
    assert "total derivative" in D.to_markdown()
    assert "total derivative" in D.to_html()
    assert "total derivative" in D.to_text(view="backprop")
    assert r"\begin{document}" in D.to_latex(document=True)
    assert D._repr_mimebundle_()["text/plain"] == D.to_text()


def test_lines_can_be_chosen_and_asked_for():
    """By the name of the family, or by the place."""
    D = mc.derive(nets.recurrent())
    assert D.line("dh[T]").text == "dh[T] = h[T] - y[T]  # d x 1"
    assert D.line("dh").text.endswith("for t = T-1..1")
    assert r"\quad \text{for } t = T-1, \dots, 1" in D.line("dh").latex
    assert D.line("W").name == "dW"
    assert "dW" not in D.to_latex(lines=["dz"])
    assert str(D.direct("h")) == "h[t] - y[t]"
    assert str(D.adjoint("h")) == "h[t] - y[t] + W'*dz[t+1]"
    with pytest.raises(mc.UnknownNameError, match="there is no line"):
        D.line("dq")


def test_the_verbs_take_a_network_with_families():
    """gradient, evaluate and check; the notebook builds the network from its text."""
    net = nets.recurrent()
    v = nets.recurrent_values(4, np.random.default_rng(0))
    assert str(mc.gradient(net, "W")) == "isum(dz[t]*h[t-1]', t, 1, T)"
    assert mc.evaluate(net, v) == pytest.approx(nets.recurrent_loss(v))
    assert mc.check(net, "U")
    assert "mc.parse" in mc.derive(net).to_notebook()


def test_a_sum_over_members_stays_a_sum():
    """No law takes a member that the index moves out of its sum."""
    gradient = mc.derive(nets.recurrent()).gradient("W")
    assert mc.simplify(gradient) is gradient
    assert str(mc.simplify(gradient.T)) == "isum(dz[t]*h[t-1]', t, 1, T)'"


def test_in_numerator_layout_every_adjoint_lies_on_its_side():
    """Gradients are transposed in the listing, and on the page whatever arrives; numbers are not."""
    D = mc.derive(nets.recurrent(), layout="numerator")
    assert str(D.gradient("W")) == "isum(h[t-1]*dz[t]', t, 1, T)"
    assert "dU = isum(x[t]*dz[t]', t, 1, T)  # k x d" in D.to_text()
    latex = D.to_latex(detail="brief")
    assert r"\sum_{t=1}^{T} h_{t-1} \frac{\partial L}{\partial z_{t}}" in latex
    assert r"\frac{\partial L}{\partial z_{t+1}} W" in latex
    v = nets.recurrent_values(3, np.random.default_rng(0))
    wanted = mc.derive(nets.recurrent()).evaluate(v).gradients["U"]
    np.testing.assert_allclose(D.evaluate(v).gradients["U"], wanted)


def test_full_detail_shows_what_the_rules_sent():
    """Before simplification the loss and the next time stand side by side."""
    brief, full = (mc.derive(nets.recurrent()).to_latex(detail=d) for d in ("brief", "full"))
    assert len(full) > len(brief)
    assert r"\tanh'" in full
    assert r"\tanh'" not in brief
