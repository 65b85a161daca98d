r"""Sums over index letters: what runs, over which range, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from matcalc import shapes
from matcalc.errors import NoRuleError
from matcalc.judging import spelling as s
from matcalc.judging.forward_functions import Functions, with_letter
from matcalc.judging.forward_letters import OPEN
from matcalc.judging.forward_names import same_index
from matcalc.judging.indexed import SLOTS, Indexed
from matcalc.judging.labels import COUNTERS
from matcalc.ops.algebra import minus, ones
from matcalc.ops.base import FUNCTIONS
from matcalc.reading import tree as t
from matcalc.reading.writer import write

MASKS = "one where the pair is in the set, else zero"


@dataclass
class Sums(Functions):
    """Sums of terms that a letter counts."""

    def big(self, node: t.BigOperator) -> Indexed:
        if node.name != "sum" or node.body is None:
            raise NoRuleError(f"a network cannot contain {write(node)}")
        letters = _letters_of(node, set(self.ranges))
        if not letters:
            return self.all_entries(node)
        if set(letters) & self.labels:
            return self.over_layers(node)
        inner = replace(self, ranges={**self.ranges, **{x: self.span(node, x) for x in letters}})
        found = inner.value(node.body)
        for mask in inner.masks(node):
            found = mask.times(found)
        for letter in letters:
            found = found.summed(letter, inner.length(letter))
        return found

    def over_layers(self, node: t.BigOperator) -> Indexed:
        """A sum over layers or times, as many as there are."""
        raise NoRuleError(
            f"{write(node)} runs over any number of layers or times; say how many there are, or "
            "write the loop in the text language"
        )

    def span(self, node: t.BigOperator, letter: str) -> Any:
        """From where to where a letter of a sum runs."""
        for lower in node.lower:
            if isinstance(lower, t.Relation) and lower.signs == ("=",) and node.upper is not None:
                left = lower.sides[0]
                names = left.items if isinstance(left, t.Listing) else (left,)
                mine = any(isinstance(x, t.Symbol) and x.name == letter for x in names)
                if mine or any(isinstance(x, t.Symbol) and x.name == letter for x in node.lower):
                    return self.at(lower.sides[1]), self.at(node.upper)
        wider = replace(self, ranges={**self.ranges, letter: (sp.Integer(1), OPEN)})
        assert node.body is not None, "a sum of something"
        found = wider.range_of(letter, node.body)
        if found is None:
            length = shapes.dim(f"n_{letter}")
            self.say(f"{letter} runs from 1 to {length}")
            return sp.Integer(1), length
        return found

    def masks(self, node: t.BigOperator) -> list[Indexed]:
        """What leaves out terms: ``j \\ne i``, ``i < j``, ``(i, j) \\in \\Omega``."""
        found = []
        for lower in node.lower:
            if not isinstance(lower, t.Relation) or lower.signs[0] in ("=", ":"):
                continue
            left, right = lower.sides[0], lower.sides[1]
            if lower.signs[0] == r"\ne":
                found.append(self.condition(lower))
            elif lower.signs[0] in ("<", ">") and self.running(left) and self.running(right):
                a, b = (left, right) if lower.signs[0] == "<" else (right, left)
                found.append(self.before(a.name, b.name))  # type: ignore[attr-defined]
            elif lower.signs[0] == r"\in" and isinstance(right, t.Symbol):
                if self.is_size(right):
                    continue
                found.append(self.belonging(left, right))
            else:
                raise NoRuleError(f"a network cannot contain {write(node)}")
        return found

    def before(self, a: str, b: str) -> Indexed:
        """One where the first letter is the smaller."""
        same_index(self, a, b)
        n = self.length(a)
        below = minus(FUNCTIONS["triu"](ones(n, n)), FUNCTIONS["eye"](n))
        return Indexed.of(below, a, b)

    def belonging(self, left: t.Node, of: t.Symbol) -> Indexed:
        """A set of indices as an array of ones and zeros."""
        items = left.items if isinstance(left, (t.Bracket, t.Listing)) else (left,)
        names = [x.name for x in items if isinstance(x, t.Symbol)]
        if len(names) > 2 or len(names) != len(items):
            raise NoRuleError(f"a network cannot contain {write(of)} as a set of indices")
        size = (*(self.length(x) for x in names), *([sp.Integer(1)] if len(names) == 1 else []))
        made = self.free(of, s.full(of), size).node
        self.say(f"{write(of)} is an array: {MASKS}")
        return Indexed.of(made, names[0], names[1] if len(names) == 2 else None)

    def all_entries(self, node: t.BigOperator) -> Indexed:
        """A sum without a letter: of all entries."""
        assert node.body is not None, "a sum of something"
        found = self.value(node.body)
        if found.letters or not found.slots or node.upper is not None or node.lower:
            raise NoRuleError(f"over what {write(node)} runs does not follow")
        for slot in SLOTS:
            found = found.summed(slot) if slot in found.axes else found
        return found

    def softmax_by_entries(self, node: t.Fraction) -> Indexed | None:
        """``e^{z_k} / \\sum_j e^{z_j}``: the k-th entry of a softmax."""
        below = s.peeled(node.denominator)
        above = _exponent(s.peeled(node.numerator))
        if above is None or not isinstance(below, t.BigOperator) or below.name != "sum":
            return None
        inner = _exponent(s.peeled(below.body)) if below.body is not None else None
        letters = _letters_of(below, set(self.ranges))
        if inner is None or len(letters) != 1:
            return None
        [letter] = letters
        for own in self.ranges:
            mine = with_letter(inner, letter, own)
            mixed = any(isinstance(p, t.Symbol) and p.name == own for p in t.walk(inner))
            if own == letter or mixed or s.flattened(mine) != s.flattened(above):
                continue
            span = self.span(below, letter)
            if span != self.ranges[own]:
                return None
            exponent = self.value(above)
            if own not in exponent.axes or len(exponent.axes) > 2:
                return None
            rest = [a for a in exponent.axes if a != own]
            if not rest:
                return Indexed.of(FUNCTIONS["softmax"](exponent.node(own, None)), own, None)
            rows = exponent.node(rest[0], own)
            return Indexed.of(FUNCTIONS["softmax"](rows), rest[0], own)
        return None


def _exponent(node: t.Node) -> t.Node | None:
    """The exponent of e."""
    if isinstance(node, t.Postfix) and node.kind in ("power", "superscript"):
        return (
            node.arguments[0] if isinstance(node.base, t.Symbol) and node.base.name == "e" else None
        )
    if isinstance(node, t.Call) and node.head.name == "exp" and node.power is None:
        return s.flattened(node.argument)
    return None


def _letters_of(node: t.BigOperator, running: set[str]) -> list[str]:
    """The letters that a sum runs over; of a comparison, those that do not run outside."""
    found: list[str] = []
    for lower in node.lower:
        first = lower
        both = False
        if isinstance(lower, t.Relation):
            first = lower.sides[0]
            other = lower.sides[1]
            fresh = isinstance(other, t.Symbol) and s.bare(other) and other.name not in running
            # j != y leaves out the class y; k != l runs over pairs
            fresh = fresh and other.name in COUNTERS  # type: ignore[attr-defined]
            both = lower.signs[0] in ("<", ">", r"\ne") and fresh
        items = first.items if isinstance(first, (t.Listing, t.Bracket)) else (first,)
        items = first.factors if isinstance(first, t.Product) else items  # \sum_{ij}
        items = (*items, lower.sides[1]) if both and isinstance(lower, t.Relation) else items
        for item in items:
            if isinstance(item, t.Symbol) and s.bare(item) and item.name not in found:
                found.append(item.name)
    return found
