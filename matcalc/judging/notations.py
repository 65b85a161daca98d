r"""Spellings of a page that mean something plainer, settled once for all its lines.

``\sum_{c'}`` counts with a letter of its own, ``f_{y_i}`` is indexed by a label, ``\pi(a)`` is no
3.14, ``\log p(y \mid x) = ...`` names the logarithm, and ``\mu \leftarrow \frac1m \sum_i x_i`` of a
name that is new defines it. Nothing here asks what a line claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.reading import tree as t
from matcalc.reading.writer import write

LOGARITHMS = frozenset({"log", "ln"})
LAWS = frozenset({"p", "P", "q", "Pr", "pi", "N_cal", "L_cal", "L"})  # letters of probabilities


def with_plain_spellings(relations: Sequence[t.Relation]) -> list[t.Relation]:
    """The relations of a page in spellings that mean the same everywhere."""
    found = [_turned(relation) for relation in relations]
    found = [_each(_with_a_column(relation), _power) for relation in found]
    found = [_with_own_letters(relation) for relation in found]
    found = _with_label_indices(found)
    found = _with_members(found)
    found = _without_probabilities(found)
    found = _with_named_logarithms(found)
    found = _with_gradient_names(found)
    found = _with_policy(found)
    return _with_first_values(found)


def _each(relation: t.Relation, change) -> t.Relation:  # type: ignore[no-untyped-def]
    changed = s.rebuilt(relation, change)
    assert isinstance(changed, t.Relation), "a relation stays one"
    return changed


def _all(relations: Sequence[t.Relation]) -> Iterator[t.Node]:
    return (node for relation in relations for node in t.walk(relation))


# ---------------------------------------------------------------- within one line


def _turned(relation: t.Relation) -> t.Relation:
    """``-\\log p = ...`` as ``\\log p = -(...)``."""
    left = relation.sides[0] if relation.sides else None
    if not isinstance(left, t.Sum) or len(left.terms) != 1 or left.signs != ("-",):
        return relation
    if set(relation.signs) != {"="} or _logarithm(left.terms[0]) is None:
        return relation
    rest = tuple(t.Sum((t.Bracket("(", ")", (side,)),), ("-",)) for side in relation.sides[1:])
    return replace(relation, sides=(left.terms[0], *rest))


def _with_a_column(relation: t.Relation) -> t.Relation:
    """``z = (e^{x_1}, \\dots, e^{x_n})``: entries that are computed, in a column."""
    if relation.signs not in (("=",), (":=",)) or not isinstance(relation.sides[0], t.Symbol):
        return relation
    left, right = relation.sides
    listed = isinstance(right, t.Bracket) and right.left == "(" and len(right.items) > 1
    if not listed or set(right.separators) != {","}:  # type: ignore[attr-defined]
        return relation
    plain = (t.Symbol, t.Number, t.Ellipsis)
    if all(isinstance(item, plain) for item in right.items):  # type: ignore[attr-defined]
        return relation
    return replace(relation, sides=(left, t.Postfix(right, "transpose", (), r"\top")))


def _power(node: t.Node) -> t.Node:
    """``w^{(2-1)}``: a difference of numbers above a letter is an exponent."""
    if not isinstance(node, t.Symbol) or not node.marks:
        return node
    index = node.marks[-1].index
    if not isinstance(index, t.Sum) or not all(isinstance(x, t.Number) for x in index.terms):
        return node
    return t.Postfix(replace(node, marks=node.marks[:-1]), "power", (index,), span=node.span)


def _with_own_letters(relation: t.Relation) -> t.Relation:
    """``\\sum_{c'} Z_{nc'}``: a primed index is a letter of its own."""
    primed = {
        lower.sides[0] if isinstance(lower, t.Relation) else lower
        for node in t.walk(relation)
        if isinstance(node, t.BigOperator)
        for lower in node.lower
    }
    names = {x for x in primed if isinstance(x, t.Symbol) and x.primes and not x.subscripts}
    if not names:
        return relation

    def change(node: t.Node) -> t.Node:
        plain = replace(node, span=(0, 0)) if isinstance(node, t.Symbol) else node
        if plain not in letters:
            return node
        assert isinstance(node, t.Symbol), "only symbols are letters"
        return replace(
            node, name=f"{node.name}{'_prime' * node.primes}", latex=write(node), primes=0
        )

    letters = {replace(x, span=(0, 0)) for x in names}
    return _each(relation, change)


# ---------------------------------------------------------------- over the whole page


def _with_label_indices(relations: list[t.Relation]) -> list[t.Relation]:
    """``f_{y_i}``: the label y_i picks an entry, so it counts like a letter."""
    labels = {
        script
        for node in _all(relations)
        if isinstance(node, t.Symbol)
        for script in node.subscripts
        if isinstance(script, t.Symbol)
        and len(script.subscripts) == 1
        and isinstance(script.subscripts[0], t.Symbol)
        and s.bare(script.subscripts[0])
        and script.subscripts[0].name in "ijklmnt"
        and not script.marks
        and not script.primes
    }
    names = {s.full(x) for x in labels if isinstance(x, t.Symbol)}
    if not names:
        return relations

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or s.full(node) not in names:
            return node
        return t.Symbol(s.full(node), write(node), span=node.span)

    return [_each(relation, change) for relation in relations]


def _with_gradient_names(relations: list[t.Relation]) -> list[t.Relation]:
    """``\\delta h_t = \\partial E / \\partial h_t``: two letters that name what arrives at h."""
    lefts = [r.sides[0] for r in relations if r.signs]
    if not any(_of_delta(x) is not None for x in lefts):
        return relations
    pairs = sum(_of_delta(node) is not None for node in _all(relations))
    deltas = sum(isinstance(node, t.Symbol) and node.name == "delta" for node in _all(relations))
    if deltas > pairs:
        return relations  # delta is a name of its own

    def change(node: t.Node) -> t.Node:
        of = _of_delta(node)
        return node if of is None else t.Differential("d", of, span=node.span)

    return [_each(relation, change) for relation in relations]


def _of_delta(node: t.Node) -> t.Symbol | None:
    """The h of ``\\delta h``, where the delta is bare."""
    if not isinstance(node, t.Product) or len(node.factors) != 2 or any(node.operators):
        return None
    delta, of = node.factors
    named = isinstance(delta, t.Symbol) and s.bare(delta) and delta.name == "delta"
    return of if named and isinstance(of, t.Symbol) else None


def _with_members(relations: list[t.Relation]) -> list[t.Relation]:
    """``\\pi(a) = e^{h_a} / \\sum_b e^{h_b}``: the a in brackets only counts, so it goes below."""
    heads: set[str] = set()
    for relation in relations:
        left = relation.sides[0] if relation.signs and relation.signs[0] in ("=", ":=") else None
        if isinstance(left, t.HeadBracket) and (letter := _letter_of(left)) is not None:
            body = relation.sides[-1]
            inside = {p.name for p in s.symbols(body)}
            if letter in s.letters_below(body) and letter not in inside:
                heads.add(s.full(left.head))  # type: ignore[arg-type]
    if not heads:
        return relations

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.HeadBracket) or _letter_of(node) is None:
            return node
        head = node.head
        assert isinstance(head, t.Symbol), "only names have a letter"
        if s.full(head) not in heads:
            return node
        return replace(head, subscripts=node.bracket.items, span=node.span)

    return [_each(relation, change) for relation in relations]


def _letter_of(node: t.HeadBracket) -> str | None:
    """The a of ``\\pi(a)``."""
    items = node.bracket.items
    only = items[0] if len(items) == 1 and node.bracket.left == "(" else None
    plain = isinstance(node.head, t.Symbol) and not node.head.subscripts and not node.head.primes
    if not plain or not isinstance(only, t.Symbol) or not s.bare(only):
        return None
    return only.name if len(only.name) == 1 else None


def _without_probabilities(relations: list[t.Relation]) -> list[t.Relation]:
    """``y_k = P(C = k \\mid x) = ...``: what is meant by it stands between, the value behind."""
    found = []
    for relation in relations:
        if len(relation.sides) > 2 and set(relation.signs) <= {"=", ":="}:
            kept = [side for side in relation.sides if not _is_probability(side)]
            if 2 <= len(kept) < len(relation.sides):
                signs = ("=",) * (len(kept) - 1)
                relation = replace(relation, sides=tuple(kept), signs=signs)
        found.append(relation)
    return found


def _is_probability(node: t.Node) -> bool:
    """``p(C_k \\mid x)``, ``P(Y = 1)``; its logarithm and its negative too."""
    if isinstance(node, t.Sum) and len(node.terms) == 1:
        return _is_probability(node.terms[0])
    if isinstance(node, t.Call) and node.head.name in LOGARITHMS:
        return _is_probability(s.flattened(node.argument))
    if not isinstance(node, t.HeadBracket) or not isinstance(node.head, t.Symbol):
        return False
    events = any(isinstance(item, t.Relation) for item in node.bracket.items)
    return node.head.name in LAWS and (events or "|" in node.bracket.separators)


def _logarithm(node: t.Node) -> t.Node | None:
    """What the logarithm is taken of in ``\\log p(y \\mid x)``, ``\\ln \\pi``."""
    if not isinstance(node, t.Call) or node.head.name not in LOGARITHMS or node.power is not None:
        return None
    inner = s.flattened(node.argument)
    head = inner.head if isinstance(inner, t.HeadBracket) else inner
    return inner if isinstance(head, t.Symbol) and head.name in LAWS else None


def _with_named_logarithms(relations: list[t.Relation]) -> list[t.Relation]:
    """``\\log p(y \\mid x) = ...`` defines the logarithm, where nothing defines the p."""
    lefts = [r.sides[0] for r in relations if r.signs and r.signs[0] in ("=", ":=", r"\propto")]
    heads = {h for x in lefts if (h := _head(x)) is not None}
    named: dict[str, t.Symbol] = {}
    for left in lefts:
        inner = _logarithm(left)
        if inner is not None and (head := _head(inner)) is not None and head not in heads:
            named.setdefault(head, t.Symbol(f"log {head}", write(left)))
    if not named:
        return relations

    def change(node: t.Node) -> t.Node:
        inner = _logarithm(node)
        if inner is None or (head := _head(inner)) not in named:
            return node
        return replace(named[head], latex=write(node), span=node.span)

    return [_each(relation, change) for relation in relations]


def _head(node: t.Node) -> str | None:
    """The name of ``p(y)`` or ``p``, with what stands below it; applied, it is another name."""
    if isinstance(node, t.HeadBracket) and isinstance(node.head, t.Symbol):
        return f"{s.full(node.head)}()"
    return s.full(node) if isinstance(node, t.Symbol) else None


def _with_policy(relations: list[t.Relation]) -> list[t.Relation]:
    """``\\pi(a)``, ``\\pi_k``: a name of the page, except right behind a number."""
    lefts = {s.full(r.sides[0]) for r in relations if r.signs and isinstance(r.sides[0], t.Symbol)}
    named = "pi" in lefts or any(_is_policy(node) for node in _all(relations))
    if not named:
        return relations

    def change(node: t.Node) -> t.Node:
        if isinstance(node, t.Symbol) and node.name == "pi":
            return replace(node, name="pi_name")
        if isinstance(node, t.Product):
            parts = list(node.factors)
            for place in range(1, len(parts)):
                before = parts[place - 1]
                if isinstance(before, t.Number) and parts[place] == t.Symbol("pi_name", r"\pi"):
                    parts[place] = replace(parts[place], name="pi")  # type: ignore[call-arg]
            return replace(node, factors=tuple(parts))
        return node

    return [_each(relation, change) for relation in relations]


def _is_policy(node: t.Node) -> bool:
    if isinstance(node, t.HeadBracket):
        head, items = node.head, node.bracket.items
        applied = isinstance(head, t.Symbol) and head.name == "pi"
        return applied and (len(items) > 1 or isinstance(items[0], t.Symbol))
    return isinstance(node, t.Symbol) and node.name == "pi" and bool(node.subscripts or node.marks)


def _with_first_values(relations: list[t.Relation]) -> list[t.Relation]:
    """``\\mu \\leftarrow \\frac1m \\sum_i x_i``: the first value of a name, where it is no update."""
    defined: set[str] = set()
    found = []
    for relation in relations:
        left = relation.sides[0] if relation.signs else None
        if isinstance(left, t.Postfix) and left.kind == "power":
            left = left.base  # sigma^2 is a name too
        arrow = relation.signs == (r"\leftarrow",)
        if arrow and isinstance(left, t.Symbol) and s.full(left) not in defined:
            names = {s.full(p) for p in t.walk(relation.sides[1]) if isinstance(p, t.Symbol)}
            if not names & {s.full(left), s.stem(left)} and names:
                relation = replace(relation, signs=(":=",))
        if relation.signs and isinstance(left, t.Symbol):
            defined.add(s.full(left))
        found.append(relation)
    return found
