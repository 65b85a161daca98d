r"""A document as a list of relations with their lines, ranges and left sides put together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from matcalc.errors import ParseError
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import LOSS_NAMES
from matcalc.judging.counting import note_bases
from matcalc.judging.environment import ONE, Environment
from matcalc.judging.foreign_words import in_english
from matcalc.judging.givens import EQUALS
from matcalc.judging.kinds import COMPARISONS
from matcalc.judging.spaces import is_map
from matcalc.reading import tree as t
from matcalc.reading.document import Passage, document_macros, read_document
from matcalc.reading.formula import read_formula
from matcalc.reading.ranges import is_range
from matcalc.reading.writer import write

JUDGED = frozenset({*EQUALS, r"\approx", r"\in", ":", r"\leftarrow", *COMPARISONS})


FOR = re.compile(r"^[\s.,]*(for|with|where|and|over)?[\s]*(all|each|every|any)?[\s,]*$", re.I)


THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})*,000(?:,\d{3})*(?![\d,])")


UNITS = re.compile(r"^\s*(million|billion|thousand)\b", re.I)


LACKING = re.compile(
    r"without\s+(?:the|its)\s+(?:first|bias)\s+(?:entry|element|component|column)", re.I
)


NUMBER = re.compile(
    r"^\s*(?:\((?:a|one)\s+(?:number|scalar)\)|is (?:just |only )?(?:a|one) (?:real |single )?"
    r"(?:number|scalar)\b)"
)
BESIDE = re.compile(
    r"^(?=.*[\w(])[\s,]*\(?\s*(?:(?:is|has|with|of|be|in|an?|the|its|whose|which|are|have|matrix|vector|column|"
    r"nonsingular|invertible|regular|real|square|symmetric|given|known|fixed|constant|random|full|rank|"
    r"positive|definite|positive-definite|orthogonal|diagonal|"
    r"row|input|data|weight|weights|bias|parameter|parameters|shape|size|dimensions?)\s*)*$",
    re.I,
)
FACT = re.compile(r"\b([a-z]+(?:_[a-z]+)+|[a-z]{6,})\(([A-Za-z_]\w*)\)")
PROPERTY = re.compile(
    r"^\s*(?:is|are|be|,)?\s*(?:assumed|taken)?\s*(?:to be)?\s*\(?(?:an?|the)?\s*"
    r"((?:real|square|symmetric|positive[- ]definite|spd|orthogonal|diagonal|lower[- ]triangular|"
    r"upper[- ]triangular|and|[, ])+)",
    re.I,
)
DESCRIBED = re.compile(
    r"(?<!not )(?<!non-)\b((?:(?:real|symmetric|positive[- ]definite|spd|orthogonal|diagonal|and|"
    r"lower[- ]triangular|upper[- ]triangular|one[- ]hot)[,\s]+)+)(?:(?:matrix|matrices|covariance|"
    r"kernel|gram|precision|scatter|encoded|encoding|targets?|labels?|vectors?|class|rows?)\s+)*$",
    re.I,
)
BEHIND = re.compile(r"\s*\(?(?:for|if|when|since|because|provided|as)\s", re.I)
LYING = re.compile(r"^\s*(?:is|are|as|be)\s+(?:an?\s+)?(?:\w+\s+)?row[- ]?vectors?\b", re.I)
AHEAD = re.compile(r"\s*and\s.*\w\s*$", re.S)  # "and symmetric P" speaks of the P
ONE_HOT = re.compile(r"^\s*(?:is|are)?\s*(?:\(?|the )one[- ]hot")
TELLING = re.compile(r"symmetric|definite|spd|orthogonal|diagonal|triangular|one[- ]hot", re.I)
ARRIVES = re.compile(r"\bfrom above arrives\s*$|\bupstream gradient(?: is)?\s*$", re.I)
QUOTED = re.compile(r"\b(?:by|using|rule|identity)\s*$", re.I)
LAYOUT = re.compile(
    r"(?:(?:^|[.\n#]\s*)|\b(?:derivatives|jacobians|gradients|we|throughout|use|using)\b"
    r"[^.\n]{0,40}\b)(denominator|numerator|mixed)[- ]layout\b",
    re.I,
)


def _joined_digits(match: re.Match[str]) -> str:
    """``1,000,000`` without its commas."""
    return match[0].replace(",", "")


@dataclass
class Line:
    """One relation of the document."""

    relation: t.Relation
    number: int
    text: str
    cell: int | None = None
    display: bool = False
    before: str = ""  # the prose in front
    error: str = ""
    skipped: str = ""
    said: bool = False  # a convention in words
    named: frozenset[str] = frozenset()  # letters that the prose in front speaks of
    spoken: dict[t.Node, t.Node] = field(default_factory=dict)  # respelled pieces, as they stand


def lines_of(text: str, macros: Any) -> list[Line]:
    known = document_macros(text)
    table = {**known, **(macros or {})} if not isinstance(macros, str) else macros
    out: list[Line] = []
    prose = ""
    open_for_range = after_rule = False
    names: list[t.Node] = []
    declared: list[t.Node] = []
    said_of: list[t.Node] = []
    described: re.Match[str] | None = None
    seen: dict[str, tuple[t.Relation, ...]] = {}
    spoken: set[str] = set()
    for passage in read_document(text):
        if passage.kind == "prose":
            prose = in_english(passage.text)
            if out and UNITS.match(prose):
                out[-1].skipped = "the number goes on in words"
            if names and NUMBER.match(prose):
                out.append(_shaped(names[-1], (ONE, ONE), passage, said=True))
            for found in FACT.finditer(prose):
                if found[1] in FACTS:
                    out.append(_fact(t.Symbol(found[2], found[2]), FACTS[found[1]], passage))
            known_here = said_of = names or declared
            if known_here and LYING.match(prose):
                plural = re.match(r"\s*are\b", prose)
                for name in known_here if plural else known_here[-1:]:
                    out.append(_fact(name, ROW, passage))
            if known_here and ONE_HOT.match(prose):
                out.append(_fact(known_here[-1], "one-hot", passage))
            stated = None if AHEAD.match(prose) else PROPERTY.match(prose)
            if known_here and stated and TELLING.search(stated[1]):
                plural = re.match(r"\s*(?:are|be)\b", prose)
                for name in known_here if plural else known_here[-1:]:
                    out.append(_fact(name, stated[1].lower(), passage))
            if stated := LAYOUT.search(prose):
                out.append(_layout(stated[1].lower(), passage))
            if names and LACKING.search(prose[:80]):
                shorter = _shortened(names[-1], passage)
                if shorter is not None:
                    out.append(shorter)
            open_for_range = open_for_range and bool(FOR.match(prose))
            continue
        try:
            relations = seen.get(passage.text) or read_formula(
                THOUSANDS.sub(_joined_digits, passage.text), macros=table
            )
            if passage.kind == "inline":
                seen[passage.text] = relations
        except ParseError as error:
            quoted = passage.kind == "inline" and QUOTED.search(prose)
            if passage.kind == "display" or ("=" in passage.text and not quoted):
                out.append(_unread(passage, error))
            open_for_range = False
            continue
        relations = _continued(relations, out)
        for told in relations:
            out += [_fact(name, words, passage) for name, words in _told_behind(told)]
        relations = tuple(map(_without_words, relations))
        shape = _shape_beside(prose, relations, names)
        if shape is not None:
            out.append(_shaped(names[-1], shape, passage))
            prose = ""
            continue
        if (
            len(relations) == 1
            and not relations[0].signs
            and ARRIVES.search(prose)
            and isinstance(relations[0].sides[0], t.Symbol)
        ):
            out.append(_arriving(relations[0].sides[0], passage))
        belonging = [x.sides[0] for x in relations if x.signs == (r"\in",)]
        # "M symmetric, S in R^n": what is said behind one name is not said of the next
        told_of = None if AHEAD.match(prose) else PROPERTY.match(prose)
        behind = bool(said_of) and told_of is not None and bool(TELLING.search(told_of[1]))
        if not re.fullmatch(r"[\s,]*(?:and)?\s*", prose) or passage.kind != "inline":
            open_here = passage.kind == "inline" and not behind
            described = DESCRIBED.search(prose) if open_here else None
        if described is not None and TELLING.search(described[1]):
            for left in (x.sides[0] for x in relations if x.signs in ((), (r"\in",))):
                if _is_name(left):
                    fact = _fact(left, described[1].strip().lower(), passage)
                    # "... = 2 L f for symmetric L" speaks of the equation in front
                    behind_it = bool(out) and BEHIND.match(prose) and not out[-1].said
                    out.insert(len(out) - 1 if behind_it else len(out), fact)
        joined = bool(re.fullmatch(r"[\s,]*(?:and)?\s*", prose))
        declared = (
            [*(declared if joined else ()), *filter(_is_name, belonging)] if belonging else []
        )
        if len(relations) == 1 and not relations[0].signs and passage.kind == "inline":
            only = relations[0].sides[0]
            names = [only] if _is_name(only) else []
            spoken |= {s.full(only)} if isinstance(only, t.Symbol) else set()
        goes_on = after_rule and bool(re.fullmatch(r"[\s,;]*(?:and)?\s*", prose))
        announced = after_rule and bool(re.fullmatch(r"[\s,;]*(?:then )?the gradient is\s*", prose))
        goes_on = goes_on or (announced and isinstance(relations[0].sides[-1], t.Symbol))
        after_rule = False
        known_names = {p.name for line in out for p in s.symbols(line.relation)}
        rules = all(_is_rule(x) and not _is_gradient(x, known_names) for x in relations)
        if passage.kind == "inline" and relations and (goes_on or rules):
            prose, after_rule = "", True
            continue
        if open_for_range and out and all(is_range(r) for r in relations):
            _restrict(out, relations)
            continue
        open_for_range = False
        if passage.kind == "inline" and relations and all(map(_counts_up, relations)):
            out.append(_counting(relations, passage))
            prose = ""
            continue
        for relation in relations:
            if is_map(relation):
                out.append(Line(relation, passage.line, write(relation), passage.cell, said=True))
            if relation.signs and set(relation.signs) <= JUDGED:
                open_for_range = True
                number = passage.line_at(min(relation.span[0], len(passage.text)))
                out.append(
                    Line(relation, number, write(relation), passage.cell,
                         passage.kind == "display", prose, named=frozenset(spoken))
                )  # fmt: skip
            elif not relation.signs and passage.kind == "display":
                # \frac{dL}{dW} alone: the next display goes on with "= ..."
                out.append(Line(relation, passage.line, write(relation), passage.cell, True, prose))
        prose = ""
    return out


def _shape_beside(
    prose: str, relations: tuple[t.Relation, ...], names: list[t.Node]
) -> tuple[t.Node, t.Node] | None:
    """``X (n x d)`` in words and formulas: the shape of the name in front."""
    if not names or not BESIDE.search(prose) or len(relations) != 1 or relations[0].signs:
        return None
    only = relations[0].sides[0] if relations[0].sides else None
    if not isinstance(only, t.Product) or set(only.operators) != {r"\times"}:
        return None
    return (only.factors[0], only.factors[1]) if len(only.factors) == 2 else None


def _told_behind(relation: t.Relation) -> Iterator[tuple[t.Node, str]]:
    """``..., W \\text{ symmetric}`` behind an equation: a name and what is said of it."""
    last = relation.sides[-1] if relation.sides else None
    for item in last.items[1:] if isinstance(last, t.Listing) else ():
        if isinstance(item, t.Phrase) and len(item.parts) == 2 and _is_name(item.parts[0]):
            said = item.parts[1]
            if isinstance(said, t.Text) and TELLING.search(said.words):
                yield item.parts[0], said.words.strip().lower()


def _without_words(relation: t.Relation) -> t.Relation:
    last = relation.sides[-1] if relation.sides else None
    if not isinstance(last, t.Listing) or not any(_told_behind(relation)):
        return relation
    if len(last.items) != 2:
        return relation
    return replace(relation, sides=(*relation.sides[:-1], last.items[0]))


def _counts_up(relation: t.Relation) -> bool:
    """``t = 1, \\dots, T`` in a sentence: how far a letter runs, no value of it."""
    right = relation.sides[-1]
    listed = isinstance(right, t.Listing) and any(isinstance(x, t.Ellipsis) for x in right.items)
    return relation.signs == ("=",) and listed and s.bare(relation.sides[0])


def _counting(relations: tuple[t.Relation, ...], passage: Passage) -> Line:
    conditions = tuple(t.Condition("for", (r,), span=r.span) for r in relations)
    return Line(t.Relation((), conditions=conditions), passage.line, passage.text, passage.cell)


def _is_name(node: t.Node) -> bool:
    """A letter, with its layer above it as it may be: ``W``, ``W^1``."""
    if isinstance(node, t.Postfix) and node.kind in ("power", "superscript"):
        node = node.base
    return isinstance(node, t.Symbol)


def _is_rule(relation: t.Relation) -> bool:
    """``d(AB) = (dA) B + A (dB)`` in a sentence: a rule that is quoted."""
    if not relation.signs or not isinstance(_changed(relation.sides[0]), t.Node):
        return False
    return any(isinstance(p, t.Differential) for side in relation.sides[1:] for p in t.walk(side))


def _is_gradient(relation: t.Relation, known: set[str]) -> bool:
    """``dV = P^T dO`` of a V that the page has used: what arrives there, and no rule."""
    left = relation.sides[0]
    of = left.of if isinstance(left, t.Differential) else None
    return isinstance(of, t.Symbol) and of.name in known and of.name not in LOSS_NAMES


def _changed(left: t.Node) -> t.Node | None:
    """What stands behind the ``d`` of a rule: ``d(AB)``, ``dA``."""
    if isinstance(left, t.Differential):
        return left.of
    named = isinstance(left, t.HeadBracket) and left.head == t.Symbol("d", "d")
    return left.bracket if isinstance(left, t.HeadBracket) and named else None


def _shaped(
    symbol: t.Node, dims: tuple[t.Node, t.Node], passage: Passage, said: bool = False
) -> Line:
    """A shape beside a name; ``said`` if it is called a number in words."""
    reals = t.Symbol("R_bb", r"\mathbb{R}")
    size = t.Product(dims, (r"\times",))
    right: t.Node = reals if said else t.Postfix(reals, "power", (size,))
    relation = t.Relation((symbol, right), (r"\in",))
    return Line(relation, passage.line, write(relation), passage.cell)


ARRIVING = "arrives from above"
ROW = "row vector"
FACTS = {
    "rows_sum_to_one": "one-hot",
    **{
        word: word.replace("_", " ")
        for word in ("symmetric", "positive_definite", "orthogonal", "diagonal", "invertible",
                     "lower_triangular", "upper_triangular")
    },
}  # fmt: skip


def _fact(symbol: t.Node, words: str, passage: Passage) -> Line:
    relation = t.Relation((t.Phrase((symbol, t.Text(words))),))
    return Line(relation, passage.line, f"{write(symbol)} is {words}", passage.cell, said=True)


def _arriving(symbol: t.Symbol, passage: Passage) -> Line:
    relation = t.Relation((t.Phrase((symbol, t.Text(ARRIVING))),))
    return Line(relation, passage.line, f"{write(symbol)} {ARRIVING}", passage.cell, said=True)


def _layout(name: str, passage: Passage) -> Line:
    relation = t.Relation((t.Text(f"{name} layout"),))
    return Line(relation, passage.line, f"{name} layout", passage.cell, said=True)


def _shortened(symbol: t.Node, passage: Passage) -> Line | None:
    """``Denote \\hat{b} as b without the first entry``: the entries from 1 on."""
    if not isinstance(symbol, t.Symbol):
        return None
    name, _, accent = symbol.name.rpartition("_")
    if not name or not accent:
        return None
    plain = replace(symbol, name=name, latex="\\" + name if len(name) > 1 else name)
    relation = t.Relation((symbol, t.Postfix(plain, "subscript", (t.Text("tail"),))), ("=",))
    return Line(relation, passage.line, f"{symbol.latex} without its first entry", passage.cell)


def _unread(passage: Passage, error: ParseError) -> Line:
    empty = t.Relation((t.Blank(""),))
    return Line(empty, passage.line, " ".join(passage.text.split())[:200], passage.cell, True,
                error=str(error))  # fmt: skip


def _continued(relations: tuple[t.Relation, ...], out: list[Line]) -> tuple[t.Relation, ...]:
    """A display that begins with ``=`` goes on with the left side of the display before."""
    if not relations or not relations[0].sides or not out:
        return relations
    if not isinstance(relations[0].sides[0], t.Missing):
        return relations
    left = next((line.relation.sides[0] for line in reversed(out) if line.display and
                 line.relation.sides and not line.error), None)  # fmt: skip
    if left is None:
        return relations
    fixed = [
        replace(r, sides=(left, *r.sides[1:])) if isinstance(r.sides[0], t.Missing) else r
        for r in relations
    ]
    return tuple(fixed)


def _restrict(out: list[Line], ranges: tuple[t.Relation, ...]) -> None:
    """``for j = 1, 2, 3`` behind a display restricts its last line."""
    line = out[-1]
    conditions = tuple(t.Condition("for", (r,), span=r.span) for r in ranges)
    line.relation = replace(line.relation, conditions=(*line.relation.conditions, *conditions))
    line.text = write(line.relation)


def without_false_scalars(env: Environment, lines: list[Line]) -> list[Line]:
    """``b \\in R`` is not believed where the page goes on with ``b_j``."""
    indexed = {
        s.stem(p)
        for line in lines
        for p in t.walk(line.relation)
        if isinstance(p, t.Symbol)
        and p.subscripts
        and any(isinstance(x, t.Symbol) and s.bare(x) for x in p.subscripts)
    }
    kept = []
    for line in lines:
        relation = line.relation
        scalar = relation.signs == (r"\in",) and isinstance(relation.sides[1], t.Symbol)
        left = relation.sides[0] if relation.sides else None
        if scalar and isinstance(left, t.Symbol) and left.marks and s.full(left) in indexed:
            env.assume(f"{write(left)} has entries, although line {line.number} calls it a number")
            line.skipped = "later lines give it an index, so it is taken for a vector"
        kept.append(line)
    return kept


def find_bases(env: Environment, lines: list[Line]) -> None:
    """Where indices start, from the whole document: a written 0 decides."""
    keys: dict[str, None] = {}
    for line in lines:
        for node in t.walk(line.relation):
            if isinstance(node, t.Symbol) and all(isinstance(x, t.Word) for x in node.subscripts):
                keys.setdefault(s.full(node))
    known = env.copy()
    for key in keys:
        known.shapes.setdefault(key, (ONE, ONE))
    for line in lines:
        note_bases(known, line.relation)
    zero = {k: v for k, v in known.bases.items() if v == 0}
    if len(zero) >= 3 and len(zero) > 2 * (len(known.bases) - len(zero)):
        env.base = 0 if env.base is None else env.base
        counted = {k: 1 for k in known.counted_from_one if k not in zero}
        env.bases.update({**counted, **zero})
    else:
        env.bases.update(known.bases)
