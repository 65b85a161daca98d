r"""How fast a gradient vanishes or explodes: an inequality with its lines.

A recursion multiplies what arrives by matrices and by slopes, and adds up the ways it comes. The norm
of a product is at most the product of the norms, with $\|W\|$ the largest singular value, a slope is
at most its supremum, and a sum at most the sum. So $\|\delta_t\| \le \gamma\|W\| \, \|\delta_{t+1}\|$,
and over many steps a power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import Node, is_number, is_symbol, leaves, postorder, substitute, symbol
from matcalc.families.derived import Derived, IndexedLine
from matcalc.families.direct import direct_parts
from matcalc.families.places import Case
from matcalc.linear import pull
from matcalc.members import Family, Place, Span, place_of
from matcalc.numeric.evaluate import evaluate
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE
from matcalc.ops.binder import at_index
from matcalc.ops.undefined import FUNCTION
from matcalc.render.latex import LatexWriter
from matcalc.rewrite.simplify import simplify

# The largest absolute slope of an activation.
SUPREMUM = {
    "tanh": sp.Integer(1),
    "sigmoid": sp.Rational(1, 4),
    "relu": sp.Integer(1),
    "softplus": sp.Integer(1),
    "sin": sp.Integer(1),
    "cos": sp.Integer(1),
    "atan": sp.Integer(1),
    "erf": 2 / sp.sqrt(sp.pi),
    "softsign": sp.Integer(1),
    "hardtanh": sp.Integer(1),
}


@dataclass(frozen=True)
class Term:
    """One way from a member to the next: a number times norms of matrices and sizes of scalars."""

    number: Any
    norms: tuple[Node, ...] = ()

    def times(self, other: Term) -> Term:
        return Term(self.number * other.number, (*self.norms, *other.norms))

    def at(self, swaps: Mapping[Any, Any]) -> Term:
        return Term(self.number, tuple(at_index(n, swaps) for n in self.norms))

    def text(self) -> str:
        parts = [] if self.number == 1 and self.norms else [str(self.number)]
        return "*".join([*parts, *(f"{'norm' if n.shape else 'abs'}({n})" for n in self.norms)])

    def latex(self, w: LatexWriter) -> str:
        constant = "" if self.number == 1 else sp.latex(self.number) + r" \,"
        sizes = (
            rf"\left\|{w(n)}\right\|_2" if n.shape else rf"\left|{w(n)}\right|" for n in self.norms
        )
        return constant + r" \, ".join(sizes) or "1"


@dataclass(frozen=True)
class Bound:
    """``norm(left[t]) <= factor * norm(left[t + 1])``, step by step and over all steps."""

    left: Node  # what arrives at the general place
    span: Span
    terms: tuple[Term, ...]  # the factor of one step
    down: bool = False  # whether the loop runs down, so that the step leads to t - 1

    @property
    def last(self) -> Node:
        """The boundary value."""
        end = self.span.low if self.down else self.span.high
        return at_index(self.left, {self.span.index: end})

    @property
    def after(self) -> Node:
        """The next member on the way to the boundary."""
        t = self.span.index
        return at_index(self.left, {t: t - 1 if self.down else t + 1})

    @property
    def steady(self) -> bool:
        """Whether every step has the same factor."""
        return not any(self.span.index in n.indices for term in self.terms for n in term.norms)

    @property
    def _way(self) -> tuple[Any, Any, Any]:
        """How many steps there are to the boundary, and the first and the last of them."""
        t, low, high = self.span.index, self.span.low, self.span.high
        return (t - low, low + 1, t) if self.down else (high - t, t, high - 1)

    def _each(self) -> tuple[Term, ...]:
        j = sp.Symbol("j", integer=True, positive=True)
        return tuple(term.at({self.span.index: j}) for term in self.terms)

    def to_latex(self, notation: Any = None) -> str:
        """The inequality of one step, and of all of them, as two rows for an ``align``."""
        one, many = (line.replace(r"\le", r"&\le", 1) for line in self.lines(notation))
        return rf"{one} \\ {many}"

    def lines(self, notation: Any = None) -> tuple[str, str]:
        """The same as two formulas in LaTeX."""
        w = LatexWriter(notation)

        def size(node: Node) -> str:
            return rf"\left\|{w(node)}\right\|"

        def factor(terms: tuple[Term, ...]) -> str:
            said = " + ".join(term.latex(w) for term in terms)
            return said if len(terms) == 1 else rf"\left({said}\right)"

        count, first, last = (sp.latex(e).replace(" ", "") for e in self._way)
        one = rf"{size(self.left)} \le {factor(self.terms)} \, {size(self.after)}"
        if self.steady:
            inside = " + ".join(term.latex(w) for term in self.terms)
            many = rf"\left({inside}\right)^{{{count}}}"
        else:
            many = rf"\prod_{{j={first}}}^{{{last}}} {factor(self._each())}"
        return one, rf"{size(self.left)} \le {many} \, {size(self.last)}"

    def to_text(self) -> str:
        """The same in plain text; norm(W) is the largest singular value."""

        def factor(terms: tuple[Term, ...]) -> str:
            return " + ".join(term.text() for term in terms)

        one = factor(self.terms)
        count, first, last = self._way
        many = f"({one})^({count})"
        if not self.steady:
            ends = f"{str(first).replace(' ', '')}..{str(last).replace(' ', '')}"
            many = f"prod({factor(self._each())}, j = {ends})"
        one = one if len(self.terms) == 1 else f"({one})"
        return (
            f"norm({self.left}) <= {one}*norm({self.after})\n"
            f"norm({self.left}) <= {many}*norm({self.last})"
        )

    def __str__(self) -> str:
        return self.to_text()

    def factor(self, values: Mapping[str, Any]) -> float:
        """The factor of one step at given matrices; above 1 gradients may explode, below 1 they
        vanish."""
        if not self.steady:
            raise NoRuleError("the factor changes from step to step: ask for one matrix at a time")
        if any(term.number.free_symbols for term in self.terms):
            raise NoRuleError("the supremum of an undefined slope has no value")
        return float(sum(_value(term, values) for term in self.terms))


def _value(term: Term, values: Mapping[str, Any]) -> float:
    found = float(term.number)
    for node in term.norms:
        size = evaluate(node, values)
        found *= float(np.linalg.norm(size, 2)) if node.shape else abs(float(size))
    return found


def bound_of(derived: Derived, of: Family) -> Bound:
    """The bound of one recursion; refused where a direct part comes in at every step."""
    for line in derived.lines:
        place = place_of(line.member) if line.member is not None else None
        if place is None or place.family is not of or not line.running or line.kind == "forward":
            continue
        _boundary_alone(derived, of)
        if direct_parts(derived, line) is not None:
            raise NoRuleError(
                f"{line.symbol} also has a direct part at every step, so no power bounds it; a loss "
                "at the last step alone has a geometric bound"
            )
        return _follow(derived, line)
    raise NoRuleError(f"there is no recursion of {of.name}")


def _follow(derived: Derived, line: IndexedLine) -> Bound:
    """Line by line from the general place until the same family comes one index on."""
    start = place_of(line.symbol)
    assert start is not None
    assert start.family.of is not None
    span = start.family.spans[-1]
    loop = derived.loop_of(start.family.of)
    down = loop is not None and loop.down
    arrived: list[Term] = []
    todo = [(Term(sp.Integer(1)), line.value, frozenset({start.family}))]
    while todo:
        so_far, value, met = todo.pop(0)
        for term, leaf in _ways(derived, value):
            found = so_far.times(term)
            place = place_of(leaf)
            assert place is not None
            if place.family is start.family:
                if sp.expand(place.at[-1] - span.index - (-1 if down else 1)) != 0:
                    raise NoRuleError(f"{line.symbol} is no recursion from one index to the next")
                arrived.append(found)
            elif place.family in met:
                raise NoRuleError(f"{line.symbol} is a recursion of several families at once")
            else:
                todo.append((found, _value_at(derived, place), met | {place.family}))
    return Bound(line.symbol, span, _gathered(arrived), down)


def _gathered(terms: list[Term]) -> tuple[Term, ...]:
    """Terms with the same norms are one."""
    found: dict[tuple[Node, ...], Any] = {}
    for term in terms:
        found[term.norms] = found.get(term.norms, sp.Integer(0)) + term.number
    return tuple(Term(number, norms) for norms, number in found.items())


def _boundary_alone(derived: Derived, of: Family) -> Case:
    """The general case; refused where more than the boundary value has a form of its own."""
    cases = derived.arrivals[of].cases
    general = [c for c in cases if not c.is_point]
    loop = derived.loop_of(of)
    end = cases[0] if loop is not None and loop.down else cases[-1]
    if len(general) != 1 or any(c is not general[0] and c is not end for c in cases):
        raise NoRuleError(f"what arrives at {of.general} has several forms: no power bounds it")
    return general[0]


def _value_at(derived: Derived, place: Place) -> Node:
    """The general line of another adjoint, at that place."""
    of = place.family.of
    assert of is not None
    general = _boundary_alone(derived, of)
    if len(derived.arrivals[of].cases) > 1 and place.at[-1] != of.indices[-1]:
        raise NoRuleError(f"{place} has another form at the end of its range")
    return at_index(general.value, dict(zip(place.family.indices, place.at, strict=True)))


def _ways(derived: Derived, node: Node) -> list[tuple[Term, Node]]:
    """The ways by which a line comes from an adjoint each: a factor, and that adjoint."""
    if _is_adjoint(node):
        return [(Term(sp.Integer(1)), node)]
    if node.op is TRANSPOSE:
        return _ways(derived, node.operands[0])
    if node.op is SUM_OP:
        return [way for part in node.operands for way in _ways(derived, part)]
    if node.op not in (PRODUCT, HADAMARD):
        raise NoRuleError(
            f"{node} is made with {node.op.name}: only products and sums have a geometric bound"
        )
    carrying = [a for a in node.operands if any(_is_adjoint(n) for n in leaves(a))]
    if len(carrying) != 1:
        raise NoRuleError(f"{node} is not linear in what arrives")
    ways = _ways(derived, carrying[0])
    if node.op is HADAMARD:
        slope = Term(_slope(derived, node, carrying[0]))
        return [(slope.times(term), leaf) for term, leaf in ways]
    for a in (a for a in node.operands if a is not carrying[0]):
        one = Term(sp.Abs(a.params[0])) if is_number(a) else Term(sp.Integer(1), (_bare(a),))
        ways = [(one.times(term), leaf) for term, leaf in ways]
    return ways


def _bare(node: Node) -> Node:
    return node.operands[0] if node.op is TRANSPOSE else node


def _slope(derived: Derived, node: Node, arriving: Node) -> Any:
    """The supremum of a slope: the factors beside what arrives are the slope of an activation."""
    place = next(p for n in leaves(arriving) if (p := place_of(n)) and p.family.of is not None)
    rest = [n for a in node.operands if a is not arriving for n in leaves(a)]
    beside = next((p for n in rest if (p := place_of(n))), place)
    swaps = {beside.family.indices[-1]: sp.expand(2 * beside.family.indices[-1] - beside.at[-1])}
    g = symbol("?arriving", at_index(arriving, swaps).shape)
    here = at_index(node, swaps)  # where the steps are written
    wanted = substitute(here, {at_index(arriving, swaps): g})
    for step in derived.steps:
        known = {step.definition: step.symbol}
        for part in postorder(step.definition):
            named = part.op.name in SUPREMUM or part.op is FUNCTION
            if not named or len(part.operands) != 1 or not is_symbol(part.operands[0]):
                continue
            inner = part.operands[0]
            sent = pull(part, g, wanted=lambda n, inner=inner: n is inner, known=known)  # type: ignore[misc]
            if inner in sent and simplify(sent[inner]) is wanted:
                if part.op is FUNCTION:
                    return sp.Symbol(rf"\sup|{part.params[0]}'|", positive=True)
                return SUPREMUM[part.op.name]
    raise NoRuleError(
        f"the factors beside {arriving} in {node} are more than the slope of one activation: gates and "
        "other states have no bound of their own"
    )


def _is_adjoint(node: Node) -> bool:
    place = place_of(node)
    return place is not None and place.family.of is not None
