r"""A rule of a page for a general layer or time, judged in a network with families.

``\delta^{[l]} = (\delta^{[l+1]} W^{[l+1]T}) \odot g'(Z^{[l]})`` is written out for every l of a few small
networks, sums over the index term by term, and each instance is judged like any line of a page. So
the kind of a slip is found as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import DomainError, MatcalcError
from matcalc.expr import Node, is_symbol, symbol_name
from matcalc.judging.verdict import Verdict
from matcalc.members import Family, Span, place_of
from matcalc.network import Network
from matcalc.ops.binder import index as index_symbol
from matcalc.render.names import name_in_latex
from matcalc.shapes import IndexedDim
from matcalc.unrolling import Unrolling

LENGTHS = (2, 3)
WORD = r"[A-Za-z]"
PLACE = r"(?:\d+\s*\*?\s*)?(?:\d+|[A-Za-z])(?:\s*[+-]\s*(?:\d+|[A-Za-z]))*"
# Where an index stands: W^{[l+1]}, h_{t-1}, h_t; a transpose may follow in the same braces.
MARK = re.compile(rf"([_^])(?:\{{(\s*[\[(]?\s*)({PLACE})(\s*[\])]?[^{{}}]*)\}}|({WORD}|\d))")
BASE = re.compile(r"(\\?[A-Za-z]+|\\[a-z]+\{[A-Za-z]\})\s*$")
SUM = re.compile(
    rf"\\sum\s*_\{{\s*({WORD})\s*=\s*({PLACE})\s*\}}\s*\^(?:\{{\s*({PLACE})\s*\}}|(\w))"
)

Judge = Callable[[str, Network], Verdict]


def verify_instances(claim: str, network: Network, judge: Judge) -> Verdict:
    """The rule at every place where its members exist; the first instance that fails decides."""
    symbols = sorted(s.name for s in network.extents)
    met: list[str] = []
    for length in LENGTHS if symbols else LENGTHS[:1]:
        ends = {name: length + k for k, name in enumerate(symbols)}
        try:
            made = _Spelled(network, ends)
        except DomainError:
            continue
        for places, instance in _instances(claim, network, ends):
            verdict = judge(instance, made.plain)
            where = _said(places, ends)
            if verdict.status != "holds":
                said = f"at {where}: {verdict.explanation}".removesuffix(": ")
                return replace(verdict, claim=claim, explanation=said)
            met.append(where)
    if not met:
        why = "no place of the range has all the members that the rule speaks of"
        return Verdict("range-error", claim, "index out of range", "", why)
    return Verdict("holds", claim, certainty=f"agrees at {shapes.listed(met)}")


def _said(places: Mapping[str, int], ends: Mapping[str, int]) -> str:
    """``l = 1 (L = 2)``."""
    here, there = (", ".join(f"{k} = {v}" for k, v in part.items()) for part in (places, ends))
    return f"{here} ({there})" if here and there else here or there


class _Spelled(Unrolling):
    """The plain network as a page would spell it: a start is a step, sizes are single letters."""

    def __init__(self, network: Network, ends: Mapping[str, int]) -> None:
        super().__init__(network, ends)
        self.letters: dict[str, str] = {}
        self.declare()
        self.define()

    def dim(self, d: Any) -> Any:
        fixed = d.xreplace(self.ends) if self.ends else d
        swaps = {f: shapes.dim(self._letter(str(f))) for f in fixed.atoms(IndexedDim)}
        return fixed.xreplace(swaps) if swaps else fixed

    def _letter(self, said: str) -> str:
        if said not in self.letters:
            taken = {*self.letters.values(), *self.net.symbols, *self.net.spans}
            taken |= {
                d.name for s in self.net.symbols.values() for e in s.shape for d in e.free_symbols
            }
            free = (c for c in "pqrsuvwcefghmkabij" if c not in taken)
            found = next(free, None)
            if found is None:
                raise DomainError("there are more sizes than letters")
            self.letters[said] = found
        return self.letters[said]

    def made(self, member: Node, definition: Node) -> Node:
        place = place_of(member)
        if place is not None and is_symbol(definition):
            own = f"{place.family.name}{'_'.join(map(str, place.at))}"
            if symbol_name(definition) in (own, own.replace("_", "")):
                return definition  # h0 and h[0] are one name on a page
        made: Node = self.plain.let(self.name(member), definition)
        return made


def _instances(
    claim: str, network: Network, ends: Mapping[str, int]
) -> Iterator[tuple[dict[str, int], str]]:
    """The claim at every place that all of its members allow."""
    spans = {name: _fixed(span, ends) for name, span in network.spans.items()}
    written = _without_sums(claim, ends)
    free = [name for name in spans if _mentions(written, name)]
    for places in _grid(free, spans):
        instance = _at(written, {**ends, **places}, network, spans)
        if instance is not None:
            yield places, instance


def _grid(free: list[str], spans: Mapping[str, tuple[int, int]]) -> Iterator[dict[str, int]]:
    if not free:
        yield {}
        return
    first, *rest = free
    for k in range(spans[first][0], spans[first][1] + 1):
        for more in _grid(rest, spans):
            yield {first: k, **more}


def _fixed(span: Span, ends: Mapping[str, int]) -> tuple[int, int]:
    return _number(str(span.low), ends), _number(str(span.high), ends)


def _number(said: str, values: Mapping[str, int]) -> int:
    total = 0
    for sign, word in re.findall(r"([+-]?)\s*(\w+)", said):
        if not word.isdigit() and word not in values:
            raise MatcalcError(f"the place {said} speaks of {word}, which is no index here")
        value = int(word) if word.isdigit() else values[word]
        total += -value if sign == "-" else value
    return total


def _mentions(claim: str, letter: str) -> bool:
    return any(letter in re.findall(WORD, m[3] or m[5] or "") for m in MARK.finditer(claim))


def _at(
    claim: str,
    values: Mapping[str, int],
    network: Network,
    spans: Mapping[str, tuple[int, int]],
) -> str | None:
    """The claim with numbers for its places; None where a member does not exist."""
    out, last = [], 0
    for mark in MARK.finditer(claim):
        said = mark[3] or mark[5]
        words = set(re.findall(WORD, said))
        if _is_transpose(mark):
            continue
        if not words or not words <= set(values):
            continue
        number = _number(said, values)
        letter = next((w for w in words if w in spans), None)
        family = _family_before(claim[: mark.start()], network)
        span = spans[letter] if letter else _span_of(family, network, spans)
        if span is not None:
            low, high = span
            if family is not None and family.down:
                high += family.started
            elif family is not None:
                low -= family.started
            if not low <= number <= high:
                return None
        inside = f"{{{mark[2]}{number}{mark[4]}}}" if mark[3] else f"{{{number}}}"
        out += [claim[last : mark.start()], mark[1], inside]
        last = mark.end()
    return "".join([*out, claim[last:]])


def _is_transpose(mark: re.Match[str]) -> bool:
    """``W^T`` is a transpose, whatever the last time is called."""
    bracketed = bool(mark[2]) and mark[2].strip() != ""
    return mark[1] == "^" and not bracketed and (mark[3] or mark[5]).strip() == "T"


def _span_of(
    family: Family | None, network: Network, spans: Mapping[str, tuple[int, int]]
) -> tuple[int, int] | None:
    return spans[family.spans[-1].index.name] if family is not None else None


def _family_before(text: str, network: Network) -> Family | None:
    found = BASE.search(text)
    if found is None:
        return None
    for family in network.families.values():
        if found[1] in (family.latex, family.name, name_in_latex(family.name)):
            return family
    return None


def _without_sums(claim: str, ends: Mapping[str, int]) -> str:
    """Sums over a range with numbers for its ends, term by term."""
    while (found := SUM.search(claim)) is not None:
        letter = found[1]
        low, high = _number(found[2], ends), _number(found[3] or found[4], ends)
        stop = _end_of_term(claim, found.end())
        body = claim[found.end() : stop].strip()
        terms = [_shifted(body, letter, k) for k in range(low, high + 1)]
        claim = f"{claim[: found.start()]}({' + '.join(terms)}){claim[stop:]}"
    return claim


def _shifted(body: str, letter: str, k: int) -> str:
    """The body with a number for its index; other letters stay."""

    def put(mark: re.Match[str]) -> str:
        said = mark[3] or mark[5]
        if letter not in re.findall(WORD, said) or _is_transpose(mark):
            return mark[0]
        place = sp.expand(sum(
            (-1 if sign == "-" else 1) * (sp.Integer(word) if word.isdigit() else index_symbol(word))
            for sign, word in re.findall(r"([+-]?)\s*(\w+)", said)
        ).xreplace({index_symbol(letter): sp.Integer(k)}))  # fmt: skip
        inside = str(place).replace(" ", "")
        return f"{mark[1]}{{{mark[2] or ''}{inside}{mark[4] or ''}}}"

    return MARK.sub(put, body)


def _end_of_term(claim: str, start: int) -> int:
    """Where the term that begins at ``start`` ends."""
    depth, place, begun = 0, start, False
    while place < len(claim):
        sign = claim[place]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            if depth == 0:
                return place
            depth -= 1
        elif depth == 0 and begun and (sign in "+-=&," or claim.startswith("\\\\", place)):
            return place
        begun = begun or not sign.isspace()
        place += 1
    return place
