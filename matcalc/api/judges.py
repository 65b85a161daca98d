"""Judging what people wrote: one claim, a document, a forward pass in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matcalc.judging.documents import verify_text
from matcalc.judging.report import Report
from matcalc.judging.verdict import Verdict
from matcalc.judging.verifying import verify_claim


def verify(
    claim: str,
    *,
    given: str | Sequence[str] = (),
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    index_base: int | None = None,
    network: Any = None,
    macros: Any = None,
) -> Verdict:
    r"""Judge a hand-written claim: an equation, a chain or an aligned block in LaTeX.

    ``given`` are the definitions the claim relies on, as they stand in notes.

    >>> import matcalc as mc
    >>> mc.verify(r"\frac{\partial L}{\partial x} = x", given=[
    ...     r"x \in \mathbb{R}^n", r"L = x^T x"]).status
    'fails'
    """
    return verify_claim(
        claim, given=given, shapes=shapes, layout=layout, index_base=index_base, macros=macros
    )


def verify_document(
    text: str,
    *,
    network: Any = None,
    shapes: Mapping[str, Any] | None = None,
    layout: str | None = None,
    index_base: int | None = None,
    macros: Any = None,
) -> Report:
    r"""Judge every equation of a .tex, .md or .ipynb document, in its place.

    >>> import matcalc as mc
    >>> page = r"Let $x \in \mathbb{R}^n$ and $L = x^T x$. Then $$\frac{\partial L}{\partial x} = x$$"
    >>> mc.verify_document(page).headline
    '3 equations: 1 wrong, 1 definitions, 1 assumptions'
    """
    return verify_text(text, shapes=shapes, layout=layout, index_base=index_base, macros=macros)
