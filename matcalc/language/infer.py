"""Shapes of a whole program: what each term says goes to the constraints, then names are decided.

What follows from the text is followed first. Where that leaves a name open, conventions decide, one
name at a time, each decision followed through and taken back if it contradicts: capital letters are
matrices; a lower-case name that is used as a vector is a column; every other name is a scalar.
Contradictions in the text itself are left standing: building the nodes then names the operands.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError, ParseError, ShapeError, UnknownNameError
from matcalc.expr import symbol
from matcalc.language.constraints import Broadcast, Computed, Diag, LogSumExp, Product, Tried
from matcalc.language.formula import Formula, Kind, Term
from matcalc.language.placing import placed
from matcalc.language.scope import Applied, Scope
from matcalc.language.signatures import (
    FULL,
    VECTOR,
    WANTS,
    WEAK,
    Signature,
    counts,
    signature,
)
from matcalc.language.sizes import ONE, SCALAR, Clash, Pair, Sizes
from matcalc.language.undefined import shape_of_applied
from matcalc.ops import FUNCTIONS
from matcalc.shapes import Dim, Shape

MAX_OPEN_NAMES = 5000

_GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon eps zeta eta theta vartheta iota kappa lambda lam mu "
    "nu xi omicron pi rho sigma tau upsilon phi varphi chi psi omega".split()
)
_LETTERS = "mnkpqrstuvhdc"


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
        self.added: list[tuple[str, Term, Formula, Term]] = []  # lower-case names beside + or -
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
        reading = _Reading(self, formula)
        pair = reading.run()
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
            line = scope.text.count("\n", 0, scope.defined[name]) + 1
            said = f"{name} is defined only further down, on line {line}: steps go from top to bottom"
            raise placed(UnknownNameError, said, scope.text, at)
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

    # -- decisions -----------------------------------------------------------------------------------

    def decide(self) -> None:
        """Give every name a shape."""
        self.sizes.run()
        for name in self.met:
            if _is_capital(name):
                self.choose(name, _MATRIX, _COLUMN, _ROW, _NUMBER)
        self.settle(tried_only=True)
        names = [name for name in self.met if not _is_capital(name)]
        while names := [n for n in names if self.sizes.is_open(self.pairs[n])]:
            self.spread_evidence()
            if decided := [n for n in names if self.evidence(n)]:
                for name in decided:
                    self.choose_by_evidence(name)
                continue
            for name in names:
                before = self.sizes.news
                if self.evidence(name):
                    break
                self.choose(name, _NUMBER, _COLUMN, _ROW, _MATRIX)
                if self.sizes.news != before:
                    break
        for pair, _, _ in self.powers:
            if self.sizes.is_matrix(pair):
                self.equal(pair, (pair[1], pair[0]))
        self.sizes.run()
        self.learn_integers()
        self.settle(tried_only=False)
        self.name_dimensions(chain.from_iterable(self.pairs[n] for n in self.met))
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
            self.choose(name, _COLUMN, _ROW, _MATRIX, _NUMBER)

    def evidence(self, name: str) -> bool:
        """Whether the text uses the name as a vector; Greek letters take more to convince."""
        needed = VECTOR if _is_greek(name) else WEAK
        return self.sizes.is_open(self.pairs[name]) and self.sizes.degree(self.pairs[name]) >= needed

    def spread_evidence(self) -> None:
        """What a product is used as says something about its last factor, and so on."""
        sizes = self.sizes
        is_open = sizes.is_open
        self.products = [p for p in self.products if is_open(p.A) or is_open(p.B)]
        self.broadcasts = [b for b in self.broadcasts if any(map(is_open, b.operands))]
        for product in reversed(self.products):
            if is_open(product.B):
                if sizes.is_matrix(product.A):
                    sizes.want(product.B, VECTOR)
                elif degree := sizes.degree(product.C):
                    sizes.want(product.B, degree)
        for broadcast in reversed(self.broadcasts):
            if sizes.degree(broadcast.C) or sizes.is_matrix(broadcast.C):
                for A in filter(is_open, broadcast.operands):
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

    # -- dimensions get names ---------------------------------------------------------------------------

    def settle(self, tried_only: bool) -> None:
        """Name what computed shapes are computed from, so that they can be."""
        for constraint in self.computed:
            if isinstance(constraint, Tried):
                if not any(map(self.sizes.is_open, constraint.operands)) or not tried_only:
                    self.name_dimensions(chain.from_iterable(constraint.operands))
            elif not tried_only:
                self.name_dimensions(constraint.parts)
            self.sizes.settled(constraint)
            self.sizes.run()

    def name_dimensions(self, unknowns: Iterator[int] | Sequence[int]) -> None:
        sizes = self.sizes
        for a in unknowns:
            if sizes.dim(a) is None:
                if sizes.not_one[sizes.find(a)]:
                    sizes.set(a, shapes.dim(next(self.letters)))
                else:
                    sizes.set(a, shapes.ONE)
                sizes.run()

    @property
    def letters(self) -> Iterator[str]:
        if not hasattr(self, "_letters"):
            self._letters = self.fresh_letters()
        return self._letters

    def fresh_letters(self) -> Iterator[str]:
        """m, n, k, p, ... without the names in use; n if one dimension is all there is."""
        scope = self.scope
        taken = scope.plain | set(scope.dims) | set(scope.declared) | set(scope.defined)
        for shape in scope.declared.values():
            taken |= {s.name for d in shape for s in d.free_symbols}
        open_ones = {
            self.sizes.find(a)
            for a in chain.from_iterable(self.pairs[n] for n in self.met)
            if self.sizes.dim(a) is None
        }
        letters = "n" + _LETTERS.replace("n", "") if len(open_ones) == 1 else _LETTERS
        numbered = (f"{c}{k}" for k in count(1) for c in "mnkpq")
        return (c for c in chain(letters, numbered) if c not in taken)

    # -- the outcome ------------------------------------------------------------------------------------

    def shape(self, name: str) -> Shape:
        rows, cols = (self.sizes.dim(a) or shapes.ONE for a in self.pairs[name])
        return () if rows == 1 and cols == 1 else (rows, cols)

    def assumed(self) -> dict[str, Shape]:
        """The names that were given a shape, in the order in which they are met."""
        return {name: self.shape(name) for name in self.met if name not in self.scope.dims}

    def check_added(self) -> None:
        """``X*W + b``: a lower-case name is no matrix merely because it stands beside a plus."""
        for name, term, formula, total in self.added:
            shape = self.shape(name)
            if 1 in shape or not shape or self.sizes.degree(self.pairs[name]) >= FULL:
                continue
            other = next(formula.terms[k] for k in total.operands if formula.terms[k] is not term)
            rows, cols = map(shapes.show_dim, shape)
            said = (
                f"+ and - take equal shapes only, so {name} would have to be {shapes.show(shape)} like "
                f"{formula.said(other)}: to add a row {name} to every row write ones({rows},1)*{name}, "
                f"and if {name} is a matrix declare {name} : {shapes.show(shape)}"
            )
            raise placed(ShapeError, said, self.scope.text, term.start)


class _Reading:
    """One formula on its way through the inference."""

    def __init__(self, inference: Inference, formula: Formula) -> None:
        self.inference, self.formula = inference, formula
        self.scope, self.sizes = inference.scope, inference.sizes
        self.roles = self.scope.roles(formula)
        self.dims: dict[int, Dim] = {}
        self.pairs: list[Pair] = []
        self.constant: list[bool] = []  # numbers fit beside every shape

    def run(self) -> Pair:
        for place, (term, role) in enumerate(zip(self.formula.terms, self.roles, strict=True)):
            pair, constant = SCALAR, False
            if role == "":
                pair, constant = self.term(term)
            elif role in "#&" and term.kind not in (Kind.ALL, Kind.RANGE):
                self.dims[place] = self.scope.dimension(self.formula, self.dims, term)
            self.pairs.append(pair)
            self.constant.append(constant)
        return self.pairs[-1]

    def term(self, term: Term) -> tuple[Pair, bool]:
        kind, operands = term.kind, term.operands
        if kind is Kind.NUMBER:
            return SCALAR, True
        if kind is Kind.NAME:
            pair = self.inference.name(term.word, term.start)
            return (SCALAR, True) if pair is None else (pair, False)
        if kind is Kind.CALL or kind is Kind.INDEX:
            return self.call(term)
        constant = all(self.constant[k] for k in operands)
        if constant:
            return SCALAR, True
        if kind is Kind.SUM:
            return self.sum(term), False
        if kind is Kind.PRODUCT:
            return self.product(term), False
        if kind is Kind.POWER:
            return self.power(term), False
        if kind is Kind.TRANSPOSE:
            rows, cols = self.pairs[operands[0]]
            self.sizes.want((rows, cols), VECTOR)
            return (cols, rows), False
        if kind is Kind.NEGATIVE:
            return self.pairs[operands[0]], False
        raise ParseError("a : stands only in an index, as in A(:, j)", self.scope.text, term.start)

    def sum(self, term: Term) -> Pair:
        operands = [k for k in term.operands if not self.constant[k]]
        first = self.pairs[operands[0]]
        for k in operands:
            self.inference.equal(self.pairs[k], first)
            operand = self.formula.terms[k]
            if len(operands) > 1 and operand.kind is Kind.NAME and operand.word in self.inference.met:
                if not _is_capital(operand.word):
                    self.inference.added.append((operand.word, operand, self.formula, term))
        return first

    def product(self, term: Term) -> Pair:
        first, *rest = term.operands
        pair, constant = self.pairs[first], self.constant[first]
        for sign, k in zip(term.signs, rest, strict=True):
            other = self.pairs[k]
            if sign == "/":
                if not self.constant[k]:
                    self.inference.equal(other, SCALAR)
            elif constant:
                pair, constant = other, self.constant[k]
                if sign != "*":
                    self.sizes.want(pair, WEAK)
            elif self.constant[k]:
                pass
            elif sign == "*":
                pair = self.times(pair, other)
            else:
                pair = self.broadcast((pair, other), WEAK)
        return pair

    def times(self, A: Pair, B: Pair) -> Pair:
        if self.sizes.is_scalar(A):
            return B
        if self.sizes.is_scalar(B):
            return A
        product = Product(A, B, self.sizes.pair())
        self.sizes.post(product, *A, *B, *product.C)
        self.inference.products.append(product)
        return product.C

    def broadcast(self, operands: tuple[Pair, ...], degree: int = 0) -> Pair:
        if len(set(operands)) == 1:
            C = operands[0]
        elif all(map(self.sizes.is_scalar, operands)):
            return SCALAR
        else:
            C = self.sizes.pair()
            constraint = Broadcast(operands, C)
            self.sizes.post(constraint, *chain.from_iterable(operands), *C)
            self.inference.broadcasts.append(constraint)
        if degree:
            self.sizes.want(C, degree)
        return C

    def power(self, term: Term) -> Pair:
        base, exponent = term.operands
        said = self.formula.terms[exponent]
        if term.signs == ("^",):
            self.check_transpose(term, said)
            if not self.constant[exponent]:
                self.inference.equal(self.pairs[exponent], SCALAR)
            if not self.constant[base]:
                self.inference.powers.append((self.pairs[base], self.formula, said))
            return self.pairs[base]
        if self.constant[exponent]:
            self.sizes.want(self.pairs[base], WEAK)
            return self.pairs[base]
        if self.constant[base]:
            return self.pairs[exponent]
        return self.broadcast((self.pairs[base], self.pairs[exponent]), WEAK)

    def check_transpose(self, term: Term, exponent: Term) -> None:
        """``X^T`` is a transpose on paper; here T would be a number."""
        if exponent.kind is Kind.NAME and exponent.word in ("T", "top", "t", "H"):
            scope, inference = self.scope, self.inference
            if not scope.has(exponent.word) and exponent.word not in scope.dims:
                inference.met.pop(exponent.word, None)
                base = self.formula.said(self.formula.terms[term.operands[0]])
                said = f"^{exponent.word} is not a transpose here: write {base}'"
                raise ParseError(said, scope.text, term.marks[0])

    # -- words and entries -----------------------------------------------------------------------------

    def call(self, term: Term) -> tuple[Pair, bool]:
        applied = self.scope.applied(self.formula, term)
        if applied is not None:
            return self.undefined(applied, term), False
        if self.scope.is_index(self.formula, term):
            return self.entries(term), False
        word = term.word
        if word not in self.scope.words():
            raise self.scope.unknown_function(term)
        shaped = [k for k in term.operands if self.roles[k] == ""]
        if word in WANTS:
            for k in shaped:
                if not self.constant[k]:
                    self.sizes.want(self.pairs[k], WANTS[word])
        found = signature(word, len(term.operands))
        operands = [self.pairs[k] for k in shaped]
        if word in ("hstack", "vstack", "kron") and operands:
            return self.joined(word, operands), False
        if word in ("diag", "logsumexp") and len(operands) == 1:
            return self.diag_or_logsumexp(word, operands[0], term), False
        if found is None:
            if allowed := counts(word):
                many = " or ".join(map(str, allowed))
                said = f"{word} takes {many} operand{'s' * (allowed != [1])}, not {len(term.operands)}"
                raise ParseError(said, self.scope.text, term.start)
            return self.tried(word, operands), False
        if found.broadcasts:
            open_ones = [k for k in shaped if not self.constant[k]]
            if not open_ones:
                return SCALAR, True
            degree = WEAK if word in ("hadamard", "divide", "power", "square", "reciprocal") else 0
            return self.broadcast(tuple(self.pairs[k] for k in open_ones), degree), False
        return self.by_signature(found, term), False

    def by_signature(self, found: Signature, term: Term) -> Pair:
        known: dict[str, int] = {"1": ONE}
        for slot, k in enumerate(term.operands):
            if found.role(slot) == "#":
                known[found.operands[slot][0][1:]] = self.sizes.rigid(self.dims[k])
        for slot, k in enumerate(term.operands):
            if found.role(slot) == "" and len(found.operands[slot]) == 2:
                for said, a in zip(found.operands[slot], self.pairs[k], strict=True):
                    self.unify(known, said, a)
        if not found.value:
            return SCALAR
        rows, cols = (self.letter(known, said) for said in found.value)
        return rows, cols

    def unify(self, known: dict[str, int], said: str, a: int) -> None:
        if said not in known and "*" not in said:
            known[said] = a
            return
        try:
            self.sizes.equate(self.letter(known, said), a)
        except Clash:
            return  # left to the nodes

    def letter(self, known: dict[str, int], said: str) -> int:
        if said not in known:
            parts = tuple(self.letter(known, part) for part in said.split("*"))
            known[said] = self.compute(parts, adds=False) if len(parts) > 1 else self.sizes.unknown()
        return known[said]

    def compute(self, parts: tuple[int, ...], adds: bool) -> int:
        constraint = Computed(parts, self.sizes.unknown(), adds)
        self.sizes.post(constraint, *parts, constraint.whole)
        self.inference.computed.append(constraint)
        return constraint.whole

    def joined(self, word: str, operands: list[Pair]) -> Pair:
        if len(operands) == 1:
            return operands[0]
        rows, cols = zip(*operands, strict=True)
        if word == "kron":
            return self.compute(rows, adds=False), self.compute(cols, adds=False)
        same, along = (rows, cols) if word == "hstack" else (cols, rows)
        for a in same[1:]:
            try:
                self.sizes.equate(a, same[0])
            except Clash:
                break  # left to the nodes
        total = self.compute(along, adds=True)
        return (same[0], total) if word == "hstack" else (total, same[0])

    def diag_or_logsumexp(self, word: str, A: Pair, term: Term) -> Pair:
        C = self.sizes.pair()
        if word == "diag":
            self.sizes.post(Diag(A, C), *A, *C)
        elif len(term.operands) == 2:
            along_rows = self.formula.terms[term.operands[1]].word == "1"
            return (A[0], ONE) if along_rows else (ONE, A[1])
        else:
            self.sizes.post(LogSumExp(A, C), *A, *C)
        return C

    def tried(self, word: str, operands: list[Pair]) -> Pair:
        def shape_of(shapes_: Sequence[Shape]) -> Shape | None:
            try:
                return FUNCTIONS[word](*(symbol(f"A{k}", s) for k, s in enumerate(shapes_))).shape
            except (MatcalcError, TypeError):
                return None

        return self.try_later(operands, shape_of)

    def undefined(self, applied: Applied, term: Term) -> Pair:
        places = term.operands[1:] if term.kind is Kind.INDEX else term.operands
        operands = [self.pairs[k] for k in places]
        if applied.function.kind == "function" and len(operands) == 1:
            return operands[0]
        return self.try_later(operands, lambda found: shape_of_applied(applied, found))

    def try_later(
        self, operands: list[Pair], shape_of: Callable[[Sequence[Shape]], Shape | None]
    ) -> Pair:
        constraint = Tried(tuple(operands), self.sizes.pair(), shape_of)
        self.sizes.post(constraint, *chain.from_iterable(operands), *constraint.C)
        self.inference.computed.append(constraint)
        return constraint.C

    def entries(self, term: Term) -> Pair:
        """``A(i, j)``, ``A(i:j, :)``, and ``x(i)`` of a vector."""
        if term.kind is Kind.INDEX:
            A, index = self.pairs[term.operands[0]], term.operands[1:]
        else:
            found = self.inference.name(term.word, term.start)
            A, index = found or SCALAR, term.operands
        self.sizes.want(A, VECTOR)
        if len(index) > 2:
            said = "an entry has two indices, a row and a column"
            raise ParseError(said, self.scope.text, term.start)
        if len(index) == 1:
            self.check_single(term, index[0])
            return self.along(index[0], ONE), ONE
        return self.along(index[0], A[0]), self.along(index[1], A[1])

    def along(self, place: int, own: int) -> int:
        term = self.formula.terms[place]
        if term.kind is Kind.ALL:
            return own
        if term.kind is Kind.RANGE:
            first, last = (self.dims[k] for k in term.operands)
            size = sp.expand(last - first + 1)
            if size.is_number and not size.is_positive:
                said = f"the range {self.formula.said(term)} is empty"
                raise placed(ShapeError, said, self.scope.text, term.start)
            return self.sizes.rigid(size)
        return ONE

    def check_single(self, term: Term, place: int) -> None:
        index = self.formula.terms[place]
        name = term.word or self.formula.said(self.formula.terms[term.operands[0]])
        if index.kind is Kind.ALL:
            said = f"a single : is not used here: write vec({name}) for the stacked columns"
            raise ParseError(said, self.scope.text, term.start)
        plain = index.kind is Kind.RANGE or index.kind is Kind.NUMBER
        if not plain and not (index.kind is Kind.NAME and index.word in self.scope.declared_dims):
            inside = self.formula.said(index)
            said = f"this reads as an entry of {name}: write {name}*({inside}) for a product"
            raise ParseError(said, self.scope.text, term.start)


def _is_capital(name: str) -> bool:
    return name[0].isupper()


def _is_greek(name: str) -> bool:
    stem = name.rstrip("0123456789_").lower()
    return stem in _GREEK or (len(stem) == 1 and "α" <= stem <= "ω")


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
