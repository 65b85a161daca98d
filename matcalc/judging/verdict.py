"""A verdict: what was claimed, whether it holds, and the slip if it does not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from matcalc.errors import MatcalcError

Status = Literal[
    "holds",
    "fails",
    "shape-error",
    "index-error",
    "range-error",
    "needs-convention",
    "unreadable",
    "defines",
    "assumes",
    "update",
    "blank",
]
FAILURES = ("fails", "shape-error", "index-error", "range-error")
FORMULA = re.compile(r"[\\^{}]|\w_\w")
MATRIX = re.compile(r"\[([-+.\de ;]+)\]")
SENTENCE = {
    "holds": "holds",
    "fails": "is wrong",
    "shape-error": "is wrong: the shapes do not fit",
    "index-error": "is wrong: an index does not exist",
    "range-error": "is right, but its range is wrong",
    "needs-convention": "is true under another convention only",
    "unreadable": "could not be judged",
    "defines": "defines a name",
    "assumes": "states an assumption",
    "update": "is an update",
    "blank": "is left to be filled in",
}


@dataclass(frozen=True)
class Verdict:
    """What became of one claim. ``bool()`` is true for ``holds`` and false for the failures."""

    status: Status
    claim: str
    slip: str = ""  # the class of error
    correction: str = ""  # the line as it should be
    explanation: str = ""
    certainty: str = ""
    reading: str = ""
    first_wrong_step: int | None = None  # right-hand sides counted from 1
    counterexample: str = ""
    assumptions: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        if self.status == "holds":
            return True
        if self.status in FAILURES:
            return False
        raise MatcalcError(
            f"the verdict on {self.claim!r} is neither true nor false: {self.status}"
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What there is to say besides the line and its status, in order: (label, sentence)."""
        late = self.first_wrong_step is not None and self.first_wrong_step > 1
        step = f"number {self.first_wrong_step}" if late else ""
        found = (
            ("slip", self.slip),
            ("first wrong step", step),
            ("why", self.explanation),
            ("certainty", self.certainty),
            ("read as", self.reading),
            ("correct", self.correction),
            ("counterexample", self.counterexample),
            *(("assumed", part) for part in self.assumptions),
        )
        return tuple((label, said) for label, said in found if said)

    def to_text(self) -> str:
        """The verdict in a few lines."""
        rows = [f"{self.claim}: {self.status}{f' ({self.slip})' if self.slip else ''}"]
        for label, said in self.facts:
            if label == "counterexample":
                rows += ["  counterexample:", *(f"    {x}" for x in said.splitlines())]
            elif label == "first wrong step":
                rows.append(f"  the first wrong step is {said}")
            elif label in ("why", "certainty"):
                rows.append(f"  {said}")
            elif label != "slip":
                rows.append(f"  {label}: {said}")
        return "\n".join(rows)

    __str__ = to_text

    def to_latex(self) -> str:
        """The verdict as a paragraph of LaTeX."""
        rows = [rf"\[ {self.claim} \]", rf"\textbf{{{SENTENCE[self.status]}}}."]
        for label, said in self.facts:
            if label == "slip":
                rows.append(rf"\emph{{{worded(said)}.}}")
            elif label == "first wrong step":
                rows.append(f"The first wrong step is {said}.")
            elif label == "correct":
                rows += ["Correct:", rf"\[ {said} \]"]
            elif label == "counterexample":
                rows += ["For example, at", *worked_out(said)]
            elif label in ("why", "certainty"):
                rows.append(f"{_sentence(worded(said))}")
            else:
                rows.append(f"{label.capitalize()}: {_sentence(worded(said))}")
        return "\n".join(rows)

    def to_html(self) -> str:
        """The verdict as a block of HTML; formulas stand between ``\\(`` and ``\\)``."""
        rows = [
            f'<div class="verdict {self.status}">',
            rf'<p class="claim">\({escape(self.claim)}\) <strong>{SENTENCE[self.status]}</strong></p>',
        ]
        for label, said in self.facts:
            kind = label.replace(" ", "-")
            if label == "correct":
                rows.append(rf'<p class="correction">Correct: \({escape(said)}\)</p>')
            elif label == "counterexample":
                rows.append(f'<pre class="counterexample">{escape(said)}</pre>')
            elif label in ("slip", "why", "certainty"):
                rows.append(f'<p class="{kind}">{escape(said)}</p>')
            else:
                rows.append(f'<p class="{kind}">{escape(f"{label.capitalize()}: {said}")}</p>')
        return "\n".join([*rows, "</div>"])

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain data."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        data["assumptions"] = list(self.assumptions)
        return data


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def worded(sentence: str) -> str:
    """Words with formulas among them, safe for LaTeX: what carries a command stands in dollars."""
    pieces: list[str] = []
    for word in sentence.split(" "):
        if pieces and pieces[-1].count("{") > pieces[-1].count("}"):
            pieces[-1] += f" {word}"  # a formula with blanks in it
        else:
            pieces.append(word)
    return " ".join(_in_dollars(piece) for piece in pieces)


def _in_dollars(piece: str) -> str:
    bare = piece.rstrip(",;.:")
    if FORMULA.search(bare):
        return f"${bare}${piece[len(bare) :]}"
    return re.sub(r"([%&#_$])", r"\\\1", piece)


def worked_out(counterexample: str) -> list[str]:
    """The rows of a counterexample as formulas, matrices as matrices."""
    rows = []
    for row in counterexample.splitlines():
        lead = next((w for w in ("then ", "at ") if row.startswith(w)), "")
        formula = MATRIX.sub(_matrix, row[len(lead) :].removesuffix(":"))
        formula = re.sub(r" \((a number|\w+ x \w+)\)$", r" \\quad\\text{(\1)}", formula)
        said = rf"\text{{{lead}}}" if lead else ""
        rows.append(rf"\[ {said}{formula} \]")
    return rows


def _matrix(found: re.Match[str]) -> str:
    rows = [" & ".join(row.split()) for row in found[1].split(";")]
    return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"
