"""The short way into a compiled function: arrays of doubles as the plan has them go straight in.

The entry is a few comparisons written out for the arguments of one plan; what does not pass them is
read with care (`Compiled.read`), which also explains what is wrong. A program with a workspace goes
the short way while its arrays keep the shapes that the workspace was made for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from matcalc.codegen.plan import Argument


def has_short_way(arguments: Sequence[Argument]) -> bool:
    """Whether a keyword argument may carry the user's own name."""
    return bool(arguments) and all(
        a.name == a.word == unicodedata.normalize("NFKC", a.name) for a in arguments
    )


def entry_text(arguments: Sequence[Argument], workspace: bool) -> str:
    """``entry(run, read, made, ...)`` gives the function of keyword arguments."""
    words = [a.word for a in arguments]
    run, read, made, ndarray, double, number = _apart_from(
        words, "run", "read", "made", "ndarray", "double", "number"
    )
    tests = [
        f"{a.word}.__class__ is {ndarray} and {a.word}.dtype is {double}"
        + ("" if workspace else f" and {a.word}.ndim == 2")
        if a.shape
        else f"{a.word}.__class__ is float"
        for a in arguments
    ]
    if workspace:
        sizes = "".join(f"{a.word}.shape, " for a in arguments if a.shape)
        tests.append(f"({sizes}) == {made}.shapes")
    passed = [f"{a.word}={a.word if a.shape else f'{number}({a.word})'}" for a in arguments]
    passed += [f"workspace={made}.arrays"] if workspace else []
    same = ", ".join(f"{w}={w}" for w in words)
    return "\n".join(
        [
            f"def entry({run}, {read}, {made}, {ndarray}, {double}, {number}):",
            f"    def short(*, {', '.join(words)}):",
            f"        if {' and '.join(tests)}:",
            f"            return {run}({', '.join(passed)})",
            f"        return {read}({same})",
            "",
            "    return short",
            "",
        ]
    )


def _apart_from(words: Sequence[str], *wanted: str) -> list[str]:
    """Names of our own that no argument has."""
    longest = max(map(len, words))
    return [name if name not in words else name + "_" * longest for name in wanted]


Entry = Callable[..., Any]

__all__ = ["Entry", "entry_text", "has_short_way"]
