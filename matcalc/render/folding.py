"""Equal layers written once: lines that differ only in the number of the layer become one line
for l.

A run is found by its period: so many lines, then the same ones with some numbers in their names
one higher or one lower, again and again. Which numbers are the layer's, and which stay (the head,
the part), is seen by comparing two neighbours; so a block may hold any names. The layer before the
first and the one after the last may fit in part: then some lines hold for more layers than others.
Runs may stand inside runs: the heads of each of twelve blocks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from matcalc.expr import Node, symbol_name
from matcalc.record import Line
from matcalc.render.blocks import Row, Side
from matcalc.render.dress import Dress
from matcalc.render.progressions import general, letters
from matcalc.render.summing import with_sums
from matcalc.render.writer import TextWriter
from matcalc.shapes import show

FEWEST = 4  # a run of this many equal layers is folded, and of one less if that saves MANY lines
MANY = 12
LONGEST = (16, 80)  # lines of one layer: short ones first, the heads before the block they are in
WORTH = 5  # lines that a range of their own must save
LETTERS = "lhijkrst"  # of a run, of a run inside it, ...


@dataclass(frozen=True)
class Run:
    """Lines as they are, or the general lines of a run of layers with a sentence before them."""

    lines: tuple[Line, ...] = ()
    rows: tuple[Row, ...] = ()
    says: str = ""


@dataclass(frozen=True)
class Item:
    """A line, a symbol, or a run of equal groups; with what it looks like without its numbers."""

    frame: str
    numbers: tuple[int, ...]
    own: tuple[int, ...]  # places of the numbers in the names on the left
    of: Line | Node | None = None
    groups: tuple[tuple[Item, ...], ...] = ()
    before: tuple[Item, ...] = ()  # the end of a group that comes before
    after: tuple[Item, ...] = ()  # the beginning of one that comes after


def folded(dress: Dress, lines: Sequence[Line]) -> list[Run]:
    """The lines in order, runs of equal layers folded."""
    runs: list[Run] = []
    for item in _all_gathered([_line(line) for line in lines]):
        if isinstance(item.of, Line):
            runs.append(Run(lines=(item.of,)))
        else:
            runs += _Writer(dress, lambda line: _row(dress, line)).run(
                item, letters(dress, LETTERS)
            )
    return runs


def folded_names(
    dress: Dress, symbols: Sequence[Node], say: Callable[[Node], str]
) -> list[Node | str]:
    """The symbols, those of equal layers once as text with the range of the layer."""
    out: list[Node | str] = []
    for item in _all_gathered([_symbol(s) for s in symbols]):
        if not item.groups or len(item.groups[0]) == 1:
            out += [s.of for s in _plain(item) if isinstance(s.of, Node)]
            continue
        writer = _Writer(dress, lambda s: Row(say(s), ()), "for {range}")
        for run in writer.run(item, letters(dress, LETTERS)):
            out.append(f"{', '.join(row.left for row in run.rows)} {run.says}")
    return out


def representatives(dress: Dress, lines: Sequence[Line]) -> tuple[list[Line], list[str]]:
    """The lines with the first layer of a run for all of it, and the ranges of the layers."""
    kept: list[Line] = []
    ranges: list[str] = []
    letter = letters(dress, LETTERS)[0]
    todo = list(reversed(_all_gathered([_line(line) for line in lines])))
    while todo:
        item = todo.pop()
        if isinstance(item.of, Line):
            kept.append(item.of)
            continue
        first = item.groups[0]
        start, end, _ = _span(item)
        ranges.append(_range(letter, start, end).strip("$"))
        todo += reversed((*item.before, *first, *item.after))
    return kept, ranges


def _plain(item: Item) -> Iterator[Item]:
    """The items of a run, one after the other."""
    if not item.groups:
        yield item
    for part in (item.before, *item.groups, item.after):
        for inner in part:
            yield from _plain(inner)


def _line(line: Line) -> Item:
    name, numbers = _taken_apart(line.name)
    rest, more = _taken_apart(f"{TextWriter()(line.value)} : {line.shape}")
    places = tuple(range(len(numbers)))
    return Item(f"{line.kind} {name} = {rest}", (*numbers, *more), places, line)


def _symbol(symbol: Node) -> Item:
    name, numbers = _taken_apart(symbol_name(symbol))
    shape, more = _taken_apart(show(symbol.shape))
    return Item(f"{name} : {shape}", (*numbers, *more), tuple(range(len(numbers))), symbol)


def _taken_apart(text: str) -> tuple[str, list[int]]:
    """A text without the numbers in its names, and these."""
    numbers: list[int] = []

    def bare(match: re.Match[str]) -> str:
        numbers.extend(map(int, re.findall(r"\d+", match[0])))
        return re.sub(r"\d+", "#", match[0])

    return re.sub(r"[^\W\d]\w*", bare, text), numbers


# -- finding runs --------------------------------------------------------------------------------


def _all_gathered(items: Sequence[Item]) -> Sequence[Item]:
    """The items with runs gathered, and runs of these."""
    for longest in LONGEST:
        while len(fewer := _gathered(items, longest)) < len(items):
            items = fewer
    return items


def _gathered(items: Sequence[Item], longest: int) -> list[Item]:
    out: list[Item] = []
    k = 0
    while k < len(items):
        found = _run_at(items, k, longest)
        if found is None:
            out.append(items[k])
            k += 1
            continue
        start, period, count = found
        out += items[k:start]
        groups = [tuple(items[start + j * period :][:period]) for j in range(count)]
        steps = _steps(groups[0], groups[1]) or []
        k = start + period * count
        before = _fitting_end(out, groups[0], steps)
        after = _fitting_begin(items[k : k + period - 1], groups[-1], steps)
        del out[len(out) - len(before) :]
        k += len(after)
        out.append(_run(tuple(groups), before, after))
    return out


def _run(
    groups: tuple[tuple[Item, ...], ...], before: tuple[Item, ...], after: tuple[Item, ...]
) -> Item:
    numbers: list[int] = []
    own: list[int] = []
    for item in (*before, *groups[0], *groups[-1], *after):
        own += [len(numbers) + k for k in item.own]
        numbers += item.numbers
    frame = (
        f"{len(before)}, {len(groups)} times {' | '.join(i.frame for i in groups[0])}, {len(after)}"
    )
    return Item(frame, tuple(numbers), tuple(own), None, groups, before, after)


def _run_at(items: Sequence[Item], k: int, longest: int) -> tuple[int, int, int] | None:
    """Where a run that is met at item k begins, its period, and how often it repeats."""
    for period in range(1, min(longest, (len(items) - k) // (FEWEST - 1)) + 1):
        count = _repeats(items, k, period)
        fewest = FEWEST - 1 if (FEWEST - 2) * period >= MANY else FEWEST
        if count < fewest:
            continue
        # A layer begins where all its left sides carry one number.
        for start in range(k, k + period):
            again = _repeats(items, start, period)
            if again >= max(fewest, count - 1) and _is_one_layer(items, start, period):
                return start, period, again
        return k, period, count
    return None


def _repeats(items: Sequence[Item], start: int, period: int) -> int:
    """How many groups from ``start`` on are equal but for numbers that go up, or down, by one."""
    if start + 2 * period > len(items):
        return 1
    first = items[start : start + period]
    steps = _steps(first, items[start + period : start + 2 * period])
    if steps is None or not _moving(first, steps):
        return 1
    count = 2
    while start + (count + 1) * period <= len(items):
        at = start + (count - 1) * period
        if _steps(items[at : at + period], items[at + period : at + 2 * period]) != steps:
            break
        count += 1
    return count


Steps = list[tuple[int, ...]]


def _steps(one: Sequence[Item], other: Sequence[Item]) -> Steps | None:
    """By how much each number changes between two groups, if nothing else does."""
    steps: Steps = []
    for a, b in zip(one, other, strict=True):
        if a.frame != b.frame or len(a.numbers) != len(b.numbers):
            return None
        steps.append(tuple(y - x for x, y in zip(a.numbers, b.numbers, strict=True)))
    met = {s for step in steps for s in step if s}
    return steps if met in ({1}, {-1}) else None


def _fitting_end(items: Sequence[Item], first: Sequence[Item], steps: Steps) -> tuple[Item, ...]:
    """The last items that are the end of the group before the first one."""
    fits = 0
    while fits < min(len(items), len(first) - 1):
        at = fits + 1
        if not _follows(items[-at], first[-at], steps[-at]):
            break
        fits = at
    return tuple(items[len(items) - fits :]) if fits >= WORTH else ()


def _fitting_begin(items: Sequence[Item], last: Sequence[Item], steps: Steps) -> tuple[Item, ...]:
    """The first items that are the beginning of the group after the last one."""
    fits = 0
    while fits < len(items) and _follows(last[fits], items[fits], steps[fits]):
        fits += 1
    return tuple(items[:fits]) if fits >= WORTH else ()


def _follows(one: Item, other: Item, step: tuple[int, ...]) -> bool:
    return one.frame == other.frame and other.numbers == tuple(
        n + s for n, s in zip(one.numbers, step, strict=True)
    )


def _is_one_layer(items: Sequence[Item], start: int, period: int) -> bool:
    first = items[start : start + period]
    steps = _steps(first, items[start + period : start + 2 * period])
    return steps is not None and len(set(_moving(first, steps))) == 1


def _moving(group: Sequence[Item], steps: Steps) -> list[int]:
    """The numbers on the left sides of a group that change with the layer, in order."""
    return [i.numbers[k] for i, s in zip(group, steps, strict=True) for k in i.own if s[k]]


def _span(item: Item) -> tuple[int, int, int]:
    """The first and the last number of a run, and the step between."""
    first = item.groups[0]
    steps = _steps(first, item.groups[1])
    assert steps is not None
    start = _moving(first, steps)[0]
    step = next(s for parts in steps for s in parts if s)
    return start, start + (len(item.groups) - 1) * step, step


# -- writing runs --------------------------------------------------------------------------------


class _Writer:
    """Writes the general lines of runs."""

    def __init__(
        self, dress: Dress, row: Callable[..., Row], sentence: str = "For {range}:"
    ) -> None:
        self.dress, self.row, self.sentence = dress, row, sentence

    def run(self, item: Item, letters: Sequence[str], outside: str = "") -> list[Run]:
        """The lines under the ranges for which they hold; of runs inside, under both ranges."""
        letter, *others = letters
        first, second = item.groups[0], item.groups[1]
        start, end, step = _span(item)
        runs: list[Run] = []
        for k, (a, b) in enumerate(zip(first, second, strict=True)):
            begins = start - step if k >= len(first) - len(item.before) else start
            ends = end + step if k < len(item.after) else end
            ranges = self._listed(outside, _range(letter, begins, ends))
            says = self.dress.say(self.sentence, range=ranges)
            if a.groups:
                pairs = zip(*(self.run(x, others, ranges) for x in (a, b)), strict=True)
                runs += [_blended(x, y, letter, start) for x, y in pairs]
            else:
                row = _blended_row(self.row(a.of), self.row(b.of), letter, start)
                if runs and runs[-1].says == says:
                    runs[-1] = replace(runs[-1], rows=(*runs[-1].rows, row))
                else:
                    runs.append(Run(rows=(row,), says=says))
        return runs

    def _listed(self, outside: str, inside: str) -> str:
        return f"{outside} {self.dress.say('and')} {inside}" if outside else inside


def _range(letter: str, start: int, end: int) -> str:
    steps = f"{start}, {start - 1}, \\dots, {end}" if end < start else f"{start}, \\dots, {end}"
    return f"${letter} = {steps}$"


def _row(dress: Dress, line: Line) -> Row:
    """A line of one layer, without what cites other lines."""
    forms = dress.forms(line) if dress.style.detail_of(line.name) != "brief" else [line.value]
    if line.kind == "gradient":
        forms = [line.value]
    if line.kind != "forward":
        forms = [dress.laid(dress.opened(form)) for form in forms]
    sides = tuple(Side(dress(with_sums(dress, form))) for form in forms)
    defines = line.kind == "forward"
    return Row(dress(line.symbol), sides, result=line.kind == "gradient", defines=defines)


def _blended(one: Run, other: Run, letter: str, start: int) -> Run:
    rows = zip(one.rows, other.rows, strict=True)
    says = general(one.says, other.says, letter, start)
    return Run(rows=tuple(_blended_row(x, y, letter, start) for x, y in rows), says=says)


def _blended_row(one: Row, other: Row, letter: str, start: int) -> Row:
    """What two neighbours have in common, with the letter where the layer's number stood."""
    pairs = zip(one.sides, other.sides, strict=True)
    sides = tuple(Side(general(x.latex, y.latex, letter, start)) for x, y in pairs)
    return replace(one, left=general(one.left, other.left, letter, start), sides=sides)
