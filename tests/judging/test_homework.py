"""Whole pieces of homework: which lines are wrong, how, and what they should be.

Each file under homework/ was written as somebody would hand it in; the sidecar of the same name
says where slips were planted and what a marker would write beside them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import matcalc as mc

HERE = Path(__file__).parent / "homework"
FILES = sorted(p for p in HERE.iterdir() if p.suffix in (".tex", ".md"))
WRONG = ("fails", "shape-error", "index-error", "range-error", "needs-convention")


@dataclass
class Marked:
    """What was found in one file."""

    planted: int = 0
    found: int = 0
    named: int = 0
    corrected: int = 0
    innocent: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


def sidecar(path: Path) -> dict[str, Any]:
    """The planted slips and the lines that follow from them."""
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@cache
def report(path: Path) -> mc.Report:
    """The report on one file."""
    return mc.verify_document(path.read_text(encoding="utf-8"))


@cache
def marked(path: Path) -> Marked:
    """The report held against the sidecar."""
    wanted = sidecar(path)
    culprits = {c["line"]: c for c in wanted["culprits"]}
    out = Marked(planted=len(culprits))
    corrections = []
    for entry in report(path):
        verdict = entry.verdict
        wrong = verdict.status in WRONG and entry.follows is None
        culprit = culprits.get(entry.line)
        if culprit is None:
            if wrong or verdict.status == "unreadable":
                out.innocent += (f"line {entry.line}: {verdict}",)
            continue
        if not wrong:
            continue
        out.found += 1
        named = any(word in verdict.slip for word in culprit["slip"])
        out.named += named
        if not named:
            out.missed += (f"line {entry.line}: {verdict.slip or 'no class'}",)
        if verdict.correction:
            corrections.append(verdict.correction)
    text = path.read_text(encoding="utf-8")
    lines = [*corrections, *(c["right"] for c in wanted["culprits"])]
    longer = mc.verify_document(text + "\n" + "".join(f"\n$$ {c} $$\n" for c in lines))
    added = longer.entries[len(report(path).entries) :]
    assert len(added) == len(lines)
    right = [e.verdict.status in ("holds", "update") for e in added]
    out.corrected = sum(right[: len(corrections)])
    assert all(right[len(corrections) :]), f"the sidecar of {path.name} is wrong"
    return out


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_innocent_line_is_accused(path: Path):
    """Right lines hold, also those behind a wrong one."""
    assert marked(path).innocent == ()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_lines_right_given_the_wrong_one_follow(path: Path):
    """A line that only inherits the slip points at the line it comes from."""
    wanted = sidecar(path)
    follows = sorted(e.line for e in report(path) if e.follows is not None)
    assert follows == wanted["follows"]


def test_the_culprits_are_found_named_and_corrected(capsys: pytest.CaptureFixture[str]):
    """In at least nine of ten files' slips: the line, its class, its correction."""
    with capsys.disabled():
        print("\nfile                       planted found class correction")
        for path in FILES:
            m = marked(path)
            print(f"{path.name:26s} {m.planted:7d} {m.found:5d} {m.named:5d} {m.corrected:10d}"
                  f"  {'; '.join(m.missed)}")  # fmt: skip
    files = [marked(path) for path in FILES]
    planted = sum(m.planted for m in files)
    assert len(FILES) >= 20
    for found in ("found", "named", "corrected"):
        assert sum(getattr(m, found) for m in files) >= 0.9 * planted, found
