"""How one expression became another, law by law, each with the whole line before and after it.

The simplifier reports what it does at the place where it does it; here these reports are played
back
on the whole line. A cancellation inside an entrywise region, one step for the simplifier, is shown
as a person would do it: multiply out, expand, collect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from matcalc.errors import MatcalcError
from matcalc.expr import Node, leaves, read, substitute
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, add, had, mul
from matcalc.ops.entrywise import power
from matcalc.ops.product import is_reciprocal
from matcalc.rewrite.laws import LAWS
from matcalc.rewrite.simplify import simplify


@dataclass(frozen=True)
class Law:
    """One law at work: its name, its equation in LaTeX, the line before it and after it."""

    name: str
    equation: str
    before: Node
    after: Node

    @property
    def words(self) -> str:
        """The name as words: ``push transpose``."""
        return self.name.replace("_", " ")


EQUATIONS = {
    "insert": r"\text{what arrived there}",
    "multiply_out": r"(A + B) \odot C = A \odot C + B \odot C",
    "cancel": r"A \oslash A = \mathbf{1}",
    "expand": r"A \odot (B + C) = A \odot B + A \odot C",
    "collect": r"A \odot (B + C) = A \odot B + A \odot C,\; A - A = 0",
    "factor": r"A \odot B + A \odot C = A \odot (B + C)",
    "take_out": r"AB + AC = A(B + C)",
    "over_one": r"\text{one denominator}",
    "simplify": r"\text{algebra of the entries}",
}


MOST_TERMS = 4  # of brackets written out: more are not checked at a glance

BY_HAND = ("multiply_out", "expand", "collect", "factor", "take_out", "over_one", "simplify")


def equation_of(name: str) -> str:
    """The equation of a law, from its docstring."""
    for rules in LAWS.values():
        for rule in rules:
            if rule.__name__ == name:
                found = re.search(r"\$(.+?)\$", rule.__doc__ or "", re.S)
                if found and "=" in found[1]:
                    return found[1]
                return rf"\text{{{name.replace('_', ' ')}}}"
    return EQUATIONS.get(name, "")


def trace(
    before: Node, after: Node, opened: Mapping[Node, Node], facts: Sequence[Any] = ()
) -> tuple[Law, ...]:
    """The laws from ``before`` to ``after``; ``opened`` says what may be put in for a name."""
    if before is after:
        return ()
    found: list[Law] = []
    current = before
    if simplify(before, facts=facts) is not after:
        candidate = _written_out(before, opened)
        gone = set(opened) & set(leaves(before)) and not set(opened) & set(leaves(after))
        if gone or simplify(candidate, facts=facts) is after:
            current = _say(found, "insert", before, candidate)
    events: list[tuple[str, Node, Node]] = []
    simplify(current, record=lambda *event: events.append(event), facts=facts)
    for name, old, new in events:
        current = _replayed(found, name, current, old, new)
    if found and found[-1].after is not after and found[-1].after.content == after.content:
        found[-1] = replace(found[-1], after=after)  # another order of the terms is no step
    elif current is not after:
        _say(found, _last_step(current, after, ()), current, after)
    return tuple(found)


def _written_out(line: Node, opened: Mapping[Node, Node]) -> Node:
    """A line with the values of names put in, and of names in these."""
    for _ in opened:
        line = substitute(line, opened)
    return line


def _say(found: list[Law], name: str, before: Node, after: Node) -> Node:
    if after is not before:
        found.append(Law(name, equation_of(name), before, after))
    return after


def _replayed(found: list[Law], name: str, line: Node, old: Node, new: Node) -> Node:
    """The line after a law was applied at the place where it holds ``old``."""
    if name in ("read_well", "denominators_last"):  # another order of the terms is no step
        return _at(line, old, new)
    if name != "entrywise":
        return _say(found, name, line, _at(line, old, new))
    place = old
    for step, form in by_hand(old, new):
        line = _say(found, step, line, _at(line, place, form))
        place = form
    return line


def _at(line: Node, old: Node, new: Node) -> Node:
    try:
        return substitute(line, {old: new})
    except MatcalcError:  # a constructor that folds may have used the place up
        return line


def by_hand(old: Node, new: Node) -> list[tuple[str, Node]]:
    """An entrywise simplification in the steps a person writes: the names and the forms."""
    forms: list[tuple[str, Node]] = []
    current = old
    for name, change in (("multiply_out", _multiplied_out), ("expand", _expanded_terms)):
        changed = change(current)
        if changed is None or changed is current:
            break
        if name == "multiply_out" and changed.content == new.content:
            return [(name, new)]  # another order of the terms is no step
        if changed is not new:
            forms.append((name, changed))
            current = changed
    if current is not new:
        forms.append((_last_step(current, new, [name for name, _ in forms]), new))
    return forms


def _last_step(before: Node, after: Node, done: Sequence[str]) -> str:
    """What a person would say: brackets were written out, terms went, a factor was taken out, or
    terms came over one denominator."""
    left = _summands(after)
    if not done:
        return _came_together(before) if len(_summands(before)) > len(left) == 1 else "simplify"
    if "expand" in done:
        return "factor" if len(left) < len(_summands(before)) else "simplify"
    terms = _terms_of(before) or []
    if len(left) == len(terms):
        return "expand"
    return "collect" if len(left) == len(_summands(add(*terms))) else "simplify"


def _came_together(before: Node) -> str:
    """How a sum became one product: over one denominator, or by a factor that all terms have."""
    terms = _summands(before)
    if sum(any(map(is_reciprocal, _factors(term))) for term in terms) > 1:
        return "over_one"
    products = [t for t in terms if t.op is PRODUCT and sum(bool(a.shape) for a in t.operands) > 1]
    return "take_out" if products else "factor"


def _summands(node: Node) -> Sequence[Node]:
    """The terms of a sum, or of a number times a sum."""
    bracket = _bracket(node)
    return bracket.operands if bracket.op is SUM_OP else (node,)


def _bracket(node: Node) -> Node:
    """The sum in a number times a sum."""
    if node.op is not PRODUCT:
        return node
    matrices = [a for a in node.operands if a.shape] or [a for a in node.operands if a.op is SUM_OP]
    return matrices[0] if len(matrices) == 1 and matrices[0].op is SUM_OP else node


def _factors(node: Node) -> list[Node]:
    """The entrywise factors of a term, scalars and numbers among them."""
    if node.op is HADAMARD:
        return list(node.operands)
    if node.op is PRODUCT and sum(1 for a in node.operands if a.shape) <= 1:
        return [f for a in node.operands for f in (_factors(a) if a.operands else [a])]
    return [node]


def _times(factors: list[Node]) -> Node:
    """An entrywise product, a factor and its reciprocal cancelled."""
    left = list(factors)
    for a in factors:
        if is_reciprocal(a) and a in left:
            base, exponent = a.operands
            twin = next((b for b in left if b is base), None)
            if twin is not None and exponent is read(-1):
                left.remove(a)
                left.remove(twin)
    scalars, matrices = [a for a in left if not a.shape], [a for a in left if a.shape]
    if not matrices:
        shape = next((a for a in factors if a.shape), None)
        matrices = [power(shape, 0)] if shape is not None else []
    body = had(*matrices) if len(matrices) > 1 else (matrices[0] if matrices else read(1))
    return mul(*scalars, body)


def _multiplied_out(node: Node) -> Node | None:
    """A bracket times factors that cancel in it, multiplied in."""
    factors = _factors(node)
    for k, bracket in enumerate(factors):
        scalars = [f for f in factors if not f.shape] if node.shape else []
        others = [f for i, f in enumerate(factors) if i != k and (f.shape or not node.shape)]
        below = [b for term in bracket.operands for b in _factors(term) if is_reciprocal(b)]
        if bracket.op is SUM_OP and any(b.operands[0] is o for b in below for o in others):
            return mul(
                *scalars, add(*(_times([*_factors(term), *others]) for term in bracket.operands))
            )
    return None


def _expanded_terms(node: Node) -> Node | None:
    """Every product of brackets written out; like terms meet."""
    terms = _terms_of(node)
    if terms is None or len(terms) > MOST_TERMS:
        return None
    return substitute(node, {_bracket(node): add(*terms)})


def _terms_of(node: Node) -> list[Node] | None:
    """The terms of all products of brackets, where they are not too many."""
    bracket = _bracket(node)
    if bracket.op is not SUM_OP:
        return None
    terms: list[Node] = []
    for term in bracket.operands:
        products: list[list[Node]] = [[]]
        for factor in _factors(term):
            options = factor.operands if factor.op is SUM_OP else (factor,)
            products = [[*p, o] for p in products for o in options]
            if len(products) > 12:
                return None
        terms += [_times(p) for p in products]
    return terms
