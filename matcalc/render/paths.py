"""The view along paths: every way by which a variable, or one entry of it, reaches the output.

A way is a run of hops from the variable on, each with its derivative; on the page it is read from
the output back, as the chain rule of numbers is written. Where several ways part and meet again, what
they share is taken out on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from matcalc.errors import MatcalcError
from matcalc.expr import Node, is_number, symbol_name
from matcalc.ops.algebra import add, is_zero, mul
from matcalc.ops.base import NEG, PROD
from matcalc.ops.entries import entry
from matcalc.record import Line
from matcalc.render.blocks import Block, Formula, Prose, Row, Side
from matcalc.render.chains import direct, named_jacobian, users, wanted
from matcalc.render.dress import Dress
from matcalc.render.entries import written_entry
from matcalc.render.latex import OPEN, juxtaposed
from matcalc.rewrite.cost import SYMBOL, cost

MOST_PATHS = 32
MOST_ENTRIES = 100  # of one step on the way: beyond, nobody follows single numbers

Place = tuple[Node, int, int]


@dataclass(frozen=True)
class Hop:
    """From one entry to one that depends on it, and the derivative between them."""

    start: Place
    end: Place
    slope: Node


def paths_view(dress: Dress) -> list[Block]:
    """The sum over the paths by which a variable, or one entry of it, reaches the output."""
    blocks: list[Block] = []
    for line in wanted(dress):
        assert line.of is not None
        for place in _entries_of(dress, line.of):
            blocks += _paths_of(dress, line, place)
    return blocks


def _entries_of(dress: Dress, of: Node) -> list[Place]:
    if dress.style.entry is not None:
        i, j = dress.style.entry
        return [(of, int(i), int(j))]
    if not of.shape:
        return [(of, 0, 0)]
    rows, cols = _sizes(of)
    return [(of, i, j) for i in range(rows) for j in range(cols)]


def _sizes(node: Node) -> tuple[int, int]:
    if not node.shape:
        return 1, 1
    if not all(d.is_Integer for d in node.shape):
        raise MatcalcError(
            f"{node} has symbolic size: the paths of an entry are written out for numbers of "
            f"rows and columns "
            "that are known; the index view has sums instead"
        )
    return int(node.shape[0]), int(node.shape[1])


def _paths_of(dress: Dress, line: Line, start: Place) -> list[Block]:
    ways = entry_paths(dress, start)
    left = dress(_entry(line.symbol, start))
    if not ways:
        return [Formula((Row(left, (Side("0"),)),))]
    sides = _sides(dress, start, ways)
    kept = tuple(Side(s) for k, s in enumerate(sides) if k == 0 or s != sides[k - 1])
    said = (
        "{x} reaches {output} along one path:"
        if len(ways) == 1
        else "{x} reaches {output} along {count} paths:"
    )
    x, output = dress(_entry(start[0], start)), dress(dress.record.problem.output)
    return [
        Prose(dress.say(said, x=f"${x}$", output=f"${output}$", count=len(ways))),
        Formula((Row(left, kept, f"paths_{symbol_name(start[0])}", "", "", True),)),
    ]


def _sides(dress: Dress, start: Place, ways: list[list[Hop]]) -> list[str]:
    """The derivatives by name, what they are, what the ways share taken out, and all made short."""
    record = dress.record
    above = record.upstream  # which arrives at every entry of an output that is no number
    through = list(dict.fromkeys(way[0].end[0] for way in ways if len(way) > 1))
    named: list[list[str]] = []
    factors: list[list[Node]] = []
    for way in ways:
        ratios = [_ratio(dress, hop.end, hop.start) for hop in reversed(way)]
        if above is None and len(way) == 1:
            ratios = [direct(dress, ratios[0], through)]
        slopes = [hop.slope for hop in reversed(way)]
        if above is not None:
            end = way[-1].end if way else start
            arrived = record.arrivals[record.problem.output].symbol
            ratios.insert(0, dress(_entry(arrived, end)))
            slopes.insert(0, _entry(above, end))
        named.append(ratios)
        factors.append(slopes)
    sides = [
        " + ".join(r" \, ".join(ratios) for ratios in named),
        _summed_up([side_by_side(dress, slopes) for slopes in factors]),
    ]
    longest = sum(map(cost, _written(f for slopes in factors for f in slopes)))
    if (shared := _shared(ways, factors)) is not None:
        head, middles, tail = shared
        bracket = add(*(mul(*slopes) for slopes in middles))
        sides.append(side_by_side(dress, [*head, bracket, *tail]))
        longest = sum(map(cost, _written([*head, bracket, *tail])))
    short = dress.shortest(add(*(mul(*slopes) for slopes in factors)))
    # Not the same in another order; but a minus inside is brought to the front.
    signs = sum(dress.writer(f, NEG).startswith("-") for slopes in factors for f in slopes[1:])
    if cost(short) + (0 if signs else SYMBOL) <= longest:
        sides.append(dress(short))
    return sides


Factored = tuple[list[Node], list[list[Node]], list[Node]]


def _shared(ways: list[list[Hop]], factors: list[list[Node]]) -> Factored | None:
    """The factors before the ways part, those between, and those after they have met again."""
    if len(ways) < 2:
        return None
    backwards = [[(hop.start, hop.end) for hop in reversed(way)] for way in ways]
    fewest = min(map(len, backwards))
    head = len(list(takewhile(lambda hops: len(set(hops)) == 1, zip(*backwards, strict=False))))
    ends = zip(*(reversed(hops) for hops in backwards), strict=False)
    tail = len(list(takewhile(lambda hops: len(set(hops)) == 1, ends)))
    tail = min(tail, fewest - head)
    arrived = len(factors[0]) - len(ways[0])  # 1 where something arrives from above
    same = arrived and len({way[-1].end for way in ways if way}) == 1 and all(ways)
    head += arrived if same else 0
    if not head + tail:
        return None
    middles = [slopes[head : len(slopes) - tail] for slopes in factors]
    return factors[0][:head], middles, factors[0][len(factors[0]) - tail :] if tail else []


def _written(factors: Iterable[Node]) -> list[Node]:
    """The factors that are not 1."""
    return [f for f in factors if not (is_number(f) and f.params[0] == 1)]


def side_by_side(dress: Dress, factors: Sequence[Node]) -> str:
    """Factors in their order, in brackets only where they need them."""
    kept = _written(factors) or list(factors[:1])
    if len(kept) == 1:
        return dress(kept[0])
    parts = []
    for k, factor in enumerate(kept):
        is_open = factor.op.name in OPEN or any(a.op.name in OPEN for a in factor.operands)
        level = PROD + 1 if is_open and k < len(kept) - 1 else NEG if k == 0 else PROD
        parts.append(dress.writer(factor, level))
    return juxtaposed(parts)


def _summed_up(terms: list[str]) -> str:
    """Terms one after the other; a minus in front of one is the sign before it."""
    return " + ".join(terms).replace(" + -", " - ")


def _entry(node: Node, place: Place) -> Node:
    return entry(node, place[1], place[2]) if node.shape and node.shape != (1, 1) else node


def _ratio(dress: Dress, of: Place, by: Place) -> str:
    return rf"\frac{{\partial {dress(_entry(of[0], of))}}}{{\partial {dress(_entry(by[0], by))}}}"


def entry_paths(dress: Dress, start: Place) -> list[list[Hop]]:
    """Every path of entries to the output."""
    record = dress.record
    found: list[list[Hop]] = []
    reached: dict[tuple[Node, Place], list[tuple[Place, Node]]] = {}
    todo: list[tuple[Place, list[Hop]]] = [(start, [])]
    while todo:
        here, way = todo.pop()
        if here[0] is record.problem.output:
            found.append(way)
            if len(found) > MOST_PATHS:
                raise MatcalcError(
                    f"{here[0]} is reached along more than {MOST_PATHS} paths; use the index view"
                )
            continue
        onwards = []
        for step in users(record, here[0]):
            if (step, here) not in reached:
                reached[step, here] = _reached(dress, step, here)
            for there, slope in reached[step, here]:
                onwards.append((there, [*way, Hop(here, there, slope)]))
        todo.extend(reversed(onwards))
    return found


def _reached(dress: Dress, step: Node, here: Place) -> list[tuple[Place, Node]]:
    """The entries of a step that depend on an entry, with the derivatives."""
    J = named_jacobian(dress, step, here[0])
    rows, cols = _sizes(step)
    if rows * cols > MOST_ENTRIES:
        raise MatcalcError(
            f"{step} has {rows * cols} entries, too many to follow one by one; use the index view"
        )
    own_rows, _ = _sizes(here[0])
    column = here[1] + here[2] * own_rows
    found = []
    for j in range(cols):
        for i in range(rows):
            slope = dress.shortest(written_entry(J, i + j * rows, column))
            if not is_zero(slope):
                found.append(((step, i, j), slope))
    return found
