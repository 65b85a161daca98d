"""HTML, notebooks, Markdown, graphs, algorithm boxes, and worked numbers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.notes import Notes
from matcalc.errors import MatcalcError, UnknownNameError
from matcalc.numeric.worked import worked
from matcalc.render import katex
from matcalc.render.algorithm import algorithm
from matcalc.render.html import to_html
from matcalc.render.numbers import number
from tests.render.networks import deep, two_layers

needs_katex = pytest.mark.skipif(katex.engine() is None, reason="needs quickjs to run KaTeX")


@pytest.fixture(scope="module")
def D() -> mc.Derivation:
    return mc.derive(two_layers())


# -- HTML
# -----------------------------------------------------------------------------------------------


@needs_katex
def test_html_stands_alone(D: mc.Derivation):
    """No address outside the file, MathML for screen readers, a copy button per formula."""
    page = D.to_html()
    assert not re.findall(r"(?:src|href)=[\"']?https?:", page)
    assert "url(fonts/" not in page
    assert "<math" in page
    assert page.count('class="copy"') == page.count('class="formula"') == len(list(D.page().rows()))


def test_html_without_an_engine_sets_itself(D: mc.Derivation):
    """With the script inside the page the formulas are still there to be set."""
    page = to_html(D.page(), script=True)
    assert "katex.render" in page
    assert "data-tex=" in page


@needs_katex
def test_katex_is_strict():
    """What TeX would not take is an error that shows the formula."""
    with pytest.raises(MatcalcError, match="Double superscript"):
        katex.typeset(r"A^{1}^{2}")


# -- notebooks and Markdown
# --------------------------------------------------------------------------------


def test_a_notebook_can_be_run(D: mc.Derivation):
    """The JSON is a notebook whose code cell derives the same network."""
    notebook = json.loads(D.to_notebook())
    assert notebook["nbformat"] == 4
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    assert kinds.count("code") == 1
    assert "mc.derive(net)" in "".join(notebook["cells"][kinds.index("code")]["source"])


def test_a_mimebundle_is_small_and_free_of_scripts(D: mc.Derivation):
    """Markdown, LaTeX and text for a notebook's output cell."""
    bundle = D._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown", "text/latex"}
    assert all("<script" not in said and len(said) < 20_000 for said in bundle.values())


# -- graphs
# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", ["steps", "operations"])
def test_a_graph_is_sound_svg(D: mc.Derivation, grain: str):
    """Well-formed XML with a title and a description; every node and edge is drawn."""
    graph = D.graph(grain)
    root = ET.fromstring(graph.svg)
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("title") == tags.count("desc") == 1
    assert tags.count("rect") == len(graph.vertices)
    assert graph.tikz.count(r"\node") == len(graph.vertices)
    assert graph.dot.count("->") >= len(graph.edges)


def test_nodes_do_not_overlap(D: mc.Derivation):
    """Boxes of one drawing stand apart."""
    boxes = list(D.graph().boxes.values())
    for k, (x, y, w) in enumerate(boxes):
        for u, v, other in boxes[k + 1 :]:
            assert abs(x - u) >= (w + other) / 2 or abs(y - v) >= 34


def test_shared_parts_are_drawn_once():
    """At the grain of operations an expression used twice is one node."""
    net = mc.Network("shared")
    x, y, z = net.param("x"), net.param("y"), net.param("z")
    net.minimize(net.let("f", mc.sin(x * y) / z + mc.exp(x * z) / (x * y)))
    graph = mc.derive(net).graph("operations")
    assert sum(v.latex == r"\cdot" for v in graph.vertices) == 4  # xy, xz, and the two products


def test_a_graph_too_big_to_read_is_refused():
    """Five hundred nodes are no picture."""
    with pytest.raises(MatcalcError, match="cannot be read"):
        mc.derive(deep(200)).graph()


# -- algorithm boxes
# ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        ("X @ W + b", "X W + b"),
        ("(X @ W).T", r"\left(X W\right)^{\top}"),
        ("X.T @ X", r"X^{\top} X"),
        ("A * B", r"A \odot B"),
        ("A @ B * C", r"\left(A B\right) \odot C"),
        ("E.sum(axis=1)", r"E \mathbf{1}"),
        ("(A + E).sum(axis=0)", r"\mathbf{1}^{\top} \left(A + E\right)"),
        ("np.sum(E, axis=1)", r"E \mathbf{1}"),
        ("np.linalg.inv(A @ B)", r"\left(A B\right)^{-1}"),
        ("np.transpose(X)", r"X^{\top}"),
        ("np.maximum(Z, 0)", r"\max\left(Z, 0\right)"),
        ("X[:, 0]", r"{X}_{:, 0}"),
        ("-(-X)", r"-\left(-X\right)"),
        ("A - (B - C)", r"A - \left(B - C\right)"),
        ("W1 * 2", r"W_{1} \cdot 2"),
    ],
)
def test_matrix_lines_of_a_program(expression: str, latex: str):
    """Each line that latexify alone sets wrongly keeps its operands, brackets and products."""
    said = algorithm(f"def f(X):\n    return {expression}")
    assert said.split(r"\mathbf{return} \ ")[1].split(r" \\ \mathbf{end")[0] == latex


@needs_katex
def test_an_algorithm_box_can_be_set():
    """A whole program with a loop passes KaTeX."""
    program = """
    def train(X, Y, W1, eta):
        '''Plain gradient descent.'''
        for k in range(100):
            P = sigmoid(X @ W1)
            W1 -= eta * (X.T @ (P - Y))
        return W1
    """
    katex.typeset(algorithm(program, {"W1": "W^{[1]}", "eta": r"\eta"}, scalars=["eta"]))


# -- worked numbers
# ------------------------------------------------------------------------------------------


def net_of_numbers() -> mc.Network:
    net = mc.Network("numbers")
    x, y, w = net.input("x"), net.input("y"), net.param("w")
    p = net.let("p", mc.tanh(net.let("s", w * x)))
    net.minimize(net.let("E", mc.power(p - y, 2) / 2))
    return net


def test_rounding_at_every_step_is_carried_on():
    """A value rounded by hand is the one the next line uses."""
    D = mc.derive(net_of_numbers())
    values = {"x": 1, "y": 0, "w": 0.123456}
    exact = {v.line.name: v.value for v in worked(D.record, values)}
    hand = {v.line.name: v.value for v in worked(D.record, values, digits=2)}
    assert hand["s"] == 0.12
    assert hand["p"] == round(float(np.tanh(0.12)), 2)
    assert abs(hand["dw"] - exact["dw"]) > 1e-4


def test_partial_values_carry_as_far_as_they_can():
    """Lines below the given values are computed; the others say what they need."""
    D = mc.derive(net_of_numbers())
    lines = {v.line.name: v for v in worked(D.record, {"p": 0.5, "y": 1}, partial=True)}
    assert lines["E"].value == 0.125
    assert lines["s"].needs == ("w", "x")
    assert lines["ds"].value == pytest.approx(-0.375)
    assert lines["dw"].needs == ("x",)


def test_what_is_missing_is_named():
    """Without partial=True a missing value is an error."""
    with pytest.raises(UnknownNameError, match="needs"):
        worked(mc.derive(net_of_numbers()).record, {"p": 0.5, "y": 1})


def test_adjoints_may_be_given():
    """A value for an adjoint is used as it is."""
    D = mc.derive(net_of_numbers())
    lines = {v.line.name: v for v in worked(D.record, {"dp": 2, "p": 0.5}, partial=True)}
    assert lines["ds"].value == pytest.approx(1.5)


def test_notes_number_their_lines_across_derivations():
    """Two derivations on one page cite their own lines."""
    D = mc.derive(net_of_numbers())
    notes = Notes("Twice").derivation(D).derivation(mc.derive(net_of_numbers()), opening=False)
    names = [row.name for row in notes.page().rows() if row.name]
    assert len(names) == len(set(names)) == 12


def test_one_gradient_step_lowers_the_loss():
    """The page shows the new parameter and the loss before and after."""
    D = mc.derive(net_of_numbers())
    said = Notes("Step").gradient_step(D, {"x": 1, "y": 0, "w": 0.5}, 0.1).to_text()
    assert "takes E from 0.106776 to 0.093" in said


def test_an_evaluation_shows_what_rounding_does():
    """Beside the exact numbers those of a calculation by hand, each line rounded and used so."""
    D = mc.derive(net_of_numbers())
    said = D.evaluate({"x": 1, "y": 0, "w": 0.123456}).to_latex(digits=4, rounded=2)
    assert r"\text{exact} && \text{rounded to 2 places at every step}" in said
    assert "s &= 0.1235 && 0.12" in said
    if katex.engine() is not None:
        katex.typeset(said)


def test_an_evaluation_needs_no_page_to_print():
    """In a fresh process an evaluation prints itself although no notes were ever opened."""
    program = (
        "import matcalc as mc; x = mc.scalar('x'); "
        "print(mc.derive(mc.sin(x), x).evaluate({'x': 1}).to_latex(digits=2))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert "0.54" in ran.stdout, ran.stderr


def test_an_evaluation_prints_itself():
    """Numbers to the digits asked for; what is missing stays a formula."""
    D = mc.derive(net_of_numbers())
    said = D.evaluate({"p": 0.5, "y": 1}, partial=True).to_latex(digits=3)
    assert "E &= 0.125" in said
    assert r"\quad \text{needs } x" in said


def test_plots_of_a_worked_derivation():
    """Gradient sizes on a log axis, and the loss going down."""
    pytest.importorskip("matplotlib")
    D = mc.derive(net_of_numbers())
    values = {"x": 1, "y": 0, "w": 0.5}
    assert D.plot_gradients(values).axes[0].get_yscale() == "log"
    [line] = D.plot_loss(values, 0.1, steps=5).axes[0].lines
    heights = list(line.get_ydata())
    assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [(-0.0175, 3, "-0.018"), (0.5, 0, "1"), (-0.0001, 2, "0.00"), (2.675, 2, "2.68")],
)
def test_numbers_are_rounded_as_by_hand(value: float, digits: int, said: str):
    """A five goes up, whatever binary digits make of it; there is no negative zero."""
    assert number(value, digits) == said


def test_undefined_functions_are_values_too():
    """Given as a value a function is used; not given, the lines that need it say so."""
    net = mc.Network("undefined")
    x, w = net.input("x"), net.param("w")
    a = net.let("a", mc.function("f")(net.let("z", w * x)))
    net.minimize(net.let("L", mc.power(a, 2)))
    D = mc.derive(net)
    values = {"x": 2.0, "w": 3.0}
    said = D.evaluate(values, partial=True).to_latex(digits=1)
    assert "z &= 6.0" in said
    assert r"a &= f\left(z\right) \quad \text{needs } f" in said
    square = {"f": lambda at, order=0: at**2 if order == 0 else 2 * at}
    assert D.evaluate(values | square, partial=True).gradients["w"] == 2 * 36 * 12 * 2
    assert D.evaluate(values | square).gradients["w"] == 2 * 36 * 12 * 2
