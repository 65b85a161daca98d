"""A document about a network that stands elsewhere."""

from __future__ import annotations

from typing import Any

from matcalc.api.judges import verify_document
from matcalc.judging.networks import statements
from matcalc.judging.report import Report
from matcalc.network import Network

__all__ = ["statements", "verify_with"]


def verify_with(text: str, network: Network | None, **options: Any) -> Report:
    """The verdicts on a document in which the names of a network may be used."""
    return verify_document(text, network=network, **options)
