"""What a formula says about shapes: each term becomes a pair of unknowns and a constraint.

Operands that share a shape by nature (a transpose, an entrywise function) share their unknowns;
everything else is posted as a constraint. Beside constraints a formula gives evidence: what stands
under ``sum`` or a transpose is a vector or a matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import sympy as sp

from matcalc.errors import MatcalcError, ParseError, ShapeError
from matcalc.expr import symbol
from matcalc.language.constraints import Broadcast, Computed, Diag, LogSumExp, Product, Tried
from matcalc.language.formula import Formula, Kind, Term
from matcalc.language.placing import placed
from matcalc.language.scope import Applied
from matcalc.language.signatures import WANTS, WITH_A_NUMBER, Signature, counts, signature
from matcalc.language.sizes import ONE, SCALAR, VECTOR, WEAK, Clash, Pair
from matcalc.language.undefined import shape_of_applied
from matcalc.ops import FUNCTIONS
from matcalc.shapes import Dim, Shape

if TYPE_CHECKING:
    from matcalc.language.infer import Inference


def follow(inference: Inference, formula: Formula) -> Pair:
    """Tell the inference what a formula says; the formula's own shape."""
    return _Following(inference, formula).run()


class _Following:
    """One formula on its way through the inference."""

    def __init__(self, inference: Inference, formula: Formula) -> None:
        self.inference, self.formula = inference, formula
        self.scope, self.sizes = inference.scope, inference.sizes
        self.roles = self.scope.roles(formula)
        self.dims: dict[int, Dim] = {}
        self.pairs: list[Pair] = []
        self.constant: list[bool] = []  # numbers fit beside every shape
        # Where all names are known, the k in A^k need not be: it is an integer then.
        self.exponents = {
            term.operands[1]
            for term in formula.terms
            if term.signs == ("^",) and self.scope.closed and self.is_new(term.operands[1])
        }

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

    def is_new(self, place: int) -> bool:
        term = self.formula.terms[place]
        known = term.word in self.inference.pairs or term.word in self.scope.dims
        return term.kind is Kind.NAME and not known and term.word != "pi"

    def term(self, term: Term) -> tuple[Pair, bool]:
        kind, operands = term.kind, term.operands
        if kind is Kind.NUMBER:
            return SCALAR, True
        if kind is Kind.NAME:
            if len(self.pairs) in self.exponents:
                return SCALAR, False
            pair = self.inference.name(term.word, term.start)
            return (SCALAR, True) if pair is None else (pair, False)
        if kind is Kind.CALL or kind is Kind.INDEX:
            return self.call(term)
        if all(self.constant[k] for k in operands):
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
        assert kind is Kind.NEGATIVE, f"{kind} stands where no operand can"
        return self.pairs[operands[0]], False

    def sum(self, term: Term) -> Pair:
        operands = [k for k in term.operands if not self.constant[k]]
        first = self.pairs[operands[0]]
        for k in operands:
            self.inference.equal(self.pairs[k], first)
            said = self.formula.terms[k]
            if said.kind is Kind.NAME and said.word in self.inference.met and len(operands) > 1:
                self.inference.added.append((said, self.formula, term))
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

    def broadcast(self, operands: tuple[Pair, ...], degree: int = 0, alike: bool = True) -> Pair:
        if len(set(operands)) == 1:
            C = operands[0]
        elif all(map(self.sizes.is_scalar, operands)):
            return SCALAR
        else:
            C = self.sizes.pair()
            constraint = Broadcast(operands, C, alike)
            self.sizes.post(constraint, *chain.from_iterable(operands), *C)
            self.inference.broadcasts.append(constraint)
        if degree:
            self.sizes.want(C, degree)
        return C

    def power(self, term: Term) -> Pair:
        base, exponent = term.operands
        said = self.formula.terms[exponent]
        self.check_transpose(term, said)
        if term.signs == ("^",):
            if exponent in self.exponents and said.word not in self.scope.dims:
                if not self.sizes.is_matrix(self.pairs[base]):
                    raise self.inference.unknown(said.word, said.start)
                self.scope.learn_dimension(said)
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
        return self.broadcast((self.pairs[base], self.pairs[exponent]), WEAK, alike=False)

    def check_transpose(self, term: Term, exponent: Term) -> None:
        """``X^T`` is a transpose on paper; here T would be a number."""
        if exponent.kind is Kind.NAME and exponent.word in ("T", "top", "t", "H"):
            scope, inference = self.scope, self.inference
            if not scope.has(exponent.word) and exponent.word not in scope.dims:
                inference.met.pop(exponent.word, None)
                base = self.formula.said(self.formula.terms[term.operands[0]])
                said = f"{term.signs[0]}{exponent.word} is no transpose here: write {base}'"
                raise ParseError(said, scope.text, term.marks[0])

    # -- words and entries ------------------------------------------------------------------------

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
                many = f"{' or '.join(map(str, allowed))} operand{'s' * (allowed != [1])}"
                said = f"{word} takes {many}, not {len(term.operands)}"
                raise ParseError(said, self.scope.text, term.start)
            return self.tried(word, operands), False
        if found.broadcasts:
            open_ones = [k for k in shaped if not self.constant[k]]
            if not open_ones:
                return SCALAR, True
            degree = WEAK if word in ("hadamard", "divide", "power", "square", "reciprocal") else 0
            operands, alike = [self.pairs[k] for k in open_ones], word not in WITH_A_NUMBER
            return self.broadcast(tuple(operands), degree, alike), False
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
        if said not in known and "*" not in said:
            known[said] = self.sizes.unknown()
        elif said not in known:
            parts = tuple(self.letter(known, part) for part in said.split("*"))
            known[said] = self.compute(parts, adds=False)
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
        for pair in operands:
            self.sizes.want(pair, VECTOR)
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
        plain = plain or (index.kind is Kind.NAME and index.word in self.scope.declared_dims)
        if not plain and not self.scope.mentions_index(self.formula, index):
            inside = self.formula.said(index)
            said = f"this reads as an entry of {name}: write {name}*({inside}) for a product"
            raise ParseError(said, self.scope.text, term.start)
