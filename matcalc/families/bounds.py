r"""How fast a gradient vanishes or explodes: an inequality with its lines.

A recursion multiplies what arrives by matrices and by slopes. The norm of a product is at most the
product of the norms, with $\|W\|$ the largest singular value, and a slope is at most its supremum. So
$\|\delta_t\| \le \gamma\|W\| \, \|\delta_{t+1}\|$, and over many steps a power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from matcalc.errors import NoRuleError
from matcalc.expr import Node, is_number, leaves
from matcalc.families.derived import Derived, IndexedLine
from matcalc.families.direct import direct_parts
from matcalc.members import Family, Place, Span, family_of, place_of
from matcalc.numeric.evaluate import evaluate
from matcalc.ops.algebra import HADAMARD, PRODUCT, SUM_OP, TRANSPOSE
from matcalc.ops.binder import at_index
from matcalc.ops.entrywise import ENTRYWISE
from matcalc.ops.undefined import FUNCTION
from matcalc.render.latex import LatexWriter

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
class Bound:
    """``norm(left[t]) <= factor * norm(left[t + 1])``, step by step and over all steps."""

    left: Node  # what arrives at the general place
    span: Span
    number: Any  # suprema of slopes and other constants
    norms: tuple[Node, ...]  # matrices whose largest singular values multiply

    @property
    def last(self) -> Node:
        """The boundary value."""
        return at_index(self.left, {self.span.index: self.span.high})

    @property
    def steady(self) -> bool:
        """Whether every step has the same factor."""
        return not any(self.span.index in n.indices for n in self.norms)

    def to_latex(self, notation: Any = None) -> str:
        """The inequality of one step, and of all of them, as two rows for an ``align``."""
        one, many = (line.replace(r"\le", r"&\le", 1) for line in self.lines(notation))
        return rf"{one} \\ {many}"

    def lines(self, notation: Any = None) -> tuple[str, str]:
        """The same as two formulas in LaTeX."""
        w = LatexWriter(notation)
        after = at_index(self.left, {self.span.index: self.span.index + 1})

        def size(node: Node) -> str:
            return rf"\left\|{w(node)}\right\|"

        t, end = sp.latex(self.span.index), sp.latex(self.span.high)
        constant = "" if self.number == 1 else sp.latex(self.number) + r" \,"
        factor = constant + r" \, ".join(rf"\left\|{w(n)}\right\|_2" for n in self.norms) or "1"
        one = rf"{size(self.left)} \le {factor} \, {size(after)}"
        if self.steady:
            many = rf"\left({factor}\right)^{{{end}-{t}}}"
        else:
            shift = {self.span.index: sp.Symbol("j", integer=True, positive=True)}
            inner = " ".join(rf"\left\|{w(at_index(n, shift))}\right\|_2" for n in self.norms)
            many = rf"\prod_{{j={t}}}^{{{end}-1}} {constant} {inner}"
        return one, rf"{size(self.left)} \le {many} \, {size(self.last)}"

    def to_text(self) -> str:
        """The same in plain text; norm(W) is the largest singular value."""
        after = at_index(self.left, {self.span.index: self.span.index + 1})
        parts = [] if self.number == 1 and self.norms else [str(self.number)]
        factor = "*".join([*parts, *(f"norm({n})" for n in self.norms)])
        t, end = self.span.index, self.span.high
        many = f"({factor})^({end} - {t})"
        if not self.steady:
            shift = {t: sp.Symbol("j", integer=True, positive=True)}
            inner = "*".join([*parts, *(f"norm({at_index(n, shift)})" for n in self.norms)])
            many = f"prod({inner}, j = {t}..{end}-1)"
        return (
            f"norm({self.left}) <= {factor}*norm({after})\n"
            f"norm({self.left}) <= {many}*norm({self.last})"
        )

    def __str__(self) -> str:
        return self.to_text()

    def factor(self, values: Mapping[str, Any]) -> float:
        """The factor of one step at given matrices; above 1 gradients may explode, below 1 they
        vanish."""
        if not self.steady:
            raise NoRuleError("the factor changes from step to step: ask for one matrix at a time")
        found = float(self.number)
        for node in self.norms:
            found *= float(np.linalg.norm(evaluate(node, values), 2))
        return found


def bound_of(derived: Derived, of: Family) -> Bound:
    """The bound of one recursion; refused where a direct part comes in at every step."""
    for line in derived.lines:
        place = place_of(line.member) if line.member is not None else None
        if place is None or place.family is not of or not line.running or line.kind == "forward":
            continue
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
    span = start.family.spans[-1]
    constant: Any = sp.Integer(1)
    norms: list[Node] = []
    value, met = line.value, {start.family}
    for _ in range(20):
        c, ns, leaf = _product(derived, value)
        constant, norms = constant * c, [*norms, *ns]
        place = place_of(leaf)
        assert place is not None
        if place.family is start.family:
            if sp.expand(place.at[-1] - span.index - 1) != 0:
                raise NoRuleError(f"{line.symbol} is no recursion from one index to the next")
            return Bound(line.symbol, span, constant, tuple(norms))
        if place.family in met:
            raise NoRuleError(f"{line.symbol} is a recursion of several families at once")
        met.add(place.family)
        value = _value_at(derived, place)
    raise NoRuleError(f"{line.symbol} goes through too many families")


def _value_at(derived: Derived, place: Place) -> Node:
    """The general line of another adjoint, at that place."""
    assert place.family.of is not None
    cases = [c for c in derived.arrivals[place.family.of].cases if not c.is_point]
    if len(cases) != 1:
        raise NoRuleError(f"{place} has several forms")
    return at_index(cases[0].value, dict(zip(place.family.indices, place.at, strict=True)))


def _product(derived: Derived, node: Node) -> tuple[Any, list[Node], Node]:
    """Constant, matrices and the one adjoint that a line is a product of."""
    if _is_adjoint(node):
        return sp.Integer(1), [], node
    if node.op is TRANSPOSE:
        return _product(derived, node.operands[0])
    if node.op not in (PRODUCT, HADAMARD):
        what = "a sum" if node.op is SUM_OP else f"made with {node.op.name}"
        raise NoRuleError(f"{node} is {what}: only a product has a geometric bound")
    carrying = [a for a in node.operands if any(_is_adjoint(n) for n in leaves(a))]
    if len(carrying) != 1:
        raise NoRuleError(f"{node} is not linear in what arrives")
    constant, norms, leaf = _product(derived, carrying[0])
    rest = [a for a in node.operands if a is not carrying[0]]
    if node.op is HADAMARD:
        return constant * _slope(derived, rest, leaf), norms, leaf
    for a in rest:
        if is_number(a):
            constant *= sp.Abs(a.params[0])
        elif a.shape:
            norms.append(a.operands[0] if a.op is TRANSPOSE else a)
        else:
            raise NoRuleError(f"the size of the factor {a} is not known")
    return constant, norms, leaf


def _slope(derived: Derived, factors: list[Node], leaf: Node) -> Any:
    """The supremum of a slope: the factors belong to the activation the adjoint arrives at."""
    place = place_of(leaf)
    assert place is not None
    of = place.family.of
    step = next((s for s in derived.steps if place_of(s.symbol) and _general(s.symbol, of)), None)
    if step is None:
        raise NoRuleError(f"the size of the factors beside {leaf} is not known")
    d = step.definition
    if d.op is FUNCTION:
        return sp.Symbol(rf"\sup|{d.params[0]}'|", positive=True)
    if d.op.name not in ENTRYWISE or d.op.name not in SUPREMUM or len(d.operands) != 1:
        raise NoRuleError(f"no bound is known for the slope of {d.op.name}")
    mentioned = {family_of(n) for f in factors for n in leaves(f) if place_of(n)}
    inner = {family_of(n) for n in leaves(d.operands[0]) if place_of(n)}
    if not mentioned <= {of, *inner}:
        raise NoRuleError(f"the factors beside {leaf} are more than a slope")
    return SUPREMUM[d.op.name]


def _general(node: Node, of: Family | None) -> bool:
    return of is not None and node is of.general


def _is_adjoint(node: Node) -> bool:
    place = place_of(node)
    return place is not None and place.family.of is not None
