r"""Update lines: ``W \leftarrow W - \eta G`` claims that ``G`` is the gradient by ``W``."""

from __future__ import annotations

from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.adjoints import loss_symbol
from matcalc.judging.environment import Environment
from matcalc.judging.scope import TIMES
from matcalc.reading import tree as t

RATES = frozenset(
    ["eta", "alpha", "epsilon", "varepsilon", "gamma", "lambda", "mu", "rho", "lr", "tau", "nu"]
)
LABELS = frozenset({"new", "old", "next", "neu", "alt"})


def timeless(symbol: t.Symbol) -> t.Symbol:
    """The name without the mark of its version."""
    marks = tuple(m for m in symbol.marks if s.said(m.index, {}) not in TIMES | LABELS)
    scripts: list[t.Node] = []
    for script in symbol.subscripts:
        if (
            isinstance(script, t.Postfix)
            and script.kind == "subscript"
            and _label(script.arguments)
        ):
            script = script.base
        if not _label((script,)):
            scripts.append(script)
    star = "" if symbol.star in ("+", "*") else symbol.star
    return replace(symbol, marks=marks, subscripts=tuple(scripts), star=star, primes=0)


def _label(parts: tuple[t.Node, ...]) -> bool:
    return (
        len(parts) == 1
        and isinstance(parts[0], (t.Word, t.Symbol))
        and (s.said(parts[0], {}) in LABELS)
    )


def is_new(symbol: t.Symbol) -> bool:
    """``w_{new}``, ``w_{5_{new}}``, ``w^{new}``."""
    labels = [s.said(m.index, {}) for m in symbol.marks]
    for script in symbol.subscripts:
        if isinstance(script, t.Postfix) and script.kind == "subscript":
            labels += [s.said(a, {}) for a in script.arguments]
        else:
            labels.append(s.said(script, {}))
    return "new" in labels or "next" in labels


def update_parts(relation: t.Relation) -> tuple[t.Symbol, t.Node] | None:
    """The variable of an update and what is taken for its gradient."""
    if len(relation.signs) != 1 or relation.signs[0] not in ("=", ":=", r"\leftarrow"):
        return None
    left, right = relation.sides
    if not isinstance(left, t.Symbol) or not isinstance(right, t.Sum) or len(right.terms) != 2:
        return None
    old, step = right.terms
    if not isinstance(old, t.Symbol) or right.signs[0] != "+":
        return None
    variable = timeless(old)
    if timeless(left) != variable:
        return None
    if relation.signs[0] == "=" and left == old:
        return None
    gradient = _without_rate(step)
    if gradient is None:
        return None
    if right.signs[1] == "+":
        gradient = t.Sum((gradient,), ("-",))
    return variable, gradient


def _without_rate(node: t.Node) -> t.Node | None:
    if isinstance(node, t.Sum) and len(node.terms) == 1:
        inner = _without_rate(node.terms[0])
        return None if inner is None else t.Sum((inner,), node.signs)
    if isinstance(node, t.Fraction):
        inner = _without_rate(node.numerator)
        return None if inner is None else replace(node, numerator=inner)
    if isinstance(node, t.HeadBracket):
        split = t.as_product(node)
        return _without_rate(t.Product(split, ("",))) if split else None
    if not isinstance(node, t.Product):
        return None
    factors, operators = list(node.factors), list(node.operators)
    for place, factor in enumerate(factors):
        if isinstance(factor, t.HeadBracket):
            split = t.as_product(factor)
            if split and isinstance(split[0], t.Symbol) and split[0].name in RATES:
                factors[place : place + 1] = [split[1]]
                return _product(factors, operators)
        rate = isinstance(factor, t.Symbol) and factor.name in RATES
        if rate or (place == 0 and isinstance(factor, t.Number) and "." in factor.text):
            del factors[place]
            if operators:
                del operators[max(0, place - 1) if place else 0]
            return _product(factors, operators)
    return None


def _product(factors: list[t.Node], operators: list[str]) -> t.Node:
    return factors[0] if len(factors) == 1 else t.Product(tuple(factors), tuple(operators))


def gradient_claim(env: Environment, relation: t.Relation) -> t.Relation | None:
    """What an update line claims: that its step is along the gradient."""
    parts = update_parts(relation)
    if parts is None:
        return None
    variable, gradient = parts
    loss: t.Node | None = loss_symbol(env)
    for node in t.walk(gradient):
        if isinstance(node, (t.Derivative, t.Nabla)) and node.of is not None:
            loss = node.of
            break
    if loss is None:
        return None
    gradient = s.rebuilt(
        gradient, lambda p: timeless(p) if isinstance(p, t.Symbol) and p.marks else p
    )
    loss = s.rebuilt(loss, lambda p: timeless(p) if isinstance(p, t.Symbol) and p.marks else p)
    return t.Relation((t.Derivative(r"\partial", loss, (variable,)), gradient), ("=",),
                      relation.conditions)  # fmt: skip
