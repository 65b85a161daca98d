r"""A rule of a page for a general layer or time, judged in a network with families.

``\delta^{[l]} = (\delta^{[l+1]} W^{[l+1]T}) \odot g'(Z^{[l]})`` is written out for every l of a few small
networks, sums over the index term by term, and each instance is judged like any line of a page. So
the kind of a slip is found as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import DomainError, MatcalcError
from matcalc.expr import Node, is_symbol, symbol_name
from matcalc.families.stages import stages_of
from matcalc.families.writing import families_text
from matcalc.judging.verdict import Verdict
from matcalc.language.loops import network_of
from matcalc.members import Family, Span, place_of
from matcalc.network import Network
from matcalc.ops.binder import index as index_symbol
from matcalc.render.names import name_in_latex
from matcalc.shapes import IndexedDim
from matcalc.unrolling import Unrolling

LONGEST = 20  # how long a range may get until every index has two places
WORD = r"[A-Za-z]"
PLACE = r"(?:\d+\s*\*?\s*)?(?:\d+|[A-Za-z])(?:\s*[+-]\s*(?:\d+|[A-Za-z]))*"
# Where an index stands: W^{[l+1]}, h_{t-1}, h_t; a transpose may follow in the same braces.
MARK = re.compile(rf"([_^])(?:\{{(\s*[\[(]?\s*)({PLACE})(\s*[\])]?[^{{}}]*)\}}|({WORD}|\d))")
BASE = re.compile(r"(\\?[A-Za-z]+|\\[a-z]+\{[A-Za-z]\})\s*$")
SUM = re.compile(
    rf"\\sum\s*_\{{\s*({WORD})\s*=\s*({PLACE})\s*\}}\s*\^(?:\{{\s*({PLACE})\s*\}}|(\w))"
)

NEGATIVE = re.compile(r"[_^]\{\s*[\[(]?\s*-\d")
NO_NAME = (
    "a member before place 0 has no name to judge it by: number the places from a later one on"
)
BAR = re.compile(r"\\\||\\[lr]?[vV]ert(?![A-Za-z])|\|")

Judge = Callable[[str, Network, list[str]], Verdict]


def verify_instances(
    claim: str, network: Network, judge: Judge, given: Sequence[str] = ()
) -> Verdict:
    """The rule at every place where its members exist; the first instance that fails decides.

    ``given`` are definitions of the page, which are written out for every place as well.
    """
    network = _with_preactivations(claim, network, given)
    taken = {*network.symbols, *network.spans, *re.findall(WORD, " ".join([claim, *given]))}
    claim, *given = (_own_families(line, network, taken) for line in (claim, *given))
    verdict = _at_every_place(claim, network, judge, given)
    if verdict.status == "fails" and SUM.search(claim):
        for shifted in _one_place_off(claim, network):
            if _at_every_place(shifted, network, judge, given).status == "holds":
                said = f"{verdict.explanation.partition(':')[0]}: an index is off by one"
                return replace(
                    verdict, slip="index off by one", correction=shifted, explanation=said
                )
    return verdict


def _at_every_place(claim: str, network: Network, judge: Judge, given: Sequence[str]) -> Verdict:
    met: list[str] = []
    for ends in _lengths(network):
        try:
            made = _Spelled(network, ends)
        except DomainError:
            continue
        known = [said for line in given for _, said in _instances(line, network, ends)]
        for places, instance in _instances(claim, network, ends):
            if NEGATIVE.search(instance):
                return Verdict(
                    "unreadable", claim, explanation=f"{NO_NAME} ({_said(places, ends)})"
                )
            verdict = judge(instance, made.plain, known)
            where = _said(places, ends)
            if verdict.status != "holds":
                said = f"at {where}: {verdict.explanation}".removesuffix(": ")
                return replace(verdict, claim=claim, explanation=said)
            met.append(where)
    if not met:
        why = "no place of the range has all the members that the rule speaks of"
        return Verdict("range-error", claim, "index out of range", "", why)
    return Verdict("holds", claim, certainty=f"agrees at {shapes.listed(met)}")


def _lengths(network: Network) -> list[dict[str, int]]:
    """The two shortest choices of the ends at which every index has two places or more."""
    symbols = sorted(s.name for s in network.extents)
    if not symbols:
        return [{}]
    found = []
    for length in range(1, LONGEST):
        ends = {name: length + k for k, name in enumerate(symbols)}
        moving = [s for s in network.spans.values() if not (s.high - s.low).is_number]
        if all(low < high for low, high in (_fixed(s, ends) for s in moving)):
            found.append(ends)
    return found[:2]


def _with_preactivations(claim: str, network: Network, given: Sequence[str]) -> Network:
    """The network with the names that the engine gives to what goes into an activation, where the claim
    speaks of one that the page does not define."""
    made = set(stages_of(network, network.result)[1])
    defined = {name for line in (claim, *given) if (name := _left_name(line)) is not None}
    spoken = {base[1] for m in MARK.finditer(claim) if (base := BASE.search(claim[: m.start()]))}
    if not (made & spoken) - defined:
        return network
    return network_of(families_text(network, cut=True), network.name)


def _left_name(line: str) -> str | None:
    """``z`` of ``z_t = ...``."""
    mark = MARK.search(line)
    base = BASE.fullmatch(line[: mark.start()].strip()) if mark is not None else None
    return base[1] if base is not None else None


def _own_families(claim: str, network: Network, taken: set[str]) -> str:
    """``L_t`` beside a number L: a family of the page, under a letter of its own."""
    out, last = [], 0
    for mark in MARK.finditer(claim):
        base = BASE.search(claim[: mark.start()])
        if base is None or base[1] in network.families or _is_transpose(mark):
            continue
        node = network.symbols.get(base[1])
        moving = set(re.findall(WORD, mark[3] or mark[5])) & set(network.spans)
        if node is None or node.shape or not moving:
            continue
        letter = next((c for c in "EGHJKQRSU" if c not in taken), base[1])
        out += [claim[last : base.start(1)], letter]
        last = base.end(1)
    return "".join([*out, claim[last:]])


def _one_place_off(claim: str, network: Network) -> Iterator[str]:
    """The claim with one member taken one place later, or earlier."""
    for mark in MARK.finditer(claim):
        said = mark[3] or mark[5]
        if _family_before(claim[: mark.start()], network) is None or _is_transpose(mark):
            continue
        if not set(re.findall(WORD, said)) & set(network.spans):
            continue
        for step in (-1, 1):
            place = sp.expand(_place(said) + step)
            inside = f"{{{mark[2] or ''}{str(place).replace(' ', '')}{mark[4] or ''}}}"
            yield f"{claim[: mark.start()]}{mark[1]}{inside}{claim[mark.end() :]}"


def _place(said: str) -> Any:
    terms = re.findall(r"([+-]?)\s*(\w+)", said)
    return sp.Add(*(
        (-1 if sign == "-" else 1) * (sp.Integer(word) if word.isdigit() else index_symbol(word))
        for sign, word in terms
    ))  # fmt: skip


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
    swaps = {s: sp.Integer(ends[s.name]) for s in (span.low + span.high).free_symbols}
    low, high = (e.xreplace(swaps) for e in (span.low, span.high))
    return int(low), int(high)


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
        place = sp.expand(_place(said).xreplace({index_symbol(letter): sp.Integer(k)}))
        inside = str(place).replace(" ", "")
        return f"{mark[1]}{{{mark[2] or ''}{inside}{mark[4] or ''}}}"

    return MARK.sub(put, body)


def _end_of_term(claim: str, start: int) -> int:
    """Where the term that begins at ``start`` ends; a sign between the bars of a norm is inside."""
    depth, place, begun, bars = 0, start, False, ""
    while place < len(claim):
        bar = BAR.match(claim, place)
        sign = bar[0] if bar else claim[place]
        if bar is not None:
            bars = "" if bars else sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            if depth == 0:
                return place
            depth -= 1
        elif not bars and depth == 0 and begun:
            if sign in "+-=&," or claim.startswith("\\\\", place):
                return place
        begun = begun or not sign.isspace()
        place += len(sign)
    return place
