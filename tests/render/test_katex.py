"""KaTeX in strict mode takes what we print: pages of docs/, every operation, every law, the gallery."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import matcalc as mc
from matcalc.gallery import names, text_of
from matcalc.notation import PRESETS
from matcalc.ops import OPS, Op
from matcalc.render import katex
from matcalc.render.latex import LatexWriter
from matcalc.rewrite.laws import LAWS
from matcalc.trace import EQUATIONS, equation_of
from tests.instances import instances_of
from tests.render.conftest import SEEN

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

pytestmark = pytest.mark.skipif(katex.engine() is None, reason="needs quickjs to run KaTeX")


def formulas_of(text: str) -> list[tuple[str, bool]]:
    """The formulas of a Markdown page, outside its code."""
    text = re.sub(r"^\s*```.*?^\s*```\s*$", "", text, flags=re.S | re.M)
    text = re.sub(r"`[^`\n]*`", "", text)
    shown = [(m.strip(), True) for m in re.findall(r"\$\$(.+?)\$\$", text, re.S)]
    text = re.sub(r"\$\$.+?\$\$", "", text, flags=re.S)
    return shown + [(m, False) for m in re.findall(r"(?<![\\$])\$([^$\n]+)\$", text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_formula_of_the_docs(page: Path):
    """Between dollar signs, outside of code."""
    for latex, shown in formulas_of(page.read_text(encoding="utf-8")):
        katex.typeset(latex, shown)


@pytest.mark.parametrize("op", OPS.values(), ids=lambda op: op.name)
def test_every_operation(op: Op):
    """On all its samples, in each notation that writes it in its own way, and its rule."""
    for preset in PRESETS.values():
        writer = LatexWriter(preset)
        for instance in instances_of(op):
            SEEN.add((said := writer(instance.node), True))
            katex.typeset(said)
    if op.law:
        katex.typeset(op.law)


def test_every_law():
    """The equation of each rewriting law, and of the steps that a person writes."""
    rules = {rule.__name__ for group in LAWS.values() for rule in group}
    for name in sorted(rules | set(EQUATIONS)):
        if said := equation_of(name):
            katex.typeset(said)


@pytest.mark.parametrize("name", names())
def test_every_gallery_network(name: str):
    """Forward and backward pass with every law, in both layouts."""
    D = mc.derive(mc.parse(text_of(name)))
    for layout in ("denominator", "numerator"):
        D.page(detail="full", layout=layout)  # each page is looked at in conftest.py
        D.page("index", layout=layout)
