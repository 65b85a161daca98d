"""Formulas that differ in numbers only, and these by one: what they have in common."""

from __future__ import annotations

import re

from matcalc.render.dress import Dress


def letters(dress: Dress, wanted: str) -> list[str]:
    """Letters for an index that mean nothing else on the page."""
    names = dress.record.problem.names
    sizes = {s.name for node in names.values() for d in node.shape for s in d.free_symbols}
    return [x for x in wanted if x not in names and x not in sizes] or list(wanted)


def progressed(one: str, other: str) -> tuple[int, int] | None:
    """The first number that changes, and by how much all do, if nothing else changes."""
    parts, others = re.split(r"(\d+)", one), re.split(r"(\d+)", other)
    if parts[::2] != others[::2]:
        return None
    pairs = [(int(a), int(b)) for a, b in zip(parts[1::2], others[1::2], strict=True) if a != b]
    steps = {b - a for a, b in pairs}
    return (pairs[0][0], steps.pop()) if steps in ({1}, {-1}) else None


def general(one: str, other: str, letter: str, start: int) -> str:
    """Of two formulas that differ in numbers only, the one with ``letter`` for these."""
    parts, others = re.split(r"(\d+)", one), re.split(r"(\d+)", other)
    assert parts[::2] == others[::2], f"{one} and {other} differ in more than numbers"
    out = []
    for k, (a, b) in enumerate(zip(parts, others, strict=True)):
        if a == b:
            out.append(a)
            continue
        offset = int(a) - start
        shown = f"{letter}{offset:+d}" if offset else letter
        before = parts[k - 1][-1:]
        if before in ("_", "^") and offset:
            shown = f"{{{shown}}}"
        elif before.isalpha():
            shown = f",{shown}"  # the letter must not run into a name
        out.append(shown)
    return "".join(out)
