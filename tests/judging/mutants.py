r"""Slips planted in correct claims, class by class, and what the judge makes of them.

A change is made on the tree of a claim without asking the judge. Whether it makes the line wrong is
decided by ``tests.judging.oracle`` alone, at random points. ``python -m tests.judging.mutants`` runs
the whole set and prints the table.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import matcalc as mc
from matcalc.reading.formula import read_formula
from matcalc.reading.writer import write
from tests.judging import oracle
from tests.judging.changes import changes_for
from tests.judging.notes import SETTINGS

MOST = 2  # mutants of one class from one claim


@dataclass(frozen=True)
class Mutant:
    """A wrong line and the claim it was made from."""

    kind: str
    setting: str
    claim: str
    wrong: str


@lru_cache(maxsize=1)
def all_mutants() -> tuple[Mutant, ...]:
    """Every mutant of every claim that the oracle calls wrong."""
    return tuple(
        mutant
        for setting, (given, claims) in SETTINGS.items()
        for claim in claims
        for mutant in mutants(setting, given, claim)
    )


def mutants(setting: str, given: list[str], claim: str) -> Iterator[Mutant]:
    """The wrong lines that one slip makes of a claim."""
    relation = read_formula(claim)[0]
    left, right = relation.sides
    for kind, changes in changes_for(setting, given).items():
        seen: set[str] = set()
        for change in changes:
            for new in change(right):
                line = write(replace(relation, sides=(left, new)))
                if new == right or line in seen or oracle.same(given, claim, line):
                    continue
                seen.add(line)
                yield Mutant(kind, setting, claim, line)
                if len(seen) == MOST:
                    break
            if len(seen) == MOST:
                break
    if "1, 2, 3" in claim:
        for other in ("1, 2", "1, 2, 3, 4"):
            yield Mutant("range", setting, claim, claim.replace("1, 2, 3", other))


def sample(each: int = 4) -> list[Mutant]:
    """The same few of every class on every run, from as many claims as possible."""
    found: list[Mutant] = []
    for kind in ACCEPTED:
        mine = [m for m in all_mutants() if m.kind == kind]
        found += mine[:: max(1, len(mine) // each)][:each]
    return found


# What the judge may call a slip of each class.
ACCEPTED: dict[str, tuple[str, ...]] = {
    "transpose": ("transpose", "layout"),
    "order": ("order",),
    "sign": ("sign",),
    "factor 2": ("extra factor 2",),
    "factor 1/2": ("extra factor 1/2", "lost factor 2"),
    "1/n": ("lost 1/", "lost factor"),
    "n": ("extra factor",),
    "f for f'": ("f for f'",),
    "Z for A": ("argument", "variable"),
    "entrywise for matrix product": ("entrywise product for the matrix product",),
    "matrix for entrywise product": ("matrix product for the entrywise product",),
    "product for sum": ("product for sum",),
    "sum over the batch": ("sum over the batch", "sum missing"),
    "one path": ("one-path", "lost term"),
    "product rule": ("product rule", "lost term"),
    "softmax diagonal": ("diagonal",),
    # diag(c) r is c \odot r.
    "diag": ("diag missing", "matrix product for the entrywise product"),
    "trace": ("trace missing",),
    "W for W^T": ("transpose", "layout"),
    "layer": ("layer",),
    "index swapped": ("indices swapped",),
    "range": ("range",),
    "layout": ("layout", "transpose"),
    "bracket": ("bracket",),
}
QUIET = ("holds", "unreadable", "defines", "assumes", "blank", "update")


@dataclass
class Outcome:
    """What became of one mutant."""

    mutant: Mutant
    caught: bool
    named: bool
    corrected: bool
    true: bool  # no correction, or one that holds
    seconds: float
    verdict: mc.Verdict


def judged(mutant: Mutant) -> Outcome:
    """The verdict on a mutant, and whether its class and its correction are right."""
    given = SETTINGS[mutant.setting][0]
    start = time.process_time()
    verdict = mc.verify(mutant.wrong, given=given)
    seconds = time.process_time() - start
    true = True
    if verdict.correction:
        true = mc.verify(verdict.correction, given=given).status == "holds"
    return Outcome(
        mutant,
        verdict.status not in QUIET,
        any(word in verdict.slip for word in ACCEPTED[mutant.kind]),
        bool(verdict.correction) and plain(verdict.correction) == plain(mutant.claim),
        true,
        seconds,
        verdict,
    )


def plain(line: str) -> str:
    """A line without its spelling: blanks, braces, sizes of brackets, signs of transposition."""
    text = write(read_formula(line)[0])
    for sign in (r"\left", r"\right", r"\operatorname", r"\mathrm", r"\mathbf"):
        text = text.replace(sign, "")
    text = re.sub(r"\\top|\\intercal", "T", text)
    return re.sub(r"[\s{}()]", "", text)


def table(outcomes: Iterable[Outcome]) -> str:
    """The counts by class."""
    rows = [
        "class                           mutants  caught  class  class or line  corrections hold"
    ]
    listed = list(outcomes)
    for kind in (*ACCEPTED, "all"):
        mine = [o for o in listed if kind in (o.mutant.kind, "all")]
        counts = Counter[str]()
        for o in mine:
            counts["caught"] += o.caught
            counts["named"] += o.named
            counts["either"] += o.named or o.corrected
            counts["true"] += o.true
        rows.append(
            f"{kind:30s} {len(mine):8d} {counts['caught']:7d} {counts['named']:6d} "
            f"{counts['either']:14d} {counts['true']:17d}"
        )
    times = sorted(o.seconds for o in listed)
    if times:
        rows.append(f"seconds: median {times[len(times) // 2]:.2f}, most {times[-1]:.2f}")
    return "\n".join(rows)


def main() -> None:
    """The whole set, with the lines that were missed or misnamed."""
    outcomes = []
    for mutant in all_mutants():
        outcome = judged(mutant)
        outcomes.append(outcome)
        if not (outcome.caught and outcome.true and (outcome.named or outcome.corrected)):
            verdict = outcome.verdict
            print(f"{mutant.kind}: {mutant.claim}\n   {mutant.wrong}\n   -> {verdict.status}, "
                  f"{verdict.slip or '-'}, {verdict.correction or '-'}"
                  f"{'' if outcome.true else ' (NOT TRUE)'}")  # fmt: skip
    print(table(outcomes))


if __name__ == "__main__":
    main()
