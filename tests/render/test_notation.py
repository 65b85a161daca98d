"""Notations: presets against a kept page, samples read back, files, and names."""

from __future__ import annotations

from pathlib import Path

import pytest

import matcalc as mc
from matcalc.errors import MatcalcError
from matcalc.notation import DEFAULT, PRESETS, Notation
from matcalc.render import katex
from tests.golden import assert_golden
from tests.render.networks import two_layers

HERE = Path(__file__).parent


def test_one_network_in_every_notation(update_golden: bool):
    """The same derivation under all presets is what it was."""
    D = mc.derive(two_layers())
    parts = [f"# {name}\n\n{D.to_markdown(notation=name, numbered='none')}" for name in PRESETS]
    assert_golden(HERE / "presets.md", "\n".join(parts), update=update_golden)


@pytest.mark.skipif(katex.engine() is None, reason="needs quickjs to run KaTeX")
@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("view", ["backprop", "chain", "differential", "index", "batch", "vec"])
def test_every_view_in_every_notation_can_be_set(name: str, view: str):
    """KaTeX in strict mode takes each formula of each view, in both layouts."""
    D = mc.derive(two_layers())
    for layout in ("denominator", "numerator"):
        for row in D.page(view, notation=name, layout=layout, detail="full").rows():
            katex.typeset(row.latex)


@pytest.mark.parametrize(
    ("sample", "setting", "value"),
    [
        (r"W^{[1]T} x + b^{[1]}", "layer", "[l]"),
        (r"W^{(l)} a^{(l-1)}", "layer", "(l)"),
        (r"W^{(2)T} \delta^{(3)}", "transpose", "T"),
        (r"X^\top \delta", "transpose", r"\top"),
        (r"X^{\mathsf{T}} Y", "transpose", r"\mathsf{T}"),
        (r"\delta^{(3)} .* \sigma'(Z^{(2)})", "hadamard", ".*"),
        (r"a \circ b", "hadamard", r"\circ"),
        (r"\delta_2 = W^\top \delta_3", "adjoint", "delta"),
        (r"\nabla_W L", "gradient", "nabla"),
        (r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T", "gradient", "d"),
        (r"1_{f > 0}", "indicator", "subscript"),
        (r"\mathbf{W} \mathbf{x}", "bold", "all"),
        (r"\sum_{i=0}^{n-1} Y_{0i}", "index_base", 0),
        (r"\sigma'(Z)", "expand_slopes", False),
    ],
)
def test_a_sample_shows_its_notation(sample: str, setting: str, value: object):
    """What is met in a sample of notes becomes a setting; the rest stays as usual."""
    assert getattr(Notation.from_latex(sample), setting) == value


@pytest.mark.parametrize(
    ("sample", "settings"),
    [
        (
            r"\nabla_{\boldsymbol{h}^{(k-1)}} J = \boldsymbol{W}^{(k)\top} \boldsymbol{g}, "
            r"\boldsymbol{g} \odot f'(\boldsymbol{a}^{(k)})",
            {"layer": "(l)", "gradient": "nabla", "bold": "all", "expand_slopes": False},
        ),
        (
            r"\mathrm{d}\,\mathrm{tr}\,X'AX = \mathrm{tr}\,X'(A + A')\mathrm{d}X",
            {"transpose": r"\prime"},
        ),
        (r"W' = W - \eta \nabla_W L, \quad f'(x) = 0", {"transpose": r"\top"}),
        (
            r"-2(y_{ik} - f_k(x_i)) g_k'(\beta_k^T z_i) z_{mi}",
            {"transpose": "T", "expand_slopes": False},
        ),
        (
            r"dZ^{[l]} = dA^{[l]} * g^{[l]\prime}(Z^{[l]}), dW^{[l]} = dZ^{[l]} A^{[l-1]T}",
            {"layer": "[l]", "hadamard": "*", "adjoint": "d", "expand_slopes": False},
        ),
        (
            r"\frac{\partial L}{\partial \boldsymbol{\theta}} = \boldsymbol{e}^\top \boldsymbol{\Phi}",
            {"bold": "all", "transpose": r"\top"},
        ),
        (
            r"\delta_j = h'(a_j) \sum_k w_{kj} \delta_k, \mathbf{w}^{\mathrm{T}} \boldsymbol{\phi}",
            {"transpose": r"\mathrm{T}", "adjoint": "delta", "bold": "vectors"},
        ),
        (
            r"\delta^{(n_l)} = -(y - a^{(n_l)}) \bullet f'(z^{(n_l)}), \nabla_{W^{(l)}} J(W,b;x,y)",
            {"hadamard": r"\bullet", "layer": "(l)", "adjoint": "delta", "gradient": "nabla"},
        ),
    ],
)
def test_samples_of_books_and_courses(sample: str, settings: dict[str, object]):
    """What a line of somebody's notes shows is taken over; a new name W' is no transpose."""
    found = Notation.from_latex(sample)
    assert {name: getattr(found, name) for name in settings} == settings


def test_factors_follow_the_notation():
    """What arrives stands first from the output back, the slope first from the variable on."""
    net = mc.Network("orders")
    x, W = net.input("x", 3, 1), net.param("W", 2, 3)
    a = net.let("a", mc.function("f")(net.let("z", W * x)))
    net.minimize(net.let("L", net.input("v", 1, 2) * a))
    D = mc.derive(net)
    said = D.to_text("index", of="z", notation=Notation(factors="output", expand_slopes=False))
    assert "∂L/∂zᵢ = ∂L/∂aᵢ f'(zᵢ)" in said
    said = D.to_text(lines=["dz"], detail="brief", notation=Notation(factors="variable"))
    assert "∂L/∂z = f'(z) ⊙ ∂L/∂a" in said


def test_a_sample_that_shows_nothing_changes_nothing():
    """Plain formulas leave the usual notation."""
    assert Notation.from_latex("a = b c") == DEFAULT


def test_a_file_beside_the_notes(tmp_path: Path):
    """notation.toml starts from a preset and changes what it names."""
    text = 'preset = "dot-star"\nindex_base = 0\n[words]\nwhere = "wobei"\n'
    (tmp_path / "notation.toml").write_text(text, encoding="utf-8")
    found = Notation.load(tmp_path)
    assert (found.hadamard, found.index_base, found.say("where")) == (".*", 0, "wobei")


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"adjoint": "eta"}, "adjoint is one of"), ({"colour": "red"}, "no setting 'colour'")],
)
def test_an_unknown_setting_is_refused(settings: dict[str, str], message: str):
    """A misspelt setting or value is named, with what there is."""
    with pytest.raises(MatcalcError, match=message):
        Notation.of(settings)


def test_an_unknown_preset_is_refused():
    """The message lists the presets."""
    with pytest.raises(MatcalcError, match="bracketed-layers"):
        Notation.of("bourbaki")


def test_own_latex_and_own_adjoints_win():
    """A name and an adjoint given in LaTeX are printed in every notation."""
    net = mc.Network("own")
    x = net.param("x1", 3, 1, latex=r"\xi")
    z = net.let("z1", mc.tanh(x), latex=r"\zeta", adjoint=r"\epsilon_\zeta")
    net.minimize(z.T * z)
    D = mc.derive(net)
    for name in PRESETS:
        said = D.to_latex(notation=name)
        assert r"\xi" in said
        assert r"\epsilon_\zeta" in said


def test_two_steps_of_one_layer_have_two_deltas():
    """Where a number would name two errors, each is named by its step."""
    n = mc.dims("n")
    net = mc.Network("twins")
    W, V, x = net.param("W", n, n), net.param("V", n, n), net.input("x", n, 1)
    Z1, S1 = net.let("Z1", W * x), net.let("S1", V * x)
    net.minimize(mc.tanh(Z1).T * mc.sin(S1))
    said = mc.derive(net).to_latex(notation="delta-superscript")
    assert r"\delta_{Z^{1}}" in said
    assert r"\delta_{S^{1}}" in said


@pytest.mark.parametrize(
    ("latex", "node"),
    [
        (r"{W^{[1]}}^{\top}", lambda W, x: W.T),
        (r"{W^{[1]}}^{\odot 2}", lambda W, x: mc.square(W)),
        (r"W^{[1]}_{23}", lambda W, x: W[1, 2]),
        (r"\left(W^{[1]} + I_{n}\right) x", lambda W, x: (W + mc.eye("n")) * x),
    ],
)
def test_no_double_scripts_and_no_lost_brackets(latex: str, node):
    """A base that carries a script is braced, a sum in a product is bracketed."""
    W, x = mc.matrix("W1", "n", "n"), mc.vector("x", "n")
    assert mc.latex(node(W, x), Notation(layer="[l]")) == latex


def test_a_network_in_a_notebook():
    """A network shows what is given and its forward pass, small and without a script."""
    bundle = two_layers()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown", "text/latex"}
    assert "Z_{1} = X W_{1}" in bundle["text/markdown"]
    assert r"Z_{1} &= X W_{1}" in bundle["text/latex"]
    assert all("<script" not in said and len(said) < 5000 for said in bundle.values())
    assert set(mc.Network("empty")._repr_mimebundle_()) == {"text/plain"}
