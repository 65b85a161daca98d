"""What matcalc prints, it reads back: every line of every page holds, in every notation."""

from __future__ import annotations

import runpy
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import matcalc as mc
from matcalc.errors import MatcalcError
from matcalc.gallery import names, text_of
from matcalc.notation import PRESETS

FOLDER = Path(__file__).parent.parent.parent / "derivations"
VIEWS = ("backprop", "index", "chain", "differential", "batch", "vec")

# A page has a network, a view and a notation. These are read back in every run.
SAMPLE = [
    *(("two_layer", "backprop", preset) for preset in PRESETS),
    *(("two_layer", view, "dot-star") for view in VIEWS[1:]),
    *(("attention", view, "plain") for view in VIEWS[:4]),
    ("logistic_regression", "index", "bracketed-layers"),
    ("softmax_regression", "backprop", "primes"),
    ("swiglu", "backprop", "circles"),
    ("batch_norm", "backprop", "programmer"),
    ("ridge_regression", "differential", "plain"),
]
UNREAD = 0.03


@cache
def derived(name: str):
    """A network of the gallery or of derivations/, and its derivation."""
    path = FOLDER / f"{name}.py"
    network = mc.parse(text_of(name)) if name in names() else runpy.run_path(str(path))["network"]()
    return network, mc.derive(network)


def read_back(name: str, view: str, preset: str, face: str = "markdown") -> Counter[str]:
    """How many lines of a page hold, fail or are not read; nothing if there is no such page."""
    network, derivation = derived(name)
    try:
        page = getattr(derivation, f"to_{face}")(view=view, notation=preset)
    except MatcalcError:
        return Counter()
    report = mc.verify_document(page, network=network)
    return Counter({
        "holds": report.counts.get("holds", 0),
        "fails": len(report.wrong) + report.counts.get("needs-convention", 0),
        "unread": report.counts.get("unreadable", 0),
        "quiet": sum(report.counts.get(k, 0) for k in ("defines", "assumes")),
    })  # fmt: skip


@pytest.mark.parametrize(("name", "view", "preset"), SAMPLE)
def test_a_page_is_read_back(name: str, view: str, preset: str):
    """Every claim on the page holds."""
    found = read_back(name, view, preset)
    assert found["holds"] > 0
    assert (found["fails"], found["unread"]) == (0, 0)


def test_the_latex_page_is_read_back():
    """The LaTeX of the same page, with its remarks between the lines."""
    found = read_back("two_layer", "backprop", "plain", "latex")
    assert found["holds"] > 5
    assert (found["fails"], found["unread"]) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_every_page_is_read_back(preset: str):
    """The backward pass of every network of the gallery, in one notation: the table is printed."""
    total: Counter[str] = Counter()
    for name in names():
        found = read_back(name, "backprop", preset)
        print(f"{preset:20} {name:22} {found['holds']:4} hold {found['fails']:3} fail "
              f"{found['unread']:3} unread")  # fmt: skip
        total += found
    assert total["fails"] == 0
    assert total["unread"] <= UNREAD * sum(total.values())
