"""Views in indices: an entry with explicit sums, one datum and the batch."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import sympy as sp

from matcalc.errors import MatcalcError
from matcalc.expr import Node, postorder, symbol_name
from matcalc.indexform import entry_form
from matcalc.ops.addition import join_terms
from matcalc.ops.algebra import PRODUCT, SUM_OP, TRANSPOSE, add, mul
from matcalc.ops.base import PROD
from matcalc.ops.binder import index, letter_for
from matcalc.ops.entries import entry
from matcalc.record import Line
from matcalc.render.blocks import Block, Formula, Heading, Prose, Row, Side
from matcalc.render.chains import wanted
from matcalc.render.choosing import chosen
from matcalc.render.dress import Dress
from matcalc.render.entries import index_letters
from matcalc.render.names import size_in_latex
from matcalc.render.progressions import letters
from matcalc.shapes import Shape

LETTERS = "rijkpq"  # for the number of a datum


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
    value = dress.opened(dress.told(line))
    values = [value]
    if dress.style.evaluated:
        values.append(dress.in_inputs(value))
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
    named = set(dress.writer.spelling.stands_for)
    letters = index_letters(line.value, len(free), named)
    if clash := _summed(values, _at(shape, letters, base), named) & set(letters):
        letters = index_letters(line.value, len(free), clash | named)
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


def _summed(values: list[Node], place: tuple[Any, Any], named: set[str]) -> set[str]:
    """The letters that the sums of an entry count by, beside what has a name."""
    forms = (entry_form(v, *place) for v in values)
    return {letter_for(n, named) for form in forms for n in postorder(form) if n.op.name == "isum"}


def _range(first: int, last: Any) -> str:
    if last.is_Integer and int(last) - first <= 3:
        return ", ".join(str(k) for k in range(first, int(last) + 1))
    return rf"{first}, \dots, {size_in_latex(last)}"


# -- one datum and the batch
# -------------------------------------------------------------------------


def batch_view(dress: Dress) -> list[Block]:
    """One datum, the sum over all, and the matrix product that takes it."""
    size = _batch(dress)
    shown = size_in_latex(size)
    base = dress.notation.index_base
    letter = letters(dress, LETTERS)[0]
    said = (
        "The data are {n}; one of them is number {r}. What belongs to one datum carries its number."
    )
    blocks: list[Block] = [Prose(dress.say(said, n=f"${shown}$", r=f"${letter}$"))]
    rows: list[Row] = []
    for line in chosen(dress, dress.record.backward()):
        found = _datum_sum(dress, line, size, letter)
        if found is None:
            continue
        term, rest, last = found
        top = size_in_latex(sp.expand(size - 1 + base))
        several = re.search(r" [+-] ", term) and len(_terms(dress.laid(line.value))) > 1
        inside = rf"\left({term}\right)" if several or term.startswith("-") else term
        whole = rf"\sum_{{{letter}={base}}}^{{{top}}} {inside}"
        rows.append(
            Row(
                dress(line.symbol),
                (Side(join_terms([whole, rest]) if rest else whole), Side(last)),
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


def _datum_sum(dress: Dress, line: Line, size: Any, letter: str) -> tuple[str, str, str] | None:
    """The term of one datum, what is no sum over the data, and the product over the batch."""
    value = dress.laid(line.value)
    if size in value.shape:  # a row for each datum: nothing is summed over them
        return None
    terms = _terms(value)
    each = [_datum_term(dress, term, size, letter) for term in terms]
    of_data = [said for said in each if said is not None]
    if not of_data:
        return None
    rest = [term for term, said in zip(terms, each, strict=True) if said is None]
    return join_terms(of_data), dress(add(*rest)) if rest else "", dress.with_shapes(value)


def _terms(value: Node) -> list[Node]:
    """The terms of a sum, numbers in front of its bracket put to each of them."""
    if value.op is SUM_OP:
        return list(value.operands)
    if value.op is PRODUCT:
        *front, last = value.operands
        if last.op is SUM_OP and not any(a.shape for a in front):
            return [mul(*front, term) for term in last.operands]
    return [value]


def _datum_term(dress: Dress, value: Node, size: Any, letter: str) -> str | None:
    """What one datum contributes to a sum over the rows or columns, or to a product."""
    front = ""
    if value.op is PRODUCT:
        scalars = [a for a in value.operands if not a.shape]
        factors = [a for a in value.operands if a.shape]
        front = dress.writer(mul(*scalars), PROD) + " " if scalars else ""
    else:
        factors = [value]
    if len(factors) == 1 and factors[0].op.name in ("colsum", "rowsum"):
        A, down = factors[0].operands[0], factors[0].op.name == "colsum"
        along = A.shape[0] if down else A.shape[1]
        return front + _row_of(dress, A, letter, down) if along == size else None
    for k, (A, B) in enumerate(itertools.pairwise(factors)):
        if A.shape[1] == size:
            before = [dress.factor(a) for a in factors[:k]]
            after = [dress.factor(a) for a in factors[k + 2 :]]
            pair = [_column_of(dress, A, letter), _row_of(dress, B, letter, True)]
            return front + " ".join([*before, *pair, *after])
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
    for line in reversed(dress.record.backward()):
        powers = (n for n in postorder(line.value) if n.op.name == "pow")
        if any(str(n.operands[0]) == str(size) for n in powers):
            said = (
                "The mean puts {factor} into {line}; every later line takes it from there, so none "
                "of them shows it."
            )
            shown = f"${dress(line.symbol)} = {dress(dress.laid(line.value))}$"
            heading = Heading(dress.say("The factor in front"), 3)
            return [heading, Prose(dress.say(said, factor=factor, line=shown))]
    if dress.record.upstream is not None:
        return []
    said = "The loss is a sum, not a mean: no {factor} appears anywhere."
    return [Prose(dress.say(said, factor=factor))]
