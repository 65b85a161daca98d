"""Shapes of a whole program: what each term says goes to the constraints, then names are decided.

What follows from the text is followed first. Where that leaves a name open, conventions decide, one
name at a time, each decision followed through and taken back if it contradicts: capital letters are
matrices; a lower-case name that is used as a vector is a column; every other name is a scalar.
Contradictions in the text itself are left standing: building the nodes then names the operands.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain

from matcalc import shapes
from matcalc.errors import MatcalcError, ParseError, ShapeError, UnknownNameError
from matcalc.language.constraints import Broadcast, Computed, Product, Tried
from matcalc.language.conventions import fresh_letters, is_capital, is_greek
from matcalc.language.follow import follow
from matcalc.language.formula import Formula, Kind, Term
from matcalc.language.placing import placed
from matcalc.language.scope import Scope
from matcalc.language.sizes import FULL, ONE, SCALAR, VECTOR, WEAK, Clash, Pair, Sizes
from matcalc.shapes import Shape

MAX_OPEN_NAMES = 5000
MAX_ROUNDS = 20


class Inference:
    """The shapes of the names of one program; statements are told one after another."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.sizes = Sizes()
        self.pairs: dict[str, Pair] = {}
        self.met: dict[str, int] = {}  # names that nobody declared, and where they were met
        self.products: list[Product] = []
        self.broadcasts: list[Broadcast] = []
        self.computed: list[Computed | Tried] = []
        self.powers: list[tuple[Pair, Formula, Term]] = []
        self.added: list[tuple[Term, Formula, Term]] = []  # undeclared names beside + or -
        for name, shape in scope.declared.items():
            self.pairs[name] = self.pair_of(shape)

    def pair_of(self, shape: Shape) -> Pair:
        if not shape:
            return SCALAR
        return self.sizes.rigid(shape[0]), self.sizes.rigid(shape[1])

    def define(self, name: str, formula: Formula) -> None:
        pair = self.formula(formula)
        if name in self.pairs:  # a shape line says what the step must be
            self.equal(self.pairs[name], pair)
        else:
            self.pairs[name] = pair

    def square(self, name: str) -> None:
        """A fact that only a square matrix can have."""
        pair = self.pairs[name]
        self.equal(pair, (pair[1], pair[0]))
        self.sizes.want(pair, FULL)

    def equal(self, a: Pair, b: Pair) -> None:
        try:
            self.sizes.equal(a, b)
        except Clash:
            return  # left to the nodes, which name the operands

    # -- formulas ---------------------------------------------------------------------------------

    def formula(self, formula: Formula) -> Pair:
        """Follow a formula; its own shape."""
        pair = follow(self, formula)
        self.sizes.run()
        return pair

    def name(self, name: str, at: int) -> Pair | None:
        """The shape of a name that stands for an operand; None for a number such as pi."""
        scope = self.scope
        if name in self.pairs:
            return self.pairs[name]
        if name in scope.dims:
            return SCALAR
        if name in scope.functions or name in scope.words():
            raise ParseError(f"{name} is a function: write {name}(...)", scope.text, at)
        if name in scope.defined:
            raise scope.defined_later(name, at)
        if name == "pi":
            return None
        if scope.closed:
            raise self.unknown(name, at)
        self.met[name] = at
        if len(self.met) > MAX_OPEN_NAMES:
            raise ParseError(f"more than {MAX_OPEN_NAMES} names have no shape", scope.text, at)
        self.pairs[name] = self.sizes.pair()
        return self.pairs[name]

    def unknown(self, name: str, at: int) -> MatcalcError:
        near = difflib.get_close_matches(name, [*self.pairs, *self.scope.dims], 1)
        known = ", ".join(list(self.pairs)[:12])
        said = f"{name} is not declared"
        said += f"; did you mean {near[0]}?" if near else f"; declared are {known}" if known else ""
        return placed(UnknownNameError, said, self.scope.text, at)

    # -- decisions --------------------------------------------------------------------------------

    def decide(self) -> None:
        """Give every name a shape."""
        self.sizes.run()
        for name in self.met:
            if is_capital(name):
                self.choose(name, _MATRIX, _COLUMN, _ROW, _NUMBER)
        self.try_words()
        self.spread_evidence()
        names = [name for name in self.met if not is_capital(name)]
        for _ in range(MAX_ROUNDS):  # one decision is evidence for the next
            decided = [name for name in names if self.evidence(name)]
            for name in decided:
                self.choose_by_evidence(name)
            if not decided:
                break
        for name in names:
            if self.evidence(name):
                self.choose_by_evidence(name)
            else:
                self.choose(name, _NUMBER, _COLUMN, _ROW, _MATRIX)
        for pair, _, _ in self.powers:
            if self.sizes.is_matrix(pair):
                self.equal(pair, (pair[1], pair[0]))
        self.sizes.run()
        self.learn_integers()
        self.name_all()
        self.check_added()

    def choose(self, name: str, *assertions: Callable[[Sizes, Pair], None]) -> None:
        pair = self.pairs[name]
        if self.sizes.dim(pair[0]) is not None and self.sizes.dim(pair[1]) is not None:
            return
        for assertion in assertions:
            if self.sizes.guess(lambda a=assertion: a(self.sizes, pair)):  # type: ignore[misc]
                return

    def choose_by_evidence(self, name: str) -> None:
        degree = self.sizes.degree(self.pairs[name])
        if degree >= FULL:
            self.choose(name, _MATRIX, _COLUMN, _ROW, _NUMBER)
        else:
            self.choose(name, _COLUMN, _NUMBER, _ROW, _MATRIX)

    def evidence(self, name: str) -> bool:
        """Whether the text uses the name as a vector; Greek letters take more to convince."""
        needed = VECTOR if is_greek(name) else WEAK
        pair = self.pairs[name]
        return self.sizes.is_open(pair) and self.sizes.degree(pair) >= needed

    def spread_evidence(self) -> None:
        """What a product is used as says something about its last factor, and so on."""
        sizes = self.sizes
        for product in reversed(self.products):
            if degree := sizes.degree(product.C):
                sizes.want(product.B, min(degree, VECTOR))
        for broadcast in reversed(self.broadcasts):
            if sizes.degree(broadcast.C):
                for A in broadcast.likely:
                    sizes.want(A, WEAK)

    def learn_integers(self) -> None:
        """The k in A^k is an integer, hence read as a dimension."""
        for pair, formula, exponent in self.powers:
            if not self.sizes.is_matrix(pair):
                continue
            todo = [exponent]
            while todo:
                term = todo.pop()
                todo.extend(formula.terms[k] for k in term.operands)
                if term.kind is Kind.NAME and term.word in self.met:
                    self.scope.dims[term.word] = shapes.dim(term.word)

    # -- dimensions get names ---------------------------------------------------------------------

    def try_words(self) -> None:
        """Shapes that are found by trying want operands with names for their dimensions."""
        for constraint in self.computed:
            if not isinstance(constraint, Tried) or any(
                map(self.sizes.is_open, constraint.operands)
            ):
                continue
            self.name_dimensions(constraint.sources)

    def name_all(self) -> None:
        """Every dimension that is left gets a letter; what can be computed from others does not."""
        sizes, found = self.sizes, list(chain.from_iterable(self.pairs[n] for n in self.met))
        later = {sizes.find(a) for c in self.computed for a in c.outcome}
        self.name_dimensions(a for a in found if sizes.find(a) not in later)
        self.name_dimensions(a for c in self.computed for a in c.sources)
        self.name_dimensions(found)

    def name_dimensions(self, unknowns: Iterable[int]) -> None:
        sizes = self.sizes
        for a in unknowns:
            if sizes.dim(a) is None:
                known = sizes.not_one[sizes.find(a)]
                sizes.set(a, shapes.dim(next(self.letters)) if known else shapes.ONE)
                sizes.run()

    @cached_property
    def letters(self) -> Iterator[str]:
        scope = self.scope
        taken = scope.plain | set(scope.dims) | set(scope.declared) | set(scope.defined)
        found = chain.from_iterable(self.pairs[n] for n in self.met)
        open_ones = {self.sizes.find(a) for a in found if self.sizes.dim(a) is None}
        return fresh_letters(taken, only_one=len(open_ones) == 1)

    # -- the outcome ------------------------------------------------------------------------------

    def shape(self, name: str) -> Shape:
        rows, cols = (self.sizes.dim(a) or shapes.ONE for a in self.pairs[name])
        return () if rows == 1 and cols == 1 else (rows, cols)

    def assumed(self) -> dict[str, Shape]:
        """The names that were given a shape, in the order in which they are met."""
        return {name: self.shape(name) for name in self.met if name not in self.scope.dims}

    def check_added(self) -> None:
        """``X*W + b``: a lower-case name is no matrix merely because it stands beside a plus."""
        for term, formula, total in self.added:
            name, shape = term.word, self.shape(term.word)
            wanted = is_capital(name) or self.sizes.degree(self.pairs[name]) >= FULL
            if wanted or not shape or 1 in shape:
                continue
            other = next(formula.terms[k] for k in total.operands if formula.terms[k] is not term)
            (rows, cols), size = map(shapes.show_dim, shape), shapes.show(shape)
            said = (
                f"+ and - take equal shapes only, so {name} would have to be {size} like "
                f"{formula.said(other)}: for a row in every row write ones({rows},1)*{name}, for "
                f"a number in every entry {name}*ones({rows},{cols}), for a matrix declare "
                f"{name} : {size}"
            )
            raise placed(ShapeError, said, self.scope.text, term.start)


def _MATRIX(sizes: Sizes, pair: Pair) -> None:
    sizes.set_not_one(pair[0])
    sizes.set_not_one(pair[1])


def _COLUMN(sizes: Sizes, pair: Pair) -> None:
    sizes.set_not_one(pair[0])
    sizes.equate(pair[1], ONE)


def _ROW(sizes: Sizes, pair: Pair) -> None:
    sizes.equate(pair[0], ONE)
    sizes.set_not_one(pair[1])


def _NUMBER(sizes: Sizes, pair: Pair) -> None:
    sizes.equal(pair, SCALAR)
