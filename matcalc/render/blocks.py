"""A page as plain data, between the views that fill it and the renderers that set it.

Formulas are LaTeX, prose carries formulas between dollar signs, and a reference to another line is
written ``{line:NAME}`` until a renderer knows its number or its label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from matcalc.notation import DEFAULT, Notation


@dataclass(frozen=True)
class Side:
    """One right-hand side, and by which law it follows from the one before."""

    latex: str
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """``left = side = side``: one statement, with the name it can be cited by."""

    left: str
    sides: tuple[Side, ...]
    name: str = ""
    note: str = ""  # where it comes from
    shape: str = ""
    result: bool = False
    defines: bool = False  # a name for an expression: short ones may share a line
    number: int = 0  # 0 until the page is numbered; only named rows are

    @property
    def latex(self) -> str:
        """The row as one line."""
        return " = ".join([self.left, *(s.latex for s in self.sides)])


@dataclass(frozen=True)
class Formula:
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Prose:
    text: str


@dataclass(frozen=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Code:
    text: str
    language: str = "python"


@dataclass(frozen=True)
class Algorithm:
    """A program, each line of it a formula."""

    lines: tuple[str, ...]

    @property
    def latex(self) -> str:
        """The program as one formula."""
        return r"\begin{array}{l} " + r" \\ ".join(self.lines) + r" \end{array}"


@dataclass(frozen=True)
class Picture:
    """A drawing in the forms that the renderers can take."""

    title: str
    svg: str
    tikz: str
    text: str  # the drawing in words


Block = Formula | Heading | Prose | Table | Code | Algorithm | Picture


@dataclass(frozen=True)
class Page:
    title: str
    blocks: tuple[Block, ...]
    lefts: dict[str, str] = field(default_factory=dict)  # how a line that is not shown is cited
    notation: Notation = DEFAULT  # whose words the renderers use

    def citing(self, numbered: Callable[[str, int], str]) -> Callable[[str], str]:
        """How a reference reads: by ``numbered`` where the row has a number, else by its
        formula."""
        numbers = {row.name: row.number for row in self.rows() if row.number}
        lefts = self.lefts | {row.name: row.left for row in self.rows() if row.name}

        def cite(name: str) -> str:
            if name in numbers:
                return numbered(name, numbers[name])
            return f"${lefts[name]}$" if name in lefts else name

        return cite

    def rows(self) -> Iterator[Row]:
        for block in self.blocks:
            if isinstance(block, Formula):
                yield from block.rows

    def numbered(self, which: str = "all") -> Page:
        """Named rows numbered in order: all of them, the results only, or none."""
        count = 0
        blocks: list[Block] = []
        for block in self.blocks:
            if isinstance(block, Formula):
                rows = []
                for row in block.rows:
                    if row.name and (which == "all" or (which == "results" and row.result)):
                        count += 1
                        row = replace(row, number=count)
                    rows.append(row)
                block = Formula(tuple(rows))
            blocks.append(block)
        return replace(self, blocks=tuple(blocks))


def with_references(text: str, cite: Callable[[str], str]) -> str:
    """Prose with its references written out; a line that has no number goes by its formula."""
    return re.sub(r"\{line:(\w+)\}", lambda m: cite(m[1]), text)
