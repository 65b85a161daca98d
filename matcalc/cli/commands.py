"""One function per command: from the arguments to an answer. No mathematics here."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matcalc.cli.showing import Answer, table, working
from matcalc.cli.sources import network_of, read_file, symbols_of
from matcalc.errors import MatcalcError, UnknownNameError


def derive(given: Namespace) -> Answer:
    """The backward pass, in the format, view, layout and notation asked for."""
    with working("deriving"):
        derivation = _derivation(given)
        return Answer(_shown(derivation, given), remarks=_assumed(derivation, given))


def _derivation(given: Namespace) -> Any:
    import matcalc as mc

    found = network_of(given.what, given.shapes, given.assume)
    if isinstance(found, mc.Derivation):
        return found
    return mc.derive(
        found,
        _names(given.wrt),
        layout=getattr(given, "layout", "denominator"),
        upstream=getattr(given, "upstream", None),
    )


def _assumed(derivation: Any, given: Namespace) -> tuple[str, ...]:
    assumed = derivation.assumed
    return (f"assumed {', '.join(assumed)}; change with --shapes",) if assumed else ()


def _names(said: str | None) -> list[str] | None:
    if said is None:
        return None
    found = [name.strip() for name in said.split(",") if name.strip()]
    if not found:
        raise MatcalcError("no name is given; write for example --wrt W1,b1")
    return found


# What the ending of a file says about the format that is written into it.
REPORTS = {
    ".txt": "text",
    ".tex": "latex",
    ".md": "markdown",
    ".html": "html",
    ".json": "json",
}
PAGES = {**REPORTS, ".tex": "tex", ".ipynb": "notebook"}
DRAWINGS = {
    ".svg": "svg",
    ".tex": "tikz",
    ".tikz": "tikz",
    ".dot": "dot",
    ".gv": "dot",
    ".txt": "text",
}


def _format(given: Namespace, endings: Mapping[str, str]) -> str:
    """The format that is asked for, or else the one that the ending of the file means."""
    ending = Path(given.output or "").suffix
    if not given.format and ending and ending not in endings:
        raise MatcalcError(
            f"a file {ending} is not written: choose among {', '.join(endings)}, or say --format"
        )
    return str(given.format or endings.get(ending, "text"))


def _shown(derivation: Any, given: Namespace) -> str:
    options = _options(derivation, given)
    form = _format(given, PAGES)
    if form == "text":
        if given.lines and len(options) == 1:
            return "\n".join(map(_plain_line, map(derivation.line, _names(given.lines) or [])))
        return str(derivation.to_text(**options))
    if form == "json":
        from matcalc.api.plain import as_data

        return json.dumps(as_data(derivation, _names(given.lines)), indent=2, ensure_ascii=False)
    if form in ("latex", "tex"):
        return str(derivation.to_latex(document=form == "tex", **options))
    return str(getattr(derivation, f"to_{form}")(**options))


def _plain_line(line: Any) -> str:
    import matcalc as mc

    return f"{line.name} = {mc.text(line.value)}"


def _options(derivation: Any, given: Namespace) -> dict[str, Any]:
    """The keyword arguments of a page."""
    options: dict[str, Any] = {}
    for name in ("view", "of", "detail"):
        if (value := getattr(given, name, None)) is not None:
            options[name] = value
    if given.notation is not None:
        options["notation"] = notation_of(given.notation)
    if given.lines:
        options["lines"] = [derivation.line(name).name for name in _names(given.lines) or []]
    return options


def notation_of(said: str) -> Any:
    """A preset by its name, or a notation from a file."""
    import matcalc as mc
    from matcalc.notation import PRESETS

    if said in PRESETS:
        return mc.Notation.of(said)
    if Path(said).exists():
        return mc.Notation.load(said)
    raise UnknownNameError(
        f"there is no notation {said}, nor a file of that name; there are {', '.join(PRESETS)}"
    )


def check(given: Namespace) -> Answer:
    """The closed form against differences."""
    import matcalc as mc

    with working("checking"):
        found = network_of(given.what, given.shapes, given.assume)
        if isinstance(found, mc.Derivation):
            report = found.check(seed=given.seed, trials=given.trials)
            return Answer(str(report), 0 if report else 1, style="good" if report else "bad")
        report = mc.check(found, _names(given.wrt), seed=given.seed, trials=given.trials)
        assumed = getattr(found, "assumed", ())
        remarks = (f"assumed {', '.join(assumed)}; change with --shapes",) if assumed else ()
    return Answer(str(report), 0 if report else 1, remarks, "good" if report else "bad")


def verify(given: Namespace) -> Answer:
    """A document line by line, or one claim."""

    network = network_of(given.network, given.shapes, given.assume) if given.network else None
    macros = read_file(given.macros) if given.macros else None
    if given.what == "-" or given.what.endswith((".tex", ".md", ".ipynb")):
        from matcalc.api.givens import verify_with

        text = sys.stdin.read() if given.what == "-" else read_file(given.what)
        shapes = symbols_of(given.shapes) if network is None else None
        with working("reading"):
            report = verify_with(text, network, macros=macros, shapes=shapes, layout=given.layout)
        return _reported(report, given)
    if network is None:
        raise MatcalcError(
            "a claim is about a network: add --network NET, a file or a formula, "
            "or give a document, as in matcalc verify homework.tex"
        )
    return _one_claim(given, network)


def _reported(report: Any, given: Namespace) -> Answer:
    """The report in the format asked for; a document in which nothing was judged is not fine."""
    form = _format(given, REPORTS)
    text = (
        report.to_text(everything=given.all) if form == "text" else getattr(report, f"to_{form}")()
    )
    if not report:
        return Answer(text, 1, style="bad")
    if report.counts.get("holds"):
        return Answer(text, 0, style="good")
    return Answer(text, 2, ("nothing in it could be judged",))


def _one_claim(given: Namespace, network: Any) -> Answer:
    import matcalc as mc

    left, equals, right = given.what.strip().partition("=")
    if not equals or not left.strip() or not right.strip():
        raise mc.ParseError("a claim reads dW1 = X'*(P - Y)", given.what, 0)
    derivation = mc.derive(network, layout=given.layout or "denominator")
    name = left.strip()
    known = derivation.record.problem.names
    if name not in known and name.removeprefix("d") in known:
        name = name.removeprefix("d")
    if name not in {str(s) for s in derivation.record.arrivals}:
        derivation = mc.derive(network, [name], layout=given.layout or "denominator")
    verdict = derivation.verify(name, right.strip())
    assumed = getattr(network, "assumed", ())
    remarks = (f"assumed {', '.join(assumed)}; change with --shapes",) if assumed else ()
    try:
        holds = bool(verdict)
    except MatcalcError:
        return Answer(verdict.to_text(), 2, remarks)
    return Answer(verdict.to_text(), 0 if holds else 1, remarks, "good" if holds else "bad")


def export(given: Namespace) -> Answer:
    """The lines by name, for a document in TeX."""
    with working("deriving"):
        derivation = _derivation(given)
        formulas = derivation.formulas(**_options(derivation, given))
        return Answer(formulas.rstrip("\n"), remarks=_assumed(derivation, given))


def code(given: Namespace) -> Answer:
    """The gradients as a program."""
    with working("writing code"):
        derivation = _derivation(given)
        return Answer(derivation.source(given.backend), remarks=_assumed(derivation, given))


def draw(given: Namespace) -> Answer:
    """The computation graph."""
    wanted = _format(given, DRAWINGS)
    derivation = _derivation(given)
    notation = notation_of(given.notation) if given.notation else None
    graph = derivation.graph(given.grain, notation=notation)
    drawn = getattr(graph, wanted)
    return Answer(drawn() if callable(drawn) else str(drawn), remarks=_assumed(derivation, given))


def gallery(given: Namespace) -> Answer:
    """The worked networks, or one of them."""
    from matcalc.gallery import names, text_of, title_of

    if not given.name:
        listing = table([(name, title_of(name)) for name in names()])
        return Answer(f"{listing}\n\nmatcalc gallery NAME derives one; --source prints its text")
    text = text_of(given.name)
    if given.source:
        return Answer(text)
    import matcalc as mc

    derivation = mc.derive(mc.parse(text), layout=given.layout)
    return Answer(_shown(derivation, given))


def ops(given: Namespace) -> Answer:
    """The words of the text language."""
    import difflib

    import matcalc as mc  # noqa: F401 - fills the table
    from matcalc.ops import FUNCTIONS

    for word in given.word:
        if word not in FUNCTIONS:
            near = difflib.get_close_matches(word, FUNCTIONS, 1)
            hint = f"did you mean {near[0]}?" if near else "matcalc ops lists them all"
            raise UnknownNameError(f"there is no word {word}; {hint}")
    rows = [(word, _said(FUNCTIONS[word])) for word in given.word or sorted(FUNCTIONS)]
    return Answer(table(rows))


def _said(fn: Any) -> str:
    return (fn.__doc__ or "").strip().partition("\n")[0].replace("``", "")


def serve(given: Namespace) -> Answer:
    """The page on this machine, until Ctrl-C."""
    try:
        from matcalc.web.serving import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise MatcalcError(f'the page needs {error.name}: pip install "matcalc[web]"') from None
    run(port=given.port, seconds=given.seconds, browser=not given.no_browser)
    return Answer("stopped")
