"""Paths that part and meet again: their lines taken together, where something cancels."""

from __future__ import annotations

import pytest

import matcalc as mc
from matcalc.network import Network

n, d, h = mc.dims("n d h")


def normalised(kind: str) -> mc.Derivation:
    net = mc.Network(kind)
    net.output(getattr(mc.blocks, kind)(net, net.input("X", n, d)), upstream="G")
    return mc.derive(net, ["X"])


NORMS = {
    "batch_norm": "(dXhat - (ones(n, 1)*colsum(dXhat) + Xhat*diag(colsum(Xhat.*dXhat)'))/n)"
    "./(ones(n, 1)*s)",
    "layer_norm": "(dXhat - (rowsum(dXhat)*ones(1, d) + diag(rowsum(Xhat.*dXhat))*Xhat)/d)"
    "./(s*ones(1, d))",
    "rms_norm": "(dXhat - diag(rowsum(Xhat.*dXhat))*Xhat/d)./(s*ones(1, d))",
}


@pytest.mark.parametrize("kind", NORMS)
def test_normalisations_have_the_form_of_the_books(kind: str) -> None:
    """Three terms over the deviation, in the standardised data and what arrives there."""
    D = normalised(kind)
    assert mc.text(D.gradient("X")) == NORMS[kind]
    assert D.check()


def test_the_line_says_what_was_put_in() -> None:
    """The first step of the line inserts what arrived on the way."""
    line = normalised("batch_norm").line("X")
    assert line.steps[0].name == "insert"
    assert {opened.name for opened in line.opens} == {"dmu", "dXtilde"}


def test_a_unit_vector() -> None:
    """u = x/s with s = |x|: the part along u goes."""
    net = mc.Network("unit")
    x = net.param("x", d, 1)
    s = net.let("s", mc.norm2(x))
    net.output(net.let("u", x / s), upstream="g")
    assert mc.text(mc.derive(net).gradient("x")) == "(g - (g'*u)*u)/s"


def residual(net: Network) -> None:
    X = net.input("X", n, d)
    A = net.let("A", mc.relu(net.let("Z", X * net.param("W1", d, h))))
    net.output(net.let("R", A * net.param("W2", h, d) + X), upstream="G")


def test_where_nothing_cancels_the_lines_stay() -> None:
    """A residual block: two terms, each in its name."""
    net = mc.Network("residual")
    residual(net)
    assert mc.text(mc.derive(net, ["X"]).gradient("X")) == "dZ*W1' + G"


CENTRED = {
    "X - ones(n, 1)*mu": "cols_sum_to_zero",
    "X - ones(n, 1)*colsum(X)/n": "cols_sum_to_zero",
    "X - rowsum(X)*ones(1, d)/d": "rows_sum_to_zero",
}


@pytest.mark.parametrize("definition", CENTRED)
def test_centred_data_is_known_to_be_centred(definition: str) -> None:
    """The sums of a centred step are zero in later lines."""
    text = f"mu = colsum(X)/n\nC = {definition}\nnorm2(C*W + ones(n, 1)*b)^2"
    net = mc.parse(text, {"X": ("n", "d"), "W": ("d", "d"), "b": (1, "d")})
    found = mc.text(mc.derive(net, ["b"]).gradient("b"))
    assert ("C" in found) == (CENTRED[definition] == "rows_sum_to_zero")
