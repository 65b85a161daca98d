"""Declared shapes: shape lines, and shapes given by a caller, as dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcalc import shapes
from matcalc.errors import NameClashError, ParseError, ShapeError
from matcalc.language.formula import Formula, Kind
from matcalc.language.parser import parse_formula
from matcalc.language.placing import placed
from matcalc.language.scope import Scope
from matcalc.language.statements import Declaration, read_statements
from matcalc.language.tokens import Token, tokenize
from matcalc.shapes import Dim, Shape

GivenShape = tuple[Any, ...] | int | str | None


def parse_shapes(text: str) -> dict[str, tuple[Dim, Dim] | None]:
    """``"X : n x d, w : d"`` as the ``symbols`` of ``parse_program``.

    >>> parse_shapes("X: n x d, c: scalar")
    {'X': (n, d), 'c': None}
    """
    found: dict[str, tuple[Dim, Dim] | None] = {}
    scope = Scope(text)
    for statement in read_statements(text):
        if not isinstance(statement, Declaration) or statement.function:
            raise ParseError("shapes are written X : n x d, w : d x 1, c : scalar", text, 0)
        shape = declared_shape(scope, statement)
        if found.get(statement.name, shape or None) != (shape or None):
            said = f"{statement.name} is declared twice, with different shapes"
            raise placed(NameClashError, said, text, statement.at)
        found[statement.name] = shape or None
    return found


def declared_shape(scope: Scope, declaration: Declaration) -> Shape:
    """The shape in a shape line; its names become dimensions."""
    sizes = [_declared_dim(scope, formula) for formula in declaration.sizes]
    if not sizes:
        return ()
    return sizes[0], sizes[1] if len(sizes) == 2 else shapes.ONE


def _declared_dim(scope: Scope, formula: Formula) -> Dim:
    values: dict[int, Dim] = {}
    for place, term in enumerate(formula.terms):
        if term.kind is Kind.NAME:
            scope.learn_dimension(term)
            scope.declared_dims.add(term.word)
        values[place] = scope.dimension(formula, values, term)
    try:
        return shapes.dim(values[len(formula.terms) - 1])
    except ShapeError as error:
        raise placed(ShapeError, str(error), formula.text, formula.root.start) from None


def learn_dims(scope: Scope, shape: Shape) -> None:
    sizes: tuple[Dim, ...] = shape
    for size in sizes:
        for symbol in size.free_symbols:
            scope.dims[symbol.name] = symbol
            scope.declared_dims.add(symbol.name)


def given_shape(name: str, said: GivenShape) -> Shape:
    if said is None or said == ():
        return ()
    if isinstance(said, str):  # as in a shape line, where scalar is a word
        return parse_shapes(f"{name} : {said}")[name] or ()
    sizes: Sequence[Any] = said if isinstance(said, (tuple, list)) else (said,)
    if len(sizes) > 2:
        raise ShapeError(f"{name} has two dimensions at most, not {said!r}")
    dims = [_given_dim(size) for size in sizes]
    return dims[0], dims[1] if len(dims) == 2 else shapes.ONE


def _given_dim(size: Any) -> Dim:
    if isinstance(size, str) and not size.strip().isidentifier():
        return _declared_dim(Scope(size), parse_formula(size, _one_statement(size)))
    return shapes.dim(size)


def _one_statement(text: str) -> list[Token]:
    tokens = tokenize(text)
    while len(tokens) > 1 and tokens[-2].kind == "\n":
        del tokens[-2]
    while tokens[0].kind == "\n":
        del tokens[0]
    for token in tokens:
        if token.kind == "\n":
            raise ParseError("one expression is wanted here, not several lines", text, token.start)
    return tokens
