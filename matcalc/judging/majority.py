"""A document that does not say its layout is read in the one that most of its lines are written in."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from matcalc.judging.documents import verify_text
from matcalc.judging.report import Entry, Report

RARE = 6  # one line in so many is an exception
CLEAR = 2  # lines for the other layout to one for this
DERIVATIVE = re.compile(r"\\(?:partial|nabla|mathrm\{d\})|\bd[A-Za-z]")
NAMED = re.compile(r"(denominator|mixed|numerator) layout( of vec)?")


def verify_page(text: str, *, layout: str | None = None, **options: Any) -> Report:
    """The report in the layout asked for, else in that of most lines; denominator in doubt."""
    report = verify_text(text, layout=layout, **options)
    wanted = Counter(
        found.groups()
        for entry in report.entries
        if entry.verdict.status == "needs-convention"
        and (found := NAMED.search(entry.verdict.explanation)) is not None
    )
    derivatives = sum(bool(DERIVATIVE.search(entry.text)) for entry in _holding(report))
    if layout is not None or sum(wanted.values()) * RARE <= derivatives:
        return report
    name, vec = wanted.most_common(1)[0][0]
    other = verify_text(text, favoured=(name, bool(vec)), **options)
    mine, theirs = ({id_of(e) for e in _holding(r)} for r in (report, other))
    return other if len(theirs - mine) > CLEAR * len(mine - theirs) else report


def _holding(report: Report) -> list[Entry]:
    return [entry for entry in report.entries if entry.verdict.status == "holds"]


def id_of(entry: Entry) -> tuple[int | None, int, str]:
    """Where an equation stands, and what it says."""
    return entry.cell, entry.line, entry.text
