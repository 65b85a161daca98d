"""Long sums of equal terms written with a sign: the heads of an attention, the times of a net.

Terms that differ only in numbers which go up, or down, by one from each to the next become one
term under a sum. The sum is a symbol with its own LaTeX; inside anything it brings its brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from matcalc.expr import Node, postorder, rebuilt, symbol
from matcalc.ops.algebra import SUM_OP
from matcalc.render.dress import Dress
from matcalc.render.progressions import general, letters, progressed

FEWEST = 4  # terms, or groups of terms
LETTERS = "jkrst"


def with_sums(dress: Dress, node: Node) -> Node:
    """The node with its long sums of equal terms as symbols that show a sum."""
    if not any(n.op is SUM_OP and len(n.operands) >= FEWEST for n in postorder(node)):
        return node
    letter = letters(dress, LETTERS)[0]
    image: dict[Node, Node] = {}
    for part in postorder(node):
        here = rebuilt(part, tuple(image[c] for c in part.operands))
        if part.op is SUM_OP and len(part.operands) >= FEWEST:
            shown = _shown([dress(c) for c in here.operands], letter)
            if shown is not None:
                text = shown if part is node else rf"\left({shown}\right)"
                here = symbol(f"sum{len(image)}", part.shape, text)
        image[part] = here
    return image[node]


def _shown(terms: Sequence[str], letter: str) -> str | None:
    out: list[str] = []
    k, found = 0, False
    while k < len(terms):
        period, count = _run(terms, k)
        if not count:
            out.append(terms[k])
            k += 1
            continue
        group, other = terms[k : k + period], terms[k + period : k + 2 * period]
        start, step = progressed(" ; ".join(group), " ; ".join(other)) or (0, 0)
        inside = _joined([general(a, b, letter, start) for a, b in zip(group, other, strict=True)])
        ends = sorted((start, start + step * (count - 1)))
        if period > 1 or inside.startswith("-"):
            inside = rf"\left({inside}\right)"
        out.append(rf"\sum_{{{letter}={ends[0]}}}^{{{ends[1]}}} {inside}")
        k += period * count
        found = True
    return _joined(out) if found else None


def _run(terms: Sequence[str], k: int) -> tuple[int, int]:
    """The period of the equal terms from the k-th on, and how often it comes: 0 for too few."""
    for period in range(1, (len(terms) - k) // FEWEST + 1):
        groups = [" ; ".join(terms[j : j + period]) for j in range(k, len(terms), period)]
        found = progressed(groups[0], groups[1])
        if found is None:
            continue
        start, step = found
        whole = general(groups[0], groups[1], "#", start)
        count = 1
        while count < len(groups) and progressed(groups[count - 1], groups[count]) == (
            start + step * (count - 1),
            step,
        ):
            at = start + step * (count - 1)
            if general(groups[count - 1], groups[count], "#", at) != whole:
                break
            count += 1
        if count >= FEWEST:
            return period, count
    return 0, 0


def _joined(terms: Sequence[str]) -> str:
    return re.sub(r"\+ -", "- ", " + ".join(terms))
