"""Row tiles: a large array that is only on the way is formed a few rows at a time.

``R = U V' - T`` of many rows does not fit the cache, and what is wanted of it is ``sum R^2`` and
``R V``. Where the stated sizes say so, the statements that make and use it run over tiles of rows:
each row of the results depends on that row alone, or is a sum over rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matcalc.codegen.helpers import SIMPLE
from matcalc.codegen.plan import Plan, Statement
from matcalc.codegen.sizes import Sizes
from matcalc.codegen.terms import Term, cols, is_full, rows
from matcalc.shapes import same

LARGE = 500_000  # entries that are too many for the cache
THIN = 32  # inner dimensions up to which products are not the larger part of the work
ENTRIES = 50_000  # of a tile
BY_ROWS = frozenset({"add", "mul", "pow", "sigmoid", "relu", *SIMPLE})


@dataclass(frozen=True)
class Tiles:
    """Statements first..last in tiles: what is cut, and what becomes of each statement."""

    first: int
    last: int
    size: Any  # the dimension that is cut
    cut: tuple[Term, ...]  # values from before whose rows are taken
    local: frozenset[Term]  # needed inside only
    summed: frozenset[Term]  # sums over rows

    @property
    def width(self) -> Any:
        return max((cols(t) for t in self.local), key=str)


def tiles_of(plan: Plan) -> Tiles | None:
    """The statements of a plan worth cutting, if there are any."""
    if not plan.stated:
        return None
    size = Sizes(plan.stated).of
    for k, s in enumerate(plan.statements):
        t = s.term
        big = t.op == "mm" and is_full(t) and size(rows(t)) * size(cols(t)) >= LARGE
        if big and size(cols(t.args[0])) <= THIN:
            found = _Cutter(plan, k).run()
            if found is not None:
                return found
    return None


class _Cutter:
    """Follows the statements from one on as long as they go by rows."""

    def __init__(self, plan: Plan, first: int) -> None:
        self.statements = plan.statements
        self.first = first
        self.size = rows(plan.statements[first].term)
        self.named = {s.term for s in plan.statements}
        self.results = {t for _, t in (*plan.value, *plan.gradients)}
        self.inside: dict[Term, str] = {}  # term -> by rows, or a sum over rows
        self.cut: dict[Term, None] = {}
        self.whole: set[Term] = set()

    def run(self) -> Tiles | None:
        last = self.first - 1
        for s in self.statements[self.first :]:
            kind = None if s.body else self._kind(s.term)
            if kind is None:
                break
            self.inside[s.term] = kind
            last += 1
        if self.whole & (set(self.cut) | set(self.inside)):
            return None
        later = {a for s in self.statements[last + 1 :] for a in self._reads(s)}
        kept = later | {b for r in self.results for b in self._named(r)}
        local = frozenset(t for t, kind in self.inside.items() if kind == "rows" and t not in kept)
        begun = self.statements[self.first].term
        if begun not in local or last < self.first + 2:
            return None
        summed = frozenset(t for t, kind in self.inside.items() if kind == "sum")
        return Tiles(self.first, last, self.size, tuple(self.cut), local, summed)

    def _reads(self, s: Statement) -> set[Term]:
        found = {b for a in s.term.args for b in self._named(a)}
        return found | {a for x in s.body for a in self._reads(x)}

    def _named(self, t: Term) -> set[Term]:
        found, todo = set(), [t]
        while todo:
            a = todo.pop()
            if a in self.named:
                found.add(a)
            else:
                todo.extend(a.args)
        return found

    def _kind(self, t: Term) -> str | None:
        if t.op == "mm" and self._by_rows(t.args[0]) and self._whole(t.args[1]):
            return "rows"
        if t.op == "mm" and t.args[0].op == "T":
            if self._by_rows(t.args[0].args[0]) and self._by_rows(t.args[1]):
                return "sum"
            return None
        if t.op in BY_ROWS and t.shape and same(rows(t), self.size) and is_full(t):
            plain = t.op != "pow" or t.args[1].op == "number"
            return "rows" if plain and all(map(self._operand, t.args)) else None
        if t.op == "dot" and all(map(self._by_rows, t.args)):
            return "sum"
        return None

    def _operand(self, a: Term) -> bool:
        """An operand of an entrywise operation."""
        if not a.shape or not same(rows(a), self.size):
            return self._whole(a)
        return self._by_rows(a) if a in self.named or not a.args else (
            a.op in ("mul", "pow", "add") and all(map(self._operand, a.args))
        )  # fmt: skip

    def _by_rows(self, a: Term) -> bool:
        """A value whose rows are cut."""
        if not a.shape or not same(rows(a), self.size):
            return False
        if self.inside.get(a) == "rows":
            return True
        if a in self.inside or not (a in self.named or a.op == "in"):
            return False
        self.cut[a] = None
        return True

    def _whole(self, a: Term) -> bool:
        """A value that every tile needs in whole."""
        found: Sequence[Term] = [a]
        while found:
            b, *rest = found
            if b in self.inside:
                return False
            self.whole.add(b)
            found = rest if b in self.named else [*rest, *b.args]
        return True
