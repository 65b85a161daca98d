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
