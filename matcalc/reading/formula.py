r"""The public door: one formula, a whole display included, to relations.

>>> relation, = read_formula(r"W^{[1]T} X = f")
>>> relation.signs
('=',)
"""

from __future__ import annotations

import re
from collections.abc import Collection

from matcalc.errors import ParseError
from matcalc.reading.array_code import without_array_code
from matcalc.reading.macros import MACROS, expand, table, without_definitions
from matcalc.reading.reader import Reader
from matcalc.reading.rows import lines
from matcalc.reading.statements import read_row
from matcalc.reading.tokens import LONGEST, tokenize
from matcalc.reading.tree import Relation, too_deep

TOO_DEEP = 120
INTERTEXT = re.compile(r"\\(?:short)?intertext\s*\{")


def read_formula(
    text: str,
    *,
    functions: Collection[str] = frozenset(),
    names: Collection[str] = frozenset(),
    macros: MACROS | str | None = None,
) -> tuple[Relation, ...]:
    r"""The relations of ``text`` in their order.

    ``functions`` are names (``sigma`` or ``\sigma``) that are applied when a bracket follows;
    ``names`` are words of several letters typed bare. ``macros`` maps commands to their bodies, or
    is the text of a preamble; definitions in ``text`` itself win.
    """
    if len(text) > LONGEST:
        raise ParseError(f"a formula of {len(text)} characters is too long (at most {LONGEST})")
    text = without_array_code(text)
    own, body = without_definitions(without_intertext(text))
    reader = Reader(text, frozenset(functions), frozenset(names))
    tokens = expand(tokenize(body, source=text), {**table(macros), **own}, text)
    relations: tuple[Relation, ...] = ()
    for line in lines(reader, tokens):
        relations += read_row(reader, line, relations)
    for relation in relations:
        if (node := too_deep(relation, TOO_DEEP)) is not None:
            raise ParseError(f"nested more than {TOO_DEEP} levels deep", text, node.span[0])
    return relations


def without_intertext(text: str) -> str:
    """Sentences between the rows of a display as blanks, so that places stay what they are."""
    start = 0
    while (found := INTERTEXT.search(text, start)) is not None:
        depth, end = 1, found.end()
        while end < len(text) and depth:
            escaped = text[end - 1] == "\\"
            depth += {"{": 1, "}": -1}.get(text[end], 0) if not escaped else 0
            end += 1
        blank = re.sub(r"[^\n]", " ", text[found.start() : end])
        text, start = text[: found.start()] + blank + text[end:], end
    return text
