"""The headline results of the five lecture documents, printed as those documents print them."""

from __future__ import annotations

import re

import pytest

import matcalc as mc
from matcalc.render.textree import in_unicode
from tests.lectures.bench import script

N = mc.dims("N")
CLASSIFIER, RELU = (
    script("one_layer_classifier")["classifier"],
    script("relu_classifier")["network"],
)
TANH, ROWS = script("tanh_regression"), script("row_data")


def plain(latex: str) -> str:
    """A formula without what makes no difference to a reader: spaces, bold, dots between factors,
    brackets around a single name under a transpose, the order of index and layer."""
    said = in_unicode(latex.replace(r"\cdot", " ").replace(r"\text", r"\operatorname"))
    said = re.sub(r"\s", "", said)
    said = re.sub(r"(⁽[^⁾]*⁾|\^\[[^\]]*\])([₀-₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ]+)", r"\2\1", said)
    return re.sub(r"\(([^()+−⊙.]+)\)(?=ᵀ|\^T)", r"\1", said)


HEADLINES = [
    # Document 1: a classifier of one layer, then a hidden layer of rectifiers.
    (
        CLASSIFIER(1),
        "bracketed-layers",
        {"lines": ["df"], "detail": "brief"},
        r"\frac{\partial \mathcal{E}}{\partial f^{[1]}} = \hat{Y} - Y",
    ),
    (
        CLASSIFIER(mc.dims("n")),
        "bracketed-layers",
        {"lines": ["df"], "detail": "brief"},
        r"\frac{\partial \mathcal{E}}{\partial f^{[1]}} = \frac{1}{n} (\hat{Y} - Y)",
    ),
    (
        CLASSIFIER(mc.dims("n")),
        "bracketed-layers",
        {"lines": ["W"], "detail": "brief"},
        r"\frac{\partial \mathcal{E}}{\partial W^{[1]}} = X \left( \frac{\partial "
        r"\mathcal{E}}{\partial f^{[1]}} \right)^T",
    ),
    (
        CLASSIFIER(1),
        "bracketed-layers",
        {"view": "index", "of": "W", "entry": (2, 0)},
        r"\frac{\partial \mathcal{E}}{\partial W_{20}^{[1]}} = \frac{\partial "
        r"\mathcal{E}}{\partial f^{[1]}} X_{20}",
    ),
    (
        RELU(mc.dims("n")),
        "bracketed-layers",
        {"lines": ["W2"], "detail": "brief"},
        r"\frac{\partial \mathcal{E}}{\partial W^{[2]}} = a^{[1]} \left( \frac{\partial "
        r"\mathcal{E}}{\partial f^{[2]}} \right)^T",
    ),
    (
        RELU(mc.dims("n")),
        "bracketed-layers",
        {"lines": ["df1"], "opened": ["a1"], "detail": "brief"},
        r"\frac{\partial \mathcal{E}}{\partial f^{[1]}} = \left( W^{[2]} \frac{\partial "
        r"\mathcal{E}}{\partial f^{[2]}} \right) \odot 1_{f^{[1]} > 0}",
    ),
    # Document 2: two hidden layers, any activation, any loss.
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "W2"},
        r"\frac{\partial C}{\partial W_{ij}^{(2)}} = \frac{\partial C}{\partial Z_i^{(3)}} "
        r"\cdot V_j^{(2)}, \quad i = 1, 2, 3,\ j = 1, 2",
    ),
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "W1"},
        r"\frac{\partial C}{\partial W_{ij}^{(1)}} = \frac{\partial C}{\partial Z_i^{(2)}} "
        r"\cdot x_j, \quad i = 1, 2,\ j = 1, 2, 3, 4",
    ),
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "b2"},
        r"\frac{\partial C}{\partial b_i^{(2)}} = \frac{\partial C}{\partial Z_i^{(3)}}, \quad "
        r"i = 1, 2, 3",
    ),
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "b1"},
        r"\frac{\partial C}{\partial b_i^{(1)}} = \frac{\partial C}{\partial Z_i^{(2)}}, \quad "
        r"i = 1, 2",
    ),
    # Document 3: the shape convention and the tanh regression.
    (
        script("shape_convention")["maps"](),
        "bold-columns",
        {"view": "chain"},
        r"\frac{\partial \mathbf{z}}{\partial \mathbf{x}} = \frac{\partial "
        r"\mathbf{y}}{\partial \mathbf{x}} \frac{\partial \mathbf{z}}{\partial \mathbf{y}}",
    ),
    (
        TANH["without_bias"](),
        "bold-columns",
        {"view": "chain", "of": "a"},
        r"\frac{\partial \ell}{\partial \mathbf{a}} = \frac{\partial \mathbf{z}}{\partial "
        r"\mathbf{a}} \frac{\partial \hat{y}}{\partial \mathbf{z}} \frac{\partial "
        r"\ell}{\partial \hat{y}}",
    ),
    (
        TANH["network"](),
        "bold-columns",
        {"lines": ["beta"], "opened": ["yhat"], "detail": "brief"},
        r"\frac{\partial \ell}{\partial \beta} = (\hat{y} - y) \mathbf{z}^T",
    ),
    (
        TANH["network"](),
        "bold-columns",
        {"lines": ["alpha"], "detail": "brief"},
        r"\frac{\partial \ell}{\partial \boldsymbol{\alpha}} = \frac{\partial \ell}{\partial "
        r"\mathbf{a}} \mathbf{x}^T",
    ),
    # Document 4: data in rows.
    (
        ROWS["two_layers"](mc.sigmoid, "squares"),
        "dot-star",
        {"lines": ["dZ3"], "opened": ["f"]},
        r"\delta^{(3)} = (f - t) .* \sigma'(Z^{(3)})",
    ),
    (
        ROWS["two_layers"](mc.sigmoid, "squares"),
        "dot-star",
        {"lines": ["W2"], "detail": "brief"},
        r"\frac{\partial L}{\partial W^{(2)}} = (a^{(2)})^T \delta^{(3)}",
    ),
    (
        ROWS["two_layers"](mc.sigmoid, "squares"),
        "dot-star",
        {"lines": ["dZ2"], "opened": ["a2"]},
        r"\delta^{(2)} = \left( \delta^{(3)} (W^{(2)})^T \right) .* \sigma'(Z^{(2)})",
    ),
    (
        ROWS["two_layers"](mc.sigmoid, "squares"),
        "dot-star",
        {"lines": ["W1"], "detail": "brief"},
        r"\frac{\partial L}{\partial W^{(1)}} = X^T \delta^{(2)}",
    ),
    (
        ROWS["two_layers"](mc.sigmoid, "log"),
        "dot-star",
        {"lines": ["dZ3"], "detail": "brief"},
        r"\delta^{(3)} = f - t",
    ),
    (
        ROWS["four_layers"](),
        "dot-star",
        {"lines": ["b1"], "detail": "brief"},
        r"\frac{\partial L}{\partial b^{(1)}} = 1_N^T \delta^{(2)}",
    ),
    # Document 5: thirteen weights.
    (
        script("scalar_network")["network"](),
        "numbered-weights",
        {"view": "paths", "of": "w5"},
        r"\frac{\partial E}{\partial w_5} = -2 (y - \hat{y}) w_{11} a_3 (1 - a_3) a_1",
    ),
    (
        script("scalar_network")["network"](),
        "numbered-weights",
        {"view": "paths", "of": "w13"},
        r"\frac{\partial E}{\partial w_{13}} = -2 (y - \hat{y})",
    ),
]


@pytest.mark.parametrize("case", HEADLINES, ids=lambda case: case[3])
def test_a_headline_reads_as_in_its_document(case):
    """One of the right-hand sides of the line is the one the document prints."""
    net, notation, options, wanted = case
    D = mc.derive(net)
    rows = D.page(notation=notation, **options).rows()
    shown = [f"{row.left} = {side.latex}" for row in rows for side in row.sides]
    assert plain(wanted) in map(plain, shown), [plain(s) for s in shown]
