r"""What one line states.

A line is cut into pieces at commas, wide blanks, ``\Rightarrow`` and words such as ``for``. Pieces
without a relation sign belong to a list (``j = 1, 2, 3`` and ``x, y \in \mathbb{R}``), ranges
and everything behind ``\forall`` are conditions of the relation before them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from matcalc.reading.brackets import resolve
from matcalc.reading.cursor import Unit
from matcalc.reading.ranges import counts, is_range, listing, restriction, strip_text
from matcalc.reading.tree import (
    Bracket,
    Condition,
    Missing,
    Node,
    Number,
    Relation,
    Slot,
    Symbol,
    Text,
)

if TYPE_CHECKING:
    from matcalc.reading.reader import Reader

CUTS = frozenset({"COMMA", "SEMI", "DOT", "WIDE", "LINK", "COND", "TAG"})
NARROW = frozenset({"\\ ", "~", "\\\n", "\\\t"})


@dataclass
class Piece:
    """Units between two separators, and the separators before them."""

    units: list[Unit] = field(default_factory=list)
    before: list[Unit] = field(default_factory=list)

    def follows(self, *types: str) -> bool:
        """Whether one of the separators before is of these types."""
        return any(unit.type in types for unit in self.before)


@dataclass
class Draft:
    """A relation while its line is being read."""

    relation: Relation
    conditions: list[Condition] = field(default_factory=list)
    remarks: list[Text] = field(default_factory=list)
    tag: str = ""


def read_row(
    reader: Reader, units: list[Unit], earlier: tuple[Relation, ...]
) -> tuple[Relation, ...]:
    """The relations of one line; a line that starts with ``=`` looks at the ``earlier`` ones."""
    pieces = _pieces(resolve(_settle(units), reader.text))
    return _Row(reader, earlier).read(pieces)


# ---------------------------------------------------------------- pieces


def _settle(units: list[Unit]) -> list[Unit]:
    """``&`` off, a first ``:`` as a relation sign, an arrow between equations as a link."""
    out: list[Unit] = []
    depth, related, quantified = 0, False, False
    for position, unit in enumerate(units):
        following = units[position + 1] if position + 1 < len(units) else None
        depth += {"OPEN": 1, "CLOSE": -1}.get(unit.type, 0)
        if unit.type == "AMP":
            if following is not None and following.type == "AMP":
                out.append(replace(unit, type="WIDE"))
            continue
        last_blank = following is None or following.type != "WIDE"
        if unit.type == "WIDE" and unit.value in NARROW and not depth and last_blank:
            continue  # one such blank is only a gap, several in a row separate
        if depth == 0:
            if unit.type == "COLON":
                if quantified:
                    unit = replace(unit, type="SEMI")
                elif not related:
                    unit, related = replace(unit, type="REL"), True
            elif unit.type in CUTS:
                related = False
                quantified = unit.type == "COND" or (quantified and unit.type == "COMMA")
            elif unit.type == "REL":
                related = True
        out.append(unit)
    return _linked(out)


def _linked(units: list[Unit]) -> list[Unit]:
    r"""``a = b \to c = d`` states two things; ``x \to y`` is one relation."""
    depth = 0
    places: list[int] = []
    for position, unit in enumerate(units):
        depth += {"OPEN": 1, "CLOSE": -1}.get(unit.type, 0)
        if depth == 0 and unit.type == "REL":
            places.append(position)
    equal = [p for p in places if units[p].value in ("=", ":=")]
    for place in places:
        between = equal and (equal[0] < place or place == 0) and place < equal[-1]
        if between and units[place].value in (r"\to", r"\leftrightarrow"):
            units[place] = replace(units[place], type="LINK", value=r"\Rightarrow")
    return units


def _pieces(units: list[Unit]) -> list[Piece]:
    pieces = [Piece()]
    depth = 0
    for unit in units:
        depth += {"OPEN": 1, "CLOSE": -1}.get(unit.type, 0)
        if depth == 0 and unit.type in CUTS:
            if pieces[-1].units:
                pieces.append(Piece())
            pieces[-1].before.append(unit)
        else:
            pieces[-1].units.append(unit)
    return pieces


# ---------------------------------------------------------------- a line


class _Row:
    def __init__(self, reader: Reader, earlier: tuple[Relation, ...]) -> None:
        self.reader, self.earlier = reader, earlier
        self.drafts: list[Draft] = []
        self.held: list[Node] = []
        self.leading: list[Condition] = []
        self.condition: Condition | None = None
        self.tag = ""

    def read(self, pieces: list[Piece]) -> tuple[Relation, ...]:
        for number, piece in enumerate(pieces):
            self._separators(piece)
            if not piece.units:
                continue
            node = self.reader.parse(piece.units)
            last = number == len(pieces) - 1
            if self._is_number(node, piece, last):
                continue
            if isinstance(node, Relation):
                self._relation(node, piece, number == 0)
            else:
                self._bare(node, piece)
        self._end_condition()
        self._release()
        return self._finish()

    def _separators(self, piece: Piece) -> None:
        words = " ".join(str(u.value) for u in piece.before if u.type == "COND")
        for unit in piece.before:
            if unit.type == "TAG":
                self.tag = str(unit.value)
        if words:
            self._end_condition()
            self._release()
            first = next(u for u in piece.before if u.type == "COND")
            self.condition = Condition(words, (), span=(first.start, first.end))
        elif self.condition is None and piece.before and not piece.follows("COMMA"):
            self._release()
        elif self.condition is not None and piece.follows("SEMI", "DOT", "LINK", "WIDE"):
            # \forall i, \quad j goes on; a wide blank alone ends the condition.
            joined = piece.follows("COMMA") or any(u.value == "and" for u in piece.before)
            if not joined:
                self._end_condition()

    def _is_number(self, node: Node, piece: Piece, last: bool) -> bool:
        """``\\quad (3)`` at the end is the number of the equation."""
        numbered = isinstance(node, Bracket) and len(node.items) == 1 and node.left == "("
        if not last or not numbered or not piece.follows("WIDE") or not self.drafts:
            return False
        assert isinstance(node, Bracket), "numbered says so"
        item = node.items[0]
        if not isinstance(item, (Number, Slot)):
            return False
        self.tag = item.text if isinstance(item, Number) else item.latex
        return True

    # ------------------------------------------------------------ relations

    def _relation(self, node: Relation, piece: Piece, first: bool) -> None:
        if self.condition is not None:
            if self._conditional(node) or not self.condition.relations:
                self._condition_relation(node)
                return
            self._end_condition()
        if isinstance(node.sides[0], Missing):
            self._continued(node, piece, first)
            return
        node = self._with_held(node)
        self.drafts.append(self._draft(node, piece))

    def _conditional(self, node: Relation) -> bool:
        assert self.condition is not None, "only asked inside a condition"
        return self.condition.words.startswith(("where", "with", "given")) or is_range(node)

    def _with_held(self, node: Relation) -> Relation:
        """``x, y \\in R``: what was held back is the beginning of the left side."""
        if not self.held:
            return node
        left = listing([*self.held, node.sides[0]])
        self.held = []
        return replace(node, sides=(left, *node.sides[1:]), span=(left.span[0], node.span[1]))

    def _continued(self, node: Relation, piece: Piece, first: bool) -> None:
        """A piece that starts with its relation sign goes on with the relation before."""
        if self.drafts and not piece.follows("LINK"):
            draft = self.drafts[-1]
            old = draft.relation
            draft.relation = replace(
                old,
                sides=(*old.sides, *node.sides[1:]),
                signs=(*old.signs, *node.signs),
                span=(old.span[0], node.span[1]),
            )
            return
        before = next((r for r in reversed(self.earlier) if r.sides and r.signs), None)
        if before is None and self.earlier and self.earlier[-1].sides:
            before = self.earlier[-1]
        left = before.sides[0] if before is not None else node.sides[0]
        node = replace(node, sides=(left, *node.sides[1:]), continued=True)
        self.drafts.append(self._draft(node, piece))

    def _draft(self, node: Relation, piece: Piece) -> Draft:
        draft = Draft(replace(node, link=_link(piece, bool(self.drafts or self.earlier))))
        draft.conditions, self.leading = self.leading, []
        if node.signs:
            sides = list(node.sides)
            for place in (0, -1):
                sides[place] = strip_text(sides[place], draft.remarks)
            draft.relation = replace(draft.relation, sides=tuple(sides))
        return draft

    # ------------------------------------------------------------ pieces without a relation sign

    def _bare(self, node: Node, piece: Piece) -> None:
        if self.condition is not None:
            if not self.condition.relations or not self._extend_right(node, condition=True):
                self._extend_condition(node)
            return
        if isinstance(node, Text) and self.drafts:
            self.drafts[-1].remarks.append(node)
            return
        condition = restriction(node)
        if condition is not None and piece.follows("WIDE") and (self.drafts or self.held):
            self._release()
            self.drafts[-1].conditions.append(condition)
            return
        fresh = piece.follows("SEMI", "DOT", "LINK") or (
            piece.follows("WIDE") and not piece.follows("COMMA")
        )
        if fresh:
            self._release()
            self.drafts.append(self._draft(Relation((node,), span=node.span), piece))
        elif not self._extend_right(node, condition=False):
            self.held.append(node)

    def _extend_right(self, node: Node, *, condition: bool) -> bool:
        """``j = 1`` and then ``2``: one more item on the right."""
        if self.held:
            return False
        if condition:
            assert self.condition is not None, "only asked inside a condition"
            last = self.condition.relations[-1]
        elif self.drafts:
            last = self.drafts[-1].relation
        else:
            return False
        if not isinstance(last, Relation) or not last.signs:
            return False
        right = last.sides[-1]
        if not (counts(node) or counts(right)):
            return False
        wider = replace(
            last,
            sides=(*last.sides[:-1], listing([right, node])),
            span=(last.span[0], node.span[1]),
        )
        if condition:
            assert self.condition is not None, "checked above"
            parts = (*self.condition.relations[:-1], wider)
            span = (self.condition.span[0], node.span[1])
            self.condition = replace(self.condition, relations=parts, span=span)
        else:
            self.drafts[-1].relation = wider
        return True

    def _release(self) -> None:
        """What was held back and met no relation sign."""
        held, self.held = self.held, []
        if not held:
            return
        last = self.drafts[-1].relation if self.drafts else None
        if last is not None and (last.signs or not self.condition):
            items = [last.sides[-1], *held]
            wider = replace(last, sides=(*last.sides[:-1], listing(items)))
            self.drafts[-1].relation = replace(wider, span=(last.span[0], held[-1].span[1]))
        else:
            node = listing(held)
            self.drafts.append(self._draft(Relation((node,), span=node.span), Piece()))

    # ------------------------------------------------------------ conditions

    def _extend_condition(self, node: Node) -> None:
        assert self.condition is not None, "only called inside a condition"
        parts = (*self.condition.relations, node)
        span = (self.condition.span[0], node.span[1])
        self.condition = replace(self.condition, relations=parts, span=span)

    def _condition_relation(self, node: Relation) -> None:
        """``i, j \\in S``: the names before the sign share it; ``i, i \\ne j`` are two things."""
        assert self.condition is not None, "only called inside a condition"
        parts = list(self.condition.relations)
        names: list[Node] = []
        while node.signs[0] in (r"\in", "=") and parts and isinstance(parts[-1], Symbol):
            names.insert(0, parts.pop())
        if names:
            left = listing([*names, node.sides[0]])
            node = replace(node, sides=(left, *node.sides[1:]), span=(left.span[0], node.span[1]))
        self.condition = replace(self.condition, relations=tuple(parts))
        self._extend_condition(node)

    def _end_condition(self) -> None:
        if self.condition is None:
            return
        condition, self.condition = self.condition, None
        if self.drafts:
            self.drafts[-1].conditions.append(condition)
        else:
            self.leading.append(condition)

    def _finish(self) -> tuple[Relation, ...]:
        """The drafts as relations, ranges moved to what they restrict."""
        kept: list[Draft] = []
        for draft in self.drafts:
            relation = draft.relation
            joined = relation.link in (",", "quad") and not draft.conditions
            if kept and joined and is_range(relation):
                plain = Relation(relation.sides, relation.signs, span=relation.span)
                kept[-1].conditions.append(Condition("", (plain,), span=relation.span))
            else:
                kept.append(draft)
        if self.leading:
            conditions = tuple(self.leading)
            start = conditions[0].span[0]
            if kept:
                kept[-1].conditions.extend(conditions)
            else:
                return (Relation((), (), conditions, span=(start, conditions[-1].span[1])),)
        if kept and self.tag:
            kept[-1].tag = self.tag
        return tuple(
            replace(
                draft.relation,
                conditions=tuple(draft.conditions),
                remarks=tuple(draft.remarks),
                tag=draft.tag,
            )
            for draft in kept
        )


# ---------------------------------------------------------------- helpers


def _link(piece: Piece, later: bool) -> str:
    links = [str(u.value) for u in piece.before if u.type == "LINK"]
    if links:
        return links[-1]
    if not later:
        return ""
    if not piece.before:
        return "row"
    if piece.follows("SEMI", "DOT"):
        return ";"
    return "," if piece.follows("COMMA") else "quad"
