"""What became of one relation."""

from __future__ import annotations

from dataclasses import dataclass, field

from matcalc.reading import tree as t

EQUAL = frozenset({"=", ":=", r"\triangleq", r"\equiv", r"\approx"})
RANK = {
    "holds": 0, "needs-convention": 1, "unreadable": 2, "range-error": 3, "fails": 4,
    "shape-error": 5, "index-error": 6,
}  # fmt: skip


@dataclass
class Finding:
    """What became of one relation."""

    status: str
    why: str = ""
    wrong: int | None = None  # the right-hand side, counted from 1
    tags: frozenset[str] = frozenset()
    layout: tuple[str, bool] = ("denominator", False)
    convention: str = ""
    points: int = 0
    sizes: int = 0
    work: int = 0  # evaluated pieces; a line that costs much is not tried in every way
    relation: t.Relation | None = None
    missing: dict[str, list[int]] = field(default_factory=dict)
    sides: dict[int, str] = field(default_factory=dict)  # status of every right-hand side
    alive: bool = False  # some side is not zero somewhere
