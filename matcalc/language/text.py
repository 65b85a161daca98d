"""The text language: a formula or a whole program, as text, into nodes.

The grammar is read by hand-written loops (``parser`` says why): nothing here recurses, nothing is
evaluated, and all work is bounded by the limits in ``tokens``, ``sizes`` and ``build``. The stages:
statements, the meaning of names (``scope``), shapes (``infer``), nodes (``build``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import matcalc.door
import matcalc.render.writer  # noqa: F401 - messages print nodes, and numbers are read
from matcalc import expr, shapes
from matcalc.errors import MatcalcError, NameClashError, ParseError, ShapeError, UnknownNameError
from matcalc.expr import Node
from matcalc.facts import SQUARE, Fact, as_facts
from matcalc.language import misfits
from matcalc.language.build import build_formula
from matcalc.language.declared import GivenShape, declared_shape, given_shape, learn_dims
from matcalc.language.formula import Formula, Kind
from matcalc.language.infer import Inference
from matcalc.language.placing import at_place, placed
from matcalc.language.scope import Scope, Undefined
from matcalc.language.statements import (
    Answer,
    Assumption,
    Declaration,
    Definition,
    Statement,
    Upstream,
    read_statements,
)
from matcalc.shapes import Shape


@dataclass(frozen=True)
class Program:
    """A program in nodes, in the order in which it was written."""

    declarations: tuple[tuple[str, Shape, str | None], ...]
    definitions: tuple[tuple[str, Node, str | None], ...]
    facts: tuple[Fact, ...]
    output: str | Node  # the name of a step, or an expression
    upstream: str | None
    assumptions: tuple[str, ...]  # the shapes that nobody declared, as lines of the language
    is_expression: bool  # one formula and nothing else
    minimizes: bool = False
    params: tuple[str, ...] = ()  # names that a line declares with ``param``
    inputs: tuple[str, ...] = ()  # names that a line declares with ``input``


class Builder:
    """What happens when a program declares or defines a name. Override to build something of it."""

    def declare(self, name: str, shape: Shape, latex: str | None) -> Node:
        """A declared symbol; the answer stands for the name in later lines."""
        return expr.symbol(name, shape, latex)

    def define(self, name: str, node: Node, latex: str | None) -> Node:
        """A step that is named; the answer stands for the name in later lines."""
        return node


def parse_program(
    text: str,
    symbols: Mapping[str, GivenShape] | None = None,
    *,
    assume: Any = (),
    builder: Builder | None = None,
) -> Program:
    """Read a formula or a program.

    ``symbols`` maps names to ``(rows, cols)``, or to None for a scalar; what it leaves out is taken
    from shape lines, else inferred.

    >>> program = parse_program("sum((X*w - y).^2)/2")
    >>> program.assumptions
    ('X : m x n', 'w : n x 1', 'y : m x 1')
    """
    return _Reading(text, symbols or {}, tuple(as_facts(assume)), builder or Builder()).program()


def read_expression(
    text: str,
    names: Mapping[str, Node],
    *,
    dims: Iterable[str] = (),
    functions: Iterable[Undefined] = (),
) -> Node:
    """One formula in names that are all known, with named parts on lines above it if need be.

    Dimensions in the shapes of the names may stand as numbers; ``dims`` are further ones, such as
    indices. ``functions`` are the undefined functions in use (``undefined_in`` collects them).

    >>> X, w = expr.matrix("X", "n", "d"), expr.vector("w", "d")
    >>> read_expression("r = X*w; r'*r/n", {"X": X, "w": w}).shape
    ()
    """
    scope = Scope(text, {name: node.shape for name, node in names.items()}, closed=True)
    scope.functions = {function.name: function for function in functions}
    for shape in scope.declared.values():
        learn_dims(scope, shape)
    for name in dims:
        learn_dims(scope, (shapes.dim(name), shapes.ONE))
    for name in scope.dims:  # a dimension used as a number is a scalar of its name, and no other
        if names.get(name) is expr.symbol(name, ()):
            scope.declared.pop(name, None)
    statements = read_statements(text)
    if not statements:
        raise ParseError("the text is empty: write a formula such as X'*(P - Y)/n")
    last = statements[-1]
    if not isinstance(last, Answer) or last.word:
        raise ParseError("the last line must be a formula", text, last.at)
    known = dict(names)
    inference = Inference(scope)
    for statement in statements:
        if statement is not last and not isinstance(statement, Definition):
            raise ParseError("one formula is wanted here, not a program", text, statement.at)
        assert isinstance(statement, (Definition, Answer))
        scope.plain |= {t.word for t in statement.formula.terms if t.kind is Kind.NAME}
        scope.learn(statement.formula)
        if isinstance(statement, Definition):
            scope.check_new(statement.name, statement.at)
            if statement.name in known:
                said = f"{statement.name} has a meaning already"
                raise placed(NameClashError, said, text, statement.at)
            inference.define(statement.name, statement.formula)
            known[statement.name] = build_formula(statement.formula, scope, known)
            scope.defined[statement.name] = statement.at
    inference.formula(last.formula)
    return build_formula(last.formula, scope, known)


class _Reading:
    """One program from text to nodes."""

    def __init__(
        self,
        text: str,
        symbols: Mapping[str, GivenShape],
        assume: tuple[Fact, ...],
        builder: Builder,
    ) -> None:
        self.text, self.assume, self.builder = text, assume, builder
        self.statements = read_statements(text)
        if not self.statements:
            raise ParseError("the text is empty: write a formula such as sum((X*w - y).^2)/2")
        self.scope = Scope(text)
        self.latex: dict[str, str | None] = {}
        self.names: dict[str, Node] = {}
        self.given(symbols)

    def of(self, kind: type[Any]) -> list[Any]:
        return [s for s in self.statements if isinstance(s, kind)]

    # -- what the names mean ----------------------------------------------------------------------

    def given(self, symbols: Mapping[str, GivenShape]) -> None:
        for name, said in symbols.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise NameClashError(f"a symbol needs a name such as X or W_1, not {name!r}")
            self.scope.check_new(name, 0)
            self.scope.declared[name] = shape = given_shape(name, said)
            learn_dims(self.scope, shape)

    def collect(self) -> None:
        scope = self.scope
        defined = {d.name: d.at for d in reversed(self.of(Definition))}
        for declaration in self.of(Declaration):
            self.declare(declaration)
        for definition in self.of(Definition):
            scope.check_new(definition.name, definition.at)
            if definition.at != defined[definition.name]:
                said = f"{definition.name} is defined already: each step has a name of its own"
                raise placed(NameClashError, said, self.text, definition.at)
        scope.defined = defined
        for name in scope.dims:
            if name in scope.declared or name in defined or name in scope.functions:
                said = f"{name} is both a symbol and a dimension: rename one of them"
                raise placed(NameClashError, said, self.text, defined.get(name, 0))
        formulas = [s.formula for s in self.statements if isinstance(s, (Definition, Answer))]
        scope.plain = {t.word for f in formulas for t in f.terms if t.kind is Kind.NAME}
        for formula in formulas:
            scope.learn(formula)
        scope.check_spelling([*scope.declared, *scope.dims, *scope.plain, *defined])

    def declare(self, declaration: Declaration) -> None:
        scope, name = self.scope, declaration.name
        scope.check_new(name, declaration.at)
        shape = declared_shape(scope, declaration)
        if name in scope.declared and scope.declared[name] != shape:
            both = f"{shapes.show(scope.declared[name])} and {shapes.show(shape)}"
            said = f"{name} is declared with two shapes, {both}"
            raise placed(NameClashError, said, self.text, declaration.at)
        if declaration.function:
            rows = shape[0] if shape else shapes.ONE
            scope.functions[name] = Undefined(name, declaration.function, rows)
        else:
            scope.declared[name] = shape
            self.latex[name] = declaration.latex

    # -- the program ------------------------------------------------------------------------------

    def program(self) -> Program:
        self.collect()
        answer, formula = self.answer()
        inference = self.inference()
        self.check_typos(inference)
        shapes_of = {**self.scope.declared, **inference.assumed()}
        claimed = {name: shapes_of.pop(name, None) for name in self.scope.defined}
        remark = _remark(inference)
        for name, shape in shapes_of.items():
            self.names[name] = self.builder.declare(name, shape, self.latex.get(name))
        definitions = []
        for definition in self.of(Definition):
            node = build_formula(definition.formula, self.scope, self.names, remark)
            self.check_claim(definition, node, claimed[definition.name])
            latex = definition.latex or self.latex.get(definition.name)
            definitions.append((definition.name, node, latex))
            try:
                self.names[definition.name] = self.builder.define(definition.name, node, latex)
            except MatcalcError as error:
                raise at_place(error, self.text, definition.at) from error
        output: str | Node
        if formula is None:
            output = definitions[-1][0]
        elif formula.root.kind is Kind.NAME and formula.root.word in self.names:
            output = formula.root.word
        else:
            output = build_formula(formula, self.scope, self.names, remark)
        if answer is not None and answer.word == "minimize":
            self.check_scalar(answer, output, inference)
        upstream = self.of(Upstream)
        return Program(
            declarations=tuple((n, s, self.latex.get(n)) for n, s in shapes_of.items()),
            definitions=tuple(definitions),
            facts=self.facts(),
            output=output if definitions or not isinstance(output, str) else self.names[output],
            upstream=upstream[0].name if upstream else None,
            assumptions=tuple(_line(n, s) for n, s in inference.assumed().items())
            + tuple(f"{n} is a positive integer" for n in inference.met if n in self.scope.dims),
            is_expression=not definitions and not (answer and answer.word),
            minimizes=answer is not None and answer.word == "minimize",
            params=tuple(d.name for d in self.of(Declaration) if d.role == "param"),
            inputs=tuple(d.name for d in self.of(Declaration) if d.role == "input"),
        )

    def answer(self) -> tuple[Answer | None, Formula | None]:
        """What is asked for: the one expression that stands alone, or nothing but the last step."""
        answers = self.of(Answer)
        if len(answers) > 1:
            first, second = answers[0], answers[1]
            at = second.at if first.word or not second.word else first.at
            said = "one output only: name the other steps, as in Z1 = X*W1"
            raise ParseError(said, self.text, at)
        if answers and not answers[0].word and self.last_formula() is not answers[0]:
            said = "an expression without a name must come last: name the step, as in Z1 = X*W1"
            raise ParseError(said, self.text, answers[0].at)
        if not answers and not self.of(Definition):
            said = "nothing is asked for: add a formula such as sum((X*w - y).^2)/2"
            raise ParseError(said, self.text, len(self.text.rstrip()))
        for extra in self.of(Upstream)[1:]:
            raise ParseError("there is one upstream only", self.text, extra.at)
        return (answers[0], answers[0].formula) if answers else (None, None)

    def last_formula(self) -> Statement:
        return [s for s in self.statements if isinstance(s, (Definition, Answer))][-1]

    def inference(self) -> Inference:
        inference = Inference(self.scope)
        for statement in self.statements:
            if isinstance(statement, Definition):
                inference.define(statement.name, statement.formula)
        for answer in self.of(Answer):
            inference.formula(answer.formula)
        for fact in self.of(Assumption):
            if fact.symbol not in inference.pairs:
                raise inference.unknown(fact.symbol, fact.symbol_at)
            if fact.fact in SQUARE:
                inference.square(fact.symbol)
        for given in self.assume:
            if given.name in SQUARE and given.of in inference.pairs:
                inference.square(given.of)
        inference.decide()
        return inference

    def facts(self) -> tuple[Fact, ...]:
        return (*(Fact(said.fact, said.symbol) for said in self.of(Assumption)), *self.assume)

    # -- checks -----------------------------------------------------------------------------------

    def check_claim(self, definition: Definition, node: Node, claimed: Shape | None) -> None:
        if claimed is not None and not shapes.same_shape(claimed, node.shape):
            said = (
                f"{definition.name} is declared as {shapes.show(claimed)}, but "
                f"{definition.formula.said(definition.formula.root)} is {shapes.show(node.shape)}"
            )
            raise placed(ShapeError, said, self.text, definition.at)

    def check_scalar(self, answer: Answer, output: str | Node, inference: Inference) -> None:
        node = self.names[output] if isinstance(output, str) else output
        if node.shape and node.shape != (1, 1):
            said = misfits.not_scalar(answer.formula.said(answer.formula.root), node.shape)
            raise placed(ShapeError, said + _remark(inference)(), self.text, answer.at)

    def check_typos(self, inference: Inference) -> None:
        """A name that nobody declared beside a like one that nobody uses is a slip."""
        used = self.scope.plain | {u.name for u in self.of(Upstream)}
        idle = [n for n in self.scope.declared if n not in used and n not in self.scope.defined]
        for name, at in inference.met.items():
            for other in idle:
                if _one_apart(name, other):
                    said = f"{name} is not declared; did you mean {other}, which is never used?"
                    raise placed(UnknownNameError, said, self.text, at)


def _one_apart(a: str, b: str) -> bool:
    """The same but for case, or longer names that differ in one place."""
    if a.lower() == b.lower():
        return True
    if min(len(a), len(b)) < 2 or abs(len(a) - len(b)) > 1:
        return False
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) == 1
    short, long = sorted((a, b), key=len)
    return any(short == long[:k] + long[k + 1 :] for k in range(len(long)))


def _line(name: str, shape: Shape) -> str:
    return f"{name} : {shapes.show(shape)}"


def _remark(inference: Inference) -> Callable[[], str]:
    """What was assumed, for messages about shapes that rest on it."""

    def said() -> str:
        assumed = inference.assumed()
        lines = [_line(n, s).replace(" :", ":") for n, s in list(assumed.items())[:6]]
        return f" (assumed {', '.join(lines)})" if lines else ""

    return said
