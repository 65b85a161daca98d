"""Every phrase of a page goes through the notation: another language leaves no English behind."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import matcalc as mc
from matcalc.api.notes import Notes
from matcalc.errors import MatcalcError
from matcalc.notation import Notation
from matcalc.render.phrases import PHRASES
from matcalc.render.views import VIEWS
from tests.render.german import GERMAN
from tests.render.networks import deep, long, two_layers

ROOT = Path(__file__).parent.parent.parent
MARKED = Notation(words={p: "[[" + " ".join(re.findall(r"\{\w+\}", p)) + "]]" for p in PHRASES})
# What is left of a page is names of functions, variables and dimensions.
OURS = {"tanh", "step", "sin", "log", "tr", "vec", "diag", "ReLU", "sigmoid", "relu"}


def fork() -> mc.Network:
    """A variable that enters twice, and a symmetric one."""
    net = mc.Network("fork")
    x, K = net.param("x", 2, 1), net.param("K", 2, 2)
    net.assume(mc.Q.symmetric(K))
    a, b = net.let("a", mc.tanh(K * x)), net.let("b", mc.sigmoid(x))
    net.minimize(net.let("L", a.T * b))
    return net


def open_ended() -> mc.Network:
    """A network without a loss: something arrives from above."""
    n, d = mc.dims("n d")
    net = mc.Network("open")
    net.output(net.let("Y", mc.tanh(net.input("X", n, d) * net.param("W", d, d))))
    return net


def english_in(text: str) -> set[str]:
    """The English words of a page whose phrases are marked."""
    return set(re.findall(r"(?<![\w\\])[A-Za-z]{3,}(?!\w)", text)) - OURS


@pytest.mark.parametrize("net", [two_layers, fork, open_ended, long, lambda: deep(6)])
@pytest.mark.parametrize("layout", ["denominator", "numerator", "mixed"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_says_a_word_of_its_own(net, layout: str, view: str):
    """With every phrase replaced by a mark nothing English is left of any view."""
    D = mc.derive(net())
    try:
        said = D.to_text(view, notation=MARKED, layout=layout, detail="brief")
        said += D.to_text(view, notation=MARKED, layout=layout)
    except MatcalcError:  # a view that does not fit this network
        return
    assert not english_in(said)


def notes(notation: Notation) -> Notes:
    """A page with everything that notes can hold."""
    D = mc.derive(fork())
    at = {"x": np.array([1.0, 2.0]), "K": np.eye(2)}
    page = Notes("N", notation).derivation(D).numbers(D, at, digits=3, rounded=2)
    page.numbers(D, {"x": [1, 2]}, partial=True).gradient_step(D, at, 0.1).update_rule(D)
    return page.counts(D).graph(D).check(D).algorithm("def f(x):\n    return x")


def test_notes_say_no_word_of_their_own():
    """Tables, steps, counts, graphs, checks and boxes speak the language of the notes."""
    assert not english_in(notes(MARKED).to_text())


def test_a_page_in_german():
    """A complete second language: headings, rules, tables and buttons."""
    assert set(GERMAN) == set(PHRASES)
    german = Notation(words=GERMAN)
    said = mc.derive(two_layers()).to_text("backprop", notation=german, layout="numerator")
    assert "Gegeben: X (n × d), Y (n × 1). Zu lernen: W₁ (d × h)" in said
    assert "Durch (3) wegen d(AB) = (dA) B + A (dB) mit (7)" in said
    assert "aus A₁ᵀ wird A₁" in said
    latex = mc.derive(two_layers()).to_latex(notation=german, detail="full")
    assert r"\text{wegen }" in latex
    assert r"\text{was dort ankam}" in latex
    page = notes(german).to_text()
    assert "Die Gradienten von L gegen Differenzen: es stimmt" in page
    html = mc.derive(two_layers()).to_html(notation=german)
    assert '<html lang="de">' in html
    assert ">kopieren</button>" in html


def test_a_translation_keeps_the_places():
    """No phrase in braces is lost or invented in the German table."""
    for phrase, said in GERMAN.items():
        assert sorted(re.findall(r"\{\w+\}", phrase)) == sorted(re.findall(r"\{\w+\}", said))


def test_an_unknown_phrase_is_refused():
    """A phrase that no page says would never be seen: the nearest one is offered."""
    with pytest.raises(MatcalcError, match="did you mean 'Forward'"):
        mc.derive(two_layers()).to_text(notation=Notation(words={"Foreward": "Hin"}), view="chain")


def test_every_phrase_is_in_the_table():
    """What the renderers say in so many words can be looked up, and nothing there is unused."""
    said: set[str] = set()
    files = [*(ROOT / "matcalc" / "render").glob("*.py"), ROOT / "matcalc" / "api" / "notes.py"]
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                first = node.args[0]
                if name in ("say", "_say") and isinstance(first, ast.Constant):
                    said.add(first.value)
    assert said <= set(PHRASES)
