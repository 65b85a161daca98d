r"""The relations of a page that make up its forward pass: shapes, sizes, definitions, facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from matcalc.errors import NoRuleError, ParseError
from matcalc.judging import spelling as s
from matcalc.judging.adjoints import LOSS_NAMES
from matcalc.judging.environment import Environment
from matcalc.judging.givens import EQUALS, take_all
from matcalc.judging.kinds import kind_of
from matcalc.judging.labels import with_labels
from matcalc.judging.layers import normal, note_layers
from matcalc.judging.passages import Line, lines_of
from matcalc.reading import tree as t
from matcalc.reading.formula import read_formula
from matcalc.reading.writer import write

KEPT = ("defines", "assumes", "size")
DERIVED = re.compile(r"\\partial|\\nabla|\\delta|\\leftarrow|\\frac\s*\{\s*(?:\\mathrm\{d\}|d)\s")


@dataclass(frozen=True)
class ForwardPage:
    """What defines, with its lines, and what was left out and why."""

    relations: list[t.Relation]
    lines: list[int]
    left_out: tuple[str, ...] = ()


def defining_relations(text: str, env: Environment, macros: Any) -> ForwardPage:
    """What a page, or a few formulas one a line, declare and define."""
    if not re.search(r"\$|\\\[|\\\(|\\begin\{", text):
        numbered = [
            (r, number)
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip()
            for r in read_formula(line, macros=macros)
        ]
        found = with_labels([r for r, _ in numbered])
        note_layers(env, found)
        split = [(part, n) for r, (_, n) in zip(found, numbered, strict=True) for part in _apart(r)]
        relations = [_named(r, found) for r, _ in split]
        return ForwardPage(relations, [n for _, n in split])
    page = text if re.search(r"\$|\\\[|\\\(", text) or _outer(text) else f"$$\n{text}\n$$"
    lines = lines_of(page, macros)
    for line in lines:
        if line.error and line.display and not DERIVED.search(line.text):
            raise ParseError(f"line {line.number} cannot be read: {line.error}")
    lines = [line for line in lines if not line.error]
    relations = with_labels([line.relation for line in lines])
    note_layers(env, relations)
    return _chosen(list(zip(lines, relations, strict=True)), env)


def _chosen(lines: list[tuple[Line, t.Relation]], env: Environment) -> ForwardPage:
    """The lines that define; what only claims is named."""
    trial = env.copy()
    whole = [r for _, r in lines]
    kept: list[t.Relation] = []
    numbers: list[int] = []
    left_out: list[str] = []
    slopes: dict[t.Symbol, int] = {}
    for line, said in lines:
        if line.said:
            kept.append(said)
            numbers.append(line.number)
            continue
        for part in _apart(_solved(_objective(_named(said, whole), whole))):
            relation = normal(part, env)
            assert isinstance(relation, t.Relation), "a relation stays one"
            kind = kind_of(trial, relation, line.before) if relation.signs else ""
            kind = _refined(kind, relation) if kind == "defines" else kind
            if kind == "restates" and relation.sides[0] in set(s.symbols(relation.sides[1])):
                raise NoRuleError(
                    f"line {line.number}: {write(relation)} gives {write(relation.sides[0])} a second "
                    "value; call it by another name"
                )
            if kind in KEPT:
                take_all(trial, [relation])
                kept.append(relation)
                numbers.append(line.number)
            elif line.display and kind:
                left_out.append(f"line {line.number} is not part of the network ({WHY[kind]}): "
                                f"{write(relation)}")  # fmt: skip
            if kind == "slope" and isinstance(relation.sides[0], t.Symbol):
                slopes[relation.sides[0]] = line.number
    for relation in kept:
        for name in {p for side in relation.sides[1:] for p in s.symbols(side)} & set(slopes):
            raise NoRuleError(
                f"line {slopes[name]}: {write(name)} is a derivative, and {write(relation)} uses it; "
                "a network has no derivatives in its forward pass"
            )
    return ForwardPage(kept, numbers, tuple(left_out))


def _refined(kind: str, relation: t.Relation) -> str:
    """A name for a derivative or for a list of names is no step."""
    if _lists(relation):
        return "listing"
    slope = any(isinstance(p, (t.Derivative, t.Nabla)) for p in t.walk(relation.sides[1]))
    return "slope" if slope else kind


WHY = {
    "claims": "it claims something",
    "restates": "its left side is defined before",
    "solution": "it says where the loss is smallest",
    "value": "it gives a value",
    "number": "it gives a value",
    "update": "it is an update",
    "blank": "something is left blank",
    "listing": "it lists names",
    "slope": "it names a derivative",
}
INVERSES = {"log": "exp", "ln": "exp", "exp": "log", "logit": "sigmoid"}


def _solved(relation: t.Relation) -> t.Relation:
    r"""``\log \mu_i = x_i^T \beta`` says what \mu_i is."""
    left = s.peeled(relation.sides[0]) if relation.signs == ("=",) else None
    if isinstance(left, t.HeadBracket) and len(left.bracket.items) == 1:
        head, inner = left.head, left.bracket.items[0]
    elif isinstance(left, t.Call) and left.power is None:
        head, inner = left.head, s.flattened(left.argument)
    else:
        return relation
    if not isinstance(head, t.Symbol) or not isinstance(inner, t.Symbol):
        return relation
    inverse = INVERSES.get(head.name)
    if inverse is None or (inner.subscripts == () and inner == relation.sides[1]):
        return relation
    word = t.Symbol(inverse, rf"\operatorname{{{inverse}}}")
    bracket = t.Bracket("(", ")", (relation.sides[1],))
    return replace(relation, sides=(inner, t.Call(word, bracket)))


def _objective(relation: t.Relation, page: list[t.Relation]) -> t.Relation:
    r"""``\min_w f``, ``\hat w = \arg\min_w f``: f is what is minimized."""
    last = s.peeled(relation.sides[-1]) if relation.sides else None
    first = last.terms[0] if isinstance(last, t.Sum) and last.signs[0] == "+" else last
    if not isinstance(first, t.BigOperator) or first.name not in ("min", "argmin"):
        return relation
    searched = not relation.signs or first.name == "argmin"
    if not searched or first.body is None or len(relation.sides) > 2:
        return relation
    # min_w f + g: the sum is what is minimized, as far as it goes
    whole = first.body
    if isinstance(last, t.Sum):
        whole = replace(last, terms=(first.body, *last.terms[1:]))
    used = {p.name for other in page for p in t.walk(other) if isinstance(p, t.Symbol)}
    name = next(x for x in ("J", "L", "F", "E", "Q", "obj") if x not in used)
    return replace(relation, sides=(t.Symbol(name, name), whole), signs=("=",))


def _lists(relation: t.Relation) -> bool:
    r"""``\theta = \{W, b\}``: names put together."""
    right = s.peeled(relation.sides[1])
    return (
        isinstance(right, t.Bracket)
        and len(right.items) > 1
        and right.left in ("(", r"\{")
        and all(isinstance(x, (t.Symbol, t.Ellipsis)) for x in right.items)
    )


def _apart(relation: t.Relation) -> Iterator[t.Relation]:
    r"""``X = [x_1, ..., x_n] \in R^{d \times n}`` says two things."""
    if r"\in" not in relation.signs[1:]:
        yield relation
        return
    at = relation.signs.index(r"\in", 1)
    yield replace(relation, sides=(relation.sides[0], relation.sides[at + 1]), signs=(r"\in",))
    if not _is_entry(relation.sides[0], relation.sides[1]):
        yield replace(relation, sides=relation.sides[: at + 1], signs=relation.signs[:at])


def _is_entry(left: t.Node, right: t.Node) -> bool:
    """``X = (x_{ij})``: what the entries are called."""
    inner = s.flattened(right)
    if not isinstance(left, t.Symbol) or not isinstance(inner, t.Symbol) or not inner.subscripts:
        return False
    return inner.name.lower() == left.name.lower()


def _outer(text: str) -> bool:
    """Whether the text has a display of its own."""
    return bool(
        re.search(r"\\begin\{(align|equation|gather|multline|flalign|eqnarray|document)", text)
    )


def _named(relation: t.Relation, page: list[t.Relation]) -> t.Relation:
    """``J(w) = ...`` names a number; ``f(x) = ...`` stays a function, and so does what is applied."""
    left = relation.sides[0] if relation.signs else None
    if not isinstance(left, t.HeadBracket) or relation.signs[0] not in EQUALS:
        return relation
    head = left.head
    names = all(isinstance(item, t.Symbol) for item in left.bracket.items)
    if isinstance(head, t.Symbol) and names and head.name in LOSS_NAMES and not head.primes:
        applied = any(
            isinstance(p, t.HeadBracket)
            and p.head == head
            and p.bracket.items != left.bracket.items
            for other in page
            for p in t.walk(other)
        )
        return relation if applied else replace(relation, sides=(head, *relation.sides[1:]))
    return relation
