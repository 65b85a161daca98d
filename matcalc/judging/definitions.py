r"""The relations of a page that make up its forward pass: shapes, sizes, definitions, facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from matcalc.judging.adjoints import LOSS_NAMES
from matcalc.judging.environment import Environment
from matcalc.judging.givens import EQUALS, take_all
from matcalc.judging.kinds import kind_of
from matcalc.judging.labels import with_labels
from matcalc.judging.layers import note_layers
from matcalc.judging.passages import lines_of
from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula


def defining_relations(text: str, env: Environment, macros: Any) -> Iterator[t.Relation]:
    """What a page, or a few formulas one a line, declare and define."""
    if not re.search(r"\$|\\\[|\\\(|\\begin\{", text):
        found = [
            r
            for line in text.splitlines()
            if line.strip()
            for r in read_formula(line, macros=macros)
        ]
        yield from map(_named, with_labels(found))
        return
    page = text if re.search(r"\$|\\\[|\\\(", text) or _outer(text) else f"$$\n{text}\n$$"
    lines = [line for line in lines_of(page, macros) if not line.error]
    relations = with_labels([line.relation for line in lines])
    note_layers(env, relations)
    trial = env.copy()
    for line, relation in zip(lines, relations, strict=True):
        relation = _named(relation)
        if line.said:
            yield relation
        elif relation.signs and kind_of(trial, relation) in ("defines", "assumes", "size"):
            take_all(trial, [relation])
            yield relation


def _outer(text: str) -> bool:
    """Whether the text has a display of its own."""
    return bool(
        re.search(r"\\begin\{(align|equation|gather|multline|flalign|eqnarray|document)", text)
    )


def _named(relation: t.Relation) -> t.Relation:
    """``J(w) = ...`` names a number; ``f(x) = ...`` stays a function."""
    left = relation.sides[0] if relation.signs else None
    if not isinstance(left, t.HeadBracket) or relation.signs[0] not in EQUALS:
        return relation
    head = left.head
    names = all(isinstance(item, t.Symbol) for item in left.bracket.items)
    if isinstance(head, t.Symbol) and names and head.name in LOSS_NAMES and not head.primes:
        return replace(relation, sides=(head, *relation.sides[1:]))
    return relation
