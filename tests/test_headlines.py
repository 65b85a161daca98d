"""The headline results of the five lecture documents, printed as those documents print them."""

from __future__ import annotations

import re
from typing import Any

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
    brackets around a single name under a transpose, the kind of brackets, the order of index and
    layer."""
    latex = re.sub(r"\\([{}])", lambda brace: "()"[brace[1] == "}"], latex)
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
    (
        CLASSIFIER(1),
        "bracketed-layers",
        {"lines": ["dYhat"], "detail": "full"},
        r"\frac{\partial \mathcal{E}}{\partial \hat{Y}} = -\frac{Y}{\hat{Y}} + "
        r"\frac{1 - Y}{1 - \hat{Y}}",
    ),
    (
        CLASSIFIER(1),
        "bracketed-layers",
        {"lines": ["df"], "detail": "full"},
        r"\frac{\partial \mathcal{E}}{\partial f^{[1]}} = (1 - Y) \hat{Y} - Y (1 - \hat{Y})",
    ),
    (
        CLASSIFIER(1),
        "bracketed-layers",
        {"lines": ["W"], "detail": "brief"},
        r"\frac{\partial \mathcal{E}}{\partial W^{[1]}} = "
        r"\frac{\partial \mathcal{E}}{\partial f^{[1]}} X",
    ),
    (
        RELU(1),
        "bracketed-layers",
        {"view": "paths", "of": "W1", "entry": (1, 1)},
        r"\frac{\partial \mathcal{E}}{\partial W_{11}^{[1]}} = \frac{\partial \mathcal{E}}{\partial "
        r"\hat{Y}} \frac{\partial \hat{Y}}{\partial f^{[2]}} \frac{\partial f^{[2]}}{\partial "
        r"a_{10}^{[1]}} \frac{\partial a_{10}^{[1]}}{\partial f_{10}^{[1]}} "
        r"\frac{\partial f_{10}^{[1]}}{\partial W_{11}^{[1]}}",
    ),
    # Document 2: a neuron, then two hidden layers, any activation, any loss.
    (
        script("single_neuron")["neuron"](),
        "numbered-weights",
        {"lines": ["df"], "detail": "brief"},
        r"\frac{\partial L}{\partial f} = -2 (y - f)",
    ),
    (
        script("single_neuron")["neuron"](),
        "numbered-weights",
        {"view": "paths", "of": "w1"},
        r"\frac{\partial L}{\partial w_1} = \frac{\partial L}{\partial f} "
        r"\frac{\partial f}{\partial u} \frac{\partial u}{\partial w_1}",
    ),
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "W3"},
        r"\frac{\partial C}{\partial W_i^{(3)}} = \frac{\partial C}{\partial \hat{y}} "
        r"V_i^{(3)}, \quad i = 1, 2, 3",
    ),
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "b3"},
        r"\frac{\partial C}{\partial b^{(3)}} = \frac{\partial C}{\partial \hat{y}}",
    ),
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
    *(
        (
            script("single_neuron")["spelled"](),
            "numbered-weights",
            {"view": "index", "of": f"w{k}", "evaluated": True},
            rf"\frac{{\partial f}}{{\partial w_{k}}} = \frac{{{front}\exp\{{-(w_0 + w_1 x_1 + "
            r"w_2 x_2)\}}{(1 + \exp\{-(w_0 + w_1 x_1 + w_2 x_2)\})^2}",
        )
        for k, front in enumerate(("", r"x_1 \cdot ", r"x_2 \cdot "))
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
    (
        TANH["without_bias"](),
        "bold-columns",
        {"view": "chain", "of": "a"},
        r"\frac{\partial \ell}{\partial \mathbf{a}} = \text{diag}(1 - \mathbf{z}^2) \cdot "
        r"\hat{\boldsymbol{\beta}}^T \cdot (\hat{y} - y)",
    ),
    (
        TANH["network"](),
        "bold-columns",
        {"view": "index", "of": "alpha"},
        r"\frac{\partial \ell}{\partial \alpha_{ij}} = \frac{\partial \ell}{\partial a_i} x_j, "
        r"\quad i = 1, 2, 3,\ j = 1, 2, 3",
    ),
    # Document 4: data in rows.
    (
        ROWS["two_layers"](None, "squares"),
        "dot-star",
        {"lines": ["dZ3"], "detail": "brief"},
        r"\delta^{(3)} = Z^{(3)} - t",
    ),
    (
        ROWS["four_layers"](),
        "dot-star",
        {"lines": ["W2"], "detail": "brief"},
        r"\frac{\partial L}{\partial W^{(2)}} = (a^{(2)})^T \delta^{(3)}",
    ),
    (
        ROWS["four_layers"](),
        "dot-star",
        {"lines": ["da3"], "detail": "brief"},
        r"\frac{\partial L}{\partial a^{(3)}} = \delta^{(4)} W^{(3)T}",
    ),
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
    *(
        (
            script("scalar_network")["network"](),
            "numbered-weights",
            {"view": "paths", "of": weight},
            rf"\frac{{\partial E}}{{\partial w_{{{weight[1:]}}}}} = -2 (y - \hat{{y}}){rest}",
        )
        for weight, rest in {
            "w6": r" w_{11} a_3 (1 - a_3) a_2",
            "w7": r" w_{11} a_3 (1 - a_3)",
            "w8": r" w_{12} a_4 (1 - a_4) a_1",
            "w9": r" w_{12} a_4 (1 - a_4) a_2",
            "w10": r" w_{12} a_4 (1 - a_4)",
            "w11": " a_3",
            "w12": " a_4",
            "w13": "",
        }.items()
    ),
    (
        script("softmax")["column"](),
        "numbered-weights",
        {"view": "index", "of": "z"},
        r"\frac{\partial E}{\partial z_i} = p_i - y_i, \quad i = 1, \dots, K",
    ),
    # Orders of factors: along the chain of the document.
    (
        CLASSIFIER(1),
        "bracketed-layers",
        {"view": "chain", "of": "f"},
        r"\frac{\partial \mathcal{E}}{\partial f^{[1]}} = \frac{\partial \mathcal{E}}{\partial "
        r"\hat{Y}} \frac{\partial \hat{Y}}{\partial f^{[1]}}",
    ),
    (
        RELU(1),
        "bracketed-layers",
        {"view": "paths", "of": "W1", "entry": (1, 1)},
        r"\frac{\partial \mathcal{E}}{\partial W_{11}^{[1]}} = \left(\frac{\beta(1 - Y)}{1 - "
        r"\hat{Y}}-\frac{\alpha Y}{\hat{Y}} \right) \hat{Y} (1 - \hat{Y}) W_{10}^{[2]} "
        r"1_{f_{10}^{[1]} > 0} X_{10}",
    ),
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "Z3", "opened": ["V3"]},
        r"\frac{\partial C}{\partial Z_i^{(3)}} = \frac{\partial C}{\partial \hat{y}} "
        r"W_i^{(3)} h'(Z_i^{(3)}), \quad i = 1, 2, 3",
    ),
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "Z3"},
        r"\frac{\partial C}{\partial Z_i^{(3)}} = \frac{\partial C}{\partial V_i^{(3)}} "
        r"h'(Z_i^{(3)}), \quad i = 1, 2, 3",
    ),
    (
        script("two_hidden_layers")["network"](),
        "neurons",
        {"view": "index", "of": "Z2", "opened": ["V2"]},
        r"\frac{\partial C}{\partial Z_i^{(2)}} = \left(\sum_{r=1}^3 \frac{\partial C}{\partial "
        r"Z_r^{(3)}} W_{ri}^{(2)} \right) g'(Z_i^{(2)}), \quad i = 1, 2",
    ),
    (
        TANH["without_bias"](),
        "bold-columns",
        {"lines": ["da"], "opened": ["z", "yhat"]},
        r"\frac{\partial \ell}{\partial \mathbf{a}} = (1 - \mathbf{z}^2) \odot "
        r"\hat{\boldsymbol{\beta}}^T \cdot (\hat{y} - y)",
    ),
    *(
        (
            script("scalar_network")["network"](),
            "numbered-weights",
            {"view": "paths", "of": weight},
            rf"\frac{{\partial E}}{{\partial w_{weight[1:]}}} = -2 (y - \hat{{y}}) \left( w_{{11}} "
            rf"a_3 (1 - a_3) w_{one} + w_{{12}} a_4 (1 - a_4) w_{other} \right) {rest}",
        )
        for weight, one, other, rest in (
            ("w1", 5, 8, "a_1 (1 - a_1) x"),
            ("w2", 5, 8, "a_1 (1 - a_1)"),
            ("w3", 6, 9, "a_2 (1 - a_2) x"),
            ("w4", 6, 9, "a_2 (1 - a_2)"),
        )
    ),
]


def shown(net: mc.Network, notation: str, options: dict[str, Any]) -> list[str]:
    """What a page states, side by side with its left-hand side."""
    rows = mc.derive(net).page(notation=notation, **options).rows()
    return [plain(f"{row.left} = {side.latex}") for row in rows for side in row.sides]


@pytest.mark.parametrize("case", HEADLINES, ids=lambda case: case[3])
def test_a_headline_reads_as_in_its_document(case):
    """One of the right-hand sides of the line is the one the document prints."""
    net, notation, options, wanted = case
    assert plain(wanted) in shown(net, notation, options)
