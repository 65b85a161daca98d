"""Every view in every detail and layout, of the gallery and of networks of many kinds.

A page either refuses with one of our errors or is sound: KaTeX sets each formula (see conftest), braces
and brackets are closed, no sign meets another, and nothing of Python shows.
"""

from __future__ import annotations

import itertools
import re

import pytest

import matcalc as mc
from matcalc.errors import MatcalcError
from matcalc.gallery import names, text_of
from matcalc.render.views import VIEWS
from tests.render.conftest import formulas
from tests.render.many_networks import NETWORKS

PRESETS = ("plain", "programmer", "dot-star", "indices", "bracketed-layers", "bold-columns")
LAYOUTS = ("denominator", "numerator", "mixed")
CASES = {f"gallery {n}": lambda n=n: mc.parse(text_of(n)) for n in names()} | NETWORKS
UNSOUND = re.compile(r"None|Node\(|<\w+ object|\bnan\b|DiracDelta|\+ [-+]|- -|=\s*(=|$)")


def faults(latex: str) -> str:
    """What is wrong with a formula, if anything."""
    bare = re.sub(r"\\[{}]", "", latex)
    if bare.count("{") != bare.count("}"):
        return "a brace is open"
    if len(re.findall(r"\\left\b", latex)) != len(re.findall(r"\\right\b", latex)):
        return "a bracket is open"
    found = UNSOUND.search(latex)
    return f"reads {found[0]!r}" if found else ""


def look(name: str, details: tuple[str, ...], layouts: tuple[str, ...], presets: tuple[str, ...]):
    """Every page asked for, its formulas without faults."""
    D = mc.derive(CASES[name]())
    made = 0
    for view in VIEWS:
        for detail, layout, preset in itertools.product(details, layouts, presets):
            try:
                page = D.page(view, detail=detail, layout=layout, notation=preset)
            except MatcalcError:
                continue
            made += 1
            for latex, _ in formulas(page):
                assert not faults(latex), f"{view}, {detail}, {layout}, {preset}: {latex}"
    assert made


@pytest.mark.parametrize("name", CASES)
def test_every_view_is_sound(name: str):
    """Every view of every network, in one preset."""
    look(name, ("normal",), ("denominator",), ("plain",))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_view_is_sound_in_every_dress(name: str):
    """In each detail, layout and six presets."""
    look(name, ("brief", "normal", "full"), LAYOUTS, PRESETS)


@pytest.mark.parametrize("bad", ["{a", r"\left(a", "a + -b", "x = = y", "a - -b", "None"])
def test_a_fault_is_seen(bad: str):
    """The examination is worth its time if it can fail."""
    assert faults(bad)
