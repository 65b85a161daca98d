"""How much a request may be: the page is for formulas that people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matcalc.errors import MatcalcError
from matcalc.expr import postorder


@dataclass(frozen=True)
class Limits:
    body: int = 200_000  # bytes of a request
    text: int = 50_000  # characters of a network, or of notes
    claims: int = 200  # lines judged at once
    nodes: int = 20_000  # of all steps together
    waiting: int = 8  # requests in the queue
    memory: int = 3_000_000_000  # bytes of a working process


LIMITS = Limits()


def limited(network: Any) -> None:
    """Refuse a network that nobody would read."""
    roots = [step.definition for step in network.steps] or [network.result]
    if len(postorder(roots)) > LIMITS.nodes:
        raise MatcalcError(
            f"this network has more than {LIMITS.nodes} parts: too many for a page; "
            "the command line has no such limit"
        )
