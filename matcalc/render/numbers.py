"""Numbers on a page: matrices, tables of worked values, one gradient step, and counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import sympy as sp

from matcalc.errors import wants_whole
from matcalc.expr import BUILD, symbol, symbol_name
from matcalc.notation import Notation
from matcalc.numeric.worked import WorkedLine, worked
from matcalc.record import Line, Record
from matcalc.render.blocks import Block, Formula, Prose, Row, Side, Table
from matcalc.render.dress import Dress, Style
from matcalc.render.names import size_in_latex


def number(value: float, digits: int) -> str:
    """To so many decimals, a five rounded up as by hand, without a negative zero."""
    if not math.isfinite(value) or abs(value) >= 1e15:
        return f"{value:.{digits}f}"
    # Fifteen digits are what a float is sure of: 0.0175 is not 0.017499999999999998.
    exact = Decimal(f"{value:.15g}")
    said = f"{exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"
    return said.lstrip("-") if not said.strip("-0.") else said


def in_numbers(value: Any, digits: int) -> str:
    """A number or a matrix in LaTeX, to so many decimals."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0 or array.shape == (1, 1):
        return number(float(array.reshape(-1)[0]), digits)
    rows = r" \\ ".join(" & ".join(number(float(x), digits) for x in row) for row in array)
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"


def table(
    dress: Dress,
    values: Mapping[Any, Any],
    *,
    dims: Mapping[str, int] | None = None,
    digits: int = 6,
    rounded: int | None = None,
    partial: bool = False,
    lines: Sequence[str] | None = None,
) -> list[Block]:
    """Every line with its number; below, if asked for, what rounding after each line gives."""
    record = dress.record
    exact = worked(record, values, dims=dims, partial=partial)
    wanted = {
        symbol_name(record.problem.find(n)) if n in record.problem.names else n for n in lines or ()
    }
    shown = [w for w in exact if not wanted or w.line.name in wanted or _of(w.line) in wanted]
    head = dress.say("value" if rounded is None else "exact")
    blocks: list[Block] = [_table(dress, shown, head, digits)]
    if rounded is not None:
        names = {item.line.name for item in shown}
        other = worked(record, values, dims=dims, digits=rounded, partial=partial)
        by_hand = [w for w in other if w.line.name in names]
        head = dress.say("rounded to {digits} places at every step", digits=rounded)
        blocks.append(_table(dress, by_hand, head, rounded))
    return blocks


def _table(dress: Dress, items: Sequence[WorkedLine], head: str, digits: int) -> Table:
    rows = ((f"${dress(item.line.symbol)}$", _cell(dress, item, digits)) for item in items)
    return Table((dress.say("quantity"), head), tuple(rows))


def _of(line: Line) -> str:
    return symbol_name(line.of) if line.of is not None else line.name


def _cell(dress: Dress, item: WorkedLine, digits: int) -> str:
    if item.value is None:
        needs = ", ".join(f"${dress(_symbol(dress.record, n))}$" for n in item.needs)
        formula = f"${dress(item.line.value)}$"
        return dress.say("{formula} (needs {names})", formula=formula, names=needs)
    given = f" ({dress.say('given')})" if item.given else ""
    return f"${in_numbers(item.value, digits)}$" + given


def _symbol(record: Record, name: str) -> Any:
    """The symbol of a name that a line needs; an undefined function goes by its letter."""
    known = {**record.problem.names, **{line.name: line.symbol for line in record.lines}}
    return known.get(name) or symbol(name, ())


def gradient_step(
    dress: Dress,
    values: Mapping[Any, Any],
    rate: float,
    *,
    dims: Mapping[str, int] | None = None,
    digits: int = 6,
) -> list[Block]:
    """One step of gradient descent for every parameter, and the loss before and after it."""
    record = dress.record
    before = {w.line.name: w.value for w in worked(record, values, dims=dims)}
    output = symbol_name(record.problem.output)
    given = {key if isinstance(key, str) else symbol_name(key): v for key, v in values.items()}
    moved, rows = dict(given), []
    for line in record.lines:
        if line.kind != "gradient" or line.of is None:
            continue
        name = symbol_name(line.of)
        start = np.asarray(given[name], dtype=float).reshape(np.asarray(before[line.name]).shape)
        moved[name] = start - rate * np.asarray(before[line.name])
        shown = dress(line.of)
        sides = (
            Side(rf"{shown} - {rate:g} \cdot {dress(line.symbol)}"),
            Side(in_numbers(moved[name], digits)),
        )
        rows.append(
            Row(
                dress.writer.superscript(shown, rf"\text{{{dress.say('new')}}}"),
                sides,
            )
        )
    after = next(w.value for w in worked(record, moved, dims=dims) if w.line.name == output)
    loss = dress(record.problem.output)
    said = dress.say(
        "One step of length {rate} against the gradient takes {loss} from {before} to {after}.",
        rate=f"${rate:g}$",
        loss=f"${loss}$",
        before=f"${in_numbers(before[output], digits)}$",
        after=f"${in_numbers(after, digits)}$",
    )
    return [Formula(tuple(rows)), Prose(said)]


def update_rule(dress: Dress, rate: str = r"\eta") -> list[Block]:
    """One gradient step in symbols, for every parameter."""
    rows = []
    for line in dress.record.backward():
        if line.kind == "gradient" and line.of is not None:
            shown = dress(line.of)
            rows.append(Row(shown, (Side(rf"{shown} - {rate} \, {dress(line.symbol)}"),)))
    # An assignment, not an equation.
    swapped = tuple(Row(rf"{r.left} \leftarrow {r.sides[0].latex}", ()) for r in rows)
    return [Formula(swapped)]


def parameter_count(record: Record) -> Any:
    """How many numbers there are to learn, as a formula in the dimensions."""
    return sp.expand(sum(_entries(p) for p in record.problem.params))


def _entries(node: Any) -> Any:
    return sp.Mul(*node.shape) if node.shape else sp.Integer(1)


def counts(dress: Dress) -> list[Block]:
    """The parameter count, and the products of one backward pass."""
    record = dress.record
    parts = " + ".join(size_in_latex(_entries(p)) for p in record.problem.params)
    total = size_in_latex(parameter_count(record))
    count = f"${parts} = {total}$" if parts != total else f"${total}$"
    cost = dress.say(
        "One backward pass costs about as many products as there are weights, for each datum, "
        "twice over: once for the adjoints and once for the gradients. It grows with the number "
        "of connections, not with the number of neurons."
    )
    return [Prose(f"{dress.say('To learn are {count} numbers.', count=count)} {cost}")]


def evaluation_latex(
    evaluation: Any, digits: int, notation: Any, rounded: int | None = None
) -> str:
    """The numbers of an evaluation as an aligned block; what is missing says what it needs."""
    wants_whole(digits, "the number of digits")
    if rounded is not None:
        wants_whole(rounded, "the number of digits")
    record: Record = evaluation.record
    dress = Dress(record, Style(Notation.of(notation), record.layout))
    by_hand = {}
    lines = []
    if rounded is not None:
        found = worked(record, evaluation.given, dims=evaluation.dims, digits=rounded, partial=True)
        by_hand = {w.line.name: w.value for w in found if w.value is not None}
        said = dress.say("rounded to {digits} places at every step", digits=rounded)
        lines.append(rf"& \text{{{dress.say('exact')}}} && \text{{{said}}}")
    for line in record.lines:
        name = line.name if line.of is None else symbol_name(line.of)
        value = (evaluation.steps if line.kind == "forward" else evaluation.adjoints).get(name)
        if value is not None:
            row = f"{dress(line.symbol)} &= {in_numbers(value, digits)}"
            if line.name in by_hand:
                row += f" && {in_numbers(by_hand[line.name], rounded or 0)}"
            lines.append(row)
        elif line.name in evaluation.missing:
            needs = ", ".join(dress(_symbol(record, n)) for n in evaluation.missing[line.name])
            text = rf"\text{{{dress.say('needs')} }}"
            lines.append(rf"{dress(line.symbol)} &= {dress(line.value)} \quad {text} {needs}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


BUILD["evaluation_latex"] = evaluation_latex
