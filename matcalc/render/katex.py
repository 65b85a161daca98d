"""KaTeX without a network: its files live in ``assets/katex``, under their own licence.

With the package quickjs formulas are set here, and a page needs no script; without it the page
carries KaTeX along and sets its formulas itself. Either way it looks the same.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from matcalc.errors import MatcalcError

# Font families that only some formulas need, by the commands that call for them.
RARE = {
    "KaTeX_Fraktur": r"\\mathfrak",
    "KaTeX_Script": r"\\mathscr",
    "KaTeX_SansSerif": r"\\mathsf|\\textsf",
    "KaTeX_Typewriter": r"\\mathtt|\\texttt",
    "KaTeX_Caligraphic": r"\\mathcal",
    "KaTeX_AMS": r"\\mathbb|\\lesssim",
}


def asset(name: str) -> bytes:
    """A file of KaTeX."""
    return files("matcalc.render").joinpath("assets", "katex", name).read_bytes()


@lru_cache(maxsize=1)
def engine() -> Any | None:
    """A JavaScript engine that knows KaTeX, or None where there is none."""
    try:
        import quickjs
    except ImportError:
        return None
    context = quickjs.Context()
    context.eval("var exports = undefined, module = undefined;")  # so that KaTeX makes a global
    context.eval(asset("katex.min.js").decode("utf-8"))
    context.eval(
        "function typeset(tex, display) { return katex.renderToString(tex, {displayMode: display,"
        " strict: 'error', throwOnError: true, trust: false, maxExpand: 100000, output: 'htmlAndMathml'}); }"
    )
    return context


def typeset(latex: str, display: bool = True) -> str:
    """A formula as HTML with MathML inside; what KaTeX refuses in strict mode is an error."""
    context = engine()
    if context is None:
        raise MatcalcError("setting formulas needs the package quickjs")
    try:
        return str(context.get("typeset")(latex, display))
    except Exception as error:  # quickjs has one exception for whatever the script raises
        reason = str(error).strip().splitlines()[0]
        raise MatcalcError(f"KaTeX cannot read {latex!r}: {reason}") from error


def stylesheet(latex: str = "") -> str:
    """KaTeX's CSS with the fonts inside that formulas such as ``latex`` need."""
    css = asset("katex.min.css").decode("utf-8")
    faces = re.findall(r"@font-face\{.*?\}", css)
    kept = []
    for face in faces:
        family = re.search(r"font-family:\"?(\w+)", face)
        source = re.search(r"url\((fonts/[\w-]+\.woff2)\)", face)
        assert family is not None
        assert source is not None
        pattern = RARE.get(family[1])
        if pattern and not re.search(pattern, latex):
            continue
        data = base64.b64encode(asset(source[1])).decode("ascii")
        kept.append(
            re.sub(r"src:[^}]*", f'src:url(data:font/woff2;base64,{data}) format("woff2")', face)
        )
    return "".join(kept) + re.sub(r"@font-face\{.*?\}", "", css)
