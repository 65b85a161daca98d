"""A document about a network that stands elsewhere: it is put in front, as notes would say it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from matcalc.api.judges import verify_document
from matcalc.errors import MatcalcError
from matcalc.judging.report import Report
from matcalc.network import Network
from matcalc.render.latex import latex_of
from matcalc.shapes import listed, show_dim


def statements(network: Network) -> list[str]:
    """What a network declares and defines, as formulas of LaTeX.

    >>> from matcalc.api.parsing import parse
    >>> statements(parse("w : d x 1; L = w'*w; minimize L"))
    ['w \\\\in \\\\mathbb{R}^{d \\\\times 1}', 'L = w^{\\\\top} w']
    """
    found = []
    for symbol in (*network.inputs.values(), *network.params.values()):
        size = r" \times ".join(map(show_dim, symbol.shape))
        found.append(rf"{latex_of(symbol)} \in \mathbb{{R}}{f'^{{{size}}}' if size else ''}")
    found += [f"{latex_of(s.symbol)} = {latex_of(s.definition)}" for s in network.steps]
    return found


def verify_with(text: str, network: Network | None, **options: Any) -> Report:
    """The verdicts on a document in which the names of a network may be used."""
    if network is None:
        return verify_document(text, **options)
    if network.facts:
        facts = listed([str(fact) for fact in network.facts])
        raise MatcalcError(
            f"a document is judged without facts, but the network assumes {facts}: "
            "leave that out, or write the network on the page"
        )
    if text.lstrip().startswith("{"):
        raise MatcalcError(
            "a notebook must define its network itself; --network is for .tex and .md"
        )
    # On one line, so that the lines of the document are one off.
    front = "Let " + ", ".join(f"${said}$" for said in statements(network)) + ".\n"
    report = verify_document(front + text, **options)
    entries = [
        replace(e, line=e.line - 1, follows=None if e.follows is None else e.follows - 1)
        for e in report
        if e.line > 1
    ]
    return Report(tuple(entries))
