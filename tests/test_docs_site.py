"""The pages: every link leads somewhere, and the static site builds with one command."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_of_a_page_leads_to_a_file(page):
    """Links to other pages and pictures are relative, and the files are there."""
    text = re.sub(r"^(`{3,}).*?^\1`*\s*$|`[^`\n]+`", "", page.read_text("utf-8"), flags=re.M | re.S)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$", "", text, flags=re.S)
    links = [m[1] for m in re.finditer(r"\]\(([^)\s]+)\)", text)]
    missing = [
        link
        for link in links
        if "://" not in link and not (page.parent / link.partition("#")[0]).exists()
    ]
    assert not missing


def test_the_site_builds_and_its_links_hold(tmp_path):
    """Every page, its formulas marked, and no link between pages that leads nowhere."""
    pytest.importorskip("markdown_it", reason="needs markdown-it-py, of the extra [cli]")
    spec = importlib.util.spec_from_file_location("make_site", ROOT / "docs" / "make_site.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    written = module.build(tmp_path)

    assert tmp_path / "index.html" in written
    assert (tmp_path / "katex" / "katex.min.js").exists()
    for page in written:
        text = page.read_text("utf-8")
        assert "§" not in text, page
        for link in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', text):
            there = page.parent / link
            assert there.exists() or not link.endswith((".html", ".png", ".svg", ".css", ".js")), (
                link
            )
