"""LaTeX that leaves: fragments, documents, labels, long lines, and real TeX where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import matcalc as mc
from matcalc.errors import MatcalcError
from matcalc.render.handout import shapes_behind
from matcalc.render.textree import in_unicode, width
from tests.render.many_networks import NETWORKS
from tests.render.networks import attention, deep, folded_bias, long, two_layers

ARTICLE = (
    "\\documentclass{article}\n\\usepackage{amsmath}\n%s\\begin{document}\n%s\n\\end{document}\n"
)
PREAMBLES = {
    "article": ARTICLE % ("", "\\input{fragment}"),
    "narrow": ARTICLE % ("\\usepackage[margin=3.4cm,a5paper]{geometry}\n", "\\input{fragment}"),
    "report": ARTICLE.replace("{article}", "[12pt]{report}") % ("", "\\input{fragment}"),
    "beamer": (
        "\\documentclass{beamer}\n\\begin{document}\n\\begin{frame}[allowframebreaks]\n"
        "\\input{fragment}\n\\end{frame}\n\\end{document}\n"
    ),
}
NETS = {
    "two": two_layers,
    "attention": attention,
    "fifty": lambda: deep(50),
    "tanh": folded_bias,
    **{
        name: NETWORKS[name]
        for name in ("columns_of_data", "layer_norm", "unrolled", "factors", "gated_cell", "images")
    },
}


def test_a_fragment_says_what_it_needs():
    """The first line is a comment that names the one package."""
    first, *_ = mc.derive(two_layers()).to_latex().splitlines()
    assert first == "% needs the package amsmath, and nothing else"


def test_a_fragment_is_the_same_on_every_run():
    """Two derivations of one network give the same bytes."""
    one, other = (mc.derive(two_layers()).to_latex(detail="full") for _ in range(2))
    assert one == other


def test_labels_go_by_name_and_are_cited():
    """A line that uses an earlier one cites its label, which an edited network keeps."""
    said = mc.derive(two_layers()).to_latex(label="net:")
    assert r"\label{net:dW2}" in said
    assert r"\eqref{net:dZ2}" in said


def test_only_results_are_numbered_on_request():
    """numbered='results' labels gradients, 'none' nothing."""
    D = mc.derive(two_layers())
    said = D.to_latex(numbered="results")
    assert r"\label{bp:dW1}" in said
    assert r"\label{bp:dZ1}" not in said
    assert r"\label" not in D.to_latex(numbered="none")


@pytest.mark.parametrize("env", ["align", "aligned", "gather"])
def test_environments(env: str):
    """The environment asked for is used."""
    assert rf"\begin{{{env}}}" in mc.derive(two_layers()).to_latex(env=env)


def test_an_unknown_environment_is_refused():
    """eqnarray is none of ours."""
    with pytest.raises(MatcalcError, match="gather"):
        mc.derive(two_layers()).to_latex(env="eqnarray")


def test_long_lines_are_broken():
    """No line is wider than what was asked for."""
    said = mc.derive(long()).to_latex(width=40, detail="brief")
    inside = [line for line in said.splitlines() if "&" in line]
    assert len(inside) >= 8
    assert all(width(line.split(r"\label")[0].replace(r"\notag", "")) < 55 for line in inside)


def test_named_formulas_in_a_file():
    r"""\mcuse takes a formula by its name, \mceq numbers it."""
    said = mc.derive(two_layers()).formulas()
    assert r"\expandafter\def\csname mc:dW1\endcsname" in said
    assert r"\newcommand{\mcuse}" in said or r"\providecommand{\mcuse}" in said


def test_a_line_in_latex():
    """D.line(...).latex is the statement."""
    D = mc.derive(two_layers())
    assert (
        D.line("W2").latex
        == r"\frac{\partial L}{\partial W_{2}} = A_{1}^{\top} \frac{\partial L}{\partial Z_{2}}"
    )
    assert mc.latex(D.line("dW2"), "programmer") == "dW^{[2]} = {A^{[1]}}^{T} dZ^{[2]}"


@pytest.mark.parametrize(
    ("latex", "said"),
    [
        (r"\frac{\partial L}{\partial W_{1}}", "∂L/∂W₁"),
        (r"\sum_{i=1}^{n} x_{i}^{2}", "∑ᵢ₌₁ⁿ xᵢ²"),
        (r"\hat{Y}^{\top} \odot \mathbf{1}_{n}", "Ŷᵀ ⊙ 𝟏ₙ"),
        (r"\underbrace{X}_{n \times d}", "X"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", "[ 1 , 2 ; 3 , 4 ]"),
    ],
)
def test_formulas_in_unicode(latex: str, said: str):
    """What the writers emit can be read in a terminal."""
    assert in_unicode(latex) == said


def compiled(folder: Path, main: str) -> str:
    """What TeX says; an error fails."""
    (folder / "main.tex").write_text(main, encoding="utf-8")
    program = next(p for p in ("pdflatex", "tectonic", "lualatex") if shutil.which(p))
    ran = subprocess.run(
        [program, "-interaction=nonstopmode", "main.tex"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=110,
    )
    assert ran.returncode == 0, ran.stdout[-2000:]
    return ran.stdout


def has_beamer() -> bool:
    """Whether the class and the package it draws with are installed."""
    if not shutil.which("kpsewhich"):
        return False
    files = ("beamer.cls", "pgfmath.sty")
    return all(subprocess.run(["kpsewhich", f], capture_output=True).stdout for f in files)


@pytest.mark.tex
@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("preamble", PREAMBLES)
def test_a_fragment_compiles_in_any_preamble(preamble: str, net: str, tmp_path: Path):
    """No error and no overfull line in an article, a narrow page, a report and a frame."""
    if preamble == "beamer" and not has_beamer():
        pytest.skip("this TeX has no beamer")
    room = {"narrow": 38, "beamer": 44}.get(preamble)
    detail = "normal" if preamble in ("narrow", "beamer") else "full"
    fragment = mc.derive(NETS[net]()).to_latex(detail=detail, width=room)
    (tmp_path / "fragment.tex").write_text(fragment, encoding="utf-8")
    assert "Overfull \\hbox" not in compiled(tmp_path, PREAMBLES[preamble])


@pytest.mark.tex
@pytest.mark.parametrize("net", [*NETS, "long"])
def test_a_document_compiles(net: str, tmp_path: Path):
    """Every view of a whole document, without an overfull line."""
    D = mc.derive({**NETS, "long": long}[net]())
    for view in ("backprop", "chain", "differential", "index", "vec"):
        assert "Overfull \\hbox" not in compiled(tmp_path, D.to_latex(document=True, view=view)), (
            view
        )


def block(blocks: int) -> mc.Network:
    """Transformer blocks of one head, with what arrives from above."""
    T, d, h = mc.dims("T d h")
    net = mc.Network("blocks")
    X = net.input("X", T, d)
    for k in range(blocks):
        X = mc.blocks.transformer(
            net, X, 1, h, width=d, causal=True, norm="rms", activation="relu", name=f"{k + 1}"
        )
    net.output(X, upstream="G")
    return net


@pytest.mark.tex
@pytest.mark.parametrize(("blocks", "most"), [(1, 1), (12, 3)])
@pytest.mark.parametrize("detail", ["brief", "normal"])
def test_a_block_fits_on_a_page_and_twelve_on_three(
    blocks: int, most: int, detail: str, tmp_path: Path
):
    """A long derivation is set as a handout: definitions in columns, small derivatives."""
    said = compiled(tmp_path, mc.derive(block(blocks)).to_latex(document=True, detail=detail))
    pages = re.search(r"Output written on main\.(?:pdf|xdv) \((\d+) page", said)
    assert pages is not None
    print(f"{blocks} blocks, {detail}: {pages[1]} pages")
    assert int(pages[1]) <= most
    assert "Overfull \\hbox" not in said


def test_a_handout_keeps_every_label_and_number():
    """Definitions in columns carry their labels; short documents stay as they were."""
    D = mc.derive(block(1))
    said = D.to_latex(document=True)
    named = [row.name for row in D.page().rows() if row.name]
    assert all(said.count(f"{{bp:{name}}}") >= 1 for name in named)
    assert r"\mcdefined" in said
    assert r"\mcdefine" not in mc.derive(two_layers()).to_latex(document=True)
    assert r"\mcdefine" not in D.to_latex()
    assert r"\begin{gather}" in D.to_latex(document=True, env="gather")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A B", "A B"),
        (
            r"\underbrace{X^{\top}}_{d \times n} \underbrace{G}_{n \times h}",
            r"X^{\top} G \quad {\scriptstyle (d \times n)(n \times h)}",
        ),
        (
            r"2 \underbrace{\left({W^{1}}^{T}\right)}_{h \times 2 d} b",
            r"2 \left({W^{1}}^{T}\right) b \quad {\scriptstyle (h \times 2 d)}",
        ),
    ],
)
def test_shapes_stand_behind_in_a_handout(before: str, after: str):
    """In a table there is no room under the factors."""
    assert shapes_behind(before) == after


@pytest.mark.tex
@pytest.mark.parametrize("net", NETS)
def test_named_formulas_compile(net: str, tmp_path: Path):
    """The file of named formulas works inline and displayed, every formula of it."""
    D = mc.derive(NETS[net]())
    (tmp_path / "fragment.tex").write_text(D.formulas(), encoding="utf-8")
    names = [line.name for line in D.lines][:60]
    body = "\\input{fragment}\n" + "\n".join(rf"\mceq{{{name}}}" for name in names)
    inline = rf"Inline \mcuse{{{names[0]}}}."
    assert "Overfull" not in compiled(tmp_path, ARTICLE % ("", f"{body}\n{inline}"))
