"""The formulas of five lecture documents as whole files: every mistake at its line, no other."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import matcalc as mc
from tests.golden import assert_golden

ROOT = Path(__file__).parent.parent
DATA = ROOT / "data" / "lectures"
PAGE = ROOT.parent / "docs" / "verified-lectures.md"

# Line of the document -> what is wrong there. Lines that only follow from a wrong one are left out.
MISTAKES = {
    "classifier": {},
    "quiz": {
        145: "fails",  # a weight is lost
        161: "range-error",  # j = 1, 2 of three
        167: "index-error",  # W_jk for W_kj
        195: "index-error",  # j = 1, ..., 4 of two
    },
    "tanh-network": {
        109: "shape-error",  # z has four entries, tanh(a) three
        136: "shape-error",  # a row declared as a column
        210: "fails",  # 1.90857 for 1.90859
        223: "shape-error",  # a transpose is lost
        225: "fails",  # 0.070650, cut instead of rounded
    },
    "rows": {
        256: "fails",  # a sum over the data dropped under the same name
        317: "shape-error",  # two columns side by side
        339: "needs-convention",  # numerator layout
        345: "shape-error",  # a sign for "some product"
        368: "shape-error",
        444: "fails",  # the sum dropped again
        481: "needs-convention",  # two Kronecker forms that need opposite layouts
        483: "shape-error",  # "some product" again, twice
        485: "shape-error",
        487: "needs-convention",
        489: "shape-error",
        498: "fails",  # one datum, and brackets missing
        500: "fails",
    },
    "thirteen-weights": {},
}
TITLES = {
    "classifier": "A classifier tutorial",
    "quiz": "A quiz on two hidden layers",
    "tanh-network": "A recitation: one tanh layer, by hand and by numbers",
    "rows": "Lecture slides: data in rows",
    "thirteen-weights": "A practice session: thirteen weights",
}
# What is wrong in the documents, proved by numbers: where, and what. A line is None where the
# mistake stands in prose, in a table or in a picture, which no reader of formulas sees.
PROVEN = [
    ("quiz", 145, "a weight is lost in the third equality"),
    ("quiz", 167, "the indices of a 3 x 2 matrix are swapped"),
    ("quiz", 161, "three biases, counted as two"),
    ("quiz", 195, "two biases, counted as four"),
    ("quiz", 79, "biases called numbers, used as vectors"),
    ("quiz", None, "a list of biases without the one that the formulas use"),
    ("tanh-network", 223, "a transpose is lost"),
    ("tanh-network", 109, "three entries set equal to four"),
    ("tanh-network", 136, "a row declared as a column"),
    ("rows", None, "three data where the shapes say four"),
    ("classifier", None, "the slope of ReLU at zero, in words"),
    ("rows", 504, "brackets missing; right if the brace binds its part, which is how it is read"),
    ("rows", 498, "brackets missing"),
    ("rows", 500, "brackets missing"),
    ("rows", 317, "two columns side by side"),
    ("rows", 667, "a dot for the entrywise product"),
    ("rows", 345, "a sign for some product"),
    ("rows", 368, "a sign for some product"),
    ("rows", 339, "two layouts in one step"),
    ("rows", 481, "a Kronecker form in the other layout"),
    ("rows", 487, "a Kronecker form in the other layout"),
    ("rows", 256, "the loss set equal to the term of one datum"),
    ("rows", 444, "the loss set equal to the term of one datum"),
    ("rows", None, "an output called the identity under formulas of a logistic one"),
    ("tanh-network", None, "a table of tanh, cut instead of rounded"),
    ("tanh-network", 210, "a digit is wrong"),
    ("tanh-network", 225, "cut instead of rounded"),
    ("tanh-network", None, "an exact value said to come from a table"),
    ("rows", 188, "1/N dropped under the same name: a new definition from here on"),
    ("quiz", None, "the cost of backpropagation, in words"),
]
LOUD = ("fails", "shape-error", "index-error", "range-error", "needs-convention")


@cache
def report(name: str):
    """The report on one document."""
    return mc.verify_document((DATA / f"{name}.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_is_reported_at_its_line(name: str):
    """The proven mistakes are found where they stand, and no correct line is accused."""
    found = {
        entry.line: entry.verdict.status
        for entry in report(name)
        if entry.verdict.status in LOUD and entry.follows is None
    }
    assert found == MISTAKES[name]


def test_what_follows_from_a_wrong_line_says_so():
    """Lines that are right given a wrong one point at it."""
    follows = {e.line: e.follows for e in report("rows") if e.follows is not None}
    assert follows[269] == 256
    assert set(follows) == {269, 271, 277, 305, 446, 450, 454, 456, 479}


def test_hardly_anything_is_unread():
    """At most three lines in a hundred cannot be judged."""
    entries = [e for name in MISTAKES for e in report(name)]
    unread = [e for e in entries if e.verdict.status == "unreadable"]
    assert len(unread) <= 0.03 * len(entries), [e.text for e in unread]


def test_the_page_of_reports_is_what_it_was(update_golden: bool):
    """docs/verified-lectures.md shows the reports on the five documents."""
    assert_golden(PAGE, page(), update=update_golden)


def proven() -> list[str]:
    """A table of what is wrong, with what was found there."""
    rows = [
        "## Every proven mistake",
        "",
        "| document | line | what is wrong | verdict | what it should be |",
        "|---|---:|---|---|---|",
    ]
    for name, line, words in PROVEN:
        if line is None:
            rows.append(f"| {TITLES[name]} | | {words} | stands in no formula | |")
            continue
        entry = next(e for e in report(name) if e.line == line and _loudest(name, line, e))
        cells = report(name).row(entry).split(" | ")
        rows.append(f"| {TITLES[name]} | {line} | {words} | {cells[2]} | {cells[3].rstrip(' |')} |")
    return rows


def _loudest(name: str, line: int, entry) -> bool:
    """Whether an equation is the one of its line that the mistake is about."""
    told = (*LOUD, "unreadable")
    loud = [e for e in report(name) if e.line == line and e.verdict.status in told]
    return not loud or entry is loud[0]


def page() -> str:
    """The page: for each document its count and its loud lines."""
    rows = [
        "# Five lecture documents, verified",
        "",
        "Generated by `pytest --update-golden tests/judging/test_lecture_pages.py`: what "
        "`mc.verify_document` says about the formulas of five published lecture documents. Line "
        "numbers are those of the documents. Lines that hold, define or assume are only counted.",
    ]
    rows += ["", *proven()]
    for name, title in TITLES.items():
        found = report(name)
        rows += ["", f"## {title}", "", f"{found.headline}."]
        loud = [e for e in found if e.verdict.status in (*LOUD, "unreadable")]
        if loud:
            rows += ["", "| line | equation | verdict | what it should be |", "|---:|---|---|---|"]
        for entry in loud:
            rows.append(found.row(entry))
    return "\n".join(rows) + "\n"
