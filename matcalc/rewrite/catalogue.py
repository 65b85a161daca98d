"""docs/laws.md, made from the docstrings of the laws."""

from __future__ import annotations

import inspect
import re

from matcalc.rewrite.laws import CATALOGUE, FAMILIES

HEAD = """# The laws

A result is shortened by laws. Each is a function that sees one expression whose parts are short
already; it keeps the value and the shape, and makes the page shorter. A few only bring a form into
order, so that other laws meet it; they are marked. A law that rests on a fact is used only where
the fact is stated (`assume=`, `net.assume`, `assume` in the text language) or shown by a
definition.

Sums and products are also regrouped as polynomials in their atoms: expanded, like terms merged,
common factors taken out on the left, on the right and in front (`matcalc/rewrite/gather.py`). Where
all operations are entry by entry, the region is one scalar function of its atoms and is simplified
as such (`matcalc/rewrite/lift.py`): quotients cancel, roots meet their squares, exponentials become
the activation they are.

This page is generated from the docstrings in `matcalc/rewrite/laws/`."""


def page() -> str:
    """The catalogue as Markdown."""
    out = [HEAD]
    for family in FAMILIES:
        title, _, about = (family.__doc__ or "").strip().partition(":")
        out.append(f"## {title.strip()}")
        if about.strip():
            out.append(_sentence(about))
        name = family.__name__.rpartition(".")[2]
        out += [_entry(e.name) for e in CATALOGUE.values() if e.family == name]
    return "\n\n".join(out) + "\n"


def _entry(name: str) -> str:
    entry = CATALOGUE[name]
    said = re.sub(r"\s+", " ", inspect.getdoc(entry.law) or "")
    marks = [f"at `{'`, `'.join(entry.at)}`"]
    if entry.orders:
        marks.append("order only")
    if entry.fact:
        marks.append(f"needs `{entry.fact}`")
    return f"- **{name.replace('_', ' ')}** ({'; '.join(marks)}): {said}"


def _sentence(text: str) -> str:
    words = re.sub(r"\s+", " ", text.strip())
    return words[:1].upper() + words[1:]
