"""The pages as a static site that needs no network: README, docs, and the worked derivations.

    python docs/make_site.py [FOLDER]        default: build/site/

Needs markdown-it-py, which the extra [cli] brings along. Formulas are set by the KaTeX that lies in
the package; its files are copied beside the pages.
"""

from __future__ import annotations

import re
import shutil
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KATEX = ROOT / "matcalc" / "render" / "assets" / "katex"
MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\w\\$])\$(?=\S)([^$\n]+?)(?<=\S)\$(?![\w$])", re.S)
CODE = re.compile(r"^(`{3,}).*?^\1`*\s*$|`[^`\n]+`", re.M | re.S)

SCRIPT = """
document.querySelectorAll('.math').forEach(function (e) {
  var settings = { displayMode: e.tagName === 'DIV', throwOnError: false, trust: false };
  katex.render(e.textContent, e, settings);
});
"""


def sources() -> list[Path]:
    """The pages, as paths from the root."""
    folders = [ROOT / "docs", ROOT / "derivations"]
    found = [p for folder in folders for p in sorted(folder.glob("*.md"))]
    return [p.relative_to(ROOT) for p in [ROOT / "README.md", *found]]


def target(source: Path) -> Path:
    """Where a page goes; the README is the index."""
    return Path("index.html") if source.name == "README.md" else source.with_suffix(".html")


def html_of(markdown: str) -> str:
    """Markdown as HTML; formulas are kept from Markdown's own signs."""
    from markdown_it import MarkdownIt

    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        shown = match[1] is not None
        latex = escape((match[1] if shown else match[2]).strip())
        tag = "div" if shown else "span"
        kept.append(f'<{tag} class="math">{latex}</{tag}>')
        return f"§{len(kept) - 1}§"

    parts, at = [], 0
    for code in CODE.finditer(markdown):
        parts += [MATH.sub(keep, markdown[at : code.start()]), code[0]]
        at = code.end()
    parts.append(MATH.sub(keep, markdown[at:]))
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render("".join(parts))
    html = re.sub(r"<p>§(\d+)§</p>", lambda m: kept[int(m[1])], html)
    html = re.sub(r"§(\d+)§", lambda m: kept[int(m[1])], html)
    return re.sub(r"&lt;!--.*?--&gt;", "", html, flags=re.S)


def linked(html: str, source: Path) -> str:
    """Links between pages lead to their HTML."""

    def turned(match: re.Match[str]) -> str:
        path, mark, place = match[1].partition("#")
        if "://" in path or not path.endswith(".md"):
            return match[0]
        home = Path(path).name == "README.md"
        to = Path(path).with_name("index.html") if home else target(Path(path))
        return f'href="{to.as_posix()}{mark}{place}"'

    return re.sub(r'href="([^"]*)"', turned, html)


def page(source: Path, markdown: str) -> str:
    up = "../" * (len(target(source).parts) - 1)
    title = re.search(r"^# (.+)$", markdown, re.M)
    menu = [("index.html", "matcalc")]
    menu += [(f"docs/{name}.html", name.replace("-", " ")) for name in MENU]
    nav = " ".join(f'<a href="{up}{to}">{said}</a>' for to, said in menu)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title[1] if title else source.stem)}</title>\n"
        f'<link rel="stylesheet" href="{up}katex/katex.min.css">\n'
        f'<link rel="stylesheet" href="{up}site.css">\n</head>\n'
        f"<body>\n<nav>{nav}</nav>\n<main>\n{linked(html_of(markdown), source)}</main>\n"
        f'<script src="{up}katex/katex.min.js"></script>\n'
        f"<script>{SCRIPT}</script>\n"
        "</body>\n</html>\n"
    )


MENU = (
    *("tour", "mathematics", "conventions", "operations", "laws", "paper-to-code"),
    *("verify-your-notes", "new-op", "limits", "why", "contributing", "changelog"),
)


def build(folder: Path) -> list[Path]:
    """Write the site; what was written."""
    written = []
    for source in sources():
        to = folder / target(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(page(source, (ROOT / source).read_text("utf-8")), encoding="utf-8")
        written.append(to)
    for picture in [*(ROOT / "docs").rglob("*.png"), *(ROOT / "derivations").glob("*.svg")]:
        to = folder / picture.relative_to(ROOT)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, to)
    shutil.copyfile(ROOT / "docs" / "site.css", folder / "site.css")
    shutil.copytree(KATEX, folder / "katex", dirs_exist_ok=True)
    return written


if __name__ == "__main__":
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    print(f"{len(build(out))} pages in {out}")
