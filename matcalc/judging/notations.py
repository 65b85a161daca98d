r"""Spellings of a page that mean something plainer, settled once for all its lines.

``\sum_{c'}`` counts with a letter of its own, ``f_{y_i}`` is indexed by a label, ``\pi(a)`` is no
3.14, ``\log p(y \mid x) = ...`` names the logarithm, and ``\mu \leftarrow \frac1m \sum_i x_i`` of a
name that is new defines it. Nothing here asks what a line claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.counting import note_dims
from matcalc.judging.environment import Environment
from matcalc.reading import tree as t
from matcalc.reading.writer import write

LOGARITHMS = frozenset({"log", "ln"})
LAWS = frozenset({"p", "P", "q", "Pr", "pi", "N_cal", "L_cal", "L"})  # letters of probabilities


def with_plain_spellings(relations: Sequence[t.Relation]) -> list[t.Relation]:
    """The relations of a page in spellings that mean the same everywhere."""
    found = _with_words([_turned(relation) for relation in relations])
    found = [_each(_with_a_column(relation), _power) for relation in found]
    found = [_with_own_letters(relation) for relation in found]
    found = _with_label_indices(found)
    found = _with_members(found)
    found = _without_probabilities(found)
    found = _with_named_logarithms(found)
    found = _with_gradient_names(found)
    found = _with_policy(found)
    found = _with_sizes_below(found)
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


def _with_words(relations: list[t.Relation]) -> list[t.Relation]:
    r"""``\partial CE`` on a page with a ``\mathrm{CE}``: one name, not C times E."""
    words = {
        p.name
        for p in _all(relations)
        if isinstance(p, t.Symbol) and p.name.isalpha() and p.name.isupper() and len(p.name) > 1
    }
    if not words:
        return relations

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.Product):
            return node
        factors, operators = list(node.factors), list(node.operators)
        for start in range(len(factors)):
            for word in words:
                letters = factors[start : start + len(word)]
                if set(operators[start : start + len(word) - 1]) - {""} or len(letters) < len(word):
                    continue
                *front, last = letters
                spelled = all(
                    s.bare(x) and x == t.Symbol(y, y) for x, y in zip(front, word, strict=False)
                )
                head = last.head if isinstance(last, t.HeadBracket) else last
                if not spelled or head != t.Symbol(word[-1], word[-1]):
                    continue
                name = t.Symbol(word, rf"\mathrm{{{word}}}", span=letters[0].span)
                whole = replace(last, head=name) if isinstance(last, t.HeadBracket) else name
                factors[start : start + len(word)] = [whole]
                operators[start : start + len(word) - 1] = []
                break
        if len(factors) == len(node.factors):
            return node
        return (
            factors[0]
            if len(factors) == 1
            else replace(node, factors=tuple(factors), operators=tuple(operators))
        )

    return [_each(relation, change) for relation in relations]


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
    pairs = sum(len(_behind_deltas(node)) for node in _all(relations))
    deltas = sum(isinstance(node, t.Symbol) and node.name == "delta" for node in _all(relations))
    if deltas > pairs:
        return relations  # delta is a name of its own
    return [_each(relation, _with_differentials) for relation in relations]


def _with_differentials(node: t.Node) -> t.Node:
    """Every ``\\delta h`` of a product as one factor."""
    places = _behind_deltas(node)
    if not isinstance(node, t.Product) or not places:
        return node
    factors: list[t.Node] = []
    operators: list[str] = []
    for place, factor in enumerate(node.factors):
        if place in places:
            factors[-1] = t.Differential("d", factor, span=node.factors[place - 1].span)
            continue
        factors.append(factor)
        operators += [node.operators[place - 1]] if place else []
    if len(factors) == 1:
        return replace(factors[0], span=node.span)
    return replace(node, factors=tuple(factors), operators=tuple(operators))


def _behind_deltas(node: t.Node) -> list[int]:
    """The places in a product of names with a bare delta right before them."""
    if not isinstance(node, t.Product):
        return []
    return [
        place
        for place in range(1, len(node.factors))
        if node.operators[place - 1] == "" and _is_delta(node.factors[place - 1])
        if isinstance(node.factors[place], t.Symbol)
    ]


def _is_delta(node: t.Node) -> bool:
    return isinstance(node, t.Symbol) and s.bare(node) and node.name == "delta"


def _of_delta(node: t.Node) -> t.Symbol | None:
    """The h of ``\\delta h``, where the delta is bare and nothing else stands there."""
    if not isinstance(node, t.Product) or len(node.factors) != 2 or not _behind_deltas(node):
        return None
    of = node.factors[1]
    return of if isinstance(of, t.Symbol) else None


def _with_members(relations: list[t.Relation]) -> list[t.Relation]:
    """``\\pi(a) = e^{h_a} / \\sum_b e^{h_b}``: the a in brackets only counts, so it goes below."""
    families: set[tuple[str, int, int]] = set()
    for relation in relations:
        left = relation.sides[0] if relation.signs and relation.signs[0] in ("=", ":=") else None
        if isinstance(left, t.HeadBracket) and (family := _family(left)) is not None:
            body = relation.sides[-1]
            inside = {p.name for p in s.symbols(body)}
            letters = {p.name for p in left.bracket.items if isinstance(p, t.Symbol)}
            if letters and letters <= set(s.letters_below(body)) and not letters & inside:
                families.add(family)
    if not families:
        return relations

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.HeadBracket) or _family(node) not in families:
            return node
        head = node.head
        assert isinstance(head, t.Symbol), "only names have members"
        return replace(head, subscripts=(*head.subscripts, *node.bracket.items), span=node.span)

    return [_each(relation, change) for relation in relations]


def _family(node: t.HeadBracket) -> tuple[str, int, int] | None:
    """The name of ``\\pi(a)``, ``p(j, k)``, ``\\alpha_t(j)`` with how many indices stand where."""
    head, items = node.head, node.bracket.items
    if not isinstance(head, t.Symbol) or head.primes or head.marks or node.bracket.left != "(":
        return None
    if len(items) > 2 or set(node.bracket.separators) - {","}:
        return None
    if not all(_may_count(item) for item in items):
        return None
    return head.name, len(head.subscripts), len(items)


def _may_count(node: t.Node) -> bool:
    """A single letter or a number."""
    if isinstance(node, t.Number):
        return node.text.isdigit()
    return isinstance(node, t.Symbol) and s.bare(node) and len(node.name) == 1


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


def _with_sizes_below(relations: list[t.Relation]) -> list[t.Relation]:
    """``\\frac{x_i}{dr}`` on a page with a size d: nothing is differentiated, r is multiplied."""
    sizes = Environment()
    for relation in relations:
        note_dims(sizes, relation)
    if "d" not in sizes.dims:
        return relations

    def multiplied(node: t.Node) -> t.Node:
        if not isinstance(node, t.Differential) or node.sign != "d" or node.of is None:
            return node
        return t.Product((t.Symbol("d", "d"), node.of), ("",), span=node.span)

    def change(node: t.Node) -> t.Node:
        slopes = (t.Differential, t.Derivative, t.Nabla)
        if not isinstance(node, t.Fraction):
            return node
        if any(isinstance(part, slopes) for part in t.walk(node.numerator)):
            return node
        return replace(node, denominator=s.rebuilt(node.denominator, multiplied))

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
