"""What the left side of a wrong line comes to, in the names and the notation of its author.

Offered where no single small change makes the line true: the terms that the line leaves out, else
the whole side. The engine's result is written with the steps of the page for what they stand for,
and judged like any claim before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import sympy as sp

from matcalc.errors import MatcalcError
from matcalc.expr import Node, is_symbol, postorder, substitute, symbol
from matcalc.facts import Fact
from matcalc.judging import spelling as s
from matcalc.judging.environment import Environment
from matcalc.judging.layers import normal
from matcalc.judging.lifted_names import identifier
from matcalc.judging.lifting import Lift
from matcalc.judging.probing import Probe, confirmed
from matcalc.judging.proving import (
    REFUSALS,
    facts_of,
    is_long,
    lift_of,
    multiplied_out,
    with_deltas,
)
from matcalc.judging.slips import LOST, LOST_TERM, PRODUCT_RULE, Edit
from matcalc.judging.tidying import tidy
from matcalc.judging.vocabulary import spellings
from matcalc.notation import Notation
from matcalc.ops.algebra import is_zero, mul, sub, t
from matcalc.ops.base import FUNCTIONS
from matcalc.ops.binder import at_index, index
from matcalc.reading import tree
from matcalc.reading.formula import read_formula
from matcalc.reading.writer import write
from matcalc.render.latex import LatexWriter
from matcalc.rewrite.simplify import simplify

MOST = 6  # terms or factors, of which some may have been left out
LONGEST = 250  # signs of a formula that still helps
LARGEST = 300  # pieces of an expression that is put into names


def closed_form(
    env: Environment, line: tree.Relation, layout: tuple[str, bool]
) -> tree.Node | None:
    """The right side as it should be; None if it has no short form in the names of the page."""
    if layout[1] or env.constraints or is_long(line.sides[0]):
        return None
    try:
        found = list(_whole(env.copy(), line, layout))
    except REFUSALS:
        return None
    for side in found:
        if not _says_the_same(side, line.sides[0]) and confirmed(env, line, layout, side):
            return side
    return None


def _says_the_same(side: tree.Node, left: tree.Node) -> bool:
    return write(tidy(side)) == write(tidy(left))


def left_over(env: Environment, line: tree.Relation, layout: tuple[str, bool]) -> Iterator[Edit]:
    """The claimed side with the terms that it leaves out, where that is less than the whole."""
    if layout[1] or env.constraints or is_long(line):
        return
    try:
        found = list(_remainders(env.copy(), line, layout))
    except REFUSALS:
        return
    varied = isinstance(s.peeled(line.sides[0]), tree.Differential)
    for side in found:
        yield Edit(PRODUCT_RULE if varied else LOST_TERM, side)


def _remainders(
    env: Environment, line: tree.Relation, layout: tuple[str, bool]
) -> Iterator[tree.Node]:
    lift, facts = lift_of(env, line, layout[0]), facts_of(env)
    truth, mine = (simplify(x, facts=facts) for x in lift.together(line.sides[:2]))
    if truth.shape != mine.shape or len(postorder(truth)) > LARGEST:
        return
    apart = (simplify(x, facts=facts) for x in (sub(truth, mine), multiplied_out(sub(truth, mine))))
    gap = min(apart, key=lambda x: len(postorder(x)))
    if is_zero(gap) or len(postorder(gap)) >= len(postorder(truth)):
        return
    claimed = s.peeled(line.sides[1])
    base = claimed if isinstance(claimed, tree.Sum) else tree.Sum((claimed,), ("+",))
    for side in _formulas(lift, line, gap, facts):
        rest = s.peeled(side)
        more = rest if isinstance(rest, tree.Sum) else tree.Sum((rest,), ("+",))
        yield tree.Sum((*base.terms, *more.terms), (*base.signs, *more.signs))


def left_out(probe: Probe, claimed: tree.Node, right: tree.Node) -> str:
    """The class of a claim that is its right side without some of the terms, or of the factors."""
    side = s.peeled(right)
    if isinstance(side, tree.Sum) and len(side.terms) <= MOST:
        for kept in _subsets(len(side.terms)):
            terms = tree.Sum(tuple(side.terms[k] for k in kept), tuple(side.signs[k] for k in kept))
            if probe.equal(claimed, terms):
                return LOST_TERM
    if isinstance(side, tree.Product) and len(side.factors) <= MOST:
        for kept in _subsets(len(side.factors)):
            signs = tuple(side.operators[k - 1] for k in kept[1:])
            if probe.equal(claimed, tree.Product(tuple(side.factors[k] for k in kept), signs)):
                return LOST
    return ""


def _subsets(count: int) -> Iterator[tuple[int, ...]]:
    """Some of the places, not all, the largest choices first."""
    for size in range(count - 1, 0, -1):
        yield from combinations(range(count), size)


def _whole(env: Environment, line: tree.Relation, layout: tuple[str, bool]) -> Iterator[tree.Node]:
    lift, facts = lift_of(env, line, layout[0]), facts_of(env)
    truth = simplify(lift(line.sides[0]), facts=facts)
    if len(postorder(truth)) <= LARGEST:
        yield from _formulas(lift, line, truth, facts)


def _formulas(
    lift: Lift, line: tree.Relation, node: Node, facts: list[Fact]
) -> Iterator[tree.Node]:
    """An expression in the names of the page: with its steps, then with its inputs alone."""
    env = lift.env
    said = dict(_steps(lift, line, facts))
    plain = _without_cofactors(node)
    letters = {own: index(letter) for letter, own in lift.indices.items()}
    for form in dict.fromkeys((substitute(plain, said), plain)):
        if letters:
            form = _with_letters(at_index(with_deltas(form), letters))
        named = _author_names(env, line, form)
        text = _written(named, _notation(env, line))
        if text and len(text) <= LONGEST:
            side = _with_dots(env, line, read_formula(text)[0].sides[0])
            changed = normal(tree.Relation((line.sides[0], side), ("=",)), env)
            assert isinstance(changed, tree.Relation), "a relation stays one"
            yield changed.sides[1]


def _with_dots(env: Environment, line: tree.Relation, side: tree.Node) -> tree.Node:
    """``A .^ 2`` for powers of entries, on a page that writes them so."""

    def dotted(node: tree.Node) -> bool:
        return isinstance(node, tree.Postfix) and node.latex == ".^"

    if not any(map(dotted, tree.walk(line, *(d.body for d in env.definitions.values())))):
        return side

    def change(node: tree.Node) -> tree.Node:
        power = isinstance(node, tree.Postfix) and node.kind == "power" and node.latex
        return replace(node, latex=".^") if power else node  # type: ignore[call-arg]

    return s.rebuilt(side, change)


def _with_letters(root: Node) -> Node:
    """Entries of the identity as Kronecker deltas, counted from 1."""
    swaps: dict[Node, Node] = {}
    for node in postorder(root):
        if node.op.name == "entry" and node.operands[0].op.name == "eye":
            i, j = (sp.expand(p + 1) for p in node.params)
            if i.is_Symbol and j.is_Symbol:
                swaps[node] = symbol(f"delta_{i}_{j}", (), rf"\delta_{{{i}{j}}}")
    return substitute(root, swaps) if swaps else root


def _steps(lift: Lift, line: tree.Relation, facts: list[Fact]) -> Iterator[tuple[Node, Node]]:
    """What steps, and error symbols of the line, stand for: their names instead."""
    env, left = lift.env, s.peeled(line.sides[0])
    names: dict[str, tree.Symbol] = {}
    for side in line.sides[1:]:
        for part in s.symbols(side):
            if not env.has(s.full(part)) and not part.primes and s.full(part) not in env.dims:
                names.setdefault(s.full(part), part)
    for key in reversed(env.order):
        definition = env.definitions.get(key)
        if definition is not None and not definition.letters:
            names.setdefault(key, definition.left)
    for key, name in names.items():
        if name == left:
            continue
        try:
            value = lift(name)
        except MatcalcError:
            continue
        own = symbol(f"s_{identifier(key)}", value.shape, write(name))
        for form in dict.fromkeys((simplify(value, facts=facts), value)):
            if is_symbol(form) or not form.operands:
                continue
            yield form, own
            if form.shape and t(form) is not form:
                yield t(form), t(own)


def _without_cofactors(root: Node) -> Node:
    """``det(A) A^{-1}`` for the adjugate, as notes have it."""
    swaps: dict[Node, Node] = {
        node: mul(FUNCTIONS["det"](node.operands[0]), FUNCTIONS["inv"](node.operands[0]))
        for node in postorder(root)
        if node.op.name == "adj"
    }
    return substitute(root, swaps) if swaps else root


def _author_names(env: Environment, line: tree.Relation, node: Node) -> Node:
    """The names of the page for those the engine was given."""
    names = spellings(env, *line.sides)
    written: dict[str, str] = {identifier(key): write(x) for key, x in names.items()}
    for x in env.directions:
        written[f"d_{identifier(s.full(x))}"] = write(tree.Differential("d", x))
    swaps: Mapping[Node, Node] = {
        part: symbol(f"w_{part.params[0]}", part.shape, written[part.params[0]])
        for part in postorder(node)
        if is_symbol(part) and part.params[0] in written
    }
    return substitute(node, swaps)


def _notation(env: Environment, line: tree.Relation) -> Notation:
    """As the line is written, and the page where the line does not show it."""
    page = [write(line)]
    page += [f"{write(d.left)} = {write(d.body)}" for d in env.definitions.values()]
    found = Notation.from_latex("\n".join(page))
    return replace(found, layer="_l")


def _written(node: Node, notation: Notation) -> str:
    """One formula; nothing if it needs a definition of its own."""
    definitions, last = LatexWriter(notation).line(node)
    return "" if definitions else last
