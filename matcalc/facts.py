"""Facts about symbols: sympy's ``Q`` predicates and a few of ours, under one namespace.

What can be assumed, of what, what follows from it, and what excludes what. A fact is stated by a
predicate, ``Q.symmetric(K)``, or in words, ``symmetric(K)`` or ``K is symmetric``; how words are
read stands here once, for the verbs and for the text language.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.assumptions.assume import AppliedPredicate

from matcalc import shapes
from matcalc.errors import (
    DomainError,
    KindError,
    NameClashError,
    ParseError,
    ShapeError,
    UnknownNameError,
    wants,
)
from matcalc.expr import Node, is_symbol, read, symbol_name

EQUATIONS = {
    "symmetric": r"A^\top = A",
    "orthogonal": r"Q^\top Q = I",
    "diagonal": r"A = \operatorname{diag}(a)",
    "positive_definite": r"A^\top = A \succ 0",
    "invertible": r"\det A \neq 0",
    "lower_triangular": r"\operatorname{tril}(L) = L",
    "upper_triangular": r"\operatorname{triu}(U) = U",
    "rows_sum_to_one": r"Y\,\mathbf{1} = \mathbf{1}",
    "cols_sum_to_one": r"\mathbf{1}^\top Y = \mathbf{1}^\top",
    "rows_sum_to_zero": r"A\,\mathbf{1} = 0",
    "cols_sum_to_zero": r"\mathbf{1}^\top A = 0",
    "one_hot": r"Y \odot Y = Y,\ Y\,\mathbf{1} = \mathbf{1}",
    "idempotent": r"P P = P",
    "constant": r"dA = 0",
}
KNOWN = list(EQUATIONS)

# Other words for the same; all symbols are real, so a unitary matrix is orthogonal.
ALSO_CALLED = {
    "unitary": "orthogonal",
    "nonsingular": "invertible",
    "spd": "positive_definite",
    "posdef": "positive_definite",
    "non_singular": "invertible",
    "onehot": "one_hot",
    "projection": "idempotent",
    "projector": "idempotent",
    "row_stochastic": "rows_sum_to_one",
    "column_stochastic": "cols_sum_to_one",
    "columns_sum_to_one": "cols_sum_to_one",
    "columns_sum_to_zero": "cols_sum_to_zero",
}
SAYS_NOTHING = {"real", "real_elements", "finite"}  # sympy's; so are all symbols

SQUARE = {"symmetric", "orthogonal", "diagonal", "positive_definite", "invertible", "idempotent"}
OF_NUMBERS = {"constant"}
# Of a column that sums to one, the literal sense of the first says that it is 1.
OF_WIDE = {"rows_sum_to_one": "cols_sum_to_one", "rows_sum_to_zero": "cols_sum_to_zero"}

# By such a matrix there are three gradients; the entries of a diagonal one stay independent.
SYMMETRIC = ("symmetric", "positive_definite")

IMPLIED = {
    "positive_definite": ("symmetric", "invertible"),
    "diagonal": ("symmetric", "lower_triangular", "upper_triangular"),
    "orthogonal": ("invertible",),
}

IMPLIED_TOGETHER = {
    ("symmetric", "rows_sum_to_one"): "cols_sum_to_one",
    ("symmetric", "cols_sum_to_one"): "rows_sum_to_one",
    ("symmetric", "rows_sum_to_zero"): "cols_sum_to_zero",
    ("symmetric", "cols_sum_to_zero"): "rows_sum_to_zero",
    ("symmetric", "lower_triangular"): "diagonal",
    ("symmetric", "upper_triangular"): "diagonal",
    ("lower_triangular", "upper_triangular"): "diagonal",
}

# A matrix that sends a vector of ones to zero is singular; sums over all entries agree.
EXCLUDE = (
    ("rows_sum_to_one", "rows_sum_to_zero"),
    ("cols_sum_to_one", "cols_sum_to_zero"),
    ("rows_sum_to_one", "cols_sum_to_zero"),
    ("cols_sum_to_one", "rows_sum_to_zero"),
    ("invertible", "rows_sum_to_zero"),
    ("invertible", "cols_sum_to_zero"),
)


@dataclass(frozen=True)
class Fact:
    """A property assumed of a symbol, such as symmetric or rows_sum_to_one."""

    name: str
    of: str
    symbol: Node | None = field(default=None, compare=False, repr=False)  # where one was given

    def __str__(self) -> str:
        return f"{self.name}({self.of})"

    @property
    def equation(self) -> str:
        """The fact as an equation in LaTeX, like the equations of the rules."""
        return EQUATIONS[self.name]


class NoSuchFactError(DomainError, AttributeError):
    """A predicate that ``Q`` does not have."""


class _Predicates:
    """``Q.symmetric(K)``, ``Q.rows_sum_to_one(Y)``, ..."""

    def __getattr__(self, name: str) -> Any:
        try:
            found = known(name)
        except DomainError as error:
            raise NoSuchFactError(str(error)) from None

        def state(*of: Any) -> Any:
            if not of:
                raise KindError(f"Q.{name} is stated of a symbol, as in Q.{name}(K)")
            facts = tuple(_stated(found, one) for one in of)
            return facts[0] if len(facts) == 1 else facts

        return state

    def __dir__(self) -> list[str]:
        return list(KNOWN)


Q = _Predicates()


def known(name: str) -> str:
    """The fact that a word means, or an error that says which there are."""
    found = ALSO_CALLED.get(name, name)
    if found in EQUATIONS:
        return found
    near = " or ".join(difflib.get_close_matches(name, KNOWN, 2))
    said = f"did you mean {near}? There" if near else "there"
    raise DomainError(f"there is no fact {name}; {said} are {', '.join(KNOWN)}")


def _stated(name: str, of: Any) -> Fact:
    if isinstance(of, str):
        return Fact(name, of)
    node = read(of)
    if not is_symbol(node):
        raise DomainError(f"a fact is stated of a symbol, not of {node}; give {node} a name")
    return Fact(name, symbol_name(node), node)


def with_implied(names: Iterable[str], shape: shapes.Shape = ()) -> tuple[str, ...]:
    """The facts and all that follow from them, in one order. A column that is one-hot sums to one,
    of another matrix each row does."""
    found = set(names)
    if "one_hot" in found:
        column = len(shape) == 2 and shape[1] == 1
        found.add("cols_sum_to_one" if column else "rows_sum_to_one")
    while True:
        more = {fact for name in found for fact in IMPLIED.get(name, ())}
        more.update(fact for pair, fact in IMPLIED_TOGETHER.items() if found.issuperset(pair))
        if more <= found:
            return tuple(sorted(found))
        found |= more


# -- what cannot be ------------------------------------------------------------------------------


def refuse_misfit(fact: Fact, node: Node) -> None:
    """A fact is stated of what can have it: only a square matrix is symmetric."""
    word = _words(fact.name)
    if not node.shape:
        if fact.name not in OF_NUMBERS:
            raise ShapeError(f"{fact}: {fact.of} is a number, and only a matrix can be {word}")
    elif fact.name in SQUARE and node.shape[0] != node.shape[1]:
        raise ShapeError(
            f"{fact}: {fact.of} is {shapes.show(node.shape)}, and only a square matrix can be {word}"
        )
    elif fact.name in OF_WIDE and node.shape[1] == 1 != node.shape[0]:
        raise ShapeError(
            f"{fact}: {fact.of} is a column ({shapes.show(node.shape)}), so each of its rows is one "
            f"entry; of the sum of its entries speaks {OF_WIDE[fact.name]}({fact.of})"
        )


def refuse_wrong(facts: Iterable[Fact], names: Mapping[str, Node]) -> None:
    """Facts that their symbols cannot have, and facts that exclude each other."""
    together: dict[str, list[str]] = {}
    for fact in facts:
        node = names.get(fact.of, fact.symbol)
        if node is not None:
            if fact.symbol is not None and not shapes.same_shape(node.shape, fact.symbol.shape):
                raise NameClashError(
                    f"the name {fact.of} stands for two things: {fact.of} "
                    f"({shapes.show(node.shape)}) and, in {fact}, {fact.of} "
                    f"({shapes.show(fact.symbol.shape)})"
                )
            refuse_misfit(fact, node)
        together.setdefault(fact.of, []).append(fact.name)
    for of, stated in together.items():
        follows = with_implied(stated, names[of].shape if of in names else ())
        for one, other in EXCLUDE:
            if one in follows and other in follows:
                said = shapes.listed([f"{name}({of})" for name in dict.fromkeys(stated)])
                raise DomainError(
                    f"no matrix has all of {said}: {_words(one)} excludes {_words(other)}"
                )


def _words(name: str) -> str:
    return name.replace("_", " ")


def refuse_strangers(facts: Iterable[Fact], names: Iterable[str], declared: bool = False) -> None:
    """Facts about names that nothing is called here. A symbol that was declared need not occur,
    unless a network declares all there are."""
    here = list(dict.fromkeys(names))
    for fact in facts:
        if fact.of in here or (fact.symbol is not None and not declared):
            continue
        family = fact.of.partition("[")[0]  # a fact is stated of all its members
        near = [n for n in here if n == family] or difflib.get_close_matches(fact.of, here, 1)
        said = f"did you mean {near[0]}?" if near else f"there are {shapes.listed(here) or 'none'}"
        raise UnknownNameError(f"{fact}: there is no {fact.of} here; {said}")


def is_symmetric_symbol(node: Node, facts: Iterable[Fact]) -> bool:
    """Whether a symbol is assumed symmetric."""
    return any(f.name in SYMMETRIC and f.of == symbol_name(node) for f in facts)


# -- how facts are stated ------------------------------------------------------------------------


def as_facts(facts: Any) -> list[Fact]:
    """Facts from our predicates, sympy's applied predicates, or texts like ``symmetric(K)``."""
    if facts is None:
        return []
    if isinstance(facts, (Fact, str, AppliedPredicate, sp.And)):
        facts = [facts]
    wants(Iterable, facts, "facts are Q's predicates, or texts such as symmetric(K)")
    return list(dict.fromkeys(fact for given in facts for fact in _read_one(given)))


def _read_one(given: Any) -> Iterable[Fact]:
    if isinstance(given, Fact):
        return [given]
    if isinstance(given, (list, tuple, set, frozenset)):
        return as_facts(list(given))
    if isinstance(given, str):
        words = given.strip().removeprefix("assume ")
        return [Fact(said.fact, said.of) for said in in_words(words)]
    if isinstance(given, sp.And):
        return as_facts(sorted(given.args, key=str))
    if isinstance(given, AppliedPredicate):
        name = str(given.function.name)
        return [] if name in SAYS_NOTHING else [_stated(known(name), given.arguments[0])]
    raise DomainError(f"a fact looks like mc.Q.symmetric(K), not {given!r}")


@dataclass(frozen=True)
class Said:
    """A fact in a text, and where its word and its symbol stand."""

    fact: str
    of: str
    at: int
    of_at: int


# Between words stands a space, a hyphen or an underscore: one_hot, one-hot, one hot.
_GAP = r"[ \t_-]+"
_NAME = r"[^\W\d]\w*(?:\[[^\]]*\])?"
_NAMES = rf"{_NAME}(?:\s*(?:,|\band\b)\s*{_NAME})*"
_PHRASE = "(?i:{})".format(
    "|".join(
        name.replace("_", _GAP) for name in sorted([*KNOWN, *ALSO_CALLED], key=len, reverse=True)
    )
)
_OF_SUMS = re.compile(
    rf"(?:(?:the|all|each|every)\s+)?(?P<axis>row|col|column)s?\s+of\s+(?P<names>{_NAMES})\s+"
    rf"(?P<words>sums?\s+to\s+(?:one|zero|1|0)|(?:is|are)\s+(?:one{_GAP}hot|cent(?:re|ere)d))\b"
)
_CALLED = re.compile(rf"(?P<words>[^\W\d][\w \t-]*?)\s*\(\s*(?P<names>{_NAMES})\s*\)")
_IS = re.compile(
    rf"(?P<names>{_NAMES}?)\s+(?:(?:is|are)\s+)?(?:an?\s+)?"
    rf"(?P<words>{_PHRASE}(?:(?:\s+|\s*,\s*|\s*,?\s+and\s+){_PHRASE})*)\b(?!\s*\()"
    rf"(?:\s+matri(?:x|ces)\b)?"
)
_BETWEEN = re.compile(r"\s*(?:[,;&\n]|\band\b)\s*|\s*$")


def in_words(text: str) -> Iterator[Said]:
    """The facts a text states: ``symmetric(K), Y is one-hot``, ``rows of Y sum to one``.

    >>> [(said.fact, said.of) for said in in_words("K is symmetric positive definite")]
    [('symmetric', 'K'), ('positive_definite', 'K')]
    """
    place = len(text) - len(text.lstrip())
    while True:
        found = next((m for form in _FORMS if (m := form.match(text, place))), None)
        if found is None:
            raise _unread(text, place)
        for said in _facts_in(found):
            for name in re.finditer(_NAME, found["names"]):
                if name.group() != "and":
                    at = found.start("names") + name.start()
                    of = re.sub(r"\[\s*[^\W\d]\w*\s*\]$", "", name.group())  # any member
                    yield Said(said, of, found.start("words"), at)
        between = _BETWEEN.match(text, found.end())
        if between is None:
            raise _unread(text, found.end())
        place = between.end()
        if place == len(text):
            return


_FORMS = (_OF_SUMS, _CALLED, _IS)


def _facts_in(found: re.Match[str]) -> list[str]:
    words = found["words"]
    if found.re is _CALLED:
        return [known(re.sub(_GAP, "_", words))]
    if found.re is _OF_SUMS:
        axis = "rows" if found["axis"] == "row" else "cols"
        if words.endswith("hot"):
            if axis == "cols":
                raise DomainError(
                    f"{found[0]}: one_hot says it of rows; of columns there is cols_sum_to_one"
                )
            return ["one_hot"]
        return [f"{axis}_sum_to_{'one' if words.endswith(('one', '1')) else 'zero'}"]
    return [known(re.sub(_GAP, "_", phrase.lower())) for phrase in re.findall(_PHRASE, words)]


def states_facts(text: str) -> bool:
    """Whether a line that begins with a name goes on with a fact: ``K is symmetric``."""
    return _IS.match(text) is not None or _OF_SUMS.match(text) is not None


def _unread(text: str, place: int) -> ParseError:
    last = re.search(r"(\w+)\s*$", text)
    near = difflib.get_close_matches(last[1], KNOWN, 1) if last and last[1] not in KNOWN else []
    hint = f"; did you mean {near[0]}?" if near else ""
    return ParseError(
        f"a fact is written as in: assume symmetric(K), or K is symmetric{hint}", text, place
    )
