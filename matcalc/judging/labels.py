r"""Letters below a name that are part of it: ``W_s``, ``b_f``, ``Z_{u1}``.

A letter below counts entries or members unless the page shows otherwise. It is a label where an
array with a shape of its own carries it and nothing on the page lets it run: no sum, no range, no
arithmetic. Letters that usually count (``i``, ``j``, ``n`` ...) need more: a sibling with another
letter in the same place, ``W_i`` beside ``W_f``. A capital that is no size is a label, ``J_M``, and
so is a letter with a digit, ``out_{o1}``, where the letter alone indexes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.counting import last_of_a_list, note_dims
from matcalc.judging.environment import Environment
from matcalc.judging.kinds import is_number
from matcalc.reading import tree as t

COUNTERS = frozenset("ijklmnpqrt")
TIME = "t"


def with_labels(relations: Sequence[t.Relation]) -> list[t.Relation]:
    """The relations of a page with labels as words, so that nothing takes them for indices."""
    relations = _with_one_step(relations)
    labels, families = _labels(relations)
    numbered = _numbered(relations)
    own = _own_numbers(relations)
    if not labels and not families and not numbered and not own:
        return list(relations)

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or not node.subscripts:
            return node
        if (pair := _pair(node)) in numbered:
            return replace(node, subscripts=(t.Word(pair, plain=True),))
        if (node.name, *node.subscripts) in own:
            return replace(node, subscripts=(t.Word(s.below(node), plain=True),))
        mine = labels | families.get(node.name, set())
        below = tuple(
            t.Word(_letter(x), plain=True) if _letter(x) in mine else x for x in node.subscripts
        )
        return replace(node, subscripts=below) if below != node.subscripts else node

    changed = [s.rebuilt(relation, change) for relation in relations]
    return [relation for relation in changed if isinstance(relation, t.Relation)]


def _with_one_step(relations: Sequence[t.Relation]) -> Sequence[t.Relation]:
    """``h_t`` on a page where no t runs, maybe from ``h_{t-1}``: the names of one step."""
    bound = {x for relation in relations for x in _bound(relation)}
    timed = [symbol for symbol in _symbols(relations) if TIME in s.letters_below(symbol)]
    if TIME in bound or not timed or any(len(symbol.subscripts) > 1 for symbol in timed):
        return relations
    names = {symbol.name for symbol in timed}
    if not any(isinstance(symbol.subscripts[0], t.Sum) for symbol in timed):
        every = (p for r in relations for side in r.sides for p in s.symbols(side))
        if any(p.name in names and not p.subscripts for p in every):
            return relations  # x_t is an entry of x
    others = (x for x in _symbols(relations) if x.name in names and x not in timed)
    if any(isinstance(x.subscripts[0], t.Number) or s.below(x).isupper() for x in others):
        return relations  # h_0, h_T: steps that have a place of their own

    def change(node: t.Node) -> t.Node:
        if not isinstance(node, t.Symbol) or TIME not in s.letters_below(node):
            return node
        return replace(node, subscripts=(t.Word(s.said(node.subscripts[0], {}), plain=True),))

    changed = [s.rebuilt(relation, change) for relation in relations]
    return [relation for relation in changed if isinstance(relation, t.Relation)]


def _letter(node: t.Node) -> str:
    return node.name if isinstance(node, t.Symbol) and s.bare(node) else ""


def _labels(relations: Sequence[t.Relation]) -> tuple[set[str], dict[str, set[str]]]:
    """Letters that are labels everywhere, and letters that are labels below one name."""
    whole: dict[str, set[str]] = {}  # name -> letters below arrays with a shape of their own
    defined: dict[str, set[str]] = {}  # name -> letters below left sides
    running: set[str] = set()
    for relation in relations:
        running |= _running(relation)
        running |= {x for p in last_of_a_list(relation) if (x := _letter(p))}
        if not relation.signs:
            continue
        left = relation.sides[0]
        for symbol in left.items if isinstance(left, t.Listing) else (left,):
            if not isinstance(symbol, t.Symbol) or not symbol.subscripts:
                continue
            found = {x for p in symbol.subscripts if (x := _letter(p))}
            if relation.signs[0] in (r"\in", ":") and _is_array(relation.sides[1]):
                whole.setdefault(symbol.name, set()).update(found)
            elif relation.signs[0] in ("=", ":=") and not is_number(relation.sides[1]):
                defined.setdefault(symbol.name, set()).update(found)
    labels: set[str] = set()
    for name, letters in whole.items():
        siblings = letters | defined.get(name, set())
        labels |= {x for x in letters if x not in COUNTERS or len(siblings) > 1}
    labels |= _by_name(relations, running)
    labels -= running
    families: dict[str, set[str]] = {}
    used = _below(relations)
    for name in {*whole, *defined, *used}:
        siblings = whole.get(name, set()) | defined.get(name, set())
        siblings |= {x for x in used.get(name, set()) if x in labels or x in _named(relations)}
        if len(siblings) > 1 and siblings & labels:
            # W_f is a weight, and so is W_i, whatever i counts elsewhere.
            families[name] = siblings - _summed_below(relations, name)
            labels |= siblings - running
    return labels, families


def _summed_below(relations: Sequence[t.Relation], name: str) -> set[str]:
    r"""Letters below a name where a sum lets them run: ``\sum_k u_k`` beside ``u_o``."""
    return {
        x
        for relation in relations
        for node in t.walk(relation)
        if isinstance(node, t.BigOperator) and node.body is not None
        for x in _bound(t.Relation((node,)))
        for p in t.walk(node.body)
        if isinstance(p, t.Symbol) and p.name == name and x in s.letters_below(p)
    }


def _below(relations: Sequence[t.Relation]) -> dict[str, set[str]]:
    """Name -> the single letters that stand alone below it."""
    found: dict[str, set[str]] = {}
    for symbol in _symbols(relations):
        if len(symbol.subscripts) == 1 and (letter := _letter(symbol.subscripts[0])):
            found.setdefault(symbol.name, set()).add(letter)
    return found


def _symbols(relations: Sequence[t.Relation]) -> Iterator[t.Symbol]:
    return (p for r in relations for p in t.walk(r) if isinstance(p, t.Symbol) and p.subscripts)


def _named(relations: Sequence[t.Relation]) -> set[str]:
    """Letters that an equation defines, whatever stands below them: the ``f`` of ``f_t = ...``."""
    lefts = (r.sides[0] for r in relations if r.signs and r.signs[0] in ("=", ":="))
    return {x.name for x in lefts if isinstance(x, t.Symbol) and len(x.name) == 1 and not x.primes}


def _by_name(relations: Sequence[t.Relation], running: set[str]) -> set[str]:
    """Letters that cannot count: capitals that are no sizes, names of steps, letters used once."""
    env = Environment()
    for relation in relations:
        note_dims(env, relation)
    below = _below(relations)
    named = _named(relations)
    found: set[str] = set()
    for name, letters in below.items():
        if letters & running:
            continue  # beside h_b under a sum, h_a counts too
        for x in letters - running - env.dims:
            alone = all(x not in others for other, others in below.items() if other != name)
            if x.isupper():
                if x.lower() not in letters:
                    found.add(x)
            elif len(x) == 1 and x not in COUNTERS and (x in named or alone):
                found.add(x)
    pairs = [pair for symbol in _symbols(relations) if (pair := _letters_of_pair(symbol))]
    found -= {x for pair in pairs for x in pair}
    steps = named | {x.name for x in _symbols(relations) if _at_a_time(x)}
    for pair in pairs:
        # W_{hy} leads from h_t to y, which nothing runs along
        free = not pair & (running | env.dims)
        if free and pair & steps and all(x in named or x not in COUNTERS for x in pair):
            found |= pair
    return found


def _letters_of_pair(symbol: t.Symbol) -> set[str]:
    """Letters that stand below a name beside another letter or a number."""
    several = len(symbol.subscripts) > 1
    return {x for p in symbol.subscripts if several and (x := _letter(p))}


def _at_a_time(symbol: t.Symbol) -> bool:
    """``h_t``, ``h_{t-1}``."""
    return len(symbol.subscripts) == 1 and TIME in s.letters_below(symbol)


def _pair(symbol: t.Symbol) -> str:
    """``o1`` below a name; empty if what stands there is something else."""
    if len(symbol.subscripts) != 2 or not isinstance(symbol.subscripts[1], t.Number):
        return ""
    letter = _letter(symbol.subscripts[0])
    return letter + symbol.subscripts[1].text if len(letter) == 1 else ""


def _numbered(relations: Sequence[t.Relation]) -> set[str]:
    """Pairs of a letter and a digit that are labels."""
    lefts = [r.sides[0] for r in relations if r.signs and r.signs[0] in ("=", ":=")]
    defined = {x for left in lefts if isinstance(left, t.Symbol) and (x := _pair(left))}
    defined = {x for x in defined if x[0] not in COUNTERS}
    indices: set[str] = set()
    for relation in relations:
        indices |= _running(relation)
    for symbol in _symbols(relations):
        if not _pair(symbol):
            indices |= {x for p in symbol.subscripts if (x := _letter(p))}
    pairs = {_pair(symbol) for symbol in _symbols(relations)} - {""}
    return {x for x in pairs if x in defined or x[0] not in indices}


def _own_numbers(relations: Sequence[t.Relation]) -> set[tuple[str | t.Node, ...]]:
    """``b_1`` in ``W_1 x + b_1`` is no entry of a b, whatever else a b was on the page."""
    arrays: set[str] = set()
    lefts: set[tuple[str | t.Node, ...]] = set()
    for relation in relations:
        if not relation.signs or relation.signs[0] not in (r"\in", ":"):
            continue
        left = relation.sides[0]
        for symbol in left.items if isinstance(left, t.Listing) else (left,):
            if isinstance(symbol, t.Symbol) and _is_array(relation.sides[1]):
                arrays |= {symbol.name} if not symbol.subscripts else set()
                lefts.add((symbol.name, *symbol.subscripts))
    found: set[tuple[str | t.Node, ...]] = set()
    for node in (p for relation in relations for p in t.walk(relation)):
        if not isinstance(node, t.Sum):
            continue
        weights = {
            p.subscripts
            for term in node.terms
            for p in t.walk(term)
            if isinstance(p, t.Symbol) and (p.name, *p.subscripts) in lefts
        }
        for term in node.terms:
            if not isinstance(term, t.Symbol) or term.subscripts not in weights - {()}:
                continue
            if term.name in arrays and isinstance(term.subscripts[0], t.Number):
                found.add((term.name, *term.subscripts))
    return found - lefts


def _is_array(node: t.Node) -> bool:
    return isinstance(node, t.Postfix) and node.kind in ("power", "superscript")


def _bound(relation: t.Relation) -> set[str]:
    """Letters of sums and ranges."""
    found: set[str] = set()
    for node in t.walk(relation):
        if isinstance(node, t.BigOperator):
            for lower in node.lower:
                first = lower.sides[0] if isinstance(lower, t.Relation) else lower
                found |= {p.name for p in t.walk(first) if isinstance(p, t.Symbol)}
        elif isinstance(node, t.Condition):
            found |= {p.name for p in t.walk(node) if isinstance(p, t.Symbol) and s.bare(p)}
    return found


def _running(relation: t.Relation) -> set[str]:
    """Letters that run over something in a formula."""
    found = _bound(relation)
    for node in t.walk(relation):
        if isinstance(node, t.Symbol):
            for script in (*node.subscripts, *(m.index for m in node.marks)):
                if isinstance(script, t.Sum):
                    found |= {p.name for p in t.walk(script) if isinstance(p, t.Symbol)}
                elif _letter(script) and node.name in ("delta", "Delta") and not node.marks:
                    found.add(_letter(script))
    if relation.signs and isinstance(relation.sides[1], (t.Listing, t.Bracket)):
        found |= {x for x in (_letter(relation.sides[0]),) if x}
    return found
