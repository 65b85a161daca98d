"""Programs with families and loops: ``for t = 1..T: h[t] = tanh(W*h[t-1] + U*x[t] + b), h[0] = h0``.

A member such as ``h[t-1]`` stands for one name while a formula is read: it is spelled as an identifier
of the same length, so that the formula goes through the same reader as every other and a caret
points to the right place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import MatcalcError, ParseError, UnknownNameError
from matcalc.expr import Node
from matcalc.language.declared import parse_shapes
from matcalc.language.scope import Undefined
from matcalc.language.text import read_expression
from matcalc.members import Family
from matcalc.network import Network
from matcalc.ops.binder import index as index_symbol
from matcalc.shapes import Shape

NAME = r"[^\W\d]\w*"
MEMBER = re.compile(rf"(?<!\w)({NAME})\[([^\[\]]*)\]")  # long words are tried once
RANGE = re.compile(rf"\s*({NAME})\s*=\s*(.+?)\s*\.\.\s*(.+?)\s*")
LOOP = re.compile(r"\s*for\b(.+?\.\.[^:]*):(.*)", re.DOTALL)
LEFT = re.compile(rf"\s*({NAME})\s*(?:\[([^\[\]]*)\])?\s*=(?!=)(.*)", re.DOTALL)
SHAPE = re.compile(r"\s*(?:(param|input)\s+)?([^:=()]+?)\s*:\s*(.*)", re.DOTALL)
LATEX = re.compile(r"(.*)\sas\s(.+)", re.DOTALL)
TERM = re.compile(rf"\s*([+-]?)\s*(?:(\d+)\s*\*\s*)?(\d+|{NAME})")

# Letters no program is written in, one for each sign that may stand between the brackets.
_SPELLED = str.maketrans("[]-+,* ", "ᚠᚢᚦᚨᚱᚷᚲ")
_READ = str.maketrans("ᚠᚢᚦᚨᚱᚷᚲ", "[]-+,* ")


def has_families(text: str) -> bool:
    """Whether a program speaks of members or loops."""
    code = re.sub(r"#[^\n]*", "", text)
    return bool(MEMBER.search(code) or re.search(r"(?m)^[ \t]*(for|index)\s+\w+\s*=.*\.\.", code))


@dataclass(frozen=True)
class _Statement:
    text: str
    inside: tuple[str, ...] = ()  # the ranges of the loops it stands in, the outermost first

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(RANGE.fullmatch(said)[1] for said in self.inside)  # type: ignore[index]


def network_of(text: str, name: str = "text") -> Network:
    """The network that a program with families describes."""
    return _Reader(text, Network(name)).run()


class _Reader:
    def __init__(self, text: str, network: Network) -> None:
        self.text, self.net = text, network
        self.functions: list[Undefined] = []
        self.params: list[str] = []

    def run(self) -> Network:
        statements = list(_statements(self.text))
        for said in dict.fromkeys(part for s in statements for part in s.inside):
            self._range(said)
        ranges = [s for s in statements if not s.inside and self._is_range(s.text)]
        for statement in ranges:  # wherever they stand: a family may be declared above them
            self._range(statement.text.strip().partition(" ")[2])
        rest = [s for s in statements if s not in ranges]
        rest = [s for s in rest if s.inside or not self._declares(s.text)]
        answer: Callable[[], Any] | None = None
        upstream: str | None = None
        while rest:
            statement = rest.pop(0)
            if statement.inside:
                inside = [statement]
                while rest and rest[0].inside[:1] == statement.inside[:1]:
                    inside.append(rest.pop(0))
                self._loop(inside)
                continue
            word, _, tail = statement.text.strip().partition(" ")
            if word in ("minimize", "output") and tail and not tail.lstrip().startswith("="):
                if answer is not None:
                    raise ParseError("one output only: name the other steps", self.text)
                answer = self._answer(word, tail)
            elif word == "upstream":
                upstream = tail.strip()
            elif word == "assume":
                self.net.assume(tail)
            elif LEFT.fullmatch(statement.text):
                self._define(statement.text)
            else:
                answer = self._answer("", statement.text)
        if answer is not None:
            answer()
        if upstream is not None:
            self.net.output(self.net.result, upstream=upstream)
        return self.net

    # -- declarations -----------------------------------------------------------------------------

    def _range(self, said: str) -> None:
        """Declare the index of a range; ``l = L..1`` runs down over the same places."""
        name, low, high = self._ends(said)
        known = self.net.spans.get(name)
        if known is None:
            down = sp.expand(high - low)
            low, high = (high, low) if down != 0 and down.is_nonpositive else (low, high)
            self.net.index(name, low, high)
        elif {known.low, known.high} != {low, high}:
            raise ParseError(
                f"the index {name} runs over two ranges, {known} and {said.strip()}", self.text
            )

    def _ends(self, said: str) -> tuple[str, Any, Any]:
        found = RANGE.fullmatch(said)
        if found is None:
            raise ParseError(f"a range is written t = 1..T, not {said.strip()}", self.text)
        return found[1], self._integer(found[2]), self._integer(found[3])

    def _runs_down(self, said: str) -> bool:
        name, low, high = self._ends(said)
        span = self.net.spans[name]
        return bool(low == span.high and high == span.low and low != high)

    def _is_range(self, text: str) -> bool:
        """Whether a line says how far an index runs: ``index t = 1..T``."""
        word, _, tail = text.strip().partition(" ")
        return word == "index" and RANGE.fullmatch(tail) is not None

    def _declares(self, text: str) -> bool:
        """Declare what a line declares; false where it is another statement."""
        found = SHAPE.fullmatch(text)
        if found is None:
            return False
        role, names, size = found.groups()
        latex = None
        if marked := LATEX.fullmatch(size):
            size, latex = marked[1], marked[2].strip()
        for name in _parts(names):
            self._symbol(name.strip(), size.strip(), role or "input", latex)
        return True

    def _symbol(self, said: str, size: str, role: str, latex: str | None) -> None:
        if size in ("function", "scalar function"):
            self.functions.append(Undefined(said, size))
            return
        declare = self.net.param if role == "param" else self.net.input
        shape = self._shape(size)
        member = MEMBER.fullmatch(said)
        if member is None:
            if not re.fullmatch(NAME, said):
                raise ParseError(
                    f"{said} is no name; shapes are declared as x[t] : d x 1", self.text
                )
            declare(said, *shape, latex=latex)
            return
        over = tuple(part.strip() for part in member[2].split(","))
        for letter in over:
            if letter not in self.net.spans:
                raise UnknownNameError(
                    f"no loop says how far {letter} runs in {said}: write for {letter} = 1..T: ... "
                    f"or a line index {letter} = 1..T"
                )
        indices = tuple(self.net.spans[letter].index for letter in over)
        declare(member[1], *shape, latex=latex, over=indices)

    def _shape(self, size: str) -> Shape:
        found: dict[str, Any] = {}

        def spelled(match: re.Match[str]) -> str:
            at = self._integer(match[2])
            name = match[0].replace(" ", "").translate(_SPELLED)
            found[name] = shapes.indexed_dim(match[1], at)
            return name

        with _Readable():
            shape = parse_shapes(f"_ : {MEMBER.sub(spelled, size)}")["_"]
        swaps = {shapes.dim(name): d for name, d in found.items()}
        return tuple(d.xreplace(swaps) for d in shape) if shape else ()

    # -- steps ------------------------------------------------------------------------------------

    def _loop(self, inside: list[_Statement]) -> None:
        """One loop, loops inside of it included: first what comes before it, then its steps."""
        steps = []
        starts: dict[str, dict[Any, str]] = {}
        where: dict[str, _Statement] = {}
        for statement in inside:
            general = ",".join(statement.letters)
            found = LEFT.fullmatch(statement.text)
            if found is None or found[2] is None:
                raise ParseError(
                    f"in a loop stand definitions such as h[{general}] = ..., not "
                    f"{statement.text.strip()}",
                    self.text,
                )
            name, place, formula = found.groups()
            if place.replace(" ", "") == general:
                steps.append((name, formula, statement))
            else:
                at = self._before(name, place, statement, formula)
                if at in starts.get(name, {}):
                    raise ParseError(f"{name}[{place.strip()}] is given twice", self.text)
                starts.setdefault(name, {})[at] = formula
                where[name] = statement
        for name, given in starts.items():
            self._start(name, given, where[name])
        for name, formula, statement in steps:
            over = tuple(self.net.spans[letter].index for letter in statement.letters)
            self.net.let(name, self._formula(formula), over=over)

    def _before(self, name: str, place: str, statement: _Statement, formula: str) -> Any:
        """The place of a member before the first."""
        at = [self._integer(p) for p in place.split(",")]
        spans = [self.net.spans[letter] for letter in statement.letters]
        *outer, last = at
        if len(at) != len(spans) or outer != [s.index for s in spans[:-1]]:
            raise ParseError(self._no_start(name, place, statement), self.text)
        if spans[-1].index in last.free_symbols:
            raise ParseError(
                f"a loop defines {name}[{','.join(statement.letters)}], the member at its own "
                f"index, not {name}[{place.strip()}] = {formula.strip()}: shift the index, as in "
                "for t = 1..T: h[t] = tanh(W*h[t-1] + x[t-1]) instead of h[t+1] = tanh(W*h[t] + x[t])",
                self.text,
            )
        return last

    def _no_start(self, name: str, place: str, statement: _Statement) -> str:
        *outer, last = (self.net.spans[letter] for letter in statement.letters)
        down = self._runs_down(statement.inside[-1])
        first = sp.expand(last.high + 1 if down else last.low - 1)
        said = ",".join([*(str(s.index) for s in outer), shapes.show_dim(first).replace(" ", "")])
        over = statement.inside[-1].strip() if down else last
        return f"{name}[{place.strip()}] is no start of a loop over {over}: that is {name}[{said}]"

    def _start(self, name: str, given: Mapping[Any, str], statement: _Statement) -> None:
        """Announce a recurrence with the members before its first."""
        over = tuple(self.net.spans[letter].index for letter in statement.letters)
        span = self.net.spans[statement.letters[-1]]
        down = self._runs_down(statement.inside[-1])
        places = [
            sp.expand(span.high + k if down else span.low - k) for k in range(1, len(given) + 1)
        ]
        for at in given:
            if at not in places:
                raise ParseError(self._no_start(name, shapes.show_dim(at), statement), self.text)
        start = [self._formula(given[at]) for at in places]
        self.net.recur(name, over=over, start=start, down=down)

    def _define(self, text: str) -> None:
        found = LEFT.fullmatch(text)
        assert found is not None
        name, place, formula = found.groups()
        latex = None
        if marked := LATEX.fullmatch(formula):
            formula, latex = marked[1], marked[2].strip()
        if place is None:
            self.net.let(name, self._formula(formula), latex=latex)
            return
        over = tuple(index_symbol(part.strip()) for part in place.split(","))
        self.net.let(name, self._formula(formula), latex=latex, over=over)

    def _answer(self, word: str, said: str) -> Callable[[], Any]:
        def ask() -> Any:
            name = said.strip()
            known = re.fullmatch(NAME, name) and name in self.net and name not in self.net.families
            node = self.net[name] if known else self._formula(said)
            return self.net.minimize(node) if word == "minimize" else self.net.output(node)

        return ask

    # -- formulas ---------------------------------------------------------------------------------

    def _formula(self, text: str) -> Node:
        names = {n: node for n, node in self.net.symbols.items() if n not in self.net.families}
        dims = [*self.net.spans, *(s.name for s in self.net.extents)]
        return read_in_members(text, names, self.net.families, dims, self.functions)

    def _integer(self, said: str) -> Any:
        return place_in(said)


def read_in_members(
    text: str,
    names: Mapping[str, Node],
    families: Mapping[str, Family],
    dims: Iterable[str],
    functions: Iterable[Undefined] = (),
) -> Node:
    """A formula that may speak of members, ``h[t-1]``, beside plain names."""
    known = dict(names)

    def spelled(match: re.Match[str]) -> str:
        family = families.get(match[1])
        if family is None:
            why = "stands alone" if match[1] in names else "is not declared"
            raise UnknownNameError(f"{match[0]}: {match[1]} {why}; there is no such family")
        name = match[0].translate(_SPELLED)
        node: Node = family[tuple(place_in(part) for part in match[2].split(","))]
        known[name] = node
        return name

    formula = MEMBER.sub(spelled, text.strip())
    with _Readable():
        return read_expression(formula, known, dims=dims, functions=functions)


def place_in(said: str) -> Any:
    """``T + 1 - t``: integers, dimensions and indices, added and subtracted."""
    total, place = sp.Integer(0), 0
    while place < len(said.rstrip()):
        found = TERM.match(said, place)
        if found is None or (place and not found[1]):
            raise ParseError(f"a place is written t, t-1, T+1-t or 3, not {said}")
        sign, times, word = found.groups()
        value = sp.Integer(word) if word.isdigit() else index_symbol(word)
        total += (-1 if sign == "-" else 1) * sp.Integer(times or 1) * value
        place = found.end()
    if not said.strip():
        raise ParseError("a place is missing between [ and ]")
    return sp.expand(total)


class _Readable:
    """Inside, an error speaks of members as they are written."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, MatcalcError):
            error.args = tuple(a.translate(_READ) if isinstance(a, str) else a for a in error.args)


def _statements(text: str) -> Iterator[_Statement]:
    """Lines and what stands between semicolons; the body of a loop may follow on indented lines."""
    around: list[tuple[int, tuple[str, ...]]] = []  # loops that are open, by their indentation
    for row in text.split("\n"):
        line = row.partition("#")[0]
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        while around and depth <= around[-1][0]:
            around.pop()
        inside = around[-1][1] if around else ()
        for part in line.split(";"):
            found = LOOP.fullmatch(part)
            if found is not None:
                inside = (*inside, *(said.strip() for said in _parts(found[1])))
                part = found[2]
                if not part.strip():
                    around.append((depth, inside))
            for definition in _parts(part) if inside else [part]:
                if definition.strip():
                    yield _Statement(definition.strip(), inside)


def _parts(text: str) -> list[str]:
    """The parts between commas that stand in no bracket."""
    found, depth = [""], 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return found
