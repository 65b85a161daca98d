r"""``\begin{...}`` inside a formula: matrices and case distinctions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcalc.reading.cursor import split
from matcalc.reading.signs import CASES, DISPLAYS, MATRICES
from matcalc.reading.tokens import Token
from matcalc.reading.tree import (
    Blank,
    Bracket,
    Case,
    Cases,
    Condition,
    Ellipsis,
    Matrix,
    Node,
    Relation,
)

if TYPE_CHECKING:
    from matcalc.reading.units import Builder


def environment(builder: Builder, token: Token) -> None:
    """Matrices, case distinctions, and displays inside something else."""
    start = builder.at - 1
    if token.text in ("array", "tabular", "alignedat", "alignat") or token.text.endswith("matrix*"):
        builder.optional()
        if (following := builder.peek()) is not None and following.kind == "{":
            builder.group()
    inner = builder.environment(token)
    span = builder.span(start)
    before = builder.out[-1] if builder.out else None
    opened = before is not None and before.type == "OPEN" and before.value == r"\{"
    after = builder.peek()
    closed = after is not None and after.kind == "right" and after.text == "."
    if token.text in CASES or (token.text in MATRICES and opened and closed):
        if token.text not in CASES:
            builder.out.pop()
            builder.next()
        rows = tuple(_case(builder, row) for row in split(inner, "row") if row)
        builder.add("ATOM", Cases(rows, span=span), *span)
    elif token.text in MATRICES or token.text in DISPLAYS:
        lines = split(inner, "row")
        if lines and not lines[-1]:
            lines.pop()
        grid = tuple(tuple(_cell(builder, c) for c in split(line, "&")) for line in lines)
        builder.add("ATOM", Matrix(token.text, grid, span=span), *span)
    else:
        raise builder.fail(f"the environment {token.text} is not read", token)


def _cell(builder: Builder, tokens: list[Token]) -> Node:
    tokens = [t for t in tokens if t.kind != "wide"]
    while tokens and tokens[-1].text in (",", ";"):
        tokens = tokens[:-1]
    if not tokens:
        return Blank("")
    span = (tokens[0].start, tokens[-1].end)
    if all(t.text == "." for t in tokens):
        return Ellipsis(r"\dots", span=span)
    nodes = builder.reader.items(tokens, builder.depth + 1)
    return nodes[0] if len(nodes) == 1 else Bracket("", "", nodes, (",",) * (len(nodes) - 1))


def _case(builder: Builder, row: list[Token]) -> Case:
    cells = split(row, "&")
    relations = builder.reader.statements(cells[0], builder.depth + 1)
    for cell in cells[1:]:
        relations += builder.reader.statements(cell, builder.depth + 1)
    if not relations or len(relations[0].sides) != 1:
        raise builder.fail("a case starts with its value", row[0])
    words, conditions = "", []
    for number, relation in enumerate(relations):
        if number and relation.sides:
            bare = len(relation.sides) == 1 and not relation.signs
            conditions.append(relation.sides[0] if bare else _plain(relation))
        for condition in relation.conditions:
            if isinstance(condition, Condition):
                words = words or condition.words
                conditions.extend(condition.relations)
            else:
                conditions.append(condition)
    span = (row[0].start, row[-1].end)
    return Case(relations[0].sides[0], words, tuple(conditions), span=span)


def _plain(relation: Relation) -> Relation:
    return Relation(relation.sides, relation.signs, span=relation.span)
