"""What a command says, and how it gets to the screen: with rich where it is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What goes to standard output or into a file, remarks beside it, and the exit code."""

    text: str
    code: int = 0
    remarks: tuple[str, ...] = ()
    style: str = ""  # for the terminal: "good", "bad" or nothing


def deliver(answer: Answer, output: str | None) -> None:
    """Print the answer, or write it to a file."""
    for remark in answer.remarks:
        print(f"matcalc: {remark}", file=sys.stderr)
    text = answer.text if answer.text.endswith("\n") else answer.text + "\n"
    if output:
        try:
            Path(output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise OSError(f"cannot write {output}: {error.strerror}") from error
        print(f"matcalc: wrote {output}", file=sys.stderr)
    elif sys.stdout is None:
        raise OSError("standard output is closed: write to a file with -o FILE")
    elif answer.style and sys.stdout.isatty() and (console := _console(sys.stdout)):
        from rich.text import Text

        console.print(
            Text(text, style={"good": "green", "bad": "red"}[answer.style]), end="", soft_wrap=True
        )
    else:
        sys.stdout.write(text)
        sys.stdout.flush()


def _console(stream: Any) -> Any:
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=stream)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A moving sign while something takes long, where somebody is watching."""
    console = _console(sys.stderr) if sys.stderr.isatty() else None
    if console is None:
        yield
        return
    with console.status(what):
        yield


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Two columns."""
    width = max((len(left) for left, _ in rows), default=0)
    return "\n".join(f"{left:{width}}  {right}".rstrip() for left, right in rows)


# How this door says what others say in their own words.
_SPELLINGS = (
    (
        "formulas in LaTeX are read from a .tex file or by mc.read_latex",
        "a formula in LaTeX goes into a file: matcalc derive FILE.tex",
    ),
    (
        "use mc.jacobian, or pass an upstream symbol to mc.derive",
        "use mc.jacobian in Python, or pass --upstream G",
    ),
    ("of= names a step", "--of names a step"),
)


def respelled(message: str, notes: Sequence[str] = ()) -> str:
    """A message in the spelling of the command line; where it arose comes last."""
    for theirs, ours in _SPELLINGS:
        message = message.replace(theirs, ours)
    told = [note for note in notes if not note.startswith("while ")]
    return "\n  ".join([message, *told])
