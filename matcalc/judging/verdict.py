"""A verdict: what was claimed, whether it holds, and the slip if it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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

    def __bool__(self) -> bool:
        if self.status == "holds":
            return True
        if self.status in FAILURES:
            return False
        raise MatcalcError(f"the verdict on {self.claim!r} is neither true nor false: {self.status}")

    def to_text(self) -> str:
        """The verdict in a few lines."""
        rows = [f"{self.claim}: {self.status}{f' ({self.slip})' if self.slip else ''}"]
        rows += [f"  {part}" for part in (self.explanation, self.certainty) if part]
        if self.correction:
            rows.append(f"  correct: {self.correction}")
        return "\n".join(rows)

    __str__ = to_text
