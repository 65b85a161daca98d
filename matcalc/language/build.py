"""A formula into nodes, through the operators and the words of the language and nothing else.

A run of products is built in one go, from left to right, closing what has become a scalar; sums
likewise: no work grows with the square of a run. Sizes of numbers and of flattened products are
bounded before anything is multiplied out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError, ParseError, ShapeError
from matcalc.expr import BUILD, Node, as_number, is_number, number, read
from matcalc.language import misfits
from matcalc.language.formula import Formula, Kind, Term
from matcalc.language.placing import at_place, placed
from matcalc.language.scope import Scope
from matcalc.language.undefined import apply_undefined
from matcalc.ops import FUNCTIONS
from matcalc.ops.base import operand
from matcalc.ops.entries import outside
from matcalc.shapes import Dim

MAX_OPERANDS = 60_000  # of one flattened sum
MAX_FACTORS = 300  # of one product, whose derivative has as many terms of as many factors
MAX_BLOCKS = 400  # of one flattened stack
MAX_BITS = 8000  # of all numbers that meet in one sum, product or power


def build_formula(
    formula: Formula, scope: Scope, names: Mapping[str, Node], remark: Callable[[], str] = str
) -> Node:
    """The node that a formula means; ``remark`` is added to messages about shapes."""
    return _Building(formula, scope, names, remark).run()


class _Building:
    def __init__(
        self, formula: Formula, scope: Scope, names: Mapping[str, Node], remark: Callable[[], str]
    ) -> None:
        self.formula, self.scope, self.names, self.remark = formula, scope, names, remark
        self.roles = scope.roles(formula)
        self.dims: dict[int, Dim] = {}
        self.nodes: list[Any] = []  # a Node, or None where a term is not an operand
        self.constant: list[bool] = []  # a scalar made of numbers alone
        self.is_constant = False

    def run(self) -> Node:
        for place, (term, role) in enumerate(zip(self.formula.terms, self.roles, strict=True)):
            node = None
            self.is_constant = bool(term.operands) and all(self.constant[k] for k in term.operands)
            if role == "":
                try:
                    node = self.term(term)
                except MatcalcError as error:
                    more = self.remark() if isinstance(error, ShapeError) else ""
                    at = getattr(error, "position", None)
                    if at is None:
                        raise at_place(error, self.formula.text, term.start, more) from None
                    raise
            elif role in "#&" and term.kind not in (Kind.ALL, Kind.RANGE):
                self.dims[place] = self.scope.dimension(self.formula, self.dims, term)
            self.nodes.append(node)
            # A matrix of numbers, such as hstack(1, 2), is a matrix and fills nothing.
            self.constant.append(self.is_constant and not (node is not None and node.shape))
        return self.nodes[-1]

    def fail(self, message: str, at: int) -> NoReturn:
        raise placed(ShapeError, message + self.remark(), self.formula.text, at)

    def said(self, place: int) -> str:
        return self.formula.said(self.formula.terms[place])

    def term(self, term: Term) -> Node:
        kind = term.kind
        if kind is Kind.NUMBER:
            self.is_constant = True
            decimal = not term.word.isdigit()
            return number(sp.Rational(term.word.rstrip(".")), decimal=decimal)
        if kind is Kind.NAME:
            return self.name(term)
        if kind is Kind.CALL or kind is Kind.INDEX:
            return self.call(term)
        if kind is Kind.SUM:
            return self.sum(term)
        if kind is Kind.PRODUCT:
            return self.product(term)
        if kind is Kind.POWER:
            return self.power(term)
        inner = self.nodes[term.operands[0]]
        if kind is Kind.TRANSPOSE:
            return BUILD["transpose"](inner)
        return BUILD["minus"](inner)

    def name(self, term: Term) -> Node:
        node = self.names.get(term.word)
        if node is not None:
            return operand(node)
        if term.word in self.scope.dims:
            return read(self.scope.dims[term.word])
        if term.word in self.scope.defined:  # its shape was declared, so it could be inferred with
            raise self.scope.defined_later(term.word, term.start)
        assert term.word == "pi", f"{term.word} was let through without a meaning"
        self.is_constant = True
        return number(sp.pi)

    # -- sums -------------------------------------------------------------------------------------

    def sum(self, term: Term) -> Node:
        nodes = [self.nodes[k] for k in term.operands]
        self.bounded(nodes, term)
        first = next((i for i, n in enumerate(nodes) if n.shape), None)
        if first is not None:
            shape = nodes[first].shape
            for i, (k, sign) in enumerate(zip(term.operands, term.signs, strict=True)):
                if self.constant[k]:  # 1 - Y: a number stands for itself in every entry
                    nodes[i] = BUILD["mul"](nodes[i], FUNCTIONS["ones"](*shape))
                elif not nodes[i].shape or not shapes.same_shape(nodes[i].shape, shape):
                    self.misfit_in_sum(term, min(i, first), max(i, first), sign)
        signed = zip(term.signs, nodes, strict=True)
        return BUILD["add"](*(n if sign == "+" else BUILD["minus"](n) for sign, n in signed))

    def misfit_in_sum(self, term: Term, i: int, j: int, sign: str) -> NoReturn:
        a, b = term.operands[i], term.operands[j]
        if j == i + 1 and i > 0:  # name everything to the left, as a person would
            left = self.formula.said(self.formula.terms[term.operands[0]], self.formula.terms[a])
        else:
            left = self.said(a)
        sign = term.signs[j]
        shape_a, shape_b = self.nodes[a].shape, self.nodes[b].shape
        self.fail(misfits.total(left, shape_a, self.said(b), shape_b, sign), term.marks[j])

    # -- products ---------------------------------------------------------------------------------

    def product(self, term: Term) -> Node:
        first, *rest = term.operands
        self.bounded([self.nodes[k] for k in term.operands], term)
        run = _Run(self.nodes[first])
        for i, (sign, k, mark) in enumerate(zip(term.signs, rest, term.marks, strict=True)):
            A, B = run.shape, self.nodes[k].shape
            if A and B and sign == "*" and not shapes.same(A[1], B[0]):
                self.fail(misfits.product(self.left(term, i), A, self.said(k), B), mark)
            if B and sign == "/":
                self.fail(misfits.division(self.left(term, i), A, self.said(k), B), mark)
            if A and B and sign in (".*", "./") and not shapes.same_shape(A, B):
                self.fail(misfits.entrywise(self.left(term, i), A, self.said(k), B, sign), mark)
            if sign in ("/", "./") and is_number(self.nodes[k]) and as_number(self.nodes[k]) == 0:
                self.fail("division by zero", mark)
            run.extend(sign, self.nodes[k])
        return run.result()

    def left(self, term: Term, i: int) -> str:
        """What stands left of the i-th sign of a run."""
        terms = self.formula.terms
        return self.formula.said(terms[term.operands[0]], terms[term.operands[i]])

    # -- powers -----------------------------------------------------------------------------------

    def power(self, term: Term) -> Node:
        b, e = term.operands
        base, exponent = self.nodes[b], self.nodes[e]
        mark = term.marks[0]
        if term.signs == (".^",):
            A, B = base.shape, exponent.shape
            if A and B and not shapes.same_shape(A, B):
                self.fail(misfits.entrywise(self.said(b), A, self.said(e), B, ".^"), mark)
        elif exponent.shape:
            self.fail(misfits.exponent(self.said(e), exponent.shape), mark)
        elif base.shape:
            if not shapes.same(*base.shape):
                self.fail(misfits.power(self.said(b), base.shape, self.said(e)), mark)
            if is_number(exponent) and not as_number(exponent).is_Integer:
                said = f"a matrix has integer powers only: write {self.said(b)}.^{self.said(e)}"
                self.fail(f"{said} for powers entry by entry", mark)
            self.check_power(base, exponent, term)
            return FUNCTIONS["mpow"](base, exponent)
        self.check_power(base, exponent, term)
        return BUILD["pow"](base, exponent)

    def check_power(self, base: Node, exponent: Node, term: Term) -> None:
        """Powers of numbers are multiplied out, and so are the exponents of powers."""
        if not is_number(exponent):
            return
        value = as_number(exponent)
        times = abs(int(value)) + 1 if value.is_Rational else 1
        folded = [n for n in (base, *base.operands[:1]) if is_number(n)]
        size = sum(_bits(n) for n in folded) * times + _bits(exponent)
        if base.op.name in ("pow", "mpow"):
            size += 2 * _bits(exponent) + sum(_bits(n) for n in base.operands[1:] if is_number(n))
            size += sum(p.p.bit_length() for p in base.params if getattr(p, "is_Integer", False))
        if size > MAX_BITS:
            raise ParseError("a number here has too many digits", self.formula.text, term.marks[0])

    def bounded(self, nodes: list[Node], term: Term) -> None:
        """Flattening and multiplying out stay within bounds."""
        size = sum(len(n.operands) if n.op.name in _FLATTENED else 1 for n in nodes)
        most = MAX_BLOCKS if term.word in ("hstack", "vstack") else MAX_OPERANDS
        if term.kind is Kind.PRODUCT:
            size, most = (
                sum(len(n.operands) if n.op.name in _MULTIPLIED else 1 for n in nodes),
                MAX_FACTORS,
            )
        if size > most or max(_bits_that_meet(nodes, term).values(), default=0) > MAX_BITS:
            raise ParseError("the formula becomes too large here", self.formula.text, term.start)

    # -- words and entries ------------------------------------------------------------------------

    def call(self, term: Term) -> Node:
        applied = self.scope.applied(self.formula, term)
        if applied is not None:
            places = term.operands[1:] if term.kind is Kind.INDEX else term.operands
            self.is_constant = False
            return apply_undefined(applied, [self.nodes[k] for k in places])
        if self.scope.is_index(self.formula, term):
            self.is_constant = False
            return self.entries(term)
        arguments = [self.argument(k) for k in term.operands]
        nodes = [a for a in arguments if isinstance(a, Node)]
        self.is_constant = bool(nodes) and all(
            self.constant[k] for k in term.operands if self.roles[k] == ""
        )
        self.bounded(nodes, term)
        if term.word == "isum":
            body, variable, low, high = arguments
            return BUILD["isum_as_written"](body, variable, low, high)
        try:
            return FUNCTIONS[term.word](*arguments)
        except TypeError as error:
            if isinstance(error, MatcalcError) or "argument" not in str(error):
                raise
            many = f"{len(arguments)} operand{'s' * (len(arguments) != 1)}"
            said = f"{term.word} does not take {many}"
            raise ParseError(said, self.formula.text, term.start) from None

    def argument(self, place: int) -> Any:
        role = self.roles[place]
        if role == "":
            return self.nodes[place]
        if role in "#&":
            return self.dims[place]
        term = self.formula.terms[place]
        if term.kind is not Kind.NUMBER or term.word not in ("0", "1"):
            said = "an axis is 0 (down each column) or 1 (along each row)"
            raise ParseError(said, self.formula.text, term.start)
        return int(term.word)

    def entries(self, term: Term) -> Node:
        if term.kind is Kind.INDEX:
            A, index = self.nodes[term.operands[0]], term.operands[1:]
        else:
            A, index = self.names.get(term.word), term.operands
        if A is None or not A.shape:
            name = term.word or self.said(term.operands[0])
            self.fail(f"{name} is a scalar and has no entries: write * for a product", term.start)
        rows, cols = A.shape
        if len(index) == 2:
            row, column = self.place(index[0], rows), self.place(index[1], cols)
        elif cols == 1:
            row, column = self.place(index[0], rows), (sp.Integer(0), None)
        elif rows == 1:
            row, column = (sp.Integer(0), None), self.place(index[0], cols)
        else:
            name = term.word or self.said(term.operands[0])
            said = f"{name} is {shapes.show(A.shape)}: an entry is written {name}(i, j)"
            self.fail(said, term.start)
        for (first, size), of, what in ((row, rows, "row"), (column, cols, "column")):
            self.check_inside(term, first, size, of, what)
        key = tuple(
            first if size is None else slice(first, sp.expand(first + size))
            for first, size in (row, column)
        )
        return BUILD["getitem"](A, key)

    def place(self, k: int, of: Dim) -> tuple[Dim, Dim | None]:
        """Where an index starts, from 0, and how many it takes; None for a single one."""
        term = self.formula.terms[k]
        if term.kind is Kind.ALL:
            return sp.Integer(0), of
        if term.kind is Kind.RANGE:
            first, last = (self.dims[i] for i in term.operands)
            return sp.expand(first - 1), sp.expand(last - first + 1)
        return sp.expand(self.dims[k] - 1), None

    def check_inside(self, term: Term, first: Dim, size: Dim | None, of: Dim, what: str) -> None:
        if outside(first, 1 if size is None else size, of):
            last = "" if size is None else f" to {shapes.show_dim(sp.expand(first + size))}"
            said = (
                f"there is no {what} {shapes.show_dim(sp.expand(first + 1))}{last}: {what}s are "
                f"counted from 1 to {shapes.show_dim(of)}"
            )
            self.fail(said, term.start)


_MULTIPLIED = ("times", "hadamard", "product")
_FLATTENED = ("times", "plus", "hadamard", "hstack", "vstack")


def _bits_that_meet(nodes: list[Node], term: Term) -> dict[Any, int]:
    """The bits of the numbers that will be added or multiplied: all, or those of like terms."""
    meet: dict[Any, int] = {}
    for node in nodes:
        number_in = node.operands[0] if node.op.name == "times" else node
        if is_number(number_in):
            like = tuple(n.content for n in node.operands[1:]) if term.kind is Kind.SUM else ()
            meet[like] = meet.get(like, 0) + _bits(number_in)
    return meet


def _bits(node: Node) -> int:
    value = as_number(node)
    return value.p.bit_length() + value.q.bit_length() - 1 if value.is_Rational else 8


class _Run:
    """A run of products from left to right: scalars, and a chain of one kind of product."""

    def __init__(self, first: Node) -> None:
        self.scalars: list[Node] = [] if first.shape else [first]
        self.chain: list[Node] = [first] if first.shape else []
        self.entry_by_entry = False
        self.shape = first.shape

    def extend(self, sign: str, node: Node) -> None:
        entry_by_entry = sign in (".*", "./")
        if sign in ("/", "./"):
            plain = is_number(node) and as_number(node).is_Rational
            node = number(1 / as_number(node)) if plain else BUILD["pow"](node, number(-1))
        if not node.shape:
            self.scalars.append(node)
            return
        if entry_by_entry != self.entry_by_entry and len(self.chain) > 1:
            self.chain = [self.closed()]
        self.entry_by_entry = entry_by_entry
        self.chain.append(node)
        if entry_by_entry or not self.shape:
            self.shape = node.shape
            return
        self.shape = (self.shape[0], node.shape[1])
        if self.shape[0] == 1 and self.shape[1] == 1:
            self.scalars.append(self.closed())
            self.chain, self.shape = [], ()

    def closed(self) -> Node:
        if len(self.chain) == 1:
            return self.chain[0]
        return BUILD["had" if self.entry_by_entry else "mul"](*self.chain)

    def result(self) -> Node:
        chain = [self.closed()] if self.entry_by_entry and self.chain else self.chain
        factors = [*self.scalars, *chain]
        return BUILD["mul"](*factors) if len(factors) > 1 else factors[0]
