"""Algorithm boxes of generated code, drawings inside LaTeX, and files of named formulas."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import matcalc as mc
from matcalc.api.notes import Notes
from matcalc.errors import MatcalcError, NoRuleError
from matcalc.gallery import names, text_of
from matcalc.render import katex
from matcalc.render.algorithm import algorithm
from matcalc.render.blocks import Algorithm
from matcalc.render.textree import in_unicode
from tests.render.networks import deep, two_layers
from tests.render.test_tex import compiled

needs_katex = pytest.mark.skipif(katex.engine() is None, reason="needs quickjs to run KaTeX")
ARTICLE = "\\documentclass{article}\n\\usepackage{%s}\n\\begin{document}\n%s\n\\end{document}\n"


def box(net: mc.Network, which: str = "both") -> list[str]:
    """The lines of the boxes at the end of a page, in Unicode."""
    blocks = mc.derive(net).page(program=which).blocks
    lines = [line for b in blocks if isinstance(b, Algorithm) for line in b.lines]
    return [in_unicode(re.sub(r"\\hspace\{\d+em\}", "", line)) for line in lines]


def test_broadcasting_is_written_as_mathematics():
    """A row that NumPy adds to each row gets its ones; a column times a row is a product."""
    lines = box(two_layers())
    assert "Z₁ ← X W₁ + 𝟏ₙ b₁" in lines
    assert "∂L/∂Z₁ ← (∂L/∂Z₂ W₂ᵀ) ⊙ 𝟏[Z₁ > 0]" in lines
    assert "return L, {W₁ ↦ ∂L/∂W₁, b₁ ↦ ∂L/∂b₁, W₂ ↦ ∂L/∂W₂}" in lines
    assert not any("shape" in line or "check" in line for line in lines)


def test_the_forward_pass_alone():
    """With program="forward" the box ends with the value."""
    lines = box(two_layers(), "forward")
    assert lines[0] == "function forward(X, Y, W₁, b₁, W₂)"
    assert lines[-2:] == ["return L", "end function"]
    assert not any("∂" in line for line in lines)


def test_a_network_without_a_loss_has_two_boxes():
    """Forward and backward are functions of their own where something arrives from above."""
    n, d = mc.dims("n d")
    net = mc.Network("attention")
    X, W = net.input("X", n, d), net.param("W", d, d)
    S = net.let("S", mc.softmax(X * W * X.T))
    net.output(net.let("O", S * X))
    lines = box(net)
    assert lines.count("end function") == 2
    assert "return O" in lines
    assert any(line.startswith("function backward(G)") for line in lines)


def test_an_unknown_program_is_refused():
    """What there is stands in the message."""
    with pytest.raises(MatcalcError, match="forward, both"):
        mc.derive(two_layers()).page(program="backwards")


@pytest.mark.parametrize("name", names())
def test_every_gallery_network_has_its_program(name: str):
    """A box of lines that KaTeX takes, or the code itself where mathematics has no sign."""
    page = mc.derive(mc.parse(text_of(name))).page(program="both", detail="brief")
    last = page.blocks[-1]
    assert type(last).__name__ in ("Algorithm", "Code")
    if isinstance(last, Algorithm) and katex.engine() is not None:
        katex.typeset(last.latex)


def test_what_latexify_cannot_show_is_refused():
    """A statement without a sign is our error with a reason, not a wrong box."""
    with pytest.raises(NoRuleError, match="cannot show"):
        algorithm("def f(x):\n    with x:\n        return x")


def test_the_private_parts_of_latexify_are_still_there():
    """The subclasses replace two private attributes; a new release may not drop them in silence."""
    from latexify.codegen.algorithmic_codegen import IPythonAlgorithmicCodegen

    made = IPythonAlgorithmicCodegen()
    assert hasattr(made, "_expression_codegen")
    assert hasattr(made, "_identifier_converter")


def test_a_program_in_every_format():
    """The box is in Markdown, HTML, the notebook, LaTeX and the terminal."""
    D = mc.derive(two_layers())
    assert r"\mathbf{function}" in D.to_markdown(program="both")
    assert r"\mathbf{function}" in D.to_notebook(program="both").replace("\\\\", "\\")
    assert r"\begin{flalign*}" in D.to_latex(program="both")
    assert "    Z₁ ← X W₁ + 𝟏ₙ b₁" in D.to_text(program="both")
    assert "function" in D.to_html(program="both")
    notes = Notes("Boxes").algorithm("def f(x):\n    return (x @ x).T")
    assert "      return (x x)ᵀ" in notes.to_text()


# -- drawings and formulas in TeX ------------------------------------------------------------------


def test_a_drawing_in_latex_only_on_request():
    """A fragment needs amsmath only, unless its drawing is asked for."""
    D = mc.derive(two_layers())
    assert "tikz" not in D.to_latex()
    drawn = D.to_latex(graph="steps")
    assert drawn.startswith("% needs the packages amsmath and tikz")
    assert r"\begin{tikzpicture}" in drawn
    assert r"\usepackage{tikz}" in D.to_latex(document=True, graph="operations")
    notes = Notes("A graph").graph(D)
    assert r"\begin{tikzpicture}" not in notes.to_latex()
    assert r"\begin{tikzpicture}" in notes.to_latex(tikz=True)
    assert r"\usepackage{tikz}" in notes.to_latex(document=True)


@pytest.mark.tex
@pytest.mark.parametrize("net", [two_layers, lambda: deep(3)], ids=["two", "deep"])
def test_drawings_and_programs_compile(net, tmp_path: Path):
    """Both grains and both passes, inside the margins."""
    D = mc.derive(net())
    for grain in ("steps", "operations"):
        said = compiled(tmp_path, D.to_latex(document=True, graph=grain, program="both"))
        assert "Overfull" not in said


def greek() -> mc.Network:
    """A network whose names are Greek letters."""
    return mc.parse("X : n x ν\nparam β : ν x 1\ny : n x 1\nΣ = X*β - y\nθ1 = Σ.^2\nL = sum(θ1)/2")


def test_greek_names_are_latex_commands():
    """No Greek letter is left raw in LaTeX, sizes and labels among them; Latin look-alikes too."""
    D = mc.derive(greek())
    for said in (
        D.to_latex(detail="full", graph="steps", program="both"),
        D.to_latex(view="index"),
        D.formulas(),
        mc.latex(mc.vector("Ρ", "n")),
    ):
        assert said.isascii()
    assert D.line("β").latex == r"\frac{\partial L}{\partial \beta} = X^{\top} \Sigma"
    assert mc.latex(mc.matrix("Σhat1", "n", "n")) == r"\hat{\Sigma}_{1}"


@needs_katex
def test_greek_names_pass_katex():
    """In strict mode, where raw letters of other scripts are errors."""
    for row in mc.derive(greek()).page(detail="full").rows():
        katex.typeset(row.latex)
    katex.typeset(mc.latex(mc.vector("длина", "n")))


@pytest.mark.tex
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
def test_named_formulas_are_quoted_by_name(tmp_path: Path):
    """Inline and numbered, Greek names spelled out; a name that is not there stops TeX."""
    (tmp_path / "fragment.tex").write_text(mc.derive(greek()).formulas(), encoding="utf-8")
    body = "\\input{fragment}\n\\mcuse{dbeta}, \\mceq{dbeta} \\mceq{L}, see \\eqref{mc:L}"
    compiled(tmp_path, ARTICLE % ("amsmath", body))
    with pytest.raises(AssertionError, match="There is no formula dgamma"):
        compiled(tmp_path, ARTICLE % ("amsmath", "\\input{fragment}\n\\mcuse{dgamma}"))


def test_named_formulas_may_be_chosen():
    """Only the lines asked for, in the notation and the layout asked for."""
    said = mc.derive(two_layers()).formulas("dot-star", lines=["dW2"], layout="numerator")
    assert r"\csname mc:dW2\endcsname{\ensuremath{\frac{\partial L}{\partial W^{(2)}} = " in said
    assert r"\delta^{(2)} A^{(1)}" in said
    assert "dW1" not in said
