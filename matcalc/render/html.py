"""A page as one HTML file that needs nothing else: fonts, styles and pictures are inside.

It reads well in light and dark, prints without its buttons, and keeps MathML for screen readers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape

from matcalc.notation import Notation
from matcalc.render import katex
from matcalc.render.blocks import (
    Algorithm,
    Block,
    Code,
    Formula,
    Heading,
    Page,
    Picture,
    Prose,
    Row,
    Table,
    with_references,
)
from matcalc.render.markdown import citing, display

STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1b1c1e; --faint: #6a6d72;
  --line: #d9d9d4; --soft: #f2f2ee; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e6e6e3;
  --faint: #9a9da3; --line: #33363b; --soft: #1e2125; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 Georgia,
  "Times New Roman", serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; } h2 { margin-top: 2.2rem;
  border-bottom: 1px solid var(--line); } h3 { margin-top: 1.6rem; }
.formula { position: relative; margin: .5rem 0; padding: .1rem 3.6rem .1rem 0; }
.formula > .set { overflow-x: auto; overflow-y: hidden; padding: .2rem 0; }
.katex-display { margin: .4em 0; } .katex { font-size: 1.08em; }
.katex-display > .katex > .katex-html { display: inline-block; min-width: 100%;
  padding-right: 3.2em; }
button.copy { position: absolute; right: 0; top: .6rem; border: 1px solid var(--line);
  border-radius: .3rem; background: var(--soft); color: var(--faint);
  font: .75rem/1 system-ui, sans-serif; padding: .3rem .4rem; cursor: pointer; opacity: .55; }
button.copy:hover, button.copy:focus-visible { opacity: 1; color: var(--ink); }
.note { color: var(--faint); margin: 1rem 0 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: 1rem 0; } th,
  td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: left; }
pre { overflow-x: auto; background: var(--soft); padding: .8rem 1rem; border-radius: .3rem;
  font-size: .88rem; }
figure { margin: 1.5rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
@media print { button.copy { display: none; } body { background: #fff; color: #000; }
  main { max-width: none; padding: 0; } .formula { break-inside: avoid; padding-right: 0; }
  h2, h3 { break-after: avoid; } }"""

COPY = """
document.querySelectorAll('button.copy').forEach(function (b) {
  b.addEventListener('click', function () {
    var text = b.parentNode.getAttribute('data-latex');
    function done() {
      b.textContent = COPIED;
      setTimeout(function () { b.textContent = COPY; }, 1200);
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(done);
    } else {
      var area = document.createElement('textarea');
      area.value = text;
      document.body.appendChild(area);
      area.select();
      document.execCommand('copy');
      area.remove();
      done();
    }
  });
});
"""

SET_HERE = """
document.querySelectorAll('[data-tex]').forEach(function (e) {
  katex.render(e.getAttribute('data-tex'), e, {
    displayMode: e.hasAttribute('data-display'), throwOnError: false, maxExpand: 100000,
    output: 'htmlAndMathml'
  });
});
"""


def to_html(page: Page, script: bool | None = None) -> str:
    """The whole page. ``script``: whether the page sets its own formulas; by default only where
    nothing here can."""
    in_page = katex.engine() is None if script is None else script
    setter: Callable[[str, bool], str] = _later if in_page else katex.typeset
    body = "\n".join(_block(block, page, setter) for block in page.blocks)
    boxes = [block.latex for block in page.blocks if isinstance(block, Algorithm)]
    latex = " ".join([*(row.latex for row in page.rows()), *boxes])
    say = page.notation.say
    words = f"var COPY = {_in_script(say('copy'))}, COPIED = {_in_script(say('copied'))};"
    scripts = f"<script>{words}{COPY}</script>"
    if in_page:
        source = katex.asset("katex.min.js").decode("utf-8").replace("</script", "<\\/script")
        scripts = f"<script>{source}</script>\n<script>{SET_HERE}</script>\n{scripts}"
    plain = re.sub(r"\$([^$]*)\$", r"\1", page.title)
    return (
        f'<!doctype html>\n<html lang="{escape(say("en"), quote=True)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(plain)}</title>\n"
        f"<style>{katex.stylesheet(latex + body)}</style>\n<style>{STYLE}</style>\n"
        f"</head>\n<body>\n<main>\n<h1>{prose(page.title, setter)}</h1>\n{body}\n</main>\n"
        f"{scripts}\n</body>\n</html>\n"
    )


def _in_script(text: str) -> str:
    """A text as a string of JavaScript that no markup can end."""
    return json.dumps(text).replace("<", "\\u003c")


def _later(latex: str, display: bool) -> str:
    mark = " data-display" if display else ""
    return f'<span data-tex="{escape(latex, quote=True)}"{mark}>{escape(latex)}</span>'


def prose(text: str, setter: Callable[[str, bool], str]) -> str:
    """Prose with its formulas set."""
    pieces = text.split("$")
    said = "".join(
        setter(p, False) if k % 2 else escape(p, quote=False) for k, p in enumerate(pieces)
    )
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", said)


def _block(block: Block, page: Page, setter: Callable[[str, bool], str]) -> str:
    cite = citing(page)
    if isinstance(block, Heading):
        return f"<h{block.level}>{prose(block.text, setter)}</h{block.level}>"
    if isinstance(block, Prose):
        return f"<p>{prose(with_references(block.text, cite), setter)}</p>"
    if isinstance(block, Formula):
        notes = ["", *(row.note for row in block.rows)]
        return "\n".join(
            _row(row, cite, setter, row.note != before, page.notation)
            for row, before in zip(block.rows, notes, strict=False)
        )
    if isinstance(block, Table):
        head = "".join(f"<th>{prose(c, setter)}</th>" for c in block.head)
        rows = "".join(
            "<tr>" + "".join(f"<td>{prose(c, setter)}</td>" for c in row) + "</tr>"
            for row in block.rows
        )
        inside = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
        return f'<div class="wide"><table>{inside}</table></div>'
    if isinstance(block, Algorithm):
        box = Row(block.latex, ())
        return _row(box, cite, setter, False, page.notation)
    if isinstance(block, Code):
        return f"<pre><code>{escape(block.text)}</code></pre>"
    assert isinstance(block, Picture)
    return f"<figure>{block.svg}</figure>"


def _row(
    row: Row,
    cite: Callable[[str], str],
    setter: Callable[[str, bool], str],
    says: bool,
    notation: Notation,
) -> str:
    note = ""
    if row.note and says:
        said = with_references(row.note, cite)
        note = f'<p class="note">{prose(f"{said[0].upper()}{said[1:]}:", setter)}</p>\n'
    name = f' id="line-{escape(row.name)}"' if row.name else ""
    copied = escape(row.latex, quote=True)
    label = escape(notation.say("copy the LaTeX of this formula"), quote=True)
    return (
        f'{note}<div class="formula"{name} data-latex="{copied}">'
        f'<div class="set">{setter(display(row, notation), True)}</div>'
        f'<button class="copy" type="button" aria-label="{label}">'
        f"{escape(notation.say('copy'))}</button></div>"
    )
