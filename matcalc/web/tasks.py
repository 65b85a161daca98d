"""What the page can ask for: from plain data to plain data, run in a process of its own.

Whatever comes in is text from a form. It is parsed by our own grammars; nothing here opens a file,
a connection or an interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import matcalc as mc
from matcalc.api.givens import verify_with
from matcalc.api.plain import as_data
from matcalc.notation import PRESETS
from matcalc.render.blocks import (
    Block,
    Code,
    Formula,
    Heading,
    Picture,
    Prose,
    Row,
    Table,
    with_references,
)
from matcalc.web.limits import LIMITS, limited

Answer = dict[str, Any]
Given = Mapping[str, Any]


class Refused(Exception):
    """A request that the page itself would never make."""


def answer(task: str, given: Given) -> Answer:
    """The answer to a request; an error of the user's is an answer too, with its place."""
    try:
        return TASKS[task](given)
    except mc.MatcalcError as error:
        return {"error": trouble(error)}
    except (RecursionError, MemoryError):
        return {"error": {"message": "this is too deep or too large to work on"}}
    except Refused as error:
        return {"error": {"message": str(error)}}
    except Exception as error:  # our mistake; the page says so and lives on
        return {
            "error": {
                "message": f"this should not happen, and is our mistake: {type(error).__name__}"
            }
        }


def trouble(error: mc.MatcalcError) -> Answer:
    """An error as the editor shows it: the reason, and which characters are meant."""
    position = getattr(error, "position", None)
    said: Answer = {
        "message": str(getattr(error, "reason", "") or error),
        "kind": type(error).__name__,
    }
    if position is not None:
        said["position"] = int(position)
    return said


def _text(given: Given, key: str, most: int = LIMITS.text, default: str = "") -> str:
    value = given.get(key, default)
    if value is None:
        return default
    if not isinstance(value, str):
        raise Refused(f"{key} is a text")
    if len(value) > most:
        raise Refused(f"{key} is longer than {most} characters")
    return value


def _choice(given: Given, key: str, among: Any, default: str) -> str:
    value = given.get(key) or default
    if not isinstance(value, str) or value not in among:
        raise Refused(f"{key} is one of {', '.join(among)}")
    return value


# -- derive ---------------------------------------------------------------------------------------

VIEWS = ("backprop", "chain", "differential", "index", "paths", "batch", "vec")
LAYOUTS = ("denominator", "numerator", "mixed")
BACKENDS = ("numpy", "jax", "torch")
DETAILS = ("brief", "normal", "full")
ABOUT_ONE = ("chain", "differential", "index", "paths", "vec")


def _network(given: Given) -> Any:
    network = mc.parse(_text(given, "text"))
    limited(network)
    return network


def _derivation(given: Given) -> Any:
    network = _network(given)
    wrt = [name.strip() for name in _text(given, "wrt", 1000).split(",") if name.strip()]
    upstream = _text(given, "upstream", 100).strip() or None
    layout = _choice(given, "layout", LAYOUTS, "denominator")
    return mc.derive(network, wrt or None, upstream=upstream, layout=layout)


def _notation(given: Given) -> Any:
    return mc.Notation.of(_choice(given, "notation", PRESETS, "plain"))


def _options(given: Given, derivation: Any) -> dict[str, Any]:
    view = _choice(given, "view", VIEWS, "backprop")
    options: dict[str, Any] = {
        "view": view,
        "notation": _notation(given),
        "detail": _choice(given, "detail", DETAILS, "normal"),
    }
    of = _text(given, "of", 100).strip()
    if of in derivation.gradients and view in ABOUT_ONE:
        options["of"] = of
    return options


def derive(given: Given) -> Answer:
    """A derivation as blocks, with what was assumed and what can be asked next."""
    derivation = _derivation(given)
    options = _options(given, derivation)
    page = derivation.page(**options)
    cite = page.citing(lambda name, number: f"({number})")
    return {
        "title": page.title,
        "assumed": list(derivation.assumed),
        "blocks": [_block(block, cite) for block in page.blocks],
        "variables": list(derivation.gradients),
        "scalar": not derivation.output.shape,
    }


def _block(block: Block, cite: Callable[[str], str]) -> Answer:
    if isinstance(block, Heading):
        return {"kind": "heading", "text": block.text, "level": block.level}
    if isinstance(block, Prose):
        return {"kind": "prose", "text": with_references(block.text, cite)}
    if isinstance(block, Formula):
        return {"kind": "formula", "rows": [_row(row, cite) for row in block.rows]}
    if isinstance(block, Table):
        return {"kind": "table", "head": list(block.head), "rows": [list(r) for r in block.rows]}
    if isinstance(block, Code):
        return {"kind": "code", "text": block.text}
    assert isinstance(block, Picture)
    return {"kind": "picture", "svg": block.svg, "text": block.text}


def _row(row: Row, cite: Callable[[str], str]) -> Answer:
    return {
        "name": row.name,
        "note": with_references(row.note, cite),
        "number": row.number,
        "latex": row.latex,
        "left": row.left,
        "sides": [{"latex": side.latex, "reason": side.reason} for side in row.sides],
        "result": row.result,
    }


def graph(given: Given) -> Answer:
    """The computation graph as a picture, and in words."""
    derivation = _derivation(given)
    drawn = derivation.graph(
        _choice(given, "grain", ("steps", "operations"), "steps"), notation=_notation(given)
    )
    svg, text = (part() if callable(part) else part for part in (drawn.svg, drawn.text))
    return {"svg": svg, "text": text}


def check(given: Given) -> Answer:
    """The gradients against differences."""
    report = _derivation(given).check(trials=3)
    return {
        "ok": bool(report),
        "text": str(report),
        "method": report.method,
        "error": None,
        "sizes": [", ".join(f"{k} = {v}" for k, v in s.items()) for s in report.sizes],
    }


def code(given: Given) -> Answer:
    """The gradients as a program."""
    backend = _choice(given, "backend", BACKENDS, "numpy")
    return {"code": _derivation(given).source(backend)}


FORMATS = {
    "text": ("txt", "text/plain"),
    "latex": ("tex", "text/x-tex"),
    "tex": ("tex", "text/x-tex"),
    "markdown": ("md", "text/markdown"),
    "html": ("html", "text/html"),
    "notebook": ("ipynb", "application/x-ipynb+json"),
    "json": ("json", "application/json"),
}


def export(given: Given) -> Answer:
    """The derivation as a file."""
    import json

    derivation = _derivation(given)
    options = _options(given, derivation)
    wanted = _choice(given, "format", FORMATS, "latex")
    ending, kind = FORMATS[wanted]
    if wanted == "json":
        content = json.dumps(as_data(derivation), indent=2, ensure_ascii=False)
    elif wanted == "text":
        content = derivation.to_text()
    elif wanted in ("latex", "tex"):
        content = derivation.to_latex(document=wanted == "tex", **options)
    else:
        content = getattr(derivation, f"to_{wanted}")(**options)
    return {"content": content, "name": f"derivation.{ending}", "type": kind}


# -- verify ---------------------------------------------------------------------------------------

MARKS = {
    "holds": "✓",
    "fails": "✗",
    "shape-error": "✗",
    "index-error": "✗",
    "range-error": "✗",
    "needs-convention": "?",
    "unreadable": "?",
}


def verify(given: Given) -> Answer:
    """A derivation by hand, line by line: LaTeX as a document, else claims of the text language."""
    notes = _text(given, "notes")
    if not notes.strip():
        raise Refused("paste a derivation on the left")
    network = _network(given) if _text(given, "text").strip() else None
    if "\\" in notes or "$" in notes:
        layout = _choice(given, "layout", ("", *LAYOUTS), "") or None
        return _document(verify_with(notes, network, layout=layout))
    if network is None:
        raise Refused("claims in the text language are about a network: write it on the left")
    return _claims(notes, network, _choice(given, "layout", LAYOUTS, "denominator"))


def _document(report: Any) -> Answer:
    lines = [_verdict(entry.verdict, entry.text, entry.line) for entry in report]
    return {"lines": lines, "summary": report.headline}


def _claims(notes: str, network: Any, layout: str) -> Answer:
    derivation = mc.derive(network, layout=layout)
    known = {str(s) for s in derivation.record.arrivals}
    lines = []
    rows = notes.splitlines()
    if len(rows) > LIMITS.claims:
        raise Refused(f"at most {LIMITS.claims} lines at once")
    for number, row in enumerate(rows, start=1):
        said = row.partition("#")[0].strip()
        if not said:
            continue
        left, equals, right = said.partition("=")
        name = left.strip()
        name = name if name in known else name.removeprefix("d")
        if not equals or name not in known:
            about = ", ".join(f"d{n}" for n in sorted(known))
            lines.append(
                _said(
                    "unreadable", number, said, f"a claim reads dW = ...; it can be about {about}"
                )
            )
            continue
        try:
            lines.append(_verdict(derivation.verify(name, right.strip()), said, number))
        except mc.MatcalcError as error:
            reason = str(getattr(error, "reason", "") or error)
            lines.append(_said("unreadable", number, said, reason))
    return {"lines": lines, "summary": _summary(lines)}


def _verdict(verdict: Any, claim: str, number: int) -> Answer:
    found = _said(verdict.status, number, claim, verdict.explanation)
    found.update(slip=verdict.slip, correction=verdict.correction, certainty=verdict.certainty)
    return found


def _said(status: str, number: int, claim: str, explanation: str) -> Answer:
    return {
        "status": status,
        "mark": MARKS.get(status, "·"),
        "line": number,
        "claim": claim,
        "explanation": explanation,
        "slip": "",
        "correction": "",
        "certainty": "",
    }


def _summary(lines: list[Answer]) -> str:
    claims = [line for line in lines if line["status"] in MARKS]
    good = sum(line["status"] == "holds" for line in claims)
    return f"{good} of {len(claims)} lines hold"


TASKS: dict[str, Callable[[Given], Answer]] = {
    "derive": derive,
    "graph": graph,
    "check": check,
    "code": code,
    "export": export,
    "verify": verify,
}
