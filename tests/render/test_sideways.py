"""Numerator layout: lines on their side, form by form, and what each transpose is there for."""

from __future__ import annotations

import numpy as np
import pytest

import matcalc as mc
from matcalc.expr import Node, substitute
from matcalc.layout import Layout
from matcalc.network import expanded
from matcalc.notation import Notation
from matcalc.ops.algebra import t
from matcalc.render.dress import Dress, Style
from tests.render.networks import deep, two_layers
from tests.render.test_words import fork


def rows(D: mc.Derivation, **options) -> dict[str, str]:
    """The right-hand sides of a page in numerator layout, by line."""
    page = D.page(layout="numerator", **options)
    return {row.name: " = ".join(side.latex for side in row.sides) for row in page.rows()}


def test_full_detail_shows_every_form_on_its_side():
    """The line inside one transpose, its cancellation, and then the transpose passed inside."""
    sides = rows(mc.derive(two_layers()), detail="full")
    assert sides["dW2"].startswith(r"\left(A_{1}^{\top} \left(")
    assert sides["dW2"].endswith(r"\underbrace{A_{1}}_{n \times h}")
    assert sides["dZ2"].count(" = ") == 4
    assert sides["dZ2"].endswith(r"\frac{1}{n} \left(P - Y\right)^{\top}")


def test_the_laws_of_the_transpose_are_cited():
    """By which law the transpose passes a product, an entrywise product and a sum of rows."""
    said = mc.derive(two_layers()).to_text("backprop", layout="numerator", detail="full")
    assert "[(AB)ᵀ = Bᵀ Aᵀ]" in said
    assert "[(A ⊙ B)ᵀ = Aᵀ ⊙ Bᵀ]" in said
    assert "[(𝟏ᵀ A)ᵀ = Aᵀ 𝟏]" in said


def test_the_switch_says_what_a_transpose_is_there_for():
    """Which factor lost or got a transpose when the line was turned onto its side."""
    said = mc.derive(two_layers()).to_text("backprop", layout="numerator")
    assert "in denominator layout A₁ᵀ ∂L/∂Z₂; turned onto its side, A₁ᵀ becomes A₁" in said
    assert "turned onto its side, P − Y becomes (P − Y)ᵀ" in said
    assert "turned onto its side" not in mc.derive(two_layers()).to_text("backprop")


def upright(dress: Dress, value: Node) -> Node:
    """A form of a numerator page, its lying names written as the transposes of the others."""
    stands_for = dress.sideways.owner.of
    return substitute(value, {lying: t(adjoint) for lying, adjoint in stands_for.items()})


@pytest.mark.parametrize("net", [two_layers, lambda: deep(2), fork])
def test_every_line_on_its_side_is_the_transposed_line(net, rng):
    """In numbers: what a numerator page prints is the transpose of what the other page prints."""
    D = mc.derive(net())
    dress = Dress(D.record, Style(Notation(), Layout.NUMERATOR))
    sizes = {mc.dims(name): size for name, size in {"n": 3, "d": 2, "h": 4}.items()}
    declared = [*D.record.problem.inputs, *D.record.problem.params]
    at = {s: rng.uniform(0.1, 0.9, [int(d.subs(sizes)) for d in s.shape]) for s in declared}
    for line in D.record.backward():
        stands = mc.evaluate(expanded(line.value), at)
        lies = mc.evaluate(expanded(upright(dress, dress.laid(line.value))), at)
        assert np.allclose(np.atleast_2d(stands).T, np.atleast_2d(lies)), line.name


def test_equal_layers_lie_on_their_side_too():
    """The general layer of a long network is turned like every other line."""
    said = mc.derive(deep(6)).to_text("backprop", layout="numerator")
    assert "∂L/∂Aₗ = Wₗ₊₁ ∂L/∂Zₗ₊₁" in said
    assert "∂L/∂Wₗ = ∂L/∂Zₗ Aₗ₋₁" in said


RIDGE = mc.parse(
    "X : n x d; y : n x 1; c : scalar; param w : d x 1; r = X*w - y; "
    "L = r'*r/(2*n) + c*w'*w/2; minimize L"
)
LAYERS = mc.parse(
    "X : n x d; Y : n x k; param W1 : d x h; param W2 : h x k; "
    "Z = X*W1; A = sigmoid(Z); E = A*W2 - Y; L = sum(E.^2)/n; minimize L"
)


@pytest.mark.parametrize(
    ("net", "view", "lines"),
    [
        (RIDGE, "differential", ("dL = ∂L/∂r X dw + c (dwᵀ w)", "= (∂L/∂r X + c wᵀ) dw")),
        (LAYERS, "differential", ("= tr(∂L/∂E A dW₂)", "∂L/∂W₂ = ∂L/∂E A")),
        (RIDGE, "batch", ("∂L/∂w = ∑ᵢ₌₁ⁿ (∂L/∂r)ᵢ X_{i,:} + c wᵀ", "= ∂L/∂r X + c wᵀ")),
        (LAYERS, "batch", ("∂L/∂W₂ = ∑ᵣ₌₁ⁿ (∂L/∂E)_{:,r} A_{r,:}", "= ∂L/∂E A")),
        (RIDGE, "chain", ("∂L/∂w = ∂L/∂r ∂r/∂w + ∂L/∂w|ᵣ", "= ∂L/∂r X + c wᵀ")),
        (LAYERS, "vec", ("∂L/(∂vec W₁) = vec((∂L/∂Z)ᵀ)ᵀ (Iₕ ⊗ X)", "= vec(Xᵀ (∂L/∂Z)ᵀ)ᵀ")),
        (LAYERS, "backprop", ("= ∂L/∂A ⊙ Aᵀ ⊙ (1 − Aᵀ)",)),
    ],
)
def test_every_view_speaks_of_what_lies_on_its_side(
    net: mc.Network, view: str, lines: tuple[str, ...]
) -> None:
    """In numerator layout a gradient is transposed wherever it is named, not at the end only."""
    said = mc.derive(net).to_text(view=view, layout="numerator", opening=False)
    for line in lines:
        assert line in said


def test_a_chain_in_mixed_layout_says_what_its_product_is() -> None:
    """The Jacobians make a row; the gradient there is a column."""
    said = mc.derive(RIDGE).to_text(view="chain", layout="mixed", opening=False)
    assert "is a Jacobian, a row; the gradient is its transpose" in said
    assert "= ∂L/∂r X + c wᵀ" in said
