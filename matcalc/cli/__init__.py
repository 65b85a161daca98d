"""The command line. What is heavy is imported by the command that needs it: ``--help`` is instant.

Exit codes: 0 fine, 1 something does not hold, 2 misuse or a request that cannot be served, and 130
after Ctrl-C. Whatever the input, an error is one clear paragraph.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from matcalc.cli.arguments import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and say how it went."""
    # A character that the terminal lacks must not end a command.
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    given = parser().parse_args(_guarded(sys.argv[1:] if arguments is None else arguments))
    try:
        return _run(given)
    except KeyboardInterrupt:
        print("matcalc: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has seen enough (`| head`); Python must not complain when it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _guarded(arguments: Sequence[str]) -> list[str]:
    """A formula may begin with a minus; argparse would take ``-sum(X)`` for an option."""
    return [
        f" {a}" if a[:1] == "-" and a[1:2] != "-" and set(a) & set("(*+'./^ ") else a
        for a in arguments
    ]


def _run(given: Any) -> int:
    from matcalc.cli import commands, showing
    from matcalc.errors import MatcalcError

    try:
        answer = getattr(commands, given.command)(given)
        showing.deliver(answer, getattr(given, "output", None))
        return int(answer.code)
    except MatcalcError as error:
        said = showing.respelled(str(error), getattr(error, "__notes__", []))
    except (OSError, UnicodeError) as error:
        said = str(error)
    except (RecursionError, MemoryError):
        said = "this is too deep or too large to work on"
    except Exception as error:
        if os.environ.get("MATCALC_DEBUG"):
            raise
        said = (
            f"this should not happen, and is our mistake ({type(error).__name__}: {error}). "
            "Set MATCALC_DEBUG=1 to see where, and please report it."
        )
    print(f"matcalc: {said}", file=sys.stderr)
    return 2
