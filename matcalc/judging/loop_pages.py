"""A page about a network with families: every equation, written out for each place, in its place.

What the page defines on its way is known to all of its lines; a line that does not hold without these
definitions is judged once more with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from matcalc.errors import MatcalcError
from matcalc.judging.instances import Judge, verify_instances
from matcalc.judging.passages import Line, lines_of
from matcalc.judging.report import Entry, Report
from matcalc.judging.verdict import Verdict
from matcalc.network import Network

SOUND = frozenset({"holds", "defines", "assumes", "update", "blank"})


def verify_loop_page(text: str, network: Network, judge: Judge, macros: Any = None) -> Report:
    """Judge every equation of a document whose names are members of families."""
    lines = [line for line in lines_of(text, macros) if _claims(line, network)]
    entries = [Entry(ln.number, ln.text, _first(ln, network, judge), ln.cell) for ln in lines]
    given = [e.text for e in entries if e.verdict.status == "defines"]
    return Report(tuple(_again(entries, given, network, judge)))


def _claims(line: Line, network: Network) -> bool:
    """Whether a passage says that something equals something; words around it are for readers, and
    so is how far an index runs."""
    if line.error:
        return True
    name = line.text.partition("=")[0].strip()
    return not line.said and bool(line.relation.signs) and name not in network.spans


def _first(line: Line, network: Network, judge: Judge) -> Verdict:
    if line.error or line.skipped:
        return Verdict("unreadable", line.text, explanation=line.error or line.skipped)
    return _judged(line.text, network, judge, [])


def _again(
    entries: list[Entry], given: list[str], network: Network, judge: Judge
) -> Iterator[Entry]:
    for entry in entries:
        if not given or entry.verdict.status in SOUND:
            yield entry
            continue
        others = [line for line in given if line != entry.text]
        verdict = _judged(entry.text, network, judge, others)
        yield replace(entry, verdict=verdict) if verdict.status != "unreadable" else entry


def _judged(text: str, network: Network, judge: Judge, given: list[str]) -> Verdict:
    try:
        return verify_instances(text, network, judge, given)
    except MatcalcError as error:
        return Verdict("unreadable", text, explanation=str(error))
