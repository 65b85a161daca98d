"""The tour: one percent script, and the notebook and the page that are made from it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def cells_of_script() -> list[tuple[str, str]]:
    spec = importlib.util.spec_from_file_location("make_tour", DOCS / "make_tour.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cells((DOCS / "tour.py").read_text("utf-8"))


def test_the_notebook_and_the_page_hold_the_cells_of_the_script():
    """Nobody edits the generated two."""
    notebook = json.loads((DOCS / "tour.ipynb").read_text("utf-8"))
    page = (DOCS / "tour.md").read_text("utf-8")
    script = cells_of_script()

    assert [(c["cell_type"], "".join(c["source"])) for c in notebook["cells"]] == script
    assert all(source in page for _, source in script)


def test_the_tour_begins_with_how_to_install():
    """Whoever opens the notebook first learns what to type."""
    assert "pip install" in cells_of_script()[0][1]


def test_the_tour_runs_and_gives_what_it_shows():
    """Executed anew, the notebook has the outputs that are stored in it."""
    for needed in ("nbclient", "nbformat", "ipykernel"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"needs {needed}, of the extra [notebook]")

    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    ran = subprocess.run(
        [sys.executable, str(DOCS / "make_tour.py"), "--check"],
        env=env, capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout
