"""What became of a document: every equation in order, counts first."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import Any

from matcalc.judging.verdict import FAILURES, SENTENCE, Verdict

WORDS = (
    ("holds", "hold"),
    ("wrong", "wrong"),
    ("needs-convention", "need a convention"),
    ("defines", "definitions"),
    ("assumes", "assumptions"),
    ("update", "updates"),
    ("blank", "blanks"),
    ("unreadable", "unread"),
)


@dataclass(frozen=True)
class Entry:
    """One equation of the document."""

    line: int
    text: str
    verdict: Verdict
    cell: int | None = None
    follows: int | None = None  # right, given the wrong line with this number

    @property
    def place(self) -> str:
        return f"line {self.line}" if self.cell is None else f"cell {self.cell}, line {self.line}"


@dataclass(frozen=True)
class Report:
    """The verdicts on a document, in its order."""

    entries: tuple[Entry, ...]

    @property
    def wrong(self) -> tuple[Entry, ...]:
        """The equations that fail, those that only follow from a wrong one included."""
        return tuple(e for e in self.entries if e.verdict.status in FAILURES)

    def __bool__(self) -> bool:
        return not self.wrong

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.entries)

    @property
    def counts(self) -> dict[str, int]:
        """How many equations there are of each kind."""
        found = Counter(
            "wrong" if e.verdict.status in FAILURES else e.verdict.status for e in self.entries
        )
        return {name: found[name] for name, _ in WORDS if found[name]}

    @property
    def headline(self) -> str:
        """``31 equations: 22 hold, 3 wrong, 4 definitions, 2 unread``."""
        words = dict(WORDS)
        total = len(self.entries)
        parts = ", ".join(f"{n} {words[name]}" for name, n in self.counts.items())
        return f"{total} equation{'s' if total != 1 else ''}: {parts or 'nothing to judge'}"

    def to_text(self, *, everything: bool = False) -> str:
        """The report; lines that hold are listed only if ``everything`` is asked for."""
        rows = [self.headline]
        for entry in self.entries:
            verdict = entry.verdict
            loud = verdict.status in (*FAILURES, "needs-convention", "unreadable")
            if not (loud or everything):
                continue
            mark = f"; follows from line {entry.follows}" if entry.follows is not None else ""
            rows += ["", f"{entry.place}: {SENTENCE[verdict.status]}{mark}", f"  {entry.text}"]
            if verdict.slip:
                rows.append(f"  slip: {verdict.slip}")
            if verdict.explanation:
                rows.append(f"  {verdict.explanation}")
            if verdict.correction:
                rows.append(f"  correct: {verdict.correction}")
        return "\n".join(rows)

    __str__ = to_text

    def to_markdown(self) -> str:
        """Every equation as a row of a table."""
        rows = [self.headline, "", "| line | equation | verdict | correct |", "|---:|---|---|---|"]
        return "\n".join([*rows, *map(self.row, self.entries)])

    @staticmethod
    def row(entry: Entry) -> str:
        """One equation as a row of a Markdown table."""
        verdict = entry.verdict
        said = SENTENCE[verdict.status]
        if verdict.slip:
            said += f" ({verdict.slip})"
        if entry.follows is not None:
            said += f"; follows from line {entry.follows}"
        correction = f"${_cell(verdict.correction)}$" if verdict.correction else ""
        return f"| {entry.line} | ${_cell(entry.text)}$ | {_cell(said)} | {correction} |"

    def to_latex(self) -> str:
        """The report as paragraphs of LaTeX: the count, then every line that is not in order."""
        rows = [f"{self.headline}.", ""]
        for entry in self.entries:
            verdict = entry.verdict
            if verdict.status in (*FAILURES, "needs-convention", "unreadable"):
                rows += [rf"\paragraph{{{entry.place}}}", verdict.to_latex(), ""]
        return "\n".join(rows)

    def to_html(self) -> str:
        """The report as an HTML fragment; formulas stand between ``\\(`` and ``\\)``."""
        rows = [f'<section class="report"><h2>{escape(self.headline)}</h2>']
        for entry in self.entries:
            rows += [
                f"<article><h3>{escape(entry.place)}</h3>",
                entry.verdict.to_html(),
                "</article>",
            ]
        return "\n".join([*rows, "</section>"])

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "headline": self.headline,
            "counts": self.counts,
            "equations": [
                {"line": e.line, "cell": e.cell, "text": e.text, "follows": e.follows,
                 **e.verdict.to_dict()}
                for e in self.entries
            ],
        }  # fmt: skip

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\vert ")
