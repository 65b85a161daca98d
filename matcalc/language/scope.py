"""What the names of a program mean, before any shape is known.

A name is a function of the language, a declared or defined symbol, an undefined function, a
dimension (because it stands where only a dimension can), or nobody has said. The scope also says
which terms of a formula are dimensions rather than operands, and reads those.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError, NameClashError, ParseError, ShapeError, UnknownNameError
from matcalc.language.formula import Formula, Kind, Term
from matcalc.language.placing import placed
from matcalc.language.signatures import known_words, signature
from matcalc.language.sizes import modest
from matcalc.shapes import Dim, Shape

MAX_DIMENSION_TERMS = 200

_PARTIAL = re.compile(r"D(\d+(?:_\d+)*)_(.+)")
_HIGHER = re.compile(r"(.+)_(\d+)")


@dataclass(frozen=True, slots=True)
class Undefined:
    """A function that stays a symbol: its name, kind, and for a map the size of its value."""

    name: str
    kind: str  # "function", "map" or "scalar function"
    rows: Dim = shapes.ONE


@dataclass(frozen=True, slots=True)
class Applied:
    """An undefined function as met in a formula: itself or one of its derivatives."""

    function: Undefined
    order: int = 0  # of g', g'', ...
    slots: tuple[int, ...] = ()  # of D1_2_f


@dataclass
class Scope:
    """The names of one text."""

    text: str
    declared: dict[str, Shape] = field(default_factory=dict)
    functions: dict[str, Undefined] = field(default_factory=dict)
    dims: dict[str, Dim] = field(default_factory=dict)
    defined: dict[str, int] = field(default_factory=dict)  # where each step is named
    declared_dims: set[str] = field(default_factory=set)  # those of shape lines
    plain: set[str] = field(default_factory=set)  # names that stand alone somewhere
    indices: set[str] = field(default_factory=set)  # the names that sums run over
    closed: bool = False  # whether every name must be declared

    def words(self) -> frozenset[str]:
        return known_words()

    def has(self, name: str) -> bool:
        return name in self.declared or name in self.defined

    def check_new(self, name: str, at: int) -> None:
        """A name that is about to be declared or defined."""
        if name in self.words():
            raise ParseError(
                f"{name} is a function of the language: choose another name", self.text, at
            )
        if name in self.dims:
            message = f"{name} is a dimension already: choose another name"
            raise placed(NameClashError, message, self.text, at)
        if name in self.functions:
            raise placed(NameClashError, f"{name} is declared already", self.text, at)

    def check_spelling(self, names: Iterable[str]) -> None:
        """Two names that look alike would be one identifier in generated code."""
        seen: dict[str, str] = {}
        for name in names:
            other = seen.setdefault(unicodedata.normalize("NFKC", name), name)
            if other != name:
                at = max(0, self.text.find(name))
                message = f"{name} and {other} are one name to Python: rename one of them"
                raise placed(NameClashError, message, self.text, at)

    # -- functions --------------------------------------------------------------------------------

    def applied(self, formula: Formula, term: Term) -> Applied | None:
        """The undefined function that a call or an index applies, if it does: g, g', g_4, D1_f."""
        if not self.functions:
            return None
        order, word = 0, term.word
        if term.kind is Kind.INDEX:
            inner = formula.terms[term.operands[0]]
            while inner.kind is Kind.TRANSPOSE:
                order, inner = order + 1, formula.terms[inner.operands[0]]
            word = inner.word if inner.kind is Kind.NAME else ""
        found = self.functions.get(word)
        if found is not None:
            return Applied(found, order) if order == 0 or found.kind == "function" else None
        if match := _PARTIAL.fullmatch(word):
            found = self.functions.get(match[2])
            if found is not None and found.kind != "function":
                return Applied(found, 0, tuple(int(k) - 1 for k in match[1].split("_")))
        if match := _HIGHER.fullmatch(word):
            found = self.functions.get(match[1])
            if found is not None and found.kind == "function" and len(match[2]) < 3:
                return Applied(found, int(match[2]))
        return None

    def is_index(self, formula: Formula, term: Term) -> bool:
        """Whether ``name(...)`` is an entry or a block of a symbol rather than a function."""
        if term.kind is Kind.INDEX:
            return True
        if term.word in self.words() and not self.has(term.word):
            return False
        if self.has(term.word) or term.word in self.plain:
            return True
        kinds = [formula.terms[k].kind for k in term.operands]
        return any(k in (Kind.ALL, Kind.RANGE) for k in kinds) or kinds == [Kind.NUMBER] * 2

    def mentions_index(self, formula: Formula, term: Term) -> bool:
        """Whether the index of a sum stands in a term."""
        todo = [term] if self.indices else []
        while todo:
            found = todo.pop()
            if found.kind is Kind.NAME and found.word in self.indices:
                return True
            todo.extend(formula.terms[k] for k in found.operands)
        return False

    def defined_later(self, name: str, at: int) -> MatcalcError:
        """A step that is used before, or in, the line that defines it."""
        line = self.text.count("\n", 0, self.defined[name]) + 1
        where = f"defined further down, on line {line}"
        if self.defined[name] < at:
            where = "what is being defined here"
        said = f"{name} is {where}: steps go from top to bottom"
        return placed(UnknownNameError, said, self.text, at)

    def unknown_function(self, term: Term) -> UnknownNameError:
        near = difflib.get_close_matches(term.word, self.words() | set(self.functions), 1, 0.7)
        said = f"there is no function {term.word}"
        name = term.word
        also = f"write * for a product, or declare {name} : function, or {name} : n x m for entries"
        said += f"; did you mean {near[0]}?" if near else f": {also}"
        error = placed(UnknownNameError, said, self.text, term.start)
        assert isinstance(error, UnknownNameError)
        return error

    # -- which terms are dimensions ---------------------------------------------------------------

    def roles(self, formula: Formula) -> list[str]:
        """For each term "" if it has a shape, "#" if it is a dimension, "@" an axis, "&" an index
        that is bound, "f" the name of an undefined function."""
        roles = [""] * len(formula.terms)
        for place in range(len(formula.terms) - 1, -1, -1):
            term, role = formula.terms[place], roles[place]
            if role:
                for k in term.operands:
                    roles[k] = role
            elif term.kind is Kind.INDEX and self.applied(formula, term):
                roles[term.operands[0]] = "f"
            elif term.kind is Kind.INDEX:
                for k in term.operands[1:]:
                    roles[k] = "#"
            elif term.kind is Kind.CALL and not self.applied(formula, term):
                found = signature(term.word, len(term.operands))
                for slot, k in enumerate(term.operands):
                    if self.is_index(formula, term):
                        roles[k] = "#"
                    elif found is not None:
                        roles[k] = found.role(slot)
        return roles

    def learn(self, formula: Formula) -> None:
        """Collect the names that stand alone and those that stand where a dimension must."""
        for term in formula.terms:
            if term.kind is Kind.CALL and term.word == "isum" and len(term.operands) > 1:
                self.indices.add(formula.terms[term.operands[1]].word)
        roles = self.roles(formula)
        self.check_colons(formula)
        for term, role in zip(formula.terms, roles, strict=True):
            if term.kind is Kind.INDEX and role == "":
                self.check_derivative(formula, term)
            if term.kind is Kind.NAME and role in ("#", "&"):
                self.learn_dimension(term)

    def check_colons(self, formula: Formula) -> None:
        """A ``:`` is an index of its own."""
        indices = {
            k
            for term in formula.terms
            if term.kind in (Kind.CALL, Kind.INDEX) and self.is_index(formula, term)
            for k in (term.operands if term.kind is Kind.CALL else term.operands[1:])
        }
        for place, term in enumerate(formula.terms):
            if term.kind in (Kind.ALL, Kind.RANGE) and place not in indices:
                said = "a : stands only in an index, as in A(:, j) or A(1:k, :)"
                raise ParseError(said, self.text, term.start)

    def check_derivative(self, formula: Formula, term: Term) -> None:
        """``f'(x)`` where nobody declared f."""
        inner = formula.terms[term.operands[0]]
        if inner.kind is Kind.TRANSPOSE and len(term.operands) == 2:
            while inner.kind is Kind.TRANSPOSE:
                inner = formula.terms[inner.operands[0]]
            name = inner.word
            if inner.kind is Kind.NAME and not self.has(name) and name not in self.functions:
                said = f"{name} is not declared: for an undefined function write {name} : function"
                raise placed(UnknownNameError, said, self.text, inner.start)

    def learn_dimension(self, term: Term) -> None:
        name = term.word
        if name == "end":
            said = "`end` is not used here: name the dimension, as in A(2:n, :)"
            raise ParseError(said, self.text, term.start)
        if name in self.words():
            said = f"{name} is a function of the language, not a dimension"
            raise ParseError(said, self.text, term.start)
        if self.has(name) or name in self.functions:
            said = f"{name} is declared as a symbol, but here only a dimension can stand"
            raise placed(NameClashError, said, self.text, term.start)
        self.dims[name] = shapes.dim(name)

    # -- dimensions as values ---------------------------------------------------------------------

    def dimension(self, formula: Formula, values: Mapping[int, Dim], term: Term) -> Dim:
        """The value of a term that stands for a dimension; those below it are in ``values``."""
        below = [values[k] for k in term.operands if k in values]
        if len(below) != len(term.operands):
            raise ParseError("a dimension is wanted here", self.text, term.start)
        try:
            return modest(self._dimension(formula, term, below))
        except ShapeError as error:
            raise placed(ShapeError, str(error), self.text, term.start) from None

    def _dimension(self, formula: Formula, term: Term, below: list[Dim]) -> Dim:
        if term.kind is Kind.NUMBER and term.word.isdigit():
            return sp.Integer(int(term.word))
        if term.kind is Kind.NAME:
            return shapes.dim(term.word)
        if term.kind is Kind.NEGATIVE:
            return -below[0]
        if len(below) > MAX_DIMENSION_TERMS:
            raise ShapeError(f"a dimension has at most {MAX_DIMENSION_TERMS} terms or factors")
        if term.kind is Kind.SUM:
            pieces = zip(term.signs, below, strict=True)
            return sp.Add(*(d if sign == "+" else -d for sign, d in pieces))
        if term.kind is Kind.PRODUCT and not {".*", "./"} & set(term.signs):
            signs = ("*", *term.signs)
            if any(sign == "/" and d == 0 for sign, d in zip(signs, below, strict=True)):
                raise ShapeError("division by zero")
            return sp.Mul(*(d if s == "*" else 1 / d for s, d in zip(signs, below, strict=True)))
        if term.kind is Kind.POWER and term.signs == ("^",):
            base, exponent = below
            if not exponent.is_number or (0 <= exponent <= 20 and exponent.is_Integer):
                return base**exponent
            raise ShapeError(f"the exponent of a dimension is at most 20, not {exponent}")
        said = formula.said(term)
        raise ShapeError(
            f"a whole number or a dimension such as n, 2*n, n + 1 is wanted, not {said}"
        )
