"""Views in indices: an entry with explicit sums, the paths to the output, one datum and the
batch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc.errors import MatcalcError
from matcalc.expr import Node, postorder, symbol_name
from matcalc.indexform import entry_form
from matcalc.ops.algebra import PRODUCT, TRANSPOSE, add, is_zero, mul
from matcalc.ops.binder import index, letter_for
from matcalc.ops.entries import entry
from matcalc.record import Line
from matcalc.render.blocks import Block, Formula, Heading, Prose, Row, Side
from matcalc.render.chains import direct, named_jacobian, users, wanted
from matcalc.render.dress import Dress
from matcalc.render.entries import index_letters, written_entry
from matcalc.render.latex import juxtaposed
from matcalc.render.names import size_in_latex
from matcalc.rewrite.simplify import simplify
from matcalc.shapes import Shape

MOST_PATHS = 32


def index_view(dress: Dress) -> list[Block]:
    """A generic entry of each gradient, or the one asked for, with its sums and ranges."""
    rows = []
    for line in wanted(dress):
        rows += index_rows(dress, line)
    return [Prose(indices_say(dress)), Formula(tuple(rows))]


def indices_say(dress: Dress) -> str:
    """The number of the first row."""
    return dress.say("Indices start at {base}.", base=dress.notation.index_base)


def index_rows(dress: Dress, line: Line) -> list[Row]:
    value = dress.opened(line.value)
    values = [value]
    if dress.style.evaluated:
        values.append(simplify(dress.record.in_inputs(value), facts=dress.record.problem.facts))
    i, j, span = _places(dress, line, values)
    left = dress(entry(line.symbol, i, j) if line.symbol.shape else line.symbol)
    sides = [Side(dress(entry_form(v, i, j))) for v in values]
    sides = [s for k, s in enumerate(sides) if k == 0 or s.latex != sides[k - 1].latex]
    if span:
        last = sides[-1]
        sides[-1] = Side(rf"{last.latex}, \quad {span}")
    return [Row(left, tuple(sides), f"entry_{symbol_name(line.symbol)}", "", "", True)]


def _places(dress: Dress, line: Line, values: list[Node]) -> tuple[Any, Any, str]:
    """Row and column counted from 0, and the ranges of those that are letters."""
    shape = line.symbol.shape
    if not shape:
        return None, None, ""
    base = dress.notation.index_base
    if dress.style.entry is not None:
        return (*dress.style.entry, "")
    free = [d for d in shape if d != 1]
    letters = index_letters(line.value, len(free))
    if clash := _summed(values, _at(shape, letters, base)) & set(letters):
        letters = index_letters(line.value, len(free), clash)
    rows, cols = _at(shape, letters, base)
    spans = [
        rf"{letter} = {_range(base, sp.expand(d - 1 + base))}"
        for letter, d in zip(letters, free, strict=True)
    ]
    return rows, cols, r",\ ".join(spans)


def _at(shape: Shape, letters: Sequence[str], base: int) -> tuple[Any, Any]:
    left = list(letters)
    rows, cols = (sp.Integer(0) if d == 1 else index(left.pop(0)) - base for d in shape)
    return rows, cols


def _summed(values: list[Node], place: tuple[Any, Any]) -> set[str]:
    """The letters that the sums of an entry count by."""
    forms = (entry_form(v, *place) for v in values)
    return {letter_for(n) for form in forms for n in postorder(form) if n.op.name == "isum"}


def _range(first: int, last: Any) -> str:
    if last.is_Integer and int(last) - first <= 3:
        return ", ".join(str(k) for k in range(first, int(last) + 1))
    return rf"{first}, \dots, {size_in_latex(last)}"


# -- paths -----------------------------------------------------------------------------------------


def paths_view(dress: Dress) -> list[Block]:
    """The sum over the paths by which a variable, or one entry of it, reaches the output."""
    blocks: list[Block] = []
    for line in wanted(dress):
        assert line.of is not None
        for place in _entries_of(dress, line.of):
            blocks += _paths_of(dress, line, place)
    return blocks


Place = tuple[Node, int, int]


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
    record = dress.record
    above = record.upstream  # which arrives at every entry of an output that is no number
    through = list(dict.fromkeys(way[0][1][0] for way in ways if len(way) > 1))
    hops: list[list[str]] = []
    apart: list[list[Node]] = []
    for way in ways:
        ratios = [_ratio(dress, b, a) for a, b, _ in reversed(way)]
        if above is None and len(way) == 1:
            ratios = [direct(dress, ratios[0], through)]
        factors = [f for _, _, f in reversed(way)]
        if above is not None:
            end = way[-1][1] if way else start
            arrived = record.arrivals[record.problem.output].symbol
            ratios.insert(0, dress(_entry(arrived, end)))
            factors.insert(0, _entry(above, end))
        hops.append(ratios)
        apart.append(factors)
    named = " + ".join(r" \, ".join(ratios) for ratios in hops)
    opened = _summed_up(
        [
            juxtaposed([dress.factor(f) for f in way]) if len(way) > 1 else dress(way[0])
            for way in apart
        ]
    )
    merged = simplify(add(*(mul(*way) for way in apart)))
    sides = [Side(named), Side(opened), Side(dress(merged))]
    kept = tuple(s for k, s in enumerate(sides) if k == 0 or s.latex != sides[k - 1].latex)
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


def _summed_up(terms: list[str]) -> str:
    """Terms one after the other; a minus in front of one is the sign before it."""
    return " + ".join(terms).replace(" + -", " - ")


def _entry(node: Node, place: Place) -> Node:
    return entry(node, place[1], place[2]) if node.shape and node.shape != (1, 1) else node


def _ratio(dress: Dress, of: Place, by: Place) -> str:
    return rf"\frac{{\partial {dress(_entry(of[0], of))}}}{{\partial {dress(_entry(by[0], by))}}}"


def entry_paths(dress: Dress, start: Place) -> list[list[tuple[Place, Place, Node]]]:
    """Every path of entries to the output: from, to, and the derivative between them."""
    record = dress.record
    found: list[list[tuple[Place, Place, Node]]] = []
    todo: list[tuple[Place, list[tuple[Place, Place, Node]]]] = [(start, [])]
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
            for there, slope in _reached(dress, step, here):
                onwards.append((there, [*way, (here, there, slope)]))
        todo.extend(reversed(onwards))
    return found


def _reached(dress: Dress, step: Node, here: Place) -> list[tuple[Place, Node]]:
    """The entries of a step that depend on an entry, with the derivatives."""
    J = named_jacobian(dress.record, step, here[0])
    rows, cols = _sizes(step)
    own_rows, _ = _sizes(here[0])
    column = here[1] + here[2] * own_rows
    found = []
    for j in range(cols):
        for i in range(rows):
            slope = simplify(written_entry(J, i + j * rows, column))
            if not is_zero(slope):
                found.append(((step, i, j), slope))
    return found


# -- one datum and the batch
# -------------------------------------------------------------------------


def batch_view(dress: Dress) -> list[Block]:
    """One datum, the sum over all, and the matrix product that takes it."""
    size = _batch(dress)
    shown = size_in_latex(size)
    base = dress.notation.index_base
    letter = "r"
    said = (
        "The data are {n}; one of them is number {r}. What belongs to one datum carries its number."
    )
    blocks: list[Block] = [Prose(dress.say(said, n=f"${shown}$", r=f"${letter}$"))]
    rows: list[Row] = []
    for line in dress.chosen(dress.record.backward()):
        found = _datum_sum(dress, line, size, letter)
        if found is None:
            continue
        term, last = found
        top = size_in_latex(sp.expand(size - 1 + base))
        rows.append(
            Row(
                dress(line.symbol),
                (Side(rf"\sum_{{{letter}={base}}}^{{{top}}} {term}"), Side(last)),
                f"batch_{line.name}",
                dress.say("one datum contributes {term}", term=f"${term}$"),
                "",
                line.kind == "gradient",
            )
        )
    if not rows:
        raise MatcalcError(f"no gradient here is a sum over {shown}")
    blocks.append(Formula(tuple(rows)))
    blocks += _scale(dress, size)
    return blocks


def _batch(dress: Dress) -> Any:
    """The dimension all data share."""
    if dress.style.batch is not None:
        return sp.Symbol(dress.style.batch, integer=True, positive=True)
    inputs = [s.shape for s in dress.record.problem.inputs if s.shape]
    common = [
        d for d in (inputs[0] if inputs else ()) if d != 1 and all(d in shape for shape in inputs)
    ]
    params = {d for s in dress.record.problem.params for d in s.shape}
    for d in common:
        if d not in params:
            return d
    raise MatcalcError("which dimension counts the data is not clear; name it with batch=")


def _datum_sum(dress: Dress, line: Line, size: Any, letter: str) -> tuple[str, str] | None:
    """The term of one datum and the product over the batch, where the line is such a sum."""
    value = line.value
    if value.op.name in ("colsum", "rowsum"):
        A = value.operands[0]
        along = A.shape[0] if value.op.name == "colsum" else A.shape[1]
        if along != size:
            return None
        return _row_of(dress, A, letter, value.op.name == "colsum"), dress(value)
    if value.op is not PRODUCT:
        return None
    scalars = [a for a in value.operands if not a.shape]
    factors = [a for a in value.operands if a.shape]
    for _k, (A, B) in enumerate(itertools.pairwise(factors)):
        if A.shape[1] == size and len(factors) == 2:
            front = dress(mul(*scalars)) + " " if scalars else ""
            left = _column_of(dress, A, letter)
            right = _row_of(dress, B, letter, True)
            return f"{front}{left} {right}", dress.with_shapes(value)
    return None


def _row_of(dress: Dress, A: Node, letter: str, row: bool) -> str:
    """Row (or column) number r of a matrix."""
    if A.op is TRANSPOSE:
        return dress.writer.transposed(_grouped(_row_of(dress, A.operands[0], letter, not row)))
    place = f"{letter}, :" if row else f":, {letter}"
    if 1 in A.shape:
        place = letter
    return dress.writer.entry_shown(A, place)


def _column_of(dress: Dress, A: Node, letter: str) -> str:
    return _row_of(dress, A, letter, False)


def _grouped(base: str) -> str:
    return base if not base.startswith("\\frac") else rf"\left({base}\right)"


def _scale(dress: Dress, size: Any) -> list[Block]:
    """Where 1/n goes."""
    factor = rf"$\frac{{1}}{{{size_in_latex(size)}}}$"
    for line in dress.record.backward():
        if line.value.op is PRODUCT and any(
            a.op.name == "pow" and str(a.operands[0]) == str(size) for a in line.value.operands
        ):
            return [
                Heading(dress.say("The factor in front"), 3),
                Prose(
                    dress.say(
                        "The mean puts {factor} into {line}; every later line takes it from there, "
                        "so no other formula shows it.",
                        factor=factor,
                        line=f"${dress(line.symbol)} = {dress(line.value)}$",
                    )
                ),
            ]
    if dress.record.upstream is not None:
        return []
    said = "The loss is a sum, not a mean: no {factor} appears anywhere."
    return [Prose(dress.say(said, factor=factor))]
