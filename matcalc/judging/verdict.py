"""A verdict: what was claimed, whether it holds, and the slip if it does not."""

from __future__ import annotations

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

    def to_text(self) -> str:
        """The verdict in a few lines."""
        rows = [f"{self.claim}: {self.status}{f' ({self.slip})' if self.slip else ''}"]
        if self.first_wrong_step is not None and self.first_wrong_step > 1:
            rows.append(f"  the first wrong step is number {self.first_wrong_step}")
        rows += [f"  {part}" for part in (self.explanation, self.certainty) if part]
        if self.reading:
            rows.append(f"  read as: {self.reading}")
        if self.correction:
            rows.append(f"  correct: {self.correction}")
        if self.counterexample:
            rows += ["  counterexample:", *(f"    {x}" for x in self.counterexample.splitlines())]
        rows += [f"  assumed: {part}" for part in self.assumptions]
        return "\n".join(rows)

    __str__ = to_text

    def to_latex(self) -> str:
        """The verdict as a paragraph of LaTeX."""
        rows = [rf"\[ {self.claim} \]", rf"\textbf{{{SENTENCE[self.status]}}}."]
        if self.slip:
            rows.append(rf"\emph{{{_tex(self.slip)}.}}")
        if self.explanation:
            rows.append(_tex(self.explanation))
        if self.correction:
            rows += ["Correct:", rf"\[ {self.correction} \]"]
        if self.assumptions:
            rows.append(_tex("Assumed: " + "; ".join(self.assumptions) + "."))
        return "\n".join(rows)

    def to_html(self) -> str:
        """The verdict as a block of HTML; formulas stand between ``\\(`` and ``\\)``."""
        rows = [
            f'<div class="verdict {self.status}">',
            rf'<p class="claim">\({escape(self.claim)}\) <strong>{SENTENCE[self.status]}</strong></p>',
        ]
        if self.slip:
            rows.append(f'<p class="slip">{escape(self.slip)}</p>')
        if self.explanation:
            rows.append(f"<p>{escape(self.explanation)}</p>")
        if self.correction:
            rows.append(rf'<p class="correction">Correct: \({escape(self.correction)}\)</p>')
        if self.counterexample:
            rows.append(f"<pre>{escape(self.counterexample)}</pre>")
        if self.assumptions:
            rows.append(f"<p>Assumed: {escape('; '.join(self.assumptions))}</p>")
        return "\n".join([*rows, "</div>"])

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain data."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        data["assumptions"] = list(self.assumptions)
        return data


def _tex(sentence: str) -> str:
    """Words between formulas, safe for LaTeX."""
    for sign, code in (("%", r"\%"), ("&", r"\&"), ("#", r"\#")):
        sentence = sentence.replace(sign, code)
    return sentence
