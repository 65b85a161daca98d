r"""A corrected side as one would write it: no ``-(-1) X``, no bracket around everything.

Nothing is rearranged beyond that; the author's order and brackets stay.
"""

from __future__ import annotations

from dataclasses import replace

from matcalc.judging import spelling as s
from matcalc.judging.vocabulary import joined, turned
from matcalc.reading import tree as t

ONE = t.Number("1")


def tidy(node: t.Node) -> t.Node:
    """The side without signs that cancel, factors of one and a bracket around the whole."""
    node = s.rebuilt(node, _tidied)
    while isinstance(node, t.Bracket) and node.left in ("(", "[") and len(node.items) == 1:
        node = node.items[0]
    return node


def _tidied(node: t.Node) -> t.Node:
    if isinstance(node, t.Product):
        return _product(node)
    if isinstance(node, t.Sum):
        return _sum(node)
    if isinstance(node, t.Postfix) and isinstance(node.base, t.Postfix):
        both = {node.kind, node.base.kind}
        if both == {"inverse", "transpose"}:
            sign = node.latex if node.kind == "transpose" else node.base.latex
            return replace(node, base=node.base.base, kind="inverse-transpose", latex=sign)
    if isinstance(node, t.Postfix) and node.kind == "transpose":
        return _turned_round(node)
    if isinstance(node, t.BigOperator) and node.name == "sum" and node.body is not None:
        body = s.flattened(node.body)
        if isinstance(body, t.Sum) and len(body.terms) == 1 and body.signs == ("-",):
            return t.Sum((replace(node, body=body.terms[0]),), ("-",))
        if isinstance(body, t.Product):
            return replace(node, body=body)
    return node


def _turned_round(node: t.Postfix) -> t.Node:
    """``B A^T`` for ``(A B^T)^T``."""
    inner = s.flattened(node.base)
    if not isinstance(inner, t.Product) or set(inner.operators) != {""}:
        return node
    numbers = [f for f in inner.factors if _is_coefficient(f)]
    arrays = [f for f in inner.factors if not _is_coefficient(f)]
    if len(arrays) != 2 or not any(_is_transposed(f) for f in arrays):
        return node
    first, second = (turned(f, node.latex) for f in reversed(arrays))
    factors = (*numbers, first, second)
    return t.Product(factors, ("",) * (len(factors) - 1), span=node.span)


def _is_transposed(node: t.Node) -> bool:
    return isinstance(node, t.Postfix) and node.kind == "transpose"


def _product(node: t.Product) -> t.Node:
    factors, operators = list(node.factors), list(node.operators)
    negative = False
    for k in range(len(factors) - 1, -1, -1):
        minus = _is_minus_one(factors[k])
        scales = k > 0 or operators[:1] == [""]
        if (minus or factors[k] == ONE) and len(factors) > 1 and scales:
            negative = negative != minus
            del factors[k]
            del operators[max(0, k - 1)]
    front = [k for k, f in enumerate(factors) if k and _is_coefficient(f)]
    if front and set(operators) == {""}:
        # A number that was put in further back goes where numbers stand.
        lead = [factors[k] for k in front]
        rest = [f for k, f in enumerate(factors) if k not in front]
        numbers = 1 if _is_coefficient(rest[0]) else 0
        factors = [*rest[:numbers], *lead, *rest[numbers:]]
    if len(factors) > 1 and isinstance(factors[0], t.Number) and operators[:1] == [""]:
        below = factors[1]
        if isinstance(below, t.Fraction) and below.numerator == ONE:
            factors[:2], operators = [replace(below, numerator=factors[0])], operators[1:]
    out = joined(factors, operators) if factors != list(node.factors) else node
    return t.Sum((out,), ("-",)) if negative else out


def _sum(node: t.Sum) -> t.Node:
    terms: list[t.Node] = []
    signs: list[str] = []
    for sign, term in zip(node.signs, node.terms, strict=True):
        inner = term
        if isinstance(inner, t.Bracket) and inner.left == "(" and len(inner.items) == 1:
            only = inner.items[0]
            inner = only if isinstance(only, t.Sum) and len(only.terms) == 1 else term
        if isinstance(inner, t.Sum) and len(inner.terms) == 1 and sign in "+-":
            sign = "+" if sign == inner.signs[0] else "-"
            inner = inner.terms[0]
        terms.append(inner)
        signs.append(sign)
    if len(terms) == 1 and signs[0] == "+":
        return terms[0]
    return t.Sum(tuple(terms), tuple(signs))


def _is_minus_one(node: t.Node) -> bool:
    inner = s.flattened(node)
    return isinstance(inner, t.Sum) and inner.terms == (ONE,) and inner.signs == ("-",)


def _is_coefficient(node: t.Node) -> bool:
    """A fraction of numbers and sizes."""
    if isinstance(node, t.Number):
        return True
    return isinstance(node, t.Fraction) and isinstance(node.numerator, t.Number) and all(
        isinstance(p, (t.Number, t.Product, t.Bracket, t.Root)) or s.bare(p)
        for p in t.walk(node.denominator)
    )  # fmt: skip
